/*
 * Several instructions where one was asked for: a target whose steps lose their trap (target->loses_traps). It has one
 * step at a time, so that memory and the front are right behind the first instruction, as predicted.
 */
#include <string.h>

#include "lib/lockstep/internal.h"

enum { OVERRUN_MAX = 4 }; /* instructions in one step: MOV SS holds off the trap once more */

/* A system call that the guest has made by itself cannot be called back. */
static struct error *check_call(const struct lockstep *ls, const struct prediction *slot)
{
	const struct isa *isa = ls->target->isa;

	if (state_get(&ls->judge.seen, isa->pc) != slot->pc + isa->sys.insn_len)
		return NULL;
	return error_create(ERROR_TARGET,
			    "a step in front of the system call at pc 0x%llx did not stop: the guest made the call "
			    "itself",
			    (unsigned long long)slot->pc);
}

/* Predicts one more into the group; what it loads from memory that is not known has been read too late. */
static struct error *predict_more(struct lockstep *ls, enum ahead_result *ret)
{
	struct span *g = &ls->judge.span;
	struct error *err = ahead_fetch_code(&ls->ahead);

	if (err)
		return err;
	ls->source.stance = STANCE_AHEAD;
	ls->ahead.alone = true;
	err = ahead_next(&ls->ahead, &g->slot[g->len++], ret);
	ls->ahead.alone = false;
	return err;
}

/* What was read for the first instruction is what all have stored, as far as they stored there. */
static struct error *match_first(struct lockstep *ls)
{
	const struct prediction *first = &ls->judge.span.slot[0];
	struct target_plan plan = {0};

	for (size_t i = 0; i < first->stores.len && i < OBSERVED_MAX_READS; i++)
		plan.read[plan.num_reads++] = (struct target_read){first->stores.at[i].address,
								   (uint16_t)first->stores.at[i].len};
	return match_reads(ls, &ls->judge.span.whole, &plan);
}

/* Is what was seen the end of all? */
static struct error *judge_all(struct lockstep *ls, bool *ret)
{
	struct observed reply = ls->judge.reply;
	size_t owed = ls->owed.len;
	struct error *err = span_join(&ls->judge.span);

	if (!err)
		err = match_first(ls);
	if (!err)
		err = span_compare(&ls->judge);
	*ret = !err && !ls->judge.judgement.differences.len;
	if (*ret)
		return NULL;
	ls->judge.reply = reply;
	ls->owed.len = owed;
	return err;
}

/* Of the last one nothing is known but that the target stands behind it: nothing can be judged. */
static struct error *take_unjudged(struct lockstep *ls)
{
	struct span *g = &ls->judge.span;
	const struct prediction *last = &g->slot[g->len - 1];

	judgement_clear(&ls->judge.judgement);
	adopt_registers(&ls->source, &g->start, &ls->judge.seen, &ls->judge.now);
	ls->judge.run->instructions += g->len;
	struct error *err = ls->judge.judging
				    ? count_unseen(&ls->judge, last->lifted->insn.mnemonic, last->pc, UNSEEN_INPUT)
				    : NULL;
	return err ? err : judge_forget_memory(&ls->judge);
}

static bool stands_behind(const struct lockstep *ls, const struct prediction *slot)
{
	return slot->lifted && state_get(&ls->judge.seen, ls->target->isa->pc) == slot->pc + slot->lifted->insn.len;
}

/* Adds instructions to the one in the group until they lead to where the target is. */
static struct error *extend(struct lockstep *ls, bool *ret)
{
	struct span *g = &ls->judge.span;
	uint32_t pc = ls->target->isa->pc;
	struct error *err = NULL;

	*ret = false;
	while (!err && !*ret && g->len < OVERRUN_MAX) {
		enum ahead_result result;
		err = predict_more(ls, &result);
		if (err)
			return err;
		const struct prediction *last = &g->slot[g->len - 1];
		if (result == AHEAD_SYSCALL)
			return check_call(ls, last);
		if (result == AHEAD_WAIT || last->kind == PREDICTED_FAULT)
			return NULL;
		if (last->kind == PREDICTED_NOTHING) {
			*ret = stands_behind(ls, last);
			err = *ret ? tracer_span(ls, g->len) : NULL;
			return err || !*ret ? err : take_unjudged(ls);
		}
		if (state_get(&ls->judge.model.front, pc) == state_get(&ls->judge.seen, pc))
			err = judge_all(ls, ret);
	}
	if (!err && *ret)
		err = tracer_span(ls, g->len);
	if (err || !*ret)
		return err;
	span_count_group(&ls->judge);
	return span_account(&ls->judge);
}

struct error *judge_overrun(struct lockstep *ls, struct prediction *slot, bool *ret)
{
	struct span *g = &ls->judge.span;

	prediction_swap(&g->slot[0], slot);
	g->len = 1;
	memset(g->exit, 0, OVERRUN_MAX * sizeof g->exit[0]);
	state_copy(&g->start, &ls->judge.before);
	span_state_before(&ls->judge, 1, &ls->judge.model.front);
	struct error *err = extend(ls, ret);
	prediction_swap(&g->slot[0], slot);
	return err;
}
