/* Encodings for self-tests: each row of the table is reached, by encodings that are those of a row, and what is special
 * about them. */
#include <stdlib.h>

#include "arch/x86_64/variants.h"
#include "arch/x86_64/x86_64.h"
#include "lib/base/rng.h"
#include "lib/testing/assert.h"

enum { SAMPLES = 8, WINDOW = 0x20000000, MAX_FOUND = 1 << 13 };

/* Parses an encoding of a variant. False: there is no such variant, or the encoding has too many prefixes. */
static bool sample(size_t variant, struct rng *rng, struct x86_raw *ret)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];

	if (!x86_variants.make(variant, rng, WINDOW, bytes))
		return false;
	ck_assert_int_eq(x86_parse(bytes, sizeof bytes, 0, ret), LIFT_DONE);
	return ret->len < ISA_MAX_INSN_LEN && !ret->too_long;
}

START_TEST(rows_are_reached)
{
	static bool found[MAX_FOUND];
	struct rng rng = {.state = 1};
	size_t num;
	const struct x86_row *rows = x86_rows(&num);

	ck_assert_uint_le(num, MAX_FOUND);
	for (size_t variant = 0; variant < x86_variants.count(); variant++) {
		for (unsigned i = 0; i < SAMPLES; i++) {
			struct x86_raw raw;
			if (!sample(variant, &rng, &raw))
				continue;
			ck_assert_msg(raw.row, "an encoding of variant %zu is none of a row: %s", variant, raw.rule);
			found[raw.row - rows] = true;
		}
	}
	for (size_t i = 0; i < num; i++)
		ck_assert_msg(found[i], "%s (%s) is not reached", rows[i].form->name, rows[i].form->encoding);
}
END_TEST

START_TEST(equal_seeds)
{
	struct rng one = {.state = 7}, two = {.state = 7};
	unsigned made = 0;

	for (size_t variant = 0; variant < x86_variants.count(); variant++) {
		uint8_t a[ISA_MAX_INSN_LEN], b[ISA_MAX_INSN_LEN];
		bool is = x86_variants.make(variant, &one, WINDOW, a);
		ck_assert_int_eq(is, x86_variants.make(variant, &two, WINDOW, b));
		if (is)
			ck_assert_mem_eq(a, b, sizeof a);
		made += is;
	}
	ck_assert_uint_gt(made, 10000);
	uint8_t bytes[ISA_MAX_INSN_LEN];
	ck_assert(!x86_variants.make(x86_variants.count(), &one, WINDOW, bytes));
}
END_TEST

#define TRAIT(name) (1u << X86_TRAIT_##name)

static const struct {
	uint8_t bytes[ISA_MAX_INSN_LEN];
	unsigned traits;
} traits[] = {
	{{0x01, 0xd8}, 0},
	{{0x66, 0x66, 0x01, 0xd8}, TRAIT(REDUNDANT)},
	{{0x2e, 0x36, 0x01, 0xd8}, TRAIT(CONFLICTING)},
	{{0x48, 0x66, 0x01, 0xd8}, TRAIT(CONFLICTING)},
	{{0xf2, 0xf3, 0xa4}, TRAIT(CONFLICTING) | TRAIT(STRING)},
	{{0xf0, 0x01, 0x03}, TRAIT(LOCK)},
	{{0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e}, TRAIT(TOO_LONG)},
	{{0x48, 0xa5}, TRAIT(STRING)},
	{{0x67, 0xf3, 0xa5}, TRAIT(STRING_67)},
	{{0x67, 0xe2, 0xf0}, TRAIT(COUNT_67)},
	{{0xe3, 0xf0}, 0},
	{{0x0f, 0xa3, 0x03}, TRAIT(BIT_STRING)},
	{{0x0f, 0xa3, 0xd8}, 0},
	{{0xc5, 0xf9, 0xab, 0x03}, 0},
};

START_TEST(traits_of_bytes)
{
	ck_assert_uint_eq(x86_variants.traits(traits[_i].bytes), traits[_i].traits);
}
END_TEST

static Suite *variants_suite(void)
{
	Suite *s = suite_create("variants");
	TCase *c = tcase_create("variants");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, rows_are_reached);
	tcase_add_test(c, equal_seeds);
	tcase_add_loop_test(c, traits_of_bytes, 0, sizeof traits / sizeof *traits);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(variants_suite());
}
