/* Logs of QEMU's states, whole and spoilt: each is judged as the trace is that it becomes. */
#include "lib/lockstep/judge_log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/run/verdict.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

enum { STATES = 200, SEEDS = 60, TEXT_MAX = 1 << 20 };

/* A loop: add rax, rbx; dec rcx; jnz. */
enum { LOOP = 0x401000, LOOP_INSNS = 3 };
static const struct {
	uint64_t pc;
	const char *listing;
} insns[LOOP_INSNS] = {
	{LOOP, "48 01 d8                 addq %rbx, %rax"},
	{LOOP + 3, "48 ff c9                 decq %rcx"},
	{LOOP + 6, "75 f8                    jne 0x401000"},
};

static char log_path[SCRATCH_PATH_LEN], trace_path[SCRATCH_PATH_LEN];
static char *text;

static void setup(void)
{
	scratch_setup();
	scratch_path("qemu.log", log_path);
	scratch_path("t.vtrace", trace_path);
	text = malloc(TEXT_MAX);
	ck_assert_ptr_nonnull(text);
}

static void teardown(void)
{
	free(text);
	scratch_teardown();
}

/* ---- The log ---- */

static size_t put_state(char *out, uint64_t rax, uint64_t rcx, uint64_t rip, unsigned flags)
{
	int len = sprintf(out,
			  "RAX=%016llx RBX=%016llx RCX=%016llx RDX=%016llx\nRSI=%016x RDI=%016x RBP=%016x RSP=%016x\n"
			  "R8 =%016x R9 =%016x R10=%016x R11=%016x\nR12=%016x R13=%016x R14=%016x R15=%016x\n"
			  "RIP=%016llx RFL=%08x [-------] CPL=3 II=0 A20=1 SMM=0 HLT=0\n",
			  (unsigned long long)rax, 3ULL, (unsigned long long)rcx, 0ULL, 0, 0, 0, 0x7000, 0, 0, 0, 0, 0,
			  0, 0, 0, (unsigned long long)rip, flags);
	static const char *const segments[] = {"ES", "CS", "SS", "DS", "FS", "GS"};

	for (size_t i = 0; i < sizeof segments / sizeof *segments; i++)
		len += sprintf(out + len, "%s =0000 0000000000000000 00000000 00000000\n", segments[i]);
	len += sprintf(out + len, "CR0=80010001 CR2=%016x CR3=%016x CR4=00050220\nEFER=0000000000000500\n", 0, 0);
	return (size_t)len;
}

/* Flags of a result, with no carry and no overflow: SF, ZF, AF, PF, and those that are always there (SDM vol.
 * 1, 3.4.3.1). */
static unsigned flags_of(uint64_t result, bool adjust)
{
	bool even = !__builtin_parity((unsigned)(result & 0xff));

	return 0x202U | (unsigned)(result >> 63) << 7 | (unsigned)!result << 6 | (unsigned)adjust << 4 |
	       (unsigned)even << 2;
}

/* The right log of so many states of the loop; where[i] is where state i begins. */
static size_t write_text(size_t where[STATES])
{
	uint64_t rax = 0x10, rcx = 1000;
	unsigned flags = 0x202;
	size_t len = 0;

	for (size_t i = 0; i < STATES; i++) {
		unsigned at = i % LOOP_INSNS;
		if (i < LOOP_INSNS)
			len += (size_t)sprintf(text + len, "----------------\nIN: \n0x%08llx:  %s\n\n",
					       (unsigned long long)insns[at].pc, insns[at].listing);
		where[i] = len;
		len += put_state(text + len, rax, rcx, insns[at].pc, flags);
		ck_assert_uint_lt(len, TEXT_MAX - 4096);
		if (at == 0) {
			flags = flags_of(rax + 3, (rax & 15) + 3 > 15);
			rax += 3;
		} else if (at == 1) {
			flags = flags_of(rcx - 1, !(rcx & 15));
			rcx--;
		}
	}
	return len;
}

static void write_log(size_t len)
{
	put_file(log_path, text, len);
}

/* ---- Both ways ---- */

static struct error *open_log(struct import **ret, struct trace_header *header)
{
	static char recorder[] = "by hand", emulator[] = "none";
	struct error *err = import_open(log_path, ret);

