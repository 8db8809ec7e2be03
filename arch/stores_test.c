/*
 * isa->undetermined against the transfers: whatever the CPU, each encoding of the ISA's table whose stores may have
 * bits that are undefined or from outside is told by its bytes, and no other is; none is said to take an input that
 * does not.
 */
#include <stdio.h>

#include "arch/arch.h"
#include "lib/base/rng.h"
#include "lib/expr/pool.h"
#include "lib/expr/taint.h"
#include "lib/testing/assert.h"

enum { TRIES = 3, WORDS = 200, WINDOW = 0x10000, PC = 0x1000 };

static struct isa_lifter *lifter;
static struct expr_pool *pool;
static struct transfer transfer;
static size_t num_stores, num_told, num_inputs;

static void setup(void)
{
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&transfer, pool);
	num_stores = num_told = num_inputs = 0;
}

static void teardown(void)
{
	transfer_deinit(&transfer);
	expr_pool_destroy(pool);
}

static bool is_zero(expr_id id)
{
	uint64_t word;

	return expr_width(pool, id) <= 64 ? expr_is_const(pool, id, &word) && !word
					  : id == expr_const(pool, expr_width(pool, id), 0);
}

static bool stores_undetermined(void)
{
	for (size_t i = 0; i < transfer.stores.len; i++)
		if (!is_zero(expr_taint(pool, transfer.stores.at[i].value, TAINT_UNDEF | TAINT_ENV)))
			return true;
	return false;
}

static bool has_input(expr_id id)
{
	return id != EXPR_NONE && !is_zero(expr_taint(pool, id, TAINT_ENV));
}

static bool takes_input(void)
{
	for (size_t i = 0; i < transfer.regs.len; i++)
		if (has_input(transfer.regs.at[i].value))
			return true;
	for (size_t i = 0; i < transfer.faults.len; i++)
		if (has_input(transfer.faults.at[i].cond))
			return true;
	return false;
}

/* Too common as bytes of something else: see arch/x86_64/entry.c; and what is known of memory after it has run. */
static bool is_left_out(const struct insn *insn)
{
	return strcmp(insn->form, "sldt m16") == 0 || strcmp(insn->form, "str m16") == 0 || insn->rest_len;
}

static void check_input(const struct isa *isa, const struct insn *insn, const uint8_t *bytes, size_t len)
{
	if (isa->undetermined(bytes, len) != ISA_UNDETERMINED_INPUT)
		return;
	ck_assert_msg(takes_input() || transfer.faults.len, "%s (%02x %02x %02x %02x)", insn->text, bytes[0], bytes[1],
		      bytes[2], bytes[3]);
	num_inputs++;
	for (size_t n = 0; n < insn->len; n++)
		ck_assert_int_ne(isa->undetermined(bytes, n), ISA_UNDETERMINED_INPUT);
}

static void check(const struct isa *isa, const uint8_t *bytes, size_t len)
{
	struct insn insn;

	expr_pool_reset(pool);
	transfer_reset(&transfer, pool);
	ck_no_error(isa->lift(lifter, PC, bytes, len, &transfer, &insn));
	if (insn.status != LIFT_DONE || insn.rule || insn.reserved || insn.closes)
		return;
	check_input(isa, &insn, bytes, len);
	enum isa_undetermined kind = isa->undetermined(bytes, len);
	bool stores = stores_undetermined() && !is_left_out(&insn);
	bool told = kind == ISA_UNDETERMINED_STORE || kind == ISA_UNDETERMINED_STATE;
	ck_assert_msg(stores == told || (told && !transfer.stores.len), "%s: %s (%02x %02x %02x %02x)", insn.text,
		      stores ? "not told" : "told", bytes[0], bytes[1], bytes[2], bytes[3]);
	num_stores += transfer.stores.len > 0;
	num_told += told;
	/* What is cut off may be none. */
	for (size_t n = 0; n < insn.len && told; n++)
		ck_assert_int_eq(isa->undetermined(bytes, n), ISA_DETERMINED);
}

static void walk_variants(const struct isa *isa)
{
	struct rng rng = {.state = 11};
	uint8_t bytes[ISA_MAX_INSN_LEN];

	for (size_t i = 0; i < isa->variants->count(); i++)
		for (int k = 0; k < TRIES; k++)
			if (isa->variants->make(i, &rng, WINDOW, bytes))
				check(isa, bytes, sizeof bytes);
}

static void walk_words(const struct isa *isa)
{
	struct rng rng = {.state = 11};
	uint32_t mask, value;

	for (size_t i = 0; isa->lifter_encoding(lifter, i, &mask, &value); i++) {
		for (int k = 0; k < WORDS; k++) {
			uint32_t word = value | ((uint32_t)rng_next(&rng) & ~mask);
			const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
						  (uint8_t)(word >> 24)};
			check(isa, bytes, sizeof bytes);
		}
	}
}

static size_t num_isas(void)
{
	size_t n = 0;

	while (isas[n])
		n++;
	return n;
}

/* By no, one, and the other maker. */
START_TEST(encodings)
{
	const struct isa *isa = isas[(size_t)_i % num_isas()];
	const struct isa_cpu cpu = {.vendor = (enum cpu_vendor)((size_t)_i / num_isas())};

	ck_no_error(isa->lifter_create(&lifter));
	if (isa->lifter_set_cpu)
		isa->lifter_set_cpu(lifter, &cpu);
	if (isa->variants)
		walk_variants(isa);
	else
		walk_words(isa);
	printf("  %s: %zu of %zu store what only the guest decides, %zu take inputs\n", isa->name, num_told, num_stores,
	       num_inputs);
	ck_assert(num_told && num_told < num_stores && num_inputs);
	isa->lifter_destroy(lifter);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stores");
	TCase *tc = tcase_create("every isa");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, encodings, 0, 3 * (int)num_isas());
	suite_add_tcase(s, tc);
	return test_main(s);
}
