/* Doors and ways by their bytes; that they agree with what is lifted is tested for every ISA (arch_test.c). */
#include "arch/x86_64/x86_64.h"
#include "lib/base/rng.h"
#include "lib/testing/assert.h"

/* clang-format off */
static const struct {
	const char *name;
	uint8_t code[ISA_MAX_INSN_LEN];
	size_t len;
	enum isa_entry entry;
} doors[] = {
	{"syscall",                  {0x0f, 0x05},                   2, ISA_ENTRY_CALL},
	{"with what is behind it",   {0x0f, 0x05, 0xc3, 0x90},       4, ISA_ENTRY_CALL},
	{"cut off",                  {0x0f},                         1, ISA_ENTRY_NONE},
	{"nothing",                  {0},                            0, ISA_ENTRY_NONE},
	{"REX.W",                    {0x48, 0x0f, 0x05},             3, ISA_ENTRY_OTHER},
	{"66",                       {0x66, 0x0f, 0x05},             3, ISA_ENTRY_OTHER},
	{"REX that does not count",  {0x48, 0x66, 0x0f, 0x05},       4, ISA_ENTRY_OTHER},
	{"LOCK",                     {0xf0, 0x0f, 0x05},             3, ISA_ENTRY_OTHER},
	{"prefixes alone",           {0x66, 0x66, 0x66},             3, ISA_ENTRY_NONE},
	{"VEX of two bytes",         {0xc5, 0xf8, 0x05},             3, ISA_ENTRY_OTHER},
	{"VEX of three bytes",       {0xc4, 0xe1, 0x78, 0x05},       4, ISA_ENTRY_OTHER},
	{"another map",              {0xc4, 0xe3, 0x79, 0x05, 0xc0}, 5, ISA_ENTRY_NONE},
	{"EVEX",                     {0x62, 0xf1, 0x7c, 0x08, 0x05}, 5, ISA_ENTRY_OTHER},
	{"REX2",                     {0xd5, 0x80, 0x05},             3, ISA_ENTRY_OTHER},
	{"REX2, INT 80",             {0xd5, 0x00, 0xcd, 0x80},       4, ISA_ENTRY_OTHER},
	{"sysenter",                 {0x0f, 0x34},                   2, ISA_ENTRY_OTHER},
	{"INT 80",                   {0xcd, 0x80},                   2, ISA_ENTRY_OTHER},
	{"INT 80, cut off",          {0xcd},                         1, ISA_ENTRY_NONE},
	{"INT 80 with prefixes",     {0xf3, 0x4f, 0xcd, 0x80},       4, ISA_ENTRY_OTHER},
	{"INT 81",                   {0xcd, 0x81},                   2, ISA_ENTRY_NONE},
	{"in an immediate",          {0xb8, 0xcd, 0x80, 0x0f, 0x05}, 5, ISA_ENTRY_NONE},
};
/* clang-format on */

START_TEST(entries)
{
	ck_assert_int_eq(x86_entry(doors[_i].code, doors[_i].len), doors[_i].entry);
}
END_TEST

