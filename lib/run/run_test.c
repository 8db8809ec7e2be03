/* Parts of a run added up. */
#include "lib/run/run.h"

#include <string.h>

#include "lib/testing/assert.h"

/* Every count of the lane, of blocks and of memory is the sum of the parts'. */
START_TEST(parts_add_up)
{
	struct run into = {.blocks = 1, .in_blocks = 2}, from = {.blocks = 10, .in_blocks = 20};

	into.audit = (struct run_audit){.audits = 1, .at = 100, .bytes = 3, .differing = 4, .unreadable = 5};
	from.audit = (struct run_audit){.audits = 10, .at = 200, .bytes = 30, .differing = 40, .unreadable = 50};
	into.lane.stands = into.audit;
	from.lane.stands = from.audit;
	from.lane.can_flow = from.lane.blocks = true;
	into.lane.logged = 6;
	from.lane.logged = 60;
	into.lane.left = 7;
	from.lane.left = 70;
	for (unsigned i = 0; i < NUM_STEPPED; i++) {
		into.lane.stepped[i] = i + 1;
		from.lane.stepped[i] = 10 * (i + 1);
	}
	ck_no_error(run_merge(&into, &from, isa_by_name("x86_64")));
	ck_assert_uint_eq(into.blocks, 11);
	ck_assert_uint_eq(into.in_blocks, 22);
	const struct run_audit *const sums[] = {&into.audit, &into.lane.stands};
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(sums[i]->audits, 11);
		ck_assert_uint_eq(sums[i]->at, 200);
		ck_assert_uint_eq(sums[i]->bytes, 33);
		ck_assert_uint_eq(sums[i]->differing, 44);
		ck_assert_uint_eq(sums[i]->unreadable, 55);
	}
	ck_assert(into.lane.can_flow && into.lane.blocks);
	ck_assert_uint_eq(into.lane.logged, 66);
	ck_assert_uint_eq(into.lane.left, 77);
	for (unsigned i = 0; i < NUM_STEPPED; i++)
		ck_assert_uint_eq(into.lane.stepped[i], 11 * (i + 1));
	run_deinit(&into);
	run_deinit(&from);
}
END_TEST

/* Reports name each reason, and no two alike. */
START_TEST(reasons_have_names)
{
	for (enum stepped_reason i = 0; i < NUM_STEPPED; i++) {
		ck_assert_ptr_nonnull(stepped_reason_text(i));
		for (enum stepped_reason k = 0; k < i; k++)
			ck_assert_str_ne(stepped_reason_name(i), stepped_reason_name(k));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("run");
	TCase *t = tcase_create("run");

	tcase_add_test(t, parts_add_up);
	tcase_add_test(t, reasons_have_names);
	suite_add_tcase(s, t);
	return test_main(s);
}
