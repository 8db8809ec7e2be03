#include "lib/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
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

/* Somebody put a link where the unfinished file would be: what it leads to stays, and so does the link. */
START_TEST(links_in_the_way_are_not_followed)
{
	char target[SCRATCH_PATH_LEN], second[SCRATCH_PATH_LEN];
	struct strbuf text = {0};
	struct file_output f;
	struct stat st;

	scratch_path("target", target);
	scratch_path("file.2.part", second);
	put_file(target, "mine", 4);
	ck_assert_int_eq(symlink(target, part), 0);
	ck_no_error(file_check_write(path));
	ck_no_error(file_output_open(&f, path, "create"));
	ck_assert_str_eq(f.path, second);
	ck_no_error(file_output_write(&f, "new", 3));
	ck_no_error(file_output_finish(&f));
	file_output_close(&f);
	ck_assert_int_ne(access(second, F_OK), 0);
	ck_assert(lstat(part, &st) == 0 && S_ISLNK(st.st_mode));
	ck_no_error(file_read(target, 4, &text));
	ck_assert_str_eq(text.at, "mine");
	strbuf_clear(&text);
	ck_no_error(file_read(path, 4, &text));
	ck_assert_str_eq(text.at, "new");
	strbuf_deinit(&text);
}
END_TEST

/* An unfinished file that is there already is not ours: it is neither written to nor removed. */
START_TEST(unfinished_files_stay)
{
	struct strbuf text = {0};

	put_file(part, "other", 5);
	ck_no_error(file_check_write(path));
	ck_no_error(file_write(path, "new", 3));
	ck_error(file_write("/dev/full/x", "a", 1), ERROR_OS, "Not a directory");
	ck_no_error(file_read(part, 5, &text));
	ck_assert_str_eq(text.at, "other");
	strbuf_deinit(&text);
}
END_TEST

/* ---- Files that documents name ---- */

static struct error *read_named(const char *folder, const char *name, size_t max)
{
	struct strbuf text = {0};
	struct error *err = file_read_named(folder, name, max, &text);

	if (!err)
		ck_assert_str_eq(strbuf_text(&text), "data");
	strbuf_deinit(&text);
	return err;
}

START_TEST(named_files_are_regular)
{
	char link[SCRATCH_PATH_LEN], fifo[SCRATCH_PATH_LEN];

	put_file(path, "data", 4);
	scratch_path("link", link);
	scratch_path("fifo", fifo);
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_no_error(read_named(NULL, path, 4));
	ck_no_error(file_check_named(NULL, path));
	ck_error(read_named(NULL, path, 3), ERROR_INPUT, "is longer than 3 bytes");
	ck_error(read_named(NULL, link, 4), ERROR_INPUT, "link: is a symbolic link");
	ck_error(read_named(NULL, fifo, 4), ERROR_INPUT, "fifo: is not a regular file");
	ck_error(read_named(NULL, "/dev/zero", 4), ERROR_INPUT, "/dev/zero: is not a regular file");
	ck_error(read_named(NULL, "/proc/self/status", 1 << 20), ERROR_INPUT, "status: is not a regular file");
	ck_error(read_named(NULL, "/proc/kmsg", 1 << 20), ERROR_INPUT, "kmsg: is not a regular file");
	ck_error(read_named(NULL, scratch_folder(), 4), ERROR_INPUT, "is not a regular file");
	ck_error(file_check_named(NULL, "/nonexistent"), ERROR_OS, "No such file");
}
END_TEST

START_TEST(named_files_are_in_their_folder)
{
	char rows[SCRATCH_PATH_LEN], row[SCRATCH_PATH_LEN], other[SCRATCH_PATH_LEN], outer[SCRATCH_PATH_LEN];

	scratch_path("rows", rows);
	scratch_path("rows/row", row);
	scratch_path("other", other);
	scratch_path("outer", outer);
	ck_assert_int_eq(mkdir(rows, 0700), 0);
	put_file(row, "data", 4);
	ck_assert_int_eq(symlink(rows, other), 0);
	ck_assert_int_eq(symlink(scratch_folder(), outer), 0);
	ck_no_error(read_named(scratch_folder(), "rows/row", 4));
	ck_no_error(read_named(outer, "rows/row", 4)); /* the folder is the user's */
	ck_error(read_named(scratch_folder(), "other/row", 4), ERROR_OS, "Not a directory");
	ck_error(read_named(rows, "../rows/row", 4), ERROR_OS, "symbolic links");
	ck_error(read_named(rows, "./row", 4), ERROR_OS, "symbolic links");
	ck_error(read_named(scratch_folder(), "rows//row", 4), ERROR_OS, "symbolic links");
	ck_error(read_named(scratch_folder(), "rows/nothing", 4), ERROR_OS, "No such file");
}
END_TEST

static void do_nothing(int signal)
{
	(void)signal;
}

/* A FIFO that nobody writes to: the first signal that is handled ends the wait, whether calls are restarted or not. */
START_TEST(waits_answer_signals)
{
	const struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
	const struct itimerval soon = {.it_interval = {.tv_usec = 10000}, .it_value = {.tv_usec = 10000}};
	struct strbuf text = {0};

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	int writer = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(writer, 0);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ck_error(file_read(path, 4, &text), ERROR_INTERRUPTED, "interrupted");
	ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
	close(writer);
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
	ck_no_error(file_check_write(path));
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
	tcase_add_test(files, links_in_the_way_are_not_followed);
	tcase_add_test(files, unfinished_files_stay);
	tcase_add_test(files, named_files_are_regular);
	tcase_add_test(files, named_files_are_in_their_folder);
	tcase_add_test(files, waits_answer_signals);
	tcase_add_test(files, checks_change_nothing);
	tcase_add_test(files, devices_stay_devices);
	suite_add_tcase(suite, files);
	tcase_add_loop_test(names, paths_are_joined, 0, sizeof joins / sizeof *joins);
	suite_add_tcase(suite, names);
	return test_main(suite);
}
