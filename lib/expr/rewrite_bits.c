/* Rules for bit-wise operators and reversals. */
#include "lib/expr/rewrite.h"

/* ---- Shared by several operators ---- */

/* match:  op(op(x, c), d)
 * result: op(x, op(c, d)), op being associative */
MATCH(reassociate)
{
	return is_const(pool, n->arg[1]) && has_const(pool, n->arg[0], n->op);
}

APPLY(reassociate)
{
	expr_id both = expr_binary(pool, n->op, arg_of(pool, n->arg[0], 1), n->arg[1]);

	return expr_binary(pool, n->op, arg_of(pool, n->arg[0], 0), both);
}

/* match:  x op c, where that is x
 * result: x */
MATCH(neutral)
{
	return n->op == EXPR_AND ? is_ones(pool, n->arg[1]) : is_zero(pool, n->arg[1]);
}

APPLY(neutral)
{
	return n->arg[0];
}

/* match:  x & x, x | x
 * result: x */
MATCH(idempotent)
{
	return n->arg[0] == n->arg[1];
}

APPLY(idempotent)
{
	return n->arg[0];
}

/* match:  x & 0, x | ~0
 * result: the constant */
MATCH(absorbing)
{
	return n->op == EXPR_AND ? is_zero(pool, n->arg[1]) : is_ones(pool, n->arg[1]);
}

APPLY(absorbing)
{
	return n->arg[1];
}

/* match:  x & ~x, x | ~x, x ^ ~x
 * result: 0, ~0, ~0 */
MATCH(complements)
{
	return are_complements(pool, n->arg[0], n->arg[1]);
}

APPLY(complements)
{
	return n->op == EXPR_AND ? zeros(pool, n->width) : ones(pool, n->width);
}

/* match:  zext(x) & c
 * result: zext(x & c), c cut to the width of x */
MATCH(and_zext)
{
	return is_const(pool, n->arg[1]) && is_op(pool, n->arg[0], EXPR_ZEXT);
}

APPLY(and_zext)
{
	expr_id x = arg_of(pool, n->arg[0], 0);
	expr_id cut = expr_extract(pool, n->arg[1], 0, expr_width(pool, x));

	return expr_zext(pool, expr_and(pool, x, cut), n->width);
}

const struct rewrite_rule rewrite_and[] = {
	RULE(neutral),     RULE(absorbing), RULE(idempotent), RULE(complements),
	RULE(reassociate), RULE(and_zext),  END_OF_RULES,
};

/* match:  a <u b | a == b, a <s b | a == b
 * result: a <=u b, a <=s b */
static bool less_or_equal(const struct expr_pool *pool, expr_id less, expr_id equal)
{
	const struct expr *l = node(pool, less), *e = node(pool, equal);

	return (l->op == EXPR_ULT || l->op == EXPR_SLT) && e->op == EXPR_EQ &&
	       ((l->arg[0] == e->arg[0] && l->arg[1] == e->arg[1]) ||
		(l->arg[0] == e->arg[1] && l->arg[1] == e->arg[0]));
}

MATCH(or_less_equal)
{
	return less_or_equal(pool, n->arg[0], n->arg[1]) || less_or_equal(pool, n->arg[1], n->arg[0]);
}

APPLY(or_less_equal)
{
	struct expr less = *node(pool, is_op(pool, n->arg[0], EXPR_EQ) ? n->arg[1] : n->arg[0]);

	return expr_binary(pool, less.op == EXPR_ULT ? EXPR_ULE : EXPR_SLE, less.arg[0], less.arg[1]);
}

const struct rewrite_rule rewrite_or[] = {
	RULE(neutral),     RULE(absorbing),     RULE(idempotent), RULE(complements),
	RULE(reassociate), RULE(or_less_equal), END_OF_RULES,
};

/* match:  x ^ x
 * result: 0 */
MATCH(xor_same)
{
	return n->arg[0] == n->arg[1];
}

