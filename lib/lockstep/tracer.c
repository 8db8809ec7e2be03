#include "lib/lockstep/tracer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/lockstep/internal.h"

/* ---- Start and end ---- */

static struct error *write_modules(struct lockstep *ls)
{
	struct tracer *t = &ls->tracer;
	size_t num = 0;
	const struct replay_module *modules = replay_modules(ls->replay, &num);

	if (num == t->num_modules)
		return NULL;
	struct trace_module *copy = calloc(num, sizeof *copy);
	if (!copy)
		return &error_no_memory;
	for (size_t i = 0; i < num; i++)
		copy[i] = (struct trace_module){modules[i].path, modules[i].start, modules[i].end, modules[i].entry};
	struct error *err = trace_writer_modules(t->writer, copy, num);
	free(copy);
	t->num_modules = num;
	return err;
}

static struct error *create_writer(struct lockstep *ls)
{
	const struct target *target = ls->target;
	bool *on_request = NULL;

	struct trace_header header = *ls->options->trace_header;
	header.hidden = target->hidden;
	header.stops_reset = target->stops_reset && !ls->flow.ready;
	if (target->on_request) {
		size_t len = target->isa->num_regs * sizeof *on_request;
		on_request = malloc(len);
		if (!on_request)
			return &error_no_memory;
		memcpy(on_request, target->on_request, len);
	}
	header.on_request = on_request;
	struct error *err = state_init(&ls->tracer.state, target->isa);
	if (!err)
		err = trace_writer_create(ls->options->trace_path, &header, &ls->judge.now, &ls->tracer.writer);
	free(on_request);
	return err;
}

struct error *tracer_init(struct lockstep *ls)
{
	bool flows = ls->flow.ready;

	if (!ls->options->trace_path)
		return NULL;
	/* What is shown while it runs is what the trace will have. */
	struct error *err = flows ? target_flow(ls->target, true) : NULL;
	if (!err)
		err = create_writer(ls);
	if (!err && flows)
		err = target_flow(ls->target, false);
	return err ? err : write_modules(ls);
}

/* What the file system refuses costs the trace, and not what is judged. Takes err. */
static struct error *give_up(struct lockstep *ls, struct error *err)
{
	struct tracer *t = &ls->tracer;

	if (!error_is(err, ERROR_OS) || ls->options->only_trace)
		return err;
	trace_writer_destroy(t->writer);
	t->writer = NULL;
	ls->judge.run->trace_error = err;
	return NULL;
}

/* The first n of the steps that wait were written, or are given up. */
static void drop_waiting(struct tracer *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		state_deinit(&t->waiting.at[i].before);
		state_deinit(&t->waiting.at[i].after);
		vec_deinit(&t->waiting.at[i].accesses);
	}
	t->waiting.len = 0;
}

void tracer_pause(struct tracer *t, bool on)
{
	if (on)
		t->paused = t->writer;
	t->writer = on ? NULL : t->paused;
}

void tracer_deinit(struct tracer *t)
{
	trace_writer_destroy(t->writer);
	vec_deinit(&t->accesses);
	vec_deinit(&t->changed);
	vec_deinit(&t->writes);
	vec_deinit(&t->data);
	state_deinit(&t->state);
	drop_waiting(t, t->waiting.len);
	vec_deinit(&t->waiting);
}

struct error *tracer_finish(struct lockstep *ls)
{
	const struct run *run = ls->judge.run;

	struct error *err = tracer_settle(ls);
	if (err || !ls->tracer.writer)
		return err;
	const struct trace_end end = {
		.exited = run->exited,
		.interrupted = run->interrupted,
		.limit = run->limit,
		.exit_status = run->exit_status,
		.exit_signal = run->exit_signal,
		.lost_expected = run->lost_expected,
		.lost_observed = run->lost_observed,
		.lost_event = run->lost_event,
		.lost_pc = run->lost_pc,
		.error = run->error ? run->error->message : NULL,
		.error_code = run->error ? (int)run->error->code : 0,
		.nanoseconds = run->nanoseconds,
	};
	return give_up(ls, trace_writer_finish(ls->tracer.writer, &end));
}

/* ---- Memory ---- */

static uint64_t all_known(unsigned len)
{
	return len >= 64 ? UINT64_MAX : (UINT64_C(1) << len) - 1;
}

/* The model's memory has there what it predicted and nobody has looked at yet. */
static bool is_owed(const struct lockstep *ls, uint64_t address, unsigned len)
{
	for (size_t i = 0; i < ls->owed.len; i++) {
		const struct target_read *r = &ls->owed.at[i].read;
		if (r->address - address < len || address - r->address < r->len)
			return true;
	}
	return false;
}

