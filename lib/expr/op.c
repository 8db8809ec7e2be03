#include "lib/expr/op.h"

const struct op_info op_info[EXPR_NUM_OPS] = {
#define OP(name, text_, arity_, shape_, traits_) \
	[EXPR_##name] = {.text = text_, .arity = arity_, .shape = SHAPE_##shape_, .traits = traits_},
#include "lib/expr/op.def"
#undef OP
};

const char *expr_op_text(enum expr_op op)
{
	return op_info[op].text;
}

unsigned op_width(const struct expr_pool *pool, const struct expr *n)
{
	unsigned a = expr_width(pool, n->arg[0]);

	switch ((enum expr_shape)op_info[n->op].shape) {
	case SHAPE_LEAF:
	case SHAPE_LOAD:
	case SHAPE_EXTRACT:
	case SHAPE_EXTEND: return n->width;
	case SHAPE_SAME:
	case SHAPE_COUNT:
	case SHAPE_LANES:
	case SHAPE_LCOUNT: return a;
	case SHAPE_COMPARE: return 1;
	case SHAPE_ITE:
	case SHAPE_PERMUTE: return expr_width(pool, n->arg[1]);
	case SHAPE_CONCAT: return a + expr_width(pool, n->arg[1]);
	case SHAPE_GATHER: return n->lane ? a / n->lane : 0;
	case SHAPE_WIDEN: return 2 * a;
	case SHAPE_NARROW: return a / 2;
	case SHAPE_REDUCE: return n->lane;
	case SHAPE_FP: return fp_node_width(pool, n);
	}
	return 0;
}

static bool operands_have(const struct expr_pool *pool, const struct expr *n, unsigned width)
{
	for (unsigned i = 0; i < op_info[n->op].arity; i++)
		if (expr_width(pool, n->arg[i]) != width)
			return false;
	return true;
}

/* The rule for lane widths, which divide the operands that are split into lanes. */
static const char *check_lane(const struct expr_pool *pool, const struct expr *n)
{
	enum expr_shape shape = op_info[n->op].shape;
	unsigned a = expr_width(pool, n->arg[0]);

	if (!(op_info[n->op].traits & TRAIT_L))
		return n->lane ? "a lane width where none belongs" : NULL;
	if (shape == SHAPE_FP)
		return NULL;
	if (!n->lane || a % n->lane || (shape == SHAPE_PERMUTE && n->width % n->lane))
		return "the lane width does not divide the operand";
	if (n->lane > 64 && shape != SHAPE_PERMUTE)
		return "lanes wider than 64 bits";
	if (shape == SHAPE_NARROW && n->lane % 2)
		return "lanes that cannot be halved";
	return NULL;
}

static const char *check_operands(const struct expr_pool *pool, const struct expr *n)
{
	unsigned a = expr_width(pool, n->arg[0]), b = expr_width(pool, n->arg[1]);

	switch ((enum expr_shape)op_info[n->op].shape) {
	case SHAPE_LOAD: return a == 64 && n->width % 8 == 0 ? NULL : "a load's address or width";
	case SHAPE_SAME:
		if (n->op == EXPR_BSWAP && n->width % 8)
			return "bswap of parts of bytes";
		return operands_have(pool, n, n->width) ? NULL : "operands of different widths";
	case SHAPE_COMPARE: return a == b ? NULL : "operands of different widths";
	case SHAPE_LANES: return operands_have(pool, n, n->width) ? NULL : "operands of different widths";
	case SHAPE_FP: return fp_node_check(pool, n);
	case SHAPE_ITE:
		if (a != 1)
			return "a condition wider than a bit";
		return b == expr_width(pool, n->arg[2]) ? NULL : "branches of different widths";
	case SHAPE_EXTRACT: return (uint64_t)n->attr + n->width <= a ? NULL : "bits beyond the operand";
	case SHAPE_EXTEND: return a <= n->width ? NULL : "an extension to fewer bits";
	default: return NULL;
	}
}

const char *op_check(const struct expr_pool *pool, const struct expr *n)
{
	if (n->op >= EXPR_NUM_OPS)
		return "no such operator";
	for (unsigned i = 0; i < EXPR_MAX_ARGS; i++)
		if ((n->arg[i] != EXPR_NONE) != (i < op_info[n->op].arity))
			return "a wrong number of operands";

	const char *wrong = check_lane(pool, n);
	if (wrong)
		return wrong;
	if (!n->width || n->width > EXPR_MAX_WIDTH || n->width != op_width(pool, n))
		return "a width out of range";
	return check_operands(pool, n);
}
