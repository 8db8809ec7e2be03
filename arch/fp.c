/*
 * Numbers in comments without a manual's name are sections of IEEE 754-2019. Where it leaves a choice, or an
 * architecture departs from it, the rule of each is named: x86 by the SDM's section, AArch64 by the Arm ARM's shared
 * pseudocode.
 */
#include "arch/fp.h"

const struct fp_format fp_single = {8, 23}, fp_double = {11, 52};

/* Widths of what is computed with: exponents, two's complement; significands of operands, and of results. */
enum { EXP = 16, SIG = 64, WIDE = 128 };

/* An operand. Where it is no NaN and no infinity it is significand * 2^(exponent - 63). */
struct number {
	expr_id bits, sign;
	expr_id nan, signalling, infinite, zero, denormal; /* 1 bit each */
	expr_id flushed;                                   /* a denormal that is taken for a zero */
	expr_id magnitude;                                 /* all but the sign; 0 for a zero */
	expr_id exponent, significand;
};

/* ---- Short forms ---- */

static expr_id and_not(const struct fp_env *e, expr_id a, expr_id b)
{
	return expr_and(e->pool, a, expr_not(e->pool, b));
}

static expr_id is_ones(const struct fp_env *e, expr_id a)
{
	return expr_is_zero(e->pool, expr_not(e->pool, a));
}

static expr_id flag(const struct fp_env *e, unsigned which, expr_id raised)
{
	expr_id wide = expr_zext(e->pool, raised, FP_NUM_FLAGS);

	return expr_shl(e->pool, wide, expr_const(e->pool, 8, which));
}

static int bias(const struct fp_format *f)
{
	return (1 << (f->exponent - 1)) - 1;
}

static expr_id exp_const(const struct fp_env *e, int value)
{
	return expr_const(e->pool, EXP, (uint16_t)value);
}

/* Sign, exponent and fraction put together. */
static expr_id pack(const struct fp_env *e, const struct fp_format *f, expr_id sign, uint64_t exponent,
		    uint64_t fraction)
{
	return expr_concat(e->pool, sign, expr_const(e->pool, fp_width(f) - 1, exponent << f->fraction | fraction));
}

static uint64_t exponent_max(const struct fp_format *f)
{
	return (UINT64_C(1) << f->exponent) - 1;
}

static expr_id infinity(const struct fp_env *e, const struct fp_format *f, expr_id sign)
{
	return pack(e, f, sign, exponent_max(f), 0);
}

static expr_id default_nan(const struct fp_env *e, const struct fp_format *f)
{
	return pack(e, f, expr_const(e->pool, 1, e->negative_nan), exponent_max(f), UINT64_C(1) << (f->fraction - 1));
}

static expr_id quieted(const struct fp_env *e, const struct fp_format *f, expr_id a)
{
	return expr_or(e->pool, a, expr_const(e->pool, fp_width(f), UINT64_C(1) << (f->fraction - 1)));
}

/* ---- Operands ---- */

static struct number take_apart(const struct fp_env *e, const struct fp_format *f, expr_id a)
{
	struct expr_pool *p = e->pool;
	expr_id exponent = expr_extract(p, a, f->fraction, f->exponent);
	expr_id fraction = expr_extract(p, a, 0, f->fraction);
	expr_id small = expr_is_zero(p, exponent), none = expr_is_zero(p, fraction), big = is_ones(e, exponent);
	struct number n = {.bits = a, .sign = expr_msb(p, a)};

	n.nan = and_not(e, big, none);
	n.signalling = and_not(e, n.nan, expr_bit(p, a, f->fraction - 1u));
	n.infinite = expr_and(p, big, none);
	n.flushed = expr_and(p, and_not(e, small, none), e->flush_operands);
	n.zero = expr_or(p, expr_and(p, small, none), n.flushed);
	n.denormal = and_not(e, small, n.zero);
	n.magnitude = expr_ite(p, n.zero, expr_const(e->pool, fp_width(f) - 1, 0),
			       expr_extract(p, a, 0, fp_width(f) - 1));
	n.exponent = expr_sub(p, expr_or(p, expr_zext(p, exponent, EXP), expr_zext(p, small, EXP)),
			      exp_const(e, bias(f)));
	expr_id shown = expr_concat(p, expr_not(p, small), fraction);
	expr_id wide = expr_concat(p, shown, expr_const(e->pool, SIG - 1u - f->fraction, 0));
	n.significand = expr_ite(p, n.zero, expr_const(e->pool, SIG, 0), wide);
	return n;
}

