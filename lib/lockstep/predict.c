#include "lib/lockstep/predict.h"

#include <string.h>

#include "lib/lockstep/faulted.h"
#include "lib/lockstep/witness.h"
#include "lib/sys/initial_stack.h"

/* ---- Memory ---- */

/* Fetches the pages of a range from the target. True if all of it is mapped. */
static bool fetch(struct predictor *p, uint64_t address, size_t len)
{
	uint64_t first = address & -(uint64_t)MEMORY_PAGE;
	size_t pages = (size_t)((address + len - 1 - first) / MEMORY_PAGE) + 1;

	for (size_t i = 0; i < pages; i++) {
		uint8_t page[MEMORY_PAGE];
		size_t got = 0;
		p->error = target_read_memory(p->target, first + i * MEMORY_PAGE, page, sizeof page, &got);
		if (!p->error && got == sizeof page)
			p->error = memory_fill(p->memory, first + i * MEMORY_PAGE, page, sizeof page);
		if (!p->error && got == sizeof page && !map_put(&p->mapped, first / MEMORY_PAGE + i))
			p->error = &error_no_memory;
		if (p->error || got != sizeof page)
			return false;
	}
	return true;
}

/* Reads guest memory as the model knows it, fetching what it does not know when the target stands still. */
static enum mem_result read_known(struct predictor *p, uint64_t address, size_t len, uint8_t *ret, uint8_t *unknown)
{
	if (memory_read(p->memory, address, ret, unknown, len) || p->blind)
		return MEM_OK;
	if (!p->idle) {
		p->waiting = true;
		return MEM_ERROR;
	}
	if (!fetch(p, address, len))
		return p->error ? MEM_ERROR : MEM_FAULT;
	memory_read(p->memory, address, ret, unknown, len);
	return MEM_OK;
}

enum mem_result predictor_know(struct predictor *p, uint64_t address, size_t len)
{
	uint8_t bytes[64], unknown[64];
	enum mem_result result = len <= sizeof bytes ? read_known(p, address, len, bytes, unknown) : MEM_FAULT;

	return result;
}

/* Copies what an access has of the bytes; false if that is nothing. */
static bool read_access(const struct trace_access *a, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	bool any = false;

	for (unsigned i = 0; i < len; i++) {
		uint64_t at = address + i - a->address;
		if (at >= a->len)
			continue;
		any = true;
		if (!(a->known >> at & 1))
			continue;
		ret[i] = a->data[at];
		unknown[i] = 0;
	}
	return any;
}

static enum mem_result read_given(const struct given *g, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	bool any = false;

	memset(ret, 0, len);
	memset(unknown, 0xff, len);
	for (size_t i = 0; i < g->num_accesses; i++)
		if (!g->accesses[i].store)
			any |= read_access(&g->accesses[i], address, len, ret, unknown);
	return any || !g->stopped ? MEM_OK : MEM_FAULT;
}

static void note_fault(struct predictor *p, uint64_t address, size_t len)
{
	p->fault_at = address;
	p->fault_len = len;
}

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct predictor *p = ctx;
	enum mem_result result = p->given ? read_given(p->given, address, len, ret, unknown)
					  : read_known(p, address, len, ret, unknown);

	if (result == MEM_FAULT)
		note_fault(p, address, len);
	if (result != MEM_OK)
		return result;
	if (!vec_reserve(&p->current->loads, p->current->loads.len + 1)) {
		p->error = &error_no_memory;
		return MEM_ERROR;
	}
	struct predicted_load *l = &p->current->loads.at[p->current->loads.len++];
	l->address = address;
	l->len = (uint8_t)len;
	memcpy(l->data, ret, len);
	memcpy(l->unknown, unknown, len);
	return MEM_OK;
}

