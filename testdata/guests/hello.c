/*
 * The smallest guest that does something: one write, then the end.
 * guest-archs: x86_64 aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

int guest_main(int argc, char **argv)
{
	static const char text[] = "hello\n";

	(void)argc;
	(void)argv;
	guest_write(text, sizeof text - 1);
	return 0;
}
