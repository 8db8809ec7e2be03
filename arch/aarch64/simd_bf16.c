/*
 * BFloat16: conversions to it, dot products, products of matrices, and products added to single precision (FEAT_BF16;
 * FPCR.EBF is FEAT_EBF16's).
 */
#include "arch/aarch64/simd_fp.h"

static const struct fp_spec single = {.format = FP_F32, .rules = FP_ARM};

/* ---- Conversions: FPConvertBF() ---- */

static expr_id convert(struct a64_ctx *c, unsigned width)
{
	const struct fp_spec spec = {.format = FP_BF16, .from = FP_F32, .rules = FP_ARM};

	return a64_fp(c, EXPR_FCVT, &spec, asimd_read(c, 'n', width), EXPR_NONE, EXPR_NONE);
}

/* BFCVT */
static void build_convert(struct a64_ctx *c)
{
	const struct asimd s = {16, 16};

	asimd_fp_finish(c, &s, convert(c, 32), 'd');
}

/* BFCVTN, BFCVTN2 */
static void build_convert_narrow(struct a64_ctx *c)
{
	expr_id r = convert(c, 128);

	asimd_finish_narrow(c, expr_fp_value(c->pool, r));
	a64_fp_raise(c, expr_fp_flags(c->pool, r));
}

/* ---- Sums of products of neighbours, which raise no exception: BFDotAdd() ---- */

static expr_id dot(struct a64_ctx *c, expr_id sum, expr_id n, expr_id m)
{
	return expr_fp_value(c->pool, a64_fp(c, EXPR_FBFDOT, &single, n, m, sum));
}

/* BFDOT */
static void build_dot(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_read(c, 'n', s.width), m = asimd_second(c, &s);
	a64_set_v(c, a64_field(c, 'd'), dot(c, asimd_read(c, 'd', s.width), n, m));
}

/* BFMMLA, BFMatMulAdd(): rows of two pairs; lane 2 i + j is row i of Rn by row j of Rm, pair after pair. */
static void build_matrix(struct a64_ctx *c)
{
	static const uint8_t pairs_n[2][4] = {{0, 0, 2, 2}, {1, 1, 3, 3}}, pairs_m[2][4] = {{0, 2, 0, 2}, {1, 3, 1, 3}};
	expr_id n = asimd_read(c, 'n', 128), m = asimd_read(c, 'm', 128), sum = asimd_read(c, 'd', 128);

	for (unsigned k = 0; k < 2; k++)
		sum = dot(c, sum, asimd_permute(c, n, 32, 128, pairs_n[k]), asimd_permute(c, m, 32, 128, pairs_m[k]));
	a64_set_v(c, a64_field(c, 'd'), sum);
}

/* ---- BFMLALB, BFMLALT: BFMulAdd() ---- */

/* The even or, by field Q, the odd lanes as numbers of single precision, whose upper halves they are. */
static expr_id widen(struct a64_ctx *c, expr_id a)
{
	if (!a64_field(c, 'Q'))
		return asimd_shift(c, EXPR_VSHL, 32, a, 16);
	return expr_and(c->pool, a, asimd_splat_const(c, 32, 128, 0xffff0000));
}

static void build_multiply_add(struct a64_ctx *c)
{
	const struct fp_spec spec = {.format = FP_F32, .rules = FP_ARM, .quiet = true};
	const struct asimd halves = {16, 128}, s = {32, 128};
	expr_id n = widen(c, asimd_read(c, 'n', 128)), m = widen(c, asimd_second(c, &halves));

	asimd_fp_finish(c, &s, a64_fp(c, EXPR_FMA, &spec, n, m, asimd_read(c, 'd', 128)), 0);
}

/* clang-format off */
static const struct a64_row a64_simd_bf16[] = {
	{"000 11110 01 1 0001 10 10000 nnnnn ddddd",     build_convert,        0,      "----", "bfcvt"},
	{"0 Q 0 01110 10 10000 10110 10 nnnnn ddddd",    build_convert_narrow, 0,      "----", "bfcvtn"},
	{"0 Q 1 01110 01 0 mmmmm 1 1111 1 nnnnn ddddd",  build_dot,            SIMD_S, "----", "bfdot vector"},
	{"0 Q 0 01111 01 L M mmmm 1111 H 0 nnnnn ddddd", build_dot,            SIMD_S, "----", "bfdot element"},
	{"0 1 1 01110 01 0 mmmmm 1 1101 1 nnnnn ddddd",  build_matrix,         0,      "----", "bfmmla"},
	{"0 Q 1 01110 11 0 mmmmm 1 1111 1 nnnnn ddddd",  build_multiply_add,   0,      "----", "bfmlal vector"},
	{"0 Q 0 01111 11 L M mmmm 1111 H 0 nnnnn ddddd", build_multiply_add,   0,      "----", "bfmlal element"},
};
/* clang-format on */

A64_TABLE(a64_simd_bf16);
