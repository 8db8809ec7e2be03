/* The functions of words that secure hashes are made of, named as in FIPS 180-4, 4.1. SM3 has some of them, too. */
#ifndef ARCH_SHA_H
#define ARCH_SHA_H

#include "lib/expr/expr.h"

expr_id sha_choose(struct expr_pool *pool, expr_id x, expr_id y, expr_id z);
expr_id sha_parity(struct expr_pool *pool, expr_id x, expr_id y, expr_id z);
expr_id sha_majority(struct expr_pool *pool, expr_id x, expr_id y, expr_id z);

expr_id sha_rol(struct expr_pool *pool, expr_id x, unsigned n);
expr_id sha_ror(struct expr_pool *pool, expr_id x, unsigned n);

/* The functions sigma: two rotations to the right and a shift. */
expr_id sha_sigma(struct expr_pool *pool, expr_id x, unsigned r1, unsigned r2, unsigned shift);
/* The functions Sigma: three rotations. */
expr_id sha_big_sigma(struct expr_pool *pool, expr_id x, unsigned r1, unsigned r2, unsigned r3);

#endif
