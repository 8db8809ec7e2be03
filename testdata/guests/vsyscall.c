/*
 * Calls by the page of vsyscalls, at the top of the address space: no instruction of a system call is executed. Prints
 * what came of each, which is the same in every run. Exit status 0, 1 if the page's time is not the kernel's.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone -fno-builtin
 */
#include "testdata/guests/call.h"

static volatile uint64_t signal_seen;

/* The handler goes on in the caller of what faulted: RSP is 160 bytes into ucontext_t, RIP 168. */
__asm__(".text\n"
	"on_fault:\n"
	"	movslq %edi, %rdi\n"
	"	movq %rdi, signal_seen(%rip)\n"
	"	movq 160(%rdx), %rax\n"
	"	movq (%rax), %rcx\n"
	"	movq %rcx, 168(%rdx)\n"
	"	addq $8, %rax\n"
	"	movq %rax, 160(%rdx)\n"
	"	ret\n"
	"go_back:\n"
	"	movl $15, %eax\n"
	"	syscall\n");
extern char on_fault[], go_back[];

static long by_page(unsigned offset, void *a, void *b)
{
	return ((long (*)(void *, void *, long))(0xffffffffff600000 + offset))(a, b, 0);
}

static void show_fault(const char *name, unsigned offset, void *a)
{
	signal_seen = 0;
	by_page(offset, a, 0);
	show(name, signal_seen);
}

int guest_main(int argc, char **argv)
{
	enum { SIGSEGV = 11, RT_SIGACTION = 13 };
	struct {
		void *handler;
		uint64_t flags;
		void *restorer;
		uint64_t mask;
	} action = {on_fault, 0x04000004, go_back, 0};
	struct {
		long seconds, microseconds;
	} now = {0, 0};
	int zone[2] = {77, 77};
	long stored = 0, before = guest_syscall(SYS_time, 0, 0, 0);
	unsigned cpu = 12345678, node = 12345678;

	(void)argc;
	(void)argv;
	register long r10 __asm__("r10") = 8;
	__asm__ volatile("syscall"
			 :
			 : "a"(RT_SIGACTION), "D"(SIGSEGV), "S"(&action), "d"(0), "r"(r10)
			 : "rcx", "r11", "memory");

	long seconds = by_page(0x400, &stored, 0);
	show("time", seconds == stored);
	show("time, to nowhere", by_page(0x400, 0, 0) - seconds < 100);
	show("gettimeofday", (uint64_t)by_page(0, &now, zone));
	show("its microseconds", now.microseconds < 1000000);
	show("its zone", zone[0] != 77 && zone[1] != 77);
	show("getcpu", (uint64_t)by_page(0x800, &cpu, &node));
	show("a CPU and a node", cpu < 100000 && node < 100000);
	show_fault("no memory", 0, (void *)8);
	show_fault("no entry", 0x10, 0);
	show_fault("none either", 0xc00, 0);
	return seconds - before < 100 && now.seconds - before < 100 ? 0 : 1;
}
