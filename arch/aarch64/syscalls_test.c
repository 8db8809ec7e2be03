/* The table of numbers against the kernel's header of the generic ABI as installed here. */
#include "arch/aarch64/syscalls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/testing/assert.h"

static const char header[] = "/usr/include/asm-generic/unistd.h";

/* Lines of the header that are no calls of a 64-bit ABI, or none of arm64's. */
static const char *const left_out[] = {"arch_specific_syscall", "syscalls", "sync_file_range2"};
enum { FIRST_TIME64 = 403, LAST_TIME64 = 423 };

/* Where the 64-bit name of a call of two sizes is not its name without "3264". */
static const char *const renamed[][2] = {{"fstatat", "newfstatat"}};

static const struct sysno *find(unsigned number)
{
	for (unsigned i = 0; i < A64_NUM_SYSCALLS; i++) {
		if (a64_syscalls[i].number == number)
			return &a64_syscalls[i];
	}
	return NULL;
}

static bool is_left_out(const char *name, unsigned number)
{
	for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
		if (!strcmp(name, left_out[i]))
			return true;
	return number >= FIRST_TIME64 && number <= LAST_TIME64;
}

/* The name behind __NR_ or __NR3264_; NULL if it is neither. */
static const char *name_of(const char *symbol)
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

/* "#define __NR_NAME NUMBER": checks the row, or false for another line. */
static bool check_line(char *line)
{
	const char *define = strtok(line, " \t"), *symbol = strtok(NULL, " \t"), *number = strtok(NULL, " \t\n");
	char *end;

	if (!number || strcmp(define, "#define") != 0 || !name_of(symbol))
		return false;
	unsigned n = (unsigned)strtoul(number, &end, 10);
	if (*end || is_left_out(name_of(symbol), n))
		return false;
	const struct sysno *row = find(n);
	ck_assert_msg(row, "%s %s has no row", number, symbol);
	ck_assert_str_eq(row->name, name_of(symbol));
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

/* The generic ABI has none of the calls that newer ones replaced; arm64 selects these two. */
START_TEST(selection)
{
	ck_assert_str_eq(find(38)->name, "renameat");
	ck_assert_str_eq(find(447)->name, "memfd_secret");
	ck_assert_str_eq(find(462)->name, "mseal");
	ck_assert_ptr_null(find(244));
	ck_assert_ptr_null(find(403));
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
