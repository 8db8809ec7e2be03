#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "cmd/validate/command.h"

/* ---- Setters ---- */

struct error *option_flag(const char *arg, void *target)
{
	(void)arg;
	*(bool *)target = true;
	return NULL;
}

struct error *option_count(const char *arg, void *target)
{
	(void)arg;
	++*(unsigned *)target;
	return NULL;
}

struct error *option_text(const char *arg, void *target)
{
	*(const char **)target = arg;
	return NULL;
}

struct error *option_number(const char *arg, void *target)
{
	bool hex = arg[0] == '0' && (arg[1] == 'x' || arg[1] == 'X');
	const char *digits = hex ? arg + 2 : arg;
	char *end;

	errno = 0;
	unsigned long long value = strtoull(digits, &end, hex ? 16 : 10);
	/* strtoull() also takes signs and leading blanks. */
	if (!*digits || *end || strspn(digits, "0123456789abcdefABCDEF") != strlen(digits))
		return error_create(ERROR_USAGE, "'%s' is not a number (decimal, or hexadecimal with 0x)", arg);
	if (errno == ERANGE)
		return error_create(ERROR_USAGE, "%s does not fit 64 bits", arg);
	*(uint64_t *)target = value;
	return NULL;
}

struct error *option_seconds(const char *arg, void *target)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (!*arg || *end || strspn(arg, "0123456789.") != strlen(arg) || !(seconds > 0 && seconds < 1e9))
		return error_create(ERROR_USAGE, "'%s' is not a number of seconds above 0", arg);
	*(double *)target = seconds;
	return NULL;
}

struct error *option_fail_on(const char *arg, void *target)
{
	enum severity severity;

	if (!severity_by_name(arg, &severity) || severity == SEVERITY_INFO)
		return error_create(ERROR_USAGE,
				    "'%s' is not how sure a finding may be: confirmed, recorded, model, vendor or "
				    "possible",
				    arg);
	*(enum severity *)target = severity;
	return NULL;
}

struct error *option_vendor(const char *arg, void *target)
{
	enum cpu_vendor vendor = cpu_vendor_by_name(arg);

	if (vendor == CPU_VENDOR_UNKNOWN)
		return error_create(ERROR_USAGE, "'%s' is no maker of CPUs that validate knows: intel or amd", arg);
	*(enum cpu_vendor *)target = vendor;
	return NULL;
}

struct error *option_off(const char *arg, void *target)
{
	bool off = !strcmp(arg, "off");

	if (!off && strcmp(arg, "on") != 0)
		return error_create(ERROR_USAGE, "'%s' is neither on nor off", arg);
	*(bool *)target = off;
	return NULL;
}

struct error *option_list(const char *arg, void *target)
{
	struct option_list *list = target;

	return vec_push(list, arg) ? NULL : &error_no_memory;
}

/* ---- Parsing ---- */

static const struct option_row no_options[] = {{.name = NULL}};

static const struct option_row *rows_of(const struct command *command)
{
	return command->options ? command->options : no_options;
}

static const struct option_row *find_long(const struct command *command, const char *name, size_t len)
{
	for (const struct option_row *row = rows_of(command); row->name; row++)
		if (strlen(row->name) == len && !memcmp(row->name, name, len))
			return row;
	return NULL;
}

static const struct option_row *find_letter(const struct command *command, char letter)
{
	for (const struct option_row *row = rows_of(command); row->name; row++)
		if (row->letter && row->letter == letter)
			return row;
	return NULL;
}

/* Where the parser is: the words not yet looked at. */
struct words {
	const struct command *command;
	char **at;
	size_t len;
	char *options;
};

static struct error *set(struct words *w, const struct option_row *row, const char *arg)
{
	if (row->arg && !arg) {
		if (!w->len)
			return error_create(ERROR_USAGE, "%s: option --%s needs an argument: --%s %s", w->command->name,
					    row->name, row->name, row->arg);
		arg = *w->at++;
		w->len--;
	}
	struct error *err = row->set(arg, w->options + row->target);
	return err ? error_prefix(err, "%s: --%s", w->command->name, row->name) : NULL;
}