APPLY(xor_same)
{
	return zeros(pool, n->width);
}

/* match:  x ^ ~0
 * result: ~x */
MATCH(xor_ones)
{
	return is_ones(pool, n->arg[1]);
}

APPLY(xor_ones)
{
	return expr_not(pool, n->arg[0]);
}

/* match:  ~x ^ ~y, ~x ^ c
 * result: x ^ y, x ^ ~c */
MATCH(xor_nots)
{
	return is_op(pool, n->arg[0], EXPR_NOT) && (is_op(pool, n->arg[1], EXPR_NOT) || is_const(pool, n->arg[1]));
}

APPLY(xor_nots)
{
	return expr_xor(pool, arg_of(pool, n->arg[0], 0), expr_not(pool, n->arg[1]));
}

/* match:  (x ^ y) ^ y, in any order
 * result: x */
static expr_id xor_rest(const struct expr_pool *pool, expr_id both, expr_id one)
{
	const struct expr *b = node(pool, both);

	if (b->op != EXPR_XOR)
		return EXPR_NONE;
	return b->arg[0] == one ? b->arg[1] : b->arg[1] == one ? b->arg[0] : EXPR_NONE;
}

MATCH(xor_twice)
{
	return xor_rest(pool, n->arg[0], n->arg[1]) || xor_rest(pool, n->arg[1], n->arg[0]);
}

APPLY(xor_twice)
{
	expr_id rest = xor_rest(pool, n->arg[0], n->arg[1]);

	return rest ? rest : xor_rest(pool, n->arg[1], n->arg[0]);
}

const struct rewrite_rule rewrite_xor[] = {
	RULE(neutral),     RULE(xor_same), RULE(xor_ones),  RULE(complements),
	RULE(reassociate), RULE(xor_nots), RULE(xor_twice), END_OF_RULES,
};

/* match:  ~~x; the same of bswap and bitrev
 * result: x */
MATCH(twice)
{
	return is_op(pool, n->arg[0], n->op);
}

APPLY(twice)
{
	return arg_of(pool, n->arg[0], 0);
}

/* match:  ~(a < b), ~(a <= b)
 * result: b <= a, b < a */
MATCH(not_less)
{
	return node(pool, n->arg[0])->op >= EXPR_ULT && node(pool, n->arg[0])->op <= EXPR_SLE;
}

APPLY(not_less)
{
	static const uint8_t opposite[] = {EXPR_ULE, EXPR_ULT, EXPR_SLE, EXPR_SLT};
	struct expr less = *node(pool, n->arg[0]);

	return expr_binary(pool, opposite[less.op - EXPR_ULT], less.arg[1], less.arg[0]);
}

/* match:  ~(x ^ c)
 * result: x ^ ~c */
MATCH(not_xor)
{
	return has_const(pool, n->arg[0], EXPR_XOR);
}

APPLY(not_xor)
{
	expr_id x = arg_of(pool, n->arg[0], 0);

	return expr_xor(pool, x, expr_not(pool, arg_of(pool, n->arg[0], 1)));
}

/* match:  ~(p ? c : d)
 * result: p ? ~c : ~d */
MATCH(not_ite)
{
	return is_op(pool, n->arg[0], EXPR_ITE) && is_const(pool, arg_of(pool, n->arg[0], 1)) &&
	       is_const(pool, arg_of(pool, n->arg[0], 2));
}

APPLY(not_ite)
{
	struct expr ite = *node(pool, n->arg[0]);

	return expr_ite(pool, ite.arg[0], expr_not(pool, ite.arg[1]), expr_not(pool, ite.arg[2]));
}

const struct rewrite_rule rewrite_not[] = {
	RULE(twice), RULE(not_less), RULE(not_xor), RULE(not_ite), END_OF_RULES,
};

const struct rewrite_rule rewrite_reversal[] = {RULE(twice), END_OF_RULES};
