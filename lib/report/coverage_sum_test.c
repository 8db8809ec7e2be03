#include "lib/report/coverage_sum.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/testing/assert.h"
#include "lib/testing/sample_run.h"
#include "lib/testing/scratch.h"

static struct sample_run sample;
static struct coverage_sum sum;
static struct strbuf out;
static char path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("report.json", path);
	sample_run_init(&sample);
	ck_no_error(report_write(&report_json, &sample.report, path));
}

static void teardown(void)
{
	coverage_sum_deinit(&sum);
	sample_run_deinit(&sample);
	strbuf_deinit(&out);
	scratch_teardown();
}

START_TEST(reports_add_up)
{
	ck_no_error(coverage_sum_add(&sum, path));
	ck_no_error(coverage_sum_add(&sum, path));
	sample.report.isa = isa_by_name("aarch64");
	sample.run.partly.len = 0; /* a register of the other instruction set */
	sample.run.findings.list.len = 0;
	ck_no_error(report_write(&report_json, &sample.report, path));
	ck_no_error(coverage_sum_add(&sum, path));
	sample.run.findings.list.len = SAMPLE_FINDINGS;

	ck_assert_uint_eq(sum.archs.len, 2);
	ck_assert_uint_eq(sum.archs.at[0].reports, 2);
	ck_assert_uint_eq(sum.archs.at[0].coverage.forms.len, 5);
	ck_assert_uint_eq(sum.archs.at[0].coverage.forms.at[0].count[JUDGED_FULLY], 200);
	ck_assert_uint_eq(sum.archs.at[1].coverage.forms.at[0].count[JUDGED_FULLY], 100);
}
END_TEST

START_TEST(text_names_what_was_not_judged)
{
	ck_no_error(coverage_sum_add(&sum, path));
	ck_no_error(coverage_sum_text(&out, &sum));
	ck_contains(out.at, "x86_64, 1 report\n");
	const char *rest = strstr(out.at, "never judged in full");
	ck_assert_ptr_nonnull(rest);
	ck_contains(rest, "fsin");
	ck_contains(rest, "(unmodelled)");
	ck_contains(rest, "vpaddd ymm, ymm, ymm");
	ck_contains(rest, "(undecodable)");
	ck_assert_ptr_null(strstr(rest, "blsi"));
}
END_TEST

START_TEST(json_has_every_form)
{
	ck_no_error(coverage_sum_add(&sum, path));
	ck_no_error(coverage_sum_json(&out, &sum));
	json_t *document = json_loadb(out.at, out.len, 0, NULL);
	json_t *arch = json_array_get(json_object_get(document, "architectures"), 0);
	json_t *total = json_object_get(arch, "total");

	ck_assert_str_eq(json_string_value(json_object_get(document, "format")), "validate-coverage");
	ck_assert_uint_eq(json_array_size(json_object_get(arch, "forms")), 5);
	ck_assert_uint_eq(json_array_size(json_object_get(arch, "families")), 5);
	ck_assert_int_eq(json_integer_value(json_object_get(total, "forms_fully")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(total, "forms_partly")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(total, "forms_not")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(total, "executed_fully")), 600);
	json_decref(document);
}
END_TEST

#define HEAD "{\"format\": \"validate-report\", \"version\": 1, \"arch\": \"x86_64\", \"coverage\": ["
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *text, *message;
} damaged[] = {
	{HEAD "{}]}", "coverage[0].family: is missing or no text: write the report again"},
	{HEAD "{\"family\": \"a\", \"form\": \"" LONG "\"}]}", "coverage[0].form: is too long"},
	{HEAD "{\"family\": \"a\", \"form\": \"b\", \"encoding\": \"c\", \"status\": \"d\"}]}",
	 "coverage[0].status: is none"},
	{HEAD "{\"family\": \"a\", \"form\": \"b\", \"encoding\": \"c\", \"status\": \"modelled\", \"fully\": 1.5}]}",
	 "coverage[0].fully: is missing or no number"},
	{"{\"format\": \"validate-report\", \"version\": 1, \"arch\": \"z80\"}", "arch: is no instruction set"},
};

START_TEST(damage_is_named)
{
	ck_no_error(file_write(path, damaged[_i].text, strlen(damaged[_i].text)));
	ck_error(coverage_sum_add(&sum, path), ERROR_INPUT, damaged[_i].message);
	ck_assert_uint_eq(sum.reports, 0);
}
END_TEST

/* Every cut of a report, at each byte of its start and then of every hundred. */
START_TEST(reports_cut_anywhere_are_refused)
{
	struct strbuf whole = {0};

	ck_no_error(file_read(path, 1 << 20, &whole));
	for (size_t len = 0; len + 2 < whole.len; len += len < 1000 ? 1 : 97) {
		ck_no_error(file_write(path, whole.at, len));
		ck_error(coverage_sum_add(&sum, path), ERROR_INPUT, "report.json");
	}
	strbuf_deinit(&whole);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("coverage_sum");
	TCase *t = tcase_create("sum");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reports_add_up);
	tcase_add_test(t, text_names_what_was_not_judged);
	tcase_add_test(t, json_has_every_form);
	tcase_add_loop_test(t, damage_is_named, 0, sizeof damaged / sizeof *damaged);
	tcase_add_test(t, reports_cut_anywhere_are_refused);
	suite_add_tcase(s, t);
	return test_main(s);
}
