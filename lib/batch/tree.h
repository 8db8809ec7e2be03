/* The processes below a process, from /proc; internal to lib/batch. */
#ifndef LIB_BATCH_TREE_H
#define LIB_BATCH_TREE_H

#include <stdint.h>
#include <sys/types.h>

/* Resident memory of everything below a process, in bytes. What cannot be read, because it just ended, counts nothing.
 */
uint64_t tree_memory(pid_t pid);

/* Sends SIGKILL to the children of the calling process and their process groups; returns how many there were. */
unsigned tree_kill_children(void);

#endif
