/* Every format of a run that has a bit of everything, read back by a parser of the format. */
#include <expat.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/report.h"
#include "lib/testing/assert.h"
#include "lib/testing/sample_run.h"

static struct sample_run sample;
static struct baseline baseline;
static struct baseline_verdict verdict;
static struct strbuf out;

static void setup(void)
{
	sample_run_init(&sample);
}

static void teardown(void)
{
	baseline_verdict_deinit(&verdict);
	baseline_deinit(&baseline);
	sample_run_deinit(&sample);
	strbuf_deinit(&out);
}

/* blsi is known, a memory entry of it is stale. */
static void use_baseline(void)
{
	const char *known[BASELINE_NUM_KEYS] = {"x86_64", "blsi r32, r32", "eflags", "cf"};
	const char *stale[BASELINE_NUM_KEYS] = {"x86_64", "blsi r32, r32", "memory", "value"};
	bool added;

	ck_no_error(baseline_add(&baseline, known, sample_hostile, "https://example.org/1", &added));
	ck_no_error(baseline_add(&baseline, stale, NULL, NULL, &added));
	ck_no_error(baseline_compare(&baseline, sample.report.isa, &sample.run, &verdict));
	sample.report.baseline = &verdict;
	sample.report.baseline_path = sample_hostile;
}

static void print(const struct report_format *format)
{
	strbuf_clear(&out);
	format->print(&out, &sample.report);
	ck_assert(!strbuf_failed(&out));
}

/* ---- Text ---- */

/* Of 512 bits the row that differs, with carets where the digits are. */
START_TEST(wide_values_are_shown_by_rows)
{
	strbuf_clear(&out);
	report_finding_text(&out, &sample.report, 3);
	ck_contains(strbuf_text(&out), "\n   expected  511:384  0x00000000000000000000000000000000\n"
				       "   observed           0x000000000000000f0000000000000000\n"
				       "                                       ^\n"
				       "   differs   in bits 451:448; the other rows do not differ\n");
}
END_TEST

/* What is known is told in a few words, unless all is asked for. */
START_TEST(text_is_brief_on_what_is_known)
{
	use_baseline();
	strbuf_clear(&out);
	report_text(&out, &sample.report, false);
	ck_contains(strbuf_text(&out), "\n1. blsi r32, r32: cf\n   seen ");
	ck_contains(strbuf_text(&out), "\n   baseline  new\n");
	strbuf_clear(&out);
	report_text(&out, &sample.report, true);
	ck_contains(strbuf_text(&out), "\n1. blsi r32, r32: cf\n   at ");
}
END_TEST

/* How the steps were seen is told of a guest that can run freely; of others, why it cannot, if that was wanted. */
START_TEST(text_tells_how_steps_were_seen)
{
	report_text(&out, &sample.report, false);
	ck_contains(out.at, "\nseen         600 in the emulator's log, 7 through its stub: 5 where code may change, "
			    "2 where the event log has a signal\n");
	ck_contains(out.at, "\nblocks       100 of more than one instruction, with 500 instructions; "
			    "100 were translated alone\n");
	ck_contains(out.at,
		    "\nstores       8,192 bytes of pages that were stored to compared with the guest's, where it "
		    "stood, 3 times: 1 differ; 2 pages not readable\n");
	ck_contains(out.at, "\nnot known    4,096 bytes of large mappings ");
	strbuf_clear(&out);
	sample.run.lane = (struct run_lane){.can_flow = false};
	report_text(&out, &sample.report, true);
	ck_assert_ptr_null(strstr(out.at, "\nseen  "));
	ck_assert_ptr_null(strstr(out.at, "\nblocks  "));
	ck_assert_ptr_null(strstr(out.at, "\nstores  "));
	strbuf_clear(&out);
	sample.report.lane_refused = sample_hostile;
	report_text(&out, &sample.report, false);
	ck_contains(out.at, "\nseen         all through the emulator's stub, not in its log: ");
	ck_contains(out.at, sample_hostile_line);
}
END_TEST

