/*
 * Floating point of lanes that are no numbers by themselves: pairs of them that are complex numbers (FEAT_FCMA), and
 * halves whose products are added to singles (FEAT_FHM).
 */
#include "arch/aarch64/simd_fp.h"

/* ---- Complex numbers: real parts in even lanes, imaginary parts in odd ones ---- */

/* Pairs of lanes: one of them twice, or both exchanged. */
static expr_id parts(struct a64_ctx *c, unsigned lane, expr_id a, unsigned for_even, unsigned for_odd)
{
	unsigned width = expr_width(c->pool, a);
	uint8_t index[8];

	for (unsigned i = 0; i < width / lane; i++)
		index[i] = (uint8_t)((i & ~1u) + (i % 2 ? for_odd : for_even));
	return asimd_permute(c, a, lane, width, index);
}

static bool begin(struct a64_ctx *c, struct asimd *ret, struct fp_spec *ret_spec)
{
	static const uint8_t formats[] = {[1] = FP_F16, [2] = FP_F32, [4] = FP_F64};

	if (!asimd_begin(c, ret))
		return false;
	*ret_spec = (struct fp_spec){.format = formats[ret->lane / 16], .rules = FP_ARM};
	return true;
}

/* FCADD: Rm turned by 90 or 270 degrees is added to Rn. */
static void build_complex_add(struct a64_ctx *c)
{
	bool by_270 = a64_field(c, 'r');
	struct fp_spec spec;
	struct asimd s;

	if (!begin(c, &s, &spec))
		return;
	expr_id turned = parts(c, s.lane, asimd_read(c, 'm', s.width), 1, 0);
	turned = asimd_fp_negate(c, s.lane, turned, !by_270, by_270);
	asimd_fp_finish(c, &s, a64_fp(c, EXPR_FADD, &spec, asimd_read(c, 'n', s.width), turned, EXPR_NONE), 0);
}

/* Rm, or the complex number in it that fields H and L choose: an element of twice the width. */
static expr_id factor(struct a64_ctx *c, const struct asimd *s)
{
	if (!a64_has(c, 'H'))
		return asimd_read(c, 'm', s->width);
	unsigned index = a64_has(c, 'L') ? a64_field(c, 'H') << 1 | a64_field(c, 'L') : a64_field(c, 'H');
	expr_id m = a64_v(c, a64_field(c, 'M') << 4 | a64_field(c, 'm'), 128);
	return asimd_splat(c, expr_extract(c->pool, m, index * 2 * s->lane, 2 * s->lane), s->width);
}

/* Elements lie within as many bits as the result has, and there are at least two. */
static bool has_factor(const struct a64_ctx *c, const struct asimd *s)
{
	return !a64_has(c, 'H') || a64_field(c, 'Q') || (s->lane == 16 && !a64_field(c, 'H'));
}

/*
 * FCMLA: to Rd is added, by rotation, the real part of Rn times Rm (0), its imaginary part times Rm turned by 90
 * degrees (1), and both times -1 (2, 3).
 */
static void build_complex_fma(struct a64_ctx *c)
{
	unsigned rotation = a64_field(c, 'r'), part = rotation & 1;
	struct fp_spec spec;
	struct asimd s;

	if (!begin(c, &s, &spec))
		return;
	if (!has_factor(c, &s)) {
		a64_undefined(c);
		return;
	}
	expr_id n = parts(c, s.lane, asimd_read(c, 'n', s.width), part, part), m = factor(c, &s);
	if (part)
		m = parts(c, s.lane, m, 1, 0);
	m = asimd_fp_negate(c, s.lane, m, rotation == 1 || rotation == 2, rotation >= 2);
	asimd_fp_finish(c, &s, a64_fp(c, EXPR_FMA, &spec, n, m, asimd_read(c, 'd', s.width)), 0);
}

/* ---- FMLAL, FMLAL2, FMLSL, FMLSL2: FPMulAddH() ---- */

enum { LONG_UPPER = 1 << 8 };

/* Denormal halves, with FPCR.FZ16, are zeros: FPUnpackBase(), which raises nothing for them. */
static expr_id flush(struct a64_ctx *c, expr_id halves)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, halves);
	expr_id exponents = expr_and(p, halves, asimd_splat_const(c, 16, width, 0x7c00));
	expr_id denormal = asimd_binary(c, EXPR_VEQ, 16, exponents, a64_const(c, width, 0));
	expr_id lost = expr_and(p, denormal, asimd_splat_const(c, 16, width, 0x03ff));

	return expr_ite(p, a64_fpcr(c, FPCR_FZ16), expr_and(p, halves, expr_not(p, lost)), halves);
}

