/*
 * Inside lib/fp: numbers of any format taken apart, the one rounding function, and what is special.
 */
#ifndef LIB_FP_NUMBER_H
#define LIB_FP_NUMBER_H

#include <stddef.h>

#include "lib/fp/fp.h"

/* Widths in bits: the exponent field, what is stored below it, the significand with its integer bit. */
struct fp_layout {
	uint8_t exponent, stored, digits;
};
extern const struct fp_layout fp_layouts[FP_NUM_FORMATS];

static inline int fp_bias(const struct fp_layout *l)
{
	return (1 << (l->exponent - 1)) - 1;
}

/* Which of several NaNs becomes the result. */
enum nan_order { NAN_FIRST, NAN_SIGNALLING_FIRST, NAN_LARGER };

/*
 * What an unmasked overflow or underflow tells (of F80, it has a result; of others, none): as if masked, but underflow
 * even if exact; itself alone; FP_INEXACT, too, if the result would be inexact had the exponent no bounds.
 */
enum trapped { TRAPPED_AS_MASKED, TRAPPED_ALONE, TRAPPED_UNBOUNDED };

struct fp_rules {
	enum nan_order nan_order;
	enum trapped trapped;
	bool negative_nan;         /* the sign of the default NaN */
	bool tiny_before;          /* a result is tiny by its value before rounding, else after */
	bool flushed_is_exact;     /* a flushed result raises FP_UNDERFLOW alone */
	bool flushing_raises;      /* FP_DENORMAL: an operand was flushed; else one is denormal and was not */
	bool integral_denormal;    /* fp_round_integral() and fp_round_to_fit() raise FP_DENORMAL */
	bool half_unflushed;       /* conversions flush no 16-bit number, and it raises no FP_DENORMAL */
	bool half_silent;          /* nor does any other of FP_F16 */
	bool saturates;            /* integers that do not fit give the nearest */
	bool invalid_product_wins; /* infinity * 0 + quiet NaN is invalid and gives the default NaN */
	bool negates_nans;         /* an operand of fp_fma() that is negated is, too, if it is a NaN */
	bool ordered_minimum;      /* fp_min(), fp_max() heed NaNs and signs of zeroes, else the second operand wins */
};
extern const struct fp_rules fp_rules[FP_NUM_RULES];

/* In this order, magnitudes ascend. */
enum number_class { NUMBER_ZERO, NUMBER_FINITE, NUMBER_INFINITE, NUMBER_QUIET, NUMBER_SIGNALLING, NUMBER_UNSUPPORTED };

/* The exponent of a zero: below all others, so that its magnitude is. */
enum { ZERO_EXPONENT = -(1 << 20) };

/* A finite number is significand * 2^(exponent - 63), the top bit set. A NaN's payload is at the significand's top. */
struct number {
	uint64_t significand;
	int32_t exponent;
	uint8_t class; /* enum number_class, denormals flushed where the mode says */
	bool sign;
	bool denormal; /* raises FP_DENORMAL */
};

/* What is yet to be rounded: significand * 2^(exponent - 127). The lowest bit may stand for all below it. */
struct unrounded {
	fp_bits significand;
	int exponent;
	bool sign;
};

static inline unsigned flag_if(unsigned flag, bool raised)
{
	return (unsigned)raised << flag;
}

static inline enum fp_round round_mode(const struct fp_env *e)
{
	return (enum fp_round)(e->mode >> FP_MODE_ROUND & 7);
}

static inline bool mode_bit(const struct fp_env *e, unsigned bit)
{
	return e->mode >> bit & 1;
}

/* The bits that belong to it. */
static inline fp_bits encoding(enum fp_format f, fp_bits a)
{
	return a & (((fp_bits)1 << fp_width(f)) - 1);
}

static inline bool is_nan(const struct number *n)
{
	return n->class >= NUMBER_QUIET;
}

static inline struct unrounded unrounded(const struct number *n)
{
	return (struct unrounded){(fp_bits)n->significand << 64, n->exponent, n->sign};
}

/* Whether the magnitude is raised to the next one that can be had: what is cut off is half of a unit, and more. */
static inline bool rounds_up(enum fp_round round, bool sign, bool odd, bool half, bool below)
{
	switch (round) {
	case FP_NEAREST: return half && (below || odd);
	case FP_DOWN: return sign && (half || below);
	case FP_UP: return !sign && (half || below);
	case FP_AWAY: return half;
	case FP_ODD: return !odd && (half || below);
	case FP_TO_ZERO:
	default: return false;
	}
}

/* Shifted right; the lowest bit is set, too, if a bit is lost. */
static inline fp_bits shift_sticky(fp_bits a, unsigned n)
{
	if (n > 127)
		return a != 0;
	fp_bits shifted = a >> n;
	return shifted | (shifted << n != a);
}

/* The exact sum, but for the lowest bit; a zero of different signs is negative if `down` (IEEE 754-2019, 6.3). */
static inline struct unrounded fp_sum(struct unrounded x, struct unrounded y, bool down)
{
	if (x.exponent < y.exponent || (x.exponent == y.exponent && x.significand < y.significand)) {
		struct unrounded swapped = x;
		x = y;
		y = swapped;
	}
	unsigned distance = (unsigned)(x.exponent - y.exponent);
	fp_bits small = distance < 128 ? y.significand >> distance : 0;
	bool lost = distance < 128 ? small << distance != y.significand : y.significand != 0;
	if (x.sign != y.sign) {
		x.significand = (x.significand - small - lost) | lost;
		if (x.significand == 0)
			x.sign = down;
		return x;
	}
	x.significand += small;
	bool carry = x.significand < small;
	x.significand |= lost;
	if (carry) {
		x.significand = shift_sticky(x.significand, 1) | (fp_bits)1 << 127;
		x.exponent++;
	}
	return x;
}

/* Takes an encoding apart; denormals are flushed if the mode says so. */
struct number number_unpack(const struct fp_env *e, enum fp_format f, fp_bits a);
/* The same, whatever the mode says; `denormal` is that it is one. */
struct number number_unpack_raw(enum fp_format f, fp_bits a);

/* Negative: x has the smaller magnitude; neither is a NaN. */
int number_order(const struct number *x, const struct number *y);

/* What operands raise by being denormal; x86: unless a NaN, invalid operation or division is (SDM vol. 1, 4.9.2). */
unsigned denormal_flags(const struct fp_env *e, bool before, const struct number *n, unsigned count);

/* Results with no rounding. `flags` are added. */
struct fp_result zero_result(const struct fp_env *e, bool sign, unsigned flags);
struct fp_result infinite_result(const struct fp_env *e, bool sign, unsigned flags);
/* Of an invalid operation: the default NaN. */
struct fp_result invalid_result(const struct fp_env *e, const struct number *n, unsigned count);
/* Of operands of which one is a NaN, or unsupported. */
struct fp_result nan_result(const struct fp_env *e, const struct number *n, unsigned count);

/* Rounds to e->format; digits: to how many bits at most, the exponent's range being the format's. */
struct fp_result round_digits(const struct fp_env *e, unsigned digits, struct unrounded u, unsigned flags);
/* Rounds to all bits of the format. */
struct fp_result round_result(const struct fp_env *e, struct unrounded u, unsigned flags);
/* Rounds to as many bits as precision control leaves: what arithmetic does (SDM vol. 1, 8.1.5.2). */
struct fp_result round_arithmetic(const struct fp_env *e, struct unrounded u, unsigned flags);

#endif
