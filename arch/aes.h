/*
 * The steps of an AES round (FIPS 197, 5), of which the instructions of each architecture are made.
 *
 * The state is a vector of 128 bits: four columns of four bytes.
 */
#ifndef ARCH_AES_H
#define ARCH_AES_H

#include "lib/expr/expr.h"

expr_id aes_sub_bytes(struct expr_pool *pool, expr_id state, bool inverse);
expr_id aes_shift_rows(struct expr_pool *pool, expr_id state, bool inverse);
expr_id aes_mix_columns(struct expr_pool *pool, expr_id state, bool inverse);

#endif
