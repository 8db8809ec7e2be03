/* SVE and SME: what words are called, and what they may change. Words are the assembler's, changes the manual's. */
#include <stdio.h>
#include <string.h>

#include "arch/aarch64/sve.h"
#include "lib/testing/assert.h"
#include "lib/testing/lifting.h"

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

static const struct {
	uint32_t word;
	const char *mnemonic, *changes; /* registers of the state, and memory */
} words[] = {
	{0x04220020, "add", "v0"},               /* z0.b, z1.b, z2.b */
	{0xa420e03f, "ld2b", "v0 v31"},          /* {z31.b, z0.b}, p0/z, [x1] */
	{0xa5e0e03e, "ld4d", "v0 v1 v30 v31"},   /* {z30.d - z1.d}, p0/z, [x1] */
	{0xa00d9804, "ld1b", "v4 v5 v6 v7"},     /* {z4.b - z7.b}, pn14/z, [x0, x13] */
	{0xa1078a80, "ld1b", "v0 v12 v4 v8"},    /* {z0.b, z4.b, z8.b, z12.b}, pn10/z, [x20, x7] */
	{0xa1108290, "ld1b", "v16 v20 v24 v28"}, /* {z16.b, z20.b, z24.b, z28.b}, pn8/z, [x20, x16] */
	{0xa4026023, "ldff1b", "v3"},            /* {z3.b}, p0/z, [x1, x2] */
	{0xa5f0a445, "ldnf1d", "v5"},            /* {z5.d}, p1/z, [x2] */
	{0xa4002445, "ld1rqb", "v5"},            /* {z5.b}, p1/z, [x2] */
	{0x85804029, "ldr", "v9"},               /* z9, [x1] */
	{0xe400e023, "st1b", "memory"},          /* {z3.b}, p0, [x1] */
	{0xe550e023, "st3w", "memory"},          /* {z3.s - z5.s}, p0, [x1] */
	{0xe58224c5, "stnt1d", "memory"},        /* {z5.d}, p1, [z6.d, x2] */
	{0xe5800029, "str", "memory"},           /* p9, [x1] */
	{0x85c00440, "prfb", ""},                /* pldl1keep, p1, [x2] */
	{0x043f57ff, "addvl", "sp"},             /* sp, sp, #-1 */
	{0x04bf5025, "rdvl", "x5"},              /* x5, #1 */
	{0x0430e3e7, "incb", "x7"},              /* x7 */
	{0x0430e3ff, "incb", ""},                /* xzr */
	{0x04e0e3fe, "cntd", "x30"},             /* x30 */
	{0x0420f3e4, "sqincb", "x4"},            /* x4, w4 */
	{0x252b8c44, "uqdecp", "x4"},            /* x4, p2.b */
	{0x05f0a483, "clasta", "x3"},            /* x3, p1, x3, z4.d */
	{0x05e38486, "lastb", "v6"},             /* d6, p1, z4.d */
	{0x04192441, "eorv", "v1"},              /* b1, p1, z2.b */
	{0x25e22020, "ctermeq", "nf vf"},        /* x1, x2 */
	{0x25a21423, "whilelt", "cf nf vf zf"},  /* p3.s, x1, x2 */
	{0x2550c440, "ptest", "cf nf vf zf"},    /* p1, p2.b */
	{0x2404a861, "cmpeq", "cf nf vf zf"},    /* p1.b, p2/z, z3.b, z4.b */
	{0x2558f022, "rdffrs", "cf nf vf zf"},   /* p2.b, p1/z */
	{0x2519f002, "rdffr", ""},               /* p2.b */
	{0x2518e3e1, "ptrue", ""},               /* p1.b */
	{0x252c9000, "setffr", ""},
	{0x25289060, "wrffr", ""},        /* p3.b */
	{0x65846861, "fcmeq", "fpsr"},    /* p1.s, p2/z, z3.s, z4.s */
	{0x65c08507, "fadd", "fpsr v7"},  /* z7.d, p1/m, z7.d, z8.d */
	{0x65802509, "faddv", "fpsr v9"}, /* s9, p1, z8.s */
	{0x0420bca4, "movprfx", "v4"},    /* z4, z5 */
	{0x05272020, "dup", "v0"},        /* z0.b, z1.b[3] */
	{0xd503447f, "smstop", ""},       /* za */
	{0xe1200020, "str", "memory"},    /* za[w12, 0], [x1] */
	{0xe1000020, "ldr", ""},          /* za[w12, 0], [x1] */
	{0x80844460, "fmopa", ""},        /* za0.s, p1/m, p2/m, z3.s, z4.s */
	{0xc0820405, "mova", "v5"},       /* z5.s, p1/m, za0h.s[w12, 0] */
	{0xc00800ff, "zero", ""},         /* {za} */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "v0 v31 memory": registers by their names, in alphabetical order. */
static void list_changes(const struct insn *insn, char *ret, size_t size)
{
	const char *names[A64_NUM_REGS];
	size_t num = 0, len = 0;

	for (uint32_t r = 0; r < isa_aarch64.num_regs; r++)
		if (insn_may_change(insn, r))
			names[num++] = isa_aarch64.regs[r].name;
	qsort(names, num, sizeof *names, by_name);
	*ret = '\0';
	for (size_t i = 0; i < num && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", i ? " " : "", names[i]);
	if (insn->may_store && len < size)
		snprintf(ret + len, size - len, "%smemory", num ? " " : "");
}

START_TEST(changes)
{
	struct insn insn = lift(words[_i].word);
	char text[512];

	ck_assert_int_eq(insn.status, LIFT_UNMODELLED);
	ck_assert_str_eq(insn.mnemonic, words[_i].mnemonic);
	ck_assert(insn.confined);
	list_changes(&insn, text, sizeof text);
	ck_assert_str_eq(text, words[_i].changes);
}
END_TEST

/* Entering Streaming SVE mode resets all vectors, FPSR and FPMR. */
START_TEST(mode)
{
	struct insn insn = lift(0xd503477f); /* smstart */

	ck_assert_str_eq(insn.mnemonic, "smstart");
	for (uint32_t r = 0; r < isa_aarch64.num_regs; r++)
		ck_assert_int_eq(insn_may_change(&insn, r),
				 (r >= A64_v0 && r <= A64_v31) || r == A64_fpsr || r == A64_fpmr);
}
END_TEST

/* Words that patterns take, and that their classes call unallocated. */
static const uint32_t reserved[] = {
	0x04008000, /* asr (immediate): no element size */
	0x05202000, /* dup (indexed): likewise */
	0x04c02000, /* saddv of doublewords */
	0x65204000, /* fnmla, of no size */
	0x0583ffe0, /* dupm: no bit mask */
	0x2538e000, /* dup #imm, lsl #8 of bytes */
	0xa41f4000, /* ld1b with XZR as offset */
	0x04020000, /* between sub and subr */
};

START_TEST(unallocated)
{
	struct insn insn = lift(reserved[_i]);

	ck_assert_msg(insn.reserved, "%s", insn.mnemonic);
	ck_assert_int_eq(insn.status, LIFT_DONE);
}
END_TEST

static bool is_outside(const struct a64_table *table)
{
	const char *const *family = isa_aarch64.outside->families;

	while (*family && strcmp(*family, table->name + strlen("a64_")) != 0)
		family++;
	return *family;
}

/* What reports call outside are the tables of this helper, and no others. */
START_TEST(families)
{
	for (size_t i = 0; i < a64_num_families; i++)
		for (size_t k = 0; k < a64_families[i]->len; k++)
			ck_assert_int_eq(a64_families[i]->rows[k].build == a64_sve, is_outside(a64_families[i]));
}
END_TEST

/* A list has as many names as its field o has values, and no field for one name. */
START_TEST(lists)
{
	for (size_t i = 0; i < a64_num_families; i++) {
		for (size_t k = 0; k < a64_families[i]->len; k++) {
			const struct a64_row *row = &a64_families[i]->rows[k];
			struct a64_encoding e;
			size_t names = 1, values = 1;
			if (row->build != a64_sve)
				continue;
			ck_no_error(a64_parse_row(row, &e));
			for (const char *c = row->name; *c; c++)
				names += *c == ' ';
			for (unsigned f = 0; f < e.num_fields; f++)
				values <<= e.fields[f].letter == 'o' ? e.fields[f].width : 0;
			ck_assert_msg(names == values, "%s: %s", row->pattern, row->name);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 SVE and SME");
	TCase *tcase = tcase_create("words");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, changes, 0, sizeof words / sizeof *words);
	tcase_add_test(tcase, mode);
	tcase_add_test(tcase, families);
	tcase_add_test(tcase, lists);
	tcase_add_loop_test(tcase, unallocated, 0, sizeof reserved / sizeof *reserved);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
