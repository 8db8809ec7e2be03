#include "lib/lockstep/lockstep.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/lockstep/internal.h"

/* ---- Running ahead ---- */

static struct step *ring_at(struct lockstep *ls, size_t i)
{
	return &ls->ring[(ls->first + i) % ls->capacity];
}

/* Instructions that were judged or are predicted. */
static uint64_t reach(const struct lockstep *ls)
{
	return ls->judge.run->instructions + ls->predicted;
}

bool front_is_at(const struct lockstep *ls, uint64_t pc)
{
	uint32_t reg = ls->target->isa->pc;

	return state_get(&ls->judge.model.front, reg) == pc && state_known(&ls->judge.model.front, reg);
}

bool lockstep_passes(const struct lockstep *ls, uint64_t reach)
{
	const struct lockstep_options *o = ls->options;
	bool counted = ls->judge.judging || o->only_trace;

	return o->max_instructions && counted && reach - ls->judge.run->passed_over > o->max_instructions;
}

/* Whether the front stands where the options want the run to end. */
static enum run_limit at_limit(const struct lockstep *ls)
{
	if (lockstep_passes(ls, reach(ls) + 1))
		return RUN_LIMIT_INSTRUCTIONS;
	return ls->options->have_until && front_is_at(ls, ls->options->until) ? RUN_LIMIT_UNTIL : RUN_UNLIMITED;
}

/* ... or judging to begin, which it does where everything before was seen. */
static bool at_start(const struct lockstep *ls)
{
	return !ls->judge.judging && !ls->options->only_trace && !ls->stretch.passing && ls->predicted &&
	       front_is_at(ls, ls->options->from);
}

/* A target that may run more than it is asked for gets one step at a time: nothing is under way behind a surprise. */
static size_t most_ahead(const struct lockstep *ls)
{
	return ls->target->loses_traps ? 1 : ls->target->max_ahead;
}

static size_t most_batches(const struct lockstep *ls)
{
	return ls->target->loses_traps ? 1 : MAX_BATCHES;
}

/*
 * One step more may be under way: whatever the others do, it cannot be one into a kernel. Steps that are judged
 * meanwhile only make it further, so that all are looked at again just where ls->further has come to its end.
 */
static bool within_reach(struct lockstep *ls)
{
	if (ls->further)
		return true;
	ls->further = GUARD_FAR;
	for (size_t i = 0; i < ls->predicted; i++) {
		uint64_t behind = ls->predicted - i - 1, reach = ring_at(ls, i)->reach;
		uint64_t further = reach > behind ? reach - behind : 0;
		ls->further = further < ls->further ? further : ls->further;
	}
	return ls->further;
}

/* The step that was predicted last is under way as well. */
static void note_reach(struct lockstep *ls, uint64_t reach)
{
	ls->further--;
	ls->further = reach < ls->further ? reach : ls->further;
}

/* The registers that the target does not show unasked. */
static void plan_regs(const struct prediction *slot, const struct target *target, struct target_plan *ret)
{
	ret->num_regs = 0;
	ret->all_regs = slot->kind != PREDICTED_OUTPUTS;
	for (size_t i = 0; target->on_request && i < slot->regs.len && !ret->all_regs; i++) {
		uint32_t reg = slot->regs.at[i].reg;
		if (!target->on_request[reg])
			continue;
		ret->all_regs = ret->num_regs == TARGET_MAX_REGS;
		if (!ret->all_regs)
			ret->reg[ret->num_regs++] = (uint16_t)reg;
	}
}

/* What has to be read to see what the prediction says, or what the target did where it says nothing. */
static void plan_step(const struct prediction *slot, const struct target *target, struct target_plan *ret)
{
	plan_regs(slot, target, ret);
	ret->num_reads = 0;
	if (slot->kind != PREDICTED_OUTPUTS || slot->stores.len > OBSERVED_MAX_READS)
		return;
	for (size_t i = 0; i < slot->stores.len; i++)
		ret->read[ret->num_reads++] = (struct target_read){.address = slot->stores.at[i].address,
								   .len = slot->stores.at[i].len};
}

/* Predicts until a submission is full, or until something has to be seen or handled first. */
static struct error *fill(struct lockstep *ls, enum ahead_result *ret)
{
	struct error *err = NULL;

