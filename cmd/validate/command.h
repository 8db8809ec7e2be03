/*
 * Sub-commands, and command lines as tables.
 *
 * A command is a file with a struct command in it and a line in commands[] (main.c). Its options are rows that set the
 * members of a struct of its own. main.c parses, generates --help, and calls run with the filled struct; a command
 * never sees argv.
 */
#ifndef CMD_VALIDATE_COMMAND_H
#define CMD_VALIDATE_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "cmd/validate/exit.h"
#include "lib/base/error.h"
#include "lib/base/vec.h"
#include "lib/run/findings.h"

/* "validate 0.1": main.c. */
extern const char program_version[];

struct option_row {
	const char *name; /* without "--"; NULL ends the table */
	char letter;      /* of the short form, or 0 */
	const char *arg;  /* what its argument is called: "FILE"; NULL: it takes none */
	const char *help; /* further lines after a newline are indented alike */
	size_t target;    /* offset of the member that it sets */
	/* Takes the argument (NULL where there is none). Errors are ERROR_USAGE and say what is wrong with the argument
	 * alone. */
	struct error *(*set)(const char *arg, void *target);
};

/* Setters, by the type of the target. Texts point into argv. */
struct error *option_flag(const char *arg, void *target);    /* bool: true */
struct error *option_count(const char *arg, void *target);   /* unsigned: one more */
struct error *option_text(const char *arg, void *target);    /* const char * */
struct error *option_number(const char *arg, void *target);  /* uint64_t: decimal, or hexadecimal with 0x */
struct error *option_seconds(const char *arg, void *target); /* double: above 0, with a fraction if need be */
struct error *option_fail_on(const char *arg, void *target); /* enum severity: "confirmed" to "possible" */
struct error *option_vendor(const char *arg, void *target);  /* enum cpu_vendor: "intel", "amd" */
struct error *option_off(const char *arg, void *target);     /* bool: "off" is true, "on" false */
struct error *option_list(const char *arg, void *target);    /* struct option_list: appended */

struct option_list {
	const char **at;
	size_t len, cap;
};

/* What is no option, in order. */
struct operands {
	char **at;
	size_t len;
};

struct command {
	const char *name;
	const char *operands; /* for the usage line: "BYTES..." */
	const char *summary;  /* one line */
	const char *details;  /* paragraphs for --help, or NULL */
	const struct option_row *options;
	const void *defaults; /* of the options; NULL: all zero */
	size_t options_size;
	bool guest_command; /* the first operand ends the options: what follows is a program and its arguments */
	enum exit_status (*run)(const void *options, const struct operands *operands);
};

/*
 * Parses what follows the command's name. options, with options_size bytes, receives the options; ret the operands,
 * which are moved to the front of argv. *ret_help: --help was given, and nothing after it was looked at.
 */
struct error *options_parse(const struct command *command, int argc, char **argv, void *options, bool *ret_help,
			    struct operands *ret);

/* Frees the lists among the options. */
void options_deinit(const struct command *command, void *options);

/* The text of --help. */
void options_help(FILE *out, const struct command *command);

#endif
