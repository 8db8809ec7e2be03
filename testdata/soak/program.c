/*
 * A random program for a soak: `program SEED` prints an assembler source for x86-64 Linux, `gcc -nostdlib -static`
 * makes a program of it. Equal seeds give equal programs.
 *
 * Functions of straight lines, branches, counted loops, calls of later functions, faults with a handler that goes on
 * behind them, signals sent to itself, and system calls. Memory operands lie in one buffer, at every alignment, over
 * the ends of its pages. In the end the buffer's sum is written and the program exits with status 0.
 *
 * Nothing that a manual leaves undefined is passed on: what leaves flags undefined is followed by a comparison.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"

enum { BUFFER = 16384, NUM_FUNCTIONS = 8, MAX_STATEMENTS = 40, MAX_LOOP = 12 };

/* ---- Instructions ---- */

/*
 * A template: {r64}, {r32}, {r16}, {r8}, {x}, {y}: a register; {m}: an address in the buffer; {i8}, {i32}: a number;
 * {s}: a count of bits. The rest is the assembler's, Intel syntax.
 */
struct insn {
	const char *text;
	const char *feature; /* as in /proc/cpuinfo; NULL: of all CPUs */
	bool undefined;      /* leaves flags undefined */
};

static const struct insn insns[] = {
#define ALU(name) \
	{name " {r64}, {r64}", NULL, false}, {name " {r32}, {r32}", NULL, false}, {name " {r16}, {r16}", NULL, false}, \
		{name " {r8}, {r8}", NULL, false}, {name " {r64}, qword ptr {m}", NULL, false}, \
		{name " {r32}, dword ptr {m}", NULL, false}, {name " {r16}, word ptr {m}", NULL, false}, \
		{name " {r8}, byte ptr {m}", NULL, false}, {name " qword ptr {m}, {r64}", NULL, false}, \
		{name " dword ptr {m}, {r32}", NULL, false}, {name " word ptr {m}, {r16}", NULL, false}, \
		{name " byte ptr {m}, {r8}", NULL, false}, {name " {r64}, {i32}", NULL, false}, \
		{name " {r32}, {i32}", NULL, false}, {name " {r8}, {i8}", NULL, false}, \
		{name " {r64}, {i8}", NULL, false}, {name " qword ptr {m}, {i32}", NULL, false}, \
	{ \
		name " byte ptr {m}, {i8}", NULL, false \
	}
	ALU("add"),
	ALU("sub"),
	ALU("adc"),
	ALU("sbb"),
	ALU("cmp"),
	ALU("and"),
	ALU("or"),
	ALU("xor"),
#undef ALU
#define UNARY(name) \
	{name " {r64}", NULL, false}, {name " {r32}", NULL, false}, {name " {r16}", NULL, false}, \
		{name " {r8}", NULL, false}, {name " qword ptr {m}", NULL, false}, \
		{name " dword ptr {m}", NULL, false}, \
	{ \
		name " byte ptr {m}", NULL, false \
	}
	UNARY("inc"),
	UNARY("dec"),
	UNARY("neg"),
	UNARY("not"),
#undef UNARY
#define SHIFT(name) \
	{name " {r64}, {s}", NULL, true}, {name " {r32}, {s}", NULL, true}, {name " {r16}, {s}", NULL, true}, \
		{name " {r8}, {s}", NULL, true}, {name " {r64}, cl", NULL, true}, {name " {r32}, cl", NULL, true}, \
		{name " {r8}, cl", NULL, true}, {name " {r64}, 1", NULL, true}, \
	{ \
		name " dword ptr {m}, {s}", NULL, true \
	}
	SHIFT("shl"),
	SHIFT("shr"),
	SHIFT("sar"),
	SHIFT("rol"),
	SHIFT("ror"),
	SHIFT("rcl"),
	SHIFT("rcr"),
#undef SHIFT
	{"shld {r64}, {r64}, {s}", NULL, true},
	{"shrd {r64}, {r64}, {s}", NULL, true},
	{"shld {r32}, {r32}, cl", NULL, true},
	{"mov {r64}, qword ptr {m}", NULL, false},
	{"mov {r32}, dword ptr {m}", NULL, false},
	{"mov {r16}, word ptr {m}", NULL, false},
	{"mov {r8}, byte ptr {m}", NULL, false},
	{"mov qword ptr {m}, {r64}", NULL, false},
	{"mov dword ptr {m}, {r32}", NULL, false},
	{"mov byte ptr {m}, {r8}", NULL, false},
	{"movabs {r64}, {i64}", NULL, false},
	{"movzx {r32}, {r8}", NULL, false},
	{"movsx {r64}, {r16}", NULL, false},
	{"movsxd {r64}, dword ptr {m}", NULL, false},
	{"lea {r64}, [{r64}+{r64}*4+{i8}]", NULL, false},
	{"lea {r32}, [{r64}+{r64}*2+{i32}]", NULL, false},
	{"xchg {r64}, {r64}", NULL, false},
	{"xchg dword ptr {m}, {r32}", NULL, false},
	{"xadd {r64}, {r64}", NULL, false},
	{"lock xadd qword ptr {m}, {r64}", NULL, false},
	{"lock add dword ptr {m}, {r32}", NULL, false},
	{"cmpxchg {r64}, {r64}", NULL, false},
	{"lock cmpxchg dword ptr {m}, {r32}", NULL, false},
	{"cmpxchg8b qword ptr {m}", NULL, false},
	{"imul {r64}, {r64}", NULL, true},
	{"imul {r32}, {r32}, {i32}", NULL, true},
	{"mul {r64}", NULL, true},
	{"mul {r32}", NULL, true},
	{"imul {r8}", NULL, true},
	{"bswap {r64}", NULL, false},
	{"bswap {r32}", NULL, false},
	{"bt {r64}, {r64}", NULL, true},
	{"bts {r32}, {s}", NULL, true},
	{"btr {r64}, {s}", NULL, true},
	{"btc {r32}, {r32}", NULL, true},
	{"cqo", NULL, false},
	{"cdq", NULL, false},
	{"cdqe", NULL, false},
	{"cbw", NULL, false},
	{"lahf", NULL, false},
	{"stc", NULL, false},
	{"clc", NULL, false},
	{"cmc", NULL, false},
	{"cmovb {r64}, {r64}", NULL, false},
	{"cmovle {r32}, {r32}", NULL, false},
	{"cmovs {r64}, qword ptr {m}", NULL, false},
	{"seta {r8}", NULL, false},
	{"setno {r8}", NULL, false},
	{"test {r64}, {r64}", NULL, true},
	{"test byte ptr {m}, {i8}", NULL, true},
	{"push {r64}\n\tpop {r64}", NULL, false},
	{"push {i32}\n\tpop {r64}", NULL, false},
	{"movbe {r64}, qword ptr {m}", "movbe", false},
	{"popcnt {r64}, {r64}", "popcnt", false},
	{"crc32 {r32}, {r8}", "sse4_2", false},
	{"lzcnt {r64}, {r64}", "abm", true},
	{"tzcnt {r32}, {r32}", "bmi1", true},
	{"andn {r64}, {r64}, {r64}", "bmi1", true},
	{"bextr {r64}, {r64}, {r64}", "bmi1", true},
	{"blsr {r64}, {r64}", "bmi1", true},
	{"blsmsk {r32}, {r32}", "bmi1", true},
	{"bzhi {r64}, {r64}, {r64}", "bmi2", true},
	{"mulx {r64}, {r64}, {r64}", "bmi2", false},
	{"pdep {r64}, {r64}, {r64}", "bmi2", false},
	{"pext {r64}, {r64}, {r64}", "bmi2", false},
	{"rorx {r64}, {r64}, {s}", "bmi2", false},
	{"sarx {r64}, {r64}, {r64}", "bmi2", false},
	{"shlx {r32}, {r32}, {r32}", "bmi2", false},
#define SSE(name) \
	{ \
		name " {x}, {x}", NULL, false \
	}
	SSE("paddb"),
	SSE("paddw"),
	SSE("paddd"),
	SSE("paddq"),
	SSE("psubb"),
	SSE("psubd"),
	SSE("paddusb"),
	SSE("psubsw"),
	SSE("pmullw"),
	SSE("pmulhw"),
	SSE("pmuludq"),
	SSE("pmaddwd"),
	SSE("pavgb"),
	SSE("pminub"),
	SSE("pmaxsw"),
	SSE("psadbw"),
	SSE("pcmpeqb"),
	SSE("pcmpgtd"),
	SSE("pand"),
	SSE("pandn"),
	SSE("por"),
	SSE("pxor"),
	SSE("packsswb"),
	SSE("packuswb"),
	SSE("packssdw"),
	SSE("punpcklbw"),
	SSE("punpckhdq"),
	SSE("punpcklqdq"),
	SSE("psllw"),
	SSE("psrad"),
	SSE("psrlq"),
	SSE("movdqa"),
	SSE("movss"),
	SSE("movsd"),
	SSE("movhlps"),
	SSE("unpcklps"),
	SSE("unpckhpd"),
	SSE("addps"),
	SSE("addpd"),
	SSE("addss"),
	SSE("subsd"),
	SSE("mulpd"),
	SSE("mulss"),
	SSE("divsd"),
	SSE("divps"),
	SSE("minps"),
	SSE("maxsd"),
	SSE("sqrtsd"),
	SSE("sqrtps"),
	SSE("ucomisd"),
	SSE("comiss"),
	SSE("cvtdq2ps"),
	SSE("cvttps2dq"),
	SSE("cvtsd2ss"),
	SSE("cvtss2sd"),
#undef SSE
	{"psrldq {x}, {i4}", NULL, false},
	{"pslld {x}, {s}", NULL, false},
	{"pshufd {x}, {x}, {i8}", NULL, false},
	{"shufps {x}, {x}, {u8}", NULL, false},
	{"pshuflw {x}, {x}, {u8}", NULL, false},
	{"cmppd {x}, {x}, {i3}", NULL, false},
	{"cmpss {x}, {x}, {i3}", NULL, false},
	{"movq {x}, {r64}", NULL, false},
	{"movd {r32}, {x}", NULL, false},
	{"cvtsi2sd {x}, {r64}", NULL, false},
	{"cvttsd2si {r64}, {x}", NULL, false},
	{"cvtss2si {r32}, {x}", NULL, false},
	{"movmskpd {r32}, {x}", NULL, false},
	{"pmovmskb {r32}, {x}", NULL, false},
	{"movdqu {x}, xmmword ptr {m}", NULL, false},
	{"movups xmmword ptr {m}, {x}", NULL, false},
	{"movsd qword ptr {m}, {x}", NULL, false},
	{"movhps {x}, qword ptr {m}", NULL, false},
	{"addsd {x}, qword ptr {m}", NULL, false},
	{"pshufb {x}, {x}", "ssse3", false},
	{"palignr {x}, {x}, {i4}", "ssse3", false},
	{"phaddd {x}, {x}", "ssse3", false},
	{"pmulhrsw {x}, {x}", "ssse3", false},
	{"pabsw {x}, {x}", "ssse3", false},
	{"pmulld {x}, {x}", "sse4_1", false},
	{"pminsd {x}, {x}", "sse4_1", false},
	{"pblendw {x}, {x}, {u8}", "sse4_1", false},
	{"pmovzxbw {x}, {x}", "sse4_1", false},
	{"pextrb {r32}, {x}, {i4}", "sse4_1", false},
	{"pinsrd {x}, {r32}, {i2}", "sse4_1", false},
	{"roundsd {x}, {x}, {i3}", "sse4_1", false},
	{"ptest {x}, {x}", "sse4_1", false},
	{"pcmpgtq {x}, {x}", "sse4_2", false},
	{"pclmulqdq {x}, {x}, {i1}", "pclmulqdq", false},
	{"aesenc {x}, {x}", "aes", false},
	{"vpaddd {x}, {x}, {x}", "avx", false},
	{"vpxor {x}, {x}, {x}", "avx", false},
	{"vaddpd {y}, {y}, {y}", "avx", false},
	{"vmulps {x}, {x}, {x}", "avx", false},
	{"vmovdqu {y}, ymmword ptr {m}", "avx", false},
	{"vmovups ymmword ptr {m}, {y}", "avx", false},
	{"vpaddq {y}, {y}, {y}", "avx2", false},
	{"vpand {y}, {y}, {y}", "avx2", false},
	{"vpshufb {y}, {y}, {y}", "avx2", false},
	{"vpermq {y}, {y}, {u8}", "avx2", false},
	{"vpsllvd {y}, {y}, {y}", "avx2", false},
	{"vpcmpeqw {y}, {y}, {y}", "avx2", false},
	{"vpmovmskb {r32}, {y}", "avx2", false},
	{"vextracti128 {x}, {y}, {i1}", "avx2", false},
	{"vinserti128 {y}, {y}, {x}, {i1}", "avx2", false},
	{"vfmadd231sd {x}, {x}, {x}", "fma", false},
	{"vzeroupper", "avx", false},
	{"fld qword ptr {m}\n\tfadd qword ptr {m}\n\tfstp qword ptr {m}", NULL, false},
	{"fild dword ptr {m}\n\tfsqrt\n\tfstp tbyte ptr {m}", NULL, false},
	{"fld1\n\tfldpi\n\tfdivp\n\tfistp qword ptr {m}", NULL, false},
};

