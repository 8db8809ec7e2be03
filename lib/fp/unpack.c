#include "lib/fp/number.h"

/* The value of a denormal: its top bit moved up. */
static struct number denormal(const struct fp_layout *l, bool sign, uint64_t significand)
{
	int zeroes = __builtin_clzll(significand);

	return (struct number){
		.significand = significand << zeroes,
		.exponent = 1 - fp_bias(l) - zeroes,
		.class = NUMBER_FINITE,
		.sign = sign,
		.denormal = true,
	};
}

/* The integer bit is stored (SDM vol. 1, 4.2.2, 8.2.2). */
static struct number unpack_extended(fp_bits a)
{
	const struct fp_layout *l = &fp_layouts[FP_F80];
	uint64_t significand = (uint64_t)a;
	int exponent = (int)(a >> 64) & 0x7fff;
	struct number n = {significand, exponent - fp_bias(l), NUMBER_FINITE, a >> 79 & 1, false};

	if (exponent == 0 && significand != 0)
		return denormal(l, n.sign, significand);
	if (exponent == 0) {
		n.class = NUMBER_ZERO;
		n.exponent = ZERO_EXPONENT;
	} else if (!(significand >> 63)) {
		n.class = NUMBER_UNSUPPORTED;
	} else if (exponent == 0x7fff && significand << 1 == 0) {
		n.class = NUMBER_INFINITE;
	} else if (exponent == 0x7fff) {
		n.class = significand >> 62 & 1 ? NUMBER_QUIET : NUMBER_SIGNALLING;
	}
	return n;
}

struct number number_unpack_raw(enum fp_format f, fp_bits a)
{
	const struct fp_layout *l = &fp_layouts[f];
	uint64_t low = (uint64_t)a;

	if (f == FP_F80)
		return unpack_extended(a);
	int most = (1 << l->exponent) - 1, exponent = (int)(low >> l->stored) & most;
	uint64_t fraction = low << (64 - l->stored) >> 1;
	struct number n = {fraction | UINT64_C(1) << 63, exponent - fp_bias(l), NUMBER_FINITE, false, false};

	n.sign = low >> (l->stored + l->exponent) & 1;
	if (exponent == 0 && fraction != 0)
		return denormal(l, n.sign, fraction);
	if (exponent == 0) {
		n = (struct number){0, ZERO_EXPONENT, NUMBER_ZERO, n.sign, false};
	} else if (exponent == most && f != FP_F16_ALT) {
		bool quiet = fraction >> 62;
		n.class = fraction == 0 ? NUMBER_INFINITE : quiet ? NUMBER_QUIET : NUMBER_SIGNALLING;
	}
	return n;
}

struct number number_unpack(const struct fp_env *e, enum fp_format f, fp_bits a)
{
	struct number n = number_unpack_raw(f, a);
	const struct fp_rules *r = &fp_rules[e->rules];

	if (!n.denormal)
		return n;
	bool flushed = mode_bit(e, FP_MODE_FLUSH_OPERANDS);
	if (flushed)
		n = (struct number){0, ZERO_EXPONENT, NUMBER_ZERO, n.sign, false};
	n.denormal = r->flushing_raises ? flushed && !mode_bit(e, FP_MODE_FLUSH_SILENTLY) : !flushed;
	if (r->half_silent && (f == FP_F16 || f == FP_F16_ALT))
		n.denormal = false;
	return n;
}

int number_order(const struct number *x, const struct number *y)
{
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->class != NUMBER_FINITE)
		return 0;
	if (x->exponent != y->exponent)
		return x->exponent < y->exponent ? -1 : 1;
	return x->significand < y->significand ? -1 : x->significand > y->significand;
}

enum fp_class fp_classify(enum fp_format f, fp_bits a)
{
	static const enum fp_class classes[] = {
		[NUMBER_ZERO] = FP_CLASS_ZERO,
		[NUMBER_FINITE] = FP_CLASS_NORMAL,
		[NUMBER_INFINITE] = FP_CLASS_INFINITE,
		[NUMBER_QUIET] = FP_CLASS_QUIET_NAN,
		[NUMBER_SIGNALLING] = FP_CLASS_SIGNALLING_NAN,
		[NUMBER_UNSUPPORTED] = FP_CLASS_UNSUPPORTED,
	};
	struct number n = number_unpack_raw(f, a);

	return n.denormal ? FP_CLASS_DENORMAL : classes[n.class];
}
