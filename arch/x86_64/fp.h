/*
 * Binary floating point (IEEE 754) as SSE computes it, put together from integer operators: whatever host evaluates it,
 * the bits are the same. SDM vol. 1, 4.8, 4.9, 10.2.3, 11.5, and appendix E for what masked exceptions give.
 */
#ifndef ARCH_X86_64_FP_H
#define ARCH_X86_64_FP_H

#include "arch/x86_64/x86_64.h"

struct fp_format {
	uint8_t exponent, fraction; /* bits */
};

extern const struct fp_format fp_single, fp_double;

static inline unsigned fp_width(const struct fp_format *f)
{
	return 1u + f->exponent + f->fraction;
}

/* What one operation gives: a value, and the exception flags that it raises in the order of MXCSR (6 bits). */
struct fp_result {
	expr_id value, flags;
};

/* How the operations below are asked for: by rows of a table. */
typedef struct fp_result fp_operation(struct x86_ctx *c, const struct fp_format *f, expr_id a, expr_id b);

fp_operation fp_add, fp_sub, fp_mul, fp_div, fp_min, fp_max;

/* Compares; the results are 1 bit each. quiet: a quiet NaN raises nothing. */
struct fp_order {
	expr_id less, equal, unordered, flags;
};
struct fp_order fp_compare(struct x86_ctx *c, const struct fp_format *f, bool quiet, expr_id a, expr_id b);

/* Conversions: of a signed integer; to one of `width` bits, truncated or rounded; to another format. */
struct fp_result fp_from_int(struct x86_ctx *c, const struct fp_format *f, expr_id a);
struct fp_result fp_to_int(struct x86_ctx *c, const struct fp_format *f, unsigned width, bool truncate, expr_id a);
struct fp_result fp_convert(struct x86_ctx *c, const struct fp_format *to, const struct fp_format *from, expr_id a);

/* The flags are set in MXCSR; an exception that is not masked there is a fault instead. */
void fp_finish(struct x86_ctx *c, expr_id flags);

#endif
