#include "cmd/validate/outputs.h"

#include <string.h>

#include "lib/base/file.h"

static const struct report_format *const formats[NUM_OUTPUTS] = {
	[OUTPUT_JSON] = &report_json,
	[OUTPUT_JUNIT] = &report_junit,
	[OUTPUT_SARIF] = &report_sarif,
	[OUTPUT_HTML] = &report_html,
};

static struct error *check_distinct(const struct output_options *o, unsigned output)
{
	for (unsigned i = 0; i < output; i++)
		if (o->path[i] && !strcmp(o->path[i], o->path[output]))
			return error_create(ERROR_USAGE, "--%s and --%s both go to %s", formats[i]->name,
					    formats[output]->name, o->path[output]);
	return NULL;
}

struct error *outputs_check(const struct output_options *o)
{
	struct error *err = NULL;

	if (o->annotate && strcmp(o->annotate, "github") != 0)
		return error_create(ERROR_USAGE, "--annotate %s: only github is known", o->annotate);
	if (o->annotate && outputs_to_stdout(o))
		return error_create(ERROR_USAGE, "--annotate and a report to standard output exclude each other");
	for (unsigned i = 0; i < NUM_OUTPUTS && !err; i++) {
		if (!o->path[i])
			continue;
		err = check_distinct(o, i);
		if (!err && strcmp(o->path[i], "-") != 0)
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
