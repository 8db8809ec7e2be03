#include "lib/oracle/values.h"

#include <stdbool.h>

static bool chance(struct rng *r, unsigned one_in)
{
	return rng_below(r, one_in) == 0;
}

uint64_t values_integer(struct rng *r, unsigned width)
{
	uint64_t mask = UINT64_MAX >> (64 - width), x = rng_next(r);

	switch (rng_below(r, 12)) {
	case 0: return 0;
	case 1: return mask;
	case 2: return mask >> 1;
	case 3: return (mask >> 1) + 1;
	case 4: return (uint64_t)1 << x % width;
	case 5: return mask & ~((uint64_t)1 << x % width);
	case 6: return x % 80 & mask;
	case 7: return (0 - x % 80) & mask;
	case 8: return x >> (64 - width) >> rng_next(r) % width;
	default: return x & mask;
	}
}

/* ---- Numbers ---- */

/* A format, and what it is converted to: IEEE 754 binary16, binary32, binary64. */
struct format {
	unsigned width, fraction, exponent;
	unsigned narrow_fraction, narrow_bias; /* of the next smaller one */
};

static const struct format formats[] = {{16, 10, 5, 7, 7}, {32, 23, 8, 10, 15}, {64, 52, 11, 23, 127}};

struct number {
	int exponent; /* biased; what the format does not have is cut off */
	uint64_t fraction;
};

/* Close to a multiple of 2^bits: on it, or a unit beside. */
static uint64_t about(struct rng *r, uint64_t value, unsigned bits)
{
	return ((value >> bits) << bits) + rng_below(r, 3) - 1;
}

/* Exponents at which integers of 8, 16, 32 and 64 bits end, and those that have no fraction. */
static struct number at_limit(struct rng *r, const struct format *f, int bias)
{
	static const uint8_t bits[] = {7, 8, 15, 16, 31, 32, 63, 64};
	uint64_t ones = ((uint64_t)1 << f->fraction) - 1;
	int of = chance(r, 3) ? (int)f->fraction : bits[rng_below(r, sizeof bits)];
	const uint64_t fractions[] = {0, 1, ones, ones - 1, (uint64_t)1 << (f->fraction - 1), rng_next(r)};

	return (struct number){bias + of - (int)rng_below(r, 3) + 1, fractions[rng_below(r, 6)]};
}

/* N + 1/2, and what is next to it. */
static struct number halfway(struct rng *r, const struct format *f, int bias)
{
	int exponent = (int)rng_below(r, f->fraction + 1) - 1; /* 2^-1 to 2^(fraction - 1) */
	unsigned half = f->fraction - 1 - (unsigned)(exponent < 0 ? 0 : exponent);
	uint64_t fraction = exponent < 0 ? 0 : values_integer(r, f->fraction) | (uint64_t)1 << half;

	return (struct number){bias + exponent, exponent < 0 ? fraction : about(r, fraction, chance(r, 2) ? 0 : half)};
}

/* Halfway between two numbers of the next smaller format, its denormals and its overflow included. */
static struct number halfway_narrow(struct rng *r, const struct format *f, int bias)
{
	int range = (int)(2 * f->narrow_bias + f->narrow_fraction + 6);
	int exponent = (int)rng_below(r, (uint32_t)range) - (int)f->narrow_bias - (int)f->narrow_fraction - 2;
	int denormal = 1 - (int)f->narrow_bias - exponent; /* bits fewer */
	int kept = (int)f->narrow_fraction - (denormal > 0 ? denormal : 0);
	unsigned half = f->fraction - 1 - (unsigned)(kept > 0 ? kept : 0);
	uint64_t fraction = values_integer(r, f->fraction) | (uint64_t)1 << half;

	return (struct number){bias + exponent, about(r, fraction, half)};
}

/* Of the same size as one, or as half a unit in its last place: sums are exact, or halfway, or cancel. */
static struct number near_one(struct rng *r, const struct format *f, int bias)
{
	int exponent = (int)rng_below(r, 8) - 4;

	if (chance(r, 3))
		exponent -= (int)f->fraction;
	return (struct number){bias + exponent, values_integer(r, f->fraction)};
}

static struct number draw(struct rng *r, const struct format *f)
{
	int most = (1 << f->exponent) - 1, bias = most / 2;
	uint64_t any = values_integer(r, f->fraction);

