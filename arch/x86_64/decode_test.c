/* Encodings that decoders get wrong, against the manual's opcode maps; lengths against the assembler's own listing. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arch/x86_64/decode.h"
#include "lib/testing/assert.h"

struct fields {
	const char *what;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	uint8_t len, map, opcode;
	uint8_t base, index, scale; /* of a memory operand; base X86_NO_REG and scale 0: there is none */
	int64_t disp;
	uint8_t imm_len;
	uint64_t imm;
};

enum { NONE = X86_NO_REG, RIP = X86_RIP_BASE };

/* clang-format off */
static const struct fields rows[] = {
	{"ret",                           {0xc3},                               1, X86_MAP_1, 0xc3, NONE, NONE, 0, 0, 0, 0},
	{"66 REX.W: immediate of 4",      {0x66, 0x48, 0x05, 1, 2, 3, 4},       7, X86_MAP_1, 0x05, NONE, NONE, 0, 0, 4, 0x04030201},
	{"REX before 66 is dropped",      {0x48, 0x66, 0x05, 1, 2},             5, X86_MAP_1, 0x05, NONE, NONE, 0, 0, 2, 0x0201},
	{"mov rax, imm64",                {0x48, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0x80}, 10, X86_MAP_1, 0xb8, NONE, NONE, 0, 0, 8, 0x8000000000000001},
	{"mov eax, [moffs64]",            {0xa1, 1, 2, 3, 4, 5, 6, 7, 8},       9, X86_MAP_1, 0xa1, NONE, NONE, 1, 0x0807060504030201, 0, 0x0807060504030201},
	{"67: moffs32",                   {0x67, 0xa1, 1, 2, 3, 0xf4},          6, X86_MAP_1, 0xa1, NONE, NONE, 1, -0x0bfcfdff, 0, 0xfffffffff4030201},
	{"rbp without displacement: RIP", {0x8b, 0x05, 1, 0, 0, 0},             6, X86_MAP_1, 0x8b, RIP,  NONE, 1, 1, 0, 0},
	{"SIB: rbp without: no base",     {0x8b, 0x04, 0x25, 1, 0, 0, 0},       7, X86_MAP_1, 0x8b, NONE, NONE, 1, 1, 0, 0},
	{"SIB: r13 without: no base",     {0x41, 0x8b, 0x04, 0x25, 1, 0, 0, 0}, 8, X86_MAP_1, 0x8b, NONE, NONE, 1, 1, 0, 0},
	{"SIB: index 4 is none",          {0x8b, 0x44, 0x24, 0xf8},             4, X86_MAP_1, 0x8b, 4,    NONE, 1, -8, 0, 0},
	{"SIB: r12 is an index",          {0x42, 0x8b, 0x04, 0xa4},             4, X86_MAP_1, 0x8b, 4,    12,   4, 0, 0, 0},
	{"enter: two immediates",         {0xc8, 0x10, 0x80, 3},                4, X86_MAP_1, 0xc8, NONE, NONE, 0, 0, 3, 0xffffffffffff8010},
	{"test has an immediate",         {0xf6, 0xc1, 0x80},                   3, X86_MAP_1, 0xf6, NONE, NONE, 0, 0, 1, 0xffffffffffffff80},
	{"and not has none",              {0xf6, 0xd1},                         2, X86_MAP_1, 0xf6, NONE, NONE, 0, 0, 0, 0},
	{"66: call keeps 4 bytes",        {0x66, 0xe8, 1, 0, 0, 0},             6, X86_MAP_1, 0xe8, NONE, NONE, 0, 0, 4, 1},
	{"VEX of two bytes",              {0xc5, 0xf8, 0x77},                   3, X86_MAP_0F, 0x77, NONE, NONE, 0, 0, 0, 0},
	{"VEX of three bytes, rorx",      {0xc4, 0xe3, 0xfb, 0xf0, 0xc1, 7},    6, X86_MAP_0F3A, 0xf0, NONE, NONE, 0, 0, 1, 7},
	{"mov cr ignores mod",            {0x0f, 0x20, 0x05},                   3, X86_MAP_0F, 0x20, NONE, NONE, 0, 0, 0, 0},
};
/* clang-format on */

enum { NUM_ROWS = sizeof rows / sizeof *rows };

