/* validate run: replays a log in a target and judges every instruction. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/validate/closer.h"
#include "cmd/validate/command.h"
#include "cmd/validate/interrupt.h"
#include "cmd/validate/outputs.h"
#include "cmd/validate/print.h"
#include "cmd/validate/progress.h"
#include "cmd/validate/start.h"
#include "cmd/validate/symbols.h"
#include "cmd/validate/trace_input.h"
#include "lib/base/file.h"
#include "lib/elf/image.h"
#include "lib/lockstep/lockstep.h"
#include "lib/report/report.h"

enum { COMPARE_INTERVAL = 10000000 }; /* instructions of a guest that runs freely */

struct run_options {
	const char *log;
	struct start_options start;
	struct output_options outputs;
	const char *trace;
	struct trace_input_options trace_in;
	bool only_trace; /* validate trace */
	const char *from, *until;
	uint64_t max_instructions, max_findings, sweep_interval, memory_audit;
	double timeout;
	enum severity fail_on;
	enum cpu_vendor vendor;
	bool stop_on_first, strict, show_output, no_progress;
	unsigned quiet, verbose;
};

/* Everything that lives as long as the run. */
struct session {
	const struct run_options *options;
	const char *program;
	const struct isa *isa;
	struct evlog_reader *log;
	struct target *target;
	struct error *lane_refused; /* of start_target() */
	struct oracle *oracle;
	struct replay *replay;
	struct symbols symbols;
	struct run run;
	struct sandbox_state own_sandbox; /* of lock_in() */
	bool ran;                         /* run holds a result */
	struct trace_input in;            /* that is judged, or not open: a target is */
	trace_calls calls;                /* of it */
	struct trace_header trace_header; /* hidden and on_request are the loop's to add */
	struct baseline baseline;
	struct baseline_verdict known;
};

/* ---- Checks before the start ---- */

/* The program is the recorded one: same bytes, whatever its path. */
static struct error *check_program(const struct session *s)
{
	const struct evlog_file *recorded = &evlog_reader_header(s->log)->program;
	struct evlog_file found = {0};
	struct error *err = evlog_file_identify(s->program, &found);

	if (!err && memcmp(found.sha256, recorded->sha256, sizeof found.sha256))
		err = error_input(s->program, 0,
				  "is not the program that the log was recorded from (%s): record it again",
				  recorded->path);
	evlog_file_deinit(&found);
	return err;
}

static struct error *find_isa(struct session *s)
{
	const char *arch = evlog_reader_header(s->log)->arch;
	struct elf_image *image;
	struct error *err = elf_image_open(s->program, &image);

	if (err)
		return err;
	s->isa = isa_by_elf_machine(elf_image_machine(image));
	elf_image_close(image);
	if (!s->isa)
		return error_input(s->program, 0, "is for a machine that validate has no model of");
	if (strcmp(s->isa->name, arch))
		return error_input(s->program, 0,
				   "is an %s program, the log is of an %s one: give the one that was recorded",
				   s->isa->name, arch);
	return NULL;
}

static struct error *check_trace_usage(const struct run_options *o, const struct operands *operands)
{
	const struct start_options *s = &o->start;
	const struct {
		bool given;
		const char *name;
	} useless[] = {
		{o->log, "--log"},
		{s->qemu, "--qemu"},
		{s->emulator, "--emulator"},
		{s->emulator_args.len, "--emulator-arg"},
		{s->cpu, "--cpu"},
		{s->sysroot, "--sysroot"},
		{s->remote, "--remote"},
		{s->lane != LANE_AUTO, "--lane"},
		{s->blocks, "--granularity"},
		{o->trace, "--trace"},
		{o->show_output, "--show-output"},
		{o->memory_audit, "--memory-audit"},
	};

	for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
		if (useless[i].given)
			return error_create(ERROR_USAGE,
					    "%s does not go with --trace-in: nothing is run, all that was seen is in "
					    "the trace",
					    useless[i].name);
	if (operands->len > 1)
		return error_create(ERROR_USAGE, "too many operands: the program alone is named, for its symbols");
	if (!o->trace_in.jobs || o->trace_in.jobs > 1024)
		return error_create(ERROR_USAGE, "-j: 1 to 1024 threads");
	if (!o->trace_in.memory || o->trace_in.memory > UINT64_MAX >> 20)
		return error_create(ERROR_USAGE, "--trace-memory: no machine has that much, or that little");
	return NULL;
}

