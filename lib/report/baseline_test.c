/* Known findings: what counts as known, and the file, also when it is damaged. */
#include "lib/report/baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/testing/assert.h"
#include "lib/testing/sample_run.h"
#include "lib/testing/scratch.h"

static struct sample_run sample;
static struct baseline baseline;
static struct baseline_verdict verdict;
static char path[SCRATCH_PATH_LEN], report_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("baseline.json", path);
	scratch_path("report.json", report_path);
	sample_run_init(&sample);
}

static void teardown(void)
{
	baseline_verdict_deinit(&verdict);
	baseline_deinit(&baseline);
	sample_run_deinit(&sample);
	scratch_teardown();
}

static bool add(const char *arch, const char *form, const char *place, const char *cause)
{
	const char *key[BASELINE_NUM_KEYS] = {arch, form, place, cause};
	bool added;

	ck_no_error(baseline_add(&baseline, key, NULL, NULL, &added));
	return added;
}

static void compare(void)
{
	baseline_verdict_deinit(&verdict);
	ck_no_error(baseline_compare(&baseline, sample.report.isa, &sample.run, &verdict));
}

static bool is_known(size_t finding)
{
	return verdict.entry.at[finding] != NULL;
}

START_TEST(without_entries_all_is_new)
{
	compare();
	ck_assert_uint_eq(verdict.num_new, SAMPLE_FINDINGS);
	ck_assert_uint_eq(verdict.entry.len, SAMPLE_FINDINGS);
}
END_TEST

START_TEST(findings_are_known_by_their_key)
{
	ck_assert(add("x86_64", "blsi r32, r32", "eflags", "cf"));
	ck_assert(!add("x86_64", "blsi r32, r32", "eflags", "cf"));
	ck_assert(add("x86_64", "mov m64, r64", "vector register", "value")); /* what was seen is stray */
	ck_assert(add("x86_64", "crc32 r32, r8", "fault", "unexpected SIGILL"));
	ck_assert(add("aarch64", "vmovdqu64 m512, zmm", "memory", "value"));
	compare();
	ck_assert(is_known(0) && is_known(4));
	ck_assert(!is_known(1) && !is_known(2) && !is_known(3));
	ck_assert_uint_eq(verdict.num_new, 3);
}
END_TEST

/* A flag that was not wrong before is news, and each may have an entry of its own. */
START_TEST(every_part_of_a_cause_has_to_be_known)
{
	add("x86_64", "add r32, r32", "eflags", "cf");
	add("x86_64", "add r32, r32", "eflags", "zf");
	compare();
	ck_assert(!is_known(1));
	ck_assert_uint_eq(verdict.num[BASELINE_KNOWN], 1);
	ck_assert_uint_eq(verdict.num[BASELINE_STALE], 1); /* zf */
	ck_assert(add("x86_64", "add r32, r32", "eflags", "cf+of"));
	compare();
	ck_assert(is_known(1));
	/* Wider than what is seen. */
	baseline_deinit(&baseline);
	add("x86_64", "blsi r32, r32", "eflags", "of+cf+zf");
	ck_assert(!add("x86_64", "blsi r32, r32", "eflags", "zf+of"));
	compare();
	ck_assert(is_known(0));
	ck_assert(add("x86_64", "blsi r32, r32", "eflags", "f")); /* no part, though its letter is there */
}
END_TEST

START_TEST(stale_is_what_could_have_been_seen)
{
	add("x86_64", "blsi r32, r32", "eflags", "zf");                    /* judged, and not wrong */
	add("x86_64", "vpaddd ymm, ymm, ymm", "fault", "missing SIGSEGV"); /* judged in part */
	add("x86_64", "fsin", "st0", "value");                             /* executed without a model */
	add("x86_64", "sub r32, r32", "eflags", "cf");                     /* never executed */
	add("aarch64", "blsi r32, r32", "cpsr", "cf");
	compare();
	ck_assert_uint_eq(verdict.num[BASELINE_STALE], 2);
	ck_assert_uint_eq(verdict.num[BASELINE_NOT_EXERCISED], 3);
	ck_assert_uint_eq(verdict.num[BASELINE_KNOWN], 0);
}
END_TEST

/* ---- The file ---- */

static void put(const char *text)
{
	ck_no_error(file_write(path, text, strlen(text)));
}

