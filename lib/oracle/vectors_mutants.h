/*
 * Mutants (mutants.h) of words of AArch64. The truth is what somebody makes of a word: an emulator, or a file of
 * vectors. Trials in which the right model is not what the truth is do not count.
 */
#ifndef LIB_ORACLE_VECTORS_MUTANTS_H
#define LIB_ORACLE_VECTORS_MUTANTS_H

#include "lib/oracle/mutants.h"
#include "lib/oracle/vectors.h"

enum { VECTORS_TRUTH_BATCH = 32 };

struct vectors_truth {
	void *ctx;
	/* Further trials of the word, as rng tells, with their outcomes; *ret_num, at most VECTORS_TRUTH_BATCH; 0:
	 * there are no more. */
	struct error *(*more)(void *ctx, uint32_t word, struct rng *rng, struct vectors_trial *ret, unsigned *ret_num);
};

/* A mutant of the word, as mutant_make(); *ret_found: false also where the word has no model,
 * or the first batch no trial that agrees with it. */
struct error *vectors_mutant(struct vectors *v, const struct vectors_truth *truth, uint32_t word, struct rng *rng,
			     unsigned cases, struct strbuf *text, struct mutant *ret, bool *ret_found);

#endif
