/*
 * x87 transcendental functions (SDM vol. 1, 8.3.7 to 8.3.10): results are right but for an error that the
 * manual bounds. What is not a matter of rounding is predicted: NaNs, invalid operands, division by zero, the range in
 * which they work, the stack.
 */
#include "arch/x86_64/x87.h"

/* A number of 80 bits, looked at. 1 bit each. */
struct kind {
	expr_id nan; /* or of an unsupported format */
	expr_id zero, infinite, denormal, negative;
};

static struct kind look(struct x87 *x, expr_id a)
{
	struct expr_pool *p = x->p;
	expr_id exponent = expr_extract(p, a, 64, 15), magnitude = expr_extract(p, a, 0, 79);
	expr_id zero = expr_is_zero(p, magnitude);

	return (struct kind){
		.nan = x87_is_special(x, a),
		.zero = zero,
		.infinite = expr_eq(p, magnitude, expr_extract(p, x87_number(x, 0x7fff, UINT64_C(1) << 63), 0, 79)),
		.denormal = expr_and(p, expr_is_zero(p, exponent), expr_not(p, zero)),
		.negative = expr_and(p, expr_bit(p, a, 79), expr_not(p, zero)),
	};
}

static expr_id flag(struct x87 *x, expr_id cond, unsigned which)
{
	return expr_shl(x->p, expr_zext(x->p, cond, FP_NUM_FLAGS), x86_const(x->c, 8, which));
}

/* Of a result that is rounded: whether it is inexact, too small, too large, and how C1 is. */
static expr_id open_flags(struct x87 *x)
{
	const unsigned open = 1 << FP_OVERFLOW | 1 << FP_UNDERFLOW | 1 << FP_INEXACT | 1 << FP_ROUNDED_UP;

	return expr_and(x->p, expr_undef(x->p, FP_NUM_FLAGS), x86_const(x->c, FP_NUM_FLAGS, open));
}

/*
 * The value and the flags of a function: of a NaN as in an addition; where invalid, the indefinite; infinite where it
 * divides by zero; else open. nan: 1 bit; sum: the node of the addition.
 */
struct function {
	expr_id nan, invalid, divides, denormal; /* 1 bit each; of numbers, but for nan */
	expr_id sum;                             /* of the operands: FADD's node */
	expr_id pole;                            /* what a division by zero gives */
	expr_id undefined;                       /* 1 bit: outside of the range for which the manual says anything */
};

static expr_id sum_of(struct x87 *x, expr_id a, expr_id b)
{
	const struct fp_spec spec = {.format = FP_F80, .rules = FP_X87};

	return x87_fp(x, EXPR_FADD, &spec, a, b);
}

static expr_id flags_of(struct x87 *x, const struct function *f)
{
	struct expr_pool *p = x->p;
	expr_id number = expr_or(p, open_flags(x), flag(x, f->denormal, FP_DENORMAL));

	if (f->undefined)
		number = expr_ite(p, f->undefined, expr_undef(p, FP_NUM_FLAGS), number);
	number = expr_ite(p, f->divides, x86_const(x->c, FP_NUM_FLAGS, 1 << FP_DIVIDE), number);
	number = expr_ite(p, f->invalid, x86_const(x->c, FP_NUM_FLAGS, 1 << FP_INVALID), number);
	return expr_ite(p, f->nan, expr_fp_flags(p, f->sum), number);
}

/* computed: the result where it is one of rounding. */
static expr_id value_of(struct x87 *x, const struct function *f, expr_id computed)
{
	struct expr_pool *p = x->p;
	expr_id number = expr_ite(p, f->divides, f->pole, computed);

	number = expr_ite(p, f->invalid, x87_indefinite(x), number);
	return expr_ite(p, f->nan, expr_fp_value(p, f->sum), number);
}

/* The magnitude is above that of a number of 80 bits. */
static expr_id is_above(struct x87 *x, expr_id a, uint16_t exponent, uint64_t significand)
{
	expr_id limit = expr_extract(x->p, x87_number(x, exponent, significand), 0, 79);

	return expr_ult(x->p, limit, expr_extract(x->p, a, 0, 79));
}

/* 1 bit: a is a number whose biased exponent is between these, both included. */
static expr_id is_between(struct x87 *x, expr_id a, unsigned least, unsigned most)
{
	struct expr_pool *p = x->p;
	expr_id exponent = expr_extract(p, a, 64, 15), normal = expr_bit(p, a, 63);
	expr_id above = expr_ule(p, x86_const(x->c, 15, least), exponent);

	return expr_and(p, normal, expr_and(p, above, expr_ule(p, exponent, x86_const(x->c, 15, most))));
}

