/* Looking at registers that the target shows on request only. */
#include "lib/lockstep/internal.h"

void sweep_plan(struct lockstep *ls, uint64_t number, bool event, struct target_plan *plan)
{
	uint64_t interval = ls->options->sweep_interval;

	if (!ls->judge.seen_at)
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
	ls->sweep.planned = ls->sweep.done = ls->judge.run->instructions;
	for (uint32_t reg = 0; reg < ls->target->isa->num_regs; reg++)
		judge_note_seen(&ls->judge, reg);
}

void sweep_note(struct lockstep *ls, const struct target_plan *plan)
{
	uint64_t planned = ls->sweep.planned;

	if (!ls->judge.seen_at)
		return;
	if (plan->all_regs) {
		note_all(ls);
		ls->sweep.planned = planned;
	}
	for (unsigned i = 0; i < plan->num_regs; i++)
		judge_note_seen(&ls->judge, plan->reg[i]);
}

struct error *sweep_now(struct lockstep *ls)
{
	if (!ls->judge.seen_at || ls->sweep.done == ls->judge.run->instructions)
		return NULL;
	struct error *err = target_read_regs(ls->target, &ls->judge.seen);
	if (err)
		return err;
	err = judge_look(&ls->judge, NULL, NULL);
	if (!err)
		err = suspects_settle(&ls->judge, true);
	if (!err)
		note_all(ls);
	return err;
}

void sweep_wrote(struct lockstep *ls)
{
	if (ls->judge.seen_at)
		note_all(ls);
}
