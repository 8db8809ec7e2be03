#include "lib/state/state.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* The bits of word `index` of a value that is `width` bits wide. */
static inline uint64_t word_mask(unsigned width, unsigned index)
{
	unsigned bits = width - 64 * index;

	return bits >= 64 ? UINT64_MAX : UINT64_MAX >> (64 - bits);
}

struct error *state_init(struct state *s, const struct isa *isa)
{
	uint64_t *words = calloc(2 * (size_t)isa->num_words, sizeof *words);

	if (!words)
		return &error_no_memory;
	*s = (struct state){.isa = isa, .value = words, .unknown = words + isa->num_words};
	for (uint32_t reg = 0; reg < isa->num_regs; reg++)
		state_set_unknown(s, reg);
	return NULL;
}

void state_deinit(struct state *s)
{
	free(s->value);
	*s = (struct state){0};
}

void state_copy(struct state *to, const struct state *from)
{
	assert(to->isa == from->isa);
	memcpy(to->value, from->value, 2 * (size_t)from->isa->num_words * sizeof *from->value);
}

uint64_t state_get_flags(const struct state *s, uint32_t reg)
{
	const struct isa *isa = s->isa;
	const char *name = isa->regs[reg].gdb_name;
	uint64_t flags = 0;

	for (uint32_t r = 0; r < isa->num_regs; r++)
		if (isa->regs[r].gdb_name && !strcmp(isa->regs[r].gdb_name, name))
			flags |= state_get(s, r) << isa->regs[r].gdb_low;
	return flags;
}

bool state_known(const struct state *s, uint32_t reg)
{
	const struct reg_desc *desc = &s->isa->regs[reg];

	for (unsigned i = 0; i < reg_words(desc); i++)
		if (s->unknown[desc->word + i])
			return false;
	return true;
}

bool state_all_known(const struct state *s)
{
	for (uint32_t i = 0; i < s->isa->num_words; i++)
		if (s->unknown[i])
			return false;
	return true;
}

void state_set(struct state *s, uint32_t reg, uint64_t value)
{
	const struct reg_desc *desc = &s->isa->regs[reg];

	for (unsigned i = 0; i < reg_words(desc); i++) {
		s->value[desc->word + i] = i ? 0 : value & word_mask(desc->width, 0);
		s->unknown[desc->word + i] = 0;
	}
}

void state_set_words(struct state *s, uint32_t reg, const uint64_t *value)
{
	state_set_masked(s, reg, value, NULL);
}

void state_set_masked(struct state *s, uint32_t reg, const uint64_t *value, const uint64_t *unknown)
{
	const struct reg_desc *desc = &s->isa->regs[reg];

	for (unsigned i = 0; i < reg_words(desc); i++) {
		uint64_t mask = word_mask(desc->width, i), hidden = unknown ? unknown[i] & mask : 0;

		s->value[desc->word + i] = value[i] & mask & ~hidden;
		s->unknown[desc->word + i] = hidden;
	}
}

void state_set_unknown(struct state *s, uint32_t reg)
{
	const struct reg_desc *desc = &s->isa->regs[reg];

	for (unsigned i = 0; i < reg_words(desc); i++) {
		s->value[desc->word + i] = 0;
		s->unknown[desc->word + i] = word_mask(desc->width, i);
	}
}

/* ---- Bit fields ---- */

/* Up to 64 bits from bit `low`, which may lie in nine bytes. */
static uint64_t get_word(const uint8_t *bytes, unsigned low, unsigned width)
{
	uint64_t value = 0;
	unsigned shift = low % 8, num_bytes = (shift + width + 7) / 8;

	memcpy(&value, bytes + low / 8, num_bytes < 8 ? num_bytes : 8);
	value = le64toh(value) >> shift;
	if (num_bytes > 8)
		value |= (uint64_t)bytes[low / 8 + 8] << (64 - shift);
	return value & word_mask(width, 0);
}

static void put_word(uint8_t *bytes, unsigned low, unsigned width, uint64_t value)
{
	if (width == 64 && low % 8 == 0) {
		value = htole64(value);
		memcpy(bytes + low / 8, &value, sizeof value);
		return;
	}
	while (width) {
		unsigned shift = low % 8, n = 8 - shift < width ? 8 - shift : width;
		uint8_t *byte = &bytes[low / 8];

		assert(n <= 8); /* for the static analyzer, which does not see it */
		uint8_t mask = (uint8_t)((0xffu >> (8 - n)) << shift);

		*byte = (uint8_t)((*byte & ~mask) | ((value << shift) & mask));
		value >>= n;
		low += n;
		width -= n;
	}
}

void bits_get(const uint8_t *bytes, size_t len, unsigned low, unsigned width, uint64_t *ret)
{
	assert((size_t)low + width <= 8 * len);
	(void)len;
	for (unsigned done = 0; done < width; done += 64)
		ret[done / 64] = get_word(bytes, low + done, width - done < 64 ? width - done : 64);
}

void bits_put(uint8_t *bytes, size_t len, unsigned low, unsigned width, const uint64_t *value)
{
	assert((size_t)low + width <= 8 * len);
	(void)len;
	for (unsigned done = 0; done < width; done += 64)
		put_word(bytes, low + done, width - done < 64 ? width - done : 64, value[done / 64]);
}

void state_hide_unjudged(const struct isa *isa, uint64_t *hidden)
{
	for (uint32_t i = 0; i < isa->num_unjudged; i++) {
		const struct reg_desc *reg = &isa->regs[isa->unjudged[i]];
		for (unsigned w = 0; w < reg_words(reg); w++)
			hidden[reg->word + w] = UINT64_MAX;
	}
}
