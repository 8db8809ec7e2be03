/*
 * a64tagged: accesses to memory through pointers with a tag, which the upper byte of an address in the lower half is to
 * Linux (Documentation/arch/arm64/tagged-address-abi.rst); AArch64, without libc. Status 0 if none of them faulted,
 * what was stored by one pointer was loaded by another, and addresses of which only bit 55 tells that they are not in
 * the lower half raised SIGSEGV. guest-archs: aarch64 guest-flags: -nostdlib -ffreestanding -fno-stack-protector
 * -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

static uint64_t area[64] __attribute__((aligned(512)));
static volatile uint64_t raised;

static void handler(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	raised++;
	((uint64_t *)context)[PC] += INSN;
}

static uint64_t tagged(size_t at, uint64_t tag)
{
	return (uint64_t)&area[at] | tag << 56;
}

/* Of each kind of access one, by two tags of one address. */
static void all_kinds(uint64_t one, uint64_t other)
{
	__asm__ volatile("mov x2, #77\n"
			 "str x2, [%0]\n"
			 "ldr x3, [%1]\n"
			 "stp x2, x3, [%0, #16]!\n"
			 "ldp x4, x5, [%1, #16]!\n"
			 "ldaxr x4, [%0]\n"
			 "stlxr w5, x4, [%0]\n"
			 "stlr x2, [%1]\n"
			 "ldar x3, [%0]\n"
			 "ldr q0, [%1]\n"
			 "str q0, [%0, #32]\n"
			 "ld1 {v0.4s}, [%1], #16\n"
			 "st4 {v0.b, v1.b, v2.b, v3.b}[3], [%0], #4\n"
			 "prfm pldl1keep, [%0]\n"
			 "dc civac, %0\n"
			 : "+r"(one), "+r"(other)::"x2", "x3", "x4", "x5", "memory");
}

static void not_in_the_lower_half(void)
{
	const uint64_t upper = UINT64_C(1) << 55;

	__asm__ volatile("ldr x2, [%0]\n"
			 "str x2, [%0]\n"
			 "ldrb w2, [%1]\n" ::"r"((uint64_t)area | upper),
			 "r"(upper)
			 : "x2", "memory");
}

int guest_main(int argc, char **argv)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};

	(void)argc;
	(void)argv;
	act(SEGV, handle);
	all_kinds(tagged(0, 0xab), tagged(0, 0));
	all_kinds(tagged(8, 0x01), tagged(8, 0xff));
	/* DCZID_EL0 tells how much is cleared. */
	__asm__ volatile("mrs x2, dczid_el0\n"
			 "dc zva, %0\n" ::"r"(tagged(0, 0x56))
			 : "x2", "memory");
	*(volatile uint64_t *)tagged(32, 0x80) = 5;
	if (raised || area[32] != 5 || area[0])
		return 1;
	not_in_the_lower_half();
	return raised == 3 ? 0 : 2;
}
