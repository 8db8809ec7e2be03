#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/judge/judge.h"
#include "lib/sys/signal.h"

/* ---- Memory after a step ---- */

struct error *judge_settle_stores(struct judge *j, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->stores.len; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		bool ok = i < OBSERVED_MAX_READS && j->reply.memory_ok[i];
		const uint8_t *bytes = j->source->stores_later ? s->data : j->reply.memory[i];
		const uint8_t *unknown = j->source->stores_later && s->masked ? s->mask : NULL;
		struct error *err = ok || j->source->stores_later
					    ? memory_write(j->model.memory, s->address, bytes, unknown, s->len)
					    : memory_forget(j->model.memory, s->address, s->len);
		if (err)
			return err;
	}
	return NULL;
}

/* True if some store was not shown, or has bits that only the guest decides. */
static bool stores_unsettled(const struct judge *j, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->stores.len && !j->source->stores_later; i++)
		if (i >= OBSERVED_MAX_READS || !j->reply.memory_ok[i] || slot->stores.at[i].masked)
			return true;
	return false;
}

struct error *judge_forget_memory(struct judge *j)
{
	struct source *s = j->source;

	return s->ops->forget ? s->ops->forget(s, j->model.memory) : memory_forget_all(j->model.memory);
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

struct error *count_unseen(struct judge *j, const char *mnemonic, uint64_t pc, enum unseen_reason reason)
{
	return run_count_unseen(j->run, mnemonic, pc, reason, j->judgement.hidden_reg);
}

/* A constant of the guest's CPU shows itself to the program: it is the environment's, and known from now on. */
static bool learn(struct judge *j, const struct prediction *slot)
{
	uint32_t reg = slot->lifted->insn.reveals;

	for (size_t i = 0; reg && !state_known(&j->now, reg) && i < slot->regs.len; i++) {
		if (slot->regs.at[i].reg == j->source->isa->pc)
			continue;
		state_set(&j->now, reg, state_get(&j->now, slot->regs.at[i].reg));
		return true;
	}
	return false;
}

/* What the source hides of registers that the instruction does not write is as before, whatever its inputs were. */
static void keep_unwritten(struct judge *j, const struct prediction *slot)
{
	const struct isa *isa = j->source->isa;
	const struct prog *prog = slot->lifted ? slot->lifted->prog : NULL;

	for (uint32_t r = 0; prog && r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		if (!state_known(&j->now, r) && !prog_writes(prog, r))
			state_set_masked(&j->now, r, j->before.value + reg->word, j->before.unknown + reg->word);
	}
}

/*
 * A CPU's single step of what is done piece by piece: in place of the fault of a piece it takes the trap of those in
 * front of it (SDM vol. 2, VPGATHERDD).
 */
bool judge_is_half_way(const struct judge *j, const struct prediction *slot)
{
	return slot->lifted && slot->lifted->insn.piecewise && slot->kind != PREDICTED_NOTHING &&
	       state_get(&j->seen, j->source->isa->pc) == slot->pc;
}

/* A step that completed. j->before and j->now are the registers around it afterwards. */
static struct error *judge_stepped(struct judge *j, struct prediction *slot)
{
	struct error *err = NULL;

	if (judge_is_half_way(j, slot))
		return judge_faulted_registers(j, slot);
	switch (slot->kind) {
	case PREDICTED_OUTPUTS:
		if (slot->imprecise && !slot->joined)
			err = predict_again(&j->model, slot, &j->before);
		if (!err)
			err = judge_outputs(&j->judgement, j->source, slot, &j->before, &j->seen, &j->reply,
					    &j->reply.touched, &j->now);
		if (slot->imprecise && !learn(j, slot))
			j->judgement.unseen = UNSEEN_INPUT;
		break;
	case PREDICTED_FAULT:
		err = judge_fault(&j->judgement, fault_signal(slot->fault)->signal, 0);
		adopt_registers(j->source, &j->before, &j->seen, &j->now);
		break;
	case PREDICTED_NOTHING:
		adopt_registers(j->source, &j->before, &j->seen, &j->now);
		keep_unwritten(j, slot);
		break;
	}
	return err;
}

struct error *is_logged_fault(struct judge *j, uint64_t pc, int expected, int signal, bool *ret)
{
	bool memory = (signal == SIGSEGV || signal == SIGBUS) && (!expected || expected == SIGSEGV);

