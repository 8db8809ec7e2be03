/*
 * uppers: upper halves of YMM registers, which QEMU's stub does not show. The labels are of the instructions that a
 * test has an emulator do wrong; nothing reads what they leave. The CPU must have AVX2.
 *
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

uint64_t in[4] = {1, 2, 3, 4};

/* On a page without a system call: QEMU makes blocks of one instruction where a page has a breakpoint. */
__attribute__((section("apart"), aligned(4096), noinline)) static void work(void)
{
	__asm__ volatile("vmovdqu in(%rip), %ymm1\n"
			 "sum_here: vpaddd %ymm1, %ymm1, %ymm2\n"
			 "behind_sum: jmp next_block\n"
			 "next_block: nop\n");
}

int guest_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int i = 0; i < 3; i++) {
		guest_syscall(SYS_getpid, 0, 0, 0);
		work();
	}
	return 0;
}
