/*
 * Instructions on which Intel's and AMD's manuals differ, as far as a program survives them on both makers' CPUs: what
 * they leave is not looked at, so that the program does the same everywhere; with an argument, how much it writes
 * depends on it.
 *
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone
 */
#include "testdata/guests/guest.h"

/* A 32-bit scan of zero: AMD's CPUs keep the upper half of the destination, Intel's manual leaves all undefined. */
static void scan_zero(void)
{
	uint64_t forward = 0x123456789abcdef0, reverse = 0xfedcba9876543210;

	__asm__ volatile("bsf %k1, %k0" : "+r"(forward) : "r"(0) : "cc");
	__asm__ volatile("bsr %k1, %k0" : "+r"(reverse) : "r"(0) : "cc");
}

/* Everything is shifted out: AMD's manual defines CF, Intel's does not. BT: ZF, the other way round. */
static void flags(void)
{
	__asm__ volatile("mov $0x81, %%al; mov $8, %%cl; shl %%cl, %%al; shr %%cl, %%al; bt %%ecx, %%eax" ::
				 : "rax", "rcx", "cc");
}

/* The selector is behind 32 bits on AMD's CPUs, behind 64 on Intel's: it is the program's data segment in both. */
static void far_pointer(void)
{
	static const struct {
		uint32_t low;
		uint16_t selector, rest, other_selector;
	} __attribute__((packed)) pointer = {0x12345678, 0x2b, 0x9abc, 0x2b};
	uint64_t offset;

	__asm__ volatile("rex.W lfs %1, %k0" : "=r"(offset) : "m"(pointer));
}

/* The last x87 opcode, with no exception pending. */
static void x87_pointers(void)
{
	static uint8_t image[512] __attribute__((aligned(16)));

	__asm__ volatile("fxsave %0" : "+m"(image));
	image[6] = 0x34;
	image[7] = 0x02;
	__asm__ volatile("fxrstor %0" ::"m"(image));
}

/* Three bytes less, where the upper half is kept. */
static void write_by_scan(void)
{
	uint64_t less = 0x0000000300000000;

	__asm__ volatile("scan_here: bsf %k1, %k0" : "+r"(less) : "r"(0) : "cc");
	guest_write("0123456789\n", 11 - (less >> 32));
}

int guest_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		write_by_scan();
		return 0;
	}
	scan_zero();
	flags();
	far_pointer();
	x87_pointers();
	guest_write("done\n", 5);
	return 0;
}
