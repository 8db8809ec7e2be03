/*
 * loop N: N rounds of mixed integer and memory work without a system call, for measuring speed; then the checksum.
 * A round is some 25 instructions: shifts, a multiplication, rotates, loads and stores of three widths, branches.
 * guest-archs: x86_64 aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 */
#include "testdata/guests/guest.h"

enum { WORDS = 4096 };

static uint64_t memory[WORDS];

static uint64_t parse(const char *text)
{
	uint64_t n = 0;

	while (*text >= '0' && *text <= '9')
		n = 10 * n + (uint64_t)(*text++ - '0');
	return n;
}

static uint64_t round_of(uint64_t x)
{
	uint64_t *word = &memory[x >> 20 & (WORDS - 1)];
	uint8_t *byte = (uint8_t *)&memory[x >> 40 & (WORDS - 1)];

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	*word += x ^ x >> 29;
	byte[x & 7] ^= (uint8_t)(x >> 56);
	if (x & 0x10000)
		x += *(uint32_t *)byte;
	else
		x = (x << 13 | x >> 51) - *word;
	return x;
}

int guest_main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? parse(argv[1]) : 1000, x = 1;
	struct guest_line line; /* its text is not to be cleared, which would take memset() */

	line.len = 0;
	for (uint64_t i = 0; i < n; i++)
		x = round_of(x);
	guest_put_hex(&line, x);
	guest_end_line(&line);
	return 0;
}
