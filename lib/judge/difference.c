/* A difference becomes a finding: grouped, explained by its formula and inputs, and tried on the second opinion. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"
#include "lib/expr/fp_show.h"
#include "lib/expr/marks.h"
#include "lib/judge/judge.h"

/* ---- Formula and inputs ---- */

static struct error *add_register_input(struct finding *f, const struct state *before, uint32_t reg)
{
	const struct reg_desc *desc = &before->isa->regs[reg];

	return finding_add_input(f, strdup(desc->name), desc->width, before->value + desc->word);
}

static struct error *add_load_input(struct finding *f, const struct predicted_load *load)
{
	struct strbuf name = {0};
	uint64_t value[EXPR_MAX_WORDS] = {0};

	strbuf_printf(&name, "mem%u[0x%llx]", 8u * load->len, (unsigned long long)load->address);
	memcpy(value, load->data, load->len);
	return finding_add_input(f, strbuf_take(&name), 8u * load->len, value);
}

/* Marks what id needs. The caller frees it. */
static bool *needed_by(const struct expr_pool *pool, expr_id id)
{
	bool *needed = calloc(expr_pool_size(pool), sizeof *needed);

	if (!needed)
		return NULL;
	needed[id] = true;
	marks_spread(needed, pool);
	return needed;
}

/* ... and what the bounds of part are of. */
static bool *needed_by_part(const struct transfer *part, expr_id id)
{
	bool *needed = needed_by(part->pool, id);

	for (size_t i = 0; needed && i < part->bounds.len; i++)
		for (unsigned k = 0; k < 2; k++)
			needed[part->bounds.at[i].arg[k]] = true;
	if (needed) {
		needed[EXPR_NONE] = false;
		marks_spread(needed, part->pool);
	}
	return needed;
}

/* The registers and memory that the formula of part reads. */
static struct error *add_inputs(const struct judge *j, struct finding *f, const struct transfer *part, expr_id formula,
				const struct prediction *slot, const struct state *before)
{
	const struct expr_pool *pool = part->pool;
	bool *needed = needed_by_part(part, formula);
	/* Which of the loads an expression is would have to be evaluated; its length tells most of them apart. */
	bool len[EXPR_MAX_WORDS * 8 + 1] = {false};
	struct error *err = needed ? NULL : &error_no_memory;

	for (expr_id i = 1; !err && i < expr_pool_size(pool); i++) {
		const struct expr *e = expr_get(pool, i);
		if (needed[i] && e->op == EXPR_LOAD)
			len[e->width / 8] = true;
		if (!needed[i] || e->op != EXPR_REG)
			continue;
		err = add_register_input(f, before, e->attr);
		if (f->since > judge_since(j, e->attr))
			f->since = judge_since(j, e->attr);
	}
	for (size_t i = 0; i < slot->loads.len && !err; i++)
		if (len[slot->loads.at[i].len])
			err = add_load_input(f, &slot->loads.at[i]);
	free(needed);
	return err;
}

/* The part of the transfer that gives the finding's location its value, as a transfer of its own; false if there is
 * none. */
static bool formula_of(const struct finding *f, const struct transfer *t, const struct prediction *slot,
		       struct transfer *part, expr_id *ret)
{
	*ret = EXPR_NONE;
	if (f->faulted)
		return false;
	if (f->kind != LOCATION_MEMORY) {
		*ret = f->kind == LOCATION_FAULT ? EXPR_NONE : transfer_get_reg(t, f->reg);
		if (*ret)
			transfer_set_reg(part, f->reg, *ret);
		for (size_t i = 0; i < t->bounds.len && *ret; i++)
			if (t->bounds.at[i].reg == f->reg)
				transfer_add_bound(part, &t->bounds.at[i]);
		return *ret != EXPR_NONE;
	}
	for (size_t i = 0; i < slot->stores.len && i < t->stores.len; i++) {
		if (slot->stores.at[i].address != f->address)
			continue;
		const struct transfer_store *s = &t->stores.at[i];
		*ret = s->value;
		transfer_add_store(part, s->guard, s->address, s->value);
		return true;
	}
	return false;
}

/* Memory as it was when the instruction loaded from it. */
static enum mem_result loaded(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	const struct prediction *slot = ctx;

	for (size_t i = 0; i < slot->loads.len; i++) {
		const struct predicted_load *load = &slot->loads.at[i];

		if (load->address != address || load->len != len)
			continue;
		memcpy(ret, load->data, len);
		memcpy(unknown, load->unknown, len);
		return MEM_OK;
	}
	return MEM_FAULT;
}

/* Is a bit of what the formula reads not known? Numbers made of it would mislead. */
static bool reads_unknown(const struct expr_pool *pool, const bool *needed, expr_id formula,
			  const struct prediction *slot, const struct state *before)
{
	bool unknown = false;

	for (expr_id i = 1; i <= formula; i++)
		if (needed[i] && expr_get(pool, i)->op == EXPR_REG)
			unknown |= !state_known(before, expr_get(pool, i)->attr);
	for (size_t i = 0; i < slot->loads.len; i++)
		for (unsigned k = 0; k < slot->loads.at[i].len; k++)
			unknown |= slot->loads.at[i].unknown[k];
	return unknown;
}

