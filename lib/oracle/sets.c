#include "lib/oracle/sets.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/oracle/tracee.h"

static const int set_numbers[NUM_SETS] = {NT_PRSTATUS, NT_X86_XSTATE, NT_PRFPREG};

/* XSAVE, standard format (SDM vol. 1, 13.4): the legacy area up to the bytes that software may use, the header's bit
 * map. */
enum { XSAVE_STATUS = 2, XSAVE_TAGS = 4, XSAVE_ST = 32, XSAVE_LEGACY = 416, XSAVE_BV = 512, XSAVE_EXTENDED = 576 };
enum { XSAVE_X87_SSE_AVX = 7 };

static int set_of(const struct reg_desc *reg)
{
	switch (reg->native_set) {
	case NATIVE_GENERAL: return SET_GENERAL;
	case NATIVE_XSAVE: return SET_XSAVE;
	case NATIVE_FP: return SET_FP;
	default: return -1;
	}
}

static unsigned low_bit(const struct reg_desc *reg)
{
	return reg->native_offset * 8u + reg->native_low;
}

/* ---- Creation ---- */

static bool is_used(const struct isa *isa, int set)
{
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if (set_of(&isa->regs[r]) == set)
			return true;
	}
	return false;
}

struct error *sets_init(struct sets *s, const struct isa *isa)
{
	*s = (struct sets){.isa = isa};
	s->has_step_flag = isa_find_reg(isa, "tf", 2, &s->step_flag);
	s->has_resume_flag = isa_find_reg(isa, "rf", 2, &s->resume_flag);
	s->has_tags = isa_find_reg(isa, "ftag", 4, &s->tags) && isa->regs[s->tags].native_set == NATIVE_NONE;
	for (int i = 0; i < NUM_SETS; i++) {
		struct set *set = &s->at[i];
		set->nt = set_numbers[i];
		set->len = is_used(isa, i) ? TRACEE_MAX_SET : 0;
		set->initial = calloc(3, TRACEE_MAX_SET);
		if (!set->initial)
			return &error_no_memory;
		set->wanted = set->initial + TRACEE_MAX_SET;
		set->actual = set->wanted + TRACEE_MAX_SET;
	}
	return NULL;
}

void sets_deinit(struct sets *s)
{
	for (int i = 0; i < NUM_SETS; i++)
		free(s->at[i].initial);
}

/* ---- Before ---- */

/*
 * The tag word of the x87 (two bits a register, 3: empty), of which XSAVE has one bit a register (SDM vol.
 * 1, 10.5.1.1). A register whose tag is not known is in use: where that matters, nothing is predicted, and the known
 * tags count.
 */
static void put_tags(struct sets *s, const struct state *before)
{
	uint64_t tags = state_get(before, s->tags);
	uint8_t used = 0;

	for (unsigned i = 0; i < 8; i++)
		used |= (uint8_t)((tags >> 2 * i & 3) != 3) << i;
	s->at[SET_XSAVE].wanted[XSAVE_TAGS] = used;
}

void sets_load(struct sets *s, const struct state *before)
{
	for (int i = 0; i < NUM_SETS; i++)
		memcpy(s->at[i].wanted, s->at[i].initial, s->at[i].len);
	for (uint32_t r = 0; r < s->isa->num_regs; r++) {
		const struct reg_desc *reg = &s->isa->regs[r];
		int set = set_of(reg);
		if (set >= 0 && reg->class != REG_SYSTEM)
			bits_put(s->at[set].wanted, s->at[set].len, low_bit(reg), reg->width,
				 &before->value[reg->word]);
	}
	if (s->has_tags)
		put_tags(s, before);
}

bool sets_differ(const struct sets *s, int index)
{
	const struct set *set = &s->at[index];

	if (index != SET_XSAVE)
		return memcmp(set->wanted, set->actual, set->len) != 0;
	return memcmp(set->wanted, set->actual, XSAVE_LEGACY) != 0 ||
	       memcmp(set->wanted + XSAVE_EXTENDED, set->actual + XSAVE_EXTENDED, set->len - XSAVE_EXTENDED) != 0;
}

