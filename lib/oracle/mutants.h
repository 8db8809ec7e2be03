/*
 * The self-test tested: a model is made wrong in one place (lib/expr/mutate.h), and some case must notice. One that no
 * case notices is held against the right model, without the truth, on many states: is there any in which it predicts
 * something else?
 */
#ifndef LIB_ORACLE_MUTANTS_H
#define LIB_ORACLE_MUTANTS_H

#include "lib/base/rng.h"
#include "lib/base/strbuf.h"
#include "lib/expr/prog.h"
#include "lib/oracle/difference.h"

enum mutant_verdict {
	MUTANT_KILLED,
	MUTANT_EQUIVALENT, /* it predicts the same in all states */
	MUTANT_UNDEFINED,  /* it differs in bits that the right model leaves undefined or takes from outside */
	MUTANT_HIDDEN,     /* ... and in registers that no case shows */
	MUTANT_SURVIVED,
};

struct mutant {
	enum mutant_verdict verdict;
	struct insn insn; /* the encoding whose model is wrong */
	char change[160]; /* what is wrong; then the registers that it changes */
	unsigned cases;   /* MUTANT_KILLED: that were run, the last one failed */
	unsigned states;  /* else: on which the two models were compared */
	unsigned differ;  /* of these: with a difference that can be seen */
};

/* A model with one change. */
struct wrong_model {
	struct transfer transfer;
	struct prog *prog;
};

enum mutant_case { MUTANT_CASE_PASSED, MUTANT_CASE_FAILED, MUTANT_CASE_NONE /* there are no more */ };

/* An instruction whose model is to be made wrong, and who knows of states and of the truth. */
struct mutant_subject {
	const struct isa *isa;
	const struct transfer *right; /* mutants are made in its pool */
	void *ctx;
	/* Makes a state, state `index` of those that rng gives, and adds how the two models differ in it. */
	struct error *(*compare)(void *ctx, const struct wrong_model *wrong, struct rng *rng, unsigned index,
				 struct difference *ret);
	/*
	 * Case `index` by the wrong model, against the truth; appends how it failed to text (NULL: nowhere). The pool
	 * may be lost when it failed.
	 */
	struct error *(*run)(void *ctx, const struct wrong_model *wrong, unsigned index, struct strbuf *text,
			     enum mutant_case *ret);
};

/*
 * Makes a mutant of the subject, as rng tells, and tries it by up to `cases` cases. *ret_found: false if none could be
 * made; instructions that always fault are left out. The caller fills in ret->insn.
 */
struct error *mutant_make(const struct mutant_subject *subject, struct rng *rng, unsigned cases, struct strbuf *text,
			  struct mutant *ret, bool *ret_found);

#endif