	*ret = AHEAD_DONE;
	while (!err && *ret == AHEAD_DONE && ls->predicted - ls->submitted < most_ahead(ls)) {
		struct step *step = ring_at(ls, ls->predicted);
		if (at_limit(ls) || at_start(ls) || audit_is_due(ls, reach(ls))) {
			*ret = AHEAD_WAIT;
			break;
		}
		if (!within_reach(ls)) {
			*ret = AHEAD_REACH;
			break;
		}
		bool passed = passed_stands(ls);
		if ((passed || signal_stands_between(ls)) && ls->predicted) {
			*ret = AHEAD_WAIT;
			break;
		}
		ls->source.stance = ls->predicted ? STANCE_BEHIND : STANCE_STILL;
		err = ahead_next(&ls->ahead, &step->slot, ret);
		/* It can run on from behind the step. */
		if (!err && *ret == AHEAD_DONE && flow_steps_once(ls))
			*ret = AHEAD_LAST;
		if (!err && passed && (*ret == AHEAD_DONE || *ret == AHEAD_LAST)) {
			*ret = AHEAD_LAST;
			err = passed_before(ls, &step->slot);
		}
		if (!err && (*ret == AHEAD_DONE || *ret == AHEAD_LAST)) {
			plan_step(&step->slot, ls->target, &step->plan);
			sweep_plan(ls, reach(ls) + 1, false, &step->plan);
			step->reach = guard_reach(&ls->ahead, &step->slot,
						  state_get(&ls->judge.model.front, ls->target->isa->pc));
			note_reach(ls, step->reach);
			ls->predicted++;
		}
	}
	return err;
}

static struct error *submit(struct lockstep *ls, enum ahead_result why)
{
	size_t n = ls->predicted - ls->submitted;

	if (!n)
		return NULL;
	if (why == AHEAD_SYSCALL)
		sweep_plan(ls, reach(ls), true, &ring_at(ls, ls->predicted - 1)->plan);
	for (size_t i = 0; i < n; i++)
		target_plan_copy(&ls->plans[i], &ring_at(ls, ls->submitted + i)->plan);
	struct error *err = target_submit(ls->target, ls->plans, n);
	if (!err) {
		ls->batch[ls->num_batches++] = n;
		ls->submitted += n;
	}
	return err;
}

/* ---- Where the target stands still ---- */

void note_event(struct lockstep *ls, const struct replay_outcome *outcome, uint64_t start)
{
	const struct isa *isa = ls->target->isa;

	timeline_add_event(&ls->judge.run->timeline, &(struct timeline_event){
							     .index = outcome->event,
							     .number = outcome->number,
							     .instruction = ls->judge.run->instructions,
							     .at = start - ls->started,
							     .nanoseconds = clock_now() - start,
							     .pc = state_get(&ls->judge.before, isa->pc),
							     .signal = outcome->delivered,
						     });
}

static struct error *judge_syscall(struct lockstep *ls, const struct prediction *slot)
{
	const struct eval_memory none = {0};
	struct eval *e = &ls->judge.model.eval;
	struct replay_outcome outcome;

	/* What the instruction itself does, up to the kernel's entry. */
	struct error *err = slot->lifted
				    ? prog_run(slot->lifted->prog, ls->judge.now.value, ls->judge.now.unknown, &none, e)
				    : NULL;
	if (err)
		return err;
	state_copy(&ls->judge.before, &ls->judge.now);
	for (size_t i = 0; slot->lifted && i < e->num_regs; i++)
		state_set_masked(&ls->judge.now, e->regs[i].reg, e->regs[i].value, e->regs[i].mask);
	struct replay_totals totals = *replay_totals(ls->replay);
	bool all_seen = !ls->judge.seen_at || ls->sweep.done == ls->judge.run->instructions;
	uint64_t start = clock_now();
	err = replay_syscall(ls->replay, &ls->judge.before, &ls->judge.now, ls->judge.model.memory, &outcome);
	if (err)
		return err;
	ls->judge.run->instructions++;
	ls->judge.run->checked += ls->judge.judging;
	note_event(ls, &outcome, start);
	err = tracer_event(ls, slot, &outcome, &totals, start, all_seen);
	if (err)
		return err;
	if (ls->judge.judging && slot->lifted)
		err = coverage_count(&ls->judge.run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_FULLY);
	if (outcome.remapped)
		predictor_remap(&ls->judge.model);
	guard_forget(&ls->ahead.guard, outcome.refreshed);
	size_t num_mapped;
	const struct replay_written *mapped = replay_mapped(ls->replay, &num_mapped);
	for (size_t i = 0; i < num_mapped; i++)
		guard_forget_pages(&ls->ahead.guard, mapped[i].address, mapped[i].len);
	ls->done = outcome.finished;
	ls->judge.run->exited = outcome.finished;
	ls->judge.run->exit_status = outcome.finished ? outcome.status : 0;
	return err;
}

