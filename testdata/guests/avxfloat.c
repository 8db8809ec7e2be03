/*
 * Floating point of AVX, FMA and F16C that has no model, over zeros, denormals, infinities, NaNs and ordinary numbers,
 * in all rounding modes and with denormals as zeros. What comes out is not looked at: the CPU that judges the run does.
 *
 * The CPU must have AVX2, FMA and F16C.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone
 */
#include "testdata/guests/guest.h"

static const uint64_t inputs[] = {
	0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xc00921fb54442d18, 0x3fd5555555555555,
	0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x7ff0000000000000,
	0xfff0000000000000, 0x7ff8000000001234, 0xfff0000000004321, 0x3f8000003f800000, 0x7f80000000000001,
	0xff8000017fc01234, 0x7f7fffff00800000, 0x007fffff80000001, 0x4f0000005f000000, 0x43e0000000000000,
	0x0123456789abcdef, 0xfedcba9876543210, 0x3c003c007c007e00, 0x04000001fbff7bff,
};

enum { NUM_INPUTS = sizeof inputs / sizeof *inputs };

/* Rounding control, flush to zero, denormals are zeros. */
static const uint32_t controls[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x9f80, 0x1fc0};

static uint64_t in[3][4] __attribute__((aligned(32)));
static uint64_t out[4] __attribute__((aligned(32)));

/* ymm1, ymm2 and ymm3 are inputs. */
#define WITH(insns) \
	__asm__ volatile("vmovaps %0, %%ymm1\n vmovaps %1, %%ymm2\n vmovaps %2, %%ymm3\n " insns \
			 : \
			 : "m"(in[0]), "m"(in[1]), "m"(in[2]), "m"(out) \
			 : "memory", "cc", "rax")

static void arithmetic(void)
{
	WITH("vsqrtps %%ymm1, %%ymm4\n vsqrtsd %%xmm1, %%xmm2, %%xmm5\n vmovaps %%ymm4, %3");
	WITH("vaddps %%ymm2, %%ymm1, %%ymm4\n vmulpd %%ymm2, %%ymm1, %%ymm5\n vdivps %%ymm2, %%ymm1, %%ymm4");
	WITH("vhaddps %%ymm2, %%ymm1, %%ymm4\n vhsubpd %%ymm2, %%ymm1, %%ymm5\n vaddsubps %%ymm2, %%ymm1, %%ymm4");
	WITH("vdpps $0xf1, %%ymm2, %%ymm1, %%ymm4\n vdppd $0x31, %%xmm2, %%xmm1, %%xmm5");
	WITH("vroundps $1, %%ymm1, %%ymm4\n vroundpd $4, %%ymm2, %%ymm5\n vroundss $10, %%xmm1, %%xmm2, %%xmm4");
	WITH("vmaxps %%ymm2, %%ymm1, %%ymm4\n vminpd %%ymm2, %%ymm1, %%ymm5\n vrcpps %%ymm1, %%ymm6\n vrsqrtss %%xmm1, %%xmm2, %%xmm6");
}

static void fused(void)
{
	WITH("vfmadd213ps %%ymm3, %%ymm2, %%ymm1\n vmovaps %%ymm1, %3");
	WITH("vfmsub132pd %%ymm3, %%ymm2, %%ymm1\n vfnmadd231ps %%ymm1, %%ymm2, %%ymm3");
	WITH("vfnmsub213sd %3, %%xmm2, %%xmm1\n vfmadd231ss %%xmm3, %%xmm2, %%xmm1");
	WITH("vfmaddsub213ps %%ymm3, %%ymm2, %%ymm1\n vfmsubadd231pd %%ymm1, %%ymm2, %%ymm3");
}

static void conversion(void)
{
	WITH("vcvtps2pd %%xmm1, %%ymm4\n vcvtpd2ps %%ymm1, %%xmm5\n vcvtdq2pd %%xmm1, %%ymm4\n vcvtdq2ps %%ymm2, %%ymm5");
	WITH("vcvtps2dq %%ymm1, %%ymm4\n vcvttps2dq %%ymm2, %%ymm4\n vcvtpd2dq %%ymm1, %%xmm5\n vcvttpd2dq %%ymm2, %%xmm5");
	WITH("vcvtph2ps %%xmm1, %%ymm4\n vcvtps2ph $4, %%ymm1, %%xmm5\n vcvtps2ph $1, %%ymm2, %3");
}

static void comparison(void)
{
	WITH("vcmpps $1, %%ymm2, %%ymm1, %%ymm4\n vcmppd $29, %%ymm2, %%ymm1, %%ymm5\n vcmpss $14, %%xmm2, %%xmm1, %%xmm4");
	WITH("vcmpps $4, %%ymm2, %%ymm1, %%ymm4\n vmovmskps %%ymm4, %%eax\n vtestps %%ymm2, %%ymm1\n vtestpd %%ymm1, %%ymm4");
	WITH("vucomisd %%xmm2, %%xmm1\n vcomiss %%xmm2, %%xmm1");
	WITH("vpcmpeqd %%ymm4, %%ymm4, %%ymm4\n vpxor %%ymm5, %%ymm5, %%ymm5\n lea %3, %%rax\n"
	     " vgatherdps %%ymm4, (%%rax,%%ymm5,4), %%ymm6");
}

static void fill(unsigned row, unsigned from, unsigned step)
{
	for (unsigned i = 0; i < 4; i++)
		in[row][i] = inputs[(from + i * step) % NUM_INPUTS];
}

int guest_main(int argc, char **argv)
{
	unsigned num = argc > 1 && argv[1][0] == '1' ? 1 : sizeof controls / sizeof *controls;

	for (unsigned k = 0; k < num; k++) {
		__asm__ volatile("ldmxcsr %0" : : "m"(controls[k]));
		for (unsigned i = 0; i < NUM_INPUTS; i++) {
			for (unsigned j = 0; j < NUM_INPUTS; j++) {
				fill(0, i, 1);
				fill(1, j, 5);
				fill(2, i + j, 7);
				arithmetic();
				fused();
				conversion();
				comparison();
			}
		}
	}
	return 0;
}
