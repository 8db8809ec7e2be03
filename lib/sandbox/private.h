/* What the files of this folder share. */
#ifndef LIB_SANDBOX_PRIVATE_H
#define LIB_SANDBOX_PRIVATE_H

#include <linux/filter.h>
#include <pthread.h>
#include <stdint.h>

#include "lib/sandbox/sandbox.h"

/* What a call is, to the filter and to who is asked. */
enum call_kind { CALL_ALWAYS, CALL_START, CALL_ABSENT, CALL_SELF, CALL_SOCKET, CALL_GRANT, CALL_PATH };

/* A row of calls.def. */
struct call_row {
	enum call_kind kind;
	const char *name;
	unsigned arg;         /* the one of which the bits of mask are to be value; of a path: which it is */
	uint64_t mask, value; /* CALL_ABSENT: value is the errno */
	unsigned flags;       /* CALL_GRANT: which argument has them */
};

extern const struct call_row call_rows[];
extern const unsigned num_call_rows;

/* A program of the kernel's filter machine; the caller frees code. */
struct filter {
	struct sock_filter *code;
	unsigned short len;
};

/*
 * Of calls.def. asks: what is not always allowed is asked; else what the start needs is allowed, too, and the rest
 * kills. channel: the descriptor over which sendmsg() is allowed. ERROR_OS if the library or the kernel cannot.
 */
struct error *filter_build(bool asks, int channel, struct filter *ret);

/* What a child says of itself when it has entered. */
struct entered {
	struct sandbox_state state;
	int failed; /* an errno: it must not go on; or 0 */
};

enum { NUM_ENDS = 2 };

struct sandbox {
	char *socket, *folder;
	char *fifo;                  /* that may be opened for writing; NULL: none */
	struct filter asking, fixed; /* len 0: there is none, because of the errno below */
	int asking_errnum, fixed_errnum;
	int channel[NUM_ENDS]; /* ours, the child's */

	/* Of the parent alone. */
	struct sandbox_state state;
	pid_t child;
	int listener; /* where the kernel asks; -1: it does not */
	int wake[NUM_ENDS];
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* over the rest */
	bool shut;
	pid_t emulator; /* who listens on the socket; 0: not yet known */
	char *refused;
};

/* In the child. The version that is on, or -errno. folder: where files may be made and removed. */
int landlock_restrict(const char *folder);

/* A set of rules by which nothing may be written, nor executed but files in memory, or -errno; *ret_version: the
 * version, or -errno. */
int landlock_forbid_writing(int *ret_version);

/* Files in the folder may be made, written and removed. 0 or -errno. */
int landlock_allow_output(int ruleset, const char *folder);

/* Unless it is no good: failed, as of the calls above. Closes it. 0 or -errno. */
int landlock_enforce(int ruleset, int failed);

/* The thread that answers the kernel. arg: the sandbox. */
void *supervise(void *arg);

#endif
