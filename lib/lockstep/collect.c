/* Judging what the target shows of the steps it was given. */
#include <signal.h>
#include <string.h>

#include "lib/lockstep/internal.h"
#include "lib/sys/signal.h"

/* ---- Memory after a step ---- */

struct error *settle_stores(struct lockstep *ls, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->stores.len; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		bool ok = i < TARGET_MAX_READS && ls->reply.memory_ok[i];
		struct error *err = ok ? memory_write(ls->model.memory, s->address, ls->reply.memory[i], NULL, s->len)
				       : memory_forget(ls->model.memory, s->address, s->len);
		if (err)
			return err;
	}
	return NULL;
}

/* True if some store was not shown, or has bits that only the target decides. */
static bool stores_unsettled(const struct lockstep *ls, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->stores.len; i++)
		if (i >= TARGET_MAX_READS || !ls->reply.memory_ok[i] || slot->stores.at[i].masked)
			return true;
	return false;
}

bool may_have_stored(const struct prediction *slot)
{
	if (slot->kind != PREDICTED_NOTHING)
		return false;
	return !slot->lifted || slot->lifted->prog || slot->lifted->insn.may_store;
}

/* ---- One step ---- */

const char *unmodelled_name(const struct prediction *slot)
{
	if (!slot->lifted)
		return "(unreadable)";
	return *slot->lifted->insn.mnemonic ? slot->lifted->insn.mnemonic : "(undecodable)";
}

struct error *count_unseen(struct lockstep *ls, const char *mnemonic, uint64_t pc, enum unseen_reason reason)
{
	return run_count_unseen(ls->run, mnemonic, pc, reason, ls->judgement.hidden_reg);
}

/* A constant of the target's CPU shows itself to the program: it is the environment's, and known from now on. */
static bool learn(struct lockstep *ls, const struct prediction *slot)
{
	uint32_t reg = slot->lifted->insn.reveals;

	for (size_t i = 0; reg && !state_known(&ls->now, reg) && i < slot->regs.len; i++) {
		if (slot->regs.at[i].reg == ls->target->isa->pc)
			continue;
		state_set(&ls->now, reg, state_get(&ls->now, slot->regs.at[i].reg));
		return true;
	}
	return false;
}

/* What the target hides of registers that the instruction does not write is as before, whatever its inputs were. */
static void keep_unwritten(struct lockstep *ls, const struct prediction *slot)
{
	const struct isa *isa = ls->target->isa;
	const struct prog *prog = slot->lifted ? slot->lifted->prog : NULL;

	for (uint32_t r = 0; prog && r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		if (!state_known(&ls->now, r) && !prog_writes(prog, r))
			state_set_masked(&ls->now, r, ls->before.value + reg->word, ls->before.unknown + reg->word);
	}
}

/*
 * A CPU's single step of what is done piece by piece: in place of the fault of a piece it takes the trap of those in
 * front of it (SDM vol. 2, VPGATHERDD).
 */
bool is_half_way(const struct lockstep *ls, const struct prediction *slot)
{
	return slot->lifted && slot->lifted->insn.piecewise && slot->kind != PREDICTED_NOTHING &&
	       state_get(&ls->seen, ls->target->isa->pc) == slot->pc;
}

/* A step that completed. ls->before and ls->now are the registers around it afterwards. */
static struct error *judge_stepped(struct lockstep *ls, struct prediction *slot)
{
	struct error *err = NULL;

	if (is_half_way(ls, slot))
		return judge_faulted_registers(ls, slot);
	switch (slot->kind) {
	case PREDICTED_OUTPUTS:
		if (slot->imprecise)
			err = predict_again(&ls->model, slot, &ls->before);
		if (!err)
			err = judge_outputs(&ls->judgement, ls->target, slot, &ls->before, &ls->seen, &ls->reply,
					    ls->touched, &ls->now);
		if (slot->imprecise && !learn(ls, slot))
			ls->judgement.unseen = UNSEEN_INPUT;
		break;
	case PREDICTED_FAULT:
		err = judge_fault(&ls->judgement, fault_signal(slot->fault)->signal, 0);
		adopt_registers(ls->target, &ls->before, &ls->seen, &ls->now);
		break;
	case PREDICTED_NOTHING:
		adopt_registers(ls->target, &ls->before, &ls->seen, &ls->now);
		keep_unwritten(ls, slot);
		break;
	}
	return err;
}