/* No operand is denormal or so large or small that the result may not be a normal number. */
enum { LEAST = 0x2010, MOST = 0x5fef, ONE = 0x3fff };

/* A result that lies in the register `reg` in the end, and is bounded where `applies` holds and there is no fault. */
static expr_id bounded(struct x87 *x, enum fp_function function, uint32_t reg, expr_id a, expr_id b, expr_id applies)
{
	expr_id done = expr_and(x->p, applies, expr_not(x->p, x87_stack_fault(x)));

	return x86_within_ulp(x->c, function, reg, a, b, done, expr_undef(x->p, 80));
}

/* ---- Of an angle: FSIN, FCOS, FSINCOS, FPTAN ---- */

enum angle { SINE, COSINE, BOTH, TANGENT };

/* 2^63 or more: nothing is done, and C2 tells so (SDM vol. 1, 8.3.8). */
static expr_id is_outside(struct x87 *x, expr_id a, const struct kind *k)
{
	enum { LIMIT = 0x3fff + 63 };
	struct expr_pool *p = x->p;
	expr_id large = expr_ule(p, x86_const(x->c, 15, LIMIT), expr_extract(p, a, 64, 15));

	return expr_and(p, large, expr_not(p, expr_or(p, k->infinite, k->nan)));
}

static void build_angle(struct x86_ctx *c, const struct x86_form *form)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id a = x87_read(&x, 0), none = x86_const(c, 1, 0);
	struct kind k = look(&x, a);
	struct function f = {k.nan, k.infinite, none, k.denormal, sum_of(&x, a, a), x87_indefinite(&x), EXPR_NONE};
	expr_id outside = is_outside(&x, a, &k), applies = is_between(&x, a, LEAST, ONE + 62);
	bool two = form->param == BOTH || form->param == TANGENT;
	static const uint8_t functions[] = {FP_FUNCTION_FSIN, FP_FUNCTION_FCOS, FP_FUNCTION_FSIN, FP_FUNCTION_FPTAN};

	x87_raise(&x, expr_ite(p, outside, x86_const(c, FP_NUM_FLAGS, 0), flags_of(&x, &f)));
	if (two)
		x87_make_room(&x);
	expr_id pushed = form->param == BOTH ? bounded(&x, FP_FUNCTION_FCOS, X86_st0, a, EXPR_NONE, applies)
					     : x87_number(&x, ONE, UINT64_C(1) << 63);
	expr_id value = bounded(&x, functions[form->param], two ? X86_st1 : X86_st0, a, EXPR_NONE, applies);
	if (two)
		x87_write(&x, 7, value_of(&x, &f, pushed));
	x87_write(&x, 0, value_of(&x, &f, value));
	/* An empty register is no angle. */
	x.keep = expr_and(p, outside, expr_not(p, x87_stack_fault(&x)));
	x87_set_codes(&x, EXPR_NONE, x.keep, expr_undef(p, 1), EXPR_NONE);
	x87_commit(&x);
}

/* ---- Others ---- */

/* 2^st(0) - 1: undefined unless st(0) is in [-1, 1]. */
static void build_f2xm1(struct x86_ctx *c, const struct x86_form *form)
{
	struct x87 x = x87_begin(c);
	expr_id a = x87_read(&x, 0), none = x86_const(c, 1, 0);
	struct kind k = look(&x, a);
	struct function f = {k.nan,
			     none,
			     none,
			     k.denormal,
			     sum_of(&x, a, a),
			     x87_indefinite(&x),
			     is_above(&x, a, 0x3fff, UINT64_C(1) << 63)};

	(void)form;
	x87_raise(&x, flags_of(&x, &f));
	expr_id value = bounded(&x, FP_FUNCTION_F2XM1, X86_st0, a, EXPR_NONE, is_between(&x, a, LEAST, ONE - 1));
	x87_write(&x, 0, value_of(&x, &f, value));
	x87_set_codes(&x, EXPR_NONE, EXPR_NONE, expr_undef(c->pool, 1), EXPR_NONE);
	x87_commit(&x);
}

/* The result takes the place of st(1), and st(0) is popped. applies: as for bounded(). */
static void finish_binary(struct x87 *x, const struct function *f, enum fp_function function, expr_id applies)
{
	expr_id value = bounded(x, function, X86_st0, x87_value(x, 0), x87_value(x, 1), applies);

	x87_raise(x, flags_of(x, f));
	x87_write(x, 1, value_of(x, f, value));
	x87_pop(x);
	x87_set_codes(x, EXPR_NONE, EXPR_NONE, expr_undef(x->p, 1), EXPR_NONE);
	x87_commit(x);
}

