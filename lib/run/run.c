#include "lib/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_deinit(struct run *run)
{
	findings_deinit(&run->findings);
	vec_deinit(&run->unmodelled);
	vec_deinit(&run->partly);
	vec_deinit(&run->closer);
	coverage_deinit(&run->coverage);
	free(run->lost_expected);
	free(run->lost_observed);
	free(run->cut);
	error_destroy(run->error);
	error_destroy(run->trace_error);
	*run = (struct run){0};
}

static const struct {
	const char *name, *text;
} reasons[NUM_STEPPED] = {
	[STEPPED_CODE] = {"code", "code may change"},
	[STEPPED_SIGNAL] = {"signal", "the event log has a signal"},
	[STEPPED_UNDETERMINED] = {"undetermined", "an instruction does what only the emulator decides"},
	[STEPPED_MAP] = {"map", "nobody knows what is mapped"},
};

const char *stepped_reason_name(enum stepped_reason reason)
{
	return reasons[reason].name;
}

const char *stepped_reason_text(enum stepped_reason reason)
{
	return reasons[reason].text;
}

/* ---- What could not be judged: counted by mnemonic, and the last of it kept ---- */

void run_note_adopted(struct run *run, const char *mnemonic, uint64_t pc, enum unseen_reason reason)
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

struct error *run_count_unmodelled(struct run *run, const char *name, uint64_t pc)
{
	struct unmodelled *known = find_unmodelled(run, name), u = {.count = 1, .first_pc = pc};

	run_note_adopted(run, name, pc, UNSEEN_NOTHING);
	if (known) {
		known->count++;
		return NULL;
	}
	snprintf(u.mnemonic, sizeof u.mnemonic, "%s", name);
	return vec_push(&run->unmodelled, u) ? NULL : &error_no_memory;
}

struct error *run_count_unseen(struct run *run, const char *mnemonic, uint64_t pc, enum unseen_reason reason,
			       uint32_t reg)
{
	struct partly_seen *known = find_partly(run, mnemonic, reason);
	struct partly_seen p = {.reason = reason, .reg = reg, .count = 1, .first_pc = pc};

	run->unseen++;
	run_note_adopted(run, mnemonic, pc, reason);
	if (known) {
		known->count++;
		return NULL;
	}
	snprintf(p.mnemonic, sizeof p.mnemonic, "%s", mnemonic);
	return vec_push(&run->partly, p) ? NULL : &error_no_memory;
}

struct error *run_want_closer(struct run *run, uint64_t number, uint64_t begin, uint64_t last)
{
	for (size_t i = run->closer.len; i-- > 0;) {
		struct run_stretch *s = &run->closer.at[i];
		if (s->number != number)
			continue;
		s->last = last > s->last ? last : s->last;
		return NULL;
	}
	return vec_push(&run->closer, ((struct run_stretch){number, begin, last})) ? NULL : &error_no_memory;
}

/* ---- Adding up ---- */

static struct error *merge_unjudged(struct run *into, const struct run *from)
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

static struct error *merge_findings(struct findings *into, struct findings *from, const struct isa *isa)
{
	for (size_t i = 0; i < from->list.len; i++) {
		struct finding *f = &from->list.at[i], *known = findings_find(into, isa, f);
		if (!known) {
			if (!vec_push(&into->list, *f))
				return &error_no_memory;
			*f = (struct finding){.count = 0};
			continue;
		}
		known->count += f->count;
		known->flags |= f->flags;
	}
	return NULL;
}

static void merge_audit(struct run_audit *into, const struct run_audit *from)
{
	into->audits += from->audits;
	into->at = from->at > into->at ? from->at : into->at;
	into->bytes += from->bytes;
	into->differing += from->differing;
	into->unreadable += from->unreadable;
}

static void merge_lane(struct run_lane *into, const struct run_lane *from)
{
	into->can_flow |= from->can_flow;
	into->blocks |= from->blocks;
	into->logged += from->logged;
	for (unsigned i = 0; i < NUM_STEPPED; i++)
		into->stepped[i] += from->stepped[i];
	merge_audit(&into->stands, &from->stands);
	into->left += from->left;
}

struct error *run_merge(struct run *into, struct run *from, const struct isa *isa)
{
	struct error *err = merge_findings(&into->findings, &from->findings, isa);

	if (!err)
		err = merge_unjudged(into, from);
	if (from->adopted.instruction > into->adopted.instruction)
		into->adopted = from->adopted;
	if (from->differed.instruction > into->differed.instruction)
		into->differed = from->differed;
	if (!err)
		err = coverage_merge(&into->coverage, &from->coverage);
	into->instructions = from->instructions;
	into->checked += from->checked;
	into->within_bound += from->within_bound;
	into->grouped += from->grouped;
	into->blocks += from->blocks;
	into->in_blocks += from->in_blocks;
	merge_audit(&into->audit, &from->audit);
	merge_lane(&into->lane, &from->lane);
	into->unseen += from->unseen;
	into->either += from->either;
	into->vendor = from->vendor ? from->vendor : into->vendor;
	into->events.total += from->events.total;
	into->events.emulated += from->events.emulated;
	into->events.executed += from->events.executed;
	into->events.passed += from->events.passed;
	into->events.skipped += from->events.skipped;
	into->events.unlogged += from->events.unlogged;
	into->events.delivered += from->events.delivered;
	into->limit = from->limit ? from->limit : into->limit;
	into->interrupted |= from->interrupted;
	into->exited = from->exited;
	into->exit_status = from->exit_status;
	into->exit_signal = from->exit_signal;
	timeline_merge_findings(&into->timeline, &from->timeline);
	return err;
}
