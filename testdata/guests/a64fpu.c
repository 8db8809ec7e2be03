/*
 * a64fpu: reads cases from standard input until it ends, runs the instruction that each names under its FPCR, and
 * writes the result and FPSR for each. struct fpu_case and struct fpu_result are also in lib/fp/arm_test.c. AArch64.
 * guest-archs: aarch64
 * guest-flags: -march=armv8.6-a+fp16+bf16
 */
#include <stdint.h>
#include <stdio.h>

struct fpu_case {
	uint32_t operation, fpcr;
	uint64_t n[3];
};

struct fpu_result {
	uint64_t value, fpsr;
};

/* The instruction between the control registers' being set and read; v0 and x0 are results, v1 to v3 and x1 operands.
 */
#define RUN(instruction) \
	__asm__ volatile( \
		"msr fpcr, %[fpcr]\n\tmsr fpsr, xzr\n\t" \
		"fmov d0, xzr\n\tfmov d1, %[a]\n\tfmov d2, %[b]\n\tfmov d3, %[c]\n\tmov x1, %[a]\n\tmov x0, xzr\n\t" instruction \
		"\n\tmrs %[fpsr], fpsr\n\tfmov %[v], d0\n\tmov %[x], x0\n\tmsr fpcr, xzr" \
		: [fpsr] "=&r"(fpsr), [v] "=&r"(v), [x] "=&r"(x) \
		: [fpcr] "r"((uint64_t)c->fpcr), [a] "r"(c->n[0]), [b] "r"(c->n[1]), [c] "r"(c->n[2]) \
		: "v0", "v1", "v2", "v3", "x0", "x1", "cc")

#define OPERATION(number, result, instruction) \
	case number: RUN(instruction); return (struct fpu_result){result, fpsr};

/* Numbers are base + 0, 1, 2 for half, single and double precision. */
#define TWO(base, name) \
	OPERATION((base) + 0, v, name " h0, h1, h2") \
	OPERATION((base) + 1, v, name " s0, s1, s2") \
	OPERATION((base) + 2, v, name " d0, d1, d2")
#define ONE(base, name) \
	OPERATION((base) + 0, v, name " h0, h1") \
	OPERATION((base) + 1, v, name " s0, s1") \
	OPERATION((base) + 2, v, name " d0, d1")
#define THREE(base, name) \
	OPERATION((base) + 0, v, name " h0, h1, h2, h3") \
	OPERATION((base) + 1, v, name " s0, s1, s2, s3") \
	OPERATION((base) + 2, v, name " d0, d1, d2, d3")
#define COMPARE(base, name) \
	OPERATION((base) + 0, x, name " h1, h2\n\tmrs x0, nzcv") \
	OPERATION((base) + 1, x, name " s1, s2\n\tmrs x0, nzcv") \
	OPERATION((base) + 2, x, name " d1, d2\n\tmrs x0, nzcv")
#define TO_INT(base, name, reg, more) \
	OPERATION((base) + 0, x, name " " reg ", h1" more) \
	OPERATION((base) + 1, x, name " " reg ", s1" more) \
	OPERATION((base) + 2, x, name " " reg ", d1" more)
#define FROM_INT(base, name, reg, more) \
	OPERATION((base) + 0, v, name " h0, " reg more) \
	OPERATION((base) + 1, v, name " s0, " reg more) \
	OPERATION((base) + 2, v, name " d0, " reg more)

static struct fpu_result run(const struct fpu_case *c)
{
	uint64_t fpsr, v, x;

	switch (c->operation) {
		TWO(0, "fadd")
		TWO(3, "fsub")
		TWO(6, "fmul")
		TWO(9, "fdiv")
		TWO(12, "fmin")
		TWO(15, "fmax")
		TWO(18, "fminnm")
		TWO(21, "fmaxnm")
		ONE(24, "fsqrt")
		ONE(27, "frintx")
		ONE(30, "frinti")
		ONE(33, "frinta")
		THREE(36, "fmadd")
		THREE(39, "fmsub")
		THREE(42, "fnmadd")
		THREE(45, "fnmsub")
		COMPARE(48, "fcmp")
		COMPARE(51, "fcmpe")
		TO_INT(54, "fcvtzs", "w0", "")
		TO_INT(57, "fcvtzu", "w0", "")
		TO_INT(60, "fcvtns", "x0", "")
		TO_INT(63, "fcvtau", "x0", "")
		TO_INT(66, "fcvtzs", "x0", ", #7")
		FROM_INT(69, "scvtf", "w1", "")
		FROM_INT(72, "ucvtf", "x1", "")
		FROM_INT(75, "scvtf", "x1", ", #9")
		OPERATION(78, v, "fcvt s0, h1")
		OPERATION(79, v, "fcvt d0, h1")
		OPERATION(80, v, "fcvt h0, s1")
		OPERATION(81, v, "fcvt d0, s1")
		OPERATION(82, v, "fcvt h0, d1")
		OPERATION(83, v, "fcvt s0, d1")
		OPERATION(84, v, "fcvtxn s0, d1")
		OPERATION(85, v, "bfcvt h0, s1")
		TWO(86, "frecps")
		TWO(89, "frsqrts")
		ONE(92, "frecpe")
		ONE(95, "frsqrte")
		ONE(98, "frecpx")
		OPERATION(101, v, "fmov d0, d3\n\tbfdot v0.2s, v1.4h, v2.4h")
		/* What FPCR keeps of what is written to it. */
		OPERATION(102, x, "mrs x0, fpcr")
		TWO(110, "fmulx")
		OPERATION(120, v, "frint32z s0, s1")
		OPERATION(121, v, "frint32z d0, d1")
		OPERATION(122, v, "frint32x s0, s1")
		OPERATION(123, v, "frint32x d0, d1")
		OPERATION(124, v, "frint64z s0, s1")
		OPERATION(125, v, "frint64z d0, d1")
		OPERATION(126, v, "frint64x s0, s1")
		OPERATION(127, v, "frint64x d0, d1")
	default: return (struct fpu_result){0, ~UINT64_C(0)};
	}
}

int main(void)
{
	struct fpu_case c;

	while (fread(&c, sizeof c, 1, stdin) == 1) {
		struct fpu_result r = run(&c);
		if (fwrite(&r, sizeof r, 1, stdout) != 1)
			return 1;
	}
	return 0;
}
