/*
 * The instruction model of x86-64, for use inside this folder.
 *
 * An encoding is a row of a family's table (struct x86_form): its bytes, its operands, the helper that builds its
 * transfer, a parameter, and the effect on the flags. A helper reads like the manual's "Operation": it reads operands,
 * computes, writes operands and flags. x86_lift() decodes, finds the row, runs the helper, and does what the row says
 * about flags that are cleared, set or undefined: helpers never do that.
 *
 * "SDM" is the Intel 64 and IA-32 Architectures Software Developer's Manual. Where AMD's processors differ a helper
 * asks x86_by_amd() for a row of vendor.def.
 */
#ifndef ARCH_X86_64_X86_64_H
#define ARCH_X86_64_X86_64_H

#include "arch/arch.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/decode.h"
#include "arch/x86_64/regs.h"

extern const struct isa isa_x86_64;
extern const struct isa_frame x86_frame;

struct error *x86_lifter_create(struct isa_lifter **ret);
void x86_lifter_destroy(struct isa_lifter *lifter);
void x86_lifter_set_repeat(struct isa_lifter *lifter, enum repeat_step step);
void x86_lifter_set_checks(struct isa_lifter *lifter, bool on);
const struct isa_cpu *x86_lifter_cpu(const struct isa_lifter *lifter);
void x86_lifter_set_cpu(struct isa_lifter *lifter, const struct isa_cpu *cpu);
bool x86_lifter_observe(struct isa_lifter *lifter, const struct insn *insn, const uint64_t *before,
			const uint64_t *after);
/* entry.c: isa->sys.entry, isa->flow, isa->undetermined. */
enum isa_entry x86_entry(const uint8_t *bytes, size_t len);
void x86_flow(uint64_t pc, const uint8_t *bytes, size_t len, struct isa_flow *ret);
enum isa_undetermined x86_undetermined(const uint8_t *bytes, size_t len);
/* The selector of 64-bit programs' code (arch/x86/include/asm/segment.h, __USER_CS). */
enum { X86_USER_CS = 0x33 };
struct error *x86_lift(struct isa_lifter *lifter, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
		       struct insn *ret);

/* The flags of the effect row, in its order: o s z a p c d. */
enum { X86_NUM_FLAGS = 7 };
extern const uint32_t x86_flag_regs[X86_NUM_FLAGS];

struct x86_ctx;
struct x86_form;

typedef void x86_build(struct x86_ctx *c, const struct x86_form *f);

/* Properties of a row. */
enum {
	X86_LOCK = 1,      /* LOCK is allowed when the first operand is memory */
	X86_LOCK_CR0 = 2,  /* VENDOR_MOV_CR8 tells what LOCK does */
	X86_LOCK_VERW = 4, /* ... VENDOR_LOCK_VERW */
	X86_ELSE = 8,      /* CPUs without the feature take the opcode for that of the next row */
	X86_SWITCHED = 32, /* it may be switched off: insn.switched */
	X86_REPEATS = 16,  /* F2 and F3 are part of the name: "rep"; "repe" and "repne" where flags decide */
};

/* A row of the opcode table. encoding.h tells how encodings and operands are written. */
struct x86_form {
	const char *name, *encoding, *operands;
	uint8_t feature;               /* enum x86_feature: what it needs */
	uint8_t feature_256;           /* ... with VEX.L 1, if that is another */
	char flags[X86_NUM_FLAGS + 1]; /* effect on oszapcd, in the letters of arch.h; V: VENDOR_BIT_TEST_ZF decides */
	uint8_t props;                 /* X86_LOCK... */
	x86_build *build;              /* builds the transfer; NULL: it is named, and not modelled */
	uint32_t param;                /* what tells the members of a family apart */
};

#define ROW(text, bytes, ops, has, oszapcd, properties, builder, parameter) \
	{ \
		.name = text, .encoding = bytes, .operands = ops, .feature = X86_HAS_##has, .flags = oszapcd, \
		.props = properties, .build = builder, .param = parameter \
	}

/* No rows: an instruction that no row is of, which is #UD, and one of more than 15 bytes. */
extern const struct x86_form x86_undefined, x86_too_long;

