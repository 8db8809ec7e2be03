#include "lib/target/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the keeper, where only async-signal-safe functions may be called: this process may have other threads. */
static _Noreturn void keep(int fd, pid_t group)
{
	char byte;
	ssize_t n;

	/* The terminal's signals are not for it. */
	setsid();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	/* What others wait for the end of must not stay open here: our output, another keeper's pipe. */
	if (dup2(fd, 0) < 0 || close_range(1, UINT_MAX, 0))
		_exit(1);
	do
		n = read(0, &byte, 1);
	while (n < 0 && errno == EINTR);
	kill(-group, SIGKILL);
	_exit(0);
}

struct error *keeper_start(struct keeper *k, pid_t group)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_os(errno, "pipe", NULL);
	pid_t pid = fork();
	if (!pid)
		keep(fds[0], group);
	int errnum = errno;
	close(fds[0]);
	if (pid < 0) {
		close(fds[1]);
		return error_os(errnum, "fork", NULL);
	}
	*k = (struct keeper){.pid = pid, .fd = fds[1]};
	return NULL;
}

void keeper_stop(struct keeper *k)
{
	if (k->pid <= 0)
		return;
	kill(k->pid, SIGKILL);
	while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(k->fd);
	*k = (struct keeper){0};
}