struct error *is_logged_fault(struct lockstep *ls, uint64_t pc, int expected, int signal, bool *ret)
{
	bool memory = (signal == SIGSEGV || signal == SIGBUS) && (!expected || expected == SIGSEGV);

	/* A trace whose guest went on behind the signal is one of a log that has it. */
	*ret = !ls->replay && (signal == ls->logged_signal || (memory && ls->logged_signal == SIGNAL_NOT_TOLD));
	if (!ls->replay || ls->logged.next.pc != pc || ls->logged.next.signal != signal)
		return memory && ls->replay ? replay_has_signal(ls->replay, signal, ret) : NULL;
	*ret = true;
	return NULL;
}

/* The log has another signal at this instruction: the run goes on with that. */
static struct error *judge_instead(struct lockstep *ls, int expected, int logged)
{
	struct error *err = judge_fault(&ls->judgement, logged, ls->signal);

	if (err)
		return err;
	ls->judgement.differences.at[ls->judgement.differences.len - 1].logged = true;
	ls->logged.doubt = expected == ls->signal ? "; the model agrees with the target" : NULL;
	ls->signal = logged;
	keep_registers(ls->target, &ls->before, &ls->seen, &ls->now);
	return NULL;
}

/* The target raised a signal in an instruction of which nothing was predicted: the log tells whether it should. */
static struct error *judge_unmodelled_signal(struct lockstep *ls)
{
	bool goes_on;
	struct error *err = logged_goes_on(ls, ls->signal, &goes_on);

	if (err || !goes_on)
		return err;
	ls->logged.doubt = NULL;
	err = judge_fault(&ls->judgement, 0, ls->signal);
	if (!err)
		ls->judgement.differences.at[ls->judgement.differences.len - 1].logged = true;
	return err;
}

/*
 * The guest has set the trap flag: the trap comes behind an instruction, which has completed (SDM vol. 3, 17.3.1.4; APM
 * vol. 2, 13.1.4). *ret: the log has a trap next, too.
 */
static struct error *is_logged_trap(const struct lockstep *ls, int signal, bool *ret)
{
	const struct isa *isa = ls->target->isa;
	uint32_t flag = isa->step_flag;

	*ret = false;
	if (signal != SIGTRAP || !flag || (state_known(&ls->before, flag) && !state_get(&ls->before, flag)))
		return NULL;
	*ret = ls->logged_signal == signal;
	return ls->replay ? replay_has_signal(ls->replay, signal, ret) : NULL;
}

/* Where the target has no kernel, and does not tell which fault an access raised, what a kernel makes of it is the
 * model's word. */
static void name_stack_fault(struct lockstep *ls, const struct prediction *slot)
{
	bool stack = slot->kind == PREDICTED_FAULT && slot->fault == FAULT_STACK;

	if (stack && ls->target->no_segments && ls->reply.stop.signal == SIGSEGV)
		ls->reply.stop.signal = fault_signal(FAULT_STACK)->signal;
}

/* A step that a signal stopped: the instruction did not complete, but before a trap. */
static struct error *judge_signal(struct lockstep *ls, struct prediction *slot)
{
	name_stack_fault(ls, slot);
	int expected = slot->kind == PREDICTED_FAULT ? fault_signal(slot->fault)->signal : 0;
	int signal = ls->reply.stop.signal, instead = logged_instead(ls, slot->pc, signal);
	bool logged = false;

