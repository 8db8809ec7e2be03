/* The process between a pool and a command; internal to lib/batch. */
#ifndef LIB_BATCH_WARDEN_H
#define LIB_BATCH_WARDEN_H

#include <sys/types.h>

#include "lib/batch/pool.h"

/*
 * In a new child of the process `parent`: runs the command to its end or to a limit, kills what it leaves, and writes a
 * struct pool_result to fd. SIGTERM, also that of the parent's death, kills the command. The caller exits then.
 */
void warden_run(const char *const *argv, const struct pool_limits *limits, pid_t parent, int fd);

#endif
