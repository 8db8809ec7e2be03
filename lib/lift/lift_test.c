/* The cache, over a made-up ISA whose lifter counts how often it is asked. */
#include "lib/lift/lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/testing/assert.h"

/* ---- The ISA ---- */

enum { PC, ACC, NUM_REGS };

static const struct reg_desc regs[] = {
	[PC] = {.name = "pc", .class = REG_PC, .width = 64, .word = 0},
	[ACC] = {.name = "acc", .class = REG_GENERAL, .width = 32, .word = 1},
};
static const uint16_t words[] = {0, 1}, widths[] = {64, 32};

/* Opcodes. Immediates follow. */
enum {
	ADD = 1,     /* acc += imm8 */
	ENV,         /* acc = a time stamp */
	UNDEF,       /* acc = undefined */
	STORE,       /* mem32[acc] = acc */
	SYSTEM_CALL, /* pc alone */
	UNMODELLED,  /* imm8 */
	NOT_EVALUATED,
	FAILS, /* an error */
	LONG,  /* acc += imm32, 5 bytes in all */
	MAX_LEN = 5,
};

struct isa_lifter {
	unsigned calls;
	bool checks;
};

static struct isa_lifter *the_lifter;

static struct error *lifter_create(struct isa_lifter **ret)
{
	the_lifter = calloc(1, sizeof *the_lifter);
	*ret = the_lifter;
	return NULL;
}

static void lifter_set_checks(struct isa_lifter *lifter, bool on)
{
	lifter->checks = on;
}

static void lifter_destroy(struct isa_lifter *lifter)
{
	free(lifter);
}

static const struct {
	uint8_t len;
	enum lift_status status;
	const char *form;
} opcodes[] = {
	[ADD] = {2, LIFT_DONE, "add imm8"},        [ENV] = {1, LIFT_DONE, "env"},
	[UNDEF] = {1, LIFT_DONE, "undef"},         [STORE] = {1, LIFT_DONE, "store"},
	[SYSTEM_CALL] = {1, LIFT_DONE, "syscall"}, [UNMODELLED] = {2, LIFT_UNMODELLED, "strange"},
	[NOT_EVALUATED] = {1, LIFT_DONE, "large"}, [FAILS] = {1, LIFT_DONE, "fails"},
	[LONG] = {5, LIFT_DONE, "add imm32"},
};

/* More than there are slots for. */
static expr_id too_large(struct expr_pool *pool, expr_id acc)
{
	expr_id wide = expr_zext(pool, acc, EXPR_MAX_WIDTH), value = wide;

	for (unsigned i = 0; i < UINT16_MAX / EXPR_MAX_WORDS / 2 + 1; i++)
		value = expr_rol(pool, expr_add(pool, value, wide), expr_const(pool, 8, 1));
	return expr_extract(pool, value, 0, 32);
}

static expr_id new_acc(struct expr_pool *pool, const uint8_t *bytes)
{
	expr_id acc = expr_reg(pool, 32, ACC);
	uint32_t imm = 0;

	switch (bytes[0]) {
	case ADD: return expr_add(pool, acc, expr_const(pool, 32, bytes[1]));
	case ENV: return expr_env(pool, 32, ENV_TSC);
	case UNDEF: return expr_undef(pool, 32);
	case NOT_EVALUATED: return too_large(pool, acc);
	case LONG: memcpy(&imm, bytes + 1, 4); return expr_add(pool, acc, expr_const(pool, 32, imm));
	default: return acc;
	}
}

static void build(struct transfer *t, uint64_t next, const uint8_t *bytes)
{
	transfer_set_reg(t, PC, expr_const(t->pool, 64, next));
	if (bytes[0] == SYSTEM_CALL)
		t->kind = TRANSFER_SYSCALL;
	else if (bytes[0] == STORE || bytes[0] == NOT_EVALUATED)
		transfer_add_store(t, EXPR_NONE, expr_zext(t->pool, expr_reg(t->pool, 32, ACC), 64),
				   new_acc(t->pool, bytes));
	else
		transfer_set_reg(t, ACC, new_acc(t->pool, bytes));
	if (the_lifter->checks)
		transfer_add_fault(t, expr_const(t->pool, 1, 1), FAULT_ALIGNMENT);
}

static struct error *lift(struct isa_lifter *lifter, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
			  struct insn *ret)
{
	struct insn insn = {.pc = pc, .status = LIFT_TRUNCATED, .len = (uint8_t)len};
	unsigned op = len ? bytes[0] : 0;