/* What every 64-bit processor has. */
enum {
	X86_HAS_BASE = X86_HAS_NOTHING,
	X86_HAS_X87 = X86_HAS_NOTHING,
	X86_HAS_MMX = X86_HAS_NOTHING,
	X86_HAS_SSE = X86_HAS_NOTHING,
	X86_HAS_SSE2 = X86_HAS_NOTHING,
};

struct x86_table {
	const char *name; /* "x86_alu" */
	const struct x86_form *rows;
	size_t len;
};

#define X86_TABLE(name) const struct x86_table name##_table = {#name, name, sizeof name / sizeof *name}

extern const struct x86_table x86_alu_table, x86_move_table, x86_shift_table, x86_muldiv_table, x86_bits_table,
	x86_atomic_table, x86_control_table, x86_stack_table, x86_string_table, x86_flagops_table, x86_system_table,
	x86_sse_move_table, x86_sse_int_table, x86_sse_arith_table, x86_sse_shuffle_table, x86_sse_string_table,
	x86_sse_state_table, x86_sse_crypto_table, x86_sse_sha_table, x86_sse_gfni_table, x86_sse_fp_table,
	x86_sse_compare_table, x86_sse_convert_table, x86_sse_horizontal_table, x86_fma_table, x86_mmx_table,
	x86_now3d_table, x86_sse4a_table, x86_gather_table, x86_avx_table, x86_sse_approx_table, x86_segment_table,
	x86_privileged_table, x86_xsave_table, x86_x87_load_table, x86_x87_arith_table, x86_x87_compare_table,
	x86_x87_control_table, x86_x87_transcendental_table, x86_named_mmx_table, x86_named_sse_table,
	x86_named_avx_table, x86_named_other_table;

extern const struct x86_table *const x86_families[];
extern const size_t x86_num_families;

enum x86_operand_kind {
	X86_OPERAND_REG,
	X86_OPERAND_MEM,
	X86_OPERAND_IMM,
};

enum x86_bank {
	X86_BANK_GPR,
	X86_BANK_SEGMENT,
	X86_BANK_CONTROL,
	X86_BANK_DEBUG,
	X86_BANK_VECTOR,
	X86_BANK_MMX,
	X86_BANK_ST, /* by its place in the stack */
	X86_BANK_MASK,
};

/* No register of the state. */
enum { X86_NO_ID = UINT32_MAX };

struct x86_operand {
	enum x86_operand_kind kind;
	enum x86_bank bank; /* REG */
	uint8_t number;     /* REG: in its bank */
	uint16_t width;     /* bits */
	uint32_t reg;       /* REG: register id, or X86_NO_ID; YMM registers have that of their XMM half */
	uint8_t low;        /* REG: lowest bit, 8 for AH, BH, CH and DH */
	uint64_t imm;       /* IMM: sign-extended */
};

enum { X86_MAX_OPERANDS = 6 };

/* An instruction on its way to a transfer. */
struct x86_ctx {
	struct expr_pool *pool;
	struct transfer *t;
	struct x86_raw raw;
	uint64_t pc, next;
	unsigned width; /* operand size by the prefixes: 16, 32 or 64 bits */
	struct x86_operand op[X86_MAX_OPERANDS];
	unsigned num_ops;
	unsigned popped; /* bytes by which POP has already raised RSP when its operand's address is formed */
	enum repeat_step repeat;
	const struct isa_cpu *cpu;
	uint32_t vendor_rows; /* insn.vendor_rows */
	bool unmodelled;      /* a helper met something that it does not model */
	bool repeats;         /* the transfer is one iteration of several */
	bool piecewise;       /* insn.piecewise */
	bool floats_first;    /* insn.floats_first */
	bool emulated;        /* a kernel or hypervisor may do it: which fault a bad address is, is theirs to say */
	bool own_accesses;    /* how the values on the stack are accessed, together or apart, is the processor's own */
	bool two_operands;    /* the next address on the stack is not the first one that the instruction accesses */
};

/* ---- Processors (lift.c) ---- */

/* A row of vendor.def has a part in the instruction. True: what AMD's processors do is to be built, else Intel's. */
bool x86_by_amd(struct x86_ctx *c, enum x86_vendor_row row);

