#include "lib/lockstep/traced.h"

#include <stdlib.h>
#include <string.h>

/* ---- Start and end ---- */

static void describe_source(struct traced *t, const struct trace_header *h)
{
	bool any = false;

	shown_init(&t->shown, h->isa);
	t->shown.source.hidden = h->hidden;
	t->shown.source.stops_reset = h->stops_reset;
	for (uint32_t i = 0; h->on_request && i < h->isa->num_regs; i++)
		any |= h->on_request[i];
	t->shown.source.on_request = any ? h->on_request : NULL;
}

static uint64_t position(void *ctx)
{
	return ((struct traced *)ctx)->position;
}

/* A run that went on behind the signal is one of a log that has it. */
static struct error *has_signal(void *ctx, int signal, bool *ret)
{
	*ret = signal == ((struct traced *)ctx)->logged_signal;
	return NULL;
}

static struct error *has_fault(void *ctx, int signal, bool memory, bool *ret)
{
	int logged = ((struct traced *)ctx)->logged_signal;

	*ret = signal == logged || (memory && logged == SIGNAL_NOT_TOLD);
	return NULL;
}

struct error *traced_init(struct traced *t, const struct trace_header *header, const struct lockstep_options *options)
{
	*t = (struct traced){.options = options, .range = {.from = 1, .last = UINT64_MAX}, .steps = UINT64_MAX};
	describe_source(t, header);
	t->log = (struct log_view){.ctx = t, .position = position, .has_signal = has_signal, .has_fault = has_fault};
	t->judge.source = &t->shown.source;
	t->judge.log = &t->log;
	t->judge.options = &options->judge;
	struct error *err = judge_init(&t->judge);
	if (!err)
		t->seen = t->judge.seen;
	return err;
}

void traced_deinit(struct traced *t)
{
	if (t->seen.isa)
		t->judge.seen = t->seen;
	judge_deinit(&t->judge);
	prediction_deinit(&t->slot);
	vec_deinit(&t->lifted);
	vec_deinit(&t->accesses);
	vec_deinit(&t->events);
	vec_deinit(&t->places);
	vec_deinit(&t->calls);
}

/* ---- Instructions ---- */

static struct error *lift_by_bytes(struct traced *t, const struct trace_step *step, struct lifted **ret)
{
	struct lift_cache *cache = t->judge.model.cache;

	*ret = NULL;
	return step->len ? lift_cache_get(cache, step->pc, step->bytes, step->len, ret) : NULL;
}

/* What is checked for alignment is another instruction, which has no place. */
static struct error *lift_checked(struct traced *t, const struct trace_step *step, struct lifted **ret)
{
	struct lift_cache *cache = t->judge.model.cache;

	lift_cache_set_checks(cache, true);
	struct error *err = lift_by_bytes(t, step, ret);
	lift_cache_set_checks(cache, false);
	return err;
}

static struct error *lift_by_entry(struct traced *t, const struct trace_step *step, struct lifted **ret)
{
	struct error *err = NULL;

	while (t->lifted.len <= step->entry)
		if (!vec_push(&t->lifted, NULL))
			return &error_no_memory;
	struct lifted **place = &t->lifted.at[step->entry];
	if (!*place)
		err = lift_by_bytes(t, step, place);
	if (!err)
		*ret = *place;
	return err;
}

/* now: the state before it. */
static struct error *lift(struct traced *t, const struct state *now, const struct trace_step *step, struct lifted **ret)
{
	if (now->isa->lifter_set_checks && state_get(now, now->isa->checks_flag))
		return lift_checked(t, step, ret);
	return t->by_entry ? lift_by_entry(t, step, ret) : lift_by_bytes(t, step, ret);
}

/* ---- Single steps ---- */

