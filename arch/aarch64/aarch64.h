/*
 * The instruction model of AArch64, for use inside this folder.
 *
 * An encoding is a row of a family's table (struct a64_row, decode.h): the pattern of its bits, the helper that builds
 * its transfer, a parameter, and the effect on the flags. A helper reads like the manual's "Operation": it reads fields
 * and operands, computes, writes operands and flags. a64_lift() finds the row, runs the helper, and does what the row
 * says about flags that are cleared or set: helpers never do that.
 *
 * "Arm ARM" is the Arm Architecture Reference Manual for A-profile architecture (DDI 0487); functions in capitals with
 * parentheses, ShiftReg(), are those of its pseudocode. The model is that of EL0 up to Armv9.6-A, with the Linux
 * kernel's choices; memory is little-endian. What a processor may lack is told by cpu.h and needs.c.
 *
 * SVE and SME are not modelled: sve.h has their names, and what they may change. Of extensions that no emulator has yet
 * (QEMU 11.1), needs.c has names alone.
 */
#ifndef ARCH_AARCH64_AARCH64_H
#define ARCH_AARCH64_AARCH64_H

#include "arch/aarch64/decode.h"
#include "arch/aarch64/regs.h"
#include "arch/arch.h"

extern const struct isa isa_aarch64;
extern const struct isa_frame a64_frame;
extern const struct isa_outside a64_without;

struct error *a64_lifter_create(struct isa_lifter **ret);
void a64_lifter_destroy(struct isa_lifter *lifter);
const struct isa_cpu *a64_lifter_cpu(const struct isa_lifter *lifter);
void a64_lifter_set_cpu(struct isa_lifter *lifter, const struct isa_cpu *cpu);
bool a64_lifter_observe(struct isa_lifter *lifter, const struct insn *insn, const uint64_t *before,
			const uint64_t *after);
bool a64_lifter_encoding(const struct isa_lifter *l, size_t index, uint32_t *ret_mask, uint32_t *ret_value);
/* entry.c: isa->sys.entry, isa->flow, isa->undetermined. */
enum isa_entry a64_entry(const uint8_t *bytes, size_t len);
void a64_flow(uint64_t pc, const uint8_t *bytes, size_t len, struct isa_flow *ret);
enum isa_undetermined a64_undetermined(const uint8_t *bytes, size_t len);
struct error *a64_lift(struct isa_lifter *lifter, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
		       struct insn *ret);

/* The flags of the effect row, in its order: n z c v. */
extern const uint32_t a64_flag_regs[A64_NUM_FLAGS];

#define FAMILY(name) extern const struct a64_table a64_##name##_table;
#include "arch/aarch64/families.def"
#undef FAMILY

extern const struct a64_table *const a64_families[]; /* all of them */
extern const struct a64_table a64_needs_table;       /* needs.c: which features an encoding needs */
extern const size_t a64_num_families;

/* An instruction on its way to a transfer. */
struct a64_ctx {
	struct expr_pool *pool;
	struct transfer *t;
	const struct a64_encoding *encoding;
	const struct a64_row *row;
	const struct isa_cpu *cpu;
	uint32_t word;
	uint64_t pc;
	unsigned width; /* bits of the operands: 32 if the row has a field s and it is 0, else 64 */
	bool unmodelled, undefined;
	bool unallocated;         /* the row is wider than its encoding: no instruction */
	char name[24];            /* of rows that have several: the one that the word chooses; else "" */
	bool confined, may_store; /* as in struct insn, of what has no model */
	uint64_t changes[ISA_CHANGE_WORDS];
	bool opens, closes, may_leave; /* as in struct insn */
	uint32_t rest;                 /* as in struct insn; 0: none */
	uint16_t reveals, may_fault;
	uint8_t condition; /* flags that ConditionHolds() read: a bit each, in the order of the effect row */
	uint8_t num_named;
	uint16_t named[ISA_MAX_NAMED]; /* registers that the operands name */
};

/* A helper meets something that has no model: the instruction becomes LIFT_UNMODELLED. */
void a64_unmodelled(struct a64_ctx *c);
/* The word is one that the row's pattern leaves open, and no encoding. */
void a64_unallocated(struct a64_ctx *c);
/* It has no model, but what it changes is known: the registers that a64_may_change() was called with, and no others. */
void a64_confine(struct a64_ctx *c);
void a64_may_change(struct a64_ctx *c, uint32_t reg);
/* Its page in the Arm ARM says UNDEFINED here: it does nothing but fault. */
void a64_undefined(struct a64_ctx *c);
/* CONSTRAINED UNPREDICTABLE: what is predicted, or UNDEFINED. */
void a64_may_refuse(struct a64_ctx *c);
/* Where cond, one bit, holds, the results are not even predictable as undefined bits. */
void a64_leave_open(struct a64_ctx *c, expr_id cond);
/* Rows of instructions that have a name, and no model. */
void a64_build_unmodelled(struct a64_ctx *c);
/* Rows of instructions that do nothing that shows. */
void a64_build_nop(struct a64_ctx *c);
/* Rows of instructions that do nothing but fault: param is the fault. */
void a64_build_fault(struct a64_ctx *c);

