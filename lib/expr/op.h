/*
 * What op.def says about each operator, as a table; private to lib/expr.
 */
#ifndef LIB_EXPR_OP_H
#define LIB_EXPR_OP_H

#include <stdint.h>

#include "lib/expr/expr.h"

enum expr_shape {
	SHAPE_LEAF,
	SHAPE_LOAD,
	SHAPE_SAME,
	SHAPE_COUNT,
	SHAPE_COMPARE,
	SHAPE_ITE,
	SHAPE_CONCAT,
	SHAPE_EXTRACT,
	SHAPE_EXTEND,
	SHAPE_LANES,
	SHAPE_LCOUNT,
	SHAPE_PERMUTE,
	SHAPE_GATHER,
	SHAPE_WIDEN,
	SHAPE_NARROW,
	SHAPE_REDUCE,
	SHAPE_FP,
};

enum expr_trait {
	TRAIT_C = 1, /* operands may be swapped */
	TRAIT_A = 2, /* associative */
	TRAIT_L = 4, /* lane-wise: the lane width is part of the node */
};

struct op_info {
	const char *text;
	uint8_t arity;
	uint8_t shape;
	uint8_t traits;
};

extern const struct op_info op_info[EXPR_NUM_OPS];

/*
 * The width of a node that has op, lane and args set, by its shape; for shapes where it does not follow from the
 * operands (leaves, loads, extracts, extensions) the width that the node has.
 */
unsigned op_width(const struct expr_pool *pool, const struct expr *n);

/* For the operators of fp_op.h; the bits of the attribute that they may have set. */
uint32_t fp_op_fields(enum expr_op op);
/* Does it round as the mode says? */
bool fp_op_rounds(enum expr_op op);
/* NULL if an operator can have this attribute; otherwise what is wrong. */
const char *fp_spec_check(enum expr_op op, uint32_t attr);
unsigned fp_node_width(const struct expr_pool *pool, const struct expr *n);
/* Of all lanes together. */
unsigned fp_value_width(const struct expr *n);
const char *fp_node_check(const struct expr_pool *pool, const struct expr *n);

/* NULL if the node's width, lane and operands fit its operator; otherwise what is wrong, for people. */
const char *op_check(const struct expr_pool *pool, const struct expr *n);

#endif
