/*
 * What a run comes to, in a word, and what keeps it from being clean.
 *
 * A finding counts if it is at least as sure as the run was told to fail on. One that does not count is shown, and is
 * no divergence: but a place where the target may be wrong is not settled either, and the run no more than incomplete.
 */
#ifndef LIB_RUN_VERDICT_H
#define LIB_RUN_VERDICT_H

#include "lib/run/run.h"

/* The first that applies, from the bottom up: what goes wrong behind a finding is most likely its consequence. */
enum verdict {
	VERDICT_CLEAN,      /* no finding, and everything was judged */
	VERDICT_INCOMPLETE, /* no finding that counts, but there is a gap */
	VERDICT_LOST_SYNC,  /* no finding that counts, but the guest no longer follows the log */
	VERDICT_ERROR,      /* no finding that counts, and the run ended early for another reason */
	VERDICT_DIVERGENT,  /* findings that count */
};

/* What was not judged, or not settled. */
enum gap {
	GAP_NOTHING_JUDGED,    /* no instruction was judged, not even in part */
	GAP_START_NOT_REACHED, /* the run never came to where judging was to begin */
	GAP_INTERRUPTED,       /* the user stopped it */
	GAP_MAX_INSTRUCTIONS,  /* limits ended it: enum run_limit */
	GAP_UNTIL,
	GAP_MAX_FINDINGS,
	GAP_TIMEOUT,
	GAP_CUT,        /* the trace that was judged has no end */
	GAP_UNMODELLED, /* instructions */
	GAP_UNSEEN,     /* instructions, not or partly */
	GAP_FINDINGS,   /* that do not count */
	NUM_GAPS
};

/* The verdict on a run that is over. */
enum verdict run_verdict(const struct run *run);

/* What it would be if the run's findings were so many that count, and so many that do not. */
enum verdict run_verdict_with(const struct run *run, size_t counted, size_t others);

bool run_has_gap(const struct run *run, enum gap gap);

/* "clean", ... */
const char *verdict_name(enum verdict verdict);

/* For programs: "nothing-judged", "max-instructions", ... */
const char *gap_name(enum gap gap);

/* For people, a sentence without its full stop: "no instruction was judged". */
const char *gap_text(enum gap gap);

#endif
