#include "lib/fp/bound.h"

#include <stdio.h>

#include "lib/fp/number.h"
#include "lib/fp/quad.h"

/* A number as fraction * 2^exponent, 0.5 <= |fraction| < 1: out of reach of overflow and underflow. Zero: 0, 0. */
struct scaled {
	fp_quad fraction;
	int exponent;
};

static struct scaled scale(fp_quad a, int exponent)
{
	struct scaled s = {.fraction = 0};
	int more = 0;

	s.fraction = QUAD(frexp)(a, &more);
	s.exponent = a == 0 ? 0 : exponent + more;
	return s;
}

static fp_quad unscale(struct scaled s)
{
	return QUAD(ldexp)(s.fraction, s.exponent);
}

/* ---- Encodings ---- */

/* The exponent of the least normal number's fraction, as in struct scaled. */
static int least_exponent(const struct fp_layout *l)
{
	return 2 - fp_bias(l);
}

static unsigned exponent_field(const struct fp_layout *l, fp_bits a)
{
	return (unsigned)(a >> l->stored) & ((1u << l->exponent) - 1);
}

static bool is_finite(const struct fp_layout *l, fp_bits a)
{
	return exponent_field(l, a) != (1u << l->exponent) - 1;
}

static bool sign_of(const struct fp_layout *l, fp_bits a)
{
	return a >> (l->stored + l->exponent) & 1;
}

static struct scaled decode(const struct fp_layout *l, fp_bits a)
{
	unsigned field = exponent_field(l, a);
	uint64_t significand = (uint64_t)(a & (((fp_bits)1 << l->stored) - 1));

	if (field && l->stored < l->digits)
		significand |= UINT64_C(1) << (l->digits - 1);
	fp_quad magnitude = (fp_quad)significand;
	return scale(sign_of(l, a) ? -magnitude : magnitude,
		     (int)(field ? field : 1) - fp_bias(l) - (int)l->digits + 1);
}

/* Rounded to nearest, ties to even. */
static fp_bits encode(const struct fp_layout *l, struct scaled s)
{
	bool negative = s.fraction < 0;
	int least = least_exponent(l), low = s.exponent < least ? least - s.exponent : 0;
	fp_bits sign = (fp_bits)negative << (l->stored + l->exponent);
	fp_bits infinity = (((fp_bits)1 << l->exponent) - 1) << l->stored | (fp_bits)(l->stored == l->digits)
										    << (l->digits - 1);

	if (s.fraction == 0 || low > (int)l->digits + 1)
		return sign;
	fp_quad whole = QUAD(rint)(QUAD(ldexp)(QUAD(fabs)(s.fraction), (int)l->digits - low));
	fp_bits significand = (fp_bits)whole;
	int exponent = s.exponent + low;
	if (significand >> l->digits) {
		significand >>= 1;
		exponent++;
	}
	fp_bits field = significand >> (l->digits - 1) ? (fp_bits)(exponent + fp_bias(l) - 1) : 0;
	if (exponent + fp_bias(l) - 1 >= (1 << l->exponent) - 1)
		return sign | infinity;
	return sign | field << l->stored | (significand & (((fp_bits)1 << l->stored) - 1));
}

/* ---- The functions ---- */

enum { TINY = -64 }; /* exponents of operands of which f(a) = a f'(0), to 120 bits and more */

/* pi / 2 with the 66 bits of significand that x87s reduce by: 2 * 0.C90FDAA2 2168C234 C (SDM vol. 1, 8.3.8). */
static fp_quad half_pi(void)
{
	return QUAD(ldexp)((fp_quad)UINT64_C(0xc90fdaa22168c234), -63) + QUAD(ldexp)((fp_quad)0xc, -67);
}

/* *ret_quadrant: how many quarter turns were taken off, modulo 4. Exact. */
static fp_quad reduce(struct scaled a, unsigned *ret_quadrant)
{
	int quotient = 0;
	fp_quad rest = QUAD(remquo)(unscale(a), half_pi(), &quotient);

	*ret_quadrant = (unsigned)quotient & 3;
	return rest;
}

