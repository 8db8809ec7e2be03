/*
 * The true values against MPFR; what the processor that the test runs on makes of the same functions, which is to keep
 * to the manual's bounds; and results just inside and outside of a bound.
 */
#include "lib/fp/bound.h"

#include <mpfr.h>
#include <string.h>

#include "lib/testing/assert.h"
#include "lib/testing/fp_operands.h"

enum { BITS = 400, FEW = 3000 };

static const struct fp_bound rcp = {.format = FP_F32,
				    .function = FP_FUNCTION_RCP,
				    .unit = FP_BOUND_RELATIVE,
				    .multiple = 3,
				    .shift = 13,
				    .flushes_tiny = true};

static struct fp_bound x87_bound(enum fp_function function)
{
	return (struct fp_bound){.format = FP_F80, .function = (uint8_t)function, .unit = FP_BOUND_ULP, .multiple = 1};
}

/* ---- Operands ---- */

static fp_bits f80(unsigned sign_exponent, uint64_t significand)
{
	return (fp_bits)sign_exponent << 64 | significand;
}

static bool is_normal(fp_bits a)
{
	unsigned exponent = (unsigned)(a >> 64) & 0x7fff;

	return exponent && exponent != 0x7fff && (uint64_t)a >> 63;
}

static unsigned exponent_of(fp_bits a)
{
	return (unsigned)(a >> 64) & 0x7fff;
}

/* For which the manual says anything, and which is neither zero nor infinite. */
static bool is_in_range(enum fp_function function, fp_bits a)
{
	bool negative = a >> 79 & 1;

	switch (function) {
	case FP_FUNCTION_F2XM1: return exponent_of(a) < 0x3fff;
	case FP_FUNCTION_FYL2X: return !negative && a != f80(0x3fff, UINT64_C(1) << 63);
	case FP_FUNCTION_FYL2XP1: return exponent_of(a) < 0x3ffd;
	case FP_FUNCTION_FSIN:
	case FP_FUNCTION_FCOS:
	case FP_FUNCTION_FPTAN: return exponent_of(a) < 0x3fff + 63;
	default: return true;
	}
}

/* Half of them of a size at which functions are not trivial. */
static fp_bits any_operand(struct rng *r, enum fp_function function)
{
	fp_bits a;

	do {
		a = fp_operand_any(r, FP_F80);
		if (rng_below(r, 2))
			a = f80((unsigned)(a >> 64 & 0x8000) | (0x3fff - 20 + rng_below(r, 24)), (uint64_t)a);
	} while (!is_normal(a) || !is_in_range(function, a));
	return a;
}

/* ---- MPFR ---- */

static void to_mpfr(mpfr_t ret, fp_bits a)
{
	mpfr_exp_t exponent = exponent_of(a) ? exponent_of(a) : 1;

	mpfr_set_ui_2exp(ret, (uint64_t)a, exponent - 0x3fff - 63, MPFR_RNDN);
	if (a >> 79 & 1)
		mpfr_neg(ret, ret, MPFR_RNDN);
}

/* Rounded to nearest, denormal numbers too; 0 and infinity beyond them. */
static fp_bits from_mpfr(mpfr_t a)
{
	mpfr_t rounded;
	bool negative = mpfr_signbit(a) != 0;
	long exponent;

	if (mpfr_zero_p(a))
		return f80(negative ? 0x8000 : 0, 0);
	exponent = (long)mpfr_get_exp(a);
	long bits = exponent < -16381 ? 64 + exponent + 16381 : 64;
	if (bits < 1)
		bits = 1;
	mpfr_init2(rounded, bits);
	mpfr_set(rounded, a, MPFR_RNDN);
	mpfr_abs(rounded, rounded, MPFR_RNDN);
	exponent = (long)mpfr_get_exp(rounded);
	long field = exponent + 16382;
	mpfr_mul_2si(rounded, rounded, field < 1 ? 16445 : 64 - exponent, MPFR_RNDN);
	uint64_t significand = mpfr_get_ui(rounded, MPFR_RNDN);
	mpfr_clear(rounded);
	if (field >= 0x7fff)
		return f80(negative ? 0xffff : 0x7fff, UINT64_C(1) << 63);
	return f80((negative ? 0x8000u : 0) | (unsigned)(field < 1 ? 0 : field), significand);
}