	*header = (struct trace_header){.recorder = recorder, .emulator = emulator};
	if (!err)
		ck_no_error(import_describe(*ret, header));
	return err;
}

/* False if nothing of it could be judged. */
static bool judge_it(const struct lockstep_options *options, struct run *ret)
{
	const struct judge_trace_options judging = {.run = options, .jobs = 1};
	const struct import_options import = {.blocks = false};
	struct trace_header header;
	struct import *im;
	trace_calls calls = {0};

	*ret = (struct run){.instructions = 0};
	struct error *err = open_log(&im, &header);
	if (err) {
		ck_assert_int_eq(err->code, ERROR_INPUT);
		error_destroy(err);
		return false;
	}
	ck_no_error(judge_log(im, &import, &header, &judging, ret, &calls));
	vec_deinit(&calls);
	free(header.hidden);
	import_close(im);
	return true;
}

/* False if there is no trace of it. */
static bool judge_its_trace(const struct lockstep_options *options, struct run *ret)
{
	const struct judge_trace_options judging = {.run = options, .jobs = 1};
	const struct import_options import = {.blocks = false};
	struct trace_header header;
	struct trace_reader *reader;
	struct import *im;
	trace_calls calls = {0};
	struct error *err = open_log(&im, &header);

	if (err) {
		error_destroy(err);
		return false;
	}
	err = import_to_trace(im, &header, &import, trace_path);
	free(header.hidden);
	import_close(im);
	if (err) {
		error_destroy(err);
		return false;
	}
	*ret = (struct run){.instructions = 0};
	ck_no_error(trace_reader_open(trace_path, &reader));
	ck_no_error(judge_trace(reader, &judging, ret, &calls));
	vec_deinit(&calls);
	trace_reader_destroy(reader);
	return true;
}

static void compare(const struct run *a, const struct run *b)
{
	ck_assert_int_eq(run_verdict(a), run_verdict(b));
	ck_assert_int_eq(a->limit, b->limit);
	ck_assert_uint_eq(a->passed_over, b->passed_over);
	ck_assert_int_eq(a->unreached, b->unreached);
	ck_assert_uint_eq(a->instructions, b->instructions);
	ck_assert_uint_eq(a->checked, b->checked);
	ck_assert_uint_eq(a->unseen, b->unseen);
	ck_assert_uint_eq(a->findings.list.len, b->findings.list.len);
	ck_assert_uint_eq(a->unmodelled.len, b->unmodelled.len);
	ck_assert_uint_eq(a->partly.len, b->partly.len);
	ck_assert_uint_eq(a->coverage.forms.len, b->coverage.forms.len);
	ck_assert_mem_eq(&a->timeline, &b->timeline, sizeof a->timeline);
}

static void check_alike(const struct lockstep_options *options, struct run *ret)
{
	struct run traced;

	ck_assert(judge_it(options, ret));
	ck_assert(judge_its_trace(options, &traced));
	compare(ret, &traced);
	run_deinit(&traced);
}

/* ---- Tests ---- */

static const struct lockstep_options all = {.judge.fail_on = SEVERITY_MODEL};

START_TEST(a_right_log_is_clean)
{
	size_t where[STATES];
	struct run run;

	write_log(write_text(where));
	check_alike(&all, &run);
	ck_assert_uint_eq(run.instructions, STATES - 1);
	ck_assert_uint_eq(run.checked, STATES - 1);
	ck_assert_uint_eq(run.findings.list.len, 0);
	ck_assert_ptr_null(run.error);
	run_deinit(&run);
}
END_TEST

/* State 31 has another RAX, behind a decrement of RCX. */
START_TEST(a_wrong_register_is_found)
{
	size_t where[STATES];
	struct run run;
	size_t len = write_text(where);

	text[where[31] + strlen("RAX=")] = 'f';
	write_log(len);
	check_alike(&all, &run);
	ck_assert_int_eq(run_verdict(&run), VERDICT_DIVERGENT);
	ck_assert_uint_eq(run.findings.list.at[0].first_instruction, 31);
	run_deinit(&run);

	const struct lockstep_options first = {.judge.fail_on = SEVERITY_MODEL, .judge.stop_on_first = true};
	check_alike(&first, &run);
	ck_assert_int_eq(run.limit, RUN_LIMIT_FINDINGS);
	ck_assert_uint_eq(run.instructions, 31);
	run_deinit(&run);
}
END_TEST

