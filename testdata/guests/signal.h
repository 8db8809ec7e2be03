/*
 * Signals without libc, for guests: sigaction, a way back from a handler, and where the context has the program
 * counter. x86-64 and AArch64 Linux.
 */
#ifndef TESTDATA_GUESTS_SIGNAL_H
#define TESTDATA_GUESTS_SIGNAL_H

#include "testdata/guests/guest.h"

enum { ILL = 4, TRAP = 5, ABRT = 6, FPE = 8, USR1 = 10, SEGV = 11, USR2 = 12, ALRM = 14 };
enum { IGNORE = 1 };
enum { SIGINFO = 4, RESTORER = 0x04000000, ONSTACK = 0x08000000, RESTART = 0x10000000, RESETHAND = 0x80000000u };

/* struct sigaction of the kernel (asm-generic/signal.h, arch/x86/include/uapi/asm/signal.h) */
struct action {
	void (*handler)(int signal, void *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static inline void act(int signal, struct action action)
{
#ifdef __aarch64__
	register long x8 __asm__("x8") = SYS_rt_sigaction, x0 __asm__("x0") = signal, x1 __asm__("x1") = (long)&action;
	register long x2 __asm__("x2") = 0, x3 __asm__("x3") = sizeof action.mask;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
#else
	register long r10 __asm__("r10") = sizeof action.mask;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(SYS_rt_sigaction), "D"(signal), "S"(&action), "d"(0), "r"(r10)
			 : "rcx", "r11", "memory");
#endif
}

void restore(void);
__asm__(".globl restore\n"
	"restore:\n"
#ifdef __aarch64__
	"	mov x8, #139\n"
	"	svc #0\n"
#else
	"	movl $15, %eax\n"
	"	syscall\n"
#endif
);

/* Where the program counter is in struct ucontext: after uc_flags, uc_link and uc_stack (40 bytes). */
#ifdef __aarch64__
/* sigset_t of 128 bytes, 8 of padding; fault address, 31 registers, sp (arch/arm64/include/uapi/asm/sigcontext.h) */
enum { PC = (40 + 128 + 8 + 8 + 31 * 8 + 8) / 8, INSN = 4 };
#else
/* r8-r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp (arch/x86/include/uapi/asm/sigcontext.h) */
enum { PC = (40 + 16 * 8) / 8, INSN = 3 };
#endif

#endif
