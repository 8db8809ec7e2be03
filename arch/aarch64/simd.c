/* Lanes, operands and results of vector instructions. */
#include "arch/aarch64/simd.h"

/* ---- Shapes ---- */

bool asimd_begin_sized(struct a64_ctx *c, unsigned lane, struct asimd *ret)
{
	bool is_vector = a64_has(c, 'Q');
	unsigned width = is_vector ? (a64_field(c, 'Q') ? 128 : 64) : lane;
	bool has_size = c->row->param & (lane / 8 * SIMD_B);

	if (!has_size || (is_vector && width == lane)) {
		a64_undefined(c);
		return false;
	}
	*ret = (struct asimd){lane, width};
	return true;
}

bool asimd_begin(struct a64_ctx *c, struct asimd *ret)
{
	uint32_t sizes = c->row->param & SIMD_ALL;

	return asimd_begin_sized(c, a64_has(c, 'z') ? 8u << a64_field(c, 'z') : 8 * sizes / SIMD_B, ret);
}

/* ---- Lane-wise operators ---- */

expr_id asimd_unary(struct a64_ctx *c, enum expr_op op, unsigned lane, expr_id a)
{
	return expr_lanes(c->pool, op, lane, a, EXPR_NONE, EXPR_NONE);
}

expr_id asimd_binary(struct a64_ctx *c, enum expr_op op, unsigned lane, expr_id a, expr_id b)
{
	return expr_lanes(c->pool, op, lane, a, b, EXPR_NONE);
}

expr_id asimd_shift(struct a64_ctx *c, enum expr_op op, unsigned lane, expr_id a, unsigned amount)
{
	return asimd_binary(c, op, lane, a, a64_const(c, 8, amount));
}

expr_id asimd_shift_right(struct a64_ctx *c, unsigned lane, expr_id a, unsigned amount)
{
	return asimd_shift(c, asimd_is(c, SIMD_SIGNED) ? EXPR_VASHR : EXPR_VLSHR, lane, a, amount);
}

expr_id asimd_splat_const(struct a64_ctx *c, unsigned lane, unsigned width, uint64_t value)
{
	return expr_splat(c->pool, width, lane, value);
}

expr_id asimd_splat(struct a64_ctx *c, expr_id value, unsigned width)
{
	unsigned lane = expr_width(c->pool, value);

	return asimd_binary(c, EXPR_VPERM, lane, value, a64_const(c, width, 0));
}

expr_id asimd_permute(struct a64_ctx *c, expr_id from, unsigned lane, unsigned width, const uint8_t *index)
{
	return expr_permute(c->pool, width, lane, from, index);
}

expr_id asimd_every_second(struct a64_ctx *c, expr_id from, unsigned lane, unsigned width, unsigned first)
{
	uint8_t index[16];

	for (unsigned i = 0; i < width / lane; i++)
		index[i] = (uint8_t)(2 * i + first);
	return asimd_permute(c, from, lane, width, index);
}

expr_id asimd_insert(struct a64_ctx *c, expr_id vector, unsigned index, expr_id value)
{
	struct expr_pool *p = c->pool;
	unsigned lane = expr_width(p, value), low = index * lane, high = low + lane;
	expr_id result = value;

	if (low)
		result = expr_concat(p, result, expr_extract(p, vector, 0, low));
	if (high < 128)
		result = expr_concat(p, expr_extract(p, vector, high, 128 - high), result);
	return result;
}

/* ---- Operands ---- */

expr_id asimd_read(struct a64_ctx *c, char letter, unsigned width)
{
	return a64_v(c, a64_field(c, letter), width);
}

void asimd_read_words(struct a64_ctx *c, char letter, expr_id ret[SIMD_WORDS])
{
	for (unsigned i = 0; i < SIMD_WORDS; i++)
		ret[i] = expr_extract(c->pool, asimd_read(c, letter, 128), 32 * i, 32);
}

