#include "lib/base/error.h"

#include <errno.h>

#include "lib/testing/assert.h"

START_TEST(carries_code_and_message)
{
	struct error *err = error_create(ERROR_PROTOCOL, "packet %d of %s", 3, "stub");

	ck_assert_int_eq(err->code, ERROR_PROTOCOL);
	ck_assert_str_eq(err->message, "packet 3 of stub");
	ck_assert_ptr_null(err->path);
	error_destroy(err);
}
END_TEST

START_TEST(names_the_failed_call)
{
	struct error *err = error_os(ENOENT, "open", "/no/such");

	ck_assert_int_eq(err->code, ERROR_OS);
	ck_assert_int_eq(err->errnum, ENOENT);
	ck_assert_str_eq(err->path, "/no/such");
	ck_assert_str_eq(err->message, "open /no/such: No such file or directory");
	error_destroy(err);

	err = error_os(EPERM, "ptrace", NULL);
	ck_assert_ptr_null(err->path);
	ck_assert_str_eq(err->message, "ptrace: Operation not permitted");
	error_destroy(err);
}
END_TEST

START_TEST(names_the_place_in_a_file)
{
	struct error *err = error_input("run.json", 12, "no \"%s\"", "arch");

	ck_assert_int_eq(err->code, ERROR_INPUT);
	ck_assert_uint_eq(err->place, 12);
	ck_assert_str_eq(err->path, "run.json");
	ck_assert_str_eq(err->message, "run.json:12: no \"arch\"");
	error_destroy(err);

	ck_error(error_input("run.json", 0, "is empty"), ERROR_INPUT, "run.json: is empty");
}
END_TEST

START_TEST(remembers_the_faulting_address)
{
	struct error *err = error_fault(0x7fff00001000);

	ck_assert_uint_eq(err->address, 0x7fff00001000);
	ck_error(err, ERROR_FAULT, "0x7fff00001000");
}
END_TEST

START_TEST(prefix_keeps_the_payload)
{
	struct error *err = error_prefix(error_os(EIO, "read", "a"), "event %d", 7);

	ck_assert_int_eq(err->errnum, EIO);
	ck_assert_str_eq(err->path, "a");
	ck_assert_str_eq(err->message, "event 7: read a: Input/output error");
	error_destroy(err);
}
END_TEST

START_TEST(a_remedy_is_for_files)
{
	ck_error(error_remedy(error_input("f", 3, "is empty"), "fill it"), ERROR_INPUT, "f:3: is empty: fill it");
	ck_error(error_remedy(error_create(ERROR_USAGE, "no"), "fill it"), ERROR_USAGE, "no");
	ck_assert_ptr_eq(error_remedy(&error_no_memory, "fill it"), &error_no_memory);
	ck_assert_ptr_null(error_remedy(NULL, "fill it"));
}
END_TEST

#define BAD "\xef\xbf\xbd" /* U+FFFD */

START_TEST(quotes_no_control_characters)
{
	struct error *err = error_create(ERROR_PROTOCOL, "\"%s\"",
					 "a\033[31m\n\x7f"
					 "b\xc2\x9b"
					 "c \xc3\xa9");

	ck_assert_str_eq(err->message, "\"a" BAD "[31m" BAD BAD "b" BAD "c \xc3\xa9\"");
	ck_error(error_prefix(err, "%s", "a\tname"), ERROR_PROTOCOL, "a" BAD "name: \"a" BAD "[31m");
	ck_error(error_input("odd\rname", 3, "is empty"), ERROR_INPUT, "odd" BAD "name:3: is empty");
}
END_TEST

START_TEST(out_of_memory_is_static)
{
	ck_assert_ptr_eq(error_prefix(&error_no_memory, "more"), &error_no_memory);
	error_destroy(&error_no_memory);
	ck_assert_str_eq(error_no_memory.message, "out of memory");
	error_destroy(NULL);
}
END_TEST

START_TEST(null_has_no_code)
{
	ck_assert(!error_is(NULL, ERROR_NO_MEMORY));
	ck_assert(error_is(&error_no_memory, ERROR_NO_MEMORY));
	ck_assert(!error_is(&error_no_memory, ERROR_OS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *tcase = tcase_create("error");

	tcase_add_test(tcase, carries_code_and_message);
	tcase_add_test(tcase, names_the_failed_call);
	tcase_add_test(tcase, names_the_place_in_a_file);
	tcase_add_test(tcase, remembers_the_faulting_address);
	tcase_add_test(tcase, prefix_keeps_the_payload);
	tcase_add_test(tcase, a_remedy_is_for_files);
	tcase_add_test(tcase, quotes_no_control_characters);
	tcase_add_test(tcase, out_of_memory_is_static);
	tcase_add_test(tcase, null_has_no_code);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
