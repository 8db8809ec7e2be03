#include "cmd/validate/exit.h"

#include <stdio.h>

enum exit_status exit_status_of(const struct error *err)
{
	switch (err->code) {
	case ERROR_USAGE:
	case ERROR_INPUT:
	case ERROR_OS:
	case ERROR_UNSUPPORTED: return STATUS_USAGE;
	case ERROR_LOST_SYNC: return STATUS_LOST_SYNC;
	case ERROR_PROTOCOL:
	case ERROR_TARGET:
	case ERROR_SANDBOX:
	case ERROR_TIMEOUT:
	case ERROR_FAULT: return STATUS_TARGET;
	case ERROR_INTERRUPTED: return STATUS_INTERRUPTED;
	case ERROR_NO_MEMORY:
	case ERROR_BUG: break;
	}
	return STATUS_INTERNAL;
}

enum exit_status fail(struct error *err)
{
	enum exit_status status = exit_status_of(err);

	/* What was printed before must not come after the reason why no more comes. */
	fflush(stdout);
	fprintf(stderr, "validate: %s\n", err->message);
	error_destroy(err);
	return status;
}
