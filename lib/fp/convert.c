#include "lib/fp/fast.h"

/* The integer next to a magnitude below 2^64, as the mode rounds: up to 2^64. */
struct integral {
	fp_bits magnitude;
	bool inexact, up;
};

static struct integral to_integral(const struct fp_env *e, const struct number *n)
{
	/* The point in the middle of 128 bits. */
	unsigned right = n->exponent < -64 ? 127u : (unsigned)(63 - n->exponent);
	fp_bits fixed = shift_sticky((fp_bits)n->significand << 64, right);
	uint64_t kept = (uint64_t)(fixed >> 64), rest = (uint64_t)fixed;
	bool half = rest >> 63, below = rest << 1 != 0;
	struct integral ret = {.inexact = half || below,
			       .up = rounds_up(round_mode(e), n->sign, kept & 1, half, below)};

	ret.magnitude = (fp_bits)kept + ret.up;
	return ret;
}

static unsigned integral_flags(const struct integral *i)
{
	return flag_if(FP_INEXACT, i->inexact) | flag_if(FP_ROUNDED_UP, i->up);
}

struct fp_result fp_round_integral(const struct fp_env *e, bool exact, fp_bits a)
{
	struct number n = number_unpack(e, e->format, a);

	if (is_nan(&n))
		return nan_result(e, &n, 1);
	unsigned flags = fp_rules[e->rules].integral_denormal ? denormal_flags(e, false, &n, 1) : 0;
	if (n.class == NUMBER_ZERO)
		return zero_result(e, n.sign, flags);
	if (n.class == NUMBER_INFINITE)
		return infinite_result(e, n.sign, flags);
	if (n.exponent >= 63)
		return (struct fp_result){encoding(e->format, a), (uint8_t)flags};
	struct integral i = to_integral(e, &n);
	flags |= exact ? integral_flags(&i) : 0;
	return round_result(e, (struct unrounded){i.magnitude, 127, n.sign}, flags);
}

struct fp_result fp_round_to_fit(const struct fp_env *e, unsigned width, fp_bits a)
{
	struct number n = number_unpack(e, e->format, a);
	unsigned flags = fp_rules[e->rules].integral_denormal ? denormal_flags(e, false, &n, 1) : 0;
	fp_bits lowest = (fp_bits)1 << (width - 1), most = lowest - !n.sign;
	struct integral i = {0};

	if (n.class == NUMBER_ZERO)
		return zero_result(e, n.sign, flags);
	bool fits = n.class == NUMBER_FINITE && n.exponent < 64;
	if (fits)
		i = to_integral(e, &n);
	if (!fits || i.magnitude > most)
		return round_result(e, (struct unrounded){lowest, 127, true}, flags | flag_if(FP_INVALID, true));
	return round_result(e, (struct unrounded){i.magnitude, 127, n.sign}, flags | integral_flags(&i));
}

struct fp_result fp_from_int(const struct fp_env *e, bool is_signed, unsigned width, unsigned fraction, uint64_t a)
{
	unsigned above = 64 - width;
	uint64_t wide = is_signed ? (uint64_t)((int64_t)(a << above) >> above) : a << above >> above;
	bool sign = is_signed && wide >> 63;

	return round_result(e, (struct unrounded){sign ? 0 - wide : wide, 127 - (int)fraction, sign}, 0);
}

/* What a number gives that does not fit (SDM vol. 1, 4.9.1.1, and AVX-512's: all bits set; Arm ARM FPToFixed()). */
static uint64_t misfit(const struct fp_env *e, const struct number *n, bool is_signed, unsigned width)
{
	uint64_t top = UINT64_C(1) << (width - 1), ones = UINT64_MAX >> (64 - width);

	if (!fp_rules[e->rules].saturates)
		return is_signed ? top : ones;
	if (is_nan(n))
		return 0;
	if (n->sign)
		return is_signed ? top : 0;
	return is_signed ? top - 1 : ones;
}

struct fp_result fp_to_int(const struct fp_env *e, bool is_signed, unsigned width, unsigned fraction, fp_bits a)
{
	struct number n = number_unpack(e, e->format, a);
	unsigned flags = fp_rules[e->rules].flushing_raises ? denormal_flags(e, false, &n, 1) : 0;
	uint64_t ones = UINT64_MAX >> (64 - width), top = UINT64_C(1) << (width - 1);
	fp_bits most = n.sign ? (is_signed ? top : 0) : (is_signed ? top - 1 : ones);
	struct integral i = {0};

	n.exponent += (int)fraction;
	bool fits = n.class == NUMBER_ZERO || (n.class == NUMBER_FINITE && n.exponent < 64);
	if (fits && n.class == NUMBER_FINITE)
		i = to_integral(e, &n);
	if (!fits || i.magnitude > most)
		return (struct fp_result){misfit(e, &n, is_signed, width),
					  (uint8_t)(flags | flag_if(FP_INVALID, true))};
	uint64_t low = (uint64_t)i.magnitude;
	return (struct fp_result){(n.sign ? 0 - low : low) & ones, (uint8_t)(flags | integral_flags(&i))};
}

static bool is_half(enum fp_format f)
{
	return f == FP_F16 || f == FP_F16_ALT;
}

static enum fp_format half_of(const struct fp_env *e, enum fp_format f)
{
	return f == FP_F16 && mode_bit(e, FP_MODE_ALTERNATIVE_HALF) ? FP_F16_ALT : f;
}

struct fp_result fp_convert(const struct fp_env *e, enum fp_format from, fp_bits a)
{
	const struct fp_rules *r = &fp_rules[e->rules];
	struct fp_env env = *e;
	struct fp_result ret;

	if (fast_convert(e, from, a, &ret))
		return ret;
	env.format = half_of(e, e->format);
	from = half_of(e, from);
	if (r->half_unflushed && is_half(from))
		env.mode &= ~(1u << FP_MODE_FLUSH_OPERANDS);
	if (r->half_unflushed && is_half(e->format))
		env.mode &= ~(1u << FP_MODE_FLUSH_RESULTS);
	struct number n = number_unpack(&env, from, a);
	/* Nor do stores of the x87 tell of denormals (SDM vol. 2, FST). */
	if ((r->half_unflushed && is_half(from)) || from == FP_F80)
		n.denormal = false;
	if (is_nan(&n))
		return nan_result(&env, &n, 1);
	unsigned flags = denormal_flags(&env, false, &n, 1);
	if (n.class == NUMBER_INFINITE)
		return infinite_result(&env, n.sign, flags);
	return round_result(&env, unrounded(&n), flags);
}