static const struct lockstep_options limits[] = {
	{.have_from = true, .from = LOOP + 3},
	{.have_from = true, .from = LOOP + 3, .max_instructions = 10},
	{.have_from = true, .from = 0x10},
	{.have_until = true, .until = LOOP},
	{.have_until = true, .until = LOOP + 6},
	{.have_until = true, .until = 0x10},
	{.have_from = true, .from = LOOP + 6, .have_until = true, .until = LOOP + 3},
	{.have_from = true, .from = LOOP + 3, .have_until = true, .until = LOOP + 3},
	{.max_instructions = 1},
	{.max_instructions = STATES - 2},
	{.max_instructions = STATES - 1},
	{.max_instructions = STATES},
};

START_TEST(limits_are_those_of_a_trace)
{
	size_t where[STATES];
	struct run run;

	write_log(write_text(where));
	check_alike(&limits[_i], &run);
	run_deinit(&run);
}
END_TEST

START_TEST(what_was_judged_before_damage_stays)
{
	size_t where[STATES];
	struct run run;
	size_t len = write_text(where);

	text[where[100] + strlen("RAX=")] = 'x';
	write_log(len);
	ck_assert(judge_it(&all, &run));
	ck_assert_uint_eq(run.instructions, 99);
	ck_assert_int_eq(run_verdict(&run), VERDICT_ERROR);
	ck_assert_int_eq(run.error->code, ERROR_INPUT);
	ck_contains(run.error->message, "qemu.log:");
	ck_assert_uint_gt(run.error->place, 100);
	run_deinit(&run);
}
END_TEST

START_TEST(a_cut_is_told)
{
	size_t where[STATES];
	struct run run;

	write_text(where);
	write_log(where[100] + 200);
	ck_assert(judge_it(&all, &run));
	ck_assert_uint_eq(run.instructions, 99);
	ck_assert_ptr_nonnull(run.cut);
	ck_contains(run.cut, "the log ends within a state");
	run_deinit(&run);
}
END_TEST

START_TEST(an_interrupted_run_ends)
{
	static const volatile sig_atomic_t now = 1;
	const struct lockstep_options options = {.interrupted = &now};
	size_t where[STATES];
	struct run run;

	write_log(write_text(where));
	ck_assert(judge_it(&options, &run));
	ck_assert(run.interrupted);
	ck_assert_uint_eq(run.instructions, 1);
	run_deinit(&run);
}
END_TEST

/* Where there is a trace, all is the same; where there is none, it is told why. */
START_TEST(spoilt_logs_are_judged)
{
	static const char chars[] = "0123456789abcdef x=\n-:RI";
	struct rng rng = {(uint64_t)_i};
	size_t where[STATES];
	struct run run, traced;
	size_t len = write_text(where);

	for (int n = 1 + _i % 8; n > 0; n--)
		text[rng_below(&rng, (uint32_t)len)] = chars[rng_below(&rng, sizeof chars - 1)];
	write_log(len);
	bool judged = judge_it(&all, &run);
	if (judge_its_trace(&all, &traced)) {
		ck_assert(judged);
		ck_assert_ptr_null(run.error);
		/* The trace does not tell of a cut. */
		if (!run.cut)
			compare(&run, &traced);
		run_deinit(&traced);
	} else if (judged) {
		ck_assert_ptr_nonnull(run.error);
		ck_assert_int_ne(run.error->code, ERROR_BUG);
	}
	run_deinit(&run);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge_log");
	TCase *tcase = tcase_create("judge_log");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_right_log_is_clean);
	tcase_add_test(tcase, a_wrong_register_is_found);
	tcase_add_loop_test(tcase, limits_are_those_of_a_trace, 0, sizeof limits / sizeof *limits);
	tcase_add_test(tcase, what_was_judged_before_damage_stays);
	tcase_add_test(tcase, a_cut_is_told);
	tcase_add_test(tcase, an_interrupted_run_ends);
	tcase_add_loop_test(tcase, spoilt_logs_are_judged, 0, SEEDS);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
