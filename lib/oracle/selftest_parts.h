/*
 * Inside the self-test: making states (selftest_state.c), running cases (selftest.c), comparing (selftest_compare.c),
 * and what a comparison does not count (selftest_gaps.c).
 */
#ifndef LIB_ORACLE_SELFTEST_PARTS_H
#define LIB_ORACLE_SELFTEST_PARTS_H

#include "lib/base/rng.h"
#include "lib/oracle/guest.h"
#include "lib/oracle/selftest.h"
#include "lib/oracle/values.h"

/* Of cases that wait there is one more than are run at once: the one at hand, meanwhile. */
enum { SELFTEST_NOISE = 65536, SELFTEST_HELD_PAGES = 5, SELFTEST_HELD = ORACLE_MAX_MANY + 1 };

/* What the model says of a case. */
struct expectation {
	enum fault_kind fault;
	/* FAULT_PAGE: the access that failed. */
	uint64_t address;
	unsigned len;
	/*
	 * No fault, but the next instruction is nowhere: models leave it to the next fetch to fault, some CPUs do that
	 * in the jump (#GP on a target that is not canonical).
	 */
	bool wild;
};

/* A case that waits until there are more of its kind: they are run at once. */
struct selftest_held {
	struct state before;
	struct eval eval;
	struct expectation predicted;
	uint64_t seed;
	unsigned index, turn;
	struct guest_page pages[SELFTEST_HELD_PAGES];
	size_t num_pages;
};

struct selftest {
	const struct isa *isa;
	struct oracle *oracle;
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer transfer;
	uint8_t *noise; /* contents for pages */

	/* The instruction at hand. */
	struct insn insn;
	enum oracle_way way;
	uint64_t stop; /* as in struct oracle_case */
	struct prog *prog;
	bool mutated;           /* transfer and program are not the lifter's, but those of mutants.c */
	VEC(uint32_t) inputs;   /* registers that it reads */
	VEC(uint8_t) is_input;  /* the same by register */
	VEC(uint32_t) pointers; /* those of them that make up addresses */
	VEC(bool) marks;        /* of the pool's nodes */
	bool floats;            /* it reads the floating-point control register */
	bool has_x87;           /* the ISA has its registers: */
	uint32_t st0, fctrl, fstat;

	/* What selftest_replay() is given to run the case at hand again. */
	const uint8_t *given;
	size_t given_len;
	uint64_t given_seed;
	unsigned index;

	/* The case at hand. */
	uint64_t seed;
	unsigned turn; /* changes what changes rarely: the quiet contents of pages */
	struct rng rng;
	enum values_theme theme;
	struct guest guest;
	struct state initial, before, expected;
	struct eval eval;
	struct expectation predicted;
	struct oracle_outcome out;

	struct selftest_held held[SELFTEST_HELD];
	size_t num_held;

	VEC(struct selftest_gap) gaps; /* of all cases */
	struct selftest_row rows[32];  /* likewise, by isa->vendor_rows */
	uint64_t unexplained;
};

/*
 * Takes the instruction at the start of bytes for that at hand, placed as the seed tells: decodes and compiles. One
 * that cannot be evaluated is as good as unmodelled. rng: what is left of the seed.
 */
struct error *selftest_take(struct selftest *t, const uint8_t *bytes, size_t len, uint64_t seed, struct rng *rng);

/* Makes case `index` and predicts it; rng is selftest_take()'s, and each index takes its turn. */
struct error *selftest_prepare(struct selftest *t, struct rng *rng, unsigned index);

/* selftest_held.c: room for cases that wait. */
struct error *selftest_held_init(struct selftest *t);
void selftest_held_deinit(struct selftest *t);

/*
 * Runs the case that was prepared, or has it wait for others of its kind; what has waited is run by the second
 * function, at the latest.
 */
struct error *selftest_run_or_hold(struct selftest *t, struct strbuf *failures, struct selftest_result *ret);
struct error *selftest_run_held(struct selftest *t, struct strbuf *failures, struct selftest_result *ret);

/* The case at hand for the oracle; `ranges` have room for GUEST_MAX_PAGES. */
struct oracle_case selftest_case(const struct selftest *t, enum oracle_way way, struct oracle_range *ranges);

/* The case at hand was run: compares, and counts. */
struct error *selftest_judge(struct selftest *t, struct strbuf *failures, struct selftest_result *ret);

/* Runs the case that was prepared. */
struct error *selftest_run(struct selftest *t, struct strbuf *failures, struct selftest_result *ret);

/* Predicts the case at hand once more, after t->prog has changed. */
struct error *selftest_predict(struct selftest *t);

/* Which registers the transfer reads, and which of them for addresses: fills inputs and pointers. */
struct error *selftest_find_inputs(struct selftest *t);

/* Registers, window and contents of the next case; the code is put in at insn.pc. */
void selftest_make_case(struct selftest *t);

/* SELFTEST_NOISE bytes: corners and random numbers in lanes of all widths. */
void selftest_make_noise(struct rng *r, uint8_t *ret);

/* Fills a new page. */
void selftest_fill(struct selftest *t, struct guest_page *page);

/* Has an instruction that loads a selector mostly find one that exists. Predicts anew. */
struct error *selftest_plant_selectors(struct selftest *t);

/* selftest_x87.c: finds its registers; has an instruction that reads them find states of all kinds; puts numbers into
 * the memory that is loaded, and predicts anew. */
void selftest_find_x87(struct selftest *t);
void selftest_set_x87(struct selftest *t);
struct error *selftest_plant_x87(struct selftest *t);

/* An address in the window of this case at which `len` bytes are likely to be of interest. */
uint64_t selftest_target(struct selftest *t, unsigned len);

/*
 * Page faults come in an order that is the CPU's own when several accesses fault: is there one of this address
 * (GUEST_NO_ADDRESS: of one that is no user address) that does? Where a floating-point exception is predicted, one that
 * does without it. Evaluates anew; the prediction stays as it is.
 */
struct error *selftest_may_fault_at(struct selftest *t, uint64_t address, bool *ret);

/* Evaluates anew as if no access faulted; the prediction stays as it is. */
struct error *selftest_go_on(struct selftest *t);

/*
 * Is the case at hand, which did not agree, left open? So it is if it did not end as predicted by the doing of a
 * hypervisor: it hides an extension in CPUID but cannot keep the CPU from executing it, or executes something itself.
 * Then it is counted among the gaps.
 */
struct error *selftest_excuse(struct selftest *t, bool *ret);

/* Is the alignment of what the instruction accesses checked? Of one in eight, by its seed. */
static inline bool selftest_checks(const struct selftest *t)
{
	return (t->given_seed >> 8 & 7) == 0;
}

/* Takes the instruction at hand once more, at its place, when t->lifter has changed; the case stays. */
struct error *selftest_lift_again(struct selftest *t);

/* The case at hand was compared: counts its rows. One that failed: finds the row that explains it. */
void selftest_count_rows(struct selftest *t);
struct error *selftest_blame(struct selftest *t);

/* It ended as predicted, whatever it left behind. */
bool selftest_ends_as_predicted(const struct selftest *t);

/* Compares the outcome with the prediction; what differs is appended to text (NULL: nowhere). */
struct error *selftest_compare(struct selftest *t, struct strbuf *text, bool *ret);

#endif
