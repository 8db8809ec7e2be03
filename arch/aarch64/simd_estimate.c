/*
 * Estimates of reciprocals and of reciprocal square roots, which the manual defines to the last bit, and the steps by
 * which they become better: of floating-point numbers (FPRecipEstimate() and on), and of integers.
 */
#include "arch/aarch64/cpu.h"
#include "arch/aarch64/simd_fp.h"

/* ---- Floating point: param is the operator ---- */

/* FRECPS, FRSQRTS */
static void build_step(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	expr_id n = asimd_read(c, 'n', s.width), m = asimd_read(c, 'm', s.width);
	asimd_fp_finish(c, &s, a64_fp(c, asimd_op(c), &spec, n, m, EXPR_NONE), 'n');
}

/* FRECPX */
static void build_exponent(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (asimd_fp_begin(c, &s, &spec))
		asimd_fp_finish(c, &s, a64_fp(c, asimd_op(c), &spec, asimd_read(c, 'n', s.width), EXPR_NONE, EXPR_NONE),
				'd');
}

/*
 * FRECPE, FRSQRTE: of single precision with FPCR.AH, FEAT_RPRES makes them more precise. Where nobody knows of it,
 * either is right.
 */
static void build_estimate(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	expr_id n = asimd_read(c, 'n', s.width);
	spec.exact = spec.format == FP_F32 && isa_cpu_has(c->cpu, FEAT_RPRES);
	expr_id r = a64_fp(c, asimd_op(c), &spec, n, EXPR_NONE, EXPR_NONE);
	if (spec.exact && !isa_cpu_knows(c->cpu, FEAT_RPRES)) {
		spec.exact = false;
		r = expr_ite(c->pool, expr_undef(c->pool, 1), r,
			     a64_fp(c, asimd_op(c), &spec, n, EXPR_NONE, EXPR_NONE));
	}
	asimd_fp_finish(c, &s, r, 'd');
}

/* ---- Integers: RecipEstimate(), RecipSqrtEstimate() ---- */

/*
 * A number of nine bits, a, stands for what lies between a / 512 and (a + 1) / 512, the result, as many bits, for a
 * number from 1 to 2.
 */
static expr_id splat(struct a64_ctx *c, expr_id like, uint32_t value)
{
	return asimd_splat_const(c, 32, expr_width(c->pool, like), value);
}

/* The largest b of ten bits, but at least 512, for which a b, or a b b, is at most the limit; bit by bit. */
static expr_id search(struct a64_ctx *c, expr_id a, bool squared, uint32_t limit)
{
	struct expr_pool *p = c->pool;
	expr_id b = splat(c, a, 512);

	for (uint32_t bit = 256; bit; bit /= 2) {
		expr_id next = expr_or(p, b, splat(c, a, bit)), product = asimd_binary(c, EXPR_VMUL, 32, a, next);
		if (squared)
			product = asimd_binary(c, EXPR_VMUL, 32, product, next);
		expr_id too_large = asimd_binary(c, EXPR_VGTU, 32, product, splat(c, a, limit));
		b = expr_or(p, b, expr_and(p, splat(c, a, bit), expr_not(p, too_large)));
	}
	return b;
}

/* (b + 1) / 2 in the nine highest bits, and all bits set where the mask has them. */
static void finish(struct a64_ctx *c, expr_id b, expr_id ones)
{
	expr_id sum = asimd_binary(c, EXPR_VADD, 32, b, splat(c, b, 1));
	expr_id result = asimd_shift(c, EXPR_VSHL, 32, asimd_shift(c, EXPR_VLSHR, 32, sum, 1), 23);

	a64_set_v(c, a64_field(c, 'd'), expr_or(c->pool, result, ones));
}

/* URECPE: 2^19 / (2 a + 1); numbers below 0.5 are out of range. */
static void build_reciprocal(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id x = asimd_read(c, 'n', s.width);
	expr_id a = expr_or(p, asimd_shift(c, EXPR_VLSHR, 32, x, 22), splat(c, x, 1));
	expr_id out_of_range = expr_not(p, asimd_shift(c, EXPR_VASHR, 32, x, 31));
	finish(c, search(c, a, false, 1u << 19), out_of_range);
}

