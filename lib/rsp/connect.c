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
	socklen_t len = sizeof errnum;

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

	if (strlen(path) >= sizeof address.sun_path)
		return error_create(ERROR_USAGE, "the socket's path is longer than %zu bytes: %s",
				    sizeof address.sun_path - 1, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = connect_to((const struct sockaddr *)&address, sizeof address, deadline);
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

/* What a look-up under way needs: it stays with the resolver's thread if the deadline passes before the answer. */
struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char *text; /* what host and port point into */
};

static void lookup_destroy(struct lookup *l)
{
	free(l->text);
	free(l);
}

/* Waits for the answer; an EAI_ value. EAI_INPROGRESS: the request is still in use. */
static int await_lookup(struct lookup *l, deadline_t deadline)
{
	const struct gaicb *const list[] = {&l->request};

	while (gai_error(&l->request) == EAI_INPROGRESS && !deadline_passed(deadline)) {
		uint64_t left = deadline_left(deadline);
		struct timespec time = {.tv_sec = (time_t)(left / CLOCK_S), .tv_nsec = (long)(left % CLOCK_S)};

		gai_suspend(list, 1, deadline == DEADLINE_NEVER ? NULL : &time);
	}
	if (gai_error(&l->request) == EAI_INPROGRESS)
		gai_cancel(&l->request);
	return gai_error(&l->request);
}

/* Addresses of what split_address() made of text, which is taken: a name is looked up, which may ask the network. */
static struct error *look_up(char *text, const char *host, const char *port, const char *address, deadline_t deadline,
			     struct addrinfo **ret)
{
	struct lookup *l = calloc(1, sizeof *l);

	if (!l) {
		free(text);
		return &error_no_memory;
	}
	l->text = text;
	l->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	l->request = (struct gaicb){.ar_name = host, .ar_service = port, .ar_request = &l->hints};
	int failed = getaddrinfo_a(GAI_NOWAIT, (struct gaicb *[]){&l->request}, 1, NULL);
	if (!failed)
		failed = await_lookup(l, deadline);
	if (!failed)
		*ret = l->request.ar_result;
	if (failed != EAI_INPROGRESS)
		lookup_destroy(l);
	if (failed == EAI_INPROGRESS || failed == EAI_CANCELED)
		return error_create(ERROR_TIMEOUT, "%s: the host's name is not found in time", address);
	return failed ? error_create(ERROR_TARGET, "%s: %s", address, gai_strerror(failed)) : NULL;
}

/* The first of the addresses that takes a connection: a socket, or minus an errno. */
static int connect_any(const struct addrinfo *list, deadline_t deadline)
{
	int fd = -EADDRNOTAVAIL;

	for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
		fd = connect_to(at->ai_addr, at->ai_addrlen, deadline);
	return fd;
}

static struct error *connect_tcp(const char *address, deadline_t deadline, int *ret)
{
	struct addrinfo *list = NULL;
	const char *host, *port;
	char *copy = strdup(address);
	int on = 1;

	if (!copy)
		return &error_no_memory;
	if (!split_address(copy, &host, &port)) {
		free(copy);
		return error_create(ERROR_USAGE, "no address of a GDB stub: \"%s\" (HOST:PORT or unix:PATH)", address);
	}
	struct error *err = look_up(copy, host, port, address, deadline, &list);
	if (err)
		return err;
	int fd = connect_any(list, deadline);
	freeaddrinfo(list);
	if (fd < 0)
		return error_os(-fd, "connect", address);
	/* Requests are small and each waits for the one before. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*ret = fd;
	return NULL;
}

struct error *rsp_client_connect(const char *address, unsigned timeout_ms, struct rsp_client **ret)
{
	static const char unix_prefix[] = "unix:";
	size_t skip = sizeof unix_prefix - 1;
	deadline_t deadline = deadline_after(timeout_ms * CLOCK_MS);
	int fd = -1;
	struct error *err = strncmp(address, unix_prefix, skip) ? connect_tcp(address, deadline, &fd)
								: connect_unix(address + skip, deadline, &fd);

	return err ? err : rsp_client_adopt(fd, timeout_ms, ret);
}
