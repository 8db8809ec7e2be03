/*
 * What the families of vector instructions share: operands, constants, and lanes moved by constant patterns.
 *
 * The legacy encoding of an instruction and its VEX encodings are one builder. They differ in three things, which are
 * settled here and in x86_write(): a VEX instruction has a first source of its own in place of the destination, its
 * memory operands need no alignment (SDM vol. 2, 2.4), and it clears the bits of the destination above its vector
 * length. MMX registers are vectors of 64 bits; what else their instructions do is settled in mmx.h. With 256 bits,
 * instructions that move data across lanes work on each block of 128 bits by itself, unless their description says
 * otherwise.
 */
#ifndef ARCH_X86_64_SIMD_H
#define ARCH_X86_64_SIMD_H

#include "arch/x86_64/x86_64.h"
#include "lib/expr/fp_op.h"

enum { SIMD_BLOCK = 128 };

/*
 * Rows of the opcode table (encoding.h): of the legacy encoding, of a VEX one, of both. name is that of the legacy one,
 * a V in front being that of the other. vex: VEX.L, if it is not free, and VEX.W: "WIG", "LIG.WIG", "128.W0". Of the
 * operands, legacy encodings have not those of letter H. Features: of the legacy encoding; of VEX, AVX being implied.
 */
#define SSE_ROW_FLAGS(name, bytes, ops, has, oszapcd, build, param) ROW(name, bytes, ops, has, oszapcd, 0, build, param)
#define AVX_ROW_FLAGS(text, bytes, vex, ops, has, has_256, oszapcd, builder, parameter) \
	{ \
		.name = text, .encoding = "VEX." vex " " bytes, .operands = ops, .feature = X86_HAS_##has, \
		.feature_256 = X86_HAS_##has_256, .flags = oszapcd, .build = builder, .param = parameter \
	}
#define SIMD_ROW_FLAGS(name, bytes, vex, ops, has, has_128, has_256, oszapcd, build, param) \
	SSE_ROW_FLAGS(name, bytes, ops, has, oszapcd, build, param), \
		AVX_ROW_FLAGS("v" name, bytes, vex, ops, has_128, has_256, oszapcd, build, param)
#define SSE_ROW(name, bytes, ops, has, build, param) SSE_ROW_FLAGS(name, bytes, ops, has, "-------", build, param)
#define AVX_ROW(name, bytes, vex, ops, has, has_256, build, param) \
	AVX_ROW_FLAGS(name, bytes, vex, ops, has, has_256, "-------", build, param)
#define SIMD_ROW(name, bytes, vex, ops, has, has_128, has_256, build, param) \
	SIMD_ROW_FLAGS(name, bytes, vex, ops, has, has_128, has_256, "-------", build, param)

/* The parameter of a lane-wise operation: operator and lane width. */
#define LANES(op, lane) (EXPR_##op << 16 | (lane))

static inline enum expr_op simd_operator(const struct x86_form *f)
{
	return f->param >> 16;
}

static inline unsigned simd_lane(const struct x86_form *f)
{
	return f->param & 0xffff;
}

/* The immediate byte. */
static inline unsigned simd_imm(const struct x86_ctx *c)
{
	return c->raw.imm & 0xff;
}

/* ---- Operands ---- */

/* The vector length: the width of the destination, or of the source where that is no vector register; bits. */
unsigned simd_width(const struct x86_ctx *c);

/* What instructions that move data across lanes work on by itself: 128 bits, of MMX registers 64. */
static inline unsigned simd_block(const struct x86_ctx *c)
{
	return simd_width(c) < SIMD_BLOCK ? simd_width(c) : SIMD_BLOCK;
}

/* The number of the operand that is the first source: the second source is the next one. */
static inline unsigned simd_first(const struct x86_ctx *c)
{
	return c->raw.vex ? 1 : 0;
}

/* The low `bits` of operand i; of memory just so many bits are read, at any alignment. */
expr_id simd_read(struct x86_ctx *c, unsigned i, unsigned bits);

