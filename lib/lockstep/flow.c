#include "lib/lockstep/flow.h"

#include <signal.h>
#include <stdlib.h>

#include "lib/lockstep/internal.h"

enum {
	STEPS = 4096, /* judged before others have their turn */
};

static const struct flow_place nowhere = {UINT64_MAX, UINT64_MAX};

struct error *flow_init(struct lockstep *ls)
{
	struct flow *f = &ls->flow;

	f->signal = f->between = f->from = f->until = nowhere;
	ls->judge.run->lane.can_flow = ls->options->flow && ls->target->ops->flow;
	bool lets_run = ls->options->flow || ls->stretch.passing;
	f->ready = lets_run && ls->target->ops->flow && replay_map(ls->replay)->known;
	ls->judge.run->lane.blocks = ls->judge.run->lane.can_flow && ls->options->blocks;
	f->why = STEPPED_MAP;
	struct error *err = state_init(&f->last.before, ls->target->isa);
	if (err)
		return err;
	/* Whatever is stored from now on, be it judged or passed over, is told to the map. */
	struct replay_known known;
	return f->ready ? replay_know(ls->replay, ls->judge.model.memory, &known) : NULL;
}

void flow_deinit(struct flow *f)
{
	prediction_deinit(&f->slot);
	state_deinit(&f->last.before);
	replay_places_deinit(&f->places);
	map_deinit(&f->breaks);
	map_deinit(&f->placed);
	map_deinit(&f->dirty);
	vec_deinit(&f->pages);
	vec_deinit(&f->to_step);
	run_deinit(&f->nothing);
}

/* ---- Where it stops ---- */

/* *value in breaks: how often it is set; 0 as not at all. */
static struct error *set_break(struct lockstep *ls, uint64_t at, bool on)
{
	uint64_t *times = map_put(&ls->flow.breaks, at);

	if (!times)
		return &error_no_memory;
	*times += on ? 1 : -UINT64_C(1);
	if (*times != on)
		return NULL;
	return target_set_break(ls->target, at, on);
}

struct error *flow_lift_break(struct lockstep *ls, uint64_t at, bool lifted)
{
	const uint64_t *times = map_get(&ls->flow.breaks, at);

	return times && *times ? target_set_break(ls->target, at, !lifted) : NULL;
}

/*
 * On a page with a breakpoint QEMU translates each instruction alone (7.2 to 11.1, check_for_breakpoints()): there are
 * none but where the kernel would be entered, and where the log does not tell enough. It tells what is behind each
 * instruction, or behind each block: then not what came from outside in its midst, on which the rest depends.
 */
static bool wants_place(const struct lockstep *ls, uint64_t at)
{
	switch (replay_place_at(ls->replay, at)) {
	case REPLAY_PLACE_ENTRY:
	case REPLAY_PLACE_STATE: return true;
	case REPLAY_PLACE_STORE: return !ls->options->blocks;
	case REPLAY_PLACE_INPUT: return ls->options->blocks;
	case REPLAY_PLACE_NONE:
	default: return false;
	}
}

/* Of a place that there is now, or is no longer. */
static struct error *set_place(struct lockstep *ls, uint64_t at, bool on)
{
	uint64_t *placed = map_put(&ls->flow.placed, at);
	bool wanted = on && wants_place(ls, at);

	if (!placed)
		return &error_no_memory;
	if (*placed == wanted)
		return NULL;
	*placed = wanted;
	return set_break(ls, at, wanted);
}

static struct error *set_places(struct lockstep *ls, const uint64_t *at, size_t num, bool on)
{
	struct error *err = NULL;

	for (size_t i = 0; i < num && !err; i++)
		err = set_place(ls, at[i], on);
	return err;
}

static struct error *move_break(struct lockstep *ls, struct flow_place *p)
{
	struct error *err = NULL;

	if (p->set == p->wanted)
		return NULL;
	if (p->set != UINT64_MAX)
		err = set_break(ls, p->set, false);
	p->set = p->wanted;
	return err || p->set == UINT64_MAX ? err : set_break(ls, p->set, true);
}

struct error *flow_set_breaks(struct lockstep *ls)
{
	struct flow *f = &ls->flow;
	const struct replay_fault *fault = &ls->judge.logged.next;
	struct error *err = replay_find_places(ls->replay, &f->places);

