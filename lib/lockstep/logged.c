#include "lib/lockstep/logged.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lockstep/internal.h"
#include "lib/sys/initial_stack.h"
#include "lib/sys/signal.h"

void logged_deinit(struct logged *l)
{
	vec_deinit(&l->overwritten);
}

/* ---- Which instruction ---- */

struct error *logged_look(struct lockstep *ls)
{
	struct logged *l = &ls->logged;
	uint64_t position = replay_position(ls->replay);

	if (l->looked && position == l->position)
		return NULL;
	l->looked = true;
	l->position = position;
	l->passed = false;
	return replay_next_fault(ls->replay, &l->next);
}

bool logged_stands(const struct lockstep *ls)
{
	uint32_t pc = ls->target->isa->pc;

	return ls->logged.next.signal && state_get(&ls->model.front, pc) == ls->logged.next.pc &&
	       state_known(&ls->model.front, pc);
}

static struct error *keep_bytes(struct lockstep *ls, uint64_t address, size_t len)
{
	struct overwritten o = {.address = address};
	size_t got = 0;
	struct error *err = target_read_memory(ls->target, address, o.bytes, len, &got);

	o.len = (uint8_t)got;
	if (err)
		return err;
	return vec_push(&ls->logged.overwritten, o) ? NULL : &error_no_memory;
}

struct error *logged_before(struct lockstep *ls, const struct prediction *slot)
{
	struct logged *l = &ls->logged;
	struct error *err = NULL;

	l->alone = slot;
	l->overwritten.len = 0;
	for (size_t i = 0; i < slot->stores.len && !err; i++)
		err = keep_bytes(ls, slot->stores.at[i].address, slot->stores.at[i].len);
	/* Of a fault that is predicted: what would be written if it did not come. */
	for (size_t i = 0; i < slot->spans.len && !err; i++)
		err = keep_bytes(ls, slot->spans.at[i].address, slot->spans.at[i].len);
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
	const struct logged *l = &ls->logged;
	struct finding f = {.kind = LOCATION_FAULT,
			    .insn = l->insn,
			    .width = 8,
			    .expected = {(uint64_t)l->next.signal},
			    .logged = true,
			    .first_instruction = l->instruction,
			    .since = l->instruction,
			    .event = l->position};
	struct error *err = logged_weigh(ls, &f);

	timeline_add_finding(&ls->run->timeline, l->instruction);
	return err ? err : findings_record(&ls->run->findings, ls->target->isa, &f);
}

/* Puts back what the instruction changed: the target stands right behind it. */
static struct error *undo(struct lockstep *ls, const struct prediction *slot)
{
	struct error *err = memory_journal_rollback(ls->model.memory, slot->mark);

	for (size_t i = ls->logged.overwritten.len; i-- > 0 && !err;) {
		const struct overwritten *o = &ls->logged.overwritten.at[i];
		err = target_write_memory(ls->target, o->address, o->bytes, o->len);
		if (!err)
			err = memory_write(ls->model.memory, o->address, o->bytes, NULL, o->len);
	}
	if (!err && may_have_stored(slot))
		err = memory_forget_all(ls->model.memory);
	if (!err)
		err = replay_write_regs(ls->replay, &ls->now, &ls->before);
	if (!err)
		state_copy(&ls->now, &ls->before);
	return err;
}

/* Where the logged run's stack began to be mapped when the program started, as an address of this run. */
static uint64_t stack_start(const struct lockstep *ls)
{
	const struct evlog_header *h = replay_header(ls->replay);

	for (size_t i = 0; i < h->mappings.len; i++) {
		const struct evlog_mapping *m = &h->mappings.at[i];
		if (h->stack_pointer >= m->start && h->stack_pointer < m->end)
			return ls->model.stack - (h->stack_pointer - m->start);
	}
	return ls->model.stack;
}

