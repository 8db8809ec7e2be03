/*
 * Sequences that a stop would break: a load-exclusive up to its store-exclusive. Where every stop clears the monitor,
 * the store of a sequence that is stepped fails each time, and a program that tries until it succeeds does so for ever.
 *
 * The sequence is predicted straight on, conditional branches as the model takes them; the target runs it to a
 * breakpoint behind its end, with further ones where it would go if it took a branch otherwise; and its end state is
 * judged. A difference is charged to the last instruction that writes the place.
 *
 * And instructions that a step may overrun, each alone: the target runs to a breakpoint behind it.
 */
#include "lib/lockstep/internal.h"

/* Instructions that a target is made to run without a stop: an exclusive sequence has five or so. */
enum { GROUP_MAX = 16 };

/* ---- Which instructions ---- */

/* Where a conditional branch goes when it does not go to `next`; 0: it is none. *ret_known: all that it may do is
 * known. */
static struct error *find_exit(struct lockstep *ls, const struct prediction *slot, uint64_t next, uint64_t *ret,
			       bool *ret_known)
{
	const struct insn *insn = &slot->lifted->insn;
	const struct transfer *t;
	struct insn again;
	uint64_t a, b;
	struct error *err = lift_again(ls->judge.model.cache, slot->pc, insn->bytes, insn->len, &again, &t);

	*ret = 0;
	*ret_known = false;
	if (err)
		return err;
	expr_id pc = transfer_get_reg(t, ls->target->isa->pc);
	if (pc == EXPR_NONE)
		return NULL;
	const struct expr *e = expr_get(t->pool, pc);
	*ret_known = expr_is_const(t->pool, pc, NULL);
	if (e->op != EXPR_ITE || !expr_is_const(t->pool, e->arg[1], &a) || !expr_is_const(t->pool, e->arg[2], &b))
		return NULL;
	*ret = a == next ? b : a;
	*ret_known = a == next || b == next;
	return NULL;
}

/* A place where the run is to end or judging to begin, or where the sequence has been: it is no group then. */
static bool is_special(const struct lockstep *ls, uint64_t pc)
{
	const struct lockstep_options *o = ls->options;

	if ((o->have_until && pc == o->until) || (!ls->judge.judging && pc == o->from))
		return true;
	for (size_t i = 0; i < ls->judge.span.len; i++)
		if (ls->judge.span.slot[i].pc == pc)
			return true;
	return false;
}

/* Predicts one more instruction. *ret_more: another may follow; *ret_closed: that was the one that closes. */
static struct error *extend(struct lockstep *ls, bool *ret_more, bool *ret_closed)
{
	const struct isa *isa = ls->target->isa;
	struct span *g = &ls->judge.span;
	struct prediction *slot = &g->slot[g->len];
	enum ahead_result result;
	bool known;
	struct error *err = ahead_next(&ls->ahead, slot, &result);

	*ret_more = *ret_closed = false;
	if (err || (result != AHEAD_DONE && result != AHEAD_LAST) || slot->kind != PREDICTED_OUTPUTS)
		return err;
	g->exit[g->len++] = 0;
	bool closes = slot->lifted->insn.closes;
	uint64_t next = state_get(&ls->judge.model.front, isa->pc);
	if (!state_known(&ls->judge.model.front, isa->pc) || (slot->stores.len && !closes) || is_special(ls, next))
		return NULL;
	err = find_exit(ls, slot, next, &g->exit[g->len - 1], &known);
	*ret_closed = known && closes;
	*ret_more = known && !closes;
	return err;
}

/* Predicts the sequence; *ret: it is one. The front and memory are then behind it. */
static struct error *predict_group(struct lockstep *ls, bool *ret)
{
	struct span *g = &ls->judge.span;
	bool more = true, closed = false;
	struct error *err = NULL;

	g->len = 0;
	ls->source.stance = STANCE_STILL;
	ls->judge.model.grouping = true;
	while (!err && more && g->len < GROUP_MAX)
		err = extend(ls, &more, &closed);
	ls->judge.model.grouping = false;
	*ret = closed && !lockstep_passes(ls, ls->judge.run->instructions + g->len);
	return err;
}

/* ---- Running it ---- */

/* Breakpoints behind the sequence and where it may be left. One where the guest stands would stop it at once. */
static struct error *set_breaks(struct lockstep *ls, uint64_t end, bool on)
{
	const struct span *g = &ls->judge.span;
	struct error *err = target_set_break(ls->target, end, on);

