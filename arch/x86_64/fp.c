#include "arch/x86_64/fp.h"

const struct fp_format fp_single = {8, 23}, fp_double = {11, 52};

/* Bits of MXCSR, and flags by their place there (SDM vol. 1, 10.2.3). */
enum {
	FLAG_INVALID,
	FLAG_DENORMAL,
	FLAG_DIVIDE,
	FLAG_OVERFLOW,
	FLAG_UNDERFLOW,
	FLAG_PRECISION,
	NUM_FLAGS,
	MXCSR_DAZ = 6,
	MXCSR_MASKS = 7,
	MXCSR_RC = 13,
	MXCSR_FTZ = 15,
	RC_NEAREST = 0,
	RC_DOWN = 1,
	RC_UP = 2,
};

/* Widths of what is computed with: exponents, two's complement; significands of operands, and of results. */
enum { EXP = 16, SIG = 64, WIDE = 128 };

/* An operand. Where it is no NaN and no infinity it is significand * 2^(exponent - 63). */
struct number {
	expr_id bits, sign;
	expr_id nan, signalling, infinite, zero, denormal; /* 1 bit each; DAZ makes zeroes of denormals */
	expr_id magnitude;                                 /* all but the sign; 0 for a zero */
	expr_id exponent, significand;
};

/* ---- Short forms ---- */

static expr_id mxcsr_bit(struct x86_ctx *c, unsigned bit)
{
	return expr_bit(c->pool, expr_reg(c->pool, 32, X86_mxcsr), bit);
}

static expr_id rounds(struct x86_ctx *c, unsigned how)
{
	expr_id rc = expr_extract(c->pool, expr_reg(c->pool, 32, X86_mxcsr), MXCSR_RC, 2);

	return expr_eq(c->pool, rc, x86_const(c, 2, how));
}

static expr_id and_not(struct x86_ctx *c, expr_id a, expr_id b)
{
	return expr_and(c->pool, a, expr_not(c->pool, b));
}

static expr_id is_ones(struct x86_ctx *c, expr_id a)
{
	return expr_is_zero(c->pool, expr_not(c->pool, a));
}

static expr_id flag(struct x86_ctx *c, unsigned which, expr_id raised)
{
	expr_id wide = expr_zext(c->pool, raised, NUM_FLAGS);

	return expr_shl(c->pool, wide, x86_const(c, 8, which));
}

static int bias(const struct fp_format *f)
{
	return (1 << (f->exponent - 1)) - 1;
}

static expr_id exp_const(struct x86_ctx *c, int value)
{
	return x86_const(c, EXP, (uint16_t)value);
}

/* Sign, exponent and fraction put together. */
static expr_id pack(struct x86_ctx *c, const struct fp_format *f, expr_id sign, uint64_t exponent, uint64_t fraction)
{
	return expr_concat(c->pool, sign, x86_const(c, fp_width(f) - 1, exponent << f->fraction | fraction));
}

static uint64_t exponent_max(const struct fp_format *f)
{
	return (UINT64_C(1) << f->exponent) - 1;
}

static expr_id infinity(struct x86_ctx *c, const struct fp_format *f, expr_id sign)
{
	return pack(c, f, sign, exponent_max(f), 0);
}

/* SDM vol. 1, 4.8.3.7: the QNaN floating-point indefinite. */
static expr_id indefinite(struct x86_ctx *c, const struct fp_format *f)
{
	return pack(c, f, x86_const(c, 1, 1), exponent_max(f), UINT64_C(1) << (f->fraction - 1));
}

static expr_id quieted(struct x86_ctx *c, const struct fp_format *f, expr_id a)
{
	return expr_or(c->pool, a, x86_const(c, fp_width(f), UINT64_C(1) << (f->fraction - 1)));
}

/* ---- Operands ---- */

static struct number take_apart(struct x86_ctx *c, const struct fp_format *f, expr_id a)
{
	struct expr_pool *p = c->pool;
	expr_id exponent = expr_extract(p, a, f->fraction, f->exponent);
	expr_id fraction = expr_extract(p, a, 0, f->fraction);
	expr_id small = expr_is_zero(p, exponent), none = expr_is_zero(p, fraction), big = is_ones(c, exponent);
	expr_id daz = mxcsr_bit(c, MXCSR_DAZ);
	struct number n = {.bits = a, .sign = expr_msb(p, a)};

