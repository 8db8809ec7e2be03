/*
 * Tables of system calls against the kernel's headers as installed here.
 */
#ifndef LIB_TESTING_SYSCALLS_H
#define LIB_TESTING_SYSCALLS_H

#include "arch/arch.h"

struct syscall_table {
	const char *header; /* with lines "#define SYMBOL NUMBER" */
	const struct sysno *rows;
	uint32_t num_rows;
	/* The call's name; NULL for a symbol that is none, or of a call that the table leaves out. */
	const char *(*name_of)(const char *symbol, unsigned number);
};

/* The row of the number, or NULL. */
const struct sysno *syscall_find(const struct syscall_table *t, unsigned number);

/* Each call of the header, of which there are hundreds, has a row with its name. */
void check_syscalls(const struct syscall_table *t);

#endif
