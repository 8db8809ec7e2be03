/*
 * simd MODE: integer vectors beside those of SSE and AVX2 that every program has; x86-64, without libc. What comes out
 * is not looked at: who judges the run does that. Exit status 0, or what a mode says.
 *
 *   mmx      all of MMX, with the x87's stack at another register each time
 *   sse4a    EXTRQ, INSERTQ, MOVNTSS, MOVNTSD
 *   gather   VPGATHER* and VGATHER*, and one that faults half-way and is started again: 1 if it does not go on where it
 *            was; masked moves at the end of memory
 *   later    AVX-VNNI, VAES, VPCLMULQDQ, and GFNI by VEX
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { PAGE = 4096, PROT_NOTHING = 0, PROT_BOTH = 3, NUM_INPUTS = 16 };

static const uint64_t inputs[NUM_INPUTS] = {
	0x0000000000000000, 0xffffffffffffffff, 0x8000800080008000, 0x7fff7fff7fff7fff,
	0x8080808080808080, 0x7f7f7f7f7f7f7f7f, 0x0123456789abcdef, 0xfedcba9876543210,
	0x0001000100010001, 0x8000000000000000, 0x00000000ffffffff, 0x7fffffff80000000,
	0x0f0f0f0ff0f0f0f0, 0x0000000000000005, 0x00ff00ff00ff00ff, 0xdeadbeefcafebabe,
};

static char area[3 * PAGE] __attribute__((aligned(PAGE), used));
static uint64_t in[2][4] __attribute__((aligned(32)));
static uint64_t out[8] __attribute__((aligned(64)));

static int is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* ---- MMX ---- */

/* mm1 and mm2 are inputs; the stack's top was another register before each. */
#define MMX(insns) \
	__asm__ volatile("fld1\n fldpi\n movq %0, %%mm1\n movq %1, %%mm2\n " insns "\n emms" \
			 : \
			 : "m"(*a), "m"(*b), "m"(out[0]), "D"(out) \
			 : "memory", "cc", "rax")
