#include "lib/testing/fp_operands.h"

#include <stdlib.h>

struct shape {
	unsigned exponent, stored;
};

static struct shape shape(enum fp_format f)
{
	switch (f) {
	case FP_BF16: return (struct shape){8, 7};
	case FP_F32: return (struct shape){8, 23};
	case FP_F64: return (struct shape){11, 52};
	case FP_F80: return (struct shape){15, 64};
	default: return (struct shape){5, 10};
	}
}

static uint64_t mask(unsigned bits)
{
	return UINT64_MAX >> (64 - bits);
}

/* The ends of the range, the middle, both sides of the significand's width from it, or anything. */
static unsigned any_exponent(struct rng *r, struct shape s)
{
	unsigned most = (1u << s.exponent) - 1, bias = most / 2;

	switch (rng_below(r, 8)) {
	case 0: return 0;
	case 1: return rng_below(r, 3);
	case 2: return most - rng_below(r, 3);
	case 3: return most;
	case 4: return bias + rng_below(r, 5) - 2;
	case 5: return bias + rng_below(r, 70) - 3 > most ? bias : bias + rng_below(r, s.stored < 15 ? 15 : 70) - 3;
	default: return (unsigned)rng_next(r) & most;
	}
}

static uint64_t any_fraction(struct rng *r, unsigned bits)
{
	uint64_t random = rng_next(r) & mask(bits);

	switch (rng_below(r, 8)) {
	case 0: return 0;
	case 1: return rng_below(r, 4) & mask(bits);
	case 2: return mask(bits) - rng_below(r, 3);
	case 3: return (UINT64_C(1) << (bits - 1)) + rng_below(r, 3) - 1;
	case 4: return random & mask(bits) << rng_below(r, bits);
	case 5: return mask(1 + rng_below(r, bits)) ^ (random & 1);
	default: return random;
	}
}

static fp_bits put_together(struct shape s, bool sign, unsigned exponent, uint64_t fraction)
{
	exponent &= (1u << s.exponent) - 1;
	return ((fp_bits)sign << s.exponent | exponent) << s.stored | fraction;
}

fp_bits fp_operand_any(struct rng *r, enum fp_format f)
{
	struct shape s = shape(f);
	unsigned exponent = any_exponent(r, s);
	bool sign = rng_next(r) & 1;

	if (f != FP_F80)
		return put_together(s, sign, exponent, any_fraction(r, s.stored));
	/* The integer bit is as it should be, but for one in sixteen. */
	bool integer = (exponent != 0) != (rng_below(r, 16) == 0);
	return put_together(s, sign, exponent, any_fraction(r, 63) | (uint64_t)integer << 63);
}

fp_bits fp_operand_near(struct rng *r, enum fp_format f, fp_bits a)
{
	struct shape s = shape(f);
	uint64_t fraction = (uint64_t)a & mask(s.stored);
	unsigned exponent = (unsigned)(a >> s.stored) & ((1u << s.exponent) - 1);
	bool sign = rng_next(r) & 1;

	switch (rng_below(r, 3)) {
	case 0: return put_together(s, sign, exponent, fraction ^ (rng_next(r) & mask(1 + rng_below(r, 8))));
	case 1: return put_together(s, sign, exponent + rng_below(r, 5) - 2, fraction);
	default:
		if (f == FP_F80)
			return put_together(s, sign, exponent + rng_below(r, 140) - 70, fraction);
		return put_together(s, sign, exponent + rng_below(r, 2 * s.stored + 6) - s.stored - 3,
				    any_fraction(r, s.stored));
	}
}

fp_bits fp_operand_second(struct rng *r, enum fp_format f, fp_bits a)
{
	return rng_below(r, 3) == 0 ? fp_operand_near(r, f, a) : fp_operand_any(r, f);
}

uint64_t fp_cases(uint64_t few)
{
	const char *text = getenv("VALIDATE_FP_CASES");

	return text != NULL ? strtoull(text, NULL, 10) : few;
}
