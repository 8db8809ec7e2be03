#include "lib/run/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lift/lift.h"
#include "lib/testing/assert.h"

static struct insn named(const char *form, const char *encoding, uint64_t pc)
{
	struct insn insn = {.pc = pc, .status = LIFT_DONE, .family = "alu"};

	snprintf(insn.form, sizeof insn.form, "%s", form);
	snprintf(insn.encoding, sizeof insn.encoding, "%s", encoding);
	return insn;
}

START_TEST(executions_are_counted_by_form)
{
	struct coverage c = {0};
	struct insn add = named("add r32, r32", "01", 0x1000), sub = named("sub r32, r32", "29", 0x2000);

	ck_no_error(coverage_count(&c, 7, &add, JUDGED_FULLY));
	add.pc = 0x3000;
	ck_no_error(coverage_count(&c, 7, &add, JUDGED_FULLY));
	ck_no_error(coverage_count(&c, 2, &sub, JUDGED_NOT));
	coverage_demote(&c, 7);
	coverage_demote(&c, 2); /* has none that was fully judged */
	coverage_demote(&c, 70);

	ck_assert_uint_eq(c.forms.len, 8);
	ck_assert_str_eq(c.forms.at[7].form, "add r32, r32");
	ck_assert_uint_eq(c.forms.at[7].first_pc, 0x1000);
	ck_assert_uint_eq(c.forms.at[7].count[JUDGED_FULLY], 1);
	ck_assert_uint_eq(c.forms.at[7].count[JUDGED_PARTLY], 1);
	ck_assert_uint_eq(c.forms.at[2].count[JUDGED_NOT], 1);
	ck_assert_uint_eq(coverage_executed(&c.forms.at[0]), 0);
	coverage_deinit(&c);
}
END_TEST

/* Runs number their forms as they meet them. */
START_TEST(runs_merge_by_form_and_encoding)
{
	struct coverage a = {0}, b = {0};
	struct insn add = named("add r32, r32", "01", 0x1000), other = named("add r32, r32", "03", 0x2000);

	ck_no_error(coverage_count(&a, 0, &add, JUDGED_FULLY));
	ck_no_error(coverage_count(&b, 0, &other, JUDGED_PARTLY));
	ck_no_error(coverage_count(&b, 3, &add, JUDGED_FULLY));
	ck_no_error(coverage_merge(&a, &b));

	ck_assert_uint_eq(a.forms.len, 2);
	ck_assert_uint_eq(a.forms.at[0].count[JUDGED_FULLY], 2);
	ck_assert_str_eq(a.forms.at[1].encoding, "03");
	ck_assert_uint_eq(a.forms.at[1].count[JUDGED_PARTLY], 1);
	coverage_deinit(&a);
	coverage_deinit(&b);
}
END_TEST

/* What the instruction sets call an encoding and a family; opcodes as in SDM vol. 2 and in the Arm ARM. */
static const struct {
	const char *isa;
	uint8_t bytes[8];
	size_t len;
	const char *form, *encoding, *family;
} encodings[] = {
	{"x86_64", {0x01, 0xd8}, 2, "add r32, r32", "01 /r", "alu"},
	{"x86_64", {0x66, 0x83, 0xe8, 0x01}, 4, "sub r16, imm8", "83 /5", "alu"},
	{"x86_64", {0xc4, 0xe2, 0x78, 0xf3, 0xdd}, 5, "blsi r32, r32", "VEX.LZ.NP.0F38 F3 /3", "bits"},
	{"x86_64", {0x66, 0x44, 0x0f, 0x38, 0xf6, 0xf3}, 6, "adcx r32, r32", "66 0F 38 F6 /r", "alu"},
	{"x86_64", {0x66, 0x0f, 0xfe, 0xc1}, 4, "paddd xmm, xmm", "66 0F FE /r", "sse_int"},
	{"x86_64", {0x41, 0x57}, 2, "push r64", "50+r d64", "stack"},
	{"x86_64", {0xd9, 0xfe}, 2, "fsin", "D9 FE", "x87_transcendental"},
	{"aarch64", {0x20, 0x00, 0x02, 0x8b}, 4, "add shifted x", "0b000000/7f200000", "alu"},
};

START_TEST(encodings_have_names)
{
	struct lift_cache *cache;
	struct lifted *l;

	ck_no_error(lift_cache_create(isa_by_name(encodings[_i].isa), 0, &cache));
	ck_no_error(lift_cache_get(cache, 0x1000, encodings[_i].bytes, encodings[_i].len, &l));
	ck_assert_uint_eq(l->insn.len, encodings[_i].len);
	ck_assert_str_eq(l->insn.form, encodings[_i].form);
	ck_assert_str_eq(l->insn.encoding, encodings[_i].encoding);
	ck_assert_str_eq(l->insn.family, encodings[_i].family);
	ck_assert_str_eq(lift_cache_form(cache, l->form)->family, encodings[_i].family);
	lift_cache_destroy(cache);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("coverage");
	TCase *t = tcase_create("coverage");

	tcase_add_test(t, executions_are_counted_by_form);
	tcase_add_test(t, runs_merge_by_form_and_encoding);
	tcase_add_loop_test(t, encodings_have_names, 0, sizeof encodings / sizeof *encodings);
	suite_add_tcase(s, t);
	return test_main(s);
}
