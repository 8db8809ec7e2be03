/* validate selftest: what its kinds share. A kind is a file with a function that runs it and counts. */
#ifndef CMD_VALIDATE_SELFTEST_H
#define CMD_VALIDATE_SELFTEST_H

#include "arch/arch.h"

struct selftest_options {
	const char *arch, *vectors;
	unsigned verbose;
};

struct selftest_counts {
	uint64_t passed, failed, unmodelled;
};

/* Runs the cases of options->vectors (NULL: standard input); adds to the counts also when it fails. */
struct error *selftest_vectors(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts);

#endif
