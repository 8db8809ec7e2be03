/*
 * Functions whose value the manuals give only within an error: what a result may be. The true value is computed with
 * 113 bits of significand (binary128), with an error below 2^-108 of it; so what is asked of a result is asked of its
 * distance from the true value, not from the value rounded to its format.
 *
 * Special cases - zeroes, infinities, NaNs, operands out of range - are not this module's: manuals give them exactly.
 */
#ifndef LIB_FP_BOUND_H
#define LIB_FP_BOUND_H

#include "lib/fp/fp.h"

/* Of a, the first operand, and for those of two operands of b. */
enum fp_function {
	FP_FUNCTION_RCP,     /* 1 / a */
	FP_FUNCTION_RSQRT,   /* 1 / sqrt(a) */
	FP_FUNCTION_F2XM1,   /* 2^a - 1 */
	FP_FUNCTION_FYL2X,   /* b * log2(a) */
	FP_FUNCTION_FYL2XP1, /* b * log2(a + 1) */
	FP_FUNCTION_FSIN,    /* of a less a multiple of the 66-bit pi (SDM vol. 1, 8.3.8); so are the next two */
	FP_FUNCTION_FCOS,
	FP_FUNCTION_FPTAN,
	FP_FUNCTION_FPATAN, /* the angle of the point x = a, y = b */
	FP_NUM_FUNCTIONS
};

/* What the error is measured in. */
enum fp_bound_unit {
	FP_BOUND_RELATIVE, /* the true value: the error is at most so large */
	FP_BOUND_ULP,      /* the last place of the format at the true value: the error is less */
};

/* The error is up to multiple / 2^shift units. */
struct fp_bound {
	uint8_t format;   /* enum fp_format, of operands and result: FP_F32, FP_F64 or FP_F80 */
	uint8_t function; /* enum fp_function */
	uint8_t unit;     /* enum fp_bound_unit */
	uint8_t multiple;
	uint8_t shift;     /* at most 63 */
	bool flushes_tiny; /* what is below the least normal number is a zero of the same sign */
};

/* "rcp", "fyl2x": for formulas. */
const char *fp_function_name(enum fp_function function);
unsigned fp_function_operands(enum fp_function function);

/* May the result for these finite operands be this? */
bool fp_bound_holds(const struct fp_bound *bound, fp_bits a, fp_bits b, fp_bits result);

/* The true value rounded to nearest: for reports, as what was expected. */
fp_bits fp_bound_nearest(const struct fp_bound *bound, fp_bits a, fp_bits b);

/* "1.5 * 2^-12", "1 ulp", "1.5 ulp". size: at least 32. */
void fp_bound_print(const struct fp_bound *bound, char *ret, unsigned size);

#endif
