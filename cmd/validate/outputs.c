#include "cmd/validate/outputs.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/vec.h"

static const struct report_format *const formats[NUM_OUTPUTS] = {
	[OUTPUT_JSON] = &report_json,
	[OUTPUT_JUNIT] = &report_junit,
	[OUTPUT_SARIF] = &report_sarif,
	[OUTPUT_HTML] = &report_html,
};

/* Standard output is no file that could be compared. */
static struct error *check_streams(const struct output_options *o)
{
	const struct report_format *taken = NULL;

	for (unsigned i = 0; i < NUM_OUTPUTS; i++) {
		if (!o->path[i] || strcmp(o->path[i], "-") != 0)
			continue;
		if (taken)
			return error_create(ERROR_USAGE, "--%s and --%s both go to standard output", taken->name,
					    formats[i]->name);
		taken = formats[i];
	}
	return NULL;
}

static struct error *check_apart(const struct output_options *o, const struct apart_file *others, size_t num)
{
	enum { OPTION_LEN = 16 };
	char names[NUM_OUTPUTS][OPTION_LEN];
	VEC(struct apart_file) files = {0};
	bool ok = true;

	for (size_t i = 0; i < num && ok; i++)
		ok = vec_push(&files, others[i]);
	ok = ok && vec_push(&files, ((struct apart_file){"--baseline", o->baseline, false}));
	for (unsigned i = 0; i < NUM_OUTPUTS && ok; i++) {
		snprintf(names[i], sizeof names[i], "--%s", formats[i]->name);
		ok = vec_push(&files, ((struct apart_file){names[i], o->path[i], true}));
	}
	struct error *err = ok ? apart_check(files.at, files.len) : &error_no_memory;
	vec_deinit(&files);
	return err;
}

struct error *outputs_check(const struct output_options *o, const struct apart_file *others, size_t num)
{
	struct error *err;

	if (o->annotate && strcmp(o->annotate, "github") != 0)
		return error_create(ERROR_USAGE, "--annotate %s: only github is known", o->annotate);
	if (o->annotate && outputs_to_stdout(o))
		return error_create(ERROR_USAGE, "--annotate and a report to standard output exclude each other");
	err = check_streams(o);
	if (!err)
		err = check_apart(o, others, num);
	for (unsigned i = 0; i < NUM_OUTPUTS && !err; i++) {
		if (o->path[i] && strcmp(o->path[i], "-") != 0)
			err = file_check_write(o->path[i]);
		if (err)
			err = error_prefix(err, "--%s", formats[i]->name);
	}
	return err;
}

bool outputs_to_stdout(const struct output_options *o)
{
	for (unsigned i = 0; i < NUM_OUTPUTS; i++)
		if (o->path[i] && !strcmp(o->path[i], "-"))
			return true;
	return false;
}

struct error *outputs_write(const struct output_options *o, const struct report *report)
{
	struct error *err = NULL;

	for (unsigned i = 0; i < NUM_OUTPUTS && !err; i++)
		if (o->path[i])
			err = report_write(formats[i], report, o->path[i]);
	if (!err && o->annotate)
		err = report_write(&report_github, report, "-");
	return err;
}
