/*
 * a64changes [streaming]: executes instruction words of standard input, hexadecimal, one a line, each from random
 * registers, and writes what became of it: "04220020 ok v0", "65003000 undefined", "e400e023 ok memory", "a5e0e03e
 * fault". Names are those of registers that are not as they were; of Z registers all bits are compared. With
 * `streaming` in Streaming SVE mode, with ZA. guest-archs: aarch64
 * guest-flags: -march=armv8.2-a+sve
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { VECTOR = 32, MEMORY = 1 << 14, MIDDLE = MEMORY / 2 }; /* bytes */

/* The assembler below knows where these are. */
struct machine {
	uint64_t x[31], sp, nzcv, fpsr;
	uint8_t p[16 * VECTOR / 8];
	uint8_t z[32 * VECTOR];
};
struct machine before, after;
uint64_t saved[14];
uint64_t streaming;

void run(void);
extern uint32_t tested[];

#define ALL_16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define ALL_32 ALL_16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* x30 goes through TPIDR_EL0, which no tested word changes. FFR is not there in Streaming SVE mode. */
__asm__("	.text\n"
	"	.globl	run, tested\n"
	"run:	adrp	x0, saved\n"
	"	add	x0, x0, :lo12:saved\n"
	"	stp	x19, x20, [x0]\n"
	"	stp	x21, x22, [x0, 16]\n"
	"	stp	x23, x24, [x0, 32]\n"
	"	stp	x25, x26, [x0, 48]\n"
	"	stp	x27, x28, [x0, 64]\n"
	"	stp	x29, x30, [x0, 80]\n"
	"	mov	x1, sp\n"
	"	mrs	x2, tpidr_el0\n"
	"	stp	x1, x2, [x0, 96]\n"
	"	adrp	x1, streaming\n"
	"	ldr	x1, [x1, :lo12:streaming]\n"
	"	cbz	x1, 1f\n"
	"	.inst	0xd503477f\n" /* smstart */
	"	b	2f\n"
	"1:	setffr\n"
	"2:	adrp	x0, before\n"
	"	add	x0, x0, :lo12:before\n"
	"	ldp	x1, x2, [x0, 256]\n"
	"	msr	nzcv, x1\n"
	"	msr	fpsr, x2\n"
	"	add	x1, x0, 272\n"
	"	add	x2, x1, 64\n"
	"	.irp	n, " ALL_16 "\n"
	"	ldr	p\\n, [x1, \\n, mul vl]\n"
	"	.endr\n"
	"	.irp	n, " ALL_32 "\n"
	"	ldr	z\\n, [x2, \\n, mul vl]\n"
	"	.endr\n"
	"	ldr	x1, [x0, 248]\n"
	"	mov	sp, x1\n"
	"	.irp	n, 2,4,6,8,10,12,14,16,18,20,22,24,26,28\n"
	"	ldr	x\\n, [x0, 8 * \\n]\n"
	"	.endr\n"
	"	.irp	n, 3,5,7,9,11,13,15,17,19,21,23,25,27,29\n"
	"	ldr	x\\n, [x0, 8 * \\n]\n"
	"	.endr\n"
	"	ldr	x30, [x0, 240]\n"
	"	ldp	x0, x1, [x0]\n"
	"tested:	nop\n"
	"	msr	tpidr_el0, x30\n"
	"	adrp	x30, after\n"
	"	add	x30, x30, :lo12:after\n"
	"	.irp	n, " ALL_16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29\n"
	"	str	x\\n, [x30, 8 * \\n]\n"
	"	.endr\n"
	"	mrs	x0, tpidr_el0\n"
	"	mov	x1, sp\n"
	"	stp	x0, x1, [x30, 240]\n"
	"	mrs	x0, nzcv\n"
	"	mrs	x1, fpsr\n"
	"	stp	x0, x1, [x30, 256]\n"
	"	add	x1, x30, 272\n"
	"	add	x2, x1, 64\n"
	"	.irp	n, " ALL_16 "\n"
	"	str	p\\n, [x1, \\n, mul vl]\n"
	"	.endr\n"
	"	.irp	n, " ALL_32 "\n"
	"	str	z\\n, [x2, \\n, mul vl]\n"
	"	.endr\n"
	"	adrp	x0, saved\n"
	"	add	x0, x0, :lo12:saved\n"
	"	ldp	x19, x20, [x0]\n"
	"	ldp	x21, x22, [x0, 16]\n"
	"	ldp	x23, x24, [x0, 32]\n"
	"	ldp	x25, x26, [x0, 48]\n"
	"	ldp	x27, x28, [x0, 64]\n"
	"	ldp	x29, x30, [x0, 80]\n"
	"	ldp	x1, x2, [x0, 96]\n"
	"	mov	sp, x1\n"
	"	msr	tpidr_el0, x2\n"
	"	ret\n");

