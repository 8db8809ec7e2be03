/*
 * An x87 instruction on its way to a transfer (SDM vol. 1, chapter 8).
 *
 * A builder begins, reads operands, says which of the stack's registers are written, which exceptions there were and
 * what the condition codes become, and commits. That is where the rules are that all instructions share: a stack fault
 * goes before all other exceptions, and one of invalid operation, denormal operand and division by zero that is not
 * masked leaves the destination, the stack and memory alone (8.4, 8.5, 8.7). Such an exception is pending then: it is a
 * fault of the next instruction that waits for it.
 *
 * Registers are numbered from the top of the stack before the instruction. A tag is of interest only for whether it
 * says "empty": processors keep no more than that, and form the others from the contents (10.5.1.1).
 */
#ifndef ARCH_X86_64_X87_H
#define ARCH_X86_64_X87_H

#include "arch/x86_64/x86_64.h"
#include "lib/expr/fp_op.h"

/* Status word (8.1.3): the exception flags are those of lib/fp, in bits 0-5. */
enum {
	X87_FLAGS = 6,
	X87_SF = 6,
	X87_ES = 7,
	X87_C0 = 8,
	X87_C1 = 9,
	X87_C2 = 10,
	X87_TOP = 11,
	X87_C3 = 14,
	X87_B = 15
};

/* Control word (8.1.5): masks in bits 0-5; precision (8, 9) and rounding control. Bit 6 reads as 1, others as 0. */
enum { X87_RC = 10, X87_FCW_USED = 0x1f3f, X87_FCW_ONE = 0x40, X87_FCW_INITIAL = 0x37f };

struct x87 {
	struct x86_ctx *c;
	struct expr_pool *p;
	expr_id fcw, fsw, tags; /* before; tags: 16 bits, st(0)'s lowest */
	expr_id under, over;    /* 1 bit: a register that is read is empty, one that is pushed into is not */
	expr_id flags;          /* FP_NUM_FLAGS bits: exceptions other than of the stack; FP_ROUNDED_UP is C1 */
	expr_id codes[4];       /* C0-C3, 1 bit each; EXPR_NONE: C1 is FP_ROUNDED_UP, the others are undefined */
	expr_id keep;           /* 1 bit: registers and stack stay as they are; EXPR_NONE: never but for an exception */
	expr_id st[8];          /* values after, EXPR_NONE: as before; numbered as before */
	expr_id tag[8];         /* likewise, 2 bits each */
	int shift;              /* what is added to TOP */
	bool stores;            /* the result goes to memory: no result if overflow or underflow is not masked */
	bool loads;             /* a denormal operand does not keep it from being loaded (SDM vol. 2, FLD) */
};

/* #MF if an exception is pending that is not masked: what all waiting instructions begin with (8.7). */
void x87_wait(struct x86_ctx *c);

/* ... and reads the state. Before x86_address(). */
struct x87 x87_begin(struct x86_ctx *c);

/* The register in the low bits of ModRM. */
static inline unsigned x87_i(const struct x86_ctx *c)
{
	return c->raw.modrm & 7;
}

/* Environments have fields of 16 bits: 66 without REX.W, which goes before it. */
bool x87_is_16bit(const struct x86_raw *raw);
/* Bytes of the operand in memory; 0: there is none. */
unsigned x87_memory_len(const struct x86_ctx *c);

/* With 32-bit addresses, processors let parts of operands of more than 8 bytes wrap at 4 GiB: nothing is predicted. */
void x87_refuse_wrap(struct x86_ctx *c);

/* The value of a register; it is read, so that a stack fault (underflow) occurs where it is empty. */
expr_id x87_read(struct x87 *x, unsigned i);
/* Its value, no question asked; is it empty? 1 bit. */
expr_id x87_value(struct x87 *x, unsigned i);
expr_id x87_is_empty(struct x87 *x, unsigned i);

/* The default result of invalid operations: negative, quiet NaN (4.8.3.7). */
expr_id x87_indefinite(struct x87 *x);
/* A number of 80 bits. */
expr_id x87_number(struct x87 *x, uint16_t sign_exponent, uint64_t significand);

/* Register i is written: value, or the indefinite where there is a stack fault. */
void x87_write(struct x87 *x, unsigned i, expr_id value);
/* ... whatever faults there were. */
void x87_put(struct x87 *x, unsigned i, expr_id value);
void x87_free(struct x87 *x, unsigned i);
/* A new top of the stack; a stack fault (overflow) occurs where there is no room. */
void x87_push(struct x87 *x, expr_id value);
/* ... whose value is written later: to register 7. */
void x87_make_room(struct x87 *x);
/* Likewise, st(0) having been written before: other = st(1) then. */
void x87_pop(struct x87 *x);

/* Exceptions are added: FP_NUM_FLAGS bits. */
void x87_raise(struct x87 *x, expr_id flags);
/* 1 bit as the exception `flag`. */
void x87_raise_if(struct x87 *x, expr_id cond, unsigned flag);
/* C0-C3 after; C1 of a stack fault is not the builder's. */
void x87_set_codes(struct x87 *x, expr_id c3, expr_id c2, expr_id c1, expr_id c0);

/* 1 bit: nothing is written for an exception that is not masked. To be asked when all were raised. */
expr_id x87_stopped(struct x87 *x);
/* 1 bit: there is a stack fault. */
expr_id x87_stack_fault(struct x87 *x);
/* Stores to the memory operand: value, or `other` where there is a stack fault, unless an exception forbids it. */
void x87_store(struct x87 *x, expr_id value, expr_id other);
/* Writes what was said. */
void x87_commit(struct x87 *x);

/* ---- Numbers (x87_fp.c) ---- */

/* An operator of one or two operands (b may be EXPR_NONE), as the control word says. */
expr_id x87_fp(struct x87 *x, enum expr_op op, const struct fp_spec *s, expr_id a, expr_id b);
/* ... on numbers of 80 bits; raises its exceptions. */
expr_id x87_operate(struct x87 *x, enum expr_op op, expr_id a, expr_id b);
/* An integer as a number of 80 bits, which is exact. */
expr_id x87_from_integer(struct x87 *x, expr_id integer);
/* The bits of the memory operand. */
expr_id x87_load(struct x87 *x);
/* The memory operand, an integer, as a number. */
expr_id x87_load_integer(struct x87 *x);
/* The memory operand of 32 or 64 bits, widened: a signalling NaN becomes quiet, and is invalid; or stays one. A
 * denormal one is told in *ret_denormal (1 bit), for it is no longer one. */
expr_id x87_load_number(struct x87 *x);
expr_id x87_load_operand(struct x87 *x, expr_id *ret_denormal);
/* 1 bit: a number of 80 bits is a NaN, or of an unsupported format (8.2.2). */
expr_id x87_is_special(struct x87 *x, expr_id a);

/* ---- Rows (encoding.h) ---- */

#define X87(name, bytes, ops, build, param) ROW(name, bytes, ops, X87, "-------", 0, build, param)

/* ---- Without a result ---- */

/* ES and B (1 bit) by flags and masks: the status word with them, whatever they were. */
expr_id x87_with_summary(struct x86_ctx *c, expr_id fsw, expr_id fcw);
/* A control word as processors keep it. */
expr_id x87_keep_fcw(struct x86_ctx *c, expr_id value);
/* Sets TOP (3 bits) in that the registers move under it: what is st(0) afterwards lies there. */
void x87_set_top(struct x86_ctx *c, expr_id top);
/* The tag word: of st(0)-st(7) by physical register, the contents telling what is not empty. */
expr_id x87_tag_word(struct x86_ctx *c);

#endif
