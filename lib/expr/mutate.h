/*
 * Transfers made wrong on purpose, one change at a time: what a test of the models must notice. Another operator, a bit
 * of a constant, an extract at another place, swapped operands or branches, an output that is forgotten or has a wrong
 * bit, a store elsewhere or of another size, a fault that does not happen, an error bound that is too narrow.
 */
#ifndef LIB_EXPR_MUTATE_H
#define LIB_EXPR_MUTATE_H

#include "lib/base/rng.h"
#include "lib/expr/transfer.h"

enum { MUTATION_TEXT_LEN = 96 };

/*
 * Makes of ret (which is initialized, and emptied) the transfer t with one change, which rng chooses, in t's pool; text
 * says what was changed. The change is one of structure: whether it is one of behaviour is for the caller to find out.
 * *ret_found: false if no change could be made. Wrong sizes and places are always well-formed (transfer_verify()).
 */
struct error *transfer_mutate(const struct transfer *t, struct rng *rng, struct transfer *ret,
			      char text[MUTATION_TEXT_LEN], bool *ret_found);

#endif
