/* Why results differ: made-up traces of a few instructions, with and without a difference. */
#include <signal.h>

#include "lib/testing/short_run.h"

enum { READ = 0, MMAP = 9, BRK = 12, GETPID = 39 }; /* system calls */

/* ---- Registers and flags ---- */

static void straight_line(struct run *r, int side)
{
	(void)side;
	set(r, "rax", 5);
	step(r, ADD_RAX_RBX);
	set(r, "rcx", 5);
	step(r, MOV_RCX_RAX);
	access_memory(r, true, 0x5000, 5);
	step(r, MOV_MEM_RDI_RAX);
	call(r, GETPID, 4);
	step(r, SYSCALL);
}

START_TEST(equal_runs_are_the_same)
{
	struct diff_result r = compare_runs(straight_line, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	ck_assert_uint_eq(r.compared, 4);
	ck_assert_uint_eq(r.events, 1);
	diff_result_deinit(&r);
}
END_TEST

static void flag_differs(struct run *r, int side)
{
	step(r, NOP);
	set(r, "cf", side == 1);
	step(r, ADD_RAX_RBX);
	step(r, NOP);
}

START_TEST(a_wrong_flag_is_one_difference)
{
	struct diff_result r = compare_runs(flag_differs, NULL, NULL);
	const struct diff_list *list = &r.list[DIFF_INDEPENDENT];

	check_totals(&r, totals(1));
	check_location(list, 0, "add r64, r64", "cf");
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	ck_assert_uint_eq(list->findings.list.at[0].first_instruction, 2);
	ck_assert_uint_eq(list->findings.list.at[0].insn.pc, CODE + 1);
	ck_assert_uint_eq(list->other.at[0].number, 2);
	ck_assert_uint_eq(list->findings.list.at[0].expected[0] & 1, 0);
	ck_assert_uint_eq(list->findings.list.at[0].observed[0] & 1, 1);
	ck_assert_uint_eq(list->findings.list.at[0].inputs.len, 2);
	diff_result_deinit(&r);
}
END_TEST

static void undefined_differs(struct run *r, int side)
{
	set(r, "af", side == 1);
	step(r, AND_RAX_RBX);
}

START_TEST(undefined_bits_are_no_difference)
{
	struct diff_result r = compare_runs(undefined_differs, NULL, NULL);

	check_totals(&r, totals([DIFF_UNDEFINED] = 1));
	check_location(&r.list[DIFF_UNDEFINED], 0, "and r64, r64", "af");
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

/* Of 2.0: one side has what is right, the other what is within the error of that, or is not. */
#define RCPSS_XMM0_XMM1 "\xf3\x0f\x53\xc1"

static void approximate(struct run *r, uint64_t result)
{
	set(r, "xmm1", 0x40000000);
	step(r, NOP);
	set(r, "xmm0", result);
	step(r, RCPSS_XMM0_XMM1);
}

static void within_bound(struct run *r, int side)
{
	approximate(r, side ? 0x3f000200 : 0x3f000000);
}

static void beyond_bound(struct run *r, int side)
{
	approximate(r, side ? 0x3f002000 : 0x3f000000);
}

START_TEST(what_a_bound_allows_is_no_difference)
{
	struct diff_result r = compare_runs(within_bound, NULL, NULL);

	check_totals(&r, totals([DIFF_UNDEFINED] = 1));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
	r = compare_runs(beyond_bound, NULL, NULL);
	check_totals(&r, totals([DIFF_INDEPENDENT] = 1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "rcpss xmm, xmm", "xmm0");
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

static void clock_differs(struct run *r, int side)
{
	set(r, "rax", side ? 77 : 33);
	step(r, RDTSC);
}

START_TEST(the_time_is_from_outside)
{
	struct diff_result r = compare_runs(clock_differs, NULL, NULL);

	check_totals(&r, totals([DIFF_OUTSIDE] = 1));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

static void chain(struct run *r, int side)
{
	uint64_t wrong = side ? 6 : 5;

	set(r, "rax", wrong);
	step(r, ADD_RAX_RBX);
	step(r, NOP);
	set(r, "rcx", wrong);
	step(r, MOV_RCX_RAX);
	set(r, "rdx", wrong);
	step(r, MOV_RDX_RCX);
	access_memory(r, true, 0, wrong);
	step(r, MOV_MEM_RDI_RAX);
	access_memory(r, false, 0, wrong);
	step(r, MOV_RAX_MEM_RDI);
	/* The same wrong value in the same register, of an instruction whose inputs are equal. */
	step(r, MOV_RAX_RBX);
}

START_TEST(what_follows_from_a_difference_is_counted_apart)
{
	struct diff_result r = compare_runs(chain, NULL, NULL);

	/* rcx, rdx, the store, and rax that is loaded from it */
	check_totals(&r, totals([DIFF_INDEPENDENT] = 2, [DIFF_CONSEQUENCE] = 4));
	ck_assert_uint_eq(r.consequences, 4);
	check_location(&r.list[DIFF_INDEPENDENT], 0, "add r64, r64", "rax");
	check_location(&r.list[DIFF_INDEPENDENT], 1, "mov r64, r64", "rax");
	check_location(&r.list[DIFF_CONSEQUENCE], 0, "mov r64, r64", "rcx");
	check_location(&r.list[DIFF_CONSEQUENCE], 1, "mov m64, r64", "mem64[0x0]");
	diff_result_deinit(&r);
}
END_TEST

START_TEST(consequences_are_listed_only_if_asked_for)
{
	const struct diff_options options = {.max_findings = 100};
	struct diff_result r = compare_runs(chain, NULL, &options);

	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].total, 4);
	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].unlisted, 4);
	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].findings.list.len, 0);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(what_the_list_has_no_room_for_is_counted)
{
	const struct diff_options options = {.max_findings = 1};
	struct diff_result r = compare_runs(chain, NULL, &options);

	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].total, 2);
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].unlisted, 1);
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].findings.list.len, 1);
	diff_result_deinit(&r);
}
END_TEST

