/*
 * a64faulting: loads and stores that cross into a page that is not there, each of which a handler passes over; AArch64,
 * without libc. What such a store leaves in front of the page, and such a load in its registers, is not defined; their
 * base is as before. The last one marks what an exclusive store behind it would need. Status 0 if each raised SIGSEGV.
 * guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { PAGE = 4096, CASES = 10 };

static char area[2 * PAGE] __attribute__((aligned(PAGE)));
static volatile int raised;

static void handler(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	raised++;
	((uint64_t *)context)[PC] += INSN;
}

int guest_main(int argc, char **argv)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	char *end = area + PAGE;

	(void)argc;
	(void)argv;
	act(SEGV, handle);
	guest_syscall(SYS_munmap, (long)end, PAGE, 0);
	for (int i = 1; i <= 64; i++)
		end[-i] = (char)i;
	__asm__ volatile("mov x3, %0\n"
			 "ldp x0, x1, [x3, #-8]\n"
			 "ldp x0, x1, [x3, #-8]!\n"
			 "ldr x0, [x3], #8\n"
			 "stp x0, x1, [x3, #-8]\n"
			 "str x0, [x3, #-4]!\n"
			 "sub x4, x3, #16\n"
			 "ld1 {v0.16b, v1.16b}, [x4], #32\n"
			 "st1 {v0.16b, v1.16b}, [x4], #32\n"
			 "stp q0, q1, [x4]\n"
			 "str q0, [x3, #-8]\n"
			 "mov x3, %0\n"
			 "sub x4, x3, #64\n"
			 "ldxr x0, [x3]\n"
			 "ldxrh w0, [x4]\n"
			 "stxrh w1, w0, [x4]\n" ::"r"(end)
			 : "x0", "x1", "x3", "x4", "memory");
	/* What is there now is what is loaded. */
	uint64_t sum = 0;
	for (int i = 1; i <= 4; i++)
		sum += *(volatile uint64_t *)(end - 8 * i);
	return raised == CASES && sum ? 0 : 1;
}
