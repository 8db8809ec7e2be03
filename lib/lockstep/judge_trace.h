/* Judging a recorded trace: the loop's judgement without a target. Chunks are judged by several threads. */
#ifndef LIB_LOCKSTEP_JUDGE_TRACE_H
#define LIB_LOCKSTEP_JUDGE_TRACE_H

#include "lib/lockstep/lockstep.h"

typedef VEC(struct replay_count) trace_calls;

struct judge_trace_options {
	/* As for a run: from, until and the limits, interrupted, progress. The rest is not used. */
	const struct lockstep_options *run;
	unsigned jobs;   /* threads, at least 1; where a run is to end at a finding, there is one */
	uint64_t memory; /* bytes that they may hold of the trace, as judge_trace_threads() counts; 0: no limit */
	/* Makes a second opinion for the calling thread, which destroys it; *ret NULL: there is none. May be NULL. */
	struct error *(*create_oracle)(void *ctx, struct oracle **ret);
	void *ctx;
};

/* Of the bytes of a chunk, decompressed, a thread holds so many times as much: as they are stored, decompressed, and
 * decoded. */
enum { JUDGE_TRACE_FACTOR = 4 };

/* The threads, of jobs that are asked for, whose largest chunks fit the memory together; at least one. */
unsigned judge_trace_threads(const struct trace_reader *reader, unsigned jobs, uint64_t memory);

/*
 * Judges the trace. How it went is in *ret, as of lockstep_run(), and the calls by policy in *ret_calls, in the order
 * of first use; both are the caller's to deinit, also after an error. ret->cut tells what the trace lacks. An error
 * means that nothing could be judged.
 *
 * Findings, counts and their order do not depend on the number of threads. Each chunk starts from what the recorder's
 * model carried in registers that the target does not show.
 */
struct error *judge_trace(const struct trace_reader *reader, const struct judge_trace_options *options, struct run *ret,
			  trace_calls *ret_calls);

#endif
