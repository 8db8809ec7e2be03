#include <string.h>

#include "lib/expr/marks.h"
#include "lib/oracle/selftest_parts.h"

enum { WINDOW_PAGES = 2 };

static bool chance(struct rng *r, unsigned one_in)
{
	return rng_below(r, one_in) == 0;
}

/* ---- What an instruction reads ---- */

static bool marks_clear(struct selftest *t)
{
	size_t len = expr_pool_size(t->pool);

	if (!vec_reserve(&t->marks, len))
		return false;
	memset(t->marks.at, 0, len * sizeof *t->marks.at);
	t->marks.len = len;
	return true;
}

static bool is_pointer_class(const struct selftest *t, uint32_t reg)
{
	enum reg_class class = t->isa->regs[reg].class;

	return class == REG_GENERAL || class == REG_SEGMENT;
}

static bool collect(struct selftest *t, bool pointers)
{
	for (expr_id id = 1; id < t->marks.len; id++) {
		const struct expr *e = expr_get(t->pool, id);
		if (!t->marks.at[id] || e->op != EXPR_REG)
			continue;
		if (pointers && !is_pointer_class(t, e->attr))
			continue;
		if (!(pointers ? vec_push(&t->pointers, e->attr) : vec_push(&t->inputs, e->attr)))
			return false;
	}
	return true;
}

/* With the marks of everything that is needed: leaves only those of addresses. Operands come before their users. */
static void keep_addresses(struct selftest *t)
{
	for (expr_id id = 1; id < t->marks.len; id++) {
		bool load = t->marks.at[id] && expr_get(t->pool, id)->op == EXPR_LOAD;
		t->marks.at[id] = false;
		if (load)
			marks_add_operands(t->marks.at, t->pool, id);
	}
	for (size_t i = 0; i < t->transfer.stores.len; i++)
		t->marks.at[t->transfer.stores.at[i].address] = true;
}

struct error *selftest_find_inputs(struct selftest *t)
{
	t->inputs.len = t->pointers.len = 0;
	if (!marks_clear(t))
		return &error_no_memory;
	marks_add_transfer(t->marks.at, &t->transfer);
	marks_spread(t->marks.at, t->pool);
	if (!collect(t, false))
		return &error_no_memory;
	memset(t->is_input.at, 0, t->is_input.len);
	t->floats = false;
	for (size_t i = 0; i < t->inputs.len; i++) {
		t->is_input.at[t->inputs.at[i]] = true;
		t->floats |= t->isa->regs[t->inputs.at[i]].class == REG_CONTROL;
	}
	keep_addresses(t);
	marks_spread(t->marks.at, t->pool);
	return collect(t, true) ? NULL : &error_no_memory;
}

/* ---- Values ---- */

static uint64_t control_bits(const struct selftest *t, uint32_t reg)
{
	const struct isa_cpu *cpu = selftest_cpu(t);

	return cpu && t->isa->control_bits ? t->isa->control_bits(cpu, reg) : UINT16_MAX;
}

enum { NOISE_EACH = SELFTEST_NOISE / VALUES_NUM_THEMES };

_Static_assert(NOISE_EACH >= 3 * MEMORY_PAGE, "noise of each theme for pages that differ");

void selftest_make_noise(struct rng *r, uint8_t *ret)
{
	uint64_t value[2];

	for (size_t i = 0; i < SELFTEST_NOISE; i += sizeof value) {
		values_lanes(r, (enum values_theme)(i / NOISE_EACH), value, 2);
		memcpy(ret + i, value, sizeof value);
	}
}

/* Of the case's theme. */
static const uint8_t *noise(struct selftest *t, size_t len)
{
	return t->noise + t->theme * NOISE_EACH + rng_below(&t->rng, (uint32_t)(NOISE_EACH - len) / 8) * 8;
}

/*
 * Operands of floating point are numbers of one format, mostly, in registers and in memory. That an instruction reads
 * the control register tells which ones compute with such; the format is anybody's guess.
 */
