#include "lib/expr/eval.h"

#include "lib/expr/bv.h"
#include "lib/expr/interp.h"
#include "lib/expr/taint.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

/* ---- A memory of pseudo-random bytes, with a hole and unknown bytes ---- */

enum { HOLE = 0xdead0000 };

struct bytes {
	uint64_t seed;
	uint64_t unknown_every; /* 0: all are known */
	unsigned loads;
};

static uint8_t byte_at(const struct bytes *m, uint64_t address)
{
	struct rng r = {.state = m->seed ^ address * 0x9e3779b97f4a7c15};

	return (uint8_t)rng_next(&r);
}

static enum mem_result load_bytes(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct bytes *m = ctx;

	m->loads++;
	if (address >> 16 == HOLE >> 16)
		return MEM_FAULT;
	for (unsigned i = 0; i < len; i++) {
		ret[i] = byte_at(m, address + i);
		if (m->unknown_every && (address + i) % m->unknown_every == 0)
			unknown[i] = 0xff;
	}
	return MEM_OK;
}

/* ---- One transfer, by hand ---- */

enum { R8 = 2, R64 = 6, OTHER64 = 11, R1 = 0, OTHER1 = 12, R128 = 8, R256 = 9, R512 = 10 };

struct fixture {
	struct expr_pool *pool;
	struct transfer t;
	struct bytes bytes;
	struct eval_memory memory;
	uint64_t state[RANDOM_STATE_WORDS], unknown[RANDOM_STATE_WORDS];
	struct prog *prog;
	struct eval e;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.memory = {.load = load_bytes}};
	f->memory.ctx = &f->bytes;
	ck_no_error(expr_pool_create(true, &f->pool));
	transfer_init(&f->t, f->pool);
}

static void fixture_deinit(struct fixture *f)
{
	eval_deinit(&f->e);
	prog_destroy(f->prog);
	transfer_deinit(&f->t);
	expr_pool_destroy(f->pool);
}

static void fixture_run(struct fixture *f)
{
	if (!f->prog)
		ck_no_error(prog_compile(&f->t, &random_layout, &f->prog));
	ck_no_error(prog_run(f->prog, f->state, f->unknown, &f->memory, &f->e));
}

static uint64_t *state_of(struct fixture *f, unsigned reg)
{
	return f->state + random_layout.word[reg];
}

static uint64_t *unknown_of(struct fixture *f, unsigned reg)
{
	return f->unknown + random_layout.word[reg];
}

static expr_id reg(const struct fixture *f, unsigned r)
{
	return expr_reg(f->pool, random_widths[r], r);
}

START_TEST(add_with_carry)
{
	struct fixture f;
	fixture_init(&f);

	expr_id sum = expr_add(f.pool, reg(&f, R64), reg(&f, OTHER64));
	transfer_set_reg(&f.t, R64, sum);
	transfer_set_reg(&f.t, R1, expr_ult(f.pool, sum, reg(&f, R64)));
	*state_of(&f, R64) = UINT64_MAX;
	*state_of(&f, OTHER64) = 3;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_DONE);
	ck_assert_uint_eq(f.e.num_regs, 2);
	ck_assert_uint_eq(*f.e.regs[0].value, 2);
	ck_assert_uint_eq(*f.e.regs[1].value, 1);
	ck_assert_ptr_null(f.e.regs[0].mask);
	ck_assert(!f.e.used_unknown);
	fixture_deinit(&f);
}
END_TEST

/* The second load lies across two stores and old memory; a guard that does not hold takes the third store out. */
START_TEST(loads_see_earlier_stores)
{
	struct fixture f;
	fixture_init(&f);

	expr_id at = reg(&f, R64), next = expr_add(f.pool, at, expr_const(f.pool, 64, 4));
	transfer_add_store(&f.t, EXPR_NONE, at, expr_const(f.pool, 64, 0x1122334455667788));
	transfer_add_store(&f.t, reg(&f, OTHER1), next, expr_const(f.pool, 32, 0xaabbccdd));
	transfer_add_store(&f.t, reg(&f, R1), next, expr_const(f.pool, 32, 0xdddddddd));
	expr_id seen = expr_load(f.pool, 32, next, 0);
	for (uint32_t version = 1; version <= 3; version++)
		seen = expr_concat(f.pool, seen, expr_load(f.pool, 32, next, version));
	transfer_set_reg(&f.t, R128, seen);
	expr_id before = expr_sub(f.pool, at, expr_const(f.pool, 64, 4));
	transfer_set_reg(&f.t, R256, expr_zext(f.pool, expr_load(f.pool, 128, before, 3), 256));
	*state_of(&f, R64) = 0x1000;
	*state_of(&f, OTHER1) = 1;

	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_DONE);

	uint64_t old = 0, after = 0;
	for (unsigned i = 0; i < 4; i++) {
		old |= (uint64_t)byte_at(&f.bytes, 0x1004 + i) << 8 * i;
		after |= (uint64_t)byte_at(&f.bytes, 0x1008 + i) << 8 * i;
	}
	ck_assert_uint_eq(f.e.regs[0].value[1], old << 32 | 0x11223344);
	ck_assert_uint_eq(f.e.regs[0].value[0], 0xaabbccddaabbccdd);
	ck_assert_uint_eq(f.e.regs[1].value[0] >> 32, 0x55667788);
	ck_assert_uint_eq(f.e.regs[1].value[1], after << 32 | 0xaabbccdd);
	ck_assert_uint_eq(f.e.num_stores, 2);
	ck_assert_uint_eq(f.e.stores[1].address, 0x1004);
	ck_assert_uint_eq(f.e.stores[1].len, 4);
	fixture_deinit(&f);
}
END_TEST