	n.nan = and_not(c, big, none);
	n.signalling = and_not(c, n.nan, expr_bit(p, a, f->fraction - 1u));
	n.infinite = expr_and(p, big, none);
	n.zero = expr_and(p, small, expr_or(p, none, daz));
	n.denormal = and_not(c, small, n.zero);
	n.magnitude = expr_ite(p, n.zero, x86_const(c, fp_width(f) - 1, 0), expr_extract(p, a, 0, fp_width(f) - 1));
	n.exponent = expr_sub(p, expr_or(p, expr_zext(p, exponent, EXP), expr_zext(p, small, EXP)),
			      exp_const(c, bias(f)));
	expr_id shown = expr_concat(p, expr_not(p, small), fraction);
	expr_id wide = expr_concat(p, shown, x86_const(c, SIG - 1u - f->fraction, 0));
	n.significand = expr_ite(p, n.zero, x86_const(c, SIG, 0), wide);
	return n;
}

/* The significand's top bit set, unless it is zero. */
static void normalise(struct x86_ctx *c, struct number *n)
{
	struct expr_pool *p = c->pool;
	expr_id zeroes = expr_unary(p, EXPR_CLZ, n->significand);

	n->significand = expr_shl(p, n->significand, zeroes);
	n->exponent = expr_sub(p, n->exponent, expr_fit(p, zeroes, EXP));
}

/* ---- Rounding ---- */

/* Shifted right by a count; the lowest bit is set, too, if a bit is lost. */
static expr_id shift_sticky(struct x86_ctx *c, expr_id a, expr_id count)
{
	struct expr_pool *p = c->pool;
	expr_id most = exp_const(c, WIDE - 1);
	expr_id n = expr_ite(p, expr_ult(p, most, count), most, count), shifted = expr_lshr(p, a, n);
	expr_id lost = expr_ne(p, expr_shl(p, shifted, n), a);

	return expr_or(p, shifted, expr_zext(p, lost, WIDE));
}

/* The upper bits that are kept of a significand, and whether the rest rounds them up. */
struct cut {
	expr_id kept, up, inexact;
};

static struct cut cut(struct x86_ctx *c, expr_id sign, expr_id significand, unsigned bits)
{
	struct expr_pool *p = c->pool;
	struct cut ret = {.kept = expr_extract(p, significand, WIDE - bits, bits)};
	expr_id half = expr_bit(p, significand, WIDE - bits - 1);
	expr_id below = expr_not(p, expr_is_zero(p, expr_extract(p, significand, 0, WIDE - bits - 1)));
	expr_id nearest = expr_and(p, half, expr_or(p, below, expr_bit(p, ret.kept, 0)));

	ret.inexact = expr_or(p, half, below);
	expr_id away = expr_or(p, expr_and(p, rounds(c, RC_DOWN), sign), and_not(c, rounds(c, RC_UP), sign));
	ret.up = expr_ite(p, rounds(c, RC_NEAREST), nearest, expr_and(p, away, ret.inexact));
	return ret;
}

/* SDM vol. 1, 4.9.1.4: what a masked overflow gives. */
static expr_id overflowed(struct x86_ctx *c, const struct fp_format *f, expr_id sign)
{
	struct expr_pool *p = c->pool;
	expr_id away = expr_or(p, expr_and(p, rounds(c, RC_DOWN), sign), and_not(c, rounds(c, RC_UP), sign));
	expr_id most = pack(c, f, sign, exponent_max(f) - 1, (UINT64_C(1) << f->fraction) - 1);

	return expr_ite(p, expr_or(p, rounds(c, RC_NEAREST), away), infinity(c, f, sign), most);
}

/*
 * significand * 2^(exponent - 127) rounded to the format. Tiny is what lies below the normal numbers when it is rounded
 * as if the exponent had no bounds (SDM vol. 1, 4.9.1.5).
 */
