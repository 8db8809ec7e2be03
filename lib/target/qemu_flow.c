/* A target that flows by the log of its QEMU: target_flow(), and what the GDB target does while the guest stands. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/target/qemu_lane_private.h"

enum { INTERRUPT = SIGQUIT }; /* see qemu_lane.h; every ISA of Linux has the number */

static struct qemu_lane *lane_of(struct target *t)
{
	return to_gdb(t)->lane;
}

/* ---- What is shown ---- */

/* What others hide besides (a user's wish, say) stays hidden. */
static void adopt(struct qemu_lane *l, const struct manner *from, const struct manner *to)
{
	struct target *t = &l->g->base;

	for (uint32_t w = 0; w < t->isa->num_words; w++)
		t->hidden[w] = (t->hidden[w] & ~from->hidden[w]) | to->hidden[w];
	t->on_request = to->on_request;
	t->max_ahead = to->max_ahead;
	t->overruns = to->overruns;
}

/* The first state tells what the log shows. */
static void settle_shown(struct qemu_lane *l)
{
	const struct isa *isa = l->g->base.isa;
	const struct manner old = {.hidden = l->stepped.hidden};

	for (uint32_t w = 0; w < isa->num_words; w++)
		l->flowing.hidden[w] = l->stepped.hidden[w] & l->seen.unknown[w];
	state_hide_unjudged(isa, l->flowing.hidden);
	/* What others hide is not ours to show again. */
	for (uint32_t w = 0; w < isa->num_words; w++)
		l->flowing.hidden[w] &= ~l->g->base.hidden[w] | l->stepped.hidden[w];
	for (uint32_t r = 0; r < isa->num_regs; r++)
		for (unsigned w = isa->regs[r].word, k = 0; k < reg_words(&isa->regs[r]); k++)
			l->on_request[r] |= (l->seen.unknown[w + k] & ~l->stepped.hidden[w + k]) != 0;
	l->settled = true;
	adopt(l, &old, &l->flowing);
}

static struct error *check_stands(const struct qemu_lane *l, const char *what)
{
	return l->g->base.running ? error_create(ERROR_BUG, "%s: the guest runs", what) : NULL;
}

static struct error *lane_flow(struct target *t, bool on)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "another manner of stepping");

	if (!err && (l->planned || l->g->num_plans))
		err = error_create(ERROR_BUG, "another manner of stepping: steps are not collected");
	if (err || t->flows == on)
		return err;
	adopt(l, on ? &l->stepped : &l->flowing, on ? &l->flowing : &l->stepped);
	t->flows = on;
	return NULL;
}

/* ---- Running ---- */

static struct error *start(struct qemu_lane *l)
{
	struct gdb_target *g = l->g;
	struct error *err = qemu_lane_end_start(l);

	if (!err)
		err = gdb_fetch_image(g);
	if (err)
		return err;
	gdb_give_state(g, &l->stood);
	qemu_lane_discard(l);
	l->begun = l->stopped = l->exhausted = false;
	err = rsp_start(g->client, g->has_vcont ? "vCont;c" : "c");
	g->base.running = !err;
	return err;
}

static struct error *lane_submit(struct target *t, const struct target_plan *plans, size_t num_plans)
{
	struct qemu_lane *l = lane_of(t);

	if (!t->flows)
		return l->under->submit(t, plans, num_plans);
	if (l->planned)
		return error_create(ERROR_BUG, "a step is submitted, and the one before is not collected");
	if (l->g->ended)
		return error_create(ERROR_TARGET, "running: the guest has ended");
	struct error *err = t->running ? NULL : start(l);
	l->planned = !err;
	return err;
}

static void copy_touched(struct state *to, const struct qemu_log_item *item)
{
	if (!item->touched) {
		state_copy(to, item->state);
		return;
	}
	for (size_t i = 0; i < item->num_touched; i++) {
		uint16_t w = item->touched[i];

		to->value[w] = item->state->value[w];
		to->unknown[w] = item->state->unknown[w];
	}
}

/* Of the first that is seen behind a start: is that where the guest stood? */
static bool is_at(const struct qemu_lane *l, const struct state *s)
{
	return state_get(s, s->isa->pc) == state_get(&l->stood, s->isa->pc);
}

static struct error *is_elsewhere(const struct qemu_lane *l, const struct state *s)
{
	return error_create(ERROR_TARGET,
			    "the guest stood at 0x%" PRIx64 ", and what is seen of it next is 0x%" PRIx64
			    ": QEMU's log has lost its steps",
			    state_get(&l->stood, s->isa->pc), state_get(s, s->isa->pc));
}