static void stray(struct run *r, int side)
{
	set(r, "r9", side ? 1 : 0);
	step(r, NOP);
}

START_TEST(a_register_that_no_instruction_writes_must_not_change)
{
	struct diff_result r = compare_runs(stray, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "nop", "r9");
	ck_assert(r.list[DIFF_INDEPENDENT].findings.list.at[0].unwritten);
	diff_result_deinit(&r);
}
END_TEST

static void signal_differs(struct run *r, int side)
{
	r->signal = side ? SIGILL : 0;
	step(r, NOP);
}

START_TEST(a_signal_is_a_difference)
{
	struct diff_result r = compare_runs(signal_differs, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "nop", "fault");
	diff_result_deinit(&r);
}
END_TEST

static void start_differs(struct run *r, int side)
{
	set(r, "rax", side ? 3 : 0);
	step(r, MOV_RAX_RBX);
}

START_TEST(registers_that_differ_from_the_start_are_named)
{
	const struct start other = {CODE, STACK, 0xab, "x86_64", .fourth = 3};
	struct diff_result r = compare_runs(start_differs, &other, NULL);

	check_totals(&r, totals([DIFF_CONSEQUENCE] = 1));
	ck_assert_uint_eq(r.start.len, 1);
	ck_assert_str_eq(isa_by_name("x86_64")->regs[r.start.at[0]].name, "rbx");
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Memory ---- */

static void stores_differ(struct run *r, int side)
{
	access_memory(r, true, 0, side ? 1 : 0);
	step(r, MOV_MEM_RDI_RAX);
	access_memory(r, true, side ? 8 : 0, 0);
	step(r, MOV_MEM_RDI_RAX);
}

START_TEST(stores_of_other_values_or_to_other_places_are_differences)
{
	struct diff_result r = compare_runs(stores_differ, NULL, NULL);
	const struct diff_list *list = &r.list[DIFF_INDEPENDENT];

	check_totals(&r, totals(2));
	check_location(list, 0, "mov m64, r64", "mem64[0x0]");
	ck_assert_uint_eq(list->findings.list.len, 2);
	ck_assert_int_eq(list->other.at[0].kind, DIFF_VALUE);
	ck_assert_int_eq(list->other.at[1].kind, DIFF_PLACE);
	ck_assert_uint_eq(list->findings.list.at[1].observed[0], 8);
	diff_result_deinit(&r);
}
END_TEST

static void memory_differs(struct run *r, int side)
{
	for (int i = 0; i < 2; i++) {
		access_memory(r, false, 0, side ? 1 : 0);
		set(r, "rax", side ? 1 : 0);
		step(r, MOV_RAX_MEM_RDI);
	}
}

START_TEST(memory_that_nobody_wrote_differently_is_named_once)
{
	struct diff_result r = compare_runs(memory_differs, NULL, NULL);

	check_totals(&r, totals([DIFF_ORIGIN_UNKNOWN] = 1, [DIFF_CONSEQUENCE] = 2));
	check_location(&r.list[DIFF_ORIGIN_UNKNOWN], 0, "mov r64, m64", "mem64[0x0]");
	ck_assert_int_eq(r.list[DIFF_ORIGIN_UNKNOWN].other.at[0].kind, DIFF_LOADED);
	diff_result_deinit(&r);
}
END_TEST

/* ---- System calls ---- */

static void read_differs(struct run *r, int side)
{
	static const uint8_t data[2][3] = {"abc", "abd"};
	static const struct trace_write writes[2] = {{0x5000, 3, data[0], 3}, {0x5000, 3, data[1], 3}};

	call(r, READ, 3);
	r->event.writes = &writes[side];
	r->event.num_writes = 1;
	step(r, SYSCALL);
}

START_TEST(what_a_system_call_wrote_is_compared)
{
	struct diff_result r = compare_runs(read_differs, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "syscall", "mem24[0x5000]");
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].findings.list.at[0].mask[0], ~UINT64_C(0xff0000));
	diff_result_deinit(&r);
}
END_TEST

