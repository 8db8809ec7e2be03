#include "lib/testing/stub.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/strbuf.h"

enum { PATIENCE_MS = 60000 };

struct stub {
	const struct stub_line *script;
	int fd;
	pthread_t thread;
	struct strbuf seen; /* all that came; up to `used` it has been expected */
	size_t used;
};

/* Waits for more to come; 0 when nothing does. */
static size_t take_more(struct stub *s, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = s->fd, .events = POLLIN};
	char bytes[4096];

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return 0;
	ssize_t n = recv(s->fd, bytes, sizeof bytes, 0);
	if (n <= 0)
		return 0;
	strbuf_append_bytes(&s->seen, bytes, (size_t)n);
	return (size_t)n;
}

static int await(struct stub *s, const char *expect)
{
	size_t len = strlen(expect);

	for (;;) {
		const char *at = len ? memmem(strbuf_text(&s->seen) + s->used, s->seen.len - s->used, expect, len)
				     : NULL;

		if (!len)
			return 1;
		if (at) {
			s->used = (size_t)(at - s->seen.at) + len;
			return 1;
		}
		if (!take_more(s, PATIENCE_MS))
			return 0;
	}
}

static int send_text(struct stub *s, const char *text)
{
	return send(s->fd, text, strlen(text), MSG_NOSIGNAL) >= 0;
}

static void reply(struct stub *s, const char *payload)
{
	struct strbuf packet = {0};
	unsigned char sum = 0;

	for (const char *c = payload; *c; c++)
		sum += (unsigned char)*c;
	strbuf_printf(&packet, "+$%s#%02x", payload, sum);
	send_text(s, strbuf_text(&packet));
	strbuf_deinit(&packet);
}

static void flood(struct stub *s, const char *text)
{
	while (send_text(s, text))
		;
}

/* Takes whatever comes until the connection ends. */
static void stall(struct stub *s)
{
	while (take_more(s, -1))
		;
}

static void *run(void *arg)
{
	struct stub *s = arg;
	const struct stub_line *line = s->script;

	for (; line->expect && await(s, line->expect); line++) {
		if (line->act == STUB_SEND)
			send_text(s, line->text);
		else if (line->act == STUB_REPLY)
			reply(s, line->text);
		else
			break;
	}
	if (line->expect && line->act == STUB_FLOOD)
		flood(s, line->text);
	else if (!line->expect)
		stall(s);
	shutdown(s->fd, SHUT_RDWR);
	return NULL;
}

struct stub *stub_start(const struct stub_line *script, int *ret_fd)
{
	struct stub *s = calloc(1, sizeof *s);
	int fds[2];

	if (!s || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		abort();
	s->script = script;
	s->fd = fds[1];
	*ret_fd = fds[0];
	if (pthread_create(&s->thread, NULL, run, s))
		abort();
	return s;
}

const char *stub_stop(struct stub *s, size_t *ret_len)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
	if (ret_len)
		*ret_len = s->seen.len;
	return strbuf_text(&s->seen);
}

void stub_free(struct stub *s)
{
	strbuf_deinit(&s->seen);
	free(s);
}