	for (size_t i = 0; !err && i < g->len; i++)
		if (g->exit[i] && g->exit[i] != g->slot[0].pc && g->exit[i] != end)
			err = target_set_break(ls->target, g->exit[i], on);
	return err;
}

static struct error *read_stores(struct lockstep *ls, const struct prediction *closing)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < closing->stores.len && i < OBSERVED_MAX_READS; i++) {
		const struct eval_store *s = &closing->stores.at[i];
		size_t got = 0;
		err = target_read_memory(ls->target, s->address, ls->judge.reply.memory[i], s->len, &got);
		ls->judge.reply.memory_ok[i] = got == s->len;
	}
	return err;
}

static struct error *run(struct lockstep *ls, uint64_t end)
{
	uint64_t start = ls->judge.span.slot[0].pc;

	observed_clear(&ls->judge.reply);
	struct error *err = set_breaks(ls, end, true);

	if (!err)
		err = flow_lift_break(ls, start, true);
	if (!err)
		err = target_resume(ls->target, 0, &ls->judge.reply.stop);
	if (err || ls->judge.reply.stop.kind == STOP_EXITED || ls->judge.reply.stop.kind == STOP_KILLED)
		return err;
	err = set_breaks(ls, end, false);
	if (!err)
		err = flow_lift_break(ls, start, false);
	if (!err)
		err = target_read_regs(ls->target, &ls->judge.seen);
	return err ? err : read_stores(ls, span_last(&ls->judge.span));
}

/* ---- Judging it ---- */

static struct error *judge_stopped(struct lockstep *ls)
{
	span_cut_at_exit(&ls->judge);
	span_count_group(&ls->judge);
	struct error *err = tracer_span(ls, ls->judge.span.len);
	if (!err)
		err = span_judge(&ls->judge);
	if (!err)
		sweep_note(ls, &(struct target_plan){.all_regs = true});
	return err;
}

static struct error *judge_signalled(struct lockstep *ls)
{
	size_t len;
	struct error *err = span_judge_signal(&ls->judge, &len);

	return err ? err : tracer_span(ls, len);
}

static struct error *judge_group(struct lockstep *ls)
{
	switch (ls->judge.reply.stop.kind) {
	case STOP_STEPPED: return judge_stopped(ls);
	case STOP_SIGNAL: return judge_signalled(ls);
	default:
		return error_create(ERROR_TARGET, "the guest ended in the exclusive sequence at pc 0x%llx",
				    (unsigned long long)ls->judge.span.slot[0].pc);
	}
}

struct error *run_group(struct lockstep *ls)
{
	struct span *g = &ls->judge.span;
	bool is_group;

	state_copy(&g->start, &ls->judge.now);
	struct error *err = predict_group(ls, &is_group);
	if (err)
		return err;
	if (!is_group) {
		ls->ahead.alone = true;
		return g->len ? memory_journal_rollback(ls->judge.model.memory, g->slot[0].mark) : NULL;
	}
	err = run(ls, state_get(&ls->judge.model.front, ls->target->isa->pc));
	if (!err)
		err = judge_group(ls);
	return err ? err : judge_settle(&ls->judge, true);
}

/* ---- Instructions that a step may overrun ---- */

/* Runs the target to what is behind the instruction, all of which go straight on, and sees what a step would show. */
static struct error *run_behind(struct lockstep *ls, const struct prediction *slot)
{
	observed_clear(&ls->judge.reply);
	struct error *err = target_run_to(ls->target, slot->pc + slot->lifted->insn.len, &ls->judge.reply.stop);

	if (err || ls->judge.reply.stop.kind == STOP_EXITED || ls->judge.reply.stop.kind == STOP_KILLED)
		return err;
	ls->judge.reply.have_regs = true;
	err = target_read_regs(ls->target, &ls->judge.seen);
	return err || slot->kind != PREDICTED_OUTPUTS ? err : read_stores(ls, slot);
}

struct error *run_over(struct lockstep *ls)
{
	struct prediction *slot = &ls->judge.span.slot[0];
	enum ahead_result result;
	bool differs;
	struct error *err = target_try_overruns(ls->target);

	if (err)
		return err;
	ls->source.stance = STANCE_STILL;
	ls->ahead.alone = true;
	if (!target_overruns(ls->target, ls->ring[ls->first].slot.lifted->insn.overrun))
		return NULL;
	err = ahead_next(&ls->ahead, slot, &result);
	if (!err)
		err = run_behind(ls, slot);
	if (!err)
		err = take_step(ls, slot, &differs);
	if (!err)
		err = judge_settle(&ls->judge, true);
	if (!err)
		sweep_note(ls, &(struct target_plan){.all_regs = true});
	return err;
}
