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
#include "lib/lockstep/group.h"

#include <string.h>

#include "lib/lockstep/internal.h"
#include "lib/sys/signal.h"

enum { FAILURES_MAX = 8 }; /* store-exclusives in a row, at one place, that may fail without a reason */

void group_deinit(struct group *g)
{
	for (size_t i = 0; i < GROUP_MAX; i++)
		prediction_deinit(&g->slot[i]);
	prediction_deinit(&g->whole);
	state_deinit(&g->start);
}

static struct prediction *last_of(struct group *g)
{
	return &g->slot[g->len - 1];
}

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
	struct error *err = lift_again(ls->model.cache, slot->pc, insn->bytes, insn->len, &again, &t);

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

	if ((o->have_until && pc == o->until) || (!ls->judging && pc == o->from))
		return true;
	for (size_t i = 0; i < ls->group.len; i++)
		if (ls->group.slot[i].pc == pc)
			return true;
	return false;
}

/* Predicts one more instruction. *ret_more: another may follow; *ret_closed: that was the one that closes. */
static struct error *extend(struct lockstep *ls, bool *ret_more, bool *ret_closed)
{
	const struct isa *isa = ls->target->isa;
	struct group *g = &ls->group;
	struct prediction *slot = &g->slot[g->len];
	enum predict_result result;
	bool known;
	struct error *err = predict_next(&ls->model, slot, &result);

	*ret_more = *ret_closed = false;
	if (err || (result != PREDICT_DONE && result != PREDICT_LAST) || slot->kind != PREDICTED_OUTPUTS)
		return err;
	g->exit[g->len++] = 0;
	bool closes = slot->lifted->insn.closes;
	uint64_t next = state_get(&ls->model.front, isa->pc);
	if (!state_known(&ls->model.front, isa->pc) || (slot->stores.len && !closes) || is_special(ls, next))
		return NULL;
	err = find_exit(ls, slot, next, &g->exit[g->len - 1], &known);
	*ret_closed = known && closes;
	*ret_more = known && !closes;
	return err;
}

/* Predicts the sequence; *ret: it is one. The front and memory are then behind it. */
static struct error *predict_group(struct lockstep *ls, bool *ret)
{
	struct group *g = &ls->group;
	bool more = true, closed = false;
	struct error *err = NULL;

	g->len = 0;
	ls->model.idle = ls->model.grouping = true;
	while (!err && more && g->len < GROUP_RUN_MAX)
		err = extend(ls, &more, &closed);
	ls->model.grouping = false;
	*ret = closed && !lockstep_passes(ls, ls->run->instructions + g->len);
	return err;
}

/* ---- Running it ---- */

/* Breakpoints behind the sequence and where it may be left. One where the guest stands would stop it at once. */
static struct error *set_breaks(struct lockstep *ls, uint64_t end, bool on)
{
	const struct group *g = &ls->group;
	struct error *err = target_set_break(ls->target, end, on);

	for (size_t i = 0; !err && i < g->len; i++)
		if (g->exit[i] && g->exit[i] != g->slot[0].pc && g->exit[i] != end)
			err = target_set_break(ls->target, g->exit[i], on);
	return err;
}

static struct error *read_stores(struct lockstep *ls, const struct prediction *closing)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < closing->stores.len && i < TARGET_MAX_READS; i++) {
		const struct eval_store *s = &closing->stores.at[i];
		size_t got = 0;
		err = target_read_memory(ls->target, s->address, ls->reply.memory[i], s->len, &got);
		ls->reply.memory_ok[i] = got == s->len;
	}
	return err;
}

static struct error *run(struct lockstep *ls, uint64_t end)
{
	ls->reply = (struct target_seen){0};
	struct error *err = set_breaks(ls, end, true);

	if (!err)
		err = target_resume(ls->target, 0, &ls->reply.stop);
	if (err || ls->reply.stop.kind == STOP_EXITED || ls->reply.stop.kind == STOP_KILLED)
		return err;
	err = set_breaks(ls, end, false);
	if (!err)
		err = target_read_regs(ls->target, &ls->seen);
	return err ? err : read_stores(ls, last_of(&ls->group));
}

/* ---- Judging it ---- */

static void apply(struct state *s, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->regs.len; i++)
		state_set_masked(s, slot->regs.at[i].reg, prediction_value(slot, i), prediction_mask(slot, i, s->isa));
}

