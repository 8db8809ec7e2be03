/* The states that cases of vectors begin in. */
#ifndef LIB_ORACLE_VECTORS_STATE_H
#define LIB_ORACLE_VECTORS_STATE_H

#include "lib/base/rng.h"
#include "lib/oracle/vectors.h"

/* The state of a word and a seed: a stream of numbers, drawn in an order that is part of the format. */
void vectors_make_state(uint32_t word, uint64_t seed, struct vectors_state *ret);

/* Likewise, not of the format: more corners of numbers, alike operands, any bit of FPCR that a CPU may keep, FPSR. */
void vectors_draw_state(uint32_t word, uint64_t seed, struct vectors_state *ret);

/* The same by the trial's word and seed, and for a store-exclusive what the monitor marks: mostly what it stores to. */
void vectors_draw_trial(struct vectors_trial *trial);

/* A word of an encoding: `value` in the bits of `mask`. */
uint32_t vectors_draw_word(struct rng *rng, uint32_t mask, uint32_t value);

/* A case of a file as a trial. */
void vectors_make_trial(const struct vector_case *c, struct vectors_trial *ret);

/* Applies the changes of a case that are inputs, or those that are results. */
void vectors_apply(const struct vector_case *c, bool inputs, struct vectors_state *s);

#endif
