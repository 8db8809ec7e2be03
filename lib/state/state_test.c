#include "lib/state/state.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/testing/assert.h"

/* A made-up register file; ODD starts at a word that is not its index. */
enum { FLAG, HALF, WORD, FLOAT, WIDE, ODD, NUM_REGS };

static const struct reg_desc regs[] = {
	[FLAG] = {.name = "flag", .width = 1, .word = 0},   [HALF] = {.name = "half", .width = 16, .word = 1},
	[WORD] = {.name = "word", .width = 64, .word = 2},  [FLOAT] = {.name = "float", .width = 80, .word = 3},
	[WIDE] = {.name = "wide", .width = 128, .word = 5}, [ODD] = {.name = "odd", .width = 65, .word = 7},
};

static const struct isa isa = {.name = "made up", .regs = regs, .num_regs = NUM_REGS, .num_words = 9};

/* What all ones of each register look like. */
static const uint64_t ones[NUM_REGS][2] = {
	[FLAG] = {1},
	[HALF] = {0xffff},
	[WORD] = {UINT64_MAX},
	[FLOAT] = {UINT64_MAX, 0xffff},
	[WIDE] = {UINT64_MAX, UINT64_MAX},
	[ODD] = {UINT64_MAX, 1},
};

static struct state s;

static void setup(void)
{
	ck_assert_ptr_null(state_init(&s, &isa));
}

static void teardown(void)
{
	state_deinit(&s);
}

static const uint64_t *value(uint32_t reg)
{
	return s.value + regs[reg].word;
}

static const uint64_t *unknown(uint32_t reg)
{
	return s.unknown + regs[reg].word;
}

static void assert_words(const uint64_t *got, const uint64_t *expected, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg(got[i] == expected[i], "word %u: %llx, should be %llx", i, (unsigned long long)got[i],
			      (unsigned long long)expected[i]);
}

START_TEST(starts_unknown)
{
	unsigned n = reg_words(&regs[_i]);

	ck_assert(!state_known(&s, (uint32_t)_i));
	ck_assert(!state_all_known(&s));
	ck_assert_uint_eq(state_get(&s, (uint32_t)_i), 0);
	assert_words(unknown((uint32_t)_i), ones[_i], n);
}
END_TEST

START_TEST(set_cuts_to_the_width)
{
	static const uint64_t all[2] = {UINT64_MAX, UINT64_MAX};
	uint32_t reg = (uint32_t)_i;
	struct state before;

	ck_assert_ptr_null(state_init(&before, &isa));
	state_set_words(&s, reg, all);
	ck_assert(state_known(&s, reg));
	assert_words(value(reg), ones[reg], reg_words(&regs[reg]));
	state_set(&s, reg, UINT64_MAX);
	ck_assert_uint_eq(state_get(&s, reg), ones[reg][0]);
	if (reg_words(&regs[reg]) == 2)
		ck_assert_uint_eq(value(reg)[1], 0);
	state_set_unknown(&s, reg);
	/* Nothing else changed on the way. */
	ck_assert_mem_eq(s.value, before.value, isa.num_words * sizeof *s.value);
	ck_assert_mem_eq(s.unknown, before.unknown, isa.num_words * sizeof *s.unknown);
	state_deinit(&before);
}
END_TEST

START_TEST(unknown_bits_are_zero)
{
	static const uint64_t bits[2] = {0x1234567890abcdef, UINT64_MAX}, mask[2] = {0xff00, UINT64_MAX - 1};

	state_set_masked(&s, ODD, bits, mask);
	assert_words(value(ODD), (const uint64_t[]){0x1234567890ab00ef, 1}, 2);
	assert_words(unknown(ODD), (const uint64_t[]){0xff00, 0}, 2);
	ck_assert(!state_known(&s, ODD));
	state_set_masked(&s, ODD, bits, NULL);
	ck_assert(state_known(&s, ODD));
	/* Mask bits above the width do not count. */
	state_set_masked(&s, ODD, bits, (const uint64_t[]){0, 2});
	ck_assert(state_known(&s, ODD));
	/* Unknown in the upper word alone. */
	state_set_masked(&s, WIDE, bits, (const uint64_t[]){0, 1});
	ck_assert(!state_known(&s, WIDE));
}
END_TEST

START_TEST(all_known_and_copy)
{
	struct state copy;

	for (uint32_t reg = 0; reg < NUM_REGS; reg++) {
		ck_assert(!state_all_known(&s));
		state_set(&s, reg, 0xabcdef0123456789 + reg);
	}
	ck_assert(state_all_known(&s));
	state_set_unknown(&s, HALF);
	ck_assert_ptr_null(state_init(&copy, &isa));
	state_copy(&copy, &s);
	ck_assert_mem_eq(copy.value, s.value, isa.num_words * sizeof *s.value);
	ck_assert_mem_eq(copy.unknown, s.unknown, isa.num_words * sizeof *s.unknown);
	state_set(&copy, HALF, 7);
	ck_assert(!state_known(&s, HALF));
	state_deinit(&copy);
}
END_TEST

static const unsigned widths[] = {1, 2, 7, 8, 9, 16, 63, 64, 65, 80, 128, 129, 512};
enum { NUM_WIDTHS = sizeof widths / sizeof *widths };

static bool bit(const void *bytes, unsigned index)
{
	return ((const uint8_t *)bytes)[index / 8] >> index % 8 & 1;
}

/* Bit by bit against the bytes, at every offset of a byte; the buffer ends where the field does. */
START_TEST(bit_fields)
{
	unsigned width = widths[_i];

	for (unsigned low = 0; low < 70; low++) {
		size_t len = (low + width + 7) / 8;
		uint8_t *bytes = malloc(len), *put = malloc(len);
		uint64_t words[8];

		for (size_t i = 0; i < len; i++) {
			bytes[i] = (uint8_t)hash_u64(low * 1000 + i);
			put[i] = (uint8_t)~bytes[i];
		}
		bits_get(bytes, len, low, width, words);
		for (unsigned i = 0; i < 64 * ((width + 63) / 64); i++)
			ck_assert_int_eq(words[i / 64] >> i % 64 & 1, i < width && bit(bytes, low + i));

		bits_put(put, len, low, width, words);
		for (unsigned i = 0; i < 8 * len; i++)
			ck_assert_int_eq(bit(put, i), bit(bytes, i) ^ (i < low || i >= low + width));
		free(bytes);
		free(put);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *su = suite_create("state");
	TCase *tc = tcase_create("state");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, starts_unknown, 0, NUM_REGS);
	tcase_add_loop_test(tc, set_cuts_to_the_width, 0, NUM_REGS);
	tcase_add_test(tc, unknown_bits_are_zero);
	tcase_add_test(tc, all_known_and_copy);
	tcase_add_loop_test(tc, bit_fields, 0, NUM_WIDTHS);
	suite_add_tcase(su, tc);
	return su;
}

int main(void)
{
	return test_main(suite());
}
