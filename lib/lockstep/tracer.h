/* Writing what the loop sees to a trace, where one is wanted. Private to lib/lockstep. */
#ifndef LIB_LOCKSTEP_TRACER_H
#define LIB_LOCKSTEP_TRACER_H

#include "lib/judge/predict.h"
#include "lib/replay/replay.h"
#include "lib/trace/trace.h"

/* A step that waits: some of its stores are yet to be looked at. */
struct waiting_step {
	struct trace_step step;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	struct state before, after;
	VEC(struct trace_access) accesses; /* those that nobody has seen have no known bytes, but the model's */
};

struct tracer {
	struct trace_writer *writer; /* NULL: nothing is written, and the calls below do nothing */
	struct trace_writer *paused; /* stands in for it while nothing is to be written */
	VEC(struct trace_access) accesses;
	VEC(uint32_t) changed;
	VEC(struct trace_write) writes;
	VEC(uint8_t) data;  /* of writes */
	struct state state; /* scratch */
	size_t num_modules; /* that the trace has */
	VEC(struct waiting_step) waiting;
};

struct lockstep;

/* judge.now are the registers at the run's start, as seen. */
struct error *tracer_init(struct lockstep *ls);
void tracer_deinit(struct tracer *t);

/* Nothing is written meanwhile. */
void tracer_pause(struct tracer *t, bool on);

/* A step that was judged: judge.before, judge.seen, judge.reply, judge.signal. differs: it is not what was predicted.
 */
struct error *tracer_step(struct lockstep *ls, const struct prediction *slot, bool differs);

/* A step of which nothing was seen: what comes of it will be seen later. */
struct error *tracer_unseen(struct lockstep *ls, const struct prediction *slot);

/* The first len instructions of judge.span, of which the last has judge.seen and judge.reply behind it. */
struct error *tracer_span(struct lockstep *ls, size_t len);

/* The instruction told of the target's CPU. */
struct error *tracer_observed(struct lockstep *ls, const struct prediction *slot);

/* The same, of one that is not the program's. */
struct error *tracer_asked(struct lockstep *ls, const struct lifted *lifted, const struct state *before,
			   const struct state *after);

/* A system call, or the delivery of a signal (slot has its PC alone), between judge.before and judge.now. totals:
 * before it; start: clock_now() then; all_seen: all registers that the target can show were looked at right before it.
 */
struct error *tracer_event(struct lockstep *ls, const struct prediction *slot, const struct replay_outcome *outcome,
			   const struct replay_totals *totals, uint64_t start, bool all_seen);

/* Writes the steps that waited: ls->owed tells what was seen of their stores. */
struct error *tracer_settle(struct lockstep *ls);

/* The run is over: judge.run tells how it ended. */
struct error *tracer_finish(struct lockstep *ls);

#endif
