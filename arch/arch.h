/*
 * An instruction set as one const struct.
 *
 * Porting checklist. A new ISA is a folder arch/NAME with
 *   regs.def      every register of the user-visible state, a row each (struct reg_desc); regs.h gives them numbers
 *   syscalls.def  every system call number of the kernel's table; syscalls.c makes the table of it
 *   NAME.c        the struct isa below, and nothing else
 *   entry.c       which bytes may enter a kernel (isa->sys.entry), where others lead to (isa->flow), which ones store
 *                 or read what only the guest decides (isa->undetermined)
 *   frame.c       where the kernel's signal frame holds the registers (struct isa_frame)
 *   lift.c        bytes -> struct insn and transfer; decode.c, operand.c, flags.c beneath it
 *   cpu.c         where its CPUs differ, if they do: what their makers' manuals say, features, and how a CPU tells
 *   FAMILY.c      the instructions, a table and its helpers per family
 * and a line in isas[] (arch.c). The tests of arch_test.c run over every row of isas[] and check the tables. With that
 * much, logs are read, instructions explained, and QEMU and other GDB stubs judged.
 *
 * Beyond it the ISA is named by what shows or holds its registers in a form of its own:
 *   lib/trace/qemu_log.c          what QEMU's log calls the registers (validate import): a table and a row in formats[]
 *   lib/target/unicorn_NAME.c     struct unicorn_machine: unicorn's registers, CPU models, quirks, system calls; a line
 *                                 in machines[] (unicorn.c)
 *   lib/target/gdb_quirk.c        registers that stubs show wrongly, by their names in the target description, each
 *                                 found by trying
 *   lib/target/native.c           ptrace(2) on such a host, under #ifdef: validate record, the native target
 *   lib/oracle/                   one instruction on such a host's CPU: runner.c, tracee.c, sets.c, host.c, canary.c;
 *                                 what the selftest tries: isa->variants, NAME_maps.c; or cases with results, as
 *                                 vector_file.c reads for AArch64. Without these there is no second opinion
 *   lib/report, lib/batch         the schemas' lists of architectures
 *   testdata/guests/guest.h       how a program without a C library starts and makes calls
 *   Makefile, testdata/bin        its compiler for guests, its programs for tests
 * What is no such place asks the struct (`make check-layers` finds those that ask for a name): both ISAs are always
 * linked, and no code here depends on the host's.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/expr/eval.h"
#include "lib/expr/print.h"
#include "lib/expr/transfer.h"

enum reg_class {
	REG_GENERAL,
	REG_PC,
	REG_FLAG,    /* a field of the flags register */
	REG_SEGMENT, /* segment bases */
	REG_SYSTEM,  /* selectors, and flags that the kernel or a debugger owns: shown, never set natively */
	REG_VECTOR,
	REG_FLOAT,   /* x87 stack and its control words */
	REG_CONTROL, /* MXCSR, FPCR, FPSR */
};

/* Which kernel register set (ptrace) holds a register on the native target. */
enum native_set {
	NATIVE_NONE,
	NATIVE_GENERAL, /* NT_PRSTATUS: struct user_regs_struct */
	NATIVE_XSAVE,   /* NT_X86_XSTATE, standard format */
	NATIVE_FP,      /* NT_PRFPREG */
};

/*
 * One register of the state. Parts that a stub or the kernel keeps apart are registers of their own (ymm0h is the upper
 * half of ymm0; every flag is one), so that each can be known or unknown as a whole.
 */
struct reg_desc {
	const char *name;
	const char *alias; /* another name, or NULL */
	enum reg_class class;
	uint16_t width; /* bits */
	uint16_t word;  /* where its value starts in the state, in 64-bit words */

	const char *gdb_name;  /* the register of the target description that shows it, or NULL */
	const char *gdb_other; /* one that does in descriptions without that, or NULL */
	uint16_t gdb_low;      /* its lowest bit there */

	enum native_set native_set;
	uint16_t native_offset; /* bytes into the register set */
	uint16_t native_low;    /* its lowest bit at that offset (little-endian) */
};

