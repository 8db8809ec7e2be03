#include "lib/base/temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

static const char *const contents[] = {"socket", NULL};

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(setenv("TMPDIR", scratch_folder(), 1), 0);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* As it was an hour ago. */
static void make_old(const char *path)
{
	struct timeval now, times[2];

	ck_assert_int_eq(gettimeofday(&now, NULL), 0);
	times[0] = times[1] = (struct timeval){.tv_sec = now.tv_sec - 3600};
	ck_assert_int_eq(utimes(path, times), 0);
}

static void put_within(const char *folder, const char *name)
{
	char path[2 * SCRATCH_PATH_LEN];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	put_file(path, "x", 1);
}

/* A folder as an owner leaves it that is killed. */
static void leave(const char *name, mode_t mode, char ret[SCRATCH_PATH_LEN])
{
	scratch_path(name, ret);
	ck_assert_int_eq(mkdir(ret, mode), 0);
	put_within(ret, "socket");
	make_old(ret);
}

START_TEST(it_goes_with_its_owner)
{
	struct temp_folder t;
	struct stat st;

	ck_no_error(temp_folder_create(&t, 0, contents));
	ck_assert(!strncmp(t.path, scratch_folder(), strlen(scratch_folder())));
	ck_assert_int_eq(stat(t.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	put_within(t.path, "socket");
	char *path = strdup(t.path);
	temp_folder_remove(&t, contents);
	ck_assert(!is_there(path));
	ck_assert_ptr_null(t.path);
	temp_folder_remove(&t, contents);
	free(path);
}
END_TEST

START_TEST(what_was_left_is_removed)
{
	char left[SCRATCH_PATH_LEN], young[SCRATCH_PATH_LEN], open[SCRATCH_PATH_LEN], other[SCRATCH_PATH_LEN];
	char more[SCRATCH_PATH_LEN], link[SCRATCH_PATH_LEN];
	struct temp_folder owned, t;

	ck_no_error(temp_folder_create(&owned, 0, contents));
	put_within(owned.path, "socket");
	make_old(owned.path);
	leave("validate-aaaaaa", 0700, left);
	leave("validate-bbbbbb", 0755, open); /* no owner of ours makes it like that */
	leave("other-aaaaaaaaa", 0700, other);
	leave("validate-cccccc", 0700, more);
	put_within(more, "something");
	make_old(more);
	scratch_path("validate-dddddd", link);
	ck_assert_int_eq(symlink(other, link), 0);
	scratch_path("validate-eeeeee", young);
	ck_assert_int_eq(mkdir(young, 0700), 0);

	ck_no_error(temp_folder_create(&t, 0, contents));
	ck_assert(!is_there(left));
	ck_assert(is_there(owned.path) && is_there(open) && is_there(other) && is_there(more) && is_there(link) &&
		  is_there(young));
	char path[2 * SCRATCH_PATH_LEN];
	snprintf(path, sizeof path, "%s/socket", other);
	ck_assert(is_there(path));
	temp_folder_remove(&t, contents);
	temp_folder_remove(&owned, contents);
}
END_TEST

START_TEST(where_there_is_no_place)
{
	struct temp_folder t;

	ck_assert_int_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	ck_error(
		temp_folder_create(&t, 0, contents), ERROR_OS,
		"a temporary folder cannot be made in /nonexistent: No such file or directory: set TMPDIR to a folder");
	ck_assert_ptr_null(t.path);
	ck_no_error(temp_folder_create(&t, 5, contents)); /* too long: /tmp */
	ck_assert(!strncmp(t.path, "/tmp/validate-", 14));
	temp_folder_remove(&t, contents);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("temp");
	TCase *folders = tcase_create("folders");

	tcase_add_checked_fixture(folders, setup, scratch_teardown);
	tcase_add_test(folders, it_goes_with_its_owner);
	tcase_add_test(folders, what_was_left_is_removed);
	tcase_add_test(folders, where_there_is_no_place);
	suite_add_tcase(suite, folders);
	return test_main(suite);
}
