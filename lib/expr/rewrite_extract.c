/* Rules for extracts, which look through most operators. */
#include "lib/expr/rewrite.h"

/* match:  all bits of x
 * result: x */
MATCH(extract_all)
{
	return n->width == expr_width(pool, n->arg[0]);
}

APPLY(extract_all)
{
	return n->arg[0];
}

/* match:  x[..][..]
 * result: x[..] */
MATCH(extract_twice)
{
	return is_op(pool, n->arg[0], EXPR_EXTRACT);
}

APPLY(extract_twice)
{
	struct expr inner = *node(pool, n->arg[0]);

	return expr_extract(pool, inner.arg[0], inner.attr + n->attr, n->width);
}

/* match:  bits of (x : y) that lie in x or in y
 * result: bits of x or of y */
static bool lies_in_part(const struct expr_pool *pool, const struct expr *concat, unsigned low, unsigned width)
{
	unsigned border = expr_width(pool, concat->arg[1]);

	return low >= border || low + width <= border;
}

MATCH(extract_concat)
{
	const struct expr *concat = node(pool, n->arg[0]);

	return concat->op == EXPR_CONCAT && lies_in_part(pool, concat, n->attr, n->width);
}

APPLY(extract_concat)
{
	struct expr concat = *node(pool, n->arg[0]);
	unsigned border = expr_width(pool, concat.arg[1]);

	if (n->attr >= border)
		return expr_extract(pool, concat.arg[0], n->attr - border, n->width);
	return expr_extract(pool, concat.arg[1], n->attr, n->width);
}

/* match:  bits of zext(x), sext(x)
 * result: bits of x; what remains of the extension */
MATCH(extract_extension)
{
	return is_op(pool, n->arg[0], EXPR_ZEXT) || is_op(pool, n->arg[0], EXPR_SEXT);
}

APPLY(extract_extension)
{
	struct expr extension = *node(pool, n->arg[0]);
	expr_id x = extension.arg[0];
	unsigned low = n->attr, width = expr_width(pool, x);

	if (low + n->width <= width)
		return expr_extract(pool, x, low, n->width);
	if (extension.op == EXPR_ZEXT && low >= width)
		return zeros(pool, n->width);
	if (low >= width)
		low = width - 1;
	x = expr_extract(pool, x, low, width - low);
	return extension.op == EXPR_ZEXT ? expr_zext(pool, x, n->width) : expr_sext(pool, x, n->width);
}

/* match:  bits of p ? c : d
 * result: p ? bits of c : bits of d */
MATCH(extract_ite)
{
	return is_op(pool, n->arg[0], EXPR_ITE) && is_const(pool, arg_of(pool, n->arg[0], 1)) &&
	       is_const(pool, arg_of(pool, n->arg[0], 2));
}

APPLY(extract_ite)
{
	struct expr ite = *node(pool, n->arg[0]);

	return expr_ite(pool, ite.arg[0], expr_extract(pool, ite.arg[1], n->attr, n->width),
			expr_extract(pool, ite.arg[2], n->attr, n->width));
}

/* Do bits [low, low + width) of x take no more nodes than x? */
static bool is_cheap(const struct expr_pool *pool, expr_id id, unsigned low, unsigned width)
{
	const struct expr *x = node(pool, id);

	switch (x->op) {
	case EXPR_CONST:
	case EXPR_EXTRACT:
	case EXPR_ZEXT: return true;
	case EXPR_SEXT: return true;
	case EXPR_CONCAT: return lies_in_part(pool, x, low, width);
	default: return width == x->width;
	}
}

static bool operands_are_cheap(const struct expr_pool *pool, const struct expr *x, unsigned low, unsigned width)
{
	for (unsigned i = 0; i < op_info[x->op].arity; i++)
		if (!is_cheap(pool, x->arg[i], low, width))
			return false;
	return true;
}

/* The operator of x on these bits of its operands. */
static expr_id inside(struct expr_pool *pool, const struct expr *n)
{
	struct expr x = *node(pool, n->arg[0]);

	for (unsigned i = 0; i < op_info[x.op].arity; i++)
		x.arg[i] = expr_extract(pool, x.arg[i], n->attr, n->width);
	return expr_make(pool, x);
}

