/*
 * What compile.c makes and eval.c runs; private to lib/expr.
 *
 * A part is a list of small instructions over a file of 64-bit slots. A value has as many slots as words. Slots
 * [0, PROG_FIRST_SLOT) are not used, so that slot 0 can mean "none"; then come the constants, the input registers'
 * words, and one place for each result.
 */
#ifndef LIB_EXPR_PROG_H
#define LIB_EXPR_PROG_H

#include "lib/expr/bv.h"
#include "lib/expr/eval.h"

enum { PROG_FIRST_SLOT = EXPR_MAX_WORDS, PROG_MAX_SLOTS = UINT16_MAX };

/* The operators by their own names do values of up to 64 bits; NAME2 does results (or operands) of 65 to 128. */
enum code_op {
#define OP(name, text, arity, shape, traits) CODE_##name,
#include "lib/expr/op.def"
#undef OP
	CODE_WIDE, /* bv_apply(); imm: index into wide, third operand << 32, fourth << 48 */
	CODE_NOT2,
	CODE_AND2,
	CODE_OR2,
	CODE_XOR2,
	CODE_ADD2,
	CODE_SUB2,
	CODE_MUL2,
	CODE_UDIV2,
	CODE_UREM2,
	CODE_SDIV2,
	CODE_SREM2,
	CODE_SHL2,
	CODE_LSHR2,
	CODE_ASHR2,
	CODE_EQ2,
	CODE_ULT2,
	CODE_ITE2,
	CODE_CONCAT2,  /* of two values of up to 64 bits */
	CODE_ZEXT2,    /* of a value of up to 64 bits */
	CODE_EXTRACT2, /* up to 64 bits out of two words */
	CODE_CHECK,    /* stop as EVAL_UNKNOWN if any of the n words at a is not 0 */
	CODE_FAULT,    /* stop with fault n if a is not 0 */
	CODE_STORE,    /* n bytes of b at a; imm: guard slot | mask slot << 16 */
	CODE_END,
	CODE_NUM_OPS
};

/*
 * n and imm by operator: the width in n and its mask in imm for arithmetic, shifts and signed comparisons; the low
 * operand's width in n for CONCAT; the first bit in n for EXTRACT; the third operand's slot in imm for ITE; the length
 * in bytes in n and the version in imm for LOAD.
 */
struct code {
	uint8_t op; /* enum code_op */
	uint8_t n;
	uint16_t dst, a, b;
	uint64_t imm;
};

/* Words of a register (or, mask, of its unknown bits) that are copied in. */
struct prog_input {
	uint16_t from; /* word of the state */
	uint16_t to;   /* slot */
	uint8_t num;
	bool mask;
};

struct prog_output {
	uint32_t reg;
	uint16_t width;
	uint16_t value, mask; /* slots; mask 0: none */
};

struct prog_bound {
	uint32_t reg;
	uint16_t first;
	uint16_t arg[2], when;           /* slots; 0: none */
	uint16_t arg_mask[2], when_mask; /* slots; 0: all is determined */
	struct fp_bound bound;
};

struct prog_part {
	const struct code *code;
	const struct bv_op *wide;
	const struct prog_input *inputs;
	const struct prog_output *outputs;
	const struct prog_bound *bounds;
	const uint64_t *consts;
	uint32_t num_code, num_wide, num_inputs, num_outputs, num_bounds, num_consts;
	uint32_t num_slots, num_loads;
};

/*
 * fast is for states whose bits are all known; full follows unknown bits as well. Both are in the one allocation. A
 * part that is missing has no code: fast, when undefined bits may pass through memory; full, when it would be too
 * large.
 */
struct prog {
	struct prog_part fast, full;
	size_t size;
	uint32_t num_stores; /* of the transfer */
	bool uses_env, uses_undef;
};

#endif