/* ---- Fields and operands (operand.c) ---- */

/* Does the row have the field? */
bool a64_has(const struct a64_ctx *c, char letter);
/* A field's bits; the row has it. */
uint32_t a64_field(const struct a64_ctx *c, char letter);
/* Sign-extended from the field's width. */
int64_t a64_signed_field(const struct a64_ctx *c, char letter);

expr_id a64_const(struct a64_ctx *c, unsigned width, uint64_t value);

/* The low `width` bits of general register n before; 31 is the zero register (sp: the stack pointer). */
expr_id a64_x(struct a64_ctx *c, unsigned n, unsigned width);
expr_id a64_xsp(struct a64_ctx *c, unsigned n, unsigned width);
/* Writes general register n, zero-extended; 31 is dropped (sp: written). */
void a64_set_x(struct a64_ctx *c, unsigned n, expr_id value);
void a64_set_xsp(struct a64_ctx *c, unsigned n, expr_id value);
/* Short forms by the letter of the field that has the register's number, c->width bits wide. */
expr_id a64_read(struct a64_ctx *c, char letter);
void a64_write(struct a64_ctx *c, char letter, expr_id value);

/* The low `width` bits of vector register n before. */
expr_id a64_v(struct a64_ctx *c, unsigned n, unsigned width);
/* Writes vector register n and clears the bits above the value. */
void a64_set_v(struct a64_ctx *c, unsigned n, expr_id value);

/* ShiftReg(): type is LSL, LSR, ASR or ROR (0-3); amount is below the value's width. */
expr_id a64_shift(struct a64_ctx *c, expr_id value, unsigned type, unsigned amount);
/* ExtendReg(): option is UXTB .. SXTX (0-7); register n extended to `width` bits and shifted left. */
expr_id a64_extend_reg(struct a64_ctx *c, unsigned n, unsigned option, unsigned shift, unsigned width);
/* DecodeBitMasks(): false if the fields are reserved. Masks are those of 64 bits, to be cut to 32. */
bool a64_decode_bit_masks(unsigned n, unsigned imms, unsigned immr, bool immediate, uint64_t *ret_wmask,
			  uint64_t *ret_tmask);

/* Continues at a 64-bit address. */
void a64_goto(struct a64_ctx *c, expr_id target);

/* ---- Memory (memory.c) ---- */

/* The base register, field n; a fault if it is a misaligned SP. */
expr_id a64_base(struct a64_ctx *c);
/* base + offset */
expr_id a64_offset(struct a64_ctx *c, expr_id base, int64_t offset);
/* Writes the base register. */
void a64_write_back(struct a64_ctx *c, expr_id address);
/*
 * Faults unless an atomic, exclusive or ordered access of `bytes` (1 to 16, a power of two) lies within 16 aligned
 * bytes, or the register naa lets it: CheckAlignment() with FEAT_LSE2 and SCTLR_EL1.A = 0, as Linux has it. Processors
 * before Armv8.4 fault at every misaligned one.
 */
void a64_require_atomic(struct a64_ctx *c, expr_id address, unsigned bytes);
/* In the lower half, bit 55 being 0, the upper byte is ignored (Arm ARM D8.8): the address without it. */
expr_id a64_without_tag(struct a64_ctx *c, expr_id address);
expr_id a64_load(struct a64_ctx *c, expr_id address, unsigned width);
void a64_store(struct a64_ctx *c, expr_id address, expr_id value);
/* One that happens where guard, one bit, holds. */
void a64_store_if(struct a64_ctx *c, expr_id guard, expr_id address, expr_id value);

/* ---- Pointer authentication (pauth.c) ---- */

/*
 * A pointer after its authentication, with key A or B, as AuthIA() and its kin leave it; combined: by an instruction
 * that also uses it. Sets c->may_fault where a failure is an exception.
 */
expr_id a64_authenticate(struct a64_ctx *c, expr_id pointer, bool key_b, bool combined);

/* ---- Flags (flags.c) ---- */

/* A flag before; flag is its register's id. */
expr_id a64_flag(struct a64_ctx *c, uint32_t flag);
void a64_set_flag(struct a64_ctx *c, uint32_t flag, expr_id value);
/* N and Z of a result. */
void a64_set_nz(struct a64_ctx *c, expr_id result);
/* The four flags of result = a + b + carry, as AddWithCarry() has them; carry has one bit. */
void a64_set_add_flags(struct a64_ctx *c, expr_id a, expr_id b, expr_id carry, expr_id result);
/* AddWithCarry()'s sum. */
expr_id a64_add_with_carry(struct a64_ctx *c, expr_id a, expr_id b, expr_id carry);
/* All four, from the four low bits of a number: NZCV from bit 3 down. */
void a64_set_nzcv(struct a64_ctx *c, expr_id bits);
/* ConditionHolds(), one bit. The flags that it reads are added to the effect row. */
expr_id a64_condition_holds(struct a64_ctx *c, unsigned cond);

#endif