/* The significand's top bit set, unless it is zero. */
static void normalise(const struct fp_env *e, struct number *n)
{
	struct expr_pool *p = e->pool;
	expr_id zeroes = expr_unary(p, EXPR_CLZ, n->significand);

	n->significand = expr_shl(p, n->significand, zeroes);
	n->exponent = expr_sub(p, n->exponent, expr_fit(p, zeroes, EXP));
}

/* ---- Rounding ---- */

/* Shifted right by a count; the lowest bit is set, too, if a bit is lost. */
static expr_id shift_sticky(const struct fp_env *e, expr_id a, expr_id count)
{
	struct expr_pool *p = e->pool;
	expr_id most = exp_const(e, WIDE - 1);
	expr_id n = expr_ite(p, expr_ult(p, most, count), most, count), shifted = expr_lshr(p, a, n);
	expr_id lost = expr_ne(p, expr_shl(p, shifted, n), a);

	return expr_or(p, shifted, expr_zext(p, lost, WIDE));
}

/* The upper bits that are kept of a significand, and whether the rest rounds them up. */
struct cut {
	expr_id kept, up, inexact;
};

static struct cut cut(const struct fp_env *e, expr_id sign, expr_id significand, unsigned bits)
{
	struct expr_pool *p = e->pool;
	struct cut ret = {.kept = expr_extract(p, significand, WIDE - bits, bits)};
	expr_id half = expr_bit(p, significand, WIDE - bits - 1);
	expr_id below = expr_not(p, expr_is_zero(p, expr_extract(p, significand, 0, WIDE - bits - 1)));
	expr_id nearest = expr_and(p, half, expr_or(p, below, expr_bit(p, ret.kept, 0)));

	ret.inexact = expr_or(p, half, below);
	expr_id away = expr_or(p, expr_and(p, e->down, sign), and_not(e, e->up, sign));
	ret.up = expr_ite(p, e->nearest, nearest, expr_and(p, away, ret.inexact));
	return ret;
}

/* What an overflow gives that is not trapped (7.4). */
static expr_id overflowed(const struct fp_env *e, const struct fp_format *f, expr_id sign)
{
	struct expr_pool *p = e->pool;
	expr_id away = expr_or(p, expr_and(p, e->down, sign), and_not(e, e->up, sign));
	expr_id most = pack(e, f, sign, exponent_max(f) - 1, (UINT64_C(1) << f->fraction) - 1);

	return expr_ite(p, expr_or(p, e->nearest, away), infinity(e, f, sign), most);
}

/*
 * significand * 2^(exponent - 127) rounded to the format (4.3). Tiny is what lies below the normal numbers (7.5): on
 * AArch64 by its value before rounding (FPRound()), on x86 when it is rounded as if the exponent had no bounds (SDM
 * vol. 1, 4.9.1.5). A tiny result that is flushed is inexact, too, on x86 (SDM vol. 1, 10.2.3.3), and not on AArch64
 * (FPRound()).
 */
