/*
 * Which nodes of a pool some others are made of: a mark for each id, expr_pool_size() of them. That of EXPR_NONE means
 * nothing.
 */
#ifndef LIB_EXPR_MARKS_H
#define LIB_EXPR_MARKS_H

#include "lib/expr/transfer.h"

/* Marks what the transfer refers to: outputs, stores, faults, loads. */
void marks_add_transfer(bool *marks, const struct transfer *t);

/* Marks the operands of one node. */
void marks_add_operands(bool *marks, const struct expr_pool *pool, expr_id id);

/* Marks whatever the marked nodes are made of. */
void marks_spread(bool *marks, const struct expr_pool *pool);

#endif
