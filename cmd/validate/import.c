/* validate import: traces from what other tools wrote. */
#include "lib/trace/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/print.h"
#include "lib/base/apart.h"
#include "lib/elf/image.h"
#include "lib/sandbox/sandbox.h"

struct import_command_options {
	const char *output, *program, *emulator;
	struct base {
		bool given;
		uint64_t value;
	} base;
	bool blocks;
	unsigned quiet;
};

static struct error *option_base(const char *arg, void *target)
{
	struct base *base = target;

	base->given = true;
	return option_number(arg, &base->value);
}

static struct error *check_usage(const struct import_command_options *o, const struct operands *operands)
{
	if (!operands->len || strcmp(operands->at[0], "qemu-log") != 0)
		return error_create(ERROR_USAGE, "import: what to import? qemu-log is what there is: validate import "
						 "qemu-log FILE -o TRACE");
	if (operands->len != 2)
		return error_create(ERROR_USAGE, "import qemu-log: one file is needed (- is standard input)");
	if (!o->output)
		return error_create(ERROR_USAGE, "import qemu-log: where to? -o TRACE");
	if (o->base.given && !o->program)
		return error_create(ERROR_USAGE, "import qemu-log: --base is of a --program");
	const struct apart_file files[] = {{"the log", operands->at[1], false},
					   {"--program", o->program, false},
					   {"-o", o->output, true}};
	return apart_check(files, sizeof files / sizeof *files);
}

/* ---- The program's code ---- */

struct image {
	struct elf_image *elf; /* NULL: none was given */
	uint64_t bias;
};

static size_t code_of_segment(const struct image *image, const struct elf_segment *s, uint64_t address, uint8_t *ret,
			      size_t len)
{
	size_t size;
	const uint8_t *bytes = elf_image_bytes(image->elf, &size);
	uint64_t at = address - image->bias - s->start;

	if (address - image->bias < s->start || at >= s->file_size)
		return 0;
	if (s->offset > size || s->file_size > size - s->offset)
		return 0;
	if (len > s->file_size - at)
		len = (size_t)(s->file_size - at);
	memcpy(ret, bytes + s->offset + at, len);
	return len;
}

static size_t program_code(void *ctx, uint64_t address, uint8_t *ret, size_t len)
{
	const struct image *image = ctx;
	size_t num;
	const struct elf_segment *segments = elf_image_segments(image->elf, &num);

	for (size_t i = 0; i < num; i++) {
		size_t have = code_of_segment(image, &segments[i], address, ret, len);
		if (have)
			return have;
	}
	return 0;
}

static struct error *open_program(const struct import_command_options *o, const struct isa *isa, struct image *ret)
{
	if (!o->program)
		return NULL;
	struct error *err = elf_image_open(o->program, &ret->elf);
	if (err)
		return err;
	if (elf_image_machine(ret->elf) != isa->elf_machine)
		return error_create(ERROR_INPUT, "%s is no %s program, which the log is of", o->program, isa->name);
	if (elf_image_is_pie(ret->elf) && !o->base.given)
		return error_create(ERROR_USAGE, "%s is position-independent: where was it loaded? --base ADDR",
				    o->program);
	if (!elf_image_is_pie(ret->elf) && o->base.given)
		return error_create(ERROR_USAGE, "%s has addresses of its own: it takes no --base", o->program);
	ret->bias = o->base.value;
	return NULL;
}

/* ---- The import ---- */

static struct error *fill_header(const struct import_command_options *o, const struct isa *isa,
				 struct trace_header *header)
{
	*header = (struct trace_header){.isa = isa};
	header->recorder = strdup(program_version);
	header->emulator = strdup(o->emulator ? o->emulator : "QEMU, by its log");
	header->hidden = calloc(header->isa->num_words, sizeof *header->hidden);
	if (!header->recorder || !header->emulator || !header->hidden)
		return &error_no_memory;
	return o->program ? evlog_file_identify(o->program, &header->program) : NULL;
}

static struct error *import(const struct import_command_options *o, const char *file, struct import_counts *ret)
{
	struct import *im;
	struct trace_header header = {0};
	struct image image = {0};
	struct import_options options = {.blocks = o->blocks, .ctx = &image};
	struct sandbox_state sandbox;
	struct error *err = sandbox_drop(&o->output, 1, &sandbox);

	if (!err)
		err = import_open(file, &im);
	if (err)
		return err;
	err = fill_header(o, import_isa(im), &header);
	if (!err)
		err = open_program(o, header.isa, &image);
	if (image.elf)
		options.code = program_code;
	if (!err)
		err = import_run(im, &header, &options, o->output, ret);
	elf_image_close(image.elf);
	trace_header_deinit(&header);
	import_close(im);
	return err;
}

static void say(const char *output, const struct import_counts *c)
{
	print_name(stdout, output);
	printf(": %" PRIu64 " states, %" PRIu64 " steps", c->states, c->steps);
	if (c->blocks)
		printf("; behind %" PRIu64 " of the states several steps: blocks, or repetitions", c->blocks);
	putchar('\n');
	if (c->unknown)
		printf("no code is known for %" PRIu64 " steps, which cannot be judged: log with `-d in_asm`, or give "
		       "--program\n",
		       c->unknown);
	if (c->uncounted)
		printf("not judged are %" PRIu64 " repeated instructions, of which nothing tells how often they were "
		       "executed\n",
		       c->uncounted);
	if (c->ignored)
		printf("%" PRIu64 " lines are no part of a state or a listing\n", c->ignored);
	if (c->cut)
		printf("the log ends within a state, which is left out\n");
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
	{"base", 0, "ADDR", "where the program was loaded, if it is position-independent", AT(base), option_base},
	{"blocks", 0, NULL, "states without a listing are those of blocks", AT(blocks), option_flag},
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