static struct error *give_state(struct qemu_lane *l, const struct qemu_log_item *item, struct state *regs,
				struct observed *ret)
{
	if (item->state->isa != l->g->base.isa)
		return error_create(ERROR_TARGET, "QEMU's log is of another instruction set than its GDB stub");
	copy_touched(&l->seen, item);
	if (!l->begun && !is_at(l, &l->seen))
		return is_elsewhere(l, &l->seen);
	if (!l->settled)
		settle_shown(l);
	ret->stop = (struct stop){.kind = STOP_STEPPED, .tid = l->g->tid};
	ret->have_regs = true;
	ret->look = !l->begun;
	if (l->begun)
		ret->touched = (struct touched){item->touched, item->num_touched};
	l->begun = true;
	if (regs)
		state_copy(regs, &l->seen);
	return NULL;
}

/* As far as both are known. */
static bool are_same(const struct state *a, const struct state *b)
{
	for (uint32_t w = 0; w < a->isa->num_words; w++)
		if ((a->value[w] ^ b->value[w]) & ~(a->unknown[w] | b->unknown[w]))
			return false;
	return true;
}

/*
 * The guest stopped before it was told our signal, which waits in its process and would come in the middle of what is
 * done next. It comes before any instruction is executed; where the guest has it blocked, a breakpoint holds it.
 */
static struct error *take_owed(struct qemu_lane *l)
{
	struct target *t = &l->g->base;
	uint64_t pc = state_get(&l->stood, t->isa->pc);
	struct stop stop;
	struct error *err = l->under->set_break(t, pc, true);

	if (!err)
		err = l->under->resume(t, 0, &stop);
	if (!err && !l->g->ended)
		err = l->under->set_break(t, pc, false);
	if (!err && stop.kind == STOP_SIGNAL && stop.signal == INTERRUPT)
		l->owed = false;
	else if (!err && stop.kind != STOP_STEPPED)
		err = error_create(ERROR_TARGET, "the guest does not stay at its breakpoint at 0x%" PRIx64, pc);
	l->g->last = l->stop;
	return err;
}

static bool is_ours(struct qemu_lane *l, const struct stop *stop)
{
	if (!l->owed || stop->kind != STOP_SIGNAL || stop->signal != INTERRUPT)
		return false;
	l->owed = false;
	return true;
}

/* What the stub shows wrongly is not hidden while the log shows it. */
static void hide_of_stub(const struct qemu_lane *l, struct state *s)
{
	for (uint32_t w = 0; w < s->isa->num_words; w++) {
		s->unknown[w] |= l->stepped.hidden[w];
		s->value[w] &= ~s->unknown[w];
	}
}

/* Where the guest stands now. Without a state since it was started it still stands there. */
static struct error *take_stood(struct qemu_lane *l, uint64_t started_at)
{
	struct error *err = gdb_fetch_image(l->g);

	if (err)
		return err;
	gdb_give_state(l->g, &l->stood);
	hide_of_stub(l, &l->stood);
	uint64_t pc = state_get(&l->stood, l->stood.isa->pc);
	if (!l->begun && pc != started_at)
		return error_create(ERROR_TARGET,
				    "the guest went from 0x%" PRIx64 " to 0x%" PRIx64
				    ", and QEMU's log shows nothing of it",
				    started_at, pc);
	return NULL;
}

/* Where the guest stands. Without one it was a trap of its own that stopped it: an instruction's, or of its trap flag.
 */
static bool has_break(const struct qemu_lane *l)
{
	const uint64_t *times = map_get(&l->breaks, state_get(&l->stood, l->stood.isa->pc));

	return times && *times;
}

static struct error *give_stop(struct qemu_lane *l, struct state *regs, struct observed *ret)
{
	bool interrupted;

	l->g->base.running = false;
	ret->stop = l->stop;
	if (l->g->ended)
		return NULL;
	struct error *err = take_stood(l, state_get(&l->stood, l->stood.isa->pc));
	if (err)
		return err;
	interrupted = is_ours(l, &l->stop);
	if (interrupted)
		ret->stop = (struct stop){.kind = STOP_STEPPED, .tid = l->stop.tid};
	else if (l->stop.kind == STOP_STEPPED && !has_break(l))
		ret->stop = (struct stop){.kind = STOP_SIGNAL, .signal = SIGTRAP, .tid = l->stop.tid};
	ret->have_regs = true;
	/* A signal is the instruction's where it stands, though no state tells of it: its page is not there, say. */
	ret->look = ret->stop.kind == STOP_STEPPED && (!l->begun || (interrupted && are_same(&l->seen, &l->stood)));
	if (regs)
		state_copy(regs, &l->stood);
	return l->owed ? take_owed(l) : NULL;
}

