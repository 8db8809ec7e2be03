#include "lib/judge/faulted.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/expr/marks.h"
#include "lib/judge/judge.h"
#include "lib/sys/signal.h"

/* ---- What it would write ---- */

static uint64_t page_of(uint64_t address)
{
	return address / MEMORY_PAGE;
}

static bool add_range(struct predictor *p, struct prediction *slot, uint64_t address, size_t len)
{
	enum { CHUNK = sizeof((struct eval_store *)0)->data };

	for (size_t at = 0; at < len; at += CHUNK) {
		struct memory_range range = {address + at, (uint8_t)(len - at < CHUNK ? len - at : CHUNK)};
		if (!vec_push(&slot->ranges, range)) {
			p->error = &error_no_memory;
			return false;
		}
	}
	return true;
}

/* Of memory that cannot be read nothing will be known: that shows when it is compared. What was fetched is to stay when
 * the instruction's stores are taken back. */
static bool know_ranges(struct predictor *p, struct prediction *slot)
{
	for (size_t i = 0; i < slot->ranges.len; i++) {
		const struct memory_range *s = &slot->ranges.at[i];
		uint64_t end = s->address + s->len, second = page_of(end - 1) * MEMORY_PAGE;
		uint64_t middle = page_of(s->address) == page_of(end - 1) ? end : second;
		if (predictor_know(p, s->address, (size_t)(middle - s->address)) == MEM_ERROR ||
		    (middle != end && predictor_know(p, middle, (size_t)(end - middle)) == MEM_ERROR))
			return false;
	}
	slot->mark = memory_journal_mark(p->memory);
	return true;
}

bool know_stores(struct predictor *p, struct prediction *slot)
{
	const struct eval_store *stores = p->eval.stores;
	bool crosses = false;

	for (size_t i = 0; i < p->eval.num_stores; i++)
		crosses |= page_of(stores[i].address) != page_of(stores[0].address) ||
			   page_of(stores[i].address + stores[i].len - 1) != page_of(stores[0].address);
	slot->ranges.len = 0;
	if (!crosses)
		return true;
	for (size_t i = 0; i < p->eval.num_stores; i++)
		if (!add_range(p, slot, stores[i].address, stores[i].len))
			return false;
	return know_ranges(p, slot);
}

size_t operand_at(const struct predictor *p, const struct insn *insn, uint64_t *ret_address)
{
	*ret_address = insn->operand.offset;
	for (unsigned i = 0; i < insn->operand.num_terms; i++) {
		if (!state_known(&p->front, insn->operand.term[i].reg))
			return 0;
		*ret_address += state_get(&p->front, insn->operand.term[i].reg) * insn->operand.term[i].scale;
	}
	return insn->operand.len;
}

bool know_operand(struct predictor *p, struct prediction *slot)
{
	uint64_t address;
	size_t len = operand_at(p, &slot->lifted->insn, &address);

	slot->ranges.len = 0;
	if (!len || page_of(address) == page_of(address + len - 1))
		return true;
	return add_range(p, slot, address, len) && know_ranges(p, slot);
}

/* ---- Registers ---- */

/* Registers that the transfer computes addresses from. The caller frees it; NULL: out of memory. */
static bool *address_needs(const struct transfer *t)
{
	bool *needed = calloc(expr_pool_size(t->pool), sizeof *needed);

	if (!needed)
		return NULL;
	for (expr_id i = 1; i < expr_pool_size(t->pool); i++)
		if (expr_get(t->pool, i)->op == EXPR_LOAD)
			needed[expr_get(t->pool, i)->arg[0]] = true;
	for (size_t i = 0; i < t->stores.len; i++)
		needed[t->stores.at[i].address] = true;
	marks_spread(needed, t->pool);
	return needed;
}

/* An instruction that makes several accesses may have loaded it already, one that gathers a part of it. */
static struct error *may_be_loaded(struct judge *j, const struct prediction *slot, uint32_t reg, bool *ret)
{
	const struct insn *insn = slot->lifted ? &slot->lifted->insn : NULL;
	const struct transfer *t;
	struct insn again;

	*ret = !insn || (!slot->lifted->prog && insn_may_change(insn, reg));
	if (*ret || !slot->lifted->prog)
		return NULL;
	struct error *err = lift_again(j->model.cache, slot->pc, insn->bytes, insn->len, &again, &t);
	if (err || transfer_get_reg(t, reg) == EXPR_NONE)
		return err;
	bool *needed = address_needs(t), base = false;
	if (!needed)
		return &error_no_memory;
	for (expr_id i = 1; i < expr_pool_size(t->pool); i++)
		base |= needed[i] && expr_get(t->pool, i)->op == EXPR_REG && expr_get(t->pool, i)->attr == reg;
	free(needed);
	/* How far one with a rest came the register tells that counts it. */
	*ret = !base || again.piecewise || (again.rest_len && slot->kind == PREDICTED_NOTHING);
	return NULL;
}