/* The same numbers as singles; what a conversion makes of signalling NaNs is undone, so that they signal in the sum. */
static expr_id widen(struct a64_ctx *c, expr_id halves)
{
	static const struct fp_spec to_single = {.format = FP_F32, .from = FP_F16, .rules = FP_ARM};
	struct expr_pool *p = c->pool;
	expr_id fpcr = a64_const(c, FP_CONTROL_WIDTH, 0), flushed = flush(c, halves);
	expr_id wide = expr_fp_value(p, expr_fp(p, EXPR_FCVT, &to_single, fpcr, flushed, EXPR_NONE, EXPR_NONE));
	expr_id bits = asimd_unary(c, EXPR_VWIDENU, 16, flushed);
	expr_id magnitude = expr_and(p, bits, asimd_splat_const(c, 32, expr_width(p, bits), 0x7fff));
	expr_id is_nan = asimd_binary(c, EXPR_VGTU, 32, magnitude,
				      asimd_splat_const(c, 32, expr_width(p, bits), 0x7c00));
	expr_id signals = expr_and(p, is_nan, expr_not(p, asimd_shift(c, EXPR_VSHL, 32, bits, 13)));
	expr_id quiet = asimd_splat_const(c, 32, expr_width(p, bits), 1 << 22);

	return expr_and(p, wide, expr_not(p, expr_and(p, signals, quiet)));
}

/* Vpart[]: half as many bits as the result has. */
static expr_id part_of(struct a64_ctx *c, expr_id vector)
{
	unsigned width = expr_width(c->pool, vector) / 2;

	return expr_extract(c->pool, vector, asimd_is(c, LONG_UPPER) ? width : 0, width);
}

static void build_long(struct a64_ctx *c)
{
	const uint8_t negate = asimd_is(c, SIMD_SUB) ? FP_NEGATE_PRODUCT : 0;
	const struct fp_spec spec = {.format = FP_F32, .rules = FP_ARM, .negate = {negate, negate}};
	const struct asimd halves = {16, a64_field(c, 'Q') ? 128 : 64}, singles = {32, halves.width};
	expr_id n = widen(c, part_of(c, asimd_read(c, 'n', halves.width)));
	expr_id m = widen(c, part_of(c, asimd_second(c, &halves)));

	asimd_fp_finish(c, &singles, a64_fp(c, EXPR_FMA, &spec, n, m, asimd_read(c, 'd', singles.width)), 0);
}

/* clang-format off */
static const struct a64_row a64_simd_fp_complex[] = {
	/* Complex numbers */
	{"0 Q 1 01110 zz 0 mmmmm 111 r 01 nnnnn ddddd",    build_complex_add, SIMD_HS | SIMD_D, "----", "fcadd"},
	{"0 Q 1 01110 zz 0 mmmmm 110 rr 1 nnnnn ddddd",    build_complex_fma, SIMD_HS | SIMD_D, "----", "fcmla vector"},
	{"0 Q 1 01111 01 L M mmmm 0 rr 1 H 0 nnnnn ddddd", build_complex_fma, SIMD_H,           "----", "fcmla element h"},
	{"0 Q 1 01111 10 0 M mmmm 0 rr 1 H 0 nnnnn ddddd", build_complex_fma, SIMD_S,           "----", "fcmla element"},

	/* Products of halves, added to singles */
	{"0 Q 0 01110 0 0 1 mmmmm 111011 nnnnn ddddd",   build_long, 0,                     "----", "fmlal vector"},
	{"0 Q 0 01111 10 L M mmmm 0000 H 0 nnnnn ddddd", build_long, 0,                     "----", "fmlal element"},
	{"0 Q 1 01110 0 0 1 mmmmm 110011 nnnnn ddddd",   build_long, LONG_UPPER,            "----", "fmlal2 vector"},
	{"0 Q 1 01111 10 L M mmmm 1000 H 0 nnnnn ddddd", build_long, LONG_UPPER,            "----", "fmlal2 element"},
	{"0 Q 0 01110 1 0 1 mmmmm 111011 nnnnn ddddd",   build_long, SIMD_SUB,              "----", "fmlsl vector"},
	{"0 Q 0 01111 10 L M mmmm 0100 H 0 nnnnn ddddd", build_long, SIMD_SUB,              "----", "fmlsl element"},
	{"0 Q 1 01110 1 0 1 mmmmm 110011 nnnnn ddddd",   build_long, LONG_UPPER | SIMD_SUB, "----", "fmlsl2 vector"},
	{"0 Q 1 01111 10 L M mmmm 1100 H 0 nnnnn ddddd", build_long, LONG_UPPER | SIMD_SUB, "----", "fmlsl2 element"},
};
/* clang-format on */

A64_TABLE(a64_simd_fp_complex);
