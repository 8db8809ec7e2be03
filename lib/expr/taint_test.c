#include "lib/expr/taint.h"

#include "lib/base/map.h"
#include "lib/expr/eval.h"
#include "lib/expr/interp.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

/* ---- By hand ---- */

static struct expr_pool *pool;

static void setup(void)
{
	ck_no_error(expr_pool_create(true, &pool));
}

static void teardown(void)
{
	expr_pool_destroy(pool);
}

static uint64_t const_mask(expr_id id)
{
	uint64_t mask = 0;

	ck_assert(expr_is_const(pool, expr_taint(pool, id, TAINT_UNDEF), &mask));
	return mask;
}

START_TEST(masks_of_constants_are_constants)
{
	expr_id undef = expr_undef(pool, 8), reg = expr_reg(pool, 64, 6);
	expr_id byte = expr_concat(pool, expr_concat(pool, expr_extract(pool, reg, 40, 24), undef),
				   expr_extract(pool, reg, 0, 32));

	ck_assert_uint_eq(const_mask(reg), 0);
	ck_assert_uint_eq(const_mask(byte), 0xff00000000);
	ck_assert_uint_eq(const_mask(expr_and(pool, byte, expr_const(pool, 64, 0xfffffffff))), 0xf00000000);
	ck_assert_uint_eq(const_mask(expr_or(pool, byte, expr_const(pool, 64, 0xfffffffff))), 0xf000000000);
	ck_assert_uint_eq(const_mask(expr_add(pool, byte, reg)), 0xffffffff00000000);
	ck_assert_uint_eq(const_mask(expr_eq(pool, byte, reg)), 1);
	ck_assert_uint_eq(const_mask(expr_lanes(pool, EXPR_VADD, 16, byte, reg, EXPR_NONE)), 0xffff00000000);
	ck_assert_uint_eq(const_mask(expr_lanes(pool, EXPR_VMINU, 8, byte, reg, EXPR_NONE)), 0xff00000000);
	ck_assert_uint_eq(const_mask(expr_xor(pool, undef, undef)), 0);
}
END_TEST

/* An undetermined choice between branches that agree in most bits leaves these determined. */
START_TEST(undetermined_choice)
{
	expr_id chosen = expr_ite(pool, expr_undef(pool, 1), expr_const(pool, 8, 0x13), expr_const(pool, 8, 0x11));

	ck_assert_uint_eq(const_mask(chosen), 2);
}
END_TEST

START_TEST(sources_are_told_apart)
{
	expr_id both = expr_concat(pool, expr_undef(pool, 8), expr_env(pool, 8, ENV_TSC));
	uint64_t mask;

	ck_assert(expr_is_const(pool, expr_taint(pool, both, TAINT_UNDEF), &mask));
	ck_assert_uint_eq(mask, 0xff00);
	ck_assert(expr_is_const(pool, expr_taint(pool, both, TAINT_ENV), &mask));
	ck_assert_uint_eq(mask, 0x00ff);
	ck_assert_uint_eq(expr_taint(pool, expr_reg(pool, 64, 6), TAINT_UNKNOWN),
			  expr_reg(pool, 64, 6 | TAINT_MASK_BIT));
}
END_TEST

/* ---- Random: other undefined and unknown bits change no bit outside the mask ---- */

struct world {
	const uint64_t *state, *unknown;
	uint64_t seed; /* of what is undefined or unknown; 0: zeros */
};

static void fill(const struct world *w, const struct expr *n, uint64_t salt, uint64_t *ret)
{
	struct rng r = {.state = hash_u64(w->seed) + salt + n->op};

	memset(ret, 0, bv_words(n->width) * sizeof *ret);
	if (w->seed)
		rng_value(&r, n->width, ret);
}

