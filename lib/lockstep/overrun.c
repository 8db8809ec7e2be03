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

	if (state_get(&ls->seen, isa->pc) != slot->pc + isa->sys.insn_len)
		return NULL;
	return error_create(ERROR_TARGET,
			    "a step in front of the system call at pc 0x%llx did not stop: the guest made the call "
			    "itself",
			    (unsigned long long)slot->pc);
}

/* Predicts one more into the group; what it loads from memory that is not known has been read too late. */
static struct error *predict_more(struct lockstep *ls, enum predict_result *ret)
{
	struct predictor *p = &ls->model;
	struct error *err = predictor_fetch_code(p);

	if (err)
		return err;
	p->blind = p->alone = true;
	err = predict_next(p, &ls->group.slot[ls->group.len++], ret);
	p->blind = p->alone = false;
	return err;
}

/* What was read for the first instruction is what all have stored, as far as they stored there. */
static struct error *match_first(struct lockstep *ls)
{
	const struct prediction *first = &ls->group.slot[0];
	struct target_plan plan = {0};

	for (size_t i = 0; i < first->stores.len && i < TARGET_MAX_READS; i++)
		plan.read[plan.num_reads++] = (struct target_read){first->stores.at[i].address,
								   (uint16_t)first->stores.at[i].len};
	return match_reads(ls, &ls->group.whole, &plan);
}

/* Is what was seen the end of all? */
static struct error *judge_all(struct lockstep *ls, bool *ret)
{
	struct target_seen reply = ls->reply;
	size_t owed = ls->owed.len;
	struct error *err = group_join(&ls->group);

	if (!err)
		err = match_first(ls);
	if (!err)
		err = group_judge_whole(ls);
	*ret = !err && !ls->judgement.differences.len;
	if (*ret)
		return NULL;
	ls->reply = reply;
	ls->owed.len = owed;
	return err;
}

/* Of the last one nothing is known but that the target stands behind it: nothing can be judged. */
static struct error *take_unjudged(struct lockstep *ls)
{
	struct group *g = &ls->group;
	const struct prediction *last = &g->slot[g->len - 1];

	judgement_clear(&ls->judgement);
	adopt_registers(ls->target, &g->start, &ls->seen, &ls->now);
	ls->run->instructions += g->len;
	struct error *err = ls->judging ? count_unseen(ls, last->lifted->insn.mnemonic, last->pc, UNSEEN_INPUT) : NULL;
	return err ? err : memory_forget_all(ls->model.memory);
}

static bool stands_behind(const struct lockstep *ls, const struct prediction *slot)
{
	return slot->lifted && state_get(&ls->seen, ls->target->isa->pc) == slot->pc + slot->lifted->insn.len;
}

/* Adds instructions to the one in the group until they lead to where the target is. */
static struct error *extend(struct lockstep *ls, bool *ret)
{
	struct group *g = &ls->group;
	uint32_t pc = ls->target->isa->pc;
	struct error *err = NULL;

	*ret = false;
	while (!err && !*ret && g->len < OVERRUN_MAX) {
		enum predict_result result;
		err = predict_more(ls, &result);
		if (err)
			return err;
		const struct prediction *last = &g->slot[g->len - 1];
		if (result == PREDICT_SYSCALL)
			return check_call(ls, last);
		if (result == PREDICT_WAIT || last->kind == PREDICTED_FAULT)
			return NULL;
		if (last->kind == PREDICTED_NOTHING) {
			*ret = stands_behind(ls, last);
			err = *ret ? tracer_group(ls, g->len) : NULL;
			return err || !*ret ? err : take_unjudged(ls);
		}
		if (state_get(&ls->model.front, pc) == state_get(&ls->seen, pc))
			err = judge_all(ls, ret);
	}
	if (!err && *ret)
		err = tracer_group(ls, g->len);
	return err || !*ret ? err : group_account(ls);
}

static void swap(struct prediction *a, struct prediction *b)
{
	struct prediction other = *a;

	*a = *b;
	*b = other;
}

struct error *judge_overrun(struct lockstep *ls, struct prediction *slot, bool *ret)
{
	struct group *g = &ls->group;

	swap(&g->slot[0], slot);
	g->len = 1;
	memset(g->exit, 0, OVERRUN_MAX * sizeof g->exit[0]);
	state_copy(&g->start, &ls->before);
	group_state_before(ls, 1, &ls->model.front);
	struct error *err = extend(ls, ret);
	swap(&g->slot[0], slot);
	return err;
}
