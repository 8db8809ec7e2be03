/*
 * Against MPFR: arithmetic, scaling, remainders and conversions of all formats, all ways to round, denormals, and the
 * flags that follow from MPFR's ternary value. What MPFR does not know (NaNs' payloads, denormal operands, flushing) is
 * compared with processors in sse_test.c and x87_test.c.
 */
#include <mpfr.h>

#include "lib/fp/fp.h"
#include "lib/testing/assert.h"
#include "lib/testing/fp_operands.h"

/* Room in which every operand is exact, and more than enough to tell halves from what is near. */
enum { OPERAND_BITS = 64, WIDE_BITS = 400 };

struct shape {
	const char *name;
	int exponent, stored, digits;
};

static const struct shape shapes[] = {
	[FP_F16] = {"f16", 5, 10, 11},  [FP_BF16] = {"bf16", 8, 7, 8},  [FP_F32] = {"f32", 8, 23, 24},
	[FP_F64] = {"f64", 11, 52, 53}, [FP_F80] = {"f80", 15, 64, 64},
};

struct fp_mpfr_case {
	struct fp_env env;
	enum fp_format from; /* of the operands */
	int digits;          /* of the result: precision control */
	fp_bits bits[3];
	mpfr_t n[3];
};

struct operation {
	const char *name;
	unsigned operands;
	bool controlled; /* by precision control */
	int (*exact)(mpfr_t ret, struct fp_mpfr_case *, mpfr_rnd_t);
	struct fp_result (*ours)(const struct fp_mpfr_case *);
};

static int bias(const struct shape *s)
{
	return (1 << (s->exponent - 1)) - 1;
}

/* ---- Encodings and MPFR's numbers ---- */

static void decode(mpfr_t ret, enum fp_format f, fp_bits a)
{
	const struct shape *s = &shapes[f];
	int most = (1 << s->exponent) - 1, exponent = (int)(a >> s->stored) & most;
	uint64_t significand = (uint64_t)a & (UINT64_MAX >> (64 - s->stored));
	bool negative = a >> (s->stored + s->exponent) & 1;

	if (exponent != 0 && s->stored < 64)
		significand |= UINT64_C(1) << s->stored;
	mpfr_set_ui_2exp(ret, significand, (exponent == 0 ? 1 : exponent) - bias(s) - (s->digits - 1), MPFR_RNDN);
	if (exponent == most)
		mpfr_set_inf(ret, 1);
	mpfr_setsign(ret, ret, negative, MPFR_RNDN);
}

/* What the format holds exactly. */
static fp_bits encode(enum fp_format f, mpfr_t a)
{
	const struct shape *s = &shapes[f];
	fp_bits sign = (fp_bits)(mpfr_signbit(a) != 0) << (s->stored + s->exponent), most = (1 << s->exponent) - 1;
	mpfr_t scaled;

	if (mpfr_inf_p(a))
		return sign | most << s->stored | (s->stored == 64 ? (fp_bits)1 << 63 : 0);
	if (mpfr_zero_p(a))
		return sign;
	int exponent = (int)mpfr_get_exp(a) - 1 + bias(s), field = exponent < 1 ? 1 : exponent;
	mpfr_init2(scaled, OPERAND_BITS);
	mpfr_mul_2si(scaled, a, s->digits - 1 - (field - bias(s)), MPFR_RNDN);
	mpfr_abs(scaled, scaled, MPFR_RNDN);
	uint64_t significand = mpfr_get_ui(scaled, MPFR_RNDN);
	ck_assert(mpfr_cmp_ui(scaled, significand) == 0);
	mpfr_clear(scaled);
	if (exponent < 1)
		return sign | significand;
	return sign | (fp_bits)(unsigned)exponent << s->stored |
	       (s->stored == 64 ? significand : significand & (UINT64_MAX >> (64 - s->stored)));
}

/* ---- The result as it must be ---- */