static struct error *check_usage(const struct run_options *o, const struct operands *operands)
{
	if (o->trace_in.path)
		return check_trace_usage(o, operands);
	if (log_options_given(&o->trace_in.log))
		return error_create(ERROR_USAGE, "--blocks and --base are for a log of QEMU's own that is judged: "
						 "--trace-in LOG");
	if (o->trace_in.jobs != 1)
		return error_create(ERROR_USAGE, "-j is for --trace-in: a run has one thread of its own");
	if (!o->log && o->only_trace)
		return error_create(ERROR_USAGE,
				    "trace: no event log given: --log FILE (validate record makes one); to look at a "
				    "trace: validate trace show, verify or stat");
	if (!o->log)
		return error_create(ERROR_USAGE, "no event log given: --log FILE (validate record makes one)");
	if (o->only_trace && !o->trace)
		return error_create(ERROR_USAGE, "trace: no file to write given: -o FILE");
	if (operands->len > 1)
		return error_create(ERROR_USAGE,
				    "too many operands: the program alone is named, its arguments are in the log");
	struct error *err = start_check(&o->start);
	if (!err && o->trace && o->start.blocks)
		err = error_create(ERROR_USAGE,
				   "a trace has what was seen behind each instruction, which --granularity "
				   "block does not show");
	return err;
}

/* ---- The run ---- */

static void show_output(void *ctx, int fd, const void *data, size_t len)
{
	(void)ctx;
	fwrite(data, 1, len, fd == 1 ? stdout : stderr);
}

/* ctx is the session. */
static void show_progress(void *ctx, const struct run *run)
{
	const struct session *s = ctx;
	double seconds = (double)run->nanoseconds / 1e9;
	size_t findings = run->findings.list.len;
	struct strbuf text = {0};

	report_count(&text, run->instructions);
	if (s->in.trace) {
		strbuf_append(&text, " of ");
		report_count(&text, trace_reader_steps(s->in.trace));
	}
	strbuf_append(&text, " instructions, ");
	report_count(&text, seconds > 0 ? (uint64_t)((double)run->instructions / seconds) : 0);
	strbuf_printf(&text, " a second; %" PRIu64 " events", run->events.total);
	if (!s->options->only_trace)
		strbuf_printf(&text, ", %zu finding%s", findings, plural(findings));
	progress_show(&text);
}

/* A second opinion is welcome, but not needed. ctx is the session. */
static struct error *create_oracle(void *ctx, struct oracle **ret)
{
	const struct session *s = ctx;
	struct error *err = oracle_create_native(s->isa, ret);

	if (!err || error_is(err, ERROR_NO_MEMORY))
		return err;
	if (s->options->verbose)
		fprintf(stderr, "validate: no second opinion: %s\n", err->message);
	error_destroy(err);
	return NULL;
}

static struct error *start_replay(struct session *s)
{
	struct replay_options options = {.output = s->options->show_output ? show_output : NULL};
	struct state regs;
	struct error *err = replay_create(s->log, s->target, &options, &s->replay);

	if (!err)
		err = state_init(&regs, s->isa);
	if (err)
		return err;
	err = target_read_regs(s->target, &regs);
	if (!err)
		err = replay_start(s->replay, &regs);
	state_deinit(&regs);
	s->symbols.replay = s->replay;
	s->symbols.program = s->program;
	return err;
}

/* Where the trace comes from. A log that is no file has no identity. */
static struct error *describe_trace(struct session *s)
{
	struct trace_header *h = &s->trace_header;

	h->isa = s->isa;
	h->recorder = strdup(program_version);
	h->emulator = strdup(s->target->identity);
	if (!h->recorder || !h->emulator)
		return &error_no_memory;
	struct error *err = evlog_file_identify(s->options->log, &h->log);
	error_destroy(err);
	return evlog_file_identify(s->program, &h->program);
}

