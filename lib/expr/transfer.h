/*
 * What one instruction, or a straight line of them, does: a transfer.
 *
 * A transfer is data. Every expression in it is over the state BEFORE: REG leaves are registers before, LOAD leaves
 * with version k are memory after the first k stores of this transfer. Registers that it does not list keep their
 * value. The program counter is a register like the others, and every complete transfer sets it.
 *
 * Order of events: faults are tried in their order, and the first whose condition holds happens INSTEAD of all outputs.
 * Then loads and stores take place, stores in their order; an access to memory that the guest cannot reach is a page
 * fault instead of all outputs. A fault of the result itself comes last, when all accesses are known to be possible:
 * nothing is stored, and just those registers are written that tell of it. Then registers are written, all at once.
 *
 * Undefined bits are UNDEF leaves inside a value; taint.h turns them into masks. ENV leaves are values that come from
 * outside the state (time stamp counter, CPUID): they are adopted from the target, never judged.
 *
 * A result that manuals give only within an error is UNDEF in the register's value, and a bound tells what it may be.
 */
#ifndef LIB_EXPR_TRANSFER_H
#define LIB_EXPR_TRANSFER_H

#include "lib/base/strbuf.h"
#include "lib/base/vec.h"
#include "lib/expr/expr.h"
#include "lib/fp/bound.h"

/* What an instruction does besides computing. */
enum transfer_kind {
	TRANSFER_PLAIN,   /* computes; its outputs say everything */
	TRANSFER_SYSCALL, /* enters the kernel: its outputs hold up to the kernel's entry */
};

/* Faults, named for what the guest's kernel makes of them. */
enum fault_kind {
	FAULT_NONE,
	FAULT_DIVIDE,     /* SIGFPE: x86 #DE */
	FAULT_UNDEFINED,  /* SIGILL: x86 #UD, AArch64 UNDEFINED */
	FAULT_BREAKPOINT, /* SIGTRAP: int3, BRK */
	FAULT_DEBUG,      /* SIGTRAP: int1 */
	FAULT_OVERFLOW,   /* SIGSEGV: x86 #OF, by int 4 */
	FAULT_PROTECTION, /* SIGSEGV: x86 #GP */
	FAULT_STACK,      /* SIGBUS on Linux: x86 #SS */
	FAULT_ALIGNMENT,  /* SIGBUS: #AC, AArch64 alignment */
	FAULT_FLOAT,      /* SIGFPE: #MF, #XM */
	FAULT_PAGE,       /* SIGSEGV: found at evaluation, never listed in a transfer */
	FAULT_NUM_KINDS
};

/* Inputs from outside (the attr of ENV leaves). */
enum env_input {
	ENV_TSC,     /* time stamp counter */
	ENV_TSC_AUX, /* processor id (rdtscp, rdpid) */
	ENV_CPUID_A,
	ENV_CPUID_B,
	ENV_CPUID_C,
	ENV_CPUID_D,
	ENV_XCR0,         /* extended control register */
	ENV_RANDOM,       /* hardware random numbers */
	ENV_COUNTER,      /* AArch64 generic timer */
	ENV_SYSREG,       /* identification and other system registers */
	ENV_POINTER_CODE, /* pointer authentication codes */
	ENV_SELECTOR,     /* results that depend on the kernel's descriptor tables */
	ENV_SYSTEM,       /* those that depend on other things that are the kernel's or a hypervisor's */
	ENV_XSTATE,       /* parts of the state that XSAVE knows of and the model does not, and what is in use */
	ENV_NUM_INPUTS
};

struct transfer_reg {
	uint32_t reg;
	expr_id value;
	bool on_fault; /* written also where a fault that comes last happens */
};

struct transfer_store {
	expr_id guard;   /* 1 bit: the store happens; EXPR_NONE: always */
	expr_id address; /* 64 bits */
	expr_id value;   /* a multiple of 8 bits, stored little-endian */
};

struct transfer_fault {
	expr_id cond; /* 1 bit */
	enum fault_kind kind;
	bool last; /* behind the accesses to memory */
};

/*
 * Bits [first, first + the format's width) of a register's value after are a result of `function`, within an error. Its
 * operands are finite numbers wherever `when` holds; elsewhere the bound says nothing.
 */
struct transfer_bound {
	uint32_t reg; /* one that the transfer writes */
	uint16_t first;
	struct fp_bound bound;
	expr_id arg[2]; /* of the format's width; EXPR_NONE where the function has one operand */
	expr_id when;   /* 1 bit; EXPR_NONE: always */
};

struct transfer {
	struct expr_pool *pool; /* not owned */
	enum transfer_kind kind;
	VEC(struct transfer_reg) regs; /* each register once */
	VEC(struct transfer_store) stores;
	VEC(struct transfer_fault) faults;
	VEC(struct transfer_bound) bounds;
	VEC(expr_id) loads; /* that take place even where simplification finds their values unused */
};

/* An all-zero transfer with the pool set is empty. */
void transfer_init(struct transfer *t, struct expr_pool *pool);
void transfer_deinit(struct transfer *t);
/* Empties the transfer and keeps its memory. */
void transfer_reset(struct transfer *t, struct expr_pool *pool);

/* Sets a register's value after; the last one counts. Out of memory is remembered by the pool. */
void transfer_set_reg(struct transfer *t, uint32_t reg, expr_id value);
/* The value set so far, or EXPR_NONE. */
expr_id transfer_get_reg(const struct transfer *t, uint32_t reg);
void transfer_add_store(struct transfer *t, expr_id guard, expr_id address, expr_id value);
/* A condition that is the constant 0 is left out. */
void transfer_add_fault(struct transfer *t, expr_id cond, enum fault_kind kind);
/* Likewise, of a fault that comes last; and sets a register's value after, with such a fault and without. */
void transfer_add_last_fault(struct transfer *t, expr_id cond, enum fault_kind kind);
void transfer_set_reg_on_fault(struct transfer *t, uint32_t reg, expr_id value);
/* A condition that is the constant 0 is left out. */
void transfer_add_bound(struct transfer *t, const struct transfer_bound *bound);
/*
 * The value of a load here, after the stores added so far: an earlier store to the same address, or a LOAD leaf. Loads
 * always take place (a load that depends on a condition cannot be expressed: its page fault would), also when nothing
 * uses the value in the end: `and mem, 0` faults.
 */
expr_id transfer_load(struct transfer *t, unsigned width, expr_id address);

/* Calls visit with every expression that the transfer refers to; EXPR_NONE is left out. */
void transfer_each(const struct transfer *t, void (*visit)(void *ctx, expr_id id), void *ctx);

/*
 * Checks the invariants: widths by op.def, operands before users, each register once and with the width that the layout
 * (eval.h) tells, store widths, load versions, 1-bit conditions. layout may be NULL: registers are then not checked.
 * A violation is ERROR_BUG.
 */
struct reg_layout;
struct error *transfer_verify(const struct transfer *t, const struct reg_layout *layout);

#endif
