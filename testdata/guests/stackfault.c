/*
 * Loads from addresses that are not canonical, in the stack segment and in others; x86-64, without libc. Prints a
 * letter for each: b for SIGBUS (#SS), s for SIGSEGV (#GP), n for neither. CPUs print "bbbsssss" (Intel SDM vol.
 * 1, 3.3.7.1). guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { BUS = 7, NUM = 8 };

static volatile int raised;
static uint64_t resume __attribute__((used));

static void handler(int signal, void *info, void *context)
{
	(void)info;
	raised = signal;
	((uint64_t *)context)[PC] = resume;
}

/* The base in question is in RBP; of the loads without it, in RAX. */
#define LOAD(name, insn) \
	static void name(void) \
	{ \
		__asm__ volatile("pushq %%rbp\n leaq 1f(%%rip), %%rcx\n movq %%rcx, resume(%%rip)\n" \
				 " movq $1, %%rbp\n shlq $63, %%rbp\n movq %%rbp, %%rax\n xorl %%edx, %%edx\n" \
				 ".globl " #name "_here\n" #name "_here: " insn "\n1: popq %%rbp\n" :: \
					 : "rax", "rcx", "rdx", "memory", "cc"); \
	}

LOAD(base, "movq (%%rbp), %%rcx")
LOAD(indexed, "movl 8(%%rbp,%%rdx), %%ecx")
LOAD(data, ".byte 0x3e; movb (%%rbp), %%cl")
LOAD(other, "movq (%%rax), %%rcx")
LOAD(index, "movl (%%rdx,%%rbp), %%ecx")
LOAD(stack, ".byte 0x36; movb (%%rax), %%cl")
LOAD(by_fs, "movq %%fs:(%%rbp), %%rcx")
LOAD(by_gs, "movw %%gs:(%%rbp), %%cx")

int guest_main(int argc, char **argv)
{
	static void (*const loads[NUM])(void) = {base, indexed, data, other, index, stack, by_fs, by_gs};
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	char said[NUM];

	(void)argc;
	(void)argv;
	act(BUS, handle);
	act(SEGV, handle);
	for (int i = 0; i < NUM; i++) {
		raised = 0;
		loads[i]();
		said[i] = raised == BUS ? 'b' : raised == SEGV ? 's' : 'n';
	}
	guest_write(said, NUM);
	return 0;
}