/* What the trace has of the prediction's stores, as what was read at them. */
static void reply_stores(struct judge *j, const struct prediction *slot, const struct trace_step *step)
{
	size_t next = 0;

	for (size_t i = 0; i < slot->stores.len && i < OBSERVED_MAX_READS; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		j->reply.memory_ok[i] = false;
		/* They stand in the same order; what the recorder's model did not know is passed over. */
		for (size_t k = next; k < step->num_accesses; k++) {
			const struct trace_access *a = &step->accesses[k];
			if (!a->store || a->address != s->address || a->len != s->len)
				continue;
			next = k + 1;
			j->reply.memory_ok[i] = a->known == (a->len >= 64 ? UINT64_MAX : (UINT64_C(1) << a->len) - 1);
			memcpy(j->reply.memory[i], a->data, a->len);
			break;
		}
	}
}

static void reply_stop(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;

	/* The run went on behind the signal, which a log alone makes it do. */
	t->logged_signal = step->number < t->steps ? step->signal : t->end_signal;
	j->reply.stop.kind = step->signal ? STOP_SIGNAL : STOP_STEPPED;
	j->reply.stop.signal = step->signal;
	j->reply.stop.tid = step->tid;
	j->reply.touched = (struct touched){0};
	j->seen = *step->after;
}

/* Registers that the source shows now and then, and that it showed behind this step. */
static void note_seen(struct judge *j, const struct trace_step *step)
{
	if (!j->seen_at)
		return;
	for (uint32_t reg = 0; reg < j->source->isa->num_regs; reg++)
		if (j->source->on_request[reg] && state_known(step->after, reg))
			j->seen_at[reg] = step->number;
}

/* An instruction of which nothing can be said, such as a system call that the trace has no event for. */
static void expect_nothing(struct predictor *p, struct prediction *slot, uint64_t pc, struct lifted *lifted)
{
	predict_nothing(p, slot, pc);
	slot->lifted = lifted;
}

/*
 * The bytes are one instruction: all that was executed, as far as this model's decoder sees. Bytes that could not be
 * read make the instruction fault; where it did not, it is the trace that lacks them.
 */
static bool tells_insn(const struct trace_step *step, const struct lifted *lifted)
{
	return lifted ? lifted->insn.len >= step->len : step->signal != 0;
}

/* What the next step accessed. */
static void show(struct traced *t, const struct trace_access *accesses, size_t num, bool stopped)
{
	t->shown.accesses = accesses;
	t->shown.num_accesses = num;
	t->shown.stopped = stopped;
}

static struct error *judge_single(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	struct prediction *slot = &t->slot;
	struct lifted *lifted = NULL;
	bool differs;
	struct error *err = lift(t, &j->now, step, &lifted);

	if (err)
		return err;
	show(t, step->accesses, step->num_accesses, step->signal != 0);
	err = shown_predict(&t->shown, &j->model, &j->now, step->pc, lifted, slot);
	if (err)
		return err;
	if ((lifted && lifted->kind == TRANSFER_SYSCALL) || !tells_insn(step, lifted))
		expect_nothing(&j->model, slot, step->pc, lifted);
	reply_stop(t, step);
	reply_stores(j, slot, step);
	j->reply.touched = (struct touched){step->words, step->num_words};
	err = judge_step(j, slot, &differs);
	note_seen(j, step);
	if (j->signal)
		j->run->exit_signal = j->signal;
	j->signal = 0;
	return err;
}

/* ---- Events ---- */

static struct error *count_calls(trace_calls *calls, const struct replay_count *more)
{
	for (size_t i = 0; i < calls->len; i++) {
		if (strcmp(calls->at[i].name, more->name) != 0)
			continue;
		calls->at[i].emulated += more->emulated;
		calls->at[i].executed += more->executed;
		calls->at[i].passed += more->passed;
		return NULL;
	}
	return vec_push(calls, *more) ? NULL : &error_no_memory;
}

