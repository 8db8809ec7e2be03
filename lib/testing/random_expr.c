#include "lib/testing/random_expr.h"

#include "lib/expr/bv.h"
#include "lib/expr/op.h"

/* One bit in eight is set. */
static uint64_t few_bits(struct rng *r)
{
	uint64_t value = rng_next(r);

	value &= rng_next(r);
	return value & rng_next(r);
}

void rng_value(struct rng *r, unsigned width, uint64_t *ret)
{
	uint32_t kind = rng_below(r, 8), bit = rng_below(r, width);
	unsigned words = bv_words(width);

	for (unsigned i = 0; i < words; i++) {
		switch (kind) {
		case 0: ret[i] = 0; break;
		case 1: ret[i] = UINT64_MAX; break;
		case 2: ret[i] = bit / 64 == i ? (uint64_t)1 << bit % 64 : 0; break;
		case 3: ret[i] = i ? 0 : rng_below(r, 2 * width); break;
		case 4: ret[i] = few_bits(r); break;
		default: ret[i] = rng_next(r); break;
		}
	}
	ret[words - 1] &= bv_top_mask(width);
}

const uint16_t random_widths[RANDOM_NUM_REGS] = {1, 7, 8, 16, 32, 63, 64, 65, 128, 256, 512, 64, 1, 32};
static const uint16_t word[RANDOM_NUM_REGS] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 15, 23, 24, 25};
const struct reg_layout random_layout = {.word = word, .width = random_widths, .num_regs = RANDOM_NUM_REGS};

void random_state(struct rng *r, uint64_t state[RANDOM_STATE_WORDS])
{
	for (unsigned i = 0; i < RANDOM_NUM_REGS; i++)
		rng_value(r, random_widths[i], state + word[i]);
}

/* A width of at least min and at most max. */
static unsigned random_width(struct random_expr *g, unsigned min, unsigned max)
{
	static const uint16_t usual[] = {1, 8, 16, 32, 64, 128};

	for (unsigned tries = 0; g->dense && tries < 8; tries++) {
		unsigned width = usual[rng_below(g->rng, 6)];

		if (width >= min && width <= max)
			return width;
	}
	return min + rng_below(g->rng, max - min + 1);
}

static expr_id random_const(struct random_expr *g, unsigned width)
{
	uint64_t words[EXPR_MAX_WORDS];

	if (g->dense && width > 4)
		return expr_const(g->pool, width, rng_below(g->rng, 4));
	rng_value(g->rng, width, words);
	return expr_const_wide(g->pool, width, words);
}

static expr_id random_leaf(struct random_expr *g, unsigned width)
{
	uint32_t reg = rng_below(g->rng, RANDOM_NUM_REGS);

	switch (rng_below(g->rng, 6)) {
	case 0:
	case 1: return random_const(g, width);
	case 2:
		if (g->undef)
			return rng_below(g->rng, 2) ? expr_undef(g->pool, width) : expr_env(g->pool, width, reg);
		break;
	default: break;
	}
	if (g->dense)
		reg = 0;
	for (unsigned i = 0; i < RANDOM_NUM_REGS; i++) /* the next one of just this width, or any */
		if (random_widths[(reg + i) % RANDOM_NUM_REGS] == width)
			return expr_reg(g->pool, width, (reg + i) % RANDOM_NUM_REGS);

	expr_id any = expr_reg(g->pool, random_widths[reg], reg);
	if (random_widths[reg] > width)
		return expr_extract(g->pool, any, rng_below(g->rng, random_widths[reg] - width + 1), width);
	return rng_below(g->rng, 2) ? expr_zext(g->pool, any, width) : expr_sext(g->pool, any, width);
}

