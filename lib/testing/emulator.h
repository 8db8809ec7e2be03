/*
 * For tests that need a QEMU, and a program to run in it.
 */
#ifndef LIB_TESTING_EMULATOR_H
#define LIB_TESTING_EMULATOR_H

#include <stdbool.h>

#include "arch/arch.h"

/* Are both there? If not, the reason is printed, for a main() that then returns TEST_SKIP. */
bool test_has_emulator(const struct isa *isa, const char *program);

#endif
