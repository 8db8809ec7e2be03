#include "lib/base/apart.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

static char a[SCRATCH_PATH_LEN], b[SCRATCH_PATH_LEN], link_to_a[SCRATCH_PATH_LEN], around[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("a", a);
	scratch_path("b", b);
	scratch_path("link", link_to_a);
	scratch_path("folder/../a", around);
	char folder[SCRATCH_PATH_LEN];
	scratch_path("folder", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
}

static struct error *check(const char *first, bool first_written, const char *second, bool second_written)
{
	const struct apart_file files[] = {{"--first", first, first_written}, {"--second", second, second_written}};

	return apart_check(files, 2);
}

START_TEST(files_of_their_own_are_apart)
{
	put_file(a, "x", 1);
	ck_no_error(check(a, true, b, true));
	ck_no_error(check(b, true, a, true));
	ck_no_error(check(a, false, a, false));
	ck_no_error(check(NULL, true, a, true));
	ck_no_error(check("-", true, "-", false));
	ck_no_error(check("/dev/null", true, "/dev/null", true));
	ck_no_error(check("/nonexistent/a", true, "/nonexistent/b", true));
}
END_TEST

START_TEST(files_that_are_there_are_known_by_inode)
{
	put_file(a, "x", 1);
	ck_error(check(a, true, a, false), ERROR_USAGE, "--first would be written over --second, ");
	ck_error(check(a, false, a, true), ERROR_USAGE, "--second would be written over --first, ");
	ck_error(check(a, true, a, true), ERROR_USAGE, "--first and --second both go to ");
	ck_error(check(a, true, around, false), ERROR_USAGE, "written over");
	ck_assert_int_eq(symlink(a, link_to_a), 0);
	ck_error(check(link_to_a, true, a, false), ERROR_USAGE, "written over");
	ck_assert_int_eq(link(a, b), 0);
	ck_error(check(a, true, b, false), ERROR_USAGE, "written over");
}
END_TEST

START_TEST(files_that_are_yet_to_be_made_are_known_by_place)
{
	ck_error(check(a, true, a, true), ERROR_USAGE, "both go to");
	ck_error(check(a, true, around, true), ERROR_USAGE, "both go to");
	ck_assert_int_eq(symlink("a", link_to_a), 0);
	ck_error(check(link_to_a, true, a, true), ERROR_USAGE, "both go to");
	ck_assert_int_eq(symlink(b, b), 0); /* leads nowhere */
	ck_no_error(check(b, true, a, true));
	ck_no_error(check(a, true, b, true));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apart");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(files, setup, scratch_teardown);
	tcase_add_test(files, files_of_their_own_are_apart);
	tcase_add_test(files, files_that_are_there_are_known_by_inode);
	tcase_add_test(files, files_that_are_yet_to_be_made_are_known_by_place);
	suite_add_tcase(suite, files);
	return test_main(suite);
}