/* A lane width up to max that divides width and is a multiple of unit; 0: there is none. */
static unsigned random_lane(struct random_expr *g, unsigned width, unsigned unit, unsigned max)
{
	static const uint16_t usual[] = {8, 16, 32, 64};
	unsigned lane = usual[rng_below(g->rng, 4)];

	if (width % lane == 0 && lane <= max)
		return lane;
	for (unsigned tries = 0; tries < 16; tries++) {
		lane = unit * (1 + rng_below(g->rng, max / unit));
		if (width % lane == 0)
			return lane;
	}
	return width % unit ? 0 : unit;
}

static expr_id random_load(struct random_expr *g, unsigned width, unsigned depth)
{
	if (!g->load || width % 8)
		return EXPR_NONE;
	return expr_load(g->pool, width, random_expr(g, 64, depth), rng_below(g->rng, g->max_version + 1));
}

static expr_id random_structure(struct random_expr *g, enum expr_op op, unsigned width, unsigned depth)
{
	unsigned other;

	switch (op) {
	case EXPR_LOAD: return random_load(g, width, depth);
	case EXPR_CONCAT:
		if (width < 2)
			return EXPR_NONE;
		other = random_width(g, 1, width - 1);
		return expr_concat(g->pool, random_expr(g, other, depth), random_expr(g, width - other, depth));
	case EXPR_EXTRACT:
		other = random_width(g, width, EXPR_MAX_WIDTH);
		return expr_extract(g->pool, random_expr(g, other, depth), rng_below(g->rng, other - width + 1), width);
	case EXPR_ZEXT: return expr_zext(g->pool, random_expr(g, random_width(g, 1, width), depth), width);
	case EXPR_SEXT: return expr_sext(g->pool, random_expr(g, random_width(g, 1, width), depth), width);
	default: return EXPR_NONE;
	}
}

/* Lane-wise operators whose result has as many bits as the operand or other than it. */
static expr_id random_lanes(struct random_expr *g, enum expr_op op, unsigned width, unsigned depth)
{
	unsigned a = width, unit = 1, max = 64, lane;
	bool two = op_info[op].arity == 2;

	switch (op_info[op].shape) {
	case SHAPE_GATHER: a = width * (1 + rng_below(g->rng, 16)), lane = a / width; break;
	case SHAPE_WIDEN: a = width / 2, lane = 0; break;
	case SHAPE_NARROW: a = 2 * width, unit = 2, lane = 0; break;
	case SHAPE_REDUCE: a = width * (1 + rng_below(g->rng, 8)), lane = width; break;
	case SHAPE_PERMUTE: max = width, lane = 0; break;
	default: lane = 0; break;
	}
	if (!a || a > EXPR_MAX_WIDTH || (op_info[op].shape == SHAPE_WIDEN && width % 2))
		return EXPR_NONE;
	if (!lane)
		lane = random_lane(g, a, unit, max < a ? max : a);
	if (!lane || lane > max)
		return EXPR_NONE;
	if (op_info[op].shape == SHAPE_PERMUTE) {
		a = lane * (1 + rng_below(g->rng, EXPR_MAX_WIDTH / lane));
	}

	expr_id first = random_expr(g, a, depth), second = EXPR_NONE;
	if (two && op_info[op].shape == SHAPE_LCOUNT)
		second = random_expr(g, 1 + rng_below(g->rng, 80), depth);
	else if (two)
		second = random_expr(g, width, depth);
	return expr_lanes(g->pool, op, lane, first, second, EXPR_NONE);
}

struct fp_spec random_fp_spec(struct rng *r, enum expr_op op)
{
	uint32_t attr;

	do {
		attr = (uint32_t)rng_next(r) & fp_op_fields(op);
	} while (fp_spec_check(op, attr));
	return fp_spec_unpack(attr);
}