enum { NUM_INSNS = sizeof insns / sizeof *insns };

/* rsp, rbp (the buffer), r14 (loops) and r15 (where a fault goes on) are taken. */
static const char *const regs[4][12] = {
	{"rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13"},
	{"eax", "ecx", "edx", "ebx", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d"},
	{"ax", "cx", "dx", "bx", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w"},
	{"al", "cl", "dl", "bl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b"},
};

/* A program that is being written. */
struct program {
	struct rng rng;
	unsigned labels;
	bool usable[NUM_INSNS];
};

static unsigned below(struct program *p, unsigned n)
{
	return rng_below(&p->rng, n);
}

static const char *reg(struct program *p, unsigned size)
{
	return regs[size][below(p, 12)];
}

/* Some addresses lie over the end of a page. */
static void print_address(struct program *p)
{
	unsigned at = below(p, 8) ? below(p, BUFFER - 64) : 4096 * (1 + below(p, BUFFER / 4096 - 1)) - below(p, 32);

	printf("[rbp+%u]", at);
}

static void print_operand(struct program *p, const char *kind, size_t len)
{
	static const char *const sizes[] = {"r64", "r32", "r16", "r8"};

	for (unsigned i = 0; i < 4; i++)
		if (strlen(sizes[i]) == len && !strncmp(kind, sizes[i], len)) {
			printf("%s", reg(p, i));
			return;
		}
	if (*kind == 'm')
		print_address(p);
	else if (*kind == 'x' || *kind == 'y')
		printf("%cmm%u", *kind, below(p, 16));
	else if (*kind == 's')
		printf("%u", below(p, 32));
	else if (*kind == 'u')
		printf("%u", below(p, 256));
	else if (len == 3 && kind[1] == '3')
		printf("%d", (int)(uint32_t)rng_next(&p->rng));
	else if (len == 3)
		printf("0x%" PRIx64, rng_next(&p->rng));
	else if (kind[1] == '8')
		printf("%d", (int)below(p, 256) - 128);
	else
		printf("%u", below(p, 1u << (kind[1] - '0')));
}

static void print_insn(struct program *p, const struct insn *insn)
{
	printf("\t");
	for (const char *at = insn->text; *at;) {
		const char *end = *at == '{' ? strchr(at, '}') : NULL;
		if (!end) {
			putchar(*at++);
			continue;
		}
		print_operand(p, at + 1, (size_t)(end - at - 1));
		at = end + 1;
	}
	printf("\n");
	if (insn->undefined)
		printf("\tcmp %s, %s\n", reg(p, 0), reg(p, 0));
}

static void print_any_insn(struct program *p)
{
	unsigned i;

	do
		i = below(p, NUM_INSNS);
	while (!p->usable[i]);
	print_insn(p, &insns[i]);
}

/* ---- Statements ---- */

static void print_line(struct program *p, unsigned most)
{
	for (unsigned n = 1 + below(p, most); n; n--)
		print_any_insn(p);
}

static void print_branch(struct program *p)
{
	static const char *const conditions[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
						 "s", "ns", "p", "np", "l", "ge", "le", "g"};
	unsigned label = p->labels++;

	printf("\tcmp %s, %s\n\tj%s %uf\n", reg(p, below(p, 4) ? 0 : 1), "0", conditions[below(p, 16)], 1000 + label);
	print_line(p, 6);
	printf("%u:\n", 1000 + label);
}

static void print_loop(struct program *p)
{
	unsigned label = p->labels++;

	printf("\tmov r14d, %u\n%u:\n", 1 + below(p, MAX_LOOP), 1000 + label);
	print_line(p, 10);
	printf("\tdec r14d\n\tjnz %ub\n", 1000 + label);
}

/* The handler goes on at r15. */
static void print_fault(struct program *p)
{
	static const char *const faults[] = {
		"ud2",
		"int3",
		"hlt",
		"xor ecx, ecx\n\tdiv ecx",
		"mov rax, qword ptr [16]",
		"mov byte ptr [code], 1",
		"movabs rax, 0x8000000000000000\n\tmov ecx, dword ptr [rax]",
		"movaps xmm0, xmmword ptr [rbp+8]",
		"mov eax, 0x80000000\n\tcdq\n\tmov ecx, -1\n\tidiv ecx",
		"movdqu xmmword ptr [code-8], xmm1",
	};
	unsigned label = p->labels++;

	printf("\tlea r15, [rip+%uf]\n\t%s\n%u:\n", 1000 + label, faults[below(p, sizeof faults / sizeof *faults)],
	       1000 + label);
	printf("\tcmp rbp, r15\n");
}

static void print_string(struct program *p)
{
	static const char *const strings[] = {"rep movsb",   "rep movsq",  "rep stosd", "rep stosb",
					      "repne scasb", "repe cmpsb", "lodsq"};

	printf("\tlea rsi, [rbp+%u]\n\tlea rdi, [rbp+%u]\n\tmov ecx, %u\n", below(p, BUFFER / 2), below(p, BUFFER / 2),
	       below(p, 20));
	printf("\t%s\n\tcmp rsi, rdi\n", strings[below(p, sizeof strings / sizeof *strings)]);
}

/* Calls are numbered as in asm/unistd_64.h. */
static void print_call(struct program *p)
{
	/* mmap(0, 8192, READ|WRITE, PRIVATE|ANONYMOUS, -1, 0), a store, munmap */
	static const char map_and_unmap[] =
		"mov eax, 9\n\txor edi, edi\n\tmov esi, 8192\n\tmov edx, 3\n\tmov r10d, 0x22\n\tmov r8, -1\n\txor r9d, "
		"r9d\n\tsyscall\n\tmov qword ptr [rax+4092], rax\n\tmov rbx, [rax+4096]\n\tmov rdi, rax\n\tmov esi, "
		"5000\n\tmov eax, 11\n\tsyscall";
	static const char *const calls[] = {
		/* getpid, getuid */
		"mov eax, 39\n\tsyscall",
		"mov eax, 102\n\tsyscall",
		/* getrandom(buffer, 16, 0), clock_gettime(CLOCK_MONOTONIC, buffer), uname(buffer) */
		"mov eax, 318\n\tlea rdi, [rbp+4088]\n\tmov esi, 16\n\txor edx, edx\n\tsyscall",
		"mov eax, 228\n\tmov edi, 1\n\tlea rsi, [rbp+64]\n\tsyscall",
		"mov eax, 63\n\tlea rdi, [rbp+8000]\n\tsyscall",
		map_and_unmap,
		/* madvise(a page of the buffer, 1, MADV_DONTNEED) and a load behind it */
		"mov eax, 28\n\tlea rdi, [rbp+4096]\n\tmov esi, 1\n\tmov edx, 4\n\tsyscall\n\tmov rcx, [rbp+5000]",
		/* kill(getpid(), SIGUSR1) */
		"mov eax, 39\n\tsyscall\n\tmov edi, eax\n\tmov esi, 10\n\tmov eax, 62\n\tsyscall",
	};

	printf("\t%s\n\txor r11d, r11d\n\tcmp rax, 0\n", calls[below(p, sizeof calls / sizeof *calls)]);
}

/* Functions call later ones alone, and none from a loop: the run is bounded. */
static void print_statement(struct program *p, unsigned function)
{
	unsigned kind = below(p, 20);

	if (kind < 9)
		print_line(p, 12);
	else if (kind < 12)
		print_branch(p);
	else if (kind < 15)
		print_loop(p);
	else if (kind == 15)
		print_fault(p);
	else if (kind == 16)
		print_string(p);
	else if (kind == 17)
		print_call(p);
	else if (function + 1 < NUM_FUNCTIONS && below(p, 3) == 0)
		printf("\tcall function_%u\n", function + 1 + below(p, NUM_FUNCTIONS - function - 1));
}

static void print_function(struct program *p, unsigned function)
{
	printf("function_%u:\n\tpush r14\n", function);
	for (unsigned n = MAX_STATEMENTS / 2 + below(p, MAX_STATEMENTS / 2); n; n--)
		print_statement(p, function);
	printf("\tpop r14\n\tret\n");
}

/* ---- The frame of the program ---- */

/* rt_sigaction(signal, action, 0, 8) */
static void print_actions(void)
{
	static const int signals[] = {4, 5, 7, 8, 11};

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		printf("\tmov eax, 13\n\tmov edi, %d\n\tlea rsi, [rip+fault_action]\n\txor edx, edx\n\tmov r10d, "
		       "8\n\tsyscall\n",
		       signals[i]);
	printf("\tmov eax, 13\n\tmov edi, 10\n\tlea rsi, [rip+user_action]\n\txor edx, edx\n\tmov r10d, "
	       "8\n\tsyscall\n");
}

static void print_start(struct program *p)
{
	printf(".intel_syntax noprefix\n.globl _start\n.text\ncode: nop\n_start:\n\tlea rbp, [rip+buffer]\n");
	print_actions();
	for (unsigned i = 0; i < 12; i++)
		printf("\tmovabs %s, 0x%" PRIx64 "\n", regs[0][i], rng_next(&p->rng));
	printf("\tpxor xmm0, xmm0\n");
	for (unsigned i = 0; i < 16; i++)
		printf("\tmovups xmm%u, [rbp+%u]\n", i, i * 16);
	printf("\txor r14d, r14d\n\tcall function_0\n");
	/* The sum; write(1, buffer, 16); exit(0). */
	printf("\tmov ecx, %d\n\txor eax, eax\n1:\trol rax, 5\n\txor rax, [rbp+rcx*8-8]\n\tdec ecx\n\tjnz 1b\n",
	       BUFFER / 8);
	printf("\tmov [rbp], rax\n\tmov eax, 1\n\tmov edi, 1\n\tmov rsi, rbp\n\tmov edx, 8\n\tsyscall\n");
	printf("\tmov eax, 231\n\txor edi, edi\n\tsyscall\n");
	/* ucontext: r8..r15 from 40, rip at 168. */
	printf("fault_handler:\n\tmov rax, [rdx+96]\n\tmov [rdx+168], rax\n\tret\n");
	printf("user_handler:\n\tinc qword ptr [rip+handled]\n\tret\nrestorer:\n\tmov eax, 15\n\tsyscall\n");
}

/* Any bits, and now and then what is special as a number or to the floating-point formats (SDM vol. 1, 4.8.3). */
static uint64_t quadword(struct program *p)
{
	static const uint64_t special[] = {
		0,
		UINT64_MAX,
		UINT64_C(0x7ff0000000000000), /* infinity */
		UINT64_C(0x7f800000ff800000), /* two of single precision */
		UINT64_C(0xfff0000000000001), /* a signaling NaN */
		UINT64_C(0x7f8000017fc00000), /* one of single precision, and a quiet one */
		UINT64_C(0x3ff0000000000000), /* 1.0 */
		UINT64_C(0x3f800000c0000000), /* 1.0 and -2.0 */
		UINT64_C(0x0010000000000000), /* the smallest normal number */
		UINT64_C(0x7fefffffffffffff), /* the largest */
	};
	enum { NUM_SPECIAL = sizeof special / sizeof *special };
	uint64_t value = rng_next(&p->rng);

	switch (below(p, 8)) {
	case 0: return special[below(p, NUM_SPECIAL)];
	case 1: return value & UINT64_C(0x800fffff807fffff); /* denormal in either precision */
	default: return value;
	}
}

static void print_data(struct program *p)
{
	/* SA_SIGINFO | SA_RESTORER */
	printf(".data\n.balign 8\nfault_action: .quad fault_handler, 0x04000004, restorer, 0\n");
	printf("user_action: .quad user_handler, 0x04000004, restorer, 0\nhandled: .quad 0\n.balign 4096\nbuffer:\n");
	for (unsigned i = 0; i < BUFFER / 8; i++)
		printf("\t.quad 0x%" PRIx64 "\n", quadword(p));
	printf(".section .note.GNU-stack,\"\",@progbits\n");
}

/* ---- Which instructions there are ---- */

static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(line, word); at; at = strstr(at + 1, word))
		if (at[-1] == ' ' && (at[len] == ' ' || at[len] == '\n'))
			return true;
	return false;
}

