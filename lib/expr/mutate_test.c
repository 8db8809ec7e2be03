/* Mutations are well-formed, differ from what they were made of, and come by the seed. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/expr/eval.h"
#include "lib/expr/mutate.h"
#include "lib/testing/assert.h"

enum { NUM_SEEDS = 2000, NUM_REGS = 4 };

static const uint16_t word[NUM_REGS] = {0, 1, 2, 3}, width[NUM_REGS] = {64, 64, 1, 64};
static const struct reg_layout layout = {.word = word, .width = width, .num_regs = NUM_REGS};

static struct expr_pool *pool;
static struct transfer plain, mutant;

/* r0 = (r0 + mem[r1]) masked; r2 = r0 <u 5; a guarded store; a fault. */
static void setup(void)
{
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&plain, pool);
	transfer_init(&mutant, pool);
	expr_id r0 = expr_reg(pool, 64, 0), r1 = expr_reg(pool, 64, 1);
	expr_id sum = expr_add(pool, r0, transfer_load(&plain, 64, r1));
	transfer_add_fault(&plain, expr_bit(pool, r1, 3), FAULT_PROTECTION);
	transfer_set_reg(&plain, 0, expr_and(pool, sum, expr_const(pool, 64, 0xff0)));
	transfer_set_reg(&plain, 2, expr_ult(pool, r0, expr_const(pool, 64, 5)));
	transfer_add_store(&plain, expr_bit(pool, sum, 63), r1, expr_extract(pool, sum, 8, 16));
	transfer_set_reg(&plain, 3, expr_ite(pool, expr_bit(pool, r0, 0), r1, expr_undef(pool, 64)));
	ck_no_error(transfer_verify(&plain, &layout));
}

static void teardown(void)
{
	transfer_deinit(&plain);
	transfer_deinit(&mutant);
	expr_pool_destroy(pool);
}

static bool is_changed(void)
{
	if (plain.regs.len != mutant.regs.len || plain.faults.len != mutant.faults.len)
		return true;
	for (size_t i = 0; i < plain.regs.len; i++)
		if (transfer_get_reg(&mutant, plain.regs.at[i].reg) != plain.regs.at[i].value)
			return true;
	for (size_t i = 0; i < plain.faults.len; i++)
		if (mutant.faults.at[i].cond != plain.faults.at[i].cond ||
		    mutant.faults.at[i].kind != plain.faults.at[i].kind)
			return true;
	const struct transfer_store *a = &plain.stores.at[0], *b = &mutant.stores.at[0];
	return a->guard != b->guard || a->address != b->address || a->value != b->value;
}

static void mutate(uint64_t seed, char text[MUTATION_TEXT_LEN])
{
	struct rng rng = {.state = seed};
	bool found = false;

	ck_no_error(transfer_mutate(&plain, &rng, &mutant, text, &found));
	ck_assert(found);
}

START_TEST(well_formed_and_different)
{
	for (uint64_t seed = 0; seed < NUM_SEEDS; seed++) {
		char text[MUTATION_TEXT_LEN] = "";
		mutate(seed, text);
		struct error *err = transfer_verify(&mutant, &layout);
		ck_assert_msg(!err, "seed %d, %s: %s", (int)seed, text, err ? err->message : "");
		ck_assert_msg(is_changed(), "seed %d: %s", (int)seed, text);
		ck_assert_str_ne(text, "");
	}
}
END_TEST

/* Each kind of change is met. */
START_TEST(kinds)
{
	static const char *const parts[] = {
		"+ becomes", "becomes <=u", "of the constant",  "bits from",     "bits become", "operands of <u",
		"next byte", "not written", "bit 3 of the res", "no store",      "a store to",  "a store of 16 bits",
		"is stored", "without",     "no fault",         "another fault",
	};
	bool met[sizeof parts / sizeof *parts] = {false};

	for (uint64_t seed = 0; seed < NUM_SEEDS; seed++) {
		char text[MUTATION_TEXT_LEN] = "";
		mutate(seed, text);
		/* The only choice with an undefined branch stays as it is. */
		ck_assert_ptr_null(strstr(text, "operands of ?"));
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			met[i] |= strstr(text, parts[i]) != NULL;
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ck_assert_msg(met[i], "no mutation with '%s'", parts[i]);
}
END_TEST

START_TEST(by_the_seed)
{
	char first[MUTATION_TEXT_LEN], again[MUTATION_TEXT_LEN];

	mutate(17, first);
	expr_id value = mutant.regs.at[0].value;
	mutate(17, again);
	ck_assert_str_eq(first, again);
	ck_assert_uint_eq(value, mutant.regs.at[0].value);
}
END_TEST

static Suite *mutate_suite(void)
{
	Suite *s = suite_create("mutate");
	TCase *c = tcase_create("mutate");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, well_formed_and_different);
	tcase_add_test(c, kinds);
	tcase_add_test(c, by_the_seed);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(mutate_suite());
}