/* Where memory that was stored to is all alike, that is told when asked for. */
START_TEST(text_is_brief_on_what_is_alike)
{
	sample.run.lane.stands = (struct run_audit){.audits = 1, .bytes = 4096};
	sample.run.lane.left = 0;
	report_text(&out, &sample.report, false);
	ck_assert_ptr_null(strstr(out.at, "\nstores  "));
	ck_assert_ptr_null(strstr(out.at, "\nnot known  "));
	strbuf_clear(&out);
	report_text(&out, &sample.report, true);
	ck_contains(out.at, "where it stood, 1 time: all alike\n");
}
END_TEST

/* ---- JUnit ---- */

struct seen {
	unsigned cases, failures, errors, skipped, depth, max_depth;
	unsigned said[4]; /* what the suite says of the same */
	char text[4096];  /* of the first failure */
	size_t len;
};

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	static const char *const names[] = {"tests", "failures", "errors", "skipped"};
	struct seen *s = ctx;

	s->depth++;
	s->max_depth = s->depth > s->max_depth ? s->depth : s->max_depth;
	s->cases += !strcmp(name, "testcase");
	s->failures += !strcmp(name, "failure");
	s->errors += !strcmp(name, "error");
	s->skipped += !strcmp(name, "skipped");
	ck_assert_str_ne(name, "script");
	for (; !strcmp(name, "testsuite") && *attributes; attributes += 2)
		for (unsigned i = 0; i < 4; i++)
			if (!strcmp(attributes[0], names[i]))
				s->said[i] = (unsigned)strtoul(attributes[1], NULL, 10);
}

static void on_end(void *ctx, const XML_Char *name)
{
	(void)name;
	((struct seen *)ctx)->depth--;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	struct seen *s = ctx;

	for (int i = 0; i < len && s->len + 1 < sizeof s->text; i++)
		s->text[s->len++] = text[i];
}

static void parse_xml(struct seen *seen)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	*seen = (struct seen){0};
	XML_SetUserData(parser, seen);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	enum XML_Status status = XML_Parse(parser, out.at, (int)out.len, 1);
	ck_assert_msg(status == XML_STATUS_OK, "line %lu: %s", XML_GetCurrentLineNumber(parser),
		      XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	ck_assert_uint_eq(seen->said[0], seen->cases);
	ck_assert_uint_eq(seen->said[1], seen->failures);
	ck_assert_uint_eq(seen->said[2], seen->errors);
	ck_assert_uint_eq(seen->said[3], seen->skipped);
}

START_TEST(junit_has_a_case_for_everything)
{
	struct seen seen;

	print(&report_junit);
	parse_xml(&seen);
	/* The run, the findings, and of the forms those that were executed and have no finding. */
	ck_assert_uint_eq(seen.cases, 1 + SAMPLE_FINDINGS + 3);
	ck_assert_uint_eq(seen.failures, SAMPLE_COUNTED);
	ck_assert_uint_eq(seen.errors, 0);
	ck_assert_uint_eq(seen.skipped, 3 + 1); /* vpaddd, fsin, what is undecodable, the finding that does not count */
	ck_contains(out.at, "<skipped message=\"possible: less sure than --fail-on model\">");
	ck_contains(seen.text, sample_hostile_line);
}
END_TEST

START_TEST(junit_skips_what_is_known)
{
	struct seen seen;

	use_baseline();
	sample.run.error = error_create(ERROR_TARGET, "the stub <died>");
	print(&report_junit);
	parse_xml(&seen);
	ck_assert_uint_eq(seen.failures, SAMPLE_COUNTED - 1);
	ck_assert_uint_eq(seen.skipped, 3 + 1 + 1);
	ck_assert_uint_eq(seen.errors, 1);
}
END_TEST

/* ---- SARIF ---- */

