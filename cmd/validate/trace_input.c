#include "cmd/validate/trace_input.h"

#include <inttypes.h>

#include "lib/lockstep/judge_log.h"

static struct error *check_options(const struct trace_input_options *o, bool is_trace, const char *program)
{
	if (is_trace && log_options_given(&o->log))
		return error_create(ERROR_USAGE, "--blocks and --base are for a log of QEMU's own: %s is a trace",
				    o->path);
	if (!is_trace && o->jobs != 1)
		return error_create(ERROR_USAGE,
				    "-j is for a trace: %s is none, and a log is judged in the order in which it is "
				    "read",
				    o->path);
	if (o->log.base.given && !program)
		return error_create(ERROR_USAGE, "--base is of a PROGRAM, which is not given");
	return NULL;
}

struct error *trace_input_open(struct trace_input *in, const struct trace_input_options *o, const char *program)
{
	bool is_trace;
	struct error *err = trace_is(o->path, &is_trace);

	if (!err)
		err = check_options(o, is_trace, program);
	if (err)
		return err;
	if (is_trace)
		return trace_reader_open(o->path, &in->trace);
	return error_remedy(log_input_open(&in->log, o->path, program, NULL, &o->log),
			    "to be judged is a trace of validate trace or validate import, or a log of QEMU's states");
}

void trace_input_close(struct trace_input *in)
{
	trace_reader_destroy(in->trace);
	log_input_close(&in->log);
}

bool trace_input_is_open(const struct trace_input *in)
{
	return in->trace || in->log.import;
}

const struct trace_header *trace_input_header(const struct trace_input *in)
{
	return in->trace ? trace_reader_header(in->trace) : &in->log.header;
}

/* Fewer threads than were asked for. */
static void say_threads(const struct trace_input *in, const struct trace_input_options *o)
{
	unsigned threads = judge_trace_threads(in->trace, (unsigned)o->jobs, o->memory << 20);

	if (threads < o->jobs)
		fprintf(stderr,
			"validate: -j %" PRIu64 ": %u thread%s: more would hold more than %" PRIu64
			" MiB of the trace (--trace-memory)\n",
			o->jobs, threads, plural(threads), o->memory);
}

/* What the report does not tell: it has where the log was cut. */
static void say_log(const struct trace_input *in)
{
	struct import_counts counts = import_counted(in->log.import);

	counts.cut = false;
	log_input_say(stderr, "validate: the log: ", &counts);
}

struct error *trace_input_judge(struct trace_input *in, const struct trace_input_options *o, bool quiet,
				const struct judge_trace_options *judging, struct run *ret, trace_calls *ret_calls)
{
	if (in->trace) {
		if (!quiet)
			say_threads(in, o);
		return judge_trace(in->trace, judging, ret, ret_calls);
	}
	struct error *err = judge_log(in->log.import, &in->log.options, &in->log.header, judging, ret, ret_calls);
	if (!err && !quiet)
		say_log(in);
	return err;
}
