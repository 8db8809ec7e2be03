/*
 * Whole translation blocks, as emulators make them in production: the log has a state where each begins, and what lies
 * between is judged by following the path from one to the next, instruction by instruction. Where the block ends the
 * log does not say: at a branch, at a page's end, or where the emulator found it long enough. So the first place on the
 * path at which the guest could be as it was seen is taken for the end; if there is none, the last one with the right
 * PC. But where the path cannot be followed to a branch, the end may lie behind what is known of it: nothing is judged.
 */
#include "lib/lockstep/internal.h"

struct path {
	bool as_seen;        /* the guest can be as it was seen */
	bool lost;           /* it cannot be followed: what an instruction does, or where it leads, is not known */
	bool at_call;        /* the next instruction is a system call */
	bool fault;          /* ... or is to fault */
	bool bounds;         /* there are results that are not determined, but within bounds */
	size_t last;         /* instructions up to the last place with the PC that was seen; 0: there was none */
	uint64_t iterations; /* of repeated instructions, besides the one that the span has */
};

static bool pc_is_as_seen(const struct lockstep *ls, const struct state *s)
{
	uint32_t pc = ls->target->isa->pc;

	return state_known(s, pc) && state_get(s, pc) == state_get(&ls->judge.seen, pc);
}

/* A branch, taken or not: no block goes on behind it. */
static bool ends_block(const struct lockstep *ls, const struct prediction *slot)
{
	const struct insn *insn = &slot->lifted->insn;
	struct isa_flow flow;

	uint64_t behind = slot->pc + insn->len;

	ls->target->isa->flow(slot->pc, insn->bytes, insn->len, &flow);
	/* Where nothing is told beforehand (XGETBV, as well as a return), where it went tells. */
	if (!flow.num_next)
		return state_get(&ls->judge.model.front, ls->target->isa->pc) != behind;
	return flow.num_next > 1 || flow.next[0] != behind;
}

/* The guest was stopped by a signal in the instruction at the front. */
static bool stands_at_signal(const struct lockstep *ls)
{
	return ls->judge.reply.stop.kind == STOP_SIGNAL && pc_is_as_seen(ls, &ls->judge.model.front);
}

/* An iteration is done, and others follow: they are one instruction of the span. */
static struct error *fold_iteration(struct lockstep *ls, struct path *p)
{
	struct judge *j = &ls->judge;
	const struct prediction *slot = span_last(&j->span);
	struct error *err = flow_note_stores(ls, slot);

	p->iterations++;
	j->span.len--;
	return err || !j->judging
		       ? err
		       : coverage_count(&j->run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_FULLY);
}

/* How much it did is told by what is seen right behind it alone. */
static bool has_rest(const struct prediction *slot)
{
	return slot->lifted && slot->lifted->insn.rest_len;
}

/* Behind one more instruction. *ret_on: the path goes on. */
static struct error *look_behind(struct lockstep *ls, struct path *p, bool *ret_on)
{
	const struct state *front = &ls->judge.model.front;
	struct span *span = &ls->judge.span;
	const struct prediction *slot = span_last(span);
	uint32_t pc = ls->target->isa->pc;

	*ret_on = false;
	if (has_rest(slot)) {
		p->lost = true;
		p->last = 0;
		return NULL;
	}
	bool anywhere = slot->kind == PREDICTED_OUTPUTS && !state_known(front, pc);
	if (slot->kind == PREDICTED_OUTPUTS && (anywhere || pc_is_as_seen(ls, front)))
		p->as_seen = flow_is_as_seen(ls, front);
	p->bounds |= slot->bounds.len > 0;
	p->lost = slot->kind == PREDICTED_NOTHING || (anywhere && !p->as_seen);
	p->fault = slot->kind == PREDICTED_FAULT;
	span->len -= p->fault; /* it is judged as a step */
	if (p->as_seen || p->lost || p->fault)
		return NULL;
	p->last = pc_is_as_seen(ls, front) ? span->len : p->last;
	bool again = slot->lifted->insn.repeats && state_get(front, pc) == slot->pc;
	*ret_on = again || (!ends_block(ls, slot) && span->len < SPAN_MAX);
	return again ? fold_iteration(ls, p) : NULL;
}

static struct error *follow_path(struct lockstep *ls, struct path *p)
{
	struct span *span = &ls->judge.span;
	enum ahead_result result;
	struct error *err = NULL;
	bool on = true;