	ls->signal = signal;
	struct error *err = expected ? NULL : is_logged_trap(ls, signal, &ls->judgement.trapped);
	if (!err && ls->judgement.trapped)
		return judge_stepped(ls, slot);
	if (!err)
		err = is_logged_fault(ls, slot->pc, expected, signal, &logged);
	if (err)
		return err;
	if (!logged && instead && signal_is_synchronous(signal))
		return judge_instead(ls, expected, instead);
	if (logged || expected == signal) {
		ls->judgement.as_logged = ls->replay && logged_by_cpu(ls, slot->pc, signal);
		return judge_faulted_registers(ls, slot);
	}
	adopt_registers(ls->target, &ls->before, &ls->seen, &ls->now);
	if (!signal_is_synchronous(signal))
		return NULL;
	return slot->kind == PREDICTED_NOTHING ? judge_unmodelled_signal(ls)
					       : judge_fault(&ls->judgement, expected, signal);
}

static struct error *target_gone(const struct lockstep *ls)
{
	const struct stop *stop = &ls->reply.stop;

	if (stop->kind == STOP_SYSCALL)
		return error_create(ERROR_TARGET,
				    "the guest stands at a system call that is not in its code (pc 0x%llx)",
				    (unsigned long long)state_get(&ls->now, ls->target->isa->pc));
	return error_create(ERROR_TARGET, "the guest %s %d at an instruction that does not end it (pc 0x%llx)",
			    stop->kind == STOP_EXITED ? "ended with status" : "was killed by signal",
			    stop->kind == STOP_EXITED ? stop->status : stop->signal,
			    (unsigned long long)state_get(&ls->now, ls->target->isa->pc));
}

/*
 * All was as predicted, but the target stopped once more at a repeated instruction of which nothing is left to do.
 * Where a repeated instruction can be interrupted is up to the implementation (SDM vol. 2, REP); it is no finding, but
 * the model has to step as the target does.
 */
static bool lingers(const struct lockstep *ls, const struct prediction *slot)
{
	const struct judgement *j = &ls->judgement;
	const struct finding *f = j->differences.at;

	if (slot->kind != PREDICTED_OUTPUTS || !slot->lifted || j->differences.len != 1)
		return false;
	return slot->lifted->insn.repeats && f->kind == LOCATION_REG && f->reg == ls->target->isa->pc &&
	       f->observed[0] == slot->pc;
}

static struct error *count_form(struct lockstep *ls, const struct prediction *slot)
{
	enum judged judged = ls->judgement.unseen ? JUDGED_PARTLY : JUDGED_FULLY;

	if (!slot->lifted) /* no instruction that could be read */
		return NULL;
	if (slot->kind == PREDICTED_NOTHING && !ls->judgement.as_logged)
		judged = JUDGED_NOT;
	return coverage_count(&ls->run->coverage, slot->lifted->form, &slot->lifted->insn, judged);
}

/* Targets that step by the trap flag do not show its traps to the guest: what is due from then on does not come. */
static void note_trap_flag(struct lockstep *ls, const struct prediction *slot)
{
	struct adopted *last = &ls->run->adopted, *setter = &ls->trap_flag;
	uint32_t flag = ls->target->isa->step_flag;
	bool set = flag && state_known(&ls->now, flag) && state_get(&ls->now, flag);

	if (ls->judgement.trapped && last->trap_flag)
		*last = (struct adopted){.instruction = 0};
	if (!set || ls->judgement.trapped) {
		setter->instruction = 0;
		return;
	}
	if (!setter->instruction) {
		run_note_adopted(ls->run, slot->lifted ? slot->lifted->insn.mnemonic : "", slot->pc, UNSEEN_NOTHING);
		last->trap_flag = true;
		*setter = *last;
	}
	*last = *setter;
}

/* Counts the step and keeps its differences. */
static struct error *account(struct lockstep *ls, const struct prediction *slot)
{
	struct run *run = ls->run;
	bool nothing = slot->kind == PREDICTED_NOTHING && !ls->judgement.as_logged;
	bool refused = slot->kind == PREDICTED_FAULT && ls->signal && slot->lifted;
	const char *lacks = refused ? lacking_feature(ls, &slot->lifted->insn) : NULL;

