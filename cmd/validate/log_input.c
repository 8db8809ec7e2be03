#include "cmd/validate/log_input.h"

#include <inttypes.h>
#include <string.h>

struct error *option_base(const char *arg, void *target)
{
	struct log_base *base = target;

	base->given = true;
	return option_number(arg, &base->value);
}

bool log_options_given(const struct log_options *options)
{
	return options->blocks || options->base.given;
}

/* ---- The program's code ---- */

static size_t code_of_segment(const struct log_input *in, const struct elf_segment *s, uint64_t address, uint8_t *ret,
			      size_t len)
{
	size_t size;
	const uint8_t *bytes = elf_image_bytes(in->program, &size);
	uint64_t at = address - in->bias - s->start;

	if (address - in->bias < s->start || at >= s->file_size)
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
	const struct log_input *in = ctx;
	size_t num;
	const struct elf_segment *segments = elf_image_segments(in->program, &num);

	for (size_t i = 0; i < num; i++) {
		size_t have = code_of_segment(in, &segments[i], address, ret, len);
		if (have)
			return have;
	}
	return 0;
}

static struct error *open_program(struct log_input *in, const char *path, const struct log_options *o)
{
	const struct isa *isa = in->header.isa;
	struct error *err = elf_image_open(path, &in->program);

	if (err)
		return err;
	if (elf_image_machine(in->program) != isa->elf_machine)
		return error_create(ERROR_INPUT, "%s is no %s program, which the log is of", path, isa->name);
	if (elf_image_is_pie(in->program) && !o->base.given)
		return error_create(ERROR_USAGE, "%s is position-independent: where was it loaded? --base ADDR", path);
	if (!elf_image_is_pie(in->program) && o->base.given)
		return error_create(ERROR_USAGE, "%s has addresses of its own: it takes no --base", path);
	in->bias = o->base.value;
	in->options.code = program_code;
	in->options.ctx = in;
	return evlog_file_identify(path, &in->header.program);
}

/* ---- The log ---- */

static struct error *describe(struct log_input *in, const char *emulator)
{
	struct trace_header *h = &in->header;

	h->recorder = strdup(program_version);
	h->emulator = strdup(emulator ? emulator : "QEMU, by its log");
	return h->recorder && h->emulator ? import_describe(in->import, h) : &error_no_memory;
}

struct error *log_input_open(struct log_input *in, const char *path, const char *program, const char *emulator,
			     const struct log_options *options)
{
	*in = (struct log_input){.options.blocks = options->blocks};

	struct error *err = import_open(path, &in->import);
	if (!err)
		err = describe(in, emulator);
	if (!err && program)
		err = open_program(in, program, options);
	return err;
}

void log_input_close(struct log_input *in)
{
	import_close(in->import);
	elf_image_close(in->program);
	trace_header_deinit(&in->header);
}

void log_input_say(FILE *out, const char *before, const struct import_counts *c)
{
	if (c->unknown)
		fprintf(out,
			"%sno code is known for %" PRIu64
			" steps, which cannot be judged: log with `-d in_asm`, or give "
			"the program\n",
			before, c->unknown);
	if (c->uncounted)
		fprintf(out,
			"%snot judged are %" PRIu64
			" repeated instructions, of which nothing tells how often they were "
			"executed\n",
			before, c->uncounted);
	if (c->ignored)
		fprintf(out, "%s%" PRIu64 " lines are no part of a state or a listing\n", before, c->ignored);
	if (c->cut)
		fprintf(out, "%sthe log ends within a state, which is left out\n", before);
}