static struct error *count_event(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	const struct trace_event *ev = step->event;
	struct replay_totals *totals = &j->run->events;
	const struct timeline_event when = {
		.index = ev->index,
		.number = ev->delivery ? 0 : ev->number,
		.signal = ev->delivery ? (int)ev->number : 0,
		.instruction = step->number,
		.at = ev->at,
		.nanoseconds = ev->nanoseconds,
		.pc = step->pc,
	};
	if (!vec_push(&t->events, when))
		return &error_no_memory;
	totals->skipped += ev->skipped;
	totals->delivered += ev->delivery;
	if (ev->delivery)
		return NULL;
	const struct sys_desc *desc = sys_describe(sys_meaning(sys_lookup(j->source->isa, ev->number)));
	const struct replay_count count = {
		.name = desc ? desc->name : "?",
		.emulated = ev->policy == TRACE_EMULATED,
		.executed = ev->policy == TRACE_EXECUTED,
		.passed = ev->policy == TRACE_PASSED,
	};

	totals->total++;
	totals->emulated += count.emulated;
	totals->executed += count.executed;
	totals->passed += count.passed;
	/* A call without an event is counted as such alone, as in a run. */
	totals->unlogged += ev->unlogged;
	return count_calls(&t->calls, &count);
}

/* What was seen right before the call of registers that are shown on request. */
static struct error *judge_before_event(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	struct error *err = NULL;

	if (!j->seen_at)
		return NULL;
	j->seen = t->seen;
	for (uint32_t reg = 0; reg < j->source->isa->num_regs; reg++) {
		const struct reg_desc *desc = &j->source->isa->regs[reg];
		const struct state *from = j->source->on_request[reg] ? step->after : &j->now;
		state_set_masked(&j->seen, reg, from->value + desc->word, from->unknown + desc->word);
	}
	err = judge_look(j, NULL, NULL);
	note_seen(j, step);
	return err;
}

/* Did the event set registers that others leave alone? What is seen of them behind it says nothing of before. */
static bool sets_all(const struct judge *j, const struct trace_event *ev)
{
	return ev->delivery || sys_meaning(sys_lookup(j->source->isa, ev->number)) == SYS_RT_SIGRETURN;
}

/* Adopts what is seen behind a call; the rest is as before. */
static void adopt(struct judge *j, const struct trace_step *step)
{
	for (uint32_t w = 0; w < j->source->isa->num_words; w++) {
		uint64_t unseen = step->after->unknown[w];
		j->now.value[w] = (j->now.value[w] & unseen) | (step->after->value[w] & ~unseen);
		j->now.unknown[w] &= unseen;
	}
}

/* What the call did to the run. */
static struct error *take_event(struct traced *t, const struct trace_step *step)
{
	struct run *run = t->judge.run;

	run->exited = step->event->finished;
	run->exit_status = step->event->finished ? step->event->status : 0;
	run->exit_signal = 0;
	t->position = step->event->position;
	return count_event(t, step);
}

static struct error *judge_event(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	struct run *run = j->run;
	struct lifted *lifted = NULL;
	struct error *err = NULL;

	if (sets_all(j, step->event))
		note_seen(j, step);
	else
		err = judge_before_event(t, step);
	if (!err)
		err = lift(t, &j->now, step, &lifted);
	if (err)
		return err;
	adopt(j, step);
	run->instructions++;
	run->checked += j->judging;
	if (j->judging && lifted)
		err = coverage_count(&run->coverage, lifted->form, &lifted->insn, JUDGED_FULLY);
	return err ? err : take_event(t, step);
}

/* ---- Sequences without a stop ---- */

/* The model stands at the step, and all before it in the sequence was predicted. */
static bool follows(const struct judge *j, const struct trace_step *step)
{
	const struct span *g = &j->span;
	uint32_t pc = j->source->isa->pc;

	return (!g->len || g->slot[g->len - 1].kind == PREDICTED_OUTPUTS) && state_known(&j->model.front, pc) &&
	       state_get(&j->model.front, pc) == step->pc;
}

static struct error *predict_follower(struct traced *t, struct prediction *slot, struct lifted *lifted)
{
	enum predict_result result;

	predict_begin(&t->judge.model, slot);
	if (lifted && lifted->kind == TRANSFER_SYSCALL) {
		slot->lifted = lifted;
		return NULL;
	}
	return predict_insn(&t->judge.model, slot, lifted, MEM_FAULT, &result);
}