/* Who made a CPU. Where the makers' manuals differ, a CPU does what its maker's says. */
enum cpu_vendor { CPU_VENDOR_UNKNOWN, CPU_VENDOR_INTEL, CPU_VENDOR_AMD };

enum { ISA_CPU_WORDS = 2, ISA_MAX_COMPONENTS = 20 };

/*
 * What is known of the CPU that executes instructions: of the guest's, what it shows to the guest. Features are
 * numbered by the ISA (isa->features) from 1. All zeros: nothing is known.
 */
struct isa_cpu {
	enum cpu_vendor vendor;
	bool told;                     /* the vendor is the user's word: the CPU's own does not count */
	uint32_t other_rows;           /* bit i: of isa->vendor_rows[i] it does what the other vendor\'s CPUs do */
	uint64_t known[ISA_CPU_WORDS]; /* bit n: it is known whether the CPU has feature n */
	uint64_t has[ISA_CPU_WORDS];   /* ... and it has */
	bool have_components;
	uint64_t components; /* of the state that may be enabled; have_components */
	uint32_t image_len;  /* bytes of memory that all that is enabled of it takes; have_components */
	/* Where components lie in such an image, by their number; len 0: not known, or it is none. */
	struct {
		uint32_t offset, len; /* bytes */
	} component[ISA_MAX_COMPONENTS];
	uint64_t aligned_components; /* those that are aligned where they are put one behind the other */
	bool have_enabled;
	uint64_t enabled; /* components that the system has enabled; have_enabled */
	uint32_t last[2]; /* of the ISA: how far what the CPU tells goes; 0: not known */
};

/* A feature that CPUs of the ISA may lack. */
struct isa_feature {
	const char *name;  /* "AVX2" */
	const char *where; /* how a CPU tells: "CPUID.(EAX=07H,ECX=0):EBX[5]" */
};

/* What decides where two makers' CPUs differ. */
enum vendor_ground {
	VENDOR_MANUALS, /* the manuals: a CPU of one maker that does what the other's says is wrong */
	VENDOR_SEEN,    /* CPUs differ, the manuals leave it open: either is right on any */
	VENDOR_HOSTS,   /* the manuals; but hypervisors are known to execute it in the other maker's way */
};

/* A difference between the makers' CPUs: a row of a table that is complete as far as it is known. */
struct isa_vendor_row {
	const char *name;                       /* "NEAR_BRANCH_66" */
	const char *what;                       /* "near branch with 66" */
	const char *says[CPU_VENDOR_AMD + 1];   /* by vendor: what its CPUs do */
	const char *manual[CPU_VENDOR_AMD + 1]; /* and where its manual has it; "": nowhere */
	enum vendor_ground ground;
};

enum lift_status {
	LIFT_DONE,        /* the transfer is complete */
	LIFT_UNMODELLED,  /* a valid instruction without a transfer */
	LIFT_UNDECODABLE, /* no instruction as far as the decoder knows */
	LIFT_TRUNCATED,   /* the bytes end before the instruction does */
};

enum {
	ISA_MAX_INSN_LEN = 15,
	ISA_TEXT_LEN = 96,
	ISA_FORM_LEN = 48,
	ISA_FLAGS_LEN = 16,
	ISA_MAX_NAMED = 8,
	ISA_MAX_CLOBBERED = 2, /* sys.clobbered */
	ISA_OPERAND_TERMS = 3,
	ISA_ENCODING_LEN = 32,
	ISA_CHANGE_WORDS = 2 /* insn.changes */
};

/* Memory that an operand names: the sum of the terms, modulo 2^64. */
struct insn_operand {
	uint16_t len; /* bytes; 0: there is no such operand, or it is not known how long it is */
	uint8_t num_terms;
	struct {
		uint16_t reg;
		uint8_t scale;
	} term[ISA_OPERAND_TERMS];
	uint64_t offset;
};

