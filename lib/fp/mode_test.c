/* Modes of control registers: the rows are the manuals', by hand. */
#include "lib/fp/fp.h"

#include "lib/base/rng.h"
#include "lib/testing/assert.h"

#define BIT(name) (1u << FP_MODE_##name)

static const struct {
	enum fp_rules_id rules;
	bool half;
	uint32_t control;
	unsigned mode;
} rows[] = {
	/* MXCSR: at reset; each RC; DAZ; FTZ with and without UM; UM, OM clear; flags and other masks do nothing. */
	{FP_SSE, false, 0x1f80, FP_NEAREST},
	{FP_SSE, false, 0x3f80, FP_DOWN},
	{FP_SSE, false, 0x5f80, FP_UP},
	{FP_SSE, false, 0x7f80, FP_TO_ZERO},
	{FP_SSE, false, 0x1fc0, BIT(FLUSH_OPERANDS)},
	{FP_SSE, false, 0x9f80, BIT(FLUSH_RESULTS)},
	{FP_SSE, false, 0x9780, BIT(UNMASKED_UNDERFLOW)},
	{FP_SSE, false, 0x1780, BIT(UNMASKED_UNDERFLOW)},
	{FP_SSE, false, 0x1b80, BIT(UNMASKED_OVERFLOW)},
	{FP_SSE, false, 0x1fbf, FP_NEAREST},
	{FP_SSE, false, 0x0c00, FP_NEAREST},
	{FP_SSE, true, 0x9fc0, BIT(FLUSH_OPERANDS) | BIT(FLUSH_RESULTS)},
	/* The x87 control word: at FNINIT; RC; PC; UM, OM clear. */
	{FP_X87, false, 0x037f, 3 << FP_MODE_PRECISION},
	{FP_X87, false, 0x077f, FP_DOWN | 3 << FP_MODE_PRECISION},
	{FP_X87, false, 0x0b7f, FP_UP | 3 << FP_MODE_PRECISION},
	{FP_X87, false, 0x0f7f, FP_TO_ZERO | 3 << FP_MODE_PRECISION},
	{FP_X87, false, 0x007f, FP_NEAREST},
	{FP_X87, false, 0x027f, 2 << FP_MODE_PRECISION},
	{FP_X87, false, 0x036f, BIT(UNMASKED_UNDERFLOW) | 3 << FP_MODE_PRECISION},
	{FP_X87, false, 0x0377, BIT(UNMASKED_OVERFLOW) | 3 << FP_MODE_PRECISION},
	{FP_X87, false, 0x0318, 3 << FP_MODE_PRECISION},
	/* FPCR: RMode 1 is up, 2 down; FZ, FZ16, DN, AHP; trap enables do nothing. */
	{FP_ARM, false, 0, FP_NEAREST},
	{FP_ARM, false, 1 << 22, FP_UP},
	{FP_ARM, false, 2 << 22, FP_DOWN},
	{FP_ARM, false, 3 << 22, FP_TO_ZERO},
	{FP_ARM, false, 1 << 24, BIT(FLUSH_OPERANDS) | BIT(FLUSH_RESULTS)},
	{FP_ARM, true, 1 << 24, FP_NEAREST},
	{FP_ARM, true, 1 << 19, BIT(FLUSH_OPERANDS) | BIT(FLUSH_RESULTS)},
	{FP_ARM, false, 1 << 19, FP_NEAREST},
	{FP_ARM, false, 1 << 25, BIT(DEFAULT_NAN)},
	{FP_ARM, false, 1 << 26, BIT(ALTERNATIVE_HALF)},
	{FP_ARM, false, 0x9f00, FP_NEAREST},
	/* EBF; FIZ without FZ, with it, and of halves. */
	{FP_ARM, false, 1 << 13, BIT(EXTENDED_DOT)},
	{FP_ARM, false, 1, BIT(FLUSH_OPERANDS) | BIT(FLUSH_SILENTLY)},
	{FP_ARM, false, 1 << 24 | 1, BIT(FLUSH_OPERANDS) | BIT(FLUSH_RESULTS)},
	{FP_ARM, true, 1 << 24 | 1, FP_NEAREST},
	/* With AH, FZ is of results alone. */
	{FP_ARM, false, 1 << 24 | 2, BIT(FLUSH_RESULTS)},
	{FP_ARM, false, 3, BIT(FLUSH_OPERANDS) | BIT(FLUSH_SILENTLY)},
	{FP_ARM, false, 1 << 24 | 3, BIT(FLUSH_OPERANDS) | BIT(FLUSH_SILENTLY) | BIT(FLUSH_RESULTS)},
	{FP_ARM, true, 1 << 19 | 2, BIT(FLUSH_OPERANDS) | BIT(FLUSH_RESULTS)},
};

