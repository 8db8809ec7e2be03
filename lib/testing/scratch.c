#include "lib/testing/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/testing/assert.h"

static char folder[] = "/tmp/validate_test.XXXXXX";

void scratch_setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/validate_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_teardown(void)
{
	ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *scratch_folder(void)
{
	return folder;
}

void scratch_path(const char *name, char ret[SCRATCH_PATH_LEN])
{
	ck_assert_int_lt(snprintf(ret, SCRATCH_PATH_LEN, "%s/%s", folder, name), SCRATCH_PATH_LEN);
}

void put_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

void first_word(const char *command, char ret[WORD_LEN])
{
	FILE *pipe = popen(command, "r");

	ck_assert_ptr_nonnull(pipe);
	if (fscanf(pipe, "%255s", ret) != 1)
		ret[0] = '\0';
	pclose(pipe);
}