START_TEST(file_is_sorted_with_an_entry_a_line)
{
	struct strbuf text = {0};

	add("x86_64", "sub r8, r8", "eflags", "zf");
	add("x86_64", "add r8, r8", "eflags", "zf");
	add("aarch64", "sub \"\\ <x>", "memory", "value");
	ck_no_error(baseline_write(&baseline, path));
	ck_no_error(file_read(path, 1 << 20, &text));
	ck_assert_str_eq(text.at, "{\n  \"format\": \"validate-baseline\",\n  \"version\": 1,\n  \"findings\": [\n"
				  "    {\"arch\": \"aarch64\", \"form\": \"sub \\\"\\\\ <x>\", \"place\": \"memory\", "
				  "\"cause\": \"value\", \"note\": \"\", \"link\": \"\"},\n"
				  "    {\"arch\": \"x86_64\", \"form\": \"add r8, r8\", \"place\": \"eflags\", "
				  "\"cause\": \"zf\", \"note\": \"\", \"link\": \"\"},\n"
				  "    {\"arch\": \"x86_64\", \"form\": \"sub r8, r8\", \"place\": \"eflags\", "
				  "\"cause\": \"zf\", \"note\": \"\", \"link\": \"\"}\n  ]\n}\n");
	baseline_deinit(&baseline);
	ck_no_error(baseline_read(path, &baseline));
	ck_assert_uint_eq(baseline.entries.len, 3);
	ck_assert_str_eq(baseline.entries.at[0].key[BASELINE_FORM], "sub \"\\ <x>");
	strbuf_deinit(&text);
}
END_TEST

#define HEAD "{\"format\": \"validate-baseline\", \"version\": 1, \"findings\": ["
#define ENTRY \
	"{\"arch\": \"x86_64\", \"form\": \"a\", \"place\": \"b\", \"cause\": \"c\", \"note\": \"\", \"link\": \"\"}"

static const struct {
	const char *text, *message;
} damaged[] = {
	{"", ":1: is no JSON"},
	{"[1,\n2", ":2: is no JSON"},
	{"[]", "is no file of the format"},
	{"{\"format\": 3}", "is no file of the format"},
	{"{\"format\": \"validate-report\", \"version\": 1}", "is no file of the format"},
	{"{\"format\": \"validate-baseline\", \"version\": 2}", "version: is not one that this validate knows"},
	{"{\"format\": \"validate-baseline\", \"version\": \"1\"}", "version: is not one"},
	{"{\"format\": \"validate-baseline\", \"version\": 1}", "findings: is missing or no list"},
	{"{\"format\": \"validate-baseline\", \"version\": 1, \"findings\": {}}", "findings: is missing or no list"},
	{"{\"format\": \"x\", \"format\": \"validate-baseline\"}", "duplicate"},
	{HEAD "7]}", "findings[0]: is no object"},
	{HEAD ENTRY ", {}]}", "findings[1].arch: is missing or no text: mend it"},
	{HEAD ENTRY ", " ENTRY "]}", "findings[1]: is there twice"},
	{HEAD "{\"arch\": \"x86_64\", \"form\": \"a\", \"place\": \"b\", \"cause\": \"c\", \"note\": 1}]}",
	 "findings[0].note: is missing or no text"},
	{HEAD
	 "{\"arch\": \"pdp11\", \"form\": \"a\", \"place\": \"b\", \"cause\": \"c\", \"note\": \"\", \"link\": \"\"}]}",
	 "findings[0].arch: is no instruction set"},
	{HEAD "{\"arch\": \"x86_64\", \"form\": 1}]}", "findings[0].form: is missing or no text"},
	{HEAD "{\"arch\": \"x86_64\", \"form\": \"a\\u0000b\"}]}", "is no JSON"},
	{HEAD
	 "{\"arch\": \"x86_64\", \"form\": \"a\", \"place\": \"b\", \"cause\": \"c\", \"note\": \"\", \"link\": \"\", "
	 "\"x\": 1}]}",
	 "findings[0]: has members besides"},
};

START_TEST(notes_and_links_need_not_be_there)
{
	put(HEAD "{\"arch\": \"x86_64\", \"form\": \"a\", \"place\": \"b\", \"cause\": \"c\"}]}");
	ck_no_error(baseline_read(path, &baseline));
	ck_assert_uint_eq(baseline.entries.len, 1);
	ck_assert_str_eq(baseline.entries.at[0].note, "");
	ck_assert_str_eq(baseline.entries.at[0].link, "");
}
END_TEST

