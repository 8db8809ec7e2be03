/*
 * The rows of a batch: each job on each emulator, as the command that does it.
 */
#ifndef LIB_BATCH_PLAN_H
#define LIB_BATCH_PLAN_H

#include "lib/batch/job.h"
#include "lib/run/findings.h"

enum { BATCH_EMULATORS_MAX = 2, BATCH_DIGEST_LEN = 64 };

/* What the command line says for all jobs. Strings are borrowed. */
struct batch_settings {
	/*
	 * Every job runs on each of them, whatever it says itself: paths or names on PATH, or "unicorn". With two, a
	 * job is two rows, which are compared.
	 */
	const char *const *emulators;
	size_t num_emulators;
	/* For jobs that do not say. */
	bool qemu;
	const char *cpu, *sysroot;
	/* Behind those of the jobs. */
	const char *const *emulator_args;
	size_t num_emulator_args;
	bool strict;
	enum severity fail_on;
	const char *baseline; /* known findings, for all rows; NULL: none */
};

struct batch_row {
	const struct batch_job *job;
	const char *emulator; /* of settings->emulators; NULL: what the job says */
	unsigned variant;     /* its number from 1; 0: there is one emulator */
	char *id;             /* "NAME", or "NAME@1" and "NAME@2": names the row's files */
};

struct batch_plan {
	const struct batch_settings *settings;
	VEC(struct batch_row) rows;
	/* SHA-256 of everything above in hexadecimal: two plans that have it in common ask for the same. */
	char digest[BATCH_DIGEST_LEN + 1];
};

/* jobs and settings are borrowed. ERROR_USAGE for a job that cannot run on the settings' emulators. */
struct error *batch_plan_init(struct batch_plan *ret, const struct batch_jobs *jobs,
			      const struct batch_settings *settings);
void batch_plan_deinit(struct batch_plan *plan);

/* The row's command: validate's own path, and its arguments; the report goes to `report`. Ends with a NULL. */
struct error *batch_row_command(const struct batch_plan *plan, const struct batch_row *row, const char *validate,
				const char *report, batch_strings *ret);

/*
 * What the row's result depends on, as SHA-256: its command without the report, and size and time of change of what it
 * reads: log, program, trace, emulator, validate itself. Files that are not there are no error: the row will say so.
 */
struct error *batch_row_key(const struct batch_plan *plan, const struct batch_row *row, const char *validate,
			    char ret[BATCH_DIGEST_LEN + 1]);

#endif
