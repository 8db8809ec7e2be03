/*
 * The self-test of all instructions that an ISA's opcode maps hold: every shape of encoding is tried, the encodings are
 * grouped by form, and each form is run from many states. What the CPU executes and no model describes is found, too.
 */
#ifndef LIB_ORACLE_WALK_H
#define LIB_ORACLE_WALK_H

#include "lib/base/rng.h"
#include "lib/oracle/selftest.h"

/* What kind of instruction has no model, as far as its encoding tells. */
enum walk_class {
	WALK_GENERAL, /* general-purpose and SSE integer instructions: none of the following */
	WALK_X87,
	WALK_MMX,
	WALK_FP,     /* floating point in XMM registers */
	WALK_AVX,    /* VEX */
	WALK_AVX512, /* EVEX */
	WALK_SYSTEM, /* the CPU refuses it to user programs (#GP), or it is a 32-bit program's way into the kernel */
	WALK_NUM_CLASSES
};

/* What is special about an encoding. */
enum walk_trait {
	WALK_REDUNDANT,   /* a prefix twice */
	WALK_CONFLICTING, /* prefixes of which one overrules the other */
	WALK_LOCK,        /* LOCK, wherever it stands */
	WALK_TOO_LONG,    /* more than 15 bytes */
	WALK_STRING,      /* a string instruction; with either direction, as other flags */
	WALK_STRING_67,   /* with 32-bit addresses */
	WALK_COUNT_67,    /* LOOP or JrCXZ with a 32-bit count */
	WALK_BIT_STRING,  /* BT and its like, of memory by a register */
	WALK_NUM_TRAITS
};

/* Of all cases: those that passed, and those of them that ended in a fault. */
struct walk_coverage {
	uint64_t passed, faulted;
};

struct walk_form {
	char name[ISA_FORM_LEN]; /* insn.form; of what cannot be decoded, the opcode */
	enum lift_status status;
	bool reserved;              /* no instruction, but an encoding that raises an exception for some rule */
	enum walk_class class;      /* without a model */
	uint32_t first, num_shapes; /* private */
	uint64_t passed, failed, skipped, left_open, repeated, with_memory, faulted;
	/* Without a model: cases that the CPU executes. Or do all end in a protection fault, whatever the operands? */
	uint64_t unmodelled;
	bool refused;
	uint8_t example[ISA_MAX_INSN_LEN], example_len; /* that the CPU executes, or the first one */
};

struct walk;

/* Are the opcode maps of this ISA known here? */
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
 * Tries a form from `cases` states, a reserved encoding from a 16th of that, by several encodings of each of its
 * shapes, and adds to its counts. Without a model: finds out whether the CPU executes it. Appends a paragraph for the
 * first failures of each encoding (NULL: nowhere).
 */
struct error *walk_run(struct walk *w, size_t form, unsigned cases, struct strbuf *failures);

/* An encoding of the form, of ISA_MAX_INSN_LEN bytes of which the last ones do not matter; false: rng found none. */
struct error *walk_encode(struct walk *w, size_t form, struct rng *rng, uint8_t ret[ISA_MAX_INSN_LEN], bool *ret_found);

/* Of the cases run so far, those whose encoding has the trait. */
const struct walk_coverage *walk_coverage(const struct walk *w, enum walk_trait trait);
const char *walk_trait_name(enum walk_trait trait);

/* The self-test that it uses. */
struct selftest *walk_selftest(const struct walk *w);

const char *walk_class_name(enum walk_class class);

#endif
