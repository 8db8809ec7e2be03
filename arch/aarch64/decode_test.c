/* Patterns, and that every row can be reached by some word. */
#include "arch/aarch64/decode.h"

#include <stdlib.h>
#include <string.h>

#include "arch/aarch64/sve.h"
#include "lib/base/rng.h"
#include "lib/testing/assert.h"

enum { NUM_TRIES = 200 };

static void no_build(struct a64_ctx *c)
{
	(void)c;
}

static struct error *parse(const char *pattern, struct a64_encoding *ret)
{
	const struct a64_row row = {pattern, no_build, 0, "----", "row"};

	return a64_parse_row(&row, ret);
}

START_TEST(pattern_is_mask_value_and_fields)
{
	struct a64_encoding e;

	ck_no_error(parse("s 0 0 100010 h iiiiiiiiiiii nnnnn ddddx", &e));
	ck_assert_uint_eq(e.mask, 0x7f800000);
	ck_assert_uint_eq(e.value, 0x11000000);
	ck_assert_uint_eq(e.num_fields, 5);
	ck_assert_int_eq(e.fields[0].letter, 's');
	ck_assert_uint_eq(e.fields[0].low, 31);
	ck_assert_int_eq(e.fields[2].letter, 'i');
	ck_assert_uint_eq(e.fields[2].low, 10);
	ck_assert_uint_eq(e.fields[2].width, 12);
	ck_assert_int_eq(e.fields[4].letter, 'd');
	ck_assert_uint_eq(e.fields[4].low, 1);
	ck_assert_uint_eq(e.fields[4].width, 4);
}
END_TEST

START_TEST(malformed_patterns_are_refused)
{
	static const char *const patterns[] = {
		"",
		"0000000000000000000000000000000",   /* 31 bits */
		"000000000000000000000000000000000", /* 33 */
		"0000000000000000 2000000000000000",
		"n0n0 0000 0000 0000 0000 0000 0000 0000", /* a field in two parts */
		"abcd efgh ijkl mnop qrst uvwy 0000 0000", /* too many fields */
	};
	struct a64_encoding e;

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		ck_error(parse(patterns[i], &e), ERROR_BUG, "malformed");
}
END_TEST

/* ---- All tables, as the lifter has them ---- */

static struct a64_decoder decoder;

static void setup(void)
{
	ck_no_error(a64_decoder_init(&decoder, a64_families, a64_num_families));
}

static void teardown(void)
{
	a64_decoder_deinit(&decoder);
}

/* A word of the encoding: what the pattern leaves open is random. */
static uint32_t word_of(const struct a64_encoding *e, struct rng *seed)
{
	return ((uint32_t)rng_next(seed) & ~e->mask) | e->value;
}

/* A row that an earlier one hides is dead. */
START_TEST(every_row_is_reached)
{
	struct rng seed = {1};

	for (size_t i = 0; i < decoder.num_encodings; i++) {
		const struct a64_encoding *e = &decoder.encodings[i];
		bool reached = false;
		for (unsigned k = 0; k < NUM_TRIES && !reached; k++)
			reached = a64_decode(&decoder, word_of(e, &seed)) == e;
		ck_assert_msg(reached, "%s \"%s\" is hidden by an earlier row", e->row->name, e->row->pattern);
	}
}
END_TEST

static const struct a64_table *table_of(const struct a64_row *row)
{
	for (size_t i = 0; i < a64_num_families; i++)
		if (row >= a64_families[i]->rows && row < a64_families[i]->rows + a64_families[i]->len)
			return a64_families[i];
	return NULL;
}

/* Rows of different tables do not overlap, except that the general rows of system.c take what others leave. */
START_TEST(tables_are_apart)
{
	for (size_t i = 0; i < decoder.num_encodings; i++) {
		const struct a64_encoding *a = &decoder.encodings[i];
		for (size_t j = 0; j < i; j++) {
			const struct a64_encoding *b = &decoder.encodings[j];
			bool overlap = !((a->value ^ b->value) & a->mask & b->mask);
			if (overlap && table_of(a->row) != table_of(b->row))
				ck_assert_msg(table_of(a->row) == &a64_system_table, "%s overlaps %s", a->row->name,
					      b->row->name);
		}
	}
}
END_TEST

/* The buckets find what a search through all rows finds. */
START_TEST(buckets_are_complete)
{
	struct rng seed = {2};

	for (unsigned n = 0; n < 20000; n++) {
		uint32_t word = (uint32_t)rng_next(&seed);
		const struct a64_encoding *first = NULL;
		for (size_t i = 0; i < decoder.num_encodings && !first; i++)
			if ((word & decoder.encodings[i].mask) == decoder.encodings[i].value)
				first = &decoder.encodings[i];
		ck_assert_msg(a64_decode(&decoder, word) == first, "%08x", word);
	}
}
END_TEST

static void list_fits(const char *names)
{
	for (size_t len; *names; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		ck_assert_uint_lt(len, sizeof((struct insn *)0)->mnemonic);
		ck_assert_uint_gt(len, 0);
	}
}

/* Does a family have the word, or leave it to others? */
static bool has_row(uint32_t word)
{
	const struct a64_encoding *e = a64_decode(&decoder, word);

	return e && e->row->build;
}

/*
 * A row of needs.c tells the features of encodings that families have, or names some that none has (NAMED): what it was
 * for may have gone, or got a row.
 */
START_TEST(needs_are_needed)
{
	const struct a64_table *const tables[] = {&a64_needs_table};
	struct a64_decoder needs;
	struct rng seed = {3};

	ck_no_error(a64_decoder_init(&needs, tables, 1));
	for (size_t i = 0; i < needs.num_encodings; i++) {
		const struct a64_encoding *e = &needs.encodings[i];
		bool names = e->row->build, needed = false;
		for (unsigned k = 0; k < 100 * NUM_TRIES && !needed; k++) {
			uint32_t word = word_of(e, &seed);
			needed = a64_decode(&needs, word) == e && has_row(word) != names;
		}
		ck_assert_msg(needed, "%s \"%s\" is for no word", e->row->name, e->row->pattern);
	}
	a64_decoder_deinit(&needs);
}
END_TEST

/* The first words of names are what reports count by. */
START_TEST(names_fit)
{
	for (size_t i = 0; i < decoder.num_encodings; i++) {
		const struct a64_row *row = decoder.encodings[i].row;
		ck_assert_uint_lt(strcspn(row->name, " "), sizeof((struct insn *)0)->mnemonic);
		if (row->build == a64_sve)
			list_fits(row->name);
		else
			ck_assert_uint_lt(strlen(row->name) + sizeof " 16b", ISA_FORM_LEN);
		ck_assert_uint_eq(strlen(row->flags), A64_NUM_FLAGS);
		ck_assert_uint_eq(strspn(row->flags, "-RWM01UC"), A64_NUM_FLAGS);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 decoding");
	TCase *patterns = tcase_create("patterns"), *tables = tcase_create("tables");

	tcase_add_test(patterns, pattern_is_mask_value_and_fields);
	tcase_add_test(patterns, malformed_patterns_are_refused);
	suite_add_tcase(suite, patterns);
	tcase_add_checked_fixture(tables, setup, teardown);
	tcase_set_timeout(tables, 60);
	tcase_add_test(tables, every_row_is_reached);
	tcase_add_test(tables, tables_are_apart);
	tcase_add_test(tables, buckets_are_complete);
	tcase_add_test(tables, needs_are_needed);
	tcase_add_test(tables, names_fit);
	suite_add_tcase(suite, tables);
	return test_main(suite);
}
