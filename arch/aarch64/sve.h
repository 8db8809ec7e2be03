/*
 * SVE and SME, which are outside of the model: their instructions are known by name, and by what they may change.
 *
 * A row is a class of encodings. Its name is a list, of which the word chooses one by the field o; '-' is unallocated.
 * The flags are those that it may write. Field d is the first register that it writes, whether Zd, Zt, Pd or Rd.
 * The state has the low 128 bits of Z registers, as V, and neither predicates, FFR nor ZA: rows name what they may
 * change of those all the same.
 */
#ifndef ARCH_AARCH64_SVE_H
#define ARCH_AARCH64_SVE_H

#include "arch/aarch64/aarch64.h"

/* A row's parameter. */
enum {
	/* What it may change. */
	Z1 = 1, /* one Z register */
	Z2 = 2,
	Z3 = 3,
	Z4 = 4,
	COUNT = 7,
	STRIDED = 1 << 3, /* they are 16 / n apart, and the upper bit of the number is field s */
	PD = 1 << 4,      /* predicates */
	FFR = 1 << 5,
	XD = 1 << 6,  /* a general register; 31 is the zero register */
	XSP = 1 << 7, /* 31 is the stack pointer */
	FPSR = 1 << 8,
	ZA = 1 << 9,     /* ZA or ZT0 */
	STORE = 1 << 10, /* memory */
	MODE = 1 << 11,  /* PSTATE.SM: all of Z, P, FFR, FPSR and FPMR (ResetSVEState()) */

	/* What else the word must have. */
	BHS = 1 << 16,  /* z is not 3 */
	HSD = 1 << 17,  /* z is not 0 */
	TSZ = 1 << 18,  /* z:w is not 0: an element size, and how far to shift or which element */
	ONE = 1 << 19,  /* z:w has one bit set */
	LIMM = 1 << 20, /* N, r, s: DecodeBitMasks() does not refuse them */
	SH = 1 << 21,   /* bytes (z is 0) are not shifted (h) */
	NOZR = 1 << 22, /* m is not the zero register */
};

/* The helper of all rows. */
void a64_sve(struct a64_ctx *c);

#endif
