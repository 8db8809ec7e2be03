#include "lib/testing/syscalls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/testing/assert.h"

const struct sysno *syscall_find(const struct syscall_table *t, unsigned number)
{
	for (uint32_t i = 0; i < t->num_rows; i++) {
		if (t->rows[i].number == number)
			return &t->rows[i];
	}
	return NULL;
}

/* Checks the row, or false for a line that is of no call. */
static bool check_line(const struct syscall_table *t, char *line)
{
	const char *define = strtok(line, " \t"), *symbol = strtok(NULL, " \t"), *number = strtok(NULL, " \t\n");
	char *end;

	if (!number || strcmp(define, "#define") != 0)
		return false;
	unsigned n = (unsigned)strtoul(number, &end, 10);
	const char *name = *end ? NULL : t->name_of(symbol, n);
	if (!name)
		return false;
	const struct sysno *row = syscall_find(t, n);
	ck_assert_msg(row, "%s %s has no row", number, symbol);
	ck_assert_str_eq(row->name, name);
	return true;
}

void check_syscalls(const struct syscall_table *t)
{
	FILE *f = fopen(t->header, "re");
	char line[256];
	unsigned seen = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		seen += check_line(t, line);
	fclose(f);
	ck_assert_uint_ge(seen, 300);
}