void group_state_before(const struct lockstep *ls, size_t i, struct state *ret)
{
	state_copy(ret, &ls->group.start);
	for (size_t k = 0; k < i; k++)
		apply(ret, &ls->group.slot[k]);
}

static bool overlap(const struct eval_store *a, const struct eval_store *b)
{
	return a->address - b->address < b->len || b->address - a->address < a->len;
}

/* Stores that those of a later instruction write over, if only in part. */
static void drop_overwritten(struct prediction *whole, const struct prediction *later)
{
	size_t kept = 0;

	for (size_t i = 0; i < whole->stores.len; i++) {
		bool over = false;
		for (size_t k = 0; k < later->stores.len; k++)
			over |= overlap(&whole->stores.at[i], &later->stores.at[k]);
		if (!over)
			whole->stores.at[kept++] = whole->stores.at[i];
	}
	whole->stores.len = kept;
}

static bool writes(const struct prediction *slot, uint32_t reg)
{
	for (size_t i = 0; i < slot->regs.len; i++)
		if (slot->regs.at[i].reg == reg)
			return true;
	return false;
}

/* Bounds on registers that a later instruction writes are no more than undetermined bits. */
static struct error *append_bounds(struct prediction *whole, const struct prediction *slot)
{
	size_t kept = 0;

	for (size_t i = 0; i < whole->bounds.len; i++)
		if (!writes(slot, whole->bounds.at[i].reg))
			whole->bounds.at[kept++] = whole->bounds.at[i];
	whole->bounds.len = kept;
	for (size_t i = 0; i < slot->bounds.len; i++)
		if (!vec_push(&whole->bounds, slot->bounds.at[i]))
			return &error_no_memory;
	return NULL;
}

/* Appends the outputs of one instruction to those of all: later ones count. */
static struct error *append(struct prediction *whole, const struct prediction *slot)
{
	size_t base = whole->words.len;

	drop_overwritten(whole, slot);

	whole->imprecise |= slot->imprecise;
	if (!vec_reserve(&whole->words, base + slot->words.len))
		return &error_no_memory;
	memcpy(whole->words.at + base, slot->words.at, slot->words.len * sizeof *slot->words.at);
	whole->words.len += slot->words.len;
	for (size_t i = 0; i < slot->regs.len; i++) {
		struct predicted_reg r = {slot->regs.at[i].reg, (uint16_t)(base + slot->regs.at[i].word)};
		if (!vec_push(&whole->regs, r))
			return &error_no_memory;
	}
	for (size_t i = 0; i < slot->stores.len; i++)
		if (!vec_push(&whole->stores, slot->stores.at[i]))
			return &error_no_memory;
	return append_bounds(whole, slot);
}

struct error *group_join(struct group *g)
{
	struct prediction *w = &g->whole;
	struct error *err = NULL;

	w->kind = PREDICTED_OUTPUTS;
	w->pc = g->slot[0].pc;
	w->lifted = last_of(g)->lifted;
	w->imprecise = false;
	w->regs.len = w->words.len = w->bounds.len = w->stores.len = 0;
	for (size_t i = 0; i < g->len && !err; i++)
		err = append(w, &g->slot[i]);
	return err;
}

struct error *group_judge_whole(struct lockstep *ls)
{
	struct group *g = &ls->group;
	struct prediction *w = &g->whole;
	struct error *err = group_join(g);

	judgement_clear(&ls->judgement);
	if (!err)
		err = judge_outputs(&ls->judgement, ls->target, w, &g->start, &ls->seen, &ls->reply, NULL, &ls->now);
	if (w->imprecise)
		ls->judgement.unseen = UNSEEN_INPUT;
	return err;
}

/* What was seen of the stores is what memory held before the sequence. */
static bool stores_absent(struct lockstep *ls, const struct prediction *closing)
{
	for (size_t i = 0; i < closing->stores.len; i++) {
		const struct eval_store *s = &closing->stores.at[i];
		uint8_t bytes[64], unknown[64];
		if (i >= TARGET_MAX_READS || !ls->reply.memory_ok[i] ||
		    !memory_read(ls->model.memory, s->address, bytes, unknown, s->len) ||
		    memcmp(bytes, ls->reply.memory[i], s->len) != 0)
			return false;
	}
	return true;
}

/* Judges once more with the closing instruction predicted from a state with its monitor, or without. */
static struct error *judge_again(struct lockstep *ls, bool lost)
{
	const struct isa *isa = ls->target->isa;
	struct group *g = &ls->group;

