#include "lib/lockstep/recorded.h"

#include <stdlib.h>
#include <string.h>

/* ---- Start and end ---- */

static void describe_source(struct recorded *r)
{
	const struct trace_header *h = trace_reader_header(r->reader);
	bool any = false;

	shown_init(&r->shown, h->isa);
	r->shown.source.hidden = h->hidden;
	r->shown.source.stops_reset = h->stops_reset;
	for (uint32_t i = 0; i < h->isa->num_regs; i++)
		any |= h->on_request[i];
	r->shown.source.on_request = any ? h->on_request : NULL;
}

/* A signal that stopped the guest ended the run: the guest had left the log, unless that has the signal. */
static int logged_signal(const struct trace_end *end)
{
	bool lost = end && end->error && end->error_code == ERROR_LOST_SYNC;

	if (!end)
		return SIGNAL_NOT_TOLD;
	return lost ? 0 : end->exit_signal;
}

static uint64_t position(void *ctx)
{
	return ((struct recorded *)ctx)->position;
}

/* A run that went on behind the signal is one of a log that has it. */
static struct error *has_signal(void *ctx, int signal, bool *ret)
{
	*ret = signal == ((struct recorded *)ctx)->logged_signal;
	return NULL;
}

static struct error *has_fault(void *ctx, int signal, bool memory, bool *ret)
{
	int logged = ((struct recorded *)ctx)->logged_signal;

	*ret = signal == logged || (memory && logged == SIGNAL_NOT_TOLD);
	return NULL;
}

struct error *recorded_init(struct recorded *r, const struct trace_reader *reader,
			    const struct lockstep_options *options)
{
	*r = (struct recorded){.reader = reader, .options = options};
	describe_source(r);
	r->log = (struct log_view){.ctx = r, .position = position, .has_signal = has_signal, .has_fault = has_fault};
	r->judge.source = &r->shown.source;
	r->judge.log = &r->log;
	r->judge.options = &options->judge;
	struct error *err = judge_init(&r->judge);
	if (!err)
		err = trace_decoder_create(reader, &r->decoder);
	if (err)
		return err;
	r->seen = r->judge.seen;
	return NULL;
}

void recorded_deinit(struct recorded *r)
{
	if (r->decoder)
		r->judge.seen = r->seen;
	judge_deinit(&r->judge);
	prediction_deinit(&r->slot);
	trace_decoder_destroy(r->decoder);
	vec_deinit(&r->lifted);
	vec_deinit(&r->accesses);
	vec_deinit(&r->events);
	vec_deinit(&r->places);
	vec_deinit(&r->calls);
}

/* ---- Instructions ---- */

/* What is checked for alignment is another instruction, which has no place. */
static struct error *lift_checked(struct recorded *r, const struct trace_step *step, struct lifted **ret)
{
	struct lift_cache *cache = r->judge.model.cache;
	struct error *err = NULL;

	*ret = NULL;
	lift_cache_set_checks(cache, true);
	if (step->len)
		err = lift_cache_get(cache, step->pc, step->bytes, step->len, ret);
	lift_cache_set_checks(cache, false);
	return err;
}

/* now: the state before it. */
static struct error *lift(struct recorded *r, const struct state *now, const struct trace_step *step,
			  struct lifted **ret)
{
	struct error *err = NULL;

	if (now->isa->lifter_set_checks && state_get(now, now->isa->checks_flag))
		return lift_checked(r, step, ret);

	while (r->lifted.len <= step->entry)
		if (!vec_push(&r->lifted, NULL))
			return &error_no_memory;
	struct lifted **place = &r->lifted.at[step->entry];
	if (!*place && step->len)
		err = lift_cache_get(r->judge.model.cache, step->pc, step->bytes, step->len, place);
	if (!err)
		*ret = *place;
	return err;
}

