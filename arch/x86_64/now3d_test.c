/*
 * 3DNow! by hand: numbers that the manual's tables tell, and what they leave undefined (APM vol. 1, 5.5.6; vol. 5, each
 * instruction). No processor is asked: none has it.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "lib/testing/assert.h"

enum { PC = 0x401000, NUM_REGS = 8 };

static struct isa_lifter *lifter;
static struct expr_pool *pool;
static struct transfer transfer;
static struct eval eval;
static uint64_t *words, *unknown;

static uint64_t *st(unsigned n)
{
	return &words[isa_x86_64.regs[X86_st0 + n].word];
}

static void setup(void)
{
	ck_no_error(isa_x86_64.lifter_create(&lifter));
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&transfer, pool);
	words = calloc(isa_x86_64.num_words, sizeof *words);
	unknown = calloc(isa_x86_64.num_words, sizeof *unknown);
	ck_assert(words && unknown);
}

static void teardown(void)
{
	free(words);
	free(unknown);
	eval_deinit(&eval);
	transfer_deinit(&transfer);
	expr_pool_destroy(pool);
	isa_x86_64.lifter_destroy(lifter);
}

static enum mem_result no_memory(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *ret_unknown)
{
	(void)ctx;
	(void)address;
	(void)len;
	(void)ret;
	(void)ret_unknown;
	return MEM_FAULT;
}

/* One instruction, from `words`. */
static struct insn run(const uint8_t *bytes, size_t len)
{
	const struct eval_memory view = {NULL, no_memory};
	struct insn insn;
	struct prog *prog;

	expr_pool_reset(pool);
	transfer_reset(&transfer, pool);
	ck_no_error(isa_x86_64.lift(lifter, PC, bytes, len, &transfer, &insn));
	if (insn.status != LIFT_DONE)
		return insn;
	ck_no_error(prog_compile(&transfer, &isa_x86_64.layout, &prog));
	ck_no_error(prog_run(prog, words, unknown, &view, &eval));
	prog_destroy(prog);
	return insn;
}

static const struct eval_reg *written(uint32_t reg)
{
	for (size_t i = 0; i < eval.num_regs; i++)
		if (eval.regs[i].reg == reg)
			return &eval.regs[i];
	ck_abort_msg("register %u is not written", reg);
	return NULL;
}

/* Two lanes of a number. */
#define BOTH(x)    ((uint64_t)(x) << 32 | (x))
#define PAIR(h, l) ((uint64_t)(h) << 32 | (l))

enum {
	ONE = 0x3f800000,
	TWO = 0x40000000,
	THREE = 0x40400000,
	LEAST = 0x00800000,   /* 2^-126 */
	LARGEST = 0x7f7fffff, /* 2^128 less one place */
	DENORMAL = 0x007fffff,
	INFINITE = 0x7f800000,
};
#define NEG(x) ((x) | UINT32_C(0x80000000))
#define ALL    UINT64_MAX