	*ret = j->logged.next.signal == signal && j->logged.next.pc == pc;
	return *ret ? NULL : j->log->has_fault(j->log->ctx, signal, memory, ret);
}

/* The log has another signal at this instruction: the run goes on with that. */
static struct error *judge_instead(struct judge *j, int expected, int logged)
{
	struct error *err = judge_fault(&j->judgement, logged, j->signal);

	if (err)
		return err;
	j->judgement.differences.at[j->judgement.differences.len - 1].logged = true;
	j->logged.doubt = expected == j->signal ? "; the model agrees with the target" : NULL;
	j->signal = logged;
	keep_registers(j->source, &j->before, &j->seen, &j->now);
	return NULL;
}

/* The guest raised a signal in an instruction of which nothing was predicted: the log tells whether it should. */
static struct error *judge_unmodelled_signal(struct judge *j)
{
	bool goes_on;
	struct error *err = logged_goes_on(j, j->signal, &goes_on);

	if (err || !goes_on)
		return err;
	j->logged.doubt = NULL;
	err = judge_fault(&j->judgement, 0, j->signal);
	if (!err)
		j->judgement.differences.at[j->judgement.differences.len - 1].logged = true;
	return err;
}

/*
 * The guest has set the trap flag: the trap comes behind an instruction, which has completed (SDM vol. 3, 17.3.1.4; APM
 * vol. 2, 13.1.4). *ret: the log has a trap next, too.
 */
static struct error *is_logged_trap(const struct judge *j, int signal, bool *ret)
{
	const struct isa *isa = j->source->isa;
	uint32_t flag = isa->step_flag;

	*ret = false;
	if (signal != SIGTRAP || !flag || (state_known(&j->before, flag) && !state_get(&j->before, flag)))
		return NULL;
	return j->log->has_signal(j->log->ctx, signal, ret);
}

/* Where the guest has no kernel, and the source does not tell which fault an access raised, what a kernel makes of it
 * is the model's word. */
static void name_stack_fault(struct judge *j, const struct prediction *slot)
{
	bool stack = slot->kind == PREDICTED_FAULT && slot->fault == FAULT_STACK;

	if (stack && j->source->no_segments && j->reply.stop.signal == SIGSEGV)
		j->reply.stop.signal = fault_signal(FAULT_STACK)->signal;
}

/* The signal that the prediction is of. Where either outcome is right, a fault or none, the one that came is. */
static int expected_signal(const struct prediction *slot, int signal)
{
	uint16_t may = slot->kind == PREDICTED_OUTPUTS && slot->lifted ? slot->lifted->insn.may_fault : 0;

	if (slot->kind == PREDICTED_FAULT)
		return fault_signal(slot->fault)->signal;
	for (enum fault_kind f = FAULT_NONE + 1; may >> f; f++)
		if (may >> f & 1 && fault_signal(f)->signal == signal)
			return signal;
	return 0;
}

/* A step that a signal stopped: the instruction did not complete, but before a trap. */
static struct error *judge_signal(struct judge *j, struct prediction *slot)
{
	name_stack_fault(j, slot);
	int signal = j->reply.stop.signal, expected = expected_signal(slot, signal);
	int instead = logged_instead(j, slot->pc, signal);
	bool logged = false;

