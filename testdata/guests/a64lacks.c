/*
 * a64lacks: encodings of extensions of AArch64, and of nothing; without libc. A handler passes over those that the
 * CPU does not have: which ones those are the model has to know, too. Pointers get codes and lose them, rightly and
 * wrongly. The status is how many raised SIGILL.
 * guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

static volatile int raised;

static void handler(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	raised++;
	((uint64_t *)context)[PC] += INSN;
}

static void extensions(void)
{
	uint64_t memory[4] = {1, 2, 3, 4};

	__asm__ volatile("mov x1, %0\n"
			 "mov x0, #5\n"
			 ".inst 0xf8200022\n" /* ldadd x0, x2, [x1] */
			 ".inst 0x4e829420\n" /* sdot v0.4s, v1.16b, v2.16b */
			 ".inst 0xd50330ff\n" /* sb */
			 ".inst 0x9ac06020\n" /* smax x0, x1, x0 */
			 ".inst 0x6e828420\n" /* sqrdmlah v0.4s, v1.4s, v2.4s */
			 ".inst 0xd51b42a0\n" /* msr dit, x0 */
			 ".inst 0xd53b42a3\n" /* mrs x3, dit */
			 ".inst 0xd53be020\n" /* mrs x0, cntpct_el0 */
			 ".inst 0x00000001\n" /* udf #1 */
			 ".inst 0xffffffff\n" ::"r"(memory)
			 : "x0", "x1", "x2", "x3", "memory");
}

static void codes(void)
{
	uint64_t memory[2] __attribute__((aligned(16))) = {1, 2};

	__asm__ volatile("mov x1, #7\n"
			 "mov x2, %0\n"
			 ".inst 0xdac10822\n" /* pacda x2, x1 */
			 ".inst 0xdac11822\n" /* autda x2, x1 */
			 "mov x2, %0\n"
			 ".inst 0xdac12be2\n" /* pacdza x2 */
			 ".inst 0xf8201c43\n" /* ldraa x3, [x2, #8]! */
			 "mov x4, #0x1234\n"
			 "movk x4, #0x55, lsl #48\n"
			 ".inst 0xdac11024\n" /* autia x4, x1 */
			 ".inst 0xdac143e4\n" /* xpaci x4 */
			 ".inst 0x9ac33045\n" /* pacga x5, x2, x3 */
			 "mov x9, x30\n"
			 ".inst 0xd503233f\n" /* paciasp */
			 ".inst 0xd50323bf\n" /* autiasp */
			 "mov x30, x9\n" ::"r"(memory)
			 : "x1", "x2", "x3", "x4", "x5", "x9", "x30", "memory");
}

int guest_main(int argc, char **argv)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};

	(void)argc;
	(void)argv;
	act(ILL, handle);
	extensions();
	codes();
	return raised;
}
