/*
 * Differences that are not findings yet. The model's knowledge of memory may be wrong: what an instruction loads is
 * read from the source again before the difference is charged to it. The source has to stand still for that, and the
 * guest may have executed more by then: bytes that were stored to since are left out.
 */
#ifndef LIB_JUDGE_SUSPECTS_H
#define LIB_JUDGE_SUSPECTS_H

#include "lib/judge/predict.h"
#include "lib/run/findings.h"

/* A page as the model knew it. */
struct known_page {
	uint64_t address;
	uint8_t *data, *unknown; /* MEMORY_PAGE bytes each, data's allocation holds both */
};

struct suspect {
	struct finding finding; /* complete but for severity and opinion */
	struct state before;
	struct prediction slot;          /* the instruction and its loads alone */
	VEC(struct known_page) pages;    /* that it accesses, before it */
	VEC(struct memory_range) ranges; /* of a finding that faulted: where it would have written */
	size_t first_store;              /* in stored: those since, its own included */
	bool anywhere;                   /* it or a later instruction may have stored anywhere */
};

struct suspects {
	VEC(struct suspect) list;
	VEC(struct memory_range) stored;
};

struct judge;

/* The difference is one of the instruction in slot, before which the registers are j->before and memory is the
 * model's. Takes the finding. */
struct error *suspects_add(struct judge *j, struct finding *f, const struct prediction *slot);

/* The instruction was executed since, or is the one. */
struct error *suspects_note(struct judge *j, const struct prediction *slot);
/* What was executed since is not known. */
void suspects_note_anything(struct judge *j);

/* Makes findings of them, but for those behind the instruction at which the options have enough. still: the source
 * stands still, and its memory can be read. */
struct error *suspects_settle(struct judge *j, bool still);

void suspects_deinit(struct suspects *s);

#endif