static struct fp_result round_to(struct x86_ctx *c, const struct fp_format *f, expr_id sign, expr_id exponent,
				 expr_id significand)
{
	struct expr_pool *p = c->pool;
	unsigned width = fp_width(f), bits = f->fraction + 1u;
	expr_id zeroes = expr_unary(p, EXPR_CLZ, significand), zero = expr_is_zero(p, significand);
	expr_id normal = expr_shl(p, significand, zeroes);
	expr_id biased = expr_add(p, expr_sub(p, exponent, expr_fit(p, zeroes, EXP)), exp_const(c, bias(f)));
	expr_id below = expr_slt(p, biased, exp_const(c, 1));
	expr_id right = expr_ite(p, below, expr_sub(p, exp_const(c, 1), biased), exp_const(c, 0));
	struct cut unbounded = cut(c, sign, normal, bits), bounded = cut(c, sign, shift_sticky(c, normal, right), bits);

	/* The kept bits begin with the one that the format leaves out, which adds 1 to the exponent. */
	expr_id field = expr_ite(p, below, exp_const(c, 0), expr_sub(p, biased, exp_const(c, 1)));
	expr_id high = expr_shl(p, expr_fit(p, field, width), x86_const(c, 8, f->fraction));
	expr_id rounded = expr_add(p, expr_add(p, high, expr_zext(p, bounded.kept, width)),
				   expr_zext(p, bounded.up, width));
	expr_id magnitude = expr_extract(p, rounded, 0, width - 1);

	expr_id most = exp_const(c, (int)exponent_max(f) - 1);
	expr_id over = and_not(c,
			       expr_or(p, expr_slt(p, most, biased),
				       is_ones(c, expr_extract(p, magnitude, f->fraction, f->exponent))),
			       expr_or(p, zero, below));
	expr_id carries = expr_and(p, is_ones(c, unbounded.kept), unbounded.up);
	expr_id reaches = expr_and(p, expr_is_zero(p, biased), carries);
	expr_id tiny = and_not(c, and_not(c, below, reaches), zero);
	expr_id masked = mxcsr_bit(c, MXCSR_MASKS + FLAG_UNDERFLOW);
	expr_id flushed = expr_and(p, tiny, expr_and(p, masked, mxcsr_bit(c, MXCSR_FTZ)));
	expr_id inexact = and_not(c, bounded.inexact, zero);

	expr_id under = expr_and(p, tiny, expr_or(p, expr_or(p, inexact, flushed), expr_not(p, masked)));
	expr_id imprecise = expr_or(p, expr_or(p, inexact, over), flushed);
	expr_id none = expr_or(p, zero, flushed);
	expr_id finite = expr_concat(p, sign, expr_ite(p, none, x86_const(c, width - 1, 0), magnitude));
	return (struct fp_result){
		.value = expr_ite(p, over, overflowed(c, f, sign), finite),
		.flags = expr_or(p, flag(c, FLAG_OVERFLOW, over),
				 expr_or(p, flag(c, FLAG_UNDERFLOW, under), flag(c, FLAG_PRECISION, imprecise))),
	};
}

/* ---- Operations ---- */

/* Which special results come before the ordinary one. */
struct special {
	expr_id invalid; /* besides signalling NaNs */
	expr_id divide;  /* a finite number by zero */
	expr_id exact;   /* the result is `value`, and nothing is raised but for denormals */
	expr_id value;
};

/* SDM vol. 1, 4.8.3.5 and 4.9.2: NaNs first, then other invalid operands, division by zero, denormal operands, the
 * result. */
