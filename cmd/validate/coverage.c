/* validate coverage: what runs exercised, merged from their reports. */
#include "cmd/validate/command.h"
#include "lib/base/apart.h"
#include "lib/report/coverage_sum.h"
#include "lib/report/document.h"

struct coverage_options {
	const char *output;
	bool json;
};

static struct error *check_apart(const struct coverage_options *o, const struct operands *operands)
{
	struct error *err = NULL;

	for (size_t i = 0; i < operands->len && !err; i++) {
		const struct apart_file files[] = {{"a report", operands->at[i], false}, {"--output", o->output, true}};
		err = apart_check(files, 2);
	}
	return err;
}

static struct error *sum_reports(const struct coverage_options *o, const struct operands *operands)
{
	struct coverage_sum sum = {0};
	struct strbuf text = {0};
	struct error *err = check_apart(o, operands);

	for (size_t i = 0; i < operands->len && !err; i++)
		err = coverage_sum_add(&sum, operands->at[i]);
	if (!err)
		err = (o->json ? coverage_sum_json : coverage_sum_text)(&text, &sum);
	if (!err)
		err = document_write(&text, "output", o->output);
	strbuf_deinit(&text);
	coverage_sum_deinit(&sum);
	return err;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	struct error *err;

	if (operands->len)
		err = sum_reports(options, operands);
	else
		err = error_create(ERROR_USAGE, "coverage: no report given (validate --report makes one)");
	return err ? fail(err) : STATUS_OK;
}

/* clang-format off */
#define AT(member) offsetof(struct coverage_options, member)
static const struct option_row coverage_option_rows[] = {
	{"json", 0, NULL, "JSON, with every form and encoding", AT(json), option_flag},
	{"output", 'o', "FILE", "write to this file", AT(output), option_text},
	{0},
};
#undef AT
/* clang-format on */

static const struct coverage_options defaults = {.output = "-"};

const struct command command_coverage = {
	.name = "coverage",
	.operands = "REPORT...",
	.summary = "tell what runs exercised, and how far it was judged",
	.options = coverage_option_rows,
	.defaults = &defaults,
	.options_size = sizeof(struct coverage_options),
	.run = run,
};