/*
 * Rm<index>: of 16-bit lanes the index is H:L:M; of larger ones H:L, and M is a bit of the register's number; of 64-bit
 * ones H.
 */
static expr_id element(struct a64_ctx *c, unsigned lane)
{
	unsigned reg = a64_field(c, 'm'), index = a64_field(c, 'H') << 1 | a64_field(c, 'L');

	if (lane == 64)
		index >>= 1;
	if (lane == 16)
		index = index << 1 | a64_field(c, 'M');
	else
		reg |= a64_field(c, 'M') << 4;
	return expr_extract(c->pool, a64_v(c, reg, 128), index * lane, lane);
}

expr_id asimd_second(struct a64_ctx *c, const struct asimd *s)
{
	if (a64_has(c, 'H'))
		return asimd_splat(c, element(c, s->lane), s->width);
	return a64_has(c, 'm') ? asimd_read(c, 'm', s->width) : a64_const(c, s->width, 0);
}

expr_id asimd_half(struct a64_ctx *c, const struct asimd *s, char letter)
{
	if (!a64_has(c, 'Q'))
		return asimd_read(c, letter, s->width);
	return expr_extract(c->pool, asimd_read(c, letter, 128), a64_field(c, 'Q') ? 64 : 0, 64);
}

expr_id asimd_second_half(struct a64_ctx *c, const struct asimd *s)
{
	if (a64_has(c, 'H'))
		return asimd_splat(c, element(c, s->lane), a64_has(c, 'Q') ? 64 : s->lane);
	return asimd_half(c, s, 'm');
}

expr_id asimd_widen(struct a64_ctx *c, unsigned lane, expr_id a)
{
	return asimd_unary(c, asimd_is(c, SIMD_SIGNED) ? EXPR_VWIDENS : EXPR_VWIDENU, lane, a);
}

/* ---- Results ---- */

void asimd_finish(struct a64_ctx *c, unsigned lane, expr_id value)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value);

	if (asimd_is(c, SIMD_INVERT))
		value = expr_not(p, value);
	if (asimd_is(c, SIMD_ADD))
		value = asimd_binary(c, EXPR_VADD, lane, asimd_read(c, 'd', width), value);
	if (asimd_is(c, SIMD_SUB))
		value = asimd_binary(c, EXPR_VSUB, lane, asimd_read(c, 'd', width), value);
	a64_set_v(c, a64_field(c, 'd'), value);
}

void asimd_finish_words(struct a64_ctx *c, const expr_id w[SIMD_WORDS])
{
	expr_id low = expr_concat(c->pool, w[1], w[0]), high = expr_concat(c->pool, w[3], w[2]);

	a64_set_v(c, a64_field(c, 'd'), expr_concat(c->pool, high, low));
}

void asimd_finish_narrow(struct a64_ctx *c, expr_id value)
{
	if (a64_has(c, 'Q') && a64_field(c, 'Q'))
		value = expr_concat(c->pool, value, asimd_read(c, 'd', 64));
	a64_set_v(c, a64_field(c, 'd'), value);
}

expr_id asimd_narrow(struct a64_ctx *c, unsigned lane, expr_id value)
{
	bool is_signed = asimd_is(c, SIMD_SIGNED), to_unsigned = asimd_is(c, SIMD_TO_UNSIGNED);

	if (!asimd_is(c, SIMD_SATURATE))
		return asimd_unary(c, EXPR_VNARROW, lane, value);
	expr_id result = asimd_unary(c,
				     to_unsigned ? EXPR_VNARROWSU
				     : is_signed ? EXPR_VNARROWSS
						 : EXPR_VNARROWUU,
				     lane, value);
	bool extends_sign = is_signed && !to_unsigned;
	expr_id again = asimd_unary(c, extends_sign ? EXPR_VWIDENS : EXPR_VWIDENU, lane / 2, result);
	asimd_saturated(c, again, value);
	return result;
}

