/* Results that are given within an error: bounds of a transfer, from the builder to what is seen. */
#include <string.h>

#include "lib/expr/eval.h"
#include "lib/expr/mutate.h"
#include "lib/expr/print.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

enum { R64 = 6, OTHER64 = 11, R1 = 0, ONE = 0x3f800000, TWO = 0x40000000, HALF = 0x3f000000 };

static const struct fp_bound rcp = {
	.format = FP_F32, .function = FP_FUNCTION_RCP, .unit = FP_BOUND_RELATIVE, .multiple = 3, .shift = 13};

static const struct fp_bound fpatan = {.format = FP_F80,
				       .function = FP_FUNCTION_FPATAN,
				       .unit = FP_BOUND_ULP,
				       .multiple = 1};

struct fixture {
	struct expr_pool *pool;
	struct transfer t;
	uint64_t state[RANDOM_STATE_WORDS], unknown[RANDOM_STATE_WORDS];
	struct prog *prog;
	struct eval e;
};

static expr_id reg(const struct fixture *f, unsigned r)
{
	return expr_reg(f->pool, random_widths[r], r);
}

/* Bits 63-32 of R64 are about 1 / (the low half of OTHER64) where R1 is 1, else 0. */
static void setup(struct fixture *f)
{
	*f = (struct fixture){.pool = NULL};
	ck_no_error(expr_pool_create(true, &f->pool));
	transfer_init(&f->t, f->pool);
	struct transfer_bound b = {.reg = R64, .first = 32, .bound = rcp, .when = reg(f, R1)};
	b.arg[0] = expr_extract(f->pool, reg(f, OTHER64), 0, 32);
	expr_id value = expr_ite(f->pool, b.when, expr_undef(f->pool, 32), expr_const(f->pool, 32, 0));
	transfer_set_reg(&f->t, R64, expr_concat(f->pool, value, expr_const(f->pool, 32, 7)));
	transfer_add_bound(&f->t, &b);
	f->state[random_layout.word[R1]] = 1;
	f->state[random_layout.word[OTHER64]] = TWO;
}

static void teardown(struct fixture *f)
{
	eval_deinit(&f->e);
	prog_destroy(f->prog);
	transfer_deinit(&f->t);
	expr_pool_destroy(f->pool);
}

static void run(struct fixture *f)
{
	ck_no_error(transfer_verify(&f->t, &random_layout));
	if (!f->prog)
		ck_no_error(prog_compile(&f->t, &random_layout, &f->prog));
	ck_no_error(prog_run(f->prog, f->state, f->unknown, NULL, &f->e));
	ck_assert_int_eq(f->e.status, EVAL_DONE);
}

START_TEST(is_evaluated)
{
	struct fixture f;

	setup(&f);
	run(&f);
	ck_assert_uint_eq(f.e.num_bounds, 1);
	ck_assert_uint_eq(f.e.bounds[0].reg, R64);
	ck_assert_uint_eq(f.e.bounds[0].first, 32);
	ck_assert_uint_eq((uint64_t)f.e.bounds[0].arg[0], TWO);
	ck_assert_uint_eq(*f.e.regs[0].mask, UINT64_C(0xffffffff00000000));

	f.state[random_layout.word[R1]] = 0;
	run(&f);
	ck_assert_uint_eq(f.e.num_bounds, 0);
	ck_assert_ptr_null(f.e.regs[0].mask);
	ck_assert_uint_eq(*f.e.regs[0].value, 7);
	teardown(&f);
}
END_TEST

/* A bound of which nobody knows the operand, or whether it applies, says nothing. */
START_TEST(needs_its_operands)
{
	static const unsigned regs[] = {OTHER64, R1};

	for (unsigned i = 0; i < 2; i++) {
		struct fixture f;
		setup(&f);
		f.unknown[random_layout.word[regs[i]]] = 1;
		f.state[random_layout.word[regs[i]]] &= ~UINT64_C(1);
		run(&f);
		ck_assert_uint_eq(f.e.num_bounds, 0);
		ck_assert(f.e.used_unknown);
		ck_assert_uint_eq(*f.e.regs[0].mask, UINT64_C(0xffffffff00000000));
		teardown(&f);
	}
}
END_TEST

START_TEST(is_settled_by_what_is_seen)
{
	const struct eval_bound b = {.first = 32, .bound = rcp, .arg = {TWO}};
	uint64_t seen = (uint64_t)(HALF + 0x100) << 32 | 9, hidden = 0, value = 7, mask = UINT64_C(0xffffffff00000000);

	ck_assert_int_eq(eval_bound_settle(&b, &seen, &hidden, &value, &mask), BOUND_HOLDS);
	ck_assert_uint_eq(value, (uint64_t)(HALF + 0x100) << 32 | 7);
	ck_assert_uint_eq(mask, 0);

	mask = UINT64_C(0xffffffff00000000);
	seen = (uint64_t)(HALF + 0x10000) << 32;
	ck_assert_int_eq(eval_bound_settle(&b, &seen, &hidden, &value, &mask), BOUND_BROKEN);
	ck_assert_uint_eq(value, (uint64_t)HALF << 32 | 7);
	ck_assert_uint_eq(mask, 0);

	mask = UINT64_C(0xffffffff00000000);
	hidden = UINT64_C(1) << 63;
	ck_assert_int_eq(eval_bound_settle(&b, &seen, &hidden, &value, &mask), BOUND_UNSEEN);
	ck_assert_uint_eq(mask, UINT64_C(0xffffffff00000000));
}
END_TEST

