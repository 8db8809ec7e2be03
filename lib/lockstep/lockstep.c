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
	return ls->run->instructions + ls->predicted;
}

bool front_is_at(const struct lockstep *ls, uint64_t pc)
{
	uint32_t reg = ls->target->isa->pc;

	return state_get(&ls->model.front, reg) == pc && state_known(&ls->model.front, reg);
}

bool lockstep_passes(const struct lockstep *ls, uint64_t reach)
{
	const struct lockstep_options *o = ls->options;
	bool counted = ls->judging || o->only_trace;

	return o->max_instructions && counted && reach - ls->run->passed_over > o->max_instructions;
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
	return !ls->judging && !ls->options->only_trace && ls->predicted && front_is_at(ls, ls->options->from);
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

/* Predicts until a submission is full, or until something has to be seen or handled first. */
static struct error *fill(struct lockstep *ls, enum predict_result *ret)
{
	struct error *err = NULL;

	*ret = PREDICT_DONE;
	while (!err && *ret == PREDICT_DONE && ls->predicted - ls->submitted < most_ahead(ls)) {
		struct step *step = ring_at(ls, ls->predicted);
		if (at_limit(ls) || at_start(ls) || audit_is_due(ls, reach(ls))) {
			*ret = PREDICT_WAIT;
			break;
		}
		if (!within_reach(ls)) {
			*ret = PREDICT_REACH;
			break;
		}
		bool alone = logged_stands(ls);
		if ((alone || signal_stands_between(ls)) && ls->predicted) {
			*ret = PREDICT_WAIT;
			break;
		}
		ls->model.idle = !ls->predicted;
		err = predict_next(&ls->model, &step->slot, ret);
		if (!err && alone && (*ret == PREDICT_DONE || *ret == PREDICT_LAST)) {
			*ret = PREDICT_LAST;
			err = logged_before(ls, &step->slot);
		}
		if (!err && (*ret == PREDICT_DONE || *ret == PREDICT_LAST)) {
			prediction_plan(&step->slot, ls->target, &step->plan);
			sweep_plan(ls, reach(ls) + 1, false, &step->plan);
			step->reach = guard_reach(&ls->model, &step->slot,
						  state_get(&ls->model.front, ls->target->isa->pc));
			note_reach(ls, step->reach);
			ls->predicted++;
		}
	}
	return err;
}

static struct error *submit(struct lockstep *ls, enum predict_result why)
{
	size_t n = ls->predicted - ls->submitted;

	if (!n)
		return NULL;
	if (why == PREDICT_SYSCALL)
		sweep_plan(ls, reach(ls), true, &ring_at(ls, ls->predicted - 1)->plan);
	for (size_t i = 0; i < n; i++)
		ls->plans[i] = ring_at(ls, ls->submitted + i)->plan;
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

	timeline_add_event(&ls->run->timeline, &(struct timeline_event){
						       .index = outcome->event,
						       .number = outcome->number,
						       .instruction = ls->run->instructions,
						       .at = start - ls->started,
						       .nanoseconds = clock_now() - start,
						       .pc = state_get(&ls->before, isa->pc),
						       .signal = outcome->delivered,
					       });
}

static struct error *judge_syscall(struct lockstep *ls, const struct prediction *slot)
{
	const struct eval_memory none = {0};
	struct eval *e = &ls->model.eval;
	struct replay_outcome outcome;

	/* What the instruction itself does, up to the kernel's entry. */
	struct error *err = slot->lifted ? prog_run(slot->lifted->prog, ls->now.value, ls->now.unknown, &none, e)
					 : NULL;
	if (err)
		return err;
	state_copy(&ls->before, &ls->now);
	for (size_t i = 0; slot->lifted && i < e->num_regs; i++)
		state_set_masked(&ls->now, e->regs[i].reg, e->regs[i].value, e->regs[i].mask);
	struct replay_totals totals = *replay_totals(ls->replay);
	bool all_seen = !ls->sweep.seen_at || ls->sweep.done == ls->run->instructions;
	uint64_t start = clock_now();
	err = replay_syscall(ls->replay, &ls->before, &ls->now, ls->model.memory, &outcome);
	if (err)
		return err;
	ls->run->instructions++;
	ls->run->checked += ls->judging;
	note_event(ls, &outcome, start);
	err = tracer_event(ls, slot, &outcome, &totals, start, all_seen);
	if (err)
		return err;
	if (ls->judging && slot->lifted)
		err = coverage_count(&ls->run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_FULLY);
	if (outcome.remapped)
		predictor_remap(&ls->model);
	guard_forget(&ls->model.guard, outcome.refreshed);
	size_t num_mapped;
	const struct replay_written *mapped = replay_mapped(ls->replay, &num_mapped);
	for (size_t i = 0; i < num_mapped; i++)
		guard_forget_pages(&ls->model.guard, mapped[i].address, mapped[i].len);
	ls->done = outcome.finished;
	ls->run->exited = outcome.finished;
	ls->run->exit_status = outcome.finished ? outcome.status : 0;
	return err;
}

/* Behind a call that ends the program there is no guest to look at. */
static bool ends_the_guest(const struct lockstep *ls)
{
	const struct isa *isa = ls->target->isa;
	enum sys_sem sem = sys_meaning(sys_lookup(isa, sys_number(state_get(&ls->now, isa->sys.number))));

	return sem == SYS_EXIT || sem == SYS_EXIT_GROUP;
}

/* The guest stands at a system call: makes it, unless a signal comes before it. */
static struct error *handle_syscall(struct lockstep *ls, const struct prediction *slot)
{
	bool before = false, refused = false;
	struct error *err = slot->lifted ? NULL : replay_has_signal(ls->replay, SIGSEGV, &refused);

	/* A call by the gate that cannot write its results is no call for the kernel, but a fault. */
	if (!err && refused) {
		ls->signal = SIGSEGV;
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

void lockstep_note_cpu(struct lockstep *ls)
{
	const struct isa_cpu *cpu = lift_cache_cpu(ls->model.cache);

	ls->run->vendor = cpu ? cpu->vendor : CPU_VENDOR_UNKNOWN;
}

void lockstep_tidy_cache(struct lockstep *ls)
{
	if (ls->relift)
		lift_cache_empty(ls->model.cache);
	ls->relift = false;
	if (ls->model.repeat != ls->repeat)
		lift_cache_set_repeat(ls->model.cache, ls->model.repeat = ls->repeat);
	lift_cache_trim(ls->model.cache);
}

/* Nothing is predicted or outstanding: the front is what was seen. */
static struct error *settle(struct lockstep *ls, enum predict_result why)
{
	struct error *err = NULL;

	memory_journal_discard(ls->model.memory, memory_journal_mark(ls->model.memory));
	if (ls->signal) {
		err = signal_handle(ls);
		state_copy(&ls->model.front, &ls->now);
		return err;
	}
	state_copy(&ls->model.front, &ls->now);
	if (audit_is_due(ls, ls->run->instructions))
		err = audit_now(ls);
	if (err)
		return err;
	enum run_limit limit = at_limit(ls);
	bool there = front_is_at(ls, ring_at(ls, 0)->slot.pc);
	if (limit || (there && why == PREDICT_SYSCALL))
		err = sweep_now(ls);
	if (err)
		return err;
	if (limit)
		err = audit_end(ls);
	if (limit) {
		ls->run->limit = limit;
		ls->done = true;
	} else if (there && why == PREDICT_SYSCALL) {
		err = handle_syscall(ls, &ring_at(ls, 0)->slot);
	} else if (there && why == PREDICT_GROUP) {
		err = run_group(ls);
	} else if (there && why == PREDICT_OVERRUN) {
		err = run_over(ls);
	}
	state_copy(&ls->model.front, &ls->now);
	if (!err)
		lockstep_tidy_cache(ls);
	return err;
}

/* One turn: predict, submit, and judge what has come back. */
static struct error *turn(struct lockstep *ls)
{
	enum predict_result why;

	if (!ls->predicted && !ls->judging && !ls->options->only_trace) {
		ls->judging = front_is_at(ls, ls->options->from);
		ls->run->passed_over = ls->run->instructions;
	}
	struct error *err = ls->predicted ? NULL : signal_take_between(ls);
	if (err || ls->done)
		return err;
	err = ls->predicted ? NULL : logged_look(ls);
	if (!err)
		err = fill(ls, &why);
	if (!err)
		err = submit(ls, why);
	while (!err && ls->num_batches && (why != PREDICT_DONE || ls->num_batches == most_batches(ls))) {
		err = collect_batch(ls);
		if (why == PREDICT_REACH)
			break;
	}
	if (!err && !ls->predicted && !ls->done)
		err = settle(ls, why);
	return err;
}

/* ---- The run ---- */

/* What is never compared is as good as not shown. */
static void hide_unjudged(struct target *t)
{
	for (uint32_t i = 0; i < t->isa->num_unjudged; i++) {
		const struct reg_desc *reg = &t->isa->regs[t->isa->unjudged[i]];
		for (unsigned w = 0; w < reg_words(reg); w++)
			t->hidden[reg->word + w] = UINT64_MAX;
	}
}

struct error *lockstep_init(struct lockstep *ls)
{
	const struct isa *isa = ls->target->isa;
	struct error *err = predictor_init(&ls->model, ls->target);

	if (!err)
		err = state_init(&ls->now, isa);
	if (!err)
		err = state_init(&ls->before, isa);
	if (!err)
		err = state_init(&ls->seen, isa);
	if (!err)
		err = state_init(&ls->group.start, isa);
	if (!err && ls->options->vendor && lift_cache_cpu(ls->model.cache)) {
		struct isa_cpu cpu = {.vendor = ls->options->vendor, .told = true};
		lift_cache_set_cpu(ls->model.cache, &cpu);
	}
	return err ? err : sweep_init(ls);
}

static struct error *init(struct lockstep *ls)
{
	ls->capacity = (MAX_BATCHES + 1) * ls->target->max_ahead + 1;
	ls->ring = calloc(ls->capacity, sizeof *ls->ring);
	ls->plans = calloc(ls->target->max_ahead, sizeof *ls->plans);
	struct error *err = ls->ring && ls->plans ? lockstep_init(ls) : &error_no_memory;
	if (!err)
		err = target_read_regs(ls->target, &ls->now);
	if (!err)
		hide_unjudged(ls->target);
	ls->model.guard.replay = ls->replay;
	return err ? err : tracer_init(ls);
}

void lockstep_deinit(struct lockstep *ls)
{
	for (size_t i = 0; ls->ring && i < ls->capacity; i++)
		prediction_deinit(&ls->ring[i].slot);
	free(ls->ring);
	free(ls->plans);
	vec_deinit(&ls->owed);
	free(ls->sweep.seen_at);
	group_deinit(&ls->group);
	tracer_deinit(&ls->tracer);
	logged_deinit(&ls->logged);
	suspects_deinit(&ls->suspects);
	prediction_deinit(&ls->blind.slot);
	judgement_deinit(&ls->judgement);
	other_cpus_deinit(&ls->others);
	state_deinit(&ls->now);
	state_deinit(&ls->before);
	state_deinit(&ls->seen);
	predictor_deinit(&ls->model);
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
		if (common && !state_known(&ls->now, r))
			state_set_words(&ls->now, r, value);
	}
}

/* ctx is the loop. */
static struct error *take_answer(void *ctx, uint64_t pc, const struct isa_question *q, const struct state *before,
				 const struct state *after)
{
	struct lockstep *ls = ctx;
	struct lifted *lifted;
	struct error *err = lift_cache_get(ls->model.cache, pc, q->insn, q->insn_len, &lifted);

	if (err || !lift_cache_observe(ls->model.cache, lifted, before->value, after->value))
		return err;
	return tracer_asked(ls, lifted, before, after);
}

/* What the guest's CPU is, so that it is known from the first instruction on. */
static struct error *ask_cpu(struct lockstep *ls)
{
	struct error *err = replay_ask_cpu(ls->replay, &ls->now, take_answer, ls);

	lift_cache_empty(ls->model.cache);
	return err;
}

static struct error *loop(struct lockstep *ls)
{
	const struct lockstep_options *o = ls->options;
	struct run *run = ls->run;
	uint64_t shown = 0;
	struct error *err = NULL;

	ls->started = clock_now();
	while (!err && !ls->done) {
		err = turn(ls);
		uint64_t now = clock_now();
		run->nanoseconds = now - ls->started;
		run->events = *replay_totals(ls->replay);
		timeline_advance(&run->timeline, run->instructions, run->nanoseconds,
				 state_get(&ls->now, ls->target->isa->pc));
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
			(unsigned long long)state_get(&ls->now, ls->target->isa->pc));
	return err;
}

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

/* Notes how the run ended. Takes err. */
static void conclude_run(struct lockstep *ls, struct error *err)
{
	struct run *run = ls->run;
	const struct replay_lost *lost = replay_lost(ls->replay);

	lockstep_note_cpu(ls);
	run->events = *replay_totals(ls->replay);
	run->error = err;
	run->unreached = !ls->judging && !ls->options->only_trace;
	if (run->unreached)
		run->passed_over = run->instructions;
	if (error_is(err, ERROR_LOST_SYNC)) {
		run->lost_event = err->place;
		run->lost_pc = lost ? lost->pc : state_get(&ls->now, ls->target->isa->pc);
		run->lost_expected = copy_text(lost ? lost->expected : NULL);
		run->lost_observed = copy_text(lost ? lost->observed : err->message);
	}
}

struct error *lockstep_run(struct target *target, struct replay *replay, const struct lockstep_options *options,
			   struct run *ret)
{
	struct lockstep ls = {.target = target, .replay = replay, .options = options, .run = ret};
	struct error *err = init(&ls);

	if (err) {
		lockstep_deinit(&ls);
		return err;
	}
	ret->fail_on = options->fail_on;
	know_initial_state(&ls);
	err = options->ask_cpu ? ask_cpu(&ls) : NULL;
	if (err) {
		lockstep_deinit(&ls);
		return err;
	}
	state_copy(&ls.model.front, &ls.now);
	ls.model.stack = state_get(&ls.now, target->isa->sp);
	ls.judging = !options->have_from || state_get(&ls.now, target->isa->pc) == options->from;
	ls.judging = ls.judging && !options->only_trace;
	err = loop(&ls);
	struct error *more = suspects_settle(&ls, false);
	if (!more && error_is(err, ERROR_LOST_SYNC))
		more = logged_lost(&ls);
	if (more)
		error_destroy(err);
	conclude_run(&ls, more ? more : err);
	err = tracer_finish(&ls);
	lockstep_deinit(&ls);
	return err;
}
