#include "lib/run/timeline.h"

#include <stdlib.h>

#include "lib/testing/assert.h"

static struct timeline timeline; /* 40 kB; zeroed for each test, which is a process of its own */

struct sums {
	uint64_t nanoseconds, events, findings;
};

static struct sums sum(void)
{
	struct sums s = {0};

	for (size_t i = 0; i < TIMELINE_STRETCHES; i++) {
		s.nanoseconds += timeline.stretch[i].nanoseconds;
		s.events += timeline.stretch[i].events;
		s.findings += timeline.stretch[i].findings;
	}
	return s;
}

/* Nothing is lost while stretches double from 1 instruction to 4096. */
START_TEST(sums_survive_growth)
{
	enum { STEPS = 1000000 };

	for (uint64_t n = 1; n <= STEPS; n += 7) {
		timeline_advance(&timeline, n, 11 * n, 0x400000 + n);
		if (n % 3 == 0)
			timeline_add_finding(&timeline, n);
	}
	ck_assert_uint_eq(timeline.per_stretch, 4096);
	ck_assert_uint_eq(timeline_length(&timeline), (timeline.instructions - 1) / 4096 + 1);
	ck_assert_uint_eq(sum().nanoseconds, 11 * timeline.instructions);
	ck_assert_uint_eq(sum().findings, (STEPS / 7 + 1) / 3);
	ck_assert_uint_ge(timeline.stretch[0].pc, 0x400000);
}
END_TEST

/* One call that covers several stretches is spread over them; a wait without an instruction counts where it was. */
START_TEST(time_goes_to_its_instructions)
{
	timeline_advance(&timeline, 100, 1000, 1);
	for (size_t i = 0; i < 100; i++)
		ck_assert_uint_eq(timeline.stretch[i].nanoseconds, 10);
	timeline_advance(&timeline, 100, 1500, 1);
	ck_assert_uint_eq(timeline.stretch[99].nanoseconds, 510);
	timeline_advance(&timeline, 103, 1501, 1);
	ck_assert_uint_eq(sum().nanoseconds, 1501);
	ck_assert_uint_eq(timeline_length(&timeline), 103);
}
END_TEST

START_TEST(events_are_thinned_evenly)
{
	for (uint64_t i = 0; i < 5000; i++) {
		struct timeline_event event = {.index = i, .instruction = 10 * i + 1, .nanoseconds = i * 7919 % 5000};
		timeline_add_event(&timeline, &event);
	}
	ck_assert_uint_eq(timeline.events, 5000);
	ck_assert_uint_eq(timeline.event_stride, 32);
	ck_assert_uint_eq(timeline.num_events, (5000 + 31) / 32);
	for (size_t i = 0; i < timeline.num_events; i++)
		ck_assert_uint_eq(timeline.event[i].index, 32 * i);
	ck_assert_uint_eq(sum().events, 5000);
	/* 7919 and 5000 have no common divisor: every time up to 4999 occurs once. */
	ck_assert_uint_eq(timeline.num_slowest, TIMELINE_SLOWEST);
	for (size_t i = 0; i < TIMELINE_SLOWEST; i++)
		ck_assert_uint_eq(timeline.slowest[i].nanoseconds, 4999 - i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timeline");
	TCase *t = tcase_create("timeline");

	tcase_add_test(t, sums_survive_growth);
	tcase_add_test(t, time_goes_to_its_instructions);
	tcase_add_test(t, events_are_thinned_evenly);
	suite_add_tcase(s, t);
	return test_main(s);
}
