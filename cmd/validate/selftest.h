/* validate selftest: what its kinds share. A kind is a file with a function that runs it and counts. */
#ifndef CMD_VALIDATE_SELFTEST_H
#define CMD_VALIDATE_SELFTEST_H

#include <regex.h>

#include "lib/oracle/selftest.h"

struct selftest_seed {
	bool given;
	uint64_t value;
};

struct selftest_options {
	const char *arch, *vectors, *against, *cpu, *only, *replay, *host_force;
	uint64_t cases, seed, mutants;
	struct selftest_seed mutate;
	enum cpu_vendor vendor;
	bool sweep;
	unsigned verbose;
};

struct selftest_counts {
	uint64_t passed, failed, unmodelled;
};

/* This machine's CPU, as options->host_force wants it; what was found out of it is printed. */
struct error *selftest_oracle(const struct isa *isa, const struct selftest_options *options, struct oracle **ret);

/* Prints how many cases they left open, by reason. NULL is fine. */
void selftest_show_gaps(const struct oracle *oracle, const struct selftest *test);

/* Runs the cases of options->vectors (NULL: standard input); adds to the counts also when it fails. */
struct error *selftest_vectors(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts);

/* Runs options->cases random words of each encoding in the emulator options->against, and on the model; likewise. */
struct error *selftest_against(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts);

/* The forms that options->only chooses, or all; the caller calls regfree(). */
struct error *selftest_only(const struct selftest_options *options, regex_t *ret);

/* The walk over the opcode maps on this machine's CPU, or options->replay alone; likewise. */
struct error *selftest_native(const struct isa *isa, const struct selftest_options *options,
			      struct selftest_counts *counts);

/*
 * Which encodings of the opcode maps this machine's CPU executes, against what the models say; those on which they
 * agree count as passed, a difference as a failure.
 */
struct error *selftest_sweep(const struct isa *isa, const struct selftest_options *options,
			     struct selftest_counts *counts);

/* What each word is to the lifter, where instructions are words; those that a disassembler alone knows are failures. */
struct error *selftest_words(const struct isa *isa, const struct selftest_options *options,
			     struct selftest_counts *counts);

/* Models made wrong, options->mutate and those after it: a mutant that survives counts as a failure; likewise. */
struct error *selftest_mutants(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts);

#endif
