/* What a run could not judge: counted by mnemonic, and the last of it kept. */
#include <stdio.h>
#include <string.h>

#include "lib/lockstep/internal.h"

void note_adopted(struct run *run, const char *mnemonic, uint64_t pc, enum unseen_reason reason)
{
	struct adopted *a = &run->adopted;

	a->pc = pc;
	a->instruction = run->instructions;
	a->reason = reason;
	a->lacks = NULL;
	a->trap_flag = false;
	if (strcmp(a->mnemonic, mnemonic) != 0)
		snprintf(a->mnemonic, sizeof a->mnemonic, "%s", mnemonic);
}

static struct unmodelled *find_unmodelled(struct run *run, const char *name)
{
	for (size_t i = 0; i < run->unmodelled.len; i++)
		if (!strcmp(run->unmodelled.at[i].mnemonic, name))
			return &run->unmodelled.at[i];
	return NULL;
}

static struct partly_seen *find_partly(struct run *run, const char *mnemonic, enum unseen_reason reason)
{
	for (size_t i = 0; i < run->partly.len; i++) {
		struct partly_seen *p = &run->partly.at[i];
		if (p->reason == reason && !strcmp(p->mnemonic, mnemonic))
			return p;
	}
	return NULL;
}

const char *unmodelled_name(const struct prediction *slot)
{
	if (!slot->lifted)
		return "(unreadable)";
	return *slot->lifted->insn.mnemonic ? slot->lifted->insn.mnemonic : "(undecodable)";
}

struct error *count_unmodelled(struct run *run, const struct prediction *slot)
{
	const char *name = unmodelled_name(slot);
	struct unmodelled *known = find_unmodelled(run, name), u = {.count = 1, .first_pc = slot->pc};

	note_adopted(run, name, slot->pc, UNSEEN_NOTHING);
	if (known) {
		known->count++;
		return NULL;
	}
	snprintf(u.mnemonic, sizeof u.mnemonic, "%s", name);
	return vec_push(&run->unmodelled, u) ? NULL : &error_no_memory;
}

struct error *count_unseen(struct lockstep *ls, const char *mnemonic, uint64_t pc, enum unseen_reason reason)
{
	struct run *run = ls->run;
	struct partly_seen *known = find_partly(run, mnemonic, reason);
	struct partly_seen p = {.reason = reason, .reg = ls->judgement.hidden_reg, .count = 1, .first_pc = pc};

	run->unseen++;
	note_adopted(run, mnemonic, pc, reason);
	if (known) {
		known->count++;
		return NULL;
	}
	snprintf(p.mnemonic, sizeof p.mnemonic, "%s", mnemonic);
	return vec_push(&run->partly, p) ? NULL : &error_no_memory;
}

struct error *merge_unjudged(struct run *into, const struct run *from)
{
	for (size_t i = 0; i < from->unmodelled.len; i++) {
		const struct unmodelled *u = &from->unmodelled.at[i];
		struct unmodelled *known = find_unmodelled(into, u->mnemonic);
		if (known)
			known->count += u->count;
		else if (!vec_push(&into->unmodelled, *u))
			return &error_no_memory;
	}
	for (size_t i = 0; i < from->partly.len; i++) {
		const struct partly_seen *p = &from->partly.at[i];
		struct partly_seen *known = find_partly(into, p->mnemonic, p->reason);
		if (known)
			known->count += p->count;
		else if (!vec_push(&into->partly, *p))
			return &error_no_memory;
	}
	return NULL;
}