/* Behind a call that ends the program there is no guest to look at. */
static bool ends_the_guest(const struct lockstep *ls)
{
	const struct isa *isa = ls->target->isa;
	enum sys_sem sem = sys_meaning(sys_lookup(isa, sys_number(state_get(&ls->judge.now, isa->sys.number))));

	return sem == SYS_EXIT || sem == SYS_EXIT_GROUP;
}

/* The guest stands at a system call: makes it, unless a signal comes before it. */
static struct error *handle_syscall(struct lockstep *ls, const struct prediction *slot)
{
	bool before = false, refused = false;
	struct error *err = slot->lifted ? NULL : replay_has_signal(ls->replay, SIGSEGV, &refused);

	/* A call by the gate that cannot write its results is no call for the kernel, but a fault. */
	if (!err && refused) {
		ls->judge.signal = SIGSEGV;
		return signal_handle(ls);
	}
	if (!err)
		err = signal_take(ls, true, &before);
	if (!err && !before && !ls->done && slot->lifted && ends_the_guest(ls))
		err = audit_end(ls);
	if (!err && !before && !ls->done)
		err = judge_syscall(ls, slot);
	return err ? err : signal_take_all(ls);
}

/* Nothing is predicted or outstanding: the front is what was seen. */
static struct error *settle(struct lockstep *ls, enum ahead_result why)
{
	struct error *err = NULL;

	memory_journal_discard(ls->judge.model.memory, memory_journal_mark(ls->judge.model.memory));
	if (ls->judge.signal) {
		err = signal_handle(ls);
		state_copy(&ls->judge.model.front, &ls->judge.now);
		return err;
	}
	state_copy(&ls->judge.model.front, &ls->judge.now);
	if (audit_is_due(ls, ls->judge.run->instructions))
		err = audit_now(ls);
	if (err)
		return err;
	enum run_limit limit = at_limit(ls);
	bool there = front_is_at(ls, ring_at(ls, 0)->slot.pc);
	if (limit || (there && why == AHEAD_SYSCALL))
		err = sweep_now(ls);
	if (err)
		return err;
	if (limit)
		err = audit_end(ls);
	if (limit) {
		ls->judge.run->limit = limit;
		ls->done = true;
	} else if (there && why == AHEAD_SYSCALL) {
		err = handle_syscall(ls, &ring_at(ls, 0)->slot);
	} else if (there && why == AHEAD_GROUP) {
		err = run_group(ls);
	} else if (there && why == AHEAD_OVERRUN) {
		err = run_over(ls);
	} else if (there && why == AHEAD_REST) {
		err = run_rest(ls);
	}
	state_copy(&ls->judge.model.front, &ls->judge.now);
	if (!err)
		judge_tidy_cache(&ls->judge);
	return err;
}

/* Lets the guest run by itself, if it can, and stands at no system call. */
static struct error *let_run(struct lockstep *ls, bool *ret)
{
	struct prediction *slot = &ring_at(ls, 0)->slot;
	enum ahead_result result;

	*ret = false;
	if (!ls->flow.ready || at_limit(ls))
		return NULL;
	ls->source.stance = STANCE_STILL;
	bool alone = ls->ahead.alone;
	ls->ahead.flows = true;
	struct error *err = ahead_next(&ls->ahead, slot, &result);
	ls->ahead.flows = false;
	ls->ahead.alone = alone; /* of the step, if one is to be made */
	if (err || result == AHEAD_SYSCALL)
		return err;
	err = memory_journal_rollback(ls->judge.model.memory, slot->mark);
	state_copy(&ls->judge.model.front, &ls->judge.now);
	return err ? err : flow_begin(ls, ret);
}

/* One turn: predict, submit, and judge what has come back. */
static struct error *turn(struct lockstep *ls)
{
	enum ahead_result why;
	bool runs = false;

