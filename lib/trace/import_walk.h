/*
 * How often a repeated instruction at the end of a block was executed between two states of a log, of which one can be
 * behind many iterations: by a walk through the block. Private to lib/trace.
 */
#ifndef LIB_TRACE_IMPORT_WALK_H
#define LIB_TRACE_IMPORT_WALK_H

#include "lib/lift/lift.h"
#include "lib/state/state.h"

struct import_walk {
	const struct isa *isa;
	struct lift_cache *cache; /* borrowed */
	struct state state;       /* where the walk has come to */
	unsigned steps;           /* of the block up to there, with its last instruction */
	struct eval eval;
};

struct error *import_walk_init(struct import_walk *w, const struct isa *isa, struct lift_cache *cache);
/* All zero is fine. */
void import_walk_deinit(struct import_walk *w);

/* A block, and the states before and behind it. */
struct import_block {
	uint64_t pc;
	const uint8_t *bytes;
	size_t len;
	const struct state *before, *after;
};

/*
 * How often the last instruction of the block was executed up to the state behind it: as often as its model leads back
 * to it, or to what was seen. 1 also where that does not fit, or no model tells anything: that is for the judge to say.
 * 0 if it cannot be told how often, as where memory decides.
 */
struct error *import_walk_count(struct import_walk *w, const struct import_block *block, unsigned *ret);

#endif