START_TEST(damage_is_named)
{
	put(damaged[_i].text);
	ck_error(baseline_read(path, &baseline), ERROR_INPUT, damaged[_i].message);
}
END_TEST

START_TEST(files_cut_anywhere_are_refused)
{
	char text[] = HEAD ENTRY "]}";

	for (size_t len = 0; len + 1 < sizeof text; len++) {
		ck_no_error(file_write(path, text, len));
		ck_error(baseline_read(path, &baseline), ERROR_INPUT, "baseline.json");
	}
	ck_no_error(file_write(path, text, sizeof text - 1));
	ck_no_error(baseline_read(path, &baseline));
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	static char text[1 << 20];

	memset(text, '[', sizeof text - 1);
	put(text);
	ck_error(baseline_read(path, &baseline), ERROR_INPUT, "is no JSON");
	ck_error(baseline_read("/nonexistent.json", &baseline), ERROR_INPUT, "is not there: validate baseline update");
}
END_TEST

/* ---- Reports ---- */

START_TEST(reports_bring_it_up_to_date)
{
	struct baseline_update update = {.note = "as of today"};
	char *reports[] = {report_path, report_path};

	ck_no_error(report_write(&report_json, &sample.report, report_path));
	add("x86_64", "blsi r32, r32", "eflags", "cf");
	add("x86_64", "blsi r32, r32", "memory", "value");
	add("x86_64", "sub r32, r32", "eflags", "cf");
	ck_no_error(baseline_update(&baseline, reports, 2, &update));
	ck_assert_uint_eq(update.added, SAMPLE_FINDINGS - 1);
	ck_assert_uint_eq(update.kept, 3);
	ck_assert_uint_eq(update.removed, 0);
	compare();
	ck_assert_uint_eq(verdict.num_new, 0);
	ck_assert_str_eq(verdict.entry.at[0]->note, "");
	ck_assert_str_eq(verdict.entry.at[1]->note, "as of today");

	update = (struct baseline_update){.prune = true};
	ck_no_error(baseline_update(&baseline, reports, 1, &update));
	ck_assert_uint_eq(update.removed, 1); /* the wrong memory, which blsi did not show */
	ck_assert_uint_eq(update.added, 0);
	compare();
	ck_assert_uint_eq(verdict.num[BASELINE_STALE], 0);
	ck_assert_uint_eq(verdict.num[BASELINE_NOT_EXERCISED], 1);
}
END_TEST

START_TEST(what_is_no_report_is_refused)
{
	struct baseline_update update = {0};
	char *reports[] = {path};

	put(HEAD "]}");
	ck_error(baseline_update(&baseline, reports, 1, &update), ERROR_INPUT, "validate --report");
	put("{\"format\": \"validate-report\", \"version\": 1, \"arch\": \"x86_64\", \"findings\": []}");
	ck_error(baseline_update(&baseline, reports, 1, &update), ERROR_INPUT, "coverage: is missing or no list");
	put("{\"format\": \"validate-report\", \"version\": 1, \"arch\": \"x86_64\", \"coverage\": [{\"form\": \"a\", "
	    "\"fully\": -1}]}");
	ck_error(baseline_update(&baseline, reports, 1, &update), ERROR_INPUT, "coverage[0].fully: is missing or no");
	ck_assert_uint_eq(baseline.entries.len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("baseline");
	TCase *t = tcase_create("baseline");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, without_entries_all_is_new);
	tcase_add_test(t, findings_are_known_by_their_key);
	tcase_add_test(t, every_part_of_a_cause_has_to_be_known);
	tcase_add_test(t, stale_is_what_could_have_been_seen);
	tcase_add_test(t, file_is_sorted_with_an_entry_a_line);
	tcase_add_test(t, notes_and_links_need_not_be_there);
	tcase_add_loop_test(t, damage_is_named, 0, sizeof damaged / sizeof *damaged);
	tcase_add_test(t, files_cut_anywhere_are_refused);
	tcase_add_test(t, deep_nesting_is_refused);
	tcase_add_test(t, reports_bring_it_up_to_date);
	tcase_add_test(t, what_is_no_report_is_refused);
	suite_add_tcase(s, t);
	return test_main(s);
}