static void set_range(const struct fp_mpfr_case *c)
{
	int b = bias(&shapes[c->env.format]);

	mpfr_set_emin(3 - b - c->digits);
	mpfr_set_emax(b + 1);
}

static void free_range(void)
{
	mpfr_set_emin(mpfr_get_emin_min());
	mpfr_set_emax(mpfr_get_emax_max());
}

/* Rounded to the format, gradual underflow included; *ret_exact: nothing was lost. */
static void rounded(mpfr_t ret, const struct operation *o, struct fp_mpfr_case *c, mpfr_rnd_t round, bool *ret_exact,
		    bool *ret_overflow)
{
	mpfr_set_prec(ret, c->digits);
	mpfr_clear_flags();
	set_range(c);
	int ternary = o->exact(ret, c, round);
	ternary = mpfr_check_range(ret, ternary, round);
	*ret_overflow = mpfr_overflow_p();
	ternary = mpfr_subnormalize(ret, ternary, round);
	free_range();
	*ret_exact = ternary == 0;
}

static fp_bits magnitude(enum fp_format f, fp_bits a)
{
	return a & (((fp_bits)1 << (shapes[f].stored + shapes[f].exponent)) - 1);
}

/* Between zero's side and away: the middle decides. Beyond the largest number, the middle to what would follow it. */
static bool is_half_or_more(const struct operation *o, struct fp_mpfr_case *c, fp_bits toward, fp_bits away)
{
	mpfr_t wide, low, high;
	bool infinite;

	mpfr_init2(wide, WIDE_BITS);
	mpfr_init2(low, WIDE_BITS);
	mpfr_init2(high, WIDE_BITS);
	decode(low, c->env.format, toward);
	decode(high, c->env.format, away);
	infinite = mpfr_inf_p(high);
	if (infinite) {
		mpfr_set_ui_2exp(high, 1, bias(&shapes[c->env.format]) + 1, MPFR_RNDN);
		mpfr_setsign(high, high, mpfr_signbit(low), MPFR_RNDN);
	}
	o->exact(wide, c, MPFR_RNDZ);
	mpfr_add(high, high, low, MPFR_RNDN);
	mpfr_div_2ui(high, high, 1, MPFR_RNDN);
	bool ret = mpfr_cmpabs(wide, high) >= 0;
	mpfr_clears(wide, low, high, (mpfr_ptr)0);
	return ret;
}

/* Tiny before rounding: by the truncated wide result; after: rounded as if the exponent had no bounds. */
static bool is_tiny(const struct operation *o, struct fp_mpfr_case *c, mpfr_rnd_t round, bool away, bool odd)
{
	mpfr_t wide, least;
	bool before = c->env.rules == FP_ARM;

	mpfr_init2(wide, before || away || odd ? WIDE_BITS : c->digits);
	mpfr_init2(least, WIDE_BITS);
	mpfr_set_ui_2exp(least, 1, 1 - bias(&shapes[c->env.format]), MPFR_RNDN);
	/* The least that is rounded to the least normal number, ties away. */
	if (away && !before) {
		mpfr_t quarter;
		mpfr_init2(quarter, WIDE_BITS);
		mpfr_set_ui_2exp(quarter, 1, 1 - bias(&shapes[c->env.format]) - c->digits - 1, MPFR_RNDN);
		mpfr_sub(least, least, quarter, MPFR_RNDN);
		mpfr_clear(quarter);
	}
	o->exact(wide, c, before || away || odd ? MPFR_RNDZ : round);
	bool ret = !mpfr_zero_p(wide) && mpfr_cmpabs(wide, least) < 0;
	mpfr_clears(wide, least, (mpfr_ptr)0);
	return ret;
}

static struct fp_result expected(const struct operation *o, struct fp_mpfr_case *c)
{
	static const mpfr_rnd_t rounds[] = {MPFR_RNDN, MPFR_RNDD, MPFR_RNDU, MPFR_RNDZ, MPFR_RNDZ, MPFR_RNDZ};
	enum fp_round round = (enum fp_round)(c->env.mode & 7);
	bool exact, overflow, away_exact, away_overflow;
	struct fp_result ret = {0, 0};
	mpfr_t n, away;

