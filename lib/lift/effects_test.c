#include "lib/lift/effects.h"

#include "lib/testing/assert.h"

static struct expr_pool *pool;
static struct transfer t;
static struct effects e;

static void setup(void)
{
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&t, pool);
}

static void teardown(void)
{
	effects_deinit(&e);
	transfer_deinit(&t);
	expr_pool_destroy(pool);
}

#define assert_ids(vec, ...) \
	do { \
		const uint32_t ids_[] = {__VA_ARGS__}; \
		ck_assert_uint_eq((vec).len, sizeof ids_ / sizeof *ids_); \
		for (size_t i_ = 0; i_ < (vec).len; i_++) \
			ck_assert_uint_eq((vec).at[i_], ids_[i_]); \
	} while (0)

START_TEST(nothing)
{
	ck_no_error(effects_collect(&t, &e));
	ck_assert_uint_eq(e.reads.len + e.writes.len + e.undefined.len + e.loads.len + e.env.len, 0);
}
END_TEST

/* Every place where a register can hide: values, addresses, guards, conditions, loads without a use. */
START_TEST(reads_are_found)
{
	expr_id bit = expr_is_zero(pool, expr_reg(pool, 64, 9));

	/* In the pool, but of no use: not an effect. */
	expr_reg(pool, 64, 99);
	transfer_add_fault(&t, expr_is_zero(pool, expr_reg(pool, 64, 7)), FAULT_DIVIDE);
	transfer_add_store(&t, bit, expr_reg(pool, 64, 5), expr_reg(pool, 32, 6));
	expr_id load = transfer_load(&t, 64, expr_reg(pool, 64, 8));
	transfer_set_reg(&t, 1, expr_add(pool, expr_reg(pool, 64, 2), expr_const(pool, 64, 5)));
	transfer_set_reg(&t, 0, expr_env(pool, 64, ENV_TSC));
	ck_no_error(effects_collect(&t, &e));
	assert_ids(e.reads, 2, 5, 6, 7, 8, 9);
	assert_ids(e.writes, 0, 1);
	assert_ids(e.loads, load);
	ck_assert_uint_eq(e.env.len, 1);
	ck_assert_uint_eq(e.undefined.len, 0);
}
END_TEST

START_TEST(undefined_by_register)
{
	expr_id undef = expr_undef(pool, 64);

	transfer_set_reg(&t, 3,
			 expr_ite(pool, expr_is_zero(pool, expr_reg(pool, 64, 1)), undef, expr_reg(pool, 64, 3)));
	transfer_set_reg(&t, 2, expr_reg(pool, 64, 3));
	transfer_set_reg(&t, 0, undef);
	ck_no_error(effects_collect(&t, &e));
	assert_ids(e.undefined, 0, 3);
	assert_ids(e.writes, 0, 2, 3);
	assert_ids(e.reads, 1, 3);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("effects");
	TCase *tc = tcase_create("effects");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, reads_are_found);
	tcase_add_test(tc, undefined_by_register);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return test_main(suite());
}
