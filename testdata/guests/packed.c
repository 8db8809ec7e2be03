/*
 * packed KIND N: N rounds of packed integers ("integer") or packed floating point ("float") without a system call, for
 * measuring speed. A round has the same moves, loads and branches in either: 16 instructions, of which 10 compute.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

/* Ordinary numbers, taken as floating point; the sums stay in range. */
static const float factors[4] __attribute__((aligned(16))) = {0.5f, 0.25f, 0.125f, 0.0625f};
static const float addends[4] __attribute__((aligned(16))) = {1.0f, 3.0f, 0.1f, 7.7f};
/* That a result was inexact is already told: unicorn does not tell it. */
static const uint32_t control = 0x1fa0;
static float results[4] __attribute__((aligned(16)));

static uint64_t parse(const char *text)
{
	uint64_t n = 0;

	while (*text >= '0' && *text <= '9')
		n = 10 * n + (uint64_t)(*text++ - '0');
	return n;
}

#define ROUNDS(n, move, add, mul, sub, max) \
	__asm__ volatile("1:\n" move " %1, %%xmm0\n" move " %2, %%xmm1\n" /* loads */ \
			 mul " %%xmm0, %%xmm2\n" add " %%xmm1, %%xmm2\n" mul " %%xmm0, %%xmm3\n" add \
			 " %%xmm2, %%xmm3\n" sub " %%xmm1, %%xmm4\n" max " %%xmm3, %%xmm4\n" add \
			 " %%xmm4, %%xmm5\n" mul " %%xmm0, %%xmm5\n" sub " %%xmm2, %%xmm5\n" max \
			 " %%xmm1, %%xmm5\n" move " %%xmm5, %0\n" move " %%xmm5, %%xmm6\n" \
			 "dec %3\njnz 1b\n" \
			 : "=m"(results), "+m"(*(float(*)[4])(uintptr_t)factors), \
			   "+m"(*(float(*)[4])(uintptr_t)addends), "+r"(n) \
			 : \
			 : "memory", "cc")

int guest_main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? parse(argv[2]) : 1000;

	__asm__ volatile("ldmxcsr %0" : : "m"(control));
	if (argc > 1 && argv[1][0] == 'i')
		ROUNDS(n, "movdqa", "paddw", "pmullw", "psubw", "pmaxsw");
	else
		ROUNDS(n, "movaps", "addps", "mulps", "subps", "maxps");
	return 0;
}
