/* Signals that the log has: delivered to the guest, or its death. */
#include "lib/base/clock.h"
#include "lib/lockstep/internal.h"

/* A signal of the log is delivered where the guest stands: an event without an instruction. */
static struct error *deliver(struct lockstep *ls)
{
	const struct prediction nothing = {.pc = state_get(&ls->judge.now, ls->target->isa->pc)};
	struct replay_totals totals = *replay_totals(ls->replay);
	struct replay_outcome outcome;
	struct error *err = sweep_now(ls);

	if (err)
		return err;
	uint64_t start = clock_now();
	state_copy(&ls->judge.before, &ls->judge.now);
	err = replay_deliver(ls->replay, &ls->judge.before, &ls->judge.now, ls->judge.model.memory, &outcome);
	if (err)
		return err;
	ls->judge.run->instructions++;
	ls->judge.run->checked += ls->judge.judging;
	note_event(ls, &outcome, start);
	sweep_wrote(ls);
	return tracer_event(ls, &nothing, &outcome, &totals, start, true);
}

struct error *signal_take(struct lockstep *ls, bool at_call, bool *ret_delivered)
{
	uint64_t pc = state_get(&ls->judge.now, ls->target->isa->pc);
	struct error *err = replay_dies(ls->replay, pc, at_call, &ls->judge.run->exit_signal);

	*ret_delivered = false;
	ls->done = !err && ls->judge.run->exit_signal;
	if (err || ls->done)
		return err ? err : audit_end(ls);
	err = replay_delivers(ls->replay, pc, at_call, ret_delivered);
	return err || !*ret_delivered ? err : deliver(ls);
}

struct error *signal_take_all(struct lockstep *ls)
{
	bool more = !ls->done;
	struct error *err = NULL;

	while (!err && more)
		err = signal_take(ls, false, &more);
	return err;
}

struct error *signal_handle(struct lockstep *ls)
{
	int killer = 0;
	struct error *err = replay_signal(ls->replay, state_get(&ls->judge.now, ls->target->isa->pc), ls->judge.signal,
					  &killer);

	ls->judge.run->exit_signal = killer ? killer : ls->judge.signal;
	ls->done = killer != 0;
	if (err || killer)
		return err ? err : audit_end(ls);
	err = deliver(ls);
	if (err)
		return err;
	ls->judge.signal = ls->judge.run->exit_signal = 0;
	return signal_take_all(ls);
}

bool signal_stands_between(const struct lockstep *ls)
{
	return ls->between && front_is_at(ls, ls->between_pc);
}

struct error *signal_take_between(struct lockstep *ls)
{
	bool comes = false;
	struct error *err = replay_next_between(ls->replay, &ls->between, &ls->between_pc);

	if (!err && signal_stands_between(ls))
		err = replay_comes_between(ls->replay, &ls->judge.now, &comes);
	if (err || !comes)
		return err;
	memory_journal_discard(ls->judge.model.memory, memory_journal_mark(ls->judge.model.memory));
	err = replay_take_between(ls->replay, &ls->judge.run->exit_signal);
	ls->done = !err && ls->judge.run->exit_signal;
	if (err || ls->done)
		return err ? err : audit_end(ls);
	err = deliver(ls);
	if (!err)
		err = signal_take_all(ls);
	state_copy(&ls->judge.model.front, &ls->judge.now);
	return err ? err : replay_next_between(ls->replay, &ls->between, &ls->between_pc);
}
