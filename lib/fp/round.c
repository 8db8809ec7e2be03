#include "lib/fp/number.h"

static unsigned clz_wide(fp_bits a)
{
	uint64_t high = (uint64_t)(a >> 64);

	return high != 0 ? (unsigned)__builtin_clzll(high) : 64u + (unsigned)__builtin_clzll((uint64_t)a);
}

/* By how much a trapped overflow or underflow moves the exponent (SDM vol. 1, 8.5.4, 8.5.5). */
enum { WRAP = 24576 };

/* Exponent field and significand, integer bit included, put together. */
static fp_bits pack(enum fp_format f, bool sign, int exponent, uint64_t significand)
{
	const struct fp_layout *l = &fp_layouts[f];
	fp_bits top = (fp_bits)sign << (l->exponent + l->stored) | (fp_bits)(unsigned)exponent << l->stored;

	if (l->stored == 64)
		return top | significand;
	return top | (significand & ((UINT64_C(1) << l->stored) - 1));
}

static int exponent_max(const struct fp_layout *l)
{
	return (1 << l->exponent) - 1;
}

struct fp_result zero_result(const struct fp_env *e, bool sign, unsigned flags)
{
	return (struct fp_result){pack(e->format, sign, 0, 0), (uint8_t)flags};
}

/* Arm's alternative half precision has none: the largest number, and invalid (FPConvert(), FPRound()). */
struct fp_result infinite_result(const struct fp_env *e, bool sign, unsigned flags)
{
	const struct fp_layout *l = &fp_layouts[e->format];
	bool none = e->format == FP_F16_ALT;
	uint64_t significand = none ? UINT64_MAX >> (64 - l->digits) : UINT64_C(1) << (l->digits - 1);

	return (struct fp_result){pack(e->format, sign, exponent_max(l), significand),
				  (uint8_t)(flags | flag_if(FP_INVALID, none))};
}

/* A NaN of the format: the upper bits of its payload are kept (IEEE 754-2019, 6.2.3). */
static struct fp_result pack_nan(const struct fp_env *e, bool sign, uint64_t significand, unsigned flags)
{
	const struct fp_layout *l = &fp_layouts[e->format];

	if (e->format == FP_F16_ALT)
		return zero_result(e, sign, flags | flag_if(FP_INVALID, true));
	significand = (significand | UINT64_C(3) << 62) >> (64 - l->digits);
	return (struct fp_result){pack(e->format, sign, exponent_max(l), significand), (uint8_t)flags};
}

unsigned denormal_flags(const struct fp_env *e, bool before, const struct number *n, unsigned count)
{
	bool denormal = false;

	for (unsigned i = 0; i < count; i++)
		denormal |= n[i].denormal;
	return flag_if(FP_DENORMAL, denormal && (!before || fp_rules[e->rules].flushing_raises));
}

struct fp_result invalid_result(const struct fp_env *e, const struct number *n, unsigned count)
{
	unsigned flags = denormal_flags(e, true, n, count) | flag_if(FP_INVALID, true);

	return pack_nan(e, fp_rules[e->rules].negative_nan, 0, flags);
}

/* Of a quiet and a signalling NaN the quiet one, else the larger significand, else the positive one. */
static bool is_larger(const struct number *a, const struct number *b)
{
	if (a->class != b->class)
		return a->class < b->class;
	if (a->significand != b->significand)
		return a->significand > b->significand;
	return a->sign < b->sign;
}

static const struct number *choose_nan(enum nan_order order, const struct number *n, unsigned count)
{
	const struct number *ret = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (!is_nan(&n[i]))
			continue;
		if (ret == NULL || (order == NAN_LARGER && is_larger(&n[i], ret)) ||
		    (order == NAN_SIGNALLING_FIRST && n[i].class > ret->class))
			ret = &n[i];
	}
	return ret;
}

struct fp_result nan_result(const struct fp_env *e, const struct number *n, unsigned count)
{
	const struct fp_rules *r = &fp_rules[e->rules];
	bool signalling = false;

