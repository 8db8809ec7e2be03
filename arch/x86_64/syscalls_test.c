/* The table of numbers against the kernel's header as installed here, and against itself. */
#include <stdio.h>
#include <stdlib.h>
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

/* A call that the header has and the table has not is one that a guest of today can make. */
START_TEST(complete)
{
	FILE *f = fopen(header, "re");
	char line[256], name[64];
	unsigned number, seen = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "#define __NR_%63s %u", name, &number) != 2)
			continue;
		const struct sysno *row = find(number);
		ck_assert_msg(row, "%u %s has no row", number, name);
		ck_assert_str_eq(row->name, name);
		seen++;
	}
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
