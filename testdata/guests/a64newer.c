/*
 * a64newer: integer instructions of newer CPUs than compilers' defaults are for: FEAT_CMPBR, FEAT_LSE128, FEAT_CSSC.
 * Writes a sum of what came of them; for a CPU that has them all. guest-archs: aarch64 guest-flags: -nostdlib
 * -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/guest.h"

static uint64_t sum;

static void add(uint64_t value)
{
	sum = (sum ^ value) * UINT64_C(0x100000001b3);
}

static const uint64_t values[] = {
	0,          1,
	5,          63,
	0x7f,       0x80,
	0xff,       0x7fff,
	0x8000,     0x7fffffff,
	0x80000000, 0x1234567880ff8001,
	INT64_MAX,  UINT64_C(1) << 63,
	UINT64_MAX, 0xffffff00,
};

enum { NUM_VALUES = sizeof values / sizeof *values };

/* ---- Comparison and branch: is it taken? ---- */

#define TAKEN(word) \
	do { \
		register uint64_t x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2"); \
		__asm__ volatile("mov x2, #1\n.inst " #word "\nmov x2, #0" : "=&r"(x2) : "r"(x0), "r"(x1)); \
		taken = x2; \
	} while (0); \
	add(taken)
/* Over one instruction: imm9 is 2; x0 with x1, or with the immediates 5 and 63. */
#define REGISTERS(cc) \
	TAKEN(0x74010040 | cc << 21); \
	TAKEN(0xf4010040 | cc << 21); \
	TAKEN(0x74018040 | cc << 21); \
	TAKEN(0x7401c040 | cc << 21)
#define IMMEDIATES(cc) \
	TAKEN(0x75028040 | cc << 21); \
	TAKEN(0xf5028040 | cc << 21); \
	TAKEN(0x751f8040 | cc << 21); \
	TAKEN(0xf51f8040 | cc << 21)

static void compare(uint64_t a, uint64_t b)
{
	uint64_t taken;

	REGISTERS(0);
	REGISTERS(1);
	REGISTERS(2);
	REGISTERS(3);
	REGISTERS(6);
	REGISTERS(7);
	IMMEDIATES(0);
	IMMEDIATES(1);
	IMMEDIATES(2);
	IMMEDIATES(3);
	IMMEDIATES(6);
	IMMEDIATES(7);
}

/* ---- Pairs in memory ---- */

static uint64_t pair[2] __attribute__((aligned(16)));

#define PAIR(word) \
	do { \
		register uint64_t x0 __asm__("x0") = a, x1 __asm__("x1") = b, *x2 __asm__("x2") = pair; \
		__asm__ volatile(".inst " #word : "+r"(x0), "+r"(x1), "+m"(pair) : "r"(x2)); \
		a = x0, b = x1; \
		add(a + 3 * b); \
		add(pair[0] + 5 * pair[1]); \
	} while (0)

/* x0, x1, [x2] of all orders. */
static void swap(uint64_t a, uint64_t b)
{
	PAIR(0x19211040); /* ldclrp */
	PAIR(0x19a13040); /* ldsetpa */
	PAIR(0x19e18040); /* swppal */
	PAIR(0x19618040); /* swppl */
	PAIR(0x19613040); /* ldsetpl */
	PAIR(0x19a11040); /* ldclrpa */
}

/* ---- Counts and extrema ---- */

#define COUNT(word) \
	do { \
		register uint64_t x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2"); \
		__asm__ volatile(".inst " #word : "=r"(x2) : "r"(x0), "r"(x1)); \
		result = x2; \
	} while (0); \
	add(result)
/* Of both widths. */
#define COUNTS(word) \
	COUNT(word); \
	COUNT(word | 1 << 31)

static void count(uint64_t a, uint64_t b)
{
	uint64_t result;

	COUNTS(0x5ac02002); /* abs */
	COUNTS(0x5ac01802); /* ctz */
	COUNTS(0x5ac01c02); /* cnt */
	COUNTS(0x1ac16002); /* smax */
	COUNTS(0x1ac16402); /* umax */
	COUNTS(0x1ac16802); /* smin */
	COUNTS(0x1ac16c02); /* umin */
	COUNTS(0x11c3f402); /* smax, -3 */
	COUNTS(0x11c7f402); /* umax, 253 */
	COUNTS(0x11cbf402); /* smin, -3 */
	COUNTS(0x11cff402); /* umin, 253 */
}

int guest_main(int argc, char **argv)
{
	static struct guest_line line;

	(void)argc;
	(void)argv;
	for (unsigned i = 0; i < NUM_VALUES; i++)
		for (unsigned k = 0; k < NUM_VALUES; k += 2 + i % 3) {
			compare(values[i], values[k]);
			swap(values[i], values[k]);
			count(values[i], values[k]);
		}
	guest_put_hex(&line, sum);
	guest_end_line(&line);
	return 0;
}
