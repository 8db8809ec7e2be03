/*
 * The masks of taint.h for many expressions at once; private to lib/expr.
 */
#ifndef LIB_EXPR_MASKS_H
#define LIB_EXPR_MASKS_H

#include "lib/expr/pool.h"
#include "lib/expr/taint.h"

/*
 * For every id below num with uses[id] (see live_uses()), the mask in ret[id]; EXPR_NONE for a mask of zeros. ret is
 * all EXPR_NONE before. The pool grows. False when out of memory, which the pool remembers.
 */
bool taint_masks(struct expr_pool *pool, const uint32_t *uses, size_t num, unsigned sources, expr_id *ret);

#endif
