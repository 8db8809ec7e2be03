/*
 * a64convert [DIGIT]: every rounding of floating-point numbers and every conversion to and from them, and what is
 * fused, in half, single and double precision, of scalars, vectors and general registers, by all that FPCR says of
 * rounding, of flushing and of NaNs. The digit is FPCR's low bits: 1 FIZ, 2 AH, 4 NEP (FEAT_AFP). AArch64, without
 * libc. What comes out is not looked at: who judges the run does that.
 * guest-archs: aarch64
 * guest-flags: -march=armv8.6-a+fp16 -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/guest.h"

/* v1 and x1 are operands, v0 and x0 results, v2 and v3 operands of what is fused. Flags are of one instruction each. */
#define EACH(insn) "msr fpsr, xzr\n\t" insn "\n\t"

/* clang-format off */
#define SCALARS(insn, more) EACH(insn " h0, h1" more) EACH(insn " s0, s1" more) EACH(insn " d0, d1" more)
#define VECTORS(insn, more) \
	EACH(insn " v0.4h, v1.4h" more) EACH(insn " v0.8h, v1.8h" more) EACH(insn " v0.2s, v1.2s" more) \
	EACH(insn " v0.4s, v1.4s" more) EACH(insn " v0.2d, v1.2d" more)
#define TO_GENERAL(insn, more) \
	EACH(insn " w0, h1" more) EACH(insn " w0, s1" more) EACH(insn " w0, d1" more) \
	EACH(insn " x0, h1" more) EACH(insn " x0, s1" more) EACH(insn " x0, d1" more)
#define FROM_GENERAL(insn, more) \
	EACH(insn " h0, w1" more) EACH(insn " s0, w1" more) EACH(insn " d0, w1" more) \
	EACH(insn " h0, x1" more) EACH(insn " s0, x1" more) EACH(insn " d0, x1" more)

#define ROUND(insn) SCALARS(insn, "") VECTORS(insn, "")
#define ROUND_TO_FIT(insn) \
	EACH(insn " s0, s1") EACH(insn " d0, d1") \
	EACH(insn " v0.2s, v1.2s") EACH(insn " v0.4s, v1.4s") EACH(insn " v0.2d, v1.2d")
#define INTEGRAL \
	ROUND("frintn") ROUND("frintp") ROUND("frintm") ROUND("frintz") ROUND("frinta") ROUND("frintx") ROUND("frinti") \
	ROUND_TO_FIT("frint32z") ROUND_TO_FIT("frint32x") ROUND_TO_FIT("frint64z") ROUND_TO_FIT("frint64x")

#define TO_INT(insn)   TO_GENERAL(insn, "") SCALARS(insn, "") VECTORS(insn, "")
#define FROM_INT(insn) FROM_GENERAL(insn, "") SCALARS(insn, "") VECTORS(insn, "")
#define INTEGERS \
	TO_INT("fcvtns") TO_INT("fcvtnu") TO_INT("fcvtps") TO_INT("fcvtpu") TO_INT("fcvtms") TO_INT("fcvtmu") \
	TO_INT("fcvtzs") TO_INT("fcvtzu") TO_INT("fcvtas") TO_INT("fcvtau") FROM_INT("scvtf") FROM_INT("ucvtf") \
	EACH("fjcvtzs w0, d1")
#define FIXED \
	TO_GENERAL("fcvtzs", ", #7") SCALARS("fcvtzs", ", #16") VECTORS("fcvtzs", ", #3") \
	TO_GENERAL("fcvtzu", ", #32") SCALARS("fcvtzu", ", #1") VECTORS("fcvtzu", ", #16") \
	FROM_GENERAL("scvtf", ", #32") SCALARS("scvtf", ", #16") VECTORS("scvtf", ", #1") \
	FROM_GENERAL("ucvtf", ", #1") SCALARS("ucvtf", ", #9") VECTORS("ucvtf", ", #16")