/* An address that the logged run may have had no stack for any more, and this run has: 0 for none. */
static uint64_t lowest_on_stack(const struct lockstep *ls, const struct prediction *slot)
{
	uint64_t sp = state_get(&ls->before, ls->target->isa->sp), lowest = stack_start(ls);

	for (size_t i = 0; i < slot->stores.len; i++) {
		uint64_t at = slot->stores.at[i].address;
		lowest = at < lowest && initial_stack_reaches(ls->model.stack, sp, at) ? at : lowest;
	}
	for (size_t i = 0; i < slot->loads.len; i++) {
		uint64_t at = slot->loads.at[i].address;
		lowest = at < lowest && initial_stack_reaches(ls->model.stack, sp, at) ? at : lowest;
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
	const struct replay_fault *next = &ls->logged.next;
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

struct error *logged_after(struct lockstep *ls, const struct prediction *slot)
{
	struct logged *l = &ls->logged;
	bool alone = l->alone == slot;

	l->alone = NULL;
	if (!l->next.signal || slot->pc != l->next.pc || ls->signal || !slot->lifted || is_half_way(ls, slot))
		return NULL;
	bool modelled = slot->kind == PREDICTED_FAULT && fault_signal(slot->fault)->signal == l->next.signal;
	bool same = replay_fault_has(ls->replay, &ls->before);
	/* What an instruction does that depends on the outside may be different each time: no finding. */
	bool known = has_fault(&ls->judgement) || slot->lifted->env, limit = false;
	struct error *err = known || !alone ? NULL : is_stack_limit(ls, slot, &limit);

	if (err)
		return err;
	known = known || limit;
	l->passed = !known;
	l->instruction = ls->run->instructions;
	l->insn = slot->lifted->insn;
	l->insn.pc = slot->pc;
	name_undecodable(&l->insn, state_get(&ls->now, ls->target->isa->pc));
	l->doubt = same || modelled || l->next.signal == SIGILL ? NULL : ", with other registers";
	if (!alone || !(same || modelled))
		return NULL;
	err = known || !ls->judging ? NULL : record_missing(ls);
	l->passed = false;
	if (!err)
		err = undo(ls, slot);
	ls->signal = l->next.signal;
	return err;
}

struct error *logged_lost(struct lockstep *ls)
{
	struct logged *l = &ls->logged;

	if (!l->passed || !ls->judging || replay_position(ls->replay) != l->position)
		return NULL;
	l->passed = false;
	return record_missing(ls);
}

/* ---- Raising another ---- */

bool logged_by_cpu(const struct lockstep *ls, uint64_t pc, int signal)
{
	const struct replay_fault *next = &ls->logged.next;

	return next->signal == signal && next->pc == pc && replay_header(ls->replay)->cpu.vendor;
}

int logged_instead(const struct lockstep *ls, uint64_t pc, int signal)
{
	const struct replay_fault *next = &ls->logged.next;

	return next->signal && next->pc == pc && next->signal != signal ? next->signal : 0;
}

struct error *logged_goes_on(struct lockstep *ls, int signal, bool *ret)
{
	bool logged = false;
	struct error *err = ls->replay ? replay_has_signal(ls->replay, signal, &logged) : NULL;

	*ret = ls->replay && !logged;
	return err;
}

/* ---- What that proves ---- */

/* "the CPU that the log was recorded on (AuthenticAMD family 26) raised SIGILL here". */
static void append_witness(struct strbuf *out, const struct evlog_header *h, int signal)
{
	char name[SIGNAL_NAME_LEN];

	if (h->cpu.vendor)
		strbuf_printf(out, "the CPU that the log was recorded on (%s family %llu) ", h->cpu.vendor,
			      (unsigned long long)h->cpu.family);
	else
		strbuf_printf(out, "the run that the log is of, which was on no CPU (%s), ", h->recorder);
	if (signal)
		strbuf_printf(out, "raised %s here", signal_name(signal, name));
	else
		strbuf_append(out, "went on here");
}

/* Why it may be no fault of the target's; NULL: it is one. */
static const char *doubt(const struct lockstep *ls, const struct finding *f)
{
	const struct replay_fault *next = &ls->logged.next;
	bool refused = f->expected[0] == SIGILL || f->observed[0] == SIGILL;
	/* Of a signal that killed the program the log has no code. */
	bool mapping = (next->signal == SIGSEGV && (!next->code || next->code == SEGV_MAPERR)) ||
		       (next->signal == SIGBUS && next->code == BUS_ADRERR);

	if (ls->logged.doubt)
		return ls->logged.doubt;
	if (!replay_header(ls->replay)->cpu.vendor)
		return "";
	if (refused && (f->insn.extension || (!f->expected[0] && f->insn.status == LIFT_UNDECODABLE)))
		return "; one of the two CPUs may lack the instruction";
	if (f->expected[0] && mapping)
		return ", where it had no memory: the address spaces may differ";
	return NULL;
}

struct error *logged_weigh(struct lockstep *ls, struct finding *f)
{
	const struct replay_fault *next = ls->replay ? &ls->logged.next : NULL;
	bool same = next && next->signal && next->pc == f->insn.pc && f->kind == LOCATION_FAULT &&
		    (uint64_t)next->signal == f->expected[0];
	struct strbuf text = {0};

	if (!f->logged && (!same || f->severity <= SEVERITY_RECORDED))
		return NULL;
	const char *why = doubt(ls, f);
	if (!f->logged && why)
		return NULL;
	append_witness(&text, replay_header(ls->replay), (int)f->expected[0]);
	strbuf_append(&text, why ? why : "");
	f->severity = why ? SEVERITY_POSSIBLE : SEVERITY_RECORDED;
	free(f->opinion);
	f->opinion = strbuf_take(&text);
	return f->opinion ? NULL : &error_no_memory;
}
