/* Judging what the target shows of the steps it was given. */
#include <string.h>

#include "lib/lockstep/internal.h"

/* ---- One step ---- */

static struct error *target_gone(const struct lockstep *ls)
{
	const struct stop *stop = &ls->judge.reply.stop;

	if (stop->kind == STOP_SYSCALL)
		return error_create(ERROR_TARGET,
				    "the guest stands at a system call that is not in its code (pc 0x%llx)",
				    (unsigned long long)state_get(&ls->judge.now, ls->target->isa->pc));
	return error_create(ERROR_TARGET, "the guest %s %d at an instruction that does not end it (pc 0x%llx)",
			    stop->kind == STOP_EXITED ? "ended with status" : "was killed by signal",
			    stop->kind == STOP_EXITED ? stop->status : stop->signal,
			    (unsigned long long)state_get(&ls->judge.now, ls->target->isa->pc));
}

/* The PC is not where it should be, and the target may have lost the trap. */
static bool may_be_overrun(const struct lockstep *ls, const struct prediction *slot)
{
	const struct judgement *j = &ls->judge.judgement;

	if (!ls->target->loses_traps || ls->judge.signal || slot->kind != PREDICTED_OUTPUTS)
		return false;
	for (size_t i = 0; i < j->differences.len; i++)
		if (j->differences.at[i].kind == LOCATION_REG && j->differences.at[i].reg == ls->target->isa->pc)
			return true;
	return false;
}

struct error *take_step(struct lockstep *ls, struct prediction *slot, bool *ret_differs)
{
	struct judge *j = &ls->judge;
	struct compared compared;

	*ret_differs = false;
	if (j->reply.stop.kind != STOP_STEPPED && j->reply.stop.kind != STOP_SIGNAL)
		return target_gone(ls);
	struct error *err = judge_compare(j, slot, &compared);
	if (!err && may_be_overrun(ls, slot)) {
		err = judge_overrun(ls, slot, ret_differs);
		if (err || *ret_differs)
			return err;
		err = judge_again(j, slot, &compared);
	}
	if (err)
		return err;
	judge_learn(j, slot, &compared);
	err = compared.observed ? tracer_observed(ls, slot) : NULL;
	if (!err)
		err = tracer_step(ls, slot, compared.differs);
	if (!err)
		err = judge_keep(j, slot, &compared, ret_differs);
	if (!err)
		err = passed_after(ls, slot);
	*ret_differs |= j->signal != 0;
	return err;
}

/* ---- Steps behind a difference ---- */

/* Finds the reply to the read of a store in the plan that was made for another prediction. */
static bool find_read(const struct lockstep *ls, const struct target_plan *plan, const struct eval_store *s,
		      unsigned *ret)
{
	for (unsigned k = 0; k < plan->num_reads; k++) {
		if (plan->read[k].address == s->address && plan->read[k].len == s->len &&
		    ls->judge.reply.memory_ok[k]) {
			*ret = k;
			return true;
		}
	}
	return false;
}

struct error *match_reads(struct lockstep *ls, const struct prediction *slot, const struct target_plan *plan)
{
	struct observed moved = ls->judge.reply;

	memset(moved.memory_ok, 0, sizeof moved.memory_ok);
	for (size_t i = 0; i < slot->stores.len && i < OBSERVED_MAX_READS; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		unsigned k;
		if (find_read(ls, plan, s, &k)) {
			memcpy(moved.memory[i], ls->judge.reply.memory[k], sizeof moved.memory[i]);
		} else if (!s->masked) {
			memcpy(moved.memory[i], s->data, s->len);
			struct owed_read owed = {{.address = s->address, .len = s->len}, slot->lifted->form, false};
			if (!vec_push(&ls->owed, owed))
				return &error_no_memory;
		} else {
			continue;
		}
		moved.memory_ok[i] = true;
	}
	ls->judge.reply = moved;
	return NULL;
}

/* Compares the memory of owed stores with the target's, which stands still: what differs was not seen when it happened.
 */
static struct error *settle_owed(struct lockstep *ls)
{
	struct error *err = NULL;

	for (size_t i = 0; i < ls->owed.len && !err; i++) {
		struct owed_read *owed = &ls->owed.at[i];
		const struct target_read *read = &owed->read;
		uint8_t seen[64], model[64], unknown[64];
		size_t got = 0;
		err = target_read_memory(ls->target, read->address, seen, read->len, &got);
		if (err)
			return err;
		bool known = memory_read(ls->judge.model.memory, read->address, model, unknown, read->len);
		owed->confirmed = got == read->len && known && !memcmp(seen, model, read->len);
		if (owed->confirmed)
			continue;
		if (ls->judge.judging && ls->judge.run->checked) {
			ls->judge.run->checked--;
			coverage_demote(&ls->judge.run->coverage, ls->owed.at[i].form);
			err = count_unseen(&ls->judge, "(store)", state_get(&ls->judge.now, ls->target->isa->pc),
					   UNSEEN_MEMORY);
		}
		if (err)
			return err;
		err = got == read->len ? memory_write(ls->judge.model.memory, read->address, seen, NULL, read->len)
				       : memory_forget(ls->judge.model.memory, read->address, read->len);
	}
	if (!err)
		err = tracer_settle(ls);
	ls->owed.len = 0;
	return err;
}

