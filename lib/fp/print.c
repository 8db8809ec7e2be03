#include <inttypes.h>
#include <stdio.h>

#include "lib/fp/number.h"

/* The payload without the integer bit and the quiet bit. */
static uint64_t payload(enum fp_format f, const struct number *n)
{
	return (n->significand & UINT64_MAX >> 2) >> (64 - fp_layouts[f].digits);
}

static void print_finite(const struct number *n, char *ret, unsigned size)
{
	uint64_t fraction = n->significand << 1;
	int digits = fraction == 0 ? 0 : (67 - __builtin_ctzll(fraction)) / 4;

	if (digits == 0)
		snprintf(ret, size, "%s0x1p%+d", n->sign ? "-" : "", n->exponent);
	else
		snprintf(ret, size, "%s0x1.%0*" PRIx64 "p%+d", n->sign ? "-" : "", digits,
			 fraction >> (64 - 4 * digits), n->exponent);
}

void fp_print(enum fp_format f, fp_bits a, char *ret, unsigned size)
{
	struct number n = number_unpack_raw(f, a);
	const char *sign = n.sign ? "-" : "";

	switch ((enum number_class)n.class) {
	case NUMBER_ZERO: snprintf(ret, size, "%s0x0p+0", sign); break;
	case NUMBER_FINITE: print_finite(&n, ret, size); break;
	case NUMBER_INFINITE: snprintf(ret, size, "%sinf", sign); break;
	case NUMBER_QUIET: snprintf(ret, size, "%sqNaN(0x%" PRIx64 ")", sign, payload(f, &n)); break;
	case NUMBER_SIGNALLING: snprintf(ret, size, "%ssNaN(0x%" PRIx64 ")", sign, payload(f, &n)); break;
	case NUMBER_UNSUPPORTED:
		snprintf(ret, size, "unsupported(0x%04x:0x%016" PRIx64 ")", (unsigned)(a >> 64) & 0xffff, (uint64_t)a);
		break;
	}
}
