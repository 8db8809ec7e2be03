/*
 * a64open: encodings that are CONSTRAINED UNPREDICTABLE, of which a CPU may do one thing or another or raise SIGILL,
 * which a handler passes over; and some beside them that are UNDEFINED. Status 0 if it gets to its end. guest-archs:
 * aarch64 guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

static volatile int raised;
static uint64_t memory[8] __attribute__((aligned(64)));

static void handler(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	raised++;
	((uint64_t *)context)[PC] += INSN;
}

/* With the address of memory in x0, and other registers that take part. */
#define TRY(word) \
	__asm__ volatile("mov x0, %0\n" \
			 "mov x1, #16\n" \
			 "mov x2, #0\n" \
			 "mov x3, #3\n" \
			 ".inst " #word ::"r"(memory) \
			 : "x0", "x1", "x2", "x3", "memory", "cc")

int guest_main(int argc, char **argv)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};

	(void)argc;
	(void)argv;
	act(ILL, handle);
	/* LDXP of one register, and status registers that are data. */
	TRY(0xc87f0c03);
	TRY(0xc8037c03);
	TRY(0xc8230c01);
	/* Atomic pairs: of one register, and, UNDEFINED, of XZR. */
	TRY(0x19231003);
	TRY(0x193f8003);
	TRY(0x1923801f);
	/* Memory copy and set with one register as two. */
	TRY(0x19000440);
	TRY(0x19010420);
	TRY(0x1d020440);
	TRY(0x19c104e0 | 0x1f);
	TRY(0x19c20440);
	return 0;
}
