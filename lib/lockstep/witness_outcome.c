/* What the CPU did, as a prediction: what is compared, and what cannot be. */
#include <signal.h>
#include <string.h>

#include "lib/lockstep/witness_parts.h"

/* ---- Registers ---- */

/* What became of a word, over all variants. */
struct word_change {
	uint64_t changed;  /* bits that differ from before */
	uint64_t disagree; /* that differ among the variants, though they are not those that nobody knew and nobody
			      changed */
	uint64_t unknown;  /* nobody knew and nobody changed */
};

static struct word_change compare_word(const struct witness *w, uint32_t word)
{
	struct word_change c = {.unknown = w->p->front.unknown[word]};
	uint64_t differ = 0;

	for (unsigned v = 0; v < w->num_variants; v++) {
		c.changed |= w->before[v].value[word] ^ w->out[v].after.value[word];
		differ |= w->out[v].after.value[word] ^ w->out[0].after.value[word];
	}
	c.unknown &= ~c.changed;
	c.disagree = differ & ~c.unknown;
	return c;
}

static uint64_t low_bits(unsigned n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* Of the lanes of a word that are NaNs: sign and payload, without the bit that makes them quiet. */
static uint64_t nan_bits(uint64_t word, unsigned width)
{
	unsigned fraction = width == 64 ? 52 : 23;
	uint64_t sign = UINT64_C(1) << (width - 1), infinity = (sign - 1) & ~low_bits(fraction), mask = 0;

	for (unsigned low = 0; low < 64; low += width) {
		uint64_t lane = word >> low & low_bits(width);
		if ((lane & ~sign) > infinity)
			mask |= (sign | low_bits(fraction - 1)) << low;
	}
	return mask;
}

/* Bits of word i of the register that the manuals leave undefined, or that CPUs differ in. */
static uint64_t undefined_bits(const struct witness *w, uint32_t reg, unsigned i)
{
	const struct outline *o = &w->insn->outline;
	const struct isa *isa = w->p->isa;

	if (isa->regs[reg].class == REG_FLAG && witness_flag_letter(isa, w->insn, reg) == 'U')
		return UINT64_MAX;
	for (unsigned k = 0; k < o->num_open; k++) {
		if (o->open[k].reg != reg)
			continue;
		if (o->open[k].nans)
			return nan_bits(w->out[0].after.value[isa->regs[reg].word + i], o->open[k].nans);
		return o->open[k].mask == UINT16_MAX ? UINT64_MAX : i == 0 ? o->open[k].mask : 0;
	}
	return 0;
}

/* Nothing can be said of the register, which the instruction changes or not. */
static bool is_doubtful(const struct witness *w, uint32_t reg, bool changed)
{
	const struct reg_desc *desc = &w->p->isa->regs[reg];
	bool named = witness_is_named(w->insn, reg), implied = witness_is_implied(w->insn, reg);

	if (reg == w->p->isa->pc)
		return false;
	switch (w->doubt) {
	case DOUBT_NONE: return false;
	case DOUBT_HIDDEN: return implied || (named && w->p->target->hidden[desc->word]);
	case DOUBT_VALUES: return implied || named || (changed && !witness_is_summary(desc));
	case DOUBT_ALL: return implied || named || changed;
	default: return implied || named || changed || desc->class == REG_FLOAT;
	}
}

static struct error *keep_register(struct witness *w, struct prediction *slot, uint32_t reg)
{
	const struct reg_desc *desc = &w->p->isa->regs[reg];
	unsigned words = reg_words(desc);
	uint64_t mask[EXPR_MAX_WORDS], changed = 0, disagree = 0;

	for (unsigned i = 0; i < words; i++) {
		struct word_change c = compare_word(w, desc->word + i);
		uint64_t undefined = undefined_bits(w, reg, i) & low_bits(desc->width - 64 * i);
		changed |= c.changed | undefined;
		disagree |= c.disagree & ~undefined;
		mask[i] = c.unknown | undefined;
	}
	bool doubtful = disagree || is_doubtful(w, reg, changed);
	if (!changed && !doubtful)
		return NULL;
	for (unsigned i = 0; i < words && doubtful; i++)
		mask[i] = low_bits(desc->width - 64 * i);
	const struct eval_reg r = {.reg = reg,
				   .width = desc->width,
				   .num_words = (uint16_t)words,
				   .value = w->out[0].after.value + desc->word,
				   .mask = mask};
	return prediction_keep_reg(slot, &r) ? NULL : &error_no_memory;
}

static struct error *keep_registers_after(struct witness *w, struct prediction *slot)
{
	const struct isa *isa = w->p->isa;
	struct error *err = NULL;

	for (uint32_t r = 0; r < isa->num_regs && !err; r++)
		if (isa->regs[r].class != REG_SYSTEM && state_known(&w->out[0].after, r))
			err = keep_register(w, slot, r);
	return err;
}

/* ---- Stores and loads ---- */

static bool in_operand(const struct witness *w, uint64_t address)
{
	return address - w->operand < w->insn->operand.len;
}

/* Is the byte stored? Of an operand that may be, all of it is looked at; elsewhere, what has changed. */
static bool is_stored(const struct witness *w, size_t page, unsigned i, bool *ret_masked)
{
	bool changed = false, operand = in_operand(w, w->page[page].address + i) && w->insn->may_store;

	*ret_masked = w->doubt != DOUBT_NONE;
	for (unsigned v = 0; v < w->num_variants; v++) {
		changed |= w->out[v].memory.at[page].data[i] != w->page[page].data[v][i];
		*ret_masked |= w->out[v].memory.at[page].data[i] != w->out[0].memory.at[page].data[i];
	}
	return operand || changed;
}

/* Adds a byte to the last store, or begins another. False: there are too many. */
static bool add_stored(struct prediction *slot, uint64_t address, uint8_t value, bool masked)
{
	struct eval_store *s = slot->stores.len ? &slot->stores.at[slot->stores.len - 1] : NULL;

	if (!s || s->address + s->len != address || s->len == sizeof s->data) {
		bool room = slot->stores.len < WITNESS_STORES && vec_reserve(&slot->stores, slot->stores.len + 1);
		if (!room || !slot->stores.at) /* the latter for the analyzer */
			return false;
		s = &slot->stores.at[slot->stores.len++];
		*s = (struct eval_store){.address = address};
	}
	s->data[s->len] = value;
	s->mask[s->len++] = masked ? 0xff : 0;
	s->masked |= masked;
	return true;
}

static bool page_changed(const struct witness *w, size_t page)
{
	for (unsigned v = 0; v < w->num_variants; v++)
		if (memcmp(w->out[v].memory.at[page].data, w->page[page].data[v], MEMORY_PAGE) != 0)
			return true;
	return false;
}

static bool keep_stores(const struct witness *w, struct prediction *slot)
{
	bool masked;

	for (size_t page = 0; page < w->num_pages; page++) {
		uint64_t first = w->page[page].address;
		bool operand = w->insn->may_store && w->operand - first + w->insn->operand.len < 2 * MEMORY_PAGE;
		if (!page_changed(w, page) && !operand)
			continue;
		for (unsigned i = 0; i < MEMORY_PAGE; i++)
			if (is_stored(w, page, i, &masked) &&
			    !add_stored(slot, first + i, w->out[0].memory.at[page].data[i], masked))
				return false;
	}
	return true;
}

/* What the instruction loads, as far as it is told. */
static struct error *keep_loads(struct witness *w, struct prediction *slot)
{
	uint16_t len = w->insn->may_store ? 0 : w->insn->operand.len;

	for (uint16_t done = 0; done < len;) {
		struct predicted_load l = {.address = w->operand + done,
					   .len = (uint8_t)(len - done < 64 ? len - done : 64)};
		for (unsigned i = 0; i < l.len; i++) {
			const struct witness_page *page = witness_find_page(w, l.address + i);
			if (!page)
				return NULL;
			l.unknown[i] = page->unknown[l.address + i - page->address];
			l.data[i] = l.unknown[i] ? 0 : page->data[0][l.address + i - page->address];
		}
		if (!vec_push(&slot->loads, l))
			return &error_no_memory;
		done = (uint16_t)(done + l.len);
	}
	return NULL;
}

/* ---- What it comes to ---- */

/* The fault behind a signal; FAULT_NONE: nothing that the target must do as well. */
static enum fault_kind fault_of(const struct witness *w, const struct oracle_outcome *out)
{
	switch (out->signal) {
	/* A CPU may lack a feature that the target has. */
	case SIGILL: return w->insn->feature[0] || w->insn->extension ? FAULT_NONE : FAULT_UNDEFINED;
	case SIGFPE: return FAULT_FLOAT;
	case SIGBUS: return out->code == BUS_ADRALN ? FAULT_ALIGNMENT : FAULT_STACK;
	case SIGSEGV:
		if (!witness_lacks_page(out))
			return FAULT_PROTECTION;
		return predictor_may_map(w->p, out->address) ? FAULT_NONE : FAULT_PAGE;
	default: return FAULT_NONE;
	}
}

static struct error *keep_outputs(struct witness *w, struct prediction *slot)
{
	struct error *err = keep_registers_after(w, slot);

	slot->imprecise = w->doubt != DOUBT_NONE && w->doubt != DOUBT_VALUES;
	slot->open = w->doubt == DOUBT_VALUES || w->insn->outline.kind == OUTLINE_APPROXIMATE;
	if (!err)
		err = keep_loads(w, slot);
	if (err)
		return err;
	slot->kind = PREDICTED_OUTPUTS;
	if (!keep_stores(w, slot))
		slot->kind = PREDICTED_NOTHING;
	return NULL;
}

struct error *witness_conclude(struct witness *w, struct prediction *slot, enum predict_result *ret)
{
	const struct oracle_outcome *out = &w->out[0];
	*ret = PREDICT_LAST;
	if (out->end == ORACLE_SIGNAL && w->doubt > DOUBT_HIDDEN)
		return NULL;
	if (out->end == ORACLE_SIGNAL) {
		slot->fault = fault_of(w, out);
		slot->kind = slot->fault ? PREDICTED_FAULT : PREDICTED_NOTHING;
		return NULL;
	}
	if (out->end != ORACLE_STEPPED || w->insn->outline.kind == OUTLINE_INVALID)
		return NULL;
	struct error *err = keep_outputs(w, slot);
	if (err || slot->kind != PREDICTED_OUTPUTS)
		return err;
	return predictor_advance(w->p, slot, ret);
}