static struct error *unknown(const struct command *command, const char *word, size_t len)
{
	return error_create(ERROR_USAGE, "%s: unknown option '%.*s'; 'validate %s --help' lists the options",
			    command->name, (int)len, word, command->name);
}

/* --name, --name=arg, --name arg */
static struct error *parse_long(struct words *w, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = find_long(w->command, name, len);

	if (!row)
		return unknown(w->command, word, len + 2);
	if (equals && !row->arg)
		return error_create(ERROR_USAGE, "%s: option --%s takes no argument", w->command->name, row->name);
	return set(w, row, equals ? equals + 1 : NULL);
}

/* -a, -ab, -a arg, -aarg */
static struct error *parse_letters(struct words *w, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct option_row *row = find_letter(w->command, *letter);

		if (!row)
			return unknown(w->command, (const char[]){'-', *letter}, 2);
		bool rest = row->arg && letter[1];
		struct error *err = set(w, row, rest ? letter + 1 : NULL);
		if (err || rest)
			return err;
	}
	return NULL;
}

static bool asks_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

struct error *options_parse(const struct command *command, int argc, char **argv, void *options, bool *ret_help,
			    struct operands *ret)
{
	struct words w = {.command = command, .at = argv, .len = (size_t)argc, .options = options};
	struct operands operands = {.at = argv};
	bool only_operands = false, help = false;
	struct error *err = NULL;

	while (w.len && !err && !help) {
		char *word = *w.at++;

		w.len--;
		if (only_operands || word[0] != '-' || !word[1]) {
			operands.at[operands.len++] = word;
			only_operands |= command->guest_command;
		} else if (!strcmp(word, "--")) {
			only_operands = true;
		} else if (asks_help(word)) {
			help = true;
		} else {
			err = word[1] == '-' ? parse_long(&w, word) : parse_letters(&w, word);
		}
	}
	if (err)
		return err;
	*ret_help = help;
	*ret = operands;
	return NULL;
}

void options_deinit(const struct command *command, void *options)
{
	for (const struct option_row *row = rows_of(command); row->name; row++) {
		if (row->set != option_list)
			continue;
		struct option_list *list = (void *)((char *)options + row->target);
		vec_deinit(list);
	}
}

/* ---- Help ---- */

static const struct option_row help_row = {.name = "help", .letter = 'h', .help = "this text"};

/* The length of "--name ARG". */
static size_t row_width(const struct option_row *row)
{
	return 2 + strlen(row->name) + (row->arg ? 1 + strlen(row->arg) : 0);
}

static void print_row(FILE *out, const struct option_row *row, size_t width)
{
	if (row->letter)
		fprintf(out, "  -%c, ", row->letter);
	else
		fprintf(out, "      ");
	int column = (int)(width - row_width(row));
	fprintf(out, "--%s%s%s%*s  ", row->name, row->arg ? " " : "", row->arg ? row->arg : "", column, "");
	for (const char *c = row->help; *c; c++) {
		fputc(*c, out);
		if (*c == '\n')
			fprintf(out, "%*s", (int)width + 8, "");
	}
	fputc('\n', out);
}

void options_help(FILE *out, const struct command *command)
{
	size_t width = row_width(&help_row);

	for (const struct option_row *row = rows_of(command); row->name; row++)
		width = row_width(row) > width ? row_width(row) : width;
	fprintf(out, "usage: validate %s [options]%s%s\n\n%s\n", command->name, *command->operands ? " " : "",
		command->operands, command->summary);
	if (command->details)
		fprintf(out, "\n%s\n", command->details);
	fprintf(out, "\nOptions:\n");
	for (const struct option_row *row = rows_of(command); row->name; row++)
		print_row(out, row, width);
	print_row(out, &help_row, width);
}