	if (!err)
		err = set_places(ls, f->places.clear.at, f->places.clear.len, false);
	if (!err)
		err = set_places(ls, f->places.set.at, f->places.set.len, true);
	for (; f->num_to_step < f->to_step.len && !err; f->num_to_step++)
		err = set_break(ls, f->to_step.at[f->num_to_step], true);
	f->signal.wanted = fault->signal ? fault->pc : UINT64_MAX;
	f->between.wanted = ls->between ? ls->between_pc : UINT64_MAX;
	f->from.wanted = ls->judge.judging || !ls->options->have_from ? UINT64_MAX : ls->options->from;
	f->until.wanted = ls->options->have_until ? ls->options->until : UINT64_MAX;
	if (!err)
		err = move_break(ls, &f->signal);
	if (!err)
		err = move_break(ls, &f->between);
	if (!err)
		err = move_break(ls, &f->from);
	return err ? err : move_break(ls, &f->until);
}

struct error *flow_want_stepped(struct lockstep *ls, uint64_t pc)
{
	struct flow *f = &ls->flow;

	for (size_t i = 0; i < f->to_step.len; i++)
		if (f->to_step.at[i] == pc)
			return NULL;
	if (!vec_push(&f->to_step, pc))
		return &error_no_memory;
	return flow_stop_soon(ls);
}

/* ---- The source, while it runs ---- */

static void show_log(struct lockstep *ls)
{
	struct flow *f = &ls->flow;

	f->standing = ls->source;
	f->on = true;
	ls->source.stance = STANCE_AHEAD;
	ls->source.stops_reset = false;
	ls->source.stores_later = true;
	ls->ahead.flows = true;
}

static void show_stub(struct lockstep *ls)
{
	ls->source = ls->flow.standing;
	ls->source.stance = STANCE_STILL;
	ls->flow.on = ls->ahead.flows = false;
}

struct error *flow_refresh_source(struct lockstep *ls)
{
	ls->source.hidden = ls->target->hidden;
	ls->source.on_request = ls->target->on_request;
	return judge_source_changed(&ls->judge);
}

/* ---- Letting it run ---- */

/* Why it has to be stepped where it stands; NUM_STEPPED: it has not. */
static enum stepped_reason why_step(const struct lockstep *ls)
{
	uint64_t pc = state_get(&ls->judge.now, ls->target->isa->pc);

	if (!ls->flow.ready)
		return STEPPED_MAP;
	if (passed_stands(ls) || signal_stands_between(ls))
		return STEPPED_SIGNAL;
	if (replay_code_may_change(ls->replay))
		return STEPPED_CODE;
	/* At its breakpoint it would be stopped at once. */
	const uint64_t *times = map_get(&ls->flow.breaks, pc);
	return times && *times ? STEPPED_UNDETERMINED : NUM_STEPPED;
}

/* Counts what the guest has executed since this was last done. Calls are made in its place, and deliveries are none. */
static void count_steps(struct lockstep *ls)
{
	const struct replay_totals *events = replay_totals(ls->replay);
	struct flow *f = &ls->flow;
	struct run_lane *lane = &ls->judge.run->lane;
	uint64_t done = ls->judge.run->instructions, none = events->total + events->delivered;

	if (!lane->can_flow || done < none + f->counted)
		return;
	*(f->on ? &lane->logged : &lane->stepped[f->why]) += done - none - f->counted;
	f->counted = done - none;
}

struct error *flow_begin(struct lockstep *ls, bool *ret)
{
	const struct target_plan plan = {.num_reads = 0};
	struct replay_known known;

	*ret = false;
	count_steps(ls);
	enum stepped_reason why = why_step(ls);
	if (why != NUM_STEPPED) {
		ls->flow.why = why;
		return ls->flow.ready ? target_flow(ls->target, false) : NULL;
	}
	if (ls->stretch.passing) {
		*ret = true;
		return stretch_pass(ls);
	}
	struct error *err = replay_know(ls->replay, ls->judge.model.memory, &known);
	ls->judge.run->lane.left += known.left;
	if (!err)
		err = flow_set_breaks(ls);
	if (!err)
		err = target_flow(ls->target, true);
	if (err)
		return err;
	show_log(ls);
	ls->flow.stopping = false;
	*ret = true;
	return target_submit(ls->target, &plan, 1);
}

bool flow_steps_once(const struct lockstep *ls)
{
	return ls->flow.ready && !replay_code_may_change(ls->replay);
}

/* ---- Memory ---- */

static struct error *note_page(struct flow *f, uint64_t page)
{
	if (map_get(&f->dirty, page))
		return NULL;
	return map_put(&f->dirty, page) && vec_push(&f->pages, page * MEMORY_PAGE) ? NULL : &error_no_memory;
}

