/*
 * Exponents as numbers and numbers as exponents (SDM vol. 2, FSCALE, FXTRACT). Precision control does not reach them.
 */
#include "lib/fp/number.h"

/* Beyond all differences of exponents, wrapped ones, too. */
enum { FAR = 1 << 18 };

/* Cut to an integer towards zero. */
static int power(const struct number *n)
{
	if (n->class == NUMBER_ZERO || n->exponent < 0)
		return 0;
	int ret = n->exponent > 17 ? FAR : (int)(n->significand >> (63 - n->exponent));
	return n->sign ? -ret : ret;
}

struct fp_result fp_scale(const struct fp_env *e, fp_bits a, fp_bits b)
{
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};

	if (is_nan(&n[0]) || is_nan(&n[1]))
		return nan_result(e, n, 2);
	bool up = n[1].class == NUMBER_INFINITE && !n[1].sign, down = n[1].class == NUMBER_INFINITE && n[1].sign;
	if ((up && n[0].class == NUMBER_ZERO) || (down && n[0].class == NUMBER_INFINITE))
		return invalid_result(e, n, 2);
	unsigned flags = denormal_flags(e, false, n, 2);
	if (up || n[0].class == NUMBER_INFINITE)
		return infinite_result(e, n[0].sign, flags);
	if (down || n[0].class == NUMBER_ZERO)
		return zero_result(e, n[0].sign, flags);
	struct unrounded u = unrounded(&n[0]);
	u.exponent += power(&n[1]);
	return round_result(e, u, flags);
}

struct fp_result fp_exponent(const struct fp_env *e, fp_bits a)
{
	struct number n = number_unpack(e, e->format, a);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	if (n.class == NUMBER_ZERO)
		return infinite_result(e, true, denormal_flags(e, true, &n, 1) | flag_if(FP_DIVIDE, true));
	unsigned flags = denormal_flags(e, false, &n, 1);
	if (n.class == NUMBER_INFINITE)
		return infinite_result(e, false, flags);
	bool sign = n.exponent < 0;
	return round_result(e, (struct unrounded){(fp_bits)(sign ? -n.exponent : n.exponent), 127, sign}, flags);
}

struct fp_result fp_significand(const struct fp_env *e, fp_bits a)
{
	struct number n = number_unpack(e, e->format, a);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	if (n.class == NUMBER_ZERO)
		return zero_result(e, n.sign, denormal_flags(e, true, &n, 1) | flag_if(FP_DIVIDE, true));
	unsigned flags = denormal_flags(e, false, &n, 1);
	if (n.class == NUMBER_INFINITE)
		return infinite_result(e, n.sign, flags);
	n.exponent = 0;
	return round_result(e, unrounded(&n), flags);
}