#define FORMATS \
	EACH("fcvt h0, s1") EACH("fcvt h0, d1") EACH("fcvt s0, h1") EACH("fcvt s0, d1") EACH("fcvt d0, h1") \
	EACH("fcvt d0, s1") EACH("fcvtl v0.4s, v1.4h") EACH("fcvtl2 v0.4s, v1.8h") EACH("fcvtl v0.2d, v1.2s") \
	EACH("fcvtl2 v0.2d, v1.4s") EACH("fcvtn v0.4h, v1.4s") EACH("fcvtn2 v0.8h, v1.4s") EACH("fcvtn v0.2s, v1.2d") \
	EACH("fcvtn2 v0.4s, v1.2d") EACH("fcvtxn v0.2s, v1.2d") EACH("fcvtxn2 v0.4s, v1.2d") EACH("fcvtxn s0, d1")

#define FUSED(insn) EACH(insn " h0, h1, h2, h3") EACH(insn " s0, s1, s2, s3") EACH(insn " d0, d1, d2, d3")
#define COMPARE_IF(insn) \
	EACH(insn " h1, h2, #5, eq") EACH(insn " s1, s2, #10, ne") EACH(insn " d1, d2, #15, ge") EACH(insn " d1, d3, #0, al")
#define ARITHMETIC \
	FUSED("fmadd") FUSED("fmsub") FUSED("fnmadd") FUSED("fnmsub") SCALARS("fsqrt", "") COMPARE_IF("fccmp") COMPARE_IF("fccmpe")
/* clang-format on */

static void run(const uint64_t *operand, uint64_t fpcr)
{
	__asm__ volatile("msr fpcr, %1\n\tldr x1, [%0]\n\tldr q0, [%0]\n\t"
			 "ldr q1, [%0]\n\tldr q2, [%0, #16]\n\tldr q3, [%0, #32]\n\t"
			 /* clang-format off */
			 INTEGRAL INTEGERS FIXED FORMATS ARITHMETIC
			 /* clang-format on */
			 "msr fpcr, xzr"
			 :
			 : "r"(operand), "r"(fpcr)
			 : "x0", "x1", "cc", "memory");
}

/* Lanes of every width: halfway cases, the ends of integers, denormals, infinities, NaNs; each with what follows. */
static const uint64_t operands[] = {
	0x4004000000000000, 0x4160fff040200000, /* 2.5 */
	0x41dfffffffe00000, 0xcf0000004f000000, /* 2^31 - 0.5 */
	0xc1e0000000300000, 0x77ff7bffb800fbff, /* -2^31 - 1.5 */
	0x43e0000000000000, 0x5f0000005f800000, /* 2^63 */
	0x0000000000000001, 0x0000000180000001, /* the least denormal of each format */
	0x800fffffffffffff, 0x807fffff83ff03ff, /* the largest */
	0x7ff0000000000001, 0x7f8000017c01fe00, /* a signalling NaN */
	0xfff0000000000000, 0xff8000007c00fc00, /* -infinity */
	0xbfdfffffffffffff, 0xbeffffffb7ff37ff, /* -0.5 and less */
	0x3810000000000001, 0x380000003f800001, /* where a single, and a half, are denormal */
	0x47efffffefffffff, 0x477fefff477ff000, /* where they overflow */
	0x8000000000000000, 0x8000000080008000, /* -0 */
	0x3ff0000000000000, 0x3f8000003c00bc00, /* 1 */
	0x42f0000080000000, 0x4b00000156006401, /* 2^48 + 2^31 */
};

enum { NUM_OPERANDS = sizeof operands / sizeof *operands };
enum { FZ16 = 1 << 19, RMODE = 1 << 22, FZ = 1 << 24, DN = 1 << 25, AHP = 1 << 26 }; /* Arm ARM C5.2.8 */

int guest_main(int argc, char **argv)
{
	static const uint64_t modes[] = {0, RMODE | FZ, 2 * RMODE | FZ16 | DN, 3 * RMODE | AHP, FZ | FZ16 | AHP | DN};
	uint64_t more = argc > 1 ? (uint64_t)argv[1][0] & 7 : 0;

	for (unsigned mode = 0; mode < sizeof modes / sizeof *modes; mode++)
		for (unsigned i = 0; i + 6 <= NUM_OPERANDS; i++)
			run(operands + i, modes[mode] | more);
	return 0;
}