/* match:  bits of x & y, x | y, x ^ y, ~x, one operand being constant or all cheap to extract from
 * result: the operator of the operands' bits */
MATCH(extract_bitwise)
{
	const struct expr *x = node(pool, n->arg[0]);

	if (x->op != EXPR_AND && x->op != EXPR_OR && x->op != EXPR_XOR && x->op != EXPR_NOT)
		return false;
	return (x->op != EXPR_NOT && is_const(pool, x->arg[1])) || operands_are_cheap(pool, x, n->attr, n->width);
}

APPLY(extract_bitwise)
{
	return inside(pool, n);
}

/* match:  the low bits of x + y, x - y, x * y, -x, all operands being cheap to extract from
 * result: the operator of the operands' low bits */
MATCH(extract_low_sum)
{
	const struct expr *x = node(pool, n->arg[0]);

	if (n->attr || (x->op != EXPR_ADD && x->op != EXPR_SUB && x->op != EXPR_MUL && x->op != EXPR_NEG))
		return false;
	return operands_are_cheap(pool, x, 0, n->width);
}

APPLY(extract_low_sum)
{
	return inside(pool, n);
}

/* match:  bits of x << c, x >>u c, x >>s c that are all bits of x, or all zero
 * result: bits of x, or 0 */
MATCH(extract_shift)
{
	const struct expr *x = node(pool, n->arg[0]);
	unsigned end = n->attr + n->width, count;

	if (x->op < EXPR_SHL || x->op > EXPR_ASHR || !is_const(pool, x->arg[1]))
		return false;
	count = const_count(pool, x->arg[1]);
	if (x->op == EXPR_SHL)
		return n->attr >= count || end <= count;
	return end + count <= x->width || (x->op == EXPR_LSHR && n->attr + count >= x->width);
}

APPLY(extract_shift)
{
	struct expr x = *node(pool, n->arg[0]);
	unsigned count = const_count(pool, x.arg[1]);

	if (x.op == EXPR_SHL && n->attr >= count)
		return expr_extract(pool, x.arg[0], n->attr - count, n->width);
	if (x.op != EXPR_SHL && n->attr + n->width + count <= x.width)
		return expr_extract(pool, x.arg[0], n->attr + count, n->width);
	return zeros(pool, n->width);
}

/* match:  whole lanes of a lane-wise operator whose operands are cheap to extract from
 * result: the operator of the operands' lanes */
MATCH(extract_lanes)
{
	const struct expr *x = node(pool, n->arg[0]);

	if (op_info[x->op].shape != SHAPE_LANES || n->attr % x->lane || n->width % x->lane)
		return false;
	return operands_are_cheap(pool, x, n->attr, n->width);
}

APPLY(extract_lanes)
{
	return inside(pool, n);
}

/* match:  bits of one lane of perm(x, c)
 * result: bits of x, or 0 */
MATCH(extract_perm)
{
	const struct expr *x = node(pool, n->arg[0]);

	return has_const(pool, n->arg[0], EXPR_VPERM) && n->attr % x->lane + n->width <= x->lane;
}

APPLY(extract_perm)
{
	struct expr x = *node(pool, n->arg[0]);
	unsigned first = n->attr / x.lane * x.lane;
	unsigned index = const_count(pool, expr_extract(pool, x.arg[1], first, x.lane));

	if (index >= expr_width(pool, x.arg[0]) / x.lane)
		return zeros(pool, n->width);
	return expr_extract(pool, x.arg[0], index * x.lane + n->attr % x.lane, n->width);
}

const struct rewrite_rule rewrite_extract[] = {
	RULE(extract_all),   RULE(extract_twice),   RULE(extract_concat),  RULE(extract_extension),
	RULE(extract_ite),   RULE(extract_bitwise), RULE(extract_low_sum), RULE(extract_shift),
	RULE(extract_lanes), RULE(extract_perm),    END_OF_RULES,
};
