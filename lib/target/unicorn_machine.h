/*
 * What unicorn calls things, for one ISA, and what it has to be told to be in a process's state: a row of
 * unicorn_machines[]. Private to the unicorn target. A new ISA is a file with a row, and a line in unicorn_machines[].
 */
#ifndef LIB_TARGET_UNICORN_MACHINE_H
#define LIB_TARGET_UNICORN_MACHINE_H

#include <unicorn/unicorn.h>

#include "lib/evlog/evlog.h"
#include "lib/state/state.h"

/* Where unicorn shows a register of a GDB target description: the ISA's tables refer to those (reg_desc.gdb_name). */
struct unicorn_reg {
	const char *gdb_name;
	int id;         /* UC_..._REG_... */
	uint16_t bytes; /* that reading id gives */
	uint16_t low;   /* the lowest bit there */
};

struct unicorn_model {
	const char *name; /* QEMU's */
	int id;           /* UC_CPU_... */
};

struct unicorn_machine {
	const char *isa; /* isa->name */
	uc_arch arch;
	uc_mode mode;
	const struct unicorn_reg *regs;
	size_t num_regs;
	const struct unicorn_model *models; /* the first has the most features: the default, and "max" */
	size_t num_models;
	/* Entries of the auxiliary vector that must say what this CPU has, not what the log's had. */
	const struct evlog_auxv *auxv;
	size_t num_auxv;
	/* Brings a fresh engine to user mode, with registers as exec(2) leaves them. Nothing is mapped afterwards. */
	struct error *(*set_up)(uc_engine *uc);
	/* What the system call instruction itself does to registers, apart from the PC; NULL: nothing. */
	void (*enter_kernel)(struct state *regs, uint64_t next_pc);
	/*
	 * An instruction whose results need correction (UC_..._INS_...; 0: none), the register that tells what it was
	 * asked, and the correction, made when it is complete.
	 */
	int corrected_insn, asked_reg;
	uc_err (*correct)(uc_engine *uc, uint64_t asked);
	/* The exception that it makes of a second one while the first is in flight, and which is in flight ever after;
	 * 0: none. */
	uint32_t double_fault;
	/* The signal that Linux makes of unicorn's exception; 0: it makes none. */
	int (*signal)(uint32_t exception);
};

extern const struct unicorn_machine unicorn_x86_64;
extern const struct unicorn_machine unicorn_aarch64;

/* NULL if unicorn has no such machine. */
const struct unicorn_machine *unicorn_find_machine(const char *isa);

/* UC_ERR_OK is no error. what: "set the CPU model" */
struct error *unicorn_error(uc_err code, const char *what);

/* Starts an engine, which the caller closes. */
struct error *unicorn_open(const struct unicorn_machine *machine, uc_engine **ret);

#endif
