#include "lib/expr/rewrite.h"

#include <stdio.h>

#include "lib/expr/eval.h"
#include "lib/expr/interp.h"
#include "lib/expr/print.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

/* ---- By hand: what a model's expression should become ---- */

struct example {
	const char *text, *simple;
};

/* Registers: r6 and r11 have 64 bits, r4 and r13 32, r0 and r12 one, r8 128. */
static const struct example examples[] = {
	{"r6:64 + 0x0:64", "r6:64"},
	{"0x1:64 + r6:64", "r6:64 + 0x1:64"},
	{"(r6:64 + 0x5:64) + 0x3:64", "r6:64 + 0x8:64"},
	{"(r6:64 - 0x8:64) - 0x8:64", "r6:64 - 0x10:64"},
	{"(r6:64 - 0x8:64) + 0x8:64", "r6:64"},
	{"(r6:64 + r11:64) - r11:64", "r6:64"},
	{"(r6:64 - r11:64) + r11:64", "r6:64"},
	{"(r6:64 + 0x7:64) - (r6:64 + 0x5:64)", "0x2:64"},
	{"0x5:64 - (r6:64 + 0x3:64)", "0x2:64 - r6:64"},
	{"r6:64 + (-r11:64)", "r6:64 - r11:64"},
	{"-(r6:64 - r11:64)", "r11:64 - r6:64"},
	{"r6:64 ^ r6:64", "0x0:64"},
	{"(r6:64 ^ r11:64) ^ r11:64", "r6:64"},
	{"(~r6:64) ^ (~r11:64)", "r6:64 ^ r11:64"},
	{"r6:64 & (~r6:64)", "0x0:64"},
	{"(r6:64 & 0xff:64) & 0xf0:64", "r6:64 & 0xf0:64"},
	{"zext64(r4:32) & 0xffffffff:64", "zext64(r4:32)"},
	{"zext64(r4:32)[31:0]", "r4:32"},
	{"zext64(r4:32)[63:32]", "0x0:32"},
	{"sext64(r4:32)[63]", "r4:32[31]"},
	{"zext64(r4:32 + r13:32)[15:0]", "(r4:32 + r13:32)[15:0]"},
	{"(zext64(r4:32) + zext64(r13:32))[31:0]", "r4:32 + r13:32"},
	{"(r4:32 : r13:32)[31:0]", "r13:32"},
	{"(r6:64[63:32] : r6:64[31:0])", "r6:64"},
	{"(0x0:32 : r4:32)", "zext64(r4:32)"},
	{"(r6:64[63:16] : (r6:64[15:8] : r2:8))", "r6:64[63:8] : r2:8"},
	{"zext128(zext64(r4:32))", "zext128(r4:32)"},
	{"(~r0:1) ? r6:64 : r11:64", "r0:1 ? r11:64 : r6:64"},
	{"r0:1 ? 0x1:64 : 0x0:64", "zext64(r0:1)"},
	{"r0:1 ? 0x1:1 : r12:1", "r0:1 | r12:1"},
	{"r0:1 ? 0x1:1 : 0x0:1", "r0:1"},
	{"zext8(r0:1) == 0x0:8", "~r0:1"},
	{"(r6:64 - r11:64) == 0x0:64", "r6:64 == r11:64"},
	{"(r6:64 + 0x3:64) == 0x5:64", "r6:64 == 0x2:64"},
	{"zext64(r4:32) == 0x100000000:64", "0x0:1"},
	{"zext64(r4:32) <u 0x100000000:64", "0x1:1"},
	{"(r6:64 <u r11:64) | (r11:64 == r6:64)", "r6:64 <=u r11:64"},
	{"~(r6:64 <s r11:64)", "r11:64 <=s r6:64"},
	{"r6:64 <s 0x0:64", "r6:64[63]"},
	{"r6:64 << zext64(r2:8)", "r6:64 << r2:8"},
	{"(r6:64 << 0x3:8)[63:3]", "r6:64[60:0]"},
	{"(r6:64 >>u 0x8:8)[7:0]", "r6:64[15:8]"},
	{"(r6:64 * 0x3:64) * 0x5:64", "r6:64 * 0xf:64"},
	{"(r6:64 << 0x3:8) << 0x4:8", "r6:64 << 0x7:32"},
	{"(r6:64 >>u 0x3:8) >>u 0x4:8", "r6:64 >>u 0x7:32"},
	{"(r6:64 ^ 0x3:64) ^ 0x5:64", "r6:64 ^ 0x6:64"},
	{"(r0:1 ? 0x3:64 : 0xff05:64)[7:0]", "r0:1 ? 0x3:8 : 0x5:8"},
	{"(r6:64 ^ 0x3:64) == 0x5:64", "r6:64 == 0x6:64"},
	{"(0x3:64 - r6:64) == 0x5:64", "r6:64 == 0xfffffffffffffffe:64"},
	{"(~r6:64) == 0x5:64", "r6:64 == 0xfffffffffffffffa:64"},
	{"zext64(r4:32) == zext64(r13:32)", "r4:32 == r13:32"},
	{"sext64(r4:32) <s sext64(r13:32)", "r4:32 <s r13:32"},
	{"sext64(r4:32) <=s sext64(r13:32)", "r4:32 <=s r13:32"},
	{"sext64(r4:32) <u sext64(r13:32)", "r4:32 <u r13:32"},
	{"zext64(r4:32) <=u zext64(r13:32)", "r4:32 <=u r13:32"},
	{"zext64(r4:32) <=u 0xfff:64", "r4:32 <=u 0xfff:32"},
	{"0xfff:64 <=u zext64(r4:32)", "0xfff:32 <=u r4:32"},
	{"sext64(r4:32) == 0xffffffffffffff00:64", "r4:32 == 0xffffff00:32"},
	{"sext64(r4:32) == 0xffffff00:64", "0x0:1"},
	{"(0x3:32 : r4:32) == 0x300000007:64", "r4:32 == 0x7:32"},
	{"(r4:32 : 0x3:32) == 0x300000007:64", "0x0:1"},
	{"(r4:32 : r2:8) == (r13:32 : r2:8)", "r4:32 == r13:32"},
	{"(r4:32 : r2:8) == (r4:32 : 0x7:8)", "r2:8 == 0x7:8"},
	{"(r0:1 ? 0x3:64 : 0x5:64) == 0x5:64", "~r0:1"},
	{"(r0:1 ? 0x3:64 : 0x5:64) <u 0x4:64", "r0:1"},
	{"(r0:1 ? 0x3:64 : 0x5:64) <=u 0x9:64", "0x1:1"},
	{"(r0:1 ? 0x3:64 : 0x5:64) <s 0x2:64", "0x0:1"},
	{"(r0:1 ? 0x3:64 : 0x5:64) <=s 0x4:64", "r0:1"},
	{"((r4:32 : r6:64[63:32]) : r6:64[31:8])", "r4:32 : r6:64[63:8]"},
	{"zext64(r0:1 ? 0x3:8 : 0xff:8)", "r0:1 ? 0x3:64 : 0xff:64"},
	{"sext64(r0:1 ? 0x3:8 : 0xfe:8)", "r0:1 ? 0x3:64 : 0xfffffffffffffffe:64"},
	{"vneg8(vneg8(r6:64))", "r6:64"},
	{"vneg8(vneg16(r6:64))", "vneg8(vneg16(r6:64))"},
	{"vsub8(r8:128, r8:128)", "0x0:128"},
	{"vadd64(r6:64, r11:64)", "r6:64 + r11:64"},
	{"vperm64(r8:128, 0x10000000000000000:128)", "r8:128"},
	{"vperm32(r8:128, 0x3:64)[31:0]", "r8:128[127:96]"},
	{"vadd32(zext128(r6:64), zext128(r11:64))[63:0]", "vadd32(r6:64, r11:64)"},
};

