#include "lib/lockstep/recorded.h"

#include <stdlib.h>
#include <string.h>

/* ---- Start and end ---- */

static struct error *describe_target(struct recorded *r)
{
	const struct trace_header *h = trace_reader_header(r->reader);
	size_t len = h->isa->num_words * sizeof *h->hidden;
	bool any = false;

	r->target = (struct target){.isa = h->isa, .identity = h->emulator, .stops_reset = h->stops_reset};
	for (uint32_t i = 0; i < h->isa->num_regs; i++)
		any |= h->on_request[i];
	r->target.on_request = any ? h->on_request : NULL;
	r->target.hidden = malloc(len);
	if (!r->target.hidden)
		return &error_no_memory;
	memcpy(r->target.hidden, h->hidden, len);
	return NULL;
}

/* A signal that stopped the guest ended the run: the guest had left the log, unless that has the signal. */
static int logged_signal(const struct trace_end *end)
{
	bool lost = end && end->error && end->error_code == ERROR_LOST_SYNC;

	if (!end)
		return SIGNAL_NOT_TOLD;
	return lost ? 0 : end->exit_signal;
}

struct error *recorded_init(struct recorded *r, const struct trace_reader *reader,
			    const struct lockstep_options *options)
{
	*r = (struct recorded){.reader = reader};
	r->ls.target = &r->target;
	r->ls.options = options;
	struct error *err = describe_target(r);
	if (!err)
		err = lockstep_init(&r->ls);
	if (!err)
		err = trace_decoder_create(reader, &r->decoder);
	if (err)
		return err;
	r->seen = r->ls.seen;
	r->ls.model.blind = true;
	return NULL;
}

void recorded_deinit(struct recorded *r)
{
	if (r->decoder)
		r->ls.seen = r->seen;
	lockstep_deinit(&r->ls);
	trace_decoder_destroy(r->decoder);
	free(r->target.hidden);
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
	struct lift_cache *cache = r->ls.model.cache;
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
		err = lift_cache_get(r->ls.model.cache, step->pc, step->bytes, step->len, place);
	if (!err)
		*ret = *place;
	return err;
}

/* What was lifted so far may be another instruction, or stepped in another way, from now on. */
static void relift(struct recorded *r)
{
	struct lockstep *ls = &r->ls;

	if (!ls->relift && ls->repeat == ls->model.repeat)
		return;
	lockstep_tidy_cache(ls);
	r->lifted.len = 0;
}

/* ---- Single steps ---- */

/* What the trace has of the prediction's stores, as a target's reply. */
static void reply_stores(struct lockstep *ls, const struct prediction *slot, const struct trace_step *step)
{
	size_t next = 0;

	for (size_t i = 0; i < slot->stores.len && i < TARGET_MAX_READS; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		ls->reply.memory_ok[i] = false;
		/* They stand in the same order; what the recorder's model did not know is passed over. */
		for (size_t k = next; k < step->num_accesses; k++) {
			const struct trace_access *a = &step->accesses[k];
			if (!a->store || a->address != s->address || a->len != s->len)
				continue;
			next = k + 1;
			ls->reply.memory_ok[i] = a->known == (a->len >= 64 ? UINT64_MAX : (UINT64_C(1) << a->len) - 1);
			memcpy(ls->reply.memory[i], a->data, a->len);
			break;
		}
	}
}

static void reply_stop(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;

	/* The run went on behind the signal, which a log alone makes it do. */
	ls->logged_signal = step->number < trace_reader_steps(r->reader) ? step->signal
									 : logged_signal(trace_reader_end(r->reader));
	ls->reply.stop.kind = step->signal ? STOP_SIGNAL : STOP_STEPPED;
	ls->reply.stop.signal = step->signal;
	ls->reply.stop.tid = step->tid;
	ls->seen = *step->after;
}

