/* Rules for arithmetic and shifts. */
#include "lib/expr/rewrite.h"

/* ---- Shared by several operators ---- */

/* match:  x + 0, x - 0, x << 0, and so on
 * result: x */
MATCH(zero_second)
{
	return is_zero(pool, n->arg[1]);
}

APPLY(zero_second)
{
	return n->arg[0];
}

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

/* ---- Addition ---- */

/* match:  (c - x) + d
 * result: (c + d) - x */
MATCH(add_to_difference)
{
	return is_const(pool, n->arg[1]) && is_op(pool, n->arg[0], EXPR_SUB) &&
	       is_const(pool, arg_of(pool, n->arg[0], 0));
}

APPLY(add_to_difference)
{
	struct expr sub = *node(pool, n->arg[0]);

	return expr_sub(pool, expr_add(pool, sub.arg[0], n->arg[1]), sub.arg[1]);
}

/* match:  x + -y, -y + x
 * result: x - y */
MATCH(add_negative)
{
	return is_op(pool, n->arg[0], EXPR_NEG) || is_op(pool, n->arg[1], EXPR_NEG);
}

APPLY(add_negative)
{
	unsigned i = is_op(pool, n->arg[1], EXPR_NEG);

	return expr_sub(pool, n->arg[!i], arg_of(pool, n->arg[i], 0));
}

/* match:  x + ~x
 * result: ~0 */
MATCH(add_complements)
{
	return are_complements(pool, n->arg[0], n->arg[1]);
}

APPLY(add_complements)
{
	return ones(pool, n->width);
}

/* match:  (x - y) + y, y + (x - y)
 * result: x */
static bool is_difference_to(const struct expr_pool *pool, expr_id difference, expr_id y)
{
	return is_op(pool, difference, EXPR_SUB) && arg_of(pool, difference, 1) == y;
}

MATCH(add_back)
{
	return is_difference_to(pool, n->arg[0], n->arg[1]) || is_difference_to(pool, n->arg[1], n->arg[0]);
}

APPLY(add_back)
{
	unsigned i = !is_difference_to(pool, n->arg[0], n->arg[1]);

	return arg_of(pool, n->arg[i], 0);
}

const struct rewrite_rule rewrite_add[] = {
	RULE(zero_second), RULE(reassociate), RULE(add_to_difference), RULE(add_negative), RULE(add_complements),
	RULE(add_back),    END_OF_RULES,
};

/* ---- Subtraction and negation ---- */

/* match:  x - c
 * result: x + -c: one form for re-association */
MATCH(sub_const)
{
	return is_const(pool, n->arg[1]);
}

APPLY(sub_const)
{
	return expr_add(pool, n->arg[0], expr_neg(pool, n->arg[1]));
}

/* match:  0 - x
 * result: -x */
MATCH(sub_from_zero)
{
	return is_zero(pool, n->arg[0]);
}

APPLY(sub_from_zero)
{
	return expr_neg(pool, n->arg[1]);
}

/* x = base + offset; offset EXPR_NONE: 0. */
static expr_id split(const struct expr_pool *pool, expr_id id, expr_id *ret_offset)
{
	bool sum = has_const(pool, id, EXPR_ADD);

	*ret_offset = sum ? arg_of(pool, id, 1) : EXPR_NONE;
	return sum ? arg_of(pool, id, 0) : id;
}

/* match:  (x + c) - (x + d), c and d possibly 0
 * result: c - d */
MATCH(sub_same_base)
{
	expr_id c, d;

	return split(pool, n->arg[0], &c) == split(pool, n->arg[1], &d);
}

APPLY(sub_same_base)
{
	expr_id c, d;

	split(pool, n->arg[0], &c);
	split(pool, n->arg[1], &d);
	c = c ? c : zeros(pool, n->width);
	d = d ? d : zeros(pool, n->width);
	return expr_sub(pool, c, d);
}

/* match:  (x + y) - y, (x + y) - x
 * result: x, y */
MATCH(sub_back)
{
	return is_op(pool, n->arg[0], EXPR_ADD) &&
	       (arg_of(pool, n->arg[0], 0) == n->arg[1] || arg_of(pool, n->arg[0], 1) == n->arg[1]);
}

APPLY(sub_back)
{
	return arg_of(pool, n->arg[0], arg_of(pool, n->arg[0], 0) == n->arg[1]);
}

/* match:  c - (x + d)
 * result: (c - d) - x */
MATCH(sub_sum)
{
	return is_const(pool, n->arg[0]) && has_const(pool, n->arg[1], EXPR_ADD);
}