	mpfr_init2(n, c->digits);
	rounded(n, o, c, rounds[round], &exact, &overflow);
	if (mpfr_nan_p(n)) {
		mpfr_clear(n);
		return (struct fp_result){0, 1 << FP_INVALID};
	}
	ret.value = encode(c->env.format, n);
	mpfr_init2(away, c->digits);
	rounded(away, o, c, MPFR_RNDA, &away_exact, &away_overflow);
	fp_bits up = encode(c->env.format, away);
	if (!exact && round == FP_ODD && !(ret.value & 1))
		ret.value |= 1;
	if (!exact && round == FP_AWAY && is_half_or_more(o, c, ret.value, up)) {
		ret.value = up;
		overflow = away_overflow;
	}
	bool tiny = !mpfr_inf_p(n) && is_tiny(o, c, rounds[round], round == FP_AWAY, round == FP_ODD);
	bool raised = !exact && magnitude(c->env.format, ret.value) == magnitude(c->env.format, up);
	ret.flags = (uint8_t)(!exact << FP_INEXACT | overflow << FP_OVERFLOW | (tiny && !exact) << FP_UNDERFLOW |
			      raised << FP_ROUNDED_UP | (mpfr_divby0_p() != 0) << FP_DIVIDE);
	mpfr_clears(n, away, (mpfr_ptr)0);
	return ret;
}

/* ---- Operations ---- */

#define EXACT(name, call) \
	static int exact_##name(mpfr_t ret, struct fp_mpfr_case *c, mpfr_rnd_t round) \
	{ \
		return call; \
	}

#define OURS(name, call) \
	static struct fp_result our_##name(const struct fp_mpfr_case *c) \
	{ \
		const struct fp_env *e = &c->env; \
		const fp_bits *n = c->bits; \
		return call; \
	}

EXACT(add, mpfr_add(ret, c->n[0], c->n[1], round))
EXACT(sub, mpfr_sub(ret, c->n[0], c->n[1], round))
EXACT(mul, mpfr_mul(ret, c->n[0], c->n[1], round))
EXACT(div, mpfr_div(ret, c->n[0], c->n[1], round))
EXACT(sqrt, mpfr_sqrt(ret, c->n[0], round))
EXACT(fma, mpfr_fma(ret, c->n[0], c->n[1], c->n[2], round))
EXACT(fms, mpfr_fms(ret, c->n[0], c->n[1], c->n[2], round))
EXACT(set, mpfr_set(ret, c->n[0], round))
EXACT(fmod, mpfr_fmod(ret, c->n[0], c->n[1], round))
EXACT(remainder, mpfr_remainder(ret, c->n[0], c->n[1], round))
EXACT(from_i64, mpfr_set_si_2exp(ret, (int64_t)c->bits[0], 0, round))
EXACT(from_u64, mpfr_set_ui_2exp(ret, (uint64_t)c->bits[0], 0, round))
EXACT(from_fixed, mpfr_set_si_2exp(ret, (int32_t)c->bits[0], -(long)(c->bits[1] % 33), round))

static int exact_scale(mpfr_t ret, struct fp_mpfr_case *c, mpfr_rnd_t round)
{
	mpfr_t power;

	if (mpfr_inf_p(c->n[1])) {
		mpfr_set_inf(ret, 1);
		mpfr_set_ui(ret, 0, MPFR_RNDN);
		mpfr_init2(power, OPERAND_BITS);
		mpfr_set_inf(power, 1);
		if (mpfr_signbit(c->n[1]))
			mpfr_set_ui(power, 0, MPFR_RNDN);
		mpfr_mul(ret, c->n[0], power, round);
		mpfr_clear(power);
		return 0;
	}
	long by = mpfr_cmpabs_ui(c->n[1], 200000) > 0 ? (mpfr_signbit(c->n[1]) ? -200000 : 200000)
						      : mpfr_get_si(c->n[1], MPFR_RNDZ);
	return mpfr_mul_2si(ret, c->n[0], by, round);
}

