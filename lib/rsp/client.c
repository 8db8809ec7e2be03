#include "lib/rsp/client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/codec.h"
#include "lib/rsp/client_private.h"

enum {
	MAX_PAYLOAD = 1 << 20,     /* of a reply, decoded; GDB's stubs announce a few kB, QEMU 11 128 kB */
	MAX_JUNK = 1 << 16,        /* bytes between packets */
	MAX_UNSENT = 1 << 24,      /* bytes that the stub does not take, while it sends */
	MAX_SENT = 1 << 20,        /* bytes that are kept although they are sent */
	MAX_TRIES = 3,             /* of one request or reply over a connection that damages packets */
	DEFAULT_PACKET_SIZE = 400, /* where the stub does not say: GDB's own assumption */
	MIN_PACKET_SIZE = 64,      /* below, not even a register can be written */
	MAX_PACKET_SIZE = 1 << 18, /* what we make use of */
	IN_SIZE = 1 << 16,
	GATHER_NS = 100000,
};

struct error *rsp_client_adopt(int fd, unsigned timeout_ms, struct rsp_client **ret)
{
	struct rsp_client *c = calloc(1, sizeof *c);
	struct sockaddr_storage name = {0};
	socklen_t name_len = sizeof name;

	if (!c) {
		close(fd);
		return &error_no_memory;
	}
	c->fd = fd;
	c->drained_fd = -1;
	c->acks = true;
	c->timeout_ns = timeout_ms * CLOCK_MS;
	c->packet_size = DEFAULT_PACKET_SIZE;
	c->in = malloc(IN_SIZE);
	struct error *err = rsp_parser_init(&c->parser, MAX_PAYLOAD);
	if (!err && !c->in)
		err = &error_no_memory;
	if (!err && getsockname(fd, (struct sockaddr *)&name, &name_len))
		err = error_os(errno, "getsockname", NULL);
	c->is_unix = name.ss_family == AF_UNIX;
	if (err)
		rsp_client_destroy(c);
	else
		*ret = c;
	return err;
}

void rsp_client_destroy(struct rsp_client *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c->features);
	free(c->in);
	rsp_parser_deinit(&c->parser);
	strbuf_deinit(&c->out);
	strbuf_deinit(&c->request);
	vec_deinit(&c->unit_ends);
	free(c);
}

bool rsp_is_unix(const struct rsp_client *c)
{
	return c->is_unix;
}

