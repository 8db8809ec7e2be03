#include "lib/base/search.h"

#include <stdint.h>

#include "lib/testing/assert.h"

enum { MAX = 40 };

/* Each length, each place among the elements and between them, against looking at all in order. */
START_TEST(finds_what_a_walk_finds)
{
	uint64_t list[MAX];
	size_t len = (size_t)_i;

	for (size_t i = 0; i < len; i++)
		list[i] = 10 + i / 2 * 3; /* each twice */
	for (uint64_t key = 0; key < 10 + 3 * MAX; key++) {
		size_t found = 12345, walked = 0;
		while (walked < len && list[walked] < key)
			walked++;
		SEARCH_FIRST(found, len, i, list[i] < key);
		ck_assert_uint_eq(found, walked);
		while (walked < len && list[walked] <= key)
			walked++;
		SEARCH_FIRST(found, len, middle, list[middle] <= key);
		ck_assert_uint_eq(found, walked);
	}
}
END_TEST

/* As many looks as a bisection needs, and none at what is not there. */
START_TEST(looks_at_few)
{
	size_t looks = 0, found;

	SEARCH_FIRST(found, SIZE_MAX, i, (looks++, i < 1000));
	ck_assert_uint_eq(found, 1000);
	ck_assert_uint_le(looks, 64);
	looks = 0;
	SEARCH_FIRST(found, 0, i, (looks++, i < 1000));
	ck_assert_uint_eq(found + looks, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("search");
	TCase *t = tcase_create("search");

	tcase_add_loop_test(t, finds_what_a_walk_finds, 0, MAX);
	tcase_add_test(t, looks_at_few);
	suite_add_tcase(s, t);
	return test_main(s);
}