	j->signal = signal;
	struct error *err = expected ? NULL : is_logged_trap(j, signal, &j->judgement.trapped);
	if (!err && j->judgement.trapped)
		return judge_stepped(j, slot);
	if (!err)
		err = is_logged_fault(j, slot->pc, expected, signal, &logged);
	if (err)
		return err;
	if (!logged && instead && signal_is_synchronous(signal))
		return judge_instead(j, expected, instead);
	if (logged || expected == signal) {
		j->judgement.as_logged = logged_by_cpu(j, slot->pc, signal);
		return judge_faulted_registers(j, slot);
	}
	adopt_registers(j->source, &j->before, &j->seen, &j->now);
	if (!signal_is_synchronous(signal))
		return NULL;
	return slot->kind == PREDICTED_NOTHING ? judge_unmodelled_signal(j)
					       : judge_fault(&j->judgement, expected, signal);
}

/*
 * All was as predicted, but the guest stopped once more at a repeated instruction of which nothing is left to do.
 * Where a repeated instruction can be interrupted is up to the implementation (SDM vol. 2, REP); it is no finding, but
 * the model has to step as the guest does.
 */
static bool lingers(const struct judge *j, const struct prediction *slot)
{
	const struct judgement *made = &j->judgement;
	const struct finding *f = made->differences.at;

	if (slot->kind != PREDICTED_OUTPUTS || !slot->lifted || made->differences.len != 1)
		return false;
	return slot->lifted->insn.repeats && f->kind == LOCATION_REG && f->reg == j->source->isa->pc &&
	       f->observed[0] == slot->pc;
}

static struct error *count_form(struct judge *j, const struct prediction *slot)
{
	enum judged judged = j->judgement.unseen ? JUDGED_PARTLY : JUDGED_FULLY;

	if (!slot->lifted) /* no instruction that could be read */
		return NULL;
	if (slot->kind == PREDICTED_NOTHING && !j->judgement.as_logged)
		judged = JUDGED_NOT;
	return coverage_count(&j->run->coverage, slot->lifted->form, &slot->lifted->insn, judged);
}

/* Targets that step by the trap flag do not show its traps to the guest: what is due from then on does not come. */
static void note_trap_flag(struct judge *j, const struct prediction *slot)
{
	struct adopted *last = &j->run->adopted, *setter = &j->trap_flag;
	uint32_t flag = j->source->isa->step_flag;
	bool set = flag && state_known(&j->now, flag) && state_get(&j->now, flag);

	if (j->judgement.trapped && last->trap_flag)
		*last = (struct adopted){.instruction = 0};
	if (!set || j->judgement.trapped) {
		setter->instruction = 0;
		return;
	}
	if (!setter->instruction) {
		run_note_adopted(j->run, slot->lifted ? slot->lifted->insn.mnemonic : "", slot->pc, UNSEEN_NOTHING);
		last->trap_flag = true;
		*setter = *last;
	}
	*last = *setter;
}

/* Counts the step and keeps its differences. */
static struct error *account(struct judge *j, const struct prediction *slot)
{
	struct run *run = j->run;
	bool nothing = slot->kind == PREDICTED_NOTHING && !j->judgement.as_logged;
	bool refused = slot->kind == PREDICTED_FAULT && j->signal && slot->lifted;
	const char *lacks = refused ? lacking_feature(j, &slot->lifted->insn) : NULL;

