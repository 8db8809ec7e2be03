/* The table of numbers against the kernel's header as installed here, and against itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/x86_64/syscalls.h"
#include "lib/testing/assert.h"

static const char header[] = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";

START_TEST(ascending)
{
	for (unsigned i = 1; i < X86_NUM_SYSCALLS; i++)
		ck_assert_uint_lt(x86_syscalls[i - 1].number, x86_syscalls[i].number);
}
END_TEST

static const struct sysno *find(unsigned number)
{
	for (unsigned i = 0; i < X86_NUM_SYSCALLS; i++) {
		if (x86_syscalls[i].number == number)
			return &x86_syscalls[i];
	}
	return NULL;
}

/* "#define __NR_NAME NUMBER": checks the row, or false for another line. */
static bool check_line(char *line)
{
	const char *define = strtok(line, " \t"), *name = strtok(NULL, " \t"), *number = strtok(NULL, " \t\n");

	if (!number || strcmp(define, "#define") != 0 || strncmp(name, "__NR_", 5) != 0)
		return false;
	const struct sysno *row = find((unsigned)strtoul(number, NULL, 10));
	ck_assert_msg(row, "%s %s has no row", number, name);
	ck_assert_str_eq(row->name, name + 5);
	return true;
}

/* A call that the header has and the table has not is one that a guest of today can make. */
START_TEST(complete)
{
	FILE *f = fopen(header, "re");
	char line[256];
	unsigned seen = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		seen += check_line(line);
	fclose(f);
	ck_assert_uint_ge(seen, 300);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 syscalls");
	TCase *tables = tcase_create("table");

	if (access(header, R_OK)) {
		printf("%s: not here\n", header);
		return TEST_SKIP;
	}
	tcase_add_test(tables, ascending);
	tcase_add_test(tables, complete);
	suite_add_tcase(suite, tables);
	return test_main(suite);
}