void sets_use_all(uint8_t *xsave)
{
	xsave[XSAVE_BV] |= XSAVE_X87_SSE_AVX;
}

/* ---- After ---- */

static bool is_of_stepping(const struct sets *s, uint32_t r)
{
	return (s->has_step_flag && r == s->step_flag) || (s->has_resume_flag && r == s->resume_flag);
}

static void read_reg(const struct sets *s, const struct state *before, uint32_t r, struct state *ret)
{
	const struct reg_desc *reg = &s->isa->regs[r];
	int set = set_of(reg);
	uint64_t value[8] = {0}, initial[8] = {0};

	if (set < 0 || is_of_stepping(s, r)) {
		state_set_unknown(ret, r);
		return;
	}
	bits_get(s->at[set].actual, s->at[set].len, low_bit(reg), reg->width, value);
	if (reg->class == REG_SYSTEM) {
		bits_get(s->at[set].initial, s->at[set].len, low_bit(reg), reg->width, initial);
		if (value[0] == initial[0])
			value[0] = before->value[reg->word];
	}
	state_set_words(ret, r, value);
}

/*
 * The tags of registers in use: 1 zero, 2 no normal number, 0 else (SDM vol. 1, 8.1.7). Those with an exponent of 0 are
 * none either, as FNSTENV tells.
 */
static unsigned tag_of(const uint8_t *st)
{
	static const uint8_t zeros[8] = {0};
	unsigned exponent = (st[8] | (unsigned)st[9] << 8) & 0x7fff;

	if (!exponent && !memcmp(st, zeros, sizeof zeros))
		return 1;
	return !exponent || exponent == 0x7fff || !(st[7] & 0x80) ? 2 : 0;
}

/* Registers are in the order of the stack there, tags in that of their numbers. */
static void get_tags(const struct sets *s, struct state *ret)
{
	const uint8_t *xsave = s->at[SET_XSAVE].actual;
	unsigned top = xsave[XSAVE_STATUS + 1] >> 3 & 7;
	uint64_t tags = 0;

	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *st = xsave + XSAVE_ST + 16 * ((i - top) & 7);
		uint64_t tag = xsave[XSAVE_TAGS] >> i & 1 ? tag_of(st) : 3;
		tags |= tag << 2 * i;
	}
	state_set(ret, s->tags, tags);
}

void sets_read(const struct sets *s, const struct state *before, struct state *ret)
{
	for (uint32_t r = 0; r < s->isa->num_regs; r++)
		read_reg(s, before, r, ret);
	if (s->has_tags)
		get_tags(s, ret);
}

void sets_read_initial(const struct sets *s, struct state *ret)
{
	for (uint32_t r = 0; r < s->isa->num_regs; r++) {
		const struct reg_desc *reg = &s->isa->regs[r];
		int set = set_of(reg);
		uint64_t value[8];
		if (set < 0) {
			state_set_unknown(ret, r);
			continue;
		}
		bits_get(s->at[set].initial, s->at[set].len, low_bit(reg), reg->width, value);
		state_set_words(ret, r, value);
	}
	if (s->has_step_flag)
		state_set_unknown(ret, s->step_flag);
}

uint64_t sets_pc(const struct sets *s)
{
	const struct reg_desc *desc = &s->isa->regs[s->isa->pc];
	const struct set *set = &s->at[SET_GENERAL];
	uint64_t pc;

	bits_get(set->actual, set->len, low_bit(desc), desc->width, &pc);
	return pc;
}

void sets_put_pc(struct sets *s, uint64_t pc)
{
	const struct reg_desc *desc = &s->isa->regs[s->isa->pc];
	struct set *set = &s->at[SET_GENERAL];

	bits_put(set->actual, set->len, low_bit(desc), desc->width, &pc);
}

void sets_put_wanted(struct sets *s, uint32_t reg, uint64_t value)
{
	const struct reg_desc *desc = &s->isa->regs[reg];
	struct set *set = &s->at[set_of(desc)];

	bits_put(set->wanted, set->len, low_bit(desc), desc->width, &value);
}