/* *ret: which quarter turns were taken off. */
static void take_off_turns(mpfr_t a, long *ret)
{
	mpfr_t half_pi;

	mpfr_init2(half_pi, BITS);
	mpfr_set_str(half_pi, "3.243f6a8885a308d3", 16, MPFR_RNDN);
	mpfr_div_2ui(half_pi, half_pi, 1, MPFR_RNDN);
	mpfr_remquo(a, ret, a, half_pi, MPFR_RNDN);
	mpfr_clear(half_pi);
}

static void angle(mpfr_t a, enum fp_function function)
{
	long turns;

	take_off_turns(a, &turns);
	turns += function == FP_FUNCTION_FCOS;
	if (function == FP_FUNCTION_FPTAN) {
		mpfr_tan(a, a, MPFR_RNDN);
		if (turns & 1)
			mpfr_si_div(a, -1, a, MPFR_RNDN);
		return;
	}
	if (turns & 1)
		mpfr_cos(a, a, MPFR_RNDN);
	else
		mpfr_sin(a, a, MPFR_RNDN);
	if (turns & 2)
		mpfr_neg(a, a, MPFR_RNDN);
}

/* a becomes the function's value. */
static void evaluate(enum fp_function function, mpfr_t a, mpfr_t b)
{
	mpfr_t ln2;

	mpfr_init2(ln2, BITS);
	mpfr_const_log2(ln2, MPFR_RNDN);
	switch (function) {
	case FP_FUNCTION_F2XM1:
		mpfr_mul(a, a, ln2, MPFR_RNDN);
		mpfr_expm1(a, a, MPFR_RNDN);
		break;
	case FP_FUNCTION_FYL2X:
		mpfr_log2(a, a, MPFR_RNDN);
		mpfr_mul(a, a, b, MPFR_RNDN);
		break;
	case FP_FUNCTION_FYL2XP1:
		mpfr_log1p(a, a, MPFR_RNDN);
		mpfr_div(a, a, ln2, MPFR_RNDN);
		mpfr_mul(a, a, b, MPFR_RNDN);
		break;
	case FP_FUNCTION_FPATAN: mpfr_atan2(a, b, a, MPFR_RNDN); break;
	default: angle(a, function); break;
	}
	mpfr_clear(ln2);
}

/* In units of the last place of 64 bits at value: how far a number is from it. */
static double distance(mpfr_t value, fp_bits a)
{
	mpfr_t other;
	long exponent = (long)mpfr_get_exp(value);

	mpfr_init2(other, BITS);
	to_mpfr(other, a);
	mpfr_sub(other, other, value, MPFR_RNDN);
	mpfr_mul_2si(other, other, (exponent < -16381 ? 16381 : -exponent) + 64, MPFR_RNDN);
	double ret = mpfr_get_d(other, MPFR_RNDN);
	mpfr_clear(other);
	return ret < 0 ? -ret : ret;
}

/* What the function gives, and how far off `got` is. */
static fp_bits by_mpfr(enum fp_function function, fp_bits a, fp_bits b, fp_bits got, double *ret)
{
	mpfr_t x, y;

	mpfr_init2(x, BITS);
	mpfr_init2(y, BITS);
	to_mpfr(x, a);
	to_mpfr(y, b);
	evaluate(function, x, y);
	fp_bits rounded = from_mpfr(x);
	*ret = distance(x, got);
	mpfr_clear(x);
	mpfr_clear(y);
	return rounded;
}

static void fail_with(enum fp_function function, fp_bits a, fp_bits b, fp_bits expected, fp_bits got)
{
	char text[4][64];

	fp_print(FP_F80, a, text[0], sizeof text[0]);
	fp_print(FP_F80, b, text[1], sizeof text[1]);
	fp_print(FP_F80, expected, text[2], sizeof text[2]);
	fp_print(FP_F80, got, text[3], sizeof text[3]);
	ck_abort_msg("%s(%s, %s): expected %s, got %s", fp_function_name(function), text[0], text[1], text[2], text[3]);
}

