/*
 * Seeded random values and expressions, for property tests of lib/expr and of what builds on it.
 */
#ifndef LIB_TESTING_RANDOM_EXPR_H
#define LIB_TESTING_RANDOM_EXPR_H

#include "lib/base/rng.h"
#include "lib/base/vec.h"
#include "lib/expr/eval.h"
#include "lib/expr/fp_op.h"

/* A value of the width: zero, all ones, one bit, small, or random words. */
void rng_value(struct rng *r, unsigned width, uint64_t *ret);

/* Registers of many widths: register i has random_widths[i] bits. */
enum { RANDOM_NUM_REGS = 14, RANDOM_STATE_WORDS = 32 };
extern const uint16_t random_widths[RANDOM_NUM_REGS];
extern const struct reg_layout random_layout;

/* Values for all registers. */
void random_state(struct rng *r, uint64_t state[RANDOM_STATE_WORDS]);

struct random_expr {
	struct expr_pool *pool;
	struct rng *rng;
	bool dense; /* of few widths, registers, constants and no vectors: where rewrite rules find most to do */
	bool undef; /* with UNDEF and ENV leaves */
	bool load;  /* with LOAD leaves of versions 0 to max_version */
	uint32_t max_version;
	VEC(expr_id) made; /* for reuse; the caller frees it */
};

/* A random expression of the width, `depth` operators deep. Everything that can be evaluated occurs. */
expr_id random_expr(struct random_expr *g, unsigned width, unsigned depth);

/* Attributes that the floating-point operator can have. */
struct fp_spec random_fp_spec(struct rng *r, enum expr_op op);

#endif
