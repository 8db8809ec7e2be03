/* The table of numbers against the kernel's header as installed here, and against itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/x86_64/syscalls.h"
#include "lib/testing/assert.h"
#include "lib/testing/syscalls.h"

static const char header[] = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";

START_TEST(ascending)
{
	for (unsigned i = 1; i < X86_NUM_SYSCALLS; i++)
		ck_assert_uint_lt(x86_syscalls[i - 1].number, x86_syscalls[i].number);
}
END_TEST

static const char *name_of(const char *symbol, unsigned number)
{
	(void)number;
	return strncmp(symbol, "__NR_", 5) == 0 ? symbol + 5 : NULL;
}

static const struct syscall_table table = {header, x86_syscalls, X86_NUM_SYSCALLS, name_of};

/* A call that the header has and the table has not is one that a guest of today can make. */
START_TEST(complete)
{
	check_syscalls(&table);
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