/* Lines for the formula that say what its floating-point operators made of their operands, in numbers. */
static struct error *add_numbers(struct finding *f, const struct expr_pool *pool, expr_id formula,
				 const struct prediction *slot, const struct state *before)
{
	const struct eval_memory memory = {.ctx = (void *)(uintptr_t)slot, .load = loaded};
	struct strbuf text = {0};
	bool *needed = needed_by(pool, formula);
	struct error *err = needed ? NULL : &error_no_memory;

	strbuf_printf(&text, "%s\n", f->formula);
	size_t len = text.len;
	if (!err && !reads_unknown(pool, needed, formula, slot, before))
		err = fp_show(&text, pool, formula, before->value, &before->isa->layout, &memory);
	free(needed);
	/* Undefined bits and memory of another length have no value: then there are no numbers. */
	if (error_is(err, ERROR_UNSUPPORTED) || error_is(err, ERROR_FAULT)) {
		error_destroy(err);
		err = NULL;
		text.len = len;
	}
	if (!err && text.len > len) {
		free(f->formula);
		text.at[--text.len] = '\0';
		f->formula = strbuf_take(&text);
		err = f->formula ? NULL : &error_no_memory;
	}
	strbuf_deinit(&text);
	return err;
}

enum { FORMULA_MAX = 700 }; /* characters of a formula in a report: a CRC has some thousands */

/* The formula as lines, shared parts first; a long one is cut. */
static char *formula_text(const struct isa *isa, const struct transfer *part)
{
	struct strbuf text = {0};

	transfer_print(&text, part, &isa->names);
	if (text.len > FORMULA_MAX) {
		text.len = FORMULA_MAX;
		while (text.len && text.at[text.len - 1] != '\n')
			text.len--;
		strbuf_append(&text, "... (validate explain shows all)\n");
	}
	if (text.len)
		text.at[--text.len] = '\0';
	return strbuf_take(&text);
}

/* Gives a finding the formula of its expected value and the inputs of that. */
static struct error *explain_finding(struct judge *j, struct finding *f, const struct prediction *slot,
				     const struct state *before)
{
	const struct transfer *t;
	struct transfer part;
	struct insn insn;
	expr_id value;

	struct error *err = lift_again(j->model.cache, slot->pc, f->insn.bytes, f->insn.len, &insn, &t);

	if (err)
		return err;
	transfer_init(&part, t->pool);
	if (formula_of(f, t, slot, &part, &value)) {
		f->formula = formula_text(j->source->isa, &part);
		err = f->formula ? add_inputs(j, f, &part, value, slot, before) : &error_no_memory;
		if (!err)
			err = add_numbers(f, t->pool, value, slot, before);
	} else if (f->kind == LOCATION_REG || f->faulted) {
		f->formula = strdup("unchanged");
		err = f->formula ? NULL : &error_no_memory;
		if (!err && f->kind == LOCATION_REG)
			err = add_register_input(f, before, f->reg);
	}
	transfer_deinit(&part);
	return err;
}

/* ---- One finding ---- */

static struct error *complete(struct judge *j, struct finding *f, const struct prediction *slot)
{
	f->first_instruction = f->since = j->run->instructions;
	f->event = j->log->position(j->log->ctx);
	f->severity = SEVERITY_MODEL;
	if (j->judgement.as_other) {
		f->severity = j->judgement.as_other == AS_OTHER_VENDOR ? SEVERITY_VENDOR : SEVERITY_MODEL;
		/* The oracle's CPU may have hidden the feature as well. */
		f->weighed = j->judgement.as_other == AS_OTHER_VENDOR;
		f->opinion = strdup(j->judgement.other_text);
		if (!f->opinion)
			return &error_no_memory;
	}
	if (f->unwritten && !f->faulted)
		f->since = judge_since(j, f->reg);
	bool dated = slot->lifted && f->since == f->first_instruction && !f->logged;
	return dated ? explain_finding(j, f, slot, &j->before) : NULL;
}

/* ---- Flags ---- */

static bool differs_in_flag(const struct isa *isa, const struct finding *f)
{
	return f->kind == LOCATION_REG && isa_is_flag(isa, f->reg);
}

/* Puts the value of one flag where it is in the flags register. */
static void add_flag(const struct isa *isa, struct finding *all, const struct finding *flag)
{
	unsigned low = isa->regs[flag->reg].gdb_low;
	uint64_t ones = (UINT64_C(2) << (flag->width - 1)) - 1;

	all->expected[0] |= flag->expected[0] << low;
	all->observed[0] |= flag->observed[0] << low;
	all->mask[0] &= ~(ones << low);
}

