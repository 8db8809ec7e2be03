#include "lib/fp/fast.h"

/* Of several NaNs: in the order of the arguments, or with the addend first (Arm ARM, FPMulAdd()). */
static struct fp_result fma_nan(const struct fp_env *e, const struct number n[3], bool invalid_product)
{
	const struct fp_rules *r = &fp_rules[e->rules];
	const struct number addend_first[3] = {n[2], n[0], n[1]};

	if (invalid_product && r->invalid_product_wins && n[2].class == NUMBER_QUIET)
		return invalid_result(e, n, 3);
	return nan_result(e, r->nan_order == NAN_SIGNALLING_FIRST ? addend_first : n, 3);
}

static void change_sign(const struct fp_env *e, struct number *n)
{
	n->sign ^= fp_rules[e->rules].negates_nans || !is_nan(n);
}

static bool is_invalid_product(const struct number n[2])
{
	return (n[0].class == NUMBER_INFINITE && n[1].class == NUMBER_ZERO) ||
	       (n[0].class == NUMBER_ZERO && n[1].class == NUMBER_INFINITE);
}

/* (n[0] * n[1] + n[2]) * 2^scale */
static struct fp_result fma_numbers(const struct fp_env *e, const struct number n[3], int scale)
{
	bool sign = n[0].sign != n[1].sign;
	bool infinite = n[0].class == NUMBER_INFINITE || n[1].class == NUMBER_INFINITE;
	bool zero = n[0].class == NUMBER_ZERO || n[1].class == NUMBER_ZERO;

	if (is_nan(&n[0]) || is_nan(&n[1]) || is_nan(&n[2]))
		return fma_nan(e, n, is_invalid_product(n));
	if (infinite && (zero || (n[2].class == NUMBER_INFINITE && n[2].sign != sign)))
		return invalid_result(e, n, 3);
	unsigned flags = denormal_flags(e, false, n, 3);
	if (infinite || n[2].class == NUMBER_INFINITE)
		return infinite_result(e, infinite ? sign : n[2].sign, flags);
	struct unrounded product = {(fp_bits)n[0].significand * n[1].significand, n[0].exponent + n[1].exponent + 1,
				    sign};
	if (zero)
		product.exponent = ZERO_EXPONENT;
	if (!zero && !(product.significand >> 127)) {
		product.significand <<= 1;
		product.exponent--;
	}
	struct unrounded sum = fp_sum(product, unrounded(&n[2]), round_mode(e) == FP_DOWN);
	sum.exponent += scale;
	return round_arithmetic(e, sum, flags);
}

struct fp_result fp_fma(const struct fp_env *e, unsigned negate, fp_bits a, fp_bits b, fp_bits c)
{
	struct fp_result ret;

	if (fast_fma(e, negate, a, b, c, &ret))
		return ret;
	struct number n[3] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b),
			      number_unpack(e, e->format, c)};

	if (negate & FP_NEGATE_PRODUCT)
		change_sign(e, &n[0]);
	if (negate & FP_NEGATE_ADDEND)
		change_sign(e, &n[2]);
	return fma_numbers(e, n, 0);
}

/* (constant - a b) * 2^scale */
static struct fp_result step(const struct fp_env *e, unsigned constant, int scale, fp_bits a, fp_bits b)
{
	/* A number from 2 up to 4. */
	const struct number c = {(uint64_t)constant << 62, 1, NUMBER_FINITE, false, false};
	struct number n[3] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b), c};

	change_sign(e, &n[0]);
	if (is_invalid_product(n))
		return round_result(e, (struct unrounded){(fp_bits)c.significand << 64, c.exponent + scale, false},
				    denormal_flags(e, false, n, 2));
	return fma_numbers(e, n, scale);
}

struct fp_result fp_recip_step(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return step(e, 2, 0, a, b);
}

struct fp_result fp_rsqrt_step(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return step(e, 3, -1, a, b);
}