static struct error *judge(struct session *s)
{
	const struct run_options *o = s->options;
	bool progress = !o->no_progress && !o->quiet && isatty(STDERR_FILENO);
	struct lockstep_options options = {
		.max_instructions = o->max_instructions,
		.judge.fail_on = o->fail_on,
		.judge.max_findings = o->max_findings,
		.judge.stop_on_first = o->stop_on_first,
		.judge.vendor = o->vendor,
		.ask_cpu = true,
		.sweep_interval = o->sweep_interval,
		.audit_interval = o->memory_audit,
		.flow = o->start.lane != LANE_GDB,
		.blocks = o->start.blocks,
		.compare_interval = COMPARE_INTERVAL,
		.trace_path = o->trace,
		.trace_header = &s->trace_header,
		.only_trace = o->only_trace,
		.judge.oracle = s->oracle,
		.interrupted = &interrupted,
		.progress = progress ? show_progress : NULL,
		.progress_ctx = s,
	};

	const struct judge_trace_options traced = {
		.run = &options,
		.jobs = (unsigned)o->trace_in.jobs,
		.memory = o->trace_in.memory << 20,
		.create_oracle = create_oracle,
		.ctx = s,
	};

	struct error *err = o->trace ? describe_trace(s) : NULL;
	if (!err)
		err = symbols_resolve(&s->symbols, "--from", o->from, &options.have_from, &options.from);
	if (!err)
		err = symbols_resolve(&s->symbols, "--until", o->until, &options.have_until, &options.until);
	if (!err && trace_input_is_open(&s->in))
		err = trace_input_judge(&s->in, &o->trace_in, o->quiet, &traced, &s->run, &s->calls);
	else if (!err)
		err = lockstep_run(s->target, s->replay, &options, &s->run);
	if (!err && s->run.closer.len && !o->only_trace)
		err = look_closer(&(struct closer_looks){.start = &o->start,
							 .log = o->log,
							 .program = s->program,
							 .isa = s->isa,
							 .options = &options},
				  &s->run);
	if (progress)
		progress_clear();
	if (s->run.interrupted && timed_out) {
		s->run.interrupted = false;
		s->run.timed_out = true;
	}
	s->ran = !err;
	if (!err && s->options->outputs.baseline)
		err = baseline_compare(&s->baseline, s->isa, &s->run, &s->known);
	return err;
}

/*
 * From here on there is something to report. Before, when a log may come from a pipe that nobody writes to, a signal
 * ends the program, as does a second one.
 */
static void catch_signals(void)
{
	catch_interrupts(interrupt, SA_RESTART | SA_RESETHAND);
}

static const char unknown_program[] = "(not known)";

/* Addresses of a program that is no longer there have no names: what is reported is the same. */
static struct error *name_traced(struct session *s)
{
	const char *traced = trace_input_header(&s->in)->program.path;
	struct error *err = symbols_of_trace(&s->symbols, s->in.trace, s->program);

	if (!err && traced && !s->symbols.program && !s->options->quiet) {
		fputs("validate: ", stderr);
		print_name(stderr, traced);
		fputs(" is not, or no longer, the program that was traced: its addresses have no names unless PROGRAM "
		      "is given\n",
		      stderr);
	}
	if (!s->program)
		s->program = traced ? traced : unknown_program;
	return err;
}

/*
 * What is judged may be a stranger's: all that reads it, and unicorn that runs it, is locked in from here on. Not where
 * an emulator of its own is to be started or spoken to, which has to be allowed, and to be ended.
 */
static struct error *lock_in(struct session *s)
{
	const struct run_options *o = s->options;
	const char *outputs[NUM_OUTPUTS + 1] = {[NUM_OUTPUTS] = o->trace};

	if (o->start.no_sandbox || start_needs_others(&o->start))
		return NULL;
	for (unsigned i = 0; i < NUM_OUTPUTS; i++)
		outputs[i] = o->outputs.path[i] && strcmp(o->outputs.path[i], "-") != 0 ? o->outputs.path[i] : NULL;
	return sandbox_drop(outputs, NUM_OUTPUTS + 1, &s->own_sandbox);
}

/* Nothing is written over what is read. */
static struct error *check_files(const struct session *s)
{
	const struct run_options *o = s->options;
	const struct apart_file others[] = {
		{"the event log", o->log, false},
		{"the trace that is judged", o->trace_in.path, false},
		{"the program", s->program, false},
		{"the emulator", o->start.emulator, false},
		{o->only_trace ? "-o" : "--trace", o->trace, true},
	};
	struct error *err = outputs_check(&o->outputs, others, sizeof others / sizeof *others);