static enum values_theme choose_theme(struct selftest *t)
{
	static const enum values_theme themes[] = {VALUES_MIXED,  VALUES_HALF,   VALUES_SINGLE, VALUES_SINGLE,
						   VALUES_SINGLE, VALUES_DOUBLE, VALUES_DOUBLE, VALUES_DOUBLE};

	return t->floats || chance(&t->rng, 4) ? themes[rng_below(&t->rng, 8)] : VALUES_MIXED;
}

/* Any value, quickly: for registers that the instruction has no business with. */
static void set_noise(struct selftest *t, uint32_t reg)
{
	uint64_t value[8];

	memcpy(value, noise(t, sizeof value), sizeof value);
	state_set_words(&t->before, reg, value);
}

static void set_value(struct selftest *t, uint32_t reg)
{
	const struct reg_desc *desc = &t->isa->regs[reg];
	bool is_input = t->is_input.at[reg];
	uint64_t value[8];

	switch (desc->class) {
	case REG_GENERAL:
		if (is_input)
			state_set(&t->before, reg, values_integer(&t->rng, desc->width));
		else
			set_noise(t, reg);
		break;
	case REG_FLOAT:
	case REG_VECTOR:
		/* Control and status words of x87 have rules of their own: they stay. */
		if (desc->width <= 64)
			break;
		if (is_input) {
			values_lanes(&t->rng, t->theme, value, reg_words(desc));
			state_set_words(&t->before, reg, value);
		} else {
			set_noise(t, reg);
		}
		break;
	case REG_CONTROL:
		state_set(&t->before, reg, values_control(&t->rng, state_get(&t->initial, reg), control_bits(t, reg)));
		break;
	default: break;
	}
}

/* Vectors that no operand names are indices of what is gathered: small numbers, in lanes of 32 or 64 bits. */
static void set_indices(struct selftest *t)
{
	uint64_t value[8];

	for (size_t i = 0; i < t->inputs.len; i++) {
		uint32_t reg = t->inputs.at[i];
		bool named = false;
		for (unsigned k = 0; k < t->insn.num_named; k++)
			named |= t->insn.named[k] == reg;
		if (named || t->isa->regs[reg].class != REG_VECTOR)
			continue;
		for (unsigned k = 0; k < sizeof value / sizeof *value; k++)
			value[k] = rng_below(&t->rng, 64) * 8 | (uint64_t)rng_below(&t->rng, 64) * 8
									<< (t->turn % 2 ? 32 : 0);
		state_set_words(&t->before, reg, value);
	}
}

/* Values that are equal, or nearly: what comparisons and compare-and-exchange wait for. */
static void repeat_value(struct selftest *t)
{
	if (t->inputs.len < 2)
		return;
	uint32_t from = t->inputs.at[rng_below(&t->rng, (uint32_t)t->inputs.len)];
	uint32_t to = t->inputs.at[rng_below(&t->rng, (uint32_t)t->inputs.len)];
	if (t->isa->regs[from].class != t->isa->regs[to].class || !is_pointer_class(t, from))
		return;
	uint64_t value = state_get(&t->before, from);
	switch (rng_below(&t->rng, 4)) {
	case 0: value++; break;
	case 1: value ^= (uint64_t)1 << 63; break;
	default: break;
	}
	if (t->isa->regs[to].class != REG_SEGMENT)
		state_set(&t->before, to, value);
}

/* Vectors that are equal, or nearly: differences of nothing, comparisons, the order of NaNs that differ in a bit. */
static void repeat_vector(struct selftest *t)
{
	uint64_t value[8];

	if (t->inputs.len < 2)
		return;
	uint32_t from = t->inputs.at[rng_below(&t->rng, (uint32_t)t->inputs.len)];
	uint32_t to = t->inputs.at[rng_below(&t->rng, (uint32_t)t->inputs.len)];
	const struct reg_desc *source = &t->isa->regs[from], *target = &t->isa->regs[to];
	if (source->class != REG_VECTOR || target->class != REG_VECTOR || source->width != target->width || from == to)
		return;
	values_similar(&t->rng, t->theme, &t->before.value[source->word], value, reg_words(target));
	state_set_words(&t->before, to, value);
}