/* One decoded instruction. */
struct insn {
	uint64_t pc;
	uint8_t len; /* bytes; for LIFT_UNDECODABLE and LIFT_TRUNCATED: as many as were looked at */
	uint8_t bytes[ISA_MAX_INSN_LEN];
	enum lift_status status;
	char text[ISA_TEXT_LEN]; /* disassembly: "add eax, dword ptr [rbx + 8]" */
	char form[ISA_FORM_LEN]; /* what findings are grouped by: mnemonic, prefixes, operand kinds: "add r32, m32" */
	char mnemonic[24];       /* "add", "rep movsb" */
	char encoding[ISA_ENCODING_LEN]; /* what its bits must be, as the manuals write it; "" where that is unknown */
	const char *family; /* the table that models it: "alu"; else a kind: "x87"; static, NULL when not decoded */
	char flags[ISA_FLAGS_LEN];   /* effect on each of isa->flag_regs, a letter each (below); "" when not known */
	bool may_store;              /* without a transfer: it may write memory */
	struct insn_operand operand; /* in memory */
	bool piecewise;              /* its registers may be written in part where it faults, lane by lane */
	bool floats_first;           /* where it faults, those of class REG_FLOAT may have been written, all of them */
	bool repeats;                /* rep string instruction: a step of the target may do one iteration or all */
	bool extension;              /* CPUs without it rightly raise a fault, and nobody knows of this one */
	uint8_t feature[2];          /* what a CPU needs to have it, numbers of isa->features; 0: none */
	uint32_t vendor_rows;        /* bit i: isa->vendor_rows[i] decided part of it */
	uint16_t may_fault;          /* bit f: it may raise fault f instead, as the outside decides: either is right */
	bool opens, closes;          /* sets, reads registers that a stop resets (isa->reset) */
	uint8_t overrun;             /* the row of isa->overruns that it is, from 1; 0: none */
	bool reserved;    /* no instruction has this encoding: LIFT_DONE, and it raises a fault, by the rule */
	bool switched;    /* it may be #UD: whether it is there the system decides, which the CPU does not tell */
	const char *rule; /* why it is #UD, or whatever undefined instructions raise; static, NULL: it is not */
	uint16_t reveals; /* copies this register, which no target shows, to its only result; 0: none */
	uint8_t num_named;
	uint16_t named[ISA_MAX_NAMED]; /* registers that operands name, each once; others are implied */

	/*
	 * How much of the work a step does is up to the implementation. The transfer is a start with as little of it as
	 * there can be; `rest`, an instruction at the same place, is the least that it can do more, and repeats until
	 * nothing is left. may_leave: the step may end after any of these, or before, else behind the last alone.
	 */
	uint8_t rest[4], rest_len; /* 0: it is no such instruction */
	bool may_leave;

	/*
	 * Without a transfer: confined, if it goes on behind itself and changes no registers but these, which are bits
	 * by their ids (insn_may_change()).
	 */
	bool confined;
	uint64_t changes[ISA_CHANGE_WORDS];
};

/* Of an instruction without a transfer: may the register be another one behind it? */
static inline bool insn_may_change(const struct insn *insn, uint32_t reg)
{
	if (!insn->confined)
		return true;
	return reg < 64 * ISA_CHANGE_WORDS && insn->changes[reg / 64] >> reg % 64 & 1;
}

/*
 * Letters of the effect row, one for each flag:
 *   -  unchanged    R  read    W  written    M  read and written    0, 1  set so    U  undefined afterwards
 *   C  conditionally: written, or unchanged, or undefined, as the transfer tells
 */

struct isa_lifter; /* decoder state of one thread */

/* What one step of a target does to a repeated string instruction. */
enum repeat_step {
	REPEAT_ITERATION, /* one iteration; the last one leaves the instruction, as on hardware */
	REPEAT_LINGER,    /* one iteration; that the count has reached 0 is found by a further step (QEMU from 10.0) */
};

struct reg_value {
	uint32_t reg;
	uint64_t value;
};

/* A field of a status or control register. */
struct isa_field {
	uint16_t reg;
	uint8_t low, width; /* bits */
	const char *name;   /* "pe" */
};

