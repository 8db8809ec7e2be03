/*
 * Registers for tests: by name, and those that a transfer reads. A name that is none fails the test.
 */
#ifndef LIB_TESTING_REGS_H
#define LIB_TESTING_REGS_H

#include "lib/expr/transfer.h"
#include "lib/state/state.h"

uint32_t test_reg(const struct isa *isa, const char *name);

/* Its lowest 64 bits, which have to be known. */
uint64_t test_get(const struct state *s, const char *name);

/* Marks the registers that outputs, stores and faults depend on; ret has an element for each register of the ISA. */
void test_reads(const struct transfer *t, bool *ret);

#endif
