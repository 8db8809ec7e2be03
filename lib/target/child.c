#include "lib/target/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/strbuf.h"
#include "lib/target/keeper.h"

enum { TAIL_SIZE = 4096, SHOWN_TAIL = 400, MAX_FIRST_LINE = 512, MAX_OUTPUT = 1 << 16 }; /* characters */

struct child {
	pid_t pid;
	struct keeper keeper; /* of what it starts */
	bool reaped;
	int status;

	int out_fd;     /* the reading end of its output */
	int wake_fd[2]; /* closing the writing end stops the drain */
	pthread_t drain;
	bool draining;
	pthread_mutex_t lock; /* over the tail */
	bool drained;         /* the end of the stream was seen */
	char tail[TAIL_SIZE];
	size_t tail_len;
};

/* Where a child's streams go, and how it reports that it could not become the program. */
struct streams {
	bool shared;      /* ours */
	int in, out, err; /* -1: /dev/null */
	int failed;
	struct sandbox *sandbox; /* to run in, or NULL */
};

/* In the child: its streams are in place. */
static bool take_streams(const struct streams *streams)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (streams->shared)
		return true;
	return null >= 0 && dup2(streams->in >= 0 ? streams->in : null, 0) >= 0 &&
	       dup2(streams->out >= 0 ? streams->out : null, 1) >= 0 &&
	       dup2(streams->err >= 0 ? streams->err : null, 2) >= 0;
}

/* Between fork() and exec(), where only async-signal-safe functions may be called. */
static void become(const char *const *argv, const char *const *envp, const struct streams *streams, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	personality(ADDR_NO_RANDOMIZE);
	/* A parent that died before the request is noticed by its pid. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(127);
	if (!take_streams(streams))
		_exit(127);
	/* What others leave open must not shift the guest's descriptors. Older kernels cannot; then it may. */
	close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	if (streams->sandbox && !sandbox_enter(streams->sandbox))
		_exit(127);
	execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)envp);
	int errnum = errno;
	if (write(streams->failed, &errnum, sizeof errnum) < 0)
		_exit(126);
	_exit(127);
}

/* execve(2), "Limits on size of arguments and environment" */
static struct error *too_long(const char *path)
{
	return error_create(
		ERROR_UNSUPPORTED,
		"execute %s: its guest's arguments and variables, for which its command line has the room, "
		"are too long for this kernel: a quarter of the stack's limit (ulimit -s) is for all of them, "
		"and 128 KiB for each",
		path);
}

/* Forks; returns once the program runs or cannot. */
static struct error *spawn(const char *const *argv, const char *const *envp, struct streams streams, pid_t *ret)
{
	int failed[2], errnum = 0;
	pid_t parent = getpid();

	if (pipe2(failed, O_CLOEXEC))
		return error_os(errno, "pipe", NULL);
	pid_t pid = fork();
	if (!pid) {
		streams.failed = failed[1];
		become(argv, envp, &streams, parent);
		_exit(127);
	}
	int fork_errnum = errno;
	close(failed[1]);
	ssize_t n = 0;
	struct error *err = pid > 0 && streams.sandbox ? sandbox_attend(streams.sandbox, pid) : NULL;
	if (err) {
		close(failed[0]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err;
	}
	if (pid > 0)
		do
			n = read(failed[0], &errnum, sizeof errnum);
		while (n < 0 && errno == EINTR);
	close(failed[0]);
	if (pid < 0)
		return error_os(fork_errnum, "fork", NULL);
	if (n == sizeof errnum) {
		waitpid(pid, NULL, 0);
		return errnum == E2BIG ? too_long(argv[0]) : error_os(errnum, "execute", argv[0]);
	}
	*ret = pid;
	return NULL;
}

static void keep_tail(struct child *c, const char *bytes, size_t len)
{
	size_t keep = len < TAIL_SIZE ? TAIL_SIZE - len : 0;

	if (len > TAIL_SIZE) {
		bytes += len - TAIL_SIZE;
		len = TAIL_SIZE;
	}
	pthread_mutex_lock(&c->lock);
	if (c->tail_len > keep) {
		memmove(c->tail, c->tail + c->tail_len - keep, keep);
		c->tail_len = keep;
	}
	memcpy(c->tail + c->tail_len, bytes, len);
	c->tail_len += len;
	pthread_mutex_unlock(&c->lock);
}

static void *drain(void *arg)
{
	struct child *c = arg;
	struct pollfd fds[2] = {{.fd = c->out_fd, .events = POLLIN}, {.fd = c->wake_fd[0], .events = POLLIN}};
	char buffer[4096];

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		if (!fds[0].revents)
			continue;
		ssize_t n = read(c->out_fd, buffer, sizeof buffer);
		if (n <= 0)
			break;
		keep_tail(c, buffer, (size_t)n);
	}
	pthread_mutex_lock(&c->lock);
	c->drained = true;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static struct error *start_drain(struct child *c)
{
	if (pipe2(c->wake_fd, O_CLOEXEC)) {
		c->wake_fd[0] = c->wake_fd[1] = -1;
		return error_os(errno, "pipe", NULL);
	}
	int errnum = pthread_create(&c->drain, NULL, drain, c);
	if (errnum)
		return error_os(errnum, "pthread_create", NULL);
	c->draining = true;
	return NULL;
}

/* With its output drained, or its standard error alone where its output is other. */
static struct error *start(const char *const *argv, const char *const *envp, struct streams streams, struct child **ret)
{
	struct child *c = calloc(1, sizeof *c);
	int fds[2];

