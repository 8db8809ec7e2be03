/*
 * Numbers of eight bits (FEAT_FP8, FEAT_FP8FMA, FEAT_FP8DOT2, FEAT_FP8DOT4, FEAT_F8F16MM, FEAT_F8F32MM), whose formats
 * and scales are in FPMR: E5M2 or E4M3. Of FPCR only AH counts, which makes the default NaN negative.
 */
#include "arch/aarch64/simd_fp.h"

static expr_id fpmr(struct a64_ctx *c, unsigned low, unsigned width)
{
	return expr_extract(c->pool, expr_reg(c->pool, 64, A64_fpmr), low, width);
}

static expr_id is_format(struct a64_ctx *c, unsigned field, enum fp_f8_format format)
{
	return expr_eq(c->pool, fpmr(c, field, 3), a64_const(c, 3, format));
}

/* FPDefaultNaN(): NaNs, which are the positive one so far, are negative with FPCR.AH. */
static expr_id sign_nans(struct a64_ctx *c, enum fp_format format, expr_id value)
{
	static const uint32_t positive[] = {[FP_F16] = 0x7e00, [FP_BF16] = 0x7fc0, [FP_F32] = 0x7fc00000};
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value), lane = fp_width(format);
	expr_id ah = a64_fpcr(c, FPCR_AH);
	expr_id is_nan = asimd_binary(c, EXPR_VEQ, lane, value, asimd_splat_const(c, lane, width, positive[format]));
	expr_id sign = expr_and(p, is_nan, asimd_splat_const(c, lane, width, UINT64_C(1) << (lane - 1)));

	return expr_or(p, value, expr_ite(p, ah, sign, a64_const(c, width, 0)));
}

/* ---- Sums of products, in one rounding and without exceptions ---- */

enum { F8_HALF = 1 << 8, F8_ONE = 1 << 9 }; /* param: the result is half precision; of one product */

/*
 * FP8DotAddFP(), FP8MulAddFP(): the bytes of each lane, or the lowest alone, are multiplied, and added to the addend,
 * whose lanes are as wide. `lane`: a format of that width.
 */
static void add_products(struct a64_ctx *c, enum fp_format lane, expr_id n, expr_id m, expr_id addend)
{
	const struct fp_spec spec = {
		.format = asimd_is(c, F8_HALF) ? FP_F16 : FP_F32,
		.from = lane,
		.rules = FP_ARM,
		.exact = asimd_is(c, F8_ONE),
	};
	expr_id r = expr_fp(c->pool, EXPR_F8DOT, &spec, fpmr(c, 0, 32), n, m, addend);

	a64_set_v(c, a64_field(c, 'd'), sign_nans(c, spec.format, expr_fp_value(c->pool, r)));
}

static void add_to_lanes(struct a64_ctx *c, const struct asimd *s, expr_id n, expr_id m)
{
	add_products(c, s->lane == 16 ? FP_F16 : FP_F32, n, m, asimd_read(c, 'd', s->width));
}

/* FDOT */
static void build_dot(struct a64_ctx *c)
{
	const struct asimd s = {asimd_is(c, F8_HALF) ? 16 : 32, a64_field(c, 'Q') ? 128 : 64};

	add_to_lanes(c, &s, asimd_read(c, 'n', s.width), asimd_second(c, &s));
}

/* Rm, or in all bytes that of it which fields H, L, M and the highest bit of m choose. */
static expr_id second_bytes(struct a64_ctx *c)
{
	if (!a64_has(c, 'H'))
		return asimd_read(c, 'm', 128);
	unsigned m = a64_field(c, 'm');
	unsigned index = a64_field(c, 'H') << 3 | a64_field(c, 'L') << 2 | a64_field(c, 'M') << 1 | m >> 3;
	return asimd_splat(c, expr_extract(c->pool, a64_v(c, m & 7, 128), index * 8, 8), 128);
}

/* FMLALB, FMLALT, FMLALLBB ..: in each lane one byte, whose number is in param. */
static void build_multiply_add(struct a64_ctx *c)
{
	const struct asimd s = {asimd_is(c, F8_HALF) ? 16 : 32, 128};
	unsigned select = c->row->param & SIMD_OP;
	expr_id n = asimd_shift(c, EXPR_VLSHR, s.lane, asimd_read(c, 'n', 128), 8 * select);
	expr_id m = asimd_shift(c, EXPR_VLSHR, s.lane, second_bytes(c), 8 * select);

	add_to_lanes(c, &s, n, m);
}