static const struct {
	const char *name;
	uint8_t suffix;
	uint64_t a, b, result, undefined;
} rows[] = {
	{"pfadd", 0x9e, PAIR(ONE, TWO), BOTH(ONE), PAIR(TWO, THREE), 0},
	{"pfadd: to nearest, ties to even", 0x9e, PAIR(0x4b800000, 0x4b800001), BOTH(ONE), PAIR(0x4b800000, 0x4b800002),
	 0},
	{"pfadd: saturates", 0x9e, PAIR(LARGEST, NEG(LARGEST)), PAIR(LARGEST, NEG(LARGEST)),
	 PAIR(LARGEST, NEG(LARGEST)), 0},
	{"pfadd: nothing is left", 0x9e, PAIR(ONE, NEG(ONE)), PAIR(NEG(ONE), ONE), PAIR(0, NEG(0)), 0},
	{"pfadd: zeroes", 0x9e, PAIR(NEG(0), 0), PAIR(NEG(0), NEG(0)), PAIR(NEG(0), 0), 0},
	{"pfadd: too little is left", 0x9e, PAIR(LEAST | 1, NEG(LEAST)), PAIR(NEG(LEAST), LEAST | 1), 0, 0},
	{"... of the greater one's sign", 0x9e, BOTH(NEG(LEAST | 1)), BOTH(LEAST), BOTH(NEG(0)), 0},
	{"pfadd: denormals are zeroes", 0x9e, BOTH(DENORMAL), PAIR(ONE, DENORMAL), PAIR(ONE, 0), 0},
	{"pfadd: not supported", 0x9e, PAIR(INFINITE, ONE), PAIR(ONE, 0x7fc00000), 0, ALL},
	{"pfsub", 0x9a, PAIR(ONE, THREE), PAIR(TWO, ONE), PAIR(NEG(ONE), TWO), 0},
	{"pfsub: nothing is left", 0x9a, PAIR(ONE, NEG(ONE)), PAIR(ONE, NEG(ONE)), PAIR(0, NEG(0)), 0},
	{"pfsub: zeroes", 0x9a, PAIR(NEG(0), 0), PAIR(0, 0), PAIR(NEG(0), 0), 0},
	{"pfsubr", 0xaa, PAIR(ONE, THREE), PAIR(TWO, ONE), PAIR(ONE, NEG(TWO)), 0},
	{"pfmul", 0xb4, PAIR(TWO, NEG(THREE)), PAIR(ONE, TWO), PAIR(TWO, 0xc0c00000), 0},
	{"pfmul: saturates", 0xb4, PAIR(LARGEST, LARGEST), PAIR(TWO, NEG(TWO)), PAIR(LARGEST, NEG(LARGEST)), 0},
	{"pfmul: tiny before it is rounded", 0xb4, BOTH(0x3f7fffff), PAIR(NEG(LEAST), LEAST | 1), PAIR(NEG(0), LEAST),
	 0},
	{"pfmul: just enough", 0xb4, BOTH(TWO), PAIR(LEAST, NEG(LEAST)), PAIR(0x01000000, 0x81000000), 0},
	{"pfacc", 0xae, PAIR(ONE, TWO), PAIR(ONE, NEG(THREE)), PAIR(NEG(TWO), THREE), 0},
	{"pfacc: nothing is left", 0xae, PAIR(ONE, NEG(ONE)), PAIR(ONE, ONE), PAIR(TWO, 0), 0x80000000},
	{"pfnacc", 0x8a, PAIR(ONE, TWO), PAIR(ONE, THREE), PAIR(TWO, ONE), 0},
	{"pfpnacc", 0x8e, PAIR(ONE, THREE), PAIR(ONE, TWO), PAIR(THREE, TWO), 0},
	{"pfmin", 0x94, PAIR(ONE, NEG(TWO)), PAIR(NEG(ONE), NEG(THREE)), PAIR(NEG(ONE), NEG(THREE)), 0},
	{"pfmin: a zero is the positive one", 0x94, PAIR(NEG(0), NEG(0)), PAIR(NEG(DENORMAL), ONE), 0, 0},
	{"pfmax", 0xa4, PAIR(ONE, NEG(TWO)), PAIR(NEG(ONE), NEG(THREE)), PAIR(ONE, NEG(TWO)), 0},
	{"pfmax: a zero is the positive one", 0xa4, PAIR(NEG(0), NEG(0)), PAIR(NEG(DENORMAL), NEG(ONE)), 0, 0},
	{"pfcmpeq", 0xb0, PAIR(ONE, NEG(0)), PAIR(TWO, DENORMAL), PAIR(0, UINT32_MAX), 0},
	{"pfcmpge", 0x90, PAIR(ONE, TWO), PAIR(TWO, TWO), PAIR(0, UINT32_MAX), 0},
	{"pfcmpgt", 0xa0, PAIR(TWO, TWO), PAIR(ONE, TWO), PAIR(UINT32_MAX, 0), 0},
	{"pfcmpgt: not supported", 0xa0, PAIR(TWO, TWO), PAIR(INFINITE, ONE), PAIR(0, UINT32_MAX), PAIR(UINT32_MAX, 0)},
	{"pi2fd", 0x0d, 0, PAIR(3, UINT32_MAX), PAIR(THREE, NEG(ONE)), 0},
	{"pi2fd: truncated", 0x0d, 0, PAIR(0x7fffffff, 0x80000001), PAIR(0x4effffff, 0xceffffff), 0},
	{"pi2fw", 0x0c, 0, PAIR(0x12340003, 0x0000ffff), PAIR(THREE, NEG(ONE)), 0},
	{"pf2id: towards zero", 0x1d, 0, PAIR(0x403fffff, 0xbfffffff), PAIR(2, UINT32_MAX), 0},
	{"pf2id: saturates", 0x1d, 0, PAIR(0x4f000000, 0xdf000000), PAIR(0x7fffffff, 0x80000000), 0},
	{"pf2iw", 0x1c, 0, PAIR(THREE, 0xc7000100), PAIR(3, 0xffff8000), 0},
	{"pf2iw: saturates", 0x1c, 0, PAIR(0x47000000, LARGEST), BOTH(0x7fff), 0},
	{"pfrcp of zero", 0x96, 0, NEG(0), BOTH(NEG(LARGEST)), 0},
	{"pfrcp of what is not supported", 0x96, 0, INFINITE, 0, ALL},
	{"pfrsqrt of zero", 0x97, 0, DENORMAL, BOTH(LARGEST), 0},
	{"pfrsqrt of a negative number", 0x97, 0, NEG(ONE), BOTH(NEG(0)), BOTH(0x7fffffff)},
	{"pmulhrw", 0xb7, 0x7fff800000018000, 0x7fff800000018000, 0x3fff400000004000, 0},
	{"pmulhrw: rounded", 0xb7, 0x0002ffff00020001, 0x40004000bfff8000, 0x00010000ffff0000, 0},
	{"pswapd", 0xbb, 0, PAIR(1, 2), PAIR(2, 1), 0},
	{"pavgusb", 0xbf, 0x00ff010203040506, 0x00ff000405060708, 0x00ff010304050607, 0},
};