	return !err && o->trace ? file_check_write(o->trace) : err;
}

static struct error *perform_trace(struct session *s)
{
	struct error *err = check_files(s);

	if (!err)
		err = trace_input_open(&s->in, &s->options->trace_in, s->program);
	if (err)
		return err;
	s->isa = trace_input_header(&s->in)->isa;
	if (s->options->outputs.baseline)
		err = baseline_read(s->options->outputs.baseline, &s->baseline);
	if (!err && s->in.trace)
		err = name_traced(s);
	else if (!s->program)
		s->program = unknown_program;
	if (err)
		return err;
	catch_signals();
	return judge(s);
}

static struct error *perform(struct session *s)
{
	struct error *err = lock_in(s);

	if (err)
		return err;
	if (s->options->trace_in.path)
		return perform_trace(s);
	err = evlog_reader_open(s->options->log, &s->log);
	if (!err && !s->program) {
		s->program = evlog_reader_header(s->log)->program.path;
		err = error_remedy(file_check_named(NULL, s->program), "or give PROGRAM");
	}
	if (!err)
		err = find_isa(s);
	if (!err)
		err = check_program(s);
	if (!err)
		err = check_files(s);
	if (!err && s->options->outputs.baseline)
		err = baseline_read(s->options->outputs.baseline, &s->baseline);
	if (!err)
		catch_signals();
	if (!err)
		err = start_target(&s->options->start, s->isa, evlog_reader_header(s->log), s->program, &s->target,
				   &s->lane_refused);
	if (!err)
		err = create_oracle(s, &s->oracle);
	if (!err)
		err = start_replay(s);
	return err ? err : judge(s);
}

/* ---- The report ---- */

static struct report make_report(struct session *s)
{
	struct report report = {
		.run = &s->run,
		.isa = s->isa,
		.target = s->target ? s->target->identity : trace_input_header(&s->in)->emulator,
		.sandbox = s->own_sandbox.on ? &s->own_sandbox
			   : s->target       ? s->target->sandbox
					     : NULL,
		.calls = s->calls.at,
		.num_calls = s->calls.len,
		.lane_refused = s->lane_refused ? s->lane_refused->message : NULL,
		.program = s->program,
		.version = strchr(program_version, ' ') + 1,
		.symbol = symbols_append,
		.symbol_ctx = &s->symbols,
		.baseline = s->options->outputs.baseline ? &s->known : NULL,
		.baseline_path = s->options->outputs.baseline,
	};

	if (s->replay)
		report.calls = replay_counts(s->replay, &report.num_calls);
	return report;
}

static struct error *write_report(const struct session *s, const struct report *report)
{
	struct strbuf text = {0};

	report_text(&text, report, s->options->verbose);
	if (!s->options->quiet && !outputs_to_stdout(&s->options->outputs))
		print_text(&text);
	else if (s->run.error)
		fprintf(stderr, "validate: %s\n", s->run.error->message);
	strbuf_deinit(&text);
	return outputs_write(&s->options->outputs, report);
}

static void print_traced_line(const struct session *s)
{
	const struct run *run = &s->run;

	fputs("validate: ", stderr);
	print_name(stderr, s->options->trace);
	fprintf(stderr, ": %" PRIu64 " instructions, %" PRIu64 " events, %.1f s\n", run->instructions,
		run->events.total, (double)run->nanoseconds / 1e9);
}

/* Of a run that was not judged. */
static void print_traced(const struct session *s)
{
	const struct run *run = &s->run;

	if (run->error)
		fprintf(stderr, "validate: %s\n", run->error->message);
	if (!s->options->quiet)
		print_traced_line(s);
}

static enum exit_status status_of_trace(const struct run *run)
{
	if (run->error)
		return exit_status_of(run->error);
	return run->interrupted ? STATUS_INTERRUPTED : STATUS_OK;
}

/* A run that judged nothing has shown nothing: no option makes that a success. */
static enum exit_status status_of(const struct session *s, const struct report *report)
{
	enum verdict verdict = report_news(report);
	bool stale = s->known.num[BASELINE_STALE] > 0, nothing = run_has_gap(&s->run, GAP_NOTHING_JUDGED);

