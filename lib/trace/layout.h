/*
 * How registers are stored: the words of a trace, made of the words of a state. Registers of 8 bits and more have words
 * of their own; narrower ones, flags above all, share words. Private to lib/trace.
 */
#ifndef LIB_TRACE_LAYOUT_H
#define LIB_TRACE_LAYOUT_H

#include "arch/arch.h"
#include "lib/base/vec.h"

enum {
	LAYOUT_MAX_REGS = 1024,
	LAYOUT_MAX_WORDS = 1024,
	LAYOUT_OWN_WORD = 8, /* bits from which a register has a word of its own */
};

/* A register's part of a shared word. */
struct layout_field {
	uint16_t state_word;
	uint8_t low;
	uint64_t ones; /* its bits, from bit 0 */
};

/* A word: a whole one of the state, or num_fields fields from `first`. */
struct layout_word {
	uint16_t state_word;
	uint16_t first, num_fields;
	uint64_t ones; /* its bits that belong to registers */
};

struct layout_reg {
	uint32_t reg; /* of the ISA */
	uint16_t word, num_words;
};

struct layout {
	const struct isa *isa;
	VEC(struct layout_reg) regs;     /* in the order stored */
	VEC(struct layout_word) words;   /* those of wide registers first, then the shared ones */
	VEC(struct layout_field) fields; /* of shared words, in order */
	uint16_t *word_of_reg;           /* by register of the ISA: its first word; UINT16_MAX: not stored */
	uint16_t pc;                     /* word */
};

/* All registers of the ISA in its own order. */
struct error *layout_init(struct layout *l, const struct isa *isa);
/* These registers: regs are ids, each once, the PC among them. */
struct error *layout_init_regs(struct layout *l, const struct isa *isa, const uint32_t *regs, size_t num_regs);
void layout_deinit(struct layout *l);

/* One word of the trace from a state's words. */
static inline uint64_t layout_get(const struct layout *l, const uint64_t *state, uint16_t word)
{
	const struct layout_word *w = &l->words.at[word];
	uint64_t value = 0;

	if (!w->num_fields)
		return state[w->state_word];
	for (uint16_t i = 0; i < w->num_fields; i++) {
		const struct layout_field *f = &l->fields.at[w->first + i];
		value |= (state[f->state_word] & f->ones) << f->low;
	}
	return value;
}

/* ... and back. */
static inline void layout_put(const struct layout *l, uint64_t *state, uint16_t word, uint64_t value)
{
	const struct layout_word *w = &l->words.at[word];

	if (!w->num_fields) {
		state[w->state_word] = value;
		return;
	}
	for (uint16_t i = 0; i < w->num_fields; i++) {
		const struct layout_field *f = &l->fields.at[w->first + i];
		state[f->state_word] = value >> f->low & f->ones;
	}
}

/* All words. */
void layout_get_all(const struct layout *l, const uint64_t *state, uint64_t *ret);
void layout_put_all(const struct layout *l, uint64_t *state, const uint64_t *words);

#endif
