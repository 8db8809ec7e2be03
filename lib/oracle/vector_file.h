/*
 * Files of single-instruction cases with expected results ("vectors"), read case by case: memory does not grow with the
 * file. Nothing in a file is trusted; errors (ERROR_INPUT) name the file and the offset, which in compressed files
 * counts the bytes after decompression.
 *
 * All numbers are little-endian. A file: 8 bytes "A64VEC1\0", u32 number of cases, the cases, and nothing after them. A
 * case: u32 instruction word, u64 seed, u8 number of changes, the changes: a kind byte and a value (enum vector_kind).
 * What the seed means is vectors.h's.
 */
#ifndef LIB_ORACLE_VECTOR_FILE_H
#define LIB_ORACLE_VECTOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

/* What a change is about; 0-30 are the general registers, 32-63 the vector registers. */
enum vector_kind {
	VECTOR_SP = 31,
	VECTOR_V0 = 32,
	VECTOR_NZCV = 64, /* in bits 31:28 */
	VECTOR_PC = 65,   /* where it is not the next instruction */
	VECTOR_FPSR = 66,
	VECTOR_MEMORY = 67, /* u8 offset into the window, u8 length, bytes */
	VECTOR_FPCR = 68,
	VECTOR_UNKNOWN = 69, /* what must not be judged: bit 0: FPSR */
	VECTOR_NUM_KINDS
};

enum { VECTOR_WINDOW = 256, VECTOR_MAX_CHANGES = 255 };

struct vector_change {
	uint8_t kind;
	bool input;          /* replaces what the seed gave (bit 7 of the kind byte); else a result */
	uint8_t offset, len; /* VECTOR_MEMORY: both within the window; else len is the value's length */
	const uint8_t *bytes;
};

struct vector_case {
	uint32_t number; /* from 0 */
	uint32_t word;
	uint64_t seed;
	unsigned num_changes;
	const struct vector_change *changes;
};

struct vector_reader;

/*
 * Opens a file, or standard input if path is NULL or "-", and reads the header. Data that start like an xz file are
 * decompressed.
 */
struct error *vector_reader_open(const char *path, struct vector_reader **ret);
/* NULL is fine. */
void vector_reader_close(struct vector_reader *r);

/* How many cases the header promises. */
uint32_t vector_reader_num_cases(const struct vector_reader *r);

/* The next case, whose pointers are valid until the next call; false at the end of the file. */
struct error *vector_reader_next(struct vector_reader *r, struct vector_case *ret, bool *ret_found);

#endif
