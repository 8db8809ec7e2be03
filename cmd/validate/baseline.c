/* validate baseline: keeps the file of known findings. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/validate/command.h"
#include "cmd/validate/print.h"
#include "lib/base/apart.h"
#include "lib/report/baseline.h"

struct baseline_options {
	const char *file, *note, *link;
	bool prune;
	unsigned quiet;
};

static struct error *check_usage(const struct baseline_options *o, const struct operands *operands)
{
	if (!operands->len || strcmp(operands->at[0], "update") != 0)
		return error_create(ERROR_USAGE, "baseline: what to do with it is not said: validate baseline update");
	if (!o->file)
		return error_create(ERROR_USAGE, "baseline update: which one is not said: --baseline FILE");
	if (operands->len < 2)
		return error_create(ERROR_USAGE, "baseline update: no report given (validate --report makes one)");
	struct error *err = NULL;
	for (size_t i = 1; i < operands->len && !err; i++) {
		const struct apart_file files[] = {{"a report", operands->at[i], false}, {"--baseline", o->file, true}};
		err = apart_check(files, 2);
	}
	return err;
}

static struct error *update(const struct baseline_options *o, const struct operands *operands,
			    struct baseline_update *counts)
{
	struct baseline b = {0};
	struct error *err = NULL;

	if (access(o->file, F_OK) == 0 || errno != ENOENT)
		err = baseline_read(o->file, &b);
	if (!err)
		err = baseline_update(&b, operands->at + 1, operands->len - 1, counts);
	if (!err)
		err = baseline_write(&b, o->file);
	baseline_deinit(&b);
	return err;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	const struct baseline_options *o = options;
	struct baseline_update counts = {.note = o->note, .link = o->link, .prune = o->prune};
	struct error *err = check_usage(o, operands);

	if (!err)
		err = update(o, operands, &counts);
	if (err)
		return fail(err);
	if (!o->quiet) {
		print_name(stdout, o->file);
		printf(": %zu known findings added, %zu kept, %zu removed\n", counts.added, counts.kept,
		       counts.removed);
	}
	return STATUS_OK;
}

/* clang-format off */
#define AT(member) offsetof(struct baseline_options, member)
static const struct option_row baseline_option_rows[] = {
	{"baseline", 0, "FILE", "the file, which is made if it is not there", AT(file), option_text},
	{"note", 0, "TEXT", "note for what is added: why it is known", AT(note), option_text},
	{"link", 0, "URL", "link for what is added: where it was reported", AT(link), option_text},
	{"prune", 0, NULL, "remove entries that are stale in these reports", AT(prune), option_flag},
	{"quiet", 'q', NULL, "say nothing when all went well", AT(quiet), option_count},
	{0},
};
#undef AT
/* clang-format on */

const struct command command_baseline = {
	.name = "baseline",
	.operands = "update REPORT...",
	.summary = "keep the file of known findings, for validate --baseline",
	.details =
		"Adds the findings of JSON reports (validate --report) that the file does not have. Entries that are\n"
		"there stay, with their notes and links.",
	.options = baseline_option_rows,
	.options_size = sizeof(struct baseline_options),
	.run = run,
};
