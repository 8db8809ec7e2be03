/* How two models of an instruction differ in what they predict of one state, when both say that it ends. */
#ifndef LIB_ORACLE_DIFFERENCE_H
#define LIB_ORACLE_DIFFERENCE_H

#include "arch/arch.h"
#include "lib/expr/eval.h"

struct difference {
	bool visible; /* something that both predict, or that just the right one leaves to faults */
	bool hidden;  /* the same of what no case shows */
	bool masked;  /* something that the right model leaves open */
	bool weaker;  /* the wrong one leaves open what the right model predicts */
};

struct difference_sides {
	const struct isa *isa;
	const uint64_t *before; /* the state's words */
	const struct eval *right, *wrong;
	uint8_t (*byte_before)(const void *ctx, uint64_t address); /* of memory */
	bool (*is_shown)(const void *ctx, uint32_t reg);           /* by cases; NULL: all are */
	const void *ctx;
};

/* Adds registers, bounds and stores. */
void difference_add(const struct difference_sides *sides, struct difference *ret);

#endif
