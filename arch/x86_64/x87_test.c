/*
 * The x87 by hand: short programs in the model alone, and what the manual says of the state behind them (SDM vol. 1,
 * chapter 8; vol. 2, each instruction). That the model is right on numbers is lib/oracle's to show.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "arch/x86_64/x87.h"
#include "lib/testing/assert.h"

enum { PC = 0x401000, MEMORY = 0x2000, MEMORY_LEN = 256 };

static struct isa_lifter *lifter;
static struct expr_pool *pool;
static struct transfer transfer;
static struct eval eval;
static uint64_t *words, *unknown;
static uint8_t memory[MEMORY_LEN];

static void put(uint32_t reg, uint64_t value)
{
	words[isa_x86_64.regs[reg].word] = value;
}

static uint64_t get(uint32_t reg)
{
	return words[isa_x86_64.regs[reg].word];
}

/* As FNINIT leaves it; RAX points to memory, which holds what tests need. */
static void setup(void)
{
	static const uint16_t control = 0x037b; /* division by zero is not masked */
	static const uint8_t digits[10] = {0x21, 0x43, 0, 0, 0, 0, 0, 0, 0, 0x80};

	ck_no_error(isa_x86_64.lifter_create(&lifter));
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&transfer, pool);
	words = calloc(isa_x86_64.num_words, sizeof *words);
	unknown = calloc(isa_x86_64.num_words, sizeof *unknown);
	ck_assert(words && unknown);
	put(X86_fctrl, 0x37f);
	put(X86_ftag, 0xffff);
	put(X86_rax, MEMORY);
	memset(memory, 0, sizeof memory);
	memcpy(memory + 0x10, &control, sizeof control);
	memcpy(memory + 0x20, digits, sizeof digits);
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

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *ret_unknown)
{
	(void)ctx;
	(void)ret_unknown;
	if (address < MEMORY || address + len > MEMORY + MEMORY_LEN)
		return MEM_FAULT;
	memcpy(ret, memory + (address - MEMORY), len);
	return MEM_OK;
}

/* What is undefined is 0 in registers, and stays in memory as it was. */
static void apply(void)
{
	for (size_t i = 0; i < eval.num_regs; i++) {
		const struct eval_reg *r = &eval.regs[i];
		for (unsigned k = 0; k < r->num_words; k++)
			words[isa_x86_64.regs[r->reg].word + k] = r->value[k] & ~(r->mask ? r->mask[k] : 0);
	}
	for (size_t i = 0; i < eval.num_stores; i++) {
		const struct eval_store *s = &eval.stores[i];
		uint8_t *to = memory + (s->address - MEMORY);
		for (unsigned k = 0; k < s->len; k++)
			to[k] = (uint8_t)((to[k] & s->mask[k]) | (s->data[k] & ~s->mask[k]));
	}
}

/* The fault that ends it. */
static enum fault_kind run(const char *hex)
{
	const struct eval_memory view = {NULL, load};
	uint8_t bytes[128] = {0};
	size_t len = 0;
	char *end;

	for (; *hex; hex = end)
		bytes[len++] = (uint8_t)strtoul(hex, &end, 16);
	for (size_t at = 0; at < len;) {
		struct insn insn;
		struct prog *prog;

		expr_pool_reset(pool);
		transfer_reset(&transfer, pool);
		ck_no_error(isa_x86_64.lift(lifter, PC, bytes + at, len - at, &transfer, &insn));
		ck_assert_int_eq(insn.status, LIFT_DONE);
		ck_no_error(prog_compile(&transfer, &isa_x86_64.layout, &prog));
		ck_no_error(prog_run(prog, words, unknown, &view, &eval));
		if (eval.status == EVAL_DONE)
			apply();
		prog_destroy(prog);
		if (eval.status == EVAL_FAULT)
			return eval.fault;
		ck_assert_int_eq(eval.status, EVAL_DONE);
		at += insn.len;
	}
	return FAULT_NONE;
}

enum { IE = 1, ZE = 4, SF = 0x40, ES = 0x8080, C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000 };
#define TOP(n) ((n) << 11)
#define ONE    0x3fff, 0x8000000000000000

