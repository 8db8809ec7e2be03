/*
 * Judging the steps of a trace one after the other, wherever they come from: a chunk of its file, or a log that is
 * read. Private to lib/lockstep.
 */
#ifndef LIB_LOCKSTEP_TRACED_H
#define LIB_LOCKSTEP_TRACED_H

#include "lib/judge/judge.h"
#include "lib/judge/shown.h"
#include "lib/lockstep/judge_trace.h"

enum { TRACED_STRIDE = 128 };

enum { SIGNAL_NOT_TOLD = -1 }; /* a trace without its end */

/* The steps that are to be judged, and the last one that is looked at. */
struct traced_range {
	uint64_t from, last;
};

/* One thread's; stays where it is. */
struct traced {
	/* Of the owner, behind traced_init(); as that leaves them, all steps of a trace whose length nobody knows. */
	struct traced_range range;
	uint64_t steps; /* of the whole trace */
	int end_signal; /* that stopped the guest at the last of them and that the log has; 0: none; SIGNAL_NOT_TOLD */
	bool by_entry;  /* step->entry tells the instruction, until the next traced_begin() */

	const struct lockstep_options *options;
	struct judge judge;
	struct shown shown;
	struct log_view log;
	uint64_t position; /* index of the log's next event */
	int logged_signal; /* that the log has at the step, or as its next event; as end_signal */
	struct state seen; /* judge.seen's own words; those of the steps stand in for them */
	struct prediction slot;
	VEC(struct lifted *) lifted; /* by entry; NULL: not yet */
	/* Instructions of a sequence without a stop, while it is read. */
	VEC(struct trace_access) accesses;

	/* What the steps since traced_begin() or traced_clear() bring, besides the run. */
	VEC(struct timeline_event) events;
	VEC(uint64_t) places; /* PCs of every TRACED_STRIDE-th step */
	trace_calls calls;
};

/* header and options are borrowed. */
struct error *traced_init(struct traced *t, const struct trace_header *header, const struct lockstep_options *options);
void traced_deinit(struct traced *t);

/*
 * Steps that come from now on are added to run, whose count of instructions is that before them. judge.now, the
 * registers before the first, and what else is known of the model there are for the caller to set.
 */
struct error *traced_begin(struct traced *t, struct run *run);
/* The cache lets go of what was made under other assumptions about the guest's CPU, as judge tells of it. */
void traced_relift(struct traced *t);

/* *ret_enough: it was the last that is to be judged, or run->limit or run->interrupted tell why it is to be so. */
struct error *traced_step(struct traced *t, const struct trace_step *step, bool *ret_enough);

/* Adds calls and timeline of the steps so far, of which the first has that number; run has the rest. */
struct error *traced_add(const struct traced *t, uint64_t first, struct run *run, trace_calls *calls);
/* They were added. */
void traced_clear(struct traced *t);

/* Where the run is. */
uint64_t traced_pc(const struct traced *t);

/*
 * What was judged is all there is; the run ended at pc. nanoseconds: the time that the traced run took; 0: not known,
 * and where its end is not among what was judged, it is taken to have gone on as before. A run without times has none.
 */
void traced_conclude(struct run *run, const struct lockstep_options *options, const struct traced_range *range,
		     uint64_t pc, uint64_t nanoseconds);

#endif
