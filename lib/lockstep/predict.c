#include <string.h>

#include "lib/lockstep/faulted.h"
#include "lib/lockstep/predict_parts.h"

struct error *predictor_init(struct predictor *p, struct target *target)
{
	*p = (struct predictor){.target = target, .isa = target->isa};

	struct error *err = lift_cache_create(target->isa, 0, &p->cache);
	if (!err)
		err = memory_create(&p->memory);
	if (!err)
		err = state_init(&p->front, target->isa);
	if (err)
		predictor_deinit(p);
	else
		memory_journal_start(p->memory);
	return err;
}

void predictor_deinit(struct predictor *p)
{
	lift_cache_destroy(p->cache);
	memory_destroy(p->memory);
	map_deinit(&p->mapped);
	guard_deinit(&p->guard);
	state_deinit(&p->front);
	eval_deinit(&p->eval);
	error_destroy(p->error);
	*p = (struct predictor){0};
}

static struct error *apply(struct predictor *p, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->regs.len; i++)
		state_set_masked(&p->front, slot->regs.at[i].reg, prediction_value(slot, i),
				 prediction_mask(slot, i, p->isa));
	for (size_t i = 0; i < slot->stores.len && !p->given; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		struct error *err = memory_write(p->memory, s->address, s->data, s->masked ? s->mask : NULL, s->len);
		if (err)
			return err;
	}
	return NULL;
}

static bool any_masked(const struct prediction *slot)
{
	for (size_t i = 0; i < slot->stores.len; i++)
		if (slot->stores.at[i].masked)
			return true;
	return false;
}

static struct error *take_error(struct predictor *p)
{
	struct error *err = p->error;

	p->error = NULL;
	return err ? err : error_create(ERROR_BUG, "evaluation stopped without a reason");
}

/* Did it come to that? Its stores may fault, and what it does in front of a page that faults is to be known before. */
static enum eval_status reach_memory(struct predictor *p, struct prediction *slot)
{
	enum mem_result reach = MEM_OK;
	bool fault = p->eval.status == EVAL_FAULT && p->eval.fault == FAULT_PAGE;
	bool stores = p->eval.status == EVAL_DONE || p->eval.last_fault;

	if (stores)
		reach = predict_reach_stores(p);
	if (reach != MEM_ERROR && stores && p->eval.num_stores && !p->given && !span_stores(p, slot))
		reach = MEM_ERROR;
	if (fault && !p->given && !span_operand(p, slot))
		reach = MEM_ERROR;
	if (reach == MEM_OK)
		return p->eval.status;
	p->eval.fault = FAULT_PAGE;
	p->eval.last_fault = false;
	return reach == MEM_FAULT ? EVAL_FAULT : EVAL_ERROR;
}

/* Behind MEM_ERROR. */
static struct error *wait_for_target(struct predictor *p, enum predict_result *ret)
{
	*ret = PREDICT_WAIT;
	return p->waiting ? NULL : take_error(p);
}

/*
 * Moves the front behind the outputs of the slot. Undefined bytes in memory are whatever the target makes of them: look
 * before going on. So is memory that takes more reads than a plan has.
 */
static struct error *advance(struct predictor *p, const struct prediction *slot, enum predict_result *ret)
{
	*ret = any_masked(slot) || slot->stores.len > TARGET_MAX_READS ? PREDICT_LAST : PREDICT_DONE;
	return apply(p, slot);
}

/* What cannot be predicted is executed only if what its operand names is not the emulator's own. */
static struct error *check_operand(struct predictor *p, const struct prediction *slot, enum predict_result *ret)
{
	switch (predict_reach_operand(p, &slot->lifted->insn)) {
	case MEM_OK: return NULL;
	case MEM_FAULT: return guard_access(p, slot->pc, p->fault_at, p->fault_len);
	case MEM_ERROR: break;
	}
	return wait_for_target(p, ret);
}

