/* validate diff: compares two recorded traces. */
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/interrupt.h"
#include "cmd/validate/print.h"
#include "cmd/validate/symbols.h"
#include "lib/base/apart.h"
#include "lib/base/file.h"
#include "lib/report/diff.h"
#include "lib/report/document.h"
#include "lib/sandbox/sandbox.h"

struct diff_command_options {
	const char *report;
	uint64_t max_findings, window;
	bool force;
	unsigned quiet, verbose;
};

static bool is_interrupted(void *ctx)
{
	(void)ctx;
	return interrupted;
}

static struct error *check_usage(const struct diff_command_options *o, const struct operands *operands)
{
	if (operands->len != 2)
		return error_create(ERROR_USAGE, "diff: two traces are to be named: validate diff A B");
	if (!o->window || o->window > DIFF_WINDOW_MAX)
		return error_create(ERROR_USAGE, "diff: --window is from 1 to %d", DIFF_WINDOW_MAX);
	const struct apart_file files[] = {{"A", operands->at[0], false},
					   {"B", operands->at[1], false},
					   {"--report", o->report, true}};
	struct error *same = apart_check(files, sizeof files / sizeof *files);
	if (same)
		return same;
	if (o->report && strcmp(o->report, "-") != 0) {
		struct error *err = file_check_write(o->report);
		return err ? error_prefix(err, "--report") : NULL;
	}
	return NULL;
}

static struct error *write_report(const char *path, const struct diff_report *report)
{
	struct strbuf text = {0};

	diff_report_json(&text, report);
	struct error *err = document_write(&text, "report", path);
	strbuf_deinit(&text);
	return err;
}

static struct error *print(const struct diff_command_options *o, const struct diff_report *report)
{
	struct strbuf text = {0};
	bool occupied = o->report && !strcmp(o->report, "-");
	struct error *err = o->report ? write_report(o->report, report) : NULL;

	if (!err && !o->quiet && !occupied) {
		diff_report_text(&text, report);
		if (strbuf_failed(&text))
			err = &error_no_memory;
		else
			print_text(&text);
	}
	strbuf_deinit(&text);
	return err;
}

static enum exit_status status_of(const struct diff_result *r)
{
	static const enum exit_status statuses[] = {
		[DIFF_SAME] = STATUS_OK, [DIFF_DIFFERENT] = STATUS_DIVERGENT, [DIFF_LOST] = STATUS_LOST_SYNC};

	return r->interrupted ? STATUS_INTERRUPTED : statuses[diff_verdict(r)];
}

static struct error *compare(const struct diff_command_options *o, const struct trace_reader *a,
			     const struct trace_reader *b, enum exit_status *ret)
{
	const struct diff_options options = {
		.max_findings = o->max_findings,
		.window = o->window,
		.consequences = o->verbose > 0,
		.force = o->force,
		.interrupted = is_interrupted,
	};
	struct symbols symbols = {0};
	struct diff_result result;
	struct error *err = diff_run(a, b, &options, &result);

	if (err)
		return err;
	const struct diff_report report = {&result, a, b, symbols_append, &symbols};
	err = symbols_of_trace(&symbols, a, NULL);
	if (!err)
		err = print(o, &report);
	*ret = status_of(&result);
	symbols_deinit(&symbols);
	diff_result_deinit(&result);
	return err;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	const struct diff_command_options *o = options;
	const char *output = o->report && strcmp(o->report, "-") != 0 ? o->report : NULL;
	struct trace_reader *a = NULL, *b = NULL;
	struct sandbox_state sandbox;
	enum exit_status status = STATUS_OK;
	struct error *err = check_usage(o, operands);

	if (!err)
		err = sandbox_drop(&output, 1, &sandbox);
	if (!err)
		err = trace_reader_open(operands->at[0], &a);
	if (!err)
		err = trace_reader_open(operands->at[1], &b);
	if (!err) {
		catch_signal(SIGINT, interrupt, SA_RESETHAND);
		err = compare(o, a, b, &status);
	}
	trace_reader_destroy(a);
	trace_reader_destroy(b);
	return err ? fail(err) : status;
}

static const struct diff_command_options defaults = {.max_findings = 1000, .window = DIFF_WINDOW};

/* clang-format off */
#define AT(member) offsetof(struct diff_command_options, member)
static const struct option_row diff_option_rows[] = {
	{"force", 0, NULL, "compare traces of different programs", AT(force), option_flag},
	{"window", 0, "N", "where paths part, search N steps ahead on either side (65536)", AT(window), option_number},
	{"max-findings", 0, "N", "list at most N findings of each kind (1000); more are counted", AT(max_findings),
	 option_number},
	{"report", 0, "FILE", "write the result as JSON as well; - is standard output", AT(report), option_text},
	{"quiet", 'q', NULL, "print nothing but errors", AT(quiet), option_count},
	{"verbose", 'v', NULL, "list consequences, and what follows from other addresses, too", AT(verbose), option_count},
	{0},
};
#undef AT
/* clang-format on */

const struct command command_diff = {
	.name = "diff",
	.operands = "A B",
	.summary = "compare two recorded traces, instruction by instruction",
	.details = "Of two emulators, of two versions of one, or of two runs. A difference counts where the same\n"
		   "instruction had equal inputs and another result. Traces are made by validate trace and --trace.",
	.options = diff_option_rows,
	.defaults = &defaults,
	.options_size = sizeof(struct diff_command_options),
	.run = run,
};
