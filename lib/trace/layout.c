#include "lib/trace/layout.h"

#include <assert.h>
#include <string.h>

static uint64_t ones(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

void layout_deinit(struct layout *l)
{
	vec_deinit(&l->regs);
	vec_deinit(&l->words);
	vec_deinit(&l->fields);
	free(l->word_of_reg);
	*l = (struct layout){0};
}

static bool add_wide(struct layout *l, uint32_t reg)
{
	const struct reg_desc *desc = &l->isa->regs[reg];
	uint16_t n = (uint16_t)((desc->width + 63) / 64);

	l->word_of_reg[reg] = (uint16_t)l->words.len;
	for (uint16_t i = 0; i < n; i++)
		if (!vec_push(&l->words, ((struct layout_word){.state_word = (uint16_t)(desc->word + i),
							       .ones = ones(desc->width - 64u * i)})))
			return false;
	return true;
}

/* used: bits of the last shared word that are taken; 64 at first, when there is none. */
static bool add_narrow(struct layout *l, uint32_t reg, unsigned *used)
{
	const struct reg_desc *desc = &l->isa->regs[reg];

	if (*used + desc->width > 64) {
		if (!vec_push(&l->words, ((struct layout_word){.first = (uint16_t)l->fields.len})))
			return false;
		*used = 0;
	}
	struct layout_field field = {desc->word, (uint8_t)*used, ones(desc->width)};
	if (!vec_push(&l->fields, field))
		return false;
	l->word_of_reg[reg] = (uint16_t)(l->words.len - 1);
	assert(l->words.len); /* for the static analyzer: used is 64 at first */
	struct layout_word *word = &l->words.at[l->words.len - 1];
	word->num_fields++;
	word->ones |= field.ones << field.low;
	*used += desc->width;
	return true;
}

static bool add_all(struct layout *l, const uint32_t *regs, size_t num_regs)
{
	unsigned used = 64;
	bool ok = true;

	for (size_t i = 0; i < num_regs && ok; i++)
		if (l->isa->regs[regs[i]].width >= LAYOUT_OWN_WORD)
			ok = add_wide(l, regs[i]);
	for (size_t i = 0; i < num_regs && ok; i++)
		if (l->isa->regs[regs[i]].width < LAYOUT_OWN_WORD)
			ok = add_narrow(l, regs[i], &used);
	for (size_t i = 0; i < num_regs && ok; i++) {
		uint16_t n = (uint16_t)((l->isa->regs[regs[i]].width + 63) / 64);
		ok = vec_push(&l->regs, ((struct layout_reg){regs[i], l->word_of_reg[regs[i]], n}));
	}
	return ok;
}

struct error *layout_init_regs(struct layout *l, const struct isa *isa, const uint32_t *regs, size_t num_regs)
{
	struct layout made = {.isa = isa};

	made.word_of_reg = malloc(isa->num_regs * sizeof *made.word_of_reg);
	if (!made.word_of_reg)
		return &error_no_memory;
	memset(made.word_of_reg, 0xff, isa->num_regs * sizeof *made.word_of_reg);
	if (!add_all(&made, regs, num_regs)) {
		layout_deinit(&made);
		return &error_no_memory;
	}
	made.pc = made.word_of_reg[isa->pc];
	*l = made;
	return NULL;
}

struct error *layout_init(struct layout *l, const struct isa *isa)
{
	uint32_t *regs = malloc(isa->num_regs * sizeof *regs);

	if (!regs)
		return &error_no_memory;
	for (uint32_t i = 0; i < isa->num_regs; i++)
		regs[i] = i;
	struct error *err = layout_init_regs(l, isa, regs, isa->num_regs);
	free(regs);
	return err;
}

void layout_get_all(const struct layout *l, const uint64_t *state, uint64_t *ret)
{
	for (size_t i = 0; i < l->words.len; i++)
		ret[i] = layout_get(l, state, (uint16_t)i);
}

void layout_put_all(const struct layout *l, uint64_t *state, const uint64_t *words)
{
	for (size_t i = 0; i < l->words.len; i++)
		layout_put(l, state, (uint16_t)i, words[i]);
}
