/* Doors and ways by their words; that they agree with what is lifted is tested for every ISA (arch_test.c). */
#include "arch/aarch64/aarch64.h"
#include "lib/testing/assert.h"

static void put_word(uint32_t word, uint8_t ret[4])
{
	for (unsigned i = 0; i < 4; i++)
		ret[i] = (uint8_t)(word >> 8 * i);
}

static const struct {
	const char *name;
	uint32_t word;
	enum isa_entry entry;
} doors[] = {
	{"svc #0", 0xd4000001, ISA_ENTRY_CALL},      {"svc #1", 0xd4000021, ISA_ENTRY_CALL},
	{"svc #0xffff", 0xd41fffe1, ISA_ENTRY_CALL}, {"hvc #0", 0xd4000002, ISA_ENTRY_NONE},
	{"smc #0", 0xd4000003, ISA_ENTRY_NONE},      {"brk #0", 0xd4200000, ISA_ENTRY_NONE},
	{"hlt #0", 0xd4400000, ISA_ENTRY_NONE},      {"hlt #0xf000", 0xd45e0000, ISA_ENTRY_OTHER},
	{"nop", 0xd503201f, ISA_ENTRY_NONE},
};

START_TEST(entries)
{
	uint8_t code[4];

	put_word(doors[_i].word, code);
	ck_assert_int_eq(a64_entry(code, 4), doors[_i].entry);
	ck_assert_int_eq(a64_entry(code, 3), ISA_ENTRY_NONE);
}
END_TEST

static const struct {
	const char *name;
	uint32_t word;
	struct isa_flow flow;
} flows[] = {
	{"nop", 0xd503201f, {4, 1, {0x1004}}},
	{"b .-4", 0x17ffffff, {4, 1, {0x0ffc}}},
	{"bl .+8", 0x94000002, {4, 1, {0x1008}}},
	{"b.eq .+8", 0x54000040, {4, 2, {0x1008, 0x1004}}},
	{"cbz x0, .", 0xb4000000, {4, 2, {0x1000, 0x1004}}},
	{"tbnz w0, #0, .-4", 0x3707ffe0, {4, 2, {0x0ffc, 0x1004}}},
	{"cbgt w5, w5, .-1024", 0x74052005, {4, 2, {0x0c00, 0x1004}}},
	{"cbgt x5, x5, .+1020", 0xf4051fe5, {4, 2, {0x13fc, 0x1004}}},
	{"cbeq w0, #0, .+8", 0x75c00040, {4, 2, {0x1008, 0x1004}}},
	{"retaasppc .", 0x5500001f, {4, 0, {0}}},
	{"br x0", 0xd61f0000, {4, 0, {0}}},
	{"blr x0", 0xd63f0000, {4, 0, {0}}},
	{"ret", 0xd65f03c0, {4, 0, {0}}},
	{"braa x0, x1", 0xd71f0801, {4, 0, {0}}},
	{"svc #0", 0xd4000001, {4, 1, {0x1004}}},
};

START_TEST(leads_to)
{
	const struct isa_flow *expected = &flows[_i].flow;
	struct isa_flow flow;
	uint8_t code[4];

	put_word(flows[_i].word, code);
	a64_flow(0x1000, code, 4, &flow);
	ck_assert_uint_eq(flow.len, expected->len);
	ck_assert_uint_eq(flow.num_next, expected->num_next);
	for (uint8_t k = 0; k < flow.num_next; k++)
		ck_assert_uint_eq(flow.next[k], expected->next[k]);
	a64_flow(0x1000, code, 3, &flow);
	ck_assert_uint_eq(flow.len, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 entries");
	TCase *tc = tcase_create("words");

	tcase_add_loop_test(tc, entries, 0, sizeof doors / sizeof *doors);
	tcase_add_loop_test(tc, leads_to, 0, sizeof flows / sizeof *flows);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
