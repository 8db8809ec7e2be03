/*
 * A batch, row by row: starts what is to be done, and records what comes of it.
 */
#ifndef LIB_BATCH_RUN_H
#define LIB_BATCH_RUN_H

#include <signal.h>

#include "lib/batch/pool.h"
#include "lib/batch/results.h"

/* How far a batch is. */
struct batch_progress {
	size_t rows; /* of this shard */
	size_t kept, done, running;
	size_t divergent, failed;          /* of those kept or done; failed: neither judged nor unusable */
	uint64_t nanoseconds;              /* since the start */
	uint64_t left;                     /* nanoseconds, an estimate; 0: nobody knows */
	const struct batch_record *record; /* of the row that has just ended; NULL: none has */
	size_t findings;                   /* of that row */
};

struct batch_options {
	const char *folder;   /* of the results */
	const char *validate; /* the program */
	unsigned workers;
	struct pool_limits limits;
	uint64_t shard, shards; /* rows whose index leaves the rest shard - 1; 1 of 1: all */
	enum batch_reuse reuse;
	const volatile sig_atomic_t *interrupted; /* ends the batch when not 0 */
	/* Called when a row has ended, and several times a second. */
	void (*progress)(void *ctx, const struct batch_progress *progress);
	void *progress_ctx;
};

/*
 * Does the rows of the plan that are not done yet. ERROR_INTERRUPTED when it was stopped: nothing is left running then,
 * and the folder has what was done.
 */
struct error *batch_run(const struct batch_plan *plan, const struct batch_options *options);

#endif