/* Where the pages are, and whether they can be written, costs time to change: as many cases as are run at once share
 * it.
 */
static unsigned block(const struct selftest *t)
{
	return (unsigned)(t->given_seed & 0xff) + t->index / ORACLE_MAX_MANY;
}

/* Most cases use the high one, as guests do; 32-bit addresses reach the low one only. */
static uint64_t window(const struct selftest *t)
{
	return block(t) % 4 ? 0x7ffe12340000 : SELFTEST_LOW_WINDOW;
}

static void set_values(struct selftest *t)
{
	state_copy(&t->before, &t->initial);
	for (uint32_t r = 0; r < t->isa->num_regs; r++)
		set_value(t, r);
	if (t->insn.piecewise && !chance(&t->rng, 8))
		set_indices(t);
	for (uint32_t i = 0; i < t->isa->num_flags; i++)
		state_set(&t->before, t->isa->flag_regs[i], rng_below(&t->rng, 2));
	if (t->isa->lifter_set_checks)
		state_set(&t->before, t->isa->checks_flag, selftest_checks(t));
	selftest_set_x87(t);
	if (chance(&t->rng, 4))
		repeat_value(t);
	/* Both halves of a wide one, now and then. */
	for (unsigned i = chance(&t->rng, 6) ? 1 + rng_below(&t->rng, 4) : 0; i > 0; i--)
		repeat_vector(t);
	/* Whoever does not ask for the stack has one, mostly: not every host resumes without. */
	if (!t->is_input.at[t->isa->sp] && !chance(&t->rng, 16))
		state_set(&t->before, t->isa->sp, window(t) + MEMORY_PAGE);
	state_set(&t->before, t->isa->pc, t->insn.pc);
}

/* ---- Memory ---- */

/* Zeros, and here and there a small number: images of states that have not begun. */
static void fill_quietly(struct selftest *t, struct guest_page *page)
{
	memset(page->data, 0, sizeof page->data);
	for (size_t i = 0; i < MEMORY_PAGE; i += 8) {
		uint64_t value = rng_below(&t->rng, 8);
		if (chance(&t->rng, 8))
			memcpy(page->data + i, &value, sizeof value);
	}
}

void selftest_fill(struct selftest *t, struct guest_page *page)
{
	if (t->turn % 16 == 3) {
		fill_quietly(t, page);
		return;
	}
	memcpy(page->data, noise(t, MEMORY_PAGE), MEMORY_PAGE);
}

uint64_t selftest_target(struct selftest *t, unsigned len)
{
	uint64_t start = window(t), end = start + WINDOW_PAGES * MEMORY_PAGE, middle = start + MEMORY_PAGE;
	struct rng *r = &t->rng;

	switch (rng_below(r, 8)) {
	case 0: return end - len;
	case 1: return middle - rng_below(r, len + 1);
	case 2: return start + rng_below(r, 64);
	case 3: return chance(r, 4) ? end - rng_below(r, len + 1) : start + MEMORY_PAGE / 2 + rng_below(r, 1024);
	default: return start + (1 + rng_below(r, WINDOW_PAGES * MEMORY_PAGE / 64 - 2)) * 64;
	}
}

/* Mostly aligned. What repeats ends with a count of 1, and its count decides whether there is an address. */
static uint64_t small(struct rng *r)
{
	return chance(r, 4) ? rng_below(r, 4) : rng_below(r, 5) * 16;
}

/* A first guess: one pointer into the window, the others small. Where that is not right, selftest.c aims. */
static void set_pointers(struct selftest *t)
{
	uint32_t base = t->pointers.len ? rng_below(&t->rng, (uint32_t)t->pointers.len) : 0;

	for (uint32_t i = 0; i < t->pointers.len; i++) {
		uint64_t value = i == base ? selftest_target(t, 16) : small(&t->rng);
		if (t->isa->regs[t->pointers.at[i]].class == REG_SEGMENT && i == base)
			value &= -(uint64_t)MEMORY_PAGE;
		state_set(&t->before, t->pointers.at[i], value);
	}
}

