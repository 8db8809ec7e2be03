/* What is written to a trace is what is read from it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/testing/assert.h"
#include "lib/testing/random_trace.h"
#include "lib/testing/scratch.h"
#include "lib/trace/trace.h"

static char trace_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("t.vtrace", trace_path);
}

static struct trace_header make_header(const struct isa *isa)
{
	struct trace_header h = {
		.isa = isa,
		.recorder = strdup("validate test"),
		.emulator = strdup("qemu-none version 0"),
		.program = {.path = strdup("/bin/p"), .size = 77, .build_id = strdup("c0de")},
		.hidden = calloc(isa->num_words, sizeof *h.hidden),
		.on_request = calloc(isa->num_regs, sizeof *h.on_request),
		.stops_reset = true,
	};

	h.on_request[5] = true;

	memset(h.program.sha256, 0xab, sizeof h.program.sha256);
	/* A target that never shows the last register. */
	const struct reg_desc *last = &isa->regs[isa->num_regs - 1];
	h.hidden[last->word] = UINT64_MAX >> (64 - (last->width < 64 ? last->width : 64));
	return h;
}

/* As the target shows it: without what the header hides. */
static void hide(struct state *s, const uint64_t *hidden)
{
	for (uint32_t w = 0; w < s->isa->num_words; w++) {
		s->value[w] &= ~hidden[w];
		s->unknown[w] |= hidden[w];
	}
}

static void write_trace(const struct isa *isa, uint64_t seed, size_t steps, bool named)
{
	struct trace_header h = make_header(isa);
	struct random_trace t;
	struct trace_writer *w;
	const struct trace_module modules[] = {{strdup("/bin/p"), 0x400000, 0x500000, 0x400100}};
	const struct trace_end end = {.exited = true, .exit_status = 3, .nanoseconds = 5};

	random_trace_init(&t, isa, seed);
	t.named = named;
	ck_no_error(trace_writer_create(trace_path, &h, &t.before, &w));
	ck_no_error(trace_writer_modules(w, modules, 1));
	for (size_t i = 0; i < steps; i++) {
		random_trace_next(&t);
		ck_no_error(trace_writer_step(w, &t.step));
		if (i == steps / 2) {
			trace_writer_repeat(w, REPEAT_LINGER);
			if (t.step.len <= ISA_MAX_INSN_LEN)
				ck_no_error(trace_writer_observed(w, &t.step));
		}
	}
	ck_no_error(trace_writer_finish(w, &end));
	trace_writer_destroy(w);
	free(modules[0].path);
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}

static void same_state(const struct state *actual, const struct state *expected, const uint64_t *hidden, uint64_t step)
{
	const struct isa *isa = expected->isa;
	struct state e;

	ck_no_error(state_init(&e, isa));
	state_copy(&e, expected);
	hide(&e, hidden);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		for (unsigned i = 0; i < reg_words(&isa->regs[r]); i++) {
			unsigned w = isa->regs[r].word + i;
			if (actual->value[w] != e.value[w] || actual->unknown[w] != e.unknown[w])
				ck_abort_msg("step %llu: %s is 0x%llx without 0x%llx, expected 0x%llx without 0x%llx",
					     (unsigned long long)step, isa->regs[r].name,
					     (unsigned long long)actual->value[w],
					     (unsigned long long)actual->unknown[w], (unsigned long long)e.value[w],
					     (unsigned long long)e.unknown[w]);
		}
	}
	state_deinit(&e);
}

static void same_event(const struct trace_event *actual, const struct trace_event *expected)
{
	ck_assert_int_eq(!actual, !expected);
	if (!expected)
		return;
	ck_assert_uint_eq(actual->number, expected->number);
	ck_assert_uint_eq(actual->index, expected->index);
	ck_assert_uint_eq(actual->position, expected->position);
	ck_assert_uint_eq(actual->skipped, expected->skipped);
	ck_assert_int_eq(actual->policy, expected->policy);
	ck_assert_int_eq(actual->unlogged, expected->unlogged);
	ck_assert_int_eq(actual->finished, expected->finished);
	ck_assert_int_eq(actual->status, expected->status);
	ck_assert_uint_eq(actual->at, expected->at);
	ck_assert_uint_eq(actual->nanoseconds, expected->nanoseconds);
	ck_assert_uint_eq(actual->num_writes, expected->num_writes);
	for (size_t i = 0; i < expected->num_writes; i++) {
		ck_assert_uint_eq(actual->writes[i].address, expected->writes[i].address);
		ck_assert_uint_eq(actual->writes[i].len, expected->writes[i].len);
		ck_assert_uint_eq(actual->writes[i].data_len, expected->writes[i].data_len);
		ck_bytes(actual->writes[i].data, expected->writes[i].data, expected->writes[i].data_len);
	}
}

