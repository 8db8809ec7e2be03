/*
 * Single-instruction cases with expected results (vector_file.h), run on the model of AArch64. A case begins in a state
 * that is a function of its word and its seed; everything that the format can tell is compared afterwards: the general
 * registers, SP, the vector registers, NZCV, PC, FPSR, FPCR, and the window of memory. Accesses around the window are
 * part of cases: zeros are read there, and what is stored is not looked at.
 */
#ifndef LIB_ORACLE_VECTORS_H
#define LIB_ORACLE_VECTORS_H

#include "arch/arch.h"
#include "lib/base/strbuf.h"
#include "lib/oracle/vector_file.h"
#include "lib/state/state.h"

#define VECTORS_CODE   UINT64_C(0x10008000) /* where the instruction is */
#define VECTORS_WINDOW UINT64_C(0x20001000)

/* What the format can tell of a state. */
struct vectors_state {
	uint64_t x[31], sp, pc;
	uint64_t v[32][2]; /* low half first */
	uint32_t nzcv;     /* in bits 31:28 */
	uint32_t fpsr, fpcr;
	uint8_t memory[VECTOR_WINDOW];
};

enum vectors_end {
	VECTORS_ENDED,
	VECTORS_FAULTED,
	VECTORS_DIED,     /* and took the emulator with it */
	VECTORS_LEFT_OUT, /* it cannot be compared */
};

/* An instruction executed by somebody. */
struct vectors_trial {
	uint32_t number;
	uint32_t word;
	uint64_t seed;
	struct vectors_state before;
	/* The local exclusive monitor: what it marks, by its bytes (0: nothing) and address. */
	bool monitor_known;
	uint8_t marked_bytes;
	uint64_t marked;
	enum vectors_end end;
	enum fault_kind fault;      /* VECTORS_FAULTED */
	struct vectors_state after; /* VECTORS_ENDED */
	bool fpsr_unknown;          /* ... of which FPSR must not be judged */
};

enum vectors_verdict {
	VECTORS_PASSED,
	VECTORS_FAILED,
	/* There is no model, or it takes bits of the result from outside and the others are right. */
	VECTORS_UNMODELLED,
	VECTORS_NUM_VERDICTS
};

struct vectors;

/* The ISA is one that has the registers of the format; else ERROR_UNSUPPORTED. */
struct error *vectors_create(const struct isa *isa, struct vectors **ret);
void vectors_destroy(struct vectors *v);

/*
 * A register that the format does not have, and that holds this in all states from now on. At first `naa` is 1:
 * files leave out cases that fault, so that none has a misaligned access that is not allowed; and `tbi0` is 0.
 */
void vectors_assume(struct vectors *v, const char *reg, uint64_t value);

/* The bits of FPCR that the CPU has, at first all: models are held against each other in no other states. */
void vectors_keep_fpcr(struct vectors *v, uint32_t bits);

/* An instruction that tells of the CPU (isa->questions), by index from 0; false behind the last one. */
bool vectors_question(const struct vectors *v, size_t index, struct vectors_trial *ret);
/* What it told: VECTORS_ENDED. From now on the model is of that CPU. */
struct error *vectors_observe(struct vectors *v, const struct vectors_trial *trial);

/* Is there a model of the instruction, which takes it to an end or a fault? *ret_insn as of vectors_judge(). */
struct error *vectors_is_modelled(struct vectors *v, uint64_t pc, uint32_t word, bool *ret,
				  const struct insn **ret_insn);

/* The model against what became of a trial that is not left out. *ret_insn is valid until the next call. Errors are
 * want of memory and our own bugs. */
struct error *vectors_judge(struct vectors *v, const struct vectors_trial *trial, enum vectors_verdict *ret,
			    const struct insn **ret_insn);

/* The same for a case of a file. */
struct error *vectors_run(struct vectors *v, const struct vector_case *c, enum vectors_verdict *ret,
			  const struct insn **ret_insn);

/*
 * Appends a paragraph on the case that was judged last: the instruction, its inputs, and for each location that differs
 * what was expected and what the model says.
 */
struct error *vectors_describe(struct vectors *v, struct strbuf *text);

#endif