/* arctan(st(1) / st(0)): of any numbers. */
static void build_fpatan(struct x86_ctx *c, const struct x86_form *form)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id a = x87_read(&x, 0), b = x87_read(&x, 1), none = x86_const(c, 1, 0);
	struct kind ka = look(&x, a), kb = look(&x, b);
	struct function f = {
		expr_or(p, ka.nan, kb.nan), none,     none, expr_or(p, ka.denormal, kb.denormal), sum_of(&x, a, b),
		x87_indefinite(&x),         EXPR_NONE};

	(void)form;
	finish_binary(&x, &f, FP_FUNCTION_FPATAN,
		      expr_and(p, is_between(&x, a, LEAST, MOST), is_between(&x, b, LEAST, MOST)));
}

/*
 * st(1) * log2(st(0)) (SDM vol. 2, FYL2X): invalid are the logarithm of a negative number, 0 times an infinite
 * logarithm, and infinity times log2(1).
 */
static void build_fyl2x(struct x86_ctx *c, const struct x86_form *form)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id a = x87_read(&x, 0), b = x87_read(&x, 1), one = x87_number(&x, 0x3fff, UINT64_C(1) << 63);
	struct kind ka = look(&x, a), kb = look(&x, b);
	expr_id invalid = expr_or(p, ka.negative, expr_and(p, kb.zero, expr_or(p, ka.zero, ka.infinite)));
	expr_id finite = expr_not(p, expr_or(p, kb.zero, kb.infinite));
	expr_id infinity = x87_number(&x, 0x7fff, UINT64_C(1) << 63);
	expr_id pole = expr_concat(p, expr_not(p, expr_bit(p, b, 79)), expr_extract(p, infinity, 0, 79));

	(void)form;
	invalid = expr_or(p, invalid, expr_and(p, kb.infinite, expr_eq(p, a, one)));
	struct function f = {expr_or(p, ka.nan, kb.nan),
			     invalid,
			     expr_and(p, ka.zero, finite),
			     expr_or(p, ka.denormal, kb.denormal),
			     sum_of(&x, a, b),
			     pole,
			     EXPR_NONE};
	/* log2(1) is 0, which is exact. */
	expr_id plain = expr_and(p, expr_not(p, expr_bit(p, a, 79)), expr_not(p, expr_eq(p, a, one)));
	expr_id applies = expr_and(p, is_between(&x, a, LEAST, MOST), is_between(&x, b, LEAST, MOST));
	finish_binary(&x, &f, FP_FUNCTION_FYL2X, expr_and(p, plain, applies));
}

/* st(1) * log2(st(0) + 1): undefined unless st(0) is within 1 - sqrt(2) / 2 of 0 (SDM vol. 2, FYL2XP1). */
static void build_fyl2xp1(struct x86_ctx *c, const struct x86_form *form)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id a = x87_read(&x, 0), b = x87_read(&x, 1), none = x86_const(c, 1, 0);
	struct kind ka = look(&x, a), kb = look(&x, b);
	expr_id invalid = expr_and(p, ka.zero, kb.infinite);
	struct function f = {expr_or(p, ka.nan, kb.nan),
			     invalid,
			     none,
			     expr_or(p, ka.denormal, kb.denormal),
			     sum_of(&x, a, b),
			     x87_indefinite(&x),
			     is_above(&x, a, 0x3ffd, UINT64_C(0x95f619980c4336f7))};
	expr_id applies = expr_and(p, is_between(&x, a, LEAST, ONE), expr_not(p, f.undefined));

	(void)form;
	finish_binary(&x, &f, FP_FUNCTION_FYL2XP1, expr_and(p, applies, is_between(&x, b, LEAST, MOST)));
}

/* clang-format off */
static const struct x86_form x86_x87_transcendental[] = {
	/*  name       encoding     operands  builder, parameter */
	X87("fsin",     "D9 FE",     "",       build_angle, SINE),
	X87("fcos",     "D9 FF",     "",       build_angle, COSINE),
	X87("fsincos",  "D9 FB",     "",       build_angle, BOTH),
	X87("fptan",    "D9 F2",     "",       build_angle, TANGENT),
	X87("f2xm1",    "D9 F0",     "",       build_f2xm1, 0),
	X87("fpatan",   "D9 F3",     "",       build_fpatan, 0),
	X87("fyl2x",    "D9 F1",     "",       build_fyl2x, 0),
	X87("fyl2xp1",  "D9 F9",     "",       build_fyl2xp1, 0),
};
/* clang-format on */

X86_TABLE(x86_x87_transcendental);