static void same_step(const struct trace_step *actual, const struct trace_step *expected, const uint64_t *hidden)
{
	ck_assert_uint_eq(actual->tid, expected->tid);
	ck_assert_uint_eq(actual->pc, expected->pc);
	ck_assert_uint_eq(actual->len, expected->len);
	ck_bytes(actual->bytes, expected->bytes, expected->len);
	ck_assert_int_eq(actual->signal, expected->signal);
	ck_assert_int_eq(actual->running, expected->running);
	same_state(actual->before, expected->before, hidden, actual->number);
	same_state(actual->after, expected->after, hidden, actual->number);
	ck_assert_uint_eq(actual->num_accesses, expected->num_accesses);
	for (size_t i = 0; i < expected->num_accesses; i++) {
		const struct trace_access *a = &actual->accesses[i], *e = &expected->accesses[i];
		ck_assert_uint_eq(a->address, e->address);
		ck_assert_uint_eq(a->len, e->len);
		ck_assert_int_eq(a->store, e->store);
		ck_assert_uint_eq(a->known, e->known);
		ck_bytes(a->data, e->data, e->len);
	}
	same_event(actual->event, expected->event);
}

static const struct isa *isa_of(int i)
{
	return isa_by_name(i & 1 ? "aarch64" : "x86_64");
}

enum { STEPS = 6000 };

START_TEST(random_runs_come_back)
{
	const struct isa *isa = isa_of(_i);
	struct trace_reader *r;
	struct trace_cursor *c;
	struct random_trace t;
	struct trace_step step;
	bool end;

	write_trace(isa, (uint64_t)_i, STEPS, _i & 2);
	random_trace_init(&t, isa, (uint64_t)_i);
	t.named = _i & 2;
	ck_no_error(trace_reader_open(trace_path, &r));
	ck_assert_ptr_null(trace_reader_cut(r));
	ck_assert_uint_eq(trace_reader_steps(r), STEPS);
	const uint64_t *hidden = trace_reader_header(r)->hidden;
	ck_no_error(trace_cursor_create(r, &c));
	for (uint64_t i = 1; i <= STEPS; i++) {
		random_trace_next(&t);
		ck_no_error(trace_cursor_next(c, &step, &end));
		ck_assert(!end);
		ck_assert_uint_eq(step.number, i);
		same_step(&step, &t.step, hidden);
	}
	ck_no_error(trace_cursor_next(c, &step, &end));
	ck_assert(end);
	trace_cursor_destroy(c);
	trace_reader_destroy(r);
	random_trace_deinit(&t);
}
END_TEST

START_TEST(the_header_and_the_end_come_back)
{
	const struct isa *isa = isa_of(_i);
	struct trace_reader *r;
	size_t num;

	write_trace(isa, 9, 100, false);
	ck_no_error(trace_reader_open(trace_path, &r));
	const struct trace_header *h = trace_reader_header(r);
	ck_assert_ptr_eq(h->isa, isa);
	ck_assert_str_eq(h->recorder, "validate test");
	ck_assert_str_eq(h->emulator, "qemu-none version 0");
	ck_assert_str_eq(h->program.path, "/bin/p");
	ck_assert_uint_eq(h->program.size, 77);
	ck_assert_uint_eq(h->program.sha256[31], 0xab);
	ck_assert_str_eq(h->program.build_id, "c0de");
	ck_assert_ptr_null(h->log.path);
	ck_assert(h->stops_reset);
	for (uint32_t i = 0; i < isa->num_regs; i++)
		ck_assert_int_eq(h->on_request[i], i == 5);
	const struct trace_module *m = trace_reader_modules(r, &num);
	ck_assert_uint_eq(num, 1);
	ck_assert_str_eq(m->path, "/bin/p");
	ck_assert_uint_eq(m->entry, 0x400100);
	const struct trace_end *e = trace_reader_end(r);
	ck_assert_ptr_nonnull(e);
	ck_assert(e->exited && !e->limit && !e->error && !e->lost_expected);
	ck_assert_int_eq(e->exit_status, 3);
	ck_assert_uint_eq(e->steps, 100);
	trace_reader_destroy(r);
}
END_TEST