/* The sine of a and `turns` quarter turns. */
static struct scaled sine(struct scaled a, unsigned turns)
{
	unsigned quadrant;

	if (!turns && a.exponent < TINY)
		return a;
	fp_quad rest = reduce(a, &quadrant);
	quadrant = (quadrant + turns) & 3;
	fp_quad value = quadrant & 1 ? QUAD(cos)(rest) : QUAD(sin)(rest);
	return scale(quadrant & 2 ? -value : value, 0);
}

static struct scaled tangent(struct scaled a)
{
	unsigned quadrant;

	if (a.exponent < TINY)
		return a;
	fp_quad value = QUAD(tan)(reduce(a, &quadrant));
	return scale(quadrant & 1 ? -1 / value : value, 0);
}

static struct scaled arctangent(struct scaled x, struct scaled y)
{
	if (x.fraction > 0 && y.exponent - x.exponent < TINY)
		return scale(y.fraction / x.fraction, y.exponent - x.exponent);
	/* Beyond that the quotient's size does not matter, but its operands are to have one. */
	int common = x.exponent > y.exponent ? x.exponent : y.exponent;
	x.exponent -= common;
	y.exponent -= common;
	return scale(QUAD(atan2)(unscale(y), unscale(x)), 0);
}

static fp_quad ln2(void)
{
	return QUAD(log)(2);
}

static struct scaled times(struct scaled a, fp_quad b)
{
	return scale(a.fraction * b, a.exponent);
}

static struct scaled log2_plus_one(struct scaled a)
{
	return a.exponent < 2 * TINY ? times(a, 1 / ln2()) : scale(QUAD(log1p)(unscale(a)) / ln2(), 0);
}

static struct scaled root_reciprocal(struct scaled a)
{
	/* An even exponent has a whole half. */
	int odd = a.exponent & 1;

	return scale(1 / QUAD(sqrt)(QUAD(ldexp)(a.fraction, odd)), -(a.exponent - odd) / 2);
}

static struct scaled apply(enum fp_function function, struct scaled a, struct scaled b)
{
	struct scaled l;

	switch (function) {
	case FP_FUNCTION_RCP: return scale(1 / a.fraction, -a.exponent);
	case FP_FUNCTION_RSQRT: return root_reciprocal(a);
	case FP_FUNCTION_F2XM1:
		return a.exponent < 2 * TINY ? times(a, ln2()) : scale(QUAD(expm1)(unscale(a) * ln2()), 0);
	case FP_FUNCTION_FYL2X:
		l = scale(QUAD(log2)(unscale(a)), 0);
		return scale(l.fraction * b.fraction, l.exponent + b.exponent);
	case FP_FUNCTION_FYL2XP1: l = log2_plus_one(a); return scale(l.fraction * b.fraction, l.exponent + b.exponent);
	case FP_FUNCTION_FSIN: return sine(a, 0);
	case FP_FUNCTION_FCOS: return sine(a, 1);
	case FP_FUNCTION_FPTAN: return tangent(a);
	case FP_FUNCTION_FPATAN: return arctangent(a, b);
	case FP_NUM_FUNCTIONS: break;
	}
	return a;
}

/* ---- The bound ---- */

static struct scaled reference(const struct fp_bound *bound, fp_bits a, fp_bits b)
{
	const struct fp_layout *l = &fp_layouts[bound->format];
	struct scaled none = {.fraction = 0};

	return apply(bound->function, decode(l, a), fp_function_operands(bound->function) > 1 ? decode(l, b) : none);
}

/* a / 2^exponent. */
static fp_quad relative_to(struct scaled a, int exponent)
{
	return QUAD(ldexp)(a.fraction, a.exponent - exponent);
}

/* What is nearer to a bound than this part of the true value is on it: the reference is not exact. */
static fp_quad slack(void)
{
	return QUAD(ldexp)(1, -100);
}

/* All in units of 2^exponent of the true value. */
struct measured {
	fp_quad value, error;
};