	lifter->calls++;
	if (op >= sizeof opcodes / sizeof *opcodes || (len && !opcodes[op].len)) {
		insn.status = LIFT_UNDECODABLE;
	} else if (len >= opcodes[op].len && len) {
		insn.status = opcodes[op].status;
		insn.len = opcodes[op].len;
		snprintf(insn.form, sizeof insn.form, "%s", opcodes[op].form);
		snprintf(insn.text, sizeof insn.text, "%s", opcodes[op].form);
		insn.flags[0] = '-';
		build(t, pc + insn.len, bytes);
	}
	if (len)
		memcpy(insn.bytes, bytes, insn.len);
	if (op == FAILS)
		return error_create(ERROR_BUG, "as asked");
	*ret = insn;
	return NULL;
}

static const struct isa isa = {
	.name = "made up",
	.max_insn_len = MAX_LEN,
	.insn_align = 1,
	.regs = regs,
	.num_regs = NUM_REGS,
	.num_words = 2,
	.layout = {words, widths, NUM_REGS},
	.pc = PC,
	.lifter_create = lifter_create,
	.lifter_destroy = lifter_destroy,
	.lifter_set_checks = lifter_set_checks,
	.lift = lift,
};

/* ---- The tests ---- */

static struct lift_cache *cache;

static void setup(void)
{
	ck_no_error(lift_cache_create(&isa, 0, &cache));
}

static void teardown(void)
{
	lift_cache_destroy(cache);
}

static struct lifted *get(uint64_t pc, const void *bytes, size_t len)
{
	struct lifted *l = NULL;

	/* In a block of its own length, so that a sanitizer sees a read too far. */
	uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	ck_no_error(lift_cache_get(cache, pc, exact, len, &l));
	free(exact);
	return l;
}

static void assert_lifted(unsigned calls)
{
	ck_assert_uint_eq(the_lifter->calls, calls);
	ck_assert_uint_eq(lift_cache_stats(cache).lifted, calls);
	ck_assert_uint_eq(lift_cache_stats(cache).entries, calls);
}

START_TEST(second_time_hits)
{
	static const uint8_t code[] = {ADD, 5, ADD, 5};
	struct lifted *first = get(0x1000, code, 4);

	ck_assert_ptr_nonnull(first->prog);
	ck_assert_int_eq(first->insn.status, LIFT_DONE);
	ck_assert_uint_eq(first->count, 0);
	/* Bytes behind the instruction do not matter, nor how many there are. */
	ck_assert_ptr_eq(get(0x1000, (const uint8_t[]){ADD, 5, 9, 9}, 4), first);
	ck_assert_ptr_eq(get(0x1000, code, 2), first);
	assert_lifted(1);
	ck_assert_uint_eq(lift_cache_stats(cache).hits, 2);
	/* Another address is another instruction: the transfer depends on it. */
	ck_assert_ptr_ne(get(0x1002, code, 2), first);
	assert_lifted(2);
}
END_TEST

/* Addresses that share their place in front of the map, and those that do not. */
START_TEST(many_addresses)
{
	static const uint8_t code[] = {ADD, 1};
	static const uint64_t steps[] = {1, 2, 8192, 1 << 20, 0x123456789};
	struct lifted *all[300];

	for (uint64_t i = 0; i < 300; i++)
		all[i] = get(i * steps[_i], code, 2);
	for (uint64_t i = 0; i < 300; i++) {
		ck_assert_uint_eq(all[i]->insn.pc, i * steps[_i]);
		ck_assert_ptr_eq(get(i * steps[_i], code, 2), all[i]);
	}
	assert_lifted(300);
}
END_TEST

/* Entries of both kinds stay. */
START_TEST(checked_and_not)
{
	static const uint8_t code[] = {ADD, 5};
	struct lifted *plain = get(0x1000, code, 2);

	lift_cache_set_checks(cache, true);
	struct lifted *checked = get(0x1000, code, 2);
	ck_assert_ptr_ne(checked, plain);
	ck_assert_ptr_eq(get(0x1000, code, 2), checked);
	ck_assert(the_lifter->checks);
	lift_cache_set_checks(cache, false);
	ck_assert_ptr_eq(get(0x1000, code, 2), plain);
	ck_assert(!the_lifter->checks);
	assert_lifted(2);
}
END_TEST

/* Code that changes and changes back finds the old entries. */
START_TEST(changed_bytes)
{
	static const uint8_t codes[][5] = {{ADD, 1}, {ADD, 2}, {ENV}, {LONG, 1, 2, 3, 4}, {LONG, 1, 2, 3, 5}, {0xee}};
	struct lifted *all[6];

	for (size_t i = 0; i < 6; i++)
		all[i] = get(0x1000, codes[i], 5);
	assert_lifted(6);
	for (size_t i = 0; i < 60; i++)
		ck_assert_ptr_eq(get(0x1000, codes[i * 7 % 6], 5), all[i * 7 % 6]);
	assert_lifted(6);
	/* The list was rearranged, and still ends. */
	get(0x1000, (const uint8_t[]){ADD, 3}, 2);
	assert_lifted(7);
}
END_TEST