/*
 * FMMLA, FP8MatMulAddFP(): rows of twice the result's width; lane 2 i + j is row i of Rn by row j of Rm, of halves in
 * each 64 bits.
 */
static void build_matrix(struct a64_ctx *c)
{
	static const uint8_t rows_n[8] = {0, 0, 1, 1, 2, 2, 3, 3}, rows_m[8] = {0, 1, 0, 1, 2, 3, 2, 3};
	bool half = asimd_is(c, F8_HALF);
	unsigned lane = half ? 16 : 32;
	expr_id n = asimd_permute(c, asimd_read(c, 'n', 128), 2 * lane, 256, rows_n);
	expr_id m = asimd_permute(c, asimd_read(c, 'm', 128), 2 * lane, 256, rows_m);
	expr_id addend = asimd_unary(c, EXPR_VWIDENU, lane, asimd_read(c, 'd', 128));

	add_products(c, half ? FP_F32 : FP_F64, n, m, addend);
}

/* ---- Conversions ---- */

/* An operator that looks at no control register: to nearest, nothing flushed. */
static expr_id plain(struct a64_ctx *c, enum expr_op op, const struct fp_spec *s, expr_id x, expr_id y)
{
	return expr_fp(c->pool, op, s, a64_const(c, FP_CONTROL_WIDTH, 0), x, y, EXPR_NONE);
}

/*
 * Bytes as halves, each in 16 bits: E5M2 is the upper half of one; E4M3 one without its lowest bits, divided by 2^8,
 * but for NaNs, where all bits but the sign are set. They signal, and so do all bytes of a reserved format.
 */
static expr_id halves(struct a64_ctx *c, expr_id bytes, unsigned field)
{
	struct expr_pool *p = c->pool;
	expr_id wide = asimd_unary(c, EXPR_VWIDENU, 8, bytes), e5m2 = asimd_shift(c, EXPR_VSHL, 16, wide, 8);
	unsigned width = expr_width(p, wide);
	expr_id magnitude = expr_and(p, wide, asimd_splat_const(c, 16, width, 0x7f));
	expr_id sign = expr_and(p, e5m2, asimd_splat_const(c, 16, width, 0x8000));
	expr_id is_nan = asimd_binary(c, EXPR_VEQ, 16, magnitude, asimd_splat_const(c, 16, width, 0x7f));
	expr_id nan = expr_and(p, is_nan, asimd_splat_const(c, 16, width, 0x7c01));
	expr_id number = expr_or(p, sign, asimd_shift(c, EXPR_VSHL, 16, magnitude, 7));

	expr_id e4m3 = expr_or(p, nan, expr_and(p, number, expr_not(p, is_nan)));
	expr_id reserved = asimd_splat_const(c, 16, width, 0x7c01);

	return expr_ite(p, is_format(c, field, FP_E5M2), e5m2,
			expr_ite(p, is_format(c, field, FP_E4M3), e4m3, reserved));
}

/* param: of F1CVTL and its kin */
enum { CONVERT_SECOND = 1 << 8, CONVERT_BF16 = 1 << 9 };

/* F1CVTL, F2CVTL, BF1CVTL, BF2CVTL: FP8ConvertFP(), divided by 2^LSCALE or 2^LSCALE2, of which the low bits count. */
static void build_widen(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	bool second = asimd_is(c, CONVERT_SECOND);
	const struct asimd s = {8, 128};
	const struct fp_spec spec = {.format = asimd_is(c, CONVERT_BF16) ? FP_BF16 : FP_F16, .rules = FP_ARM};
	const struct fp_spec from_half = {.format = FP_BF16, .from = FP_F16, .rules = FP_ARM};
	const struct fp_spec from_int = {.format = spec.format, .rules = FP_ARM, .is_signed = true, .integer = 16};
	unsigned field = second ? FPMR_F8S2 : FPMR_F8S1, scale_width = asimd_is(c, CONVERT_BF16) ? 6 : 4;
	expr_id scale = expr_zext(p, fpmr(c, second ? FPMR_LSCALE2 : FPMR_LSCALE, scale_width), 16);
	expr_id more = expr_ite(p, is_format(c, field, FP_E4M3), a64_const(c, 16, 8), a64_const(c, 16, 0));
	expr_id power = expr_sub(p, more, scale);
	expr_id value = halves(c, asimd_half(c, &s, 'n'), field), flags = a64_const(c, FP_NUM_FLAGS, 0);

	power = expr_fp_value(p, plain(c, EXPR_ITOF, &from_int, power, EXPR_NONE));
	if (asimd_is(c, CONVERT_BF16)) {
		expr_id r = plain(c, EXPR_FCVT, &from_half, value, EXPR_NONE);
		value = expr_fp_value(p, r);
		flags = expr_fp_flags(p, r);
	}
	expr_id default_nan = a64_const(c, FP_CONTROL_WIDTH, 1u << 25); /* FPCR.DN */
	expr_id r = expr_fp(p, EXPR_FSCALE, &spec, default_nan, value, asimd_splat(c, power, 128), EXPR_NONE);
	a64_set_v(c, a64_field(c, 'd'), sign_nans(c, spec.format, expr_fp_value(p, r)));
	a64_fp_raise(c, expr_or(p, flags, expr_fp_flags(p, r)));
}