/* constant - a b, divided by `divisor`; what MPFR has no number for, zero times infinity, counts as zero. */
static int exact_step(mpfr_t ret, struct fp_mpfr_case *c, mpfr_rnd_t round, unsigned constant, unsigned divisor)
{
	const mpfr_exp_t least = mpfr_get_emin(), most = mpfr_get_emax();
	mpfr_t minus_a, first;

	/* Half of an operand may be below the format's range. */
	free_range();
	mpfr_init2(minus_a, OPERAND_BITS);
	mpfr_init2(first, OPERAND_BITS);
	mpfr_set_ui(first, constant, MPFR_RNDN);
	mpfr_div_ui(first, first, divisor, MPFR_RNDN);
	mpfr_div_si(minus_a, c->n[0], -(long)divisor, MPFR_RNDN);
	int ternary = mpfr_fma(ret, minus_a, c->n[1], first, round);
	if (mpfr_nan_p(ret))
		ternary = mpfr_set(ret, first, round);
	mpfr_clears(minus_a, first, (mpfr_ptr)0);
	mpfr_set_emin(least);
	mpfr_set_emax(most);
	return ternary;
}

EXACT(recip_step, exact_step(ret, c, round, 2, 1))
EXACT(rsqrt_step, exact_step(ret, c, round, 3, 2))

OURS(add, fp_add(e, n[0], n[1]))
OURS(sub, fp_sub(e, n[0], n[1]))
OURS(mul, fp_mul(e, n[0], n[1]))
OURS(div, fp_div(e, n[0], n[1]))
OURS(sqrt, fp_sqrt(e, n[0]))
OURS(fma, fp_fma(e, 0, n[0], n[1], n[2]))
OURS(fms, fp_fma(e, FP_NEGATE_ADDEND, n[0], n[1], n[2]))
OURS(recip_step, fp_recip_step(e, n[0], n[1]))
OURS(rsqrt_step, fp_rsqrt_step(e, n[0], n[1]))
OURS(convert, fp_convert(e, c->from, n[0]))
OURS(scale, fp_scale(e, n[0], n[1]))
OURS(from_i64, fp_from_int(e, true, 64, 0, (uint64_t)n[0]))
OURS(from_u64, fp_from_int(e, false, 64, 0, (uint64_t)n[0]))
OURS(from_fixed, fp_from_int(e, true, 32, (unsigned)(n[1] % 33), (uint32_t)n[0]))

static struct fp_result our_fmod(const struct fp_mpfr_case *c)
{
	unsigned quotient;

	return fp_rem(&c->env, false, c->bits[0], c->bits[1], &quotient);
}

static struct fp_result our_remainder(const struct fp_mpfr_case *c)
{
	unsigned quotient;

	return fp_rem(&c->env, true, c->bits[0], c->bits[1], &quotient);
}

static const struct operation operations[] = {
	{"add", 2, true, exact_add, our_add},
	{"sub", 2, true, exact_sub, our_sub},
	{"mul", 2, true, exact_mul, our_mul},
	{"div", 2, true, exact_div, our_div},
	{"sqrt", 1, true, exact_sqrt, our_sqrt},
	{"fma", 3, true, exact_fma, our_fma},
	{"fms", 3, true, exact_fms, our_fms},
	{"reciprocal step", 2, true, exact_recip_step, our_recip_step},
	{"square root step", 2, true, exact_rsqrt_step, our_rsqrt_step},
	{"convert", 1, false, exact_set, our_convert},
	{"scale", 2, false, exact_scale, our_scale},
	{"from i64", 0, false, exact_from_i64, our_from_i64},
	{"from u64", 0, false, exact_from_u64, our_from_u64},
	{"from fixed", 0, false, exact_from_fixed, our_from_fixed},
	{"fmod", 2, false, exact_fmod, our_fmod},
	{"remainder", 2, false, exact_remainder, our_remainder},
};

