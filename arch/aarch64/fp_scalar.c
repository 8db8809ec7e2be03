/*
 * Floating-point arithmetic and comparisons of scalars (Arm ARM C3.4, shared pseudocode FPAdd() and on). Conversions
 * are in fp_convert.c.
 */
#include "arch/aarch64/simd_fp.h"

static expr_id operand(struct a64_ctx *c, const struct fp_spec *s, char letter)
{
	return a64_v(c, a64_field(c, letter), fp_width(s->format));
}

/* ---- Arithmetic: param is the operator, of the fused ones what is negated ---- */

static expr_id binary(struct a64_ctx *c, const struct fp_spec *s)
{
	return a64_fp(c, c->row->param, s, operand(c, s, 'n'), operand(c, s, 'm'), EXPR_NONE);
}

static void build_binary(struct a64_ctx *c)
{
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	expr_id r = binary(c, &s);
	a64_fp_finish(c, r, 'n');
}

/* FNMUL: FPNeg() of the product. */
static void build_nmul(struct a64_ctx *c)
{
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	expr_id r = binary(c, &s), value = expr_fp_value(c->pool, r);
	a64_fp_set_scalar(c, asimd_fp_negate(c, fp_width(s.format), value, true, true), 'n');
	a64_fp_raise(c, expr_fp_flags(c->pool, r));
}

/* FSQRT */
static void build_unary(struct a64_ctx *c)
{
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	expr_id r = a64_fp(c, c->row->param, &s, operand(c, &s, 'n'), EXPR_NONE, EXPR_NONE);
	a64_fp_finish(c, r, 'd');
}

/* FPMulAdd() of the addend Ra, the operands negated before. */
static void build_fused(struct a64_ctx *c)
{
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	s.negate[0] = s.negate[1] = (uint8_t)c->row->param;
	expr_id r = a64_fp(c, EXPR_FMA, &s, operand(c, &s, 'n'), operand(c, &s, 'm'), operand(c, &s, 'a'));
	a64_fp_finish(c, r, 'a');
}

/* ---- Comparison: param tells what; FPCompare() ---- */

enum {
	COMPARE_SIGNAL = 1, /* quiet NaNs are invalid, too */
	COMPARE_ZERO = 2,   /* with +0 */
};

/* NZCV: unordered 0011, equal 0110, less 1000, greater 0010. */
static expr_id nzcv_of(struct a64_ctx *c, expr_id order)
{
	struct expr_pool *p = c->pool;
	expr_id less = expr_bit(p, order, 0), equal = expr_bit(p, order, 1), unordered = expr_bit(p, order, 3);

	return expr_concat(p, less, expr_concat(p, equal, expr_concat(p, expr_not(p, less), unordered)));
}

static expr_id compare(struct a64_ctx *c, struct fp_spec s)
{
	expr_id right = c->row->param & COMPARE_ZERO ? a64_const(c, fp_width(s.format), 0) : operand(c, &s, 'm');

	s.quiet = !(c->row->param & COMPARE_SIGNAL);
	return a64_fp(c, EXPR_FORDER, &s, operand(c, &s, 'n'), right, EXPR_NONE);
}

static void build_compare(struct a64_ctx *c)
{
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	expr_id order = compare(c, s);
	a64_set_nzcv(c, nzcv_of(c, order));
	a64_fp_raise(c, expr_fp_flags(c->pool, order));
}

/* Without the condition nothing is compared, and no exception raised. */
static void build_compare_if(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	expr_id order = compare(c, s), holds = a64_condition_holds(c, a64_field(c, 'c'));
	a64_set_nzcv(c, expr_ite(p, holds, nzcv_of(c, order), a64_const(c, 4, a64_field(c, 'i'))));
	a64_fp_raise(c, expr_ite(p, holds, expr_fp_flags(p, order), a64_const(c, FP_NUM_FLAGS, 0)));
}

/* clang-format off */
static const struct a64_row a64_fp_scalar[] = {
	{"000 11110 yy 1 mmmmm 0000 10 nnnnn ddddd",    build_binary,     EXPR_FMUL,                              "----", "fmul"},
	{"000 11110 yy 1 mmmmm 0001 10 nnnnn ddddd",    build_binary,     EXPR_FDIV,                              "----", "fdiv"},
	{"000 11110 yy 1 mmmmm 0010 10 nnnnn ddddd",    build_binary,     EXPR_FADD,                              "----", "fadd"},
	{"000 11110 yy 1 mmmmm 0011 10 nnnnn ddddd",    build_binary,     EXPR_FSUB,                              "----", "fsub"},
	{"000 11110 yy 1 mmmmm 0100 10 nnnnn ddddd",    build_binary,     EXPR_FMAX,                              "----", "fmax"},
	{"000 11110 yy 1 mmmmm 0101 10 nnnnn ddddd",    build_binary,     EXPR_FMIN,                              "----", "fmin"},
	{"000 11110 yy 1 mmmmm 0110 10 nnnnn ddddd",    build_binary,     EXPR_FMAXNUM,                           "----", "fmaxnm"},
	{"000 11110 yy 1 mmmmm 0111 10 nnnnn ddddd",    build_binary,     EXPR_FMINNUM,                           "----", "fminnm"},
	{"000 11110 yy 1 mmmmm 1000 10 nnnnn ddddd",    build_nmul,       EXPR_FMUL,                              "----", "fnmul"},
	{"000 11110 yy 1 0000 11 10000 nnnnn ddddd",    build_unary,      EXPR_FSQRT,                             "----", "fsqrt"},

	{"000 11111 yy 0 mmmmm 0 aaaaa nnnnn ddddd",    build_fused,      0,                                      "----", "fmadd"},
	{"000 11111 yy 0 mmmmm 1 aaaaa nnnnn ddddd",    build_fused,      FP_NEGATE_PRODUCT,                      "----", "fmsub"},
	{"000 11111 yy 1 mmmmm 0 aaaaa nnnnn ddddd",    build_fused,      FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND,   "----", "fnmadd"},
	{"000 11111 yy 1 mmmmm 1 aaaaa nnnnn ddddd",    build_fused,      FP_NEGATE_ADDEND,                       "----", "fnmsub"},

	{"000 11110 yy 1 mmmmm 001000 nnnnn 00000",     build_compare,    0,                                      "WWWW", "fcmp"},
	{"000 11110 yy 1 xxxxx 001000 nnnnn 01000",     build_compare,    COMPARE_ZERO,                           "WWWW", "fcmp zero"},
	{"000 11110 yy 1 mmmmm 001000 nnnnn 10000",     build_compare,    COMPARE_SIGNAL,                         "WWWW", "fcmpe"},
	{"000 11110 yy 1 xxxxx 001000 nnnnn 11000",     build_compare,    COMPARE_SIGNAL | COMPARE_ZERO,          "WWWW", "fcmpe zero"},
	{"000 11110 yy 1 mmmmm cccc 01 nnnnn 0 iiii",   build_compare_if, 0,                                      "WWWW", "fccmp"},
	{"000 11110 yy 1 mmmmm cccc 01 nnnnn 1 iiii",   build_compare_if, COMPARE_SIGNAL,                         "WWWW", "fccmpe"},
};
/* clang-format on */

A64_TABLE(a64_fp_scalar);
