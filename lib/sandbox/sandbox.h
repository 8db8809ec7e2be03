/*
 * The sandbox of a process that we start and do not trust: the emulator, once a guest runs in it.
 *
 * A filter of system calls (seccomp(2), by libseccomp) goes with the process from its execve() on and has two ages. At
 * its start it may become the emulator by way of scripts, read files, and open the stub's socket. From sandbox_shut()
 * on, when the guest stands at its entry, it may use its own memory, threads and open files, and no more (calls.def). A
 * call that is refused is not executed: it ends the process, and is kept, to be named. A thread here, which the kernel
 * asks (SECCOMP_RET_USER_NOTIF), tells the ages apart. Where the kernel cannot ask, there is one age: what the start
 * needs stays allowed, and the kernel kills for the rest without a name.
 *
 * Besides, where the kernel has Landlock: nothing is written to but the folder of the socket and /dev/null, no TCP, no
 * signal and no abstract socket to what is outside. And always: no new privileges, of the superuser's only those to
 * access files, no core dumps, limits on open files and locked memory, and the first to go where memory runs out.
 *
 * This is no wall against reading: files can be read at the start, memory of the emulator by its guest.
 */
#ifndef LIB_SANDBOX_SANDBOX_H
#define LIB_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"

struct sandbox;

enum sandbox_filter {
	SANDBOX_NO_FILTER,
	SANDBOX_FIXED, /* of one age; the kernel names nothing */
	SANDBOX_ASKS,  /* of two ages */
	SANDBOX_OWN,   /* of sandbox_drop() */
};

/* What is on. */
struct sandbox_state {
	bool on; /* false: it was not wanted */
	enum sandbox_filter filter;
	int filter_errnum; /* why there is no filter, or one of one age; 0: there is no reason */
	int landlock;      /* the version of its interface (ABI) that is used; 0: none */
	int landlock_errnum;
};

/*
 * Prepares a sandbox in which the Unix socket, a path of which the folder exists, can be opened. It is for one process
 * and what that starts. The caller destroys it after the end of them all.
 */
struct error *sandbox_create(const char *socket, struct sandbox **ret);

/*
 * Before sandbox_attend(): at its start the process may open this path for writing, a FIFO that we read (it is opened
 * in its place). Only where the kernel asks; else who tries is killed.
 */
struct error *sandbox_allow_fifo(struct sandbox *s, const char *path);

/* Ends the supervision; processes that are still there are killed by their next call that is not always allowed. */
void sandbox_destroy(struct sandbox *s);

/*
 * In the child, between fork() and exec(), once: locks it in. Only async-signal-safe functions are called. False if
 * the child must not go on.
 */
bool sandbox_enter(const struct sandbox *s);

/*
 * In the parent, right behind fork(): waits for sandbox_enter() and begins to answer. The child leads a process group
 * of its own, which is killed when a call is refused.
 */
struct error *sandbox_attend(struct sandbox *s, pid_t child);

/* From now on only what a guest needs is allowed. */
void sandbox_shut(struct sandbox *s);

/* Of one that was not wanted. */
extern const struct sandbox_state sandbox_off;

/*
 * This process, and threads and processes that it starts from now on, give up what judging a trace or a log has no need
 * of (drop.def), and where there is Landlock, writing to any folder but those of the num outputs (paths, or NULL), TCP,
 * and signals to others. *ret tells what is on; what the kernel lacks is no error.
 */
struct error *sandbox_drop(const char *const *outputs, size_t num, struct sandbox_state *ret);

/* "seccomp, Landlock 7", or what is missing and why. */
void sandbox_describe(struct strbuf *out, const struct sandbox_state *state);

/* After sandbox_attend(). */
const struct sandbox_state *sandbox_state(const struct sandbox *s);

/*
 * The call that was refused, as "connect(0x3, ...)", owned by s; NULL: none was. It was the first, and the process was
 * killed for it, but perhaps is not yet gone.
 */
const char *sandbox_refused(struct sandbox *s);

#endif
