#include "arch/aarch64/syscalls.h"

const struct sysno a64_syscalls[A64_NUM_SYSCALLS] = {
#define SYSCALL(number, name, meaning) {number, #name, #meaning},
#include "arch/aarch64/syscalls.def"
#undef SYSCALL
};
