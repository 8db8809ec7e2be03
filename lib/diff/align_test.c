/* What is compared with what: steps of different size, paths that part, threads and ends, and what is refused. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/testing/random_trace.h"
#include "lib/testing/short_run.h"

enum { GETPID = 39 }; /* a system call */

/* ---- Steps of different size ---- */

/* rep stosb of three bytes: A has a step each, B one for all, or one more at the end. */
static void repeated(struct run *r, int iterations, bool lingers, uint64_t rdi)
{
	set(r, "rcx", 3);
	step(r, NOP);
	for (int i = 1; i <= iterations; i++) {
		bool last = i == iterations && !lingers;
		set(r, "rdi", last ? rdi : (uint64_t)i);
		set(r, "rcx", (uint64_t)(last ? 0 : 3 - i));
		r->next = last ? 0 : CODE + 1;
		step(r, REP_STOSB);
	}
	if (lingers)
		step(r, REP_STOSB);
	step(r, NOP);
}

static void repeated_at_once(struct run *r, int side)
{
	repeated(r, side ? 1 : 3, false, 3);
}

static void repeated_lingering(struct run *r, int side)
{
	repeated(r, 3, side == 1, 3);
}

static void repeated_wrongly(struct run *r, int side)
{
	repeated(r, side ? 1 : 3, false, side ? 4 : 3);
}

