/*
 * The parts of a tracee in QEMU: tracee_qemu.c runs it, tracee_qemu_calls.c knows where it makes system calls,
 * tracee_qemu_images.c what was in its memory at the start. Private to lib/record.
 */
#ifndef LIB_RECORD_TRACEE_QEMU_PRIVATE_H
#define LIB_RECORD_TRACEE_QEMU_PRIVATE_H

#include "lib/elf/image.h"
#include "lib/record/tracee.h"
#include "lib/target/target.h"

enum {
	PAGE = 4096,
	MAX_HANDLERS = 64, /* that run at a time */
	NUM_IMAGES = 2,    /* the program and its interpreter */
};

struct image {
	char *path;
	uint64_t bias;         /* what its addresses in the file are moved by */
	struct elf_image *elf; /* NULL: there is no such image */
};

struct qemu_tracee {
	struct tracee base;
	struct target *target;
	struct state regs; /* at the last stop */
	bool at_call;      /* the guest stands at a call's instruction that has been reported as begun */
	bool denied;
	uint64_t call_pc;
	int signal;      /* to be delivered when it goes on */
	bool have_later; /* a signal that came with a call's return */
	struct native_stop later;
	uint64_t behind;     /* where the guest went on behind the last call; 0: where it may come again without one */
	VEC(uint64_t) calls; /* addresses that have a breakpoint, ascending */
	uint64_t interrupted[MAX_HANDLERS]; /* where handlers return to, the innermost last */
	size_t num_interrupted;
	struct image image[NUM_IMAGES];
	uint64_t stack_end;
};

static inline struct qemu_tracee *qemu_of(struct tracee *t)
{
	return (struct qemu_tracee *)t;
}

/* ---- tracee_qemu_calls.c ---- */

/* Is it the address of an instruction that enters the kernel, as far as memory was looked through? */
bool qemu_calls_has(const struct qemu_tracee *q, uint64_t address);
/* There is none any more; nor need there have been. */
struct error *qemu_calls_drop(struct qemu_tracee *q, uint64_t address);
/* Finds the calls in a range of memory, as far as it can be read: a file's mapping may reach beyond its end. */
struct error *qemu_calls_scan(struct qemu_tracee *q, uint64_t address, uint64_t len);
/* Stops at the entries of the page of vsyscalls, too. */
struct error *qemu_calls_watch_gate(struct qemu_tracee *q);

/* ---- tracee_qemu_images.c ---- */

/* Opens the program and its interpreter, the latter as QEMU finds it: in the sysroot, if it is there. */
struct error *qemu_images_open(struct qemu_tracee *q, const struct tracee_qemu_options *o);
/* The program stands at its first instruction: finds out where the images and the stack are, hides the vDSO, and looks
 * for calls in the images. */
struct error *qemu_images_place(struct qemu_tracee *q);
/* As tracee_mappings(). */
struct error *qemu_images_mappings(struct tracee *t, struct evlog_header *h);

#endif
