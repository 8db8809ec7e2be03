#include "lib/lockstep/witness_parts.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"

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

bool witness_is_named(const struct insn *insn, uint32_t reg)
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

char witness_flag_letter(const struct isa *isa, const struct insn *insn, uint32_t reg)
{
	for (uint32_t i = 0; i < isa->num_flags; i++)
		if (isa->flag_regs[i] == reg)
			return insn->flags[i];
	return 'R';
}

bool witness_is_implied(const struct insn *insn, uint32_t reg)
{
	for (unsigned i = 0; i < insn->outline.num_implied; i++)
		if (insn->outline.implied[i] == reg)
			return true;
	return false;
}

/* The CPU does not keep it as such: it is computed from other registers (x87 tags). */
bool witness_is_summary(const struct reg_desc *desc)
{
	return desc->class == REG_FLOAT && desc->native_set == NATIVE_NONE;
}

/* May the instruction read it, or write a flag? General registers and vectors that it does not name, it does not read.
 */
static bool may_read(const struct isa *isa, const struct insn *insn, uint32_t reg)
{
	if (insn->outline.kind == OUTLINE_INVALID)
		return false;
	switch (isa->regs[reg].class) {
	case REG_SYSTEM: return false;
	case REG_GENERAL:
	case REG_SEGMENT: return witness_is_named(insn, reg) || insn->outline.scattered;
	case REG_FLAG: return !strchr("-U", witness_flag_letter(isa, insn, reg));
	case REG_VECTOR: return is_source(insn, reg) || witness_is_implied(insn, reg);
	case REG_FLOAT:
		return insn->outline.floats && reg != insn->outline.unread &&
		       !(insn->outline.retags && witness_is_summary(&isa->regs[reg]));
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
		unsigned same = reg->class == REG_VECTOR || witness_is_summary(reg) ? 2 : 0;
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

const struct witness_page *witness_find_page(const struct witness *w, uint64_t address)
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

	if (witness_find_page(w, address))
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

bool witness_lacks_page(const struct oracle_outcome *out)
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
		if (err || !witness_lacks_page(&w->out[0]))
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

/* ---- Predicting ---- */

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
	err = witness_conclude(w, slot, ret);
	slot->by_host = slot->kind != PREDICTED_NOTHING;
	return err;
}