APPLY(sub_sum)
{
	struct expr sum = *node(pool, n->arg[1]);

	return expr_sub(pool, expr_sub(pool, n->arg[0], sum.arg[1]), sum.arg[0]);
}

/* match:  x - -y
 * result: x + y */
MATCH(sub_negative)
{
	return is_op(pool, n->arg[1], EXPR_NEG);
}

APPLY(sub_negative)
{
	return expr_add(pool, n->arg[0], arg_of(pool, n->arg[1], 0));
}

const struct rewrite_rule rewrite_sub[] = {
	RULE(sub_const), RULE(sub_from_zero), RULE(sub_same_base), RULE(sub_back),
	RULE(sub_sum),   RULE(sub_negative),  END_OF_RULES,
};

/* match:  --x
 * result: x */
MATCH(neg_twice)
{
	return is_op(pool, n->arg[0], EXPR_NEG);
}

APPLY(neg_twice)
{
	return arg_of(pool, n->arg[0], 0);
}

/* match:  -(x - y)
 * result: y - x */
MATCH(neg_difference)
{
	return is_op(pool, n->arg[0], EXPR_SUB);
}

APPLY(neg_difference)
{
	struct expr sub = *node(pool, n->arg[0]);

	return expr_sub(pool, sub.arg[1], sub.arg[0]);
}

const struct rewrite_rule rewrite_neg[] = {RULE(neg_twice), RULE(neg_difference), END_OF_RULES};

/* ---- Multiplication and division ---- */

/* match:  x * 0
 * result: 0 */
MATCH(mul_zero)
{
	return is_zero(pool, n->arg[1]);
}

APPLY(mul_zero)
{
	return n->arg[1];
}

/* match:  x * 1, x / 1
 * result: x; signed division of a single bit by 1 is one by -1, which gives x too */
MATCH(by_one)
{
	return is_one(pool, n->arg[1]);
}

APPLY(by_one)
{
	return n->arg[0];
}

const struct rewrite_rule rewrite_mul[] = {RULE(mul_zero), RULE(by_one), RULE(reassociate), END_OF_RULES};
const struct rewrite_rule rewrite_udiv[] = {RULE(by_one), END_OF_RULES};

/* match:  x %u 1
 * result: 0 */
MATCH(urem_one)
{
	return is_one(pool, n->arg[1]);
}

APPLY(urem_one)
{
	return zeros(pool, n->width);
}

const struct rewrite_rule rewrite_urem[] = {RULE(urem_one), END_OF_RULES};

/* ---- Shifts ---- */

/* match:  shift(x, zext(y))
 * result: shift(x, y): counts are unsigned, of any width */
MATCH(zext_count)
{
	return is_op(pool, n->arg[1], EXPR_ZEXT);
}

APPLY(zext_count)
{
	return expr_binary(pool, n->op, n->arg[0], arg_of(pool, n->arg[1], 0));
}

/* match:  shift(0, y)
 * result: 0 */
MATCH(shift_of_zero)
{
	return is_zero(pool, n->arg[0]);
}

APPLY(shift_of_zero)
{
	return n->arg[0];
}

/* match:  x << c, x >>u c; c at least the width
 * result: 0 */
MATCH(shift_out)
{
	return is_const(pool, n->arg[1]) && const_count(pool, n->arg[1]) >= n->width;
}

APPLY(shift_out)
{
	return zeros(pool, n->width);
}

/* match:  shift(shift(x, c), d)
 * result: shift(x, c + d); the sum of two counts below 2^16 fits 32 bits */
MATCH(shift_twice)
{
	return is_const(pool, n->arg[1]) && has_const(pool, n->arg[0], n->op);
}

APPLY(shift_twice)
{
	unsigned sum = const_count(pool, n->arg[1]) + const_count(pool, arg_of(pool, n->arg[0], 1));

	return expr_binary(pool, n->op, arg_of(pool, n->arg[0], 0), expr_const(pool, 32, sum));
}

const struct rewrite_rule rewrite_shift[] = {
	RULE(zero_second), RULE(zext_count), RULE(shift_of_zero), RULE(shift_out), RULE(shift_twice), END_OF_RULES,
};

const struct rewrite_rule rewrite_ashr[] = {
	RULE(zero_second), RULE(zext_count), RULE(shift_of_zero), RULE(shift_twice), END_OF_RULES,
};

const struct rewrite_rule rewrite_rotate[] = {
	RULE(zero_second),
	RULE(zext_count),
	RULE(shift_of_zero),
	END_OF_RULES,
};
