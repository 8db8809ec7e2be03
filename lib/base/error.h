/*
 * Errors as values.
 *
 * A function that can fail returns `struct error *`: NULL on success, otherwise an object that the caller owns and
 * either returns further or destroys. Outputs come last, are named `ret`, and are written only on success.
 *
 * The code says what a caller may branch on; the message is for people, is one line, carries no trailing newline, and
 * names the place and the remedy where there is one; what it quotes goes through escape_line(). Nothing below
 * cmd/ prints an error or ends the process.
 */
#ifndef LIB_BASE_ERROR_H
#define LIB_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

enum error_code {
	ERROR_NO_MEMORY,   /* a static object: no allocation can fail while reporting it */
	ERROR_OS,          /* a system call failed; errnum and path are set */
	ERROR_USAGE,       /* the command line is unusable */
	ERROR_INPUT,       /* a file is unusable; path is set, place is a line or an offset */
	ERROR_PROTOCOL,    /* the remote stub broke the GDB remote protocol */
	ERROR_TARGET,      /* the target failed: died, could not start, refused a request */
	ERROR_SANDBOX,     /* the target tried what its sandbox refuses */
	ERROR_TIMEOUT,     /* a deadline passed; the target stalls */
	ERROR_FAULT,       /* a guest address cannot be accessed; address is set */
	ERROR_LOST_SYNC,   /* the run no longer follows the event log; place is the event's index */
	ERROR_UNSUPPORTED, /* well-formed, but not something this program can do */
	ERROR_INTERRUPTED, /* the user asked to stop */
	ERROR_BUG,         /* one of our own invariants does not hold */
};

struct error {
	enum error_code code;
	int errnum;       /* ERROR_OS: errno */
	uint64_t address; /* ERROR_FAULT: the first inaccessible guest address */
	uint64_t place;   /* ERROR_INPUT: line or byte offset; ERROR_LOST_SYNC: event index */
	char *path;       /* ERROR_OS, ERROR_INPUT: the file, or NULL */
	char *message;    /* never NULL */
};

/* Out of memory; error_destroy() leaves it alone. */
extern struct error error_no_memory;

/*
 * Functions that make an error never return NULL, and say so to the compiler: it then sees that a function which
 * returns one has not written its outputs.
 */

/* An error with a formatted message. Returns &error_no_memory when it cannot be allocated. */
struct error *error_create(enum error_code code, const char *format, ...)
	__attribute__((returns_nonnull, format(printf, 2, 3)));

/* "WHAT PATH: strerror(errnum)"; path may be NULL. */
struct error *error_os(int errnum, const char *what, const char *path) __attribute__((returns_nonnull));

/* A file that cannot be used: "PATH:PLACE: MESSAGE". place 0 is left out of the message. */
struct error *error_input(const char *path, uint64_t place, const char *format, ...)
	__attribute__((returns_nonnull, format(printf, 3, 4)));

/* Guest memory at address cannot be accessed. */
struct error *error_fault(uint64_t address) __attribute__((returns_nonnull));

/* Puts "PREFIX: " before the message; takes err and returns it (or &error_no_memory). */
struct error *error_prefix(struct error *err, const char *format, ...)
	__attribute__((returns_nonnull, format(printf, 2, 3)));

/* Puts ": REMEDY" behind the message of an ERROR_INPUT: what to do about the file. Takes err and returns it (or
 * &error_no_memory); other errors, and NULL, are returned as they are. */
struct error *error_remedy(struct error *err, const char *remedy);

/* Frees err; NULL and &error_no_memory are fine. */
void error_destroy(struct error *err);

/* True if err has the code; NULL has none. */
static inline bool error_is(const struct error *err, enum error_code code)
{
	return err && err->code == code;
}

#endif