static struct fp_result round_to(const struct fp_env *e, const struct fp_format *f, expr_id sign, expr_id exponent,
				 expr_id significand)
{
	struct expr_pool *p = e->pool;
	unsigned width = fp_width(f), bits = f->fraction + 1u;
	expr_id zeroes = expr_unary(p, EXPR_CLZ, significand), zero = expr_is_zero(p, significand);
	expr_id normal = expr_shl(p, significand, zeroes);
	expr_id biased = expr_add(p, expr_sub(p, exponent, expr_fit(p, zeroes, EXP)), exp_const(e, bias(f)));
	expr_id below = expr_slt(p, biased, exp_const(e, 1));
	expr_id right = expr_ite(p, below, expr_sub(p, exp_const(e, 1), biased), exp_const(e, 0));
	struct cut unbounded = cut(e, sign, normal, bits), bounded = cut(e, sign, shift_sticky(e, normal, right), bits);

	/* The kept bits begin with the one that the format leaves out, which adds 1 to the exponent. */
	expr_id field = expr_ite(p, below, exp_const(e, 0), expr_sub(p, biased, exp_const(e, 1)));
	expr_id high = expr_shl(p, expr_fit(p, field, width), expr_const(e->pool, 8, f->fraction));
	expr_id rounded = expr_add(p, expr_add(p, high, expr_zext(p, bounded.kept, width)),
				   expr_zext(p, bounded.up, width));
	expr_id magnitude = expr_extract(p, rounded, 0, width - 1);

	expr_id most = exp_const(e, (int)exponent_max(f) - 1);
	expr_id over = and_not(e,
			       expr_or(p, expr_slt(p, most, biased),
				       is_ones(e, expr_extract(p, magnitude, f->fraction, f->exponent))),
			       expr_or(p, zero, below));
	expr_id carries = expr_and(p, is_ones(e, unbounded.kept), unbounded.up);
	expr_id reaches = expr_and(p, expr_is_zero(p, biased), carries);
	expr_id tiny = and_not(e, e->tiny_before ? below : and_not(e, below, reaches), zero);
	expr_id flushed = expr_and(p, tiny, e->flush_results);
	expr_id inexact = and_not(e, bounded.inexact, zero);

	expr_id under = expr_and(p, tiny, expr_or(p, expr_or(p, inexact, flushed), e->exact_underflow));
	expr_id imprecise = expr_or(p, inexact, over);
	imprecise = e->flushed_is_exact ? and_not(e, imprecise, flushed) : expr_or(p, imprecise, flushed);
	expr_id none = expr_or(p, zero, flushed);
	expr_id finite = expr_concat(p, sign, expr_ite(p, none, expr_const(e->pool, width - 1, 0), magnitude));
	return (struct fp_result){
		.value = expr_ite(p, over, overflowed(e, f, sign), finite),
		.flags = expr_or(p, flag(e, FP_OVERFLOW, over),
				 expr_or(p, flag(e, FP_UNDERFLOW, under), flag(e, FP_PRECISION, imprecise))),
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

/* The NaN that the result is made of is the first operand. The choice is the architecture's (6.2.3): SDM vol. 1,
 * 4.8.3.5, table 4-7; FPProcessNaNs(). */
static expr_id first_nan(const struct fp_env *e, const struct number *a, const struct number *b)
{
	struct expr_pool *p = e->pool;

	if (!e->signalling_first)
		return a->nan;
	return expr_or(p, a->signalling, and_not(e, a->nan, b->signalling));
}

/*
 * NaNs first, then other invalid operands, division by zero, the result (6.2, 7.2, 7.3). 754 has no flag for denormal
 * operands: on x86 one comes before the result and behind the rest (SDM vol. 1, 4.9.2), on AArch64 it is that an
 * operand was flushed, whatever else there is (FPUnpack()).
 */
static struct fp_result settle(const struct fp_env *e, const struct fp_format *f, const struct number *a,
			       const struct number *b, const struct special *s, const struct fp_result *ordinary)
{
	struct expr_pool *p = e->pool;
	expr_id nan = expr_or(p, a->nan, b->nan);
	expr_id invalid = expr_or(p, expr_or(p, a->signalling, b->signalling), and_not(e, s->invalid, nan));
	expr_id divide = and_not(e, s->divide, nan), none = expr_const(e->pool, FP_NUM_FLAGS, 0);
	expr_id before = expr_or(p, expr_or(p, nan, invalid), divide);
	expr_id denormal = and_not(e, expr_or(p, a->denormal, b->denormal), before);
	if (e->flush_raises)
		denormal = expr_or(p, a->flushed, b->flushed);
	expr_id quiet = expr_ite(p, first_nan(e, a, b), quieted(e, f, a->bits), quieted(e, f, b->bits));
	expr_id value = expr_ite(p, s->invalid, default_nan(e, f),
				 expr_ite(p, expr_or(p, s->exact, s->divide), s->value, ordinary->value));
	expr_id special = expr_or(p, expr_or(p, nan, s->invalid), expr_or(p, s->exact, s->divide));

	return (struct fp_result){
		.value = expr_ite(p, nan, expr_ite(p, e->default_nan, default_nan(e, f), quiet), value),
		.flags = expr_or(p, expr_or(p, flag(e, FP_INVALID, invalid), flag(e, FP_DENORMAL, denormal)),
				 expr_or(p, flag(e, FP_DIVIDE, divide), expr_ite(p, special, none, ordinary->flags))),
	};
}

static struct fp_result add(const struct fp_env *e, const struct fp_format *f, const struct number *a,
			    const struct number *b)
{
	struct expr_pool *p = e->pool;
	expr_id swap = expr_ult(p, a->magnitude, b->magnitude);
	expr_id exponent = expr_ite(p, swap, b->exponent, a->exponent);
	expr_id distance = expr_sub(p, exponent, expr_ite(p, swap, a->exponent, b->exponent));
	expr_id big = expr_zext(p, expr_ite(p, swap, b->significand, a->significand), WIDE);
	expr_id small = expr_zext(p, expr_ite(p, swap, a->significand, b->significand), WIDE);
	/* One bit above for the carry. */
	expr_id up = expr_const(e->pool, 8, WIDE - SIG - 1);
	big = expr_shl(p, big, up);
	small = shift_sticky(e, expr_shl(p, small, up), distance);
	expr_id differ = expr_xor(p, a->sign, b->sign);
	expr_id sum = expr_ite(p, differ, expr_sub(p, big, small), expr_add(p, big, small));
	/* A difference of zero is positive, but for rounding down (6.3). */
	expr_id sign = expr_ite(p, expr_is_zero(p, sum), expr_ite(p, differ, e->down, a->sign),
				expr_ite(p, swap, b->sign, a->sign));
	struct fp_result ordinary = round_to(e, f, sign, expr_add(p, exponent, exp_const(e, 1)), sum);
	const struct special s = {
		.invalid = expr_and(p, expr_and(p, a->infinite, b->infinite), differ),
		.divide = expr_const(e->pool, 1, 0),
		.exact = expr_or(p, a->infinite, b->infinite),
		.value = expr_ite(p, a->infinite, infinity(e, f, a->sign), infinity(e, f, b->sign)),
	};
	return settle(e, f, a, b, &s, &ordinary);
}

struct fp_result fp_add(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b)
{
	struct number x = take_apart(e, f, a), y = take_apart(e, f, b);

	return add(e, f, &x, &y);
}

struct fp_result fp_sub(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b)
{
	struct number x = take_apart(e, f, a), y = take_apart(e, f, b);

	y.sign = expr_not(e->pool, y.sign);
	return add(e, f, &x, &y);
}

struct fp_result fp_mul(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b)
{
	struct expr_pool *p = e->pool;
	struct number x = take_apart(e, f, a), y = take_apart(e, f, b);
	expr_id sign = expr_xor(p, x.sign, y.sign);
	expr_id product = expr_mul(p, expr_zext(p, x.significand, WIDE), expr_zext(p, y.significand, WIDE));
	expr_id exponent = expr_add(p, expr_add(p, x.exponent, y.exponent), exp_const(e, 1));
	struct fp_result ordinary = round_to(e, f, sign, exponent, product);
	const struct special s = {
		.invalid = expr_or(p, expr_and(p, x.infinite, y.zero), expr_and(p, x.zero, y.infinite)),
		.divide = expr_const(e->pool, 1, 0),
		.exact = expr_or(p, x.infinite, y.infinite),
		.value = infinity(e, f, sign),
	};
	return settle(e, f, &x, &y, &s, &ordinary);
}

struct fp_result fp_div(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b)
{
	struct expr_pool *p = e->pool;
	struct number x = take_apart(e, f, a), y = take_apart(e, f, b);
	expr_id sign = expr_xor(p, x.sign, y.sign);

	normalise(e, &x);
	normalise(e, &y);
	expr_id over = expr_shl(p, expr_zext(p, x.significand, WIDE), expr_const(e->pool, 8, SIG - 1));
	expr_id under = expr_zext(p, y.significand, WIDE);
	expr_id quotient = expr_shl(p, expr_binary(p, EXPR_UDIV, over, under), expr_const(e->pool, 8, SIG));
	expr_id rest = expr_not(p, expr_is_zero(p, expr_binary(p, EXPR_UREM, over, under)));
	struct fp_result ordinary = round_to(e, f, sign, expr_sub(p, x.exponent, y.exponent),
					     expr_or(p, quotient, expr_zext(p, rest, WIDE)));
	expr_id none = pack(e, f, sign, 0, 0);
	const struct special s = {
		.invalid = expr_or(p, expr_and(p, x.infinite, y.infinite), expr_and(p, x.zero, y.zero)),
		.divide = and_not(e, y.zero, expr_or(p, x.zero, x.infinite)),
		.exact = expr_or(p, x.infinite, y.infinite),
		.value = expr_ite(p, y.infinite, none, infinity(e, f, sign)),
	};
	return settle(e, f, &x, &y, &s, &ordinary);
}

/* ---- Comparison (5.11) ---- */

/* As a signed integer that orders like the number: both zeroes are 0. */
static expr_id ordered(const struct fp_env *e, const struct number *n)
{
	struct expr_pool *p = e->pool;
	expr_id wide = expr_zext(p, n->magnitude, expr_width(p, n->magnitude) + 1);

	return expr_ite(p, n->sign, expr_neg(p, wide), wide);
}

struct fp_order fp_compare(const struct fp_env *e, const struct fp_format *f, bool quiet, expr_id a, expr_id b)
{
	struct expr_pool *p = e->pool;
	struct number x = take_apart(e, f, a), y = take_apart(e, f, b);
	expr_id nan = expr_or(p, x.nan, y.nan), signalling = expr_or(p, x.signalling, y.signalling);
	expr_id left = ordered(e, &x), right = ordered(e, &y);
	expr_id denormal = e->flush_raises ? expr_or(p, x.flushed, y.flushed)
					   : and_not(e, expr_or(p, x.denormal, y.denormal), nan);

	return (struct fp_order){
		.less = and_not(e, expr_slt(p, left, right), nan),
		.equal = and_not(e, expr_eq(p, left, right), nan),
		.unordered = nan,
		.flags = expr_or(p, flag(e, FP_INVALID, quiet ? signalling : nan), flag(e, FP_DENORMAL, denormal)),
	};
}

expr_id fp_operand(const struct fp_env *e, const struct fp_format *f, expr_id a)
{
	struct number n = take_apart(e, f, a);

	return expr_ite(e->pool, n.nan, a, expr_concat(e->pool, n.sign, n.magnitude));
}

/* ---- Conversions (5.4, 5.8) ---- */

struct fp_result fp_from_int(const struct fp_env *e, const struct fp_format *f, bool is_signed, expr_id a)
{
	struct expr_pool *p = e->pool;
	expr_id sign = is_signed ? expr_msb(p, a) : expr_const(p, 1, 0);
	expr_id wide = is_signed ? expr_sext(p, a, SIG) : expr_zext(p, a, SIG);
	expr_id magnitude = expr_ite(p, sign, expr_neg(p, wide), wide);

	return round_to(e, f, sign, exp_const(e, SIG - 1),
			expr_concat(p, magnitude, expr_const(e->pool, WIDE - SIG, 0)));
}

struct fp_result fp_to_int(const struct fp_env *e, const struct fp_format *f, const struct fp_integer *to, expr_id a)
{
	struct expr_pool *p = e->pool;
	struct number n = take_apart(e, f, a);
	/* Integer bits above, fraction below the middle of WIDE bits. */
	expr_id left = expr_add(p, n.exponent, exp_const(e, 1)), negative = expr_msb(p, left);
	expr_id wide = expr_zext(p, n.significand, WIDE);
	expr_id point = expr_ite(p, negative, shift_sticky(e, wide, expr_neg(p, left)), expr_shl(p, wide, left));
	struct cut part = cut(e, n.sign, point, SIG);
	expr_id up = to->truncate ? expr_const(p, 1, 0) : part.up;
	expr_id magnitude = expr_add(p, expr_zext(p, part.kept, SIG + 2), expr_zext(p, up, SIG + 2));
	uint64_t low_half = UINT64_C(1) << (to->width - 1), largest = to->is_signed ? low_half - 1 : 2 * low_half - 1;
	expr_id most = expr_ite(p, n.sign, expr_const(p, SIG + 2, to->is_signed ? low_half : 0),
				expr_const(p, SIG + 2, largest));
	expr_id far = expr_slt(p, exp_const(e, SIG - 1), n.exponent);
	expr_id outside = expr_or(p, expr_or(p, n.infinite, far), expr_ult(p, most, magnitude));
	expr_id invalid = expr_or(p, n.nan, outside);
	expr_id low = expr_extract(p, magnitude, 0, to->width);
	expr_id value = expr_ite(p, n.sign, expr_neg(p, low), low), none = expr_const(p, to->width, low_half);

	if (to->saturate)
		none = expr_ite(p, n.nan, expr_const(p, to->width, 0),
				expr_ite(p, n.sign, expr_const(p, to->width, to->is_signed ? low_half : 0),
					 expr_const(p, to->width, largest)));
	return (struct fp_result){
		.value = expr_ite(p, invalid, none, value),
		.flags = expr_or(p, flag(e, FP_INVALID, invalid),
				 expr_or(p, flag(e, FP_PRECISION, and_not(e, part.inexact, invalid)),
					 flag(e, FP_DENORMAL, e->flush_raises ? n.flushed : expr_const(p, 1, 0)))),
	};
}

/* A NaN keeps the upper bits of its fraction (6.2.3; FPConvertNaN()). */
static expr_id convert_nan(const struct fp_env *e, const struct fp_format *to, const struct fp_format *from,
			   const struct number *n)
{
	struct expr_pool *p = e->pool;
	expr_id fraction = expr_extract(p, n->bits, 0, from->fraction);
	expr_id fitted = to->fraction > from->fraction
				 ? expr_concat(p, fraction, expr_const(e->pool, to->fraction - from->fraction, 0u))
				 : expr_extract(p, fraction, from->fraction - to->fraction, to->fraction);
	expr_id exponent = expr_const(e->pool, to->exponent, exponent_max(to));

	expr_id quiet = quieted(e, to, expr_concat(p, n->sign, expr_concat(p, exponent, fitted)));
	return expr_ite(p, e->default_nan, default_nan(e, to), quiet);
}

struct fp_result fp_convert(const struct fp_env *e, const struct fp_format *to, const struct fp_format *from, expr_id a)
{
	struct expr_pool *p = e->pool;
	struct number n = take_apart(e, from, a);
	expr_id wide = expr_concat(p, n.significand, expr_const(e->pool, WIDE - SIG, 0));
	struct fp_result ordinary = round_to(e, to, n.sign, n.exponent, wide);
	expr_id special = expr_or(p, n.nan, n.infinite), none = expr_const(e->pool, FP_NUM_FLAGS, 0);
	expr_id value = expr_ite(p, n.infinite, infinity(e, to, n.sign), ordinary.value);

	return (struct fp_result){
		.value = expr_ite(p, n.nan, convert_nan(e, to, from, &n), value),
		.flags = expr_or(p,
				 expr_or(p, flag(e, FP_INVALID, n.signalling),
					 flag(e, FP_DENORMAL, e->flush_raises ? n.flushed : n.denormal)),
				 expr_ite(p, special, none, ordinary.flags)),
	};
}
