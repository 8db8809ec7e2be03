/* Floating point of SSE and SSE2, and its VEX encodings: arithmetic, comparisons, scalar conversions (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* The parameter of a row: the operator, beside the format; all lanes or the lowest one; what else there is to know. */
enum {
	SINGLE = 0,
	DOUBLE = 1,
	PACKED = 2,
	TRUNCATE = 4,
	QUIET = 8,
};
#define FP(op, flags) (EXPR_##op << 16 | (flags))

static bool is_packed(const struct x86_form *f)
{
	return f->param & PACKED;
}

static struct fp_spec spec_of(const struct x86_form *f)
{
	return (struct fp_spec){.format = f->param & DOUBLE ? FP_F64 : FP_F32, .rules = FP_SSE};
}

static unsigned lane_of(const struct x86_form *f)
{
	return f->param & DOUBLE ? 64 : 32;
}

/* ---- Arithmetic ---- */

/* In each lane, or in the lowest one, the others being the first source's. */
static void finish(struct x86_ctx *c, const struct x86_form *f, expr_id result)
{
	if (is_packed(f))
		simd_finish_fp(c, result);
	else
		simd_finish_fp_lowest(c, result, simd_first(c));
}

/* destination = a op b */
static void build_binary(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = spec_of(f);
	unsigned first = simd_first(c);
	expr_id b = simd_fp_operand(c, first + 1, is_packed(f), lane_of(f));
	expr_id a = simd_fp_operand(c, first, is_packed(f), lane_of(f));

	finish(c, f, simd_fp(c, simd_operator(f), &s, a, b, EXPR_NONE));
}

/* destination = op a: the second source, or of packed instructions the only one. */
static void build_unary(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = spec_of(f);
	expr_id a = simd_fp_operand(c, is_packed(f) ? 1 : simd_first(c) + 1, is_packed(f), lane_of(f));

	finish(c, f, simd_fp(c, simd_operator(f), &s, a, EXPR_NONE, EXPR_NONE));
}

/* COMISS, UCOMISS and the like: there is no destination, so that the first source is operand 0 with VEX, too. */
static void build_compare(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	struct fp_spec s = spec_of(f);
	expr_id b = simd_read(c, 1, lane_of(f)), a = simd_read(c, 0, lane_of(f));

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
	struct fp_spec s = spec_of(f);

	s.is_signed = true;
	s.integer = (uint8_t)expr_width(c->pool, a);
	simd_finish_fp_lowest(c, simd_fp(c, EXPR_ITOF, &s, a, EXPR_NONE, EXPR_NONE), simd_first(c));
}

static void build_to_int(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id mode = f->param & TRUNCATE ? simd_mode_rounding(c, FP_TO_ZERO) : simd_mode(c);
	expr_id a = simd_read(c, 1, lane_of(f));
	struct fp_spec s = spec_of(f);

	s.is_signed = true;
	s.integer = (uint8_t)c->op[0].width;
	simd_finish_fp(c, expr_fp(c->pool, EXPR_FTOI, &s, mode, a, EXPR_NONE, EXPR_NONE));
}

/* To the other format. */
static void build_convert(struct x86_ctx *c, const struct x86_form *f)
{
	struct fp_spec s = spec_of(f);
	expr_id a = simd_read(c, simd_first(c) + 1, lane_of(f));

	s.from = s.format;
	s.format = s.from == FP_F64 ? FP_F32 : FP_F64;
	simd_finish_fp_lowest(c, simd_fp(c, EXPR_FCVT, &s, a, EXPR_NONE, EXPR_NONE), simd_first(c));
}

#define ARITHMETIC(name, build, op) \
	SIMD(name##SS, build, FP(op, SINGLE)), SIMD(name##SD, build, FP(op, DOUBLE)), \
		SIMD(name##PS, build, FP(op, PACKED)), SIMD(name##PD, build, FP(op, PACKED | DOUBLE))

/* clang-format off */
static const struct x86_form x86_sse_fp[] = {
	ARITHMETIC(ADD,  build_binary, FADD),
	ARITHMETIC(SUB,  build_binary, FSUB),
	ARITHMETIC(MUL,  build_binary, FMUL),
	ARITHMETIC(DIV,  build_binary, FDIV),
	ARITHMETIC(MIN,  build_binary, FMIN),
	ARITHMETIC(MAX,  build_binary, FMAX),
	ARITHMETIC(SQRT, build_unary,  FSQRT),

	SIMD_FLAGS(COMISS,  build_compare, SINGLE,         "00W0WW-"),
	SIMD_FLAGS(COMISD,  build_compare, DOUBLE,         "00W0WW-"),
	SIMD_FLAGS(UCOMISS, build_compare, QUIET,          "00W0WW-"),
	SIMD_FLAGS(UCOMISD, build_compare, QUIET | DOUBLE, "00W0WW-"),

	SIMD(CVTSI2SS,  build_from_int, SINGLE),
	SIMD(CVTSI2SD,  build_from_int, DOUBLE),
	SIMD(CVTSS2SI,  build_to_int,   SINGLE),
	SIMD(CVTSD2SI,  build_to_int,   DOUBLE),
	SIMD(CVTTSS2SI, build_to_int,   TRUNCATE),
	SIMD(CVTTSD2SI, build_to_int,   TRUNCATE | DOUBLE),
	SIMD(CVTSS2SD,  build_convert,  SINGLE),
	SIMD(CVTSD2SS,  build_convert,  DOUBLE),
};
/* clang-format on */

X86_TABLE(x86_sse_fp);
