#include "lib/fp/fast.h"

static enum fp_relation relation(const struct number *x, const struct number *y)
{
	if (is_nan(x) || is_nan(y))
		return FP_UNORDERED;
	if (x->class == NUMBER_ZERO && y->class == NUMBER_ZERO)
		return FP_EQUAL;
	int order = x->sign != y->sign ? 1 : number_order(x, y);
	if (order == 0)
		return FP_EQUAL;
	return (order < 0) != x->sign ? FP_LESS : FP_GREATER;
}

enum fp_relation fp_compare(const struct fp_env *e, bool quiet, fp_bits a, fp_bits b, uint8_t *ret_flags)
{
	enum fp_relation simple;

	if (fast_compare(e, a, b, &simple)) {
		*ret_flags = 0;
		return simple;
	}
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};
	enum fp_relation ret = relation(&n[0], &n[1]);
	/* Unsupported encodings are invalid like signalling NaNs. */
	bool invalid = n[0].class > NUMBER_QUIET || n[1].class > NUMBER_QUIET || (ret == FP_UNORDERED && !quiet);

	*ret_flags = (uint8_t)(denormal_flags(e, ret == FP_UNORDERED, n, 2) | flag_if(FP_INVALID, invalid));
	return ret;
}

/* The operand, but for what was flushed; rounded: and for what is flushed of results. */
static struct fp_result operand(const struct fp_env *e, bool rounded, fp_bits a, const struct number *n, unsigned flags)
{
	if (n->class == NUMBER_ZERO)
		return zero_result(e, n->sign, flags);
	if (rounded && n->class == NUMBER_FINITE)
		return round_result(e, unrounded(n), flags);
	return (struct fp_result){encoding(e->format, a), (uint8_t)flags};
}

/*
 * wanted: how a must relate to b for a to be the result (SDM vol. 2, MINPS, MAXPS; Arm ARM, FPMin(), FPMax()). ordered:
 * NaNs and signs of zeroes are heeded, and the result is rounded.
 */
static struct fp_result extreme(const struct fp_env *e, bool ordered, enum fp_relation wanted, fp_bits a, fp_bits b)
{
	enum fp_relation simple;

	if (fast_compare(e, a, b, &simple))
		return (struct fp_result){encoding(e->format, simple == wanted ? a : b), 0};
	struct number n[2] = {number_unpack(e, e->format, a), number_unpack(e, e->format, b)};
	enum fp_relation found = relation(&n[0], &n[1]);

	if (ordered && found == FP_UNORDERED)
		return nan_result(e, n, 2);
	bool invalid = found == FP_UNORDERED;
	unsigned flags = denormal_flags(e, invalid, n, 2) | flag_if(FP_INVALID, invalid);
	if (ordered && n[0].class == NUMBER_ZERO && n[1].class == NUMBER_ZERO) {
		bool sign = wanted == FP_LESS ? n[0].sign || n[1].sign : n[0].sign && n[1].sign;
		return zero_result(e, sign, flags);
	}
	return found == wanted ? operand(e, ordered, a, &n[0], flags) : operand(e, ordered, b, &n[1], flags);
}

struct fp_result fp_min(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return extreme(e, fp_rules[e->rules].ordered_minimum, FP_LESS, a, b);
}

struct fp_result fp_max(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return extreme(e, fp_rules[e->rules].ordered_minimum, FP_GREATER, a, b);
}

/* A quiet NaN beside a number gives way to the infinity that every number beats. */
static struct fp_result extreme_num(const struct fp_env *e, enum fp_relation wanted, fp_bits a, fp_bits b)
{
	const struct number x = number_unpack_raw(e->format, a), y = number_unpack_raw(e->format, b);
	fp_bits infinity = infinite_result(e, wanted == FP_GREATER, 0).value;

	return extreme(e, true, wanted, x.class == NUMBER_QUIET && !is_nan(&y) ? infinity : a,
		       y.class == NUMBER_QUIET && !is_nan(&x) ? infinity : b);
}

struct fp_result fp_min_num(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return extreme_num(e, FP_LESS, a, b);
}

struct fp_result fp_max_num(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return extreme_num(e, FP_GREATER, a, b);
}