/* ---- Alignment (alignment.c) ---- */

/* Adds #AC to a transfer that is otherwise complete. */
void x86_check_alignment(struct x86_ctx *c);

/* ---- Text (describe.c, print.c) ---- */

/* insn's text, form, names of registers, encoding and family. */
void x86_describe(const struct x86_ctx *c, const struct x86_decoded *d, struct insn *insn);

/* Operands in Intel's syntax: "eax, dword ptr [rbx + 8]", cut to size. next: the address of the next instruction. */
void x86_print_operands(const struct x86_raw *raw, uint64_t next, char *ret, size_t size);

/* ---- Operands (operand.c) ---- */

/* The register, memory or immediate that a field of an instruction stands for. */
struct x86_operand x86_field_operand(const struct x86_encoding *e, const struct x86_field *f,
				     const struct x86_raw *raw);
/* Fills c->op and c->num_ops by c->raw.row; without one there are none. */
void x86_operands(struct x86_ctx *c);

/* The value before of operand i, op[i].width bits wide. */
expr_id x86_read(struct x86_ctx *c, unsigned i);
/*
 * Writes operand i, value being op[i].width bits wide. 32-bit general registers are zero-extended, narrower ones merged
 * (SDM vol. 1, 3.4.1.1). VEX instructions clear the upper half when they write an XMM register.
 */
void x86_write(struct x86_ctx *c, unsigned i, expr_id value);

/* The low `width` bits of a general register before. */
expr_id x86_gpr(struct x86_ctx *c, uint32_t reg, unsigned width);
/*
 * Writes the low bits of a general register as x86_write() does: on top of what this instruction has written so far, so
 * that AL and AH can be written one after the other.
 */
void x86_set_gpr(struct x86_ctx *c, uint32_t reg, expr_id value);
/* What the whole register is if value is written to its bits from `low` up, nothing else having been written. */
expr_id x86_with_gpr(struct x86_ctx *c, uint32_t reg, unsigned low, expr_id value);

/* Base + index * scale + displacement, cut to the address size and zero-extended: what LEA computes. */
expr_id x86_offset(struct x86_ctx *c);
/* A linear address: the segment's base added to an offset, if there is an FS or GS override. */
expr_id x86_linear(struct x86_ctx *c, expr_id offset);
/*
 * An address in the stack segment, of which the instruction raises #SS if it is not canonical, where others raise #GP
 * (SDM vol. 1, 3.3.7.1; vol. 3, 6.15, "Interrupt 12"): that fault is added, and the address returned.
 */
expr_id x86_on_stack(struct x86_ctx *c, expr_id address);
/* The address of the memory operand, which is accessed; one in the stack segment is checked as by x86_on_stack(). */
expr_id x86_address(struct x86_ctx *c);
/* ... which is accessed if cond (1 bit) holds. */
expr_id x86_address_if(struct x86_ctx *c, expr_id cond);
/* ... of an operand that is not at x86_offset() but at this offset. */
expr_id x86_operand_at(struct x86_ctx *c, expr_id offset);
/* ... which is accessed if cond (1 bit) holds. */
expr_id x86_operand_at_if(struct x86_ctx *c, expr_id cond, expr_id offset);
/* To be called before x86_address(). Faults unless the memory operand's address is a multiple of `bytes` (a power of
 * two): legacy SSE memory operands (SDM vol. 1, 4.1.1).
 */
void x86_require_alignment(struct x86_ctx *c, unsigned bytes);
/* Likewise 16 bytes, unless MXCSR.MM lets them be misaligned (VENDOR_MISALIGNED_SSE). */
void x86_require_sse_alignment(struct x86_ctx *c);

/*
 * The value at the address if cond (1 bit) holds, else anything, and no access that could fault: loads always take
 * place, and then it is of the instruction's own bytes.
 */
expr_id x86_load_if(struct x86_ctx *c, expr_id cond, unsigned width, expr_id address);
/* Where cond holds, what happens is up to something outside of the state, faults included: nothing is predicted. */
void x86_open(struct x86_ctx *c, expr_id cond, enum env_input input);