/* URSQRTE: the root of 2^28 / (2 a + 1), from 0.5 up with one bit of a less; numbers below 0.25 are out of range. */
static void build_square_root(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id x = asimd_read(c, 'n', s.width), a = asimd_shift(c, EXPR_VLSHR, 32, x, 23), one = splat(c, x, 1);
	expr_id high = asimd_shift(c, EXPR_VASHR, 32, x, 31);
	expr_id fine = expr_or(p, asimd_shift(c, EXPR_VSHL, 32, a, 1), one);
	expr_id coarse = asimd_shift(c, EXPR_VSHL, 32, expr_or(p, a, one), 1);
	expr_id middle = expr_or(p, expr_and(p, coarse, high), expr_and(p, fine, expr_not(p, high)));
	expr_id out_of_range = asimd_binary(c, EXPR_VGTU, 32, splat(c, x, 1u << 30), x);
	finish(c, search(c, middle, true, (1u << 28) - 1), out_of_range);
}

/* clang-format off */
static const struct a64_row a64_simd_estimate[] = {
	{"0 Q 0 01110 10 10000 11100 10 nnnnn ddddd",   build_reciprocal,  SIMD_S,       "----", "urecpe"},
	{"0 Q 1 01110 10 10000 11100 10 nnnnn ddddd",   build_square_root, SIMD_S,       "----", "ursqrte"},

	{"0 Q 0 01110 1 y 10000 11101 10 nnnnn ddddd",  build_estimate,    EXPR_FRECPE,  "----", "frecpe vector"},
	{"0 Q 0 01110 1 1 11100 11101 10 nnnnn ddddd",  build_estimate,    EXPR_FRECPE,  "----", "frecpe vector h"},
	{"0 Q 1 01110 1 y 10000 11101 10 nnnnn ddddd",  build_estimate,    EXPR_FRSQRTE, "----", "frsqrte vector"},
	{"0 Q 1 01110 1 1 11100 11101 10 nnnnn ddddd",  build_estimate,    EXPR_FRSQRTE, "----", "frsqrte vector h"},
	{"0 Q 0 01110 0 y 1 mmmmm 11111 1 nnnnn ddddd", build_step,        EXPR_FRECPS,  "----", "frecps vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 111 1 nnnnn ddddd", build_step,        EXPR_FRECPS,  "----", "frecps vector h"},
	{"0 Q 0 01110 1 y 1 mmmmm 11111 1 nnnnn ddddd", build_step,        EXPR_FRSQRTS, "----", "frsqrts vector"},
	{"0 Q 0 01110 1 10 mmmmm 00 111 1 nnnnn ddddd", build_step,        EXPR_FRSQRTS, "----", "frsqrts vector h"},

	{"01 0 11110 1 y 10000 11101 10 nnnnn ddddd",   build_estimate,    EXPR_FRECPE,  "----", "frecpe scalar"},
	{"01 0 11110 1 1 11100 11101 10 nnnnn ddddd",   build_estimate,    EXPR_FRECPE,  "----", "frecpe scalar h"},
	{"01 1 11110 1 y 10000 11101 10 nnnnn ddddd",   build_estimate,    EXPR_FRSQRTE, "----", "frsqrte scalar"},
	{"01 1 11110 1 1 11100 11101 10 nnnnn ddddd",   build_estimate,    EXPR_FRSQRTE, "----", "frsqrte scalar h"},
	{"01 0 11110 1 y 10000 11111 10 nnnnn ddddd",   build_exponent,    EXPR_FRECPX,  "----", "frecpx"},
	{"01 0 11110 1 1 11100 11111 10 nnnnn ddddd",   build_exponent,    EXPR_FRECPX,  "----", "frecpx h"},
	{"01 0 11110 0 y 1 mmmmm 11111 1 nnnnn ddddd",  build_step,        EXPR_FRECPS,  "----", "frecps scalar"},
	{"01 0 11110 0 10 mmmmm 00 111 1 nnnnn ddddd",  build_step,        EXPR_FRECPS,  "----", "frecps scalar h"},
	{"01 0 11110 1 y 1 mmmmm 11111 1 nnnnn ddddd",  build_step,        EXPR_FRSQRTS, "----", "frsqrts scalar"},
	{"01 0 11110 1 10 mmmmm 00 111 1 nnnnn ddddd",  build_step,        EXPR_FRSQRTS, "----", "frsqrts scalar h"},
};
/* clang-format on */

A64_TABLE(a64_simd_estimate);
