/*
 * Decoding: tables of encodings, a row an encoding.
 *
 * The encoding of a row is a pattern of 32 characters, most significant bit first, spaces aside:
 *   0 1     this bit has this value
 *   x       any value, which does not matter
 *   ! ?    should be one, zero: else the instruction is UNDEFINED, or as if it were (Arm ARM, "SBO", "SBZ")
 *   letter  a bit of the field of that name; fields are contiguous
 * Letters as far as they have one meaning everywhere: s the size bit "sf"; d n m a the numbers of Rd Rn Rm Ra; t u
 * those of Rt and Rt2; S that of Rs; i the immediate; c a condition; Q z the width and the element size of a vector.
 *
 * Rows are tried in the order of their table, so that an exception stands before the rule; tables do not overlap, but
 * for the general rows of system instructions. Rows of encodings that the manual calls unallocated are written only
 * where a wider row would take them.
 */
#ifndef ARCH_AARCH64_DECODE_H
#define ARCH_AARCH64_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct a64_ctx;

typedef void a64_build(struct a64_ctx *c);

enum { A64_NUM_FLAGS = 4 };

struct a64_row {
	const char *pattern;
	a64_build *build;              /* builds the transfer; NULL: unallocated */
	uint32_t param;                /* what tells the members of a family apart */
	char flags[A64_NUM_FLAGS + 1]; /* effect on nzcv, in the letters of arch.h */
	const char *name; /* the mnemonic, and what tells its encodings apart: "add imm"; for reports and for text
			     that capstone does not have */
};

struct a64_table {
	const char *name; /* "a64_alu" */
	const struct a64_row *rows;
	size_t len;
};

#define A64_TABLE(name) const struct a64_table name##_table = {#name, name, sizeof name / sizeof *name}

/* The fields of an encoding. */
struct a64_field {
	char letter;
	uint8_t low, width; /* bits */
};

enum { A64_MAX_FIELDS = 12 };

struct a64_encoding {
	uint32_t mask, value;
	uint32_t should, should_be; /* bits that should have a value, and which */
	uint8_t num_fields;
	struct a64_field fields[A64_MAX_FIELDS];
	const struct a64_row *row;
};

/* Reads a row's pattern; ERROR_BUG if it is none. */
struct error *a64_parse_row(const struct a64_row *row, struct a64_encoding *ret);

/* All encodings, found by the upper bits of the word. */
struct a64_decoder {
	struct a64_encoding *encodings;
	size_t num_encodings;
	uint16_t *bucket; /* indices of encodings, bucket after bucket */
	uint32_t *first;  /* by bucket: where it starts; it ends where the next one starts */
};

/* Reads `num` tables, in their order. */
struct error *a64_decoder_init(struct a64_decoder *d, const struct a64_table *const *tables, size_t num);
void a64_decoder_deinit(struct a64_decoder *d);

/* The first encoding that the word has; NULL if none. */
const struct a64_encoding *a64_decode(const struct a64_decoder *d, uint32_t word);

/* The word that four bytes of memory are. */
static inline uint32_t a64_word(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

#endif