	if (!c)
		return &error_no_memory;
	c->wake_fd[0] = c->wake_fd[1] = -1;
	pthread_mutex_init(&c->lock, NULL);
	if (pipe2(fds, O_CLOEXEC)) {
		struct error *err = error_os(errno, "pipe", NULL);
		free(c);
		return err;
	}
	c->out_fd = fds[0];
	streams.err = fds[1];
	if (streams.out < 0)
		streams.out = fds[1];
	struct error *err = spawn(argv, envp, streams, &c->pid);
	close(fds[1]);
	if (!err)
		err = keeper_start(&c->keeper, c->pid);
	if (!err)
		err = start_drain(c);
	if (err)
		child_destroy(c);
	else
		*ret = c;
	return err;
}

struct error *child_start(const char *const *argv, const char *const *envp, bool own_streams, struct sandbox *sandbox,
			  struct child **ret)
{
	const struct streams streams = {.shared = !own_streams, .in = -1, .out = -1, .sandbox = sandbox};

	return start(argv, envp, streams, ret);
}

struct error *child_start_on(const char *const *argv, const char *const *envp, int stream, struct sandbox *sandbox,
			     struct child **ret)
{
	const struct streams streams = {.in = stream, .out = stream, .sandbox = sandbox};

	return start(argv, envp, streams, ret);
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The program and what it started. Until it is waited for, its number is nobody else's. */
static void kill_group(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}

void child_destroy(struct child *c)
{
	if (!c)
		return;
	keeper_stop(&c->keeper);
	if (c->pid > 0) {
		/* The group may live on when its leader is gone. */
		kill(-c->pid, SIGKILL);
		if (!c->reaped) {
			kill(c->pid, SIGKILL);
			while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
	}
	close_if(c->wake_fd[1]);
	if (c->draining)
		pthread_join(c->drain, NULL);
	close_if(c->wake_fd[0]);
	close(c->out_fd);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

bool child_ended(struct child *c, unsigned timeout_ms, int *ret_status)
{
	deadline_t deadline = deadline_after(timeout_ms * CLOCK_MS);

	while (!c->reaped) {
		pid_t pid = waitpid(c->pid, &c->status, WNOHANG);

		c->reaped = pid == c->pid || (pid < 0 && errno == ECHILD);
		if (c->reaped)
			break;
		if (deadline_passed(deadline))
			return false;
		poll(NULL, 0, 1);
	}
	*ret_status = c->status;
	return true;
}

/* What was written before its end is in the pipe, but perhaps not yet in the tail. */
static void wait_for_drain(struct child *c)
{
	deadline_t deadline = deadline_after(200 * CLOCK_MS);
	bool done = !c->reaped;

	while (!done && !deadline_passed(deadline)) {
		pthread_mutex_lock(&c->lock);
		done = c->drained;
		pthread_mutex_unlock(&c->lock);
		if (!done)
			poll(NULL, 0, 1);
	}
}

/* Lines joined by "; ", control characters as dots. */
static void append_lines(struct strbuf *to, const char *text, size_t len)
{
	bool newline = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			newline = to->len > 0;
			continue;
		}
		if (newline)
			strbuf_append(to, "; ");
		newline = false;
		strbuf_append_char(to, text[i] >= ' ' && text[i] != 127 ? text[i] : '.');
	}
}

char *child_last_words(struct child *c)
{
	struct strbuf text = {0};

	wait_for_drain(c);
	pthread_mutex_lock(&c->lock);
	size_t len = c->tail_len < SHOWN_TAIL ? c->tail_len : SHOWN_TAIL;
	append_lines(&text, c->tail + c->tail_len - len, len);
	pthread_mutex_unlock(&c->lock);
	strbuf_append(&text, "");
	return strbuf_take(&text);
}

static struct error *is_silent(enum error_code code, const char *name)
{
	return error_create(
		code, "%s says nothing when it is asked what it is: is it an emulator, or a script that starts one?",
		name);
}

/* It has ended; whom it has started may still hold its output open. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

/* Until something can be read. *ret_end: nothing will come any more. */
static struct error *await_output(int fd, const char *name, pid_t pid, deadline_t deadline, bool *ret_end)
{
	enum { LOOK_MS = 50 };
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int ready = 0;