/* ---- Addresses ---- */

/* Where B has the code and the stack. Neither is a page's multiple away, nor the same distance. */
static const struct start moved = {CODE + 0x7000010, STACK + 0x1234560, 0xab, "x86_64", 0};

/* The image follows right upon the stack, as QEMU 7.2 maps it. */
static const struct start behind_stack = {CODE + 0x7000000, CODE + 0x7000000 - 0x800, 0xab, "x86_64", 0};

static void pointers(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp), heap = side ? 0x900000 : 0x800000,
		 map = side ? 0x30000 : 0x70000;

	call(r, BRK, heap);
	step(r, SYSCALL);
	call(r, BRK, heap + 0x1000);
	step(r, SYSCALL);
	set(r, "rsi", 0x2000);
	step(r, NOP); /* a stray in both */
	call(r, MMAP, map);
	step(r, SYSCALL);
	set(r, "rdi", map + 0x1ff8);
	step(r, NOP);
	access_memory(r, true, map + 0x1ff8, sp - 8);
	step(r, MOV_MEM_RDI_RAX);
	access_memory(r, false, map + 0x1ff8, sp - 8);
	set(r, "rax", sp - 8);
	step(r, MOV_RAX_MEM_RDI);
	set(r, "rcx", sp - 8);
	step(r, MOV_RCX_RAX);
	set(r, "rcx", r->base + 5);
	set(r, "rdx", heap + 0xfff);
	step(r, NOP);
}

START_TEST(addresses_are_translated_by_region)
{
	struct diff_result r = compare_runs(pointers, &moved, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.compared, 9);
	ck_assert_uint_eq(r.start.len, 0);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(an_image_behind_the_stack_is_no_stack)
{
	const struct start *start[2] = {_i ? &usual_start : &behind_stack, _i ? &behind_stack : &usual_start};
	struct diff_result r;

	for (int side = 0; side < 2; side++) {
		struct run run;
		run_open(&run, side, start[side]);
		pointers(&run, side);
		run_close(&run);
	}
	ck_no_error(compare(NULL, &r));
	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.compared, 9);
	ck_assert_uint_eq(r.start.len, 0);
	diff_result_deinit(&r);
}
END_TEST

