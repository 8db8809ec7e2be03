/* The self-test finds what is wrong with a model: models made wrong on purpose, one way at a time. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/codec.h"
#include "lib/oracle/selftest.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"
#include "lib/testing/regs.h"

static const struct isa *real;
static struct isa lying;
static struct oracle *oracle;
static struct selftest *test;

/* What the lifter does to a transfer after it was made. */
static void (*lie)(struct transfer *t, struct insn *insn);

static struct error *lift(struct isa_lifter *lifter, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
			  struct insn *ret)
{
	struct error *err = real->lift(lifter, pc, bytes, len, t, ret);

	if (!err && lie && ret->status == LIFT_DONE)
		lie(t, ret);
	return err;
}

static void setup(void)
{
	lie = NULL;
	lying = *real;
	lying.lift = lift;
	ck_no_error(oracle_create_native(real, &oracle));
	ck_no_error(selftest_create(&lying, oracle, &test));
}

static void teardown(void)
{
	selftest_destroy(test);
	oracle_destroy(oracle);
}

/* By which alignment is not checked: what is misaligned is accessed, too. */
enum { SEED = 298 };

static struct selftest_result run(const char *hex, struct strbuf *text)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	struct selftest_result result;

	ck_assert(codec_decode_hex(hex, strlen(hex), bytes));
	ck_no_error(selftest_insn(test, bytes, strlen(hex) / 2, 200, SEED, text, &result));
	return result;
}

static void expect_honest(const char *hex)
{
	struct strbuf text = {0};
	struct selftest_result result = run(hex, &text);

	ck_assert_msg(result.insn.status == LIFT_DONE, "%s has no model", hex);
	ck_assert_msg(result.failed == 0 && result.passed > 0, "%s", strbuf_text(&text));
	ck_assert_str_eq(strbuf_text(&text), "");
	strbuf_deinit(&text);
}

/* Passes without the lie, fails with it, and the text says where. */
static void expect_caught(const char *hex, void (*how)(struct transfer *t, struct insn *insn), const char *part)
{
	struct strbuf text = {0};

	expect_honest(hex);
	lie = how;
	struct selftest_result result = run(hex, &text);
	ck_assert_uint_gt(result.failed, 0);
	ck_contains(strbuf_text(&text), part);
	strbuf_deinit(&text);
}

static const char add_rax_rbx[] = "4801d8", add_mem_rax[] = "480103", load_rax[] = "488b03", push_rax[] = "50",
		  div_ecx[] = "f7f1", paddb_mem[] = "660ffc03";

static void invert(struct transfer *t, const char *reg, unsigned bit)
{
	expr_id value = transfer_get_reg(t, test_reg(real, reg));

	ck_assert_uint_ne(value, EXPR_NONE);
	uint64_t words[2] = {0};
	words[bit / 64] = (uint64_t)1 << bit % 64;
	transfer_set_reg(t, test_reg(real, reg),
			 expr_xor(t->pool, value, expr_const_wide(t->pool, expr_width(t->pool, value), words)));
}

static void wrong_flag(struct transfer *t, struct insn *insn)
{
	(void)insn;
	invert(t, "af", 0);
}

static void wrong_top_bit(struct transfer *t, struct insn *insn)
{
	(void)insn;
	invert(t, "rax", 63);
}

static void wrong_lane(struct transfer *t, struct insn *insn)
{
	(void)insn;
	invert(t, "xmm0", 127);
}

static void wrong_length(struct transfer *t, struct insn *insn)
{
	(void)insn;
	invert(t, "rip", 0);
}

/* Wrong in one corner of the operands only. */
static void wrong_at_minus_one(struct transfer *t, struct insn *insn)
{
	uint32_t rbx = test_reg(real, "rbx"), of = test_reg(real, "of");
	expr_id corner = expr_eq(t->pool, expr_reg(t->pool, 64, rbx), expr_const(t->pool, 64, UINT64_MAX));

	(void)insn;
	transfer_set_reg(t, of, expr_ite(t->pool, corner, expr_const(t->pool, 1, 1), transfer_get_reg(t, of)));
}

static void forgotten_output(struct transfer *t, struct insn *insn)
{
	(void)insn;
	t->regs.at[0].value = expr_reg(t->pool, expr_width(t->pool, t->regs.at[0].value), t->regs.at[0].reg);
}

static void additional_output(struct transfer *t, struct insn *insn)
{
	(void)insn;
	transfer_set_reg(t, test_reg(real, "r12"), expr_const(t->pool, 64, 0));
}

static void wrong_store(struct transfer *t, struct insn *insn)
{
	(void)insn;
	t->stores.at[0].value = expr_not(t->pool, t->stores.at[0].value);
}

static void forgotten_store(struct transfer *t, struct insn *insn)
{
	(void)insn;
	t->stores.len = 0;
}

static void additional_store(struct transfer *t, struct insn *insn)
{
	expr_id address = expr_add(t->pool, expr_reg(t->pool, 64, test_reg(real, "rbx")), expr_const(t->pool, 64, 8));

	(void)insn;
	transfer_add_store(t, EXPR_NONE, address, expr_const(t->pool, 8, 0x5a));
}

static void store_too_wide(struct transfer *t, struct insn *insn)
{
	expr_id value = t->stores.at[0].value;

	(void)insn;
	t->stores.at[0].value = expr_zext(t->pool, value, expr_width(t->pool, value) + 64);
}

