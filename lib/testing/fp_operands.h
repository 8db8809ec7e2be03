/*
 * Operands for tests of floating point: corners of a format (zeroes, denormals, the ends of the range, halfway cases,
 * infinities, NaNs of several payloads; F80: encodings that are unsupported, too) mixed with random ones, and pairs
 * that are near each other.
 */
#ifndef LIB_TESTING_FP_OPERANDS_H
#define LIB_TESTING_FP_OPERANDS_H

#include "lib/base/rng.h"
#include "lib/fp/fp.h"

fp_bits fp_operand_any(struct rng *r, enum fp_format f);

/* Near `a`, or far from it: the exponent differs by a little, or bits do. */
fp_bits fp_operand_near(struct rng *r, enum fp_format f, fp_bits a);

/* One of the two. */
fp_bits fp_operand_second(struct rng *r, enum fp_format f, fp_bits a);

/* How many cases a test shall try: `few`, or VALIDATE_FP_CASES if that is set. */
uint64_t fp_cases(uint64_t few);

#endif