/* FCVTN: param, the source is half precision */
enum { NARROW_HALF = 1 << 8 };

/*
 * The source times 2^NSCALE as halves rounded to odd, which keeps what rounding to fewer digits has to know; of E4M3
 * divided by 2^8, so that exponents are those of halves. In between are numbers with room for the scale.
 */
static expr_id scaled_halves(struct a64_ctx *c, expr_id source, expr_id *ret_flags)
{
	struct expr_pool *p = c->pool;
	bool half = asimd_is(c, NARROW_HALF);
	const struct fp_spec widen = {.format = half ? FP_F32 : FP_F64,
				      .from = half ? FP_F16 : FP_F32,
				      .rules = FP_ARM};
	const struct fp_spec scale = {.format = widen.format, .rules = FP_ARM};
	const struct fp_spec number = {.format = widen.format, .rules = FP_ARM, .is_signed = true, .integer = 16};
	const struct fp_spec odd = {.format = FP_F16,
				    .from = widen.format,
				    .rules = FP_ARM,
				    .rounding = FP_STATIC + FP_ODD};
	expr_id less = expr_ite(p, is_format(c, FPMR_F8D, FP_E4M3), a64_const(c, 16, 8), a64_const(c, 16, 0));
	expr_id power = expr_sub(p, expr_sext(p, fpmr(c, FPMR_NSCALE, half ? 5 : 8), 16), less);
	expr_id wide = plain(c, EXPR_FCVT, &widen, source, EXPR_NONE), value = expr_fp_value(p, wide);

	power = expr_fp_value(p, plain(c, EXPR_ITOF, &number, power, EXPR_NONE));
	value = expr_fp_value(p, plain(c, EXPR_FSCALE, &scale, value, asimd_splat(c, power, expr_width(p, value))));
	*ret_flags = expr_fp_flags(p, wide);
	return expr_fp_value(p, plain(c, EXPR_FCVT, &odd, value, EXPR_NONE));
}

/* What the formats differ in: the bits of a half below theirs, and the largest number. */
static const struct narrow {
	uint8_t below, largest;
} narrows[] = {[FP_E5M2] = {8, 0x7b}, [FP_E4M3] = {7, 0x7e}};

static expr_id splat(struct a64_ctx *c, expr_id like, uint32_t value)
{
	return asimd_splat_const(c, 16, expr_width(c->pool, like), value);
}

static expr_id above(struct a64_ctx *c, expr_id a, uint32_t limit)
{
	return asimd_binary(c, EXPR_VGTU, 16, a, splat(c, a, limit));
}

/* Magnitudes of halves to those of bytes, rounded to nearest; numbers that are too large have more than the largest. */
static expr_id round_magnitudes(struct a64_ctx *c, const struct narrow *f, expr_id a)
{
	expr_id odd = expr_and(c->pool, asimd_shift(c, EXPR_VLSHR, 16, a, f->below), splat(c, a, 1));
	expr_id sum = asimd_binary(c, EXPR_VADD, 16, a, splat(c, a, (1u << (f->below - 1)) - 1));

	return asimd_shift(c, EXPR_VLSHR, 16, asimd_binary(c, EXPR_VADD, 16, sum, odd), f->below);
}

