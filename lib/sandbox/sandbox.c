#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sandbox/private.h"

enum { OURS, CHILDS, MAX_FILES = 1024 };

/* ---- Preparing it ---- */

static struct error *make_paths(struct sandbox *s, const char *socket)
{
	const char *slash = strrchr(socket, '/');

	s->socket = strdup(socket);
	s->folder = slash ? strndup(socket, (size_t)(slash - socket)) : strdup(".");
	return s->socket && s->folder ? NULL : &error_no_memory;
}

/*
 * The filter knows the descriptor by its number alone, and sendmsg() reaches any Unix socket: it gets a number that
 * nobody in the sandbox can give to another, because it is above the limit on open files there (limit()).
 */
static struct error *open_channel(struct sandbox *s)
{
	struct rlimit files;
	int fds[NUM_ENDS];

	if (getrlimit(RLIMIT_NOFILE, &files))
		return error_os(errno, "getrlimit", NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return error_os(errno, "socketpair", NULL);
	rlim_t high = files.rlim_cur - files.rlim_cur / 8;
	s->channel[OURS] = fds[OURS];
	s->channel[CHILDS] = fcntl(fds[CHILDS], F_DUPFD_CLOEXEC, high < MAX_FILES ? (int)high : MAX_FILES);
	int errnum = errno;
	close(fds[CHILDS]);
	return s->channel[CHILDS] < 0 ? error_os(errnum, "open a file of a high number", NULL) : NULL;
}

/* 0 or an errno: the library refuses what the kernel lacks, or a container forbids. */
static int build(const struct sandbox *s, bool asks, struct filter *ret)
{
	struct error *cannot = filter_build(asks, s->channel[CHILDS], ret);
	int errnum = cannot ? cannot->errnum : 0;

	error_destroy(cannot);
	return errnum;
}

struct error *sandbox_create(const char *socket, struct sandbox **ret)
{
	struct sandbox *s = calloc(1, sizeof *s);

	if (!s)
		return &error_no_memory;
	s->listener = s->wake[0] = s->wake[1] = s->channel[OURS] = s->channel[CHILDS] = -1;
	pthread_mutex_init(&s->lock, NULL);
	struct error *err = open_channel(s);
	if (!err)
		err = make_paths(s, socket);
	if (err) {
		sandbox_destroy(s);
		return err;
	}
	s->asking_errnum = build(s, true, &s->asking);
	s->fixed_errnum = build(s, false, &s->fixed);
	*ret = s;
	return NULL;
}

struct error *sandbox_allow_fifo(struct sandbox *s, const char *path)
{
	s->fifo = strdup(path);
	return s->fifo ? NULL : &error_no_memory;
}

static void close_all(int fds[NUM_ENDS])
{
	for (int i = 0; i < NUM_ENDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void sandbox_destroy(struct sandbox *s)
{
	if (!s)
		return;
	if (s->running) {
		close(s->wake[1]);
		s->wake[1] = -1;
		pthread_join(s->thread, NULL);
	}
	close_all(s->wake);
	close_all(s->channel);
	if (s->listener >= 0)
		close(s->listener);
	pthread_mutex_destroy(&s->lock);
	free(s->asking.code);
	free(s->fixed.code);
	free(s->socket);
	free(s->folder);
	free(s->fifo);
	free(s->refused);
	free(s);
}

/* ---- In the child: async-signal-safe ---- */

/* Limits that cannot be had are not there: those in force are as low already, or it is not for us to set them. */
static void limit(rlim_t max_files)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_MEMLOCK, &none);
	setrlimit(RLIMIT_MSGQUEUE, &none);
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_max > max_files) {
		files.rlim_max = max_files;
		files.rlim_cur = files.rlim_cur < max_files ? files.rlim_cur : max_files;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Where memory runs out, it is the emulator that goes. */
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t written = write(fd, "1000", 4);
		(void)written;
		close(fd);
	}
}

/*
 * A superuser's program gets at execve() what is left here (capabilities(7)): no more than to read whatever its user
 * may. Limits could be raised again otherwise. Of others' there is nothing to drop.
 */
static void drop_capabilities(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (i != CAP_DAC_OVERRIDE && i != CAP_DAC_READ_SEARCH)
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

static int install(const struct filter *f, unsigned flags)
{
	const struct sock_fprog program = {f->len, f->code};
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	return fd < 0 ? -errno : (int)fd;
}

/*
 * Can the kernel let a call go on that it asked about (from Linux 5.5 on)? That has no flag of its own, but this one
 * came at about that time (5.7): with it, and without a program, the kernel says EFAULT if it knows it and else EINVAL.
 */
static bool can_go_on(void)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC_ESRCH, NULL) < 0 &&
	       errno == EFAULT;
}

