/* The corners that cases are for are among the values, each often enough. */
#include <math.h>
#include <string.h>

#include "lib/oracle/values.h"
#include "lib/testing/assert.h"

enum { DRAWS = 100000, OFTEN = DRAWS / 500 };

static double as_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static float as_single(uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float value;

	memcpy(&value, &low, sizeof value);
	return value;
}

/* ---- Kinds of numbers ---- */

static bool is_zero(double x)
{
	return x == 0;
}

static bool is_denormal(double x)
{
	return fpclassify(x) == FP_SUBNORMAL;
}

static bool is_infinite(double x)
{
	return isinf(x);
}

static bool is_nan(double x)
{
	return isnan(x);
}

static bool is_half(double x)
{
	return fabs(x) < 1e15 && x - floor(x) == 0.5;
}

static bool is_integer_at_limit(double x)
{
	double a = fabs(x);

	return a == 0x1p31 || a == 0x1p63 || a == 0x1p31 - 1 || a == 0x1p32 || a == 0x1p64;
}

/* Exactly between two neighbours of single precision. */
static bool is_halfway_single(double x)
{
	float near = (float)x;

	if (!isfinite(near) || (double)near == x)
		return false;
	float other = nextafterf(near, x > (double)near ? INFINITY : -INFINITY);
	return isfinite(other) && fabs(x - (double)near) == fabs((double)other - x);
}

static bool is_halfway_denormal(double x)
{
	return is_halfway_single(x) && fabs(x) < 0x1p-126;
}

static bool overflows_single(double x)
{
	return isfinite(x) && isinf((float)x);
}

static bool is_largest(double x)
{
	return fabs(x) == 0x1.fffffffffffffp1023;
}

static const struct {
	const char *name;
	bool (*is)(double x);
} kinds[] = {
	{"zero", is_zero},
	{"denormal", is_denormal},
	{"infinity", is_infinite},
	{"NaN", is_nan},
	{"n + 1/2", is_half},
	{"an integer at a limit", is_integer_at_limit},
	{"halfway between singles", is_halfway_single},
	{"halfway between denormal singles", is_halfway_denormal},
	{"an overflow of single precision", overflows_single},
	{"the largest", is_largest},
};

START_TEST(doubles_of_all_kinds)
{
	struct rng r = {.state = 1};
	unsigned count = 0;

	for (unsigned i = 0; i < DRAWS; i++)
		count += kinds[_i].is(as_double(values_number(&r, 64)));
	ck_assert_msg(count >= OFTEN, "%s: %u of %u", kinds[_i].name, count, DRAWS);
}
END_TEST

START_TEST(nans_of_both_kinds_with_payloads)
{
	struct rng r = {.state = 2};
	unsigned quiet = 0, signalling = 0, payloads = 0;

	for (unsigned i = 0; i < DRAWS; i++) {
		uint64_t bits = values_number(&r, 32);
		if (!isnan(as_single(bits)))
			continue;
		bool is_quiet = bits >> 22 & 1;
		quiet += is_quiet;
		signalling += !is_quiet;
		payloads += is_quiet && (bits & 0x3fffff);
		ck_assert_uint_eq(bits >> 32, 0);
	}
	ck_assert_uint_ge(quiet, OFTEN);
	ck_assert_uint_ge(signalling, OFTEN);
	ck_assert_uint_ge(payloads, OFTEN);
}
END_TEST

/* ---- Pairs ---- */

START_TEST(sums_are_halfway_and_cancel)
{
	struct rng r = {.state = 3};
	unsigned halfway = 0, nothing = 0;

	for (unsigned i = 0; i < DRAWS; i++) {
		uint64_t a[2], b[2];
		values_lanes(&r, VALUES_SINGLE, a, 2);
		if (i % 4)
			values_lanes(&r, VALUES_SINGLE, b, 2);
		else
			values_similar(&r, VALUES_SINGLE, a, b, 2);
		double sum = (double)as_single(a[0]) + (double)as_single(b[0]);
		halfway += is_halfway_single(sum);
		nothing += sum == 0 && as_single(a[0]) != 0;
	}
	ck_assert_uint_ge(halfway, OFTEN);
	ck_assert_uint_ge(nothing, OFTEN);
}
END_TEST

/* ---- MXCSR ---- */

START_TEST(control_is_of_all_kinds)
{
	enum { INITIAL = 0x1f80, BITS = 0xffff, DAZ = 0x40, FTZ = 0x8000 };
	struct rng r = {.state = 4};
	unsigned rounding[4] = {0}, daz = 0, ftz = 0, masked = 0, but_one = 0, flags = 0;

	for (unsigned i = 0; i < DRAWS; i++) {
		uint64_t value = values_control(&r, INITIAL, BITS);
		ck_assert_uint_eq(value & ~(uint64_t)BITS, 0);
		rounding[value >> 13 & 3]++;
		daz += (value & DAZ) != 0;
		ftz += (value & FTZ) != 0;
		masked += (value & INITIAL) == INITIAL;
		but_one += __builtin_popcountll(value & INITIAL) == 5;
		flags += (value & 0x3f) != 0;
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_ge(rounding[i], DRAWS / 8);
	ck_assert_uint_ge(daz, DRAWS / 16);
	ck_assert_uint_ge(ftz, DRAWS / 16);
	ck_assert_uint_ge(masked, DRAWS / 2);
	ck_assert_uint_ge(but_one, DRAWS / 16);
	ck_assert_uint_ge(flags, DRAWS / 2);
}
END_TEST

static Suite *values_suite(void)
{
	Suite *s = suite_create("values of cases");
	TCase *c = tcase_create("values");

	tcase_add_loop_test(c, doubles_of_all_kinds, 0, sizeof kinds / sizeof *kinds);
	tcase_add_test(c, nans_of_both_kinds_with_payloads);
	tcase_add_test(c, sums_are_halfway_and_cancel);
	tcase_add_test(c, control_is_of_all_kinds);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(values_suite());
}