/* The condition codes that an instruction leaves undefined are 0. */
static const struct {
	const char *name, *hex;
	enum fault_kind fault;
	uint16_t status, tags, exponent; /* and the sign, of st(0) */
	uint64_t significand;
} programs[] = {
	{"a push", "d9 e8", FAULT_NONE, TOP(7), 0x3fff, ONE},
	{"zero has a tag of its own", "d9 e8 d9 ee", FAULT_NONE, TOP(6), 0x1fff, 0, 0},
	{"a pop leaves the number there", "d9 e8 d9 ee dd d8 d9 f6", FAULT_NONE, TOP(6), 0x3fff, 0, 0},
	{"overflow", "d9 e8 d9 e8 d9 e8 d9 e8 d9 e8 d9 e8 d9 e8 d9 e8 d9 ee", FAULT_NONE, TOP(7) | IE | SF | C1, 0x8000,
	 0xffff, 0xc000000000000000},
	{"underflow", "d9 e8 d8 c1", FAULT_NONE, TOP(7) | IE | SF, 0xbfff, 0xffff, 0xc000000000000000},
	{"an exchange with nothing", "d9 e8 d9 c9", FAULT_NONE, TOP(7) | IE | SF, 0xbffc, 0xffff, 0xc000000000000000},
	{"division by zero", "d9 e8 d9 ee de f9", FAULT_NONE, TOP(7) | ZE, 0xbfff, 0x7fff, 0x8000000000000000},
	{"... that is not masked", "d9 68 10 d9 e8 d8 30", FAULT_NONE, TOP(7) | ZE | ES, 0x3fff, ONE},
	{"... is pending", "d9 68 10 d9 e8 d8 30 9b", FAULT_FLOAT, TOP(7) | ZE | ES, 0x3fff, ONE},
	{"... also for a load", "d9 68 10 d9 e8 d8 30 d9 ee", FAULT_FLOAT, TOP(7) | ZE | ES, 0x3fff, ONE},
	{"... not where nothing waits", "d9 68 10 d9 e8 d8 30 d9 38 df e0", FAULT_NONE, TOP(7) | ZE | ES, 0x3fff, ONE},
	{"... until it is cleared", "d9 68 10 d9 e8 d8 30 db e2 9b", FAULT_NONE, TOP(7), 0x3fff, ONE},
	{"masks make it pending", "d9 e8 d9 ee de f9 d9 68 10 9b", FAULT_FLOAT, TOP(7) | ZE | ES, 0xbfff, 0x7fff,
	 0x8000000000000000},
	{"the environment masks all", "d9 68 10 d9 e8 d8 30 d9 70 40 9b", FAULT_NONE, TOP(7) | ZE, 0x3fff, ONE},
	{"and comes back", "d9 e8 d9 70 40 db e3 d9 60 40", FAULT_NONE, TOP(7), 0x3fff, ONE},
	{"with fields of 16 bits", "d9 e8 66 d9 70 40 db e3 66 d9 60 40", FAULT_NONE, TOP(7), 0x3fff, ONE},
	{"the state, too", "d9 e8 dd 70 40 d9 ee dd 60 40", FAULT_NONE, TOP(7), 0x3fff, ONE},
	{"the start", "d9 e8 d9 ee db e3", FAULT_NONE, 0, 0xffff, 0, 0},
	{"an empty register", "d9 e5", FAULT_NONE, C3 | C0, 0xffff, 0, 0},
	{"a number", "d9 e8 d9 e0 d9 e5", FAULT_NONE, TOP(7) | C2 | C1, 0x3fff, 0xbfff, 0x8000000000000000},
	{"less", "d9 e8 d9 ee d8 d1", FAULT_NONE, TOP(6) | C0, 0x1fff, 0, 0},
	{"equal, popped", "d9 e8 d9 e8 de d9", FAULT_NONE, TOP(0) | C3, 0xffff, 0, 0},
	{"digits", "df 60 20", FAULT_NONE, TOP(7), 0x3fff, 0xc00b, 0x8708000000000000}, /* -4321 */
	{"the stack turns", "d9 e8 d9 f7", FAULT_NONE, TOP(0), 0x3fff, 0, 0},
	{"a register is freed", "d9 e8 dd c0", FAULT_NONE, TOP(7), 0xffff, ONE},
};

START_TEST(state)
{
	const uint64_t *st0;

	ck_assert_msg(run(programs[_i].hex) == programs[_i].fault, "%s", programs[_i].name);
	st0 = &words[isa_x86_64.regs[X86_st0].word];
	ck_assert_msg(get(X86_fstat) == programs[_i].status, "%s: status 0x%llx", programs[_i].name,
		      (unsigned long long)get(X86_fstat));
	ck_assert_msg(get(X86_ftag) == programs[_i].tags, "%s: tags 0x%llx", programs[_i].name,
		      (unsigned long long)get(X86_ftag));
	ck_assert_msg(st0[0] == programs[_i].significand && st0[1] == programs[_i].exponent, "%s: st0 0x%llx %016llx",
		      programs[_i].name, (unsigned long long)st0[1], (unsigned long long)st0[0]);
}
END_TEST