/*
 * The code's pages, never writable; its surroundings are noise, but for what stops the oracle behind it, the same in
 * all cases of the instruction, which may be run at once.
 */
static void place_code(struct selftest *t)
{
	static const uint8_t stop = ORACLE_STOP;

	struct rng r = {.state = t->given_seed};
	uint64_t end = t->insn.pc + t->insn.len + (t->stop == t->insn.pc + t->insn.len);

	for (uint64_t at = t->insn.pc & -(uint64_t)MEMORY_PAGE; at < end; at += MEMORY_PAGE) {
		struct guest_page *page = guest_add(&t->guest, at, false);
		if (page)
			memcpy(page->data, t->noise + rng_below(&r, (NOISE_EACH - MEMORY_PAGE) / 8) * 8, MEMORY_PAGE);
	}
	guest_write(&t->guest, t->insn.pc, t->insn.bytes, t->insn.len);
	if (t->stop)
		guest_write(&t->guest, t->stop, &stop, 1);
}

/* ---- Selectors ---- */

/* A selector that is written: the kernel's tables decide which values there are. */
static bool loads_selector(const struct selftest *t)
{
	enum { SELECTOR_WIDTH = 16 };

	for (size_t i = 0; i < t->transfer.regs.len; i++) {
		const struct reg_desc *desc = &t->isa->regs[t->transfer.regs.at[i].reg];
		if (desc->class == REG_SYSTEM && desc->width == SELECTOR_WIDTH)
			return true;
	}
	return false;
}

/* Of x86-64: null, Linux's code and data segments for programs, and others. */
static uint16_t a_selector(struct rng *r)
{
	static const uint16_t selectors[] = {0, 3, 0x2b, 0x2b, 0x28, 0x33, 0x33, 0x33, 0x30, 0x23, 0x63};

	return selectors[rng_below(r, sizeof selectors / sizeof *selectors)];
}

/* Every 16, 32 or 64 bits of what is loaded may be one: where it lies is the instruction's business. */
static void plant_in_load(struct selftest *t, const struct eval_load *load)
{
	static const uint8_t zeros[6] = {0};
	uint8_t step = (uint8_t)(2u << rng_below(&t->rng, 3));

	if (guest_find(&t->guest, load->address) == guest_find(&t->guest, t->insn.pc))
		return;
	for (unsigned at = load->len % step; at + step <= load->len; at += step) {
		uint16_t selector = a_selector(&t->rng);
		guest_write(&t->guest, load->address + at, &selector, sizeof selector);
		guest_write(&t->guest, load->address + at + 2, zeros, step - 2);
	}
}

struct error *selftest_plant_selectors(struct selftest *t)
{
	if (!loads_selector(t) || chance(&t->rng, 8))
		return NULL;
	for (size_t i = 0; i < t->eval.num_loads; i++)
		plant_in_load(t, &t->eval.loads[i]);
	for (size_t i = 0; i < t->inputs.len && !t->pointers.len; i++) {
		if (t->isa->regs[t->inputs.at[i]].class == REG_GENERAL)
			state_set(&t->before, t->inputs.at[i], a_selector(&t->rng));
	}
	return selftest_predict(t);
}

static void place_window(struct selftest *t)
{
	bool writable = block(t) % 32 != 31;

	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		struct guest_page *page = guest_add(&t->guest, window(t) + i * MEMORY_PAGE, writable);
		if (page)
			selftest_fill(t, page);
	}
}

void selftest_make_case(struct selftest *t)
{
	t->guest.len = 0;
	t->theme = choose_theme(t);
	place_code(t);
	set_values(t);
	if (t->pointers.len) {
		place_window(t);
		if (!chance(&t->rng, 16))
			set_pointers(t);
	}
}
