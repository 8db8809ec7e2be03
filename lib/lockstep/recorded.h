/* Judging the steps of one chunk of a trace. Private to lib/lockstep. */
#ifndef LIB_LOCKSTEP_RECORDED_H
#define LIB_LOCKSTEP_RECORDED_H

#include "lib/judge/judge.h"
#include "lib/judge/shown.h"
#include "lib/lockstep/judge_trace.h"

enum { RECORDED_STRIDE = 128 };

enum { SIGNAL_NOT_TOLD = -1 }; /* a trace without its end */

/* The steps that are to be judged, and the last one that is looked at. */
struct recorded_range {
	uint64_t from, last;
};

/* One thread's; stays where it is. */
struct recorded {
	const struct trace_reader *reader;
	struct recorded_range range;
	const struct lockstep_options *options;
	struct judge judge;
	struct shown shown;
	struct log_view log;
	uint64_t position; /* index of the log's next event */
	int logged_signal; /* that stopped the guest in the end and that the log has; 0: none; SIGNAL_NOT_TOLD */
	struct trace_decoder *decoder;
	struct state seen; /* judge.seen's own words; those of the decoder stand in for them */
	struct prediction slot;
	VEC(struct lifted *) lifted; /* by entry of the chunk; NULL: not yet */
	/* Instructions of a sequence without a stop, while it is read. */
	VEC(struct trace_access) accesses;

	/* What a chunk brings, besides the run. */
	VEC(struct timeline_event) events;
	VEC(uint64_t) places; /* PCs of every RECORDED_STRIDE-th step */
	trace_calls calls;
};

/* options are those of all; range is for the owner to set. */
struct error *recorded_init(struct recorded *r, const struct trace_reader *reader,
			    const struct lockstep_options *options);
void recorded_deinit(struct recorded *r);

/*
 * Judges a chunk; what it comes to is added to run, whose count of instructions is that before the chunk. An error may
 * leave run with what was judged up to there.
 */
struct error *recorded_chunk(struct recorded *r, size_t chunk, struct run *run);

/* Counts calls: policy is that of the call. */
struct error *count_calls(trace_calls *calls, const struct replay_count *more);

#endif
