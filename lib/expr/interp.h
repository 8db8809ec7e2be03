/*
 * The value of an expression, node by node, straight from bv.h: slow and simple, to compare programs with; private to
 * lib/expr.
 */
#ifndef LIB_EXPR_INTERP_H
#define LIB_EXPR_INTERP_H

#include "lib/expr/bv.h"
#include "lib/expr/pool.h"

/*
 * Tells the value of a leaf: REG, ENV, UNDEF, or LOAD at the address (else 0), by writing the words of its width to
 * ret.
 */
typedef struct error *interp_leaf(void *ctx, const struct expr *leaf, uint64_t address, uint64_t *ret);

/* Writes (width + 63) / 64 words to ret. */
struct error *interp(const struct expr_pool *pool, expr_id id, interp_leaf *leaf, void *ctx, uint64_t *ret);

#endif