static struct error *look_for_stop(struct qemu_lane *l)
{
	struct rsp_stop from;
	struct error *err = rsp_look_for_stop(l->g->client, &from, &l->stopped);

	if (!err && l->stopped)
		gdb_take_stop(l->g, &from, &l->stop);
	return err;
}

/* Nothing is told but where the guest stands: it may write what it likes, or nothing. */
static struct error *wait_for_stop(struct qemu_lane *l)
{
	struct error *err = NULL;
	bool more;

	while (!err && !l->stopped) {
		err = rsp_wait_beside(l->g->client, l->at_end ? -1 : l->fd, &more);
		if (!err && more)
			qemu_lane_discard(l);
		else if (!err)
			err = look_for_stop(l);
	}
	qemu_lane_discard(l);
	l->begun = true;
	return err;
}

/* The parser needs more. All bytes of the log come before the stop reply. */
static struct error *get_more(struct qemu_lane *l)
{
	bool more = false;
	struct error *err = l->at_end ? NULL : qemu_lane_feed(l, &more);

	if (err || more)
		return err;
	if (l->stopped) {
		l->exhausted = true;
		qemu_log_settle(l->log);
		return NULL;
	}
	err = rsp_wait_beside(l->g->client, l->at_end ? -1 : l->fd, &more);
	return err || more ? err : look_for_stop(l);
}

static struct error *lane_collect(struct target *t, struct state *regs, struct observed *ret)
{
	struct qemu_lane *l = lane_of(t);
	struct qemu_log_item item;
	struct error *err = NULL;

	if (!t->flows)
		return l->under->collect(t, regs, ret);
	if (!l->planned)
		return error_create(ERROR_BUG, "collecting a step that was not submitted");
	observed_clear(ret);
	bool told = !t->untold;
	if (!told)
		err = wait_for_stop(l);
	while (!err && told) {
		err = qemu_log_next(l->log, &item);
		if (err)
			break;
		if (item.kind == QEMU_LOG_STATE) {
			l->planned = false;
			return give_state(l, &item, regs, ret);
		}
		if (item.kind == QEMU_LOG_MORE && l->exhausted)
			break;
		if (item.kind == QEMU_LOG_MORE)
			err = get_more(l);
	}
	l->planned = false;
	return err ? err : give_stop(l, regs, ret);
}

static struct error *lane_interrupt(struct target *t)
{
	struct qemu_lane *l = lane_of(t);

	if (l->owed || l->stopped)
		return NULL;
	struct error *err = qemu_lane_make_room(l);
	if (err)
		return err;
	if (syscall(SYS_tgkill, l->pid, l->pid, INTERRUPT))
		return errno == ESRCH ? NULL : error_os(errno, "interrupt", t->identity);
	l->owed = true;
	return NULL;
}

/* ---- What is asked while the guest stands ---- */

static struct error *lane_read_regs(struct target *t, struct state *ret)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "reading registers");

	if (!err)
		err = l->under->read_regs(t, ret);
	if (!err && t->flows)
		hide_of_stub(l, ret);
	return err;
}

static struct error *lane_write_regs(struct target *t, const struct state *from, const uint32_t *regs, size_t num_regs)
{
	struct error *err = check_stands(lane_of(t), "writing registers");

	return err ? err : lane_of(t)->under->write_regs(t, from, regs, num_regs);
}

static struct error *lane_read_memory(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	struct error *err = check_stands(lane_of(t), "reading memory");

	return err ? err : lane_of(t)->under->read_memory(t, address, ret, len, ret_len);
}

static struct error *lane_write_memory(struct target *t, uint64_t address, const void *data, size_t len)
{
	struct error *err = check_stands(lane_of(t), "writing memory");

	return err ? err : lane_of(t)->under->write_memory(t, address, data, len);
}

static struct error *lane_set_break(struct target *t, uint64_t address, bool on)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "breakpoint");
	uint64_t *times = err ? NULL : map_put(&l->breaks, address);

	if (err || !times)
		return err ? err : &error_no_memory;
	*times += on ? 1 : -UINT64_C(1);
	return l->under->set_break(t, address, on);
}

/* The breakpoints where the guest stands, which would stop it at once, are away (on: are there again). */
static struct error *clear_way(struct qemu_lane *l, uint64_t pc, bool on)
{
	const uint64_t *times = map_get(&l->breaks, pc);
	struct error *err = NULL;

	for (uint64_t i = times ? *times : 0; i && !err && !l->g->ended; i--)
		err = l->under->set_break(&l->g->base, pc, on);
	return err;
}

