#include "lib/expr/taint.h"

#include "lib/expr/bv.h"
#include "lib/expr/fp_op.h"
#include "lib/expr/live.h"
#include "lib/expr/masks.h"

/*
 * A node with its operands' masks; EXPR_NONE stands for a mask of zeros, and at least one operand has another. Masks
 * may be built from operands' values: a value under its own mask is arbitrary, so each rule must hold for any.
 */
struct tainted {
	struct expr_pool *pool;
	const struct expr *n;
	expr_id arg[EXPR_MAX_ARGS]; /* masks */
};

static expr_id or_masks(struct expr_pool *pool, expr_id a, expr_id b)
{
	return !a ? b : !b ? a : expr_or(pool, a, b);
}

static expr_id all_ones(struct expr_pool *pool, unsigned width)
{
	static const uint64_t ones[EXPR_MAX_WORDS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
						      UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

	return expr_const_wide(pool, width, ones);
}

/* All bits of the width if any bit of the mask is set. */
static expr_id if_any(struct expr_pool *pool, expr_id mask, unsigned width)
{
	if (!mask)
		return EXPR_NONE;

	expr_id any = expr_not(pool, expr_is_zero(pool, mask));
	return expr_sext(pool, any, width);
}

static expr_id any_operand(const struct tainted *t)
{
	expr_id all = EXPR_NONE;

	for (unsigned i = 0; i < EXPR_MAX_ARGS; i++)
		all = or_masks(t->pool, all, if_any(t->pool, t->arg[i], t->n->width));
	return all;
}

/* From the lowest undetermined bit upwards: where carries go. */
static expr_id spread_up(const struct tainted *t)
{
	expr_id mask = or_masks(t->pool, t->arg[0], t->arg[1]);

	if (t->n->lane)
		return expr_or(t->pool, mask, expr_lanes(t->pool, EXPR_VNEG, t->n->lane, mask, 0, 0));
	return expr_or(t->pool, mask, expr_neg(t->pool, mask));
}

/* All of each lane in which any bit is set. */
static expr_id lanes_if_any(struct expr_pool *pool, expr_id mask, unsigned lane)
{
	static const uint64_t zero[EXPR_MAX_WORDS];

	if (!mask)
		return EXPR_NONE;

	expr_id zeros = expr_const_wide(pool, expr_width(pool, mask), zero);
	return expr_not(pool, expr_lanes(pool, EXPR_VEQ, lane, mask, zeros, 0));
}

static expr_id any_in_lane(const struct tainted *t)
{
	expr_id mask = or_masks(t->pool, or_masks(t->pool, t->arg[0], t->arg[1]), t->arg[2]);

	return t->n->lane <= 64 ? lanes_if_any(t->pool, mask, t->n->lane) : if_any(t->pool, mask, t->n->width);
}

/* The same operator on the masks, its attributes kept: where bits only move. The other operands keep their values. */
static expr_id moved(const struct tainted *t, expr_id first)
{
	struct expr n = *t->n;

	n.arg[0] = first;
	return first ? expr_make(t->pool, n) : EXPR_NONE;
}

/* A bit of a & b is undetermined if one side's is, and the other's is or is 1; of a | b: or is 0. */
static expr_id and_side(const struct tainted *t, unsigned side)
{
	expr_id other = t->n->arg[!side];

	if (!t->arg[side])
		return EXPR_NONE;
	if (t->n->op == EXPR_OR)
		other = expr_not(t->pool, other);
	return expr_and(t->pool, t->arg[side], or_masks(t->pool, other, t->arg[!side]));
}

static expr_id taint_and(const struct tainted *t)
{
	return or_masks(t->pool, and_side(t, 0), and_side(t, 1));
}

static expr_id taint_xor(const struct tainted *t)
{
	return or_masks(t->pool, t->arg[0], t->arg[1]);
}

static expr_id taint_moved(const struct tainted *t)
{
	return moved(t, t->arg[0]);
}

/* By a count that is undetermined: everything. */
static expr_id taint_shift(const struct tainted *t)
{
	return or_masks(t->pool, moved(t, t->arg[0]), if_any(t->pool, t->arg[1], t->n->width));
}

/* By a count or an index for each lane: the lanes in which that is undetermined. */
static expr_id taint_lane_shift(const struct tainted *t)
{
	expr_id lanes = t->n->lane <= 64 ? lanes_if_any(t->pool, t->arg[1], t->n->lane)
					 : if_any(t->pool, t->arg[1], t->n->width);

	return or_masks(t->pool, moved(t, t->arg[0]), lanes);
}

static expr_id or_zeros(const struct tainted *t, unsigned i)
{
	return t->arg[i] ? t->arg[i] : expr_const(t->pool, expr_width(t->pool, t->n->arg[i]), 0);
}

static expr_id taint_ite(const struct tainted *t)
{
	expr_id then = or_zeros(t, 1), otherwise = or_zeros(t, 2);
	expr_id chosen = expr_ite(t->pool, t->n->arg[0], then, otherwise);

	if (!t->arg[0])
		return chosen;

	expr_id differ = expr_xor(t->pool, t->n->arg[1], t->n->arg[2]);
	expr_id either = expr_or(t->pool, expr_or(t->pool, then, otherwise), differ);
	return expr_ite(t->pool, t->arg[0], either, chosen);
}

static expr_id taint_concat(const struct tainted *t)
{
	return expr_concat(t->pool, or_zeros(t, 0), or_zeros(t, 1));
}

static expr_id taint_saturating_narrow(const struct tainted *t)
{
	expr_id lanes = lanes_if_any(t->pool, t->arg[0], t->n->lane);

	return expr_lanes(t->pool, EXPR_VNARROW, t->n->lane, lanes, 0, 0);
}

/* Lanes that are all ones or zeros, with another width of lanes. */
static expr_id resize_lanes(struct expr_pool *pool, expr_id mask, unsigned from, unsigned to)
{
	for (; from < to; from *= 2)
		mask = expr_lanes(pool, EXPR_VWIDENS, from, mask, 0, 0);
	for (; from > to; from /= 2)
		mask = expr_lanes(pool, EXPR_VNARROW, from, mask, 0, 0);
	return mask;
}

/* A lane with an undetermined bit in an operand is so as a whole, and so are the flags; by an undetermined bit of
 * the control register all, if the mode is made of it. */
static expr_id taint_fp(const struct tainted *t)
{
	const struct fp_spec spec = fp_spec_unpack(t->n->attr);
	unsigned last = op_info[t->n->op].arity - 1u, lane = fp_operand_lane(t->n->op, &spec);
	unsigned width = expr_width(t->pool, t->n->arg[0]);
	expr_id mask = EXPR_NONE, all = EXPR_NONE;

	if (t->arg[last]) {
		expr_id needed = expr_const(t->pool, FP_CONTROL_WIDTH, fp_control_needed(t->n->op, &spec));
		all = if_any(t->pool, expr_and(t->pool, t->arg[last], needed), t->n->width);
	}
	for (unsigned i = 0; i < last; i++)
		mask = or_masks(t->pool, mask, t->arg[i]);
	if (!mask || width == lane)
		return or_masks(t->pool, all, if_any(t->pool, mask, t->n->width));
	expr_id flags = if_any(t->pool, mask, FP_NUM_FLAGS);
	expr_id lanes = resize_lanes(t->pool, lanes_if_any(t->pool, mask, lane), lane, t->n->lane);
	return or_masks(t->pool, all, expr_concat(t->pool, flags, lanes));
}

typedef expr_id taint_rule(const struct tainted *t);

/* What is not listed: any_in_lane() for lane-wise operators, else any_operand(). */
static taint_rule *const rules[EXPR_NUM_OPS] = {
	[EXPR_NOT] = taint_xor,
	[EXPR_NEG] = spread_up,
	[EXPR_AND] = taint_and,
	[EXPR_OR] = taint_and,
	[EXPR_XOR] = taint_xor,
	[EXPR_ADD] = spread_up,
	[EXPR_SUB] = spread_up,
	[EXPR_MUL] = spread_up,
	[EXPR_SHL] = taint_shift,
	[EXPR_LSHR] = taint_shift,
	[EXPR_ASHR] = taint_shift,
	[EXPR_ROL] = taint_shift,
	[EXPR_ROR] = taint_shift,
	[EXPR_BSWAP] = taint_moved,
	[EXPR_BITREV] = taint_moved,
	[EXPR_ITE] = taint_ite,
	[EXPR_CONCAT] = taint_concat,
	[EXPR_EXTRACT] = taint_moved,
	[EXPR_ZEXT] = taint_moved,
	[EXPR_SEXT] = taint_moved,
	[EXPR_VADD] = spread_up,
	[EXPR_VSUB] = spread_up,
	[EXPR_VNEG] = spread_up,
	[EXPR_VMUL] = spread_up,
	[EXPR_VSHL] = taint_shift,
	[EXPR_VLSHR] = taint_shift,
	[EXPR_VASHR] = taint_shift,
	[EXPR_VSHLV] = taint_lane_shift,
	[EXPR_VLSHRV] = taint_lane_shift,
	[EXPR_VASHRV] = taint_lane_shift,
	[EXPR_VPERM] = taint_lane_shift,
	[EXPR_VMSB] = taint_moved,
	[EXPR_VWIDENU] = taint_moved,
	[EXPR_VWIDENS] = taint_moved,
	[EXPR_VNARROW] = taint_moved,
	[EXPR_VNARROWSS] = taint_saturating_narrow,
	[EXPR_VNARROWSU] = taint_saturating_narrow,
	[EXPR_VNARROWUU] = taint_saturating_narrow,
	[EXPR_VSUM] = any_operand,
};

static taint_rule *rule_for(const struct expr *n)
{
	enum expr_shape shape = op_info[n->op].shape;

	if (rules[n->op])
		return rules[n->op];
	if (shape == SHAPE_FP)
		return taint_fp;
	return n->lane ? any_in_lane : any_operand;
}

/* A leaf's own mask. */
static expr_id leaf_mask(struct expr_pool *pool, const struct expr *n, unsigned sources)
{
	struct expr unknown = *n;

	switch (n->op) {
	case EXPR_UNDEF: return sources & TAINT_UNDEF ? all_ones(pool, n->width) : EXPR_NONE;
	case EXPR_ENV: return sources & TAINT_ENV ? all_ones(pool, n->width) : EXPR_NONE;
	case EXPR_REG:
	case EXPR_LOAD:
		if (!(sources & TAINT_UNKNOWN) || n->attr & TAINT_MASK_BIT)
			return EXPR_NONE;
		unknown.attr |= TAINT_MASK_BIT;
		return pool_intern(pool, &unknown, NULL);
	default: return EXPR_NONE;
	}
}

static bool is_zero_const(const struct expr_pool *pool, expr_id id)
{
	const struct expr *n = node(pool, id);

	return n->op == EXPR_CONST && bv_is_zero(node_words(pool, n), n->width);
}

static expr_id mask_of(struct expr_pool *pool, const struct expr *n, unsigned sources, const expr_id *masks)
{
	struct tainted t = {.pool = pool, .n = n};
	expr_id own = leaf_mask(pool, n, sources);
	bool any = false;

	for (unsigned i = 0; i < op_info[n->op].arity; i++) {
		t.arg[i] = masks[n->arg[i]];
		any |= t.arg[i] != EXPR_NONE;
	}

	expr_id mask = any ? or_masks(pool, own, rule_for(n)(&t)) : own;
	return mask && is_zero_const(pool, mask) ? EXPR_NONE : mask;
}

bool taint_masks(struct expr_pool *pool, const uint32_t *uses, size_t num, unsigned sources, expr_id *ret)
{
	for (expr_id id = 1; id < num; id++) {
		struct expr n = *node(pool, id);

		if (uses[id])
			ret[id] = mask_of(pool, &n, sources, ret);
	}
	return !pool->failed;
}

expr_id expr_taint(struct expr_pool *pool, expr_id id, unsigned sources)
{
	struct roots roots = {0};
	size_t num = pool->nodes.len;

	if (!id)
		return EXPR_NONE;
	roots_add(&roots, id);

	uint32_t *uses = live_uses(pool, &roots);
	expr_id *masks = calloc(num, sizeof *masks), ret = EXPR_NONE;
	if (!uses || !masks)
		pool->failed = true;
	else if (taint_masks(pool, uses, num, sources, masks))
		ret = masks[id] ? masks[id] : expr_const(pool, expr_width(pool, id), 0);
	free(uses);
	free(masks);
	roots_deinit(&roots);
	return ret;
}