START_TEST(faults_come_first_and_in_order)
{
	struct fixture f;
	fixture_init(&f);

	transfer_add_fault(&f.t, expr_is_zero(f.pool, reg(&f, R64)), FAULT_DIVIDE);
	transfer_add_fault(&f.t, reg(&f, R1), FAULT_PROTECTION);
	transfer_set_reg(&f.t, OTHER64, transfer_load(&f.t, 64, reg(&f, OTHER64)));
	transfer_add_store(&f.t, EXPR_NONE, reg(&f, R64), reg(&f, R64));
	*state_of(&f, R1) = 1;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_FAULT);
	ck_assert_int_eq(f.e.fault, FAULT_DIVIDE);
	ck_assert_uint_eq(f.bytes.loads, 0);

	*state_of(&f, R64) = 1;
	fixture_run(&f);
	ck_assert_int_eq(f.e.fault, FAULT_PROTECTION);
	ck_assert_uint_eq(f.e.num_stores, 0);

	*state_of(&f, R1) = 0;
	*state_of(&f, OTHER64) = HOLE + 8;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_FAULT);
	ck_assert_int_eq(f.e.fault, FAULT_PAGE);
	ck_assert_uint_eq(f.e.fault_address, HOLE + 8);
	ck_assert_uint_eq(f.e.num_regs, 0);
	fixture_deinit(&f);
}
END_TEST

/* `and mem, 0` and the like: the value is not needed, the page is. */
/* Such as of a result: behind the accesses, which may fault before, and with the registers that tell of it. */
START_TEST(a_fault_may_come_last)
{
	struct fixture f;

	fixture_init(&f);
	expr_id address = reg(&f, R64);
	transfer_load(&f.t, 8, address);
	transfer_add_store(&f.t, EXPR_NONE, address, reg(&f, R8));
	transfer_set_reg(&f.t, R8, expr_const(f.pool, 8, 1));
	transfer_set_reg_on_fault(&f.t, OTHER64, expr_const(f.pool, 64, 2));
	transfer_add_last_fault(&f.t, reg(&f, R1), FAULT_FLOAT);
	*state_of(&f, R64) = HOLE;
	*state_of(&f, R1) = 1;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_FAULT);
	ck_assert_int_eq(f.e.fault, FAULT_PAGE);
	ck_assert(!f.e.last_fault);

	*state_of(&f, R64) = 0x1000;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_FAULT);
	ck_assert_int_eq(f.e.fault, FAULT_FLOAT);
	ck_assert(f.e.last_fault);
	ck_assert_uint_eq(f.e.num_stores, 1);
	ck_assert_uint_eq(f.e.num_regs, 1);
	ck_assert_uint_eq(f.e.regs[0].reg, OTHER64);
	ck_assert_uint_eq(f.e.regs[0].value[0], 2);

	*state_of(&f, R1) = 0;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_DONE);
	ck_assert_uint_eq(f.e.num_regs, 2);
	fixture_deinit(&f);
}
END_TEST

START_TEST(a_load_without_use_faults)
{
	struct fixture f;
	fixture_init(&f);

	expr_id loaded = transfer_load(&f.t, 64, reg(&f, OTHER64));
	transfer_set_reg(&f.t, R64, expr_and(f.pool, loaded, expr_const(f.pool, 64, 0)));
	*state_of(&f, OTHER64) = HOLE;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_FAULT);
	fixture_deinit(&f);
}
END_TEST

