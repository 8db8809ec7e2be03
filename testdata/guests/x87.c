/*
 * x87, MMX and the floating point of SSE that has no model, over zeros, denormals, infinities, NaNs and ordinary
 * numbers, in all rounding modes. What comes out is not looked at: the CPU that judges the run does.
 *
 * The CPU must have SSE4.1.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone
 */
#include "testdata/guests/guest.h"

struct extended {
	uint64_t significand;
	uint16_t sign_exponent;
} __attribute__((packed));

static const struct extended inputs[] = {
	{0, 0},
	{0, 0x8000},
	{0x8000000000000000, 0x3fff}, /* 1 */
	{0xc90fdaa22168c235, 0xc000}, /* -pi */
	{0xaaaaaaaaaaaaaaab, 0x3ffd}, /* 1/3 */
	{0x8000000000000001, 0x0001},
	{0x0000000000000001, 0x0000}, /* the least denormal */
	{0xffffffffffffffff, 0x7ffe}, /* the greatest */
	{0x8000000000000000, 0x7fff},
	{0x8000000000000000, 0xffff},
	{0xc000000000001234, 0x7fff}, /* a quiet NaN, and a signalling one */
	{0x8000000000004321, 0xffff},
	{0xfffffffffffff800, 0x43fe}, /* the greatest that is a double, and one of its denormals */
	{0x9000000000000000, 0x3bcd},
	{0xfedcba9876543210, 0x403d}, /* about 2^63 */
};

enum { NUM_INPUTS = sizeof inputs / sizeof *inputs };

static const uint16_t control_words[] = {0x037f, 0x077f, 0x0b7f, 0x0f7f, 0x027f, 0x007f};

static struct {
	uint8_t bytes[128];
} out __attribute__((aligned(16)));

/* Both operands are on the stack: st1 = b, st0 = a. The instruction may pop or push; all is emptied behind it. */
#define WITH_TWO(insn) \
	__asm__ volatile("fninit\n fldcw %2\n fldt %1\n fldt %0\n " insn "\n fninit" \
			 : \
			 : "m"(*a), "m"(*b), "m"(*control), "m"(out) \
			 : "memory", "cc", "rax")

static void arithmetic(const struct extended *a, const struct extended *b, const uint16_t *control)
{
	WITH_TWO("fadd %%st(1), %%st");
	WITH_TWO("fsubp");
	WITH_TWO("fsubr %%st, %%st(1)");
	WITH_TWO("fmul %%st(1), %%st\n fstpl %3");
	WITH_TWO("fdivp\n fstps %3");
	WITH_TWO("fdivr %%st(1), %%st\n fstpt %3");
	WITH_TWO("fadds %3\n faddl %3\n fiadds %3\n fimull %3");
	WITH_TWO("fprem\n fstp %%st(0)");
	WITH_TWO("fprem1");
	WITH_TWO("fscale\n fxch\n fxtract");
}

static void comparison(const struct extended *a, const struct extended *b, const uint16_t *control)
{
	WITH_TWO("fcom %%st(1)\n fnstsw %%ax");
	WITH_TWO("fucompp\n fnstsw %3");
	WITH_TWO("fcomi %%st(1), %%st\n fcmovb %%st(1), %%st\n fcmovnu %%st(1), %%st");
	WITH_TWO("fucomip %%st(1), %%st");
	WITH_TWO("ftst\n fxam\n fnstsw %%ax\n fchs\n fabs");
	WITH_TWO("ffree %%st(1)\n fincstp\n fxam\n fdecstp");
}

static void conversion(const struct extended *a, const struct extended *b, const uint16_t *control)
{
	WITH_TWO("frndint\n fistps %3\n fistpl %3");
	WITH_TWO("fistpll %3\n fisttpll %3");
	WITH_TWO("fsqrt\n fstl %3\n fldl %3\n fsts %3\n flds %3");
	WITH_TWO("fbstp %3\n fld1\n fldpi\n fldlg2\n fldz");
	WITH_TWO("fsts %3\n fildl %3\n fildll %3\n filds %3");
}

static void environment(const struct extended *a, const struct extended *b, const uint16_t *control)
{
	WITH_TWO("fnstenv %3\n fldenv %3\n fnsave %3\n frstor %3\n fwait\n fnclex");
	WITH_TWO("fsin\n fyl2x\n f2xm1");
}

static void vectors(const void *a, const void *b)
{
#define PACKED(insn) \
	__asm__ volatile("movups %0, %%xmm1\n movups %1, %%xmm2\n " insn \
			 : \
			 : "m"(*(const char(*)[16])a), "m"(*(const char(*)[16])b) \
			 : "memory")
	PACKED("sqrtps %%xmm1, %%xmm3\n sqrtsd %%xmm2, %%xmm3");
	PACKED("cmpps $2, %%xmm2, %%xmm1\n cmpsd $5, %%xmm2, %%xmm1");
	PACKED("haddps %%xmm2, %%xmm1\n hsubpd %%xmm1, %%xmm2\n addsubps %%xmm1, %%xmm2");
	PACKED("roundps $4, %%xmm2, %%xmm1\n roundsd $9, %%xmm2, %%xmm3\n roundpd $3, %%xmm2, %%xmm3");
	PACKED("cvtps2pd %%xmm1, %%xmm3\n cvtpd2ps %%xmm2, %%xmm3\n cvtdq2pd %%xmm1, %%xmm4\n cvttps2dq %%xmm2, %%xmm4");
	PACKED("dpps $0x71, %%xmm2, %%xmm1\n rcpps %%xmm2, %%xmm4\n rsqrtss %%xmm2, %%xmm4");
}

static void integers(const void *a, const void *b)
{
#define MMX(insn) \
	__asm__ volatile("movq %0, %%mm1\n movq %1, %%mm2\n " insn "\n emms" \
			 : \
			 : "m"(*(const char(*)[8])a), "m"(*(const char(*)[8])b), "m"(out) \
			 : "memory")
	MMX("paddw %%mm1, %%mm2\n pmaddwd %%mm2, %%mm1\n psllq $5, %%mm1\n movq %%mm1, %2");
	MMX("pshufw $27, %%mm1, %%mm3\n pavgb %%mm3, %%mm2\n packuswb %2, %%mm2\n cvtpi2ps %%mm1, %%xmm3");
}

static void with_control(const uint16_t *control)
{
	uint32_t mxcsr = 0x1f80u | (*control & 0x0c00u) << 3;

	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	for (unsigned i = 0; i < NUM_INPUTS; i++) {
		for (unsigned k = 0; k < NUM_INPUTS; k++) {
			arithmetic(&inputs[i], &inputs[k], control);
			comparison(&inputs[i], &inputs[k], control);
		}
		conversion(&inputs[i], &inputs[0], control);
		environment(&inputs[i], &inputs[2], control);
		vectors(&inputs[i], (const char *)inputs + 16 * (i % 8));
		integers(&inputs[i], (const char *)inputs + 8 * i);
	}
}

int guest_main(int argc, char **argv)
{
	unsigned num = argc > 1 && argv[1][0] == '1' ? 1 : sizeof control_words / sizeof *control_words;

	for (unsigned i = 0; i < num; i++)
		with_control(&control_words[i]);
	return 0;
}
