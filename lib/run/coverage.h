/*
 * What a run exercised: for each instruction form and encoding, how many of its executions were judged, and how far.
 * Bounded by the forms that the instruction set has, not by the length of the run.
 */
#ifndef LIB_RUN_COVERAGE_H
#define LIB_RUN_COVERAGE_H

#include "arch/arch.h"
#include "lib/base/vec.h"

/* How far one execution was judged. */
enum judged {
	JUDGED_FULLY,  /* every result was compared, but for bits that the architecture leaves undefined */
	JUDGED_PARTLY, /* the target does not show a result, or an input was not known */
	JUDGED_NOT,    /* there was no prediction: no model, or nothing known of the inputs */
	NUM_JUDGED
};

struct coverage_form {
	enum lift_status status;
	char form[ISA_FORM_LEN]; /* "" of what cannot be decoded */
	char encoding[ISA_ENCODING_LEN];
	const char *family; /* static; NULL when not decoded */
	uint64_t count[NUM_JUDGED];
	uint64_t first_pc; /* of the first that was counted */
};

/* All zero is empty. */
struct coverage {
	VEC(struct coverage_form) forms; /* those without counts were not executed */
};

/* Counts an execution. number: of the instruction's form in its lift cache (struct lifted), of which one is used. */
struct error *coverage_count(struct coverage *c, uint32_t number, const struct insn *insn, enum judged judged);

/* Takes one execution back that was counted as fully judged, and counts it as partly judged. */
void coverage_demote(struct coverage *c, uint32_t number);

/* Adds the counts of another run of the same instruction set. The numbers of forms mean nothing afterwards. */
struct error *coverage_merge(struct coverage *into, const struct coverage *from);

static inline uint64_t coverage_executed(const struct coverage_form *f)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < NUM_JUDGED; i++)
		sum += f->count[i];
	return sum;
}

void coverage_deinit(struct coverage *c);

/* "fully", "partly", "not". */
const char *judged_name(enum judged judged);

#endif
