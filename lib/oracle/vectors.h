/*
 * Single-instruction cases with expected results (vector_file.h), run on the model of AArch64. A case begins in a state
 * that is a function of its word and its seed; everything that the format can tell is compared afterwards: the general
 * registers, SP, the vector registers, NZCV, PC, FPSR, FPCR, and the window of memory. Accesses around the window are
 * part of cases: zeros are read there, and what is stored is not looked at.
 */
#ifndef LIB_ORACLE_VECTORS_H
#define LIB_ORACLE_VECTORS_H

#include "lib/base/strbuf.h"
#include "lib/oracle/vector_file.h"
#include "lib/state/state.h"

#define VECTORS_CODE   UINT64_C(0x10008000) /* where the instruction is */
#define VECTORS_WINDOW UINT64_C(0x20001000)

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
 * Runs a case. *ret_insn is valid until the next call. Errors are want of memory and our own bugs.
 */
struct error *vectors_run(struct vectors *v, const struct vector_case *c, enum vectors_verdict *ret,
			  const struct insn **ret_insn);

/*
 * Appends a paragraph on the case that was run last: the instruction, its inputs, and for each location that differs
 * what was expected and what the model says.
 */
struct error *vectors_describe(struct vectors *v, struct strbuf *text);

#endif
