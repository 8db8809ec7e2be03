/* What validate run judges in place of a target: a trace, or a log of QEMU's own. */
#ifndef CMD_VALIDATE_TRACE_INPUT_H
#define CMD_VALIDATE_TRACE_INPUT_H

#include "cmd/validate/log_input.h"
#include "lib/lockstep/judge_trace.h"

struct trace_input_options {
	const char *path;
	struct log_options log;
	uint64_t jobs;
	uint64_t memory; /* MiB */
};

/* All zero is none. Stays where it is. */
struct trace_input {
	struct trace_reader *trace; /* NULL: it is a log, or none was opened */
	struct log_input log;
};

/* A file that does not begin as a trace is taken for a log; program (or NULL) is where that finds code. */
struct error *trace_input_open(struct trace_input *in, const struct trace_input_options *options, const char *program);
void trace_input_close(struct trace_input *in);

/* One was opened. */
bool trace_input_is_open(const struct trace_input *in);

/* Of the trace, or of that which the log would become. */
const struct trace_header *trace_input_header(const struct trace_input *in);

/* judge_trace() or judge_log(). quiet: nothing is said of what cannot be judged of a log, or of threads. */
struct error *trace_input_judge(struct trace_input *in, const struct trace_input_options *options, bool quiet,
				const struct judge_trace_options *judging, struct run *ret, trace_calls *ret_calls);

#endif
