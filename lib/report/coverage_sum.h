/*
 * Coverage of many runs, from their JSON reports, merged by instruction set, form and encoding.
 *
 * As JSON it is one object, {format: "validate-coverage", version: 1, reports, architectures: [{arch, total, families,
 * forms}]}. total and the elements of families are {family, encodings, forms_fully, forms_partly, forms_not,
 * executed_fully, executed_partly, executed_not}; those of forms {family, form, encoding, status, fully, partly, not},
 * as in a report.
 */
#ifndef LIB_REPORT_COVERAGE_SUM_H
#define LIB_REPORT_COVERAGE_SUM_H

#include "lib/base/strbuf.h"
#include "lib/run/coverage.h"

struct coverage_arch {
	const struct isa *isa;
	struct coverage coverage;
	size_t reports;
};

/* All zero is empty. */
struct coverage_sum {
	VEC(struct coverage_arch) archs; /* in the order of their first report */
	VEC(char *) names;               /* of families */
	size_t reports;
};

/* Adds a report. Errors name the file, the place and the remedy; the sum may then have a part of it. */
struct error *coverage_sum_add(struct coverage_sum *s, const char *path);

/* A table a family for people, and what was never judged in full; or JSON. */
struct error *coverage_sum_text(struct strbuf *out, const struct coverage_sum *s);
struct error *coverage_sum_json(struct strbuf *out, const struct coverage_sum *s);

void coverage_sum_deinit(struct coverage_sum *s);

#endif
