/* Sums of products of bfloat16 (Arm ARM, BFDotAdd()). */
#include "lib/fp/number.h"

/* Whether it is infinite is the sign's; results beyond the largest number are, though rounding is to odd. */
static struct fp_result odd_result(const struct fp_env *e, struct fp_result r)
{
	const bool overflowed = r.flags >> FP_OVERFLOW & 1;

	return overflowed ? infinite_result(e, r.value >> 31 & 1, 0) : r;
}

/* The halves of a pair as numbers of FP_F32. */
static fp_bits widen(fp_bits pair, bool high)
{
	return (high ? pair : pair << 16) & 0xffff0000;
}

/* BFMulH(), FPAdd_BF16(): every product and sum is rounded to odd, and denormals count as zeroes. */
static struct fp_result standard(const struct fp_env *e, fp_bits a, fp_bits b, fp_bits addend)
{
	struct fp_result low = odd_result(e, fp_mul(e, widen(a, false), widen(b, false)));
	struct fp_result high = odd_result(e, fp_mul(e, widen(a, true), widen(b, true)));
	struct fp_result sum = odd_result(e, fp_add(e, low.value, high.value));

	return odd_result(e, fp_add(e, addend, sum.value));
}

/* A product, not rounded, or what it is instead. */
struct product {
	struct unrounded value;
	bool invalid, infinite;
};

static struct product multiply(const struct fp_env *e, fp_bits a, fp_bits b)
{
	const struct number x = number_unpack(e, FP_BF16, a), y = number_unpack(e, FP_BF16, b);
	bool zero = x.class == NUMBER_ZERO || y.class == NUMBER_ZERO;
	bool infinite = x.class == NUMBER_INFINITE || y.class == NUMBER_INFINITE;
	struct product ret = {.infinite = infinite, .invalid = is_nan(&x) || is_nan(&y) || (zero && infinite)};

	ret.value = (struct unrounded){(fp_bits)x.significand * y.significand, x.exponent + y.exponent + 1,
				       x.sign != y.sign};
	if (zero)
		ret.value.exponent = ZERO_EXPONENT;
	if (!zero && !(ret.value.significand >> 127)) {
		ret.value.significand <<= 1;
		ret.value.exponent--;
	}
	return ret;
}

/* FPDot(): both products and their sum are rounded once. */
static struct fp_result dot(const struct fp_env *e, fp_bits a, fp_bits b)
{
	const struct product low = multiply(e, a & 0xffff, b & 0xffff), high = multiply(e, a >> 16, b >> 16);
	bool opposite = low.value.sign != high.value.sign;

	if (low.invalid || high.invalid || (low.infinite && high.infinite && opposite))
		return invalid_result(e, NULL, 0);
	if (low.infinite || high.infinite)
		return infinite_result(e, low.infinite ? low.value.sign : high.value.sign, 0);
	return round_result(e, fp_sum(low.value, high.value, round_mode(e) == FP_DOWN), 0);
}

struct fp_result fp_bf16_dot(const struct fp_env *e, fp_bits a, fp_bits b, fp_bits addend)
{
	const unsigned flush = 1u << FP_MODE_FLUSH_OPERANDS | 1u << FP_MODE_FLUSH_RESULTS;
	struct fp_env env = *e;
	struct fp_result ret;

	env.mode |= 1u << FP_MODE_DEFAULT_NAN;
	if (mode_bit(e, FP_MODE_EXTENDED_DOT)) {
		ret = fp_add(&env, addend, dot(&env, a, b).value);
	} else {
		env.mode = (env.mode & ~7u) | FP_ODD | flush;
		ret = standard(&env, a, b, addend);
	}
	return (struct fp_result){ret.value, 0};
}
