/* Sums of products of eight-bit numbers (Arm ARM, FP8DotAddFP(), FP8MulAddFP()). */
#include "lib/fp/number.h"

/*
 * E5M2 is the upper half of an FP_F16. E4M3 is one without its lowest bits and divided by 2^8: it has no infinities,
 * and NaNs where all bits but the sign are set. Of a reserved format all are NaNs.
 */
static struct number unpack(unsigned format, uint8_t a)
{
	if (format == FP_E5M2)
		return number_unpack_raw(FP_F16, (fp_bits)a << 8);
	struct number n = number_unpack_raw(FP_F16, (fp_bits)(a & 0x80) << 8 | (fp_bits)(a & 0x7f) << 7);
	if (n.class == NUMBER_FINITE)
		n.exponent += 8;
	if (format != FP_E4M3 || (a & 0x7f) == 0x7f)
		n.class = NUMBER_SIGNALLING;
	return n;
}

/* The top bit set, as fp_sum() wants the number whose exponent is the larger. */
static struct unrounded normal(struct unrounded u)
{
	if (!u.significand)
		u.exponent = ZERO_EXPONENT;
	for (; u.significand && !(u.significand >> 127); u.exponent--)
		u.significand <<= 1;
	return u;
}

/* A sum so far: a number, or what it is instead. */
struct sum {
	struct unrounded value;
	bool nan, infinite, negative; /* negative: the sign of the infinity */
};

static void add_infinity(struct sum *s, bool negative)
{
	s->nan |= s->infinite && s->negative != negative;
	s->infinite = true;
	s->negative = negative;
}

/* Exact: products of eight bits that are at most 2^65 apart. */
static void add_product(struct sum *s, const struct number *x, const struct number *y)
{
	bool zero = x->class == NUMBER_ZERO || y->class == NUMBER_ZERO, sign = x->sign != y->sign;
	bool infinite = x->class == NUMBER_INFINITE || y->class == NUMBER_INFINITE;

	s->nan |= is_nan(x) || is_nan(y) || (zero && infinite);
	if (infinite && !zero)
		add_infinity(s, sign);
	const struct unrounded product = {zero ? 0 : (fp_bits)x->significand * y->significand,
					  x->exponent + y->exponent + 1, sign};
	s->value = normal(fp_sum(s->value, normal(product), false));
}

fp_bits fp_f8_dot(enum fp_format f, uint32_t fpmr, unsigned products, fp_bits a, fp_bits b, fp_bits addend)
{
	const struct fp_env e = {f, FP_ARM, FP_NEAREST};
	const struct number c = number_unpack_raw(f, addend);
	unsigned scale = fpmr >> FPMR_LSCALE & (f == FP_F16 ? 0xf : 0x7f);
	/* A zero that is no zero's opposite: all zeros negative give a negative one. */
	struct sum s = {.value = {0, ZERO_EXPONENT, true}, .nan = is_nan(&c)};

	for (unsigned i = 0; i < products; i++) {
		struct number x = unpack(fpmr >> FPMR_F8S1 & 7, (uint8_t)(a >> 8 * i));
		struct number y = unpack(fpmr >> FPMR_F8S2 & 7, (uint8_t)(b >> 8 * i));
		add_product(&s, &x, &y);
	}
	if (c.class == NUMBER_INFINITE)
		add_infinity(&s, c.sign);
	if (s.nan)
		return invalid_result(&e, NULL, 0).value;
	if (s.infinite)
		return infinite_result(&e, s.negative, 0).value;
	if (s.value.significand)
		s.value.exponent -= (int)scale;
	struct fp_result r = round_result(&e, fp_sum(s.value, unrounded(&c), false), 0);
	/* The largest number is the one below infinity. */
	return r.value - (r.flags >> FP_OVERFLOW & fpmr >> FPMR_OSM & 1);
}