START_TEST(unknown_bits_make_masks)
{
	struct fixture f;
	fixture_init(&f);

	transfer_set_reg(&f.t, R64, expr_xor(f.pool, reg(&f, R64), reg(&f, OTHER64)));
	transfer_set_reg(&f.t, OTHER64, expr_and(f.pool, reg(&f, OTHER64), expr_const(f.pool, 64, 0xff)));
	*state_of(&f, R64) = 0xff0;
	*unknown_of(&f, OTHER64) = 0xf0f000;
	*state_of(&f, OTHER64) = 1;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_DONE);
	ck_assert(f.e.used_unknown);
	ck_assert_uint_eq(*f.e.regs[0].mask, 0xf0f000);
	ck_assert_uint_eq(*f.e.regs[0].value, 0xff1);
	ck_assert_ptr_null(f.e.regs[1].mask);
	fixture_deinit(&f);
}
END_TEST

/* The words of a wide register that are not read may be unknown. */
START_TEST(unread_words_do_not_count)
{
	struct fixture f;
	fixture_init(&f);

	transfer_set_reg(&f.t, R128, expr_not(f.pool, expr_extract(f.pool, reg(&f, R512), 128, 128)));
	unknown_of(&f, R512)[1] = UINT64_MAX;
	unknown_of(&f, R512)[4] = UINT64_MAX;
	fixture_run(&f);
	ck_assert(!f.e.used_unknown);
	ck_assert_uint_eq(f.e.regs[0].value[1], UINT64_MAX);
	fixture_deinit(&f);
}
END_TEST

START_TEST(unknown_address_guard_or_condition_predicts_nothing)
{
	struct fixture f;
	fixture_init(&f);

	if (_i == 0)
		transfer_set_reg(&f.t, OTHER64, transfer_load(&f.t, 64, reg(&f, R64)));
	if (_i == 1)
		transfer_add_store(&f.t, EXPR_NONE, reg(&f, R64), reg(&f, OTHER64));
	if (_i == 2)
		transfer_add_store(&f.t, expr_msb(f.pool, reg(&f, R64)), reg(&f, OTHER64), reg(&f, OTHER64));
	if (_i == 3)
		transfer_add_fault(&f.t, expr_is_zero(f.pool, reg(&f, R64)), FAULT_DIVIDE);
	fixture_run(&f);
	ck_assert_int_ne(f.e.status, EVAL_UNKNOWN);
	*unknown_of(&f, R64) = (uint64_t)1 << 63;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_UNKNOWN);
	fixture_deinit(&f);
}
END_TEST

START_TEST(unknown_memory_is_followed)
{
	struct fixture f;
	fixture_init(&f);

	f.bytes.unknown_every = 4;
	transfer_set_reg(&f.t, R64, transfer_load(&f.t, 64, reg(&f, R64)));
	transfer_set_reg(&f.t, R8, transfer_load(&f.t, 8, reg(&f, OTHER64)));
	*state_of(&f, OTHER64) = 1;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_DONE);
	ck_assert_uint_eq(*f.e.regs[0].mask, 0x000000ff000000ff);
	ck_assert_uint_eq(*f.e.regs[0].value & *f.e.regs[0].mask, 0);
	ck_assert_ptr_null(f.e.regs[1].mask);
	fixture_deinit(&f);
}
END_TEST

START_TEST(undefined_bits_are_masked)
{
	struct fixture f;
	fixture_init(&f);

	expr_id undef = expr_undef(f.pool, 64);
	transfer_set_reg(&f.t, R64, expr_concat(f.pool, expr_undef(f.pool, 32), expr_const(f.pool, 32, 7)));
	transfer_add_store(&f.t, EXPR_NONE, reg(&f, R64), undef);
	/* Through memory: the bits that come back are undefined too. */
	transfer_set_reg(&f.t, OTHER64, expr_load(f.pool, 64, reg(&f, OTHER64), 1));
	*state_of(&f, OTHER64) = 4;
	fixture_run(&f);
	ck_assert(prog_uses_undef(f.prog) && !prog_uses_env(f.prog));
	ck_assert(prog_writes(f.prog, R64) && prog_writes(f.prog, OTHER64) && !prog_writes(f.prog, R1));
	ck_assert_uint_eq(*f.e.regs[0].mask, 0xffffffff00000000);
	ck_assert_uint_eq(*f.e.regs[0].value, 7);
	ck_assert(f.e.stores[0].masked);
	ck_assert_uint_eq(f.e.stores[0].mask[7], 0xff);
	ck_assert_uint_eq(*f.e.regs[1].mask, 0x00000000ffffffff);
	fixture_deinit(&f);
}
END_TEST

START_TEST(what_cannot_be_evaluated_is_refused)
{
	struct fixture f;
	fixture_init(&f);

	transfer_set_reg(&f.t, R64, expr_load(f.pool, 64, reg(&f, R64), 1));
	ck_error(prog_compile(&f.t, &random_layout, &f.prog), ERROR_BUG, "load");

	transfer_reset(&f.t, f.pool);
	transfer_set_reg(&f.t, R64, expr_reg(f.pool, 64, 1000));
	ck_error(prog_compile(&f.t, &random_layout, &f.prog), ERROR_BUG, "register 1000");
	fixture_deinit(&f);
}
END_TEST

