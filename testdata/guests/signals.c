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
#include "testdata/guests/signal.h"

static volatile long handled;

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