/* What the evaluation came to. */
static struct error *conclude(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	enum eval_status status = reach_memory(p, slot);
	struct error *err;

	/* What was fetched for it stays known when its stores are taken back. */
	slot->mark = memory_journal_mark(p->memory);

	switch (status) {
	case EVAL_DONE:
		err = predict_keep_outputs(p, slot, &p->eval);
		if (err)
			return err;
		slot->kind = PREDICTED_OUTPUTS;
		slot->imprecise = p->eval.used_unknown;
		return advance(p, slot, ret);
	case EVAL_FAULT:
		slot->kind = PREDICTED_FAULT;
		slot->fault = p->eval.fault;
		*ret = PREDICT_LAST;
		if (p->eval.last_fault)
			return predict_keep_faulted(slot, &p->eval);
		return slot->fault == FAULT_PAGE && p->idle && p->fault_len
			       ? guard_access(p, slot->pc, p->fault_at, p->fault_len)
			       : NULL;
	case EVAL_UNKNOWN:
		*ret = p->idle || p->blind ? PREDICT_LAST : PREDICT_WAIT;
		return *ret == PREDICT_LAST ? check_operand(p, slot, ret) : NULL;
	case EVAL_ERROR: return wait_for_target(p, ret);
	}
	return error_create(ERROR_BUG, "unknown status of an evaluation");
}

static bool any_unknown(const uint8_t *unknown, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (unknown[i])
			return true;
	return false;
}

/* What is at the PC: no more of it than the instruction needs, where that is near a page's end. */
struct code {
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t len;
};

/* The instruction at pc, or NULL in *ret with a reason in *ret_why; MEM_OK: its bytes are not known, and not asked for.
 */
static struct error *fetch_insn(struct predictor *p, uint64_t pc, struct code *code, struct lifted **ret,
				enum mem_result *ret_why)
{
	uint8_t *bytes = code->bytes, unknown[ISA_MAX_INSN_LEN];
	size_t len = p->isa->max_insn_len, left = MEMORY_PAGE - pc % MEMORY_PAGE;
	const uint8_t *page = memory_page(p->memory, pc);

	if (p->isa->lifter_set_checks)
		lift_cache_set_checks(p->cache, state_get(&p->front, p->isa->checks_flag));
	*ret = NULL;
	*ret_why = MEM_OK;
	if (page && left >= len) {
		code->len = len;
		memcpy(bytes, page + pc % MEMORY_PAGE, len);
		return lift_cache_get(p->cache, pc, bytes, len, ret);
	}

	/* Near the page's end the next one is asked for only if the instruction needs it. */
	size_t near = left < len ? left : len;
	*ret_why = predict_read_known(p, pc, near, bytes, unknown);
	if (*ret_why != MEM_OK)
		return NULL;
	code->len = near;
	struct error *err = lift_cache_get(p->cache, pc, bytes, near, ret);
	if (!err && near != len && (*ret)->insn.status == LIFT_TRUNCATED) {
		*ret_why = predict_read_known(p, pc + near, len - near, bytes + near, unknown + near);
		*ret = NULL;
		code->len = len;
		err = *ret_why == MEM_OK ? lift_cache_get(p->cache, pc, bytes, len, ret) : NULL;
	}
	if (!err && *ret && any_unknown(unknown, (*ret)->insn.len))
		*ret = NULL;
	return err;
}

/*
 * An instruction that is not to be stepped. Where it has been already, in steps behind a difference, nobody knows
 * whether it was overrun: nothing is predicted.
 */
static bool stands_out(const struct predictor *p, const struct insn *insn, enum predict_result *ret)
{
	if (p->grouping || p->alone || p->given)
		return false;
	if (target_overruns(p->target, insn->overrun)) {
		*ret = p->blind ? PREDICT_LAST : PREDICT_OVERRUN;
		return true;
	}
	*ret = PREDICT_GROUP;
	return insn->opens && p->target->stops_reset && !p->blind;
}

