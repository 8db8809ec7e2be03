/*
 * The models against an oracle: an instruction is run from many states, random ones and corners, by its model and by
 * the oracle, and everything that can be seen afterwards is compared: every register, every byte of every page, the
 * fault. What the model calls undefined or takes from outside is masked.
 */
#ifndef LIB_ORACLE_SELFTEST_H
#define LIB_ORACLE_SELFTEST_H

#include "lib/oracle/oracle.h"

/*
 * Memory operands are aimed at windows of a few pages. Encodings with an absolute address or one relative to the
 * instruction reach memory without remapping when they point into the low window or close to the code.
 */
#define SELFTEST_LOW_WINDOW UINT64_C(0x20000000)
#define SELFTEST_CODE       UINT64_C(0x401000)

struct selftest;

/* What became of one instruction. */
struct selftest_result {
	struct insn insn; /* its status says whether there is a model */
	bool executes;    /* without a model: the CPU knows it (one case is tried) */
	bool refused;     /* of these: it ends in a protection fault, for its operands or for what it is */
	unsigned passed;  /* cases */
	unsigned failed;
	unsigned skipped;     /* that could not be set up, or for which the model predicts nothing */
	unsigned left_open;   /* that the oracle's host cannot show, or shows and does not own to */
	unsigned repeated;    /* of those passed: only when they were run once more, traced */
	unsigned with_memory; /* of those passed: without a fault, with a load or a store */
	unsigned faulted;     /* of those passed: the fault was the same */
};

/* Uses the oracle for as long as it lives, and does not own it. */
struct error *selftest_create(const struct isa *isa, struct oracle *oracle, struct selftest **ret);
void selftest_destroy(struct selftest *t);

/* The models are by this maker's manual, whatever the CPU says of itself. */
void selftest_set_vendor(struct selftest *t, enum cpu_vendor vendor);
/* The CPU that the models are of; NULL: those of the ISA do not differ. Valid until it changes. */
const struct isa_cpu *selftest_cpu(const struct selftest *t);

/* Of isa->vendor_rows[row]: cases in which it had a part, and those that failed for the CPU does as the other maker's.
 */
struct selftest_row {
	uint64_t cases, failed;
};
struct selftest_row selftest_row(const struct selftest *t, uint32_t row);
/* Cases that failed and that no row explains. */
uint64_t selftest_unexplained(const struct selftest *t);

/*
 * A reason why cases were left open that is not the oracle's: what the CPU executes though its CPUID denies it, and
 * what hypervisors execute in another maker's way. false: no more.
 */
struct selftest_gap {
	const char *what, *why; /* "MOVDIRI", "..." */
	uint64_t count;
};
bool selftest_gap(const struct selftest *t, size_t index, struct selftest_gap *ret);

/*
 * Tries the instruction at the start of bytes from `cases` states; equal seeds give equal states. Appends to `failures`
 * (NULL: nowhere) a paragraph for each of the first few cases that fail: the instruction, its inputs, and for each
 * location that differs what the model and the oracle say.
 */
struct error *selftest_insn(struct selftest *t, const uint8_t *bytes, size_t len, unsigned cases, uint64_t seed,
			    struct strbuf *failures, struct selftest_result *ret);

/*
 * One of the cases of selftest_insn() again, alone. A failure's paragraph names it as HEX:SEED:INDEX, the arguments of
 * this function.
 */
struct error *selftest_replay(struct selftest *t, const uint8_t *bytes, size_t len, uint64_t seed, unsigned index,
			      struct strbuf *failures, struct selftest_result *ret);

#endif
