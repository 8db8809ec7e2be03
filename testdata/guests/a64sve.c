/*
 * a64sve: SVE as compilers make it, a vector loop with predicates, first-faulting and gathering loads, reductions, and
 * counts in general registers. Writes what came of it. guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

enum { LEN = 37 };

static uint32_t a[LEN], b[LEN], sums[LEN], index[LEN];

__asm__(".arch armv8.2-a+sve");

/* sums = a + b by predicated loads and stores; how many vectors that takes depends on their length. */
static uint64_t add_all(void)
{
	uint64_t i = 0, n = LEN, vectors = 0;

	__asm__ volatile("	whilelt	p0.s, %[i], %[n]\n"
			 "1:	ld1w	{z0.s}, p0/z, [%[a], %[i], lsl #2]\n"
			 "	ld1w	{z31.s}, p0/z, [%[b], %[i], lsl #2]\n"
			 "	add	z0.s, z0.s, z31.s\n"
			 ".globl behind_add\n"
			 "behind_add:\n"
			 "	st1w	{z0.s}, p0, [%[sums], %[i], lsl #2]\n"
			 "	incw	%[i]\n"
			 "	add	%[vectors], %[vectors], #1\n"
			 "	whilelt	p0.s, %[i], %[n]\n"
			 "	b.mi	1b"
			 : [i] "+&r"(i), [vectors] "+&r"(vectors)
			 : [n] "r"(n), [a] "r"(a), [b] "r"(b), [sums] "r"(sums)
			 : "cc", "memory");
	return vectors;
}

/* The sum of four gathered elements, the sum of all that a first-faulting load reaches of the first four. */
static uint64_t reduce(void)
{
	uint64_t gathered, first;

	__asm__ volatile("	ptrue	p1.s, vl4\n"
			 "	ld1w	{z1.s}, p1/z, [%[index]]\n"
			 "	ld1w	{z2.s}, p1/z, [%[sums], z1.s, uxtw #2]\n"
			 "	uaddv	d3, p1, z2.s\n"
			 "	fmov	%[gathered], d3\n"
			 "	setffr\n"
			 "	ldff1w	{z4.s}, p1/z, [%[sums]]\n"
			 "	rdffrs	p2.b, p1/z\n"
			 "	uaddv	d5, p2, z4.s\n"
			 "	fmov	%[first], d5"
			 : [gathered] "=&r"(gathered), [first] "=r"(first)
			 : [index] "r"(index), [sums] "r"(sums)
			 : "cc", "memory");
	return gathered << 32 | first;
}

int guest_main(int argc, char **argv)
{
	struct guest_line line;
	uint64_t total = 0;

	(void)argc;
	(void)argv;
	line.len = 0;
	for (uint32_t i = 0; i < LEN; i++) {
		a[i] = 3 * i;
		b[i] = 1000 - i;
		index[i] = LEN - 1 - i;
	}
	add_all();
	for (uint32_t i = 0; i < LEN; i++)
		total += sums[i];
	guest_put_hex(&line, total);
	guest_put(&line, " ");
	guest_put_hex(&line, reduce());
	guest_put(&line, "\n");
	guest_write(line.text, line.len);
	return 0;
}