/* An instruction cut short is not what it becomes with more bytes, and not the one with fewer. */
START_TEST(truncated)
{
	static const uint8_t code[] = {LONG, 1, 2, 3, 4, 5};

	for (size_t len = 0; len < 5; len++) {
		ck_assert_int_eq(get(0x1000, code, len)->insn.status, LIFT_TRUNCATED);
		ck_assert_ptr_eq(get(0x1000, code, len), get(0x1000, code, len));
	}
	struct lifted *whole = get(0x1000, code, 5);
	ck_assert_int_eq(whole->insn.status, LIFT_DONE);
	ck_assert_ptr_eq(get(0x1000, code, 6), whole);
	ck_assert_ptr_null(get(0x1000, code, 4)->prog);
	assert_lifted(6);
}
END_TEST

/* Lengths are compared as far as an instruction can go. */
START_TEST(undecodable)
{
	static const uint8_t code[100] = {0xee, 1, 2, 3, 4, 5};
	struct lifted *l = get(0x1000, code, sizeof code);

	ck_assert_int_eq(l->insn.status, LIFT_UNDECODABLE);
	ck_assert_ptr_null(l->prog);
	ck_assert_ptr_eq(get(0x1000, code, 50), l);
	ck_assert_ptr_eq(get(0x1000, code, MAX_LEN), l);
	ck_assert_ptr_ne(get(0x1000, code, MAX_LEN - 1), l);
}
END_TEST

START_TEST(properties)
{
	static const struct {
		uint8_t code;
		enum lift_status status;
		bool env, undef;
		enum transfer_kind kind;
	} rows[] = {
		{ADD, LIFT_DONE, false, false, TRANSFER_PLAIN},
		{ENV, LIFT_DONE, true, false, TRANSFER_PLAIN},
		{UNDEF, LIFT_DONE, false, true, TRANSFER_PLAIN},
		{SYSTEM_CALL, LIFT_DONE, false, false, TRANSFER_SYSCALL},
		{UNMODELLED, LIFT_UNMODELLED, false, false, TRANSFER_PLAIN},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lifted *l = get(0x1000, (const uint8_t[]){rows[i].code, 0}, 2);

		ck_assert_int_eq(l->insn.status, rows[i].status);
		ck_assert_int_eq(l->prog != NULL, rows[i].status == LIFT_DONE);
		ck_assert_int_eq(l->env, rows[i].env);
		ck_assert_int_eq(l->undef, rows[i].undef);
		ck_assert_int_eq(l->kind, rows[i].kind);
	}
}
END_TEST