enum { NUM_OPERATIONS = sizeof operations / sizeof *operations, NUM_SHAPES = sizeof shapes / sizeof *shapes };

/* ---- Cases ---- */

static void case_init(struct fp_mpfr_case *c)
{
	*c = (struct fp_mpfr_case){.digits = 0};
	for (unsigned i = 0; i < 3; i++)
		mpfr_init2(c->n[i], OPERAND_BITS);
}

static void case_deinit(struct fp_mpfr_case *c)
{
	for (unsigned i = 0; i < 3; i++)
		mpfr_clear(c->n[i]);
	mpfr_free_cache();
}

static void any_environment(struct rng *r, struct fp_mpfr_case *c, enum fp_format f, bool controlled)
{
	static const uint8_t precisions[] = {0, 2, 3}, digits[] = {24, 53, 64};
	static const enum fp_rules_id rules[] = {FP_SSE, FP_ARM, FP_ARM_ALTERNATE};
	unsigned round = rng_below(r, 6), precision = f == FP_F80 && round != FP_ODD ? rng_below(r, 3) : 2;

	c->env.format = f;
	c->env.rules = f == FP_F80 ? FP_X87 : rules[rng_below(r, 3)];
	c->env.mode = round << FP_MODE_ROUND | (unsigned)precisions[precision] << FP_MODE_PRECISION;
	c->digits = f == FP_F80 && controlled ? digits[precision] : shapes[f].digits;
}

/* A number or an infinity: not a NaN, and nothing unsupported. */
static bool is_number(enum fp_format f, fp_bits a)
{
	return fp_classify(f, a) <= FP_CLASS_INFINITE;
}

/* False: not a case for MPFR. */
static bool any_case(struct rng *r, struct fp_mpfr_case *c, const struct operation *o, enum fp_format f)
{
	any_environment(r, c, f, o->controlled);
	c->from = o->ours == our_convert ? (enum fp_format)rng_below(r, NUM_SHAPES) : f;
	c->bits[0] = fp_operand_any(r, c->from);
	c->bits[1] = fp_operand_second(r, c->from, c->bits[0]);
	c->bits[2] = fp_operand_second(r, c->from, c->bits[rng_below(r, 2)]);
	if (o->operands == 0) {
		c->bits[0] = rng_next(r) >> rng_below(r, 64);
		c->bits[0] = rng_below(r, 2) ? c->bits[0] : (uint64_t)-c->bits[0];
		c->bits[1] = rng_next(r);
	}
	for (unsigned i = 0; i < o->operands; i++) {
		if (!is_number(c->from, c->bits[i]))
			return false;
		decode(c->n[i], c->from, c->bits[i]);
	}
	bool partial = (o->exact == exact_fmod || o->exact == exact_remainder) && mpfr_regular_p(c->n[0]) &&
		       mpfr_regular_p(c->n[1]) && mpfr_get_exp(c->n[0]) - mpfr_get_exp(c->n[1]) >= 64;
	return !partial;
}

static void check_case(const struct operation *o, struct fp_mpfr_case *c)
{
	struct fp_result ours = o->ours(c), want = expected(o, c);
	char text[4][64];

	ours.flags &= (uint8_t) ~(1u << FP_DENORMAL);
	bool invalid = want.flags & 1 << FP_INVALID && ours.flags == want.flags &&
		       fp_classify(c->env.format, ours.value) == FP_CLASS_QUIET_NAN;
	if (invalid || (ours.value == want.value && ours.flags == want.flags))
		return;
	for (unsigned i = 0; i < 3; i++)
		fp_print(c->from, c->bits[i], text[i], sizeof text[i]);
	fp_print(c->env.format, ours.value, text[3], sizeof text[3]);
	ck_abort_msg("%s %s %s %s %s rules %u mode %#x: %#llx (%s) flags %#x, expected %#llx flags %#x",
		     shapes[c->env.format].name, o->name, text[0], text[1], text[2], c->env.rules, c->env.mode,
		     (unsigned long long)ours.value, text[3], ours.flags, (unsigned long long)want.value, want.flags);
}

