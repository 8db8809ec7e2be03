/* Assertions that cannot fail are worth nothing: each is seen to fail here. */
#include "lib/testing/assert.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(no_error_shows_the_error)
{
	char text[ASSERT_TEXT_LEN];

	ck_assert(assert_no_error(NULL, text));
	ck_assert(!assert_no_error(error_create(ERROR_TIMEOUT, "no reply"), text));
	ck_assert_str_eq(text, "ERROR_TIMEOUT \"no reply\"");
}
END_TEST

START_TEST(error_wants_code_and_message)
{
	char text[ASSERT_TEXT_LEN];

	ck_assert(assert_error(error_create(ERROR_USAGE, "no log"), ERROR_USAGE, "log", text));
	ck_assert(!assert_error(error_create(ERROR_USAGE, "no log"), ERROR_USAGE, "long", text));
	ck_assert(!assert_error(error_create(ERROR_USAGE, "no log"), ERROR_INPUT, "log", text));
	ck_assert_str_eq(text, "ERROR_USAGE \"no log\", expected ERROR_INPUT \"..log..\"");
	ck_assert(!assert_error(NULL, ERROR_BUG, "log", text));
	ck_assert_str_eq(text, "succeeds, expected ERROR_BUG \"..log..\"");
}
END_TEST

START_TEST(bytes_show_the_first_difference)
{
	char text[ASSERT_TEXT_LEN];

	ck_assert(assert_bytes("abcd", "abce", 3, text));
	ck_assert(!assert_bytes("abcd", "abce", 4, text));
	ck_assert_str_eq(text, "differ at byte 3 of 4; from byte 0: 61626364, expected 61626365");
}
END_TEST

START_TEST(bits_ignore_what_is_above)
{
	static const uint64_t a[] = {1, 0x8000000000000001}, b[] = {1, 1};
	char text[ASSERT_TEXT_LEN];

	ck_assert(assert_bits(a, b, 64, text));
	ck_assert(assert_bits(a, b, 127, text));
	ck_assert(!assert_bits(a, b, 128, text));
	ck_assert_str_eq(text, "0x8000000000000001_0000000000000001, expected "
			       "0x0000000000000001_0000000000000001 (128 bits)");
	ck_assert(!assert_bits(&(uint64_t){4}, &(uint64_t){3}, 3, text));
	ck_assert(assert_bits(&(uint64_t){4}, &(uint64_t){12}, 3, text));
}
END_TEST

START_TEST(macro_of_errors_fails)
{
	ck_no_error(error_create(ERROR_BUG, "seen"));
}
END_TEST

START_TEST(macro_of_missing_errors_fails)
{
	ck_error(NULL, ERROR_BUG, "seen");
}
END_TEST

START_TEST(macro_of_bytes_fails)
{
	ck_bytes("a", "b", 1);
}
END_TEST

START_TEST(macro_of_bits_fails)
{
	ck_bits(&(uint64_t){1}, &(uint64_t){0}, 1);
}
END_TEST

START_TEST(macro_of_texts_fails)
{
	ck_contains("whole", "part");
}
END_TEST

/* The macros must fail: a suite that is made to, counted from outside. */
static bool macros_fail(void)
{
	const TTest *const failing[] = {macro_of_errors_fails, macro_of_missing_errors_fails, macro_of_bytes_fails,
					macro_of_bits_fails, macro_of_texts_fails};
	enum { COUNT = sizeof failing / sizeof *failing };
	Suite *suite = suite_create("macros");
	TCase *tcase = tcase_create("macros");

	for (int i = 0; i < COUNT; i++)
		tcase_add_test(tcase, failing[i]);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (failed != COUNT)
		printf("of %d assertions that must fail, %d failed\n", COUNT, failed);
	return failed == COUNT;
}

int main(void)
{
	Suite *suite = suite_create("assert");
	TCase *tcase = tcase_create("assert");

	tcase_add_test(tcase, no_error_shows_the_error);
	tcase_add_test(tcase, error_wants_code_and_message);
	tcase_add_test(tcase, bytes_show_the_first_difference);
	tcase_add_test(tcase, bits_ignore_what_is_above);
	suite_add_tcase(suite, tcase);
	return macros_fail() ? test_main(suite) : EXIT_FAILURE;
}
