/*
 * a64mops [BYTES]: memory copy and set of FEAT_MOPS, of sizes up to BYTES (5000), in all directions and over pages that
 * are not there; for a CPU that has it. Writes a sum of what memory came to and of the registers behind each. What
 * is left to the implementation is not in it.
 * guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { PAGE = 4096, AREA = 1 << 20 };

static uint8_t area[AREA] __attribute__((aligned(PAGE)));
static uint64_t sum;
static volatile int raised;

static void add(uint64_t value)
{
	sum = (sum ^ value) * UINT64_C(0x100000001b3);
}

/* The words of [x0]!, [x1]!, x2! and [x0]!, x2!, x1: assemblers that know them are newer than some in use. */
#define THREE(name, p, m, e) \
	static void name(uint8_t *to, uint64_t from, uint64_t size) \
	{ \
		register uint64_t x0 __asm__("x0") = (uint64_t)to, x1 __asm__("x1") = from, x2 __asm__("x2") = size; \
		__asm__ volatile(".inst " #p "\n.inst " #m "\n.inst " #e \
				 : "+r"(x0), "+r"(x1), "+r"(x2)::"memory", "cc"); \
		add(x2); \
	}
THREE(copy_forward, 0x19010440, 0x19410440, 0x19810440)      /* cpyfp */
THREE(copy_forward_hint, 0x1901f440, 0x1941f440, 0x1981f440) /* cpyfptn */
THREE(copy, 0x1d010440, 0x1d410440, 0x1d810440)              /* cpyp */
THREE(copy_hint, 0x1d016440, 0x1d416440, 0x1d816440)         /* cpyptrn */
THREE(set, 0x19c10440, 0x19c14440, 0x19c18440)               /* setp */
THREE(set_hint, 0x19c13440, 0x19c17440, 0x19c1b440)          /* setptn */
THREE(set_tags, 0x1dc10440, 0x1dc14440, 0x1dc18440)          /* setgp */

static void fill(uint64_t len)
{
	uint64_t done = 500;

	for (uint64_t i = 0; i < done; i++)
		area[i] = (uint8_t)(i * 7 + (i >> 8));
	for (; done < len; done *= 2)
		copy_forward(area + done, (uint64_t)area, done);
}

static void add_memory(uint64_t from, uint64_t len)
{
	uint64_t step = len / 40 | 1;

	for (uint64_t i = 0; i < len; i += step)
		add(area[from + i]);
}

static void of_size(uint64_t size)
{
	uint8_t *other = area + AREA / 2;
	uint64_t source = (uint64_t)area;

	copy_forward(other + 3, source + 5, size);
	copy_forward_hint(other + size + 4, source, size);
	copy(other + 2 * size + 1, source + 9, size);
	set(other + 3 * size + 8, 0x1234567890abcdef, size);
	set_hint(other + 4 * size + 8, 0, size / 3);
	set_tags((uint8_t *)((uint64_t)(other + 5 * size + 31) & ~UINT64_C(15)), 0x77, size & ~UINT64_C(15));
	/* Over each other: up by less than the size, and down. */
	copy(area + 100, source, size);
	copy_hint(area + 50, source + 117, size);
	copy_forward(area, source + 77, size);
	add_memory(0, 400);
	add_memory(AREA / 2, 6 * size + 100 < AREA / 2 ? 6 * size + 100 : AREA / 2);
}

static void handler(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	raised++;
	/* Behind the epilogue, whichever of the three it was. */
	uint32_t *at = (uint32_t *)((uint64_t *)context)[PC];
	while ((*at & 0xfbe00400) == 0x19800400 || (*at & 0xfbe00400) == 0x19400400 ||
	       (*at & 0xfbe00400) == 0x19000400 || (*at & 0xfbe00400) == 0x19c00400)
		at++;
	((uint64_t *)context)[PC] = (uint64_t)at;
}

static void over_the_end(void)
{
	const struct action handle = {.handler = handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	uint8_t *hole = area + AREA / 2;
	uint64_t source = (uint64_t)area;

	act(SEGV, handle);
	guest_syscall(SYS_munmap, (long)hole, PAGE, 0);
	set(hole - 10, 1, 100);
	set(hole - 2 * PAGE - 10, 2, 3 * PAGE);
	copy(hole - PAGE - 100, source, 2 * PAGE);
	copy_forward(area, (uint64_t)hole - 100, 200);
	copy(hole - 50, (uint64_t)hole - 100, 100);
	copy(area, source + 200, UINT64_MAX);
	set(hole, 3, 0);
}

static uint64_t number(const char *text)
{
	uint64_t n = 0;

	while (*text)
		n = 10 * n + (uint64_t)(*text++ - '0');
	return n;
}

int guest_main(int argc, char **argv)
{
	static struct guest_line line;
	uint64_t most = argc > 1 ? number(argv[1]) : 5000;

	fill(AREA / 4);
	for (uint64_t size = 0; size < most; size = 9 * size + 1)
		of_size(size);
	of_size(most);
	over_the_end();
	guest_put_hex(&line, sum);
	guest_put(&line, " ");
	guest_put_hex(&line, (uint64_t)raised);
	guest_end_line(&line);
	return 0;
}
