/* Rules for choices, concatenations, extracts and extensions. */
#include "lib/expr/rewrite.h"

/* ---- Choices ---- */

/* match:  1 ? x : y, 0 ? x : y
 * result: x, y */
MATCH(ite_const)
{
	return is_const(pool, n->arg[0]);
}

APPLY(ite_const)
{
	return is_zero(pool, n->arg[0]) ? n->arg[2] : n->arg[1];
}

/* match:  p ? x : x
 * result: x */
MATCH(ite_same)
{
	return n->arg[1] == n->arg[2];
}

APPLY(ite_same)
{
	return n->arg[1];
}

/* match:  ~p ? x : y
 * result: p ? y : x */
MATCH(ite_not)
{
	return is_op(pool, n->arg[0], EXPR_NOT);
}

APPLY(ite_not)
{
	return expr_ite(pool, arg_of(pool, n->arg[0], 0), n->arg[2], n->arg[1]);
}

/* match:  p ? 1 : 0, p ? ~0 : 0, of any width, and the two swapped
 * result: p or ~p, extended */
static bool is_extended_bit(const struct expr_pool *pool, expr_id a, expr_id b)
{
	return is_zero(pool, b) && (is_one(pool, a) || is_ones(pool, a));
}

MATCH(ite_bit)
{
	return is_extended_bit(pool, n->arg[1], n->arg[2]);
}

APPLY(ite_bit)
{
	if (is_one(pool, n->arg[1]))
		return expr_zext(pool, n->arg[0], n->width);
	return expr_sext(pool, n->arg[0], n->width);
}

MATCH(ite_bit_swapped)
{
	return is_extended_bit(pool, n->arg[2], n->arg[1]);
}

APPLY(ite_bit_swapped)
{
	struct expr swapped = *n;

	swapped.arg[0] = expr_not(pool, n->arg[0]);
	swapped.arg[1] = n->arg[2];
	return apply_ite_bit(pool, &swapped);
}

/* match:  p ? x : (p ? y : z), p ? (p ? x : y) : z
 * result: p ? x : z */
static bool same_condition(const struct expr_pool *pool, const struct expr *n, unsigned branch)
{
	return is_op(pool, n->arg[branch], EXPR_ITE) && arg_of(pool, n->arg[branch], 0) == n->arg[0];
}

MATCH(ite_again)
{
	return same_condition(pool, n, 1) || same_condition(pool, n, 2);
}

APPLY(ite_again)
{
	expr_id then = same_condition(pool, n, 1) ? arg_of(pool, n->arg[1], 1) : n->arg[1];
	expr_id otherwise = same_condition(pool, n, 2) ? arg_of(pool, n->arg[2], 2) : n->arg[2];

	return expr_ite(pool, n->arg[0], then, otherwise);
}

/* match:  p ? 1 : x, p ? x : 0, p ? 0 : x, p ? x : 1, of one bit
 * result: p | x, p & x, ~p & x, ~p | x */
MATCH(ite_logic)
{
	return n->width == 1 && (is_const(pool, n->arg[1]) || is_const(pool, n->arg[2]));
}

APPLY(ite_logic)
{
	if (is_one(pool, n->arg[1]))
		return expr_or(pool, n->arg[0], n->arg[2]);
	if (is_zero(pool, n->arg[2]))
		return expr_and(pool, n->arg[0], n->arg[1]);
	if (is_zero(pool, n->arg[1]))
		return expr_and(pool, expr_not(pool, n->arg[0]), n->arg[2]);
	return expr_or(pool, expr_not(pool, n->arg[0]), n->arg[1]);
}

/* match:  p ? p : x, p ? x : p, of one bit
 * result: p | x, p & x */
MATCH(ite_condition)
{
	return n->arg[0] == n->arg[1] || n->arg[0] == n->arg[2];
}

APPLY(ite_condition)
{
	if (n->arg[0] == n->arg[1])
		return expr_or(pool, n->arg[0], n->arg[2]);
	return expr_and(pool, n->arg[0], n->arg[1]);
}

const struct rewrite_rule rewrite_ite[] = {
	RULE(ite_const), RULE(ite_same),  RULE(ite_not),       RULE(ite_bit), RULE(ite_bit_swapped),
	RULE(ite_again), RULE(ite_logic), RULE(ite_condition), END_OF_RULES,
};

/* ---- Concatenation ---- */

/* match:  (0 : x)
 * result: zext(x) */
MATCH(concat_zero)
{
	return is_zero(pool, n->arg[0]);
}

