/*
 * What one operation of lib/fp costs: bench_fp. Operands are normal numbers near 1, and numbers of all kinds.
 * The best of many rounds, so that others on the machine do not count.
 */
#include <stdio.h>
#include <time.h>

#include "lib/base/rng.h"
#include "lib/fp/fp.h"

enum { OPERANDS = 1024, ROUNDS = 1000 };

struct kind {
	const char *name;
	struct fp_result (*run)(const struct fp_env *, fp_bits, fp_bits);
};

static struct fp_result run_sqrt(const struct fp_env *e, fp_bits a, fp_bits b)
{
	(void)b;
	return fp_sqrt(e, a);
}

static struct fp_result run_fma(const struct fp_env *e, fp_bits a, fp_bits b)
{
	return fp_fma(e, 0, a, b, a);
}

static struct fp_result run_to_int(const struct fp_env *e, fp_bits a, fp_bits b)
{
	(void)b;
	return fp_to_int(e, true, 32, 0, a);
}

static struct fp_result run_convert(const struct fp_env *e, fp_bits a, fp_bits b)
{
	struct fp_env to = *e;

	(void)b;
	to.format = e->format == FP_F32 ? FP_F64 : FP_F32;
	return fp_convert(&to, e->format, a);
}

static struct fp_result run_compare(const struct fp_env *e, fp_bits a, fp_bits b)
{
	struct fp_result ret;

	ret.value = fp_compare(e, true, a, b, &ret.flags);
	return ret;
}

static const struct kind kinds[] = {
	{"add", fp_add},  {"sub", fp_sub}, {"mul", fp_mul},          {"div", fp_div},          {"sqrt", run_sqrt},
	{"fma", run_fma}, {"min", fp_min}, {"compare", run_compare}, {"convert", run_convert}, {"to_int", run_to_int},
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static fp_bits operand(struct rng *r, enum fp_format f, bool any)
{
	uint64_t random = rng_next(r);

	if (f == FP_F80)
		return (fp_bits)(any ? random >> 32 & 0xffff : 0x3ff0 + (random & 31)) << 64 | random |
		       UINT64_C(1) << 63;
	if (f == FP_F64)
		return any ? random : (random & UINT64_MAX >> 12) | (uint64_t)(0x3f0 + (random >> 59)) << 52;
	return any ? (uint32_t)random : (uint32_t)((random & 0x7fffff) | (0x70 + (random >> 59)) << 23);
}

static double cost(const struct kind *k, enum fp_format f, bool any)
{
	static fp_bits operands[OPERANDS + 1];
	const struct fp_env e = {f, f == FP_F80 ? FP_X87 : FP_SSE, FP_NEAREST | 3 << FP_MODE_PRECISION};
	struct rng r = {1};
	uint64_t sum = 0;

	for (unsigned i = 0; i <= OPERANDS; i++)
		operands[i] = operand(&r, f, any);
	double best = 1e9;
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now();
		for (unsigned i = 0; i < OPERANDS; i++) {
			struct fp_result result = k->run(&e, operands[i], operands[i + 1]);
			sum += (uint64_t)result.value + result.flags;
		}
		double ns = (now() - start) / OPERANDS;
		best = ns < best ? ns : best;
	}
	return sum == 1 ? 0 : best;
}

int main(void)
{
	printf("%-8s %28s %28s %28s\n", "ns", "f32 normal / any", "f64 normal / any", "f80 normal / any");
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		printf("%-8s", kinds[i].name);
		for (enum fp_format f = FP_F32; f <= FP_F80; f++)
			printf(" %18.1f / %7.1f", cost(&kinds[i], f, false), cost(&kinds[i], f, true));
		putchar('\n');
	}
	return 0;
}
