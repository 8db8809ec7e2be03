/*
 * The kernel asks about a call, and waits (Documentation/userspace-api/seccomp_filter.rst, "Userspace Notification").
 *
 * Letting a call go on is safe only where nothing in memory decides, because the process can change it behind our back:
 * with the guest at its entry no call goes on but signals to itself, whose arguments are in registers. Before, only
 * the emulator and the scripts on the way to it run. What else needs a file of some name gets one that we opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/escape.h"
#include "lib/base/strbuf.h"
#include "lib/sandbox/private.h"

enum { PATH_SIZE = 4096, NO_PID = 0 };

/* A question, and what to do. */
enum answer {
	ANSWER_GO_ON,
	ANSWER_ERROR, /* errnum */
	ANSWER_FILE,  /* fd */
	ANSWER_REFUSE,
};

struct question {
	const struct seccomp_notif *asked;
	char path[PATH_SIZE]; /* "": the call has none, or it could not be read */
	enum answer answer;
	int errnum, fd;
};

/* As far as it can be read; ret is "" or ends with NUL. */
static void read_path(pid_t pid, uint64_t address, char ret[PATH_SIZE])
{
	char name[64];

	snprintf(name, sizeof name, "/proc/%d/mem", (int)pid);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : pread(fd, ret, PATH_SIZE - 1, (off_t)address);
	if (fd >= 0)
		close(fd);
	ret[got > 0 ? got : 0] = '\0';
}

static bool holds(const struct call_row *row, const struct seccomp_data *call)
{
	return (call->args[row->arg] & row->mask) == row->value;
}

static void fail_with(struct question *q, int errnum)
{
	q->answer = ANSWER_ERROR;
	q->errnum = errnum;
}

/*
 * A few files may be opened whatever the flags, by us and in the emulator's place: so it does not matter what becomes
 * of the path while we look. A descriptor or -errno; 0: it is none of them.
 */
