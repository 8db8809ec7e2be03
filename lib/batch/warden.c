#include "lib/batch/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/batch/tree.h"

enum {
	TICK_MS = 50,
	GRACE_MS = 2000,  /* between being asked to end and being killed */
	CLEAR_MS = 5000,  /* for the kernel to end what was killed */
	TAIL_SIZE = 4096, /* of the standard error that is kept */
	OOM_SCORE = 500,  /* a command goes before the batch does */
	STATUS_NO_EXEC = 127,
};

struct warden {
	const struct pool_limits *limits;
	pid_t command;
	bool ended; /* the command is */
	int signals, errors;
	deadline_t deadline, kill_at;
	uint64_t start;
	struct pool_result result;
	bool limited; /* result.end says at which limit it is to end */
	char tail[TAIL_SIZE];
	size_t tail_len;
};

/* ---- The command's side, between fork() and exec() ---- */

static bool take_streams(int errors)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(errors, 2) >= 0;
}

/* Told to the kernel in time: the process that takes the memory is killed, not the one that watches. */
static void offer_to_oom_killer(void)
{
	char text[16];
	int len = snprintf(text, sizeof text, "%d", OOM_SCORE), fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0)
		return;
	/* Where it is forbidden, the default stays. */
	if (write(fd, text, (size_t)len) < 0)
		errno = 0;
	close(fd);
}

static void become(const char *const *argv, pid_t parent, int errors)
{
	static const struct rlimit no_core = {0, 0};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	offer_to_oom_killer();
	if (!take_streams(errors) || prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return;
	close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "cannot execute %s: %s\n", argv[0], strerror(errno));
}

/* ---- Its standard error ---- */

/* Keeps the last TAIL_SIZE bytes. */
static void keep_tail(struct warden *w, const char *bytes, size_t len)
{
	size_t room = TAIL_SIZE - len;

	if (w->tail_len > room) {
		memmove(w->tail, w->tail + w->tail_len - room, room);
		w->tail_len = room;
	}
	memcpy(w->tail + w->tail_len, bytes, len);
	w->tail_len += len;
}

/* Takes what is there; false at the end of the stream, or when there is no more for now. */
static bool take_errors(struct warden *w)
{
	char buffer[TAIL_SIZE];
	ssize_t n = read(w->errors, buffer, sizeof buffer);

	if (n > 0)
		keep_tail(w, buffer, (size_t)n);
	return n > 0;
}

/* The end of the tail as one line: line breaks as "; ", other control characters and what is not ASCII as dots. */
static void set_words(struct warden *w)
{
	size_t len = 0, from = w->tail_len > POOL_WORDS_LEN / 2 ? w->tail_len - POOL_WORDS_LEN / 2 : 0;
	bool newline = false;

	for (size_t i = from; i < w->tail_len; i++) {
		char c = w->tail[i];
		if (c == '\n') {
			newline = len > 0;
			continue;
		}
		if (newline) {
			w->result.words[len++] = ';';
			w->result.words[len++] = ' ';
		}
		newline = false;
		w->result.words[len++] = (char)(c >= ' ' && c < 127 ? c : '.');
	}
	w->result.words[len] = '\0';
}

/* ---- Watching ---- */

static void limit(struct warden *w, enum pool_end end)
{
	if (!w->limited)
		w->result.end = end;
	w->limited = true;
}

static void kill_command(struct warden *w)
{
	kill(-w->command, SIGKILL);
	kill(w->command, SIGKILL);
}

/* Takes the status of whatever ended: the command, or what it left to us. */
static void reap(struct warden *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != w->command)
			continue;
		w->ended = true;
		w->result.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
		if (!w->limited)
			w->result.end = WIFEXITED(status) ? POOL_EXITED : POOL_SIGNALED;
	}
}

static void take_signals(struct warden *w)
{
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		limit(w, POOL_STOPPED);
		kill_command(w);
	}
	reap(w);
}