START_TEST(any_step_can_be_looked_for)
{
	struct trace_reader *r;
	struct trace_cursor *c;
	struct trace_step step;
	struct rng rng = {3};
	bool end;

	write_trace(isa_of(0), 5, STEPS, true);
	ck_no_error(trace_reader_open(trace_path, &r));
	ck_no_error(trace_cursor_create(r, &c));
	for (int i = 0; i < 50; i++) {
		uint64_t number = 1 + rng_below(&rng, STEPS);
		ck_no_error(trace_cursor_seek(c, number));
		ck_no_error(trace_cursor_next(c, &step, &end));
		ck_assert(!end);
		ck_assert_uint_eq(step.number, number);
	}
	ck_no_error(trace_cursor_seek(c, STEPS + 1));
	ck_no_error(trace_cursor_next(c, &step, &end));
	ck_assert(end);
	trace_cursor_destroy(c);
	trace_reader_destroy(r);
}
END_TEST

START_TEST(a_chunk_tells_what_it_starts_from)
{
	const struct isa *isa = isa_of(0);
	struct trace_reader *r;
	struct trace_decoder *d;
	struct random_trace t;
	size_t num_chunks, num_observed;

	write_trace(isa, 11, STEPS, true);
	ck_no_error(trace_reader_open(trace_path, &r));
	ck_no_error(trace_decoder_create(r, &d));
	const struct trace_chunk_info *chunks = trace_reader_chunks(r, &num_chunks);
	ck_assert_uint_gt(num_chunks, 2);
	ck_no_error(trace_decoder_open(d, 0));
	ck_assert_int_eq(trace_decoder_repeat(d), REPEAT_ITERATION);
	trace_decoder_observed(d, &num_observed);
	ck_assert_uint_eq(num_observed, 0);

	ck_no_error(trace_decoder_open(d, num_chunks - 1));
	ck_assert_int_eq(trace_decoder_repeat(d), REPEAT_LINGER);
	trace_decoder_observed(d, &num_observed);
	ck_assert_uint_eq(num_observed, 1);
	random_trace_init(&t, isa, 11);
	for (uint64_t i = 0; i < chunks[num_chunks - 1].first; i++)
		random_trace_next(&t);
	/* What the target hides stands there as the writer's caller had it. */
	const struct state *carried = trace_decoder_carried(d);
	ck_assert_mem_eq(carried->value, t.before.value, isa->num_words * sizeof *carried->value);
	ck_assert_mem_eq(carried->unknown, t.before.unknown, isa->num_words * sizeof *carried->unknown);
	random_trace_deinit(&t);
	trace_decoder_destroy(d);
	trace_reader_destroy(r);
}
END_TEST

/* A jump that the last step did not announce begins a chunk. */
START_TEST(steps_need_not_follow_one_another)
{
	struct trace_header h = make_header(isa_of(1));
	struct random_trace t;
	struct trace_writer *w;
	struct trace_reader *r;
	struct trace_cursor *c;
	struct trace_step step;
	const struct trace_end none = {.exited = false};
	bool end;

	random_trace_init(&t, h.isa, 1);
	ck_no_error(trace_writer_create(trace_path, &h, &t.before, &w));
	random_trace_next(&t);
	ck_no_error(trace_writer_step(w, &t.step));
	t.step.pc = 0x1234;
	ck_no_error(trace_writer_step(w, &t.step));
	ck_no_error(trace_writer_finish(w, &none));
	trace_writer_destroy(w);
	ck_no_error(trace_reader_open(trace_path, &r));
	ck_no_error(trace_cursor_create(r, &c));
	ck_no_error(trace_cursor_next(c, &step, &end));
	ck_no_error(trace_cursor_next(c, &step, &end));
	ck_assert(!end);
	ck_assert_uint_eq(step.pc, 0x1234);
	ck_assert_uint_eq(state_get(step.before, h.isa->pc), 0x1234);
	trace_cursor_destroy(c);
	trace_reader_destroy(r);
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}
END_TEST