	if (s->run.interrupted && verdict == VERDICT_INCOMPLETE)
		return STATUS_INTERRUPTED;
	switch (verdict) {
	case VERDICT_CLEAN: return s->options->strict && stale ? STATUS_INCOMPLETE : STATUS_OK;
	case VERDICT_INCOMPLETE: return s->options->strict || nothing ? STATUS_INCOMPLETE : STATUS_OK;
	case VERDICT_DIVERGENT: return STATUS_DIVERGENT;
	case VERDICT_LOST_SYNC: return STATUS_LOST_SYNC;
	case VERDICT_ERROR: break;
	}
	return exit_status_of(s->run.error);
}

static void session_deinit(struct session *s)
{
	baseline_verdict_deinit(&s->known);
	baseline_deinit(&s->baseline);
	trace_header_deinit(&s->trace_header);
	run_deinit(&s->run);
	symbols_deinit(&s->symbols);
	replay_destroy(s->replay);
	oracle_destroy(s->oracle);
	target_destroy(s->target);
	error_destroy(s->lane_refused);
	evlog_reader_destroy(s->log);
	trace_input_close(&s->in);
	vec_deinit(&s->calls);
}

/* The report is written; that the trace is not is to be told. */
static struct error *take_trace_error(struct session *s)
{
	struct error *err = s->run.trace_error;

	s->run.trace_error = NULL;
	return err ? error_prefix(err, "--trace: the run was judged on without it") : NULL;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	struct session s = {.options = options, .program = operands->len ? operands->at[0] : NULL};
	struct error *err = check_usage(s.options, operands);
	enum exit_status status = STATUS_OK;

	if (err)
		return fail(err);
	limit_time(s.options->timeout);
	err = explain_timeout(perform(&s), s.options->timeout);
	unlimit_time();
	if (!err && s.options->only_trace) {
		status = status_of_trace(&s.run);
		print_traced(&s);
	} else if (!err) {
		struct report report = make_report(&s);
		status = status_of(&s, &report);
		err = write_report(&s, &report);
	}
	if (!err)
		err = take_trace_error(&s);
	if (err)
		status = fail(err);
	session_deinit(&s);
	return status;
}

/* clang-format off */
#define AT(member) offsetof(struct run_options, member)

/* What is replayed, and in what. */
#define REPLAY_ROWS \
	{"log", 'l', "FILE", "event log to replay (of validate record)", AT(log), option_text}, \
	START_ROWS(struct run_options, start)

static const struct option_row run_option_rows[] = {
	REPLAY_ROWS,
	{"report", 'o', "FILE", "write a JSON report; -: to standard output, instead of the text", AT(outputs.path[OUTPUT_JSON]), option_text},
	{"junit", 0, "FILE", "write the findings and the judged instruction forms as JUnit's XML", AT(outputs.path[OUTPUT_JUNIT]), option_text},
	{"sarif", 0, "FILE", "write the findings as SARIF 2.1.0", AT(outputs.path[OUTPUT_SARIF]), option_text},
	{"html", 0, "FILE", "write the report as a page for a browser, which needs no other file", AT(outputs.path[OUTPUT_HTML]), option_text},
	{"annotate", 0, "KIND", "print annotations for a CI service: github", AT(outputs.annotate), option_text},
	{"trace-in", 0, "FILE", "judge this trace, or log of QEMU's own (-: standard input); no event log, no emulator and\nno program is needed", AT(trace_in.path), option_text},
	LOG_ROWS(struct run_options, trace_in.log, "of that log "),
	{"jobs", 'j', "N", "judge a trace with N threads", AT(trace_in.jobs), option_number},
	{"trace-memory", 0, "MIB", "fewer threads, if they would hold more of a trace in memory together (4096)", AT(trace_in.memory), option_number},
	{"trace", 0, "FILE", "write what is seen as a trace, to be judged again without the emulator", AT(trace), option_text},
	{"baseline", 0, "FILE", "known findings, which are no news (of validate baseline)", AT(outputs.baseline), option_text},
	{"fail-on", 0, "SEVERITY", "findings at least that sure fail the run: confirmed, recorded, model,\nvendor, possible; model if not given", AT(fail_on), option_fail_on},
	{"vendor", 0, "NAME", "judge by the manual of this maker of CPUs, whatever the guest's CPU says: intel or amd", AT(vendor), option_vendor},
	{"from", 0, "PC", "judge from the first time this address or symbol is reached", AT(from), option_text},
	{"until", 0, "PC", "end there", AT(until), option_text},
	{"max-instructions", 0, "N", "end after N judged instructions", AT(max_instructions), option_number},
	{"timeout", 0, "S", "end after S seconds", AT(timeout), option_seconds},
	{"max-findings", 0, "N", "end at the Nth finding that counts", AT(max_findings), option_number},
	{"memory-audit", 0, "N", "compare all that the model knows of memory with the guest's every N instructions and\nat the end (0: at the end of a run of under a million)", AT(memory_audit), option_number},
	{"sweep-interval", 0, "N", "look at vector registers every N instructions where a GDB stub shows them one by one\n(1000), besides at system calls and when they are written; 0: at these alone", AT(sweep_interval), option_number},
	{"stop-on-first", 0, NULL, "end at the first finding that counts", AT(stop_on_first), option_flag},
	{"strict", 0, NULL, "exit status 4 if not everything could be judged, or the baseline has stale entries", AT(strict), option_flag},
	{"show-output", 0, NULL, "print what the guest writes to its standard output and error", AT(show_output), option_flag},
	{"quiet", 'q', NULL, "print no report and no progress", AT(quiet), option_count},
	{"verbose", 'v', NULL, "print more: what was done with each system call, all of known findings", AT(verbose), option_count},
	{"no-progress", 0, NULL, "no progress line on a terminal", AT(no_progress), option_flag},
	{0},
};