/* The program is that of its own bytes, and survives the scratch pool. */
START_TEST(programs_compute)
{
	struct lifted *five = get(0x1000, (const uint8_t[]){ADD, 5}, 2);
	struct lifted *seven = get(0x2000, (const uint8_t[]){ADD, 7}, 2);
	const uint64_t state[] = {0x1000, 0xffffffff};
	struct eval e = {0};

	for (uint64_t pc = 0; pc < 100; pc++)
		get(pc, (const uint8_t[]){ADD, (uint8_t)pc}, 2);
	ck_no_error(prog_run(five->prog, state, NULL, NULL, &e));
	ck_assert_int_eq(e.status, EVAL_DONE);
	ck_assert_uint_eq(e.num_regs, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_uint_eq(e.regs[i].value[0], e.regs[i].reg == PC ? 0x1002 : 4);
	ck_no_error(prog_run(seven->prog, state, NULL, NULL, &e));
	for (size_t i = 0; i < 2; i++)
		ck_assert_uint_eq(e.regs[i].value[0], e.regs[i].reg == PC ? 0x2002 : 6);
	eval_deinit(&e);
}
END_TEST

/* A transfer that evaluation refuses makes no prediction, but can be shown. */
START_TEST(refused_transfer_is_unmodelled)
{
	static const uint8_t code[] = {NOT_EVALUATED};
	struct lifted *l = get(0x1000, code, 1);
	const struct transfer *t;
	struct insn insn;

	ck_assert_int_eq(l->insn.status, LIFT_UNMODELLED);
	ck_assert_ptr_null(l->prog);
	ck_assert_str_eq(l->insn.flags, "");
	ck_assert(l->insn.may_store);
	ck_no_error(lift_again(cache, 0x1000, code, 1, &insn, &t));
	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_assert_uint_eq(t->stores.len, 1);
}
END_TEST

START_TEST(again_is_past_the_cache)
{
	static const uint8_t code[] = {ADD, 5};
	struct lifted *l = get(0x1000, code, 2);
	const struct transfer *t;
	struct insn insn;

	ck_no_error(lift_again(cache, 0x1000, code, 2, &insn, &t));
	ck_assert_mem_eq(&insn, &l->insn, sizeof insn);
	ck_assert_uint_eq(t->regs.len, 2);
	ck_assert_uint_eq(lift_cache_stats(cache).lifted, 1);
	ck_assert_uint_eq(lift_cache_stats(cache).hits, 0);
	ck_no_error(lift_again(cache, 0x1000, (const uint8_t[]){UNMODELLED, 0}, 2, &insn, &t));
	ck_assert_int_eq(insn.status, LIFT_UNMODELLED);
	ck_assert_uint_eq(t->regs.len, 0);
}
END_TEST

START_TEST(errors_pass_and_leave_no_entry)
{
	static const uint8_t fails[] = {FAILS};
	struct lifted *l;

	ck_error(lift_cache_get(cache, 0x1000, fails, 1, &l), ERROR_BUG, "as asked");
	ck_error(lift_cache_get(cache, 0x1000, fails, 1, &l), ERROR_BUG, "as asked");
	ck_assert_uint_eq(lift_cache_stats(cache).entries, 0);
	ck_assert_uint_eq(lift_cache_stats(cache).lifted, 0);
	get(0x1000, (const uint8_t[]){ENV}, 1);
	ck_assert_uint_eq(lift_cache_stats(cache).entries, 1);
}
END_TEST

START_TEST(forms_group_and_outlive)
{
	uint32_t add = get(0x1000, (const uint8_t[]){ADD, 5}, 2)->form;
	uint32_t env = get(0x1002, (const uint8_t[]){ENV}, 1)->form;

	ck_assert_uint_eq(get(0x1003, (const uint8_t[]){ADD, 6}, 2)->form, add);
	ck_assert_uint_ne(add, env);
	ck_assert_uint_ne(get(0x1005, (const uint8_t[]){0xee}, 1)->form, get(0x1006, (const uint8_t[]){ADD}, 1)->form);
	ck_assert_uint_eq(lift_cache_num_forms(cache), 4);
	ck_assert_str_eq(lift_cache_form(cache, add)->form, "add imm8");
	ck_assert_int_eq(lift_cache_form(cache, env)->status, LIFT_DONE);

	lift_cache_destroy(cache);
	ck_no_error(lift_cache_create(&isa, 1, &cache));
	add = get(0x1000, (const uint8_t[]){ADD, 5}, 2)->form;
	lift_cache_trim(cache);
	ck_assert_str_eq(lift_cache_form(cache, add)->form, "add imm8");
	ck_assert_uint_eq(get(0x1000, (const uint8_t[]){ADD, 5}, 2)->form, add);
}
END_TEST

START_TEST(limit_empties)
{
	enum { LIMIT = 100000 };

	lift_cache_destroy(cache);
	ck_no_error(lift_cache_create(&isa, LIMIT, &cache));
	for (uint64_t i = 0; i < 5000; i++) {
		uint8_t code[] = {ADD, (uint8_t)i};
		size_t before = lift_cache_stats(cache).bytes;
		struct lifted *l = get(i % 500, code, 2);

		ck_assert_uint_eq(l->insn.bytes[1], (uint8_t)i);
		ck_assert_uint_ge(lift_cache_stats(cache).bytes, before);
		lift_cache_trim(cache);
		ck_assert_uint_le(lift_cache_stats(cache).bytes, LIMIT);
	}
	struct lift_stats stats = lift_cache_stats(cache);
	ck_assert_uint_gt(stats.emptied, 1);
	ck_assert_uint_eq(stats.lifted + stats.hits, 5000);
	ck_assert_uint_le(stats.entries * sizeof(struct lifted), LIMIT);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lift");
	TCase *tc = tcase_create("cache");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, second_time_hits);
	tcase_add_test(tc, checked_and_not);
	tcase_add_loop_test(tc, many_addresses, 0, 5);
	tcase_add_test(tc, changed_bytes);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, undecodable);
	tcase_add_test(tc, properties);
	tcase_add_test(tc, programs_compute);
	tcase_add_test(tc, refused_transfer_is_unmodelled);
	tcase_add_test(tc, again_is_past_the_cache);
	tcase_add_test(tc, errors_pass_and_leave_no_entry);
	tcase_add_test(tc, forms_group_and_outlive);
	tcase_add_test(tc, limit_empties);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return test_main(suite());
}