/* What fits only without following unknown bits, is evaluated only where there are none; then nothing fits. */
START_TEST(large_transfers)
{
	struct fixture f;
	fixture_init(&f);

	expr_id value = reg(&f, R512), one = expr_const(f.pool, 8, 1);
	for (unsigned i = 0; i < 3000; i++)
		value = expr_rol(f.pool, expr_add(f.pool, value, reg(&f, R512)), one);
	transfer_set_reg(&f.t, R512, value);
	*state_of(&f, R512) = 1;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_DONE);
	*unknown_of(&f, R512) = 2;
	fixture_run(&f);
	ck_assert_int_eq(f.e.status, EVAL_UNKNOWN);
	ck_assert(f.e.used_unknown);

	for (unsigned i = 0; i < 3000; i++)
		value = expr_rol(f.pool, expr_add(f.pool, value, reg(&f, R512)), one);
	transfer_set_reg(&f.t, R512, value);
	prog_destroy(f.prog);
	f.prog = NULL;
	ck_error(prog_compile(&f.t, &random_layout, &f.prog), ERROR_UNSUPPORTED, "too large");
	fixture_deinit(&f);
}
END_TEST

/* ---- Programs against the interpreter, on random expressions ---- */

struct random_run {
	const uint64_t *state;
	const struct bytes *bytes;
	uint64_t seed; /* for undefined and outside values; 0: zero */
};

static struct error *random_leaf_value(void *ctx, const struct expr *n, uint64_t address, uint64_t *ret)
{
	const struct random_run *run = ctx;
	struct rng r = {.state = run->seed + n->attr * 2 + n->op};
	uint8_t bytes[64] = {0};

	memset(ret, 0, bv_words(n->width) * sizeof *ret);
	switch (n->op) {
	case EXPR_REG: memcpy(ret, run->state + random_layout.word[n->attr], bv_words(n->width) * sizeof *ret); break;
	case EXPR_LOAD:
		for (unsigned i = 0; i < n->width / 8u; i++)
			bytes[i] = byte_at(run->bytes, address + i);
		memcpy(ret, bytes, n->width / 8);
		break;
	default:
		if (run->seed)
			rng_value(&r, n->width, ret);
		break;
	}
	return NULL;
}

static void check_against_interpreter(struct fixture *f, struct rng *rng)
{
	struct random_expr g = {.pool = f->pool, .rng = rng, .load = true};
	struct random_run run = {.state = f->state, .bytes = &f->bytes};
	uint64_t expected[EXPR_MAX_WORDS];

	for (unsigned i = 0; i < 4; i++) {
		uint32_t r = rng_below(rng, RANDOM_NUM_REGS);
		transfer_set_reg(&f->t, r, random_expr(&g, random_widths[r], 4));
	}
	for (unsigned i = 0; i < 4; i++) {
		random_state(rng, f->state);
		fixture_run(f);
		if (f->e.status != EVAL_DONE)
			continue; /* an address in the hole */
		for (size_t k = 0; k < f->e.num_regs; k++) {
			ck_no_error(interp(f->pool, f->t.regs.at[k].value, random_leaf_value, &run, expected));
			ck_bits(f->e.regs[k].value, expected, f->e.regs[k].width);
		}
	}
	vec_deinit(&g.made);
}

START_TEST(programs_agree_with_the_interpreter)
{
	struct rng rng = {.state = 1};

	for (unsigned i = 0; i < 1500; i++) {
		struct fixture f;

		fixture_init(&f);
		f.bytes.seed = i;
		check_against_interpreter(&f, &rng);
		fixture_deinit(&f);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eval");
	TCase *hand = tcase_create("by hand"), *random = tcase_create("random");

	tcase_add_test(hand, add_with_carry);
	tcase_add_test(hand, loads_see_earlier_stores);
	tcase_add_test(hand, faults_come_first_and_in_order);
	tcase_add_test(hand, a_fault_may_come_last);
	tcase_add_test(hand, a_load_without_use_faults);
	tcase_add_test(hand, unknown_bits_make_masks);
	tcase_add_test(hand, unread_words_do_not_count);
	tcase_add_loop_test(hand, unknown_address_guard_or_condition_predicts_nothing, 0, 4);
	tcase_add_test(hand, unknown_memory_is_followed);
	tcase_add_test(hand, undefined_bits_are_masked);
	tcase_add_test(hand, what_cannot_be_evaluated_is_refused);
	tcase_add_test(hand, large_transfers);
	tcase_add_test(random, programs_agree_with_the_interpreter);
	tcase_set_timeout(random, 60);
	suite_add_tcase(suite, hand);
	suite_add_tcase(suite, random);
	return test_main(suite);
}
