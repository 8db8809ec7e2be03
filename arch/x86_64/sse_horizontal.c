/* Sums along a vector, and to an integral number (SDM vol. 2, ADDSUBPS, HADDPS, HSUBPS, DPPS, ROUNDPS). */
#include "arch/x86_64/sse_fp.h"

/* destination = a op b in odd lanes, a - b in even ones. */
static void build_addsub(struct x86_ctx *c, const struct x86_form *f)
{
	struct fp_spec s = sse_spec(f);

	s.negate[0] = FP_NEGATE_ADDEND;
	expr_id b = simd_b(c), a = simd_a(c);
	simd_finish_fp(c, simd_fp(c, EXPR_FADD, &s, a, b, EXPR_NONE));
}

/*
 * The sum of lanes of one operand, of which no manual says which is the first: of two NaNs either may be the result
 * (SDM vol. 1, 4.8.3.5; APM vol. 1, 4.7.2). Adds to the flags.
 */
static expr_id sum(struct x86_ctx *c, const struct x86_form *f, enum expr_op op, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	struct fp_spec s = sse_spec(f), is_nan = s;
	unsigned width = expr_width(p, a);

	is_nan.relations = FP_UNORDERED;
	is_nan.quiet = true;
	expr_id result = simd_fp(c, op, &s, a, b, EXPR_NONE);
	expr_id nans = expr_and(p, expr_fp_value(p, simd_fp(c, EXPR_FCMP, &is_nan, a, a, EXPR_NONE)),
				expr_fp_value(p, simd_fp(c, EXPR_FCMP, &is_nan, b, b, EXPR_NONE)));
	simd_raise(c, expr_fp_flags(p, result));
	return simd_select(c, nans, expr_fp_value(p, result), expr_undef(p, width));
}

/* Lane i of the result is of lanes 2i and 2i + 1 of a and b side by side, block by block. */
static void build_horizontal(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t even[2][4] = {{0, 2, 4, 6}, {0, 2}}, odd[2][4] = {{1, 3, 5, 7}, {1, 3}};
	unsigned format = f->param & DOUBLE ? 1 : 0;
	expr_id b = simd_b(c), a = simd_a(c);

	if (!a || !b)
		return;
	expr_id first = simd_permute_blocks(c, sse_lane(f), a, b, even[format]);
	expr_id second = simd_permute_blocks(c, sse_lane(f), a, b, odd[format]);
	x86_write(c, 0, sum(c, f, simd_operator(f), first, second));
}

/* ---- Dot products ---- */

/* A constant of which bit i of the low `lanes` bits fills lane i of each block. */
static expr_id block_mask(struct x86_ctx *c, const struct x86_form *f, unsigned bits)
{
	unsigned lane = sse_lane(f), lanes = SIMD_BLOCK / lane, used = bits & ((1u << lanes) - 1);

	return simd_lane_mask(c, simd_width(c), lane, used * (lanes == 4 ? 0x11 : 0x55));
}

/* The sum of neighbours, in pairs of lanes or of pairs of them, in every lane that takes part. */
static expr_id neighbours(struct x86_ctx *c, const struct x86_form *f, const uint8_t *left, const uint8_t *right,
			  expr_id a)
{
	unsigned lane = sse_lane(f);

	return sum(c, f, EXPR_FADD, simd_permute_blocks(c, lane, a, a, left),
		   simd_permute_blocks(c, lane, a, a, right));
}

/*
 * The upper half of the immediate tells which products count, the lower one to which lanes their sum goes: the others
 * are zeroes in either case. (a0 b0 + a1 b1) + (a2 b2 + a3 b3), each step rounded, and raising its own exceptions.
 */
