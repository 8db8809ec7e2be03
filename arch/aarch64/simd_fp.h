/*
 * Numbers in the lanes of vectors, for use inside this folder: what the families of Advanced SIMD floating point share.
 */
#ifndef ARCH_AARCH64_SIMD_FP_H
#define ARCH_AARCH64_SIMD_FP_H

#include "arch/aarch64/simd.h"

/*
 * The lanes by fields y and Q: y is the size of rows of single and double precision; rows without it have half
 * precision. False if the row has no such lanes: unallocated.
 */
bool asimd_fp_begin(struct a64_ctx *c, struct asimd *ret, struct fp_spec *ret_spec);

/*
 * Writes a vector to Rd; of a scalar, with what a64_fp_set_scalar() has above it: field `merged`, 0: zeros. `node` is
 * the operator's, whose flags are raised.
 */
void asimd_fp_finish(struct a64_ctx *c, const struct asimd *s, expr_id node, char merged);

/* The same of a value and flags that are no longer one node. */
void asimd_fp_write(struct a64_ctx *c, const struct asimd *s, expr_id value, expr_id flags, char merged);

/* FPNeg() in the even lanes, in the odd lanes, or both: the sign changes, that of a NaN unless FPCR.AH is 1. */
expr_id asimd_fp_negate(struct a64_ctx *c, unsigned lane, expr_id value, bool even, bool odd);
/* FPAbs(): the sign becomes 0, that of a NaN unless FPCR.AH is 1. */
expr_id asimd_fp_absolute(struct a64_ctx *c, unsigned lane, expr_id value);

#endif
