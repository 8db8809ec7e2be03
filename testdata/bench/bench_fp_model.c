/*
 * What floating point costs in the model: lifting with compiling, and evaluation, of some instructions on registers,
 * and how many times what paddb costs that is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/lift/lift.h"

enum { MAX_BYTES = 8, ROUNDS = 12, LIFTS = 4000, RUNS = 200000 };

static const struct {
	const char *name;
	uint8_t len, bytes[MAX_BYTES];
} insns[] = {
	{"paddb xmm", 4, {0x66, 0x0f, 0xfc, 0xc1}},           {"vpaddb ymm", 4, {0xc5, 0xf5, 0xfc, 0xc2}},
	{"addss xmm", 4, {0xf3, 0x0f, 0x58, 0xc1}},           {"addsd xmm", 4, {0xf2, 0x0f, 0x58, 0xc1}},
	{"mulsd xmm", 4, {0xf2, 0x0f, 0x59, 0xc1}},           {"divsd xmm", 4, {0xf2, 0x0f, 0x5e, 0xc1}},
	{"sqrtsd xmm", 4, {0xf2, 0x0f, 0x51, 0xc1}},          {"minsd xmm", 4, {0xf2, 0x0f, 0x5d, 0xc1}},
	{"comisd xmm", 4, {0x66, 0x0f, 0x2f, 0xc1}},          {"cvtsi2sd xmm", 5, {0xf2, 0x48, 0x0f, 0x2a, 0xc0}},
	{"cvttsd2si xmm", 5, {0xf2, 0x48, 0x0f, 0x2c, 0xc0}}, {"cvtsd2ss xmm", 4, {0xf2, 0x0f, 0x5a, 0xc1}},
	{"addpd xmm", 4, {0x66, 0x0f, 0x58, 0xc1}},           {"vaddps ymm", 4, {0xc5, 0xf4, 0x58, 0xc2}},
	{"vdivps ymm", 4, {0xc5, 0xf4, 0x5e, 0xc2}},
};

static void check(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "bench_fp_model: %s\n", err->message);
	exit(1);
}

/* Of this thread: what else runs on the machine does not count. */
static uint64_t cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Nanoseconds of all. */
static uint64_t lifting(const struct isa *isa, size_t i)
{
	struct lift_cache *cache;
	struct lifted *l;

	check(lift_cache_create(isa, 0, &cache));
	uint64_t begin = cpu_time();
	for (uint64_t k = 0; k < LIFTS; k++)
		check(lift_cache_get(cache, 0x1000 + 16 * k, insns[i].bytes, insns[i].len, &l));
	uint64_t elapsed = cpu_time() - begin;
	lift_cache_destroy(cache);
	return elapsed;
}

static uint64_t evaluation(const struct isa *isa, size_t i, const uint64_t *state)
{
	struct lift_cache *cache;
	struct lifted *l;
	struct eval e = {0};

	check(lift_cache_create(isa, 0, &cache));
	check(lift_cache_get(cache, 0x1000, insns[i].bytes, insns[i].len, &l));
	if (!l->prog) {
		fprintf(stderr, "bench_fp_model: %s has no model\n", insns[i].name);
		exit(1);
	}
	uint64_t begin = cpu_time();
	for (unsigned k = 0; k < RUNS; k++)
		check(prog_run(l->prog, state, NULL, NULL, &e));
	uint64_t elapsed = cpu_time() - begin;
	eval_deinit(&e);
	lift_cache_destroy(cache);
	return elapsed;
}

/* Numbers that need rounding, in all lanes of either format; everything is masked. */
static void fill(const struct isa *isa, uint64_t *state)
{
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];

		for (unsigned i = 0; reg->class == REG_VECTOR && i < (reg->width + 63u) / 64; i++)
			state[reg->word + i] = 0x3ff123453f9abcdf + r * 0x0000432100076543;
		if (!strcmp(reg->name, "mxcsr"))
			state[reg->word] = 0x1f80;
	}
}

static void keep_less(uint64_t *best, uint64_t elapsed)
{
	if (!*best || elapsed < *best)
		*best = elapsed;
}

/* Of several rounds, in which the instructions take turns, the least counts. */
int main(void)
{
	enum { NUM = sizeof insns / sizeof *insns };
	const struct isa *isa = isa_by_name("x86_64");
	uint64_t *state = calloc(isa->num_words, sizeof *state), lifted[NUM] = {0}, evaluated[NUM] = {0};

	if (!state)
		return 1;
	fill(isa, state);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < NUM; i++) {
			keep_less(&lifted[i], lifting(isa, i));
			keep_less(&evaluated[i], evaluation(isa, i, state));
		}
	}
	for (size_t i = 0; i < NUM; i++)
		printf("%-14s lifted and compiled in %6.0f ns, %4.1f times paddb's; evaluated in %5.0f ns, %4.1f times\n",
		       insns[i].name, (double)lifted[i] / LIFTS, (double)lifted[i] / (double)lifted[0],
		       (double)evaluated[i] / RUNS, (double)evaluated[i] / (double)evaluated[0]);
	free(state);
	return 0;
}
