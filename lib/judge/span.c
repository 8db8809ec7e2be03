#include "lib/judge/span.h"

#include <string.h>

#include "lib/judge/judge.h"
#include "lib/sys/signal.h"

enum { FAILURES_MAX = 8 }; /* store-exclusives in a row, at one place, that may fail without a reason */

void span_deinit(struct span *s)
{
	for (size_t i = 0; i < SPAN_MAX; i++)
		prediction_deinit(&s->slot[i]);
	prediction_deinit(&s->whole);
	state_deinit(&s->start);
}

/* ---- All as one ---- */

void span_state_before(const struct judge *j, size_t i, struct state *ret)
{
	state_copy(ret, &j->span.start);
	for (size_t k = 0; k < i; k++)
		prediction_apply(&j->span.slot[k], ret);
}

static bool overlap(const struct eval_store *a, const struct eval_store *b)
{
	return a->address - b->address < b->len || b->address - a->address < a->len;
}

/* Stores that those of a later instruction write over, if only in part. */
static void drop_overwritten(struct prediction *whole, const struct prediction *later)
{
	size_t kept = 0;

	for (size_t i = 0; i < whole->stores.len; i++) {
		bool over = false;
		for (size_t k = 0; k < later->stores.len; k++)
			over |= overlap(&whole->stores.at[i], &later->stores.at[k]);
		if (!over)
			whole->stores.at[kept++] = whole->stores.at[i];
	}
	whole->stores.len = kept;
}

/* Bounds on registers that a later instruction writes are no more than undetermined bits. */
static struct error *append_bounds(struct prediction *whole, const struct prediction *slot)
{
	size_t kept = 0;

	for (size_t i = 0; i < whole->bounds.len; i++)
		if (prediction_find(slot, whole->bounds.at[i].reg) == slot->regs.len)
			whole->bounds.at[kept++] = whole->bounds.at[i];
	whole->bounds.len = kept;
	for (size_t i = 0; i < slot->bounds.len; i++)
		if (!vec_push(&whole->bounds, slot->bounds.at[i]))
			return &error_no_memory;
	return NULL;
}

/* Appends the outputs of one instruction to those of all: later ones count. */
static struct error *append(struct prediction *whole, const struct prediction *slot)
{
	size_t base = whole->words.len;

	drop_overwritten(whole, slot);

	whole->imprecise |= slot->imprecise;
	if (!vec_reserve(&whole->words, base + slot->words.len))
		return &error_no_memory;
	memcpy(whole->words.at + base, slot->words.at, slot->words.len * sizeof *slot->words.at);
	whole->words.len += slot->words.len;
	for (size_t i = 0; i < slot->regs.len; i++) {
		struct predicted_reg r = {slot->regs.at[i].reg, (uint16_t)(base + slot->regs.at[i].word)};
		if (!vec_push(&whole->regs, r))
			return &error_no_memory;
	}
	for (size_t i = 0; i < slot->stores.len; i++)
		if (!vec_push(&whole->stores, slot->stores.at[i]))
			return &error_no_memory;
	return append_bounds(whole, slot);
}

struct error *span_join(struct span *span)
{
	struct prediction *w = &span->whole;
	struct error *err = NULL;

	w->kind = PREDICTED_OUTPUTS;
	w->pc = span->slot[0].pc;
	w->lifted = span_last(span)->lifted;
	w->imprecise = false;
	w->regs.len = w->words.len = w->bounds.len = w->stores.len = 0;
	for (size_t i = 0; i < span->len && !err; i++)
		err = append(w, &span->slot[i]);
	return err;
}

struct error *span_compare(struct judge *j)
{
	struct span *span = &j->span;
	struct prediction *w = &span->whole;
	struct error *err = span_join(span);

	judgement_clear(&j->judgement);
	if (!err)
		err = judge_outputs(&j->judgement, j->source, w, &span->start, &j->seen, &j->reply, NULL, &j->now);
	if (w->imprecise)
		j->judgement.unseen = UNSEEN_INPUT;
	return err;
}

/* What was seen of the stores is what memory held before the sequence. */
static bool stores_absent(struct judge *j, const struct prediction *closing)
{
	for (size_t i = 0; i < closing->stores.len; i++) {
		const struct eval_store *s = &closing->stores.at[i];
		uint8_t bytes[64], unknown[64];
		if (i >= OBSERVED_MAX_READS || !j->reply.memory_ok[i] ||
		    !memory_read(j->model.memory, s->address, bytes, unknown, s->len) ||
		    memcmp(bytes, j->reply.memory[i], s->len) != 0)
			return false;
	}
	return true;
}

/* Judges once more with the closing instruction predicted from a state with its monitor, or without. */
static struct error *compare_closing(struct judge *j, bool lost)
{
	const struct isa *isa = j->source->isa;
	struct span *span = &j->span;

	span_state_before(j, span->len - 1, &j->before);
	for (uint32_t i = 0; lost && i < isa->num_reset; i++)
		state_set(&j->before, isa->reset[i], 0);
	j->model.grouping = true;
	struct error *err = predict_again(&j->model, span_last(span), &j->before);
	j->model.grouping = false;
	return err ? err : span_compare(j);
}

/*
 * The monitor may be lost for any reason (Arm ARM B2.12.1), such as a signal to the emulator: is what was seen what the
 * closing instruction does without it? Not every time: for a store that never succeeds programs wait in vain. Memory is
 * the one before the sequence.
 */
static struct error *judge_lost(struct judge *j, bool *ret)
{
	struct span *span = &j->span;
	uint64_t pc = span_last(span)->pc;

