/* What the files of the witness share; lockstep sees witness.h alone. */
#ifndef LIB_LOCKSTEP_WITNESS_PARTS_H
#define LIB_LOCKSTEP_WITNESS_PARTS_H

#include "lib/lockstep/witness.h"

enum {
	WITNESS_VARIANTS = 4,
	WITNESS_PAGES = 8, /* the code's, the operand's, a gather's */
	WITNESS_STORES = 16,
};

struct witness_page {
	uint64_t address;
	uint8_t data[WITNESS_VARIANTS][MEMORY_PAGE];
	uint8_t unknown[MEMORY_PAGE];
};

/* What cannot be said of the results: each includes those before it. */
enum doubt {
	DOUBT_NONE,
	DOUBT_HIDDEN,  /* of named registers that the target hides, and of the control registers */
	DOUBT_VALUES,  /* of whatever it may change */
	DOUBT_ALL,     /* ... and what follows from that */
	DOUBT_STACK,   /* ... which may be any of the registers of a stack */
	DOUBT_ADDRESS, /* nothing can */
};

struct witness {
	struct oracle *oracle;
	struct state before[WITNESS_VARIANTS];
	struct oracle_outcome out[WITNESS_VARIANTS];
	struct witness_page page[WITNESS_PAGES];
	size_t num_pages;
	unsigned num_variants;
	enum doubt doubt;
	/* The instruction at hand. */
	struct predictor *p;
	const struct insn *insn;
	uint64_t operand; /* address of its memory operand */
	bool crowded;     /* it touches more pages than there is room for */
};

/* The operands name it. */
bool witness_is_named(const struct insn *insn, uint32_t reg);
/* The instruction reads it without naming it. */
bool witness_is_implied(const struct insn *insn, uint32_t reg);
/* The CPU does not keep it as such: it is computed from other registers (x87 tags). */
bool witness_is_summary(const struct reg_desc *desc);
/* The effect on a flag, as in insn.flags; 'R' of what is none of those. */
char witness_flag_letter(const struct isa *isa, const struct insn *insn, uint32_t reg);

/* The page around address, or NULL. */
const struct witness_page *witness_find_page(const struct witness *w, uint64_t address);
/* It ended because a page is not there. */
bool witness_lacks_page(const struct oracle_outcome *out);

/* All variants were run, and ended alike: the slot becomes the prediction; *ret as of predict_next(). */
struct error *witness_conclude(struct witness *w, struct prediction *slot, enum predict_result *ret);

#endif
