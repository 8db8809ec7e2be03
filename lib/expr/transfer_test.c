#include "lib/expr/transfer.h"

#include "lib/expr/eval.h"
#include "lib/expr/marks.h"
#include "lib/expr/print.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

static expr_id reg(struct expr_pool *pool, uint32_t r)
{
	return expr_reg(pool, random_widths[r], r);
}

enum { R1 = 0, R64 = 6, OTHER64 = 11 };

/* ---- By hand ---- */

static void setup(struct expr_pool **pool, struct transfer *t)
{
	ck_no_error(expr_pool_create(true, pool));
	transfer_init(t, *pool);
}

static void teardown(struct expr_pool *pool, struct transfer *t)
{
	transfer_deinit(t);
	expr_pool_destroy(pool);
}

START_TEST(loads_are_forwarded_where_certain)
{
	struct expr_pool *pool;
	struct transfer t;

	setup(&pool, &t);
	expr_id at = reg(pool, R64), value = reg(pool, OTHER64);
	expr_id above = expr_add(pool, at, expr_const(pool, 64, 8)),
		inside = expr_add(pool, at, expr_const(pool, 64, 4));
	expr_id below = expr_sub(pool, at, expr_const(pool, 64, 8)),
		across = expr_add(pool, at, expr_const(pool, 64, 6));

	transfer_add_store(&t, EXPR_NONE, at, value);
	ck_assert_uint_eq(transfer_load(&t, 64, at), value);
	ck_assert_uint_eq(transfer_load(&t, 32, inside), expr_extract(pool, value, 32, 32));
	ck_assert_uint_eq(t.loads.len, 0);
	ck_assert_uint_eq(transfer_load(&t, 64, above), expr_load(pool, 64, above, 0));
	ck_assert_uint_eq(transfer_load(&t, 64, below), expr_load(pool, 64, below, 0));
	ck_assert_uint_eq(transfer_load(&t, 32, across), expr_load(pool, 32, across, 1));
	ck_assert_uint_eq(transfer_load(&t, 64, value), expr_load(pool, 64, value, 1));
	ck_assert_uint_eq(t.loads.len, 4);

	transfer_add_store(&t, reg(pool, R1), at, at);
	ck_assert_uint_eq(transfer_load(&t, 64, at), expr_load(pool, 64, at, 2));
	ck_assert_uint_eq(transfer_load(&t, 64, above), expr_load(pool, 64, above, 0));
	teardown(pool, &t);
}
END_TEST

START_TEST(printed_with_names_for_shared_parts)
{
	struct expr_pool *pool;
	struct transfer t;
	struct strbuf out = {0};

	setup(&pool, &t);
	expr_id first = reg(pool, R64), second = reg(pool, OTHER64);
	expr_id sum = expr_add(pool, expr_add(pool, first, second), expr_const(pool, 64, 1));
	transfer_set_reg(&t, R64, sum);
	transfer_set_reg(&t, R1, expr_is_zero(pool, sum));
	transfer_add_fault(&t, reg(pool, 12), FAULT_DIVIDE);
	transfer_add_store(&t, reg(pool, R1), expr_sub(pool, reg(pool, R64), expr_const(pool, 64, 8)), sum);
	transfer_load(&t, 8, reg(pool, R64));
	ck_no_error(transfer_verify(&t, &random_layout));
	transfer_print(&out, &t, NULL);
	ck_assert_str_eq(strbuf_text(&out), "t1 = (r6:64 + r11:64) + 0x1:64\n"
					    "access mem8[r6:64]\n"
					    "fault divide if r12:1\n"
					    "mem64[r6:64 - 0x8:64] = t1 if r0:1\n"
					    "r6:64 = t1\n"
					    "r0:1 = (r6:64 + r11:64) == 0xffffffffffffffff:64\n");
	strbuf_deinit(&out);
	teardown(pool, &t);
}
END_TEST

/* Every part of a transfer is marked, whatever it is made of, and nothing else. */
START_TEST(marks_are_what_a_transfer_needs)
{
	struct expr_pool *pool;
	struct transfer t;
	bool marks[64] = {false};

	setup(&pool, &t);
	expr_id a = reg(pool, R64), b = reg(pool, OTHER64), guard = reg(pool, R1);
	expr_id eight = expr_const(pool, 64, 8), at = expr_add(pool, a, eight);
	expr_id load = transfer_load(&t, 64, at), unused = expr_add(pool, load, b), sum = expr_sub(pool, a, b);
	expr_id two = reg(pool, R64 - 1), cond = expr_is_zero(pool, two);

	transfer_add_fault(&t, cond, FAULT_DIVIDE);
	transfer_add_store(&t, guard, b, b);
	transfer_set_reg(&t, R64, sum);
	ck_assert_uint_le(expr_pool_size(pool), 64);
	marks_add_transfer(marks, &t);
	const expr_id roots[] = {load, cond, guard, b, sum};
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		ck_assert(marks[roots[i]]);
	ck_assert(!marks[a] && !marks[at] && !marks[two]);
	marks_spread(marks, pool);
	ck_assert(marks[a] && marks[at] && marks[eight] && marks[two]);
	ck_assert(!marks[unused]);
	teardown(pool, &t);
}
END_TEST

START_TEST(verify_refuses)
{
	struct expr_pool *pool;
	struct transfer t;
	static const char *const reasons[] = {
		"read with another width",
		"written with another width",
		"written twice",
		"not of one bit",
		"do not exist",
		"not of 64 bits",
		"whole bytes",
		"comes after",
		"no value",
		"cannot have",
	};

	setup(&pool, &t);
	switch (_i) {
	case 0: transfer_set_reg(&t, R64, expr_zext(pool, expr_reg(pool, 8, OTHER64), 64)); break;
	case 1: transfer_set_reg(&t, R64, reg(pool, R1)); break;
	case 2:
		transfer_set_reg(&t, R64, reg(pool, R64));
		transfer_set_reg(&t, OTHER64, reg(pool, R64));
		t.regs.at[1].reg = R64;
		break;
	case 3: transfer_add_fault(&t, reg(pool, R64), FAULT_DIVIDE); break;
	case 4: transfer_set_reg(&t, R64, expr_load(pool, 64, reg(pool, R64), 1)); break;
	case 5: transfer_add_store(&t, EXPR_NONE, reg(pool, 4), reg(pool, R64)); break;
	case 6: transfer_add_store(&t, EXPR_NONE, reg(pool, R64), reg(pool, 1)); break;
	case 7: transfer_add_store(&t, EXPR_NONE, reg(pool, R64), expr_load(pool, 64, reg(pool, R64), 1)); break;
	case 8: transfer_set_reg(&t, R64, EXPR_NONE); break;
	default: transfer_add_fault(&t, reg(pool, R1), FAULT_PAGE); break;
	}
	ck_error(transfer_verify(&t, &random_layout), ERROR_BUG, reasons[_i]);
	teardown(pool, &t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transfer");
	TCase *hand = tcase_create("by hand");

	tcase_add_test(hand, loads_are_forwarded_where_certain);
	tcase_add_test(hand, printed_with_names_for_shared_parts);
	tcase_add_test(hand, marks_are_what_a_transfer_needs);
	tcase_add_loop_test(hand, verify_refuses, 0, 10);
	suite_add_tcase(suite, hand);
	return test_main(suite);
}
