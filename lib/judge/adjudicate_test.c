/* What the oracle leaves open confirms no finding. */
#include "lib/judge/adjudicate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/codec.h"
#include "lib/judge/judge.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"
#include "lib/testing/regs.h"

static const uint64_t code = 0x401000;

static const struct isa *isa;
static struct oracle *oracle;

static struct error *read_page(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable)
{
	(void)ctx;
	if (address != code)
		return error_fault(address);
	memset(ret, 0x90, MEMORY_PAGE);
	*ret_writable = false;
	return NULL;
}

/* What the oracle says of a finding at the instruction, xmm0's low lane being as given. */
static void weigh(const char *hex, uint64_t xmm0, struct finding *ret)
{
	const struct judge_options options = {.oracle = oracle};
	struct source source = {.isa = isa};
	struct judge judge = {.options = &options, .source = &source};
	struct lift_cache *cache;
	struct oracle_pages pages = {.read = read_page};
	struct state before;

	ret->insn.pc = code;
	ret->insn.len = (uint8_t)(strlen(hex) / 2);
	ck_assert(codec_decode_hex(hex, strlen(hex), ret->insn.bytes));
	ck_no_error(lift_cache_create(isa, 0, &cache));
	judge.model.cache = cache;
	ck_no_error(state_init(&before, isa));
	oracle_initial_state(oracle, &before);
	state_set(&before, isa->pc, code);
	state_set(&before, test_reg(isa, "xmm0"), xmm0);
	ck_no_error(adjudicate(&judge, ret, &before, &pages));
	state_deinit(&before);
	lift_cache_destroy(cache);
}

/* Of a target that raised SIGILL, where the model says that there is no fault. */
static void ask(const char *hex, struct finding *ret)
{
	*ret = (struct finding){.kind = LOCATION_FAULT, .observed = {SIGILL}, .width = 64};
	weigh(hex, 0, ret);
}

START_TEST(left_open)
{
	struct finding f;

	ck_no_error(oracle_create_forced(isa, ORACLE_FORCE_NO_CALLS_32, &oracle));
	ask("cd80", &f);
	ck_assert_int_eq(f.severity, SEVERITY_MODEL);
	ck_assert_str_eq(f.opinion, "the host's CPU leaves it open: no 32-bit calls on this host");
	free(f.opinion);
	ask("90", &f);
	ck_assert_int_eq(f.severity, SEVERITY_CONFIRMED);
	ck_assert_str_eq(f.opinion, "the host's CPU agrees with the model");
	free(f.opinion);
	oracle_destroy(oracle);
}
END_TEST

/* rcpss xmm0, xmm0 of 3.0: the CPU need not have what is expected, but what is within the error of it. */
START_TEST(within_bound)
{
	static const struct fp_bound rcp = {
		.format = FP_F32, .function = FP_FUNCTION_RCP, .unit = FP_BOUND_RELATIVE, .multiple = 3, .shift = 13};
	enum { THREE = 0x40400000, THIRD = 0x3eaaaaab, WRONG = 0x3eabaaab };
	struct finding f = {.kind = LOCATION_REG, .width = 128, .expected = {THIRD}, .observed = {WRONG}};
	struct strbuf text = {0};

	ck_no_error(oracle_create_native(isa, &oracle));
	f.reg = test_reg(isa, "xmm0");
	f.bounds[0] = (struct eval_bound){.reg = f.reg, .bound = rcp, .arg = {THREE}};
	f.num_bounds = 1;
	weigh("f30f53c0", THREE, &f);
	ck_assert_int_eq(f.severity, SEVERITY_CONFIRMED);
	free(f.opinion);
	finding_bounds(&text, &f);
	ck_assert_str_eq(strbuf_text(&text), "bits 31:0 within 1.5 * 2^-12 of rcp(0x1.8p+1)");
	strbuf_deinit(&text);
	oracle_destroy(oracle);
}
END_TEST

static Suite *adjudicate_suite(void)
{
	Suite *s = suite_create("second opinions");
	TCase *c = tcase_create("left open");

	tcase_add_test(c, left_open);
	tcase_add_test(c, within_bound);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	int status;

	isa = test_native_isa("x86_64", "adjudicate_test", &status);
	if (!isa)
		return status;
	return test_main(adjudicate_suite());
}
