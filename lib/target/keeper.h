/*
 * What kills a child's process group when this process ends, however that is. The child itself is killed by the kernel
 * (PR_SET_PDEATHSIG), but what it started, a QEMU that a shell script runs, is not. A process of its own waits for the
 * end of a pipe that this one holds open. A process that has left the group is beyond its reach.
 */
#ifndef LIB_TARGET_KEEPER_H
#define LIB_TARGET_KEEPER_H

#include <sys/types.h>

#include "lib/base/error.h"

/* All zero: there is none. */
struct keeper {
	pid_t pid;
	int fd; /* the pipe's writing end */
};

/* Starts one for the group whose leader is a child of this process. */
struct error *keeper_start(struct keeper *k, pid_t group);

/* Ends it without killing anyone: to be called while the group's number cannot be another's, before its leader is
 * waited for. */
void keeper_stop(struct keeper *k);

#endif
