/*
 * Accesses that are not aligned while AC is set; x86-64, without libc. Prints a letter for each: a for SIGBUS (#AC), n for
 * no signal. CPUs print "anaana" (Intel SDM vol. 3, 6.15, "Interrupt 17"): a word, a byte, a doubleword, a quadword, an
 * aligned doubleword, a word that is stored.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { BUS = 7, NUM = 6 };

static volatile int raised;
static uint64_t resume __attribute__((used));
static uint8_t data[32] __attribute__((aligned(16), used));

static void handler(int signal, void *info, void *context)
{
	(void)info;
	raised = signal;
	((uint64_t *)context)[PC] = resume;
}

/* AC is set around the one instruction. */
#define LOAD(name, insn) \
	static void name(void) \
	{ \
		__asm__ volatile("leaq data(%%rip), %%rcx\n leaq 1f(%%rip), %%rax\n movq %%rax, resume(%%rip)\n" \
				 " pushfq\n orl $0x40000, (%%rsp)\n popfq\n" insn "\n" \
				 "1: pushfq\n andl $~0x40000, (%%rsp)\n popfq\n" :: \
					 : "rax", "rcx", "rdx", "memory", "cc"); \
	}

LOAD(word, "movw 1(%%rcx), %%dx")
LOAD(byte, "movb 1(%%rcx), %%dl")
LOAD(doubleword, "movl 2(%%rcx), %%edx")
LOAD(quadword, "addq 4(%%rcx), %%rdx")
LOAD(aligned, "movl 4(%%rcx), %%edx")
LOAD(store, "movw %%dx, 3(%%rcx)")

int guest_main(int argc, char **argv)
{
	static void (*const loads[NUM])(void) = {word, byte, doubleword, quadword, aligned, store};
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	char said[NUM];

	(void)argc;
	(void)argv;
	act(BUS, handle);
	for (int i = 0; i < NUM; i++) {
		raised = 0;
		loads[i]();
		said[i] = raised == BUS ? 'a' : 'n';
	}
	guest_write(said, NUM);
	return 0;
}
