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

struct fp_result fp_fma(const struct fp_env *e, unsigned negate, fp_bits a, fp_bits b, fp_bits c)
{
	struct fp_result ret;

	if (fast_fma(e, negate, a, b, c, &ret))
		return ret;
	struct number n[3] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b),
			      number_unpack(e, e->format, c)};
	bool nans = fp_rules[e->rules].negates_nans;

	if (nans || !is_nan(&n[0]))
		n[0].sign ^= (negate & FP_NEGATE_PRODUCT) != 0;
	if (nans || !is_nan(&n[2]))
		n[2].sign ^= (negate & FP_NEGATE_ADDEND) != 0;
	bool sign = n[0].sign != n[1].sign;
	bool infinite = n[0].class == NUMBER_INFINITE || n[1].class == NUMBER_INFINITE;
	bool zero = n[0].class == NUMBER_ZERO || n[1].class == NUMBER_ZERO;

	if (is_nan(&n[0]) || is_nan(&n[1]) || is_nan(&n[2]))
		return fma_nan(e, n, infinite && zero);
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
	return round_arithmetic(e, fp_sum(product, unrounded(&n[2]), round_mode(e) == FP_DOWN), flags);
}
