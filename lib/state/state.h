/*
 * A register file: values and unknown bits, in the layout of an ISA (arch.h, eval.h). Bits above a register's width and
 * values of unknown bits are zero. Owns its memory; knows nothing of any target.
 */
#ifndef LIB_STATE_STATE_H
#define LIB_STATE_STATE_H

#include "arch/arch.h"

struct state {
	const struct isa *isa;
	uint64_t *value;   /* isa->num_words */
	uint64_t *unknown; /* isa->num_words; 1 bits: not known */
};

/* Everything unknown. */
struct error *state_init(struct state *s, const struct isa *isa);
void state_deinit(struct state *s);

/* Both of the same ISA. */
void state_copy(struct state *to, const struct state *from);

/* The low 64 bits; for registers of up to 64 bits that is all. */
static inline uint64_t state_get(const struct state *s, uint32_t reg)
{
	return s->value[s->isa->regs[reg].word];
}

/* The flags register, as GDB names it, that the field reg is of: all of its fields, known or not. */
uint64_t state_get_flags(const struct state *s, uint32_t reg);

/* All bits are known. */
bool state_known(const struct state *s, uint32_t reg);
/* No register has unknown bits. */
bool state_all_known(const struct state *s);

/* Sets a register (cut to its width) and marks it known. */
void state_set(struct state *s, uint32_t reg, uint64_t value);
void state_set_words(struct state *s, uint32_t reg, const uint64_t *value);
/* As state_set_words(), with unknown bits; unknown may be NULL. */
void state_set_masked(struct state *s, uint32_t reg, const uint64_t *value, const uint64_t *unknown);
void state_set_unknown(struct state *s, uint32_t reg);

/* Words of a register. */
static inline unsigned reg_words(const struct reg_desc *reg)
{
	return (reg->width + 63u) / 64u;
}

/* Bit fields in little-endian bytes: `width` bits from bit `low`. The field must lie within len bytes. */
void bits_get(const uint8_t *bytes, size_t len, unsigned low, unsigned width, uint64_t *ret);
void bits_put(uint8_t *bytes, size_t len, unsigned low, unsigned width, const uint64_t *value);

/* What is never compared is as good as not shown: sets the bits of isa->unjudged in hidden, which has a state's words.
 */
void state_hide_unjudged(const struct isa *isa, uint64_t *hidden);

#endif