	span->len = 0;
	while (!err && on) {
		if (stands_at_signal(ls)) {
			p->as_seen = flow_is_as_seen(ls, &ls->judge.model.front);
			p->last = span->len;
			return NULL;
		}
		err = ahead_next(&ls->ahead, &span->slot[span->len], &result);
		p->at_call = result == AHEAD_SYSCALL;
		if (err || p->at_call)
			return err;
		span->exit[span->len++] = 0;
		err = look_behind(ls, p, &on);
	}
	return err;
}

/* ---- What comes of it ---- */

/* Counts what the span stands for besides its instructions. */
static void count_block(struct lockstep *ls, const struct path *p)
{
	struct run *run = ls->judge.run;
	size_t len = ls->judge.span.len;

	run->instructions += p->iterations;
	run->checked += ls->judge.judging ? p->iterations : 0;
	run->blocks += len > 1;
	run->in_blocks += len > 1 ? len : 0;
}

/*
 * An input was not known, for only the emulator decides it, and so is no result but the PC. Where one is, it is flags
 * that are left as they were: SHR by a count that may be 0.
 */
static bool is_open(const struct isa *isa, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->regs.len; i++) {
		uint64_t unknown = 0;
		for (unsigned k = 0; k < reg_words(&isa->regs[slot->regs.at[i].reg]); k++)
			unknown |= prediction_mask(slot, i, isa)[k];
		if (!unknown && slot->regs.at[i].reg != isa->pc)
			return false;
	}
	for (size_t i = 0; i < slot->stores.len; i++)
		if (!slot->stores.at[i].masked)
			return false;
	return true;
}

/*
 * Of an instruction of the block that is as it was predicted as a whole: what of it cannot be seen wherever it stands.
 * judge.before is the state before it.
 */
static enum unseen_reason unseen_of(struct judge *j, const struct prediction *slot)
{
	if (slot->imprecise && is_open(j->source->isa, slot))
		return UNSEEN_INPUT;
	return judge_hides(j->source, slot, &j->before, &j->judgement.hidden_reg) ? UNSEEN_HIDDEN : UNSEEN_NOTHING;
}

static struct error *count_matching(struct lockstep *ls, const struct prediction *slot)
{
	struct judge *j = &ls->judge;

	j->run->instructions++;
	if (!j->judging)
		return NULL;
	enum unseen_reason unseen = unseen_of(j, slot);
	struct error *err = coverage_count(&j->run->coverage, slot->lifted->form, &slot->lifted->insn,
					   unseen ? JUDGED_PARTLY : JUDGED_FULLY);
	if (err || unseen)
		return err ? err : count_unseen(j, slot->lifted->insn.mnemonic, slot->pc, unseen);
	j->run->checked++;
	return NULL;
}

/* in_front: the guest was seen behind an instruction that follows, not where the path ends. */
static struct error *take_matching(struct lockstep *ls, bool in_front)
{
	struct judge *j = &ls->judge;
	struct error *err = NULL;

	judgement_clear(&j->judgement);
	if (in_front)
		state_copy(&j->now, &j->model.front);
	else
		keep_registers(&ls->source, &j->model.front, &j->seen, &j->now);
	state_copy(&j->before, &j->span.start);
	for (size_t i = 0; i < j->span.len && !err; i++) {
		const struct prediction *slot = &j->span.slot[i];
		err = count_matching(ls, slot);
		if (!err)
			err = flow_note_stores(ls, slot);
		if (!err)
			err = suspects_note(j, slot);
		prediction_apply(slot, &j->before);
	}
	state_copy(&j->before, &j->span.start);
	return err;
}

/* Of an instruction of a path that was lost nothing is judged. */
static struct error *count_lost(struct lockstep *ls, const struct prediction *slot)
{
	struct judge *j = &ls->judge;
	struct error *err = NULL;

	j->run->instructions++;
	if (!j->judging)
		return NULL;
	if (slot->lifted)
		err = coverage_count(&j->run->coverage, slot->lifted->form, &slot->lifted->insn, JUDGED_NOT);
	if (err)
		return err;
	return slot->lifted && slot->lifted->prog ? count_unseen(j, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_INPUT)
						  : run_count_unmodelled(j->run, unmodelled_name(slot), slot->pc);
}

/* What the guest did since the block's start is not known. */
static struct error *take_lost(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	struct error *err = NULL;

	judgement_clear(&j->judgement);
	state_copy(&j->before, &j->span.start);
	adopt_registers(&ls->source, &j->span.start, &j->seen, &j->now);
	for (size_t i = 0; i < j->span.len && !err; i++)
		err = count_lost(ls, &j->span.slot[i]);
	suspects_note_anything(j);
	return err ? err : judge_forget_memory(j);
}