START_TEST(an_unfinished_trace_stays_as_part)
{
	struct trace_header h = make_header(isa_of(0));
	struct random_trace t;
	struct trace_writer *w;
	struct trace_reader *r;
	char part[SCRATCH_PATH_LEN + 8];

	random_trace_init(&t, h.isa, 1);
	ck_no_error(trace_writer_create(trace_path, &h, &t.before, &w));
	for (int i = 0; i < STEPS; i++) {
		random_trace_next(&t);
		ck_no_error(trace_writer_step(w, &t.step));
	}
	trace_writer_destroy(w);
	ck_assert_int_ne(access(trace_path, F_OK), 0);
	snprintf(part, sizeof part, "%s.part", trace_path);
	ck_no_error(trace_reader_open(part, &r));
	ck_contains(trace_reader_cut(r), "it has no footer");
	ck_assert_ptr_null(trace_reader_end(r));
	ck_assert_uint_gt(trace_reader_steps(r), STEPS / 2);
	ck_assert_uint_lt(trace_reader_steps(r), STEPS);
	trace_reader_destroy(r);
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}
END_TEST

/* Whatever the thread that writes cannot do fails a later step, or the end. */
START_TEST(a_file_that_cannot_grow_is_told)
{
	const struct rlimit limit = {64 << 10, 64 << 10};
	struct trace_header h = make_header(isa_of(0));
	struct random_trace t;
	struct trace_writer *w;
	struct error *err = NULL;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	random_trace_init(&t, h.isa, 1);
	ck_no_error(trace_writer_create(trace_path, &h, &t.before, &w));
	for (int i = 0; i < 2 * STEPS && !err; i++) {
		random_trace_next(&t);
		err = trace_writer_step(w, &t.step);
	}
	if (!err)
		err = trace_writer_finish(w, &(struct trace_end){.limit = RUN_LIMIT_FINDINGS});
	ck_error(err, ERROR_OS, "t.vtrace.part: File too large");
	trace_writer_destroy(w);
	ck_assert_int_ne(access(trace_path, F_OK), 0);
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}
END_TEST

START_TEST(a_step_that_does_not_fit_is_refused)
{
	struct trace_header h = make_header(isa_of(0));
	struct random_trace t;
	struct trace_writer *w;

	random_trace_init(&t, h.isa, 1);
	ck_no_error(trace_writer_create(trace_path, &h, &t.before, &w));
	random_trace_next(&t);
	t.step.len = TRACE_MAX_BYTES + 1;
	ck_error(trace_writer_step(w, &t.step), ERROR_UNSUPPORTED, "does not fit in a trace");
	t.step.len = 1;
	t.step.num_accesses = 1;
	t.accesses[0].len = 65;
	ck_error(trace_writer_step(w, &t.step), ERROR_UNSUPPORTED, "does not fit in a trace");
	trace_writer_destroy(w);
	ck_error(trace_writer_create("/nowhere/t", &h, &t.before, &w), ERROR_OS, "/nowhere/t.part");
	ck_error(trace_writer_create("/", &h, &t.before, &w), ERROR_OS, "directory");
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = tcase_create("trace");

	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, random_runs_come_back, 0, 8);
	tcase_add_loop_test(tcase, the_header_and_the_end_come_back, 0, 2);
	tcase_add_test(tcase, any_step_can_be_looked_for);
	tcase_add_test(tcase, a_chunk_tells_what_it_starts_from);
	tcase_add_test(tcase, steps_need_not_follow_one_another);
	tcase_add_test(tcase, an_unfinished_trace_stays_as_part);
	tcase_add_test(tcase, a_file_that_cannot_grow_is_told);
	tcase_add_test(tcase, a_step_that_does_not_fit_is_refused);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