	run->instructions++;
	if (lacks) {
		run_note_adopted(run, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_NOTHING);
		run->adopted.lacks = lacks;
	}
	if (ls->judgement.either || ls->judgement.open || ls->judgement.within_bound)
		run_note_adopted(run, slot->lifted ? slot->lifted->insn.mnemonic : "", slot->pc, UNSEEN_OPEN);
	if (!ls->judging && nothing)
		run_note_adopted(run, unmodelled_name(slot), slot->pc,
				 slot->lifted && slot->lifted->prog ? UNSEEN_INPUT : UNSEEN_NOTHING);
	if (!ls->judging)
		return NULL;
	struct error *err = count_form(ls, slot);
	if (err)
		return err;
	if (nothing && !(slot->lifted && slot->lifted->prog))
		err = run_count_unmodelled(run, unmodelled_name(slot), slot->pc);
	else if (nothing)
		err = count_unseen(ls, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_INPUT);
	else if (ls->judgement.unseen)
		err = count_unseen(ls, slot->lifted->insn.mnemonic, slot->pc, ls->judgement.unseen);
	else
		run->checked++;
	run->within_bound += ls->judgement.within_bound;
	return err || !ls->judgement.differences.len ? err : record_differences(ls, slot);
}

/* The PC is not where it should be, and the target may have lost the trap. */
static bool may_be_overrun(const struct lockstep *ls, const struct prediction *slot)
{
	const struct judgement *j = &ls->judgement;

	if (!ls->target->loses_traps || ls->signal || slot->kind != PREDICTED_OUTPUTS)
		return false;
	for (size_t i = 0; i < j->differences.len; i++)
		if (j->differences.at[i].kind == LOCATION_REG && j->differences.at[i].reg == ls->target->isa->pc)
			return true;
	return false;
}

/* A step was judged: keeps what came of it, and makes memory what it is behind it. *differs: not all is as predicted.
 */
static struct error *keep_judged(struct lockstep *ls, struct prediction *slot, bool *differs)
{
	bool stopped = ls->reply.stop.kind == STOP_SIGNAL && ls->reply.stop.signal != SIGTRAP;
	struct error *err = *differs ? memory_journal_rollback(ls->model.memory, slot->mark) : NULL;

	if (!err && ls->judgement.differences.len)
		err = judge_other_cpus(ls, slot);
	if (!err)
		err = account(ls, slot);
	note_trap_flag(ls, slot);
	if (!err && *differs && (!ls->signal || ls->judgement.trapped))
		err = settle_stores(ls, slot);
	if (stopped && ls->replay && slot->spans.len)
		ls->faulted = slot;
	else if (!err && may_have_stored(slot))
		err = memory_forget_all(ls->model.memory);
	if (!err)
		err = suspects_note(ls, slot);
	if (!err)
		err = logged_after(ls, slot);
	*differs |= ls->signal != 0 || is_half_way(ls, slot);
	return err;
}

struct error *judge_step(struct lockstep *ls, struct prediction *slot, bool *ret_differs)
{
	struct error *err;

	*ret_differs = false;
	if (ls->target->trap_is_step && ls->reply.stop.kind == STOP_STEPPED && slot->kind == PREDICTED_FAULT &&
	    fault_signal(slot->fault)->signal == SIGTRAP) {
		ls->reply.stop.kind = STOP_SIGNAL;
		ls->reply.stop.signal = SIGTRAP;
	}
	if (ls->reply.stop.kind != STOP_STEPPED && ls->reply.stop.kind != STOP_SIGNAL)
		return target_gone(ls);
	state_copy(&ls->before, &ls->now);
	judgement_clear(&ls->judgement);
	err = ls->reply.stop.kind == STOP_SIGNAL ? judge_signal(ls, slot) : judge_stepped(ls, slot);
	if (!err && may_be_overrun(ls, slot)) {
		err = judge_overrun(ls, slot, ret_differs);
		if (err || *ret_differs)
			return err;
		judgement_clear(&ls->judgement);
		err = judge_stepped(ls, slot);
	}
	if (err)
		return err;
	if (slot->lifted && slot->lifted->env &&
	    lift_cache_observe(ls->model.cache, slot->lifted, ls->before.value, ls->now.value)) {
		ls->relift = true;
		err = tracer_observed(ls, slot);
	}
	if (err)
		return err;

