/* What one prediction holds. */
#include <string.h>

#include "lib/judge/predict_parts.h"

void prediction_reset(struct prediction *slot, uint64_t pc)
{
	slot->kind = PREDICTED_NOTHING;
	slot->pc = pc;
	slot->lifted = NULL;
	slot->fault = FAULT_NONE;
	slot->imprecise = false;
	slot->regs.len = slot->words.len = slot->bounds.len = slot->stores.len = slot->loads.len = slot->ranges.len = 0;
}

void prediction_deinit(struct prediction *slot)
{
	vec_deinit(&slot->regs);
	vec_deinit(&slot->words);
	vec_deinit(&slot->bounds);
	vec_deinit(&slot->stores);
	vec_deinit(&slot->loads);
	vec_deinit(&slot->ranges);
}

void prediction_apply(const struct prediction *slot, struct state *s)
{
	for (size_t i = 0; i < slot->regs.len; i++)
		state_set_masked(s, slot->regs.at[i].reg, prediction_value(slot, i), prediction_mask(slot, i, s->isa));
}

bool prediction_has_masked_store(const struct prediction *slot)
{
	for (size_t i = 0; i < slot->stores.len; i++)
		if (slot->stores.at[i].masked)
			return true;
	return false;
}

/* False: no memory. */
static bool keep_reg(struct prediction *slot, const struct eval_reg *r)
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

/* A step flag that the source hides is its own: what the guest makes of it does not last until the next instruction. */
static bool is_hidden_step_flag(const struct predictor *p, uint32_t reg)
{
	return reg && reg == p->isa->step_flag && p->source->hidden[p->isa->regs[reg].word];
}

struct error *predict_keep_outputs(const struct predictor *p, struct prediction *slot, const struct eval *e)
{
	static const uint64_t zeros[EXPR_MAX_WORDS], flag[] = {1};
	bool stop = p->source->stops_reset && !p->grouping;

	slot->regs.len = slot->words.len = slot->bounds.len = slot->stores.len = 0;
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
		if (!keep_reg(slot, &r))
			return &error_no_memory;
	}
	for (size_t i = 0; i < e->num_bounds; i++)
		if (!vec_push(&slot->bounds, e->bounds[i]))
			return &error_no_memory;
	for (size_t i = 0; i < e->num_stores; i++)
		if (!vec_push(&slot->stores, e->stores[i]))
			return &error_no_memory;
	return NULL;
}

/* Any value. False: no memory. */
static bool keep_unknown(struct prediction *slot, uint32_t reg, unsigned num_words)
{
	uint16_t at = (uint16_t)slot->words.len;

	for (unsigned i = 0; i < 2 * num_words; i++)
		if (!vec_push(&slot->words, i < num_words ? 0 : UINT64_MAX))
			return false;
	return vec_push(&slot->regs, ((struct predicted_reg){.reg = reg, .word = at}));
}

struct error *predict_keep_changes(const struct predictor *p, struct prediction *slot)
{
	const struct insn *insn = &slot->lifted->insn;
	uint64_t next = insn->pc + insn->len;
	struct eval_reg pc = {.reg = p->isa->pc, .num_words = 1, .value = &next};

	for (uint32_t r = 0; r < p->isa->num_regs; r++)
		if (insn_may_change(insn, r) && !keep_unknown(slot, r, reg_words(&p->isa->regs[r])))
			return &error_no_memory;
	return keep_reg(slot, &pc) ? NULL : &error_no_memory;
}

struct error *predict_keep_faulted(struct prediction *slot, const struct eval *e)
{
	slot->regs.len = slot->words.len = slot->bounds.len = slot->stores.len = 0;
	for (size_t i = 0; i < e->num_regs; i++)
		if (!keep_reg(slot, &e->regs[i]))
			return &error_no_memory;
	return NULL;
}