/* Several flags that differ at one instruction are one difference: they usually come from one wrong flags word. */
static void merge_flags(const struct isa *isa, struct judgement *j)
{
	struct finding all = {.kind = LOCATION_FLAGS, .width = 32, .mask = {UINT32_MAX}};
	size_t first = 0, flags = 0, kept = 0;

	for (size_t i = 0; i < j->differences.len; i++)
		if (differs_in_flag(isa, &j->differences.at[i]) && !flags++)
			first = i;
	if (flags < 2)
		return;
	all.reg = j->differences.at[first].reg;
	for (size_t i = 0; i < j->differences.len; i++) {
		const struct finding *f = &j->differences.at[i];
		if (differs_in_flag(isa, f))
			add_flag(isa, &all, f);
		if (!differs_in_flag(isa, f) || i == first)
			j->differences.at[kept++] = *f;
	}
	for (size_t i = 0; i < kept; i++)
		if (differs_in_flag(isa, &j->differences.at[i]))
			j->differences.at[i] = all;
	j->differences.len = kept;
}

/* ---- Keeping them ---- */

/* All of the bits are in fields that the ISA names. */
static bool in_fields(const struct isa *isa, uint32_t reg, uint64_t bits)
{
	for (uint32_t i = 0; i < isa->num_fields; i++)
		if (isa->fields[i].reg == reg)
			bits &= ~(((UINT64_C(1) << isa->fields[i].width) - 1) << isa->fields[i].low);
	return !bits;
}

/* What the finding is grouped by, besides its instruction. */
static void set_cause(const struct isa *isa, struct finding *f, const struct prediction *slot)
{
	uint64_t differs = (f->expected[0] ^ f->observed[0]) & ~f->mask[0];

	if (f->kind == LOCATION_FLAGS)
		f->flags = differs;
	else if (differs_in_flag(isa, f))
		f->flags = differs << isa->regs[f->reg].gdb_low;
	else if (f->kind == LOCATION_REG && in_fields(isa, f->reg, differs))
		f->flags = differs;
	else
		f->unwritten = f->kind == LOCATION_REG && prediction_find(slot, f->reg) == slot->regs.len;
}

void name_undecodable(struct insn *insn, uint64_t next)
{
	uint64_t len = next - insn->pc;

	if (insn->status != LIFT_UNDECODABLE)
		return;
	/* It is as long as the guest took it for. */
	if (len && len < insn->len)
		insn->len = (uint8_t)len;
	snprintf(insn->form, sizeof insn->form, "(undecodable)");
	snprintf(insn->mnemonic, sizeof insn->mnemonic, "(undecodable)");
	snprintf(insn->text, sizeof insn->text, "(undecodable)");
}

/* Nobody knows the instruction: it was one of those since the register was last seen. */
static void disown(struct finding *f)
{
	f->insn = (struct insn){.pc = f->insn.pc, .status = LIFT_UNDECODABLE};
	snprintf(f->insn.form, sizeof f->insn.form, "(unknown)");
	snprintf(f->insn.mnemonic, sizeof f->insn.mnemonic, "(unknown)");
	snprintf(f->insn.text, sizeof f->insn.text, "(unknown)");
}

/* It was not seen behind each instruction, or behind none that could be charged with it. */
static bool is_of_nobody(const struct judge *j, const struct finding *f, const struct prediction *slot)
{
	bool looked = slot->kind == PREDICTED_OUTPUTS && !slot->lifted;

	return f->unwritten && !f->faulted && (looked || judge_since(j, f->reg) < j->run->instructions);
}

/* The run goes on from what was seen. */
static void note_differed(struct run *run, const struct prediction *slot)
{
	struct adopted *d = &run->differed;

	*d = (struct adopted){.pc = slot->pc, .instruction = run->instructions, .differed = true};
	snprintf(d->mnemonic, sizeof d->mnemonic, "%s",
		 slot->lifted && *slot->lifted->insn.mnemonic ? slot->lifted->insn.mnemonic : "(undecodable)");
}

struct error *keep_differences(struct judge *j, const struct prediction *slot)
{
	struct findings *findings = &j->run->findings;

	merge_flags(j->source->isa, &j->judgement);
	note_differed(j->run, slot);
	for (size_t i = 0; i < j->judgement.differences.len; i++) {
		struct finding f = j->judgement.differences.at[i];
		if (slot->lifted)
			f.insn = slot->lifted->insn;
		f.insn.pc = slot->pc;
		name_undecodable(&f.insn, state_get(&j->now, j->source->isa->pc));
		set_cause(j->source->isa, &f, slot);
		if (is_of_nobody(j, &f, slot))
			disown(&f);
		timeline_add_finding(&j->run->timeline, j->run->instructions);
		/* One that loads nothing is what it seems to be. */
		if ((!slot->loads.len || !j->source->ops->read) && findings_count(findings, j->source->isa, &f))
			continue;
		struct error *err = complete(j, &f, slot);
		if (!err)
			err = suspects_add(j, &f, slot);
		else
			finding_deinit(&f);
		if (err)
			return err;
	}
	/* What was accessed is known; else memory is looked at when the guest stands still. */
	return j->source->ops->read ? NULL : suspects_settle(j, true);
}
