/* The notation of encodings and operands, and that every row of the opcode table keeps to it. */
#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "lib/testing/assert.h"

START_TEST(rows_parse)
{
	size_t num, expected = 0;
	const struct x86_row *rows = x86_rows(&num);

	for (size_t i = 0; i < x86_num_families; i++) {
		for (size_t k = 0; k < x86_families[i]->len; k++) {
			const struct x86_form *form = &x86_families[i]->rows[k];
			struct x86_encoding e;
			if (!form->encoding)
				continue;
			ck_assert_msg(x86_encoding_parse(form->encoding, form->operands, &e), "%s: %s, %s", form->name,
				      form->encoding, form->operands);
			expected += e.plus_r ? 8 : 1;
		}
	}
	ck_assert_uint_eq(num, expected);
	ck_assert_uint_gt(num, 0);
	ck_assert_ptr_nonnull(rows[0].form->name);
}
END_TEST

/* All rows of an opcode have a ModRM byte, or none. */
START_TEST(rows_agree)
{
	size_t num;
	const struct x86_row *rows = x86_rows(&num);

	for (size_t i = 1; i < num; i++) {
		const struct x86_encoding *a = &rows[i - 1].encoding, *b = &rows[i].encoding;
		if (a->space != b->space || a->map != b->map || a->opcode != b->opcode || a->plus_r != b->plus_r)
			continue;
		ck_assert_msg(a->has_modrm == b->has_modrm && a->mod_ignored == b->mod_ignored &&
				      a->has_suffix == b->has_suffix,
			      "%s, %s", rows[i - 1].form->encoding, rows[i].form->encoding);
	}
}
END_TEST

/* The first takes all that the second could; a row without a builder goes when its encoding gets one. */
static void check_twice(const struct x86_form *first, const struct x86_form *second)
{
	ck_assert_msg(first == second || first->props & X86_ELSE || strcmp(first->encoding, second->encoding) != 0 ||
			      strcmp(first->operands, second->operands) != 0,
		      "%s, %s, %s: twice", second->name, second->encoding, second->operands);
}

START_TEST(no_row_twice)
{
	size_t num;
	const struct x86_row *rows = x86_rows(&num);

	for (size_t i = 0; i < num; i++) {
		const struct x86_encoding *e = &rows[i].encoding;
		for (size_t k = i + 1;
		     k < num && rows[k].encoding.opcode == e->opcode && rows[k].encoding.map == e->map; k++)
			check_twice(rows[i].form, rows[k].form);
	}
}
END_TEST

START_TEST(refused)
{
	static const char *const texts[][2] = {
		{"", ""},
		{"0F", ""},
		{"66", ""},
		{"01 /8", ""},
		{"01 /r /0", ""},
		{"1", ""},
		{"01 80", ""},
		{"0F C9+r", "Zv"},
		{"XX", ""},
		{"VEX.0F.WIG 58 /r", ""},
		{"01 /r", "Ev Gk!"},
		{"01 /r", "Tv"},
		{"01", "Ev"},
		{"01 /r", "M0"},
		{"01 /r", "M Uv"},
		{"01 /r", "Eq/Mb"},
		{"01 D0", "M"},
		{"VEX.512.NP.0F 58 /r", ""},
		{"0F 0F 9E", "Pq Qq"},
		{"0F 0F /r 9", "Pq Qq"},
		{"0F 0F /r 9E 9E", "Pq Qq"},
		{"0F 0F C0 9E", ""},
		{"VEX.NP.0F 0F /r 9E", "Vx Wx"},
	};
	struct x86_encoding e;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!x86_encoding_parse(texts[i][0], texts[i][1], &e), "%s, %s", texts[i][0], texts[i][1]);
}
END_TEST

START_TEST(fields)
{
	struct x86_encoding e;

	ck_assert(x86_encoding_parse("VEX.LZ.66.0F38.W1 F7 /r", "Gy Ey By", &e));
	ck_assert_uint_eq(e.space, X86_VEX);
	ck_assert_uint_eq(e.map, X86_MAP_0F38);
	ck_assert_uint_eq(e.opcode, 0xf7);
	ck_assert_uint_eq(e.prefixes, 2);
	ck_assert_uint_eq(e.l, 1);
	ck_assert_uint_eq(e.w, 2);
	ck_assert(e.uses_vvvv && e.has_modrm);
	ck_assert_uint_eq(e.mods, 3);
	ck_assert(x86_encoding_parse("VEX.WIG 66 0F 38 17 /r", "Vx Wx", &e));
	ck_assert_uint_eq(e.map, X86_MAP_0F38);
	ck_assert_uint_eq(e.l, 3);
	ck_assert(!e.uses_vvvv);
	ck_assert(x86_encoding_parse("66 0F 71 /6", "Hx Ux Ib", &e));
	ck_assert_uint_eq(e.num_fields, 2);
	ck_assert_uint_eq(e.mods, 2);
	ck_assert(x86_encoding_parse("0F C8+r", "Zv", &e) && e.plus_r && !e.has_modrm);
	ck_assert(x86_encoding_parse("D8 C0+i", "ST0 STi", &e) && e.modrm == 0xc0 && e.modrm_mask == 0xf8);
	ck_assert(x86_encoding_parse("NP 0F 01 D0", "", &e) && e.modrm_mask == 0xff && e.mods == 2);
	ck_assert(x86_encoding_parse("0F 20 /r", "Rq Cq", &e) && e.mod_ignored && !e.has_suffix);
	ck_assert(x86_encoding_parse("0F 0F /r 9E", "Pq Qq", &e) && e.has_suffix && e.suffix == 0x9e && !e.modrm_mask);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 encodings");
	TCase *tables = tcase_create("texts");

	tcase_add_test(tables, rows_parse);
	tcase_add_test(tables, rows_agree);
	tcase_add_test(tables, no_row_twice);
	tcase_add_test(tables, refused);
	tcase_add_test(tables, fields);
	suite_add_tcase(suite, tables);
	return test_main(suite);
}
