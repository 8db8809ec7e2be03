/*
 * Workers: commands that run side by side, each within limits, each with all that it starts.
 *
 * A command runs below a warden, a process of ours that is the reaper of everything the command leaves behind: however
 * the command ends, and when the pool's owner dies, nothing of it stays. A crash, a hang or a memory hog is the result
 * of its own command and of no other. The command has a process group of its own, /dev/null for input and output, and
 * no core files.
 */
#ifndef LIB_BATCH_POOL_H
#define LIB_BATCH_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct pool_limits {
	/*
	 * Of the wall clock; 0: none. At its end the command is asked to end (SIGTERM), so that it can write what it
	 * has, and is killed two seconds later.
	 */
	uint64_t timeout_ms;
	/*
	 * Bytes of resident memory of the command and all its descendants together; 0: none. Looked at twenty times a
	 * second: for a moment it may be more.
	 */
	uint64_t memory;
};

enum pool_end {
	POOL_EXITED,   /* status: its exit status */
	POOL_SIGNALED, /* status: the signal that killed it; SIGKILL too if its warden was killed */
	POOL_TIMEOUT,
	POOL_MEMORY,
	POOL_STOPPED, /* by pool_destroy(), or by SIGTERM to its warden from elsewhere */
};

enum { POOL_WORDS_LEN = 800 };

struct pool_result {
	enum pool_end end;
	int status;
	uint64_t nanoseconds;
	uint64_t memory;            /* the largest that was seen, bytes */
	char words[POOL_WORDS_LEN]; /* the end of its standard error, one line of printable characters */
};

struct pool;

struct error *pool_create(unsigned workers, const struct pool_limits *limits, struct pool **ret);

/* True if a command can be started at once. */
bool pool_has_room(const struct pool *p);
/* Commands that run. */
unsigned pool_running(const struct pool *p);

/* Starts argv[0], a path; argv ends with NULL. id comes back with its result. Needs room. */
struct error *pool_start(struct pool *p, const char *const *argv, uint64_t id);

/*
 * Waits up to timeout_ms for the end of a command. *ret_id and *ret are set, and *ret_have is true, if one has ended; a
 * signal that is caught ends the wait early.
 */
struct error *pool_wait(struct pool *p, unsigned timeout_ms, bool *ret_have, uint64_t *ret_id, struct pool_result *ret);

/* Kills what runs, waits for it, and frees p; NULL is fine. */
void pool_destroy(struct pool *p);

#endif
