#include <string.h>

#include "lib/base/rng.h"
#include "lib/oracle/values.h"
#include "lib/oracle/vectors_state.h"

/* Arm ARM C5.2.8 and C5.2.9; without the enabling of traps, which no emulator has. */
enum {
	FPCR_FIZ_AH_NEP = 7,
	FPCR_EBF = 1 << 13,
	FPCR_FZ16 = 1 << 19,
	FPCR_RMODE_FZ_DN_AHP = 0x1f << 22,
	FPCR_ALL = FPCR_FIZ_AH_NEP | FPCR_EBF | FPCR_FZ16 | FPCR_RMODE_FZ_DN_AHP,
	FPSR_ALL = 0x0800009f, /* QC, IDC, IXC, UFC, OFC, DZC, IOC */
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

void vectors_draw_state(uint32_t word, uint64_t seed, struct vectors_state *ret)
{
	struct rng rng = {.state = hash_u64(seed)};

	vectors_make_state(word, seed, ret);
	draw_vectors(&rng, ret);
	if (rng_below(&rng, 2))
		draw_memory(&rng, ret);
	ret->fpcr = draw_fpcr(&rng);
	ret->fpsr = rng_below(&rng, 4) ? 0 : (uint32_t)rng_next(&rng) & FPSR_ALL;
}