	bool differs = ls->judgement.differences.len > 0 || ls->signal;
	if (lingers(ls, slot)) {
		ls->repeat = REPEAT_LINGER;
		ls->judgement.differences.len = 0;
	}
	err = tracer_step(ls, slot, differs);
	if (err)
		return err;
	*ret_differs = differs || (slot->kind == PREDICTED_OUTPUTS && stores_unsettled(ls, slot));
	return keep_judged(ls, slot, ret_differs);
}

struct error *settle_still(struct lockstep *ls, bool still)
{
	struct error *err = ls->faulted && still ? judge_faulted_memory(ls) : NULL;

	ls->faulted = NULL;
	return err ? err : suspects_settle(ls, still);
}

/* ---- Steps behind a difference ---- */

/* Finds the reply to the read of a store in the plan that was made for another prediction. */
static bool find_read(const struct lockstep *ls, const struct target_plan *plan, const struct eval_store *s,
		      unsigned *ret)
{
	for (unsigned k = 0; k < plan->num_reads; k++) {
		if (plan->read[k].address == s->address && plan->read[k].len == s->len && ls->reply.memory_ok[k]) {
			*ret = k;
			return true;
		}
	}
	return false;
}

struct error *match_reads(struct lockstep *ls, const struct prediction *slot, const struct target_plan *plan)
{
	struct target_seen moved = ls->reply;

	memset(moved.memory_ok, 0, sizeof moved.memory_ok);
	for (size_t i = 0; i < slot->stores.len && i < TARGET_MAX_READS; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		unsigned k;
		if (find_read(ls, plan, s, &k)) {
			memcpy(moved.memory[i], ls->reply.memory[k], sizeof moved.memory[i]);
		} else if (!s->masked) {
			memcpy(moved.memory[i], s->data, s->len);
			struct owed_read owed = {{.address = s->address, .len = s->len}, slot->lifted->form, false};
			if (!vec_push(&ls->owed, owed))
				return &error_no_memory;
		} else {
			continue;
		}
		moved.memory_ok[i] = true;
	}
	ls->reply = moved;
	return NULL;
}

/* Compares the memory of owed stores with the target's, which stands still: what differs was not seen when it happened.
 */
static struct error *settle_owed(struct lockstep *ls)
{
	struct error *err = NULL;

	for (size_t i = 0; i < ls->owed.len && !err; i++) {
		struct owed_read *owed = &ls->owed.at[i];
		const struct target_read *read = &owed->read;
		uint8_t seen[64], model[64], unknown[64];
		size_t got = 0;
		err = target_read_memory(ls->target, read->address, seen, read->len, &got);
		if (err)
			return err;
		bool known = memory_read(ls->model.memory, read->address, model, unknown, read->len);
		owed->confirmed = got == read->len && known && !memcmp(seen, model, read->len);
		if (owed->confirmed)
			continue;
		if (ls->judging && ls->run->checked) {
			ls->run->checked--;
			coverage_demote(&ls->run->coverage, ls->owed.at[i].form);
			err = count_unseen(ls, "(store)", state_get(&ls->now, ls->target->isa->pc), UNSEEN_MEMORY);
		}
		if (err)
			return err;
		err = got == read->len ? memory_write(ls->model.memory, read->address, seen, NULL, read->len)
				       : memory_forget(ls->model.memory, read->address, read->len);
	}
	if (!err)
		err = tracer_settle(ls);
	ls->owed.len = 0;
	return err;
}

/* Predicts what the target has already done behind ls->now, in ls->blind: nothing can be asked of it. */
static struct error *predict_blind(struct lockstep *ls, enum predict_result *ret)
{
	state_copy(&ls->model.front, &ls->now);
	ls->model.blind = true;
	struct error *err = predict_next(&ls->model, &ls->blind.slot, ret);
	ls->model.blind = false;
	return err;
}

