#include "lib/lockstep/stretch.h"

#include "lib/lockstep/internal.h"

static uint64_t handled(const struct lockstep *ls)
{
	const struct replay_totals *totals = replay_totals(ls->replay);

	return totals->total + totals->delivered;
}

/* ---- One stretch, that is come to again ---- */

static struct error *begin(struct lockstep *ls)
{
	const struct run_stretch *s = &ls->options->stretch;
	struct run *run = ls->judge.run;

	ls->stretch.passing = false;
	ls->flow.ready &= ls->options->flow;
	ls->stretch.begin = run->instructions = run->passed_over = s->begin;
	ls->judge.judging = true;
	ls->flow.compared = s->begin;
	sweep_wrote(ls);
	return memory_forget_all(ls->judge.model.memory);
}

struct error *stretch_look(struct lockstep *ls)
{
	const struct lockstep_options *o = ls->options;

	if (!o->one_stretch)
		return NULL;
	if (ls->stretch.passing)
		return handled(ls) >= o->stretch.number ? begin(ls) : NULL;
	ls->done |= handled(ls) > o->stretch.number || ls->judge.run->instructions >= o->stretch.last;
	return NULL;
}

static struct error *check_stand(const struct lockstep *ls)
{
	const struct stop *stop = &ls->judge.reply.stop;

	if (stop->kind == STOP_STEPPED)
		return NULL;
	return error_create(ERROR_TARGET, "the guest did not come to the stretch again: it %s %d",
			    stop->kind == STOP_EXITED ? "ended with status" : "got signal",
			    stop->kind == STOP_EXITED ? stop->status : stop->signal);
}

struct error *stretch_pass(struct lockstep *ls)
{
	const struct target_plan plan = {.num_reads = 0};
	struct judge *j = &ls->judge;
	struct error *err = flow_set_breaks(ls);

	if (!err)
		err = target_flow(ls->target, true);
	ls->target->untold = true;
	if (!err)
		err = target_submit(ls->target, &plan, 1);
	if (!err)
		err = target_collect(ls->target, &j->seen, &j->reply);
	ls->target->untold = false;
	if (!err)
		err = check_stand(ls);
	if (!err)
		err = target_flow(ls->target, false);
	if (!err)
		err = flow_refresh_source(ls);
	if (!err)
		err = memory_forget_all(j->model.memory);
	if (err)
		return err;
	state_copy(&j->before, &j->now);
	adopt_registers(&ls->source, &j->before, &j->seen, &j->now);
	state_copy(&j->model.front, &j->now);
	sweep_wrote(ls);
	return NULL;
}

/* ---- Findings, and where they are ---- */

struct error *stretch_want_closer(struct lockstep *ls)
{
	const struct stretch *s = &ls->stretch;

	return run_want_closer(ls->judge.run, s->number, s->begin, ls->judge.run->instructions);
}

struct error *stretch_advance(struct lockstep *ls)
{
	struct stretch *s = &ls->stretch;
	struct run *run = ls->judge.run;
	struct error *err = NULL;

	for (; s->stamped < run->findings.list.len && !err; s->stamped++) {
		struct finding *f = &run->findings.list.at[s->stamped];
		f->stretch = s->number;
		if (f->closer == CLOSER_WANTED)
			err = run_want_closer(run, s->number, s->begin, f->until);
	}
	if (handled(ls) == s->number)
		return err;
	s->number = handled(ls);
	s->begin = run->instructions;
	return err;
}