START_TEST(by_hand)
{
	struct expr_pool *pool;
	struct strbuf out = {0};
	expr_id id;

	ck_no_error(expr_pool_create(true, &pool));
	ck_no_error(expr_parse(pool, examples[_i].text, NULL, &id));
	expr_print(&out, pool, id, NULL);
	ck_assert_str_eq(strbuf_text(&out), examples[_i].simple);
	strbuf_deinit(&out);
	expr_pool_destroy(pool);
}
END_TEST

/* ---- Random: the same value as without rules, and not larger ---- */

static struct error *leaf_value(void *ctx, const struct expr *n, uint64_t address, uint64_t *ret)
{
	const uint64_t *state = ctx;

	(void)address;
	memcpy(ret, state + random_layout.word[n->attr], bv_words(n->width) * sizeof *ret);
	return NULL;
}

static void check_same_value(const struct expr_pool *plain, expr_id a, const struct expr_pool *simple, expr_id b,
			     struct rng *rng)
{
	uint64_t state[RANDOM_STATE_WORDS], expected[EXPR_MAX_WORDS], actual[EXPR_MAX_WORDS];

	ck_assert_uint_eq(expr_width(plain, a), expr_width(simple, b));
	for (unsigned i = 0; i < 3; i++) {
		random_state(rng, state);
		ck_no_error(interp(plain, a, leaf_value, state, expected));
		ck_no_error(interp(simple, b, leaf_value, state, actual));
		ck_bits(actual, expected, expr_width(plain, a));
	}
}