	group_state_before(ls, g->len - 1, &ls->before);
	for (uint32_t i = 0; lost && i < isa->num_reset; i++)
		state_set(&ls->before, isa->reset[i], 0);
	ls->model.grouping = true;
	struct error *err = predict_again(&ls->model, last_of(g), &ls->before);
	ls->model.grouping = false;
	return err ? err : group_judge_whole(ls);
}

/*
 * The monitor may be lost for any reason (Arm ARM B2.12.1), such as a signal to the emulator: is what was seen what the
 * closing instruction does without it? Not every time: for a store that never succeeds programs wait in vain. Memory is
 * the one before the sequence.
 */
static struct error *judge_lost(struct lockstep *ls, bool *ret)
{
	struct group *g = &ls->group;
	uint64_t pc = last_of(g)->pc;

	*ret = false;
	if (!stores_absent(ls, last_of(g)) || (g->failed_at == pc && g->failures >= FAILURES_MAX))
		return NULL;
	struct error *err = judge_again(ls, true);
	if (err)
		return err;
	if (ls->judgement.differences.len)
		return judge_again(ls, false);
	g->failures = g->failed_at == pc ? g->failures + 1 : 1;
	g->failed_at = pc;
	*ret = true;
	return NULL;
}

/* ---- Keeping the result ---- */

/* The instruction that a difference is charged to. */
static size_t blame(const struct lockstep *ls, const struct finding *f)
{
	const struct group *g = &ls->group;

	for (size_t i = g->len; f->kind == LOCATION_REG && f->reg != ls->target->isa->pc && i-- > 0;)
		for (size_t k = 0; k < g->slot[i].regs.len; k++)
			if (g->slot[i].regs.at[k].reg == f->reg)
				return i;
	return g->len - 1;
}

/* Records the differences, those of each instruction with what it had before it. */
static struct error *record_group(struct lockstep *ls)
{
	struct judgement all = ls->judgement;
	uint64_t end = ls->run->instructions, start = end - ls->group.len;
	struct error *err = NULL;

	ls->judgement = (struct judgement){0};
	for (size_t i = 0; !err && i < ls->group.len; i++) {
		judgement_clear(&ls->judgement);
		for (size_t k = 0; !err && k < all.differences.len; k++)
			if (blame(ls, &all.differences.at[k]) == i &&
			    !vec_push(&ls->judgement.differences, all.differences.at[k]))
				err = &error_no_memory;
		if (err || !ls->judgement.differences.len)
			continue;
		ls->run->instructions = start + i + 1;
		group_state_before(ls, i, &ls->before);
		err = record_differences(ls, &ls->group.slot[i]);
	}
	ls->run->instructions = end;
	judgement_deinit(&ls->judgement);
	ls->judgement = all;
	for (size_t i = 0; !err && i < ls->group.len; i++)
		err = suspects_note(ls, &ls->group.slot[i]);
	return err;
}

struct error *group_account(struct lockstep *ls)
{
	struct group *g = &ls->group;
	struct run *run = ls->run;
	bool unseen = ls->judgement.unseen != UNSEEN_NOTHING;
	struct error *err = NULL;

	run->instructions += g->len;
	if (!ls->judging)
		return NULL;
	run->grouped += g->len;
	run->checked += g->len - unseen;
	run->within_bound += ls->judgement.within_bound;
	for (size_t i = 0; !err && i < g->len; i++)
		err = coverage_count(&run->coverage, g->slot[i].lifted->form, &g->slot[i].lifted->insn,
				     unseen && i == g->len - 1 ? JUDGED_PARTLY : JUDGED_FULLY);
	if (!err && unseen)
		err = count_unseen(ls, last_of(g)->lifted->insn.mnemonic, last_of(g)->pc, ls->judgement.unseen);
	return err || !ls->judgement.differences.len ? err : record_group(ls);
}

/* It left by a branch that was predicted otherwise: what would have followed was not executed. */
static void cut_at_exit(struct lockstep *ls)
{
	uint64_t pc = state_get(&ls->seen, ls->target->isa->pc);

	for (size_t i = 0; i + 1 < ls->group.len; i++)
		if (ls->group.exit[i] && ls->group.exit[i] == pc)
			ls->group.len = i + 1;
}

static struct error *judge_stopped(struct lockstep *ls)
{
	const struct isa *isa = ls->target->isa;
	struct group *g = &ls->group;
	bool lost = false;