/* The target has gone on; predict what it just did from where it was, without asking it anything. */
static struct error *judge_behind(struct lockstep *ls, const struct target_plan *plan)
{
	enum predict_result result;
	bool differs;
	struct error *err = predict_blind(ls, &result);

	if (err)
		return err;
	if (result == PREDICT_SYSCALL) {
		ls->strayed = ls->done = true;
		return NULL;
	}
	err = match_reads(ls, &ls->blind.slot, plan);
	if (!err)
		err = judge_step(ls, &ls->blind.slot, &differs);
	if (!err)
		sweep_note(ls, plan);
	return err;
}

/* ---- Batches ---- */

static void pop(struct lockstep *ls)
{
	ls->first = (ls->first + 1) % ls->capacity;
	ls->predicted--;
	ls->submitted--;
}

bool lockstep_has_enough(struct lockstep *ls)
{
	const struct lockstep_options *o = ls->options;
	const struct findings *f = &ls->run->findings;
	struct counted *c = &ls->counted;

	for (; c->groups < f->list.len; c->groups++)
		c->counting += finding_counts(&f->list.at[c->groups], o->fail_on);
	return (o->stop_on_first && c->counting) || (o->max_findings && c->counting >= o->max_findings);
}

/* Nothing more is judged, but what the target did since is to be known: where it stored. */
static struct error *track_behind(struct lockstep *ls)
{
	enum predict_result result;
	struct error *err = predict_blind(ls, &result);

	if (err)
		return err;
	state_copy(&ls->before, &ls->now);
	keep_registers(ls->target, &ls->before, &ls->seen, &ls->now);
	if (result != PREDICT_SYSCALL && ls->reply.stop.kind == STOP_STEPPED)
		return suspects_note(ls, &ls->blind.slot);
	suspects_note_anything(ls);
	return NULL;
}

/* All that was submitted has been collected: what waited for that. */
static struct error *settle_behind(struct lockstep *ls)
{
	enum stop_kind stop = ls->reply.stop.kind;
	bool still = !ls->strayed && stop != STOP_EXITED && stop != STOP_KILLED;
	struct error *err = ls->done ? NULL : settle_owed(ls);

	return err ? err : settle_still(ls, still);
}

/* Only now is it known which of the differences are findings, and how sure. */
static void end_if_enough(struct lockstep *ls)
{
	if (!lockstep_has_enough(ls))
		return;
	ls->run->limit = RUN_LIMIT_FINDINGS;
	ls->done = true;
	ls->strayed = false;
}

/* Collects the rest of what was submitted. Behind a signal there is nothing to judge, nor at a system call that the
 * target leaves to us. */
static struct error *collect_behind(struct lockstep *ls)
{
	struct error *err = NULL;

	while (ls->submitted && !err) {
		const struct step *step = &ls->ring[ls->first];
		err = target_collect(ls->target, &ls->seen, &ls->reply);
		if (!err && !ls->signal && ls->reply.stop.kind != STOP_SYSCALL)
			err = ls->done ? track_behind(ls) : judge_behind(ls, &step->plan);
		pop(ls);
	}
	ls->predicted = ls->num_batches = 0;
	sweep_drop_plans(ls);
	if (!err)
		err = settle_behind(ls);
	if (!err)
		end_if_enough(ls);
	return err;
}

struct error *collect_batch(struct lockstep *ls)
{
	size_t n = ls->batch[0];

	for (size_t i = 0; i < n; i++) {
		struct step *step = &ls->ring[ls->first];
		bool differs;
		struct error *err = target_collect(ls->target, &ls->seen, &ls->reply);
		if (!err)
			err = judge_step(ls, &step->slot, &differs);
		if (!err)
			sweep_note(ls, &step->plan);
		if (err)
			return err;
		pop(ls);
		end_if_enough(ls);
		if (differs || ls->done)
			return collect_behind(ls);
	}
	if (ls->predicted)
		memory_journal_discard(ls->model.memory, ls->ring[ls->first].slot.mark);
	ls->batch[0] = ls->batch[1];
	ls->num_batches--;
	return NULL;
}