	for (unsigned i = 0; i < count; i++) {
		if (n[i].class == NUMBER_UNSUPPORTED)
			return invalid_result(e, n, count);
		signalling |= n[i].class == NUMBER_SIGNALLING;
	}
	unsigned flags = denormal_flags(e, true, n, count) | flag_if(FP_INVALID, signalling);
	const struct number *nan = choose_nan(r->nan_order, n, count);
	/* The alternative half precision has a zero for it, whose sign is the NaN's (Arm ARM, FPConvert()). */
	if (mode_bit(e, FP_MODE_DEFAULT_NAN) && e->format != FP_F16_ALT)
		return pack_nan(e, r->negative_nan, 0, flags);
	return pack_nan(e, nan->sign, nan->significand, flags);
}

/* What an overflow gives that is not trapped (IEEE 754-2019, 7.4). */
static struct fp_result overflowed(const struct fp_env *e, unsigned digits, bool sign, unsigned flags)
{
	const struct fp_layout *l = &fp_layouts[e->format];
	enum fp_round round = round_mode(e);
	bool away = round == FP_NEAREST || round == FP_AWAY || round == (sign ? FP_DOWN : FP_UP);

	if (e->format == FP_F16_ALT)
		return infinite_result(e, sign, flags);
	flags |= flag_if(FP_OVERFLOW, true) | flag_if(FP_INEXACT, true);
	if (away)
		return infinite_result(e, sign, flags | flag_if(FP_ROUNDED_UP, true));
	uint64_t most = UINT64_MAX >> (64 - digits) << (l->digits - digits);
	return (struct fp_result){pack(e->format, sign, exponent_max(l) - 1, most), (uint8_t)flags};
}

/* Even a wrapped exponent is too large: an infinity whatever the rounding (SDM vol. 1, 8.5.4). */
static struct fp_result far_overflowed(const struct fp_env *e, bool sign, unsigned flags)
{
	flags |= flag_if(FP_OVERFLOW, true) | flag_if(FP_INEXACT, true) | flag_if(FP_ROUNDED_UP, true);
	return infinite_result(e, sign, flags);
}

/* The upper `digits` bits, rounded: up to 2^digits, which is more than 64 bits hold if there are 64. */
struct cut {
	uint64_t kept;
	bool carry, up, inexact;
};

static struct cut cut(const struct fp_env *e, bool sign, fp_bits significand, unsigned digits)
{
	uint64_t kept = (uint64_t)(significand >> (128 - digits));
	fp_bits rest = significand << digits;
	bool half = rest >> 127, below = rest << 1 != 0;
	struct cut ret = {.inexact = half || below, .up = rounds_up(round_mode(e), sign, kept & 1, half, below)};

	ret.kept = kept + ret.up;
	ret.carry = digits == 64 ? ret.kept < kept : ret.kept >> digits;
	if (ret.carry)
		ret.kept = UINT64_C(1) << (digits - 1);
	return ret;
}

static bool wraps(const struct fp_env *e, unsigned bit)
{
	return e->format == FP_F80 && mode_bit(e, bit);
}

static bool traps(const struct fp_env *e, unsigned bit)
{
	return e->format != FP_F80 && mode_bit(e, bit) && fp_rules[e->rules].trapped != TRAPPED_AS_MASKED;
}

/* No result is stored; `inexact` is of the result that an exponent without bounds would have allowed. */
static struct fp_result trapped(const struct fp_env *e, unsigned flag, bool inexact, bool sign, unsigned flags)
{
	bool told = inexact && fp_rules[e->rules].trapped == TRAPPED_UNBOUNDED;

	return zero_result(e, sign, flags | flag_if(flag, true) | flag_if(FP_INEXACT, told));
}

/* A result that fits the exponent's range, or lies above it. */
static struct fp_result round_normal(const struct fp_env *e, unsigned digits, int exponent, struct unrounded u,
				     unsigned flags)
{
	const struct fp_layout *l = &fp_layouts[e->format];
	struct cut c = cut(e, u.sign, u.significand, digits);

	exponent += c.carry;
	if (exponent >= exponent_max(l) + (e->format == FP_F16_ALT)) {
		if (traps(e, FP_MODE_UNMASKED_OVERFLOW))
			return trapped(e, FP_OVERFLOW, c.inexact, u.sign, flags);
		if (!wraps(e, FP_MODE_UNMASKED_OVERFLOW))
			return overflowed(e, digits, u.sign, flags);
		if (exponent - WRAP >= exponent_max(l))
			return far_overflowed(e, u.sign, flags);
		exponent -= WRAP;
		flags |= flag_if(FP_OVERFLOW, true);
	}
	flags |= flag_if(FP_INEXACT, c.inexact) | flag_if(FP_ROUNDED_UP, c.up);
	return (struct fp_result){pack(e->format, u.sign, exponent, c.kept << (l->digits - digits)), (uint8_t)flags};
}

