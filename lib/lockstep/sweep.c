/* Looking at registers that the target shows on request only. */
#include <stdlib.h>

#include "lib/lockstep/internal.h"

struct error *sweep_init(struct lockstep *ls)
{
	if (!ls->target->on_request)
		return NULL;
	ls->sweep.seen_at = calloc(ls->target->isa->num_regs, sizeof *ls->sweep.seen_at);
	return ls->sweep.seen_at ? NULL : &error_no_memory;
}

void sweep_plan(struct lockstep *ls, uint64_t number, bool event, struct target_plan *plan)
{
	uint64_t interval = ls->options->sweep_interval;

	if (!ls->sweep.seen_at)
		return;
	if (event || (interval && number - ls->sweep.planned >= interval))
		plan->all_regs = true;
	if (plan->all_regs)
		ls->sweep.planned = number;
}

void sweep_drop_plans(struct lockstep *ls)
{
	ls->sweep.planned = ls->sweep.done;
}

static void note_all(struct lockstep *ls)
{
	ls->sweep.planned = ls->sweep.done = ls->run->instructions;
	for (uint32_t reg = 0; reg < ls->target->isa->num_regs; reg++)
		ls->sweep.seen_at[reg] = ls->run->instructions;
}

void sweep_note(struct lockstep *ls, const struct target_plan *plan)
{
	uint64_t planned = ls->sweep.planned;

	if (!ls->sweep.seen_at)
		return;
	if (plan->all_regs) {
		note_all(ls);
		ls->sweep.planned = planned;
	}
	for (unsigned i = 0; i < plan->num_regs; i++)
		ls->sweep.seen_at[plan->reg[i]] = ls->run->instructions;
}

struct error *sweep_now(struct lockstep *ls)
{
	const struct prediction nothing = {.kind = PREDICTED_OUTPUTS, .pc = state_get(&ls->now, ls->target->isa->pc)};

	if (!ls->sweep.seen_at || ls->sweep.done == ls->run->instructions)
		return NULL;
	struct error *err = target_read_regs(ls->target, &ls->seen);
	if (err)
		return err;
	judgement_clear(&ls->judgement);
	state_copy(&ls->before, &ls->now);
	err = judge_outputs(&ls->judgement, ls->target, &nothing, &ls->before, &ls->seen, NULL, NULL, &ls->now);
	if (!err && ls->judging && ls->judgement.differences.len)
		err = record_differences(ls, &nothing);
	if (!err)
		err = suspects_settle(ls, true);
	if (!err)
		note_all(ls);
	return err;
}

void sweep_wrote(struct lockstep *ls)
{
	if (ls->sweep.seen_at)
		note_all(ls);
}

uint64_t sweep_since(const struct lockstep *ls, uint32_t reg)
{
	uint64_t now = ls->run->instructions;

	if (!ls->sweep.seen_at || !ls->target->on_request[reg] || ls->sweep.seen_at[reg] >= now)
		return now;
	return ls->sweep.seen_at[reg] + 1;
}