/* Memory bytes are a function of the address; every third is unknown, if anything is. */
static void load_leaf(const struct world *w, const struct expr *n, uint64_t address, uint64_t *ret)
{
	uint8_t bytes[64] = {0};

	for (unsigned i = 0; i < n->width / 8u; i++) {
		bool unknown = w->unknown && (address + i) % 3 == 0;
		uint64_t known_byte = hash_u64(address + i);

		if (n->attr & TAINT_MASK_BIT)
			bytes[i] = unknown ? 0xff : 0;
		else
			bytes[i] = (uint8_t)(!unknown ? known_byte : w->seed ? hash_u64(w->seed ^ (address + i)) : 0);
	}
	memset(ret, 0, bv_words(n->width) * sizeof *ret);
	memcpy(ret, bytes, n->width / 8);
}

static void reg_leaf(const struct world *w, const struct expr *n, uint64_t *ret)
{
	unsigned word = random_layout.word[n->attr & ~TAINT_MASK_BIT], words = bv_words(n->width);

	if (n->attr & TAINT_MASK_BIT) {
		memcpy(ret, w->unknown + word, words * sizeof *ret);
		return;
	}
	fill(w, n, n->attr, ret);
	for (unsigned i = 0; i < words; i++) {
		uint64_t unknown = w->unknown ? w->unknown[word + i] : 0;

		ret[i] = (w->state[word + i] & ~unknown) | (ret[i] & unknown);
	}
}

static struct error *leaf_value(void *ctx, const struct expr *n, uint64_t address, uint64_t *ret)
{
	const struct world *w = ctx;

	switch (n->op) {
	case EXPR_REG: reg_leaf(w, n, ret); break;
	case EXPR_LOAD: load_leaf(w, n, address, ret); break;
	default: fill(w, n, n->attr * UINT64_C(0x9e3779b97f4a7c15), ret); break;
	}
	return NULL;
}

static void clear_masked(uint64_t *value, const uint64_t *mask, unsigned width)
{
	for (unsigned i = 0; i < bv_words(width); i++)
		value[i] &= ~mask[i];
}

/* The mask is taken in the world of zeros, and the value there compared with those in other worlds. */
static void check_mask(struct rng *rng, struct world w, expr_id id, unsigned sources)
{
	uint64_t mask[EXPR_MAX_WORDS], expected[EXPR_MAX_WORDS], actual[EXPR_MAX_WORDS];
	unsigned width = expr_width(pool, id);
	expr_id mask_id = expr_taint(pool, id, sources);

	ck_assert_uint_eq(expr_width(pool, mask_id), width);
	ck_no_error(interp(pool, mask_id, leaf_value, &w, mask));
	ck_no_error(interp(pool, id, leaf_value, &w, expected));
	clear_masked(expected, mask, width);
	for (unsigned i = 0; i < 6; i++) {
		w.seed = rng_next(rng);
		ck_no_error(interp(pool, id, leaf_value, &w, actual));
		clear_masked(actual, mask, width);
		ck_bits(actual, expected, width);
	}
}

static void random_unknown(struct rng *rng, uint64_t unknown[RANDOM_STATE_WORDS])
{
	random_state(rng, unknown);
	for (unsigned r = 0; r < RANDOM_NUM_REGS; r++)
		for (unsigned i = 0; rng_below(rng, 2) && i < bv_words(random_widths[r]); i++)
			unknown[random_layout.word[r] + i] = 0;
}

/* _i: with unknown registers and memory as well. */
START_TEST(unmasked_bits_do_not_change)
{
	struct rng rng = {.state = 11};
	uint64_t state[RANDOM_STATE_WORDS] = {0}, unknown[RANDOM_STATE_WORDS] = {0};

	for (unsigned i = 0; i < 4000; i++) {
		struct random_expr g = {.pool = pool, .rng = &rng, .undef = true, .load = true, .dense = i % 2};
		unsigned sources = TAINT_UNDEF | TAINT_ENV | (_i ? TAINT_UNKNOWN : 0);

		expr_pool_reset(pool);
		random_state(&rng, state);
		random_unknown(&rng, unknown);
		struct world w = {.state = state, .unknown = _i ? unknown : NULL};
		expr_id id = random_expr(&g, random_widths[rng_below(&rng, RANDOM_NUM_REGS)], 1 + rng_below(&rng, 4));
		check_mask(&rng, w, id, sources);
		vec_deinit(&g.made);
	}
}
END_TEST