static void store_elsewhere(struct transfer *t, struct insn *insn)
{
	(void)insn;
	t->stores.at[0].address = expr_add(t->pool, t->stores.at[0].address, expr_const(t->pool, 64, 1));
}

static void forgotten_fault(struct transfer *t, struct insn *insn)
{
	(void)insn;
	t->faults.len = 0;
}

static void wrong_fault(struct transfer *t, struct insn *insn)
{
	(void)insn;
	for (size_t i = 0; i < t->faults.len; i++)
		t->faults.at[i].kind = FAULT_UNDEFINED;
}

static void additional_fault(struct transfer *t, struct insn *insn)
{
	(void)insn;
	transfer_add_fault(t, expr_bit(t->pool, expr_reg(t->pool, 64, test_reg(real, "rax")), 5), FAULT_PROTECTION);
}

static const struct {
	const char *hex;
	void (*how)(struct transfer *t, struct insn *insn);
	const char *part;
} lies[] = {
	{add_rax_rbx, wrong_flag, "  af: model "},
	{add_rax_rbx, wrong_top_bit, "differing in 0x8000000000000000"},
	{add_rax_rbx, wrong_length, "  rip: model "},
	{add_rax_rbx, wrong_at_minus_one, "rbx=0xffffffffffffffff"},
	{add_rax_rbx, forgotten_output, "model"},
	{add_rax_rbx, additional_output, "  r12: model 0x0, CPU "},
	{add_rax_rbx, additional_fault, "end: model protection; CPU no fault"},
	{load_rax, wrong_top_bit, "  rax: model "},
	{load_rax, additional_store, "]: model 5a, CPU "},
	{add_mem_rax, wrong_store, "]: model "},
	{add_mem_rax, forgotten_store, "]: model "},
	{push_rax, store_too_wide, "]: model 00, CPU "},
	{push_rax, store_elsewhere, "]: model "},
	{div_ecx, forgotten_fault, "end: model no fault; CPU SIGFPE, code 1"},
	{div_ecx, wrong_fault, "end: model undefined instruction; CPU SIGFPE"},
	{paddb_mem, wrong_lane, "differing in 0x80000000000000000000000000000000"},
};

START_TEST(lies_are_caught)
{
	expect_caught(lies[_i].hex, lies[_i].how, lies[_i].part);
}
END_TEST

static void undefined_flag(struct transfer *t, struct insn *insn)
{
	(void)insn;
	transfer_set_reg(t, test_reg(real, "af"), expr_undef(t->pool, 1));
}

static void from_outside(struct transfer *t, struct insn *insn)
{
	(void)insn;
	transfer_set_reg(t, test_reg(real, "rax"), expr_env(t->pool, 64, ENV_TSC));
}

/* What is called undefined or taken from outside is masked. */
START_TEST(masks)
{
	lie = undefined_flag;
	expect_honest(add_rax_rbx);
	lie = from_outside;
	expect_honest(add_rax_rbx);
}
END_TEST

/* Memory operands reach memory, and the seed alone decides what is tried. */
START_TEST(memory_is_reached)
{
	static const char *const operands[] = {
		"488b03",           /* [rbx] */
		"488b44cb10",       /* [rbx + rcx * 8 + 16] */
		"488b04cd00000000", /* [rcx * 8] */
		"488b0425f0010020", /* [0x200001f0] */
		"488b0500010000",   /* [rip + 0x100] */
		"64488b03",         /* fs:[rbx] */
		"67488b03",         /* [ebx] */
		"660fef03",         /* aligned */
		"48a5",             /* [rsi] to [rdi] */
		"ff33",             /* [rbx] to the stack */
		"480fa303",         /* a bit string */
		"d7",               /* [rbx + al] */
	};

	for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
		struct selftest_result result = run(operands[i], NULL), again = run(operands[i], NULL);
		ck_assert_msg(result.failed == 0 && result.with_memory > 100, "%s: %u of %u", result.insn.text,
			      result.with_memory, result.passed);
		ck_assert_uint_eq(result.with_memory, again.with_memory);
		ck_assert_uint_eq(result.faulted, again.faulted);
	}
}
END_TEST

START_TEST(no_model)
{
	struct selftest_result result = run("0f0b", NULL);
	ck_assert_uint_eq(result.faulted, 200); /* ud2 */

	result = run("06", NULL); /* push es: not in 64-bit mode */
	ck_assert(result.insn.reserved);
	ck_assert_uint_eq(result.failed, 0);
	ck_assert_uint_ge(result.faulted, 100);

	result = run("0f01d8", NULL); /* vmrun: another maker's, or privileged */
	ck_assert_int_eq(result.insn.status, LIFT_UNMODELLED);
	ck_assert(!result.executes || result.refused);
	ck_assert_uint_eq(result.passed + result.failed, 0);
}
END_TEST

static Suite *selftest_suite(void)
{
	Suite *s = suite_create("selftest");
	TCase *c = tcase_create("selftest");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, lies_are_caught, 0, sizeof lies / sizeof *lies);
	tcase_add_test(c, masks);
	tcase_add_test(c, memory_is_reached);
	tcase_add_test(c, no_model);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	int status;

	real = test_native_isa("x86_64", "selftest_test", &status);
	if (!real)
		return status;
	return test_main(selftest_suite());
}
