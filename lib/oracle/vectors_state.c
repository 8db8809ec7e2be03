#include "lib/oracle/vectors_state.h"

#include <string.h>

#include "lib/base/rng.h"
#include "lib/oracle/vectors.h"

/* ---- The stream: integers and floating-point numbers of interest ---- */

static uint64_t draw_integer(struct rng *rng)
{
	uint64_t r = rng_next(rng), small = r >> 8 & 0xff;

	switch (r & 7) {
	case 0: return 0;
	case 1: return UINT64_MAX;
	case 2: return UINT64_C(1) << (small & 63);
	case 3: return small;
	case 4: return 0 - small;
	default: return rng_next(rng);
	}
}

/* An IEEE number of so many exponent and fraction bits: infinities, NaNs, subnormals, zeros, near 1, anything. */
static uint64_t draw_float(struct rng *rng, unsigned exponent, unsigned fraction)
{
	uint64_t r = rng_next(rng), bits = r >> 8 & ((UINT64_C(1) << fraction) - 1);
	uint64_t sign = (r >> 63) << (exponent + fraction);
	uint64_t infinity = ((UINT64_C(1) << exponent) - 1) << fraction;
	uint64_t one = ((UINT64_C(1) << (exponent - 1)) - 1) << fraction;
	uint64_t quiet = UINT64_C(1) << (fraction - 1);

	switch (r & 7) {
	case 0: return sign | infinity;
	case 1: return sign | infinity | quiet | bits;
	case 2: return sign | infinity | (bits & ~quiet) | 1;
	case 3: return sign | bits;
	case 4: return sign;
	case 5: return sign | (one + (bits & (quiet | quiet >> 1 | 7)));
	default:
		/* By the format, of 64 bits none are left. */
		r = rng_next(rng);
		return r & ((UINT64_C(1) << (exponent + fraction + 1) % 64) - 1);
	}
}

static uint64_t draw_floats(struct rng *rng, unsigned exponent, unsigned fraction)
{
	unsigned width = exponent + fraction + 1;
	uint64_t value = 0;

	for (unsigned low = 0; low < 64; low += width)
		value |= draw_float(rng, exponent, fraction) << low;
	return value;
}

static uint64_t draw_vector_half(struct rng *rng)
{
	switch (rng_next(rng) & 3) {
	case 0: return draw_integer(rng);
	case 1: return draw_floats(rng, 11, 52);
	case 2: return draw_floats(rng, 8, 23);
	default: return draw_floats(rng, 5, 10);
	}
}

/* None of the bits, or any of RMode, FZ, DN and FZ16. */
static uint32_t draw_fpcr(struct rng *rng)
{
	uint32_t r = (uint32_t)rng_next(rng);

	if (r & 1)
		return 0;
	return (r >> 1 & 3) << 22 | (r >> 3 & 1) << 24 | (r >> 4 & 1) << 25 | (r >> 5 & 1) << 19;
}

/* Loads and stores get a base in the window; with a register as offset, a small one. */
static void aim(uint32_t word, struct rng *rng, struct vectors_state *s)
{
	unsigned n = word >> 5 & 31, m = word >> 16 & 31;
	uint64_t r = rng_next(rng);

	if ((word & 0x3b200c00) == 0x38200800 && m < 31)
		s->x[m] = r >> 8 & 15;
	if (n < 31)
		s->x[n] = VECTORS_WINDOW + 128 + (r & 3 ? 0 : r >> 2 & 15);
}

void vectors_make_state(uint32_t word, uint64_t seed, struct vectors_state *ret)
{
	struct vectors_state s = {.sp = VECTORS_WINDOW + 128, .pc = VECTORS_CODE};
	struct rng rng = {.state = seed};

	for (unsigned i = 0; i < 31; i++)
		s.x[i] = rng_next(&rng) % 3 ? draw_integer(&rng) : VECTORS_WINDOW + (rng_next(&rng) & 0xff);
	for (unsigned i = 0; i < 64; i++)
		s.v[i / 2][i % 2] = draw_vector_half(&rng);
	s.nzcv = (uint32_t)rng_next(&rng) & 0xf0000000;
	s.fpcr = draw_fpcr(&rng);
	for (unsigned i = 0; i < VECTOR_WINDOW; i++)
		s.memory[i] = (uint8_t)rng_next(&rng);
	if ((word >> 25 & 5) == 4)
		aim(word, &rng, &s);
	*ret = s;
}

/* ---- Changes ---- */

static uint64_t number(const uint8_t *bytes, unsigned len)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < len && i < 8; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static void apply(const struct vector_change *c, struct vectors_state *s)
{
	uint64_t value = number(c->bytes, c->len);

	if (c->kind < VECTOR_SP) {
		s->x[c->kind] = value;
	} else if (c->kind >= VECTOR_V0 && c->kind < VECTOR_NZCV) {
		s->v[c->kind - VECTOR_V0][0] = value;
		s->v[c->kind - VECTOR_V0][1] = number(c->bytes + 8, 8);
	} else {
		switch (c->kind) {
		case VECTOR_SP: s->sp = value; break;
		case VECTOR_NZCV: s->nzcv = (uint32_t)value & 0xf0000000; break;
		case VECTOR_PC: s->pc = value; break;
		case VECTOR_FPSR: s->fpsr = (uint32_t)value; break;
		case VECTOR_MEMORY: memcpy(s->memory + c->offset, c->bytes, c->len); break;
		case VECTOR_FPCR: s->fpcr = (uint32_t)value; break;
		default: break;
		}
	}
}

void vectors_apply(const struct vector_case *c, bool inputs, struct vectors_state *s)
{
	for (unsigned i = 0; i < c->num_changes; i++)
		if (c->changes[i].input == inputs)
			apply(&c->changes[i], s);
}
