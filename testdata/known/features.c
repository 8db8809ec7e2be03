/*
 * Prints which of the features that rows need this CPU says it has, and its maker, in one line of words.
 */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum reg { EAX, EBX, ECX, EDX };

static const struct feature {
	const char *name;
	uint32_t leaf, subleaf;
	enum reg reg;
	unsigned bit;
} features[] = {
	{"sse3", 1, 0, ECX, 0},
	{"pclmulqdq", 1, 0, ECX, 1},
	{"ssse3", 1, 0, ECX, 9},
	{"fma", 1, 0, ECX, 12},
	{"cx16", 1, 0, ECX, 13},
	{"sse4_1", 1, 0, ECX, 19},
	{"sse4_2", 1, 0, ECX, 20},
	{"movbe", 1, 0, ECX, 22},
	{"popcnt", 1, 0, ECX, 23},
	{"aes", 1, 0, ECX, 25},
	{"xsave", 1, 0, ECX, 27},
	{"avx", 1, 0, ECX, 28},
	{"f16c", 1, 0, ECX, 29},
	{"rdrand", 1, 0, ECX, 30},
	{"fsgsbase", 7, 0, EBX, 0},
	{"bmi1", 7, 0, EBX, 3},
	{"avx2", 7, 0, EBX, 5},
	{"bmi2", 7, 0, EBX, 8},
	{"rdseed", 7, 0, EBX, 18},
	{"adx", 7, 0, EBX, 19},
	{"clwb", 7, 0, EBX, 24},
	{"sha", 7, 0, EBX, 29},
	{"vaes", 7, 0, ECX, 9},
	{"vpclmulqdq", 7, 0, ECX, 10},
	{"rdpid", 7, 0, ECX, 22},
	{"xsaveopt", 0xd, 1, EAX, 0},
	{"xsavec", 0xd, 1, EAX, 1},
	{"lahf_lm", 0x80000001, 0, ECX, 0},
	{"lzcnt", 0x80000001, 0, ECX, 5},
	{"sse4a", 0x80000001, 0, ECX, 6},
	{"misalignsse", 0x80000001, 0, ECX, 7},
	{"mmxext", 0x80000001, 0, EDX, 22},
};

static int has(const struct feature *f)
{
	uint32_t regs[4];

	if (!__get_cpuid_count(f->leaf, f->subleaf, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]))
		return 0;
	return regs[f->reg] >> f->bit & 1;
}

int main(void)
{
	uint32_t eax;
	char maker[13] = "";

	__cpuid(0, eax, *(uint32_t *)maker, *(uint32_t *)(maker + 8), *(uint32_t *)(maker + 4));
	printf("%s", maker);
	for (unsigned i = 0; i < sizeof features / sizeof *features; i++) {
		if (has(&features[i]))
			printf(" %s", features[i].name);
	}
	putchar('\n');
	return 0;
}