static struct fp_result settle(struct x86_ctx *c, const struct fp_format *f, const struct number *a,
			       const struct number *b, const struct special *s, const struct fp_result *ordinary)
{
	struct expr_pool *p = c->pool;
	expr_id nan = expr_or(p, a->nan, b->nan);
	expr_id invalid = expr_or(p, expr_or(p, a->signalling, b->signalling), and_not(c, s->invalid, nan));
	expr_id divide = and_not(c, s->divide, nan), none = x86_const(c, NUM_FLAGS, 0);
	expr_id before = expr_or(p, expr_or(p, nan, invalid), divide);
	expr_id denormal = and_not(c, expr_or(p, a->denormal, b->denormal), before);
	expr_id quiet = expr_ite(p, a->nan, quieted(c, f, a->bits), quieted(c, f, b->bits));
	expr_id value = expr_ite(p, s->invalid, indefinite(c, f),
				 expr_ite(p, expr_or(p, s->exact, s->divide), s->value, ordinary->value));
	expr_id special = expr_or(p, expr_or(p, nan, s->invalid), expr_or(p, s->exact, s->divide));

	return (struct fp_result){
		.value = expr_ite(p, nan, quiet, value),
		.flags = expr_or(p, expr_or(p, flag(c, FLAG_INVALID, invalid), flag(c, FLAG_DENORMAL, denormal)),
				 expr_or(p, flag(c, FLAG_DIVIDE, divide), expr_ite(p, special, none, ordinary->flags))),
	};
}

static struct fp_result add(struct x86_ctx *c, const struct fp_format *f, const struct number *a,
			    const struct number *b)
{
	struct expr_pool *p = c->pool;
	expr_id swap = expr_ult(p, a->magnitude, b->magnitude);
	expr_id exponent = expr_ite(p, swap, b->exponent, a->exponent);
	expr_id distance = expr_sub(p, exponent, expr_ite(p, swap, a->exponent, b->exponent));
	expr_id big = expr_zext(p, expr_ite(p, swap, b->significand, a->significand), WIDE);
	expr_id small = expr_zext(p, expr_ite(p, swap, a->significand, b->significand), WIDE);
	/* One bit above for the carry. */
	expr_id up = x86_const(c, 8, WIDE - SIG - 1);
	big = expr_shl(p, big, up);
	small = shift_sticky(c, expr_shl(p, small, up), distance);
	expr_id differ = expr_xor(p, a->sign, b->sign);
	expr_id sum = expr_ite(p, differ, expr_sub(p, big, small), expr_add(p, big, small));
	/* A difference of zero is positive, but for rounding down. */
	expr_id sign = expr_ite(p, expr_is_zero(p, sum), expr_ite(p, differ, rounds(c, RC_DOWN), a->sign),
				expr_ite(p, swap, b->sign, a->sign));
	struct fp_result ordinary = round_to(c, f, sign, expr_add(p, exponent, exp_const(c, 1)), sum);
	const struct special s = {
		.invalid = expr_and(p, expr_and(p, a->infinite, b->infinite), differ),
		.divide = x86_const(c, 1, 0),
		.exact = expr_or(p, a->infinite, b->infinite),
		.value = expr_ite(p, a->infinite, infinity(c, f, a->sign), infinity(c, f, b->sign)),
	};
	return settle(c, f, a, b, &s, &ordinary);
}

struct fp_result fp_add(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b)
{
	struct number x = take_apart(c, f, a), y = take_apart(c, f, b);

	return add(c, f, &x, &y);
}

struct fp_result fp_sub(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b)
{
	struct number x = take_apart(c, f, a), y = take_apart(c, f, b);

	y.sign = expr_not(c->pool, y.sign);
	return add(c, f, &x, &y);
}

struct fp_result fp_mul(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	struct number x = take_apart(c, f, a), y = take_apart(c, f, b);
	expr_id sign = expr_xor(p, x.sign, y.sign);
	expr_id product = expr_mul(p, expr_zext(p, x.significand, WIDE), expr_zext(p, y.significand, WIDE));
	expr_id exponent = expr_add(p, expr_add(p, x.exponent, y.exponent), exp_const(c, 1));
	struct fp_result ordinary = round_to(c, f, sign, exponent, product);
	const struct special s = {
		.invalid = expr_or(p, expr_and(p, x.infinite, y.zero), expr_and(p, x.zero, y.infinite)),
		.divide = x86_const(c, 1, 0),
		.exact = expr_or(p, x.infinite, y.infinite),
		.value = infinity(c, f, sign),
	};
	return settle(c, f, &x, &y, &s, &ordinary);
}

