/* Reports of runs (lib/report/report.h), as far as a batch sums them up; internal to lib/batch. */
#ifndef LIB_BATCH_REPORT_H
#define LIB_BATCH_REPORT_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"
#include "lib/batch/job.h"

struct batch_finding {
	char *form, *location, *pc, *text, *bytes, *severity;
	char *key;      /* what it is told apart by in all runs */
	char *symbol;   /* NULL: none */
	char *baseline; /* "new" or "known"; NULL: there was no baseline */
	uint64_t count, first_instruction;
	bool counts; /* it is as sure as the run was told to fail on */
};

struct batch_unmodelled {
	char *mnemonic, *first_pc;
	uint64_t count;
};

/* An entry of the baseline, and what this run says of it. */
struct batch_entry {
	char *arch, *form, *place, *cause;
	char *state; /* "known", "stale", "not exercised" */
};

struct batch_report {
	char *verdict, *target, *arch, *program;
	char *error; /* NULL: none */
	uint64_t instructions, checked, unseen;
	VEC(struct batch_finding) findings;
	VEC(struct batch_unmodelled) unmodelled;
	VEC(struct batch_entry) entries; /* none without a baseline */
	batch_strings reasons;           /* that keep the run from being clean */
	bool complete;                   /* the run came to its end or to a limit that was asked for */
};

/* name: of the report within the folder of results. ERROR_INPUT with file and place for what is no report. */
struct error *batch_report_read(const char *folder, const char *name, struct batch_report *ret);
void batch_report_deinit(struct batch_report *report);
void batch_entry_deinit(struct batch_entry *entry);

#endif