static int open_granted(const struct sandbox *s, const char *path, pid_t pid, int flags)
{
	const char *opened = path;
	char name[64];

	/* As for all that have no terminal. Shells look for it. */
	if (!strcmp(path, "/dev/tty"))
		return -ENXIO;
	/* QEMU writes to pages that the guest mapped read-only by way of it. */
	if (!strcmp(path, "/proc/self/mem")) {
		snprintf(name, sizeof name, "/proc/%d/mem", (int)pid);
		opened = name;
	} else if (s->fifo && !s->shut && !strcmp(path, s->fifo)) {
		/* Who gives it is the reader, so that this does not wait. */
		flags = O_WRONLY | O_NOFOLLOW;
	} else if (strcmp(path, "/dev/null") != 0) {
		return 0;
	}
	int fd = open(opened, (flags & (O_ACCMODE | O_NOFOLLOW)) | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void grant(const struct sandbox *s, struct question *q, const struct call_row *row)
{
	int fd = open_granted(s, q->path, (pid_t)q->asked->pid, (int)q->asked->data.args[row->flags]);

	if (fd > 0) {
		q->answer = ANSWER_FILE;
		q->fd = fd;
	} else if (fd < 0) {
		fail_with(q, -fd);
	}
}

/* What the row says. True if that settles it. */
static bool consult(const struct sandbox *s, const struct call_row *row, struct question *q)
{
	const struct seccomp_data *call = &q->asked->data;

	switch (row->kind) {
	case CALL_START:
		if (s->shut || !holds(row, call))
			return false;
		q->answer = ANSWER_GO_ON;
		return true;
	case CALL_ABSENT:
		if (!s->shut)
			fail_with(q, (int)row->value);
		return true;
	case CALL_SELF:
		if (call->args[0] == q->asked->pid || (s->emulator && call->args[0] == (uint64_t)s->emulator))
			q->answer = ANSWER_GO_ON;
		return true;
	case CALL_SOCKET:
	case CALL_GRANT:
	case CALL_PATH: read_path((pid_t)q->asked->pid, call->args[row->arg], q->path); break;
	case CALL_ALWAYS: return false;
	}
	if (row->kind == CALL_SOCKET && !strcmp(q->path, s->socket))
		fail_with(q, ENOENT);
	if (row->kind == CALL_GRANT)
		grant(s, q, row);
	return true;
}

static void decide(struct sandbox *s, struct question *q)
{
	const struct seccomp_data *call = &q->asked->data;
	char *name = seccomp_syscall_resolve_num_arch(call->arch, call->nr);

	q->answer = ANSWER_REFUSE;
	for (unsigned i = 0; name && call->arch == seccomp_arch_native() && i < num_call_rows; i++)
		if (!strcmp(call_rows[i].name, name) && consult(s, &call_rows[i], q))
			break;
	if (name && !strcmp(name, "listen") && q->answer == ANSWER_GO_ON)
		s->emulator = (pid_t)q->asked->pid;
	free(name);
}

/* "openat(0xffffff9c, 0x7fff1000, 0x241, 0x1b6, 0x0, 0x0) of /etc/passwd" */
static char *describe(const struct question *q)
{
	const struct seccomp_data *call = &q->asked->data;
	char *name = seccomp_syscall_resolve_num_arch(call->arch, call->nr);
	struct strbuf text = {0};

	if (name)
		strbuf_append(&text, name);
	else
		strbuf_printf(&text, "system call %d", call->nr);
	free(name);
	for (int i = 0; i < 6; i++)
		strbuf_printf(&text, "%s0x%" PRIx64, i ? ", " : "(", (uint64_t)call->args[i]);
	strbuf_append(&text, call->arch == seccomp_arch_native() ? ")" : ") of another architecture's interface");
	if (*q->path) {
		strbuf_append(&text, " of ");
		escape_line(&text, q->path);
	}
	return strbuf_take(&text);
}

/* The first one is kept. The process waits in its call, and does not survive it. */
static void refuse(struct sandbox *s, const struct question *q)
{
	char *text = describe(q);

	pthread_mutex_lock(&s->lock);
	if (!s->refused)
		s->refused = text ? text : strdup("a system call");
	else
		free(text);
	pthread_mutex_unlock(&s->lock);
	kill(-s->child, SIGKILL);
	/* It may have left the group; but the number may be another's by now. */
	if (q->asked->pid != NO_PID && !seccomp_notify_id_valid(s->listener, q->asked->id))
		kill((pid_t)q->asked->pid, SIGKILL);
}

/* A process that is gone needs no answer: errors mean nothing. */
static void reply(struct sandbox *s, const struct question *q, struct seccomp_notif_resp *response)
{
	response->id = q->asked->id;
	response->val = 0;
	response->error = q->answer == ANSWER_ERROR ? -q->errnum : 0;
	response->flags = q->answer == ANSWER_GO_ON ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	if (q->answer == ANSWER_FILE) {
		struct seccomp_notif_addfd add = {
			.id = q->asked->id,
			.srcfd = (uint32_t)q->fd,
			.newfd_flags = O_CLOEXEC,
		};
		int fd = ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
		response->val = fd;
		response->error = fd < 0 ? -errno : 0;
		close(q->fd);
	}
	seccomp_notify_respond(s->listener, response);
}

static void answer(struct sandbox *s, struct seccomp_notif *asked, struct seccomp_notif_resp *response)
{
	struct question q = {.asked = asked, .fd = -1};

	pthread_mutex_lock(&s->lock);
	decide(s, &q);
	pthread_mutex_unlock(&s->lock);
	if (q.answer == ANSWER_REFUSE)
		refuse(s, &q);
	else
		reply(s, &q, response);
}

/* The kernel takes only a question that is all zero, and its size is the kernel's: a fresh one each time. False: there
 * is no memory for it, and who asks would wait for ever. */
static bool serve(struct sandbox *s)
{
	struct seccomp_notif *asked = NULL;
	struct seccomp_notif_resp *response = NULL;

	if (seccomp_notify_alloc(&asked, &response))
		return false;
	/* It fails if the process is gone meanwhile. */
	if (!seccomp_notify_receive(s->listener, asked))
		answer(s, asked, response);
	seccomp_notify_free(asked, response);
	return true;
}

void *supervise(void *arg)
{
	struct sandbox *s = arg;
	struct pollfd fds[2] = {{.fd = s->listener, .events = POLLIN}, {.fd = s->wake[0], .events = POLLIN}};

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents || fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			break;
		if (fds[0].revents & POLLIN && !serve(s)) {
			kill(-s->child, SIGKILL);
			break;
		}
	}
	return NULL;
}
