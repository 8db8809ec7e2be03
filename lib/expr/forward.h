/*
 * Loads that see a transfer's own stores; private to lib/expr.
 */
#ifndef LIB_EXPR_FORWARD_H
#define LIB_EXPR_FORWARD_H

#include "lib/expr/transfer.h"

/*
 * The value of a load after the transfer's first `version` stores: bits of the store that it certainly lies in; else a
 * LOAD leaf, of the lowest version that certainly has the same bytes. address is not EXPR_NONE.
 */
expr_id forward_load(const struct transfer *t, size_t version, unsigned width, expr_id address);

#endif
