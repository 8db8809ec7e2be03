#include "lib/base/file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

static char path[SCRATCH_PATH_LEN], part[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("file", path);
	scratch_path("file.part", part);
}

START_TEST(what_is_written_is_read)
{
	struct strbuf text = {0};

	ck_no_error(file_write(path, "a\0b", 3));
	ck_no_error(file_write(path, "a\0cd", 4));
	ck_no_error(file_read(path, 4, &text));
	ck_assert_uint_eq(text.len, 4);
	ck_bytes(text.at, "a\0cd", 4);
	ck_assert_int_ne(access(part, F_OK), 0);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(long_files_are_refused)
{
	struct strbuf text = {0};

	ck_no_error(file_write(path, "abcde", 5));
	ck_error(file_read(path, 4, &text), ERROR_INPUT, "longer than 4 bytes");
	strbuf_clear(&text);
	ck_error(file_read("/dev/zero", 1 << 20, &text), ERROR_INPUT, "/dev/zero: is longer than 1048576 bytes");
	strbuf_deinit(&text);
}
END_TEST

START_TEST(failures_leave_nothing)
{
	struct strbuf text = {0};

	ck_error(file_read(path, 4, &text), ERROR_OS, "open");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_error(file_read(path, 4, &text), ERROR_OS, "Is a directory");
	ck_error(file_write(path, "a", 1), ERROR_OS, "Is a directory");
	ck_assert_int_ne(access(part, F_OK), 0);
	ck_error(file_write("/dev/full/x", "a", 1), ERROR_OS, "Not a directory");
	strbuf_deinit(&text);
}
END_TEST

START_TEST(a_file_gets_its_name_when_it_is_complete)
{
	struct strbuf text = {0};
	struct file_output f;

	ck_no_error(file_output_open(&f, path, "create"));
	ck_no_error(file_output_write(&f, "ab", 2));
	ck_no_error(file_output_write(&f, "c", 1));
	ck_assert_uint_eq(f.written, 3);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_no_error(file_output_finish(&f));
	file_output_close(&f);
	ck_no_error(file_read(path, 4, &text));
	ck_assert_str_eq(text.at, "abc");
	ck_assert_int_ne(access(part, F_OK), 0);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(an_unfinished_file_keeps_its_part)
{
	struct strbuf text = {0};
	struct file_output f;

	ck_no_error(file_write(path, "old", 3));
	ck_no_error(file_output_open(&f, path, "create"));
	ck_no_error(file_output_write(&f, "new", 3));
	file_output_close(&f);
	ck_no_error(file_read(part, 4, &text));
	ck_assert_str_eq(text.at, "new");
	strbuf_clear(&text);
	ck_no_error(file_read(path, 4, &text));
	ck_assert_str_eq(text.at, "old");
	strbuf_deinit(&text);
}
END_TEST

/* Checking leaves what is there, and nothing that is not. */
START_TEST(checks_change_nothing)
{
	struct strbuf text = {0};

	ck_no_error(file_check_write(path));
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_no_error(file_write(path, "old", 3));
	ck_no_error(file_check_write(path));
	ck_no_error(file_read(path, 4, &text));
	ck_assert_str_eq(text.at, "old");
	ck_assert_int_ne(access(part, F_OK), 0);
	ck_assert_int_eq(mkdir(part, 0700), 0);
	ck_error(file_check_write(path), ERROR_OS, "Is a directory");
	ck_error(file_check_write(part), ERROR_OS, "Is a directory");
	ck_error(file_check_write("/nonexistent/file"), ERROR_OS, "No such file");
	strbuf_deinit(&text);
}
END_TEST

START_TEST(devices_stay_devices)
{
	struct stat st;

	ck_no_error(file_check_write("/dev/null"));
	ck_no_error(file_write("/dev/null", "x", 1));
	ck_assert_int_eq(stat("/dev/null", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	if (access("/dev/full", W_OK) == 0)
		ck_error(file_write("/dev/full", "x", 1), ERROR_OS, "No space left");
}
END_TEST

static const struct {
	const char *folder, *name, *joined;
} joins[] = {
	{NULL, "a", "a"}, {"", "a", "a"}, {"d", "a", "d/a"}, {"d/", "a", "d/a"}, {"/", "a", "/a"}, {"d", "/a", "/a"},
};

START_TEST(paths_are_joined)
{
	char *joined = file_join(joins[_i].folder, joins[_i].name);

	ck_assert_str_eq(joined, joins[_i].joined);
	free(joined);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file");
	TCase *files = tcase_create("files"), *names = tcase_create("names");

	tcase_add_checked_fixture(files, setup, scratch_teardown);
	tcase_add_test(files, what_is_written_is_read);
	tcase_add_test(files, long_files_are_refused);
	tcase_add_test(files, failures_leave_nothing);
	tcase_add_test(files, a_file_gets_its_name_when_it_is_complete);
	tcase_add_test(files, an_unfinished_file_keeps_its_part);
	tcase_add_test(files, checks_change_nothing);
	tcase_add_test(files, devices_stay_devices);
	suite_add_tcase(suite, files);
	tcase_add_loop_test(names, paths_are_joined, 0, sizeof joins / sizeof *joins);
	suite_add_tcase(suite, names);
	return test_main(suite);
}
