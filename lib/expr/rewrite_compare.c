/* Rules for comparisons. */
#include "lib/expr/rewrite.h"

static expr_id bit(struct expr_pool *pool, bool value)
{
	return expr_const(pool, 1, value);
}

/* ---- Equality ---- */

/* match:  x == x, x < x, x <= x
 * result: 1, 0, 1 */
MATCH(same)
{
	return n->arg[0] == n->arg[1];
}

APPLY(same)
{
	return bit(pool, n->op != EXPR_ULT && n->op != EXPR_SLT);
}

/* match:  x == ~x
 * result: 0 */
MATCH(eq_complements)
{
	return are_complements(pool, n->arg[0], n->arg[1]);
}

APPLY(eq_complements)
{
	return bit(pool, false);
}

/* match:  x == c of one bit
 * result: x or ~x */
MATCH(eq_bit)
{
	return expr_width(pool, n->arg[0]) == 1 && is_const(pool, n->arg[1]);
}

APPLY(eq_bit)
{
	return is_zero(pool, n->arg[1]) ? expr_not(pool, n->arg[0]) : n->arg[0];
}

/* match:  x ^ y == 0, x - y == 0
 * result: x == y */
MATCH(eq_difference)
{
	return is_zero(pool, n->arg[1]) && (is_op(pool, n->arg[0], EXPR_XOR) || is_op(pool, n->arg[0], EXPR_SUB));
}

APPLY(eq_difference)
{
	struct expr difference = *node(pool, n->arg[0]);

	return expr_eq(pool, difference.arg[0], difference.arg[1]);
}

/* match:  x + c == d, x ^ c == d, c - x == d
 * result: x == d - c, x == d ^ c, x == c - d */
MATCH(eq_moved)
{
	if (!is_const(pool, n->arg[1]))
		return false;
	return has_const(pool, n->arg[0], EXPR_ADD) || has_const(pool, n->arg[0], EXPR_XOR) ||
	       (is_op(pool, n->arg[0], EXPR_SUB) && is_const(pool, arg_of(pool, n->arg[0], 0)));
}

APPLY(eq_moved)
{
	struct expr left = *node(pool, n->arg[0]);

	if (left.op == EXPR_SUB)
		return expr_eq(pool, left.arg[1], expr_sub(pool, left.arg[0], n->arg[1]));
	return expr_eq(pool, left.arg[0],
		       expr_binary(pool, left.op == EXPR_ADD ? EXPR_SUB : EXPR_XOR, n->arg[1], left.arg[1]));
}

/* match:  ~x == c, -x == c, ~x == ~y, -x == -y, and for bswap, bitrev
 * result: x == ~c, x == -c, x == y: these are their own inverses */
static bool is_involution(enum expr_op op)
{
	return op == EXPR_NOT || op == EXPR_NEG || op == EXPR_BSWAP || op == EXPR_BITREV;
}

MATCH(eq_involution)
{
	enum expr_op op = node(pool, n->arg[0])->op;

	return is_involution(op) && (is_const(pool, n->arg[1]) || is_op(pool, n->arg[1], op));
}

APPLY(eq_involution)
{
	struct expr left = *node(pool, n->arg[0]);

	return expr_eq(pool, left.arg[0], expr_unary(pool, left.op, n->arg[1]));
}

/* match:  zext(x) == zext(y), sext(x) == sext(y), x and y equally wide
 * result: x == y; the same for the unsigned comparisons of zext and the signed ones of sext */
static bool same_extension(const struct expr_pool *pool, const struct expr *n, enum expr_op op)
{
	return is_op(pool, n->arg[0], op) && is_op(pool, n->arg[1], op) &&
	       expr_width(pool, arg_of(pool, n->arg[0], 0)) == expr_width(pool, arg_of(pool, n->arg[1], 0));
}

MATCH(extensions)
{
	bool is_signed = n->op == EXPR_SLT || n->op == EXPR_SLE;

	return (!is_signed && same_extension(pool, n, EXPR_ZEXT)) || same_extension(pool, n, EXPR_SEXT);
}

APPLY(extensions)
{
	return expr_binary(pool, n->op, arg_of(pool, n->arg[0], 0), arg_of(pool, n->arg[1], 0));
}

/* match:  zext(x) == c, sext(x) == c
 * result: x == c, cut; or 0 if c cannot be reached */
MATCH(eq_extended)
{
	return is_const(pool, n->arg[1]) && (is_op(pool, n->arg[0], EXPR_ZEXT) || is_op(pool, n->arg[0], EXPR_SEXT));
}

APPLY(eq_extended)
{
	struct expr extension = *node(pool, n->arg[0]);
	expr_id cut = expr_extract(pool, n->arg[1], 0, expr_width(pool, extension.arg[0]));
	expr_id back = extension.op == EXPR_ZEXT ? expr_zext(pool, cut, extension.width)
						 : expr_sext(pool, cut, extension.width);

	return back == n->arg[1] ? expr_eq(pool, extension.arg[0], cut) : bit(pool, false);
}

/* match:  (x : c) == d, (c : x) == d
 * result: x == the part of d; or 0 if c is not the other part */
MATCH(eq_concat_const)
{
	return is_const(pool, n->arg[1]) && is_op(pool, n->arg[0], EXPR_CONCAT) &&
	       (is_const(pool, arg_of(pool, n->arg[0], 0)) || is_const(pool, arg_of(pool, n->arg[0], 1)));
}