static void shifted_pointer(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp), shifted = sp >> 12;

	(void)side;
	set(r, "rax", sp);
	step(r, NOP);
	set(r, "rax", shifted);
	set(r, "cf", sp >> 11 & 1);
	set(r, "zf", 0);
	set(r, "sf", 0);
	set(r, "pf", !(__builtin_popcountll(shifted & 0xff) & 1));
	step(r, SHR_RAX_12);
	set(r, "rcx", shifted);
	step(r, MOV_RCX_RAX);
}

START_TEST(what_other_addresses_make_of_it_is_no_difference)
{
	struct diff_result r = compare_runs(shifted_pointer, &moved, NULL);

	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].total, 0);
	ck_assert_uint_ge(r.list[DIFF_ADDRESSES].total, 1);
	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].total, 1);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

static void wrong_pointer(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp);

	set(r, "rbx", sp);
	step(r, NOP);
	set(r, "rax", sp + (side ? 8 : 0));
	step(r, MOV_RAX_RBX);
}

START_TEST(an_address_of_another_place_is_a_difference)
{
	struct diff_result r = compare_runs(wrong_pointer, &moved, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "mov r64, r64", "rax");
	/* rbx in A and in B */
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].findings.list.at[0].inputs.len, 2);
	diff_result_deinit(&r);
}
END_TEST

/* The strings of the initial stack are elsewhere, relative to the stack pointer; the second lies below the first, at
 * another distance. */
static void arguments(struct run *r, int side)
{
	static const uint64_t offset[2][2] = {{0x800, 0x700}, {0x810, 0x720}};
	uint64_t sp = state_get(&r->before, r->isa->sp);

	for (unsigned i = 0; i < 2; i++) {
		set(r, "rdi", sp + 8 + 8 * i);
		step(r, NOP);
		access_memory(r, false, sp + 8 + 8 * i, sp + offset[side][i]);
		set(r, "rax", sp + offset[side][i]);
		step(r, MOV_RAX_MEM_RDI);
	}
	set(r, "rcx", sp + offset[side][0]);
	step(r, NOP);
}

START_TEST(strings_of_the_initial_stack_are_found)
{
	struct diff_result r = compare_runs(arguments, &moved, NULL);

	check_totals(&r, totals(0));
	diff_result_deinit(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *tc = tcase_create("diff");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_add_test(tc, equal_runs_are_the_same);
	tcase_add_test(tc, a_wrong_flag_is_one_difference);
	tcase_add_test(tc, undefined_bits_are_no_difference);
	tcase_add_test(tc, what_a_bound_allows_is_no_difference);
	tcase_add_test(tc, the_time_is_from_outside);
	tcase_add_test(tc, what_follows_from_a_difference_is_counted_apart);
	tcase_add_test(tc, consequences_are_listed_only_if_asked_for);
	tcase_add_test(tc, what_the_list_has_no_room_for_is_counted);
	tcase_add_test(tc, a_register_that_no_instruction_writes_must_not_change);
	tcase_add_test(tc, a_signal_is_a_difference);
	tcase_add_test(tc, registers_that_differ_from_the_start_are_named);
	tcase_add_test(tc, stores_of_other_values_or_to_other_places_are_differences);
	tcase_add_test(tc, memory_that_nobody_wrote_differently_is_named_once);
	tcase_add_test(tc, what_a_system_call_wrote_is_compared);
	tcase_add_test(tc, addresses_are_translated_by_region);
	tcase_add_loop_test(tc, an_image_behind_the_stack_is_no_stack, 0, 2);
	tcase_add_test(tc, what_other_addresses_make_of_it_is_no_difference);
	tcase_add_test(tc, an_address_of_another_place_is_a_difference);
	tcase_add_test(tc, strings_of_the_initial_stack_are_found);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