START_TEST(like_mpfr)
{
	const struct operation *o = &operations[_i / NUM_SHAPES];
	enum fp_format f = (enum fp_format)(_i % NUM_SHAPES);
	struct rng r = {(uint64_t)_i};
	struct fp_mpfr_case c;
	uint64_t checked = 0, cases = fp_cases(10000);

	case_init(&c);
	for (uint64_t i = 0; i < cases; i++) {
		if (!any_case(&r, &c, o, f))
			continue;
		check_case(o, &c);
		checked++;
	}
	case_deinit(&c);
	ck_assert(checked > cases / 8);
}
END_TEST

/* ---- Integers ---- */

/* Rounded to an integer as the mode says. */
static void round_to_integer(mpfr_t ret, mpfr_t a, enum fp_round round)
{
	switch (round) {
	case FP_NEAREST: mpfr_roundeven(ret, a); break;
	case FP_DOWN: mpfr_floor(ret, a); break;
	case FP_UP: mpfr_ceil(ret, a); break;
	case FP_AWAY: mpfr_round(ret, a); break;
	default: mpfr_trunc(ret, a); break;
	}
}

/* whole: the integer; its sign is also that of a zero. */
static void check_fitting(const struct fp_mpfr_case *c, mpfr_t whole, unsigned width, bool inexact)
{
	struct fp_result ours = fp_round_to_fit(&c->env, width, c->bits[0]);
	mpfr_t lowest;

	mpfr_init2(lowest, OPERAND_BITS);
	mpfr_set_si_2exp(lowest, -1, width - 1, MPFR_RNDN);
	int order = mpfr_cmpabs(whole, lowest);
	bool fits = order < 0 || (order == 0 && mpfr_signbit(whole));
	fp_bits want = fits ? encode(c->env.format, whole) : encode(c->env.format, lowest);
	ck_assert_msg(ours.value == want, "%#llx width %u mode %#x: %#llx", (unsigned long long)c->bits[0], width,
		      c->env.mode, (unsigned long long)ours.value);
	ck_assert_uint_eq(ours.flags >> FP_INVALID & 1, !fits);
	ck_assert_uint_eq(ours.flags >> FP_INEXACT & 1, fits && inexact);
	mpfr_clear(lowest);
}

static void check_integer(struct fp_mpfr_case *c, bool is_signed, unsigned width, unsigned fraction, bool exact)
{
	mpfr_t scaled, whole;
	struct fp_result ours = fp_to_int(&c->env, is_signed, width, fraction, c->bits[0]);
	char text[64];

	mpfr_init2(scaled, OPERAND_BITS);
	mpfr_init2(whole, OPERAND_BITS + 1);
	mpfr_mul_2ui(scaled, c->n[0], fraction, MPFR_RNDN);
	round_to_integer(whole, scaled, (enum fp_round)(c->env.mode & 7));
	bool inexact = mpfr_cmp(whole, scaled) != 0;
	/* whole / 2^(width - 1 or width) is in [-1, 1) or [0, 1). */
	bool negative = mpfr_sgn(whole) < 0, fits = !negative || is_signed;
	mpfr_div_2ui(scaled, whole, is_signed ? width - 1 : width, MPFR_RNDN);
	fits = fits && mpfr_cmp_si(scaled, 1) < 0 && mpfr_cmp_si(scaled, -1) >= 0;
	fp_print(c->env.format, c->bits[0], text, sizeof text);
	ck_assert_msg(fits == !(ours.flags & 1 << FP_INVALID), "%s fraction %u width %u flags %#x", text, fraction,
		      width, ours.flags);
	if (fits) {
		uint64_t value = is_signed ? (uint64_t)mpfr_get_si(whole, MPFR_RNDN) : mpfr_get_ui(whole, MPFR_RNDN);
		ck_assert_msg(ours.value == (value & (UINT64_MAX >> (64 - width))), "%s mode %#x", text, c->env.mode);
		ck_assert_uint_eq(ours.flags >> FP_INEXACT & 1, inexact);
	}
	if (fraction == 0) {
		struct fp_result integral = fp_round_integral(&c->env, exact, c->bits[0]);
		mpfr_setsign(whole, whole, mpfr_signbit(c->n[0]), MPFR_RNDN);
		fp_bits want = encode(c->env.format, whole);
		ck_assert_msg(integral.value == want, "%s mode %#x: %#llx", text, c->env.mode,
			      (unsigned long long)integral.value);
		ck_assert_uint_eq(integral.flags >> FP_INEXACT & 1, inexact && exact);
		if (c->env.format != FP_F16 || width <= 16) /* it has no -2^31 */
			check_fitting(c, whole, width, inexact);
	}
	mpfr_clears(scaled, whole, (mpfr_ptr)0);
}