expr_id x86_const(struct x86_ctx *c, unsigned width, uint64_t value);
/* The helper meets something that has no model: the instruction becomes LIFT_UNMODELLED. */
void x86_unmodelled(struct x86_ctx *c);

/* ---- Results that manuals give within an error (within.c) ---- */

/*
 * A result: bits from `first` up of register `reg` are a function of a and b (EXPR_NONE if it has one operand), within
 * the bound, where `applies` (1 bit) holds: there a and b are finite, and no manual says more. Elsewhere the result is
 * `exact`. Returned is what is to be written there, of the format's width; the register has to be written.
 */
struct x86_within {
	uint32_t reg;
	unsigned first;
	struct fp_bound bound;
	expr_id a, b, applies, exact;
};
expr_id x86_within(struct x86_ctx *c, const struct x86_within *w);

/*
 * Transcendental x87 instructions (SDM vol. 1, 8.3.10): less than 1 ulp off when rounding to nearest, less than 1.5
 * ulps otherwise. FYL2X and FYL2XP1 keep to that where b is 1; elsewhere they are up to 1.35 ulps off when rounding to
 * nearest, and for the other ways, of which the manual says nothing, it is half an ulp more, as above. The bound is set
 * here, the rest by the caller:
 *
 *	value = x86_within_ulp(c, FP_FUNCTION_FPATAN, X86_st0, x, y, is_plain, special);
 */
expr_id x86_within_ulp(struct x86_ctx *c, enum fp_function function, uint32_t reg, expr_id a, expr_id b,
		       expr_id applies, expr_id exact);

/* ---- Flags (flags.c) ---- */

/* A flag before; flag is its register's id. */
expr_id x86_flag(struct x86_ctx *c, uint32_t flag);
void x86_set_flag(struct x86_ctx *c, uint32_t flag, expr_id value);
/* Sets it to cond ? value : before. */
void x86_set_flag_if(struct x86_ctx *c, expr_id cond, uint32_t flag, expr_id value);

/* Parity flag of a result: even number of ones in its low byte. */
expr_id x86_parity(struct x86_ctx *c, expr_id result);
/* SF, ZF and PF of a result. */
void x86_set_szp(struct x86_ctx *c, expr_id result);
/* AF, OF of result = a + b (+ carry in), and the carry out. */
void x86_set_add_ao(struct x86_ctx *c, expr_id a, expr_id b, expr_id result);
expr_id x86_add_carry(struct x86_ctx *c, expr_id a, expr_id b, expr_id result);
/* AF, OF of result = a - b (- borrow in), and the borrow out. */
void x86_set_sub_ao(struct x86_ctx *c, expr_id a, expr_id b, expr_id result);
expr_id x86_sub_borrow(struct x86_ctx *c, expr_id a, expr_id b, expr_id result);
/* All six flags of a comparison: a - b. */
void x86_set_compare(struct x86_ctx *c, expr_id a, expr_id b);

/* Condition 0 (O) to 15 (NLE), the low digit of the opcodes of Jcc, SETcc and CMOVcc (SDM vol. 1, appendix B). */
expr_id x86_condition(struct x86_ctx *c, unsigned cc);

/* RFLAGS as PUSHF and SYSCALL store it, 64 bits: RF and VM are 0. */
expr_id x86_rflags(struct x86_ctx *c);

/* ---- Stack, segments and program counter (stack.c, segment.c, control.c) ---- */

/* Sets the flags that POPF and IRET set, by an image of 16, 32 or 64 bits. */
void x86_set_rflags(struct x86_ctx *c, expr_id image);

/* Loads a segment register (by its id) with a selector of 16 bits. */
void x86_load_selector(struct x86_ctx *c, uint32_t reg, expr_id selector);

/* Stores value below the stack pointer and lowers it; several pushes add up. */
void x86_push(struct x86_ctx *c, expr_id value);
/* The value on top of the stack; raises the stack pointer. */
expr_id x86_pop(struct x86_ctx *c, unsigned width);

/*
 * Continues at a 64-bit address. That a target is not canonical (#GP) is not modelled: the fault then shows at the
 * fetch of the next instruction.
 */
void x86_goto(struct x86_ctx *c, expr_id target);

#endif
