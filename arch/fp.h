/*
 * Binary floating point (IEEE 754), put together from integer operators: whatever host evaluates it, the bits are the
 * same. Where architectures differ, and what their control registers choose, is an environment.
 */
#ifndef ARCH_FP_H
#define ARCH_FP_H

#include "lib/expr/expr.h"

/* lib/fp has functions of these names, on values; no file includes both. */
#define fp_add      graph_fp_add
#define fp_sub      graph_fp_sub
#define fp_mul      graph_fp_mul
#define fp_div      graph_fp_div
#define fp_compare  graph_fp_compare
#define fp_from_int graph_fp_from_int
#define fp_to_int   graph_fp_to_int
#define fp_convert  graph_fp_convert

struct fp_format {
	uint8_t exponent, fraction; /* bits */
};

extern const struct fp_format fp_single, fp_double;

static inline unsigned fp_width(const struct fp_format *f)
{
	return 1u + f->exponent + f->fraction;
}

struct fp_env {
	struct expr_pool *pool;

	/* What the control register says; 1 bit each. */
	expr_id nearest, up, down; /* how to round; none of them: towards zero */
	expr_id flush_operands;    /* denormal operands are zeroes */
	expr_id flush_results;     /* tiny results become zeroes */
	expr_id exact_underflow;   /* a tiny result raises underflow also if it is exact */
	expr_id default_nan;       /* any NaN that results is the default one */

	/* What the architecture says; false is x86, true AArch64, but for negative_nan. */
	bool tiny_before;      /* a result is tiny by its value before rounding, else after */
	bool flushed_is_exact; /* a flushed result raises underflow alone */
	bool flush_raises;     /* an operand that is flushed raises FP_DENORMAL, else one that is not */
	bool negative_nan;     /* the sign of the default NaN */
	bool signalling_first; /* of two NaNs the signalling one counts, else the first */
};

/* Exception flags: bits of a result's flags. */
enum { FP_INVALID, FP_DENORMAL, FP_DIVIDE, FP_OVERFLOW, FP_UNDERFLOW, FP_PRECISION, FP_NUM_FLAGS };

/* What one operation gives. */
struct fp_result {
	expr_id value, flags;
};

/* The operations of two operands, for tables. */
typedef struct fp_result fp_operation(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b);

fp_operation fp_add, fp_sub, fp_mul, fp_div;

/* Compares; the results are 1 bit each. quiet: a quiet NaN raises nothing. */
struct fp_order {
	expr_id less, equal, unordered, flags;
};
struct fp_order fp_compare(const struct fp_env *e, const struct fp_format *f, bool quiet, expr_id a, expr_id b);

/* The operand as operations see it: a zero where denormals are flushed. */
expr_id fp_operand(const struct fp_env *e, const struct fp_format *f, expr_id a);

/* Of an integer of up to 64 bits. */
struct fp_result fp_from_int(const struct fp_env *e, const struct fp_format *f, bool is_signed, expr_id a);

/* To an integer. What it cannot hold gives the nearest that it can, and NaNs 0, if it saturates; else its top bit
 * alone. */
struct fp_integer {
	uint8_t width; /* bits */
	bool is_signed, truncate, saturate;
};
struct fp_result fp_to_int(const struct fp_env *e, const struct fp_format *f, const struct fp_integer *to, expr_id a);

/* To another format. */
struct fp_result fp_convert(const struct fp_env *e, const struct fp_format *to, const struct fp_format *from,
			    expr_id a);

#endif
