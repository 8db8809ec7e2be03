/*
 * Coverage by instruction family. A form counts once, by the most that was judged of any of its executions: fully, if
 * one was compared in every result; partly, if the target never showed all of them; not, if none was predicted.
 */
#ifndef LIB_REPORT_FAMILIES_H
#define LIB_REPORT_FAMILIES_H

#include "lib/run/coverage.h"

struct family {
	const char *name; /* borrowed; "undecodable" for what is none */
	size_t encodings;
	size_t forms[NUM_JUDGED];
	uint64_t executed[NUM_JUDGED]; /* instructions */
};

struct families {
	VEC(struct family) list; /* most executed first */
	struct family total;
};

/* Of what was executed. The names are the coverage's. */
struct error *families_count(const struct coverage *c, struct families *ret);
void families_deinit(struct families *f);

/* The name under which a form's family is counted. */
const char *family_name(const struct coverage_form *form);

/* Did the run execute instructions of extensions that stay outside of the ISA's model? */
bool coverage_has_outside(const struct coverage *c, const struct isa *isa);

/* "modelled", "unmodelled", "undecodable". */
const char *coverage_status_name(enum lift_status status);

/* The most that was judged of any execution. */
enum judged coverage_best(const uint64_t count[NUM_JUDGED]);

#endif
