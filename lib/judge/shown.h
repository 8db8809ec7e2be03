/* A source that shows with each step what it accessed: a step of a trace. */
#ifndef LIB_JUDGE_SHOWN_H
#define LIB_JUDGE_SHOWN_H

#include "lib/judge/predict.h"
#include "lib/trace/trace.h"

struct shown {
	struct source source; /* ops and ctx are set by shown_init(), the rest by the owner */
	/* Of the step that is predicted next; borrowed. */
	const struct trace_access *accesses;
	size_t num_accesses;
	bool stopped; /* a signal stopped the guest there: memory that is not among the accesses may not be mapped */
};

/* s stays where it is. */
void shown_init(struct shown *s, const struct isa *isa);

/*
 * Predicts the step's instruction at pc, which is the one given (NULL: its bytes cannot be read, which faults), from
 * the registers before it. The predictor's source is s from then on.
 */
struct error *shown_predict(struct shown *s, struct predictor *p, const struct state *before, uint64_t pc,
			    struct lifted *lifted, struct prediction *slot);

#endif
