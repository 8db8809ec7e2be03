/* The AArch64 kernel's table of system calls, for the isa's sys.table. */
#ifndef ARCH_AARCH64_SYSCALLS_H
#define ARCH_AARCH64_SYSCALLS_H

#include "arch/arch.h"

enum {
	A64_NUM_SYSCALLS = 0
#define SYSCALL(number, name, meaning) +1
#include "arch/aarch64/syscalls.def"
#undef SYSCALL
};

extern const struct sysno a64_syscalls[A64_NUM_SYSCALLS]; /* ascending by number */

#endif