/* Makes the nodes that id needs again in another pool. */
static expr_id rebuild(const struct expr_pool *from, expr_id id, struct expr_pool *to, expr_id *map)
{
	for (expr_id i = 1; i <= id; i++) {
		struct expr n = *node(from, i);

		if (n.op == EXPR_CONST) {
			map[i] = expr_const_wide(to, n.width, node_words(from, &n));
		} else if (op_info[n.op].shape == SHAPE_LEAF) {
			map[i] = expr_reg(to, n.width, n.attr);
		} else {
			for (unsigned k = 0; k < EXPR_MAX_ARGS; k++)
				n.arg[k] = n.arg[k] ? map[n.arg[k]] : EXPR_NONE;
			map[i] = expr_make(to, n);
		}
	}
	return map[id];
}

#ifdef VALIDATE_DEBUG
/* A rule that random expressions never come upon is one that nobody has tested. */
static void check_all_hit(const struct expr_pool *pool)
{
	unsigned missed = 0;

	for (unsigned op = 0; op < EXPR_NUM_OPS; op++)
		for (unsigned i = 0; rewrite_rules[op] && rewrite_rules[op][i].name; i++)
			if (!pool->rule_hits[op][i] && ++missed)
				fprintf(stderr, "%s: %s was never used\n", expr_op_text(op), rewrite_rules[op][i].name);
	ck_assert_uint_eq(missed, 0);
}
#endif

enum { NUM_EXAMPLES = sizeof examples / sizeof *examples };

/* Of all examples first, then of random expressions. */
START_TEST(rules_keep_values)
{
	struct expr_pool *plain, *simple;
	struct rng rng = {.state = 7};

	ck_no_error(expr_pool_create(false, &plain));
	ck_no_error(expr_pool_create(true, &simple));
	for (unsigned i = 0; i < 20000; i++) {
		struct random_expr g = {.pool = plain, .rng = &rng, .dense = i % 4};
		unsigned width = random_widths[rng_below(&rng, RANDOM_NUM_REGS)];
		expr_id id;

		if (i < NUM_EXAMPLES)
			ck_no_error(expr_parse(plain, examples[i].text, NULL, &id));
		else
			id = random_expr(&g, width, 1 + rng_below(&rng, 3));
		expr_id *map = calloc(expr_pool_size(plain), sizeof *map);

		check_same_value(plain, id, simple, rebuild(plain, id, simple, map), &rng);
		free(map);
		vec_deinit(&g.made);
		expr_pool_reset(plain);
		expr_pool_reset(simple);
	}
#ifdef VALIDATE_DEBUG
	check_all_hit(simple);
#endif
	expr_pool_destroy(plain);
	expr_pool_destroy(simple);
}
END_TEST

/* What the constructor made is a fixed point: made again, it stays. */
START_TEST(simplified_again_is_the_same)
{
	struct expr_pool *pool;
	struct rng rng = {.state = 8};

	ck_no_error(expr_pool_create(true, &pool));
	for (unsigned i = 0; i < 2000; i++) {
		struct random_expr g = {.pool = pool, .rng = &rng};

		random_expr(&g, 64, 4);
		vec_deinit(&g.made);
		for (expr_id id = 1; id < expr_pool_size(pool); id++)
			if (op_info[node(pool, id)->op].arity)
				ck_assert_uint_eq(expr_make(pool, *node(pool, id)), id);
		expr_pool_reset(pool);
	}
	expr_pool_destroy(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rewrite");
	TCase *hand = tcase_create("by hand"), *random = tcase_create("random");

	tcase_add_loop_test(hand, by_hand, 0, NUM_EXAMPLES);
	tcase_add_test(random, rules_keep_values);
	tcase_add_test(random, simplified_again_is_the_same);
	tcase_set_timeout(random, 60);
	suite_add_tcase(suite, hand);
	suite_add_tcase(suite, random);
	return test_main(suite);
}
