/*
 * Rewrite rules; private to lib/expr. A rule looks at a node that is about to be made, whose operands exist already and
 * are not all constants, and tells what to make instead. Each operator has a table of rules, tried in order; the tables
 * stand in rewrite_*.c by family.
 *
 * A rule may not make the expression grow: its result has at most as many nodes as what it replaces. It depends on
 * structure alone, so making the same node again gives the same result. Constants are the last operands of commutative
 * operators. Names in the rules' comments: a to z are expressions, c, d are constants, p is a condition.
 */
#ifndef LIB_EXPR_REWRITE_H
#define LIB_EXPR_REWRITE_H

#include "lib/expr/bv.h"
#include "lib/expr/pool.h"

struct rewrite_rule {
	const char *name;
	/* Does it apply? */
	bool (*match)(const struct expr_pool *pool, const struct expr *n);
	/* What to make instead; n is a copy. EXPR_NONE when out of memory. */
	expr_id (*apply)(struct expr_pool *pool, const struct expr *n);
};

/* By operator, ended by a rule without a name; NULL: there are none. */
extern const struct rewrite_rule *const rewrite_rules[EXPR_NUM_OPS];

/* What to make instead of n, or EXPR_NONE: n itself (or memory ran out, which the pool knows). */
expr_id rewrite(struct expr_pool *pool, const struct expr *n);

/* ---- For the rules ---- */

#define UNUSED_ARG  __attribute__((unused))
#define MATCH(rule) static bool match_##rule(UNUSED_ARG const struct expr_pool *pool, UNUSED_ARG const struct expr *n)
#define APPLY(rule) static expr_id apply_##rule(UNUSED_ARG struct expr_pool *pool, UNUSED_ARG const struct expr *n)
/* In a table. */
#define RULE(rule) \
	{ \
#rule, match_##rule, apply_##rule \
	}
#define END_OF_RULES \
	{ \
		NULL, NULL, NULL \
	}

static inline bool is_op(const struct expr_pool *pool, expr_id id, enum expr_op op)
{
	return node(pool, id)->op == op;
}

static inline bool is_const(const struct expr_pool *pool, expr_id id)
{
	return is_op(pool, id, EXPR_CONST);
}

static inline expr_id arg_of(const struct expr_pool *pool, expr_id id, unsigned i)
{
	return node(pool, id)->arg[i];
}

static inline bool is_zero(const struct expr_pool *pool, expr_id id)
{
	const struct expr *n = node(pool, id);

	return n->op == EXPR_CONST && bv_is_zero(node_words(pool, n), n->width);
}

static inline bool is_ones(const struct expr_pool *pool, expr_id id)
{
	const struct expr *n = node(pool, id);

	return n->op == EXPR_CONST && bv_is_ones(node_words(pool, n), n->width);
}

/* The constant 1. */
static inline bool is_one(const struct expr_pool *pool, expr_id id)
{
	const struct expr *n = node(pool, id);

	return n->op == EXPR_CONST && node_words(pool, n)[0] == 1 &&
	       (n->width <= 64 || bv_is_zero(node_words(pool, n) + 1, n->width - 64));
}

/* Is b the complement of a, or a of b? */
static inline bool are_complements(const struct expr_pool *pool, expr_id a, expr_id b)
{
	return (is_op(pool, a, EXPR_NOT) && arg_of(pool, a, 0) == b) ||
	       (is_op(pool, b, EXPR_NOT) && arg_of(pool, b, 0) == a);
}

/* op(x, c) with a constant as second operand. */
static inline bool has_const(const struct expr_pool *pool, expr_id id, enum expr_op op)
{
	return is_op(pool, id, op) && is_const(pool, arg_of(pool, id, 1));
}

static inline expr_id zeros(struct expr_pool *pool, unsigned width)
{
	return expr_const(pool, width, 0);
}

static inline expr_id ones(struct expr_pool *pool, unsigned width)
{
	return expr_not(pool, expr_const(pool, width, 0));
}

/* A constant of up to 64 bits, or of more whose upper words are 0, at most UINT16_MAX: a count. */
static inline unsigned const_count(const struct expr_pool *pool, expr_id id)
{
	return bv_count(node_words(pool, node(pool, id)), node(pool, id)->width);
}

#endif
