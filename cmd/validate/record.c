/* validate record: a program's run as an event log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/validate/command.h"
#include "cmd/validate/interrupt.h"
#include "cmd/validate/print.h"
#include "lib/record/record.h"

struct record_command_options {
	const char *output;
	bool embed_files, quiet;
	double timeout;
	const char *via, *emulator, *cpu, *sysroot;
	struct option_list emulator_args;
};

/* Called once more every second: a signal that comes just before a wait would not end that. */
static void interrupt_again(int signal)
{
	interrupt(signal);
	alarm(1);
}

/* The program gets these signals too when they come from the terminal; its dispositions are its own. */
static void catch_signals(void)
{
	catch_interrupts(interrupt_again, 0);
	catch_signal(SIGALRM, interrupt_again, 0);
}

static void print_result(const struct record_command_options *o, const struct record_result *result)
{
	fputs("validate: ", stderr);
	print_name(stderr, o->output);
	fprintf(stderr, ": %" PRIu64 " events, %" PRIu64 " bytes; the program ", result->events, result->bytes);
	if (result->killed)
		fprintf(stderr, "was killed by signal %d (%s)\n", result->signal, strsignal(result->signal));
	else
		fprintf(stderr, "ended with status %d\n", result->status);
	if (!result->refused)
		return;
	fputs("validate: ", stderr);
	print_name(stderr, o->output);
	fprintf(stderr, ": calls that are not known here, which the kernel refused and the log has so: %" PRIu64 "\n",
		result->refused);
}

static struct error *check_usage(const struct record_command_options *o)
{
	if (o->via && strcmp(o->via, "qemu") != 0)
		return error_create(ERROR_USAGE, "record: --via %s: only qemu is known", o->via);
	if (!o->via && (o->emulator || o->cpu || o->sysroot || o->emulator_args.len))
		return error_create(ERROR_USAGE,
				    "record: --emulator, --cpu, --sysroot and --emulator-arg go with --via qemu");
	return NULL;
}

static struct error *record(const struct record_command_options *o, const struct operands *operands)
{
	struct record_result result;

	if (!operands->len)
		return error_create(ERROR_USAGE, "record: no program given; try 'validate record -- PROGRAM'");
	struct error *err = check_usage(o);
	if (err)
		return err;
	char **argv = calloc(operands->len + 1, sizeof *argv);
	const char **emulator_args = calloc(o->emulator_args.len + 1, sizeof *emulator_args);
	if (!argv || !emulator_args) {
		free(argv);
		free(emulator_args);
		return &error_no_memory;
	}
	memcpy(argv, operands->at, operands->len * sizeof *argv);
	for (size_t i = 0; i < o->emulator_args.len; i++)
		emulator_args[i] = o->emulator_args.at[i];

	struct record_options options = {
		.log = o->output,
		.recorder = program_version,
		.argv = argv,
		.env = environ,
		.embed_files = o->embed_files,
		.interrupted = &interrupted,
		.via_qemu = o->via != NULL,
		.emulator = o->emulator,
		.cpu = o->cpu,
		.sysroot = o->sysroot,
		.emulator_args = emulator_args,
	};
	catch_signals();
	limit_time(o->timeout);
	err = explain_timeout(record_run(&options, &result), o->timeout);
	unlimit_time();
	free(argv);
	free(emulator_args);
	if (err)
		return error_prefix(err, "record");
	if (!o->quiet)
		print_result(o, &result);
	return NULL;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	struct error *err = record(options, operands);

	return err ? fail(err) : STATUS_OK;
}

static const struct option_row rows[] = {
	{"output", 'o', "FILE", "where the event log goes (run.json); while recording it is FILE.part",
	 offsetof(struct record_command_options, output), option_text},
	{"embed-files", 0, NULL,
	 "put what the program maps of files into the log, so that it\ncan be replayed where those files are not",
	 offsetof(struct record_command_options, embed_files), option_flag},
	{"via", 0, "qemu", "run the program in QEMU, not on this machine's CPU",
	 offsetof(struct record_command_options, via), option_text},
	{"emulator", 'e', "PATH", "the QEMU for that; default: as validate run",
	 offsetof(struct record_command_options, emulator), option_text},
	{"cpu", 0, "MODEL", "its CPU model", offsetof(struct record_command_options, cpu), option_text},
	{"sysroot", 0, "DIR", "where the program's loader and libraries are",
	 offsetof(struct record_command_options, sysroot), option_text},
	{"emulator-arg", 0, "ARG", "further argument of it; may be repeated",
	 offsetof(struct record_command_options, emulator_args), option_list},
	{"timeout", 0, "S", "end the program after S seconds; what was recorded is kept as FILE.part",
	 offsetof(struct record_command_options, timeout), option_seconds},
	{"quiet", 'q', NULL, "say nothing when all went well", offsetof(struct record_command_options, quiet),
	 option_flag},
	{.name = NULL},
};

static const struct record_command_options defaults = {.output = "run.json"};

const struct command command_record = {
	.name = "record",
	.operands = "[--] PROGRAM [ARG...]",
	.summary = "run a program on this machine's CPU, or in QEMU, and write its event log",
	.details =
		"The program runs as always, on this terminal, but without address randomisation and without the vDSO.\n"
		"The log has every system call, what the kernel wrote to memory in it, signals and the end. Exit status\n"
		"0: recorded, whatever the program's own status, which is printed. The log holds what the program read,\n"
		"its environment too: mind what you pass on.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct record_command_options),
	.guest_command = true,
	.run = run,
};
