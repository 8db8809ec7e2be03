/*
 * Inside lib/fp: what nearly all operations are, in 64-bit integers: FP_F32 and FP_F64, normal operands, a normal
 * result (or an exact zero), rounded to nearest. No rules differ there. Each function says whether it could; if not,
 * *ret is as it was, and the general way is to be gone.
 */
#ifndef LIB_FP_FAST_H
#define LIB_FP_FAST_H

#include "lib/fp/number.h"

/* A normal operand: its significand's top bit is bit 63; the exponent as it is stored. */
struct fast {
	uint64_t significand;
	int exponent;
	bool sign;
};

static inline unsigned fast_stored(enum fp_format f)
{
	return f == FP_F64 ? 52 : 23;
}

static inline int fast_exponent_max(enum fp_format f)
{
	return f == FP_F64 ? 0x7ff : 0xff;
}

static inline bool fast_format(enum fp_format f)
{
	return f == FP_F64 || f == FP_F32;
}

static inline bool fast_mode(const struct fp_env *e)
{
	return fast_format(e->format) && round_mode(e) == FP_NEAREST;
}

static inline bool fast_unpack(enum fp_format f, uint64_t a, struct fast *ret)
{
	unsigned stored = fast_stored(f);

	ret->exponent = (int)(a >> stored) & fast_exponent_max(f);
	ret->significand = a << (63 - stored) | UINT64_C(1) << 63;
	ret->sign = f == FP_F64 ? a >> 63 : a >> 31 & 1;
	return (unsigned)ret->exponent - 1 < (unsigned)fast_exponent_max(f) - 1;
}

/* significand: not 0; its bit 63 is worth 2^(exponent - bias); the lowest bit stands for all below. */
static inline bool fast_round(enum fp_format f, bool sign, int exponent, uint64_t significand, struct fp_result *ret)
{
	unsigned stored = fast_stored(f), below = 63 - stored, zeroes = (unsigned)__builtin_clzll(significand);

	significand <<= zeroes;
	exponent -= (int)zeroes;
	if (exponent < 1 || exponent >= fast_exponent_max(f))
		return false;
	uint64_t kept = significand >> below, rest = significand << (64 - below), half = UINT64_C(1) << 63;
	bool up = rest > half || (rest == half && kept & 1);
	/* The integer bit adds 1 to the exponent; so does a carry. */
	uint64_t magnitude = ((uint64_t)(exponent - 1) << stored) + kept + up;
	if (magnitude >> stored == (uint64_t)fast_exponent_max(f))
		return false;
	ret->value = magnitude | (uint64_t)sign << (f == FP_F64 ? 63 : 31);
	ret->flags = (uint8_t)(flag_if(FP_INEXACT, rest != 0) | flag_if(FP_ROUNDED_UP, up));
	return true;
}

static inline uint64_t fast_sticky(uint64_t a, unsigned n)
{
	return n > 63 ? 1 : a >> n | ((a & ((UINT64_C(1) << n) - 1)) != 0);
}

/* negate: the sign of b is changed. */
static inline bool fast_add(const struct fp_env *e, bool negate, fp_bits a, fp_bits b, struct fp_result *ret)
{
	struct fast x, y;

	if (!fast_mode(e) || !fast_unpack(e->format, (uint64_t)a, &x) || !fast_unpack(e->format, (uint64_t)b, &y))
		return false;
	y.sign ^= negate;
	if (x.exponent < y.exponent || (x.exponent == y.exponent && x.significand < y.significand)) {
		struct fast swapped = x;
		x = y;
		y = swapped;
	}
	uint64_t big = x.significand >> 1, small = fast_sticky(y.significand >> 1, (unsigned)(x.exponent - y.exponent));
	uint64_t sum = x.sign == y.sign ? big + small : big - small;
	if (sum == 0) {
		*ret = (struct fp_result){0, 0};
		return true;
	}
	return fast_round(e->format, x.sign, x.exponent + 1, sum, ret);
}

static inline bool fast_mul(const struct fp_env *e, fp_bits a, fp_bits b, struct fp_result *ret)
{
	struct fast x, y;

	if (!fast_mode(e) || !fast_unpack(e->format, (uint64_t)a, &x) || !fast_unpack(e->format, (uint64_t)b, &y))
		return false;
	fp_bits product = (fp_bits)x.significand * y.significand;
	uint64_t high = (uint64_t)(product >> 64) | ((uint64_t)product != 0);
	int exponent = x.exponent + y.exponent + 1 - fast_exponent_max(e->format) / 2;
	return fast_round(e->format, x.sign != y.sign, exponent, high, ret);
}

