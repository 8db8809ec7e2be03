/* Rules for lane-wise operators. */
#include "lib/expr/rewrite.h"

/* ---- Shared by several operators ---- */

/* match:  x + 0, x - 0, x << 0 lane by lane, saturating or not
 * result: x */
MATCH(zero_second)
{
	return is_zero(pool, n->arg[1]);
}

APPLY(zero_second)
{
	return n->arg[0];
}

/* match:  x - x, x > x
 * result: 0 */
MATCH(same_gives_zero)
{
	return n->arg[0] == n->arg[1];
}

APPLY(same_gives_zero)
{
	return zeros(pool, n->width);
}

/* match:  a lane-wise operator with one lane
 * result: the operator without lanes */
static enum expr_op scalar_of(enum expr_op op)
{
	static const uint8_t scalar[EXPR_NUM_OPS] = {
		[EXPR_VADD] = EXPR_ADD,    [EXPR_VSUB] = EXPR_SUB,    [EXPR_VNEG] = EXPR_NEG,   [EXPR_VMUL] = EXPR_MUL,
		[EXPR_VSHL] = EXPR_SHL,    [EXPR_VLSHR] = EXPR_LSHR,  [EXPR_VASHR] = EXPR_ASHR, [EXPR_VSHLV] = EXPR_SHL,
		[EXPR_VLSHRV] = EXPR_LSHR, [EXPR_VASHRV] = EXPR_ASHR,
	};

	return scalar[op];
}

MATCH(one_lane)
{
	return n->lane == n->width && scalar_of(n->op);
}

APPLY(one_lane)
{
	struct expr scalar = *n;

	scalar.op = (uint8_t)scalar_of(n->op);
	scalar.lane = 0;
	return expr_make(pool, scalar);
}

const struct rewrite_rule rewrite_vadd[] = {RULE(zero_second), RULE(one_lane), END_OF_RULES};
const struct rewrite_rule rewrite_vadds[] = {RULE(zero_second), END_OF_RULES};
const struct rewrite_rule rewrite_vsub[] = {RULE(zero_second), RULE(same_gives_zero), RULE(one_lane), END_OF_RULES};
const struct rewrite_rule rewrite_vsubs[] = {RULE(zero_second), RULE(same_gives_zero), END_OF_RULES};
const struct rewrite_rule rewrite_vgt[] = {RULE(same_gives_zero), END_OF_RULES};

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

const struct rewrite_rule rewrite_vshift[] = {
	RULE(zero_second),
	RULE(shift_of_zero),
	RULE(one_lane),
	END_OF_RULES,
};

/* match:  x * 0
 * result: 0 */
MATCH(vmul_zero)
{
	return is_zero(pool, n->arg[1]);
}

APPLY(vmul_zero)
{
	return n->arg[1];
}

const struct rewrite_rule rewrite_vmul[] = {RULE(vmul_zero), RULE(one_lane), END_OF_RULES};

/* match:  the minimum, maximum or average of x and x
 * result: x */
MATCH(idempotent)
{
	return n->arg[0] == n->arg[1];
}

APPLY(idempotent)
{
	return n->arg[0];
}

const struct rewrite_rule rewrite_vminmax[] = {RULE(idempotent), END_OF_RULES};

/* match:  x == x lane by lane
 * result: ~0 */
MATCH(veq_same)
{
	return n->arg[0] == n->arg[1];
}

APPLY(veq_same)
{
	return ones(pool, n->width);
}

const struct rewrite_rule rewrite_veq[] = {RULE(veq_same), END_OF_RULES};

/* match:  --x, with the same lanes
 * result: x */
MATCH(vneg_twice)
{
	return is_op(pool, n->arg[0], n->op) && node(pool, n->arg[0])->lane == n->lane;
}

APPLY(vneg_twice)
{
	return arg_of(pool, n->arg[0], 0);
}

const struct rewrite_rule rewrite_vunary[] = {RULE(vneg_twice), RULE(one_lane), END_OF_RULES};

/* ---- Lanes moved and resized ---- */

static unsigned index_at(const struct expr_pool *pool, const struct expr *n, unsigned lane)
{
	const struct expr *indices = node(pool, n->arg[1]);
	uint64_t one[EXPR_MAX_WORDS] = {0};
	const struct bv_op extract = {
		.op = EXPR_EXTRACT,
		.width = n->lane,
		.attr = lane * n->lane,
		.arg_width = {indices->width},
	};

	bv_apply(&extract, one, (const uint64_t *const[EXPR_MAX_ARGS]){node_words(pool, indices)});
	return bv_count(one, n->lane);
}

/* match:  perm(x, c), c being k, k + 1, k + 2, ...
 * result: the lanes of x from k on */
MATCH(perm_in_order)
{
	unsigned first;

	if (!is_const(pool, n->arg[1]))
		return false;
	first = index_at(pool, n, 0);
	for (unsigned i = 1; i < n->width / n->lane; i++)
		if (index_at(pool, n, i) != first + i)
			return false;
	return (first + n->width / n->lane) * n->lane <= expr_width(pool, n->arg[0]);
}

APPLY(perm_in_order)
{
	return expr_extract(pool, n->arg[0], index_at(pool, n, 0) * n->lane, n->width);
}

/* match:  perm(0, y)
 * result: 0 */
MATCH(perm_of_zero)
{
	return is_zero(pool, n->arg[0]);
}

APPLY(perm_of_zero)
{
	return zeros(pool, n->width);
}

const struct rewrite_rule rewrite_vperm[] = {RULE(perm_in_order), RULE(perm_of_zero), END_OF_RULES};

/* match:  the top bit, the widening, the narrowing, the sum of one lane
 * result: extract, zext, sext, extract, the lane itself */
MATCH(resize_one_lane)
{
	return n->lane == expr_width(pool, n->arg[0]);
}

APPLY(resize_one_lane)
{
	switch (n->op) {
	case EXPR_VMSB: return expr_msb(pool, n->arg[0]);
	case EXPR_VWIDENU: return expr_zext(pool, n->arg[0], n->width);
	case EXPR_VWIDENS: return expr_sext(pool, n->arg[0], n->width);
	case EXPR_VNARROW: return expr_extract(pool, n->arg[0], 0, n->width);
	default: return n->arg[0];
	}
}

const struct rewrite_rule rewrite_vresize[] = {RULE(resize_one_lane), END_OF_RULES};