pid_t rsp_peer(const struct rsp_client *c)
{
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof peer;

	if (!c->is_unix || getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return 0;
	return peer.pid;
}

size_t rsp_packet_size(const struct rsp_client *c)
{
	return c->packet_size;
}

bool rsp_acks(const struct rsp_client *c)
{
	return c->acks;
}

/* Marks the end of what was appended to out. */
static struct error *end_unit(struct rsp_client *c)
{
	if (strbuf_failed(&c->out) || !vec_push(&c->unit_ends, c->out.len))
		return &error_no_memory;
	return NULL;
}

/* Where one write from out_at should end: behind as many units as arrive as a whole, and at least one. */
static size_t write_end(struct rsp_client *c)
{
	size_t end = c->unit_ends.at[c->unit_at];

	for (size_t i = c->unit_at; i < c->unit_ends.len && c->unit_ends.at[i] - c->out_at <= RSP_WHOLE_WRITE; i++)
		end = c->unit_ends.at[i];
	return end;
}

static void drop_sent(struct rsp_client *c)
{
	while (c->unit_at < c->unit_ends.len && c->unit_ends.at[c->unit_at] <= c->out_at)
		c->unit_at++;
	if (c->out_at != c->out.len && c->out_at < MAX_SENT)
		return;
	size_t sent = c->out_at, left = c->out.len - sent;
	memmove(c->out.at, c->out.at + sent, left);
	c->out.len = left;
	c->out_at = 0;
	c->unit_ends.len -= c->unit_at;
	for (size_t i = 0; i < c->unit_ends.len; i++)
		c->unit_ends.at[i] = c->unit_ends.at[c->unit_at + i] - sent;
	c->unit_at = 0;
}

static struct error *closed(int errnum)
{
	if (errnum && errnum != ECONNRESET && errnum != EPIPE)
		return error_os(errnum, "GDB connection", NULL);
	return error_create(ERROR_TARGET, "the GDB stub closed the connection");
}

struct error *rsp_flush(struct rsp_client *c)
{
	/* Acks alone are a unit, too. */
	if (c->out.len > (c->unit_ends.len ? c->unit_ends.at[c->unit_ends.len - 1] : 0)) {
		struct error *err = end_unit(c);
		if (err)
			return err;
	}
	while (c->out_at < c->out.len) {
		size_t want = write_end(c) - c->out_at;
		ssize_t n = send(c->fd, c->out.at + c->out_at, want, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return NULL;
		/* What the stub said before it went away is still to be read, and tells more than this. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			n = (ssize_t)(c->out.len - c->out_at);
		if (n < 0)
			return closed(errno);
		c->out_at += (size_t)n;
		drop_sent(c);
	}
	return NULL;
}

void rsp_client_be_patient(struct rsp_client *c, const volatile sig_atomic_t *interrupted)
{
	c->timeout_ns = UINT64_MAX;
	c->interrupted = interrupted;
}

void rsp_drain_beside(struct rsp_client *c, int fd, bool (*drain)(void *ctx), void *ctx)
{
	c->drained_fd = fd;
	c->drain = drain;
	c->drain_ctx = ctx;
}

/* What ends a wait, also where data comes without end, but never the answer. */
static struct error *check_wait(const struct rsp_client *c, deadline_t deadline)
{
	if (deadline_passed(deadline))
		return error_create(ERROR_TIMEOUT, "the GDB stub does not answer within %.1f s",
				    (double)c->timeout_ns / (double)CLOCK_S);
	if (c->interrupted && *c->interrupted)
		return error_create(ERROR_INTERRUPTED, "interrupted");
	return NULL;
}

/* Receives what is there into the empty in; *ret_come: that is something. */
static struct error *take_in(struct rsp_client *c, bool *ret_come)
{
	ssize_t n = recv(c->fd, c->in, IN_SIZE, MSG_DONTWAIT);

	*ret_come = n > 0;
	if (!n)
		return closed(0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NULL : closed(errno);
	c->in_at = 0;
	c->in_len = (size_t)n;
	return NULL;
}

/* Until the connection can be read, or written if that is wanted, or there was something to be drained. */
static struct error *wait_for(struct rsp_client *c, deadline_t deadline)
{
	struct pollfd fds[] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->drained_fd, .events = POLLIN}};

	if (c->out_at < c->out.len)
		fds[0].events |= POLLOUT;
	int n = poll(fds, 2, deadline_poll(deadline));
	if (n < 0 && errno != EINTR)
		return error_os(errno, "poll", NULL);
	if (n > 0 && fds[1].revents && !c->drain(c->drain_ctx))
		c->drained_fd = -1;
	return NULL;
}

/* Receives at least a byte into the empty in, sending on the way. */
static struct error *transfer(struct rsp_client *c, deadline_t deadline)
{
	for (;;) {
		bool come = false;
		struct error *err = check_wait(c, deadline);

		if (!err)
			err = rsp_flush(c);
		if (err)
			return err;
		if (c->out.len - c->out_at > MAX_UNSENT)
			return error_create(ERROR_PROTOCOL, "the GDB stub sends, and reads nothing");
		err = take_in(c, &come);
		if (err || come)
			return err;
		err = wait_for(c, deadline);
		if (err)
			return err;
	}
}

/* The stub wants the last request again. */
static struct error *retransmit(struct rsp_client *c)
{
	if (c->prepaid || ++c->tries > MAX_TRIES || !c->request.len)
		return error_create(ERROR_PROTOCOL, "the GDB stub rejects a packet: \"%.80s\"",
				    strbuf_text(&c->request));
	strbuf_append_bytes(&c->out, c->request.at, c->request.len);
	return end_unit(c);
}

/* A reply arrived with a wrong checksum: ask for it again where that is possible. */
static struct error *reject(struct rsp_client *c)
{
	if (!c->acks || c->prepaid || ++c->tries > MAX_TRIES)
		return error_create(ERROR_PROTOCOL, "the GDB stub sent a damaged packet");
	strbuf_append_char(&c->out, '-');
	return NULL;
}

static void acknowledge(struct rsp_client *c)
{
	if (c->prepaid)
		c->prepaid--;
	else if (c->acks)
		strbuf_append_char(&c->out, '+');
	c->tries = 0;
}

/* Deals with everything but packets. */
static struct error *take_event(struct rsp_client *c, const struct rsp_event *event)
{
	switch (event->kind) {
	case RSP_NACK: return retransmit(c);
	case RSP_DAMAGED: return reject(c);
	case RSP_TOO_LONG:
		return error_create(ERROR_PROTOCOL, "the GDB stub sent a packet of more than %d bytes", MAX_PAYLOAD);
	case RSP_NOTHING:
		if (c->parser.junk > MAX_JUNK)
			return error_create(ERROR_PROTOCOL, "the GDB stub sends bytes that are no packets");
		return NULL;
	case RSP_ACK:
	case RSP_INTERRUPT:
	case RSP_NOTIFICATION:
	case RSP_PACKET: return NULL;
	}
	return NULL;
}

/* The next packet of what was received, if it is there as a whole. */
static struct error *next_packet(struct rsp_client *c, struct rsp_reply *ret, bool *ret_come)
{
	while (c->in_at < c->in_len) {
		struct rsp_event event;

		c->in_at += rsp_parser_feed(&c->parser, c->in + c->in_at, c->in_len - c->in_at, &event);
		if (event.kind == RSP_PACKET) {
			acknowledge(c);
			*ret = (struct rsp_reply){.text = (const char *)event.payload, .len = event.len};
			*ret_come = true;
			return NULL;
		}
		struct error *err = take_event(c, &event);
		if (err)
			return err;
	}
	*ret_come = false;
	return NULL;
}

static struct error *receive(struct rsp_client *c, deadline_t deadline, struct rsp_reply *ret)
{
	bool come = false;
	struct error *err = next_packet(c, ret, &come);

	while (!err && !come) {
		err = transfer(c, deadline);
		if (!err)
			err = next_packet(c, ret, &come);
	}
	return err;
}

struct error *rsp_receive(struct rsp_client *c, struct rsp_reply *ret)
{
	return receive(c, deadline_after(c->timeout_ns), ret);
}

struct error *rsp_queue(struct rsp_client *c, const void *unit, size_t len, size_t num_replies)
{
	strbuf_append_bytes(&c->out, unit, len);
	strbuf_clear(&c->request);
	c->prepaid += num_replies;
	return end_unit(c);
}

static struct error *queue_request(struct rsp_client *c, const void *bytes, size_t len)
{
	if (len > c->packet_size)
		return error_create(ERROR_PROTOCOL, "a request has %zu bytes, but the GDB stub takes %zu only", len,
				    c->packet_size);
	strbuf_clear(&c->request);
	rsp_encode(&c->request, bytes, len);
	if (strbuf_failed(&c->request))
		return &error_no_memory;
	c->tries = 0;
	strbuf_append_bytes(&c->out, c->request.at, c->request.len);
	return end_unit(c);
}

struct error *rsp_request_bytes(struct rsp_client *c, const void *bytes, size_t len, struct rsp_reply *ret)
{
	struct error *err = queue_request(c, bytes, len);

	return err ? err : rsp_receive(c, ret);
}

static struct error *queue_format(struct rsp_client *c, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
static struct error *queue_format(struct rsp_client *c, const char *format, va_list ap)
{
	char text[256];
	int len = vsnprintf(text, sizeof text, format, ap);

	if (len < 0 || (size_t)len >= sizeof text)
		return error_create(ERROR_BUG, "request too long: \"%.80s...\"", text);
	return queue_request(c, text, (size_t)len);
}

struct error *rsp_request(struct rsp_client *c, struct rsp_reply *ret, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	struct error *err = queue_format(c, format, ap);
	va_end(ap);
	return err ? err : rsp_receive(c, ret);
}

/* Text that the guest's console shows, by way of the stub. */
static bool is_console_output(const struct rsp_reply *reply)
{
	return reply->len && reply->text[0] == 'O' && !rsp_is_ok(reply);
}

static struct error *take_stop(struct rsp_client *c, const struct rsp_reply *reply, struct rsp_stop *ret)
{
	if (!rsp_parse_stop(reply->text, reply->len, ret))
		return rsp_unexpected(reply, "waiting for the guest to stop");
	/* At its end the stub waits for the ack before it goes away, and nothing else will be sent. */
	return ret->kind == RSP_STOP_SIGNAL ? NULL : rsp_flush(c);
}

static struct error *receive_stop(struct rsp_client *c, struct rsp_stop *ret)
{
	deadline_t deadline = deadline_after(c->timeout_ns);
	struct rsp_reply reply;

	do {
		struct error *err = receive(c, deadline, &reply);
		if (err)
			return err;
	} while (is_console_output(&reply));
	return take_stop(c, &reply, ret);
}

struct error *rsp_look_for_stop(struct rsp_client *c, struct rsp_stop *ret, bool *ret_come)
{
	struct rsp_reply reply;
	bool come = false, more = true;
	struct error *err = NULL;

	while (!err && more && !come) {
		err = rsp_flush(c);
		if (!err)
			err = next_packet(c, &reply, &come);
		if (!err && come && is_console_output(&reply))
			come = false;
		else if (!err && !come)
			err = take_in(c, &more);
	}
	*ret_come = come;
	return err || !come ? err : take_stop(c, &reply, ret);
}

struct error *rsp_wait_beside(struct rsp_client *c, int fd, bool *ret_fd)
{
	const struct timespec gather = {.tv_nsec = GATHER_NS};
	deadline_t deadline = deadline_after(c->timeout_ns);
	struct pollfd alone = {.fd = c->fd, .events = POLLIN};

	/* Who writes to fd is not to wake us for each line. */
	if (ppoll(&alone, 1, &gather, NULL) > 0) {
		*ret_fd = false;
		return NULL;
	}

	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = c->fd, .events = POLLIN}};
		struct error *err = check_wait(c, deadline);

		if (err)
			return err;
		int n = poll(fds, 2, deadline_poll(deadline));
		if (n < 0 && errno != EINTR)
			return error_os(errno, "poll", NULL);
		if (n > 0) {
			*ret_fd = fds[0].revents != 0;
			return NULL;
		}
	}
}

struct error *rsp_start(struct rsp_client *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	struct error *err = queue_format(c, format, ap);
	va_end(ap);
	return err ? err : rsp_flush(c);
}

struct error *rsp_resume(struct rsp_client *c, struct rsp_stop *ret, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	struct error *err = queue_format(c, format, ap);
	va_end(ap);
	return err ? err : receive_stop(c, ret);
}

void rsp_kill(struct rsp_client *c)
{
	struct error *err = queue_request(c, "k", 1);

	if (!err)
		err = rsp_flush(c);
	/* A stub that cannot be told any more has nothing left to end. */
	error_destroy(err);
}

/* To the end of what the stub sends: a socket that is closed before that may take the last request with it (tcp(7)). */
static void drain(struct rsp_client *c)
{
	deadline_t deadline = deadline_after(CLOCK_S);
	struct pollfd poll_fd = {.fd = c->fd, .events = POLLIN};

	shutdown(c->fd, SHUT_WR);
	while (!deadline_passed(deadline) && poll(&poll_fd, 1, deadline_poll(deadline)) > 0)
		if (recv(c->fd, c->in, IN_SIZE, MSG_DONTWAIT) <= 0)
			return;
}

void rsp_detach(struct rsp_client *c)
{
	struct error *err = queue_request(c, "D", 1);

	if (!err)
		err = rsp_flush(c);
	if (!err)
		drain(c);
	error_destroy(err);
}

bool rsp_is_error(const struct rsp_reply *reply)
{
	if (reply->len >= 2 && reply->text[0] == 'E' && reply->text[1] == '.')
		return true;
	return reply->len == 3 && reply->text[0] == 'E' && codec_hex_digit(reply->text[1]) >= 0 &&
	       codec_hex_digit(reply->text[2]) >= 0;
}

bool rsp_is_ok(const struct rsp_reply *reply)
{
	return reply->len == 2 && !memcmp(reply->text, "OK", 2);
}

struct error *rsp_unexpected(const struct rsp_reply *reply, const char *what)
{
	enum { SHOWN = 60 };
	char text[SHOWN + 1];
	size_t n = reply->len < SHOWN ? reply->len : SHOWN;

	for (size_t i = 0; i < n; i++)
		text[i] = reply->text[i] >= ' ' && reply->text[i] <= '~' ? reply->text[i] : '.';
	text[n] = '\0';
	return error_create(ERROR_PROTOCOL, "%s: the GDB stub answered \"%s%s\"", what, text,
			    n < reply->len ? "..." : "");
}

/* The text behind "NAME=" or "NAME" + mark in the features, or NULL. */
static const char *find_feature(const struct rsp_client *c, const char *name, char mark)
{
	size_t len = strlen(name);
	const char *at = c->features;

	while (at && *at) {
		if (!strncmp(at, name, len) && at[len] == mark)
			return at + len + 1;
		at = strchr(at, ';');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

bool rsp_supports(const struct rsp_client *c, const char *name)
{
	return find_feature(c, name, '+') != NULL;
}

static struct error *take_packet_size(struct rsp_client *c)
{
	const char *text = find_feature(c, "PacketSize", '=');

	if (!text)
		return NULL;
	unsigned long size = 0;
	size_t len = 0;
	for (; codec_hex_digit(text[len]) >= 0; len++)
		size = size < MAX_PACKET_SIZE ? size * 16 + (unsigned long)codec_hex_digit(text[len]) : size;
	if (!len || (text[len] && text[len] != ';'))
		return error_create(ERROR_PROTOCOL, "the GDB stub says PacketSize=%.20s", text);
	if (size < MIN_PACKET_SIZE)
		return error_create(ERROR_PROTOCOL, "the GDB stub takes packets of %lu bytes only", size);
	c->packet_size = size < MAX_PACKET_SIZE ? size : MAX_PACKET_SIZE;
	return NULL;
}

struct error *rsp_handshake(struct rsp_client *c)
{
	struct rsp_reply reply;
	struct error *err = rsp_request(c, &reply,
					"qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;xmlRegisters=i386");

	if (err)
		return error_prefix(err, "GDB handshake");
	if (rsp_is_error(&reply))
		return rsp_unexpected(&reply, "GDB handshake");
	free(c->features);
	c->features = strndup(reply.text, reply.len);
	if (!c->features)
		return &error_no_memory;
	err = take_packet_size(c);
	if (err || !rsp_supports(c, "QStartNoAckMode"))
		return err;
	err = rsp_request(c, &reply, "QStartNoAckMode");
	if (err)
		return err;
	/* The ack of this very reply is already on its way. */
	c->acks = !rsp_is_ok(&reply);
	return NULL;
}
