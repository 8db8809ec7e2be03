#include "lib/base/clock.h"

#include <limits.h>
#include <poll.h>
#include <time.h>

#include "lib/testing/assert.h"

START_TEST(now_counts_nanoseconds)
{
	uint64_t before = clock_now();
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	uint64_t passed = clock_now() - before;

	/* The machine may be busy: only the lower bound is sharp. */
	ck_assert_uint_ge(passed, 20 * CLOCK_MS);
	ck_assert_uint_lt(passed, 600 * CLOCK_S);
}
END_TEST

START_TEST(deadline_counts_down)
{
	deadline_t deadline = deadline_after(600 * CLOCK_S);

	ck_assert(!deadline_passed(deadline));
	ck_assert_uint_le(deadline_left(deadline), 600 * CLOCK_S);
	ck_assert_int_gt(deadline_poll(deadline), 0);
	ck_assert_int_le(deadline_poll(deadline), 600000);
	deadline = deadline_after(20 * CLOCK_MS);
	while (!deadline_passed(deadline))
		poll(NULL, 0, deadline_poll(deadline));
	ck_assert_uint_eq(deadline_left(deadline), 0);
	ck_assert_int_eq(deadline_poll(deadline), 0);
}
END_TEST

/* Rounded down, the last millisecond would be spent in a busy loop of polls with timeout 0. */
START_TEST(poll_rounds_up)
{
	deadline_t deadline = deadline_after(CLOCK_MS / 2);
	int ms = deadline_poll(deadline);

	ck_assert(ms == 1 || deadline_passed(deadline));
}
END_TEST

START_TEST(never_is_never)
{
	ck_assert_uint_eq(deadline_after(UINT64_MAX), DEADLINE_NEVER);
	ck_assert_uint_eq(deadline_after(UINT64_MAX - 1), DEADLINE_NEVER);
	ck_assert(!deadline_passed(DEADLINE_NEVER));
	ck_assert_uint_eq(deadline_left(DEADLINE_NEVER), UINT64_MAX);
	ck_assert_int_eq(deadline_poll(DEADLINE_NEVER), -1);
}
END_TEST

START_TEST(far_deadlines_fit_poll)
{
	ck_assert_int_eq(deadline_poll(DEADLINE_NEVER - 1), INT_MAX);
	ck_assert_int_eq(deadline_poll(0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = tcase_create("clock");

	tcase_add_test(tcase, now_counts_nanoseconds);
	tcase_add_test(tcase, deadline_counts_down);
	tcase_add_test(tcase, poll_rounds_up);
	tcase_add_test(tcase, never_is_never);
	tcase_add_test(tcase, far_deadlines_fit_poll);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
