/*
 * Inside the pool; private to lib/expr.
 */
#ifndef LIB_EXPR_POOL_H
#define LIB_EXPR_POOL_H

#include "lib/base/vec.h"
#include "lib/expr/op.h"

struct expr_pool {
	bool simplify;
	bool failed;            /* memory ran out */
	VEC(struct expr) nodes; /* [0] stands for EXPR_NONE */
	VEC(uint64_t) words;    /* of the constants wider than 64 bits */
	uint32_t *table;        /* ids by hash, 0 where free; a power of two, at most three quarters full */
	size_t table_cap;
	uint32_t num_undefs;
#ifdef VALIDATE_DEBUG
	uint32_t rule_hits[EXPR_NUM_OPS][32]; /* how often each rewrite rule applied */
#endif
};

/*
 * The id of a node: an old one if the pool has it already. words are those of a constant wider than 64 bits (bits
 * above the width zero), else NULL. The node is complete; nothing is checked or simplified.
 */
expr_id pool_intern(struct expr_pool *pool, const struct expr *n, const uint64_t *words);

/*
 * The one way to make an operator's node: derives the width where it follows, asserts the shape, orders commutative
 * operands, folds constants and rewrites. EXPR_NONE if an operand is.
 */
expr_id expr_make(struct expr_pool *pool, struct expr n);

/* An undefined value with a given number: for the parser. */
expr_id expr_undef_numbered(struct expr_pool *pool, unsigned width, uint32_t number);

static inline const struct expr *node(const struct expr_pool *pool, expr_id id)
{
	return &pool->nodes.at[id];
}

/* The words of a constant node. */
static inline const uint64_t *node_words(const struct expr_pool *pool, const struct expr *n)
{
	return n->width > 64 ? &pool->words.at[n->attr] : &n->value;
}

#endif
