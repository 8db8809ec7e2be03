/*
 * a64estimate [DIGIT]: estimates of reciprocals and square roots, their steps, BFloat16, and changes of sign, by all
 * that FPCR says of rounding, of flushing, of NaNs and of BFloat16. The digit is FPCR's low bits: 1 FIZ, 2 AH, 4 NEP
 * (FEAT_AFP). AArch64, without libc. What comes out is not looked at: who judges the run does that.
 * guest-archs: aarch64
 * guest-flags: -march=armv8.6-a+fp16+bf16 -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only
 * -fno-builtin
 */
#include "testdata/guests/guest.h"

/* v1 and v2 are operands, v0 is result and addend. Flags are of one instruction each. */
#define EACH(insn) "msr fpsr, xzr\n\t" insn "\n\t"

/* clang-format off */
#define SCALARS_1(insn) EACH(insn " h0, h1") EACH(insn " s0, s1") EACH(insn " d0, d1")
#define SCALARS_2(insn) EACH(insn " h0, h1, h2") EACH(insn " s0, s1, s2") EACH(insn " d0, d1, d2")
#define VECTORS_1(insn) \
	EACH(insn " v0.4h, v1.4h") EACH(insn " v0.8h, v1.8h") EACH(insn " v0.2s, v1.2s") EACH(insn " v0.4s, v1.4s") \
	EACH(insn " v0.2d, v1.2d")
#define VECTORS_2(insn) \
	EACH(insn " v0.4h, v1.4h, v2.4h") EACH(insn " v0.8h, v1.8h, v2.8h") EACH(insn " v0.2s, v1.2s, v2.2s") \
	EACH(insn " v0.4s, v1.4s, v2.4s") EACH(insn " v0.2d, v1.2d, v2.2d")

#define ESTIMATES \
	SCALARS_1("frecpe") VECTORS_1("frecpe") SCALARS_1("frsqrte") VECTORS_1("frsqrte") SCALARS_1("frecpx") \
	SCALARS_2("frecps") VECTORS_2("frecps") SCALARS_2("frsqrts") VECTORS_2("frsqrts")
#define SIGNS SCALARS_1("fabs") VECTORS_1("fabs") SCALARS_1("fneg") VECTORS_1("fneg") SCALARS_2("fnmul")
#define BF16 \
	EACH("bfcvt h0, s1") EACH("bfcvtn v0.4h, v1.4s") EACH("bfcvtn2 v0.8h, v1.4s") \
	EACH("bfdot v0.2s, v1.4h, v2.4h") EACH("bfdot v0.4s, v1.8h, v2.8h") EACH("bfdot v0.2s, v1.4h, v2.2h[1]") \
	EACH("bfdot v0.4s, v1.8h, v2.2h[3]") EACH("bfmmla v0.4s, v1.8h, v2.8h") EACH("bfmlalb v0.4s, v1.8h, v2.8h") \
	EACH("bfmlalt v0.4s, v1.8h, v2.8h") EACH("bfmlalb v0.4s, v1.8h, v2.h[5]") EACH("bfmlalt v0.4s, v1.8h, v2.h[2]")
/* clang-format on */

static void run(const uint64_t *operand, uint64_t fpcr)
{
	__asm__ volatile("msr fpcr, %1\n\tldr q0, [%0]\n\tldr q1, [%0, #16]\n\tldr q2, [%0, #32]\n\t"
			 /* clang-format off */
			 ESTIMATES SIGNS BF16
			 /* clang-format on */
			 "msr fpcr, xzr"
			 :
			 : "r"(operand), "r"(fpcr)
			 : "cc", "memory");
}

/* Lanes of every width: where estimates overflow and become denormal, what the table rounds, NaNs; each with what
 * follows. */
static const uint64_t operands[] = {
	0x3ff0000000000000, 0x3f8000003c003f80, /* 1 */
	0x4008000000000000, 0x4040000042004040, /* 3 */
	0x0000000000000001, 0x0000000180000001, /* the least denormal of each format */
	0x0004000000000000, 0x0020000081000100, /* what has the largest estimate, */
	0x0003ffffffffffff, 0x001fffff00ff80ff, /* and one that is too large */
	0x7fd0000000000000, 0x7e8000007400f400, /* what has the least normal one */
	0x7fefffffffffffff, 0xff7fffff7bff7f7f, /* the largest number */
	0x3ff7fe0000000001, 0x3fbfe000bdff3fbf, /* between two estimates */
	0x7ff0000000000001, 0xffc000017c01fe00, /* NaNs */
	0xfff8000000000002, 0x7f8000027f81ffc1, /* and others */
	0x7ff0000000000000, 0xff8000007c007f80, /* infinity */
	0x8000000000000000, 0x0000000080008000, /* zeroes */
	0xbfe5555555555555, 0xbf2aaaabb9553f2b, /* -2/3 */
	0x4000000000000000, 0x4000000040004000, /* 2 */
	0x3ca0000000000001, 0x3380000003017f01, /* small */
	0xffe8000000000000, 0xff4000007a00ff40, /* large */
};

enum { NUM_OPERANDS = sizeof operands / sizeof *operands };
enum { EBF = 1 << 13, FZ16 = 1 << 19, RMODE = 1 << 22, FZ = 1 << 24, DN = 1 << 25 }; /* Arm ARM C5.2.8 */

int guest_main(int argc, char **argv)
{
	static const uint64_t modes[] = {0, RMODE | FZ, 2 * RMODE | FZ16 | DN, 3 * RMODE | EBF, FZ | FZ16 | DN | EBF};
	uint64_t more = argc > 1 ? (uint64_t)argv[1][0] & 7 : 0;

	for (unsigned mode = 0; mode < sizeof modes / sizeof *modes; mode++)
		for (unsigned i = 0; i + 6 <= NUM_OPERANDS; i++)
			run(operands + i, modes[mode] | more);
	return 0;
}