START_TEST(fields)
{
	const struct fields *row = &rows[_i];
	struct x86_raw raw;

	ck_assert_msg(x86_parse(row->bytes, ISA_MAX_INSN_LEN, 0, &raw) == LIFT_DONE, "%s", row->what);
	ck_assert_msg(raw.len == row->len, "%s: %u bytes", row->what, raw.len);
	ck_assert_uint_eq(raw.map, row->map);
	ck_assert_uint_eq(raw.opcode, row->opcode);
	ck_assert_uint_eq(raw.is_mem, row->scale != 0 || row->opcode == 0xa1);
	ck_assert_uint_eq(raw.base, row->base);
	ck_assert_uint_eq(raw.index, row->index);
	ck_assert_int_eq(raw.disp, row->disp);
	ck_assert_uint_eq(raw.imm_len, row->imm_len);
	ck_assert_uint_eq(raw.imm, row->imm);
	if (row->index != NONE)
		ck_assert_uint_eq(raw.scale, row->scale);
}
END_TEST

/* Every proper beginning of an instruction is cut short, never something else and never read behind its end. */
START_TEST(truncated)
{
	const struct fields *row = &rows[_i];
	struct x86_raw raw;

	for (size_t len = 0; len < row->len; len++) {
		uint8_t *bytes = malloc(len + 1); /* of its own, so that the sanitizer sees a read too far */
		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes + 1, row->bytes, len);
		ck_assert_int_eq(x86_parse(bytes + 1, len, 0, &raw), LIFT_TRUNCATED);
		free(bytes);
	}
}
END_TEST

/* More than 15 bytes are a protection fault, however many there are (SDM vol. 2, 2.3.11). */
START_TEST(too_long)
{
	uint8_t bytes[32];
	struct x86_raw raw;

	memset(bytes, 0x66, sizeof bytes);
	ck_assert_int_eq(x86_parse(bytes, sizeof bytes, 0, &raw), LIFT_DONE);
	ck_assert(raw.too_long);
	ck_assert_uint_eq(raw.len, 15);
	ck_assert_int_eq(x86_parse(bytes, 14, 0, &raw), LIFT_TRUNCATED);
	bytes[14] = 0x90;
	ck_assert_int_eq(x86_parse(bytes, sizeof bytes, 0, &raw), LIFT_DONE);
	ck_assert(!raw.too_long);
	ck_assert_uint_eq(raw.len, 15);
}
END_TEST

/* ---- Lengths against objdump ---- */

/* "  ADDRESS:\tBYTES \tTEXT": the bytes; 0 for another line. */
static size_t parse_line(const char *line, uint8_t ret[16])
{
	const char *at = strchr(line, ':');
	size_t n = 0;

	if (!at || at[1] != '\t')
		return 0;
	at += 2;
	while (n < 16 && isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]) && at[2] == ' ') {
		ret[n++] = (uint8_t)strtoul(at, NULL, 16);
		at += 3;
	}
	return n;
}

/* This program itself: an assembler's choice of encodings, and another program's idea of their lengths. */
START_TEST(lengths)
{
	char line[512];
	unsigned seen = 0;

	snprintf(line, sizeof line, "objdump -d -w --insn-width=16 -M intel /proc/%d/exe", (int)getpid());
	FILE *f = popen(line, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		uint8_t bytes[16];
		size_t len = parse_line(line, bytes);
		struct x86_raw raw;
		if (len == 0 || strstr(line, "(bad)"))
			continue;
		ck_assert_msg(x86_parse(bytes, len, 0, &raw) == LIFT_DONE, "%s", line);
		ck_assert_msg(raw.evex || raw.len == len, "%s", line);
		seen++;
	}
	pclose(f);
	ck_assert_uint_ge(seen, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 decoding");
	TCase *tables = tcase_create("bytes");

	tcase_add_loop_test(tables, fields, 0, NUM_ROWS);
	tcase_add_loop_test(tables, truncated, 0, NUM_ROWS);
	tcase_add_test(tables, too_long);
	suite_add_tcase(suite, tables);
	if (system("objdump --version >/dev/null 2>&1") == 0) {
		TCase *others = tcase_create("objdump");
		tcase_set_timeout(others, 60);
		tcase_add_test(others, lengths);
		suite_add_tcase(suite, others);
	} else {
		printf("x86_64 decoding: no objdump, so lengths are not compared\n");
	}
	return test_main(suite);
}
