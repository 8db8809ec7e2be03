#include "lib/expr/print.h"

#include "lib/expr/pool.h"
#include "lib/expr/taint.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

/* Names as an ISA has them; register 3 shares its name with a part of another's. */
static const char *const reg_names[] = {"cf", "seven", "al", "ax", "eax", "r5", "rax", "wide", "xmm0", "ymm0", "zmm0"};

enum { NUM_NAMES = sizeof reg_names / sizeof *reg_names };

static const char *name_of(uint32_t reg)
{
	return reg < NUM_NAMES ? reg_names[reg] : NULL;
}

static bool find_name(const char *name, size_t len, uint32_t *ret_reg, unsigned *ret_width)
{
	for (uint32_t i = 0; i < NUM_NAMES; i++) {
		if (strlen(reg_names[i]) != len || memcmp(reg_names[i], name, len))
			continue;
		*ret_reg = i;
		*ret_width = random_widths[i];
		return true;
	}
	return false;
}

static const struct expr_names names = {.name = name_of, .find = find_name};

/* ---- By hand ---- */

static const char *const texts[] = {
	"0x1f:8",
	"0x123456789abcdef0fedcba9876543210:128",
	"rax",
	"r6:32",
	"r2000000:512",
	"zext64(eax + mem32[rax + 0x10:64])",
	"mem32@2[rax - 0x8:64]",
	"undef8#3",
	"env:tsc64",
	"env:tsc_aux32",
	"env:12345_7",
	"rax[31:0]",
	"rax[5]",
	"(rax + 0x1:64)[7:0]",
	"al : ax",
	"cf ? rax : (rax + 0x1:64)",
	"~(-rax)",
	"rax /u 0x3:64",
	"(rax %s 0x3:64) >>s al",
	"rol(rax, al)",
	"popcnt(rax)",
	"vadd8(xmm0, 0x1:128)",
	"vperm32(ymm0, xmm0)",
	"vmsb8(xmm0)",
	"fadd(f32 sse, eax, xmm0, xmm0)",
	"fadd.flags(f64 arm even_minus_addend, 0x1f80:32, xmm0, xmm0)",
	"fma.all(f64 sse odd_minus_product odd_minus_addend, eax, xmm0, xmm0, rax : rax)",
	"fsqrt.all(f32 sse, eax, eax)[5:1]",
	"fcmp(f32 sse quiet lt un, eax, ymm0, ymm0)",
	"forder.flags(f80 x87, eax, r7:80, r7:80)",
	"frint(f64 sse rz exact, eax, rax)",
	"frintfit(f64 s32 arm rz, eax, xmm0)",
	"fcvt(f32 from_f64 arm, eax, xmm0)",
	"ftoi(f64 s32 sse, eax, xmm0)",
	"itof(f64 u16 arm fraction12, eax, eax)",
	"frem(f64 x87 nearest, eax, rax, rax)",
	"frem.all(f64 x87, eax, rax, rax)[67:64]",
	"unknown(rax)",
	"unknown(mem8@1[rax])",
	"rax == 0x0:64",
};

START_TEST(round_trip_of_text)
{
	struct expr_pool *pool;
	struct strbuf out = {0};
	expr_id id;

	ck_no_error(expr_pool_create(true, &pool));
	ck_no_error(expr_parse(pool, texts[_i], &names, &id));
	expr_print(&out, pool, id, &names);
	ck_assert_str_eq(strbuf_text(&out), texts[_i]);
	strbuf_deinit(&out);
	expr_pool_destroy(pool);
}
END_TEST

struct bad {
	const char *text, *part;
	unsigned place; /* counted from 1 */
};

static const struct bad bad_texts[] = {
	{"", "an operand was expected", 1},
	{"rax + ", "an operand was expected", 0},
	{"rax + 0x1:63", "different widths", 0},
	{"rax + rax * rax", "different operators", 0},
	{"(rax", "expected", 5},
	{"rax)", "more than an expression", 4},
	{"rbx", "no such register", 1},
	{"0x:8", "digits", 3},
	{"0x1ff:8", "larger than its width", 8},
	{"0x1:0", "within 1 to 512", 0},
	{"0x1:513", "within 1 to 512", 0},
	{"0x1:99999999999999999999", "too large", 0},
	{"rax[64]", "beyond the operand", 0},
	{"rax[3:5]", "out of range", 0},
	{"rax[4294967295:0]", "too large", 0},
	{"mem7[rax]", "load", 0},
	{"mem64[eax]", "load", 0},
	{"vadd7(xmm0, xmm0)", "does not divide", 0},
	{"vadd128(xmm0, xmm0)", "wider than 64", 0},
	{"vadd(xmm0, xmm0)", "a number was expected", 0},
	{"zext8(rax)", "fewer bits", 0},
	{"popcnt(rax, rax)", "expected", 0},
	{"nothing(rax)", "no such function", 0},
	{"rax ? rax : rax", "condition", 0},
	{"unknown(rax + rax)", "only registers and loads", 0},
	{"zmm0 : cf", "width", 0},
	{"bswap(cf)", "bswap", 0},
	{"undef8", "expected", 0},
	{"env:nothing64", "a number was expected", 0},
};

