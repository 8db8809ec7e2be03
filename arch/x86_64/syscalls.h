/* The x86-64 kernel's table of system calls, for the isa's sys.table. */
#ifndef ARCH_X86_64_SYSCALLS_H
#define ARCH_X86_64_SYSCALLS_H

#include "arch/arch.h"

enum {
	X86_NUM_SYSCALLS = 0
#define SYSCALL(number, name, meaning) +1
#include "arch/x86_64/syscalls.def"
#undef SYSCALL
};

extern const struct sysno x86_syscalls[X86_NUM_SYSCALLS]; /* ascending by number */

#endif