	*ret = false;
	const struct prediction *last = span_last(span);
	if (!last->lifted || !last->lifted->insn.closes || last->kind != PREDICTED_OUTPUTS)
		return NULL;
	if (!stores_absent(j, span_last(span)) || (span->failed_at == pc && span->failures >= FAILURES_MAX))
		return NULL;
	struct error *err = compare_closing(j, true);
	if (err)
		return err;
	if (j->judgement.differences.len)
		return compare_closing(j, false);
	span->failures = span->failed_at == pc ? span->failures + 1 : 1;
	span->failed_at = pc;
	*ret = true;
	return NULL;
}

/* ---- Keeping the result ---- */

/* The instruction that a difference is charged to. */
static size_t blame(const struct judge *j, const struct finding *f)
{
	const struct span *span = &j->span;

	for (size_t i = span->len; f->kind == LOCATION_REG && f->reg != j->source->isa->pc && i-- > 0;)
		for (size_t k = 0; k < span->slot[i].regs.len; k++)
			if (span->slot[i].regs.at[k].reg == f->reg)
				return i;
	return span->len - 1;
}

/* Keeps the differences, those of each instruction with what it had before it. */
static struct error *keep_span(struct judge *j)
{
	struct judgement all = j->judgement;
	uint64_t end = j->run->instructions, start = end - j->span.len;
	struct error *err = NULL;

	j->judgement = (struct judgement){0};
	for (size_t i = 0; !err && i < j->span.len; i++) {
		judgement_clear(&j->judgement);
		for (size_t k = 0; !err && k < all.differences.len; k++)
			if (blame(j, &all.differences.at[k]) == i &&
			    !vec_push(&j->judgement.differences, all.differences.at[k]))
				err = &error_no_memory;
		if (err || !j->judgement.differences.len)
			continue;
		j->run->instructions = start + i + 1;
		span_state_before(j, i, &j->before);
		err = keep_differences(j, &j->span.slot[i]);
	}
	j->run->instructions = end;
	judgement_deinit(&j->judgement);
	j->judgement = all;
	return err;
}

/* What they stored is not what earlier suspects loaded. */
static struct error *note_span(struct judge *j)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < j->span.len; i++)
		err = suspects_note(j, &j->span.slot[i]);
	return err;
}

struct error *span_account(struct judge *j)
{
	struct span *span = &j->span;
	struct run *run = j->run;
	bool unseen = j->judgement.unseen != UNSEEN_NOTHING;
	struct error *err = NULL;

	run->instructions += span->len;
	if (!j->judging)
		return note_span(j);
	run->checked += span->len - unseen;
	run->within_bound += j->judgement.within_bound;
	for (size_t i = 0; !err && i < span->len; i++)
		err = coverage_count(&run->coverage, span->slot[i].lifted->form, &span->slot[i].lifted->insn,
				     unseen && i == span->len - 1 ? JUDGED_PARTLY : JUDGED_FULLY);
	if (!err && unseen)
		err = count_unseen(j, span_last(span)->lifted->insn.mnemonic, span_last(span)->pc, j->judgement.unseen);
	if (!err && j->judgement.differences.len)
		err = keep_span(j);
	return err ? err : note_span(j);
}

void span_count_group(struct judge *j)
{
	j->run->grouped += j->judging ? j->span.len : 0;
}

void span_cut_at_exit(struct judge *j)
{
	uint64_t pc = state_get(&j->seen, j->source->isa->pc);

	for (size_t i = 0; i + 1 < j->span.len; i++)
		if (j->span.exit[i] && j->span.exit[i] == pc)
			j->span.len = i + 1;
}

struct error *span_judge(struct judge *j)
{
	const struct isa *isa = j->source->isa;
	struct span *span = &j->span;
	bool lost = false;

	struct error *err = span_compare(j);
	bool differs = j->judgement.differences.len > 0;
	bool masked = prediction_has_masked_store(&span->whole);
	/* What others than the last store holds as predicted: in a group that is nothing. */
	if (!err && (differs || masked))
		err = memory_journal_rollback(j->model.memory, span_last(span)->mark);
	if (!err && differs)
		err = judge_lost(j, &lost);
	if (!err && !lost)
		span->failures = 0;
	if (!err)
		err = span_account(j);
	if (!err && (differs || masked))
		err = judge_settle_stores(j, &span->whole);
	for (uint32_t i = 0; i < isa->num_reset && j->source->stops_reset; i++)
		state_set(&j->now, isa->reset[i], 0);
	return err;
}

struct error *span_judge_signal(struct judge *j, size_t *ret_len)
{
	struct span *span = &j->span;
	uint64_t pc = state_get(&j->seen, j->source->isa->pc);
	size_t i = 0;
	bool logged = false;

	while (i + 1 < span->len && span->slot[i].pc != pc)
		i++;
	struct error *err = memory_journal_rollback(j->model.memory, span->slot[0].mark);
	j->signal = j->reply.stop.signal;
	*ret_len = i + 1;
	adopt_registers(j->source, &span->start, &j->seen, &j->now);
	judgement_clear(&j->judgement);
	if (!err)
		err = is_logged_fault(j, pc, 0, j->signal, &logged);
	if (!err && !logged && signal_is_synchronous(j->signal))
		err = judge_fault(&j->judgement, 0, j->signal);
	j->run->instructions += i + 1;
	span_state_before(j, i, &j->before);
	return err || !j->judging ? err : keep_differences(j, &span->slot[i]);
}
