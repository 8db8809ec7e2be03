/* A log of QEMU's states as input of a command: the log, the code of its program, and what is known of both. */
#ifndef CMD_VALIDATE_LOG_INPUT_H
#define CMD_VALIDATE_LOG_INPUT_H

#include <stdio.h>

#include "cmd/validate/command.h"
#include "lib/elf/image.h"
#include "lib/trace/import.h"

/* The rows of its options, for a command whose options are a type with a struct log_options as member. */
struct log_options {
	struct log_base {
		bool given;
		uint64_t value;
	} base;
	bool blocks;
};

/* clang-format off */
#define LOG_ROWS(type, member, of_log) \
	{"base", 0, "ADDR", "where the program " of_log "was loaded, if it is position-independent", offsetof(type, member.base), option_base}, \
	{"blocks", 0, NULL, "states " of_log "without a listing are those of blocks", offsetof(type, member.blocks), option_flag}
/* clang-format on */

bool log_options_given(const struct log_options *options);

struct error *option_base(const char *arg, void *target); /* struct log_base */

/* Stays where it is. */
struct log_input {
	struct import *import;
	struct import_options options;
	struct trace_header header; /* of the trace that the log would become */
	struct elf_image *program;  /* NULL: none was given */
	uint64_t bias;
};

/* program: whose code the log may have no listing of; emulator: what wrote the log. Both may be NULL. */
struct error *log_input_open(struct log_input *in, const char *path, const char *program, const char *emulator,
			     const struct log_options *options);
void log_input_close(struct log_input *in);

/* Says what of the log cannot be judged, or was passed over, in lines that begin with before. */
void log_input_say(FILE *out, const char *before, const struct import_counts *counts);

#endif