struct fp_result fp_div(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	struct number x = take_apart(c, f, a), y = take_apart(c, f, b);
	expr_id sign = expr_xor(p, x.sign, y.sign);

	normalise(c, &x);
	normalise(c, &y);
	expr_id over = expr_shl(p, expr_zext(p, x.significand, WIDE), x86_const(c, 8, SIG - 1));
	expr_id under = expr_zext(p, y.significand, WIDE);
	expr_id quotient = expr_shl(p, expr_binary(p, EXPR_UDIV, over, under), x86_const(c, 8, SIG));
	expr_id rest = expr_not(p, expr_is_zero(p, expr_binary(p, EXPR_UREM, over, under)));
	struct fp_result ordinary = round_to(c, f, sign, expr_sub(p, x.exponent, y.exponent),
					     expr_or(p, quotient, expr_zext(p, rest, WIDE)));
	expr_id none = pack(c, f, sign, 0, 0);
	const struct special s = {
		.invalid = expr_or(p, expr_and(p, x.infinite, y.infinite), expr_and(p, x.zero, y.zero)),
		.divide = and_not(c, y.zero, expr_or(p, x.zero, x.infinite)),
		.exact = expr_or(p, x.infinite, y.infinite),
		.value = expr_ite(p, y.infinite, none, infinity(c, f, sign)),
	};
	return settle(c, f, &x, &y, &s, &ordinary);
}

/* ---- Comparison ---- */

/* As a signed integer that orders like the number: both zeroes are 0. */
static expr_id ordered(struct x86_ctx *c, const struct number *n)
{
	struct expr_pool *p = c->pool;
	expr_id wide = expr_zext(p, n->magnitude, expr_width(p, n->magnitude) + 1);

	return expr_ite(p, n->sign, expr_neg(p, wide), wide);
}

struct fp_order fp_compare(struct x86_ctx *c, const struct fp_format *f, bool quiet, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	struct number x = take_apart(c, f, a), y = take_apart(c, f, b);
	expr_id nan = expr_or(p, x.nan, y.nan), signalling = expr_or(p, x.signalling, y.signalling);
	expr_id left = ordered(c, &x), right = ordered(c, &y);
	expr_id denormal = and_not(c, expr_or(p, x.denormal, y.denormal), nan);

	return (struct fp_order){
		.less = and_not(c, expr_slt(p, left, right), nan),
		.equal = and_not(c, expr_eq(p, left, right), nan),
		.unordered = nan,
		.flags = expr_or(p, flag(c, FLAG_INVALID, quiet ? signalling : nan), flag(c, FLAG_DENORMAL, denormal)),
	};
}

/* The number with denormals as zeroes if DAZ says so. */
static expr_id as_operand(struct x86_ctx *c, const struct number *n)
{
	expr_id plain = expr_concat(c->pool, n->sign, n->magnitude);

	return expr_ite(c->pool, n->nan, n->bits, plain);
}

/* The second source wherever the first is not ordered before it (SDM vol. 2, MINSD, MAXSD). */
static struct fp_result choose(struct x86_ctx *c, const struct fp_format *f, bool max, expr_id a, expr_id b)
{
	struct number x = take_apart(c, f, a), y = take_apart(c, f, b);
	struct fp_order o = max ? fp_compare(c, f, false, b, a) : fp_compare(c, f, false, a, b);

	return (struct fp_result){
		.value = expr_ite(c->pool, o.less, as_operand(c, &x), as_operand(c, &y)),
		.flags = o.flags,
	};
}

struct fp_result fp_min(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b)
{
	return choose(c, f, false, a, b);
}

struct fp_result fp_max(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b)
{
	return choose(c, f, true, a, b);
}

/* ---- Conversions ---- */

struct fp_result fp_from_int(struct x86_ctx *c, const struct fp_format *f, expr_id a)
{
	struct expr_pool *p = c->pool;
	expr_id sign = expr_msb(p, a), wide = expr_sext(p, a, SIG);
	expr_id magnitude = expr_ite(p, sign, expr_neg(p, wide), wide);

	return round_to(c, f, sign, exp_const(c, SIG - 1), expr_concat(p, magnitude, x86_const(c, WIDE - SIG, 0)));
}