static json_t *parse_json(void)
{
	json_error_t error;
	json_t *document = json_loadb(out.at, out.len, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(document, "line %d: %s", error.line, error.text);
	return document;
}

static const char *text_at(const json_t *from, const char *a, const char *b)
{
	const json_t *value = json_object_get(from, a);

	return json_string_value(b ? json_object_get(value, b) : value);
}

START_TEST(sarif_has_what_the_standard_requires)
{
	print(&report_sarif);
	json_t *document = parse_json(), *run = json_array_get(json_object_get(document, "runs"), 0);
	json_t *driver = json_object_get(json_object_get(run, "tool"), "driver");
	json_t *rules = json_object_get(driver, "rules"), *results = json_object_get(run, "results"), *result;
	size_t i;

	ck_assert_str_eq(text_at(document, "version", NULL), "2.1.0");
	ck_assert_str_eq(text_at(driver, "name", NULL), "validate");
	ck_assert_str_eq(text_at(driver, "version", NULL), "0.1");
	json_array_foreach(rules, i, result)
	{
		ck_assert_ptr_nonnull(text_at(result, "fullDescription", "text"));
		ck_assert_ptr_nonnull(text_at(result, "help", "text"));
	}
	ck_assert_uint_eq(json_array_size(results), SAMPLE_FINDINGS);
	json_array_foreach(results, i, result)
	{
		json_t *rule = json_array_get(rules, (size_t)json_integer_value(json_object_get(result, "ruleIndex")));
		ck_assert_str_eq(text_at(rule, "id", NULL), text_at(result, "ruleId", NULL));
		ck_assert_ptr_nonnull(text_at(result, "message", "text"));
		ck_assert_ptr_null(json_object_get(result, "baselineState"));
	}
	result = json_array_get(results, 0);
	json_t *physical = json_object_get(json_array_get(json_object_get(result, "locations"), 0), "physicalLocation");
	ck_assert_str_eq(text_at(physical, "artifactLocation", "uri"),
			 "%3Cscript%3Ealert%281%29%3C/script%3E%26%22%27%25%0A%2C%3A%5D%5D%3E");
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(physical, "address"), "absoluteAddress")),
			 0x401000);
	ck_assert_str_eq(text_at(result, "partialFingerprints", "validateFinding/v1"),
			 "x86_64 | blsi r32, r32 | eflags | cf");
	static const char *const ids[] = {"wrong-flags", "wrong-flags", "stray-register", "wrong-memory",
					  "unexpected-fault"};
	for (i = 0; i < SAMPLE_FINDINGS; i++)
		ck_assert_str_eq(text_at(json_array_get(results, i), "ruleId", NULL), ids[i]);
	ck_assert_str_eq(text_at(json_array_get(results, 2), "level", NULL), "warning"); /* possible */
	json_decref(document);
}
END_TEST

START_TEST(sarif_compares_with_the_baseline)
{
	use_baseline();
	print(&report_sarif);
	json_t *document = parse_json();
	json_t *results = json_object_get(json_array_get(json_object_get(document, "runs"), 0), "results");

	ck_assert_uint_eq(json_array_size(results), SAMPLE_FINDINGS + 1);
	ck_assert_str_eq(text_at(json_array_get(results, 0), "baselineState", NULL), "unchanged");
	ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(results, 0), "suppressions")), 1);
	ck_assert_str_eq(text_at(json_array_get(results, 1), "baselineState", NULL), "new");
	ck_assert_ptr_null(json_object_get(json_array_get(results, 1), "suppressions"));
	ck_assert_str_eq(text_at(json_array_get(results, SAMPLE_FINDINGS), "baselineState", NULL), "absent");
	json_decref(document);
}
END_TEST

/* ---- GitHub ---- */

/* Each command is a line, and nothing of a guest's text can begin another. */
START_TEST(annotations_are_lines)
{
	unsigned errors = 0, warnings = 0;

	use_baseline();
	print(&report_github);
	for (char *line = strtok(out.at, "\n"); line; line = strtok(NULL, "\n")) {
		errors += !strncmp(line, "::error title=", 14);
		warnings += !strncmp(line, "::warning title=", 16);
		ck_assert_msg(!strncmp(line, "::error title=", 14) || !strncmp(line, "::warning title=", 16), "%s",
			      line);
	}
	ck_assert_uint_eq(errors, SAMPLE_COUNTED - 1);
	ck_assert_uint_eq(warnings, 1 + 1); /* what does not count, what is stale */
}
END_TEST

