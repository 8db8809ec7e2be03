/*
 * Estimates of reciprocals and their square roots, which Arm's manual defines to the last bit (FPRecipEstimate(),
 * FPRSqrtEstimate(), FPRecpX()).
 */
#include "lib/fp/number.h"

/*
 * Of the operand, `kept` bits of the significand count, and the estimate has `bits`, the integer bit among them. In an
 * estimate's search, a reciprocal is 2^recip / a, a root's the root of 2^rsqrt / a, both twice as large as the result.
 */
struct precision {
	uint8_t kept, bits, recip, rsqrt;
};

static const struct precision precisions[] = {{9, 9, 19, 28}, {12, 13, 26, 39}};

/* RecipEstimate(): a stands for the middle of what begins with its bits. */
static uint64_t reciprocal(const struct precision *p, uint64_t a)
{
	a = 2 * a + 1;
	return ((UINT64_C(1) << p->recip) / a + 1) / 2;
}

/* RecipSqrtEstimate(): a is from a quarter up; from a half up it has one bit less. */
static uint64_t root_reciprocal(const struct precision *p, uint64_t a)
{
	bool high = a >> (p->kept - 1);
	uint64_t root = UINT64_C(1) << p->bits;

	a = high ? 2 * (a | 1) : 2 * a + 1;
	for (uint64_t bit = root / 2; bit; bit /= 2) {
		uint64_t more = root | bit;
		root = a * more * more < UINT64_C(1) << p->rsqrt ? more : root;
	}
	return (root + 1) / 2;
}

static struct fp_result estimate(const struct fp_env *e, const struct precision *p, uint64_t value, int exponent,
				 bool sign, unsigned flags)
{
	return round_result(e, (struct unrounded){(fp_bits)value << (128 - p->bits), exponent, sign}, flags);
}

/* Too large an estimate overflows, and a tiny one is exact or flushed, as any result is. */
struct fp_result fp_recip_estimate(const struct fp_env *e, bool precise, fp_bits a)
{
	const struct precision *p = &precisions[precise];
	struct number n = number_unpack(e, e->format, a);
	unsigned flags = denormal_flags(e, true, &n, 1);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	if (n.class == NUMBER_INFINITE)
		return zero_result(e, n.sign, flags);
	if (n.class == NUMBER_ZERO)
		return infinite_result(e, n.sign, flags | flag_if(FP_DIVIDE, true));
	return estimate(e, p, reciprocal(p, n.significand >> (64 - p->kept)), -1 - n.exponent, n.sign, flags);
}

struct fp_result fp_rsqrt_estimate(const struct fp_env *e, bool precise, fp_bits a)
{
	const struct precision *p = &precisions[precise];
	struct number n = number_unpack(e, e->format, a);
	unsigned flags = denormal_flags(e, true, &n, 1);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	if (n.class == NUMBER_ZERO)
		return infinite_result(e, n.sign, flags | flag_if(FP_DIVIDE, true));
	if (n.sign)
		return invalid_result(e, &n, 1);
	if (n.class == NUMBER_INFINITE)
		return zero_result(e, false, flags);
	/* As a number from a quarter to 1 times a power of four. */
	unsigned below_half = n.exponent % 2 == 0;
	uint64_t root = root_reciprocal(p, n.significand >> below_half >> (64 - p->kept));
	return estimate(e, p, root, (-1 - n.exponent - (int)below_half) / 2, false, flags);
}

/* The exponent's bits inverted; of the least exponent, that of the largest number. */
struct fp_result fp_recip_exponent(const struct fp_env *e, fp_bits a)
{
	const struct fp_layout *l = &fp_layouts[e->format];
	struct number n = number_unpack(e, e->format, a);
	uint64_t most = (UINT64_C(1) << l->exponent) - 1, field = (uint64_t)(a >> l->stored) & most;
	fp_bits sign = (fp_bits)n.sign << (l->exponent + l->stored);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	field = field ? field ^ most : most - 1;
	return (struct fp_result){sign | (fp_bits)field << l->stored, (uint8_t)denormal_flags(e, true, &n, 1)};
}