START_TEST(other_text_is_refused)
{
	struct expr_pool *pool;
	expr_id id;

	ck_no_error(expr_pool_create(true, &pool));
	struct error *err = expr_parse(pool, bad_texts[_i].text, &names, &id);
	if (err && bad_texts[_i].place)
		ck_assert_uint_eq(err->place, bad_texts[_i].place);
	ck_error(err, ERROR_INPUT, bad_texts[_i].part);
	expr_pool_destroy(pool);
}
END_TEST

START_TEST(nesting_is_limited)
{
	static char text[200001];
	static const char openings[] = "(~-";
	struct expr_pool *pool;
	expr_id id;

	ck_no_error(expr_pool_create(true, &pool));
	memset(text, openings[_i], sizeof text - 1);
	ck_error(expr_parse(pool, text, &names, &id), ERROR_INPUT, "nested too deeply");
	expr_pool_destroy(pool);
}
END_TEST

/* ---- Random ---- */

static void check_round_trip(struct expr_pool *pool, expr_id id, struct strbuf *out)
{
	const struct expr_names *either[] = {NULL, &names};

	for (unsigned i = 0; i < 2; i++) {
		expr_id back = EXPR_NONE;

		strbuf_clear(out);
		expr_print(out, pool, id, either[i]);
		ck_no_error(expr_parse(pool, strbuf_text(out), either[i], &back));
		ck_assert_msg(back == id, "%s", strbuf_text(out));
	}
}

/* In a pool with rules and in one without. */
START_TEST(round_trip_of_expressions)
{
	struct expr_pool *pool;
	struct strbuf out = {0};
	struct rng rng = {.state = 4};

	ck_no_error(expr_pool_create(_i, &pool));
	for (unsigned i = 0; i < 4000; i++) {
		struct random_expr g = {.pool = pool, .rng = &rng, .undef = true, .load = true, .max_version = 3};
		unsigned width = 1 + rng_below(&rng, EXPR_MAX_WIDTH);

		g.dense = rng_below(&rng, 2);
		check_round_trip(pool, random_expr(&g, width, 3), &out);
		vec_deinit(&g.made);
		expr_pool_reset(pool);
	}
	strbuf_deinit(&out);
	expr_pool_destroy(pool);
}
END_TEST

/* Whatever becomes of the text, the parser returns. */
START_TEST(damaged_text)
{
	static const char alphabet[] = "()[]:?~-+ 0x1:8@#rmeuv,";
	struct expr_pool *pool;
	struct rng rng = {.state = 5};
	unsigned refused = 0;

	ck_no_error(expr_pool_create(true, &pool));
	for (unsigned i = 0; i < 20000; i++) {
		char text[128];
		expr_id id;

		strcpy(text, texts[rng_below(&rng, sizeof texts / sizeof *texts)]);
		for (unsigned k = rng_below(&rng, 3); k < 3; k++)
			text[rng_below(&rng, (uint32_t)strlen(text))] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
		if (rng_below(&rng, 2))
			text[rng_below(&rng, (uint32_t)strlen(text))] = '\0';

		struct error *err = expr_parse(pool, text, &names, &id);
		refused += err != NULL;
		error_destroy(err);
		if (i % 64 == 0)
			expr_pool_reset(pool);
	}
	ck_assert_uint_gt(refused, 10000);
	expr_pool_destroy(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("print");
	TCase *hand = tcase_create("by hand"), *random = tcase_create("random");

	tcase_add_loop_test(hand, round_trip_of_text, 0, sizeof texts / sizeof *texts);
	tcase_add_loop_test(hand, other_text_is_refused, 0, sizeof bad_texts / sizeof *bad_texts);
	tcase_add_loop_test(hand, nesting_is_limited, 0, 3);
	tcase_add_loop_test(random, round_trip_of_expressions, 0, 2);
	tcase_add_test(random, damaged_text);
	tcase_set_timeout(random, 60);
	suite_add_tcase(suite, hand);
	suite_add_tcase(suite, random);
	return test_main(suite);
}
