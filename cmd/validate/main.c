/* The program: finds the sub-command, parses its options by its table, runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/interrupt.h"

const char program_version[] = "validate 0.1";

/* A command is its file and a line here and in commands[]. */
extern const struct command command_run, command_record, command_explain, command_selftest, command_baseline,
	command_coverage, command_import, command_batch;
extern const struct command command_trace, command_trace_show, command_trace_verify, command_trace_stat;
extern const struct command command_diff;

static const struct command *const commands[] = {
	&command_run,          &command_record,     &command_explain, &command_selftest, &command_baseline,
	&command_coverage,     &command_import,     &command_batch,   &command_trace,    &command_trace_show,
	&command_trace_verify, &command_trace_stat, &command_diff,
};

enum { NUM_COMMANDS = sizeof commands / sizeof *commands };

/* Of the words, those that name a command: "trace show" rather than "trace". *ret_words: how many. */
static const struct command *find_command(int argc, char **argv, int *ret_words)
{
	const struct command *found = NULL;

	for (size_t i = 0; i < NUM_COMMANDS; i++) {
		const char *name = commands[i]->name, *blank = strchr(name, ' ');
		size_t len = blank ? (size_t)(blank - name) : strlen(name);
		if (argc < 1 || strlen(argv[0]) != len || memcmp(argv[0], name, len) != 0)
			continue;
		if (blank && (argc < 2 || strcmp(argv[1], blank + 1) != 0))
			continue;
		if (!found || blank) {
			found = commands[i];
			*ret_words = blank ? 2 : 1;
		}
	}
	return found;
}

static void print_help(FILE *out)
{
	fprintf(out, "Find bugs in CPU emulators: every instruction is checked against a model.\n\nusage:\n");
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		fprintf(out, "  validate %s [options]%s%s\n", commands[i]->name, *commands[i]->operands ? " " : "",
			commands[i]->operands);
	fprintf(out, "  validate help [COMMAND]\n\ncommands:\n");
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		fprintf(out, "  %-12s %s%s\n", commands[i]->name, commands[i]->summary,
			commands[i] == &command_run ? " (the name may be left out)" : "");
	fprintf(out, "  %-12s %s\n", "help", "print this text, or the options of a command");
	fprintf(out, "\noptions:\n  -h, --help     this text\n  -V, --version  print the version\n");
}

static struct error *unknown_command(const char *name)
{
	return error_create(ERROR_USAGE, "unknown command '%s'; 'validate help' lists the commands", name);
}

static bool is_one_of(const char *word, const char *name, const char *other)
{
	return !strcmp(word, name) || !strcmp(word, other);
}

static enum exit_status help(int argc, char **argv)
{
	if (argc < 1) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (is_one_of(argv[0], "--help", "help"))
		return help(0, NULL);
	int words;
	const struct command *command = find_command(argc, argv, &words);
	if (!command)
		return fail(unknown_command(argv[0]));
	options_help(stdout, command);
	return STATUS_OK;
}

static enum exit_status run_parsed(const struct command *command, int argc, char **argv, void *options)
{
	struct operands operands;
	bool wants_help;
	struct error *err = options_parse(command, argc, argv, options, &wants_help, &operands);

	if (err)
		return fail(err);
	if (!wants_help)
		return command->run(options, &operands);
	options_help(stdout, command);
	return STATUS_OK;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
	void *options = calloc(1, command->options_size ? command->options_size : 1);
	if (!options)
		return fail(&error_no_memory);

	if (command->defaults)
		memcpy(options, command->defaults, command->options_size);
	enum exit_status status = run_parsed(command, argc, argv, options);
	options_deinit(command, options);
	free(options);
	return status;
}

/* argv without the program's name. */
static enum exit_status dispatch(int argc, char **argv)
{
	if (argc < 1) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (is_one_of(argv[0], "--version", "-V")) {
		puts(program_version);
		return STATUS_OK;
	}
	if (is_one_of(argv[0], "--help", "-h"))
		return help(0, NULL);
	if (!strcmp(argv[0], "help"))
		return help(argc - 1, argv + 1);

	int words = 0;
	if (argv[0][0] == '-')
		return run(&command_run, argc, argv);
	const struct command *command = find_command(argc, argv, &words);
	if (!command)
		return fail(unknown_command(argv[0]));
	return run(command, argc - words, argv + words);
}

int main(int argc, char **argv)
{
	survive_file_limit();
	enum exit_status status = dispatch(argc - 1, argv + 1);

	/* A full disk or a closed pipe must not look like success. Who wrote there may have said so already. */
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && status != STATUS_USAGE)
		status = fail(errno ? error_os(errno, "write", "standard output")
				    : error_create(ERROR_OS, "cannot write to standard output"));
	return status;
}