/* The loads of a prediction, seen once more. */
static enum mem_result load_again(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct predictor *p = ctx;

	for (size_t i = 0; i < p->current->loads.len; i++) {
		const struct predicted_load *l = &p->current->loads.at[i];
		if (l->address == address && l->len == len) {
			memcpy(ret, l->data, len);
			memcpy(unknown, l->unknown, len);
			return MEM_OK;
		}
	}
	memset(ret, 0, len);
	memset(unknown, 0xff, len);
	return MEM_OK;
}

/* The kernel makes the stack larger when the program reaches below it. */
static bool may_be_stack(const struct predictor *p, uint64_t page)
{
	return initial_stack_reaches(p->stack, state_get(&p->front, p->isa->sp), page * MEMORY_PAGE);
}

/* What the accesses have of a page. */
static enum mem_result read_given_page(const struct given *g, uint64_t address, uint8_t *ret, uint8_t *unknown)
{
	bool any = false;

	memset(ret, 0, MEMORY_PAGE);
	memset(unknown, 0xff, MEMORY_PAGE);
	for (size_t i = 0; i < g->num_accesses; i++) {
		const struct trace_access *a = &g->accesses[i];
		for (unsigned k = 0; k < a->len && !a->store; k++) {
			uint64_t at = a->address + k - address;
			if (at >= MEMORY_PAGE || !(a->known >> k & 1))
				continue;
			any = true;
			ret[at] = a->data[k];
			unknown[at] = 0;
		}
	}
	return any || !g->stopped ? MEM_OK : MEM_FAULT;
}

enum mem_result predictor_read_page(struct predictor *p, uint64_t address, uint8_t *ret, uint8_t *unknown)
{
	if (p->given)
		return read_given_page(p->given, address, ret, unknown);
	return read_known(p, address, MEMORY_PAGE, ret, unknown);
}

/* Is the page there? Where the target stands still it is asked. */
static enum mem_result reach_page(struct predictor *p, uint64_t page)
{
	uint8_t byte;
	size_t got = 0;

	if (p->blind || map_get(&p->mapped, page))
		return MEM_OK;
	if (!p->idle) {
		p->waiting = true;
		return MEM_ERROR;
	}
	p->error = target_read_memory(p->target, page * MEMORY_PAGE, &byte, 1, &got);
	if (!p->error && got && !map_put(&p->mapped, page))
		p->error = &error_no_memory;
	if (p->error)
		return MEM_ERROR;
	return got || may_be_stack(p, page) ? MEM_OK : MEM_FAULT;
}

/* A recorder that predicted a store has it among the accesses, also if a signal came instead. */
static bool is_given(const struct given *g, const struct eval_store *s)
{
	for (size_t i = 0; i < g->num_accesses; i++)
		if (g->accesses[i].store && g->accesses[i].address == s->address)
			return true;
	return false;
}

static enum mem_result reach_given(const struct predictor *p)
{
	for (size_t i = 0; i < p->eval.num_stores && p->given->stopped; i++)
		if (!is_given(p->given, &p->eval.stores[i]))
			return MEM_FAULT;
	return MEM_OK;
}

/* Stores to where nothing is fault. Whether what is there may be written to, no target tells. */
static enum mem_result reach_stores(struct predictor *p)
{
	enum mem_result result = MEM_OK;

	if (p->given)
		return reach_given(p);
	for (size_t i = 0; i < p->eval.num_stores && result == MEM_OK; i++) {
		const struct eval_store *s = &p->eval.stores[i];
		uint64_t first = s->address / MEMORY_PAGE, last = (s->address + s->len - 1) / MEMORY_PAGE;
		result = reach_page(p, first);
		if (result == MEM_OK && last != first)
			result = reach_page(p, last);
		if (result == MEM_FAULT)
			note_fault(p, s->address, s->len);
	}
	return result;
}

/* Of a trace nobody can be asked. */
bool predictor_may_map(const struct predictor *p, uint64_t address)
{
	return p->given || may_be_stack(p, address / MEMORY_PAGE);
}

