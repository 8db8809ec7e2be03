/*
 * a64atomic [ROUNDS]: sequences of load-exclusive and store-exclusive of every kind that programs have, ROUNDS times
 * (10). Writes what came of them, from which nothing is missing where stores succeed at last. guest-archs: aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-outline-atomics
 */
#include "testdata/guests/guest.h"

static struct {
	uint8_t byte;
	uint16_t half;
	uint32_t word;
	uint64_t pair[2] __attribute__((aligned(16)));
} shared;

/* Try until the store succeeds. */
#define ADD(type, address, value, suffix, reg) \
	__asm__ volatile("1:	ldaxr" suffix "	%" reg "0, %2\n" \
			 "	add	%w0, %w0, %w3\n" \
			 "	stlxr" suffix "	%w1, %" reg "0, %2\n" \
			 "	cbnz	%w1, 1b" \
			 : "=&r"(old), "=&r"(status), "+Q"(*(address)) \
			 : "r"(value))

static void add_all(void)
{
	uint32_t old, status;

	ADD(uint8_t, &shared.byte, 3, "b", "w");
	ADD(uint16_t, &shared.half, 500, "h", "w");
	ADD(uint32_t, &shared.word, 70000, "", "w");
	(void)old;
}

static void add_pair(void)
{
	uint64_t low, high;
	uint32_t status;

	__asm__ volatile("1:	ldxp	%0, %1, %3\n"
			 "	adds	%0, %0, %4\n"
			 "	adc	%1, %1, xzr\n"
			 "	stxp	%w2, %0, %1, %3\n"
			 "	cbnz	%w2, 1b"
			 : "=&r"(low), "=&r"(high), "=&r"(status), "+Q"(shared.pair)
			 : "r"(UINT64_C(0x4000000000000001))
			 : "cc");
}

/* Compare and swap: leaves before the store when the word is another. Returns what was there. */
static uint32_t swap_if(uint32_t expected, uint32_t value)
{
	uint32_t old, status;

	__asm__ volatile("1:	ldxr	%w0, %2\n"
			 "	cmp	%w0, %w3\n"
			 "	b.ne	2f\n"
			 "	stxr	%w1, %w4, %2\n"
			 "	cbnz	%w1, 1b\n"
			 "2:"
			 : "=&r"(old), "=&r"(status), "+Q"(shared.word)
			 : "r"(expected), "r"(value)
			 : "cc");
	return old;
}

/* Stores without a mark: it was given up, after a load or before. Returns the sum of their failures. */
static uint32_t must_fail(void)
{
	uint32_t first, second, old;

	__asm__ volatile("	clrex\n"
			 "	stxr	%w0, wzr, %3\n"
			 "	ldxr	%w2, %3\n"
			 "	clrex\n"
			 "	stxr	%w1, wzr, %3"
			 : "=&r"(first), "=&r"(second), "=&r"(old), "+Q"(shared.word));
	return first + second;
}

int guest_main(int argc, char **argv)
{
	uint64_t rounds = argc > 1 ? (uint64_t)(argv[1][0] - '0') : 10, failures = 0, swaps = 0;
	static struct guest_line line;

	for (uint64_t i = 0; i < rounds; i++) {
		add_all();
		add_pair();
		swaps += swap_if(shared.word, shared.word + 1) + 1 == shared.word;
		swaps += 2 * (swap_if(7, 8) == 7);
		failures += must_fail();
	}
	const uint64_t results[] = {shared.byte,    shared.half, shared.word, shared.pair[0],
				    shared.pair[1], swaps,       failures};
	for (unsigned i = 0; i < sizeof results / sizeof *results; i++) {
		guest_put_hex(&line, results[i]);
		guest_put(&line, i + 1 < sizeof results / sizeof *results ? " " : "");
	}
	guest_end_line(&line);
	return 0;
}
