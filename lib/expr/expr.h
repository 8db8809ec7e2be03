/*
 * Bit-vector expressions of 1 to 512 bits.
 *
 * Expressions live in a pool and are named by 32-bit ids. The pool is hash-consed: equal expressions have equal ids, so
 * comparing ids compares structure. Constructors simplify (rewrite*.c); an operand of the wrong width is a bug in the
 * caller and asserts. Ids are handed out in the order of construction, operands before users, and operands of
 * commutative operators are ordered (constants last, the others by id), so everything derived from a pool is
 * reproducible.
 *
 * Running out of memory is remembered by the pool: constructors then return EXPR_NONE, accept EXPR_NONE, and
 * expr_pool_error() tells at the end. A pool is freed or emptied as a whole.
 *
 * This layer knows nothing of any ISA: a register is a number with a width.
 */
#ifndef LIB_EXPR_EXPR_H
#define LIB_EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum { EXPR_MAX_WIDTH = 512, EXPR_MAX_WORDS = EXPR_MAX_WIDTH / 64, EXPR_MAX_ARGS = 4 };

enum expr_op {
#define OP(name, text, arity, shape, traits) EXPR_##name,
#include "lib/expr/op.def"
#undef OP
	EXPR_NUM_OPS
};

typedef uint32_t expr_id;

#define EXPR_NONE ((expr_id)0)

struct expr {
	uint8_t op;     /* enum expr_op */
	uint16_t width; /* bits of the result */
	uint16_t lane;  /* lane width of operators with TRAIT_L, else 0 */
	uint32_t attr;  /* see op.def; CONST wider than 64 bits: index into the pool's words */
	expr_id arg[EXPR_MAX_ARGS];
	uint64_t value; /* CONST of up to 64 bits */
};

struct expr_pool;

/* simplify: false builds exactly what is asked for, for testing the rewrite rules. */
struct error *expr_pool_create(bool simplify, struct expr_pool **ret);
void expr_pool_destroy(struct expr_pool *pool);

/* Forgets all expressions and any remembered error, and keeps the memory. */
void expr_pool_reset(struct expr_pool *pool);

/* NULL, or the error that made a constructor return EXPR_NONE. The caller owns it. */
struct error *expr_pool_error(const struct expr_pool *pool);

/* The node; valid until the next construction. id is not EXPR_NONE. */
const struct expr *expr_get(const struct expr_pool *pool, expr_id id);
size_t expr_pool_size(const struct expr_pool *pool);

/* The width in bits; 0 for EXPR_NONE. */
unsigned expr_width(const struct expr_pool *pool, expr_id id);

/* ---- Leaves ---- */

/* The low `width` bits of value; widths above 64 are zero-extended. */
expr_id expr_const(struct expr_pool *pool, unsigned width, uint64_t value);
/* words: (width + 63) / 64 of them, least significant first; bits above width are ignored. */
expr_id expr_const_wide(struct expr_pool *pool, unsigned width, const uint64_t *words);
expr_id expr_reg(struct expr_pool *pool, unsigned width, uint32_t reg);
expr_id expr_env(struct expr_pool *pool, unsigned width, uint32_t input);
/* A new undefined value, different from all others of the pool. */
expr_id expr_undef(struct expr_pool *pool, unsigned width);
/* Little-endian load of width bits (a multiple of 8) at a 64-bit address, after the first `version` stores. */
expr_id expr_load(struct expr_pool *pool, unsigned width, expr_id address, uint32_t version);

/* ---- Operators ---- */

/* The general constructors; the width follows from the operands by the operator's shape. */
expr_id expr_unary(struct expr_pool *pool, enum expr_op op, expr_id a);
expr_id expr_binary(struct expr_pool *pool, enum expr_op op, expr_id a, expr_id b);
expr_id expr_ite(struct expr_pool *pool, expr_id cond, expr_id then, expr_id otherwise);
/* Lane-wise operators of one to three operands (the unused ones are EXPR_NONE); lane in bits. */
expr_id expr_lanes(struct expr_pool *pool, enum expr_op op, unsigned lane, expr_id a, expr_id b, expr_id c);

expr_id expr_concat(struct expr_pool *pool, expr_id high, expr_id low);
/* Bits [low, low + width). */
expr_id expr_extract(struct expr_pool *pool, expr_id a, unsigned low, unsigned width);
expr_id expr_zext(struct expr_pool *pool, expr_id a, unsigned width);
expr_id expr_sext(struct expr_pool *pool, expr_id a, unsigned width);

/* Short forms, so that a model reads like its manual. */
#define EXPR_UNARY(name, op) \
	static inline expr_id name(struct expr_pool *pool, expr_id a) \
	{ \
		return expr_unary(pool, op, a); \
	}
#define EXPR_BINARY(name, op) \
	static inline expr_id name(struct expr_pool *pool, expr_id a, expr_id b) \
	{ \
		return expr_binary(pool, op, a, b); \
	}
EXPR_UNARY(expr_not, EXPR_NOT)
EXPR_UNARY(expr_neg, EXPR_NEG)
EXPR_BINARY(expr_and, EXPR_AND)
EXPR_BINARY(expr_or, EXPR_OR)
EXPR_BINARY(expr_xor, EXPR_XOR)
EXPR_BINARY(expr_add, EXPR_ADD)
EXPR_BINARY(expr_sub, EXPR_SUB)
EXPR_BINARY(expr_mul, EXPR_MUL)
EXPR_BINARY(expr_shl, EXPR_SHL)
EXPR_BINARY(expr_lshr, EXPR_LSHR)
EXPR_BINARY(expr_ashr, EXPR_ASHR)
EXPR_BINARY(expr_rol, EXPR_ROL)
EXPR_BINARY(expr_ror, EXPR_ROR)
EXPR_BINARY(expr_eq, EXPR_EQ)
EXPR_BINARY(expr_ult, EXPR_ULT)
EXPR_BINARY(expr_ule, EXPR_ULE)
EXPR_BINARY(expr_slt, EXPR_SLT)
EXPR_BINARY(expr_sle, EXPR_SLE)
#undef EXPR_UNARY
#undef EXPR_BINARY

/* Logical short forms on 1-bit or wider operands. */
expr_id expr_ne(struct expr_pool *pool, expr_id a, expr_id b);
expr_id expr_is_zero(struct expr_pool *pool, expr_id a);
expr_id expr_bit(struct expr_pool *pool, expr_id a, unsigned index);
expr_id expr_msb(struct expr_pool *pool, expr_id a);
/* Zero-extended or cut to width. */
expr_id expr_fit(struct expr_pool *pool, expr_id a, unsigned width);

/* The constant `value` in each lane; lanes have up to 64 bits. */
expr_id expr_splat(struct expr_pool *pool, unsigned width, unsigned lane, uint64_t value);
/* A vector of `width` bits of which lane i is lane index[i] of a, 0 where that has no such lane. */
expr_id expr_permute(struct expr_pool *pool, unsigned width, unsigned lane, expr_id a, const uint8_t *index);

/* ---- Questions ---- */

/* True if id is a constant of up to 64 bits; ret may be NULL. */
bool expr_is_const(const struct expr_pool *pool, expr_id id, uint64_t *ret);
/* The words of a constant of any width, written to ret[(width + 63) / 64]; false if id is no constant. */
bool expr_const_words(const struct expr_pool *pool, expr_id id, uint64_t *ret);

/* "add", "veq": for messages. */
const char *expr_op_text(enum expr_op op);

#endif
