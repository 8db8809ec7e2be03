/* The states that cases of vectors begin in; private to lib/oracle. */
#ifndef LIB_ORACLE_VECTORS_STATE_H
#define LIB_ORACLE_VECTORS_STATE_H

#include <stdint.h>

#include "lib/oracle/vector_file.h"

/* What the format can tell of a state. */
struct vectors_state {
	uint64_t x[31], sp, pc;
	uint64_t v[32][2]; /* low half first */
	uint32_t nzcv;     /* in bits 31:28 */
	uint32_t fpsr, fpcr;
	uint8_t memory[VECTOR_WINDOW];
};

/* The state of a word and a seed: a stream of numbers, drawn in an order that is part of the format. */
void vectors_make_state(uint32_t word, uint64_t seed, struct vectors_state *ret);

/* Applies the changes of a case that are inputs, or those that are results. */
void vectors_apply(const struct vector_case *c, bool inputs, struct vectors_state *s);

#endif
