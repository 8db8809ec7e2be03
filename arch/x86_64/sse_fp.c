/* Floating point of SSE and SSE2, and its VEX encodings: arithmetic, comparisons, scalar conversions (SDM vol. 2). */
#include "arch/x86_64/sse_fp.h"

/* ---- Arithmetic ---- */

/* destination = a op b */
static void build_binary(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = sse_spec(f);
	unsigned first = simd_first(c);
	expr_id b = simd_fp_operand(c, first + 1, sse_is_packed(f), sse_lane(f));
	expr_id a = simd_fp_operand(c, first, sse_is_packed(f), sse_lane(f));

	sse_finish(c, f, simd_fp(c, simd_operator(f), &s, a, b, EXPR_NONE), simd_first(c));
}

/* destination = op a: the second source, or of packed instructions the only one. */
static void build_unary(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = sse_spec(f);
	expr_id a = simd_fp_operand(c, sse_is_packed(f) ? 1 : simd_first(c) + 1, sse_is_packed(f), sse_lane(f));

	sse_finish(c, f, simd_fp(c, simd_operator(f), &s, a, EXPR_NONE, EXPR_NONE), simd_first(c));
}

/* COMISS, UCOMISS and the like: there is no destination, so that the first source is operand 0 with VEX, too. */
static void build_compare(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	struct fp_spec s = sse_spec(f);
	expr_id b = simd_read(c, 1, sse_lane(f)), a = simd_read(c, 0, sse_lane(f));

	s.quiet = f->param & QUIET;
	expr_id order = simd_fp(c, EXPR_FORDER, &s, a, b, EXPR_NONE);
	if (!order)
		return;
	expr_id less = expr_bit(p, order, 0), equal = expr_bit(p, order, 1), unordered = expr_bit(p, order, 3);
	x86_set_flag(c, X86_zf, expr_or(p, unordered, equal));
	x86_set_flag(c, X86_pf, unordered);
	x86_set_flag(c, X86_cf, expr_or(p, unordered, less));
	simd_raise(c, expr_fp_flags(p, order));
}

/* ---- Scalar conversions ---- */

static void build_from_int(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id a = x86_read(c, simd_first(c) + 1);
	struct fp_spec s = sse_spec(f);

	s.is_signed = true;
	s.integer = (uint8_t)expr_width(c->pool, a);
	simd_finish_fp_lowest(c, simd_fp(c, EXPR_ITOF, &s, a, EXPR_NONE, EXPR_NONE), simd_first(c));
}

static void build_to_int(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = sse_to_int_spec(f, c->op[0].width);

	simd_finish_fp(c, simd_fp(c, EXPR_FTOI, &s, simd_read(c, 1, sse_lane(f)), EXPR_NONE, EXPR_NONE));
}

/* To the other format. */
static void build_convert(struct x86_ctx *c, const struct x86_form *f)
{
	struct fp_spec s = sse_spec(f);
	expr_id a = simd_read(c, simd_first(c) + 1, sse_lane(f));

	s.from = s.format;
	s.format = s.from == FP_F64 ? FP_F32 : FP_F64;
	simd_finish_fp_lowest(c, simd_fp(c, EXPR_FCVT, &s, a, EXPR_NONE, EXPR_NONE), simd_first(c));
}

/* clang-format off */
static const struct x86_form x86_sse_fp[] = {
	SSE_FOUR("add", "58", "", build_binary, FP(FADD, 0)),
	SSE_FOUR("mul", "59", "", build_binary, FP(FMUL, 0)),
	SSE_FOUR("sub", "5C", "", build_binary, FP(FSUB, 0)),
	SSE_FOUR("min", "5D", "", build_binary, FP(FMIN, 0)),
	SSE_FOUR("div", "5E", "", build_binary, FP(FDIV, 0)),
	SSE_FOUR("max", "5F", "", build_binary, FP(FMAX, 0)),
	SSE_PACKED("sqrt", "51", "", "", build_unary, FP(FSQRT, 0)),
	SSE_SCALAR("sqrt", "51", "", build_unary, FP(FSQRT, 0)),

	/*             name        encoding       VEX        operands   CPUID: legacy, VEX, 256 bits */
	SIMD_ROW_FLAGS("ucomiss", "NP 0F 2E /r", "LIG.WIG", "Vss Wss", SSE,  AVX, AVX, "00W0WW-", build_compare, QUIET),
	SIMD_ROW_FLAGS("ucomisd", "66 0F 2E /r", "LIG.WIG", "Vsd Wsd", SSE2, AVX, AVX, "00W0WW-", build_compare, QUIET | DOUBLE),
	SIMD_ROW_FLAGS("comiss",  "NP 0F 2F /r", "LIG.WIG", "Vss Wss", SSE,  AVX, AVX, "00W0WW-", build_compare, 0),
	SIMD_ROW_FLAGS("comisd",  "66 0F 2F /r", "LIG.WIG", "Vsd Wsd", SSE2, AVX, AVX, "00W0WW-", build_compare, DOUBLE),

	SIMD_ROW("cvtsi2ss",  "F3 0F 2A /r", "LIG",     "Vss Hss Ey",  SSE,  AVX, AVX, build_from_int, SINGLE),
	SIMD_ROW("cvtsi2sd",  "F2 0F 2A /r", "LIG",     "Vsd Hsd Ey",  SSE2, AVX, AVX, build_from_int, DOUBLE),
	SIMD_ROW("cvttss2si", "F3 0F 2C /r", "LIG",     "Gy Wss",      SSE,  AVX, AVX, build_to_int,   TRUNCATE),
	SIMD_ROW("cvttsd2si", "F2 0F 2C /r", "LIG",     "Gy Wsd",      SSE2, AVX, AVX, build_to_int,   TRUNCATE | DOUBLE),
	SIMD_ROW("cvtss2si",  "F3 0F 2D /r", "LIG",     "Gy Wss",      SSE,  AVX, AVX, build_to_int,   SINGLE),
	SIMD_ROW("cvtsd2si",  "F2 0F 2D /r", "LIG",     "Gy Wsd",      SSE2, AVX, AVX, build_to_int,   DOUBLE),
	SIMD_ROW("cvtss2sd",  "F3 0F 5A /r", "LIG.WIG", "Vsd Hsd Wss", SSE2, AVX, AVX, build_convert,  SINGLE),
	SIMD_ROW("cvtsd2ss",  "F2 0F 5A /r", "LIG.WIG", "Vss Hss Wsd", SSE2, AVX, AVX, build_convert,  DOUBLE),
};
/* clang-format on */

X86_TABLE(x86_sse_fp);