	switch (rng_below(r, 16)) {
	case 0: /* zero, denormal */
	case 1: return (struct number){0, any};
	case 2: return (struct number){1, any};
	case 3: /* infinity, NaN */
	case 4: return (struct number){most, any};
	case 5: return (struct number){most - 1, chance(r, 2) ? ~any : 0 - any % 4};
	case 6: return (struct number){(int)values_integer(r, f->exponent), any};
	case 7: return at_limit(r, f, bias);
	case 8: return halfway(r, f, bias);
	case 9:
	case 10: return halfway_narrow(r, f, bias);
	/* Products, quotients and squares underflow or overflow. */
	case 11: return (struct number){bias / 2 + (int)rng_below(r, 8) - 4, any};
	case 12: return (struct number){bias / 2 * 3 + (int)rng_below(r, 8) - 4, any};
	default: return near_one(r, f, bias);
	}
}

uint64_t values_number(struct rng *r, unsigned width)
{
	const struct format *f = &formats[width / 32];
	struct number n = draw(r, f);
	uint64_t fraction_mask = ((uint64_t)1 << f->fraction) - 1, exponent_mask = ((uint64_t)1 << f->exponent) - 1;
	uint64_t sign = rng_next(r) & 1;

	if (chance(r, 4))
		n.fraction = 0;
	return sign << (width - 1) | ((uint64_t)n.exponent & exponent_mask) << f->fraction |
	       (n.fraction & fraction_mask);
}

/* ---- Lanes ---- */

static unsigned width_of(struct rng *r, enum values_theme theme)
{
	switch (theme) {
	case VALUES_HALF: return 16;
	case VALUES_SINGLE: return 32;
	case VALUES_DOUBLE: return 64;
	default: return 8u << rng_below(r, 4);
	}
}

void values_lanes(struct rng *r, enum values_theme theme, uint64_t *ret, unsigned words)
{
	unsigned width = width_of(r, theme);
	bool numbers = width > 8 && (theme != VALUES_MIXED || chance(r, 2));

	for (unsigned i = 0; i < words; i++) {
		ret[i] = 0;
		for (unsigned low = 0; low < 64; low += width)
			ret[i] |= (numbers ? values_number(r, width) : values_integer(r, width)) << low;
	}
}

/* The same in most lanes. */
static uint64_t similar(struct rng *r, uint64_t lane, unsigned width)
{
	uint64_t mask = UINT64_MAX >> (64 - width), sign = (uint64_t)1 << (width - 1);

	switch (rng_below(r, 8)) {
	case 0: return (lane + 1) & mask;
	case 1: return (lane - 1) & mask;
	case 2:
	case 3: return lane ^ sign;
	default: return lane;
	}
}

void values_similar(struct rng *r, enum values_theme theme, const uint64_t *from, uint64_t *ret, unsigned words)
{
	unsigned width = width_of(r, theme), kind = rng_below(r, 4);
	uint64_t mask = UINT64_MAX >> (64 - width);

	for (unsigned i = 0; i < words; i++) {
		uint64_t word = 0;
		/* The same bits, or fewer. */
		if (kind <= 1) {
			ret[i] = kind ? from[i] & rng_next(r) : from[i];
			continue;
		}
		for (unsigned low = 0; low < 64; low += width)
			word |= similar(r, from[i] >> low & mask, width) << low;
		ret[i] = word;
	}
}

/* ---- Control ---- */

/* MXCSR (SDM vol. 1, 10.2.3). Of other control registers these bits are other things, and any of them as good. */
enum { DAZ = 1 << 6, MASKS_LOW = 7, NUM_MASKS = 6, MASKS = 0x3f << MASKS_LOW, FTZ = 1 << 15 };

uint64_t values_control(struct rng *r, uint64_t initial, uint64_t bits)
{
	uint64_t value = initial | (rng_next(r) & bits);

	if (!chance(r, 4))
		value &= ~(uint64_t)(DAZ | FTZ);
	switch (rng_below(r, 8)) {
	case 0: return rng_next(r) & bits;
	case 1: return initial;
	case 2: return value & ~((uint64_t)1 << (MASKS_LOW + rng_below(r, NUM_MASKS)));
	default: return value;
	}
}