void asimd_set_qc(struct a64_ctx *c, expr_id bit)
{
	struct expr_pool *p = c->pool;
	expr_id so_far = transfer_get_reg(c->t, A64_fpsr);
	expr_id before = so_far ? so_far : expr_reg(p, 32, A64_fpsr);
	expr_id qc = expr_concat(p, a64_const(c, 4, 0), expr_concat(p, bit, a64_const(c, 27, 0)));

	transfer_set_reg(c->t, A64_fpsr, expr_or(p, before, qc));
}

void asimd_saturated(struct a64_ctx *c, expr_id saturated, expr_id exact)
{
	asimd_set_qc(c, expr_ne(c->pool, saturated, exact));
}

/* Rounding adds half of what one result bit weighs, that is the highest bit that is shifted out: nothing overflows. */
expr_id asimd_shift_rounded(struct a64_ctx *c, unsigned lane, expr_id value, unsigned amount)
{
	expr_id cut = asimd_shift_right(c, lane, value, amount);

	if (!asimd_is(c, SIMD_ROUND))
		return cut;
	expr_id one = asimd_splat_const(c, lane, expr_width(c->pool, value), 1);
	expr_id bit = expr_and(c->pool, asimd_shift(c, EXPR_VLSHR, lane, value, amount - 1), one);
	return asimd_binary(c, EXPR_VADD, lane, cut, bit);
}

/* ---- Floating point ---- */

enum { FPSR_IDC = 7 }; /* C5.2.10 */

bool a64_fp_type(struct a64_ctx *c, struct fp_spec *ret)
{
	static const uint8_t formats[] = {FP_F32, FP_F64, FP_NUM_FORMATS, FP_F16};
	uint8_t format = formats[a64_field(c, 'y')];

	*ret = (struct fp_spec){.format = format, .rules = FP_ARM};
	if (format == FP_NUM_FORMATS)
		a64_undefined(c);
	return format != FP_NUM_FORMATS;
}

expr_id a64_fpcr(struct a64_ctx *c, unsigned bit)
{
	return expr_bit(c->pool, expr_reg(c->pool, FP_CONTROL_WIDTH, A64_fpcr), bit);
}

expr_id a64_fp(struct a64_ctx *c, enum expr_op op, const struct fp_spec *s, expr_id x, expr_id y, expr_id z)
{
	return expr_fp(c->pool, op, s, expr_reg(c->pool, FP_CONTROL_WIDTH, A64_fpcr), x, y, z);
}

void a64_fp_set_scalar(struct a64_ctx *c, expr_id value, char merged)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value), rest = 128 - width;
	expr_id kept = expr_extract(p, asimd_read(c, merged, 128), width, rest);
	expr_id above = expr_ite(p, a64_fpcr(c, FPCR_NEP), kept, a64_const(c, rest, 0));

	a64_set_v(c, a64_field(c, 'd'), expr_concat(p, above, value));
}

void a64_fp_raise(struct a64_ctx *c, expr_id flags)
{
	static const uint8_t from[] = {FP_INVALID, FP_DIVIDE, FP_OVERFLOW, FP_UNDERFLOW, FP_INEXACT};
	struct expr_pool *p = c->pool;
	expr_id raised = expr_concat(p, expr_bit(p, flags, FP_DENORMAL), a64_const(c, FPSR_IDC - sizeof from, 0));

	for (size_t i = sizeof from; i-- > 0;)
		raised = expr_concat(p, raised, expr_bit(p, flags, from[i]));
	expr_id so_far = transfer_get_reg(c->t, A64_fpsr), before = so_far ? so_far : expr_reg(p, 32, A64_fpsr);
	transfer_set_reg(c->t, A64_fpsr, expr_or(p, before, expr_zext(p, raised, 32)));
}

void a64_fp_finish(struct a64_ctx *c, expr_id node, char merged)
{
	a64_fp_set_scalar(c, expr_fp_value(c->pool, node), merged);
	a64_fp_raise(c, expr_fp_flags(c->pool, node));
}
