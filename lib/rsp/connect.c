#include "lib/rsp/client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"

/* Waits for a connection under way; an errno, 0 when it stands. */
static int finish_connect(int fd, deadline_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int errnum = 0, n;
	socklen_t len = sizeof(errnum);

	do
		n = poll(&poll_fd, 1, deadline_poll(deadline));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (!n)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &len) ? errno : errnum;
}

/* A connected socket, or minus an errno. */
static int connect_to(const struct sockaddr *address, socklen_t len, deadline_t deadline)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	int errnum = connect(fd, address, len) ? errno : 0;
	if (errnum == EINPROGRESS)
		errnum = finish_connect(fd, deadline);
	if (!errnum)
		return fd;
	close(fd);
	return -errnum;
}

static struct error *connect_unix(const char *path, deadline_t deadline, int *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_create(ERROR_USAGE, "the socket's path is longer than %zu bytes: %s",
				    sizeof(address.sun_path) - 1, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = connect_to((const struct sockaddr *)&address, sizeof(address), deadline);
	if (fd < 0)
		return error_os(-fd, "connect", path);
	*ret = fd;
	return NULL;
}

/* "HOST:PORT" or "[HOST]:PORT" taken apart in place; false if it is neither. */
static bool split_address(char *text, const char **ret_host, const char **ret_port)
{
	char *colon = strrchr(text, ':');

	if (!colon || !colon[1])
		return false;
	*colon = '\0';
	if (text[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		text++;
	}
	*ret_host = *text ? text : "localhost";
	*ret_port = colon + 1;
	return true;
}

static struct error *connect_tcp(const char *address, deadline_t deadline, int *ret)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	const char *host, *port;
	char *copy = strdup(address);
	int fd = -EADDRNOTAVAIL, on = 1;

	if (!copy)
		return &error_no_memory;
	bool usable = split_address(copy, &host, &port);
	int failed = usable ? getaddrinfo(host, port, &hints, &list) : 0;
	free(copy);
	if (!usable)
		return error_create(ERROR_USAGE, "no address of a GDB stub: \"%s\" (HOST:PORT or unix:PATH)", address);
	if (failed)
		return error_create(ERROR_TARGET, "%s: %s", address, gai_strerror(failed));
	for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
		fd = connect_to(at->ai_addr, at->ai_addrlen, deadline);
	freeaddrinfo(list);
	if (fd < 0)
		return error_os(-fd, "connect", address);
	/* Requests are small and each waits for the one before. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*ret = fd;
	return NULL;
}

struct error *rsp_client_connect(const char *address, unsigned timeout_ms, struct rsp_client **ret)
{
	static const char unix_prefix[] = "unix:";
	size_t skip = sizeof(unix_prefix) - 1;
	deadline_t deadline = deadline_after(timeout_ms * CLOCK_MS);
	int fd = -1;
	struct error *err = strncmp(address, unix_prefix, skip) ? connect_tcp(address, deadline, &fd)
								: connect_unix(address + skip, deadline, &fd);

	return err ? err : rsp_client_adopt(fd, timeout_ms, ret);
}
