/* What a run comes to: findings by how sure they are, and every gap by its name. */
#include "lib/run/verdict.h"

#include <string.h>

#include "lib/testing/assert.h"

static struct run run;

/* A run of one instruction, judged. */
static void setup(void)
{
	run = (struct run){.fail_on = SEVERITY_MODEL, .instructions = 1, .checked = 1, .exited = true};
}

static void teardown(void)
{
	run_deinit(&run);
}

static void add_finding(enum severity severity)
{
	struct finding f = {.severity = severity}, *added;

	ck_no_error(findings_add(&run.findings, &f, &added));
}

START_TEST(a_whole_run_is_clean)
{
	ck_assert_int_eq(run_verdict(&run), VERDICT_CLEAN);
	for (enum gap gap = 0; gap < NUM_GAPS; gap++)
		ck_assert_msg(!run_has_gap(&run, gap), "%s", gap_name(gap));
}
END_TEST

/* By severity, for each level: surer ones and the level's own make a run divergent, the rest leave it incomplete. */
START_TEST(findings_count_by_severity)
{
	enum severity severity = (enum severity)_i;

	add_finding(severity);
	for (enum severity level = SEVERITY_CONFIRMED; level <= SEVERITY_INFO; level++) {
		bool counts = severity <= level;
		run.fail_on = level;
		ck_assert_int_eq(run_verdict(&run), counts ? VERDICT_DIVERGENT : VERDICT_INCOMPLETE);
		ck_assert(run_has_gap(&run, GAP_FINDINGS) == !counts);
	}
}
END_TEST

START_TEST(findings_that_count_come_first)
{
	run.error = error_create(ERROR_TARGET, "gone");
	add_finding(SEVERITY_POSSIBLE);
	ck_assert_int_eq(run_verdict(&run), VERDICT_ERROR);
	add_finding(SEVERITY_MODEL);
	ck_assert_int_eq(run_verdict(&run), VERDICT_DIVERGENT);
	/* Without the latter, as where it is known. */
	ck_assert_int_eq(run_verdict_with(&run, 0, 1), VERDICT_ERROR);
	error_destroy(run.error);
	run.error = error_create(ERROR_LOST_SYNC, "lost");
	ck_assert_int_eq(run_verdict_with(&run, 0, 0), VERDICT_LOST_SYNC);
}
END_TEST

/* All findings are known, the run is whole: nothing is open. */
START_TEST(known_findings_leave_no_gap)
{
	add_finding(SEVERITY_POSSIBLE);
	ck_assert_int_eq(run_verdict_with(&run, 0, 0), VERDICT_CLEAN);
	ck_assert_int_eq(run_verdict_with(&run, 0, 1), VERDICT_INCOMPLETE);
}
END_TEST

static void open_gap(enum gap gap)
{
	static char cut[] = "cut";
	static const enum run_limit limits[NUM_GAPS] = {
		[GAP_MAX_INSTRUCTIONS] = RUN_LIMIT_INSTRUCTIONS,
		[GAP_UNTIL] = RUN_LIMIT_UNTIL,
		[GAP_MAX_FINDINGS] = RUN_LIMIT_FINDINGS,
	};

	run.limit = limits[gap];
	run.timed_out = gap == GAP_TIMEOUT;
	switch (gap) {
	case GAP_NOTHING_JUDGED: run.checked = 0; break;
	case GAP_START_NOT_REACHED: run.unreached = true; break;
	case GAP_INTERRUPTED: run.interrupted = true; break;
	case GAP_CUT: run.cut = strdup(cut); break;
	case GAP_UNMODELLED: ck_assert(vec_push(&run.unmodelled, ((struct unmodelled){.count = 1}))); break;
	case GAP_UNSEEN: run.unseen = 1; break;
	case GAP_FINDINGS: add_finding(SEVERITY_POSSIBLE); break;
	default: break;
	}
}

START_TEST(each_gap_leaves_a_run_incomplete)
{
	open_gap((enum gap)_i);
	for (enum gap gap = 0; gap < NUM_GAPS; gap++) {
		ck_assert_msg(run_has_gap(&run, gap) == (gap == (enum gap)_i), "%s", gap_name(gap));
		if (gap != (enum gap)_i)
			ck_assert_str_ne(gap_name(gap), gap_name((enum gap)_i));
	}
	ck_assert_int_eq(run_verdict(&run), VERDICT_INCOMPLETE);
	ck_assert_uint_gt(strlen(gap_text((enum gap)_i)), 0);
}
END_TEST

/* What was judged in part was judged; what was executed alone was not. */
START_TEST(a_part_is_judged)
{
	struct coverage_form f = {.count = {[JUDGED_NOT] = 5}};

	run.checked = 0;
	ck_assert(vec_push(&run.coverage.forms, f));
	ck_assert(run_has_gap(&run, GAP_NOTHING_JUDGED));
	run.coverage.forms.at[0].count[_i] = 1;
	ck_assert(run_has_gap(&run, GAP_NOTHING_JUDGED) == (_i == JUDGED_NOT));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verdict");
	TCase *t = tcase_create("verdict");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_whole_run_is_clean);
	tcase_add_loop_test(t, findings_count_by_severity, SEVERITY_CONFIRMED, SEVERITY_INFO + 1);
	tcase_add_test(t, findings_that_count_come_first);
	tcase_add_test(t, known_findings_leave_no_gap);
	tcase_add_loop_test(t, each_gap_leaves_a_run_incomplete, 0, NUM_GAPS);
	tcase_add_loop_test(t, a_part_is_judged, 0, NUM_JUDGED);
	suite_add_tcase(s, t);
	return test_main(s);
}
