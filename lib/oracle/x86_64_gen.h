/*
 * x86-64 encodings for self-tests: a walk over the opcode maps. A shape is an opcode with the prefixes that select an
 * instruction, an operand size or a vector length, and a register or a memory operand; what else an encoding has
 * (registers, addressing, immediates, prefixes without effect) is random.
 *
 * Knows the maps' layout but no instruction: many shapes are none, and the length of the others is the decoder's word.
 */
#ifndef LIB_ORACLE_X86_64_GEN_H
#define LIB_ORACLE_X86_64_GEN_H

#include "lib/base/rng.h"

enum { X86_64_GEN_LEN = 15 };

/* Shapes are numbered from 0; those of one opcode lie together. */
size_t x86_64_gen_count(void);

/* How many times as many samples a shape needs as most do, to show all its instructions. */
unsigned x86_64_gen_variety(size_t shape);

/* An encoding of a shape, followed by random bytes; false if there is nothing under this number. */
bool x86_64_gen(size_t shape, struct rng *rng, uint8_t ret[X86_64_GEN_LEN]);

#endif
