/*
 * What exec(2) hands to a program on its stack (System V ABI AMD64, 3.4.1; the same on AArch64): from the stack pointer
 * upwards argc, pointers to the arguments and NULL, pointers to the environment and NULL, and the auxiliary vector's
 * pairs of type and value up to AT_NULL; all of them words of 64 bits, little-endian.
 *
 * Reads the words. The strings, AT_RANDOM's bytes and what else they point to is the caller's business.
 */
#ifndef LIB_SYS_INITIAL_STACK_H
#define LIB_SYS_INITIAL_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"

/* An entry of the auxiliary vector. */
struct auxv_entry {
	uint64_t address; /* of its type; its value is 8 bytes behind */
	uint64_t type, value;
};

typedef VEC(uint64_t) stack_pointers;

struct initial_stack {
	stack_pointers argv, env;    /* pointers, without the NULLs; there are argc in argv */
	VEC(struct auxv_entry) auxv; /* without AT_NULL */
	uint64_t end;                /* address behind AT_NULL's type */
};

/* Reads len bytes, which do not cross the end of a page. */
typedef struct error *initial_stack_reader(void *ctx, uint64_t address, void *ret, size_t len);

/*
 * Reads the initial stack at the stack pointer sp. The caller deinits *ret. ERROR_TARGET for one that is none: argc is
 * not the number of arguments, or some list does not end within 8 MiB; and the reader's errors.
 */
struct error *initial_stack_read(initial_stack_reader *reader, void *ctx, uint64_t sp, struct initial_stack *ret);

/* The same of a copy of the len bytes from sp on. */
struct error *initial_stack_parse(const void *bytes, size_t len, uint64_t sp, struct initial_stack *ret);

void initial_stack_deinit(struct initial_stack *s);

/*
 * May the address be on the stack of which `first` was the first stack pointer: not above it, and not more than 8 MiB
 * (RLIMIT_STACK's usual value) below it, or below the stack pointer `now`, if that is on the stack? Nothing need be
 * mapped there yet: the kernel makes the stack larger when the program reaches below it (mm/mmap.c, expand_stack()).
 */
bool initial_stack_reaches(uint64_t first, uint64_t now, uint64_t address);

/* The first entry of the type, or NULL. */
const struct auxv_entry *initial_stack_auxv(const struct initial_stack *s, uint64_t type);

#endif