/* An instruction, without operands in memory, that tells of the CPU when it is executed with these registers. */
struct isa_question {
	const uint8_t *insn;
	uint8_t insn_len;
	struct reg_value inputs[2];
	bool everywhere; /* every CPU has it, or its kernel does as if */
};

/* Where a signal's frame holds a register: its bits from `low` on, `offset` bytes into the part. */
struct isa_frame_reg {
	uint16_t reg;
	uint16_t offset;
	uint8_t low;
	uint8_t part; /* 0: the frame itself; others: isa_frame.find_part() */
};

/*
 * The floating-point and vector registers as an image in memory, which instructions of the guest's own save and load:
 * targets may not show all of them, or not let them be written. Offsets into it are those of isa_frame.regs whose part
 * is not 0.
 */
enum { ISA_IMAGE_CODE = 4, ISA_IMAGE_WAYS = 2, ISA_IMAGE_MAX = 1024 };
struct isa_image {
	uint16_t len; /* bytes, at most ISA_IMAGE_MAX; the image is aligned to 64 */
	/* Instructions of that many bytes each; the second ones for CPUs that lack the first. */
	uint8_t save[ISA_IMAGE_WAYS][ISA_IMAGE_CODE], load[ISA_IMAGE_WAYS][ISA_IMAGE_CODE];
	uint32_t address;                 /* register that tells them where the image is */
	const struct reg_value *operands; /* others that they read */
	uint32_t num_operands;
	/* Makes the image of what a frame has of them; what it does not have is as at a program's start. NULL: all is.
	 */
	void (*make)(uint8_t *frame, size_t len, uint64_t address, uint8_t *ret);
	/* What an image leaves out that was saved in that way, all zeros before, is as at a program's start. */
	void (*complete)(uint8_t *image, unsigned way);
	/* A register that follows from the image. */
	uint32_t tags;
	uint64_t (*find_tags)(const uint8_t *image);
};

/*
 * What the kernel puts on the stack for a signal's handler, and takes back in rt_sigreturn. Offsets are bytes from the
 * frame's address, which is SP when the handler starts.
 */
struct isa_frame {
	uint16_t size;     /* of what is there in every frame */
	uint16_t red_zone; /* bytes below SP that the frame leaves alone */
	uint16_t popped;   /* bytes of it that the handler's return takes off the stack, before rt_sigreturn */
	uint16_t align;    /* what the frame's parts are aligned to, at most */
	uint16_t fault;    /* where siginfo_t has the address that a fault is about */
	/* 8-byte words that hold addresses: of the frame itself, of code, of the stack. */
	const uint16_t *addresses;
	uint32_t num_addresses;
	const struct isa_frame_reg *regs;
	uint32_t num_regs;
	/*
	 * Where a part starts, in a frame of len bytes for that address; false: the frame does not have it, and its
	 * registers are as at a program's start, or for a part in `kept`, by bits, what they are. mark: it is to be
	 * there, as far as there is room for it.
	 */
	bool (*find_part)(uint8_t *frame, size_t len, uint64_t address, unsigned part, bool mark, size_t *ret);
	uint32_t kept;
	/* Registers that are 0 when a handler starts, and those that are as at a program's start. */
	const uint16_t *cleared, *fresh;
	uint32_t num_cleared, num_fresh;
	/*
	 * What the kernel has handlers return to that name no place themselves: code that calls rt_sigreturn, and the
	 * register that gets its address. NULL: all name one.
	 */
	const uint8_t *return_code;
	uint32_t return_len;
	uint16_t link;
	const struct isa_image *image; /* NULL: targets show and take all registers */
};

/*
 * An instruction that a single step may overrun: the next one is executed, too, before the guest stops. The trap behind
 * it is lost where a hypervisor or the kernel emulates it and forgets the trap (x86: CPUID, and what UMIP keeps from
 * programs), where the CPU holds it off (Intel SDM vol. 3, 6.8.3: behind MOV SS), or where an emulator leaves its loop
 * to let other CPUs run. Whether a target does so is found by running `code` in the guest, which changes general
 * registers, flags and memory from isa->overrun_scratch on. All of these go on behind themselves, or fault.
 */