APPLY(concat_zero)
{
	return expr_zext(pool, n->arg[1], n->width);
}

/* match:  (zext(x) : y)
 * result: zext((x : y)) */
MATCH(concat_zext)
{
	return is_op(pool, n->arg[0], EXPR_ZEXT);
}

APPLY(concat_zext)
{
	return expr_zext(pool, expr_concat(pool, arg_of(pool, n->arg[0], 0), n->arg[1]), n->width);
}

/* Two that become one when concatenated: constants, and neighbouring extracts. */
static bool merge(const struct expr_pool *pool, expr_id high, expr_id low)
{
	const struct expr *h = node(pool, high), *l = node(pool, low);

	if (h->op == EXPR_CONST && l->op == EXPR_CONST)
		return true;
	return h->op == EXPR_EXTRACT && l->op == EXPR_EXTRACT && h->arg[0] == l->arg[0] &&
	       h->attr == l->attr + l->width;
}

/* match:  (x[k:j] : x[j-1:i])
 * result: x[k:i] */
MATCH(concat_neighbours)
{
	return merge(pool, n->arg[0], n->arg[1]);
}

APPLY(concat_neighbours)
{
	struct expr low = *node(pool, n->arg[1]);

	return expr_extract(pool, low.arg[0], low.attr, n->width);
}

/* match:  (x : (y : z)), x and y being neighbours
 * result: ((x : y) : z), the former being one node */
MATCH(concat_merge_high)
{
	return is_op(pool, n->arg[1], EXPR_CONCAT) && merge(pool, n->arg[0], arg_of(pool, n->arg[1], 0));
}

APPLY(concat_merge_high)
{
	struct expr low = *node(pool, n->arg[1]);

	return expr_concat(pool, expr_concat(pool, n->arg[0], low.arg[0]), low.arg[1]);
}

/* match:  ((x : y) : z), y and z being neighbours
 * result: (x : (y : z)), the latter being one node */
MATCH(concat_merge_low)
{
	return is_op(pool, n->arg[0], EXPR_CONCAT) && merge(pool, arg_of(pool, n->arg[0], 1), n->arg[1]);
}

APPLY(concat_merge_low)
{
	struct expr high = *node(pool, n->arg[0]);

	return expr_concat(pool, high.arg[0], expr_concat(pool, high.arg[1], n->arg[1]));
}

const struct rewrite_rule rewrite_concat[] = {
	RULE(concat_zero),       RULE(concat_zext),      RULE(concat_neighbours),
	RULE(concat_merge_high), RULE(concat_merge_low), END_OF_RULES,
};

/* ---- Extension ---- */

/* match:  zext(x), sext(x) to the width that x has
 * result: x */
MATCH(extend_same)
{
	return expr_width(pool, n->arg[0]) == n->width;
}

APPLY(extend_same)
{
	return n->arg[0];
}

/* match:  zext(zext(x)), sext(sext(x)), sext(zext(x))
 * result: zext(x), sext(x), zext(x): the inner one has added at least a zero bit */
MATCH(extend_twice)
{
	return is_op(pool, n->arg[0], EXPR_ZEXT) || is_op(pool, n->arg[0], n->op);
}

APPLY(extend_twice)
{
	struct expr inner = *node(pool, n->arg[0]);

	return inner.op == EXPR_ZEXT ? expr_zext(pool, inner.arg[0], n->width)
				     : expr_sext(pool, inner.arg[0], n->width);
}

/* match:  zext(p ? c : d), sext(p ? c : d)
 * result: p ? zext(c) : zext(d) */
MATCH(extend_ite)
{
	return is_op(pool, n->arg[0], EXPR_ITE) && is_const(pool, arg_of(pool, n->arg[0], 1)) &&
	       is_const(pool, arg_of(pool, n->arg[0], 2));
}

APPLY(extend_ite)
{
	struct expr ite = *node(pool, n->arg[0]);

	for (unsigned i = 1; i < 3; i++)
		ite.arg[i] = n->op == EXPR_ZEXT ? expr_zext(pool, ite.arg[i], n->width)
						: expr_sext(pool, ite.arg[i], n->width);
	return expr_ite(pool, ite.arg[0], ite.arg[1], ite.arg[2]);
}

const struct rewrite_rule rewrite_zext[] = {RULE(extend_same), RULE(extend_twice), RULE(extend_ite), END_OF_RULES};
const struct rewrite_rule rewrite_sext[] = {RULE(extend_same), RULE(extend_twice), RULE(extend_ite), END_OF_RULES};
