/*
 * RCPPS, RCPSS, RSQRTPS and RSQRTSS: of ordinary numbers and of those for which manuals tell the result (zeroes,
 * infinities, NaNs); with the argument "tiny" of denormal numbers and of those whose reciprocals are, and it says "k"
 * if all that is tiny was taken for zero.
 *
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

static const uint32_t ordinary[] __attribute__((aligned(16))) = {
	0x3f800000, 0x40490fdb, 0xc2f6e979, 0x3eaaaaab, /* 1, pi, -123.456, 1/3 */
	0x00800000, 0x7e000000, 0x00800001, 0x7dffffff, /* the least normal numbers, and about the greatest */
	0x00000000, 0x80000000, 0x7f800000, 0xff800000, /* zeroes, infinities */
	0x7fc12345, 0x7f812345, 0xffc00000, 0xbf800000, /* NaNs, -1 */
};

static const uint32_t denormal[] __attribute__((aligned(16))) = {0x00000001, 0x807fffff, 0x00400000, 0x80000010};
static const uint32_t large[] __attribute__((aligned(16))) = {0x7effffff, 0xff7fffff, 0x7e900000, 0x7f000000};

static uint32_t result[16] __attribute__((aligned(16)));

static void calculate(const uint32_t *a)
{
	__asm__ volatile("movaps %1, %%xmm1\n"
			 ".globl rcpps_here\nrcpps_here: rcpps %%xmm1, %%xmm2\n"
			 ".globl rsqrtps_here\nrsqrtps_here: rsqrtps %%xmm1, %%xmm3\n"
			 ".globl rcpss_here\nrcpss_here: rcpss %1, %%xmm1\n"
			 ".globl rsqrtss_here\nrsqrtss_here: rsqrtss %%xmm3, %%xmm3\n"
			 "movaps %%xmm2, %0\n"
			 : "=m"(result)
			 : "m"(*(const uint32_t(*)[4])a)
			 : "memory");
}

static int has_zero_fractions(void)
{
	for (unsigned i = 0; i < 4; i++)
		if (result[i] & 0x7fffff)
			return 0;
	return 1;
}

int guest_main(int argc, char **argv)
{
	int right;

	(void)argv;
	if (argc < 2) {
		for (unsigned i = 0; i < sizeof ordinary / sizeof *ordinary; i += 4)
			calculate(ordinary + i);
		return 0;
	}
	calculate(denormal);
	right = has_zero_fractions() && result[0] == 0x7f800000 && result[1] == 0xff800000;
	calculate(large);
	right = right && has_zero_fractions() && !(result[0] | result[2] | result[3]) && result[1] == 0x80000000;
	guest_write(right ? "k" : "t", 1);
	return 0;
}