static struct trace_access *new_access(struct lockstep *ls, uint64_t address, unsigned len, bool store)
{
	struct tracer *t = &ls->tracer;

	if (t->accesses.len == TRACE_MAX_ACCESSES || !vec_reserve(&t->accesses, t->accesses.len + 1))
		return NULL;
	struct trace_access *a = &t->accesses.at[t->accesses.len++];
	a->address = address;
	a->len = (uint8_t)len;
	a->store = store;
	a->known = ls->owed.len && is_owed(ls, address, len) ? 0 : all_known(len);
	return a;
}

static bool add_load(struct lockstep *ls, const struct predicted_load *load)
{
	struct trace_access *a = new_access(ls, load->address, load->len, false);

	if (!a)
		return ls->tracer.accesses.len == TRACE_MAX_ACCESSES;
	uint64_t unknown = 0;
	for (unsigned i = 0; i < load->len; i++)
		if (load->unknown[i])
			unknown |= UINT64_C(1) << i;
	/* What nobody will have looked at wholly is left out: then it is not known. */
	ls->tracer.accesses.len -= unknown && !a->known;
	a->known &= ~unknown;
	for (unsigned i = 0; i < load->len; i++)
		a->data[i] = load->unknown[i] ? 0 : load->data[i];
	return true;
}

static bool add_store(struct lockstep *ls, const struct eval_store *s, const uint8_t *seen)
{
	struct trace_access *a = new_access(ls, s->address, s->len, true);

	if (!a)
		return ls->tracer.accesses.len == TRACE_MAX_ACCESSES;
	if (seen)
		memcpy(a->data, seen, s->len);
	else
		memset(a->data, a->known = 0, s->len);
	return true;
}

/* What is not shown with the step is as predicted: it is compared where the guest stands. */
static const uint8_t *seen_store(const struct lockstep *ls, const struct prediction *slot, size_t i)
{
	const struct eval_store *s = &slot->stores.at[i];

	if (ls->source.stores_later)
		return s->masked ? NULL : s->data;
	return i < OBSERVED_MAX_READS && ls->judge.reply.memory_ok[i] ? ls->judge.reply.memory[i] : NULL;
}

/* What is known of the memory that the instruction loads, and what was seen of its stores. */
static bool add_accesses(struct lockstep *ls, const struct prediction *slot, bool stores)
{
	bool ok = true;

	ls->tracer.accesses.len = 0;
	/* Of an instruction with a rest, all or none: it may have made any number of them. */
	if (slot->lifted && slot->lifted->insn.rest_len)
		return true;
	for (size_t i = 0; i < slot->loads.len && ok; i++)
		ok = add_load(ls, &slot->loads.at[i]);
	for (size_t i = 0; stores && i < slot->stores.len && ok; i++)
		ok = add_store(ls, &slot->stores.at[i], seen_store(ls, slot, i));
	return ok;
}

/* ---- Steps ---- */

static struct trace_step step_of(const struct lockstep *ls, const struct prediction *slot)
{
	const struct insn *insn = slot->lifted ? &slot->lifted->insn : NULL;

	return (struct trace_step){
		.tid = ls->judge.reply.stop.tid,
		.pc = slot->pc,
		.bytes = insn ? insn->bytes : NULL,
		.len = insn ? insn->len : 0,
		.before = &ls->judge.before,
		.after = &ls->judge.seen,
		.accesses = ls->tracer.accesses.at,
		.num_accesses = ls->tracer.accesses.len,
	};
}

/* Where all is as predicted, only what was predicted has changed. */
static bool name_changed(struct tracer *t, const struct prediction *slot)
{
	t->changed.len = 0;
	if (!vec_reserve(&t->changed, slot->regs.len + 1))
		return false;
	for (size_t i = 0; i < slot->regs.len; i++)
		t->changed.at[t->changed.len++] = slot->regs.at[i].reg;
	return true;
}

/* ---- Steps that wait ---- */

static bool is_confirmed(const struct lockstep *ls, const struct trace_access *a)
{
	bool confirmed = ls->owed.len > 0;

	for (size_t i = 0; i < ls->owed.len; i++)
		if (ls->owed.at[i].read.address - a->address < a->len ||
		    a->address - ls->owed.at[i].read.address < ls->owed.at[i].read.len)
			confirmed &= ls->owed.at[i].confirmed;
	return confirmed;
}

