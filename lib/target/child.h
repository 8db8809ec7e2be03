/*
 * A child process of ours that never outlives us: its own session, input and output on /dev/null (or ours), and a
 * thread that drains its standard error and keeps the end of it, which is where a program says why it fails.
 *
 * The child is killed when the thread that started it ends (PR_SET_PDEATHSIG), so start it from one that lives as long.
 */
#ifndef LIB_TARGET_CHILD_H
#define LIB_TARGET_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/sandbox/sandbox.h"

struct child;

/*
 * Runs argv[0], a path, with argv and envp (both end with NULL), with default signal actions, and without the host's
 * address space randomization, which emulators hand on to their guests. With own_streams false it has our standard
 * input, output and error, and child_last_words() has nothing. sandbox, or NULL, is what it runs in; it stays the
 * caller's, to be destroyed after the child. ERROR_OS if it cannot be executed.
 */
struct error *child_start(const char *const *argv, const char *const *envp, bool own_streams, struct sandbox *sandbox,
			  struct child **ret);

/* The same with a stream for its standard input and output, a socket say. */
struct error *child_start_on(const char *const *argv, const char *const *envp, int stream, struct sandbox *sandbox,
			     struct child **ret);

pid_t child_pid(const struct child *c);

/* Kills the child and what it started in its session, and waits for it. NULL is fine. */
void child_destroy(struct child *c);

/* Waits up to timeout_ms for its end: true and its status, as of waitpid(), once it has ended. */
bool child_ended(struct child *c, unsigned timeout_ms, int *ret_status);

/* The end of its output, its lines joined to one, "" if there is nothing; NULL when out of memory. */
char *child_last_words(struct child *c);

/*
 * Runs a program to its end and gives the first line of its standard output, without the newline. ERROR_TARGET if it
 * fails or says nothing, ERROR_TIMEOUT after timeout_ms. sandbox: as of child_start().
 */
struct error *child_first_line(const char *const *argv, const char *const *envp, unsigned timeout_ms,
			       struct sandbox *sandbox, char **ret);

/* The same for all of its output, up to 64 kB. */
struct error *child_output(const char *const *argv, const char *const *envp, unsigned timeout_ms,
			   struct sandbox *sandbox, char **ret);

#endif