/* There is no transfer. */
static struct error *predict_unmodelled(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	if (!p->given && slot->lifted->insn.may_store && !span_operand(p, slot))
		return wait_for_target(p, ret);
	*ret = PREDICT_LAST;
	return check_operand(p, slot, ret);
}

/*
 * What the guard says of the instruction. *ret_told: *ret says what to do, nothing is to be predicted. Where the target
 * has gone already, a door that it has come to is as good as a system call.
 */
static struct error *ask_guard(struct predictor *p, const struct prediction *slot, const struct code *code,
			       bool *ret_alone, bool *ret_told, enum predict_result *ret)
{
	bool call = slot->lifted->kind == TRANSFER_SYSCALL, is_call;

	*ret_alone = false;
	if (!p->given) {
		struct error *err = guard_look(p, slot->pc, code->bytes, code->len, ret_alone, &is_call);
		if (err)
			return err;
		call |= is_call;
	}
	bool wait = *ret_alone && !p->idle && !p->blind;
	call |= *ret_alone && p->blind;
	*ret_told = wait || call;
	if (*ret_told)
		*ret = wait ? PREDICT_WAIT : PREDICT_SYSCALL;
	return NULL;
}

static struct error *predict_insn(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	const struct eval_memory memory = {.ctx = p, .load = predict_load};

	if (!slot->lifted->prog)
		return predict_unmodelled(p, slot, ret);
	struct error *err = prog_run(slot->lifted->prog, p->front.value, p->front.unknown, &memory, &p->eval);
	return err ? err : conclude(p, slot, ret);
}

/* There is no instruction: the PC's page is not there, or what is there is not known. */
static struct error *predict_no_insn(struct predictor *p, struct prediction *slot, enum mem_result why,
				     enum predict_result *ret)
{
	if (why == MEM_ERROR && !p->waiting)
		return take_error(p);
	*ret = p->waiting ? PREDICT_WAIT : PREDICT_LAST;
	slot->kind = why == MEM_OK ? PREDICTED_NOTHING : PREDICTED_FAULT;
	slot->fault = FAULT_PAGE;
	return NULL;
}

static void begin(struct predictor *p, struct prediction *slot)
{
	prediction_reset(slot, state_get(&p->front, p->isa->pc));
	slot->mark = memory_journal_mark(p->memory);
	p->waiting = false;
	p->fault_len = 0;
	p->current = slot;
}

struct error *predict_next(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	enum mem_result why = MEM_FAULT;
	struct error *err = NULL;
	struct code code;
	bool alone, told;
	uint64_t number;

	if (!state_known(&p->front, p->isa->pc)) {
		*ret = PREDICT_WAIT;
		return NULL;
	}
	begin(p, slot);
	if (!p->given && isa_gate_call(p->isa, slot->pc, &number)) {
		*ret = PREDICT_SYSCALL;
		return NULL;
	}
	if (p->given)
		slot->lifted = p->given->lifted;
	else
		err = fetch_insn(p, slot->pc, &code, &slot->lifted, &why);
	if (err)
		return err;
	if (!slot->lifted)
		return predict_no_insn(p, slot, why, ret);
	err = ask_guard(p, slot, &code, &alone, &told, ret);
	if (err || told || stands_out(p, &slot->lifted->insn, ret))
		return err;
	p->alone = false;
	err = predict_insn(p, slot, ret);
	if (!err && alone && *ret == PREDICT_DONE)
		*ret = PREDICT_LAST;
	return err;
}

struct error *predict_again(struct predictor *p, struct prediction *slot, const struct state *before)
{
	const struct eval_memory memory = {.ctx = p, .load = predict_load_again};

	p->current = slot;
	struct error *err = prog_run(slot->lifted->prog, before->value, before->unknown, &memory, &p->eval);
	if (err || p->eval.status != EVAL_DONE)
		return err;
	slot->imprecise = p->eval.used_unknown;
	return predict_keep_outputs(p, slot, &p->eval);
}