static uint16_t word(unsigned at)
{
	return (uint16_t)(memory[at] | memory[at + 1] << 8);
}

/* SDM vol. 1, figures 8-9 and 8-11: control, status and tag word, in twice the room without 66. */
START_TEST(images)
{
	ck_assert_int_eq(run("d9 e8 66 d9 b0 80 00 00 00 d9 70 40"), FAULT_NONE);
	ck_assert_uint_eq(word(0x40), 0x37f);
	ck_assert_uint_eq(word(0x44), TOP(7));
	ck_assert_uint_eq(word(0x48), 0x3fff);
	ck_assert_uint_eq(word(0x80), 0x37f);
	ck_assert_uint_eq(word(0x82), TOP(7));
	ck_assert_uint_eq(word(0x84), 0x3fff);
}
END_TEST

/* What FNSTENV tells of tags that were loaded are those of the contents (SDM vol. 1, 8.1.7). */
START_TEST(tags_are_those_of_the_contents)
{
	ck_assert_int_eq(run("d9 e8 d9 70 40"), FAULT_NONE);
	memory[0x49] = 0x7f; /* "zero", of 1 */
	ck_assert_int_eq(run("d9 60 40 d9 70 60"), FAULT_NONE);
	ck_assert_uint_eq(word(0x68), 0x3fff);
}
END_TEST

/* Nothing is stored where an exception forbids it: FSTP m64 of an empty register, invalid operation masked or not. */
START_TEST(stores)
{
	ck_assert_int_eq(run("dd 58 40"), FAULT_NONE);
	ck_assert_uint_eq(word(0x46), 0xfff8);
	ck_assert_uint_eq(get(X86_fstat), TOP(1) | IE | SF);
	put(X86_fctrl, 0x37e);
	put(X86_fstat, 0);
	ck_assert_int_eq(run("dd 58 60"), FAULT_NONE);
	ck_assert_uint_eq(word(0x66), 0);
	ck_assert_uint_eq(get(X86_fstat), IE | SF | ES);
}
END_TEST

/* SDM vol. 2, FBSTP: the sign is in the last byte. */
START_TEST(digits_come_back)
{
	ck_assert_int_eq(run("df 60 20 df 70 40"), FAULT_NONE);
	ck_assert_mem_eq(memory + 0x40, memory + 0x20, 10);
}
END_TEST

/* SDM vol. 1, 8.3.10: by what st(1) is, and how it is rounded. */
START_TEST(logarithms)
{
	static const struct {
		unsigned control;
		const char *program, *bound;
	} cases[] = {
		{0x37f, "d9 e8 d9 eb d9 f1", "1 ulp of fyl2x("},       /* FLD1, FLDPI, FYL2X */
		{0xf7f, "d9 e8 d9 eb d9 f1", "1.5 ulp of fyl2x("},     /* rounded towards zero */
		{0x37f, "d9 eb d9 eb d9 f1", "1.35156 ulp of fyl2x("}, /* of pi and pi */
		{0xf7f, "d9 eb d9 eb d9 f1", "1.85156 ulp of fyl2x("},
		{0x37f, "d9 eb d9 ed d9 fa d9 f3", "1 ulp of fpatan("}, /* of pi and the root of ln(2) */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct strbuf text = {0};

		put(X86_fctrl, cases[i].control);
		put(X86_fstat, 0);
		put(X86_ftag, 0xffff);
		ck_assert_int_eq(run(cases[i].program), FAULT_NONE);
		ck_assert_uint_eq(eval.num_bounds, 1);
		eval_bound_print(&text, &eval.bounds[0]);
		ck_assert_msg(strncmp(strbuf_text(&text), cases[i].bound, strlen(cases[i].bound)) == 0, "%s: %s",
			      cases[i].program, strbuf_text(&text));
		strbuf_deinit(&text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x87");
	TCase *tests = tcase_create("x87");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, state, 0, sizeof programs / sizeof *programs);
	tcase_add_test(tests, images);
	tcase_add_test(tests, tags_are_those_of_the_contents);
	tcase_add_test(tests, stores);
	tcase_add_test(tests, digits_come_back);
	tcase_add_test(tests, logarithms);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