/* Is a lane not zero? At the flag's place. */
static expr_id any(struct a64_ctx *c, expr_id lanes, unsigned flag)
{
	expr_id bit = expr_ne(c->pool, lanes, a64_const(c, expr_width(c->pool, lanes), 0));

	return expr_shl(c->pool, expr_zext(c->pool, bit, FP_NUM_FLAGS), a64_const(c, 8, flag));
}

/* FPRoundBase(): a number is tiny before it is rounded, with FPCR.AH after. */
static expr_id narrow_flags(struct a64_ctx *c, const struct narrow *f, expr_id a, expr_id rounded)
{
	struct expr_pool *p = c->pool;
	expr_id ah = a64_fpcr(c, FPCR_AH);
	expr_id finite = expr_not(p, above(c, a, 0x7bff)), over = expr_and(p, finite, above(c, rounded, f->largest));
	expr_id rest = expr_and(p, expr_and(p, a, splat(c, a, (1u << f->below) - 1)), finite);
	expr_id normal = expr_ite(p, ah, above(c, a, 0x3ff - (1u << (f->below - 2))), above(c, a, 0x3ff));
	expr_id flags = expr_or(p, any(c, over, FP_OVERFLOW), any(c, expr_or(p, over, rest), FP_INEXACT));

	return expr_or(p, flags, any(c, expr_and(p, rest, expr_not(p, normal)), FP_UNDERFLOW));
}

/* Bytes in 16 bits each; FPMR.OSC: the largest number instead of an infinity, or of what E4M3 has for it. */
static expr_id narrow(struct a64_ctx *c, enum fp_f8_format format, expr_id halves, expr_id *ret_flags)
{
	const struct narrow *f = &narrows[format];
	struct expr_pool *p = c->pool;
	expr_id ah = a64_fpcr(c, FPCR_AH);
	expr_id a = expr_and(p, halves, splat(c, halves, 0x7fff)), rounded = round_magnitudes(c, f, a);
	expr_id is_nan = above(c, a, 0x7c00), over = above(c, rounded, f->largest);
	expr_id most = expr_ite(p, fpmr(c, FPMR_OSC, 1), splat(c, a, f->largest), splat(c, a, f->largest + 1));
	expr_id nan = format == FP_E5M2 ? splat(c, a, 0x7e) : splat(c, a, 0x7f);
	expr_id sign = expr_and(p, asimd_shift(c, EXPR_VLSHR, 16, halves, 8), splat(c, a, 0x80));
	expr_id number = expr_or(p, sign, expr_or(p, expr_and(p, over, most), expr_and(p, rounded, expr_not(p, over))));

	nan = expr_or(p, nan, expr_ite(p, ah, splat(c, a, 0x80), splat(c, a, 0)));
	*ret_flags = narrow_flags(c, f, a, rounded);
	return expr_or(p, expr_and(p, is_nan, nan), expr_and(p, number, expr_not(p, is_nan)));
}

/* FCVTN, FCVTN2: FPConvertFP8(); Rn gives the lower half, Rm the upper one. A reserved format is invalid. */
static void build_narrow(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	bool half = asimd_is(c, NARROW_HALF);
	unsigned width = half && !a64_field(c, 'Q') ? 64 : 128;
	expr_id flags[2], formats[2], low, high, invalid = a64_const(c, FP_NUM_FLAGS, 1 << FP_INVALID);

	low = scaled_halves(c, asimd_read(c, 'n', width), &flags[0]);
	high = scaled_halves(c, asimd_read(c, 'm', width), &flags[1]);
	expr_id both = expr_concat(p, high, low), signalling = expr_and(p, expr_or(p, flags[0], flags[1]), invalid);
	for (unsigned i = 0; i < 2; i++)
		formats[i] = narrow(c, (enum fp_f8_format)i, both, &flags[i]);
	expr_id e5m2 = is_format(c, FPMR_F8D, FP_E5M2), e4m3 = is_format(c, FPMR_F8D, FP_E4M3);
	expr_id value = expr_ite(p, e5m2, formats[0], expr_ite(p, e4m3, formats[1], splat(c, both, 0xff)));
	value = asimd_unary(c, EXPR_VNARROW, 16, value);
	if (half)
		a64_set_v(c, a64_field(c, 'd'), value);
	else
		asimd_finish_narrow(c, value);
	a64_fp_raise(c, expr_or(p, signalling, expr_ite(p, e5m2, flags[0], expr_ite(p, e4m3, flags[1], invalid))));
}

