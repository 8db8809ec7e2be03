#include "lib/lockstep/passed.h"

#include <signal.h>

#include "lib/lockstep/internal.h"
#include "lib/sys/initial_stack.h"
#include "lib/sys/signal.h"

void passed_deinit(struct passed *p)
{
	vec_deinit(&p->overwritten);
}

/* ---- Which instruction ---- */

struct error *passed_look(struct lockstep *ls)
{
	struct passed *l = &ls->passed;
	uint64_t position = replay_position(ls->replay);

	if (l->looked && position == l->position)
		return NULL;
	l->looked = true;
	l->position = position;
	l->passed = false;
	return replay_next_fault(ls->replay, &ls->judge.logged.next);
}

bool passed_stands(const struct lockstep *ls)
{
	uint32_t pc = ls->target->isa->pc;

	return ls->judge.logged.next.signal && state_get(&ls->judge.model.front, pc) == ls->judge.logged.next.pc &&
	       state_known(&ls->judge.model.front, pc);
}

static struct error *keep_bytes(struct lockstep *ls, uint64_t address, size_t len)
{
	struct overwritten o = {.address = address};
	size_t got = 0;
	struct error *err = target_read_memory(ls->target, address, o.bytes, len, &got);

	o.len = (uint8_t)got;
	if (err)
		return err;
	return vec_push(&ls->passed.overwritten, o) ? NULL : &error_no_memory;
}

struct error *passed_before(struct lockstep *ls, const struct prediction *slot)
{
	struct passed *l = &ls->passed;
	struct error *err = NULL;

	l->alone = slot;
	l->overwritten.len = 0;
	for (size_t i = 0; i < slot->stores.len && !err; i++)
		err = keep_bytes(ls, slot->stores.at[i].address, slot->stores.at[i].len);
	/* Of a fault that is predicted: what would be written if it did not come. */
	for (size_t i = 0; i < slot->ranges.len && !err; i++)
		err = keep_bytes(ls, slot->ranges.at[i].address, slot->ranges.at[i].len);
	return err;
}

/* ---- Passing it ---- */

static bool has_fault(const struct judgement *j)
{
	for (size_t i = 0; i < j->differences.len; i++)
		if (j->differences.at[i].kind == LOCATION_FAULT)
			return true;
	return false;
}

static struct error *record_missing(struct lockstep *ls)
{
	const struct passed *l = &ls->passed;
	struct finding f = {.kind = LOCATION_FAULT,
			    .insn = l->insn,
			    .width = 8,
			    .expected = {(uint64_t)ls->judge.logged.next.signal},
			    .logged = true,
			    .first_instruction = l->instruction,
			    .since = l->instruction,
			    .event = l->position};
	struct error *err = logged_weigh(&ls->judge, &f);

	timeline_add_finding(&ls->judge.run->timeline, l->instruction);
	return err ? err : findings_record(&ls->judge.run->findings, ls->target->isa, &f);
}

/* Puts back what the instruction changed: the target stands right behind it. */
static struct error *undo(struct lockstep *ls, const struct prediction *slot)
{
	struct error *err = memory_journal_rollback(ls->judge.model.memory, slot->mark);

	for (size_t i = ls->passed.overwritten.len; i-- > 0 && !err;) {
		const struct overwritten *o = &ls->passed.overwritten.at[i];
		err = target_write_memory(ls->target, o->address, o->bytes, o->len);
		if (!err)
			err = memory_write(ls->judge.model.memory, o->address, o->bytes, NULL, o->len);
	}
	if (!err && may_have_stored(slot))
		err = judge_forget_memory(&ls->judge);
	if (!err)
		err = replay_write_regs(ls->replay, &ls->judge.now, &ls->judge.before);
	if (!err)
		state_copy(&ls->judge.now, &ls->judge.before);
	return err;
}