#define EACH(name, x, y, z) \
	MMX(name #x " %%mm2, %%mm1\n " name #y " %%mm1, %%mm2\n " name #z " %1, %%mm1\n movq %%mm1, %2")

static void lanes(const uint64_t *a, const uint64_t *b)
{
	EACH("padd", b, w, d);
	EACH("psub", b, w, d);
	EACH("padd", sb, sw, q);
	EACH("padd", usb, usw, q);
	EACH("psub", sb, sw, q);
	EACH("psub", usb, usw, q);
	EACH("pcmpeq", b, w, d);
	EACH("pcmpgt", b, w, d);
	EACH("pmul", lw, hw, huw);
	EACH("pmax", ub, sw, ub);
	EACH("pmin", ub, sw, ub);
	EACH("psign", b, w, d);
	EACH("pabs", b, w, d);
	EACH("punpckl", bw, wd, dq);
	EACH("punpckh", bw, wd, dq);
	EACH("phadd", w, d, sw);
	EACH("phsub", w, d, sw);
	EACH("psll", w, d, q);
	EACH("psrl", w, d, q);
}

static void rest(const uint64_t *a, const uint64_t *b)
{
	MMX("pand %%mm1, %%mm2\n por %%mm2, %%mm1\n pxor %0, %%mm1\n pandn %1, %%mm2");
	MMX("psraw %%mm1, %%mm2\n psrad $3, %%mm2\n psllw $7, %%mm1\n psrlq $9, %%mm1\n pslld $1, %%mm1\n psraw $2, %%mm1");
	MMX("pmaddwd %%mm1, %%mm2\n pmaddubsw %%mm2, %%mm1\n pmulhrsw %1, %%mm1\n pmuludq %%mm1, %%mm2");
	MMX("pavgb %%mm1, %%mm2\n pavgw %%mm2, %%mm1\n psadbw %%mm2, %%mm1");
	MMX("packsswb %%mm1, %%mm2\n packssdw %%mm2, %%mm1\n packuswb %0, %%mm1");
	MMX("pshufw $0x1b, %%mm1, %%mm3\n pshufb %%mm2, %%mm3\n palignr $3, %%mm1, %%mm3\n palignr $12, %%mm2, %%mm1");
	MMX("pinsrw $2, %%eax, %%mm1\n pinsrw $1, %0, %%mm1\n pextrw $3, %%mm1, %%eax\n pmovmskb %%mm2, %%eax");
	MMX("movd %%mm1, %%eax\n movd %%eax, %%mm4\n movq %%mm2, %%rax\n movq %%rax, %%mm5\n movd %%mm5, %2");
	MMX("movq2dq %%mm1, %%xmm1\n movdq2q %%xmm1, %%mm6\n movntq %%mm6, %2\n maskmovq %%mm1, %%mm2");
	MMX("fld1\n fldz\n fchs\n movq %%mm1, %%mm7\n fnstsw %%ax\n ffree %%st(2)");
}

static int run_mmx(void)
{
	for (unsigned i = 0; i < NUM_INPUTS; i++) {
		for (unsigned k = 0; k < NUM_INPUTS; k += 3) {
			lanes(&inputs[i], &inputs[k]);
			rest(&inputs[i], &inputs[k]);
		}
	}
	return 0;
}

/* ---- Others ---- */

#define VECTORS(insns) \
	__asm__ volatile("movups %0, %%xmm1\n movups %1, %%xmm2\n " insns \
			 : \
			 : "m"(in[0]), "m"(in[1]), "m"(out) \
			 : "memory")

static void sse4a(void)
{
	VECTORS("extrq $8, $16, %%xmm1\n insertq $5, $40, %%xmm1, %%xmm2");
	VECTORS("extrq $0, $0, %%xmm1\n insertq $0, $0, %%xmm1, %%xmm2");
	VECTORS("movntss %%xmm1, %2\n movntsd %%xmm2, %2");
}

static void later(void)
{
	__asm__ volatile("vmovups %0, %%ymm1\n vmovups %1, %%ymm2\n"
			 "%{vex%} vpdpbusd %%ymm2, %%ymm1, %%ymm3\n %{vex%} vpdpbusds %1, %%ymm1, %%ymm3\n"
			 "%{vex%} vpdpwssd %%xmm2, %%xmm1, %%xmm3\n %{vex%} vpdpwssds %%ymm2, %%ymm1, %%ymm3\n"
			 "vaesenc %%ymm2, %%ymm1, %%ymm3\n vaesenclast %1, %%ymm1, %%ymm3\n"
			 "vaesdec %%ymm2, %%ymm1, %%ymm3\n vaesdeclast %%ymm1, %%ymm2, %%ymm3\n"
			 "vpclmulqdq $1, %%ymm2, %%ymm1, %%ymm3\n vpclmulqdq $16, %1, %%ymm1, %%ymm3\n"
			 "vgf2p8mulb %%ymm2, %%ymm1, %%ymm3\n vgf2p8affineqb $7, %%xmm2, %%xmm1, %%xmm3\n"
			 "vgf2p8affineinvqb $99, %1, %%ymm1, %%ymm3\n vzeroupper"
			 :
			 : "m"(in[0]), "m"(in[1]), "m"(out)
			 : "memory");
}

static int over_inputs(void (*run)(void))
{
	for (unsigned i = 0; i < NUM_INPUTS; i++) {
		for (unsigned k = 0; k < 8; k++)
			in[k / 4][k % 4] = inputs[(i + k * (i + 1)) % NUM_INPUTS];
		run();
	}
	return 0;
}

/* ---- Gathers ---- */

static const int32_t near[8] = {0, 8, -8, 24, 16, 4, 12, 0};
static const int64_t far[4] = {0, 24, -16, 8};
static const int32_t beyond[8] = {-64, -32, 64, -8, -16, 128, 32, -4};

/* Those of ymm5 by the indices in ymm4, where the mask in ymm6 tells. */
#define GATHER(name, index, address) \
	"vmovups %0, %%ymm6\n vmovups %1, %%ymm5\n " name " %%" index "6, (%2,%%" address "4), %%" index "5\n"

static void gather(void)
{
	const char *middle = area + PAGE / 2;

	__asm__ volatile("vmovups %3, %%ymm4\n" GATHER("vpgatherdd", "ymm", "ymm") GATHER("vgatherdps", "xmm", "xmm")
				 GATHER("vpgatherdq", "ymm", "xmm")
					 GATHER("vgatherdpd", "xmm", "xmm") "vmovups %4, %%ymm4\n" GATHER("vpgatherqd",
													  "xmm", "ymm")
						 GATHER("vgatherqps", "xmm", "xmm") GATHER("vpgatherqq", "ymm", "ymm")
							 GATHER("vgatherqpd", "ymm", "ymm") "vzeroupper"
			 :
			 : "m"(in[0]), "m"(in[1]), "r"(middle), "m"(near), "m"(far)
			 : "memory");
	__asm__ volatile("vmovups %0, %%ymm6\n vpmaskmovd %1, %%ymm6, %%ymm5\n vpmaskmovq %%ymm5, %%ymm6, %2\n"
			 "vmaskmovps %%xmm5, %%xmm6, %2\n vmaskmovpd %1, %%ymm6, %%ymm5\n vzeroupper"
			 :
			 : "m"(in[0]), "m"(in[1]), "m"(out)
			 : "memory");
}

static void allow(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	guest_syscall(SYS_mprotect, (long)(area + PAGE), PAGE, PROT_BOTH);
}

/* Of the second page, which cannot be read at first, lanes 2, 5 and 6 are. */
static int faulting_gather(void)
{
	uint32_t result[8], wrong = 0;
	const char *end = area + PAGE;

	for (unsigned i = 0; i < 2 * PAGE; i += 4)
		*(uint32_t *)(area + i) = i;
	act(SEGV, (struct action){allow, RESTORER, restore, 0});
	guest_syscall(SYS_mprotect, (long)(area + PAGE), PAGE, PROT_NOTHING);
	__asm__ volatile("vmovups %1, %%ymm4\n vpcmpeqd %%ymm6, %%ymm6, %%ymm6\n vpxor %%ymm5, %%ymm5, %%ymm5\n"
			 "vpgatherdd %%ymm6, (%2,%%ymm4), %%ymm5\n vmovups %%ymm5, %0\n vzeroupper"
			 : "=m"(result)
			 : "m"(beyond), "r"(end)
			 : "memory");
	for (unsigned i = 0; i < 8; i++)
		wrong |= result[i] ^ (uint32_t)(PAGE + beyond[i]);
	return wrong != 0;
}

/* Vectors that end where memory does: their masks exclude what is behind it. */
static int at_the_end(void)
{
	static const int32_t mask[8] = {-1, -1, -1, 0, 0, 0, 0, 0};
	const char *last = area + PAGE - 12;

	guest_syscall(SYS_mprotect, (long)(area + PAGE), PAGE, PROT_NOTHING);
	__asm__ volatile("vmovups %0, %%ymm6\n vpmaskmovd (%1), %%ymm6, %%ymm5\n vmaskmovps %%ymm5, %%ymm6, (%1)\n"
			 "vzeroupper"
			 :
			 : "m"(mask), "r"(last)
			 : "memory");
	return 0;
}

int guest_main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (is(mode, "mmx"))
		return run_mmx();
	if (is(mode, "sse4a"))
		return over_inputs(sse4a);
	if (is(mode, "later"))
		return over_inputs(later);
	if (is(mode, "gather"))
		return over_inputs(gather) | faulting_gather() | at_the_end();
	return 2;
}
