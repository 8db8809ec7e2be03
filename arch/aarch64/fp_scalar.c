/*
 * Floating-point arithmetic, comparisons and conversions of scalars in single and double precision (Arm ARM C3.4,
 * shared pseudocode FPAdd() and on). Half precision and the other operations have names alone.
 */
#include "arch/aarch64/simd.h"
#include "arch/fp.h"

/* Bits of FPCR (C5.2.8) and FPSR (C5.2.10). */
enum {
	FPCR_RMODE = 22,
	FPCR_FZ = 24,
	FPCR_DN = 25,
	RMODE_NEAREST = 0,
	RMODE_UP = 1,
	RMODE_DOWN = 2,
	FPSR_IDC = 7,
};

static expr_id fpcr_bit(struct a64_ctx *c, unsigned bit)
{
	return expr_bit(c->pool, expr_reg(c->pool, 32, A64_fpcr), bit);
}

static expr_id rounds(struct a64_ctx *c, unsigned how)
{
	expr_id mode = expr_extract(c->pool, expr_reg(c->pool, 32, A64_fpcr), FPCR_RMODE, 2);

	return expr_eq(c->pool, mode, a64_const(c, 2, how));
}

/* FPUnpack(), FPRound(), FPProcessNaN() and FPProcessNaNs(). */
static struct fp_env environment(struct a64_ctx *c)
{
	return (struct fp_env){
		.pool = c->pool,
		.nearest = rounds(c, RMODE_NEAREST),
		.up = rounds(c, RMODE_UP),
		.down = rounds(c, RMODE_DOWN),
		.flush_operands = fpcr_bit(c, FPCR_FZ),
		.flush_results = fpcr_bit(c, FPCR_FZ),
		.exact_underflow = a64_const(c, 1, 0),
		.default_nan = fpcr_bit(c, FPCR_DN),
		.tiny_before = true,
		.flushed_is_exact = true,
		.flush_raises = true,
		.signalling_first = true,
	};
}

/* FPProcessException(): the cumulative bits; no exception is trapped. */
static void raise(struct a64_ctx *c, expr_id flags)
{
	static const uint8_t bits[FP_NUM_FLAGS] = {
		[FP_INVALID] = 0,   [FP_DIVIDE] = 1,    [FP_OVERFLOW] = 2,
		[FP_UNDERFLOW] = 3, [FP_PRECISION] = 4, [FP_DENORMAL] = FPSR_IDC,
	};
	struct expr_pool *p = c->pool;
	expr_id fpsr = expr_reg(p, 32, A64_fpsr);

	for (unsigned i = 0; i < FP_NUM_FLAGS; i++) {
		expr_id raised = expr_zext(p, expr_bit(p, flags, i), 32);
		fpsr = expr_or(p, fpsr, expr_shl(p, raised, a64_const(c, 8, bits[i])));
	}
	transfer_set_reg(c->t, A64_fpsr, fpsr);
}

/* The format by field y; NULL: half precision, without a model, or none. */
static const struct fp_format *format_of(struct a64_ctx *c)
{
	static const struct fp_format *const formats[] = {&fp_single, &fp_double, NULL, NULL};
	unsigned type = a64_field(c, 'y');

	if (type == 2)
		a64_undefined(c);
	else if (type == 3)
		a64_unmodelled(c);
	return formats[type];
}

static expr_id operand(struct a64_ctx *c, const struct fp_format *f, char letter)
{
	return a64_v(c, a64_field(c, letter), fp_width(f));
}

static void build(struct a64_ctx *c, fp_operation *operation, bool negate)
{
	const struct fp_format *f = format_of(c);
	const struct fp_env e = environment(c);

	if (!f)
		return;
	struct fp_result r = operation(&e, f, operand(c, f, 'n'), operand(c, f, 'm'));
	if (negate)
		r.value = expr_xor(c->pool, r.value, a64_const(c, fp_width(f), UINT64_C(1) << (fp_width(f) - 1)));
	a64_set_v(c, a64_field(c, 'd'), r.value);
	raise(c, r.flags);
}

static void build_add(struct a64_ctx *c)
{
	build(c, fp_add, false);
}

static void build_sub(struct a64_ctx *c)
{
	build(c, fp_sub, false);
}

static void build_mul(struct a64_ctx *c)
{
	build(c, fp_mul, false);
}

static void build_nmul(struct a64_ctx *c)
{
	build(c, fp_mul, true);
}

static void build_div(struct a64_ctx *c)
{
	build(c, fp_div, false);
}

/* ---- Comparison: param tells what; FPCompare() ---- */

enum {
	COMPARE_SIGNAL = 1, /* quiet NaNs are invalid, too */
	COMPARE_ZERO = 2,   /* with +0 */
};

/* NZCV: unordered 0011, equal 0110, less 1000, greater 0010. */
static expr_id nzcv_of(struct a64_ctx *c, const struct fp_order *o)
{
	struct expr_pool *p = c->pool;
	expr_id carry = expr_not(p, o->less);

	return expr_concat(p, o->less, expr_concat(p, o->equal, expr_concat(p, carry, o->unordered)));
}

