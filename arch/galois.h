/*
 * Bytes as elements of the Galois field GF(2^8), and tables of them: what AES, SM4 and x86's GFNI are made of.
 */
#ifndef ARCH_GALOIS_H
#define ARCH_GALOIS_H

#include "lib/expr/expr.h"

/* The polynomials that products are reduced by. */
enum {
	GALOIS_AES = 0x11b, /* FIPS 197, 4.2 */
	GALOIS_SM4 = 0x1f5,
};

/* The inverse of each element by one of these; that of 0 is 0. */
void galois_inverses(unsigned polynomial, uint8_t ret[256]);

/* An affine map: the sum of the constant and of x rotated to the left by each number that is set in `rotations`. */
uint8_t galois_affine(uint8_t x, uint8_t rotations, uint8_t constant);

/* What the table has for each byte of a vector, whatever its width. */
expr_id galois_lookup(struct expr_pool *pool, const uint8_t table[256], expr_id a);

/* Each byte of a vector times x. */
expr_id galois_times_x(struct expr_pool *pool, unsigned polynomial, expr_id a);

#endif
