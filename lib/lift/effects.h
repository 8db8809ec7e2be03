/*
 * What a transfer reads and writes, for people: the effect row of one instruction. Derived from the expressions, so it
 * says what the outputs depend on: `xor eax, eax` reads nothing, and a write to a part of a register reads the rest.
 */
#ifndef LIB_LIFT_EFFECTS_H
#define LIB_LIFT_EFFECTS_H

#include "lib/expr/transfer.h"

/* All ascending by id. What is stored, and the faults, are in the transfer itself. */
struct effects {
	VEC(uint32_t) reads;     /* registers */
	VEC(uint32_t) writes;    /* registers */
	VEC(uint32_t) undefined; /* registers written that have undefined bits afterwards */
	VEC(expr_id) loads;      /* LOAD leaves */
	VEC(expr_id) env;        /* ENV leaves */
};

/* Only want of memory is an error. */
struct error *effects_collect(const struct transfer *t, struct effects *ret);
void effects_deinit(struct effects *e);

#endif