	if (ls->target->running)
		return flow_on(ls);
	struct error *err = ls->predicted ? NULL : stretch_look(ls);
	if (err || ls->done)
		return err;
	if (!ls->predicted && !ls->judge.judging && !ls->options->only_trace && !ls->stretch.passing) {
		ls->judge.judging = front_is_at(ls, ls->options->from);
		ls->judge.run->passed_over = ls->judge.run->instructions;
	}
	err = ls->predicted ? NULL : signal_take_between(ls);
	if (err || ls->done)
		return err;
	err = ls->predicted ? NULL : passed_look(ls);
	if (!err && !ls->predicted)
		err = let_run(ls, &runs);
	if (runs)
		return err;
	if (!err)
		err = fill(ls, &why);
	if (!err)
		err = submit(ls, why);
	while (!err && ls->num_batches && (why != AHEAD_DONE || ls->num_batches == most_batches(ls))) {
		err = collect_batch(ls);
		if (why == AHEAD_REACH)
			break;
	}
	if (!err && !ls->predicted && !ls->done)
		err = settle(ls, why);
	return err;
}

/* ---- The run ---- */

/* The most that is ever sent ahead: a guest that flows takes one step at a time, and may have to be stepped later. */
static struct error *stop_flowing(struct target *t)
{
	return t->ops->flow ? target_flow(t, false) : NULL;
}

static struct error *init(struct lockstep *ls)
{
	struct error *err = stop_flowing(ls->target);

	if (err)
		return err;
	ls->capacity = (MAX_BATCHES + 1) * ls->target->max_ahead + 1;
	ls->ring = calloc(ls->capacity, sizeof *ls->ring);
	ls->plans = calloc(ls->target->max_ahead, sizeof *ls->plans);
	source_init(ls);
	ls->judge.options = &ls->options->judge;
	ls->ahead.model = &ls->judge.model;
	ls->ahead.target = ls->target;
	err = ls->ring && ls->plans ? judge_init(&ls->judge) : &error_no_memory;
	if (!err)
		err = target_read_regs(ls->target, &ls->judge.now);
	if (!err)
		state_hide_unjudged(ls->target->isa, ls->target->hidden);
	ls->ahead.guard.replay = ls->replay;
	ls->stretch.passing = ls->options->one_stretch;
	if (!err)
		err = flow_init(ls);
	return err ? err : tracer_init(ls);
}

static void deinit(struct lockstep *ls)
{
	for (size_t i = 0; ls->ring && i < ls->capacity; i++)
		prediction_deinit(&ls->ring[i].slot);
	free(ls->ring);
	free(ls->plans);
	vec_deinit(&ls->owed);
	tracer_deinit(&ls->tracer);
	passed_deinit(&ls->passed);
	prediction_deinit(&ls->blind.slot);
	ahead_deinit(&ls->ahead);
	flow_deinit(&ls->flow);
	judge_deinit(&ls->judge);
}

static bool initial_value(const struct isa *isa, uint32_t reg, uint64_t *ret)
{
	for (uint32_t i = 0; i < isa->num_initial; i++) {
		if (isa->initial[i].reg != reg)
			continue;
		*ret = isa->initial[i].value;
		return true;
	}
	return false;
}

/* What the target hides of the registers that exec(2) sets for every program alike is known at its start. */
static void know_initial_state(struct lockstep *ls)
{
	const struct isa *isa = ls->target->isa;

	for (uint32_t r = 0; r < isa->num_regs; r++) {
		enum reg_class class = isa->regs[r].class;
		bool common = class == REG_VECTOR || class == REG_FLOAT || class == REG_CONTROL;
		uint64_t value[EXPR_MAX_WORDS] = {0};
		common |= initial_value(isa, r, value);
		if (common && !state_known(&ls->judge.now, r))
			state_set_words(&ls->judge.now, r, value);
	}
}

/* A constant that no target shows was copied to the instruction's result. */
static void take_constant(struct lockstep *ls, const struct lifted *lifted, const struct state *after)
{
	const struct isa *isa = ls->target->isa;

	for (uint32_t r = 0; lifted->insn.reveals && r < isa->num_regs; r++)
		if (r != isa->pc && prog_writes(lifted->prog, r))
			state_set(&ls->judge.now, lifted->insn.reveals, state_get(after, r));
}