struct isa_overrun {
	const char *name; /* "cpuid" */
	uint8_t code[8];
	uint8_t lead; /* bytes of code that are one instruction before it, to prepare what it needs; 0: none */
	uint8_t len;  /* bytes of code in all */
	bool yields;  /* does nothing but let other CPUs run */
};

/*
 * A page of calls that are made by jumping to them: the kernel makes the call when the CPU cannot fetch an instruction
 * there, and returns from it as RET does, with the stack's top as address. No instruction of a system call is executed.
 */
struct isa_gate {
	uint64_t page; /* address; ISA_GATE_LEN bytes */
	const struct isa_gate_entry {
		uint16_t offset; /* from the page's start */
		uint16_t number; /* of the call */
	} * entries;
	uint32_t num_entries;
};
enum { ISA_GATE_LEN = 4096 };

/* Where an instruction may lead to, but for a fault. */
struct isa_flow {
	uint8_t len;      /* bytes; 0: they are no instruction, or not all of one */
	uint8_t num_next; /* of next; 0: that depends on registers or memory, or is not known */
	uint64_t next[2];
};

/* See isa->undetermined. */
enum isa_undetermined {
	ISA_DETERMINED,
	ISA_UNDETERMINED_STORE, /* bits that it stores; bytes of that kind are common */
	ISA_UNDETERMINED_STATE, /* bits that it stores of the processor's state, to load them again: XSAVE */
	ISA_UNDETERMINED_INPUT, /* its registers get what comes from outside: CPUID, a counter, a random number */
};

/* Whether the CPU, or an emulator in its place, may leave the program for a kernel at some bytes. */
enum isa_entry {
	ISA_ENTRY_NONE,
	ISA_ENTRY_CALL,  /* the system call that isa->sys describes */
	ISA_ENTRY_OTHER, /* by another door, or by that one in a form that decoders do not agree about */
};

/*
 * Encodings for self-tests. A variant is an encoding of the ISA's table with a choice of what it leaves open and an
 * instruction can be told by; they are numbered from 0, those of one encoding together.
 */
struct rng;
enum { ISA_MAX_TRAITS = 32 };
struct isa_variants {
	size_t (*count)(void);
	/*
	 * An encoding of a variant, the rest random, and random bytes behind it. Where it holds an address this is
	 * within two pages from `window`, below 4 GiB, or within 2 KiB of the instruction. False: there is nothing
	 * under this number.
	 */
	bool (*make)(size_t variant, struct rng *rng, uint64_t window, uint8_t ret[ISA_MAX_INSN_LEN]);
	/* What is special about an encoding, for accounting: bits, by the numbers of the names. */
	unsigned (*traits)(const uint8_t bytes[ISA_MAX_INSN_LEN]);
	const char *const *trait_names; /* "redundant prefixes" */
	uint32_t num_traits;            /* at most ISA_MAX_TRAITS */
};

/* Extensions that stay outside of the model. */
struct isa_outside {
	const char *name;            /* "SVE and SME" */
	const char *const *families; /* of their instructions (insn.family); NULL at the end */
	const char *cpu;             /* a CPU model of QEMU's that has none of them: --cpu */
};

struct isa {
	const char *name;      /* "x86_64" */
	const char *gdb_name;  /* architecture in the target description: "i386:x86-64" */
	const char *qemu_name; /* "qemu-x86_64" */
	uint16_t elf_machine;  /* EM_X86_64 */
	uint8_t max_insn_len;  /* bytes */
	uint8_t insn_align;    /* bytes */

