/*
 * faulting MODE: what instructions that fault leave behind, and instructions that a CPU refuses; x86-64, without libc.
 * Prints one letter, which is another where the machine does not do what a CPU does. The instruction in question stands
 * at the symbol `here`.
 *
 *   cross    MOVUPS crosses into a page that is read-only: k if the bytes in front of it are kept
 *   x87      the same by FSTP of 80 bits
 *   ac       a load that is not aligned, with the AC flag set: r if it raises SIGBUS
 *   invalid  the byte D6: r if it raises SIGILL
 *   loop     a division in a loop, by 3, 2, 1 and 0: r if it raises SIGFPE, and then the signal is handled
 *   trap     a store with the trap flag set: k if SIGTRAP comes behind it
 *   lost     a call that depends on RCPPS, whose result is each CPU's own
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { BUS = 7, PAGE = 4096, PROT_READ_ONLY = 1 };

static char area[2 * PAGE] __attribute__((aligned(PAGE), used));
static volatile int raised;
extern const char after[];

static void handler(int signal, void *info, void *context)
{
	(void)info;
	raised = signal;
	((uint64_t *)context)[PC] = (uint64_t)after;
	((uint64_t *)context)[PC + 1] &= ~UINT64_C(0x40100); /* AC, TF */
}

static void protect(void)
{
	guest_syscall(SYS_mprotect, (long)(area + PAGE), PAGE, PROT_READ_ONLY);
}

/* Each mode's instruction in turn; ECX is the number of the mode. */
static void run(int mode)
{
	__asm__ volatile("cmpl $1, %%ecx; je 1f; cmpl $2, %%ecx; je 2f; cmpl $3, %%ecx; je 3f; cmpl $4, %%ecx; je 4f\n"
			 "cmpl $5, %%ecx; je 6f\n"
			 "pcmpeqd %%xmm0, %%xmm0\n"
			 ".globl cross_here\ncross_here: movups %%xmm0, area+4088(%%rip)\n jmp 9f\n"
			 "1: fldpi\n"
			 ".globl x87_here\nx87_here: fstpt area+4088(%%rip)\n jmp 9f\n"
			 "2: pushfq\n orq $0x40000, (%%rsp)\n popfq\n"
			 ".globl ac_here\nac_here: movl area+1(%%rip), %%eax\n jmp 9f\n"
			 "3: clc\n"
			 ".globl invalid_here\ninvalid_here: .byte 0xd6\n jmp 9f\n"
			 "4: movl $4, %%ecx\n"
			 "5: movl $12, %%eax\n xorl %%edx, %%edx\n decl %%ecx\n"
			 ".globl loop_here\nloop_here: divl %%ecx\n jmp 5b\n"
			 "6: pushfq\n orq $0x100, (%%rsp)\n"
			 ".globl trap_here\ntrap_here: popfq\n movl $7, area(%%rip)\n jmp 9f\n"
			 ".globl after\nafter: 9: pushfq\n andq $~0x40100, (%%rsp)\n popfq\n" ::"c"(mode)
			 : "rax", "rdx", "memory", "cc");
}

static uint32_t reciprocal(void)
{
	uint32_t ret;

	__asm__ volatile("movd %1, %%xmm0\n"
			 ".globl lost_here\nlost_here: rcpps %%xmm0, %%xmm0\n"
			 "movd %%xmm0, %0\n"
			 : "=r"(ret)
			 : "r"(0x40400000));
	return ret;
}

static void say(int as_it_should)
{
	guest_write(as_it_should ? "k" : "c", 1);
}

int guest_main(int argc, char **argv)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	static const int signals[] = {ILL, TRAP, BUS, FPE, SEGV};
	char mode = argc > 1 ? argv[1][0] : 0;

	for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
		act(signals[i], handle);
	switch (mode) {
	case 'c':
		protect();
		run(0);
		say(raised == SEGV && area[PAGE - 8] == 0);
		return 0;
	case 'x':
		protect();
		run(1);
		say(raised == SEGV && area[PAGE - 8] == 0 && area[PAGE - 1] == 0);
		return 0;
	case 'a':
		run(2);
		say(raised == BUS);
		return 0;
	case 'i':
		run(3);
		say(raised == ILL);
		return 0;
	case 't':
		run(5);
		say(raised == TRAP && area[0] == 7);
		return 0;
	case 'l':
		if (argv[1][2] == 's') /* "lost" */
			guest_syscall(SYS_write, 1, (long)"", reciprocal() & 0xff ? 0 : 1);
		else
			run(4);
		say(raised == FPE);
		return 0;
	default: return 2;
	}
}