/* 80 bits across words: the angle of the point (1, 1) is pi / 4. */
START_TEST(may_lie_across_words)
{
	const fp_bits one = (fp_bits)0x3fff << 64 | UINT64_C(1) << 63;
	const fp_bits angle = (fp_bits)0x3ffe << 64 | UINT64_C(0xc90fdaa22168c235);
	const struct eval_bound b = {.first = 40, .bound = fpatan, .arg = {one, one}};
	uint64_t seen[2] = {(uint64_t)(angle << 40), (uint64_t)(angle >> 24)}, hidden[2] = {0}, value[2] = {5, 0};
	uint64_t mask[2] = {UINT64_MAX << 40, UINT64_MAX >> 8};

	ck_assert_int_eq(eval_bound_settle(&b, seen, hidden, value, mask), BOUND_HOLDS);
	ck_assert_uint_eq(value[0], seen[0] | 5);
	ck_assert_uint_eq(value[1], seen[1]);
	ck_assert_uint_eq(mask[0] | mask[1], 0);
	seen[0] ^= UINT64_C(4) << 40;
	ck_assert_int_eq(eval_bound_settle(&b, seen, hidden, value, mask), BOUND_BROKEN);
	ck_assert_uint_eq(value[1], (uint64_t)(angle >> 24));
}
END_TEST

/* ---- The transfer ---- */

START_TEST(is_checked)
{
	for (unsigned wrong = 0; wrong < 6; wrong++) {
		struct fixture f;
		setup(&f);
		struct transfer_bound *b = &f.t.bounds.at[0];
		switch (wrong) {
		case 0: b->first = 33; break;
		case 1: b->reg = OTHER64; break;
		case 2: b->arg[0] = reg(&f, OTHER64); break;
		case 3: b->arg[1] = b->arg[0]; break;
		case 4: b->when = b->arg[0]; break;
		default: b->bound.function = FP_NUM_FUNCTIONS; break;
		}
		ck_error(transfer_verify(&f.t, &random_layout), ERROR_BUG, "bound");
		teardown(&f);
	}
}
END_TEST

START_TEST(is_printed)
{
	struct strbuf text = {0};
	struct fixture f;

	setup(&f);
	transfer_print(&text, &f.t, NULL);
	ck_assert_ptr_nonnull(
		strstr(strbuf_text(&text), "r6:64[63:32] within 1.5 * 2^-12 of rcp(r11:64[31:0]) if r0:1\n"));
	strbuf_deinit(&text);
	run(&f);
	eval_bound_print(&text, &f.e.bounds[0]);
	ck_assert_str_eq(strbuf_text(&text), "1.5 * 2^-12 of rcp(0x1p+1)");
	strbuf_deinit(&text);
	teardown(&f);
}
END_TEST

/* Conditions that are constant, as in other places of a transfer. */
START_TEST(condition_is_constant)
{
	struct fixture f;

	setup(&f);
	struct transfer_bound b = f.t.bounds.at[0];
	f.t.bounds.len = 0;
	b.when = expr_const(f.pool, 1, 0);
	transfer_add_bound(&f.t, &b);
	ck_assert_uint_eq(f.t.bounds.len, 0);
	b.when = expr_const(f.pool, 1, 1);
	transfer_add_bound(&f.t, &b);
	ck_assert_uint_eq(f.t.bounds.len, 1);
	ck_assert_uint_eq(f.t.bounds.at[0].when, EXPR_NONE);
	teardown(&f);
}
END_TEST

START_TEST(is_mutated)
{
	char text[MUTATION_TEXT_LEN];
	struct transfer wrong;
	struct rng r = {.state = 1};
	unsigned narrowed = 0;
	struct fixture f;

	setup(&f);
	transfer_init(&wrong, f.pool);
	for (unsigned i = 0; i < 200; i++) {
		bool changed;
		ck_no_error(transfer_mutate(&f.t, &r, &wrong, text, &changed));
		if (!changed)
			continue;
		ck_no_error(transfer_verify(&wrong, &random_layout));
		narrowed += wrong.bounds.len && wrong.bounds.at[0].bound.shift == 21;
	}
	ck_assert_uint_gt(narrowed, 0);
	transfer_deinit(&wrong);
	teardown(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bounds");
	TCase *c = tcase_create("bounds");

	tcase_add_test(c, is_evaluated);
	tcase_add_test(c, needs_its_operands);
	tcase_add_test(c, is_settled_by_what_is_seen);
	tcase_add_test(c, may_lie_across_words);
	tcase_add_test(c, is_checked);
	tcase_add_test(c, is_printed);
	tcase_add_test(c, condition_is_constant);
	tcase_add_test(c, is_mutated);
	suite_add_tcase(s, c);
	return test_main(s);
}