/* A later store of the steps that wait covers bytes of the access: what is there in the end says nothing of them. */
static bool is_covered(const struct tracer *t, size_t step, size_t access, const struct trace_access *a)
{
	for (size_t i = step; i < t->waiting.len; i++) {
		const struct waiting_step *w = &t->waiting.at[i];
		for (size_t k = i == step ? access + 1 : 0; k < w->accesses.len; k++) {
			const struct trace_access *b = &w->accesses.at[k];
			if (b->store && (b->address - a->address < a->len || a->address - b->address < b->len))
				return true;
		}
	}
	return false;
}

/* What nobody had seen by then is known if it was seen since, and not known for good otherwise. */
static void settle_access(const struct lockstep *ls, size_t step, size_t access)
{
	struct trace_access *a = &ls->tracer.waiting.at[step].accesses.at[access];

	if (a->known)
		return;
	if (is_owed(ls, a->address, a->len) && is_confirmed(ls, a) && !is_covered(&ls->tracer, step, access, a))
		a->known = all_known(a->len);
	else
		memset(a->data, 0, a->len);
}

struct error *tracer_settle(struct lockstep *ls)
{
	struct tracer *t = &ls->tracer;
	struct error *err = NULL;

	if (!t->writer)
		return NULL;
	for (size_t i = 0; i < t->waiting.len; i++)
		for (size_t k = 0; k < t->waiting.at[i].accesses.len; k++)
			settle_access(ls, i, k);
	for (size_t i = 0; i < t->waiting.len && !err; i++) {
		struct waiting_step *w = &t->waiting.at[i];
		w->step.bytes = w->bytes;
		w->step.before = &w->before;
		w->step.after = &w->after;
		w->step.accesses = w->accesses.at;
		err = trace_writer_step(t->writer, &w->step);
	}
	drop_waiting(t, t->waiting.len);
	return give_up(ls, err);
}

static struct error *wait(struct lockstep *ls, const struct trace_step *step)
{
	struct tracer *t = &ls->tracer;
	struct waiting_step w = {.step = *step};

	if (step->len)
		memcpy(w.bytes, step->bytes, step->len);
	w.step.changed = NULL;
	struct error *err = state_init(&w.before, step->before->isa);
	if (!err)
		err = state_init(&w.after, step->after->isa);
	if (!err &&
	    (!vec_reserve(&w.accesses, step->num_accesses + 1) || !vec_reserve(&t->waiting, t->waiting.len + 1)))
		err = &error_no_memory;
	if (err) {
		state_deinit(&w.before);
		state_deinit(&w.after);
		vec_deinit(&w.accesses);
		return err;
	}
	state_copy(&w.before, step->before);
	state_copy(&w.after, step->after);
	for (size_t i = 0; i < step->num_accesses; i++)
		w.accesses.at[w.accesses.len++] = step->accesses[i];
	t->waiting.at[t->waiting.len++] = w;
	return NULL;
}

struct error *tracer_step(struct lockstep *ls, const struct prediction *slot, bool differs)
{
	struct tracer *t = &ls->tracer;

	if (!t->writer)
		return NULL;
	if (!add_accesses(ls, slot, slot->kind == PREDICTED_OUTPUTS))
		return &error_no_memory;
	struct trace_step step = step_of(ls, slot);
	step.signal = ls->judge.reply.stop.kind == STOP_SIGNAL ? ls->judge.reply.stop.signal : 0;
	if (ls->owed.len)
		return wait(ls, &step);
	trace_writer_repeat(t->writer, ls->judge.repeat);
	if (!differs && slot->kind == PREDICTED_OUTPUTS && !slot->imprecise && !ls->judge.seen_at) {
		if (!name_changed(t, slot))
			return &error_no_memory;
		step.changed = t->changed.at;
		step.num_changed = t->changed.len;
	}
	return give_up(ls, trace_writer_step(t->writer, &step));
}

struct error *tracer_observed(struct lockstep *ls, const struct prediction *slot)
{
	struct trace_step step = step_of(ls, slot);

	step.after = &ls->judge.now;
	return ls->tracer.writer ? give_up(ls, trace_writer_observed(ls->tracer.writer, &step)) : NULL;
}

struct error *tracer_asked(struct lockstep *ls, const struct lifted *lifted, const struct state *before,
			   const struct state *after)
{
	const struct trace_step step = {.pc = lifted->insn.pc,
					.bytes = lifted->insn.bytes,
					.len = lifted->insn.len,
					.before = before,
					.after = after};

	return ls->tracer.writer ? give_up(ls, trace_writer_observed(ls->tracer.writer, &step)) : NULL;
}