START_TEST(a_repeated_instruction_may_be_one_step_or_many)
{
	/* NOP that sets rcx is a stray in both alike. */
	struct diff_result r = compare_runs(_i ? repeated_lingering : repeated_at_once, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.repeats, 1);
	ck_assert_uint_eq(r.num_paths, 0);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(the_end_of_a_repeated_instruction_is_compared)
{
	struct diff_result r = compare_runs(repeated_wrongly, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "rep stosb", "rdi");
	diff_result_deinit(&r);
}
END_TEST

static void block(struct run *r, int side)
{
	set(r, "rax", 5);
	if (!side)
		step(r, ADD_RAX_RBX);
	set(r, "rcx", 5);
	if (side)
		step(r, ADD_RAX_RBX MOV_RCX_RAX);
	else
		step(r, MOV_RCX_RAX);
	step(r, NOP);
}

START_TEST(a_block_may_be_one_step)
{
	struct diff_result r = compare_runs(block, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.repeats, 1);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Paths ---- */

enum { ELSEWHERE = CODE + 0x100, JOIN = CODE + 0x200, LONG_WAY = 100 };

static void go_elsewhere(struct run *r, int steps, uint64_t place)
{
	r->next = steps ? place : JOIN;
	step(r, NOP);
	for (int i = 0; i < steps; i++) {
		r->next = i + 1 < steps ? 0 : JOIN;
		step(r, NOP);
	}
}

static void other_path(struct run *r, int side)
{
	go_elsewhere(r, side ? 5 : 3, side ? ELSEWHERE : ELSEWHERE + 0x50);
	set(r, "cf", side == 1);
	step(r, ADD_RAX_RBX);
}

START_TEST(paths_that_part_are_joined_again)
{
	struct diff_result r = compare_runs(other_path, NULL, NULL);

	/* Where they part, the PC differs; where they have met, the flag does. */
	check_totals(&r, totals(2));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "nop", "rip");
	check_location(&r.list[DIFF_INDEPENDENT], 1, "add r64, r64", "cf");
	ck_assert_uint_eq(r.num_paths, 1);
	ck_assert_uint_eq(r.paths.len, 1);
	ck_assert_uint_eq(r.paths.at[0].steps_a, 3);
	ck_assert_uint_eq(r.paths.at[0].steps_b, 5);
	ck_assert_uint_eq(r.paths.at[0].from_a, ELSEWHERE + 0x50);
	ck_assert_uint_eq(r.paths.at[0].from_b, ELSEWHERE);
	ck_assert_uint_eq(r.paths.at[0].to_a, JOIN);
	ck_assert_str_eq(r.paths.at[0].insn.text, "nop");
	ck_assert(!r.paths.at[0].by_event);
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

/* Both come to two common places, in another order: two steps each to one, none and three to the other. */
static void two_places(struct run *r, int side)
{
	static const uint64_t way[2][4] = {
		{JOIN, JOIN + 0x40, JOIN + 0x100, 0},
		{ELSEWHERE, ELSEWHERE + 0x40, JOIN + 0x100, JOIN},
	};

	for (int i = 0; i < 4 && way[side][i]; i++) {
		r->next = way[side][i];
		step(r, NOP);
	}
	step(r, NOP);
}

START_TEST(the_nearest_common_place_is_taken)
{
	struct diff_result r = compare_runs(two_places, NULL, NULL);

	ck_assert_uint_ge(r.paths.len, 1);
	ck_assert_uint_eq(r.paths.at[0].to_a, JOIN);
	ck_assert_uint_eq(r.paths.at[0].steps_a, 0);
	ck_assert_uint_eq(r.paths.at[0].steps_b, 3);
	diff_result_deinit(&r);
}
END_TEST

/* A spins twice, B seven times. */
static void spin(struct run *r, int side)
{
	for (int i = side ? 7 : 2; i > 0; i--) {
		step(r, NOP);
		r->next = i > 1 ? CODE : 0;
		step(r, MOV_RAX_RBX);
	}
	step(r, MOV_RCX_RAX);
	step(r, NOP);
}

START_TEST(loops_may_spin_differently_often)
{
	struct diff_result r = compare_runs(spin, NULL, NULL);

	ck_assert_uint_eq(r.num_paths, 1);
	ck_assert_uint_eq(r.path_steps_a, 0);
	ck_assert_uint_eq(r.path_steps_b, 10);
	ck_assert_uint_eq(r.compared, 6);
	ck_assert_uint_eq(r.lost.len, 0);
	diff_result_deinit(&r);
}
END_TEST

static void long_way(struct run *r, int side)
{
	go_elsewhere(r, side ? LONG_WAY : 3, side ? ELSEWHERE : ELSEWHERE + 0x50 + LONG_WAY);
	step(r, NOP);
	call(r, GETPID, side ? 1 : 2);
	step(r, SYSCALL);
	step(r, NOP);
}

START_TEST(a_system_call_is_an_anchor_where_the_window_is_too_small)
{
	const struct diff_options options = {.max_findings = 100, .window = 16};
	struct diff_result r = compare_runs(long_way, NULL, &options);

	ck_assert_uint_eq(r.num_paths, 1);
	ck_assert(r.paths.at[0].by_event);
	ck_assert_uint_eq(r.paths.at[0].to_a, JOIN + 1);
	ck_assert_uint_eq(r.paths.at[0].steps_b, LONG_WAY + 1);
	check_location(&r.list[DIFF_INDEPENDENT], 1, "syscall", "rax");
	diff_result_deinit(&r);
}
END_TEST

static void for_good(struct run *r, int side)
{
	r->next = side ? ELSEWHERE : JOIN;
	step(r, NOP);
	for (int i = 0; i < 20 + side; i++)
		step(r, NOP);
}

START_TEST(paths_that_never_meet_are_lost)
{
	struct diff_result r = compare_runs(for_good, NULL, NULL);

	ck_assert_int_eq(diff_verdict(&r), DIFF_LOST);
	ck_assert_uint_eq(r.lost.len, 1);
	ck_assert_uint_eq(r.lost.at[0].pc_a, JOIN);
	ck_assert_uint_eq(r.lost.at[0].pc_b, ELSEWHERE);
	ck_assert_uint_eq(r.lost.at[0].number_a, 2);
	ck_assert_uint_eq(r.lost.at[0].left_a, 20);
	ck_assert_uint_eq(r.lost.at[0].left_b, 21);
	diff_result_deinit(&r);
}
END_TEST

/* Many chunks, and paths that part in each of them: the scout has to keep up. */
static void far(struct run *r, int side)
{
	for (int k = 0; k < 40; k++) {
		for (int i = 0; i < 3000; i++) {
			r->next = i < 2999 ? CODE : 0;
			step(r, NOP);
		}
		go_elsewhere(r, side ? 5 : 3, side ? ELSEWHERE : ELSEWHERE + 0x50);
		r->next = CODE;
		step(r, NOP);
	}
}

START_TEST(paths_are_joined_in_long_traces)
{
	struct diff_result r = compare_runs(far, NULL, NULL);

	ck_assert_uint_eq(r.num_paths, 40);
	ck_assert_uint_eq(r.paths.len, 1);
	ck_assert_uint_eq(r.paths.at[0].count, 40);
	ck_assert_uint_eq(r.path_steps_a, 120);
	ck_assert_uint_eq(r.path_steps_b, 200);
	ck_assert_uint_eq(r.compared, 40 * 3002);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Threads and ends ---- */

static void threads(struct run *r, int side)
{
	static const uint64_t tid[2][3] = {{7, 8, 7}, {100, 50, 100}};

	for (int i = 0; i < 3; i++) {
		r->tid = tid[side][i];
		set(r, "rax", (uint64_t)i);
		step(r, NOP);
	}
	if (side)
		r->tid = 200;
	step(r, NOP);
}

START_TEST(threads_are_paired_in_order)
{
	struct diff_result r = compare_runs(threads, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.threads, 3);
	/* A's first thread has one step more; B alone has a third. */
	ck_assert_uint_eq(r.endings.len, 2);
	ck_assert_uint_eq(r.endings.at[0].left_a, 1);
	ck_assert_uint_eq(r.endings.at[0].left_b, 0);
	ck_assert_uint_eq(r.endings.at[1].tid_b, 200);
	ck_assert_uint_eq(r.endings.at[1].left_b, 1);
	diff_result_deinit(&r);
}
END_TEST

static void longer(struct run *r, int side)
{
	for (int i = 0; i < 3 + 2 * side; i++)
		step(r, NOP);
}

START_TEST(a_longer_run_is_a_difference)
{
	struct diff_result r = compare_runs(longer, NULL, NULL);

	ck_assert_uint_eq(r.endings.len, 1);
	ck_assert_uint_eq(r.endings.at[0].left_a, 0);
	ck_assert_uint_eq(r.endings.at[0].left_b, 2);
	ck_assert_uint_eq(r.endings.at[0].number_b, 3);
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(a_trace_that_was_cut_off_is_compared_as_far_as_it_goes)
{
	struct diff_result r = compare_runs(far, NULL, NULL);
	struct stat st;
	char path[SCRATCH_PATH_LEN];

	short_run_path(1, path);
	diff_result_deinit(&r);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
	ck_no_error(compare(NULL, &r));
	ck_assert_uint_gt(r.compared, 0);
	ck_assert_uint_lt(r.compared, 40 * 3002);
	ck_assert_uint_eq(r.endings.len, 1);
	ck_assert_uint_gt(r.endings.at[0].left_a, 0);
	ck_contains(r.endings.at[0].why, "B was cut off");
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

static bool always(void *ctx)
{
	(void)ctx;
	return true;
}

START_TEST(a_comparison_can_be_interrupted)
{
	const struct diff_options options = {.max_findings = 100, .interrupted = always};
	struct diff_result r = compare_runs(far, NULL, &options);

	ck_assert(r.interrupted);
	ck_assert_uint_eq(r.compared, 0);
	diff_result_deinit(&r);
}
END_TEST

/* ---- What cannot be compared ---- */

static void write_one(int side, const struct start *start)
{
	struct run r;

	run_open(&r, side, start);
	step(&r, NOP);
	run_close(&r);
}

START_TEST(other_programs_are_refused)
{
	const struct start other = {CODE, STACK, 0xcd, "x86_64", 0}, arm = {CODE, STACK, 0xab, "aarch64", 0};
	const struct diff_options force = {.max_findings = 100, .force = true};
	struct diff_result r;

	write_one(0, &usual_start);
	write_one(1, &other);
	ck_error(compare(NULL, &r), ERROR_INPUT, "another program");
	ck_no_error(compare(&force, &r));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);

	struct run run;
	run_open(&run, 1, &arm);
	step(&run, "\x1f\x20\x03\xd5");
	run_close(&run);
	ck_error(compare(&force, &r), ERROR_INPUT, "aarch64");
}
END_TEST

/* Anything may stand in a trace: made-up ones have everything, and other ones nothing in common. */
static void write_random(int side, const char *isa, uint64_t seed, size_t steps)
{
	char path[SCRATCH_PATH_LEN];
	struct trace_header h = {.isa = isa_by_name(isa), .recorder = strdup("made up"), .emulator = strdup("none")};
	const struct trace_end end = {.exited = true};
	struct random_trace t;
	struct trace_writer *w;

	short_run_path(side, path);
	random_trace_init(&t, h.isa, seed);
	ck_no_error(trace_writer_create(path, &h, &t.before, &w));
	for (size_t i = 0; i < steps; i++) {
		random_trace_next(&t);
		ck_no_error(trace_writer_step(w, &t.step));
	}
	ck_no_error(trace_writer_finish(w, &end));
	trace_writer_destroy(w);
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}

START_TEST(made_up_traces_are_equal_to_themselves_and_to_no_others)
{
	const struct diff_options force = {.max_findings = 50, .consequences = true, .force = true, .window = 1000};
	const char *isa = isas[_i % 2]->name;
	uint64_t seed = (uint64_t)_i;
	struct diff_result r;

	write_random(0, isa, seed, 2000);
	write_random(1, isa, seed, 2000);
	ck_no_error(compare(&force, &r));
	check_totals(&r, totals(0));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);

	write_random(1, isa, seed + 100, 1500);
	ck_no_error(compare(&force, &r));
	ck_assert_int_ne(diff_verdict(&r), DIFF_SAME);
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++)
		ck_assert_uint_le(r.list[c].findings.list.len, 50);
	ck_assert_uint_le(r.paths.len, 50);
	diff_result_deinit(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("align");
	TCase *tc = tcase_create("align");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tc, a_repeated_instruction_may_be_one_step_or_many, 0, 2);
	tcase_add_test(tc, the_end_of_a_repeated_instruction_is_compared);
	tcase_add_test(tc, a_block_may_be_one_step);
	tcase_add_test(tc, paths_that_part_are_joined_again);
	tcase_add_test(tc, the_nearest_common_place_is_taken);
	tcase_add_test(tc, a_longer_run_is_a_difference);
	tcase_add_test(tc, loops_may_spin_differently_often);
	tcase_add_test(tc, a_system_call_is_an_anchor_where_the_window_is_too_small);
	tcase_add_test(tc, paths_that_never_meet_are_lost);
	tcase_add_test(tc, paths_are_joined_in_long_traces);
	tcase_add_test(tc, threads_are_paired_in_order);
	tcase_add_test(tc, a_trace_that_was_cut_off_is_compared_as_far_as_it_goes);
	tcase_add_test(tc, a_comparison_can_be_interrupted);
	tcase_add_test(tc, other_programs_are_refused);
	tcase_add_loop_test(tc, made_up_traces_are_equal_to_themselves_and_to_no_others, 0, 6);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