	run->instructions++;
	if (lacks) {
		run_note_adopted(run, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_NOTHING);
		run->adopted.lacks = lacks;
	}
	if (j->judgement.either || j->judgement.open || j->judgement.within_bound)
		run_note_adopted(run, slot->lifted ? slot->lifted->insn.mnemonic : "", slot->pc, UNSEEN_OPEN);
	if (!j->judging && nothing)
		run_note_adopted(run, unmodelled_name(slot), slot->pc,
				 slot->lifted && slot->lifted->prog ? UNSEEN_INPUT : UNSEEN_NOTHING);
	if (!j->judging)
		return NULL;
	struct error *err = count_form(j, slot);
	if (err)
		return err;
	if (nothing && !(slot->lifted && slot->lifted->prog))
		err = run_count_unmodelled(run, unmodelled_name(slot), slot->pc);
	else if (nothing)
		err = count_unseen(j, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_INPUT);
	else if (j->judgement.unseen)
		err = count_unseen(j, slot->lifted->insn.mnemonic, slot->pc, j->judgement.unseen);
	else
		run->checked++;
	run->within_bound += j->judgement.within_bound;
	return err || !j->judgement.differences.len ? err : keep_differences(j, slot);
}

/* A step was compared: keeps what came of it, and makes memory what it is behind it. *differs: not all is as predicted.
 */
static struct error *keep_compared(struct judge *j, struct prediction *slot, bool *differs)
{
	bool stopped = j->reply.stop.kind == STOP_SIGNAL && j->reply.stop.signal != SIGTRAP;
	struct error *err = *differs ? memory_journal_rollback(j->model.memory, slot->mark) : NULL;

	if (!err && j->judgement.differences.len)
		err = judge_other_cpus(j, slot);
	if (!err)
		err = account(j, slot);
	note_trap_flag(j, slot);
	if (!err && *differs && (!j->signal || j->judgement.trapped))
		err = judge_settle_stores(j, slot);
	if (stopped && j->source->ops->read && slot->ranges.len)
		j->faulted = slot;
	else if (!err && may_have_stored(slot))
		err = judge_forget_memory(j);
	return err ? err : suspects_note(j, slot);
}

/* A trap that was predicted, where the source tells it from a step by nothing. */
static void name_trap(struct judge *j, const struct prediction *slot)
{
	bool trap = slot->kind == PREDICTED_FAULT && fault_signal(slot->fault)->signal == SIGTRAP;

	if (!trap || !j->source->trap_is_step || j->reply.stop.kind != STOP_STEPPED)
		return;
	j->reply.stop.kind = STOP_SIGNAL;
	j->reply.stop.signal = SIGTRAP;
}

struct error *judge_again(struct judge *j, struct prediction *slot, struct compared *ret)
{
	judgement_clear(&j->judgement);
	struct error *err = j->reply.stop.kind == STOP_SIGNAL ? judge_signal(j, slot) : judge_stepped(j, slot);

	*ret = (struct compared){.differs = j->judgement.differences.len > 0 || j->signal};
	return err;
}

struct error *judge_compare(struct judge *j, struct prediction *slot, struct compared *ret)
{
	name_trap(j, slot);
	state_copy(&j->before, &j->now);
	return judge_again(j, slot, ret);
}

void judge_learn(struct judge *j, const struct prediction *slot, struct compared *compared)
{
	if (slot->lifted && slot->lifted->env)
		compared->observed = lift_cache_observe(j->model.cache, slot->lifted, j->before.value, j->now.value);
	j->relift |= compared->observed;
	if (lingers(j, slot)) {
		j->repeat = REPEAT_LINGER;
		j->judgement.differences.len = 0;
	}
}

struct error *judge_keep(struct judge *j, struct prediction *slot, const struct compared *compared, bool *ret_differs)
{
	bool unsettled = slot->kind == PREDICTED_OUTPUTS && stores_unsettled(j, slot);

	*ret_differs = compared->differs || unsettled;
	struct error *err = keep_compared(j, slot, ret_differs);
	*ret_differs |= j->signal != 0 || judge_is_half_way(j, slot);
	return err;
}

struct error *judge_step(struct judge *j, struct prediction *slot, bool *ret_differs)
{
	struct compared compared;
	struct error *err = judge_compare(j, slot, &compared);

	*ret_differs = false;
	if (err)
		return err;
	judge_learn(j, slot, &compared);
	return judge_keep(j, slot, &compared, ret_differs);
}

struct error *judge_settle(struct judge *j, bool still)
{
	struct error *err = j->faulted && still ? judge_faulted_memory(j) : NULL;

	j->faulted = NULL;
	return err ? err : suspects_settle(j, still);
}