/* Those that this CPU has, and that `without`, words between spaces, does not name. */
static bool find_usable(struct program *p, const char *without)
{
	static char line[16384];
	FILE *f = fopen("/proc/cpuinfo", "r");
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = !strncmp(line, "flags", 5);
	if (f)
		fclose(f);
	for (size_t i = 0; found && i < NUM_INSNS; i++) {
		const char *feature = insns[i].feature;
		p->usable[i] = !feature || (has_word(line, feature) && !has_word(without, feature));
	}
	return found;
}

int main(int argc, char **argv)
{
	struct program p = {0};
	char without[256];

	if (argc < 2) {
		fprintf(stderr, "usage: program SEED [FEATURE...]: FEATUREs are not used\n");
		return 2;
	}
	p.rng.state = strtoull(argv[1], NULL, 0);
	size_t len = (size_t)snprintf(without, sizeof without, " ");
	for (int i = 2; i < argc && len < sizeof without; i++)
		len += (size_t)snprintf(without + len, sizeof without - len, "%s ", argv[i]);
	if (len >= sizeof without || !find_usable(&p, without)) {
		fprintf(stderr, "program: too many features, or none in /proc/cpuinfo\n");
		return 1;
	}
	print_start(&p);
	for (unsigned i = 0; i < NUM_FUNCTIONS; i++)
		print_function(&p, i);
	print_data(&p);
	return 0;
}
