/*
 * Which nodes a set of roots needs; private to lib/expr. Ids are in topological order, so one walk downwards finds
 * them.
 */
#ifndef LIB_EXPR_LIVE_H
#define LIB_EXPR_LIVE_H

#include "lib/expr/pool.h"
#include "lib/expr/transfer.h"

struct roots {
	VEC(expr_id) ids;
	bool failed; /* memory ran out */
};

/* EXPR_NONE is left out. */
void roots_add(struct roots *r, expr_id id);
/* Everything that a transfer refers to. */
void roots_add_transfer(struct roots *r, const struct transfer *t);
void roots_deinit(struct roots *r);

/*
 * For every id of the pool, the number of its users among the nodes that the roots need; being a root counts as one
 * use. 0: not needed. The caller frees it; NULL when out of memory.
 */
uint32_t *live_uses(const struct expr_pool *pool, const struct roots *r);

#endif