START_TEST(values)
{
	const uint8_t bytes[] = {0x0f, 0x0f, 0xc1, rows[_i].suffix};

	st(0)[0] = rows[_i].a;
	st(1)[0] = rows[_i].b;
	ck_assert_int_eq(run(bytes, sizeof bytes).status, LIFT_DONE);
	ck_assert_int_eq(eval.status, EVAL_DONE);
	const struct eval_reg *r = written(X86_st0);
	uint64_t hidden = r->mask ? r->mask[0] : 0;
	ck_assert_msg(hidden == rows[_i].undefined, "%s: undefined 0x%016llx", rows[_i].name,
		      (unsigned long long)hidden);
	ck_assert_msg((r->value[0] & ~hidden) == (rows[_i].result & ~hidden), "%s: 0x%016llx", rows[_i].name,
		      (unsigned long long)r->value[0]);
	ck_assert_uint_eq(r->value[1], 0xffff);
	for (size_t i = 0; i < eval.num_regs; i++)
		ck_assert_uint_ne(eval.regs[i].reg, X86_mxcsr);
}
END_TEST

static const struct {
	const char *name;
	uint8_t suffix;
	uint32_t operand, seen;
	bool holds;
} guesses[] = {
	{"1 / 3", 0x96, THREE, 0x3eaaaaab, true},
	{"1 / 3, nearly", 0x96, THREE, 0x3eaaab00, true},
	{"1 / 3, not nearly enough", 0x96, THREE, 0x3eaab000, false},
	{"1 / -2", 0x96, NEG(TWO), 0xbf000000, true},
	{"1 / -2 of the other sign", 0x96, NEG(TWO), 0x3f000000, false},
	{"1 / 2^127 is tiny", 0x96, 0x7f000000, 0, true},
	{"1 / sqrt(4)", 0x97, 0x40800000, 0x3f000000, true},
	{"1 / sqrt(4), nearly", 0x97, 0x40800000, 0x3f000080, true},
	{"1 / sqrt(4), not nearly enough", 0x97, 0x40800000, 0x3f000200, false},
};

/* Both halves are within the bound, and it is the low half of the source of which they are the function. */
START_TEST(approximations)
{
	const uint8_t bytes[] = {0x0f, 0x0f, 0xc1, guesses[_i].suffix};
	const uint64_t seen[2] = {BOTH(guesses[_i].seen), 0xffff}, hidden[2] = {0};

	st(1)[0] = PAIR(ONE, guesses[_i].operand);
	run(bytes, sizeof bytes);
	ck_assert_int_eq(eval.status, EVAL_DONE);
	ck_assert_uint_eq(eval.num_bounds, 2);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t value[2] = {0}, mask[2] = {0};
		enum bound_result found = eval_bound_settle(&eval.bounds[i], seen, hidden, value, mask);
		ck_assert_msg(found == (guesses[_i].holds ? BOUND_HOLDS : BOUND_BROKEN), "%s: half %u",
			      guesses[_i].name, i);
	}
}
END_TEST

/* The byte behind the operands selects, wherever they end; of none that there is, it is #UD. */
START_TEST(suffixes)
{
	const uint8_t memory[] = {0x0f, 0x0f, 0x44, 0x08, 0xb7, 0x9e}, reserved[] = {0x0f, 0x0f, 0xc1, 0x99};
	const uint8_t step[] = {0x0f, 0x0f, 0xc1, 0xa6};
	struct insn insn = run(memory, sizeof memory);

	ck_assert_str_eq(insn.text, "pfadd mm0, qword ptr [rax + rcx - 0x49]");
	ck_assert_uint_eq(insn.len, sizeof memory);
	ck_assert_int_eq(eval.status, EVAL_FAULT);
	ck_assert_int_eq(eval.fault, FAULT_PAGE);
	insn = run(reserved, sizeof reserved);
	ck_assert_uint_eq(insn.len, sizeof reserved);
	ck_assert_str_eq(insn.form, "(bad) 0F 0F /r 99");
	ck_assert_int_eq(eval.fault, FAULT_UNDEFINED);
	insn = run(step, sizeof step);
	ck_assert_str_eq(insn.text, "pfrcpit1 mm0, mm1");
	ck_assert_int_eq(insn.status, LIFT_UNMODELLED);
}
END_TEST

/* APM vol. 5, FEMMS. */
START_TEST(the_end)
{
	const uint8_t femms[] = {0x0f, 0x0e};

	run(femms, sizeof femms);
	ck_assert_uint_eq(written(X86_ftag)->value[0], 0xffff);
	for (unsigned i = 0; i < NUM_REGS; i++)
		ck_assert_uint_eq(written(X86_st0 + i)->mask[0], UINT64_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("3DNow!");
	TCase *tests = tcase_create("3DNow!");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, values, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tests, approximations, 0, sizeof guesses / sizeof *guesses);
	tcase_add_test(tests, suffixes);
	tcase_add_test(tests, the_end);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