/* Predicts what the target has already done behind ls->judge.now, in ls->blind: nothing can be asked of it. */
static struct error *predict_blind(struct lockstep *ls, enum ahead_result *ret)
{
	state_copy(&ls->judge.model.front, &ls->judge.now);
	ls->source.stance = STANCE_AHEAD;
	return ahead_next(&ls->ahead, &ls->blind.slot, ret);
}

/* The target has gone on; predict what it just did from where it was, without asking it anything. */
static struct error *judge_behind(struct lockstep *ls, const struct target_plan *plan)
{
	enum ahead_result result;
	bool differs;
	struct error *err = predict_blind(ls, &result);

	if (err)
		return err;
	if (result == AHEAD_SYSCALL) {
		ls->strayed = ls->done = true;
		return NULL;
	}
	err = match_reads(ls, &ls->blind.slot, plan);
	if (!err)
		err = take_step(ls, &ls->blind.slot, &differs);
	if (!err)
		sweep_note(ls, plan);
	return err;
}

/* ---- Batches ---- */

static void pop(struct lockstep *ls)
{
	ls->first = (ls->first + 1) % ls->capacity;
	ls->predicted--;
	ls->submitted--;
}

/* Nothing more is judged, but what the target did since is to be known: where it stored. */
static struct error *track_behind(struct lockstep *ls)
{
	enum ahead_result result;
	struct error *err = predict_blind(ls, &result);

	if (err)
		return err;
	state_copy(&ls->judge.before, &ls->judge.now);
	keep_registers(&ls->source, &ls->judge.before, &ls->judge.seen, &ls->judge.now);
	if (result != AHEAD_SYSCALL && ls->judge.reply.stop.kind == STOP_STEPPED)
		return suspects_note(&ls->judge, &ls->blind.slot);
	suspects_note_anything(&ls->judge);
	return NULL;
}

/* All that was submitted has been collected: what waited for that. */
static struct error *settle_behind(struct lockstep *ls)
{
	enum stop_kind stop = ls->judge.reply.stop.kind;
	bool still = !ls->strayed && stop != STOP_EXITED && stop != STOP_KILLED;
	struct error *err = ls->done ? NULL : settle_owed(ls);

	return err ? err : judge_settle(&ls->judge, still);
}

/* Only now is it known which of the differences are findings, and how sure. */
static void end_if_enough(struct lockstep *ls)
{
	if (!judge_has_enough(&ls->judge))
		return;
	ls->judge.run->limit = RUN_LIMIT_FINDINGS;
	ls->done = true;
	ls->strayed = false;
}

/* Collects the rest of what was submitted. Behind a signal there is nothing to judge, nor at a system call that the
 * target leaves to us. */
static struct error *collect_behind(struct lockstep *ls)
{
	struct error *err = NULL;

	while (ls->submitted && !err) {
		const struct step *step = &ls->ring[ls->first];
		err = target_collect(ls->target, &ls->judge.seen, &ls->judge.reply);
		if (!err && !ls->judge.signal && ls->judge.reply.stop.kind != STOP_SYSCALL)
			err = ls->done ? track_behind(ls) : judge_behind(ls, &step->plan);
		pop(ls);
	}
	ls->predicted = ls->num_batches = 0;
	sweep_drop_plans(ls);
	if (!err)
		err = settle_behind(ls);
	if (!err)
		end_if_enough(ls);
	return err;
}

struct error *collect_batch(struct lockstep *ls)
{
	size_t n = ls->batch[0];

	for (size_t i = 0; i < n; i++) {
		struct step *step = &ls->ring[ls->first];
		bool differs;
		struct error *err = target_collect(ls->target, &ls->judge.seen, &ls->judge.reply);
		if (!err)
			err = take_step(ls, &step->slot, &differs);
		if (!err)
			sweep_note(ls, &step->plan);
		if (err)
			return err;
		pop(ls);
		end_if_enough(ls);
		if (differs || ls->done)
			return collect_behind(ls);
	}
	if (ls->predicted)
		memory_journal_discard(ls->judge.model.memory, ls->ring[ls->first].slot.mark);
	ls->batch[0] = ls->batch[1];
	ls->num_batches--;
	return NULL;
}
