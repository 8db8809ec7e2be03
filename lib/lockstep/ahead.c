#include "lib/lockstep/ahead.h"

#include <string.h>

void ahead_deinit(struct ahead *a)
{
	guard_deinit(&a->guard);
}

/* ---- The instruction ---- */

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
	*ret_why = predictor_read(p, pc, near, bytes, unknown);
	if (*ret_why != MEM_OK)
		return NULL;
	code->len = near;
	struct error *err = lift_cache_get(p->cache, pc, bytes, near, ret);
	if (!err && near != len && (*ret)->insn.status == LIFT_TRUNCATED) {
		*ret_why = predictor_read(p, pc + near, len - near, bytes + near, unknown + near);
		*ret = NULL;
		code->len = len;
		err = *ret_why == MEM_OK ? lift_cache_get(p->cache, pc, bytes, len, ret) : NULL;
	}
	if (!err && *ret && any_unknown(unknown, (*ret)->insn.len))
		*ret = NULL;
	return err;
}

struct error *ahead_fetch_code(struct ahead *a)
{
	struct predictor *p = a->model;
	uint64_t pc = state_get(&p->front, p->isa->pc);
	size_t len = p->isa->max_insn_len, left = MEMORY_PAGE - pc % MEMORY_PAGE;
	enum stance stance = p->source->stance;

	if (!state_known(&p->front, p->isa->pc))
		return NULL;
	p->source->stance = STANCE_STILL;
	if (!memory_page(p->memory, pc))
		predictor_know(p, pc, 1);
	if (!p->error && left < len && !memory_page(p->memory, pc + left))
		predictor_know(p, pc + left, 1);
	p->source->stance = stance;
	struct error *err = p->error;
	p->error = NULL;
	return err;
}

/* ---- What is to be done first ---- */

/*
 * An instruction that is not to be stepped. Where it has been already, in steps behind a difference, nobody knows
 * whether it was overrun: nothing is predicted.
 */
static bool stands_out(const struct ahead *a, const struct insn *insn, enum ahead_result *ret)
{
	bool been = a->model->source->stance == STANCE_AHEAD;

	if (a->model->grouping || a->alone || a->flows)
		return false;
	if (target_overruns(a->target, insn->overrun)) {
		*ret = been ? AHEAD_LAST : AHEAD_OVERRUN;
		return true;
	}
	if (insn->rest_len) {
		*ret = been ? AHEAD_LAST : AHEAD_REST;
		return true;
	}
	*ret = AHEAD_GROUP;
	return insn->opens && a->target->stops_reset && !been;
}

/*
 * What the guard says of the instruction. *ret_told: *ret says what to do, nothing is to be predicted. Where the target
 * has gone already, a door that it has come to is as good as a system call.
 */
static struct error *ask_guard(struct ahead *a, const struct prediction *slot, const struct code *code, bool *ret_alone,
			       bool *ret_told, enum ahead_result *ret)
{
	enum stance stance = a->model->source->stance;
	bool call = slot->lifted->kind == TRANSFER_SYSCALL, is_call;
	struct error *err = guard_look(a, slot->pc, code->bytes, code->len, ret_alone, &is_call);

	if (err)
		return err;
	bool wait = *ret_alone && stance == STANCE_BEHIND;
	call |= is_call || (*ret_alone && stance == STANCE_AHEAD);
	*ret_told = wait || call;
	if (*ret_told)
		*ret = wait ? AHEAD_WAIT : AHEAD_SYSCALL;
	return NULL;
}

/* An access to where the guest has nothing: a fault that was predicted, or what else cannot be said of it. */
static struct error *check_access(struct ahead *a, const struct prediction *slot)
{
	const struct predictor *p = a->model;
	bool fault = slot->kind == PREDICTED_FAULT && slot->fault == FAULT_PAGE && p->source->stance == STANCE_STILL;

	if (!p->fault_len || (!fault && slot->kind != PREDICTED_NOTHING))
		return NULL;
	return guard_access(a, slot->pc, p->fault_at, p->fault_len, false);
}

struct error *ahead_check_executed(struct ahead *a, const struct prediction *slot)
{
	const struct predictor *p = a->model;

	if (slot->kind != PREDICTED_FAULT || slot->fault != FAULT_PAGE || !p->fault_len)
		return NULL;
	return guard_access(a, slot->pc, p->fault_at, p->fault_len, true);
}

struct error *ahead_next(struct ahead *a, struct prediction *slot, enum ahead_result *ret)
{
	struct predictor *p = a->model;
	enum mem_result why = MEM_FAULT;
	enum predict_result predicted;
	struct lifted *lifted;
	struct code code;
	bool alone = false, told;
	uint64_t number;

	*ret = AHEAD_WAIT;
	if (!state_known(&p->front, p->isa->pc))
		return NULL;
	predict_begin(p, slot);
	*ret = AHEAD_SYSCALL;
	if (isa_gate_call(p->isa, slot->pc, &number))
		return NULL;
	struct error *err = fetch_insn(p, slot->pc, &code, &lifted, &why);
	if (err)
		return err;
	slot->lifted = lifted;
	if (lifted) {
		err = ask_guard(a, slot, &code, &alone, &told, ret);
		if (err || told || stands_out(a, &lifted->insn, ret))
			return err;
		a->alone = false;
	}
	err = predict_insn(p, slot, lifted, why, &predicted);
	*ret = (enum ahead_result)predicted;
	if (!err && lifted && predicted != PREDICT_WAIT)
		err = check_access(a, slot);
	if (!err && alone && *ret == AHEAD_DONE)
		*ret = AHEAD_LAST;
	return err;
}
