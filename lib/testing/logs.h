/*
 * Event logs for tests: a small one to be replayed, and reading one whole.
 */
#ifndef LIB_TESTING_LOGS_H
#define LIB_TESTING_LOGS_H

#include "lib/lockstep/lockstep.h"

/* Reads the log to its end or to the error, which it returns; *ret_events tells how many were whole. */
struct error *log_read(const char *path, size_t *ret_events);

/* Writes a log of one event: the program exits by this call, with status 0. */
void log_of_exit(const char *path, const char *arch, uint64_t call, uint64_t pc);

/* Replays the log in the target, which stands at its start with these registers, and judges it. */
void log_judge(const char *path, struct target *target, const struct state *regs,
	       const struct lockstep_options *options, struct run *ret);

#endif
