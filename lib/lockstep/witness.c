#include "lib/lockstep/witness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/sys/signal.h"

enum {
	WITNESS_VARIANTS = 4,
	WITNESS_PAGES = 8, /* the code's, the operand's, a gather's */
	WITNESS_STORES = 16,
};

struct witness_page {
	uint64_t address;
	uint8_t data[WITNESS_VARIANTS][MEMORY_PAGE];
	uint8_t unknown[MEMORY_PAGE];
};

/* What cannot be said of the results: each includes those before it. */
enum doubt {
	DOUBT_NONE,
	DOUBT_HIDDEN,  /* of named registers that the target hides, and of the control registers */
	DOUBT_VALUES,  /* of whatever it may change */
	DOUBT_ALL,     /* ... and what follows from that */
	DOUBT_STACK,   /* ... which may be any of the registers of a stack */
	DOUBT_ADDRESS, /* nothing can */
};

struct witness {
	struct oracle *oracle;
	struct state before[WITNESS_VARIANTS];
	struct oracle_outcome out[WITNESS_VARIANTS];
	struct witness_page page[WITNESS_PAGES];
	size_t num_pages;
	unsigned num_variants;
	enum doubt doubt;
	/* The instruction at hand. */
	struct predictor *p;
	const struct insn *insn;
	uint64_t operand; /* address of its memory operand */
	bool crowded;     /* it touches more pages than there is room for */
};

struct error *witness_create(const struct isa *isa, struct oracle *oracle, struct witness **ret)
{
	struct witness *w = calloc(1, sizeof *w);
	struct error *err = w ? NULL : &error_no_memory;

	for (unsigned i = 0; i < WITNESS_VARIANTS && !err; i++) {
		err = state_init(&w->before[i], isa);
		if (!err)
			err = oracle_outcome_init(&w->out[i], isa);
	}
	if (err) {
		witness_destroy(w);
		return err;
	}
	w->oracle = oracle;
	*ret = w;
	return NULL;
}

void witness_destroy(struct witness *w)
{
	for (unsigned i = 0; w && i < WITNESS_VARIANTS; i++) {
		state_deinit(&w->before[i]);
		oracle_outcome_deinit(&w->out[i]);
	}
	free(w);
}

/* ---- What is not known ---- */

/* All bits both ways, together and mixed. */
static uint64_t pattern(unsigned variant, uint64_t place)
{
	switch (variant) {
	case 0: return 0;
	case 1: return UINT64_MAX;
	case 2: return hash_u64(place);
	default: return ~hash_u64(place);
	}
}

static bool is_named(const struct insn *insn, uint32_t reg)
{
	for (unsigned i = 0; i < insn->num_named; i++)
		if (insn->named[i] == reg)
			return true;
	return false;
}

/* ... and by more than its destination. */
static bool is_source(const struct insn *insn, uint32_t reg)
{
	for (unsigned i = insn->outline.num_fresh; i < insn->num_named; i++)
		if (insn->named[i] == reg)
			return true;
	return false;
}

static char flag_letter(const struct isa *isa, const struct insn *insn, uint32_t reg)
{
	for (uint32_t i = 0; i < isa->num_flags; i++)
		if (isa->flag_regs[i] == reg)
			return insn->flags[i];
	return 'R';
}

static bool is_implied(const struct insn *insn, uint32_t reg)
{
	for (unsigned i = 0; i < insn->outline.num_implied; i++)
		if (insn->outline.implied[i] == reg)
			return true;
	return false;
}

/* The CPU does not keep it as such: it is computed from other registers (x87 tags). */
static bool is_summary(const struct reg_desc *desc)
{
	return desc->class == REG_FLOAT && desc->native_set == NATIVE_NONE;
}

/* May the instruction read it, or write it? Vectors that it does not name, it does not read. */
static bool may_read(const struct isa *isa, const struct insn *insn, uint32_t reg)
{
	switch (isa->regs[reg].class) {
	case REG_SYSTEM: return false;
	case REG_FLAG: return insn->outline.kind == OUTLINE_INVALID || !strchr("-U", flag_letter(isa, insn, reg));
	case REG_VECTOR: return is_source(insn, reg) || is_implied(insn, reg);
	case REG_FLOAT:
		return insn->outline.floats && reg != insn->outline.unread &&
		       !(insn->outline.retags && is_summary(&isa->regs[reg]));
	default: return true;
	}
}

