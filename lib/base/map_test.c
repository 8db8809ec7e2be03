#include "lib/base/map.h"

#include "lib/testing/assert.h"

START_TEST(empty_map_finds_nothing)
{
	struct map m = {0};

	ck_assert_ptr_null(map_get(&m, 0));
	map_clear(&m);
	map_deinit(&m);
}
END_TEST

START_TEST(put_makes_zero_and_keeps_values)
{
	struct map m = {0};

	ck_assert_uint_eq(*map_put(&m, 5), 0);
	*map_put(&m, 5) = 50;
	ck_assert_uint_eq(*map_put(&m, 5), 50);
	ck_assert_uint_eq(*map_get(&m, 5), 50);
	ck_assert_ptr_null(map_get(&m, 6));
	ck_assert_uint_eq(m.len, 1);
	map_deinit(&m);
}
END_TEST

/* Key 0 and UINT64_MAX are keys like the others: slots carry their own mark. */
START_TEST(extreme_keys)
{
	struct map m = {0};

	*map_put(&m, 0) = 1;
	*map_put(&m, UINT64_MAX) = 2;
	ck_assert_uint_eq(*map_get(&m, 0), 1);
	ck_assert_uint_eq(*map_get(&m, UINT64_MAX), 2);
	map_deinit(&m);
}
END_TEST

/* Multiples of a page collide in a table that would index by the key itself. */
START_TEST(many_keys_survive_growth)
{
	enum { COUNT = 20000 };
	static const uint64_t strides[] = {1, 4096, UINT64_C(1) << 40};
	uint64_t stride = strides[_i];
	struct map m = {0};

	for (uint64_t i = 0; i < COUNT; i++)
		*map_put(&m, i * stride) = i;
	ck_assert_uint_eq(m.len, COUNT);
	for (uint64_t i = 0; i < COUNT; i++) {
		uint64_t *value = map_get(&m, i * stride);
		ck_assert_ptr_nonnull(value);
		ck_assert_uint_eq(*value, i);
	}
	ck_assert_ptr_null(map_get(&m, COUNT * stride));
	map_deinit(&m);
}
END_TEST

START_TEST(clear_forgets_and_keeps_room)
{
	struct map m = {0};

	for (uint64_t i = 0; i < 100; i++)
		map_put(&m, i);
	size_t cap = m.cap;
	map_clear(&m);
	ck_assert_uint_eq(m.len, 0);
	ck_assert_uint_eq(m.cap, cap);
	ck_assert_ptr_null(map_get(&m, 7));
	ck_assert_uint_eq(*map_put(&m, 7), 0);
	map_clear(&m);
	ck_assert_uint_eq(m.cap, 0); /* it was no longer needed */
	ck_assert_ptr_null(map_get(&m, 7));
	ck_assert_uint_eq(*map_put(&m, 7), 0);
	map_deinit(&m);
}
END_TEST

START_TEST(walk_finds_each_key_once)
{
	struct map m = {0};
	uint64_t keys = 0, values = 0, count = 0;

	for (uint64_t i = 1; i <= 1000; i++)
		*map_put(&m, i) = 2 * i;
	for (size_t i = 0; i < m.cap; i++) {
		if (!m.at[i].used)
			continue;
		count++;
		keys += m.at[i].key;
		values += m.at[i].value;
	}
	ck_assert_uint_eq(count, 1000);
	ck_assert_uint_eq(keys, 500500);
	ck_assert_uint_eq(values, 1001000);
	map_deinit(&m);
}
END_TEST

/*
 * The first outputs of splitmix64 seeded with 1234567, as published with Vigna's generator: its state advances by the
 * golden gamma, and the finaliser of each state is the output.
 */
START_TEST(hash_is_the_finaliser_of_splitmix64)
{
	static const uint64_t published[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
					     UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
					     UINT64_C(16408922859458223821)};
	uint64_t state = 1234567;

	for (size_t i = 0; i < sizeof published / sizeof *published; i++)
		ck_assert_uint_eq(hash_u64(state += UINT64_C(0x9e3779b97f4a7c15)), published[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("map");
	TCase *tcase = tcase_create("map");

	tcase_add_test(tcase, empty_map_finds_nothing);
	tcase_add_test(tcase, put_makes_zero_and_keeps_values);
	tcase_add_test(tcase, extreme_keys);
	tcase_add_loop_test(tcase, many_keys_survive_growth, 0, 3);
	tcase_add_test(tcase, clear_forgets_and_keeps_room);
	tcase_add_test(tcase, walk_finds_each_key_once);
	tcase_add_test(tcase, hash_is_the_finaliser_of_splitmix64);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
