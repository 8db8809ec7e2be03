/* validate selftest: verdicts on cases of AArch64, by mnemonic and by family, and the first of those that failed. */
#ifndef CMD_VALIDATE_SELFTEST_TALLY_H
#define CMD_VALIDATE_SELFTEST_TALLY_H

#include "cmd/validate/selftest.h"
#include "lib/base/vec.h"
#include "lib/oracle/vectors.h"

/* A row of the report: a mnemonic, or a family of them. */
struct tally_row {
	char name[sizeof((struct insn *)0)->mnemonic];
	uint64_t count[VECTORS_NUM_VERDICTS];
	unsigned shown[VECTORS_NUM_VERDICTS];
};

typedef VEC(struct tally_row) tally_rows;

/* All zero but for the first two. */
struct tally {
	struct selftest_counts *counts;
	unsigned verbose; /* the number of -v */
	tally_rows mnemonics, families;
	unsigned shown;
};

/* The case that was judged last; it is printed if it is one to be shown. */
struct error *tally_add(struct tally *t, struct vectors *vectors, const struct insn *insn,
			enum vectors_verdict verdict);

/* Prints the rows, those with most failures first. */
void tally_report(struct tally *t);
void tally_deinit(struct tally *t);

#endif
