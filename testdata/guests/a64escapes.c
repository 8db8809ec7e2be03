/*
 * a64escapes DOOR STATE: enters the kernel, or what an emulator has in its place, by DOOR. STATE "idle" does everything
 * but that. A log of that, made to say "act!", is a stranger's: no event of it is such a call. What the calls would do
 * shows in the current folder: "escaped". Exit status 0, 2 for an unknown word. AArch64, without libc.
 * guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/guest.h"

enum { PAGE = 4096, R = 1, W = 2, X = 4, PRIVATE = 2, ANON = 0x20 };
enum { SYS_OPEN = 1, SYS_SYSTEM = 0x12, WRITE = 4 }; /* operations of semihosting, and a mode of the first */

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static uint64_t open_block[] = {(uint64_t) "escaped", WRITE, 7};
static uint64_t system_block[] = {(uint64_t) "touch escaped", 13};

static const struct door {
	const char *name;
	uint32_t word;
	long x8, x0, x1, x2;
} doors[] = {
	{"svc", 0xd4000001, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"svc-1", 0xd4000021, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"svc-ffff", 0xd41fffe1, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"hlt-open", 0xd45e0000, 0, SYS_OPEN, (long)open_block, 0},
	{"hlt-system", 0xd45e0000, 0, SYS_SYSTEM, (long)system_block, 0},
	{"hlt-0", 0xd4400000, SYS_mkdirat, SYS_OPEN, (long)open_block, 0},
	{"hvc", 0xd4000002, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"smc", 0xd4000003, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"brk", 0xd4200000, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"dcps1", 0xd4a00001, SYS_mkdirat, -100, (long)"escaped", 0755},
	{"undefined", 0x00000000, SYS_mkdirat, -100, (long)"escaped", 0755},
};

/* YIELD, the door, RET. */
static void go(const struct door *d, int acts)
{
	register long x8 __asm__("x8") = SYS_mmap, x0 __asm__("x0") = 0, x1 __asm__("x1") = PAGE;
	register long x2 __asm__("x2") = R | W, x3 __asm__("x3") = PRIVATE | ANON, x4 __asm__("x4") = -1;
	register long x5 __asm__("x5") = 0;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	volatile uint32_t *code = (volatile uint32_t *)x0;
	code[0] = 0xd503203f;
	code[1] = d->word;
	code[2] = 0xd65f03c0;
	guest_syscall(SYS_mprotect, (long)code, PAGE, R | X);
	if (!acts)
		return;
	x8 = d->x8, x0 = d->x0, x1 = d->x1, x2 = d->x2;
	__asm__ volatile("blr %[code]" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), [code] "r"(code) : "x30", "memory");
}

int guest_main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof doors / sizeof *doors; i++) {
		if (!same(argv[1], doors[i].name))
			continue;
		go(&doors[i], argv[2][0] == 'a');
		return 0;
	}
	return 2;
}
