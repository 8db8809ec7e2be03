/* The files that a run's report goes to, as the command line asks for them. */
#ifndef CMD_VALIDATE_OUTPUTS_H
#define CMD_VALIDATE_OUTPUTS_H

#include "lib/base/apart.h"
#include "lib/report/report.h"

enum output { OUTPUT_JSON, OUTPUT_JUNIT, OUTPUT_SARIF, OUTPUT_HTML, NUM_OUTPUTS };

struct output_options {
	const char *path[NUM_OUTPUTS]; /* NULL: not asked for; "-": standard output */
	const char *annotate;          /* whose annotations go to standard output; NULL: none */
	const char *baseline;          /* NULL: none */
};

/* Whether all of them can be written. others: what the command reads and writes besides. ERROR_USAGE if one is to be
 * written where another file is, or for annotations of another kind. */
struct error *outputs_check(const struct output_options *o, const struct apart_file *others, size_t num);

/* One of the files is standard output: nothing else should be printed there. */
bool outputs_to_stdout(const struct output_options *o);

struct error *outputs_write(const struct output_options *o, const struct report *report);

#endif