void predictor_remap(struct predictor *p)
{
	map_clear(&p->mapped);
}

/* ---- Slots ---- */

static void slot_reset(struct prediction *slot, uint64_t pc)
{
	slot->kind = PREDICTED_NOTHING;
	slot->pc = pc;
	slot->lifted = NULL;
	slot->fault = FAULT_NONE;
	slot->imprecise = slot->by_host = slot->open = false;
	slot->stores_seen = true;
	slot->regs.len = slot->words.len = slot->stores.len = slot->loads.len = slot->spans.len = 0;
}

void prediction_deinit(struct prediction *slot)
{
	vec_deinit(&slot->regs);
	vec_deinit(&slot->words);
	vec_deinit(&slot->stores);
	vec_deinit(&slot->loads);
	vec_deinit(&slot->spans);
}

bool prediction_keep_reg(struct prediction *slot, const struct eval_reg *r)
{
	size_t at = slot->words.len, n = r->num_words;

	if (!vec_reserve(&slot->words, at + 2 * n) ||
	    !vec_push(&slot->regs, ((struct predicted_reg){.reg = r->reg, .word = (uint16_t)at})))
		return false;
	memcpy(slot->words.at + at, r->value, n * sizeof *r->value);
	if (r->mask)
		memcpy(slot->words.at + at + n, r->mask, n * sizeof *r->mask);
	else
		memset(slot->words.at + at + n, 0, n * sizeof *r->mask);
	slot->words.len += 2 * n;
	return true;
}

static bool is_reset(const struct isa *isa, uint32_t reg)
{
	for (uint32_t i = 0; i < isa->num_reset; i++)
		if (isa->reset[i] == reg)
			return true;
	return false;
}

/* A step flag that the target hides is its own: what the guest makes of it does not last until the next instruction. */
static bool is_hidden_step_flag(const struct predictor *p, uint32_t reg)
{
	return reg && reg == p->isa->step_flag && p->target->hidden[p->isa->regs[reg].word];
}

/* Copies the outputs of the last evaluation. The stop behind the instruction is part of what happens. */
static struct error *keep_outputs(const struct predictor *p, struct prediction *slot, const struct eval *e)
{
	static const uint64_t zeros[EXPR_MAX_WORDS], flag[] = {1};
	bool stop = p->target->stops_reset && !p->grouping;

	slot->regs.len = slot->words.len = slot->stores.len = 0;
	for (size_t i = 0; i < e->num_regs; i++) {
		struct eval_reg r = e->regs[i];
		if (stop && is_reset(p->isa, r.reg)) {
			r.value = zeros;
			r.mask = NULL;
		}
		if (is_hidden_step_flag(p, r.reg)) {
			r.value = zeros;
			r.mask = flag;
		}
		if (!prediction_keep_reg(slot, &r))
			return &error_no_memory;
	}
	for (size_t i = 0; i < e->num_stores; i++)
		if (!vec_push(&slot->stores, e->stores[i]))
			return &error_no_memory;
	return NULL;
}

/* The registers that the target does not show unasked. */
static void plan_regs(const struct prediction *slot, const struct target *target, struct target_plan *ret)
{
	ret->num_regs = 0;
	ret->all_regs = slot->kind != PREDICTED_OUTPUTS;
	for (size_t i = 0; target->on_request && i < slot->regs.len && !ret->all_regs; i++) {
		uint32_t reg = slot->regs.at[i].reg;
		if (!target->on_request[reg])
			continue;
		ret->all_regs = ret->num_regs == TARGET_MAX_REGS;
		if (!ret->all_regs)
			ret->reg[ret->num_regs++] = (uint16_t)reg;
	}
}