struct fp_result fp_to_int(struct x86_ctx *c, const struct fp_format *f, unsigned width, bool truncate, expr_id a)
{
	struct expr_pool *p = c->pool;
	struct number n = take_apart(c, f, a);
	/* Integer bits above, fraction below the middle of WIDE bits. */
	expr_id left = expr_add(p, n.exponent, exp_const(c, 1)), negative = expr_msb(p, left);
	expr_id wide = expr_zext(p, n.significand, WIDE);
	expr_id point = expr_ite(p, negative, shift_sticky(c, wide, expr_neg(p, left)), expr_shl(p, wide, left));
	struct cut part = cut(c, n.sign, point, SIG);
	expr_id up = truncate ? x86_const(c, 1, 0) : part.up;
	expr_id magnitude = expr_add(p, expr_zext(p, part.kept, SIG + 2), expr_zext(p, up, SIG + 2));
	expr_id least = x86_const(c, SIG + 2, UINT64_C(1) << (width - 1));
	expr_id most = expr_sub(p, least, expr_zext(p, expr_not(p, n.sign), SIG + 2));
	expr_id far = expr_slt(p, exp_const(c, SIG - 1), n.exponent);
	expr_id invalid = expr_or(p, expr_or(p, n.nan, far), expr_ult(p, most, magnitude));
	expr_id low = expr_extract(p, magnitude, 0, width);
	expr_id value = expr_ite(p, n.sign, expr_neg(p, low), low);

	return (struct fp_result){
		.value = expr_ite(p, invalid, x86_const(c, width, UINT64_C(1) << (width - 1)), value),
		.flags = expr_or(p, flag(c, FLAG_INVALID, invalid),
				 flag(c, FLAG_PRECISION, and_not(c, part.inexact, invalid))),
	};
}

/* A NaN keeps the upper bits of its fraction. */
static expr_id convert_nan(struct x86_ctx *c, const struct fp_format *to, const struct fp_format *from,
			   const struct number *n)
{
	struct expr_pool *p = c->pool;
	expr_id fraction = expr_extract(p, n->bits, 0, from->fraction);
	expr_id fitted = to->fraction > from->fraction
				 ? expr_concat(p, fraction, x86_const(c, to->fraction - from->fraction, 0u))
				 : expr_extract(p, fraction, from->fraction - to->fraction, to->fraction);
	expr_id exponent = x86_const(c, to->exponent, exponent_max(to));

	return quieted(c, to, expr_concat(p, n->sign, expr_concat(p, exponent, fitted)));
}

struct fp_result fp_convert(struct x86_ctx *c, const struct fp_format *to, const struct fp_format *from, expr_id a)
{
	struct expr_pool *p = c->pool;
	struct number n = take_apart(c, from, a);
	expr_id wide = expr_concat(p, n.significand, x86_const(c, WIDE - SIG, 0));
	struct fp_result ordinary = round_to(c, to, n.sign, n.exponent, wide);
	expr_id special = expr_or(p, n.nan, n.infinite), none = x86_const(c, NUM_FLAGS, 0);
	expr_id value = expr_ite(p, n.infinite, infinity(c, to, n.sign), ordinary.value);

	return (struct fp_result){
		.value = expr_ite(p, n.nan, convert_nan(c, to, from, &n), value),
		.flags = expr_or(p, expr_or(p, flag(c, FLAG_INVALID, n.signalling), flag(c, FLAG_DENORMAL, n.denormal)),
				 expr_ite(p, special, none, ordinary.flags)),
	};
}

/* ---- Exceptions ---- */

void fp_finish(struct x86_ctx *c, expr_id flags)
{
	struct expr_pool *p = c->pool;
	expr_id mxcsr = expr_reg(p, 32, X86_mxcsr);
	expr_id unmasked = and_not(c, flags, expr_extract(p, mxcsr, MXCSR_MASKS, NUM_FLAGS));

	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, unmasked)), FAULT_FLOAT);
	transfer_set_reg(c->t, X86_mxcsr, expr_or(p, mxcsr, expr_zext(p, flags, 32)));
}