/* ---- The same of programs ---- */

static enum mem_result load_world(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	const struct world *w = ctx;
	struct expr load = {.op = EXPR_LOAD, .width = (uint16_t)(8 * len)};
	uint64_t words[EXPR_MAX_WORDS];

	load_leaf(w, &load, address, words);
	memcpy(ret, words, len);
	load.attr = TAINT_MASK_BIT;
	load_leaf(w, &load, address, words);
	memcpy(unknown, words, len);
	return MEM_OK;
}

static bool check_outputs(const struct transfer *t, const struct eval *e, struct world w)
{
	uint64_t actual[EXPR_MAX_WORDS];

	for (size_t i = 0; i < e->num_regs; i++) {
		const struct eval_reg *r = &e->regs[i];

		ck_no_error(interp(pool, t->regs.at[i].value, leaf_value, &w, actual));
		if (r->mask)
			clear_masked(actual, r->mask, r->width);
		ck_bits(r->value, actual, r->width);
	}
	return e->num_regs;
}

static unsigned check_program(struct rng *rng, struct world w)
{
	struct random_expr g = {.pool = pool, .rng = rng, .undef = true, .load = true};
	struct eval_memory memory = {.ctx = &w, .load = load_world};
	struct transfer t;
	struct prog *prog;
	struct eval e = {0};
	unsigned done = 0;

	transfer_init(&t, pool);
	g.dense = rng_below(rng, 2);
	for (unsigned i = 0; i < 3; i++) {
		uint32_t r = rng_below(rng, RANDOM_NUM_REGS);

		transfer_set_reg(&t, r, random_expr(&g, random_widths[r], 1 + rng_below(rng, 3)));
	}
	ck_no_error(prog_compile(&t, &random_layout, &prog));
	ck_no_error(prog_run(prog, w.state, w.unknown, &memory, &e));
	ck_assert(e.status == EVAL_DONE || e.status == EVAL_UNKNOWN);
	for (unsigned i = 0; e.status == EVAL_DONE && i < 4; i++) {
		w.seed = rng_next(rng);
		done += check_outputs(&t, &e, w);
	}
	eval_deinit(&e);
	prog_destroy(prog);
	transfer_deinit(&t);
	vec_deinit(&g.made);
	return done;
}

START_TEST(programs_mask_what_is_undetermined)
{
	struct rng rng = {.state = 12};
	uint64_t state[RANDOM_STATE_WORDS] = {0}, unknown[RANDOM_STATE_WORDS] = {0};
	unsigned done = 0;

	for (unsigned i = 0; i < 2000; i++) {
		expr_pool_reset(pool);
		random_state(&rng, state);
		random_unknown(&rng, unknown);
		for (unsigned k = 0; k < RANDOM_STATE_WORDS; k++)
			state[k] &= _i ? ~unknown[k] : UINT64_MAX;
		done += check_program(&rng, (struct world){.state = state, .unknown = _i ? unknown : NULL});
	}
	ck_assert_uint_gt(done, 1000); /* not all are unknown */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("taint");
	TCase *hand = tcase_create("by hand"), *random = tcase_create("random");

	tcase_add_checked_fixture(hand, setup, teardown);
	tcase_add_checked_fixture(random, setup, teardown);
	tcase_add_test(hand, masks_of_constants_are_constants);
	tcase_add_test(hand, undetermined_choice);
	tcase_add_test(hand, sources_are_told_apart);
	tcase_add_loop_test(random, unmasked_bits_do_not_change, 0, 2);
	tcase_add_loop_test(random, programs_mask_what_is_undetermined, 0, 2);
	tcase_set_timeout(random, 60);
	suite_add_tcase(suite, hand);
	suite_add_tcase(suite, random);
	return test_main(suite);
}