static void check_limits(struct warden *w)
{
	uint64_t memory = tree_memory(getpid());

	w->result.memory = memory > w->result.memory ? memory : w->result.memory;
	if (w->limits->memory && memory > w->limits->memory) {
		limit(w, POOL_MEMORY);
		kill_command(w);
	}
	if (w->kill_at != DEADLINE_NEVER && deadline_passed(w->kill_at)) {
		kill_command(w);
	} else if (w->kill_at == DEADLINE_NEVER && deadline_passed(w->deadline)) {
		limit(w, POOL_TIMEOUT);
		w->kill_at = deadline_after(GRACE_MS * CLOCK_MS);
		kill(w->command, SIGTERM);
	}
}

static void watch(struct warden *w)
{
	deadline_t tick = deadline_after(0);

	while (!w->ended) {
		struct pollfd fds[2] = {{.fd = w->signals, .events = POLLIN}, {.fd = w->errors, .events = POLLIN}};
		poll(fds, 2, deadline_poll(tick));
		if (fds[0].revents)
			take_signals(w);
		if (fds[1].revents && !take_errors(w)) {
			close(w->errors); /* poll() leaves it out from now on */
			w->errors = -1;
		}
		if (!w->ended && deadline_passed(tick)) {
			check_limits(w);
			tick = deadline_after(TICK_MS * CLOCK_MS);
		}
	}
}

/* Whatever is left below us is the command's: killed, and reaped. What it leaves becomes our child in turn. */
static void clear(struct warden *w)
{
	deadline_t deadline = deadline_after(CLEAR_MS * CLOCK_MS);

	kill(-w->command, SIGKILL);
	while (tree_kill_children() && !deadline_passed(deadline)) {
		poll(NULL, 0, 1);
		reap(w);
	}
	if (w->errors >= 0)
		fcntl(w->errors, F_SETFL, O_NONBLOCK);
	while (w->errors >= 0 && take_errors(w))
		;
}

static bool start(struct warden *w, const char *const *argv)
{
	int pipe_fds[2];
	pid_t self = getpid();

	if (pipe2(pipe_fds, O_CLOEXEC))
		return false;
	w->errors = pipe_fds[0];
	w->command = fork();
	if (!w->command) {
		become(argv, self, pipe_fds[1]);
		_exit(STATUS_NO_EXEC);
	}
	close(pipe_fds[1]);
	if (w->command > 0)
		setpgid(w->command, w->command); /* both sides, so that neither can be too late */
	return w->command > 0;
}

/* *fd becomes the only descriptor above the standard ones: another command's pipe, held here too, would look open when
 * it is not. */
static bool keep_only(int *fd)
{
	enum { KEPT = 3 };

	if (*fd != KEPT && dup3(*fd, KEPT, O_CLOEXEC) < 0)
		return false;
	*fd = KEPT;
	close_range(KEPT + 1, UINT_MAX, 0);
	return true;
}

/* The owner has blocked the signals that are taken here, so that none can come too early. */
static bool take_over(struct warden *w, pid_t parent, int *fd)
{
	sigset_t set;

	setpgid(0, 0); /* the terminal's signals are for the pool's owner */
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (!keep_only(fd))
		return false;
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals >= 0 && !prctl(PR_SET_CHILD_SUBREAPER, 1) && !prctl(PR_SET_PDEATHSIG, SIGTERM) &&
	       getppid() == parent;
}

void warden_run(const char *const *argv, const struct pool_limits *limits, pid_t parent, int fd)
{
	struct warden w = {.limits = limits, .errors = -1, .start = clock_now(), .kill_at = DEADLINE_NEVER};

	w.result.end = POOL_STOPPED;
	w.deadline = limits->timeout_ms ? deadline_after(limits->timeout_ms * CLOCK_MS) : DEADLINE_NEVER;
	if (take_over(&w, parent, &fd) && start(&w, argv)) {
		watch(&w);
		clear(&w);
	}
	w.result.nanoseconds = clock_now() - w.start;
	set_words(&w);
	if (write(fd, &w.result, sizeof w.result) != sizeof w.result)
		errno = 0; /* nobody is there to be told */
}
