/* Forms, effect rows, statuses: what a word is told to be. */
#include <stdio.h>
#include <string.h>

#include "arch/aarch64/aarch64.h"
#include "lib/testing/assert.h"
#include "lib/testing/lifting.h"
#include "lib/testing/regs.h"

static struct lifting lifting;

static void setup(void)
{
	lifting_begin(&lifting, &isa_aarch64);
}

static void teardown(void)
{
	lifting_end(&lifting);
}

static struct insn lift(uint32_t word)
{
	return lifting_word(&lifting, word);
}

/* ---- Forms and rows, by the manual ---- */

static const struct {
	uint32_t word;
	const char *form, *flags, *text;
} rows[] = {
	/* word      form                nzcv    text */
	{0x91004020, "add imm x", "----", "add x0, x1, #0x10"},
	{0x31004020, "adds imm w", "WWWW", "adds w0, w1, #0x10"},
	{0xeb02003f, "subs shifted x", "WWWW", "cmp x1, x2"},
	{0x8b226020, "add extended x", "----", "add x0, x1, x2, uxtx"},
	{0x9a020020, "adc x", "--R-", "adc x0, x1, x2"},
	{0xba020020, "adcs x", "WWMW", "adcs x0, x1, x2"},
	{0xf200003f, "ands imm x", "WW00", "tst x1, #0x100000001"},
	{0x6a020020, "ands shifted w", "WW00", "ands w0, w1, w2"},
	{0xaa0103e0, "orr shifted x", "----", "mov x0, x1"},
	{0xd2800020, "movz x", "----", NULL},
	{0x9a821020, "csel x", "-R--", NULL},                  /* ne: z */
	{0x9a82b020, "csel x", "R--R", "csel x0, x1, x2, lt"}, /* n, v */
	{0x9a828020, "csel x", "-RR-", "csel x0, x1, x2, hi"}, /* c, z */
	{0x9a82d020, "csel x", "RR-R", "csel x0, x1, x2, le"}, /* n, z, v */
	{0x9a82e020, "csel x", "----", "csel x0, x1, x2, al"},
	{0xfa420024, "ccmp reg x", "WMWW", "ccmp x1, x2, #4, eq"},
	{0x54000000, "b.cond", "-R--", "b.eq #0x401000"},
	{0x94000001, "bl", "----", "bl #0x401004"},
	{0xb4000040, "cbz x", "----", "cbz x0, #0x401008"},
	{0xd65f03c0, "ret", "----", "ret"},
	{0xf9400420, "ldr x imm", "----", "ldr x0, [x1, #8]"},
	{0x38616820, "ldrb register", "----", "ldrb w0, [x1, x1]"},
	{0x3cc10420, "ldr q post", "----", "ldr q0, [x1], #0x10"},
	{0xa9bf7bfd, "stp x pre", "----", "stp x29, x30, [sp, #-0x10]!"},
	{0xc85f7c20, "ldxr x", "----", "ldxr x0, [x1]"},
	{0xf8200041, "ldadd x", "----", NULL},
	{0x19211040, "ldclrp", "----", NULL},
	{0x74018040, "cbbgt", "----", NULL},
	{0xf51f8040, "cbgt imm x", "----", NULL},
	{0x19010440, "cpyfp", "0000", NULL},
	{0x1d41f440, "cpym", "--R-", NULL},
	{0x1dc18440, "setge", "--R-", NULL},
	{0xd50b7420, "dc zva", "----", "dc zva, x0"},
	{0xd53b4200, "mrs nzcv", "RRRR", "mrs x0, nzcv"},
	{0xd51b4200, "msr nzcv", "WWWW", "msr nzcv, x0"},
	{0xd500401f, "cfinv", "--M-", NULL},
	{0xd500403f, "xaflag", "WMMW", NULL},
	{0xd500405f, "axflag", "0MMM", NULL},
	{0x3a00082d, "setf8", "WW-W", NULL},
	{0xd503245f, "bti", "----", "hint #0x22"},
	{0x1e222820, "fadd s", "----", "fadd s0, s1, s2"},
	{0x1e622820, "fadd d", "----", "fadd d0, d1, d2"},
	{0x9e220000, "scvtf x s", "----", "scvtf s0, x0"},
	{0x1e620000, "scvtf w d", "----", "scvtf d0, w0"},
	{0x1f020c20, "fmadd s", "----", "fmadd s0, s1, s2, s3"},
	{0x1e624020, "fcvt to single d", "----", "fcvt s0, d1"},
	{0x9e59fc20, "fcvtzu fixed x d", "----", "fcvtzu x0, d1, #1"},
	{0x1e7e0020, "fjcvtzs", "0W00", NULL},
	{0x4e219820, "frintm vector 128 s", "----", "frintm v0.4s, v1.4s"},
	{0x5e79a820, "fcvtns scalar h", "----", NULL},
	{0x0f20fc20, "fcvtzs vector fixed s 64", "----", "fcvtzs v0.2s, v1.2s, #0x20"},
	{0xd4000001, "svc", "----", "svc #0"},
};