/* Operand i in the vector length: legacy instructions want 128 bits of memory aligned (SDM vol. 1, 4.1.1). */
expr_id simd_source(struct x86_ctx *c, unsigned i);

/* The first and the second source of destination = a op b. */
expr_id simd_a(struct x86_ctx *c);
expr_id simd_b(struct x86_ctx *c);

/* ---- Lanes ---- */

/* A lane-wise operator of two operands; b may be EXPR_NONE for operators that have one. */
expr_id simd_lanes(struct x86_ctx *c, enum expr_op op, unsigned lane, expr_id a, expr_id b);

/* All lanes shifted by a constant: op is EXPR_VSHL, EXPR_VLSHR or EXPR_VASHR. */
expr_id simd_shift(struct x86_ctx *c, enum expr_op op, unsigned lane, expr_id a, unsigned count);

/* The constant `value` in each lane of a vector. */
expr_id simd_splat(struct x86_ctx *c, unsigned width, unsigned lane, uint64_t value);

/* A constant of which bit i of `bits` fills lane i; from the ninth lane on the bits begin anew. */
expr_id simd_lane_mask(struct x86_ctx *c, unsigned width, unsigned lane, unsigned bits);

/* Bits of b where the mask is set, else of a. */
expr_id simd_select(struct x86_ctx *c, expr_id mask, expr_id a, expr_id b);

/* a with the bits from `low` up replaced. */
expr_id simd_insert(struct x86_ctx *c, expr_id a, unsigned low, expr_id value);

/* In patterns: a lane that becomes zero. */
enum { SIMD_ZERO = 0xff };

/* A vector of `width` bits of which lane i is lane index[i] of a. */
expr_id simd_permute(struct x86_ctx *c, unsigned width, unsigned lane, expr_id a, const uint8_t *index);

/*
 * The same pattern in each block of 128 bits (MMX: 64): lane i is lane index[i] of the block of a and that of b side by
 * side, those of a coming first.
 */
expr_id simd_permute_blocks(struct x86_ctx *c, unsigned lane, expr_id a, expr_id b, const uint8_t *index);

/* destination = fn(a, b) for each block of 128 bits of the first and the second source. */
typedef expr_id simd_block_fn(struct x86_ctx *c, const struct x86_form *f, expr_id a, expr_id b);
void simd_by_block(struct x86_ctx *c, const struct x86_form *f, simd_block_fn *fn);

/*
 * ---- Floating point, as MXCSR says (SDM vol. 1, 10.2.3, 11.5) ----
 *
 * An instruction reads its operands, applies an operator of lib/expr/fp_op.h to all lanes at once, and finishes: flags
 * go to MXCSR or make a fault, the value to the destination. Some have several operators, whose flags are put together.
 */

/* An operator over all lanes; b and c are EXPR_NONE where it has no such operand. EXPR_NONE if an operand is missing.
 */
expr_id simd_fp(struct x86_ctx *c, enum expr_op op, const struct fp_spec *s, expr_id a, expr_id b, expr_id third);

/*
 * Operand i of lanes: in the vector length if the instruction is packed, else the lowest lane alone. What is narrower
 * or wider than the other operands is read by simd_read().
 */
expr_id simd_fp_operand(struct x86_ctx *c, unsigned i, bool packed, unsigned lane);

/*
 * Sets the flags in MXCSR, beside those of calls before: steps of one instruction. An exception that is not masked
 * there is a fault instead, and ends the instruction.
 */
void simd_raise(struct x86_ctx *c, expr_id flags);

/*
 * Writes what an operator gave and raises its flags. The value becomes the destination (operand 0, of any kind), or its
 * low bits, the rest being that of operand `rest`: scalar instructions.
 */
void simd_finish_fp(struct x86_ctx *c, expr_id result);
void simd_finish_fp_lowest(struct x86_ctx *c, expr_id result, unsigned rest);

#endif
