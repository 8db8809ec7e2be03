/*
 * Loads a program into an address space as exec(2) did when its log was recorded: the same images at the same
 * addresses, the same initial stack. What the auxiliary vector says of the CPU can be replaced, because programs choose
 * their instructions by it.
 *
 * The addresses are the log's (AT_ENTRY, AT_BASE); nothing of the vDSO is there.
 */
#ifndef LIB_TARGET_LOADER_H
#define LIB_TARGET_LOADER_H

#include "lib/evlog/evlog.h"
#include "lib/target/space.h"

struct loader_options {
	const char *program;           /* path of the recorded program; its digest is the caller's business */
	const struct evlog_auxv *auxv; /* entries that get another value, if they are there */
	size_t num_auxv;
};

/* Where things are. */
struct loaded {
	uint64_t entry;        /* of the program, or of its dynamic loader */
	uint64_t stack;        /* the stack pointer */
	uint64_t stack_bottom; /* the lowest address that is kept for the stack */
	uint64_t heap;         /* behind the program's image */
};

/* Maps the images and the stack. ERROR_INPUT if log and files do not fit together. */
struct error *loader_load(struct space *space, const struct evlog_header *log, const struct loader_options *options,
			  struct loaded *ret);

#endif
