/* A source that shows with each step what it accessed: a step of a trace. */
#ifndef LIB_JUDGE_SHOWN_H
#define LIB_JUDGE_SHOWN_H

#include "lib/judge/source.h"
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

#endif