	*ret_end = false;
	while (!ready && !*ret_end) {
		int left = deadline_poll(deadline);
		bool ended = has_ended(pid);
		ready = poll(&poll_fd, 1, left < LOOK_MS ? left : LOOK_MS);
		*ret_end = !ready && ended;
		if (!ready && !ended && left <= LOOK_MS)
			return is_silent(ERROR_TIMEOUT, name);
	}
	/* No handler but that of an interrupt is installed. */
	if (ready < 0 && errno == EINTR)
		return error_create(ERROR_INTERRUPTED, "interrupted");
	return ready < 0 ? error_os(errno, "poll", NULL) : NULL;
}

/* Reads to the end, or to that of the first line if that is wanted, which is cut off there. */
static struct error *read_output(int fd, const char *name, pid_t pid, deadline_t deadline, bool line, char *text,
				 size_t size)
{
	size_t len = 0;
	bool done = false;

	while (!done) {
		struct error *err = await_output(fd, name, pid, deadline, &done);
		if (err || done)
			return err ? err : *text ? NULL : is_silent(ERROR_TARGET, name);
		ssize_t n = read(fd, text + len, size - 1 - len);
		if (n < 0 && errno != EINTR)
			return error_os(errno, "read", name);
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		char *newline = line ? strchr(text, '\n') : NULL;
		if (newline)
			*newline = '\0';
		done = newline || !n || len == size - 1;
	}
	return *text ? NULL : is_silent(ERROR_TARGET, name);
}

static struct error *run(const char *const *argv, const char *const *envp, unsigned timeout_ms, struct sandbox *sandbox,
			 bool line, size_t size, char **ret)
{
	char *text = calloc(1, size);
	int fds[2];
	pid_t pid;

	if (!text)
		return &error_no_memory;
	if (pipe2(fds, O_CLOEXEC)) {
		free(text);
		return error_os(errno, "pipe", NULL);
	}
	struct error *err = spawn(argv, envp, (struct streams){.in = -1, .out = fds[1], .err = -1, .sandbox = sandbox},
				  &pid);
	close(fds[1]);
	if (!err) {
		err = read_output(fds[0], argv[0], pid, deadline_after(timeout_ms * CLOCK_MS), line, text, size);
		kill_group(pid);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	if (err)
		free(text);
	else
		*ret = text;
	return err;
}

struct error *child_first_line(const char *const *argv, const char *const *envp, unsigned timeout_ms,
			       struct sandbox *sandbox, char **ret)
{
	return run(argv, envp, timeout_ms, sandbox, true, MAX_FIRST_LINE, ret);
}

struct error *child_output(const char *const *argv, const char *const *envp, unsigned timeout_ms,
			   struct sandbox *sandbox, char **ret)
{
	return run(argv, envp, timeout_ms, sandbox, false, MAX_OUTPUT, ret);
}