static inline bool fast_div(const struct fp_env *e, fp_bits a, fp_bits b, struct fp_result *ret)
{
	struct fast x, y;
	uint64_t quotient;

	if (!fast_mode(e) || !fast_unpack(e->format, (uint64_t)a, &x) || !fast_unpack(e->format, (uint64_t)b, &y))
		return false;
	if (e->format == FP_F32) {
		uint64_t over = x.significand >> 1, under = y.significand >> 40;
		quotient = over / under;
		quotient = quotient << 24 | (over % under != 0);
	} else {
		fp_bits over = (fp_bits)x.significand << 63;
		quotient = (uint64_t)(over / y.significand);
		quotient |= over != (fp_bits)quotient * y.significand;
	}
	int exponent = x.exponent - y.exponent + fast_exponent_max(e->format) / 2;
	return fast_round(e->format, x.sign != y.sign, exponent, quotient, ret);
}

/*
 * The root of 64 bits of which one of the upper two is set; *ret_rest: what is left of a. Half of it bit by bit, the
 * rest by one division, which gives at most a little too much (P. Zimmermann, Karatsuba Square Root).
 */
static inline uint64_t fast_root(uint64_t a, uint64_t *ret_rest)
{
	uint32_t rest = (uint32_t)(a >> 32), high = 0;

	for (uint32_t bit = UINT32_C(1) << 30; bit != 0; bit >>= 2) {
		bool fits = rest >= high + bit;
		rest -= fits ? high + bit : 0;
		high = high >> 1 | (fits ? bit : 0);
	}
	uint64_t root = ((uint64_t)high << 16) + ((uint64_t)rest << 16 | (a >> 16 & 0xffff)) / (2 * (uint64_t)high);
	while (root >> 32 || root * root > a)
		root--;
	*ret_rest = a - root * root;
	return root;
}

/* FP_F32 alone: 32 bits of the root suffice. */
static inline bool fast_sqrt(const struct fp_env *e, fp_bits a, struct fp_result *ret)
{
	struct fast x;
	uint64_t rest;

	if (!fast_mode(e) || e->format != FP_F32 || !fast_unpack(FP_F32, (uint64_t)a, &x) || x.sign)
		return false;
	/* The bias is odd. */
	bool odd = !(x.exponent & 1);
	uint64_t root = fast_root(odd ? x.significand : x.significand >> 1, &rest);
	return fast_round(FP_F32, false, (x.exponent - 127 - odd) / 2 + 127, root << 32 | (rest != 0), ret);
}

static inline bool fast_fma(const struct fp_env *e, unsigned negate, fp_bits a, fp_bits b, fp_bits c,
			    struct fp_result *ret)
{
	struct fast x, y, z;

	if (!fast_mode(e) || !fast_unpack(e->format, (uint64_t)a, &x) || !fast_unpack(e->format, (uint64_t)b, &y) ||
	    !fast_unpack(e->format, (uint64_t)c, &z))
		return false;
	bool sign = (x.sign != y.sign) != ((negate & FP_NEGATE_PRODUCT) != 0);
	struct unrounded product = {(fp_bits)x.significand * y.significand,
				    x.exponent + y.exponent + 1 - fast_exponent_max(e->format) / 2, sign};
	struct unrounded addend = {(fp_bits)z.significand << 64, z.exponent,
				   z.sign != ((negate & FP_NEGATE_ADDEND) != 0)};
	bool low = !(product.significand >> 127);
	product.significand <<= low;
	product.exponent -= low;
	struct unrounded sum = fp_sum(product, addend, false);
	uint64_t high = (uint64_t)(sum.significand >> 64);
	/* Much cancelled: the general way. */
	if (high >> 62 == 0)
		return false;
	return fast_round(e->format, sum.sign, sum.exponent, high | ((uint64_t)sum.significand != 0), ret);
}

/* The relation of two normal numbers. */
static inline bool fast_compare(const struct fp_env *e, fp_bits a, fp_bits b, enum fp_relation *ret)
{
	struct fast x, y;

	if (!fast_format(e->format) || !fast_unpack(e->format, (uint64_t)a, &x) ||
	    !fast_unpack(e->format, (uint64_t)b, &y))
		return false;
	a = encoding(e->format, a);
	b = encoding(e->format, b);
	if (a == b) {
		*ret = FP_EQUAL;
		return true;
	}
	bool less = x.sign != y.sign ? x.sign : ((uint64_t)a < (uint64_t)b) != x.sign;
	*ret = less ? FP_LESS : FP_GREATER;
	return true;
}

static inline bool fast_convert(const struct fp_env *e, enum fp_format from, fp_bits a, struct fp_result *ret)
{
	struct fast x;

	if (!fast_mode(e) || !fast_format(from) || !fast_unpack(from, (uint64_t)a, &x))
		return false;
	int exponent = x.exponent - fast_exponent_max(from) / 2 + fast_exponent_max(e->format) / 2;
	return fast_round(e->format, x.sign, exponent, x.significand, ret);
}

#endif
