/*
 * Bit-vector values: the meaning of every operator, on arrays of 64-bit words, least significant first.
 *
 * Invariant: a value of width w has (w + 63) / 64 words, and the bits above w are zero. Every function here expects it
 * of its operands, asserts it, and leaves it in its result. Results never overlap operands.
 *
 * Constants are folded by these functions and wide values evaluated by them, so that the semantics stand once; eval.c
 * has short cuts for values of up to 128 bits, and the tests compare the two.
 */
#ifndef LIB_EXPR_BV_H
#define LIB_EXPR_BV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/expr/expr.h"

typedef unsigned __int128 bv_u128;
typedef __int128 bv_s128;

/* An operator with its attributes; width is the result's. */
struct bv_op {
	uint8_t op; /* enum expr_op */
	uint16_t width;
	uint16_t lane;
	uint32_t attr;
	uint16_t arg_width[EXPR_MAX_ARGS]; /* 0: there is no such operand */
};

static inline unsigned bv_words(unsigned width)
{
	return (width + 63) / 64;
}

/* The low `width` bits set; width 0 to 64. */
static inline uint64_t bv_ones(unsigned width)
{
	return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

/* The bits of the last word that belong to a value of this width. */
static inline uint64_t bv_top_mask(unsigned width)
{
	return bv_ones(width % 64 ? width % 64 : 64);
}

/* The low `width` (1-64) bits of x as a signed number. */
static inline int64_t bv_signed(uint64_t x, unsigned width)
{
	return (int64_t)(x << (64 - width)) >> (64 - width);
}

/* Bits [low, low + n) of a; n is 1 to 64. */
static inline uint64_t bv_get(const uint64_t *a, unsigned low, unsigned n)
{
	unsigned word = low / 64, shift = low % 64;
	uint64_t x = a[word] >> shift;

	if (shift > 64 - n)
		x |= a[word + 1] << (64 - shift);
	return x & bv_ones(n);
}

/* Likewise of up to 128 bits; n is 1 to 128. */
static inline bv_u128 bv_get2(const uint64_t *a, unsigned low, unsigned n)
{
	bv_u128 high = n > 64 ? bv_get(a, low + 64, n - 64) : 0;

	return high << 64 | bv_get(a, low, n > 64 ? 64 : n);
}

/* Sets bits [low, low + n) of a, which are zero so far, to x (below 2^n). */
static inline void bv_put(uint64_t *a, unsigned low, unsigned n, uint64_t x)
{
	unsigned word = low / 64, shift = low % 64;

	a[word] |= x << shift;
	if (shift > 64 - n)
		a[word + 1] |= x >> (64 - shift);
}

static inline bool bv_bit(const uint64_t *a, unsigned index)
{
	return a[index / 64] >> index % 64 & 1;
}

bool bv_is_zero(const uint64_t *a, unsigned width);
bool bv_is_ones(const uint64_t *a, unsigned width);

/* Does the invariant hold? */
bool bv_is_valid(const uint64_t *a, unsigned width);

/* A count's value, or UINT16_MAX if it is larger than that. */
unsigned bv_count(const uint64_t *a, unsigned width);

/* Can bv_apply() do this operator? */
bool bv_can(enum expr_op op);

/* ret = op(arg[0], ..); operands of width 0 are not used. */
void bv_apply(const struct bv_op *o, uint64_t *ret, const uint64_t *const arg[EXPR_MAX_ARGS]);

/* One operator of up to three operands; as bv_apply(), without the checks. */
typedef void bv_fn(const struct bv_op *o, uint64_t *ret, const uint64_t *a, const uint64_t *b, const uint64_t *c);

/* By operator; NULL where there is none. bv_lanes.c has the lane-wise ones. */
extern bv_fn *const bv_lane_fn[EXPR_NUM_OPS];

/* The floating-point operators (fp_op.h). */
void bv_fp(const struct bv_op *o, uint64_t *ret, const uint64_t *const arg[EXPR_MAX_ARGS]);

#endif