/* Registers that the target shows now and then, and that it showed behind this step. */
static void note_seen(struct lockstep *ls, const struct trace_step *step)
{
	if (!ls->sweep.seen_at)
		return;
	for (uint32_t reg = 0; reg < ls->target->isa->num_regs; reg++)
		if (ls->target->on_request[reg] && state_known(step->after, reg))
			ls->sweep.seen_at[reg] = step->number;
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

static struct error *judge_single(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;
	struct prediction *slot = &ls->blind.slot;
	const struct touched touched = {step->words, step->num_words};
	enum predict_result result;
	bool differs;
	struct error *err = lift(r, &ls->now, step, &r->given.lifted);

	if (err)
		return err;
	r->given.accesses = step->accesses;
	r->given.num_accesses = step->num_accesses;
	r->given.stopped = step->signal != 0;
	ls->model.given = &r->given;
	state_copy(&ls->model.front, &ls->now);
	state_set(&ls->model.front, ls->target->isa->pc, step->pc);
	err = predict_next(&ls->model, slot, &result);
	if (err)
		return err;
	if (result == PREDICT_SYSCALL || !tells_insn(step, r->given.lifted))
		expect_nothing(slot, step->pc, r->given.lifted);
	reply_stop(r, step);
	reply_stores(ls, slot, step);
	ls->touched = step->words ? &touched : NULL;
	err = judge_step(ls, slot, &differs);
	note_seen(ls, step);
	if (ls->signal)
		ls->run->exit_signal = ls->signal;
	ls->signal = 0;
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
	struct lockstep *ls = &r->ls;
	const struct trace_event *ev = step->event;
	struct replay_totals *t = &ls->run->events;
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
	const struct sys_desc *desc = sys_describe(sys_meaning(sys_lookup(ls->target->isa, ev->number)));
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
static struct error *judge_look(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;
	const struct prediction nothing = {.kind = PREDICTED_OUTPUTS, .pc = step->pc};
	struct error *err = NULL;

	if (!ls->sweep.seen_at)
		return NULL;
	ls->seen = r->seen;
	for (uint32_t reg = 0; reg < ls->target->isa->num_regs; reg++) {
		const struct reg_desc *desc = &ls->target->isa->regs[reg];
		const struct state *from = ls->target->on_request[reg] ? step->after : &ls->now;
		state_set_masked(&ls->seen, reg, from->value + desc->word, from->unknown + desc->word);
	}
	judgement_clear(&ls->judgement);
	state_copy(&ls->before, &ls->now);
	err = judge_outputs(&ls->judgement, ls->target, &nothing, &ls->before, &ls->seen, NULL, NULL, &ls->now);
	if (!err && ls->judging && ls->judgement.differences.len)
		err = record_differences(ls, &nothing);
	note_seen(ls, step);
	return err;
}

/* Did the event set registers that others leave alone? What is seen of them behind it says nothing of before. */
static bool sets_all(const struct lockstep *ls, const struct trace_event *ev)
{
	return ev->delivery || sys_meaning(sys_lookup(ls->target->isa, ev->number)) == SYS_RT_SIGRETURN;
}

/* Adopts what is seen behind a call; the rest is as before. */
static void adopt(struct lockstep *ls, const struct trace_step *step)
{
	for (uint32_t w = 0; w < ls->target->isa->num_words; w++) {
		uint64_t unseen = step->after->unknown[w];
		ls->now.value[w] = (ls->now.value[w] & unseen) | (step->after->value[w] & ~unseen);
		ls->now.unknown[w] &= unseen;
	}
}

/* What the call did to the run. */
static struct error *take_event(struct recorded *r, const struct trace_step *step)
{
	struct run *run = r->ls.run;

	run->exited = step->event->finished;
	run->exit_status = step->event->finished ? step->event->status : 0;
	run->exit_signal = 0;
	r->ls.position = step->event->position;
	return count_event(r, step);
}

static struct error *judge_event(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;
	struct run *run = ls->run;
	struct lifted *lifted = NULL;
	struct error *err = NULL;

	if (sets_all(ls, step->event))
		note_seen(ls, step);
	else
		err = judge_look(r, step);
	if (!err)
		err = lift(r, &ls->now, step, &lifted);
	if (err)
		return err;
	adopt(ls, step);
	run->instructions++;
	run->checked += ls->judging;
	if (ls->judging && lifted)
		err = coverage_count(&run->coverage, lifted->form, &lifted->insn, JUDGED_FULLY);
	return err ? err : take_event(r, step);
}

/* ---- Sequences without a stop ---- */

/* The model stands at the step, and all before it in the sequence was predicted. */
static bool follows(const struct lockstep *ls, const struct trace_step *step)
{
	const struct group *g = &ls->group;
	uint32_t pc = ls->target->isa->pc;

	return (!g->len || g->slot[g->len - 1].kind == PREDICTED_OUTPUTS) && state_known(&ls->model.front, pc) &&
	       state_get(&ls->model.front, pc) == step->pc;
}

/* Predicts one more instruction of the sequence. */
static struct error *extend(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;
	struct group *g = &ls->group;
	enum predict_result result;
	struct error *err = lift(r, &ls->model.front, step, &r->given.lifted);

	if (err)
		return err;
	if (g->len == GROUP_MAX)
		return error_create(ERROR_UNSUPPORTED, "step %llu: a sequence without a stop that is too long",
				    (unsigned long long)step->number);
	r->given.accesses = step->accesses;
	r->given.num_accesses = step->num_accesses;
	r->given.stopped = false;
	ls->model.given = &r->given;
	ls->model.grouping = true;
	g->exit[g->len] = 0;
	if (follows(ls, step))
		err = predict_next(&ls->model, &g->slot[g->len], &result);
	else
		expect_nothing(&g->slot[g->len], step->pc, r->given.lifted);
	ls->model.grouping = false;
	for (size_t i = 0; i < step->num_accesses && !err; i++) {
		const struct trace_access *a = &step->accesses[i];
		if (!a->store && a->known)
			err = memory_write(ls->model.memory, a->address, a->data, NULL, a->len);
		if (!err && !vec_push(&r->accesses, *a))
			err = &error_no_memory;
	}
	g->len++;
	return err;
}

/* Of a sequence with an instruction that cannot be predicted, the end says nothing: it is adopted. */
static struct error *leave_sequence(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;
	struct group *g = &ls->group;
	struct error *err = memory_forget_all(ls->model.memory);

	reply_stop(r, step);
	adopt_registers(ls->target, &g->start, &ls->seen, &ls->now);
	for (size_t i = 0; i < g->len && !err; i++) {
		struct prediction *slot = &g->slot[i];
		ls->run->instructions++;
		if (!ls->judging || !slot->lifted)
			continue;
		err = coverage_count(&ls->run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_NOT);
		if (!err && !slot->lifted->prog)
			err = run_count_unmodelled(ls->run, unmodelled_name(slot), slot->pc);
		else if (!err)
			err = count_unseen(ls, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_INPUT);
	}
	g->len = 0;
	return err;
}

/* All of its steps were read; this is the last. */
static struct error *end_sequence(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;
	struct group *g = &ls->group;
	struct trace_step whole = *step;
	bool predicted = true;

	for (size_t i = 0; i < g->len; i++)
		predicted &= g->slot[i].kind == PREDICTED_OUTPUTS;
	if (!predicted)
		return leave_sequence(r, step);
	reply_stop(r, step);
	whole.accesses = r->accesses.at;
	whole.num_accesses = r->accesses.len;
	reply_stores(ls, &g->slot[g->len - 1], &whole);
	r->given.accesses = r->accesses.at;
	r->given.num_accesses = r->accesses.len;
	struct error *err = judge_group(ls);
	g->len = 0;
	r->accesses.len = 0;
	note_seen(ls, step);
	if (ls->signal)
		ls->run->exit_signal = ls->signal;
	ls->signal = 0;
	return err;
}

static struct error *judge_running(struct recorded *r, const struct trace_step *step)
{
	struct lockstep *ls = &r->ls;

	if (!ls->group.len) {
		r->accesses.len = 0;
		state_copy(&ls->group.start, &ls->now);
		state_copy(&ls->model.front, &ls->now);
		state_set(&ls->model.front, ls->target->isa->pc, step->pc);
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
	struct lockstep *ls = &r->ls;
	size_t num;
	const struct trace_observed *o = trace_decoder_observed(r->decoder, &num);
	struct error *err = NULL;

	for (size_t i = 0; i < num && !err; i++) {
		struct lifted *lifted;
		err = lift_cache_get(ls->model.cache, o[i].pc, o[i].bytes, o[i].len, &lifted);
		if (!err)
			ls->relift |= lift_cache_observe(ls->model.cache, lifted, o[i].before.value, o[i].after.value);
	}
	return err;
}

static struct error *begin(struct recorded *r, size_t chunk, struct run *run)
{
	struct lockstep *ls = &r->ls;
	size_t num;
	const struct trace_chunk_info *info = &trace_reader_chunks(r->reader, &num)[chunk];
	struct error *err = trace_decoder_open(r->decoder, chunk);

	ls->run = run;
	ls->counted = (struct counted){0};
	r->events.len = r->places.len = r->calls.len = r->lifted.len = r->accesses.len = 0;
	ls->group.len = 0;
	if (!err)
		err = memory_forget_all(ls->model.memory);
	if (err)
		return err;
	state_copy(&ls->now, trace_decoder_carried(r->decoder));
	ls->position = info->first_event;
	ls->repeat = trace_decoder_repeat(r->decoder);
	for (uint32_t reg = 0; ls->sweep.seen_at && reg < ls->target->isa->num_regs; reg++)
		ls->sweep.seen_at[reg] = trace_decoder_seen_at(r->decoder, reg);
	lift_cache_trim(ls->model.cache);
	err = observe(r);
	relift(r);
	return err;
}

static bool enough(struct recorded *r, const struct trace_step *step)
{
	const struct lockstep_options *o = r->ls.options;

	if (o->interrupted && *o->interrupted)
		r->ls.run->interrupted = true;
	if (lockstep_has_enough(&r->ls))
		r->ls.run->limit = RUN_LIMIT_FINDINGS;
	return r->ls.run->limit || r->ls.run->interrupted || step->number >= r->range.last;
}

static struct error *judge_any(struct recorded *r, const struct trace_step *step)
{
	memory_journal_discard(r->ls.model.memory, memory_journal_mark(r->ls.model.memory));
	r->ls.judging = step->number >= r->range.from;
	if (step->number % RECORDED_STRIDE == 0 && !vec_push(&r->places, step->pc))
		return &error_no_memory;
	if (step->running || r->ls.group.len)
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
	lockstep_note_cpu(&r->ls);
	return err;
}
