/*
 * A program of AArch64 Linux that executes single instructions, from states that it reads, and writes the states after
 * them: thousands a second in an emulator that runs it without a stop. It is made here, word by word, as an ELF file.
 *
 * On standard input it takes a batch of VECTORS_GUEST_BATCH inputs after the other, and answers each with as many
 * outputs on standard output. An instruction is put into a slot, with a branch back behind it. A signal ends it as
 * well, and the output is what the signal's frame holds, but where it lacks a page: that appears, full of zeros, the
 * instruction starts over from its input, and the page goes when it is done. The window of lib/oracle/vectors.h and the
 * pages around it are always there, and all zeros but for the window.
 *
 * The program keeps no state of its own in registers while an instruction runs, but for TPIDR_EL0, which it spoils. It
 * does not defend itself: what enters the kernel, what jumps to itself, into the slots or into the program, must not be
 * handed to it.
 */
#ifndef LIB_TARGET_VECTORS_GUEST_H
#define LIB_TARGET_VECTORS_GUEST_H

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/oracle/vectors.h"

enum {
	VECTORS_GUEST_BATCH = 32, /* cases */
	VECTORS_GUEST_SLOTS = 33,
	VECTORS_GUEST_SLOT = 16, /* bytes; the first slot is at VECTORS_CODE */
	VECTORS_GUEST_PAGE = 4096,
	VECTORS_GUEST_MAX_PAGES = 8, /* that appear for one instruction */
};

/* Where the program itself is. */
#define VECTORS_GUEST_START UINT64_C(0x14000000)
#define VECTORS_GUEST_END   UINT64_C(0x14050000)

/* Both little-endian. Fields that have the same place in both are copied together. */
struct vectors_guest_input {
	uint64_t x[31], sp;
	uint64_t v[32][2];
	uint64_t nzcv, fpcr, fpsr;
	uint64_t code;   /* the instruction's word; above it, the branch back */
	uint64_t slot;   /* address of where that goes */
	uint64_t entry;  /* of what jumps there */
	uint64_t marked; /* address for the exclusive monitor */
	uint64_t mark;   /* address of what marks it, or of what does not */
	uint8_t memory[VECTOR_WINDOW];
};

struct vectors_guest_output {
	uint64_t x[31], sp, pc, pstate; /* as in a signal's frame; pc: of a signal alone */
	uint64_t v[32][2];
	uint64_t fpsr, fpcr;
	uint64_t kept_fpcr; /* of the input's, what this CPU has */
	uint64_t signal;    /* 0: it ended */
	uint8_t memory[VECTOR_WINDOW];
};

struct vectors_guest {
	uint64_t marks, unmarked, entries, save; /* addresses */
};

/* Appends the file to image. */
struct error *vectors_guest_make(struct strbuf *image, struct vectors_guest *ret);

/* Where the instruction of a slot is. */
uint64_t vectors_guest_slot(unsigned slot);

/* Has the exclusive monitor mark so many bytes, a power of two up to 16 and aligned, or nothing: 0. */
void vectors_guest_mark(const struct vectors_guest *guest, uint64_t address, unsigned bytes,
			struct vectors_guest_input *ret);

/* The fields of an input that are the same for each state: code, slot, entry. */
void vectors_guest_aim(const struct vectors_guest *guest, unsigned slot, uint32_t word,
		       struct vectors_guest_input *ret);

#endif
