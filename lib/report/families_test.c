#include "lib/report/families.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/testing/assert.h"

static struct coverage coverage;
static struct families families;

static void teardown(void)
{
	families_deinit(&families);
	coverage_deinit(&coverage);
}

static void add(const char *family, const char *form, const char *encoding, uint64_t fully, uint64_t partly,
		uint64_t not_judged)
{
	struct coverage_form f = {
		.family = family,
		.count = {[JUDGED_FULLY] = fully, [JUDGED_PARTLY] = partly, [JUDGED_NOT] = not_judged}};

	snprintf(f.form, sizeof f.form, "%s", form);
	snprintf(f.encoding, sizeof f.encoding, "%s", encoding);
	ck_assert(vec_push(&coverage.forms, f));
}

START_TEST(forms_count_once)
{
	add("alu", "add r32, r32", "01", 0, 5, 0);
	add("move", "mov r32, r32", "89", 100, 0, 0);
	add("alu", "add r32, r32", "03", 1, 0, 0); /* judged in full by this encoding */
	add("alu", "adc r32, r32", "11", 0, 2, 1);
	add("alu", "sbb r32, r32", "19", 0, 0, 0); /* not executed */
	add(NULL, "", "", 0, 0, 3);
	ck_no_error(families_count(&coverage, &families));

	ck_assert_uint_eq(families.list.len, 3);
	ck_assert_str_eq(families.list.at[0].name, "move");
	const struct family *alu = &families.list.at[1];
	ck_assert_str_eq(alu->name, "alu");
	ck_assert_uint_eq(alu->encodings, 3);
	ck_assert_uint_eq(alu->forms[JUDGED_FULLY], 1);
	ck_assert_uint_eq(alu->forms[JUDGED_PARTLY], 1);
	ck_assert_uint_eq(alu->forms[JUDGED_NOT], 0);
	ck_assert_uint_eq(alu->executed[JUDGED_FULLY], 1);
	ck_assert_uint_eq(alu->executed[JUDGED_PARTLY], 7);
	ck_assert_uint_eq(alu->executed[JUDGED_NOT], 1);
	ck_assert_str_eq(families.list.at[2].name, "undecodable");
	ck_assert_uint_eq(families.list.at[2].forms[JUDGED_NOT], 1);
	ck_assert_uint_eq(families.total.forms[JUDGED_FULLY], 2);
	ck_assert_uint_eq(families.total.executed[JUDGED_NOT], 4);
	ck_assert_uint_eq(families.total.encodings, 5);
}
END_TEST

START_TEST(nothing_has_no_families)
{
	ck_no_error(families_count(&coverage, &families));
	ck_assert_uint_eq(families.list.len, 0);
	ck_assert_uint_eq(families.total.encodings, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("families");
	TCase *t = tcase_create("families");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, forms_count_once);
	tcase_add_test(t, nothing_has_no_families);
	suite_add_tcase(s, t);
	return test_main(s);
}