	const struct reg_desc *regs;
	uint32_t num_regs;
	uint32_t num_words; /* of a state */
	struct reg_layout layout;
	uint32_t pc, sp;           /* register ids */
	const uint32_t *flag_regs; /* in the order of insn.flags */
	const char *flag_letters;  /* "oszapc": one a flag, for display */
	uint32_t num_flags;
	/* Registers that say nothing of what instructions compute: never compared. The ISA's table tells why. */
	const uint32_t *unjudged;
	uint32_t num_unjudged;
	/*
	 * Registers that every stop of the guest sets to 0, such as an exclusive monitor, where the target is one that
	 * stops it after each instruction (target->stops_reset). From an instruction that opens to the one that closes,
	 * such a target has to run without a stop.
	 */
	const uint32_t *reset;
	uint32_t num_reset;
	/*
	 * The flag by which a debugger on this CPU steps, 0: none. Where stepping is done so, what the guest sees of it
	 * is the debugger's (Intel SDM vol. 3, "Single-Step Exception Condition"; PUSHF stores it, POPF clears it).
	 */
	uint32_t step_flag;
	/* At most 32. */
	const struct isa_overrun *overruns;
	uint32_t num_overruns;
	int32_t overrun_scratch; /* 16 bytes at this distance from SP */
	uint8_t nop[4];          /* an instruction that does nothing, insn_align bytes */
	/* Fields that a difference in such a register is told by. */
	const struct isa_field *fields;
	uint32_t num_fields;
	/* Registers that have these values when a program starts. Vector, floating-point and control registers that are
	 * not listed are 0. */
	const struct reg_value *initial;
	uint32_t num_initial;
	/*
	 * An instruction that faults has changed nothing (AMD APM vol. 1, 3.9, faults: the state before the instruction
	 * is restored; Intel SDM vol. 3, 6.5). Intel leaves open what x87 and SSE stores of more than 8 bytes do to the
	 * bytes in front of a page that faults (9.1.1); AMD's CPUs leave them alone. False: registers and memory that
	 * it writes by several accesses may hold anything (Arm ARM D1.3, "Precise").
	 */
	bool faults_whole;
	struct expr_names names;

	/* System calls: the registers of the kernel's calling convention, and the bytes of the instruction. */
	struct {
		uint32_t number, arg[6], result; /* register ids */
		const uint8_t *insn;
		uint8_t insn_len;
		/* Registers that the call's instruction, or the kernel, destroys: at most ISA_MAX_CLOBBERED. */
		const uint32_t *clobbered;
		uint32_t num_clobbered;
		const struct sysno *table; /* from syscalls.def, ascending by number */
		uint32_t num_rows;
		const struct isa_gate *gate; /* NULL: there is none */
		/*
		 * What the instruction at the start of bytes is, of which len are there. It looks at opcodes alone:
		 * manuals and this project's decoder may see a fault, and an emulator a call.
		 */
		enum isa_entry (*entry)(const uint8_t *bytes, size_t len);
	} sys;
	/* Without lifting it, for code that is looked at and not executed. len as for entry. */
	void (*flow)(uint64_t pc, const uint8_t *bytes, size_t len, struct isa_flow *ret);
	/*
	 * What of the instruction that may begin at bytes has to be looked at, as its transfer leaves it undefined or
	 * to the outside. Not stores of those that close (struct insn): a stop in front of them would change what they
	 * do. The ISA may leave out some whose bytes are found all over other code, or on which no path depends. len as
	 * for entry.
	 */
	enum isa_undetermined (*undetermined)(const uint8_t *bytes, size_t len);
	/* Instructions mean what they do here while this register has that value. reg 0: whatever the state. */
	struct reg_value mode;
	const struct isa_frame *frame;
	const struct isa_outside *outside;   /* NULL: all is meant to be modelled */
	const struct isa_variants *variants; /* NULL: self-tests of this ISA have no encodings to walk over */

