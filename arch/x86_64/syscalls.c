#include "arch/x86_64/syscalls.h"

const struct sysno x86_syscalls[X86_NUM_SYSCALLS] = {
#define SYSCALL(number, name, meaning) {number, #name, #meaning},
#include "arch/x86_64/syscalls.def"
#undef SYSCALL
};