static const struct option_row trace_option_rows[] = {
	{"output", 'o', "FILE", "where the trace goes", AT(trace), option_text},
	REPLAY_ROWS,
	{"until", 0, "PC", "end when this address or symbol is reached", AT(until), option_text},
	{"max-instructions", 0, "N", "end after N instructions", AT(max_instructions), option_number},
	{"timeout", 0, "S", "end after S seconds", AT(timeout), option_seconds},
	{"sweep-interval", 0, "N", "look at vector registers every N instructions where a GDB stub shows them one by one", AT(sweep_interval), option_number},
	{"show-output", 0, NULL, "print what the guest writes to its standard output and error", AT(show_output), option_flag},
	{"quiet", 'q', NULL, "print nothing when all went well, and no progress", AT(quiet), option_count},
	{"no-progress", 0, NULL, "no progress line on a terminal", AT(no_progress), option_flag},
	{0},
};
#undef REPLAY_ROWS
#undef AT
/* clang-format on */

static const struct run_options run_defaults = {.sweep_interval = 1000,
						.trace_in = {.jobs = 1, .memory = 4096},
						.fail_on = SEVERITY_MODEL};

static const struct run_options trace_defaults = {.sweep_interval = 1000, .trace_in.jobs = 1, .only_trace = true};

const struct command command_run = {
	.name = "run",
	.operands = "[PROGRAM]",
	.summary = "replay an event log in a target and judge every instruction",
	.details =
		"PROGRAM is the file to run, by default the one that the log names; it must be the recorded one. Its\n"
		"arguments and environment are the log's. Without --qemu and --remote it runs in unicorn, in this process.\n\n"
		"Exit status: 0 clean or incomplete, 1 divergent, 2 usage or unusable input, 3 lost sync with the log,\n"
		"4 nothing judged, or incomplete and --strict given, 5 target failed. Findings that are less sure than\n"
		"--fail-on are shown, and are no divergence; with a baseline only new ones are.",
	.options = run_option_rows,
	.defaults = &run_defaults,
	.options_size = sizeof(struct run_options),
	.run = run,
};

const struct command command_trace = {
	.name = "trace",
	.operands = "[PROGRAM]",
	.summary = "replay an event log in a target and write what is seen as a trace",
	.details =
		"As validate run, but nothing is judged: that can be done later, and anywhere, with --trace-in.\n\n"
		"Exit status: 0 recorded, 2 usage or unusable input, 3 lost sync with the log, 5 target failed. What was\n"
		"seen until then is in the trace.",
	.options = trace_option_rows,
	.defaults = &trace_defaults,
	.options_size = sizeof(struct run_options),
	.run = run,
};
