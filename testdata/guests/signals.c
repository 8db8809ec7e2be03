/*
 * signals MODE: what signals do to a program; x86-64 and AArch64, without libc.
 *
 *   raise    a handler for SIGUSR1, and a signal to itself; writes how often the handler ran; status 0 if once
 *   segv     a handler for SIGSEGV that leaves the faulting load behind; writes the same
 *   ignore   a signal to itself that it ignores; writes "ignored"
 *   fault    stores to address 8: killed by SIGSEGV
 *   code     stores to its own code: killed by SIGSEGV
 *   abort    sends itself SIGABRT, for which it has no handler: killed by it
 * guest-archs: x86_64 aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/guest.h"

enum { USR1 = 10, SEGV = 11, ABRT = 6, IGNORE = 1, RESTORER = 0x04000000, SIGINFO = 4 };

/* struct sigaction of the kernel (asm-generic/signal.h, arch/x86/include/uapi/asm/signal.h) */
struct action {
	void (*handler)(int signal, void *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static volatile long handled;

static void act(int signal, struct action action)
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

static void handler(int signal, void *info, void *context)
{
	(void)info;
	handled++;
	if (signal == SEGV)
		((uint64_t *)context)[PC] += INSN;
}

static int report(void)
{
	static struct guest_line line;

	guest_put_hex(&line, (uint64_t)handled);
	guest_end_line(&line);
	return handled != 1;
}

static void load_from_8(void)
{
#ifdef __aarch64__
	__asm__ volatile("mov x9, #8\n"
			 "ldr x9, [x9]" ::
				 : "x9", "memory");
#else
	__asm__ volatile("movl $8, %%eax\n"
			 "movq (%%rax), %%rax" ::
				 : "rax", "memory");
#endif
}

int guest_main(int argc, char **argv)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	char mode = argc > 1 ? argv[1][0] : 0;
	long self = guest_syscall(SYS_getpid, 0, 0, 0);

	switch (mode) {
	case 'r':
		act(USR1, handle);
		guest_syscall(SYS_kill, self, USR1, 0);
		return report();
	case 's':
		act(SEGV, handle);
		load_from_8();
		return report();
	case 'i':
		act(USR1, (struct action){.handler = (void (*)(int, void *, void *))IGNORE});
		guest_syscall(SYS_kill, self, USR1, 0);
		guest_write("ignored\n", 8);
		return 0;
	case 'f': *(volatile uint64_t *)8 = 1; return 3;
	case 'c': *(volatile char *)(uintptr_t)guest_main = 1; return 3;
	case 'a': guest_syscall(SYS_kill, self, ABRT, 0); return 3;
	default: return 2;
	}
}
