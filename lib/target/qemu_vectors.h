/*
 * Single instructions of AArch64 in QEMU's user mode: a program of ours (vectors_guest.h) executes them by the batch,
 * so that QEMU is started once. QEMU is an emulator with bugs of its own, so that a trial in which it differs from the
 * model is a question and no verdict.
 *
 * Left out are words that would leave the program (isa->sys.entry), branches into it or into its slots, loads from
 * these, and what wants more memory than appears for it or an address that is none. A fault keeps its kind alone.
 */
#ifndef LIB_TARGET_QEMU_VECTORS_H
#define LIB_TARGET_QEMU_VECTORS_H

#include "lib/oracle/vectors.h"

struct qemu_vectors;

struct qemu_vectors_options {
	const char *emulator; /* a path, or a name on PATH; NULL: see qemu_find_emulator() */
	const char *cpu;      /* -cpu; NULL: max */
	unsigned timeout_ms;  /* of the start, and of a batch */
};

enum {
	QEMU_VECTORS_BATCH = 32, /* trials */
	QEMU_VECTORS_AHEAD = 2,  /* batches that are submitted and not collected, at most */
};

struct error *qemu_vectors_create(const struct isa *isa, const struct qemu_vectors_options *options,
				  struct qemu_vectors **ret);
/* NULL is fine. */
void qemu_vectors_destroy(struct qemu_vectors *q);

/* What the emulator says of itself: "qemu-aarch64 version 7.2.22 (..)". */
const char *qemu_vectors_identity(const struct qemu_vectors *q);

/* What the model has to take for granted of this CPU, by registers that the format does not have. */
struct error *qemu_vectors_tell(struct qemu_vectors *q, struct vectors *vectors);

/*
 * Starts num trials, at most a batch. Those that follow each other and have one word share its translation. Sets their
 * PC before, and where they are left out their end.
 */
struct error *qemu_vectors_submit(struct qemu_vectors *q, struct vectors_trial *trials, unsigned num);

/*
 * Completes the trials of the batch that was submitted first: their ends, states after, and of FPCR before the bits
 * that this CPU keeps.
 */
struct error *qemu_vectors_collect(struct qemu_vectors *q, struct vectors_trial *trials, unsigned num);

#endif