/* Predicts one more instruction of the sequence. */
static struct error *extend(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	struct span *g = &j->span;
	struct lifted *lifted = NULL;
	struct error *err = lift(t, &j->model.front, step, &lifted);

	if (err)
		return err;
	if (g->len == SPAN_MAX)
		return error_create(ERROR_UNSUPPORTED, "step %llu: a sequence without a stop that is too long",
				    (unsigned long long)step->number);
	show(t, step->accesses, step->num_accesses, false);
	j->model.grouping = true;
	g->exit[g->len] = 0;
	if (follows(j, step))
		err = predict_follower(t, &g->slot[g->len], lifted);
	else
		expect_nothing(&j->model, &g->slot[g->len], step->pc, lifted);
	j->model.grouping = false;
	for (size_t i = 0; i < step->num_accesses && !err; i++) {
		const struct trace_access *a = &step->accesses[i];
		if (!a->store && a->known)
			err = memory_write(j->model.memory, a->address, a->data, NULL, a->len);
		if (!err && !vec_push(&t->accesses, *a))
			err = &error_no_memory;
	}
	g->len++;
	return err;
}

/* Of a sequence with an instruction that cannot be predicted, the end says nothing: it is adopted. */
static struct error *leave_sequence(struct traced *t)
{
	struct judge *j = &t->judge;
	struct span *g = &j->span;
	struct error *err = memory_forget_all(j->model.memory);

	adopt_registers(j->source, &g->start, &j->seen, &j->now);
	j->signal = j->reply.stop.kind == STOP_SIGNAL ? j->reply.stop.signal : 0;
	for (size_t i = 0; i < g->len && !err; i++) {
		struct prediction *slot = &g->slot[i];
		j->run->instructions++;
		if (!j->judging || !slot->lifted)
			continue;
		err = coverage_count(&j->run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_NOT);
		if (!err && !slot->lifted->prog)
			err = run_count_unmodelled(j->run, unmodelled_name(slot), slot->pc);
		else if (!err)
			err = count_unseen(j, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_INPUT);
	}
	return err;
}

static struct error *judge_sequence(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	struct trace_step whole = *step;
	size_t len;

	whole.accesses = t->accesses.at;
	whole.num_accesses = t->accesses.len;
	reply_stores(j, span_last(&j->span), &whole);
	show(t, t->accesses.at, t->accesses.len, false);
	if (j->reply.stop.kind == STOP_SIGNAL)
		return span_judge_signal(j, &len);
	span_cut_at_exit(j);
	span_count_group(j);
	return span_judge(j);
}

/* All of its steps were read; this is the last. */
static struct error *end_sequence(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;
	bool predicted = true;

	for (size_t i = 0; i < j->span.len; i++)
		predicted &= j->span.slot[i].kind == PREDICTED_OUTPUTS;
	reply_stop(t, step);
	struct error *err = predicted ? judge_sequence(t, step) : leave_sequence(t);
	j->span.len = t->accesses.len = 0;
	note_seen(j, step);
	if (j->signal)
		j->run->exit_signal = j->signal;
	j->signal = 0;
	return err;
}

static struct error *judge_running(struct traced *t, const struct trace_step *step)
{
	struct judge *j = &t->judge;

	if (!j->span.len) {
		t->accesses.len = 0;
		state_copy(&j->span.start, &j->now);
		state_copy(&j->model.front, &j->now);
		state_set(&j->model.front, j->source->isa->pc, step->pc);
	}
	struct error *err = extend(t, step);
	if (err || step->running)
		return err;
	err = end_sequence(t, step);
	return err || !step->event ? err : take_event(t, step);
}

/* ---- Steps one after the other ---- */

struct error *traced_begin(struct traced *t, struct run *run)
{
	struct judge *j = &t->judge;

	j->run = run;
	j->counted = (struct counted){0};
	j->span.len = 0;
	t->lifted.len = t->accesses.len = 0;
	traced_clear(t);
	return memory_forget_all(j->model.memory);
}

