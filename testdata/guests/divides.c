/*
 * Two divide errors, each of which a handler passes over.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

static volatile int handled;

/* Behind `div ecx`. */
static void on_fpe(int signal, void *info, void *context)
{
	(void)info;
	handled += signal == FPE;
	((uint64_t *)context)[PC] += 2;
}

static void divide(void)
{
	uint32_t low = 1, high = 0, zero = 0;

	__asm__ volatile("div %%ecx" : "+a"(low), "+d"(high) : "c"(zero) : "cc");
}

int guest_main(int argc, char **argv)
{
	static const char text[] = "twice\n";

	(void)argc;
	(void)argv;
	act(FPE, (struct action){.handler = on_fpe, .flags = RESTORER | SIGINFO, .restorer = restore});
	divide();
	divide();
	if (handled == 2)
		guest_write(text, sizeof text - 1);
	return handled != 2;
}
