/*
 * stretches: two system calls, and between them stores and a load of what was stored, for looks at a part of a run.
 * The labels are of the instructions that a test has an emulator do wrong.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

uint64_t stored[8], unread[8];

/* On a page without a system call: QEMU makes blocks of one instruction where a page has a breakpoint. */
__attribute__((section("apart"), aligned(4096), noinline)) static void work(void)
{
	__asm__ volatile("begin: mov $0x1234, %%eax\n"
			 "store_here: mov %%rax, stored(%%rip)\n"
			 "behind_store: add $5, %%rax\n"
			 "jmp 1f\n"
			 "1:\n"
			 "load_here: mov stored(%%rip), %%rdx\n"
			 "behind_load: imul $3, %%rdx, %%rcx\n"
			 "xor %%edx, %%edx\n"
			 "in_block: lea 7(%%rcx), %%rsi\n"
			 "last_store: mov %%rcx, unread(%%rip)\n"
			 "jmp behind_block\n"
			 "behind_block: mov $1, %%esi\n"
			 "mov $2, %%edx\n" ::
				 : "rax", "rcx", "rdx", "rsi", "memory", "cc");
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
