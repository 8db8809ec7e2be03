#include "lib/fp/number.h"

/* Exponents that are closer than this are reduced at once (SDM vol. 2, FPREM). */
enum { REDUCED_AT_ONCE = 64 };

/* What one step takes of the distance: 32 to 63. */
static unsigned step(int distance)
{
	return (unsigned)distance % 32 + 32;
}

/* a / b, of which a * 2^above is reduced and b * 2^below divides. */
static struct fp_result reduce(const struct fp_env *e, bool nearest, const struct number n[2], unsigned *ret_quotient)
{
	int distance = n[0].exponent - n[1].exponent;
	bool partial = distance >= REDUCED_AT_ONCE;
	unsigned above = partial ? step(distance) : distance > 0 ? (unsigned)distance : 0;
	fp_bits over = (fp_bits)n[0].significand << above;
	fp_bits under = (fp_bits)n[1].significand << (distance < 0);
	fp_bits quotient = over / under, rest = over % under;
	struct unrounded u = {rest, n[0].exponent - (int)above + 64, n[0].sign};

	if (nearest && !partial && (2 * rest > under || (2 * rest == under && quotient & 1))) {
		quotient++;
		u.significand = under - rest;
		u.sign = !u.sign;
	}
	if (u.significand == 0)
		u.sign = n[0].sign;
	*ret_quotient = partial ? FP_REM_PARTIAL : (unsigned)quotient & 7;
	return round_result(e, u, denormal_flags(e, false, n, 2));
}

struct fp_result fp_rem(const struct fp_env *e, bool nearest, fp_bits a, fp_bits b, unsigned *ret_quotient)
{
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};

	*ret_quotient = 0;
	if (is_nan(&n[0]) || is_nan(&n[1]))
		return nan_result(e, n, 2);
	if (n[0].class == NUMBER_INFINITE || n[1].class == NUMBER_ZERO)
		return invalid_result(e, n, 2);
	if (n[0].class == NUMBER_ZERO)
		return zero_result(e, n[0].sign, denormal_flags(e, false, n, 2));
	/* Already reduced; more than one power of two below the divisor is below its half. */
	if (n[1].class == NUMBER_INFINITE || n[0].exponent < n[1].exponent - (nearest ? 1 : 0))
		return round_result(e, unrounded(&n[0]), denormal_flags(e, false, n, 2));
	return reduce(e, nearest, n, ret_quotient);
}