static void see_nothing(struct state *s)
{
	for (uint32_t r = 0; r < s->isa->num_regs; r++)
		state_set_unknown(s, r);
}

struct error *tracer_unseen(struct lockstep *ls, const struct prediction *slot)
{
	struct tracer *t = &ls->tracer;

	if (!t->writer)
		return NULL;
	if (!add_accesses(ls, slot, true))
		return &error_no_memory;
	see_nothing(&t->state);
	struct trace_step step = step_of(ls, slot);
	step.before = &ls->judge.now;
	step.after = &t->state;
	trace_writer_repeat(t->writer, ls->judge.repeat);
	return give_up(ls, trace_writer_step(t->writer, &step));
}

struct error *tracer_span(struct lockstep *ls, size_t len)
{
	struct tracer *t = &ls->tracer;
	struct error *err = NULL;

	if (!t->writer)
		return NULL;
	err = tracer_settle(ls);
	see_nothing(&t->state);
	for (size_t i = 0; i < len && !err && t->writer; i++) {
		const struct prediction *slot = &ls->judge.span.slot[i];
		bool last = i + 1 == len;
		if (!add_accesses(ls, slot, last && !ls->judge.signal))
			return &error_no_memory;
		struct trace_step step = step_of(ls, slot);
		step.before = &ls->judge.span.start; /* the chunk of the first has all others */
		step.running = !last;
		step.after = last ? &ls->judge.seen : &t->state;
		step.signal = last ? ls->judge.signal : 0;
		err = give_up(ls, trace_writer_step(t->writer, &step));
	}
	return err;
}

/* ---- Events ---- */

enum { DATA_MAX = 64 << 10 }; /* bytes of what an event wrote: the trace keeps no more */

static bool add_writes(struct lockstep *ls)
{
	struct tracer *t = &ls->tracer;
	size_t num = 0, left = DATA_MAX;
	const struct replay_written *written = replay_written(ls->replay, &num);

	t->writes.len = t->data.len = 0;
	if (num && (!vec_reserve(&t->writes, num) || !vec_reserve(&t->data, DATA_MAX)))
		return false;
	for (size_t i = 0; i < num; i++) {
		size_t len = written[i].len < left ? (size_t)written[i].len : left;
		uint8_t *data = t->data.at + DATA_MAX - left, unknown[64];
		/* What the call's later writes covered is as they left it. */
		for (size_t at = 0; at < len; at += sizeof unknown)
			memory_read(ls->judge.model.memory, written[i].address + at, data + at, unknown,
				    len - at < sizeof unknown ? len - at : sizeof unknown);
		left -= len;
		t->writes.at[t->writes.len++] = (struct trace_write){written[i].address, written[i].len, data, len};
	}
	return true;
}

/* Registers that the target shows on request and that nobody looked at. */
static void unsee(struct state *s, const struct target *target)
{
	for (uint32_t r = 0; r < s->isa->num_regs; r++)
		if (target->on_request && target->on_request[r])
			state_set_unknown(s, r);
}

struct error *tracer_event(struct lockstep *ls, const struct prediction *slot, const struct replay_outcome *outcome,
			   const struct replay_totals *totals, uint64_t start, bool all_seen)
{
	struct tracer *t = &ls->tracer;
	const struct replay_totals *now = replay_totals(ls->replay);

	if (!t->writer)
		return NULL;
	if (!add_writes(ls))
		return &error_no_memory;
	struct error *err = tracer_settle(ls);
	if (err || !t->writer)
		return err;
	t->accesses.len = 0;
	struct trace_event event = {
		.delivery = outcome->delivered != 0,
		.number = outcome->delivered ? (uint64_t)outcome->delivered : outcome->number,
		.index = outcome->event,
		.position = replay_position(ls->replay),
		.skipped = now->skipped - totals->skipped,
		.policy = outcome->policy == SYS_EMULATE ? TRACE_EMULATED
			  : outcome->policy == SYS_PASS  ? TRACE_PASSED
							 : TRACE_EXECUTED,
		.at = start - ls->started,
		.nanoseconds = clock_now() - start,
		.unlogged = now->unlogged > totals->unlogged,
		.finished = outcome->finished,
		.status = outcome->status,
		.writes = t->writes.at,
		.num_writes = t->writes.len,
	};
	struct trace_step step = step_of(ls, slot);
	state_copy(&t->state, &ls->judge.now);
	if (!all_seen)
		unsee(&t->state, ls->target);
	step.after = &t->state;
	step.event = &event;
	err = trace_writer_step(t->writer, &step);
	return give_up(ls, err ? err : write_modules(ls));
}
