/*
 * The page: well-formed, alone in the world, and what is hostile in it only text. It is written as XML that is HTML as
 * well, so that a parser which forgives nothing can read it.
 */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/html.h"
#include "lib/testing/assert.h"
#include "lib/testing/sample_run.h"

static struct sample_run sample;
static struct baseline baseline;
static struct baseline_verdict verdict;
static struct strbuf out;

struct seen {
	unsigned articles, links, marked, stretches, families, hostile, hostile_lines;
	bool in_style;
	struct strbuf text, style;
};

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

/* Elements that run or load something; attributes are checked by themselves. */
static bool is_active(const char *name)
{
	static const char *const names[] = {"script", "link", "img", "iframe", "object", "embed", "form", "base"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct seen *s = ctx;

	ck_assert_msg(!is_active(name), "<%s> in the page", name);
	s->articles += !strcmp(name, "article");
	s->marked += !strcmp(name, "i");
	s->stretches += !strcmp(name, "g");
	s->families += !strcmp(name, "details");
	s->in_style = !strcmp(name, "style");
	for (; *attributes; attributes += 2) {
		ck_assert_msg(strncmp(attributes[0], "on", 2) != 0, "attribute %s", attributes[0]);
		ck_assert_str_ne(attributes[0], "src");
		if (!strcmp(attributes[0], "href")) {
			ck_assert_int_eq(attributes[1][0], '#');
			s->links++;
		}
		ck_assert_msg(!strstr(attributes[1], "://"), "%s=%s", attributes[0], attributes[1]);
	}
}

static void on_end(void *ctx, const XML_Char *name)
{
	(void)name;
	((struct seen *)ctx)->in_style = false;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	struct seen *s = ctx;

	strbuf_append_bytes(s->in_style ? &s->style : &s->text, text, (size_t)len);
}

static void read_page(struct seen *seen)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	*seen = (struct seen){0};
	strbuf_clear(&out);
	report_html.print(&out, &sample.report);
	ck_assert(!strbuf_failed(&out));
	XML_SetUserData(parser, seen);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	enum XML_Status status = XML_Parse(parser, out.at, (int)out.len, 1);
	ck_assert_msg(status == XML_STATUS_OK, "line %lu: %s", XML_GetCurrentLineNumber(parser),
		      XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	ck_assert_ptr_null(strstr(seen->style.at, "url("));
	ck_assert_ptr_null(strstr(seen->style.at, "@import"));
	for (const char *at = seen->text.at; (at = strstr(at, sample_hostile)); at++)
		seen->hostile++;
	for (const char *at = seen->text.at; (at = strstr(at, sample_hostile_line)); at++)
		seen->hostile_lines++;
}

static void seen_deinit(struct seen *s)
{
	strbuf_deinit(&s->text);
	strbuf_deinit(&s->style);
}

START_TEST(page_is_whole_and_alone)
{
	struct seen seen;

	read_page(&seen);
	ck_assert_uint_eq(seen.articles, SAMPLE_FINDINGS);
	ck_assert_uint_eq(seen.links, 0);
	ck_assert_uint_eq(seen.stretches, 153);
	ck_assert_uint_eq(seen.families, 5);
	/* A formula has lines; the program (also in the title), the target and symbols are names. */
	ck_assert_uint_eq(seen.hostile, 1);
	ck_assert_uint_ge(seen.hostile_lines, 4);
	/* Bits that differ, in both values: 1 flag, 2 flags, 2 of xmm3, 4 of memory; none of the fault. */
	ck_assert_uint_eq(seen.marked, 2 * (1 + 2 + 2 + 4));
	ck_contains(seen.text.at, "7 of 8 words of 64 bits are equal");
	ck_contains(seen.text.at, "SIGILL");
	ck_contains(seen.text.at, "600 in the emulator's log, 7 through its stub: 5 where code may change");
	ck_contains(seen.text.at, "100 were translated alone");
	ck_contains(seen.text.at, "8,192 bytes compared: 1 differ; 2 pages not readable");
	ck_contains(seen.text.at, "4,096 bytes of large mappings");
	ck_contains(seen.text.at, "at instruction 30 or one before it, from 11 on");
	ck_assert_ptr_nonnull(strstr(seen.style.at, "prefers-color-scheme:dark"));
	seen_deinit(&seen);
}
END_TEST

START_TEST(many_findings_have_an_index)
{
	struct seen seen;

	for (unsigned i = 0; i < 10; i++) {
		struct finding f = sample.run.findings.list.at[0];
		f.inputs.at = NULL;
		f.inputs.len = f.inputs.cap = 0;
		f.formula = strdup("");
		f.opinion = strdup("");
		ck_assert(vec_push(&sample.run.findings.list, f));
	}
	read_page(&seen);
	ck_assert_uint_eq(seen.articles, SAMPLE_FINDINGS + 10);
	ck_assert_uint_eq(seen.links, SAMPLE_FINDINGS + 10);
	seen_deinit(&seen);
}
END_TEST

START_TEST(page_tells_known_from_new)
{
	const char *known[BASELINE_NUM_KEYS] = {"x86_64", "blsi r32, r32", "eflags", "cf"};
	const char *stale[BASELINE_NUM_KEYS] = {"x86_64", "blsi r32, r32", "memory", "value"};
	struct seen seen;
	bool added;

	ck_no_error(baseline_add(&baseline, known, sample_hostile, "javascript://x", &added));
	ck_no_error(baseline_add(&baseline, stale, sample_hostile, NULL, &added));
	ck_no_error(baseline_compare(&baseline, sample.report.isa, &sample.run, &verdict));
	sample.report.baseline = &verdict;
	sample.report.baseline_path = sample_hostile;
	read_page(&seen);
	ck_contains(seen.text.at, "Stale in the baseline");
	ck_contains(seen.text.at, "Known: ");
	seen_deinit(&seen);
}
END_TEST

/* Nothing was executed: no timeline, no coverage, no findings. */
START_TEST(page_of_nothing)
{
	struct run nothing = {.error = error_create(ERROR_TARGET, "<gone>")};
	struct seen seen;

	sample.report.run = &nothing;
	read_page(&seen);
	ck_assert_uint_eq(seen.articles + seen.stretches + seen.families, 0);
	ck_contains(seen.text.at, "<gone>");
	seen_deinit(&seen);
	run_deinit(&nothing);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("html");
	TCase *t = tcase_create("page");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, page_is_whole_and_alone);
	tcase_add_test(t, many_findings_have_an_index);
	tcase_add_test(t, page_tells_known_from_new);
	tcase_add_test(t, page_of_nothing);
	suite_add_tcase(s, t);
	return test_main(s);
}
