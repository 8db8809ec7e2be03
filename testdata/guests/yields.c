/*
 * Instructions that let others run, before each other and before others.
 * guest-archs: x86_64 aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

int guest_main(int argc, char **argv)
{
	static const char text[] = "done\n";
	long x = argc;

	(void)argv;
	for (int i = 0; i < 3; i++) {
#ifdef __aarch64__
		__asm__ volatile("yield; add %0, %0, #3; wfe; yield; yield; wfe; sub %0, %0, #1" : "+r"(x));
#else
		__asm__ volatile("pause; add $3, %0; pause; pause; dec %0" : "+r"(x));
#endif
		guest_write(text, sizeof text - 1);
	}
	return x == 7 ? 0 : 1;
}
