/*
 * Which bits of an expression are not determined: a mask expression of the same width, 1 where a bit may depend on an
 * undefined or outside value. Derived structurally and never too small: exact for bit-wise, structural and lane-wise
 * operators, upward-spreading for add, subtract and multiply, everything for the rest. Where an ITE's condition is
 * undetermined, only bits in which the branches may differ are.
 */
#ifndef LIB_EXPR_TAINT_H
#define LIB_EXPR_TAINT_H

#include "lib/expr/transfer.h"

enum taint_source {
	TAINT_UNDEF = 1,   /* UNDEF leaves */
	TAINT_ENV = 2,     /* ENV leaves */
	TAINT_UNKNOWN = 4, /* REG and LOAD leaves with bits the caller does not know: the mask has such leaves */
};

/*
 * The mask of id for the given set of sources; a constant 0 when nothing in it is undetermined. With TAINT_UNKNOWN the
 * result contains leaves EXPR_REG with TAINT_MASK_BIT set in attr (1 bits: unknown), and EXPR_LOAD likewise.
 */
expr_id expr_taint(struct expr_pool *pool, expr_id id, unsigned sources);

#define TAINT_MASK_BIT 0x80000000u

#endif
