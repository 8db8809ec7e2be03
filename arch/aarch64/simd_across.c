/* Lanes of one vector combined with each other: neighbours, and all of them. */
#include "arch/aarch64/simd.h"

/* ADDP, SMAXP ..: of the pairs of Rn, then those of Rm. */
static void build_pairwise(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id both = expr_concat(c->pool, asimd_read(c, 'm', s.width), asimd_read(c, 'n', s.width));
	expr_id even = asimd_every_second(c, both, s.lane, s.width, 0);
	expr_id odd = asimd_every_second(c, both, s.lane, s.width, 1);
	asimd_finish(c, s.lane, asimd_binary(c, asimd_op(c), s.lane, even, odd));
}

/* ADDP of one register: its two halves. */
static void build_pair(struct a64_ctx *c)
{
	expr_id n = asimd_read(c, 'n', 128);
	expr_id low = expr_extract(c->pool, n, 0, 64), high = expr_extract(c->pool, n, 64, 64);

	a64_set_v(c, a64_field(c, 'd'), expr_add(c->pool, low, high));
}

/* Two lanes of 32 bits, or one of 64, are not enough to be reduced. */
static bool begin(struct a64_ctx *c, struct asimd *ret)
{
	if (!asimd_begin(c, ret))
		return false;
	if (ret->width / ret->lane > 2)
		return true;
	a64_undefined(c);
	return false;
}

/* ADDV; SADDLV and UADDLV, whose sum is wider than a lane. */
static void build_sum(struct a64_ctx *c)
{
	struct asimd s;

	if (!begin(c, &s))
		return;
	expr_id n = asimd_read(c, 'n', s.width);
	unsigned lane = s.lane;
	if (asimd_is(c, SIMD_WIDE)) {
		n = asimd_widen(c, lane, n);
		lane *= 2;
	}
	a64_set_v(c, a64_field(c, 'd'), asimd_unary(c, EXPR_VSUM, lane, n));
}

/* SMAXV, UMAXV, SMINV, UMINV: the upper half by the lower one, until one lane is left. */
static void build_extreme(struct a64_ctx *c)
{
	struct asimd s;

	if (!begin(c, &s))
		return;
	expr_id rest = asimd_read(c, 'n', s.width);
	for (unsigned half = s.width / 2; half >= s.lane; half /= 2) {
		expr_id low = expr_extract(c->pool, rest, 0, half), high = expr_extract(c->pool, rest, half, half);
		rest = asimd_binary(c, asimd_op(c), s.lane, low, high);
	}
	a64_set_v(c, a64_field(c, 'd'), rest);
}

/* clang-format off */
static const struct a64_row a64_simd_across[] = {
	/* Neighbours */
	{"0 Q 0 01110 zz 1 mmmmm 10111 1 nnnnn ddddd", build_pairwise, EXPR_VADD | SIMD_ALL,               "----", "addp vector"},
	{"0 Q 0 01110 zz 1 mmmmm 10100 1 nnnnn ddddd", build_pairwise, EXPR_VMAXS | SIMD_BHS,              "----", "smaxp vector"},
	{"0 Q 1 01110 zz 1 mmmmm 10100 1 nnnnn ddddd", build_pairwise, EXPR_VMAXU | SIMD_BHS,              "----", "umaxp vector"},
	{"0 Q 0 01110 zz 1 mmmmm 10101 1 nnnnn ddddd", build_pairwise, EXPR_VMINS | SIMD_BHS,              "----", "sminp vector"},
	{"0 Q 1 01110 zz 1 mmmmm 10101 1 nnnnn ddddd", build_pairwise, EXPR_VMINU | SIMD_BHS,              "----", "uminp vector"},
	{"01 0 11110 11 11000 11011 10 nnnnn ddddd",   build_pair,     0,                                  "----", "addp scalar"},

	/* All lanes */
	{"0 Q 0 01110 zz 11000 11011 10 nnnnn ddddd",  build_sum,      SIMD_BHS,                           "----", "addv"},
	{"0 Q 0 01110 zz 11000 00011 10 nnnnn ddddd",  build_sum,      SIMD_WIDE | SIMD_SIGNED | SIMD_BHS, "----", "saddlv"},
	{"0 Q 1 01110 zz 11000 00011 10 nnnnn ddddd",  build_sum,      SIMD_WIDE | SIMD_BHS,               "----", "uaddlv"},
	{"0 Q 0 01110 zz 11000 01010 10 nnnnn ddddd",  build_extreme,  EXPR_VMAXS | SIMD_BHS,              "----", "smaxv"},
	{"0 Q 1 01110 zz 11000 01010 10 nnnnn ddddd",  build_extreme,  EXPR_VMAXU | SIMD_BHS,              "----", "umaxv"},
	{"0 Q 0 01110 zz 11000 11010 10 nnnnn ddddd",  build_extreme,  EXPR_VMINS | SIMD_BHS,              "----", "sminv"},
	{"0 Q 1 01110 zz 11000 11010 10 nnnnn ddddd",  build_extreme,  EXPR_VMINU | SIMD_BHS,              "----", "uminv"},
};
/* clang-format on */

A64_TABLE(a64_simd_across);