/* ---- What counts ---- */

/* All formats agree on a finding that does not count, and on the same one where it does. */
START_TEST(formats_agree_on_what_counts)
{
	bool counts = _i;
	size_t counted = counts ? SAMPLE_FINDINGS : SAMPLE_COUNTED;
	struct seen seen;

	sample.run.fail_on = counts ? SEVERITY_POSSIBLE : SEVERITY_MODEL;
	print(&report_junit);
	parse_xml(&seen);
	ck_assert_uint_eq(seen.failures, counted);

	print(&report_sarif);
	json_t *document = parse_json();
	json_t *results = json_object_get(json_array_get(json_object_get(document, "runs"), 0), "results");
	ck_assert_str_eq(text_at(json_array_get(results, 2), "level", NULL), counts ? "error" : "warning");
	json_decref(document);

	print(&report_json);
	document = parse_json();
	json_t *finding = json_array_get(json_object_get(document, "findings"), 2);
	ck_assert(json_is_true(json_object_get(finding, "counts")) == counts);
	ck_assert_str_eq(text_at(document, "fail_on", NULL), counts ? "possible" : "model");
	ck_assert_uint_eq(json_array_size(json_object_get(document, "reasons")), counts ? 2 : 3);
	json_decref(document);

	print(&report_html);
	ck_assert(!strstr(out.at, "does not count") == counts);

	strbuf_clear(&out);
	report_text(&out, &sample.report, false);
	ck_contains(out.at, counts ? "verdict      divergent: 5 findings\n"
				   : "verdict      divergent: 5 findings, 1 of which does not count\n");
	ck_assert(!strstr(out.at, "counts    no, is possible: less sure than --fail-on model\n") == counts);
}
END_TEST

/* Nothing else was found: the run is incomplete, and says why. */
START_TEST(a_run_of_what_does_not_count_is_incomplete)
{
	for (size_t i = 0; i < SAMPLE_FINDINGS; i++)
		sample.run.findings.list.at[i].severity = SEVERITY_VENDOR;
	report_text(&out, &sample.report, false);
	ck_contains(out.at, "verdict      incomplete: 5 findings, which do not count\n");
	ck_contains(out.at, "incomplete   there is no model of some instructions\n");
	ck_contains(out.at, "             there are findings that do not count");
	ck_assert_int_eq(report_news(&sample.report), VERDICT_INCOMPLETE);
}
END_TEST

/* ---- JSON ---- */

START_TEST(json_has_the_same_of_each)
{
	use_baseline();
	print(&report_json);
	json_t *document = parse_json();

	ck_assert_str_eq(text_at(document, "program", NULL), sample_hostile_line);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "findings")), SAMPLE_FINDINGS);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "coverage")), 5);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(document, "baseline"), "stale")), 1);
	json_t *timeline = json_object_get(document, "timeline");
	ck_assert_uint_eq(json_array_size(json_object_get(timeline, "nanoseconds")), 153); /* 610 / 4, rounded up */
	ck_assert_str_eq(text_at(json_array_get(json_object_get(timeline, "system_calls"), 1), "name", NULL), "write");
	json_decref(document);
}
END_TEST

static json_int_t number_at(const json_t *object, const char *name)
{
	ck_assert_msg(json_is_integer(json_object_get(object, name)), "%s", name);
	return json_integer_value(json_object_get(object, name));
}

