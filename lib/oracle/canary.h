/*
 * The cases by which the native oracle finds out what host it is on: their outcome is certain on a CPU, so that another
 * one is the host's.
 */
#ifndef LIB_ORACLE_CANARY_H
#define LIB_ORACLE_CANARY_H

#include "lib/oracle/host.h"

/* How a canary is run: exactly so, and never twice. */
struct canary_way {
	bool runner; /* without ptrace */
	bool fresh;  /* on pages that the process has not accessed */
};

/* *ret_done: false if it cannot be run that way. */
typedef struct error *canary_run(void *ctx, const struct oracle_case *c, struct canary_way way,
				 struct oracle_outcome *ret, bool *ret_done);

/*
 * Tries all canaries of the ISA, each from `initial`, and notes in `host` what it lacks. ERROR_UNSUPPORTED if it lacks
 * HOST_BASICS; other errors are those of `run`.
 */
struct error *canaries_try(const struct isa *isa, const struct state *initial, canary_run *run, void *ctx,
			   struct host *host);

/* Of the canary that host->canaries[index] is about. */
const char *canary_name(size_t index);

#endif