/* The descriptor of the questions, or -1. */
static int install_some(const struct sandbox *s, struct sandbox_state *ret)
{
	int listener = -ENOSYS;

	/* Without it, older kernels slow the process down, lest it spies on itself. */
	const unsigned flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (!s->asking.len)
		listener = -s->asking_errnum;
	else if (can_go_on())
		listener = install(&s->asking, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (listener >= 0) {
		ret->filter = SANDBOX_ASKS;
		return listener;
	}
	ret->filter_errnum = -listener;
	int failed = s->fixed.len ? install(&s->fixed, flags) : -s->fixed_errnum;
	ret->filter = failed ? SANDBOX_NO_FILTER : SANDBOX_FIXED;
	if (failed)
		ret->filter_errnum = -failed;
	return -1;
}

static bool tell(const struct sandbox *s, const struct entered *entered, int listener)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec data = {(void *)(uintptr_t)entered, sizeof *entered};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (listener >= 0) {
		memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
	}
	return sendmsg(s->channel[CHILDS], &message, MSG_NOSIGNAL) == sizeof *entered;
}

bool sandbox_enter(const struct sandbox *s)
{
	struct entered entered = {.state = {.on = true}};

	int channel = s->channel[CHILDS];
	limit((rlim_t)(channel < MAX_FILES ? channel : MAX_FILES));
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		entered.failed = errno;
		tell(s, &entered, -1);
		return false;
	}
	int version = landlock_restrict(s->folder);
	entered.state.landlock = version > 0 ? version : 0;
	entered.state.landlock_errnum = version > 0 ? 0 : -version;
	int listener = install_some(s, &entered.state);
	return tell(s, &entered, listener);
}

/* ---- In the parent ---- */

/* What the child says of itself; s->listener, if it has one. */
static struct error *hear(struct sandbox *s, struct entered *ret)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = {ret, sizeof *ret};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	ssize_t got;

	do
		got = recvmsg(s->channel[OURS], &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got != sizeof *ret)
		return error_create(ERROR_TARGET, "the child ended before it was in its sandbox");
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&s->listener, CMSG_DATA(header), sizeof s->listener);
	return ret->failed ? error_os(ret->failed, "enter the sandbox (--sandbox off goes without)", NULL) : NULL;
}

struct error *sandbox_attend(struct sandbox *s, pid_t child)
{
	struct entered entered;

	s->child = child;
	close(s->channel[CHILDS]);
	s->channel[CHILDS] = -1;
	struct error *err = hear(s, &entered);
	if (err)
		return err;
	s->state = entered.state;
	if (s->listener < 0)
		return NULL;
	if (pipe2(s->wake, O_CLOEXEC)) {
		s->wake[0] = s->wake[1] = -1;
		return error_os(errno, "pipe", NULL);
	}
	int errnum = pthread_create(&s->thread, NULL, supervise, s);
	s->running = !errnum;
	return errnum ? error_os(errnum, "pthread_create", NULL) : NULL;
}

void sandbox_shut(struct sandbox *s)
{
	pthread_mutex_lock(&s->lock);
	s->shut = true;
	pthread_mutex_unlock(&s->lock);
}

const struct sandbox_state sandbox_off = {.on = false};

void sandbox_describe(struct strbuf *out, const struct sandbox_state *state)
{
	if (!state->on) {
		strbuf_append(out, "off");
		return;
	}
	switch (state->filter) {
	case SANDBOX_OWN:
	case SANDBOX_ASKS: strbuf_append(out, "seccomp"); break;
	case SANDBOX_FIXED: strbuf_append(out, "seccomp for the emulator's start and no tighter"); break;
	case SANDBOX_NO_FILTER: strbuf_append(out, "no seccomp"); break;
	}
	if (state->filter_errnum)
		strbuf_printf(out, " (%s)", strerror(state->filter_errnum));
	if (state->landlock)
		strbuf_printf(out, ", Landlock %d", state->landlock);
	else
		strbuf_printf(out, ", no Landlock (%s)", strerror(state->landlock_errnum));
}

const struct sandbox_state *sandbox_state(const struct sandbox *s)
{
	return &s->state;
}

const char *sandbox_refused(struct sandbox *s)
{
	pthread_mutex_lock(&s->lock);
	const char *refused = s->refused;
	pthread_mutex_unlock(&s->lock);
	return refused;
}
