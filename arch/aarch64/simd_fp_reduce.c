/* Numbers of one vector combined with each other: neighbours, and all of them. */
#include "arch/aarch64/simd_fp.h"

/* Lanes 0, 2 .. by lanes 1, 3 ..: half as many. */
static expr_id pairs(struct a64_ctx *c, const struct fp_spec *spec, unsigned lane, expr_id a)
{
	unsigned width = expr_width(c->pool, a) / 2;
	expr_id even = asimd_every_second(c, a, lane, width, 0), odd = asimd_every_second(c, a, lane, width, 1);

	return a64_fp(c, asimd_op(c), spec, even, odd, EXPR_NONE);
}

/* Of the pairs of Rn, then those of Rm. */
static void build_pairwise(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	expr_id both = expr_concat(c->pool, asimd_read(c, 'm', s.width), asimd_read(c, 'n', s.width));
	asimd_fp_finish(c, &s, pairs(c, &spec, s.lane, both), 0);
}

/* Of the two lowest lanes of Rn. */
static void build_pair(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (asimd_fp_begin(c, &s, &spec))
		asimd_fp_finish(c, &s, pairs(c, &spec, s.lane, asimd_read(c, 'n', 2 * s.lane)), 0);
}

/* Reduce(): each half is reduced first, so that it is neighbours that meet, then neighbouring results. */
static void build_across(struct a64_ctx *c)
{
	const struct fp_spec spec = {.format = a64_has(c, 'Q') ? FP_F16 : FP_F32, .rules = FP_ARM};
	unsigned lane = fp_width(spec.format);
	expr_id rest = asimd_read(c, 'n', !a64_has(c, 'Q') || a64_field(c, 'Q') ? 128 : 64);

	for (unsigned width = expr_width(c->pool, rest); width > lane; width /= 2) {
		expr_id node = pairs(c, &spec, lane, rest);
		a64_fp_raise(c, expr_fp_flags(c->pool, node));
		rest = expr_fp_value(c->pool, node);
	}
	a64_set_v(c, a64_field(c, 'd'), rest);
}

/* clang-format off */
static const struct a64_row a64_simd_fp_reduce[] = {
	/* Neighbours */
	{"0 Q 1 01110 0 y 1 mmmmm 11010 1 nnnnn ddddd", build_pairwise, EXPR_FADD,    "----", "faddp vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 010 1 nnnnn ddddd", build_pairwise, EXPR_FADD,    "----", "faddp vector h"},
	{"0 Q 1 01110 0 y 1 mmmmm 11110 1 nnnnn ddddd", build_pairwise, EXPR_FMAX,    "----", "fmaxp vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 110 1 nnnnn ddddd", build_pairwise, EXPR_FMAX,    "----", "fmaxp vector h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11110 1 nnnnn ddddd", build_pairwise, EXPR_FMIN,    "----", "fminp vector"},
	{"0 Q 1 01110 1 10 mmmmm 00 110 1 nnnnn ddddd", build_pairwise, EXPR_FMIN,    "----", "fminp vector h"},
	{"0 Q 1 01110 0 y 1 mmmmm 11000 1 nnnnn ddddd", build_pairwise, EXPR_FMAXNUM, "----", "fmaxnmp vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 000 1 nnnnn ddddd", build_pairwise, EXPR_FMAXNUM, "----", "fmaxnmp vector h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11000 1 nnnnn ddddd", build_pairwise, EXPR_FMINNUM, "----", "fminnmp vector"},
	{"0 Q 1 01110 1 10 mmmmm 00 000 1 nnnnn ddddd", build_pairwise, EXPR_FMINNUM, "----", "fminnmp vector h"},
	{"01 1 11110 0 y 11000 01100 10 nnnnn ddddd",   build_pair,     EXPR_FMAXNUM, "----", "fmaxnmp scalar"},
	{"01 0 11110 0 0 11000 01100 10 nnnnn ddddd",   build_pair,     EXPR_FMAXNUM, "----", "fmaxnmp scalar h"},
	{"01 1 11110 0 y 11000 01101 10 nnnnn ddddd",   build_pair,     EXPR_FADD,    "----", "faddp scalar"},
	{"01 0 11110 0 0 11000 01101 10 nnnnn ddddd",   build_pair,     EXPR_FADD,    "----", "faddp scalar h"},
	{"01 1 11110 0 y 11000 01111 10 nnnnn ddddd",   build_pair,     EXPR_FMAX,    "----", "fmaxp scalar"},
	{"01 0 11110 0 0 11000 01111 10 nnnnn ddddd",   build_pair,     EXPR_FMAX,    "----", "fmaxp scalar h"},
	{"01 1 11110 1 y 11000 01100 10 nnnnn ddddd",   build_pair,     EXPR_FMINNUM, "----", "fminnmp scalar"},
	{"01 0 11110 1 0 11000 01100 10 nnnnn ddddd",   build_pair,     EXPR_FMINNUM, "----", "fminnmp scalar h"},
	{"01 1 11110 1 y 11000 01111 10 nnnnn ddddd",   build_pair,     EXPR_FMIN,    "----", "fminp scalar"},
	{"01 0 11110 1 0 11000 01111 10 nnnnn ddddd",   build_pair,     EXPR_FMIN,    "----", "fminp scalar h"},

	/* All lanes */
	{"0 1 1 01110 0 0 11000 01100 10 nnnnn ddddd",  build_across,   EXPR_FMAXNUM, "----", "fmaxnmv"},
	{"0 Q 0 01110 0 0 11000 01100 10 nnnnn ddddd",  build_across,   EXPR_FMAXNUM, "----", "fmaxnmv h"},
	{"0 1 1 01110 0 0 11000 01111 10 nnnnn ddddd",  build_across,   EXPR_FMAX,    "----", "fmaxv"},
	{"0 Q 0 01110 0 0 11000 01111 10 nnnnn ddddd",  build_across,   EXPR_FMAX,    "----", "fmaxv h"},
	{"0 1 1 01110 1 0 11000 01100 10 nnnnn ddddd",  build_across,   EXPR_FMINNUM, "----", "fminnmv"},
	{"0 Q 0 01110 1 0 11000 01100 10 nnnnn ddddd",  build_across,   EXPR_FMINNUM, "----", "fminnmv h"},
	{"0 1 1 01110 1 0 11000 01111 10 nnnnn ddddd",  build_across,   EXPR_FMIN,    "----", "fminv"},
	{"0 Q 0 01110 1 0 11000 01111 10 nnnnn ddddd",  build_across,   EXPR_FMIN,    "----", "fminv h"},
};
/* clang-format on */

A64_TABLE(a64_simd_fp_reduce);