START_TEST(integers_like_mpfr)
{
	static const uint8_t widths[] = {8, 16, 32, 64};
	struct rng r = {(uint64_t)_i};
	struct fp_mpfr_case c;

	case_init(&c);
	for (uint64_t i = 0; i < fp_cases(30000); i++) {
		any_environment(&r, &c, (enum fp_format)_i, false);
		c.bits[0] = fp_operand_any(&r, c.env.format);
		if (!is_number(c.env.format, c.bits[0]) || (c.env.mode & 7) == FP_ODD)
			continue;
		decode(c.n[0], c.env.format, c.bits[0]);
		unsigned width = widths[rng_below(&r, 4)];
		check_integer(&c, rng_below(&r, 2), width, rng_below(&r, 2) * rng_below(&r, width), rng_below(&r, 2));
	}
	case_deinit(&c);
}
END_TEST

START_TEST(order_like_mpfr)
{
	struct rng r = {(uint64_t)_i};
	struct fp_mpfr_case c;

	case_init(&c);
	for (uint64_t i = 0; i < fp_cases(30000); i++) {
		uint8_t flags;
		any_environment(&r, &c, (enum fp_format)_i, false);
		c.bits[0] = fp_operand_any(&r, c.env.format);
		c.bits[1] = fp_operand_second(&r, c.env.format, c.bits[0]);
		if (!is_number(c.env.format, c.bits[0]) || !is_number(c.env.format, c.bits[1]))
			continue;
		decode(c.n[0], c.env.format, c.bits[0]);
		decode(c.n[1], c.env.format, c.bits[1]);
		int order = mpfr_cmp(c.n[0], c.n[1]);
		ck_assert_uint_eq(fp_compare(&c.env, false, c.bits[0], c.bits[1], &flags), order < 0   ? FP_LESS
											   : order > 0 ? FP_GREATER
												       : FP_EQUAL);
		ck_assert((flags & 1 << FP_INVALID) == 0);
		if (order == 0)
			continue;
		ck_assert(fp_min(&c.env, c.bits[0], c.bits[1]).value == c.bits[order > 0]);
		ck_assert(fp_max(&c.env, c.bits[0], c.bits[1]).value == c.bits[order < 0]);
	}
	case_deinit(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fp like MPFR");
	TCase *tcase = tcase_create("operations");

	tcase_set_timeout(tcase, 7200);
	tcase_add_loop_test(tcase, like_mpfr, 0, NUM_OPERATIONS * NUM_SHAPES);
	tcase_add_loop_test(tcase, integers_like_mpfr, 0, NUM_SHAPES);
	tcase_add_loop_test(tcase, order_like_mpfr, 0, NUM_SHAPES);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
