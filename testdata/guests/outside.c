/*
 * Instructions whose results come from outside, and which a hypervisor or the kernel may have to emulate: a single step
 * may lose its trap behind them.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include <cpuid.h>

#include "testdata/guests/guest.h"

/* The instruction, and behind it one that would tell that it was executed twice, or not at all. */
#define RUN(insn) \
	__asm__ volatile(insn "\n\tadd $3, %0" : "+r"(count) : "r"(table) : "rax", "rbx", "rcx", "rdx", "memory", "cc")

int guest_main(int argc, char **argv)
{
	uint8_t bytes[16], *table = bytes;
	unsigned a, b, c = 0, d, seven = 0;
	uint64_t count = (uint64_t)argc;

	(void)argv;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
		seven = b;
	__get_cpuid(1, &a, &b, &c, &d);
	for (int i = 0; i < 2; i++) {
		RUN("xor %%eax, %%eax; cpuid");
		RUN("xor %%eax, %%eax; cpuid; cpuid; pause; cpuid");
		RUN("rdtsc");
		RUN("mov %%ss, %%eax; mov %%eax, %%ss");
		RUN("sgdt (%1)");
		RUN("sidt (%1)");
		RUN("sldt %%eax");
		RUN("str %%eax; smsw %%eax");
		RUN("pause; jmp 1f; 1:");
		if (c & bit_OSXSAVE)
			RUN("xor %%ecx, %%ecx; xgetbv");
		else
			count += 3;
		if (c & bit_RDRND)
			RUN("rdrand %%eax");
		else
			count += 3;
		if (seven & bit_RDSEED)
			RUN("rdseed %%eax");
		else
			count += 3;
	}
	return count == 1 + 2 * 12 * 3 ? 0 : 1;
}