static uint8_t memory[MEMORY] __attribute__((aligned(16))), memory_before[MEMORY];
static sigjmp_buf out;
static uint64_t seed;

static void on_signal(int signal)
{
	siglongjmp(out, signal);
}

static uint64_t next_random(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void fill(void *at, size_t len)
{
	for (size_t i = 0; i < len / 8; i++)
		((uint64_t *)at)[i] = next_random();
}

/* Of a load or store: Rn is an address, and Rm an offset, in a general register or in every element of a vector. */
static void make_address(uint32_t word)
{
	unsigned n = word >> 5 & 31, m = word >> 16 & 31;

	if (m < 31)
		before.x[m] = next_random() % 64;
	if (n < 31)
		before.x[n] = (uintptr_t)memory + MIDDLE;
	for (unsigned i = 0; i < VECTOR; i++)
		before.z[m * VECTOR + i] = i % 8 ? 0 : (uint8_t)(next_random() % 64);
}

static void prepare(uint32_t word)
{
	seed = word;
	fill(&before, sizeof before);
	fill(memory, sizeof memory);
	memcpy(memory_before, memory, sizeof memory);
	before.sp = (uintptr_t)memory + MIDDLE;
	before.nzcv &= 0xf0000000;
	before.fpsr = 0;
	if (word >> 31)
		make_address(word);
	after = before;
	*(volatile uint32_t *)tested = word;
	__builtin___clear_cache((char *)tested, (char *)(tested + 1));
}

static void show_flags(uint64_t changed)
{
	for (unsigned i = 0; i < 4; i++)
		if (changed >> (31 - i) & 1)
			printf(" %cf", "nzcv"[i]);
}

static void show_changes(void)
{
	for (unsigned i = 0; i < 31; i++)
		if (before.x[i] != after.x[i])
			printf(" x%u", i);
	if (before.sp != after.sp)
		printf(" sp");
	show_flags(before.nzcv ^ after.nzcv);
	for (unsigned i = 0; i < 32; i++)
		if (memcmp(before.z + i * VECTOR, after.z + i * VECTOR, VECTOR) != 0)
			printf(" v%u", i);
	if (before.fpsr != after.fpsr)
		printf(" fpsr");
	if (memcmp(memory, memory_before, sizeof memory) != 0)
		printf(" memory");
}

static void try_word(uint32_t word)
{
	prepare(word);
	int signal = sigsetjmp(out, 1);
	if (!signal)
		run();
	if (streaming)
		__asm__ volatile(".inst 0xd503467f"); /* smstop */
	printf("%08x %s", word, !signal ? "ok" : signal == SIGILL ? "undefined" : "fault");
	if (!signal)
		show_changes();
	putchar('\n');
}

int main(int argc, char **argv)
{
	static char stack[1 << 16];
	const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
	uintptr_t page = (uintptr_t)tested & -4096;
	unsigned word;

	streaming = argc > 1 && !strcmp(argv[1], "streaming");
	prctl(PR_SVE_SET_VL, VECTOR);
	prctl(63 /* PR_SME_SET_VL */, VECTOR);
	sigaltstack(&other, NULL);
	for (const char *s = "\4\5\7\10\13"; *s; s++) /* SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV */
		sigaction(*s, &action, NULL);
	if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC))
		return 1;
	while (scanf("%x", &word) == 1)
		try_word(word);
	return 0;
}
