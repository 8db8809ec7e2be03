/* The table of numbers against the kernel's header of the generic ABI as installed here. */
#include "arch/aarch64/syscalls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/testing/assert.h"
#include "lib/testing/syscalls.h"

static const char header[] = "/usr/include/asm-generic/unistd.h";

/* Lines of the header that are no calls of a 64-bit ABI, or none of arm64's. */
static const char *const left_out[] = {"arch_specific_syscall", "syscalls", "sync_file_range2"};
enum { FIRST_TIME64 = 403, LAST_TIME64 = 423 };

/* Where the 64-bit name of a call of two sizes is not its name without "3264". */
static const char *const renamed[][2] = {{"fstatat", "newfstatat"}};

static bool is_left_out(const char *name, unsigned number)
{
	for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
		if (!strcmp(name, left_out[i]))
			return true;
	return number >= FIRST_TIME64 && number <= LAST_TIME64;
}

/* What is behind __NR_ or __NR3264_. */
static const char *symbol_name(const char *symbol)
{
	if (!strncmp(symbol, "__NR_", 5))
		return symbol + 5;
	if (strncmp(symbol, "__NR3264_", 9) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
		if (!strcmp(symbol + 9, renamed[i][0]))
			return renamed[i][1];
	return symbol + 9;
}

static const char *name_of(const char *symbol, unsigned number)
{
	const char *name = symbol_name(symbol);

	return name && !is_left_out(name, number) ? name : NULL;
}

static const struct syscall_table table = {header, a64_syscalls, A64_NUM_SYSCALLS, name_of};

/* A call that the header has and the table has not is one that a guest of today can make. */
START_TEST(complete)
{
	check_syscalls(&table);
}
END_TEST

/* The generic ABI has none of the calls that newer ones replaced; arm64 selects these two. */
START_TEST(selection)
{
	ck_assert_str_eq(syscall_find(&table, 38)->name, "renameat");
	ck_assert_str_eq(syscall_find(&table, 447)->name, "memfd_secret");
	ck_assert_str_eq(syscall_find(&table, 462)->name, "mseal");
	ck_assert_ptr_null(syscall_find(&table, 244));
	ck_assert_ptr_null(syscall_find(&table, 403));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 syscalls");
	TCase *tables = tcase_create("table");

	if (access(header, R_OK)) {
		printf("%s: not here\n", header);
		return TEST_SKIP;
	}
	tcase_add_test(tables, complete);
	tcase_add_test(tables, selection);
	suite_add_tcase(suite, tables);
	return test_main(suite);
}