	struct error *(*lifter_create)(struct isa_lifter **ret);
	void (*lifter_destroy)(struct isa_lifter *lifter);
	/* Chooses the transfers of repeated instructions; REPEAT_ITERATION at first. NULL: the ISA has none. */
	void (*lifter_set_repeat)(struct isa_lifter *lifter, enum repeat_step step);
	/*
	 * While this flag is 1 the CPU checks the alignment of what is accessed: instructions are to be lifted for
	 * that, or for 0, as at first. NULL: there is none.
	 */
	void (*lifter_set_checks)(struct isa_lifter *lifter, bool on);
	uint32_t checks_flag;
	/*
	 * Where CPUs differ, by the numbers that struct insn and struct isa_cpu have (features: from 1, the first entry
	 * is not used), and what tells of the CPU, in an order in which the answers can be believed. NULL: nothing.
	 */
	const struct isa_vendor_row *vendor_rows;
	uint32_t num_vendor_rows;
	const struct isa_feature *features;
	uint32_t num_features; /* with the entry that is not used */
	const struct isa_question *questions;
	uint32_t num_questions;
	/* The CPU that the lifter's instructions are for; nothing is known of it at first. NULL: CPUs do not differ. */
	const struct isa_cpu *(*lifter_cpu)(const struct isa_lifter *lifter);
	/* Bits of a register of REG_CONTROL that may be set on a CPU of these features, whoever made it. NULL: the
	 * low 16.
	 */
	uint64_t (*control_bits)(const struct isa_cpu *cpu, uint32_t reg);
	/* Another one: what was lifted so far is to be lifted again. NULL if lifter_cpu is. */
	void (*lifter_set_cpu)(struct isa_lifter *lifter, const struct isa_cpu *cpu);
	/*
	 * Shows the lifter an executed instruction that has environment outputs, with the state's words before and
	 * after it. True if that tells something new of the CPU: what was lifted so far is to be lifted again. NULL: no
	 * encoding depends on the CPU.
	 */
	bool (*lifter_observe)(struct isa_lifter *lifter, const struct insn *insn, const uint64_t *before,
			       const uint64_t *after);
	/*
	 * The encodings that the lifter knows, by index from 0: the bits that a word must have, and where. False behind
	 * the last one. NULL: instructions of this ISA are no words.
	 */
	bool (*lifter_encoding)(const struct isa_lifter *lifter, size_t index, uint32_t *ret_mask, uint32_t *ret_value);
	/*
	 * Decodes the instruction at the start of bytes (len of them are there; more than max_insn_len are not looked
	 * at) and builds its transfer in t, which the caller has reset with a pool. What it is, and whether there is a
	 * transfer, is in ret->status. An error is want of memory or our own bug.
	 */
	struct error *(*lift)(struct isa_lifter *lifter, uint64_t pc, const uint8_t *bytes, size_t len,
			      struct transfer *t, struct insn *ret);
};

/*
 * A row of the kernel's table of numbers. The meaning is named, not numbered: meanings belong to lib/sys, which this
 * layer does not see; sys_describe() finds them.
 */
struct sysno {
	uint16_t number;
	const char *name;    /* as in the kernel's headers, without __NR_ */
	const char *meaning; /* the row of lib/sys/sys.def: "READ" */
};

/* All ISAs, NULL at the end. */
extern const struct isa *const isas[];

/* By name or by ELF machine; NULL if there is none. */
const struct isa *isa_by_name(const char *name);
const struct isa *isa_by_elf_machine(uint16_t machine);

/* The number of the row of isa->overruns with this name, from 1; 0 if there is none. */
uint8_t isa_find_overrun(const struct isa *isa, const char *name);

/* "Intel", "AMD", "unknown". */
const char *cpu_vendor_name(enum cpu_vendor vendor);
/* In small letters; CPU_VENDOR_UNKNOWN if there is none of that name. */
enum cpu_vendor cpu_vendor_by_name(const char *name);

/* Does the CPU have the feature? Features that nobody knows of count as had: isa_cpu_knows() tells. 0 is always had. */
bool isa_cpu_has(const struct isa_cpu *cpu, unsigned feature);
bool isa_cpu_knows(const struct isa_cpu *cpu, unsigned feature);
void isa_cpu_set(struct isa_cpu *cpu, unsigned feature, bool has);

/* Is address an entry of isa->sys.gate? Then *ret is the number of its call. */
bool isa_gate_call(const struct isa *isa, uint64_t address, uint64_t *ret);

/* Register by name or alias of len characters; false if there is none. */
bool isa_find_reg(const struct isa *isa, const char *name, size_t len, uint32_t *ret);

/* A field of the low 32 bits of the register that has isa->flag_regs: one of those, or another. */
bool isa_is_flag(const struct isa *isa, uint32_t reg);

#endif
