/*
 * The self-test of all instructions that an ISA's table has: every variant of its encodings (isa->variants) is tried,
 * the encodings are grouped by form, and each form is run from many states. What of the table the CPU executes and no
 * model describes is found, too; what the table does not have is sweep.h's.
 */
#ifndef LIB_ORACLE_WALK_H
#define LIB_ORACLE_WALK_H

#include "lib/base/rng.h"
#include "lib/oracle/selftest.h"

/* Of all cases: those that passed, and those of them that ended in a fault. */
struct walk_coverage {
	uint64_t passed, faulted;
};

struct walk_form {
	char name[ISA_FORM_LEN]; /* insn.form */
	enum lift_status status;
	const char *family;           /* insn.family */
	bool undefined;               /* always #UD, by a rule: LOCK where it is not allowed */
	uint32_t first, num_variants; /* private */
	uint64_t passed, failed, skipped, left_open, repeated, with_memory, faulted;
	/* Without a model: cases that the CPU executes. Or do all end in a protection fault, whatever the operands? */
	uint64_t unmodelled;
	bool refused;
	uint8_t example[ISA_MAX_INSN_LEN], example_len; /* that the CPU executes, or the first one */
};

struct walk;

/* Are there encodings of this ISA to walk over? */
bool walk_supports(const struct isa *isa);

/*
 * Finds the forms. ERROR_UNSUPPORTED: the ISA is none that walk_supports(). Uses the oracle as long as it lives;
 * equal seeds give equal walks. vendor: whose manual the models are by; CPU_VENDOR_UNKNOWN: the CPU's.
 */
struct error *walk_create(const struct isa *isa, struct oracle *oracle, uint64_t seed, enum cpu_vendor vendor,
			  struct walk **ret);
void walk_destroy(struct walk *w);

size_t walk_num_forms(const struct walk *w);
const struct walk_form *walk_form(const struct walk *w, size_t form);

/*
 * Tries a form from `cases` states (one that is always #UD from a 16th of that), by several encodings of each of its
 * variants, and adds to its counts. Without a model: finds out whether the CPU executes it. Appends a paragraph for the
 * first failures of each encoding (NULL: nowhere).
 */
struct error *walk_run(struct walk *w, size_t form, unsigned cases, struct strbuf *failures);

/* An encoding of the form, of ISA_MAX_INSN_LEN bytes of which the last ones do not matter; false: rng found none. */
struct error *walk_encode(struct walk *w, size_t form, struct rng *rng, uint8_t ret[ISA_MAX_INSN_LEN], bool *ret_found);

/* Of the cases run so far, those whose encoding has the trait of isa->variants. */
const struct walk_coverage *walk_coverage(const struct walk *w, uint32_t trait);

/* The self-test that it uses. */
struct selftest *walk_selftest(const struct walk *w);

#endif
