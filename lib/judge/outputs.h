/* One instruction judged: what was predicted against what was seen. */
#ifndef LIB_JUDGE_OUTPUTS_H
#define LIB_JUDGE_OUTPUTS_H

#include "lib/judge/predict.h"
#include "lib/run/findings.h"

/* The differences are what another CPU does: one of another maker, or with the features that the guest's lacks. */
enum as_other { AS_NO_OTHER, AS_OTHER_VENDOR, AS_OTHER_FEATURES };

/* The differences of one instruction. All zero is empty; reusable. */
struct judgement {
	VEC(struct finding)
	differences;    /* location, width, values and mask only; insn and the rest are the caller's to add */
	bool as_logged; /* no model tells what it should do; it raised the signal that the log's CPU raised */
	bool trapped;   /* a signal stopped it, which came behind it: it completed, and was judged as such */
	enum as_other as_other;
	char *other_text;          /* as_other: for people */
	bool either;               /* it does what one of the CPUs does that the guest's may be */
	bool within_bound;         /* a result that is given within an error is */
	bool open;                 /* a general register has bits that the manual leaves open */
	enum unseen_reason unseen; /* why some of its results could not be compared */
	uint32_t hidden_reg;       /* UNSEEN_HIDDEN: the first of them */
};

/*
 * Compares. before: the guest's registers before (hidden ones as predicted so far); seen: after, as the source shows
 * them; memory: what was read at each of the prediction's stores (memory_ok tells which; NULL: none was
 * read). expect: scratch of the same ISA; on return the registers after: what was seen, and where the source hides them
 * what was predicted. Words that touched leaves out are, as far as they are shown, the same in before and seen.
 */
struct error *judge_outputs(struct judgement *j, const struct source *source, const struct prediction *slot,
			    const struct state *before, const struct state *seen, const struct observed *memory,
			    const struct touched *touched, struct state *expect);

/* Bits that were predicted but are hidden: *ret is a register that has some. before: the instruction. */
bool judge_hides(const struct source *source, const struct prediction *slot, const struct state *before, uint32_t *ret);

/* A fault that was expected and did not happen, or the other way round. Signals are the guest kernel's; 0: none. */
struct error *judge_fault(struct judgement *j, int expected_signal, int observed_signal);

/* After an instruction that did nothing, for it was to fault and did: *after is what was seen, and what was not seen is
 * as before. */
void keep_registers(const struct source *source, const struct state *before, const struct state *seen,
		    struct state *after);

/*
 * After an instruction of which nothing was predicted: *after is what was seen. Hidden registers are unknown, but for
 * those that are no source's to show, constants of the processor above all, which are as before.
 */
void adopt_registers(const struct source *source, const struct state *before, const struct state *seen,
		     struct state *after);

void judgement_clear(struct judgement *j);
void judgement_deinit(struct judgement *j);

#endif