/* clang-format off */
static const struct a64_row a64_simd_fp8[] = {
	{"0 Q 0 01110 00 0 mmmmm 111101 nnnnn ddddd",    build_narrow,       0,                             "----", "fcvtn fp8"},
	{"0 Q 0 01110 01 0 mmmmm 111101 nnnnn ddddd",    build_narrow,       NARROW_HALF,                   "----", "fcvtn fp8 half"},
	{"0 Q 1 01110 00 10000 10111 10 nnnnn ddddd",    build_widen,        0,                             "----", "f1cvtl"},
	{"0 Q 1 01110 01 10000 10111 10 nnnnn ddddd",    build_widen,        CONVERT_SECOND,                "----", "f2cvtl"},
	{"0 Q 1 01110 10 10000 10111 10 nnnnn ddddd",    build_widen,        CONVERT_BF16,                  "----", "bf1cvtl"},
	{"0 Q 1 01110 11 10000 10111 10 nnnnn ddddd",    build_widen,        CONVERT_SECOND | CONVERT_BF16, "----", "bf2cvtl"},
	{"0 Q 0 01110 00 0 mmmmm 111111 nnnnn ddddd",    build_dot,          0,                             "----", "fdot fp8 4 vector"},
	{"0 Q 0 01111 00 L M mmmm 0000 H 0 nnnnn ddddd", build_dot,          0,                             "----", "fdot fp8 4 element"},
	{"0 Q 0 01110 01 0 mmmmm 111111 nnnnn ddddd",    build_dot,          F8_HALF,                       "----", "fdot fp8 2 vector"},
	{"0 Q 0 01111 01 L M mmmm 0000 H 0 nnnnn ddddd", build_dot,          F8_HALF,                       "----", "fdot fp8 2 element"},
	{"0 0 0 01110 11 0 mmmmm 111111 nnnnn ddddd",    build_multiply_add, F8_ONE | F8_HALF | 0,          "----", "fmlalb vector"},
	{"0 0 0 01111 11 L M mmmm 0000 H 0 nnnnn ddddd", build_multiply_add, F8_ONE | F8_HALF | 0,          "----", "fmlalb element"},
	{"0 1 0 01110 11 0 mmmmm 111111 nnnnn ddddd",    build_multiply_add, F8_ONE | F8_HALF | 1,          "----", "fmlalt vector"},
	{"0 1 0 01111 11 L M mmmm 0000 H 0 nnnnn ddddd", build_multiply_add, F8_ONE | F8_HALF | 1,          "----", "fmlalt element"},
	{"0 0 0 01110 00 0 mmmmm 110001 nnnnn ddddd",    build_multiply_add, F8_ONE | 0,                    "----", "fmlallbb vector"},
	{"0 0 1 01111 00 L M mmmm 1000 H 0 nnnnn ddddd", build_multiply_add, F8_ONE | 0,                    "----", "fmlallbb element"},
	{"0 0 0 01110 01 0 mmmmm 110001 nnnnn ddddd",    build_multiply_add, F8_ONE | 1,                    "----", "fmlallbt vector"},
	{"0 0 1 01111 01 L M mmmm 1000 H 0 nnnnn ddddd", build_multiply_add, F8_ONE | 1,                    "----", "fmlallbt element"},
	{"0 1 0 01110 00 0 mmmmm 110001 nnnnn ddddd",    build_multiply_add, F8_ONE | 2,                    "----", "fmlalltb vector"},
	{"0 1 1 01111 00 L M mmmm 1000 H 0 nnnnn ddddd", build_multiply_add, F8_ONE | 2,                    "----", "fmlalltb element"},
	{"0 1 0 01110 01 0 mmmmm 110001 nnnnn ddddd",    build_multiply_add, F8_ONE | 3,                    "----", "fmlalltt vector"},
	{"0 1 1 01111 01 L M mmmm 1000 H 0 nnnnn ddddd", build_multiply_add, F8_ONE | 3,                    "----", "fmlalltt element"},
	{"0 1 1 01110 00 0 mmmmm 111011 nnnnn ddddd",    build_matrix,       F8_HALF,                       "----", "fmmla fp8 half"},
	{"0 1 1 01110 10 0 mmmmm 111011 nnnnn ddddd",    build_matrix,       0,                             "----", "fmmla fp8 single"},
};
/* clang-format on */

A64_TABLE(a64_simd_fp8);