START_TEST(modes)
{
	ck_assert_uint_eq(fp_mode(rows[_i].rules, rows[_i].half, rows[_i].control), rows[_i].mode);
}
END_TEST

enum { NUM_ROUNDS = 200, ROUNDING = 7 << FP_MODE_ROUND };

/* 1 if what is told of any flags differs. */
static bool tells_otherwise(enum fp_rules_id rules, uint32_t control, uint32_t other)
{
	for (unsigned flags = 0; flags < 1 << FP_NUM_FLAGS; flags++)
		if (fp_told(rules, control, (uint8_t)flags) != fp_told(rules, other, (uint8_t)flags))
			return true;
	return false;
}

/* What bits of the control register anything follows: fp_control_bits() names those, all of them and no others. */
START_TEST(needed_bits)
{
	enum fp_rules_id rules = (enum fp_rules_id)(_i / 2);
	bool half = _i % 2;
	uint32_t all = 0, but_rounding = 0;
	struct rng rng = {.state = 9};

	for (unsigned i = 0; i < NUM_ROUNDS; i++) {
		uint32_t control = (uint32_t)rng_next(&rng);
		for (unsigned bit = 0; bit < FP_CONTROL_WIDTH; bit++) {
			uint32_t other = control ^ UINT32_C(1) << bit;
			unsigned changed = fp_mode(rules, half, control) ^ fp_mode(rules, half, other);
			bool told = tells_otherwise(rules, control, other) ||
				    fp_rules_under(rules, control) != fp_rules_under(rules, other);
			all |= (uint32_t)(told || changed) << bit;
			but_rounding |= (uint32_t)(told || changed & ~(unsigned)ROUNDING) << bit;
		}
	}
	ck_assert_uint_eq(fp_control_bits(rules, half, true), all);
	ck_assert_uint_eq(fp_control_bits(rules, half, false), but_rounding);
}
END_TEST

/* Underflow and inexact of one lane are not told if another lane's operand is invalid, and that is not masked. */
START_TEST(tells)
{
	const uint8_t later = 1 << FP_UNDERFLOW | 1 << FP_INEXACT, all = later | 1 << FP_INVALID | 1 << FP_DENORMAL;

	ck_assert_uint_eq(fp_told(FP_SSE, 0x1f80, all), all);
	ck_assert_uint_eq(fp_told(FP_SSE, 0x1f00, all), 1 << FP_INVALID | 1 << FP_DENORMAL);
	ck_assert_uint_eq(fp_told(FP_SSE, 0x1e80, all), 1 << FP_INVALID | 1 << FP_DENORMAL);
	ck_assert_uint_eq(fp_told(FP_SSE, 0x1d80, all), all);
	ck_assert_uint_eq(fp_told(FP_SSE, 0x0380, later), later);
	ck_assert_uint_eq(fp_told(FP_X87, 0, all), all);
	ck_assert_uint_eq(fp_told(FP_ARM, 0, all), all);
}
END_TEST

/* FPCR.AHP: what would be an infinity is 2^16, to and from; a NaN becomes zero and is invalid (FPConvert()). */
START_TEST(alternative_half)
{
	const struct fp_env widen = {FP_F32, FP_ARM, BIT(ALTERNATIVE_HALF)}, narrow = {FP_F16, FP_ARM, widen.mode};

	ck_assert_uint_eq((uint32_t)fp_convert(&widen, FP_F16, 0x7c00).value, 0x47800000);
	ck_assert_uint_eq((uint32_t)fp_convert(&narrow, FP_F32, 0x47800000).value, 0x7c00);
	ck_assert_uint_eq((uint32_t)fp_convert(&narrow, FP_F32, 0x7fc00000).value, 0);
	ck_assert_uint_eq(fp_convert(&narrow, FP_F32, 0x7fc00000).flags, 1 << FP_INVALID);
}
END_TEST

static Suite *mode_suite(void)
{
	Suite *s = suite_create("mode");
	TCase *c = tcase_create("mode");

	tcase_add_loop_test(c, modes, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(c, needed_bits, 0, 2 * FP_NUM_RULES);
	tcase_add_test(c, tells);
	tcase_add_test(c, alternative_half);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(mode_suite());
}