void prediction_plan(struct prediction *slot, const struct target *target, struct target_plan *ret)
{
	plan_regs(slot, target, ret);
	ret->num_reads = 0;
	slot->stores_seen = slot->kind != PREDICTED_OUTPUTS || slot->stores.len <= TARGET_MAX_READS;
	if (slot->kind != PREDICTED_OUTPUTS || !slot->stores_seen)
		return;
	for (size_t i = 0; i < slot->stores.len; i++)
		ret->read[ret->num_reads++] = (struct target_read){.address = slot->stores.at[i].address,
								   .len = slot->stores.at[i].len};
}

/* ---- Prediction ---- */

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
	witness_destroy(p->witness);
	lift_cache_destroy(p->cache);
	memory_destroy(p->memory);
	map_deinit(&p->mapped);
	guard_deinit(&p->guard);
	state_deinit(&p->front);
	eval_deinit(&p->eval);
	error_destroy(p->error);
	*p = (struct predictor){0};
}

struct error *predictor_ask_oracle(struct predictor *p, struct oracle *oracle)
{
	return oracle ? witness_create(p->isa, oracle, &p->witness) : NULL;
}

/* Moves the front behind the outputs of the slot. */
static struct error *advance(struct predictor *p, const struct prediction *slot)
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

	if (p->eval.status == EVAL_DONE)
		reach = reach_stores(p);
	if (reach != MEM_ERROR && p->eval.status == EVAL_DONE && p->eval.num_stores && !p->given &&
	    !span_stores(p, slot))
		reach = MEM_ERROR;
	if (fault && !p->given && !span_operand(p, slot))
		reach = MEM_ERROR;
	if (reach == MEM_OK)
		return p->eval.status;
	p->eval.fault = FAULT_PAGE;
	return reach == MEM_FAULT ? EVAL_FAULT : EVAL_ERROR;
}

struct error *predictor_wait(struct predictor *p, enum predict_result *ret)
{
	*ret = PREDICT_WAIT;
	return p->waiting ? NULL : take_error(p);
}

/*
 * Undefined bytes in memory are whatever the target makes of them: look before going on. So is memory that takes more
 * reads than a plan has.
 */
struct error *predictor_advance(struct predictor *p, const struct prediction *slot, enum predict_result *ret)
{
	*ret = any_masked(slot) || slot->stores.len > TARGET_MAX_READS ? PREDICT_LAST : PREDICT_DONE;
	return advance(p, slot);
}

/* Is what its operand names there? */
static enum mem_result reach_operand(struct predictor *p, const struct insn *insn)
{
	uint64_t address;
	size_t len = p->given ? 0 : operand_at(p, insn, &address);
	enum mem_result result = len ? reach_page(p, address / MEMORY_PAGE) : MEM_OK;

	if (len && result == MEM_OK)
		result = reach_page(p, (address + len - 1) / MEMORY_PAGE);
	if (result == MEM_FAULT)
		note_fault(p, address, len);
	return result;
}

/* What cannot be predicted is executed only if what its operand names is not the emulator's own. */
static struct error *check_operand(struct predictor *p, const struct prediction *slot, enum predict_result *ret)
{
	switch (reach_operand(p, &slot->lifted->insn)) {
	case MEM_OK: return NULL;
	case MEM_FAULT: return guard_access(p, slot->pc, p->fault_at, p->fault_len);
	case MEM_ERROR: break;
	}
	return predictor_wait(p, ret);
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
		err = keep_outputs(p, slot, &p->eval);
		if (err)
			return err;
		slot->kind = PREDICTED_OUTPUTS;
		slot->imprecise = p->eval.used_unknown;
		return predictor_advance(p, slot, ret);
	case EVAL_FAULT:
		slot->kind = PREDICTED_FAULT;
		slot->fault = p->eval.fault;
		*ret = PREDICT_LAST;
		return slot->fault == FAULT_PAGE && p->idle && p->fault_len
			       ? guard_access(p, slot->pc, p->fault_at, p->fault_len)
			       : NULL;
	case EVAL_UNKNOWN:
		*ret = p->idle || p->blind ? PREDICT_LAST : PREDICT_WAIT;
		return *ret == PREDICT_LAST ? check_operand(p, slot, ret) : NULL;
	case EVAL_ERROR: return predictor_wait(p, ret);
	}
	return error_create(ERROR_BUG, "unknown status of an evaluation");
}

