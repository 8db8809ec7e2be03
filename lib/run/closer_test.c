/* What comes of a closer look: what it explains is replaced, and the rest says what became of it. */
#include "lib/run/closer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/testing/assert.h"

static struct run run, closer;
static const struct run_stretch stretch = {.number = 3, .begin = 100, .last = 150};
static uint64_t *hidden;
static const struct isa *isa;

static void setup(void)
{
	run = closer = (struct run){.fail_on = SEVERITY_MODEL};
	isa = isa_by_name("x86_64");
	hidden = calloc(isa->num_words, sizeof *hidden);
	ck_assert_ptr_nonnull(hidden);
}

static void teardown(void)
{
	run_deinit(&run);
	run_deinit(&closer);
	free(hidden);
}

/* Of XMM0's word 1. */
static struct finding *add(struct run *to, const char *form, uint64_t number, uint64_t at, enum closer state)
{
	struct finding f = {.kind = LOCATION_REG,
			    .width = 128,
			    .expected = {0, 1},
			    .severity = SEVERITY_CONFIRMED,
			    .first_instruction = at,
			    .until = at,
			    .stretch = number,
			    .closer = state};
	struct finding *added = NULL;

	ck_assert(isa_find_reg(isa, "xmm0", 4, &f.reg));
	f.formula = strdup("");
	f.opinion = strdup("said");
	strcpy(f.insn.form, form);
	ck_no_error(findings_add(&to->findings, &f, &added));
	return added;
}

static void merge(void)
{
	ck_no_error(closer_merge(&run, &stretch, &closer, "gone for good", isa, hidden));
}

START_TEST(what_is_found_again_is_replaced)
{
	add(&run, "a", 3, 150, CLOSER_WANTED)->count = 7;
	add(&closer, "a", 0, 150, CLOSER_NO_NEED)->severity = SEVERITY_MODEL;
	merge();
	ck_assert_uint_eq(run.findings.list.len, 1);
	const struct finding *f = &run.findings.list.at[0];
	ck_assert_int_eq(f->severity, SEVERITY_MODEL);
	ck_assert_int_eq(f->closer, CLOSER_FOUND);
	ck_assert_uint_eq(f->count, 7);
	ck_assert_uint_eq(f->stretch, 3);
}
END_TEST

START_TEST(what_comes_of_an_earlier_one_is_replaced)
{
	add(&run, "a", 3, 150, CLOSER_WANTED);
	add(&closer, "b", 0, 120, CLOSER_NO_NEED);
	merge();
	ck_assert_uint_eq(run.findings.list.len, 1);
	ck_assert_str_eq(run.findings.list.at[0].insn.form, "b");
}
END_TEST

START_TEST(what_came_before_stays)
{
	add(&run, "a", 3, 119, CLOSER_WANTED);
	add(&closer, "b", 0, 120, CLOSER_NO_NEED);
	merge();
	ck_assert_uint_eq(run.findings.list.len, 2);
	ck_assert_int_eq(run.findings.list.at[0].closer, CLOSER_GONE);
	ck_assert_int_eq(run.findings.list.at[0].severity, SEVERITY_MODEL);
	ck_assert_str_eq(run.findings.list.at[0].opinion, "said; gone for good");
	ck_assert_str_eq(run.findings.list.at[1].insn.form, "b");
}
END_TEST

START_TEST(what_is_not_shown_stays_as_sure_as_it_was)
{
	struct finding *f = add(&run, "a", 3, 150, CLOSER_WANTED);

	hidden[isa->regs[f->reg].word + 1] = UINT64_MAX;
	merge();
	ck_assert_int_eq(run.findings.list.at[0].closer, CLOSER_SKIPPED);
	ck_assert_int_eq(run.findings.list.at[0].severity, SEVERITY_CONFIRMED);
}
END_TEST

START_TEST(others_are_left_alone)
{
	add(&run, "other stretch", 2, 90, CLOSER_WANTED);
	add(&run, "no need", 3, 150, CLOSER_NO_NEED);
	merge();
	ck_no_error(closer_skip(&run, &stretch, "no time"));
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq(run.findings.list.at[i].opinion, "said");
	ck_assert_int_eq(run.findings.list.at[0].closer, CLOSER_WANTED);
}
END_TEST

START_TEST(a_look_that_is_not_made_says_why)
{
	add(&run, "a", 3, 150, CLOSER_WANTED);
	ck_no_error(closer_skip(&run, &stretch, "no time"));
	ck_assert_int_eq(run.findings.list.at[0].closer, CLOSER_SKIPPED);
	ck_assert_ptr_nonnull(strstr(run.findings.list.at[0].opinion, "no time"));
	ck_assert_int_eq(run.findings.list.at[0].severity, SEVERITY_CONFIRMED);
}
END_TEST

START_TEST(a_stretch_is_wanted_once)
{
	ck_no_error(run_want_closer(&run, 3, 100, 120));
	ck_no_error(run_want_closer(&run, 4, 130, 140));
	ck_no_error(run_want_closer(&run, 3, 100, 110));
	ck_no_error(run_want_closer(&run, 3, 100, 125));
	ck_assert_uint_eq(run.closer.len, 2);
	ck_assert_uint_eq(run.closer.at[0].last, 125);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("closer");
	TCase *t = tcase_create("closer");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_found_again_is_replaced);
	tcase_add_test(t, what_comes_of_an_earlier_one_is_replaced);
	tcase_add_test(t, what_came_before_stays);
	tcase_add_test(t, what_is_not_shown_stays_as_sure_as_it_was);
	tcase_add_test(t, others_are_left_alone);
	tcase_add_test(t, a_look_that_is_not_made_says_why);
	tcase_add_test(t, a_stretch_is_wanted_once);
	suite_add_tcase(s, t);
	return test_main(s);
}
