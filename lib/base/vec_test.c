#include "lib/base/vec.h"

#include <stdint.h>

#include "lib/testing/assert.h"

struct wide {
	uint64_t words[9];
};

typedef VEC(struct wide) wide_vec;

START_TEST(push_keeps_elements)
{
	wide_vec v = {0};

	for (uint64_t i = 0; i < 5000; i++)
		ck_assert(vec_push(&v, ((struct wide){{i, i + 1, [8] = 3 * i}})));
	ck_assert_uint_eq(v.len, 5000);
	ck_assert_uint_ge(v.cap, 5000);
	for (uint64_t i = 0; i < 5000; i++) {
		ck_assert_uint_eq(v.at[i].words[0], i);
		ck_assert_uint_eq(v.at[i].words[1], i + 1);
		ck_assert_uint_eq(v.at[i].words[8], 3 * i);
	}
	vec_deinit(&v);
	ck_assert_ptr_null(v.at);
	ck_assert_uint_eq(v.len + v.cap, 0);
}
END_TEST

START_TEST(reserve_is_exact_enough_and_stable)
{
	VEC(char) v = {0};

	ck_assert(vec_reserve(&v, 100));
	char *at = v.at;
	for (int i = 0; i < 100; i++)
		ck_assert(vec_push(&v, (char)i));
	ck_assert_ptr_eq(v.at, at);
	ck_assert(vec_reserve(&v, 10));
	ck_assert_ptr_eq(v.at, at);
	vec_deinit(&v);
}
END_TEST

START_TEST(failure_leaves_the_vector_alone)
{
	wide_vec v = {0};

	ck_assert(vec_push(&v, ((struct wide){{42}})));
	struct wide *at = v.at;
	size_t cap = v.cap;
	/* Too many bytes to count, too many to have, and a count whose growth wraps. */
	static const size_t counts[] = {SIZE_MAX / 8, SIZE_MAX / sizeof(struct wide) / 2, SIZE_MAX, SIZE_MAX - 3};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		ck_assert(!vec_reserve(&v, counts[i]));
	ck_assert_ptr_eq(v.at, at);
	ck_assert_uint_eq(v.cap, cap);
	ck_assert_uint_eq(v.at[0].words[0], 42);
	vec_deinit(&v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vec");
	TCase *tcase = tcase_create("vec");

	tcase_add_test(tcase, push_keeps_elements);
	tcase_add_test(tcase, reserve_is_exact_enough_and_stable);
	tcase_add_test(tcase, failure_leaves_the_vector_alone);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