/*
 * What an unknown register puts in doubt. Halves of vectors that the target never shows are no input of the other
 * halves' results, but where those show it, too: that is tried. Of all else a few values prove nothing.
 */
static enum doubt doubt_of(const struct witness *w, uint32_t reg)
{
	const struct isa *isa = w->p->isa;

	if (!may_read(isa, w->insn, reg))
		return DOUBT_NONE;
	if (isa->regs[reg].class == REG_VECTOR && w->p->target->hidden[isa->regs[reg].word])
		return DOUBT_HIDDEN;
	switch (isa->regs[reg].class) {
	case REG_FLOAT: return DOUBT_STACK;
	case REG_GENERAL:
	case REG_SEGMENT: return DOUBT_ADDRESS;
	default: return DOUBT_ALL;
	}
}

/* Its unknown bits: another pattern in each state, or the same in all. */
static void fill_word(struct witness *w, unsigned word, bool vary, unsigned same)
{
	for (unsigned v = 0; v < WITNESS_VARIANTS; v++) {
		w->before[v].value[word] |= pattern(vary ? v : same, word) & w->p->front.unknown[word];
		w->before[v].unknown[word] = 0;
	}
}

/* The states before: what is not known has a value in each, another one where it is an input. */
static void make_states(struct witness *w)
{
	const struct state *front = &w->p->front;
	const struct isa *isa = front->isa;

	for (unsigned v = 0; v < WITNESS_VARIANTS; v++)
		state_copy(&w->before[v], front);
	w->doubt = DOUBT_NONE;
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		if (state_known(front, r))
			continue;
		enum doubt doubt = doubt_of(w, r);
		/* One that is set as a whole will be seen to change; of others, not all bits can be set. */
		unsigned same = reg->class == REG_VECTOR || is_summary(reg) ? 2 : 0;
		w->doubt = doubt > w->doubt ? doubt : w->doubt;
		for (unsigned k = reg->word; k < reg->word + reg_words(reg); k++)
			fill_word(w, k, doubt != DOUBT_NONE, same);
	}
}

/* ---- Memory ---- */

static uint64_t operand_address(const struct state *s, const struct insn_operand *o)
{
	uint64_t at = o->offset;

	for (unsigned i = 0; i < o->num_terms; i++)
		at += state_get(s, o->term[i].reg) * o->term[i].scale;
	return at;
}

static struct witness_page *find_page(struct witness *w, uint64_t address)
{
	for (size_t i = 0; i < w->num_pages; i++)
		if (address - w->page[i].address < MEMORY_PAGE)
			return &w->page[i];
	return NULL;
}

static void vary_page(struct witness_page *page)
{
	bool any = memchr(page->unknown, 0xff, MEMORY_PAGE) != NULL;

	for (unsigned v = 1; v < WITNESS_VARIANTS; v++)
		memcpy(page->data[v], page->data[0], MEMORY_PAGE);
	for (unsigned v = 0; v < WITNESS_VARIANTS && any; v++)
		for (unsigned i = 0; i < MEMORY_PAGE; i++)
			if (page->unknown[i])
				page->data[v][i] = (uint8_t)pattern(v, page->address + i);
}

/* The instruction's own bytes are there as well. */
static void put_code(struct witness *w, struct witness_page *page)
{
	for (unsigned i = 0; i < w->insn->len; i++) {
		uint64_t at = w->insn->pc + i - page->address;
		if (at >= MEMORY_PAGE)
			continue;
		page->data[0][at] = w->insn->bytes[i];
		page->unknown[at] = 0;
	}
}

/* Adds the page around address. MEM_FAULT: the guest has none there. */
static enum mem_result add_page(struct witness *w, uint64_t address)
{
	struct witness_page *page = &w->page[w->num_pages];

