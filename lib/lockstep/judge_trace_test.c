/* Traces of nonsense are judged: whatever they hold, threads that share the work come to what one comes to. */
#include "lib/lockstep/judge_trace.h"

#include <stdlib.h>

#include "lib/run/verdict.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_trace.h"
#include "lib/testing/scratch.h"

enum { STEPS = 400, THREADS = 3, SEEDS = 40 };

static char path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("t.vtrace", path);
}

/* A thread of its own for every few steps: so many chunks. */
static void write_trace(const struct isa *isa, uint64_t seed, bool hide_pc)
{
	char recorder[] = "by hand", emulator[] = "none";
	struct trace_header h = {.isa = isa, .recorder = recorder, .emulator = emulator, .stops_reset = seed % 2};
	const struct trace_end end = {.limit = RUN_LIMIT_INSTRUCTIONS};
	struct random_trace t;
	struct trace_writer *w;

	h.hidden = calloc(isa->num_words, sizeof *h.hidden);
	ck_assert_ptr_nonnull(h.hidden);
	if (hide_pc)
		h.hidden[isa->regs[isa->pc].word] = UINT64_MAX;
	random_trace_init(&t, isa, seed);
	ck_no_error(trace_writer_create(path, &h, &t.before, &w));
	for (int i = 0; i < STEPS; i++) {
		random_trace_next(&t);
		ck_no_error(trace_writer_step(w, &t.step));
	}
	ck_no_error(trace_writer_finish(w, &end));
	trace_writer_destroy(w);
	random_trace_deinit(&t);
	free(h.hidden);
}

static bool judge(const struct trace_reader *r, unsigned jobs, struct run *ret)
{
	const struct lockstep_options run = {.judge.fail_on = SEVERITY_MODEL};
	const struct judge_trace_options options = {.run = &run, .jobs = jobs};
	trace_calls calls = {0};

	*ret = (struct run){.instructions = 0};
	struct error *err = judge_trace(r, &options, ret, &calls);
	bool judged = !err;
	if (!err && ret->error)
		ck_assert_int_ne(ret->error->code, ERROR_BUG);
	if (err)
		ck_assert_int_ne(err->code, ERROR_BUG);
	error_destroy(err);
	vec_deinit(&calls);
	return judged;
}

static void compare(const struct run *a, const struct run *b)
{
	ck_assert_int_eq(run_verdict(a), run_verdict(b));
	ck_assert_int_eq(a->limit, b->limit);
	ck_assert_uint_eq(a->passed_over, b->passed_over);
	ck_assert_uint_eq(a->instructions, b->instructions);
	ck_assert_uint_eq(a->checked, b->checked);
	ck_assert_uint_eq(a->unseen, b->unseen);
	ck_assert_uint_eq(a->findings.list.len, b->findings.list.len);
	ck_assert_uint_eq(a->unmodelled.len, b->unmodelled.len);
	ck_assert_uint_eq(a->partly.len, b->partly.len);
	ck_assert_uint_eq(a->coverage.forms.len, b->coverage.forms.len);
	ck_assert_uint_eq(a->events.total, b->events.total);
}

static void check_isa(const struct isa *isa, uint64_t seed, bool hide_pc)
{
	struct trace_reader *r;
	struct run alone, shared;

	write_trace(isa, seed, hide_pc);
	ck_no_error(trace_reader_open(path, &r));
	bool judged = judge(r, 1, &alone);
	ck_assert_int_eq(judge(r, THREADS, &shared), judged);
	if (judged)
		compare(&alone, &shared);
	run_deinit(&alone);
	run_deinit(&shared);
	trace_reader_destroy(r);
}

START_TEST(nonsense_is_judged)
{
	check_isa(isa_by_name("x86_64"), (uint64_t)_i, false);
	check_isa(isa_by_name("aarch64"), (uint64_t)_i, false);
}
END_TEST

START_TEST(nobody_knows_where_it_is)
{
	check_isa(isa_by_name("x86_64"), (uint64_t)_i, true);
	check_isa(isa_by_name("aarch64"), (uint64_t)_i, true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge_trace");
	TCase *tcase = tcase_create("judge_trace");

	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_add_loop_test(tcase, nonsense_is_judged, 0, SEEDS);
	tcase_add_loop_test(tcase, nobody_knows_where_it_is, 0, SEEDS);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