START_TEST(x87_as_mpfr)
{
	enum fp_function function = (enum fp_function)_i;
	const struct fp_bound bound = x87_bound(function);
	struct rng r = {.state = 100 + (uint64_t)_i};

	for (uint64_t i = 0; i < fp_cases(FEW); i++) {
		fp_bits a = any_operand(&r, function), b = any_operand(&r, FP_FUNCTION_FPATAN);
		fp_bits got = fp_bound_nearest(&bound, a, b), expected;
		double off;
		expected = by_mpfr(function, a, b, got, &off);
		/* Of two that are equally near, 113 bits may take the other one. */
		if (expected != got && !(off < 0.5 + 0x1p-40))
			fail_with(function, a, b, expected, got);
		/* A result rounded right keeps to any bound. */
		if (!fp_bound_holds(&bound, a, b, expected))
			fail_with(function, a, b, expected, expected);
	}
	mpfr_free_cache();
}
END_TEST

/* ---- Results near the bound ---- */

START_TEST(ulps)
{
	const struct fp_bound one = x87_bound(FP_FUNCTION_FPATAN);
	struct fp_bound more = one;
	struct rng r = {.state = 1};
	unsigned first = 0, second = 0;

	more.multiple = 3;
	more.shift = 1;
	for (unsigned i = 0; i < FEW; i++) {
		fp_bits a = any_operand(&r, FP_FUNCTION_FSIN), b = any_operand(&r, FP_FUNCTION_FSIN);
		fp_bits nearest = fp_bound_nearest(&one, a, b), sign = (fp_bits)1 << 79;
		uint64_t significand = (uint64_t)nearest;
		if (!is_normal(nearest) || significand << 1 < 8 || significand > UINT64_MAX - 4)
			continue;
		/* One neighbour is less than a unit off, the other is not (neither, where there is no error); those
		 * behind them are more than 1.5. */
		ck_assert(fp_bound_holds(&one, a, b, nearest));
		ck_assert(!fp_bound_holds(&one, a, b, nearest + 1) || !fp_bound_holds(&one, a, b, nearest - 1));
		first += fp_bound_holds(&one, a, b, nearest + 1) || fp_bound_holds(&one, a, b, nearest - 1);
		second += fp_bound_holds(&more, a, b, nearest + 1) + fp_bound_holds(&more, a, b, nearest - 1) == 2;
		ck_assert(!fp_bound_holds(&more, a, b, nearest + 2) && !fp_bound_holds(&more, a, b, nearest - 2));
		ck_assert(!fp_bound_holds(&more, a, b, nearest ^ sign));
		ck_assert(!fp_bound_holds(&more, a, b, f80(0x7fff, UINT64_C(1) << 63)));
		ck_assert(!fp_bound_holds(&more, a, b, f80(0x7fff, UINT64_C(3) << 62)));
	}
	ck_assert_uint_gt(first, FEW / 2);
	ck_assert_uint_gt(second, FEW / 2);
}
END_TEST

/* Of 1 / 1: 1.5 * 2^-12 is 0x1800 units of numbers from 1, 0x3000 of those below. */
START_TEST(relative)
{
	const fp_bits one = 0x3f800000;
	struct fp_bound narrow = rcp;

	ck_assert(fp_bound_holds(&rcp, one, 0, one));
	ck_assert(fp_bound_holds(&rcp, one, 0, one + 0xc00));
	ck_assert(!fp_bound_holds(&rcp, one, 0, one + 0xc01));
	ck_assert(fp_bound_holds(&rcp, one, 0, one - 0x1800));
	ck_assert(!fp_bound_holds(&rcp, one, 0, one - 0x1801));
	ck_assert(!fp_bound_holds(&rcp, one, 0, one | 0x80000000));
	ck_assert(!fp_bound_holds(&rcp, one, 0, 0));
	ck_assert(!fp_bound_holds(&rcp, one, 0, 0x7f800000));
	ck_assert(!fp_bound_holds(&rcp, one, 0, 0x7fc00000));
	narrow.shift += 8;
	ck_assert(fp_bound_holds(&narrow, one, 0, one + 0xc));
	ck_assert(!fp_bound_holds(&narrow, one, 0, one + 0xd));
}
END_TEST

/*
 * Tiny results are zeroes (SDM vol. 2, RCPPS): surely above 1.00000000000110000000001b * 2^126, surely not up to
 * 1.11111111110100000000000b * 2^125; in between processors may do either.
 */