START_TEST(json_tells_how_steps_were_seen)
{
	print(&report_json);
	json_t *document = parse_json(), *lane = json_object_get(document, "lane");
	json_t *stepped = json_object_get(lane, "stepped");

	ck_assert_int_eq(number_at(document, "blocks"), 100);
	ck_assert_int_eq(number_at(document, "in_blocks"), 500);
	ck_assert_str_eq(text_at(lane, "granularity", NULL), "block");
	ck_assert_int_eq(number_at(lane, "logged"), 600);
	ck_assert_int_eq(number_at(stepped, "code"), 5);
	ck_assert_int_eq(number_at(stepped, "signal"), 2);
	ck_assert_int_eq(number_at(stepped, "undetermined"), 0);
	ck_assert_int_eq(number_at(stepped, "map"), 0);
	ck_assert_int_eq(number_at(lane, "stands"), 3);
	ck_assert_int_eq(number_at(lane, "compared_bytes"), 8192);
	ck_assert_int_eq(number_at(lane, "differing_bytes"), 1);
	ck_assert_int_eq(number_at(lane, "unreadable_pages"), 2);
	ck_assert_int_eq(number_at(lane, "left_bytes"), 4096);
	ck_assert(json_is_null(json_object_get(document, "lane_refused")));
	json_decref(document);
	sample.run.lane.can_flow = false;
	sample.report.lane_refused = sample_hostile;
	print(&report_json);
	document = parse_json();
	ck_assert(json_is_null(json_object_get(document, "lane")));
	ck_assert_str_eq(text_at(document, "lane_refused", NULL), sample_hostile_line);
	json_decref(document);
}
END_TEST

/* Instructions that no model is meant for, and the CPU to do without them. */
START_TEST(extensions_outside_are_told)
{
	static const char *const families[] = {"foo", "x87", NULL};
	static const struct isa_outside outside = {.name = "FOO", .families = families, .cpu = "old"};
	struct isa isa = *sample.report.isa;

	print(&report_json);
	json_t *document = parse_json();
	ck_assert(json_is_null(json_object_get(document, "outside")));
	json_decref(document);
	isa.outside = &outside;
	sample.report.isa = &isa;
	print(&report_json);
	document = parse_json();
	ck_assert_str_eq(text_at(json_object_get(document, "outside"), "cpu", NULL), "old");
	json_decref(document);
	print(&report_html);
	ck_assert_ptr_nonnull(strstr(out.at, "<code>--cpu old</code>"));
	strbuf_clear(&out);
	report_text(&out, &sample.report, false);
	ck_assert_ptr_nonnull(strstr(out.at, "   FOO are not modelled: --cpu old runs the program without them\n"));
}
END_TEST

/* Names in ELF files are bytes. */
START_TEST(names_need_not_be_utf8)
{
	static const struct report_format *const formats[] = {&report_json, &report_sarif, &report_junit};
	struct seen seen;

	sample.report.program = sample.report.target = "\xff\xc0\x80\x1b";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		print(formats[i]);
		ck_assert_ptr_nonnull(strstr(out.at, "\xef\xbf\xbd"));
		if (formats[i] == &report_junit)
			parse_xml(&seen);
		else
			json_decref(parse_json());
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("formats");
	TCase *t = tcase_create("formats");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, wide_values_are_shown_by_rows);
	tcase_add_test(t, text_is_brief_on_what_is_known);
	tcase_add_test(t, text_tells_how_steps_were_seen);
	tcase_add_test(t, text_is_brief_on_what_is_alike);
	tcase_add_test(t, junit_has_a_case_for_everything);
	tcase_add_test(t, junit_skips_what_is_known);
	tcase_add_test(t, sarif_has_what_the_standard_requires);
	tcase_add_test(t, sarif_compares_with_the_baseline);
	tcase_add_test(t, annotations_are_lines);
	tcase_add_loop_test(t, formats_agree_on_what_counts, 0, 2);
	tcase_add_test(t, a_run_of_what_does_not_count_is_incomplete);
	tcase_add_test(t, json_has_the_same_of_each);
	tcase_add_test(t, json_tells_how_steps_were_seen);
	tcase_add_test(t, extensions_outside_are_told);
	tcase_add_test(t, names_need_not_be_utf8);
	suite_add_tcase(s, t);
	return test_main(s);
}