struct error *flow_note_stores(struct lockstep *ls, const struct prediction *slot)
{
	struct flow *f = &ls->flow;
	struct error *err = NULL;

	for (size_t i = 0; i < slot->stores.len && !err; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		err = note_page(f, s->address / MEMORY_PAGE);
		if (!err)
			err = note_page(f, (s->address + s->len - 1) / MEMORY_PAGE);
	}
	return err;
}

static int compare_pages(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* All that was stored to, against what the guest has. */
static struct error *compare_memory(struct lockstep *ls)
{
	struct flow *f = &ls->flow;

	struct run_audit *stands = &ls->judge.run->lane.stands;
	uint64_t differing = stands->differing;

	qsort(f->pages.at, f->pages.len, sizeof *f->pages.at, compare_pages);
	struct error *err = audit_pages(ls, f->pages.at, f->pages.len, stands);
	stands->audits++;
	if (!err && stands->differing != differing)
		err = stretch_want_closer(ls);
	map_clear(&f->dirty);
	f->pages.len = 0;
	f->compared = ls->judge.run->instructions;
	return err;
}

/* ---- Its steps ---- */

struct error *flow_stop_soon(struct lockstep *ls)
{
	if (ls->flow.stopping || !ls->target->running)
		return NULL;
	ls->flow.stopping = true;
	return target_interrupt(ls->target);
}

struct error *flow_made_call(const struct lockstep *ls)
{
	return error_create(ERROR_TARGET, "the guest made the system call at pc 0x%llx itself, over a breakpoint",
			    (unsigned long long)state_get(&ls->judge.now, ls->target->isa->pc));
}

bool flow_is_as_seen(const struct lockstep *ls, const struct state *s)
{
	const struct state *seen = &ls->judge.seen;

	for (uint32_t w = 0; w < ls->target->isa->num_words; w++)
		if ((s->value[w] ^ seen->value[w]) & ~(s->unknown[w] | seen->unknown[w] | ls->source.hidden[w]))
			return false;
	return true;
}

/* An iteration was predicted, and the guest has made more of them. */
static bool has_repeated(struct lockstep *ls)
{
	const struct judge *j = &ls->judge;
	struct flow *f = &ls->flow;
	uint32_t pc = ls->target->isa->pc;

	if (f->slot.kind != PREDICTED_OUTPUTS || state_get(&j->model.front, pc) != f->slot.pc)
		return false;
	if (state_get(&j->seen, pc) != f->slot.pc) {
		f->repeats = REPEATS_MANY;
		return true;
	}
	/* Some of them, up to a stop, or as many as the emulator makes at once. */
	bool as_seen = flow_is_as_seen(ls, j->reply.stop.kind == STOP_SIGNAL ? &j->now : &j->model.front);
	if (as_seen && f->repeats == REPEATS_NOT_KNOWN)
		f->repeats = REPEATS_EACH;
	return !as_seen && f->repeats != REPEATS_EACH;
}

/* An iteration that was not seen: it was as predicted, as far as what comes of it will be. */
static struct error *pass_iteration(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	const struct prediction *slot = &ls->flow.slot;
	struct error *err = tracer_unseen(ls, slot);

	if (!err)
		err = flow_note_stores(ls, slot);
	state_copy(&j->now, &j->model.front);
	j->run->instructions++;
	if (err || !j->judging)
		return err;
	j->run->checked++;
	return coverage_count(&j->run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_FULLY);
}

/*
 * A repeated instruction was predicted: emulators log it once for each iteration, or for all of them, or, where a stop
 * comes in between, for some. Predicts up to the last.
 */
static struct error *repeat(struct lockstep *ls)
{
	struct predictor *p = &ls->judge.model;
	enum ahead_result result;
	struct error *err = NULL;

	while (!err && has_repeated(ls)) {
		err = pass_iteration(ls);
		memory_journal_discard(p->memory, memory_journal_mark(p->memory));
		if (!err)
			err = ahead_next(&ls->ahead, &ls->flow.slot, &result);
	}
	return err;
}

/* How much of it was done is seen: the slot becomes that. */
static struct error *follow_rest(struct lockstep *ls)
{
	struct prediction *slot = &ls->flow.slot;
	struct span *span = &ls->judge.span;

	prediction_swap(slot, &span->slot[0]);
	struct error *err = rest_follow(ls);
	prediction_swap(slot, &span->whole);
	return err;
}

void flow_want_closer(struct lockstep *ls, size_t suspects)
{
	for (size_t i = suspects; i < ls->judge.suspects.list.len; i++) {
		ls->judge.suspects.list.at[i].finding.closer = CLOSER_WANTED;
		ls->judge.suspects.list.at[i].finding.until = ls->judge.run->instructions;
	}
}

/* It loads what was stored since memory was last compared, which may not be what is there. */
static bool loads_stored(struct flow *f, const struct prediction *slot)
{
	bool any = false;

	for (size_t i = 0; i < slot->loads.len && !any; i++) {
		uint64_t first = slot->loads.at[i].address, last = first + slot->loads.at[i].len - 1;
		any = map_get(&f->dirty, first / MEMORY_PAGE) || map_get(&f->dirty, last / MEMORY_PAGE);
	}
	return any;
}

/* One that it has made, from judge.now to judge.seen. */
static struct error *judge_insn(struct lockstep *ls)
{
	struct flow *f = &ls->flow;
	struct judge *j = &ls->judge;
	enum ahead_result result;
	bool differs;

	memory_journal_discard(j->model.memory, memory_journal_mark(j->model.memory));
	state_copy(&j->model.front, &j->now);
	struct error *err = ahead_next(&ls->ahead, &f->slot, &result);
	if (err)
		return err;
	if (result == AHEAD_SYSCALL && j->reply.stop.kind == STOP_STEPPED)
		return flow_made_call(ls);
	if (j->reply.stop.kind == STOP_STEPPED)
		err = ahead_check_executed(&ls->ahead, &f->slot);
	if (!err && f->slot.lifted && f->slot.lifted->insn.repeats)
		err = repeat(ls);
	if (!err && f->slot.lifted && f->slot.lifted->insn.rest_len)
		err = follow_rest(ls);
	size_t suspects = j->suspects.list.len;
	if (!err)
		err = take_step(ls, &f->slot, &differs);
	if (!err && j->suspects.list.len > suspects && loads_stored(f, &f->slot))
		flow_want_closer(ls, suspects);
	if (!err)
		err = flow_note_stores(ls, &f->slot);
	/* What was seen of it can be told from what was stored since only where the guest stands. */
	if (!err && (j->suspects.list.len || may_have_stored(&f->slot)))
		err = flow_stop_soon(ls);
	return err;
}

/* The signal is that of an instruction behind the one that was executed last: it could not be fetched. */
static bool is_behind(const struct lockstep *ls)
{
	const struct judge *j = &ls->judge;
	const struct stop *stop = &j->reply.stop;
	uint32_t pc = ls->target->isa->pc;

	return stop->kind == STOP_SIGNAL && stop->signal != SIGTRAP &&
	       state_get(&j->seen, pc) != state_get(&j->now, pc);
}

static struct error *judge_one(struct lockstep *ls)
{
	struct error *err = NULL;

	if (is_behind(ls)) {
		ls->judge.reply.stop.kind = STOP_STEPPED;
		err = judge_insn(ls);
		ls->judge.reply.stop.kind = STOP_SIGNAL;
	}
	return err ? err : judge_insn(ls);
}

/* The run ends behind the step that was judged: the guest is somewhere ahead. */
static void follow(struct lockstep *ls)
{
	struct flow *f = &ls->flow;

	f->following = true;
	f->run = ls->judge.run;
	f->nothing.instructions = f->run->instructions;
	ls->judge.run = &f->nothing;
	f->judging = ls->judge.judging;
	ls->judge.judging = false;
	tracer_pause(&ls->tracer, true);
}

static void follow_no_more(struct lockstep *ls)
{
	struct flow *f = &ls->flow;

	f->following = false;
	ls->judge.run = f->run;
	ls->judge.judging = f->judging;
	run_deinit(&f->nothing);
	tracer_pause(&ls->tracer, false);
}

/* What may come between two steps. */
static struct error *look_around(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	const struct lockstep_options *o = ls->options;
	uint64_t interval = o->compare_interval, done = j->run->instructions - ls->flow.compared;

	if (ls->flow.following)
		return NULL;
	if (!j->judging && !o->only_trace && state_get(&j->now, ls->target->isa->pc) == o->from) {
		j->judging = true;
		j->run->passed_over = j->run->instructions;
	}
	if (lockstep_passes(ls, j->run->instructions + 1)) {
		j->run->limit = RUN_LIMIT_INSTRUCTIONS;
		follow(ls);
		return flow_stop_soon(ls);
	}
	if (judge_has_enough(j) || (interval && done >= interval) || audit_is_due(ls, j->run->instructions))
		return flow_stop_soon(ls);
	return NULL;
}

static void note_last(struct lockstep *ls)
{
	const struct judge *j = &ls->judge;
	const struct prediction *slot = &ls->flow.slot;
	struct flow_last *last = &ls->flow.last;
	uint32_t pc = ls->target->isa->pc;

	last->insn.len = 0;
	if (ls->options->blocks || !slot->lifted || state_get(&j->before, pc) != slot->pc)
		return;
	last->insn = slot->lifted->insn;
	last->number = j->run->instructions;
	last->next = state_get(&j->now, pc);
	state_copy(&last->before, &j->before);
}

/* Its slot is as it was, if nothing was executed, or delivered, since. */
static struct error *look(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	struct flow *f = &ls->flow;
	struct flow_last *last = &f->last;
	bool there = last->insn.len && j->run->instructions == last->number &&
		     state_get(&j->now, ls->target->isa->pc) == last->next;
	struct error *err = NULL;

	if (there)
		err = lift_cache_get(j->model.cache, last->insn.pc, last->insn.bytes, last->insn.len, &f->slot.lifted);
	last->insn.len = 0;
	return err ? err : judge_look(j, there ? &f->slot : NULL, &last->before);
}

/* The next thing that is seen of the guest. */
static struct error *take_next(struct lockstep *ls)
{
	const struct target_plan plan = {.num_reads = 0};
	struct judge *j = &ls->judge;
	struct error *err = target_collect(ls->target, &j->seen, &j->reply);

	if (err)
		return err;
	/* Where a breakpoint stands as well, nobody knows which of the two it was. */
	ls->source.trap_is_step = ls->flow.standing.trap_is_step && !ls->target->running;
	if (j->reply.look) {
		err = flow_refresh_source(ls);
		if (!err)
			err = look(ls);
	} else {
		err = ls->options->blocks ? judge_block(ls) : judge_one(ls);
		if (!err && !ls->target->running)
			note_last(ls);
	}
	if (!err)
		err = look_around(ls);
	if (err || !ls->target->running)
		return err;
	return target_submit(ls->target, &plan, 1);
}

/* A signal stopped it where the log has none, or it would have been stepped there. */
static struct error *take_signal(struct lockstep *ls)
{
	bool comes = ls->judge.signal && !ls->done;
	struct error *err = comes ? signal_handle(ls) : NULL;

	/* A path that could not be followed has led the model elsewhere. */
	state_copy(&ls->judge.model.front, &ls->judge.now);
	return err;
}

/* Who stored what is in memory now was not seen. */
static void want_closer_memory(struct run *run, size_t known)
{
	for (size_t i = known; i < run->findings.list.len; i++) {
		struct finding *f = &run->findings.list.at[i];
		if (f->kind != LOCATION_MEMORY || !(f->changed_unseen || f->insn.status == LIFT_UNDECODABLE))
			continue;
		f->closer = CLOSER_WANTED;
		f->until = f->first_instruction;
	}
}

/* The guest stands: what waited for that. */
static struct error *come_to_stand(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	bool ended = ls->flow.following;

	if (ended)
		follow_no_more(ls);
	count_steps(ls);
	show_stub(ls);
	struct error *err = target_flow(ls->target, false);
	if (!err)
		err = flow_refresh_source(ls);
	if (err || j->reply.stop.kind == STOP_EXITED || j->reply.stop.kind == STOP_KILLED)
		return err;
	state_copy(&j->model.front, &j->now);
	sweep_wrote(ls);
	size_t known = j->run->findings.list.len;
	err = judge_settle(j, true);
	if (!err)
		err = compare_memory(ls);
	want_closer_memory(j->run, known);
	if (!err && audit_is_due(ls, j->run->instructions))
		err = audit_now(ls);
	if (!err && ended) {
		err = audit_end(ls);
		ls->done = true;
	}
	if (!err && judge_has_enough(j)) {
		j->run->limit = RUN_LIMIT_FINDINGS;
		ls->done = true;
	}
	return err ? err : take_signal(ls);
}

struct error *flow_on(struct lockstep *ls)
{
	struct error *err = NULL;

	for (unsigned i = 0; i < STEPS && !err && ls->target->running; i++)
		err = take_next(ls);
	if (!err && (ls->judge.relift || ls->judge.repeat != ls->judge.model.repeat))
		judge_tidy_cache(&ls->judge);
	if (!err && !ls->target->running)
		err = come_to_stand(ls);
	return err;
}

void flow_end(struct lockstep *ls)
{
	if (ls->flow.following)
		follow_no_more(ls);
	count_steps(ls);
}