/* Where the logged run's stack began to be mapped when the program started, as an address of this run. */
static uint64_t stack_start(const struct lockstep *ls)
{
	const struct evlog_header *h = replay_header(ls->replay);

	for (size_t i = 0; i < h->mappings.len; i++) {
		const struct evlog_mapping *m = &h->mappings.at[i];
		if (h->stack_pointer >= m->start && h->stack_pointer < m->end)
			return ls->judge.model.stack - (h->stack_pointer - m->start);
	}
	return ls->judge.model.stack;
}

/* An address that the logged run may have had no stack for any more, and this run has: 0 for none. */
static uint64_t lowest_on_stack(const struct lockstep *ls, const struct prediction *slot)
{
	uint64_t sp = state_get(&ls->judge.before, ls->target->isa->sp), lowest = stack_start(ls);

	for (size_t i = 0; i < slot->stores.len; i++) {
		uint64_t at = slot->stores.at[i].address;
		lowest = at < lowest && initial_stack_reaches(ls->judge.model.stack, sp, at) ? at : lowest;
	}
	for (size_t i = 0; i < slot->loads.len; i++) {
		uint64_t at = slot->loads.at[i].address;
		lowest = at < lowest && initial_stack_reaches(ls->judge.model.stack, sp, at) ? at : lowest;
	}
	return lowest < stack_start(ls) ? lowest : 0;
}

/*
 * How far a stack grows is the limit's (setrlimit(2), RLIMIT_STACK) and the start's, not the CPU's: no finding where it
 * ends. With the same limit the ends of two runs differ by what the programs were started with. A signal that killed
 * the program has no code in the log. The target stands still.
 */
static struct error *is_stack_limit(struct lockstep *ls, const struct prediction *slot, bool *ret)
{
	enum { START = 256 << 10 }; /* bytes: more arguments and environment than programs are started with */
	const struct replay_fault *next = &ls->judge.logged.next;
	uint64_t address = lowest_on_stack(ls, slot);
	uint8_t byte;
	size_t got = 0;

	*ret = false;
	if (!address || next->signal != SIGSEGV || (next->code && next->code != SEGV_MAPERR))
		return NULL;
	struct error *err = target_read_memory(ls->target, address - START, &byte, 1, &got);
	*ret = !err && !got;
	return err;
}

struct error *passed_after(struct lockstep *ls, const struct prediction *slot)
{
	struct passed *l = &ls->passed;
	bool alone = l->alone == slot;

	l->alone = NULL;
	if (!ls->judge.logged.next.signal || slot->pc != ls->judge.logged.next.pc || ls->judge.signal ||
	    !slot->lifted || judge_is_half_way(&ls->judge, slot))
		return NULL;
	bool modelled = slot->kind == PREDICTED_FAULT &&
			fault_signal(slot->fault)->signal == ls->judge.logged.next.signal;
	bool same = replay_fault_has(ls->replay, &ls->judge.before);
	/* What an instruction does that depends on the outside may be different each time: no finding. */
	bool known = has_fault(&ls->judge.judgement) || slot->lifted->env, limit = false;
	struct error *err = known || !alone ? NULL : is_stack_limit(ls, slot, &limit);

	if (err)
		return err;
	known = known || limit;
	l->passed = !known;
	l->instruction = ls->judge.run->instructions;
	l->insn = slot->lifted->insn;
	l->insn.pc = slot->pc;
	name_undecodable(&l->insn, state_get(&ls->judge.now, ls->target->isa->pc));
	ls->judge.logged.doubt = same || modelled || ls->judge.logged.next.signal == SIGILL ? NULL
											    : ", with other registers";
	if (!alone || !(same || modelled))
		return NULL;
	err = known || !ls->judge.judging ? NULL : record_missing(ls);
	l->passed = false;
	if (!err)
		err = undo(ls, slot);
	ls->judge.signal = ls->judge.logged.next.signal;
	return err;
}

struct error *passed_lost(struct lockstep *ls)
{
	struct passed *l = &ls->passed;

	if (!l->passed || !ls->judge.judging || replay_position(ls->replay) != l->position)
		return NULL;
	l->passed = false;
	return record_missing(ls);
}
