#include "lib/fp/fast.h"

static struct fp_result add_numbers(const struct fp_env *e, const struct number n[2])
{
	const struct number *x = &n[0], *y = &n[1];

	if (is_nan(x) || is_nan(y))
		return nan_result(e, n, 2);
	if (x->class == NUMBER_INFINITE && y->class == NUMBER_INFINITE && x->sign != y->sign)
		return invalid_result(e, n, 2);
	unsigned flags = denormal_flags(e, false, n, 2);
	if (x->class == NUMBER_INFINITE || y->class == NUMBER_INFINITE)
		return infinite_result(e, x->class == NUMBER_INFINITE ? x->sign : y->sign, flags);
	return round_arithmetic(e, fp_sum(unrounded(x), unrounded(y), round_mode(e) == FP_DOWN), flags);
}

struct fp_result fp_add(const struct fp_env *e, fp_bits a, fp_bits b)
{
	struct fp_result ret;

	if (fast_add(e, false, a, b, &ret))
		return ret;
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};

	return add_numbers(e, n);
}

/* A NaN keeps its sign. */
struct fp_result fp_sub(const struct fp_env *e, fp_bits a, fp_bits b)
{
	struct fp_result ret;

	if (fast_add(e, true, a, b, &ret))
		return ret;
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};

	n[1].sign ^= !is_nan(&n[1]);
	return add_numbers(e, n);
}

/* 2 or -2. */
static struct fp_result two(const struct fp_env *e, bool sign, unsigned flags)
{
	return round_arithmetic(e, (struct unrounded){(fp_bits)1 << 127, 1, sign}, flags);
}

/* extended: FPMulX() */
static struct fp_result multiply(const struct fp_env *e, bool extended, fp_bits a, fp_bits b)
{
	struct fp_result ret;

	if (fast_mul(e, a, b, &ret))
		return ret;
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};
	bool sign = n[0].sign != n[1].sign;

	if (is_nan(&n[0]) || is_nan(&n[1]))
		return nan_result(e, n, 2);
	bool infinite = n[0].class == NUMBER_INFINITE || n[1].class == NUMBER_INFINITE;
	bool zero = n[0].class == NUMBER_ZERO || n[1].class == NUMBER_ZERO;
	if (infinite && zero && !extended)
		return invalid_result(e, n, 2);
	unsigned flags = denormal_flags(e, false, n, 2);
	if (infinite)
		return zero ? two(e, sign, flags) : infinite_result(e, sign, flags);
	fp_bits product = (fp_bits)n[0].significand * n[1].significand;
	return round_arithmetic(e, (struct unrounded){product, n[0].exponent + n[1].exponent + 1, sign}, flags);
}

struct fp_result fp_mul(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return multiply(e, false, a, b);
}

struct fp_result fp_mulx(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return multiply(e, true, a, b);
}

/* 128 bits of the quotient, the lowest set if there is more. */
static fp_bits quotient(uint64_t a, uint64_t b)
{
	fp_bits over = (fp_bits)a << 63;
	uint64_t high = (uint64_t)(over / b);

	over = (over - (fp_bits)high * b) << 64;
	uint64_t low = (uint64_t)(over / b);
	bool more = over != (fp_bits)low * b;
	return (fp_bits)high << 64 | low | more;
}

struct fp_result fp_div(const struct fp_env *e, fp_bits a, fp_bits b)
{
	struct fp_result ret;

	if (fast_div(e, a, b, &ret))
		return ret;
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};
	bool sign = n[0].sign != n[1].sign;

	if (is_nan(&n[0]) || is_nan(&n[1]))
		return nan_result(e, n, 2);
	if (n[0].class == n[1].class && n[0].class != NUMBER_FINITE)
		return invalid_result(e, n, 2);
	unsigned flags = denormal_flags(e, false, n, 2);
	if (n[0].class == NUMBER_INFINITE)
		return infinite_result(e, sign, flags);
	if (n[1].class == NUMBER_ZERO)
		return infinite_result(e, sign, denormal_flags(e, true, n, 2) | flag_if(FP_DIVIDE, true));
	if (n[0].class == NUMBER_ZERO || n[1].class == NUMBER_INFINITE)
		return zero_result(e, sign, flags);
	fp_bits q = quotient(n[0].significand, n[1].significand);
	return round_arithmetic(e, (struct unrounded){q, n[0].exponent - n[1].exponent, sign}, flags);
}

/*
 * The root of a 128-bit number, and whether it is inexact, as fast_root() does it. One bit more follows: whether the
 * rest exceeds the root.
 */
static fp_bits root_128(fp_bits a)
{
	uint64_t rest, high = fast_root((uint64_t)(a >> 64), &rest);
	fp_bits over = (fp_bits)rest << 32 | (uint32_t)(a >> 32);
	uint64_t low = (uint64_t)(over / (2 * high));
	fp_bits root = ((fp_bits)high << 32) + low, square = root * root;

	while (root >> 64 || square > a) {
		root--;
		square = root * root;
	}
	fp_bits left = a - square;
	return root << 64 | (fp_bits)(left > root) << 63 | (left != 0);
}

struct fp_result fp_sqrt(const struct fp_env *e, fp_bits a)
{
	struct fp_result ret;

	if (fast_sqrt(e, a, &ret))
		return ret;
	struct number n = number_unpack(e, e->format, a);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	if (n.class != NUMBER_ZERO && n.sign)
		return invalid_result(e, &n, 1);
	unsigned flags = denormal_flags(e, false, &n, 1);
	if (n.class == NUMBER_ZERO)
		return zero_result(e, n.sign, flags);
	if (n.class == NUMBER_INFINITE)
		return infinite_result(e, false, flags);
	bool odd = n.exponent & 1;
	fp_bits root = root_128((fp_bits)n.significand << (odd ? 64 : 63));
	return round_arithmetic(e, (struct unrounded){root, (n.exponent - odd) / 2, false}, flags);
}
