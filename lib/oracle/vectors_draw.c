#include <stdbool.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/fp/fp.h"
#include "lib/oracle/values.h"
#include "lib/oracle/vectors_state.h"

/* ---- Words ---- */

/*
 * Where registers' numbers mostly are: often 31, which is SP, the zero register, or what bits should be that nothing
 * depends on, and often another's. CRm should be 0 in some places.
 */
uint32_t vectors_draw_word(struct rng *rng, uint32_t mask, uint32_t value)
{
	static const uint8_t places[] = {0, 5, 10, 16};
	enum { NUM_PLACES = sizeof places, CRM = 0xf00 };
	uint32_t word = (uint32_t)rng_next(rng);

	for (unsigned i = 0; i < NUM_PLACES; i++) {
		uint32_t field = UINT32_C(31) << places[i], other = word >> places[rng_below(rng, NUM_PLACES)] & 31;
		switch (rng_below(rng, 8)) {
		case 0:
		case 1: word |= field; break;
		case 2: word = (word & ~field) | other << places[i]; break;
		default: break;
		}
	}
	if (rng_below(rng, 8) == 0)
		word &= ~(uint32_t)CRM;
	return value | (word & ~mask);
}

/* ---- States ---- */

/* Without the enabling of traps, which no emulator has. QC, IDC, IXC, UFC, OFC, DZC, IOC (Arm ARM C5.2.8, C5.2.10). */
enum {
	FPCR_FIZ_AH_NEP = 7 << FPCR_FIZ,
	FPCR_RMODE_FZ_DN_AHP = 0x1f << FPCR_RMODE,
	FPCR_ALL = FPCR_FIZ_AH_NEP | 1 << FPCR_EBF | 1 << FPCR_FZ16 | FPCR_RMODE_FZ_DN_AHP,
	FPSR_ALL = 0x0800009f,
};

/* None of the bits, the rounding mode alone, any, or few. */
static uint32_t draw_fpcr(struct rng *rng)
{
	uint32_t any = (uint32_t)rng_next(rng) & FPCR_ALL;

	switch (rng_below(rng, 4)) {
	case 0: return 0;
	case 1: return any & (3 << 22);
	case 2: return any;
	default: return any & (uint32_t)rng_next(rng);
	}
}

/* Vectors of one theme, some of them alike another. */
static void draw_vectors(struct rng *rng, struct vectors_state *s)
{
	enum values_theme theme = rng_below(rng, VALUES_NUM_THEMES);

	for (unsigned i = 0; i < 32; i++) {
		if (i && rng_below(rng, 8) == 0)
			values_similar(rng, theme, s->v[rng_below(rng, i)], s->v[i], 2);
		else
			values_lanes(rng, theme, s->v[i], 2);
	}
}

static void draw_memory(struct rng *rng, struct vectors_state *s)
{
	uint64_t words[VECTOR_WINDOW / 8];

	values_lanes(rng, rng_below(rng, VALUES_NUM_THEMES), words, VECTOR_WINDOW / 8);
	memcpy(s->memory, words, VECTOR_WINDOW);
}

/* ---- Addresses ---- */

static int64_t signed_field(uint32_t word, unsigned low, unsigned width)
{
	uint64_t sign = UINT64_C(1) << (width - 1), value = word >> low & (2 * sign - 1);

	return (int64_t)((value ^ sign) - sign);
}

/* Base-2 logarithm of the bytes of a register, of loads and stores of one and of two (Arm ARM C4.1). */
static unsigned scale_of(uint32_t word)
{
	bool vector = word >> 26 & 1, wide = word >> 23 & 1;

	return vector && wide ? 4 : word >> 30;
}

static unsigned scale_of_pair(uint32_t word)
{
	return word >> 26 & 1 ? 2 + (word >> 30) : 2 + (word >> 31);
}

/* The immediate offset of a load or store that accesses [base + offset]; 0: none, or it is added behind the access. */
static int64_t offset_of(uint32_t word)
{
	unsigned mode = word >> 10 & 3, pair_mode = word >> 23 & 3;

	if ((word & 0x3b000000) == 0x39000000)
		return (int64_t)(word >> 10 & 0xfff) << scale_of(word);
	if ((word & 0x3b200000) == 0x38000000)
		return mode == 1 ? 0 : signed_field(word, 12, 9);
	if ((word & 0x3f200c00) == 0x19000000)
		return signed_field(word, 12, 9);
	if ((word & 0x3a000000) == 0x28000000)
		return pair_mode == 1 ? 0 : signed_field(word, 15, 7) * (INT64_C(1) << scale_of_pair(word));
	return 0;
}

/* The base less the offset, so that what is stored can be seen; sometimes as it was. */
static void aim(uint32_t word, struct rng *rng, struct vectors_state *s)
{
	unsigned n = word >> 5 & 31;
	uint64_t offset = (uint64_t)offset_of(word), low = rng_below(rng, 4) ? 0 : 15;

	if ((word >> 25 & 5) != 4 || !offset || rng_below(rng, 4) == 0)
		return;
	if (n == 31)
		s->sp = (s->sp - offset) & ~UINT64_C(15);
	else
		s->x[n] = VECTORS_WINDOW + 64 + 16 * (uint64_t)rng_below(rng, 8) + (rng_next(rng) & low) - offset;
}

void vectors_draw_state(uint32_t word, uint64_t seed, struct vectors_state *ret)
{
	struct rng rng = {.state = hash_u64(seed)};

	vectors_make_state(word, seed, ret);
	aim(word, &rng, ret);
	draw_vectors(&rng, ret);
	if (rng_below(&rng, 2))
		draw_memory(&rng, ret);
	ret->fpcr = draw_fpcr(&rng);
	ret->fpsr = rng_below(&rng, 4) ? 0 : (uint32_t)rng_next(&rng) & FPSR_ALL;
}

/* STXR, STLXR, STXP, STLXP and those of bytes and halfwords: the bytes that are stored; 0: it is none. */
static unsigned exclusive_bytes(uint32_t word)
{
	unsigned size = 1u << (word >> 30);

	if ((word & 0x3fe00000) == 0x08000000)
		return size;
	return (word & 0xbfe00000) == 0x88200000 ? 2 * size : 0;
}

/* Nothing is marked that is misaligned: the load-exclusive would fault. */
static void draw_mark(struct rng *rng, struct vectors_trial *t)
{
	unsigned n = t->word >> 5 & 31, bytes = exclusive_bytes(t->word), kind = rng_below(rng, 8);
	uint64_t address = n == 31 ? t->before.sp : t->before.x[n];

	if (kind == 0)
		address = VECTORS_WINDOW + 16 * (uint64_t)rng_below(rng, 16);
	if (kind == 1)
		bytes = 1u << rng_below(rng, 5);
	if (!exclusive_bytes(t->word) || kind == 2 || address % bytes || address - VECTORS_WINDOW >= VECTOR_WINDOW)
		return;
	t->marked = address;
	t->marked_bytes = (uint8_t)bytes;
}

void vectors_draw_trial(struct vectors_trial *trial)
{
	struct rng rng = {.state = ~trial->seed};

	vectors_draw_state(trial->word, trial->seed, &trial->before);
	trial->monitor_known = true;
	trial->marked_bytes = 0;
	draw_mark(&rng, trial);
}