/* What was lifted so far may be another instruction, or stepped in another way, from now on. */
static void relift(struct recorded *r)
{
	struct judge *j = &r->judge;

	if (!j->relift && j->repeat == j->model.repeat)
		return;
	judge_tidy_cache(j);
	r->lifted.len = 0;
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

static void reply_stop(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;

	/* The run went on behind the signal, which a log alone makes it do. */
	r->logged_signal = step->number < trace_reader_steps(r->reader) ? step->signal
									: logged_signal(trace_reader_end(r->reader));
	j->reply.stop.kind = step->signal ? STOP_SIGNAL : STOP_STEPPED;
	j->reply.stop.signal = step->signal;
	j->reply.stop.tid = step->tid;
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
static void expect_nothing(struct prediction *slot, uint64_t pc, struct lifted *lifted)
{
	slot->kind = PREDICTED_NOTHING;
	slot->pc = pc;
	slot->lifted = lifted;
	slot->regs.len = slot->words.len = slot->stores.len = slot->loads.len = 0;
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
static void show(struct recorded *r, const struct trace_access *accesses, size_t num, bool stopped)
{
	r->shown.accesses = accesses;
	r->shown.num_accesses = num;
	r->shown.stopped = stopped;
}

static struct error *judge_single(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	struct prediction *slot = &r->slot;
	struct lifted *lifted = NULL;
	bool differs;
	struct error *err = lift(r, &j->now, step, &lifted);

	if (err)
		return err;
	show(r, step->accesses, step->num_accesses, step->signal != 0);
	err = shown_predict(&r->shown, &j->model, &j->now, step->pc, lifted, slot);
	if (err)
		return err;
	if ((lifted && lifted->kind == TRANSFER_SYSCALL) || !tells_insn(step, lifted))
		expect_nothing(slot, step->pc, lifted);
	reply_stop(r, step);
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

struct error *count_calls(trace_calls *calls, const struct replay_count *more)
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

static struct error *count_event(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	const struct trace_event *ev = step->event;
	struct replay_totals *t = &j->run->events;
	const struct timeline_event when = {
		.index = ev->index,
		.number = ev->delivery ? 0 : ev->number,
		.signal = ev->delivery ? (int)ev->number : 0,
		.instruction = step->number,
		.at = ev->at,
		.nanoseconds = ev->nanoseconds,
		.pc = step->pc,
	};
	if (!vec_push(&r->events, when))
		return &error_no_memory;
	t->skipped += ev->skipped;
	t->delivered += ev->delivery;
	if (ev->delivery)
		return NULL;
	const struct sys_desc *desc = sys_describe(sys_meaning(sys_lookup(j->source->isa, ev->number)));
	const struct replay_count count = {
		.name = desc ? desc->name : "?",
		.emulated = ev->policy == TRACE_EMULATED,
		.executed = ev->policy == TRACE_EXECUTED,
		.passed = ev->policy == TRACE_PASSED,
	};

	t->total++;
	t->emulated += count.emulated;
	t->executed += count.executed;
	t->passed += count.passed;
	/* A call without an event is counted as such alone, as in a run. */
	t->unlogged += ev->unlogged;
	return count_calls(&r->calls, &count);
}

/* What was seen right before the call of registers that are shown on request. */
static struct error *judge_before_event(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	struct error *err = NULL;

	if (!j->seen_at)
		return NULL;
	j->seen = r->seen;
	for (uint32_t reg = 0; reg < j->source->isa->num_regs; reg++) {
		const struct reg_desc *desc = &j->source->isa->regs[reg];
		const struct state *from = j->source->on_request[reg] ? step->after : &j->now;
		state_set_masked(&j->seen, reg, from->value + desc->word, from->unknown + desc->word);
	}
	err = judge_look(j);
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
static struct error *take_event(struct recorded *r, const struct trace_step *step)
{
	struct run *run = r->judge.run;

	run->exited = step->event->finished;
	run->exit_status = step->event->finished ? step->event->status : 0;
	run->exit_signal = 0;
	r->position = step->event->position;
	return count_event(r, step);
}

static struct error *judge_event(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	struct run *run = j->run;
	struct lifted *lifted = NULL;
	struct error *err = NULL;

	if (sets_all(j, step->event))
		note_seen(j, step);
	else
		err = judge_before_event(r, step);
	if (!err)
		err = lift(r, &j->now, step, &lifted);
	if (err)
		return err;
	adopt(j, step);
	run->instructions++;
	run->checked += j->judging;
	if (j->judging && lifted)
		err = coverage_count(&run->coverage, lifted->form, &lifted->insn, JUDGED_FULLY);
	return err ? err : take_event(r, step);
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

static struct error *predict_follower(struct recorded *r, struct prediction *slot, struct lifted *lifted)
{
	enum predict_result result;

	predict_begin(&r->judge.model, slot);
	if (lifted && lifted->kind == TRANSFER_SYSCALL) {
		slot->lifted = lifted;
		return NULL;
	}
	return predict_insn(&r->judge.model, slot, lifted, MEM_FAULT, &result);
}

/* Predicts one more instruction of the sequence. */
static struct error *extend(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	struct span *g = &j->span;
	struct lifted *lifted = NULL;
	struct error *err = lift(r, &j->model.front, step, &lifted);

	if (err)
		return err;
	if (g->len == SPAN_MAX)
		return error_create(ERROR_UNSUPPORTED, "step %llu: a sequence without a stop that is too long",
				    (unsigned long long)step->number);
	show(r, step->accesses, step->num_accesses, false);
	j->model.grouping = true;
	g->exit[g->len] = 0;
	if (follows(j, step))
		err = predict_follower(r, &g->slot[g->len], lifted);
	else
		expect_nothing(&g->slot[g->len], step->pc, lifted);
	j->model.grouping = false;
	for (size_t i = 0; i < step->num_accesses && !err; i++) {
		const struct trace_access *a = &step->accesses[i];
		if (!a->store && a->known)
			err = memory_write(j->model.memory, a->address, a->data, NULL, a->len);
		if (!err && !vec_push(&r->accesses, *a))
			err = &error_no_memory;
	}
	g->len++;
	return err;
}

/* Of a sequence with an instruction that cannot be predicted, the end says nothing: it is adopted. */
static struct error *leave_sequence(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	struct span *g = &j->span;
	struct error *err = memory_forget_all(j->model.memory);

	reply_stop(r, step);
	adopt_registers(j->source, &g->start, &j->seen, &j->now);
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
	g->len = 0;
	return err;
}

static struct error *judge_span(struct judge *j)
{
	size_t len;

	if (j->reply.stop.kind == STOP_SIGNAL)
		return span_judge_signal(j, &len);
	span_cut_at_exit(j);
	return span_judge(j);
}

/* All of its steps were read; this is the last. */
static struct error *end_sequence(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;
	struct span *g = &j->span;
	struct trace_step whole = *step;
	bool predicted = true;

	for (size_t i = 0; i < g->len; i++)
		predicted &= g->slot[i].kind == PREDICTED_OUTPUTS;
	if (!predicted)
		return leave_sequence(r, step);
	reply_stop(r, step);
	whole.accesses = r->accesses.at;
	whole.num_accesses = r->accesses.len;
	reply_stores(j, &g->slot[g->len - 1], &whole);
	show(r, r->accesses.at, r->accesses.len, false);
	struct error *err = judge_span(j);
	g->len = 0;
	r->accesses.len = 0;
	note_seen(j, step);
	if (j->signal)
		j->run->exit_signal = j->signal;
	j->signal = 0;
	return err;
}

static struct error *judge_running(struct recorded *r, const struct trace_step *step)
{
	struct judge *j = &r->judge;

	if (!j->span.len) {
		r->accesses.len = 0;
		state_copy(&j->span.start, &j->now);
		state_copy(&j->model.front, &j->now);
		state_set(&j->model.front, j->source->isa->pc, step->pc);
	}
	struct error *err = extend(r, step);
	if (err || step->running)
		return err;
	err = end_sequence(r, step);
	return err || !step->event ? err : take_event(r, step);
}

/* ---- Chunks ---- */

static struct error *observe(struct recorded *r)
{
	struct judge *j = &r->judge;
	size_t num;
	const struct trace_observed *o = trace_decoder_observed(r->decoder, &num);
	struct error *err = NULL;

	for (size_t i = 0; i < num && !err; i++) {
		struct lifted *lifted;
		err = lift_cache_get(j->model.cache, o[i].pc, o[i].bytes, o[i].len, &lifted);
		if (!err)
			j->relift |= lift_cache_observe(j->model.cache, lifted, o[i].before.value, o[i].after.value);
	}
	return err;
}

static struct error *begin(struct recorded *r, size_t chunk, struct run *run)
{
	struct judge *j = &r->judge;
	size_t num;
	const struct trace_chunk_info *info = &trace_reader_chunks(r->reader, &num)[chunk];
	struct error *err = trace_decoder_open(r->decoder, chunk);

	j->run = run;
	j->counted = (struct counted){0};
	r->events.len = r->places.len = r->calls.len = r->lifted.len = r->accesses.len = 0;
	j->span.len = 0;
	if (!err)
		err = memory_forget_all(j->model.memory);
	if (err)
		return err;
	state_copy(&j->now, trace_decoder_carried(r->decoder));
	r->position = info->first_event;
	j->repeat = trace_decoder_repeat(r->decoder);
	for (uint32_t reg = 0; j->seen_at && reg < j->source->isa->num_regs; reg++)
		j->seen_at[reg] = trace_decoder_seen_at(r->decoder, reg);
	lift_cache_trim(j->model.cache);
	err = observe(r);
	relift(r);
	return err;
}

static bool enough(struct recorded *r, const struct trace_step *step)
{
	const struct lockstep_options *o = r->options;

	if (o->interrupted && *o->interrupted)
		r->judge.run->interrupted = true;
	if (judge_has_enough(&r->judge))
		r->judge.run->limit = RUN_LIMIT_FINDINGS;
	return r->judge.run->limit || r->judge.run->interrupted || step->number >= r->range.last;
}

static struct error *judge_any(struct recorded *r, const struct trace_step *step)
{
	memory_journal_discard(r->judge.model.memory, memory_journal_mark(r->judge.model.memory));
	r->judge.judging = step->number >= r->range.from;
	if (step->number % RECORDED_STRIDE == 0 && !vec_push(&r->places, step->pc))
		return &error_no_memory;
	if (step->running || r->judge.span.len)
		return judge_running(r, step);
	return step->event ? judge_event(r, step) : judge_single(r, step);
}

struct error *recorded_chunk(struct recorded *r, size_t chunk, struct run *run)
{
	struct trace_step step;
	bool end = false;
	struct error *err = begin(r, chunk, run);

	while (!err && !end) {
		err = trace_decoder_next(r->decoder, &step, &end);
		if (err || end)
			break;
		err = judge_any(r, &step);
		if (!err && enough(r, &step))
			break;
		relift(r);
	}
	judge_note_cpu(&r->judge);
	return err;
}
