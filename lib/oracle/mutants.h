/*
 * The self-test tested: a model is made wrong in one place (lib/expr/mutate.h), and some case must notice. One that no
 * case notices is held against the right model, without the CPU, on many states: is there any in which it predicts
 * something else?
 */
#ifndef LIB_ORACLE_MUTANTS_H
#define LIB_ORACLE_MUTANTS_H

#include "lib/oracle/walk.h"

enum mutant_verdict {
	MUTANT_KILLED,
	MUTANT_EQUIVALENT, /* it predicts the same in all states */
	MUTANT_UNDEFINED,  /* it differs in bits that the right model leaves undefined or takes from outside */
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

/*
 * Makes and tries the mutant of a seed, of a form that `is_chosen` (NULL: any) likes; up to `cases` cases. Instructions
 * that always fault are left out. Appends the
 * first difference to text (NULL: nowhere): to the CPU, or to the right model if it survived. ERROR_UNSUPPORTED: no
 * form is to be had.
 */
struct error *mutant_try(struct walk *w, uint64_t seed, unsigned cases,
			 bool (*is_chosen)(void *ctx, const struct walk_form *form), void *ctx, struct strbuf *text,
			 struct mutant *ret);

#endif
