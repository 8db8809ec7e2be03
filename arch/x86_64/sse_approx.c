/* RCPPS, RCPSS, RSQRTPS, RSQRTSS and their VEX encodings (SDM vol. 2): right within an error of 1.5 * 2^-12. */
#include "arch/x86_64/simd.h"

/* The parameter of a row: the square root; all lanes or the lowest one. */
enum { ROOT = 1, PACKED = 2 };

enum { LANE = 32, FRACTION = 23, QUIET = 1 << 22 };
#define INFINITE    UINT64_C(0x7f800000)
#define DEFAULT_NAN UINT64_C(0xffc00000)

static const struct fp_bound reciprocal = {
	.format = FP_F32,
	.function = FP_FUNCTION_RCP,
	.unit = FP_BOUND_RELATIVE,
	.multiple = 3,
	.shift = 13,
	.flushes_tiny = true,
};

/*
 * SDM vol. 2, RCPPS, RSQRTPS: operands that are denormal are zeroes, of which the result is an infinity of their sign;
 * infinities give zeroes; NaNs become quiet; square roots of negative numbers are the default NaN. MXCSR is not looked
 * at, and no exception is raised.
 */
static void set_special(struct x86_ctx *c, bool root, struct x86_within *w)
{
	struct expr_pool *p = c->pool;
	expr_id a = w->a, infinite = x86_const(c, LANE, INFINITE),
		sign = expr_and(p, a, x86_const(c, LANE, 1u << (LANE - 1)));
	expr_id magnitude = expr_xor(p, a, sign), negative = expr_msb(p, a);
	expr_id is_nan = expr_ult(p, infinite, magnitude),
		is_zero = expr_ult(p, magnitude, x86_const(c, LANE, 1 << FRACTION));
	expr_id is_infinite = expr_eq(p, magnitude, infinite);
	expr_id exact = expr_or(p, is_zero, expr_or(p, is_nan, is_infinite));
	expr_id value = expr_ite(p, is_nan, expr_or(p, a, x86_const(c, LANE, QUIET)), sign);

	if (root) {
		exact = expr_or(p, exact, negative);
		value = expr_ite(p, expr_and(p, negative, expr_not(p, is_nan)), x86_const(c, LANE, DEFAULT_NAN), value);
	}
	w->exact = expr_ite(p, is_zero, expr_or(p, sign, infinite), value);
	w->applies = expr_not(p, exact);
}

static void build(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	bool packed = f->param & PACKED, root = f->param & ROOT;
	unsigned width = packed ? simd_width(c) : SIMD_BLOCK, first = simd_first(c);
	expr_id b = packed ? simd_source(c, 1) : simd_read(c, first + 1, LANE);
	expr_id result = packed ? b : simd_read(c, first, width);
	struct x86_within w = {.bound = reciprocal};

	if (!b || !result)
		return;
	w.bound.function = root ? FP_FUNCTION_RSQRT : FP_FUNCTION_RCP;
	for (unsigned low = 0; low < (packed ? width : LANE); low += LANE) {
		w.reg = c->op[0].reg + (low < SIMD_BLOCK ? 0 : X86_ymm0h - X86_xmm0);
		w.first = low % SIMD_BLOCK;
		w.a = expr_extract(p, b, low, LANE);
		set_special(c, root, &w);
		result = simd_insert(c, result, low, x86_within(c, &w));
	}
	x86_write(c, 0, result);
}

/* clang-format off */
static const struct x86_form x86_sse_approx[] = {
	/*        name       encoding       VEX        operands       CPUID: legacy, VEX, 256 bits */
	SIMD_ROW("rsqrtps", "NP 0F 52 /r", "WIG",     "Vps Wps",     SSE, AVX, AVX, build, ROOT | PACKED),
	SIMD_ROW("rsqrtss", "F3 0F 52 /r", "LIG.WIG", "Vss Hss Wss", SSE, AVX, AVX, build, ROOT),
	SIMD_ROW("rcpps",   "NP 0F 53 /r", "WIG",     "Vps Wps",     SSE, AVX, AVX, build, PACKED),
	SIMD_ROW("rcpss",   "F3 0F 53 /r", "LIG.WIG", "Vss Hss Wss", SSE, AVX, AVX, build, 0),
};
/* clang-format on */

X86_TABLE(x86_sse_approx);