static struct fp_order compare(struct a64_ctx *c, const struct fp_format *f)
{
	const struct fp_env e = environment(c);
	expr_id right = c->row->param & COMPARE_ZERO ? a64_const(c, fp_width(f), 0) : operand(c, f, 'm');

	return fp_compare(&e, f, !(c->row->param & COMPARE_SIGNAL), operand(c, f, 'n'), right);
}

static void build_compare(struct a64_ctx *c)
{
	const struct fp_format *f = format_of(c);

	if (!f)
		return;
	struct fp_order o = compare(c, f);
	a64_set_nzcv(c, nzcv_of(c, &o));
	raise(c, o.flags);
}

/* Without the condition nothing is compared, and no exception raised. */
static void build_compare_if(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	const struct fp_format *f = format_of(c);

	if (!f)
		return;
	struct fp_order o = compare(c, f);
	expr_id holds = a64_condition_holds(c, a64_field(c, 'c'));
	a64_set_nzcv(c, expr_ite(p, holds, nzcv_of(c, &o), a64_const(c, 4, a64_field(c, 'i'))));
	raise(c, expr_ite(p, holds, o.flags, a64_const(c, FP_NUM_FLAGS, 0)));
}

/* ---- Conversions: param tells whether integers are signed ---- */

static void build_from_int(struct a64_ctx *c)
{
	const struct fp_format *f = format_of(c);
	const struct fp_env e = environment(c);

	if (!f)
		return;
	struct fp_result r = fp_from_int(&e, f, c->row->param, a64_read(c, 'n'));
	a64_set_v(c, a64_field(c, 'd'), r.value);
	raise(c, r.flags);
}

static void build_to_int(struct a64_ctx *c)
{
	const struct fp_format *f = format_of(c);
	const struct fp_env e = environment(c);
	const struct fp_integer to = {.width = (uint8_t)c->width,
				      .is_signed = c->row->param,
				      .truncate = true,
				      .saturate = true};

	if (!f)
		return;
	struct fp_result r = fp_to_int(&e, f, &to, operand(c, f, 'n'));
	a64_write(c, 'd', r.value);
	raise(c, r.flags);
}

/* FCVT between single and double; param: to double. */
static void build_convert(struct a64_ctx *c)
{
	const struct fp_format *from = c->row->param ? &fp_single : &fp_double;
	const struct fp_format *to = c->row->param ? &fp_double : &fp_single;
	const struct fp_env e = environment(c);
	struct fp_result r = fp_convert(&e, to, from, operand(c, from, 'n'));

	a64_set_v(c, a64_field(c, 'd'), r.value);
	raise(c, r.flags);
}

/* clang-format off */
static const struct a64_row a64_fp_scalar[] = {
	{"000 11110 yy 1 mmmmm 0000 10 nnnnn ddddd",       build_mul,        0, "----", "fmul"},
	{"000 11110 yy 1 mmmmm 0001 10 nnnnn ddddd",       build_div,        0, "----", "fdiv"},
	{"000 11110 yy 1 mmmmm 0010 10 nnnnn ddddd",       build_add,        0, "----", "fadd"},
	{"000 11110 yy 1 mmmmm 0011 10 nnnnn ddddd",       build_sub,        0, "----", "fsub"},
	{"000 11110 yy 1 mmmmm 1000 10 nnnnn ddddd",       build_nmul,       0, "----", "fnmul"},

	{"000 11110 yy 1 mmmmm 001000 nnnnn 00000",        build_compare,    0,                             "WWWW", "fcmp"},
	{"000 11110 yy 1 xxxxx 001000 nnnnn 01000",        build_compare,    COMPARE_ZERO,                  "WWWW", "fcmp zero"},
	{"000 11110 yy 1 mmmmm 001000 nnnnn 10000",        build_compare,    COMPARE_SIGNAL,                "WWWW", "fcmpe"},
	{"000 11110 yy 1 xxxxx 001000 nnnnn 11000",        build_compare,    COMPARE_SIGNAL | COMPARE_ZERO, "WWWW", "fcmpe zero"},
	{"000 11110 yy 1 mmmmm cccc 01 nnnnn 0 iiii",      build_compare_if, 0,                             "WWWW", "fccmp"},
	{"000 11110 yy 1 mmmmm cccc 01 nnnnn 1 iiii",      build_compare_if, COMPARE_SIGNAL,                "WWWW", "fccmpe"},

	{"s 00 11110 yy 1 00 010 000000 nnnnn ddddd",      build_from_int,   1, "----", "scvtf"},
	{"s 00 11110 yy 1 00 011 000000 nnnnn ddddd",      build_from_int,   0, "----", "ucvtf"},
	{"s 00 11110 yy 1 11 000 000000 nnnnn ddddd",      build_to_int,     1, "----", "fcvtzs"},
	{"s 00 11110 yy 1 11 001 000000 nnnnn ddddd",      build_to_int,     0, "----", "fcvtzu"},
	{"000 11110 00 1 0001 01 10000 nnnnn ddddd",       build_convert,    1, "----", "fcvt to double"},
	{"000 11110 01 1 0001 00 10000 nnnnn ddddd",       build_convert,    0, "----", "fcvt to single"},
};
/* clang-format on */

A64_TABLE(a64_fp_scalar);