void traced_relift(struct traced *t)
{
	struct judge *j = &t->judge;

	if (!j->relift && j->repeat == j->model.repeat)
		return;
	judge_tidy_cache(j);
	t->lifted.len = 0;
}

static bool enough(struct traced *t, const struct trace_step *step)
{
	const struct lockstep_options *o = t->options;

	if (o->interrupted && *o->interrupted)
		t->judge.run->interrupted = true;
	if (judge_has_enough(&t->judge))
		t->judge.run->limit = RUN_LIMIT_FINDINGS;
	return t->judge.run->limit || t->judge.run->interrupted || step->number >= t->range.last;
}

static struct error *judge_any(struct traced *t, const struct trace_step *step)
{
	memory_journal_discard(t->judge.model.memory, memory_journal_mark(t->judge.model.memory));
	t->judge.judging = step->number >= t->range.from;
	if (step->number % TRACED_STRIDE == 0 && !vec_push(&t->places, step->pc))
		return &error_no_memory;
	if (step->running || t->judge.span.len)
		return judge_running(t, step);
	return step->event ? judge_event(t, step) : judge_single(t, step);
}

struct error *traced_step(struct traced *t, const struct trace_step *step, bool *ret_enough)
{
	struct error *err = judge_any(t, step);

	if (err)
		return err;
	*ret_enough = enough(t, step);
	if (!*ret_enough)
		traced_relift(t);
	return NULL;
}

/* ---- Adding up ---- */

/* The number of a place's step, of steps from first on. */
static uint64_t place_number(uint64_t first, size_t i)
{
	return ((first + TRACED_STRIDE - 1) / TRACED_STRIDE + i) * TRACED_STRIDE;
}

/* The time that the traced run took, as its system calls tell; in between it is spread evenly. */
static void add_event(const struct timeline_event *e, struct timeline *into)
{
	timeline_add_event(into, e);
	if (e->at < into->nanoseconds || e->instruction <= into->instructions)
		return;
	timeline_advance(into, e->instruction - 1, e->at, e->pc);
	timeline_advance(into, e->instruction, e->at + e->nanoseconds, e->pc);
}

/* Events, and where the run was, in their order: wherever the steps are cut, the timeline is the same. */
static void add_timeline(const struct traced *t, uint64_t first, struct timeline *into)
{
	size_t place = 0;

	for (size_t i = 0; i < t->events.len; i++) {
		const struct timeline_event *e = &t->events.at[i];
		for (; place < t->places.len && place_number(first, place) <= e->instruction; place++)
			timeline_add_place(into, place_number(first, place), t->places.at[place]);
		add_event(e, into);
	}
	for (; place < t->places.len; place++)
		timeline_add_place(into, place_number(first, place), t->places.at[place]);
}

uint64_t traced_pc(const struct traced *t)
{
	return state_get(&t->judge.now, t->judge.source->isa->pc);
}

struct error *traced_add(const struct traced *t, uint64_t first, struct run *run, trace_calls *calls)
{
	struct error *err = NULL;

	for (size_t i = 0; i < t->calls.len && !err; i++)
		err = count_calls(calls, &t->calls.at[i]);
	add_timeline(t, first, &run->timeline);
	return err;
}

void traced_clear(struct traced *t)
{
	t->events.len = t->places.len = t->calls.len = 0;
}

void traced_conclude(struct run *run, const struct lockstep_options *options, const struct traced_range *range,
		     uint64_t pc, uint64_t nanoseconds)
{
	struct timeline *t = &run->timeline;

	run->fail_on = options->judge.fail_on;
	run->unreached = options->have_from && range->from > run->instructions;
	run->passed_over = run->unreached ? run->instructions : range->from - 1;
	run->recorded_time = true;
	if (!nanoseconds && t->instructions)
		nanoseconds = (uint64_t)((double)t->nanoseconds * (double)run->instructions / (double)t->instructions);
	if (run->instructions)
		timeline_advance(t, run->instructions, nanoseconds > t->nanoseconds ? nanoseconds : t->nanoseconds, pc);
}
