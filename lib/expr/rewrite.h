/*
 * Rewrite rules; private to lib/expr. A rule looks at a node that is about to be made, whose operands exist already,
 * and tells what to make instead. Rules are grouped by family and tried in the order of their tables.
 *
 * A rule may not make the expression grow: its result has at most as many nodes as what it replaces. It depends on
 * structure alone, so making the same node again gives the same result.
 */
#ifndef LIB_EXPR_REWRITE_H
#define LIB_EXPR_REWRITE_H

#include "lib/expr/pool.h"

struct rewrite_rule {
	const char *name;
	uint8_t op; /* enum expr_op: the node that it looks at */
	/* Does it apply? */
	bool (*match)(const struct expr_pool *pool, const struct expr *n);
	/* What to make instead; n is a copy. EXPR_NONE when out of memory. */
	expr_id (*apply)(struct expr_pool *pool, const struct expr *n);
};

/* The tables; each ends with a rule without a name. */
extern const struct rewrite_rule rewrite_bits_rules[];
extern const struct rewrite_rule rewrite_arith_rules[];
extern const struct rewrite_rule rewrite_compare_rules[];
extern const struct rewrite_rule rewrite_structure_rules[];
extern const struct rewrite_rule rewrite_vector_rules[];

/* What to make instead of n, or EXPR_NONE: n itself (or memory ran out, which the pool knows). */
expr_id rewrite(struct expr_pool *pool, const struct expr *n);

#endif