/* Whatever the decoder makes of it: what it takes for a system call is a door, with any prefixes. */
START_TEST(system_calls_are_doors)
{
	static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x64, 0x40, 0x48, 0x4f};
	struct rng rng = {.state = 7};
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer t;
	struct insn insn;

	ck_no_error(expr_pool_create(true, &pool));
	ck_no_error(x86_lifter_create(&lifter));
	transfer_init(&t, pool);
	for (int i = 0; i < 2000; i++) {
		uint8_t code[ISA_MAX_INSN_LEN] = {0};
		size_t n = rng_below(&rng, 14);

		for (size_t k = 0; k < n; k++)
			code[k] = prefixes[rng_below(&rng, sizeof prefixes)];
		code[n] = 0x0f;
		if (n + 1 < sizeof code)
			code[n + 1] = 0x05;
		expr_pool_reset(pool);
		transfer_reset(&t, pool);
		ck_no_error(x86_lift(lifter, 0x1000, code, sizeof code, &t, &insn));
		bool call = insn.status == LIFT_DONE && t.kind == TRANSFER_SYSCALL;
		ck_assert_msg(!call || x86_entry(code, sizeof code) != ISA_ENTRY_NONE, "%s", insn.text);
	}
	transfer_deinit(&t);
	x86_lifter_destroy(lifter);
	expr_pool_destroy(pool);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	uint8_t code[8];
	size_t len;
	struct isa_flow flow;
} flows[] = {
	{"nop",               {0x90},                   1, {1, 1, {0x1001}}},
	{"jmp rel8",          {0xeb, 0xfe},             2, {2, 1, {0x1000}}},
	{"call rel32",        {0xe8, 0, 1, 0, 0},       5, {5, 1, {0x1105}}},
	{"jz rel8",           {0x74, 0x10},             2, {2, 2, {0x1002, 0x1012}}},
	{"jz rel32",          {0x0f, 0x84, 0, 1, 0, 0}, 6, {6, 2, {0x1006, 0x1106}}},
	{"loop",              {0xe2, 0xfc},             2, {2, 2, {0x1002, 0x0ffe}}},
	{"jrcxz",             {0xe3, 0x00},             2, {2, 2, {0x1002, 0x1002}}},
	{"jmp, 16 bits or 32",{0x66, 0xe9, 0, 1, 0, 0}, 6, {6, 0, {0}}},
	{"ret",               {0xc3},                   1, {1, 0, {0}}},
	{"ret imm16",         {0xc2, 8, 0},             3, {3, 0, {0}}},
	{"call rax",          {0xff, 0xd0},             2, {2, 0, {0}}},
	{"jmp [rax]",         {0xff, 0x20},             2, {2, 0, {0}}},
	{"jmp far [rax]",     {0xff, 0x28},             2, {2, 0, {0}}},
	{"push rax",          {0xff, 0xf0},             2, {2, 1, {0x1002}}},
	{"inc eax",           {0xff, 0xc0},             2, {2, 1, {0x1002}}},
	{"iretq",             {0x48, 0xcf},             2, {2, 0, {0}}},
	{"xbegin",            {0xc7, 0xf8, 0, 0, 0, 0}, 6, {6, 0, {0}}},
	{"mov m32, imm32",    {0xc7, 0x00, 0, 0, 0, 0}, 6, {6, 1, {0x1006}}},
	{"rep movsb",         {0xf3, 0xa4},             2, {2, 2, {0x1002, 0x1000}}},
	{"movsb",             {0xa4},                   1, {1, 1, {0x1001}}},
	{"VEX, 77",           {0xc5, 0xf8, 0x77},       3, {3, 1, {0x1003}}},
	{"VEX, opcode of jz", {0xc5, 0xf9, 0x74, 0xc0}, 4, {4, 1, {0x1004}}},
	{"EVEX",              {0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0}, 6, {0, 0, {0}}},
	{"cut off",           {0xe8, 0},                2, {0, 0, {0}}},
};
/* clang-format on */

START_TEST(leads_to)
{
	const struct isa_flow *expected = &flows[_i].flow;
	struct isa_flow flow;

	x86_flow(0x1000, flows[_i].code, flows[_i].len, &flow);
	ck_assert_uint_eq(flow.len, expected->len);
	ck_assert_uint_eq(flow.num_next, expected->num_next);
	for (uint8_t k = 0; k < flow.num_next; k++)
		ck_assert_uint_eq(flow.next[k], expected->next[k]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 entries");
	TCase *tc = tcase_create("bytes");

	tcase_add_loop_test(tc, entries, 0, sizeof doors / sizeof *doors);
	tcase_add_test(tc, system_calls_are_doors);
	tcase_add_loop_test(tc, leads_to, 0, sizeof flows / sizeof *flows);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