static struct measured measure(const struct fp_bound *bound, struct scaled value)
{
	const struct fp_layout *l = &fp_layouts[bound->format];
	int least = least_exponent(l), last = (value.exponent > least ? value.exponent : least) - (int)l->digits;
	struct measured m = {.value = value.fraction};
	fp_quad unit = bound->unit == FP_BOUND_ULP ? QUAD(ldexp)(1, last - value.exponent) : QUAD(fabs)(value.fraction);

	m.error = QUAD(ldexp)(unit * bound->multiple, -(int)bound->shift);
	return m;
}

/* An infinity may stand for what is too large, and a zero for what is too small. */
static bool holds_beyond(const struct fp_layout *l, const struct fp_bound *bound, struct scaled value, fp_bits result)
{
	struct measured m = measure(bound, value);
	struct scaled limit = {.fraction = 0.5, .exponent = is_finite(l, result) ? least_exponent(l) : fp_bias(l) + 2};
	fp_quad magnitude = QUAD(fabs)(m.value), edge = relative_to(limit, value.exponent);

	if (sign_of(l, result) != (value.fraction < 0))
		return false;
	return is_finite(l, result) ? magnitude - m.error < edge - slack() : magnitude + m.error >= edge;
}

static bool is_infinite(const struct fp_layout *l, fp_bits a)
{
	return !is_finite(l, a) && !(uint64_t)((a & (((fp_bits)1 << (l->digits - 1)) - 1)));
}

bool fp_bound_holds(const struct fp_bound *bound, fp_bits a, fp_bits b, fp_bits result)
{
	const struct fp_layout *l = &fp_layouts[bound->format];
	struct scaled value = reference(bound, a, b), seen;
	bool tiny;

	if (!is_finite(l, result))
		return is_infinite(l, result) && holds_beyond(l, bound, value, result);
	seen = decode(l, result);
	tiny = seen.fraction == 0 || seen.exponent < least_exponent(l);
	if (bound->flushes_tiny && tiny)
		return seen.fraction == 0 && holds_beyond(l, bound, value, result);
	struct measured m = measure(bound, value);
	fp_quad off = QUAD(fabs)(relative_to(seen, value.exponent) - m.value);
	return bound->unit == FP_BOUND_ULP ? off < m.error - slack() : off <= m.error + slack();
}

fp_bits fp_bound_nearest(const struct fp_bound *bound, fp_bits a, fp_bits b)
{
	const struct fp_layout *l = &fp_layouts[bound->format];
	struct scaled value = reference(bound, a, b);

	if (bound->flushes_tiny && value.exponent < least_exponent(l))
		value.exponent = -(1 << 20);
	return encode(l, value);
}

/* ---- Texts ---- */

static const struct {
	const char *name;
	unsigned operands;
} functions[FP_NUM_FUNCTIONS] = {
	[FP_FUNCTION_RCP] = {"rcp", 1},         [FP_FUNCTION_RSQRT] = {"rsqrt", 1},
	[FP_FUNCTION_F2XM1] = {"f2xm1", 1},     [FP_FUNCTION_FYL2X] = {"fyl2x", 2},
	[FP_FUNCTION_FYL2XP1] = {"fyl2xp1", 2}, [FP_FUNCTION_FSIN] = {"fsin", 1},
	[FP_FUNCTION_FCOS] = {"fcos", 1},       [FP_FUNCTION_FPTAN] = {"fptan", 1},
	[FP_FUNCTION_FPATAN] = {"fpatan", 2},
};

const char *fp_function_name(enum fp_function function)
{
	return functions[function].name;
}

unsigned fp_function_operands(enum fp_function function)
{
	return functions[function].operands;
}

void fp_bound_print(const struct fp_bound *bound, char *ret, unsigned size)
{
	int exponent;
	double multiple = 2 * frexp(ldexp(bound->multiple, -(int)bound->shift), &exponent);

	if (bound->unit == FP_BOUND_ULP)
		snprintf(ret, size, "%g ulp", ldexp(multiple, exponent - 1));
	else
		snprintf(ret, size, "%g * 2^%d", multiple, exponent - 1);
}
