/*
 * For tests that need instructions of an ISA to run on this host's CPU.
 */
#ifndef LIB_TESTING_NATIVE_H
#define LIB_TESTING_NATIVE_H

#include "arch/arch.h"

/*
 * The ISA of that name if there is a native oracle for it; else NULL, with the reason printed after the test's name and
 * the exit status for main() in *ret_status.
 */
const struct isa *test_native_isa(const char *name, const char *test, int *ret_status);

#endif
