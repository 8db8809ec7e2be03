/* Traces judged, by one thread or by two, which is to give the same; and reports of it. fuzz-runs: 600 */
#include <jansson.h>

#include "lib/lockstep/judge_trace.h"
#include "lib/report/report.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { MAX_INSTRUCTIONS = 3000 };

struct outcome {
	struct run run;
	trace_calls calls;
	bool done;
};

static void judge(const struct trace_reader *r, unsigned jobs, struct outcome *ret)
{
	const struct lockstep_options run = {.max_instructions = MAX_INSTRUCTIONS, .judge.fail_on = SEVERITY_MODEL};
	const struct judge_trace_options options = {.run = &run, .jobs = jobs};

	*ret = (struct outcome){.done = false};
	struct error *err = judge_trace(r, &options, &ret->run, &ret->calls);
	ret->done = !err;
	fuzz_refused(err);
}

static void outcome_deinit(struct outcome *j)
{
	run_deinit(&j->run);
	vec_deinit(&j->calls);
}

static void print(const struct trace_reader *r, const struct outcome *j)
{
	const struct trace_header *h = trace_reader_header(r);
	const struct report report = {.run = &j->run,
				      .isa = h->isa,
				      .target = h->emulator,
				      .version = "0",
				      .program = h->program.path ? h->program.path : "",
				      .calls = j->calls.at,
				      .num_calls = j->calls.len};
	const struct report_format *const formats[] = {&report_json, &report_html, &report_sarif, &report_junit};
	struct strbuf text = {0};
	json_error_t error;

	report_text(&text, &report, true);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		strbuf_clear(&text);
		formats[i]->print(&text, &report);
		if (strbuf_failed(&text))
			abort();
		json_t *json = i ? NULL : json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &error);
		if (!i && !json)
			abort();
		json_decref(json);
	}
	strbuf_deinit(&text);
}

static void same(const char *what, uint64_t alone, uint64_t shared)
{
	if (alone == shared)
		return;
	fprintf(stderr, "%s: %llu by one thread, %llu by two\n", what, (unsigned long long)alone,
		(unsigned long long)shared);
	abort();
}

static size_t executed_forms(const struct run *run)
{
	size_t num = 0;

	for (size_t i = 0; i < run->coverage.forms.len; i++)
		num += coverage_executed(&run->coverage.forms.at[i]) != 0;
	return num;
}

static void compare(const struct run *a, const struct run *b)
{
	same("verdict", run_verdict(a), run_verdict(b));
	same("limit", a->limit, b->limit);
	same("passed over", a->passed_over, b->passed_over);
	same("instructions", a->instructions, b->instructions);
	same("checked", a->checked, b->checked);
	same("unseen", a->unseen, b->unseen);
	same("findings", a->findings.list.len, b->findings.list.len);
	same("partly judged forms", a->partly.len, b->partly.len);
	same("forms", executed_forms(a), executed_forms(b));
	same("events", a->events.total, b->events.total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct trace_reader *r = NULL;
	struct outcome alone, shared;
	int fd = fuzz_file(data, size, path);
	struct error *err = trace_reader_open(path, &r);

	if (!err) {
		judge(r, 1, &alone);
		judge(r, 2, &shared);
		if (alone.done != shared.done)
			abort();
		if (alone.done) {
			compare(&alone.run, &shared.run);
			print(r, &alone);
		}
		outcome_deinit(&alone);
		outcome_deinit(&shared);
	}
	fuzz_refused(err);
	trace_reader_destroy(r);
	close(fd);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_trace(data, size, max_size, seed);
}