START_TEST(tiny)
{
	const fp_bits surely = 0x7e800c01, surely_not = 0x7e7fe800, between = 0x7e800000, least = 0x00800000;

	ck_assert(fp_bound_holds(&rcp, surely, 0, 0));
	ck_assert(!fp_bound_holds(&rcp, surely, 0, 0x80000000));
	ck_assert(!fp_bound_holds(&rcp, surely, 0, least));
	ck_assert(!fp_bound_holds(&rcp, surely, 0, least - 0x600));
	ck_assert(!fp_bound_holds(&rcp, surely_not, 0, 0));
	ck_assert(fp_bound_holds(&rcp, surely_not, 0, least));
	ck_assert(fp_bound_holds(&rcp, between, 0, 0));
	ck_assert(fp_bound_holds(&rcp, between, 0, least));
	ck_assert(!fp_bound_holds(&rcp, between, 0, least - 1));
	ck_assert(fp_bound_holds(&rcp, between | 0x80000000, 0, 0x80000000));
	ck_assert(fp_bound_nearest(&rcp, surely, 0) == 0);
	ck_assert(fp_bound_nearest(&rcp, 0x40400000, 0) == 0x3eaaaaab);
}
END_TEST

START_TEST(texts)
{
	struct fp_bound ulp = x87_bound(FP_FUNCTION_FSIN);
	char text[32];

	fp_bound_print(&rcp, text, sizeof text);
	ck_assert_str_eq(text, "1.5 * 2^-12");
	fp_bound_print(&ulp, text, sizeof text);
	ck_assert_str_eq(text, "1 ulp");
	ulp.multiple = 3;
	ulp.shift = 1;
	fp_bound_print(&ulp, text, sizeof text);
	ck_assert_str_eq(text, "1.5 ulp");
}
END_TEST

/* ---- The processor ---- */

#ifdef __x86_64__

struct operands {
	uint8_t a[16], b[16];
};

#define X87(name, instruction) \
	static void host_##name(const struct operands *m, uint8_t *ret) \
	{ \
		__asm__ volatile("fninit\n\tfldt %1\n\tfldt %2\n\t" instruction "\n\tfstpt %0\n\tfninit" \
				 : "=m"(*(uint8_t(*)[16])ret) \
				 : "m"(m->b), "m"(m->a) \
				 : "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"); \
	}
X87(f2xm1, "f2xm1")
X87(fyl2x, "fyl2x")
X87(fyl2xp1, "fyl2xp1")
X87(fsin, "fsin")
X87(fcos, "fcos")
X87(fptan, "fptan\n\tfstp %%st(0)")
X87(fpatan, "fpatan")

static void (*const host[FP_NUM_FUNCTIONS])(const struct operands *m, uint8_t *ret) = {
	[FP_FUNCTION_F2XM1] = host_f2xm1,   [FP_FUNCTION_FYL2X] = host_fyl2x, [FP_FUNCTION_FYL2XP1] = host_fyl2xp1,
	[FP_FUNCTION_FSIN] = host_fsin,     [FP_FUNCTION_FCOS] = host_fcos,   [FP_FUNCTION_FPTAN] = host_fptan,
	[FP_FUNCTION_FPATAN] = host_fpatan,
};

START_TEST(processor_keeps_to_it)
{
	enum fp_function function = (enum fp_function)_i;
	const struct fp_bound bound = x87_bound(function);
	struct rng r = {.state = 200 + (uint64_t)_i};

	for (uint64_t i = 0; i < fp_cases(FEW); i++) {
		fp_bits a = any_operand(&r, function), b = any_operand(&r, FP_FUNCTION_FPATAN), got = 0;
		struct operands m = {{0}, {0}};
		uint8_t bytes[16] = {0};
		memcpy(m.a, &a, 10);
		memcpy(m.b, &b, 10);
		host[function](&m, bytes);
		memcpy(&got, bytes, 10);
		if (!fp_bound_holds(&bound, a, b, got))
			fail_with(function, a, b, fp_bound_nearest(&bound, a, b), got);
	}
}
END_TEST

#endif

int main(void)
{
	Suite *s = suite_create("fp bound");
	TCase *c = tcase_create("bound");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, x87_as_mpfr, FP_FUNCTION_F2XM1, FP_NUM_FUNCTIONS);
	tcase_add_test(c, ulps);
	tcase_add_test(c, relative);
	tcase_add_test(c, tiny);
	tcase_add_test(c, texts);
#ifdef __x86_64__
	tcase_add_loop_test(c, processor_keeps_to_it, FP_FUNCTION_F2XM1, FP_NUM_FUNCTIONS);
#endif
	suite_add_tcase(s, c);
	return test_main(s);
}