static void build_dot(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t left[] = {0, 0, 2, 2}, right[] = {1, 1, 3, 3}, low[] = {0, 0, 0, 0}, high[] = {2, 2, 2, 2};
	const struct fp_spec s = sse_spec(f);
	struct expr_pool *p = c->pool;
	expr_id b = simd_b(c), a = simd_a(c), count = block_mask(c, f, simd_imm(c) >> 4);

	if (!a || !b)
		return;
	expr_id products = simd_fp(c, EXPR_FMUL, &s, expr_and(p, a, count), expr_and(p, b, count), EXPR_NONE);
	simd_raise(c, expr_fp_flags(p, products));
	expr_id dot = neighbours(c, f, left, right, expr_fp_value(p, products));
	if (!(f->param & DOUBLE))
		dot = neighbours(c, f, low, high, dot);
	x86_write(c, 0, expr_and(p, dot, block_mask(c, f, simd_imm(c))));
}

/* ---- To an integral number ---- */

/* The immediate: how to round, or (bit 2) that MXCSR says so; whether inexact results are told (bit 3). */
static void build_round(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned imm = simd_imm(c), first = sse_is_packed(f) ? 0 : simd_first(c);
	struct fp_spec s = sse_spec(f);

	s.exact = !(imm & 8);
	s.rounding = sse_rounding_imm(imm);
	expr_id a = simd_fp_operand(c, first + 1, sse_is_packed(f), sse_lane(f));
	sse_finish(c, f, simd_fp(c, EXPR_FRINT, &s, a, EXPR_NONE, EXPR_NONE), simd_first(c));
}

/* clang-format off */
static const struct x86_form x86_sse_horizontal[] = {
	/*       name        encoding          VEX        operands       CPUID: legacy, VEX, 256 bits */
	SIMD_ROW("addsubps", "F2 0F D0 /r",    "WIG",     "Vps Hps Wps",    SSE3,  AVX, AVX, build_addsub,     PACKED),
	SIMD_ROW("addsubpd", "66 0F D0 /r",    "WIG",     "Vpd Hpd Wpd",    SSE3,  AVX, AVX, build_addsub,     PACKED | DOUBLE),
	SIMD_ROW("haddps",   "F2 0F 7C /r",    "WIG",     "Vps Hps Wps",    SSE3,  AVX, AVX, build_horizontal, FP(FADD, PACKED)),
	SIMD_ROW("haddpd",   "66 0F 7C /r",    "WIG",     "Vpd Hpd Wpd",    SSE3,  AVX, AVX, build_horizontal, FP(FADD, PACKED | DOUBLE)),
	SIMD_ROW("hsubps",   "F2 0F 7D /r",    "WIG",     "Vps Hps Wps",    SSE3,  AVX, AVX, build_horizontal, FP(FSUB, PACKED)),
	SIMD_ROW("hsubpd",   "66 0F 7D /r",    "WIG",     "Vpd Hpd Wpd",    SSE3,  AVX, AVX, build_horizontal, FP(FSUB, PACKED | DOUBLE)),
	SIMD_ROW("dpps",     "66 0F 3A 40 /r", "WIG",     "Vps Hps Wps Ib", SSE41, AVX, AVX, build_dot,        PACKED),
	SIMD_ROW("dppd",     "66 0F 3A 41 /r", "128.WIG", "Vpd Hpd Wpd Ib", SSE41, AVX, AVX, build_dot,        PACKED | DOUBLE),
	SIMD_ROW("roundps",  "66 0F 3A 08 /r", "WIG",     "Vps Wps Ib",     SSE41, AVX, AVX, build_round,      PACKED),
	SIMD_ROW("roundpd",  "66 0F 3A 09 /r", "WIG",     "Vpd Wpd Ib",     SSE41, AVX, AVX, build_round,      PACKED | DOUBLE),
	SIMD_ROW("roundss",  "66 0F 3A 0A /r", "LIG.WIG", "Vss Hss Wss Ib", SSE41, AVX, AVX, build_round,      SINGLE),
	SIMD_ROW("roundsd",  "66 0F 3A 0B /r", "LIG.WIG", "Vsd Hsd Wsd Ib", SSE41, AVX, AVX, build_round,      DOUBLE),
};
/* clang-format on */

X86_TABLE(x86_sse_horizontal);