struct error *predictor_fetch_code(struct predictor *p)
{
	uint64_t pc = state_get(&p->front, p->isa->pc);
	size_t len = p->isa->max_insn_len, left = MEMORY_PAGE - pc % MEMORY_PAGE;

	if (!state_known(&p->front, p->isa->pc))
		return NULL;
	if (!memory_page(p->memory, pc))
		fetch(p, pc, 1);
	if (!p->error && left < len && !memory_page(p->memory, pc + left))
		fetch(p, pc + left, 1);
	struct error *err = p->error;
	p->error = NULL;
	return err;
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

	*ret = NULL;
	*ret_why = MEM_OK;
	if (page && left >= len) {
		code->len = len;
		memcpy(bytes, page + pc % MEMORY_PAGE, len);
		return lift_cache_get(p->cache, pc, bytes, len, ret);
	}

	/* Near the page's end the next one is asked for only if the instruction needs it. */
	size_t near = left < len ? left : len;
	*ret_why = read_known(p, pc, near, bytes, unknown);
	if (*ret_why != MEM_OK)
		return NULL;
	code->len = near;
	struct error *err = lift_cache_get(p->cache, pc, bytes, near, ret);
	if (!err && near != len && (*ret)->insn.status == LIFT_TRUNCATED) {
		*ret_why = read_known(p, pc + near, len - near, bytes + near, unknown + near);
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
		return predictor_wait(p, ret);
	*ret = PREDICT_LAST;
	struct error *err = check_operand(p, slot, ret);
	if (err || *ret != PREDICT_LAST)
		return err;
	return p->witness ? witness_predict(p->witness, p, slot, ret) : NULL;
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

/* By the transfer, or by whoever else knows. */
static struct error *predict_insn(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	const struct eval_memory memory = {.ctx = p, .load = load};

	if (!slot->lifted->prog)
		return predict_unmodelled(p, slot, ret);
	struct error *err = prog_run(slot->lifted->prog, p->front.value, p->front.unknown, &memory, &p->eval);
	return err ? err : conclude(p, slot, ret);
}

struct error *predict_next(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	enum mem_result why;
	struct code code;
	bool alone, told;

	if (!state_known(&p->front, p->isa->pc)) {
		*ret = PREDICT_WAIT;
		return NULL;
	}
	slot_reset(slot, state_get(&p->front, p->isa->pc));
	slot->mark = memory_journal_mark(p->memory);
	p->waiting = false;
	p->fault_len = 0;
	p->current = slot;

	uint64_t number;
	if (!p->given && isa_gate_call(p->isa, slot->pc, &number)) {
		*ret = PREDICT_SYSCALL;
		return NULL;
	}
	struct error *err = NULL;
	if (p->given) {
		slot->lifted = p->given->lifted;
		why = MEM_FAULT;
	} else {
		err = fetch_insn(p, slot->pc, &code, &slot->lifted, &why);
	}
	if (err)
		return err;
	if (!slot->lifted) {
		if (why == MEM_ERROR && !p->waiting)
			return take_error(p);
		*ret = p->waiting ? PREDICT_WAIT : PREDICT_LAST;
		slot->kind = why == MEM_OK ? PREDICTED_NOTHING : PREDICTED_FAULT;
		slot->fault = FAULT_PAGE;
		return NULL;
	}
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
	const struct eval_memory memory = {.ctx = p, .load = load_again};

	p->current = slot;
	struct error *err = prog_run(slot->lifted->prog, before->value, before->unknown, &memory, &p->eval);
	if (err || p->eval.status != EVAL_DONE)
		return err;
	slot->imprecise = p->eval.used_unknown;
	return keep_outputs(p, slot, &p->eval);
}
