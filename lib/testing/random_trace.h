/*
 * Made-up runs for tests of traces: steps with random registers, memory, events and unknown bits, in which values
 * repeat and differ by little as often as in a real run. The same seed gives the same run.
 */
#ifndef LIB_TESTING_RANDOM_TRACE_H
#define LIB_TESTING_RANDOM_TRACE_H

#include "lib/base/rng.h"
#include "lib/trace/trace.h"

enum { RANDOM_TRACE_PLACES = 40 }; /* instructions */

struct random_trace {
	struct rng rng;
	const struct isa *isa;
	struct state before, after;
	struct trace_step step; /* the latest */
	bool named;             /* changed registers are named to the writer */
	uint64_t tid;
	uint32_t changed[8];
	uint8_t bytes[RANDOM_TRACE_PLACES][ISA_MAX_INSN_LEN];
	struct trace_access accesses[12];
	struct trace_event event;
	struct trace_write writes[3];
	uint8_t data[3][64];
};

/* before is the first state. */
void random_trace_init(struct random_trace *t, const struct isa *isa, uint64_t seed);
void random_trace_deinit(struct random_trace *t);

/* Makes t->step. */
void random_trace_next(struct random_trace *t);

#endif
