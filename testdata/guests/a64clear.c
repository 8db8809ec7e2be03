/*
 * a64clear: memory is cleared by DC ZVA, by a loop that is fallen into, as glibc's memset() has it: a translation block
 * that begins in front of it and the next one reach its start. With an argument another loop like it has an instruction
 * of SVE in it. On a page of their own, without a system call. Status 0 if all is clear. guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/guest.h"

enum { LEN = 8192, MAX_BLOCK = 2048 };

static uint8_t memory[LEN] __attribute__((aligned(MAX_BLOCK)));

uint64_t clear(uint8_t *at, uint64_t len);
uint64_t count(uint64_t n);

__asm__(".arch armv8.2-a+sve\n"
	"	.pushsection .text.apart, \"ax\"\n"
	"	.balign	4096\n"
	"clear:	mrs	x5, dczid_el0\n"
	"	and	x5, x5, #15\n"
	"	mov	x6, #4\n"
	"	lsl	x5, x6, x5\n"
	"	b	1f\n"
	"1:	mov	x6, #0\n"
	"	sub	x0, x0, x5\n"
	"2:	add	x0, x0, x5\n"
	"	dc	zva, x0\n"
	"	add	x6, x6, #1\n"
	"	subs	x1, x1, x5\n"
	"	b.hi	2b\n"
	"	mov	x0, x6\n"
	"	ret\n"
	"count:	mov	x1, #0\n"
	"1:	add	x1, x1, #1\n"
	"	rdvl	x2, #1\n"
	"	subs	x0, x0, #1\n"
	"	b.ne	1b\n"
	"	mov	x0, x1\n"
	"	ret\n"
	"	.balign	4096\n"
	"	.popsection");

int guest_main(int argc, char **argv)
{
	(void)argv;
	for (size_t i = 0; i < LEN; i++)
		memory[i] = 0xff;
	for (int i = 0; i < 2; i++)
		clear(memory, LEN);
	for (size_t i = 0; i < LEN; i++)
		if (memory[i])
			return 1;
	return argc > 1 && count(3) != 3;
}
