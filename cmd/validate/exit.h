/* The exit statuses of the program, in one place; validate.1 documents them. */
#ifndef CMD_VALIDATE_EXIT_H
#define CMD_VALIDATE_EXIT_H

#include "lib/base/error.h"

enum exit_status {
	STATUS_OK = 0,         /* clean; incomplete without --strict; whatever else a command was asked to do is done */
	STATUS_DIVERGENT = 1,  /* there are findings that count, and are new where there is a baseline */
	STATUS_USAGE = 2,      /* the command line or an input is unusable */
	STATUS_LOST_SYNC = 3,  /* the run no longer follows the event log */
	STATUS_INCOMPLETE = 4, /* nothing was judged; not everything was, and --strict is given */
	STATUS_TARGET = 5,     /* the target failed: it could not be started, stalled, died, or broke the protocol */
	STATUS_INTERNAL = 70,  /* out of memory, or a bug of our own (EX_SOFTWARE of sysexits.h) */
	STATUS_INTERRUPTED = 130, /* stopped by the user, as shells count SIGINT */
};

enum exit_status exit_status_of(const struct error *err);

/* Prints "validate: MESSAGE" to standard error, destroys err, and gives its exit status. */
enum exit_status fail(struct error *err);

#endif