APPLY(eq_concat_const)
{
	struct expr concat = *node(pool, n->arg[0]);
	unsigned low = expr_width(pool, concat.arg[1]);
	expr_id d[2] = {expr_extract(pool, n->arg[1], low, concat.width - low), expr_extract(pool, n->arg[1], 0, low)};
	unsigned c = is_const(pool, concat.arg[1]);

	return concat.arg[c] == d[c] ? expr_eq(pool, concat.arg[!c], d[!c]) : bit(pool, false);
}

/* match:  (x : y) == (x : z), (x : z) == (y : z)
 * result: y == z, x == y */
MATCH(eq_concats)
{
	const struct expr *a = node(pool, n->arg[0]), *b = node(pool, n->arg[1]);

	return a->op == EXPR_CONCAT && b->op == EXPR_CONCAT && (a->arg[0] == b->arg[0] || a->arg[1] == b->arg[1]);
}

APPLY(eq_concats)
{
	unsigned differ = arg_of(pool, n->arg[0], 0) == arg_of(pool, n->arg[1], 0);

	return expr_eq(pool, arg_of(pool, n->arg[0], differ), arg_of(pool, n->arg[1], differ));
}

/* match:  (p ? c : d) compared with e
 * result: p, ~p, 0 or 1 */
MATCH(compare_ite)
{
	return is_const(pool, n->arg[1]) && is_op(pool, n->arg[0], EXPR_ITE) &&
	       is_const(pool, arg_of(pool, n->arg[0], 1)) && is_const(pool, arg_of(pool, n->arg[0], 2));
}

APPLY(compare_ite)
{
	struct expr ite = *node(pool, n->arg[0]);

	return expr_ite(pool, ite.arg[0], expr_binary(pool, n->op, ite.arg[1], n->arg[1]),
			expr_binary(pool, n->op, ite.arg[2], n->arg[1]));
}

const struct rewrite_rule rewrite_eq[] = {
	RULE(same),          RULE(eq_complements), RULE(eq_bit),      RULE(eq_difference),   RULE(eq_moved),
	RULE(eq_involution), RULE(extensions),     RULE(eq_extended), RULE(eq_concat_const), RULE(eq_concats),
	RULE(compare_ite),   END_OF_RULES,
};

/* ---- Orders ---- */

/* match:  x <u 0, ~0 <u x
 * result: 0 */
MATCH(below_nothing)
{
	return is_zero(pool, n->arg[1]) || is_ones(pool, n->arg[0]);
}

APPLY(below_nothing)
{
	return bit(pool, false);
}

/* match:  x <u 1
 * result: x == 0 */
MATCH(below_one)
{
	return is_one(pool, n->arg[1]);
}

APPLY(below_one)
{
	return expr_is_zero(pool, n->arg[0]);
}

/* match:  0 <=u x, x <=u ~0
 * result: 1 */
MATCH(within_all)
{
	return is_zero(pool, n->arg[0]) || is_ones(pool, n->arg[1]);
}

APPLY(within_all)
{
	return bit(pool, true);
}

/* match:  x <=u 0
 * result: x == 0 */
MATCH(within_nothing)
{
	return is_zero(pool, n->arg[1]);
}

APPLY(within_nothing)
{
	return expr_is_zero(pool, n->arg[0]);
}

/* match:  zext(x) < c, c < zext(x), and with <=
 * result: the same of x and c, cut; or 0 or 1 if c is beyond what x can be */
static bool is_zext_and_const(const struct expr_pool *pool, expr_id zext, expr_id c)
{
	return is_op(pool, zext, EXPR_ZEXT) && is_const(pool, c);
}

MATCH(order_zext)
{
	return is_zext_and_const(pool, n->arg[0], n->arg[1]) || is_zext_and_const(pool, n->arg[1], n->arg[0]);
}

APPLY(order_zext)
{
	unsigned c = is_const(pool, n->arg[1]);
	expr_id arg[2];

	arg[!c] = arg_of(pool, n->arg[!c], 0);
	arg[c] = expr_extract(pool, n->arg[c], 0, expr_width(pool, arg[!c]));
	if (expr_zext(pool, arg[c], expr_width(pool, n->arg[c])) != n->arg[c])
		return bit(pool, c);
	return expr_binary(pool, n->op, arg[0], arg[1]);
}

const struct rewrite_rule rewrite_ult[] = {
	RULE(same),       RULE(below_nothing), RULE(below_one), RULE(extensions),
	RULE(order_zext), RULE(compare_ite),   END_OF_RULES,
};

const struct rewrite_rule rewrite_ule[] = {
	RULE(same),       RULE(within_all),  RULE(within_nothing), RULE(extensions),
	RULE(order_zext), RULE(compare_ite), END_OF_RULES,
};

/* match:  x <s 0
 * result: the sign bit of x */
MATCH(is_negative)
{
	return is_zero(pool, n->arg[1]);
}

APPLY(is_negative)
{
	return expr_msb(pool, n->arg[0]);
}

/* match:  0 <=s x
 * result: the sign bit of x, inverted */
MATCH(is_not_negative)
{
	return is_zero(pool, n->arg[0]);
}

APPLY(is_not_negative)
{
	return expr_not(pool, expr_msb(pool, n->arg[1]));
}

const struct rewrite_rule rewrite_slt[] = {
	RULE(same), RULE(is_negative), RULE(extensions), RULE(compare_ite), END_OF_RULES,
};

const struct rewrite_rule rewrite_sle[] = {
	RULE(same), RULE(is_not_negative), RULE(extensions), RULE(compare_ite), END_OF_RULES,
};