/*
 * Below the normal numbers (IEEE 754-2019, 7.5). Rounded as if the exponent had no bounds, the result may reach them,
 * and then x86 does not take it for tiny.
 */
static struct fp_result round_small(const struct fp_env *e, unsigned digits, int exponent, struct unrounded u,
				    unsigned flags)
{
	const struct fp_layout *l = &fp_layouts[e->format];
	const struct fp_rules *r = &fp_rules[e->rules];
	struct cut unbounded = cut(e, u.sign, u.significand, digits);
	bool tiny = r->tiny_before || exponent < 0 || !unbounded.carry;

	if (tiny && mode_bit(e, FP_MODE_FLUSH_RESULTS))
		return zero_result(e, u.sign,
				   flags | flag_if(FP_UNDERFLOW, true) | flag_if(FP_INEXACT, !r->flushed_is_exact));
	if (tiny && traps(e, FP_MODE_UNMASKED_UNDERFLOW))
		return trapped(e, FP_UNDERFLOW, unbounded.inexact, u.sign, flags);
	if (tiny && wraps(e, FP_MODE_UNMASKED_UNDERFLOW) && exponent + WRAP < 1)
		return zero_result(e, u.sign, flags | flag_if(FP_UNDERFLOW, true) | flag_if(FP_INEXACT, true));
	if (tiny && wraps(e, FP_MODE_UNMASKED_UNDERFLOW))
		return round_normal(e, digits, exponent + WRAP, u, flags | flag_if(FP_UNDERFLOW, true));
	struct cut c = cut(e, u.sign, shift_sticky(u.significand, (unsigned)(1 - exponent)), digits);
	/* The integer bit is set again: the smallest normal number. */
	bool normal = c.kept >> (digits - 1);
	bool told = c.inexact || mode_bit(e, FP_MODE_UNMASKED_UNDERFLOW);
	flags |= flag_if(FP_UNDERFLOW, tiny && told) | flag_if(FP_INEXACT, c.inexact) | flag_if(FP_ROUNDED_UP, c.up);
	return (struct fp_result){pack(e->format, u.sign, normal, c.kept << (l->digits - digits)), (uint8_t)flags};
}

struct fp_result round_digits(const struct fp_env *e, unsigned digits, struct unrounded u, unsigned flags)
{
	if (u.significand == 0)
		return zero_result(e, u.sign, flags);
	unsigned zeroes = clz_wide(u.significand);
	int exponent = u.exponent - (int)zeroes + fp_bias(&fp_layouts[e->format]);

	u.significand <<= zeroes;
	return exponent < 1 ? round_small(e, digits, exponent, u, flags) : round_normal(e, digits, exponent, u, flags);
}

struct fp_result round_result(const struct fp_env *e, struct unrounded u, unsigned flags)
{
	return round_digits(e, fp_layouts[e->format].digits, u, flags);
}

struct fp_result round_arithmetic(const struct fp_env *e, struct unrounded u, unsigned flags)
{
	static const uint8_t controlled[] = {24, 64, 53, 64}; /* SDM vol. 1, table 8-2; 1 is reserved: as 3 */

	if (e->format == FP_F80)
		return round_digits(e, controlled[e->mode >> FP_MODE_PRECISION & 3], u, flags);
	return round_result(e, u, flags);
}

fp_bits fp_widen(enum fp_format to, enum fp_format from, fp_bits a)
{
	struct number n = number_unpack_raw(from, a);
	const struct fp_layout *l = &fp_layouts[to];
	const struct fp_env e = {to, FP_SSE, FP_TO_ZERO};

	if (is_nan(&n))
		return pack(to, n.sign, exponent_max(l), (n.significand | UINT64_C(1) << 63) >> (64 - l->digits));
	if (n.class == NUMBER_INFINITE)
		return infinite_result(&e, n.sign, 0).value;
	return round_result(&e, unrounded(&n), 0).value;
}