	cut_at_exit(ls);
	struct error *err = tracer_group(ls, g->len);
	if (err)
		return err;
	err = group_judge_whole(ls);
	bool differs = ls->judgement.differences.len > 0, masked = g->whole.stores.len && g->whole.stores.at[0].masked;
	if (!err && (differs || masked))
		err = memory_journal_rollback(ls->model.memory, last_of(g)->mark); /* only that one stores */
	if (!err && differs)
		err = judge_lost(ls, &lost);
	if (!err && !lost)
		g->failures = 0;
	if (!err)
		err = group_account(ls);
	if (!err && (differs || masked))
		err = settle_stores(ls, &g->whole);
	for (uint32_t i = 0; i < isa->num_reset && ls->target->stops_reset; i++)
		state_set(&ls->now, isa->reset[i], 0);
	if (!err)
		sweep_note(ls, &(struct target_plan){.all_regs = true});
	return err;
}

/* A signal within: the instructions before that one were executed. */
static struct error *judge_signalled(struct lockstep *ls)
{
	struct group *g = &ls->group;
	uint64_t pc = state_get(&ls->seen, ls->target->isa->pc);
	size_t i = 0;
	bool logged = false;

	while (i + 1 < g->len && g->slot[i].pc != pc)
		i++;
	struct error *err = memory_journal_rollback(ls->model.memory, g->slot[0].mark);
	ls->signal = ls->reply.stop.signal;
	if (!err)
		err = tracer_group(ls, i + 1);
	adopt_registers(ls->target, &g->start, &ls->seen, &ls->now);
	judgement_clear(&ls->judgement);
	if (!err)
		err = is_logged_fault(ls, pc, 0, ls->signal, &logged);
	if (!err && !logged && signal_is_synchronous(ls->signal))
		err = judge_fault(&ls->judgement, 0, ls->signal);
	ls->run->instructions += i + 1;
	group_state_before(ls, i, &ls->before);
	return err || !ls->judging ? err : record_differences(ls, &g->slot[i]);
}

struct error *judge_group(struct lockstep *ls)
{
	switch (ls->reply.stop.kind) {
	case STOP_STEPPED: return judge_stopped(ls);
	case STOP_SIGNAL: return judge_signalled(ls);
	default:
		return error_create(ERROR_TARGET, "the guest ended in the exclusive sequence at pc 0x%llx",
				    (unsigned long long)ls->group.slot[0].pc);
	}
}

struct error *run_group(struct lockstep *ls)
{
	struct group *g = &ls->group;
	bool is_group;

	state_copy(&g->start, &ls->now);
	struct error *err = predict_group(ls, &is_group);
	if (err)
		return err;
	if (!is_group) {
		ls->model.alone = true;
		return g->len ? memory_journal_rollback(ls->model.memory, g->slot[0].mark) : NULL;
	}
	err = run(ls, state_get(&ls->model.front, ls->target->isa->pc));
	if (!err)
		err = judge_group(ls);
	return err ? err : settle_still(ls, true);
}

/* ---- Instructions that a step may overrun ---- */

/* Runs the target to what is behind the instruction, all of which go straight on, and sees what a step would show. */
static struct error *run_behind(struct lockstep *ls, const struct prediction *slot)
{
	ls->reply = (struct target_seen){0};
	struct error *err = target_run_to(ls->target, slot->pc + slot->lifted->insn.len, &ls->reply.stop);

	if (err || ls->reply.stop.kind == STOP_EXITED || ls->reply.stop.kind == STOP_KILLED)
		return err;
	ls->reply.have_regs = true;
	err = target_read_regs(ls->target, &ls->seen);
	return err || slot->kind != PREDICTED_OUTPUTS ? err : read_stores(ls, slot);
}

struct error *run_over(struct lockstep *ls)
{
	struct prediction *slot = &ls->group.slot[0];
	enum predict_result result;
	bool differs;
	struct error *err = target_try_overruns(ls->target);

	if (err)
		return err;
	ls->model.idle = ls->model.alone = true;
	if (!target_overruns(ls->target, ls->ring[ls->first].slot.lifted->insn.overrun))
		return NULL;
	err = predict_next(&ls->model, slot, &result);
	if (!err)
		err = run_behind(ls, slot);
	if (!err)
		err = judge_step(ls, slot, &differs);
	if (!err)
		err = settle_still(ls, true);
	if (!err)
		sweep_note(ls, &(struct target_plan){.all_regs = true});
	return err;
}