	if (find_page(w, address))
		return MEM_OK;
	w->crowded = w->num_pages == WITNESS_PAGES;
	if (w->crowded)
		return MEM_FAULT;
	page->address = address & -(uint64_t)MEMORY_PAGE;
	enum mem_result result = predictor_read_page(w->p, page->address, page->data[0], page->unknown);
	if (result != MEM_OK)
		return result;
	put_code(w, page);
	vary_page(page);
	w->num_pages++;
	return MEM_OK;
}

/* MEM_ERROR: it cannot be told yet whether the guest has a page there, or what is in it. */
static enum mem_result add_range(struct witness *w, uint64_t address, uint64_t len)
{
	enum mem_result result = add_page(w, address);

	return result == MEM_OK ? add_page(w, address + len - 1) : result;
}

/* The pages that the instruction may touch, as far as they are known. One that the guest does not have faults. */
static enum mem_result add_pages(struct witness *w)
{
	const struct insn *insn = w->insn;
	enum mem_result result = MEM_OK;

	w->num_pages = 0;
	w->crowded = false;
	w->operand = operand_address(&w->before[0], &insn->operand);
	if (insn->outline.scattered)
		result = add_range(w, insn->pc, insn->len);
	if (result != MEM_ERROR && insn->operand.len)
		result = add_range(w, w->operand, insn->operand.len);
	return result == MEM_FAULT ? MEM_OK : result;
}

/* Some of what the instruction may touch is not known. */
static bool touches_unknown(const struct witness *w)
{
	for (size_t i = 0; i < w->num_pages && w->insn->outline.scattered; i++)
		if (memchr(w->page[i].unknown, 0xff, MEMORY_PAGE))
			return true;
	for (size_t i = 0; i < w->num_pages; i++)
		for (uint64_t k = 0; k < w->insn->operand.len; k++) {
			uint64_t at = w->operand + k - w->page[i].address;
			if (at < MEMORY_PAGE && w->page[i].unknown[at])
				return true;
		}
	return false;
}

/* ---- Running ---- */

static struct error *run_variant(struct witness *w, unsigned v)
{
	struct oracle_range ranges[WITNESS_PAGES];
	const struct oracle_case c = {
		.way = w->insn->outline.kind == OUTLINE_INVALID ? ORACLE_TRACED : ORACLE_STEP,
		.pc = w->insn->pc,
		.bytes = w->insn->bytes,
		.len = w->insn->len,
		.before = &w->before[v],
		.ranges = ranges,
		.num_ranges = w->num_pages,
	};

	for (size_t i = 0; i < w->num_pages; i++)
		ranges[i] = (struct oracle_range){w->page[i].address, MEMORY_PAGE, w->page[i].data[v], true};
	return oracle_run(w->oracle, &c, &w->out[v]);
}

static bool is_page_missing(const struct oracle_outcome *out)
{
	return out->end == ORACLE_SIGNAL && out->signal == SIGSEGV && out->code == SEGV_MAPERR;
}

/* Runs the first variant with all pages that it turns out to touch. */
static struct error *run_first(struct witness *w, enum mem_result *ret)
{
	struct error *err;

	for (;;) {
		size_t before = w->num_pages;
		err = run_variant(w, 0);
		*ret = MEM_OK;
		if (err || !is_page_missing(&w->out[0]))
			return err;
		*ret = add_page(w, w->out[0].address);
		if (*ret == MEM_FAULT && !w->crowded)
			*ret = MEM_OK;
		if (*ret != MEM_OK || w->num_pages == before)
			return NULL;
	}
}

static bool same_end(const struct oracle_outcome *a, const struct oracle_outcome *b)
{
	return a->end == b->end && (a->end != ORACLE_SIGNAL || (a->signal == b->signal && a->code == b->code));
}

/* *ret_same: all variants ended alike. */
static struct error *run_others(struct witness *w, bool *ret_same)
{
	/* Bytes that are stored are the same whatever there was before; of what is loaded nothing can be said. */
	bool unknown = touches_unknown(w);
	bool loads = unknown && (!w->insn->may_store || w->insn->outline.scattered);

