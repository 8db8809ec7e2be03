#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/base/strbuf.h"

static char out_of_memory[] = "out of memory";

struct error error_no_memory = {.code = ERROR_NO_MEMORY, .message = out_of_memory};

static struct error *create(enum error_code code, char *message)
{
	struct error *err = message ? calloc(1, sizeof *err) : NULL;

	if (!err) {
		free(message);
		return &error_no_memory;
	}
	err->code = code;
	err->message = message;
	return err;
}

static char *format_message(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

static char *format_message(const char *format, va_list ap)
{
	char *message;

	struct strbuf line = {0};

	if (vasprintf(&message, format, ap) < 0)
		return NULL;
	escape_line(&line, message);
	free(message);
	return strbuf_take(&line);
}

/* Remembers the path in err, or gives up on err for want of memory. */
static struct error *with_path(struct error *err, const char *path)
{
	if (err == &error_no_memory || !path)
		return err;
	err->path = strdup(path);
	if (!err->path) {
		error_destroy(err);
		return &error_no_memory;
	}
	return err;
}

/* Takes the message, which is NULL when memory ran out. */
static struct error *with_message(struct error *err, char *message)
{
	if (!message) {
		error_destroy(err);
		return &error_no_memory;
	}
	free(err->message);
	err->message = message;
	return err;
}

static char *join(const char *a, const char *b)
{
	char *text;

	return asprintf(&text, "%s: %s", a, b) < 0 ? NULL : text;
}

struct error *error_create(enum error_code code, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	char *message = format_message(format, ap);
	va_end(ap);
	return create(code, message);
}

struct error *error_os(int errnum, const char *what, const char *path)
{
	struct error *err = error_create(ERROR_OS, "%s%s%s: %s", what, path ? " " : "", path ? path : "",
					 strerror(errnum));

	if (err->code == ERROR_OS)
		err->errnum = errnum;
	return with_path(err, path);
}

struct error *error_input(const char *path, uint64_t place, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	char *message = format_message(format, ap);
	va_end(ap);
	struct error *err = create(ERROR_INPUT, message);
	if (err == &error_no_memory)
		return err;
	err->place = place;
	err = with_path(err, path);
	return place ? error_prefix(err, "%s:%llu", path, (unsigned long long)place) : error_prefix(err, "%s", path);
}

struct error *error_fault(uint64_t address)
{
	struct error *err = error_create(ERROR_FAULT, "guest memory at 0x%llx cannot be accessed",
					 (unsigned long long)address);

	if (err->code == ERROR_FAULT)
		err->address = address;
	return err;
}

struct error *error_prefix(struct error *err, const char *format, ...)
{
	if (err == &error_no_memory)
		return err;

	va_list ap;
	va_start(ap, format);
	char *prefix = format_message(format, ap);
	va_end(ap);
	char *message = prefix ? join(prefix, err->message) : NULL;
	free(prefix);
	return with_message(err, message);
}

struct error *error_remedy(struct error *err, const char *remedy)
{
	return error_is(err, ERROR_INPUT) ? with_message(err, join(err->message, remedy)) : err;
}

void error_destroy(struct error *err)
{
	if (!err || err == &error_no_memory)
		return;
	free(err->path);
	free(err->message);
	free(err);
}