/* ctx is the loop. */
static struct error *take_answer(void *ctx, uint64_t pc, const struct isa_question *q, const struct state *before,
				 const struct state *after)
{
	struct lockstep *ls = ctx;
	struct lifted *lifted;
	struct error *err = lift_cache_get(ls->judge.model.cache, pc, q->insn, q->insn_len, &lifted);

	if (!err)
		take_constant(ls, lifted, after);
	if (err || !lift_cache_observe(ls->judge.model.cache, lifted, before->value, after->value))
		return err;
	return tracer_asked(ls, lifted, before, after);
}

/* What the guest's CPU is, so that it is known from the first instruction on. */
static struct error *ask_cpu(struct lockstep *ls)
{
	struct error *err = replay_ask_cpu(ls->replay, &ls->judge.now, take_answer, ls);

	lift_cache_empty(ls->judge.model.cache);
	return err;
}

static struct error *loop(struct lockstep *ls)
{
	const struct lockstep_options *o = ls->options;
	struct run *run = ls->judge.run;
	uint64_t shown = 0;
	struct error *err = NULL;

	ls->started = clock_now();
	while (!err && !ls->done) {
		err = turn(ls);
		struct error *more = stretch_advance(ls);
		if (more) {
			error_destroy(err);
			err = more;
		}
		uint64_t now = clock_now();
		run->nanoseconds = now - ls->started;
		run->events = *replay_totals(ls->replay);
		timeline_advance(&run->timeline, run->instructions, run->nanoseconds,
				 state_get(&ls->judge.now, ls->target->isa->pc));
		if (o->progress && now - shown > CLOCK_S / 5) {
			shown = now;
			o->progress(o->progress_ctx, run);
		}
		if (o->interrupted && *o->interrupted)
			run->interrupted = ls->done = true;
	}
	/* What the guest has in memory may be why it no longer follows the log. */
	if (error_is(err, ERROR_LOST_SYNC))
		error_destroy(audit_end(ls));
	if (!err && ls->strayed)
		err = error_create(
			ERROR_TARGET,
			"behind a difference, the target ran a system call of its own near pc 0x%llx: the run ends here",
			(unsigned long long)state_get(&ls->judge.now, ls->target->isa->pc));
	return err;
}

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

/* Notes how the run ended. Takes err. */
static void conclude_run(struct lockstep *ls, struct error *err)
{
	struct run *run = ls->judge.run;
	const struct replay_lost *lost = replay_lost(ls->replay);

	judge_note_cpu(&ls->judge);
	run->events = *replay_totals(ls->replay);
	run->error = err;
	run->unreached = !ls->judge.judging && !ls->options->only_trace;
	if (run->unreached)
		run->passed_over = run->instructions;
	if (error_is(err, ERROR_LOST_SYNC)) {
		run->lost_event = err->place;
		run->lost_pc = lost ? lost->pc : state_get(&ls->judge.now, ls->target->isa->pc);
		run->lost_expected = copy_text(lost ? lost->expected : NULL);
		run->lost_observed = copy_text(lost ? lost->observed : err->message);
	}
}

struct error *lockstep_run(struct target *target, struct replay *replay, const struct lockstep_options *options,
			   struct run *ret)
{
	struct lockstep ls = {.target = target, .replay = replay, .options = options, .judge = {.run = ret}};
	struct error *err = init(&ls);

	if (err) {
		deinit(&ls);
		return err;
	}
	ret->fail_on = options->judge.fail_on;
	know_initial_state(&ls);
	err = options->ask_cpu ? ask_cpu(&ls) : NULL;
	if (err) {
		deinit(&ls);
		return err;
	}
	state_copy(&ls.judge.model.front, &ls.judge.now);
	ls.judge.model.stack = state_get(&ls.judge.now, target->isa->sp);
	ls.judge.judging = !options->have_from || state_get(&ls.judge.now, target->isa->pc) == options->from;
	ls.judge.judging = ls.judge.judging && !options->only_trace && !options->one_stretch;
	err = loop(&ls);
	flow_end(&ls);
	struct error *more = suspects_settle(&ls.judge, false);
	if (!more)
		more = stretch_advance(&ls);
	if (!more && error_is(err, ERROR_LOST_SYNC))
		more = passed_lost(&ls);
	if (more)
		error_destroy(err);
	conclude_run(&ls, more ? more : err);
	err = tracer_finish(&ls);
	deinit(&ls);
	return err;
}
