/* Signals: what the program does with them, which is what becomes of the call they interrupt; and the frame of a
 * handler. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/record/internal.h"
#include "lib/sys/signal.h"

/* struct sigaction of the kernel starts with the handler and the flags; struct stack_t is the address, 32 bits of flags
 * and the size (include/uapi/asm-generic/signal.h). */
struct error *record_signal_calls(struct recording *r)
{
	const struct record_call *c = &r->call;

	if (c->sys.result != 0)
		return NULL;
	if (c->desc->sem == SYS_RT_SIGACTION && c->sys.arg[1] && c->sys.arg[0] < RECORD_SIGNALS) {
		bool handled = c->action[0] != (uint64_t)(uintptr_t)SIG_DFL &&
			       c->action[0] != (uint64_t)(uintptr_t)SIG_IGN;
		r->actions[c->sys.arg[0]] = (struct record_action){handled, c->action[0], c->action[1]};
	}
	if (c->desc->sem == SYS_SIGALTSTACK && c->sys.arg[0]) {
		uint64_t stack[3];
		struct error *err = tracee_read(r->n, c->sys.arg[0], stack, sizeof stack);
		if (err)
			return err;
		r->alt_stack = stack[0];
		r->alt_stack_len = (uint32_t)stack[1] & SS_DISABLE ? 0 : stack[2];
	}
	return NULL;
}

/* The call that the signal interrupts fails with EINTR, or is made again and has not happened yet (what handle_signal()
 * in arch/x86/kernel/signal.c decides). A signal without a handler decides nothing. */
static struct error *decide_interrupted(struct recording *r, const struct record_action *action)
{
	enum { ERESTARTSYS = -512, ERESTARTNOINTR = -513 };
	int64_t interrupted = r->call.interrupted;

	if (!interrupted || !action->handled)
		return NULL;
	r->call.interrupted = 0;
	if (interrupted == ERESTARTNOINTR || (interrupted == ERESTARTSYS && action->flags & SA_RESTART))
		return NULL;
	struct error *err = record_result_is(r, -EINTR);
	return err ? err : record_add_event(r);
}

/* The memory between the handler's stack pointer and what the program had in use: the frame, and a few bytes of
 * padding. */
static struct sys_range frame(const struct recording *r, uint64_t sp_before)
{
	uint64_t sp = tracee_reg(r->n, r->isa->sp), end = sp_before - r->isa->frame->red_zone;

	if (sp - r->alt_stack < r->alt_stack_len && sp_before - r->alt_stack >= r->alt_stack_len)
		end = r->alt_stack + r->alt_stack_len;
	return (struct sys_range){.address = sp, .len = sp < end ? end - sp : 0, .depth = 1};
}

/* Delivers to a handler; *stop is the next stop. */
static struct error *run_handler(struct recording *r, struct record_action *action, struct native_stop *stop)
{
	uint64_t sp = tracee_reg(r->n, r->isa->sp), before[RECORD_REGS], after[RECORD_REGS];

	record_take_regs(r, before);
	uint64_t handler = action->handler;
	if (action->flags & SA_RESETHAND)
		*action = (struct record_action){0};
	struct error *err = tracee_deliver(r->n, stop->signal, handler, stop);
	if (err)
		return err;
	r->written.len = 0;
	bool delivered = stop->kind == NATIVE_RETURN;
	r->undelivered = stop->kind == NATIVE_SIGNAL;
	if (delivered) {
		record_take_regs(r, after);
		if (!vec_push(&r->written, frame(r, sp)))
			return &error_no_memory;
		err = record_read_written(r);
	}
	if (!err)
		err = record_put_regs(r, before, delivered ? after : NULL, false);
	if (!err)
		err = record_add_event(r);
	return err || !delivered ? err : tracee_resume(r->n, 0, stop);
}

static enum evlog_place place(const struct recording *r, const struct native_stop *stop)
{
	if (r->undelivered || (stop->at_once && !stop->fault))
		return EVLOG_AT_CALL;
	return stop->fault ? EVLOG_AT_INSTRUCTION : EVLOG_BETWEEN;
}

struct error *record_signal(struct recording *r, struct native_stop *stop)
{
	struct record_action none = {0};
	struct record_action *action = stop->signal < RECORD_SIGNALS ? &r->actions[stop->signal] : &none;
	uint64_t regs[RECORD_REGS];
	char name[SIGNAL_NAME_LEN];
	bool kept = false;
	enum evlog_place where = place(r, stop);
	/* What comes between instructions can be replayed only where a replay finds the place: it waits for a call. */
	struct error *err = where == EVLOG_BETWEEN ? tracee_hold(r->n, stop->signal, &kept) : NULL;

	if (!err && kept)
		return tracee_wait(r->n, stop);
	r->undelivered = false;
	if (!err)
		err = decide_interrupted(r, action);
	if (err)
		return err;
	record_begin_event(r, EVLOG_SIGNAL, (uint64_t)stop->signal, signal_name(stop->signal, name),
			   tracee_reg(r->n, r->isa->pc));
	r->ev.place = where;
	if (action->handled)
		return run_handler(r, action, stop);
	record_take_regs(r, regs);
	err = record_put_regs(r, regs, NULL, false);
	if (!err)
		err = record_add_event(r);
	return err ? err : tracee_resume(r->n, stop->signal, stop);
}