	if (loads && w->doubt < DOUBT_ALL)
		w->doubt = DOUBT_ALL;
	w->num_variants = unknown || w->doubt == DOUBT_HIDDEN ? WITNESS_VARIANTS : 1;
	*ret_same = true;
	for (unsigned v = 1; v < w->num_variants && *ret_same; v++) {
		struct error *err = run_variant(w, v);
		if (err)
			return err;
		*ret_same = same_end(&w->out[0], &w->out[v]);
	}
	return NULL;
}

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

	if (isa->regs[reg].class == REG_FLAG && flag_letter(isa, w->insn, reg) == 'U')
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
	bool named = is_named(w->insn, reg), implied = is_implied(w->insn, reg);

	if (reg == w->p->isa->pc)
		return false;
	switch (w->doubt) {
	case DOUBT_NONE: return false;
	case DOUBT_HIDDEN: return implied || (named && w->p->target->hidden[desc->word]);
	case DOUBT_VALUES: return implied || named || (changed && !is_summary(desc));
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

static bool in_operand(const struct witness *w, uint64_t address, uint64_t *ret_at)
{
	*ret_at = address - w->operand;
	return *ret_at < w->insn->operand.len;
}

/* Is the byte stored? Of an operand that may be, all of it is looked at; elsewhere, what has changed. */
static bool is_stored(const struct witness *w, size_t page, unsigned i, bool *ret_masked)
{
	uint64_t at;
	bool changed = false, operand = in_operand(w, w->page[page].address + i, &at) && w->insn->may_store;

	*ret_masked = w->doubt || (operand && at < 32 && w->insn->outline.open_bytes >> at & 1);
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
		if (slot->stores.len == WITNESS_STORES || !vec_push(&slot->stores, (struct eval_store){0}))
			return false;
		s = &slot->stores.at[slot->stores.len - 1];
		s->address = address;
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
			const struct witness_page *page = find_page(w, l.address + i);
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
		if (!is_page_missing(out))
			return FAULT_PROTECTION;
		return predictor_may_map(w->p, out->address) ? FAULT_NONE : FAULT_PAGE;
	default: return FAULT_NONE;
	}
}

/* The instruction did a part of its work, in which CPUs differ. */
static bool is_partial(const struct witness *w)
{
	const struct outline_open *partial = &w->insn->outline.partial;

	return partial->reg != OUTLINE_NO_REG && state_get(&w->out[0].after, partial->reg) & partial->mask;
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

static struct error *conclude(struct witness *w, struct prediction *slot, enum predict_result *ret)
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
	if (is_partial(w) && w->doubt < DOUBT_VALUES)
		w->doubt = DOUBT_VALUES;
	struct error *err = keep_outputs(w, slot);
	if (err || slot->kind != PREDICTED_OUTPUTS)
		return err;
	return predictor_advance(w->p, slot, ret);
}

/* That the CPU cannot be asked is no error of the run. */
static struct error *unless_refused(struct error *err)
{
	if (error_is(err, ERROR_NO_MEMORY))
		return err;
	error_destroy(err);
	return NULL;
}

struct error *witness_predict(struct witness *w, struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	enum mem_result result;
	bool same;

	*ret = PREDICT_LAST;
	w->p = p;
	w->insn = &slot->lifted->insn;
	if (w->insn->outline.kind == OUTLINE_NONE)
		return NULL;
	make_states(w);
	/* Once all before it was seen, more will be known. */
	if (w->doubt > DOUBT_HIDDEN && !p->idle && !p->blind) {
		*ret = PREDICT_WAIT;
		return NULL;
	}
	if (w->doubt == DOUBT_ADDRESS)
		return NULL;
	result = add_pages(w);
	struct error *err = result == MEM_OK ? run_first(w, &result) : NULL;
	if (err)
		return unless_refused(err);
	if (result == MEM_ERROR)
		return predictor_wait(p, ret);
	if (result == MEM_FAULT)
		return NULL;
	err = run_others(w, &same);
	if (err)
		return unless_refused(err);
	if (!same)
		return NULL;
	err = conclude(w, slot, ret);
	slot->by_host = slot->kind != PREDICTED_NOTHING;
	return err;
}
