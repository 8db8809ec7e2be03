/*
 * x87 exceptions that are not masked: each is pending until the next instruction that waits, which raises SIGFPE in its
 * place (SDM vol. 1, 8.7). The handler clears the exception, and the instruction is executed again. Prints a digit for
 * each, the signals that it raised: 1 of FWAIT and of FLD, 0 of FNSTSW and FNCLEX.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

/* Where struct ucontext has the pointer to the floating-point state, behind 23 registers. */
enum { FPSTATE = (40 + 23 * 8) / 8, STATUS = 1 };

static volatile int handled;

/* The flags, the summary and B leave the status word. */
static void on_fpe(int signal, void *info, void *context)
{
	uint16_t *state = ((uint16_t **)context)[FPSTATE];

	(void)info;
	handled += signal == FPE;
	state[STATUS] &= 0x7f00;
}

/* 1 / 0, of which the exception is not masked. The value of the division is not stored: st(0) is 1. */
static void divide(void)
{
	static const uint16_t control = 0x037b;
	static const float zero;

	__asm__ volatile("fninit\n fldcw %0\n fld1\n fdivs %1" : : "m"(control), "m"(zero));
}

/* ... and what waits for it. */
#define TRY(at, insn) \
	do { \
		divide(); \
		handled = 0; \
		__asm__ volatile(insn : : : "rax", "memory"); \
		text[at] = (char)('0' + handled); \
	} while (0)

int guest_main(int argc, char **argv)
{
	static char text[] = "....\n";

	(void)argc;
	(void)argv;
	act(FPE, (struct action){.handler = on_fpe, .flags = RESTORER | SIGINFO, .restorer = restore});
	TRY(0, "fwait_here: fwait");
	TRY(1, "fld_here: fld1");
	TRY(2, "fnstsw %%ax");
	TRY(3, "fnclex\n fwait");
	__asm__ volatile("fninit");
	guest_write(text, sizeof text - 1);
	return 0;
}
