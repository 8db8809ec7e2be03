/* validate import: traces from what other tools wrote. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/log_input.h"
#include "cmd/validate/print.h"
#include "lib/base/apart.h"
#include "lib/sandbox/sandbox.h"

struct import_command_options {
	const char *output, *program, *emulator;
	struct log_options log;
	unsigned quiet;
};

static struct error *check_usage(const struct import_command_options *o, const struct operands *operands)
{
	if (!operands->len || strcmp(operands->at[0], "qemu-log") != 0)
		return error_create(ERROR_USAGE, "import: what to import? qemu-log is what there is: validate import "
						 "qemu-log FILE -o TRACE");
	if (operands->len != 2)
		return error_create(ERROR_USAGE, "import qemu-log: one file is needed (- is standard input)");
	if (!o->output)
		return error_create(ERROR_USAGE, "import qemu-log: where to? -o TRACE");
	if (o->log.base.given && !o->program)
		return error_create(ERROR_USAGE, "import qemu-log: --base is of a --program");
	const struct apart_file files[] = {{"the log", operands->at[1], false},
					   {"--program", o->program, false},
					   {"-o", o->output, true}};
	return apart_check(files, sizeof files / sizeof *files);
}

static struct error *import(const struct import_command_options *o, const char *file, struct import_counts *ret)
{
	struct log_input in = {0};
	struct sandbox_state sandbox;
	struct error *err = sandbox_drop(&o->output, 1, &sandbox);

	if (!err)
		err = log_input_open(&in, file, o->program, o->emulator, &o->log);
	if (!err)
		err = import_to_trace(in.import, &in.header, &in.options, o->output);
	if (!err)
		*ret = import_counted(in.import);
	log_input_close(&in);
	return err;
}

static void say(const char *output, const struct import_counts *c)
{
	print_name(stdout, output);
	printf(": %" PRIu64 " states, %" PRIu64 " steps", c->states, c->steps);
	if (c->blocks)
		printf("; behind %" PRIu64 " of the states several steps: blocks, or repetitions", c->blocks);
	putchar('\n');
	log_input_say(stdout, "", c);
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	const struct import_command_options *o = options;
	struct import_counts counts;
	struct error *err = check_usage(o, operands);

	if (!err)
		err = import(o, operands->at[1], &counts);
	if (err)
		return fail(err);
	if (!o->quiet)
		say(o->output, &counts);
	return STATUS_OK;
}

/* clang-format off */
#define AT(member) offsetof(struct import_command_options, member)
static const struct option_row rows[] = {
	{"output", 'o', "TRACE", "the trace to be written", AT(output), option_text},
	{"program", 0, "ELF", "whose code the log has no listing of", AT(program), option_text},
	LOG_ROWS(struct import_command_options, log, ""),
	{"emulator", 0, "TEXT", "name and version of the QEMU that wrote the log", AT(emulator), option_text},
	{"quiet", 'q', NULL, "say nothing when all went well", AT(quiet), option_count},
	{0},
};
#undef AT
/* clang-format on */

const struct command command_import = {
	.name = "import",
	.operands = "qemu-log FILE",
	.summary = "make a trace of the states in QEMU's own log",
	.details = "The log is what `qemu -d cpu,fpu,nochain,in_asm -D FILE` writes, QEMU 7.2 to 11.1, of one thread;\n"
		   "one instruction a state with -one-insn-per-tb (-singlestep before 8.1), else one block.",
	.options = rows,
	.options_size = sizeof(struct import_command_options),
	.run = run,
};