/* Bits of value and flags, whichever they are. */
static expr_id random_fp(struct random_expr *g, enum expr_op op, unsigned width, unsigned depth)
{
	const struct fp_spec s = random_fp_spec(g->rng, op);
	unsigned operand = fp_operand_lane(op, &s), result = fp_result_lane(op, &s), last = op_info[op].arity - 1u;
	bool vector = operand <= 64 && result <= 64 && op != EXPR_FORDER && op != EXPR_FREM && rng_below(g->rng, 2);
	unsigned lanes = vector ? 1 + rng_below(g->rng, 256 / (operand > result ? operand : result)) : 1;
	expr_id arg[3] = {EXPR_NONE};

	for (unsigned i = 0; i < last; i++)
		arg[i] = random_expr(g, lanes * operand, depth);
	expr_id control = random_expr(g, FP_CONTROL_WIDTH, depth);
	expr_id id = expr_fp(g->pool, op, &s, control, arg[0], arg[1], arg[2]);
	unsigned have = expr_width(g->pool, id);
	return have < width ? expr_zext(g->pool, id, width)
			    : expr_extract(g->pool, id, rng_below(g->rng, have - width + 1), width);
}

static expr_id random_operator(struct random_expr *g, enum expr_op op, unsigned width, unsigned depth)
{
	expr_id a, b;

	switch (op_info[op].shape) {
	case SHAPE_SAME:
		if (op == EXPR_BSWAP && width % 8)
			return EXPR_NONE;
		a = random_expr(g, width, depth);
		return op_info[op].arity == 1 ? expr_unary(g->pool, op, a)
					      : expr_binary(g->pool, op, a, random_expr(g, width, depth));
	case SHAPE_COUNT:
		a = random_expr(g, width, depth);
		return expr_binary(g->pool, op, a, random_expr(g, random_width(g, 1, 130), depth));
	case SHAPE_COMPARE:
		if (width != 1)
			return EXPR_NONE;
		width = g->dense ? random_width(g, 1, 128) : random_widths[rng_below(g->rng, RANDOM_NUM_REGS)];
		a = random_expr(g, width, depth);
		return expr_binary(g->pool, op, a, random_expr(g, width, depth));
	case SHAPE_ITE:
		a = random_expr(g, 1, depth);
		b = random_expr(g, width, depth);
		return expr_ite(g->pool, a, b, random_expr(g, width, depth));
	case SHAPE_LEAF:
	case SHAPE_LOAD:
	case SHAPE_CONCAT:
	case SHAPE_EXTRACT:
	case SHAPE_EXTEND: return random_structure(g, op, width, depth);
	case SHAPE_FP: return random_fp(g, op, width, depth);
	default: return random_lanes(g, op, width, depth);
	}
}

/* An expression made before, perhaps negated or cut to the width: rules about equal operands need some. */
static expr_id random_old(struct random_expr *g, unsigned width)
{
	for (unsigned tries = 0; tries < 8 && g->made.len; tries++) {
		expr_id id = g->made.at[rng_below(g->rng, (uint32_t)g->made.len)];
		unsigned have = expr_width(g->pool, id);

		if (have == width)
			return rng_below(g->rng, 4) ? id : expr_not(g->pool, id);
		if (have > width && !rng_below(g->rng, 4))
			return expr_extract(g->pool, id, rng_below(g->rng, have - width + 1), width);
	}
	return EXPR_NONE;
}

/* Half of the operators are vectors': left to chance less often. */
static enum expr_op random_op(struct random_expr *g)
{
	return rng_below(g->rng, g->dense || rng_below(g->rng, 2) ? EXPR_VADD : EXPR_NUM_OPS);
}

expr_id random_expr(struct random_expr *g, unsigned width, unsigned depth)
{
	expr_id id = EXPR_NONE;

	if (!rng_below(g->rng, 4))
		id = random_old(g, width);
	if (!id && (!depth || !rng_below(g->rng, 8)))
		id = random_leaf(g, width);
	for (unsigned tries = 0; !id && tries < 64; tries++)
		id = random_operator(g, random_op(g), width, depth - 1);
	if (!id)
		id = random_leaf(g, width);
	if (!vec_push(&g->made, id))
		abort();
	return id;
}