/* The path ends elsewhere, or as the guest cannot be, or it is not known whether it can. */
static struct error *take_differing(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	struct span *span = &j->span;
	struct error *err = NULL;

	for (size_t i = 0; i < span->len && !err; i++)
		err = flow_note_stores(ls, &span->slot[i]);
	j->reply.stop.kind = STOP_STEPPED;
	return err ? err : span_judge(j);
}

/* The instruction that should have faulted, or in which a signal stopped the guest: what is in front of it was judged.
 */
static struct error *take_last(struct lockstep *ls, enum stop_kind kind)
{
	struct prediction *slot = &ls->flow.slot;
	enum ahead_result result;
	bool differs;

	ls->judge.reply.stop.kind = kind;
	state_copy(&ls->judge.model.front, &ls->judge.now);
	struct error *err = ahead_next(&ls->ahead, slot, &result);
	if (!err && kind == STOP_STEPPED)
		err = ahead_check_executed(&ls->ahead, slot);
	if (!err)
		err = take_step(ls, slot, &differs);
	return err ? err : flow_note_stores(ls, slot);
}

/* One instruction a line: "0x401000 xor ebp, ebp". */
static struct error *list_block(const struct span *span, char **ret)
{
	struct strbuf text = {0};

	for (size_t i = 0; i < span->len && span->len > 1; i++)
		strbuf_printf(&text, "%s0x%llx  %s", i ? "\n" : "", (unsigned long long)span->slot[i].pc,
			      span->slot[i].lifted ? span->slot[i].lifted->insn.text : "(not decoded)");
	if (span->len <= 1)
		return NULL;
	*ret = strbuf_take(&text);
	return *ret ? NULL : &error_no_memory;
}

/* What lies behind the last place with the PC that was seen was not executed. */
static struct error *cut_path(struct lockstep *ls, const struct path *p)
{
	struct span *span = &ls->judge.span;

	if (p->as_seen || p->lost || !p->last || p->last >= span->len)
		return NULL;
	span->len = p->last;
	return memory_journal_rollback(ls->judge.model.memory, span->slot[p->last].mark);
}

static struct error *take_path(struct lockstep *ls, struct path *p)
{
	struct judge *j = &ls->judge;
	size_t suspects = j->suspects.list.len;
	struct error *err = cut_path(ls, p);

	if (err || !j->span.len)
		return err;
	count_block(ls, p);
	/* What is not determined is as seen whatever it is. */
	if (p->as_seen && !p->bounds)
		return take_matching(ls, false);
	if (p->fault && !p->as_seen && !p->last)
		return take_matching(ls, true);
	if (p->lost)
		return take_lost(ls);
	err = take_differing(ls);
	flow_want_closer(ls, suspects);
	for (size_t i = suspects; i < j->suspects.list.len && !err; i++)
		err = list_block(&j->span, &j->suspects.list.at[i].finding.block);
	return err;
}

/* What the instruction does only the emulator decides: what follows it in the block cannot be predicted. */
static bool is_undetermined(const struct lockstep *ls, const struct prediction *slot)
{
	if (has_rest(slot) || (slot->lifted && slot->lifted->env))
		return true;
	return prediction_has_masked_store(slot) && replay_place_at(ls->replay, slot->pc) == REPLAY_PLACE_STORE;
}

/* From the next time on such an instruction is no part of a block. */
static struct error *note_undetermined(struct lockstep *ls)
{
	const struct span *span = &ls->judge.span;
	struct error *err = NULL;

	for (size_t i = 0; i < span->len && !err; i++)
		if ((span->len > 1 || has_rest(&span->slot[i])) && is_undetermined(ls, &span->slot[i]))
			err = flow_want_stepped(ls, span->slot[i].pc);
	return err;
}

struct error *judge_block(struct lockstep *ls)
{
	struct judge *j = &ls->judge;
	enum stop_kind kind = j->reply.stop.kind;
	struct path p = {.as_seen = false};

	if (kind != STOP_STEPPED && kind != STOP_SIGNAL)
		return take_last(ls, kind);
	memory_journal_discard(j->model.memory, memory_journal_mark(j->model.memory));
	state_copy(&j->span.start, &j->now);
	state_copy(&j->model.front, &j->now);
	struct error *err = follow_path(ls, &p);
	if (err)
		return err;
	if (p.at_call && !p.last && !p.as_seen)
		return flow_made_call(ls);
	err = note_undetermined(ls);
	if (!err)
		err = take_path(ls, &p);
	if (!err && (kind == STOP_SIGNAL || (p.fault && !p.as_seen && !p.last)))
		err = take_last(ls, kind);
	if (!err && (p.lost || j->suspects.list.len || j->judgement.differences.len))
		err = flow_stop_soon(ls);
	return err;
}
