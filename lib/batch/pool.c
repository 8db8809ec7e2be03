#include "lib/batch/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/batch/warden.h"

/* Longer than a warden takes to clear up. */
enum { STOP_MS = 8000 };

struct worker {
	pid_t warden; /* 0: free */
	int fd;       /* what it writes its result to */
	uint64_t id;
};

struct pool {
	struct pool_limits limits;
	struct worker *workers;
	struct pollfd *fds;
	unsigned num_workers, running;
};

struct error *pool_create(unsigned workers, const struct pool_limits *limits, struct pool **ret)
{
	struct pool *p = calloc(1, sizeof *p);

	if (!p)
		return &error_no_memory;
	p->limits = *limits;
	p->num_workers = workers ? workers : 1;
	p->workers = calloc(p->num_workers, sizeof *p->workers);
	p->fds = calloc(p->num_workers, sizeof *p->fds);
	if (!p->workers || !p->fds) {
		pool_destroy(p);
		return &error_no_memory;
	}
	*ret = p;
	return NULL;
}

bool pool_has_room(const struct pool *p)
{
	return p->running < p->num_workers;
}

unsigned pool_running(const struct pool *p)
{
	return p->running;
}

static struct worker *find_free(struct pool *p)
{
	for (unsigned i = 0; i < p->num_workers; i++)
		if (!p->workers[i].warden)
			return &p->workers[i];
	return NULL;
}

/* fork(), with all signals blocked in the child: it takes them over when it is ready for them. */
static pid_t fork_blocked(void)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

struct error *pool_start(struct pool *p, const char *const *argv, uint64_t id)
{
	struct worker *worker = find_free(p);
	pid_t parent = getpid();
	int fds[2];

	if (!worker)
		return error_create(ERROR_BUG, "no worker is free");
	if (pipe2(fds, O_CLOEXEC))
		return error_os(errno, "pipe", NULL);
	pid_t pid = fork_blocked();
	if (!pid) {
		warden_run(argv, &p->limits, parent, fds[1]);
		_exit(0);
	}
	int errnum = errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_os(errnum, "fork", NULL);
	}
	*worker = (struct worker){.warden = pid, .fd = fds[0], .id = id};
	p->running++;
	return NULL;
}

/* A warden has written its result or is gone: waits for its end. */
static void finish(struct pool *p, struct worker *worker, struct pool_result *ret)
{
	ssize_t n;

	do
		n = read(worker->fd, ret, sizeof *ret);
	while (n < 0 && errno == EINTR);
	if (n != sizeof *ret) {
		memset(ret, 0, sizeof *ret);
		ret->end = POOL_SIGNALED;
		ret->status = SIGKILL;
		memcpy(ret->words, "its warden was killed", sizeof "its warden was killed");
	}
	ret->words[POOL_WORDS_LEN - 1] = '\0';
	close(worker->fd);
	while (waitpid(worker->warden, NULL, 0) < 0 && errno == EINTR)
		;
	worker->warden = 0;
	p->running--;
}

struct error *pool_wait(struct pool *p, unsigned timeout_ms, bool *ret_have, uint64_t *ret_id, struct pool_result *ret)
{
	for (unsigned i = 0; i < p->num_workers; i++)
		p->fds[i] = (struct pollfd){.fd = p->workers[i].warden ? p->workers[i].fd : -1, .events = POLLIN};
	if (poll(p->fds, p->num_workers, (int)timeout_ms) < 0 && errno != EINTR)
		return error_os(errno, "poll", NULL);
	*ret_have = false;
	for (unsigned i = 0; i < p->num_workers && !*ret_have; i++) {
		if (p->fds[i].fd < 0 || !p->fds[i].revents)
			continue;
		*ret_id = p->workers[i].id;
		finish(p, &p->workers[i], ret);
		*ret_have = true;
	}
	return NULL;
}

void pool_destroy(struct pool *p)
{
	struct pool_result result;

	if (!p)
		return;
	deadline_t deadline = deadline_after(STOP_MS * CLOCK_MS);
	for (unsigned i = 0; p->workers && i < p->num_workers; i++)
		if (p->workers[i].warden)
			kill(p->workers[i].warden, SIGTERM);
	for (unsigned i = 0; p->workers && i < p->num_workers; i++) {
		struct worker *worker = &p->workers[i];
		struct pollfd fd = {.fd = worker->fd, .events = POLLIN};
		if (!worker->warden)
			continue;
		while (poll(&fd, 1, deadline_poll(deadline)) < 0 && errno == EINTR)
			;
		/* The kernel then kills the command, by PR_SET_PDEATHSIG. */
		if (!fd.revents)
			kill(worker->warden, SIGKILL);
		finish(p, worker, &result);
	}
	free(p->workers);
	free(p->fds);
	free(p);
}