START_TEST(forms)
{
	struct insn insn = lift(rows[_i].word);
	char raw[40];

	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_assert_str_eq(insn.form, rows[_i].form);
	ck_assert_str_eq(insn.flags, rows[_i].flags);
	ck_assert_msg(!strncmp(insn.form, insn.mnemonic, strlen(insn.mnemonic)), "%s", insn.mnemonic);
	snprintf(raw, sizeof raw, "%s 0x%08x", insn.mnemonic, rows[_i].word);
	if (rows[_i].text)
		ck_assert_msg(!strcmp(insn.text, rows[_i].text) || !strcmp(insn.text, raw), "%s", insn.text);
	ck_no_error(transfer_verify(&lifting.transfer, &isa_aarch64.layout));
}
END_TEST

static const struct {
	uint32_t word;
	enum lift_status status;
	bool may_store;
} statuses[] = {
	{0x65000000, LIFT_UNMODELLED, false}, /* bfadd of vectors */
	{0xe5800029, LIFT_UNMODELLED, true},  /* str p9, [x1] */
	{0xf83f9020, LIFT_UNMODELLED, true},  /* st64b x0, [x1] */
};

START_TEST(status)
{
	struct insn insn = lift(statuses[_i].word);

	ck_assert_int_eq(insn.status, statuses[_i].status);
	ck_assert_int_eq(insn.may_store, statuses[_i].may_store);
	ck_assert_uint_eq(lifting.transfer.regs.len + lifting.transfer.stores.len + lifting.transfer.faults.len, 0);
}
END_TEST

/* What the instructions' pages call UNDEFINED, and what is at EL0. */
START_TEST(undefined)
{
	static const uint32_t words[] = {
		0x00000000,          /* udf */
		0x0bc20020,          /* add shifted by ROR */
		0x0b02fc20,          /* 32 bits by LSL 63 */
		0x8b225420,          /* extended, by 5 */
		0x92607c20 | 0xfc00, /* and, a mask of all ones */
		0x52c00000,          /* movz w, LSL 32 */
		0x53008020,          /* ubfm w, N 0, immr 0, imms 32 */
		0x93000020,          /* sbfm x with N 0 */
		0x38610820,          /* a register offset with option 0 */
		0x08207c00 | 1,      /* casp of odd registers */
		0x193f8003,          /* swpp of XZR */
		0xd69f03e0,          /* eret */
		0xd4000002,          /* hvc */
		0xd4400000,          /* hlt */
		0xd5181000,          /* msr sctlr_el1, x0 */
		0xd53be020,          /* mrs x0, cntpct_el0 */
		0xd51bd060,          /* msr tpidrro_el0, x0 */
		0xd50b7360,          /* cfp rctx, x0 */
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct insn insn = lift(words[i]);
		ck_assert_msg(insn.status == LIFT_DONE, "%08x: %d", words[i], (int)insn.status);
		ck_assert_msg(lifting.transfer.faults.len == 1 && lifting.transfer.faults.at[0].kind == FAULT_UNDEFINED,
			      "%08x", words[i]);
	}
}
END_TEST

START_TEST(truncated)
{
	static const uint8_t bytes[3] = {0x20, 0x40, 0x00};
	struct insn insn;

	ck_no_error(isa_aarch64.lift(lifting.lifter, LIFTING_PC, bytes, sizeof bytes, &lifting.transfer, &insn));
	ck_assert_int_eq(insn.status, LIFT_TRUNCATED);
	ck_assert_uint_eq(insn.len, 3);
}
END_TEST

/* ---- The effect row against the transfer ---- */

/* R and M read their flag, W, 0, 1 and - do not; - and R do not write it. */
START_TEST(effect_row)
{
	struct insn insn = lift(rows[_i].word);
	bool reads[A64_NUM_REGS] = {false};

	test_reads(&lifting.transfer, reads);
	for (unsigned i = 0; i < A64_NUM_FLAGS; i++) {
		bool written = transfer_get_reg(&lifting.transfer, a64_flag_regs[i]) != EXPR_NONE;
		ck_assert_msg(reads[a64_flag_regs[i]] == !!strchr("RM", insn.flags[i]), "%s: reads flag %u", insn.form,
			      i);
		ck_assert_msg(written == !strchr("-R", insn.flags[i]), "%s: writes flag %u", insn.form, i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 lifting");
	TCase *tables = tcase_create("tables");

	tcase_add_checked_fixture(tables, setup, teardown);
	tcase_add_loop_test(tables, forms, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tables, effect_row, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tables, status, 0, sizeof statuses / sizeof *statuses);
	tcase_add_test(tables, undefined);
	tcase_add_test(tables, truncated);
	suite_add_tcase(suite, tables);
	return test_main(suite);
}