static struct error *lane_step(struct target *t, int signal, struct stop *ret)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "stepping");

	if (!err)
		err = l->under->step(t, signal, ret);
	/* A signal of ours that was still owed comes instead of the step. */
	return !err && is_ours(l, ret) ? l->under->step(t, signal, ret) : err;
}

static struct error *lane_run_to(struct target *t, uint64_t address, struct stop *ret)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "running");

	if (!err)
		err = l->under->read_regs(t, &l->stood);
	uint64_t pc = state_get(&l->stood, t->isa->pc);
	if (!err)
		err = clear_way(l, pc, false);
	if (!err)
		err = l->under->run_to(t, address, ret);
	if (!err && is_ours(l, ret))
		err = l->under->run_to(t, address, ret);
	return err ? err : clear_way(l, pc, true);
}

static struct error *lane_resume(struct target *t, int signal, struct stop *ret)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "running");

	if (!err)
		err = l->under->resume(t, signal, ret);
	return !err && is_ours(l, ret) ? l->under->resume(t, signal, ret) : err;
}

/* What is mapped later is not always in the log. */
static struct error *lane_map(struct target *t, target_mappings *ret)
{
	struct qemu_lane *l = lane_of(t);
	struct error *err = check_stands(l, "the map");

	if (!err && l->started)
		err = error_create(ERROR_BUG, "what is mapped is asked for once, before the guest runs");
	if (!err)
		err = qemu_lane_end_start(l);
	for (size_t i = 0; !err && i < l->map.len; i++)
		err = vec_push(ret, l->map.at[i]) ? NULL : &error_no_memory;
	return err;
}

static void lane_destroy(struct target *t)
{
	struct qemu_lane *l = lane_of(t);

	l->under->destroy(t);
	qemu_lane_destroy(l);
}

static void override(struct qemu_lane *l)
{
	l->under = l->g->base.ops;
	l->ops = *l->under;
	l->ops.destroy = lane_destroy;
	l->ops.read_regs = lane_read_regs;
	l->ops.write_regs = lane_write_regs;
	l->ops.read_memory = lane_read_memory;
	l->ops.write_memory = lane_write_memory;
	l->ops.step = lane_step;
	l->ops.run_to = lane_run_to;
	l->ops.set_break = lane_set_break;
	l->ops.resume = lane_resume;
	l->ops.submit = lane_submit;
	l->ops.collect = lane_collect;
	l->ops.flow = lane_flow;
	l->ops.interrupt = lane_interrupt;
	l->ops.map = lane_map;
	l->g->base.ops = &l->ops;
}

/* Until the first look: what the log may show is shown, and what else the stub shows is so at stands. */
static struct error *expect_shown(struct qemu_lane *l)
{
	const struct isa *isa = l->g->base.isa;
	bool *shown = calloc(isa->num_regs, sizeof *shown);
	struct error *err = shown ? qemu_log_may_show(isa, shown) : &error_no_memory;

	for (uint32_t r = 0; r < isa->num_regs && !err; r++)
		for (unsigned w = isa->regs[r].word, k = 0; k < reg_words(&isa->regs[r]); k++) {
			l->on_request[r] |= !shown[r] && ~l->stepped.hidden[w + k];
			if (shown[r])
				l->flowing.hidden[w + k] = 0;
		}
	free(shown);
	return err;
}

struct error *qemu_lane_join(struct qemu_lane *l, struct target *t)
{
	size_t num = t->isa->num_words;

	l->g = to_gdb(t);
	l->g->lane = l;
	override(l);
	l->pid = rsp_peer(l->g->client);
	l->stepped = (struct manner){NULL, t->on_request, t->max_ahead, t->overruns};
	/* Overruns are of steps alone. */
	l->flowing = (struct manner){NULL, NULL, 1, 0};
	l->on_request = calloc(t->isa->num_regs, sizeof *l->on_request);
	l->stepped.hidden = calloc(num, sizeof *l->stepped.hidden);
	l->flowing.hidden = calloc(num, sizeof *l->flowing.hidden);
	if (!l->on_request || !l->stepped.hidden || !l->flowing.hidden)
		return &error_no_memory;
	l->flowing.on_request = l->on_request;
	memcpy(l->stepped.hidden, t->hidden, num * sizeof *t->hidden);
	memcpy(l->flowing.hidden, t->hidden, num * sizeof *t->hidden);
	struct error *err = expect_shown(l);
	if (!err)
		err = state_init(&l->seen, t->isa);
	if (!err)
		err = state_init(&l->stood, t->isa);
	return err ? err : lane_flow(t, true);
}
