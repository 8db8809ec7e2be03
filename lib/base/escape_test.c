#include "lib/base/escape.h"

#include <stdlib.h>

#include "lib/testing/assert.h"

static struct strbuf out;

static void teardown(void)
{
	strbuf_deinit(&out);
}

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *text, *valid;
} utf8[] = {
	{"", ""},
	{"plain <text> & \"more\"\n\ttabbed", "plain <text> & \"more\"\n\ttabbed"},
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"a\x01z\x1b[31m\x7f", "a" BAD "z" BAD "[31m" BAD},
	{"\xff\xfe", BAD BAD},
	{"\xc3", BAD},                                      /* cut off */
	{"\xe2\x82x", BAD BAD "x"},                         /* cut off, then text */
	{"\xc0\xaf \xe0\x80\xaf", BAD BAD " " BAD BAD BAD}, /* overlong slashes */
	{"\xed\xa0\x80", BAD BAD BAD},                      /* a surrogate */
	{"\xf4\x90\x80\x80", BAD BAD BAD BAD},              /* above U+10FFFF */
	{"\xc2\x85\xef\xbf\xbf", BAD BAD},                  /* well-formed, but a control and a noncharacter */
	{"a\xe2\x80\xae"
	 "b\xe2\x81\xa9",
	 "a" BAD "b" BAD},                                 /* right-to-left override, pop of an isolate */
	{"\xe2\x80\xa8\xe2\x80\xa9", BAD BAD},             /* line and paragraph separator */
	{"\xe2\x80\x8b\xef\xbb\xbf\xc2\xad", BAD BAD BAD}, /* zero-width space and no-break space, soft hyphen */
	{"\xf3\xa0\x81\xa1\xd8\x9c", BAD BAD},             /* a tag, Arabic letter mark */
	{"a ##[error]b ##vso[c] ###d #e",
	 "a " BAD "#[error]b " BAD "#vso[c] " BAD BAD "#d #e"},     /* commands to CI services */
	{"\xc2\xa0\xc2\xb5 \xd7\x90", "\xc2\xa0\xc2\xb5 \xd7\x90"}, /* no-break space, micro sign, a Hebrew letter */
};

START_TEST(bytes_become_utf8)
{
	escape_lines(&out, utf8[_i].text);
	ck_assert_str_eq(strbuf_text(&out), utf8[_i].valid);
}
END_TEST

START_TEST(names_are_one_line)
{
	escape_line(&out, "run\n::error::forged\r\tend\xe2\x80\xae\xff");
	ck_assert_str_eq(out.at, "run" BAD "::error::forged" BAD BAD "end" BAD BAD);
	strbuf_clear(&out);
	escape_line(&out, "::error::forged");
	escape_line(&out, "  ::std::sort");
	escape_line(&out, ": :");
	ck_assert_str_eq(out.at, BAD ":error::forged  " BAD ":std::sort: :");
}
END_TEST

START_TEST(markup_stays_out)
{
	escape_markup(&out, "<b class='x' id=\"y\">&amp;\xff</b>\n]]>", true);
	ck_assert_str_eq(out.at, "&lt;b class=&#39;x&#39; id=&quot;y&quot;&gt;&amp;amp;" BAD "&lt;/b&gt;\n]]&gt;");
	strbuf_clear(&out);
	escape_markup(&out, "a\n<b>", false);
	ck_assert_str_eq(out.at, "a" BAD "&lt;b&gt;");
}
END_TEST

/* "toolkit" of GitHub Actions, packages/core/src/command.ts: escapeData() and escapeProperty(). */
START_TEST(commands_of_github)
{
	escape_github(&out, "100%, a:b\nnext::error", false);
	ck_assert_str_eq(out.at, "100%25, a:b%0Anext::error");
	strbuf_clear(&out);
	escape_github(&out, "100%, a:b\nnext::error", true);
	ck_assert_str_eq(out.at, "100%25%2C a%3Ab%0Anext%3A%3Aerror");
	strbuf_clear(&out);
	escape_github(&out, "a\rb", false);
	ck_assert_ptr_null(strchr(out.at, '\r'));
}
END_TEST

START_TEST(paths_become_references)
{
	escape_uri(&out, "/tmp/a b/c#d?e%20\xc3\xa9");
	ck_assert_str_eq(out.at, "/tmp/a%20b/c%23d%3Fe%2520%C3%A9");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("escape");
	TCase *t = tcase_create("escape");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, bytes_become_utf8, 0, sizeof utf8 / sizeof *utf8);
	tcase_add_test(t, names_are_one_line);
	tcase_add_test(t, markup_stays_out);
	tcase_add_test(t, commands_of_github);
	tcase_add_test(t, paths_become_references);
	suite_add_tcase(s, t);
	return test_main(s);
}