/*
 * A floating-point exception is told in the control and status registers before it is raised (SDM vol. 1, 4.9.1; APM
 * vol. 1, 4.10.2): which flags, a prediction says.
 */
static struct error *may_change(struct judge *j, const struct prediction *slot, uint32_t reg, bool *ret)
{
	enum reg_class class = j->source->isa->regs[reg].class;
	bool told = slot->kind == PREDICTED_FAULT && slot->regs.len > 0;
	const struct insn *insn = slot->lifted ? &slot->lifted->insn : NULL;
	bool parts = insn && (insn->piecewise || (insn->floats_first && class == REG_FLOAT));
	bool whole = j->source->isa->faults_whole && !parts;

	*ret = j->reply.stop.signal == SIGFPE && !told && (class == REG_CONTROL || class == REG_FLOAT);
	return *ret || whole ? NULL : may_be_loaded(j, slot, reg, ret);
}

struct error *judge_faulted_registers(struct judge *j, const struct prediction *slot)
{
	struct prediction left = {.kind = PREDICTED_OUTPUTS, .pc = slot->pc};
	struct judgement *made = &j->judgement;
	size_t from = made->differences.len, kept = from;

	/* A trap is reported behind its instruction, which has done what it does. */
	if (j->reply.stop.signal == SIGTRAP) {
		keep_registers(j->source, &j->before, &j->seen, &j->now);
		return NULL;
	}
	if (slot->kind == PREDICTED_FAULT) {
		left.regs = slot->regs;
		left.words = slot->words;
	}
	struct error *err = judge_outputs(made, j->source, &left, &j->before, &j->seen, NULL, &j->reply.touched,
					  &j->now);
	for (size_t i = from; i < made->differences.len && !err; i++) {
		bool may;
		err = may_change(j, slot, made->differences.at[i].reg, &may);
		if (err || may)
			continue;
		made->differences.at[kept] = made->differences.at[i];
		made->differences.at[kept++].faulted = true;
	}
	made->differences.len = kept;
	return err;
}

/* ---- Memory ---- */

/* What memory holds in a range now, and what the model knows of it. Of what cannot be read nothing is known. */
struct range_bytes {
	uint8_t seen[64], model[64], unknown[64];
	size_t got; /* bytes that can be read */
};

static struct error *read_range(struct judge *j, const struct memory_range *range, struct range_bytes *ret)
{
	*ret = (struct range_bytes){0};
	memory_read(j->model.memory, range->address, ret->model, ret->unknown, range->len);
	return j->source->ops->read(j->source, range->address, ret->seen, range->len, &ret->got);
}

/* The first range that differs becomes a difference. *ret_known: of all that can be read it was known. */
static struct error *compare_range(struct judge *j, const struct memory_range *range, bool *ret_known)
{
	struct finding f = {.kind = LOCATION_MEMORY, .address = range->address, .faulted = true};
	struct range_bytes b;
	struct error *err = read_range(j, range, &b);
	bool differs = false;

	for (size_t i = 0; i < b.got && !err; i++) {
		*ret_known &= !b.unknown[i];
		differs |= !b.unknown[i] && b.seen[i] != b.model[i];
	}
	if (err || !differs || j->judgement.differences.len)
		return err;
	f.width = (uint16_t)(8 * b.got);
	memcpy(f.expected, b.model, b.got);
	memcpy(f.observed, b.seen, b.got);
	memcpy(f.mask, b.unknown, b.got);
	return vec_push(&j->judgement.differences, f) ? NULL : &error_no_memory;
}

static struct error *adopt_range(struct judge *j, const struct memory_range *range)
{
	struct range_bytes b;
	struct error *err = read_range(j, range, &b);

	return err ? err : memory_write(j->model.memory, range->address, b.seen, NULL, b.got);
}

/* It was counted as checked before that was tried. */
static struct error *uncheck(struct judge *j, const struct prediction *slot)
{
	if (!j->judging || !j->run->checked || !slot->lifted)
		return NULL;
	j->run->checked--;
	coverage_demote(&j->run->coverage, slot->lifted->form);
	return count_unseen(j, slot->lifted->insn.mnemonic, slot->pc, UNSEEN_MEMORY);
}

struct error *judge_faulted_memory(struct judge *j)
{
	const struct prediction *slot = j->faulted;
	bool known = true, judged = slot->kind != PREDICTED_NOTHING && !j->judgement.unseen;
	struct error *err = NULL;

	judgement_clear(&j->judgement);
	for (size_t i = 0; i < slot->ranges.len && !err && j->source->isa->faults_whole; i++)
		err = compare_range(j, &slot->ranges.at[i], &known);
	if (!err && j->judging && j->judgement.differences.len)
		err = keep_differences(j, slot);
	if (!err)
		err = suspects_note(j, slot);
	for (size_t i = 0; i < slot->ranges.len && !err; i++)
		err = adopt_range(j, &slot->ranges.at[i]);
	if (!err && may_have_stored(slot))
		err = judge_forget_memory(j);
	return err || known || !judged ? err : uncheck(j, slot);
}
