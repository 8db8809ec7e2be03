/*
 * A relay in front of a real GDB stub whose answers it spoils, by their structure: lying_stub SEED SOCKET COMMAND...
 *
 * SOCKET is the Unix socket that a client connects to. COMMAND is an emulator that listens where the word "@" among its
 * arguments stands: it becomes the path SOCKET.stub. The seed says which answers change, and how: registers' names,
 * sizes, numbers and includes in target descriptions; what is hexadecimal; stop replies; features and packet sizes;
 * what frames a packet. Ends when either side does; the emulator with it.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/rsp/packet.h"

enum { MAX_PAYLOAD = 1 << 17, BUFFER = 4096, MAX_ARGS = 64 };

/* One side of the connection. */
struct side {
	int fd;
	struct rsp_parser parser;
	uint8_t bytes[BUFFER];
	size_t at, len;
};

struct relay {
	struct side client, server;
	struct strbuf last; /* packet to the client, which it may want again */
	bool acks;
	struct rng rng;
	uint32_t spared; /* answers that are passed on as they are, before the first that may change */
	uint32_t one_in; /* so many of the others changes */
	bool text_only;  /* of the descriptions alone */
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint32_t below(struct relay *r, size_t n)
{
	return rng_below(&r->rng, (uint32_t)n);
}

static void put(struct side *side, const void *bytes, size_t len)
{
	if (write(side->fd, bytes, len) != (ssize_t)len)
		exit(0); /* it has gone away */
}

/* The next packet; the payload is valid until the next call. The stub's are acknowledged here. */
static struct rsp_event receive(struct relay *r, struct side *side)
{
	struct rsp_event event;

	do {
		if (side->at == side->len) {
			ssize_t got = read(side->fd, side->bytes, sizeof side->bytes);

			if (got <= 0)
				exit(0);
			side->at = 0;
			side->len = (size_t)got;
		}
		side->at += rsp_parser_feed(&side->parser, side->bytes + side->at, side->len - side->at, &event);
		if (event.kind == RSP_INTERRUPT && side == &r->client)
			put(&r->server, "\003", 1);
		if (event.kind == RSP_NACK && side == &r->client)
			put(side, strbuf_text(&r->last), r->last.len);
	} while (event.kind != RSP_PACKET);
	if (r->acks)
		put(side, "+", 1);
	return event;
}

/* ---- Spoiling what an answer says ---- */

static void put_range(struct strbuf *out, const char *text, size_t from, size_t to)
{
	strbuf_append_bytes(out, text + from, to - from);
}

/* One range of the text replaced. */
static void replace(struct strbuf *out, const struct strbuf *in, size_t from, size_t to, const char *with)
{
	put_range(out, in->at, 0, from);
	strbuf_append(out, with);
	put_range(out, in->at, to, in->len);
}

static const char *number(struct relay *r)
{
	/* clang-format off */
	static const char *const numbers[] = {
		"0", "1", "7", "8", "16", "31", "32", "63", "64", "65", "80", "128", "-1", "+1", "0x20", "512",
		"2048", "1000000", "", "64x", "2147483647", "2147483648", "4294967295", "18446744073709551616",
	};
	/* clang-format on */

	return numbers[below(r, sizeof numbers / sizeof *numbers)];
}

/* The value of one of the attributes, at random, from a place at random. */
static bool find_attribute(struct relay *r, const struct strbuf *in, const char *name, size_t *from, size_t *to)
{
	char key[32];
	size_t start = below(r, in->len + 1);

	snprintf(key, sizeof key, "%s=\"", name);
	const char *found = memmem(in->at + start, in->len - start, key, strlen(key));
	if (!found)
		found = memmem(in->at, in->len, key, strlen(key));
	if (!found)
		return false;
	*from = (size_t)(found - in->at) + strlen(key);
	const char *quote = memchr(in->at + *from, '"', in->len - *from);
	*to = quote ? (size_t)(quote - in->at) : in->len;
	return true;
}

static void spoil_attribute(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	/* clang-format off */
	static const char *const attributes[] = {
		"name", "bitsize", "regnum", "type", "href", "id", "group", "count",
	};
	static const char *const names[] = {
		"rip", "rax", "pc", "sp", "x0", "eflags", "cpsr", "st0", "xmm0", "", "\033[31m", "&lt;", "\xff",
		"target.xml", "../x", "no_such.xml", "a b", "data_ptr", "vec128", "ieee_double",
	};
	/* clang-format on */
	const char *name = attributes[below(r, sizeof attributes / sizeof *attributes)];
	char longest[1200] = "";
	size_t from, to;

	if (!find_attribute(r, in, name, &from, &to)) {
		put_range(out, in->at, 0, in->len);
		return;
	}
	memset(longest, 'n', sizeof longest - 1);
	if (!strcmp(name, "bitsize") || !strcmp(name, "regnum") || !below(r, 8))
		replace(out, in, from, to, number(r));
	else
		replace(out, in, from, to, below(r, 16) ? names[below(r, sizeof names / sizeof *names)] : longest);
}

/* An element of the description, deleted, doubled, or replaced by another kind of thing. */
static void spoil_element(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	/* clang-format off */
	static const char *const others[] = {
		"<reg/>", "<feature name=\"f\">", "</feature>", "<xi:include href=\"target.xml\"/>",
		"<!ENTITY a \"&a;\">", "<!--", "<reg name=\"more\" bitsize=\"64\"/>",
		"<vector id=\"v\" type=\"v\" count=\"99\"/>", "<architecture>mips</architecture>",
	};
	/* clang-format on */
	size_t start = below(r, in->len + 1);
	const char *open = memchr(in->at + start, '<', in->len - start);
	const char *close = open ? memchr(open, '>', in->len - (size_t)(open - in->at)) : NULL;
	size_t from = open ? (size_t)(open - in->at) : 0, to = close ? (size_t)(close - in->at) + 1 : in->len;

	switch (below(r, 3)) {
	case 0: replace(out, in, from, to, ""); break;
	case 1: replace(out, in, from, to, others[below(r, sizeof others / sizeof *others)]); break;
	default: put_range(out, in->at, 0, to); put_range(out, in->at, from, in->len);
	}
}

/* Bytes, of whatever it is: cut, grown, doubled, one changed. */
static void spoil_bytes(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	size_t from = below(r, in->len + 1), n = below(r, in->len - from + 1);
	char byte[2] = {(char)(1 + below(r, 255))};

	switch (below(r, 6)) {
	case 0: put_range(out, in->at, 0, from); break;
	case 1: replace(out, in, from, from + n, ""); break;
	case 2: replace(out, in, from, from < in->len ? from + 1 : from, byte); break;
	case 3:
		put_range(out, in->at, 0, from + n);
		put_range(out, in->at, from, in->len);
		break;
	case 4: replace(out, in, from, from, "0123456789abcdef"); break;
	default:
		for (uint32_t i = 1 + below(r, 1000); i; i--)
			put_range(out, in->at, 0, in->len < 100 ? in->len : 100);
	}
}

static void spoil_description(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	switch (below(r, 8)) {
	case 0: spoil_bytes(r, in, out); break;
	case 1: replace(out, in, 0, in->len ? 1 : 0, in->len && in->at[0] == 'l' ? "m" : "l"); break;
	case 2:
	case 3: spoil_element(r, in, out); break;
	default: spoil_attribute(r, in, out);
	}
}

/* Registers or memory in hexadecimal. */
static void spoil_hex(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	/* clang-format off */
	static const char *const others[] = {
		"x", "xx", "0", "f", "ffffffffffffffff", "0000000000000080", "z", "A", "-",
	};
	static const char *const answers[] = {
		"", "E01", "E14", "OK", "E.no such thing", "xxxxxxxxxxxxxxxx", "0", "b",
	};
	/* clang-format on */
	size_t from = below(r, in->len + 1);
	const char *with = others[below(r, sizeof others / sizeof *others)];
	size_t to = from + strlen(with) < in->len ? from + strlen(with) : in->len;

	if (!below(r, 4))
		strbuf_append(out, answers[below(r, sizeof answers / sizeof *answers)]);
	else if (below(r, 4))
		replace(out, in, from, to, with);
	else
		spoil_bytes(r, in, out);
}

static void spoil_stop(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	/* clang-format off */
	static const char *const stops[] = {
		"S05", "T05", "T05thread:p1.1;", "T05thread:p01.01;", "T0b", "T04thread:1;", "T05thread:p-1.-1;",
		"T05thread:0;", "T05thread:p2.2;", "T05;;;:;", "T05watch:0;", "T05syscall_entry:1;", "T05fork:p1.2;",
		"T05replaylog:begin;", "T05thread:p1.1;06:ffff;", "T05thread:p1.1;10:0000000000000000;", "W00", "W",
		"Wzz", "W00;process:1", "X09", "X0b;process:1", "N", "O48656c6c6f", "O4", "Fwrite,1,0,1",
		"Fgettimeofday,0,0", "w00;1", "T", "Tzz", "T1ff", "", "E01", "OK", "S00", "S7f", "SFF",
		"T05core:ffffffffffffffffffff;", "T05swbreak:;", "T05library:;",
	};
	/* clang-format on */

	if (below(r, 4))
		strbuf_append(out, stops[below(r, sizeof stops / sizeof *stops)]);
	else
		spoil_bytes(r, in, out);
}

static void spoil_supported(struct relay *r, const struct strbuf *in, struct strbuf *out)
{
	/* clang-format off */
	static const char *const more[] = {
		";PacketSize=0", ";PacketSize=1", ";PacketSize=10", ";PacketSize=ffffffff",
		";PacketSize=10000000000000000", ";PacketSize=-1", ";PacketSize=zz", ";qXfer:features:read-",
		";qXfer:features:read?", ";QStartNoAckMode-", ";vContSupported-", ";swbreak+;hwbreak+",
		";multiprocess-", ";;;=;", ";qXfer:auxv:read-", ";QNonStop+", ";ReverseStep+", ";fork-events+",
		";qXfer:exec-file:read-",
	};
	/* clang-format on */

	put_range(out, in->at, 0, in->len);
	if (below(r, 4)) {
		strbuf_append(out, more[below(r, sizeof more / sizeof *more)]);
	} else {
		strbuf_clear(out);
		spoil_bytes(r, in, out);
	}
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* What an answer to this request can be, spoilt. */
static void spoil(struct relay *r, const char *request, const struct strbuf *in, struct strbuf *out)
{
	if (begins(request, "qXfer:features"))
		spoil_description(r, in, out);
	else if (begins(request, "qSupported"))
		spoil_supported(r, in, out);
	else if (begins(request, "vCont;") || begins(request, "?") || begins(request, "s") || begins(request, "c"))
		spoil_stop(r, in, out);
	else
		spoil_hex(r, in, out);
}

/* ---- Spoiling packets ---- */

static void frame(struct strbuf *packet, const struct strbuf *payload)
{
	strbuf_clear(packet);
	rsp_encode(packet, payload->at, payload->len);
	if (strbuf_failed(packet))
		die("memory");
}

static void send_reply(struct relay *r, const struct strbuf *payload)
{
	frame(&r->last, payload);
	put(&r->client, r->last.at, r->last.len);
}

/* A client that waits for more than it got has to wait for its own limit; here it is told by the end of the connection.
 */
static void go_on(struct relay *r)
{
	enum { GRACE_MS = 1000 };
	struct pollfd p = {.fd = r->client.fd, .events = POLLIN};

	if (!poll(&p, 1, GRACE_MS))
		exit(0);
}

/* What is around a payload, or before it or behind it. The connection may end here. */
static void send_badly(struct relay *r, const struct strbuf *payload)
{
	/* clang-format off */
	static const char *const around[] = {
		"%Stop:T05thread:p1.1;#00", "++++", "----", "$#00", "$0*~#fa", "$\003", "$}", "\0\0\0", "$x*\x1d#00",
		"$*+#55", "%OSThread:1;#00", "$OK#9a", "$E01#a6", "$T05#b9", "$l#6c", "$#", "#00", "$$$$#00",
	};
	/* clang-format on */
	const char *text = around[below(r, sizeof around / sizeof *around)];
	struct strbuf packet = {0};

	frame(&r->last, payload);
	frame(&packet, payload);
	switch (below(r, 6)) {
	case 0: put(&r->client, text, strlen(text)); break;
	case 1: put(&r->client, packet.at, below(r, packet.len)); exit(0);
	case 2: packet.at[packet.len - 1] ^= 1; break; /* of the checksum: it is asked for again, in vain */
	case 3: put(&r->client, packet.at, packet.len); break;
	case 4:
		for (size_t i = 0; i + 1 < packet.len && i < 100; i++)
			put(&r->client, packet.at + i, 1);
		put(&r->client, packet.at + (packet.len < 100 ? packet.len - 1 : 100),
		    packet.len < 100 ? 1 : packet.len - 100);
		packet.len = 0;
		break;
	default: packet.len = below(r, 2) ? 0 : packet.len; break; /* silence, now and then */
	}
	put(&r->client, packet.at, packet.len);
	strbuf_deinit(&packet);
	go_on(r);
}

static bool changes(struct relay *r, const char *request)
{
	if (r->spared) {
		r->spared--;
		return false;
	}
	if (r->text_only && !begins(request, "qXfer:features") && !begins(request, "qSupported"))
		return false;
	return !below(r, r->one_in);
}

static void answer(struct relay *r, const char *request, const struct strbuf *reply)
{
	struct strbuf spoilt = {0};

	if (!changes(r, request)) {
		send_reply(r, reply);
		return;
	}
	if (below(r, 12)) {
		spoil(r, request, reply, &spoilt);
		if (strbuf_failed(&spoilt))
			die("memory");
		send_reply(r, &spoilt);
	} else {
		send_badly(r, reply);
	}
	strbuf_deinit(&spoilt);
}

static void serve(struct relay *r)
{
	for (;;) {
		struct rsp_event event = receive(r, &r->client);
		struct strbuf request = {0}, response = {0}, packet = {0};

		strbuf_append_bytes(&request, event.payload, event.len);
		if (strbuf_failed(&request))
			die("memory");
		frame(&packet, &request);
		put(&r->server, packet.at, packet.len);
		event = receive(r, &r->server);
		strbuf_append_bytes(&response, event.payload, event.len);
		if (strbuf_failed(&response))
			die("memory");
		bool no_acks = !strcmp(strbuf_text(&request), "QStartNoAckMode") &&
			       !strcmp(strbuf_text(&response), "OK");
		answer(r, strbuf_text(&request), &response);
		r->acks &= !no_acks;
		strbuf_deinit(&request);
		strbuf_deinit(&response);
		strbuf_deinit(&packet);
	}
}

/* ---- Connections ---- */

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un ret = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof ret.sun_path) {
		fprintf(stderr, "lying_stub: %s: too long\n", path);
		exit(2);
	}
	memcpy(ret.sun_path, path, strlen(path) + 1);
	return ret;
}

static int accept_client(const char *path)
{
	const struct sockaddr_un at = address(path);
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listening < 0 || bind(listening, (const struct sockaddr *)&at, sizeof at) || listen(listening, 1))
		die(path);
	int fd = accept(listening, NULL, NULL);
	if (fd < 0)
		die("accept");
	close(listening);
	return fd;
}

static void start_emulator(char *stub, char *const *command)
{
	char *argv[MAX_ARGS + 1] = {command[0]};

	for (int i = 1; i < MAX_ARGS && command[i]; i++)
		argv[i] = strcmp(command[i], "@") != 0 ? command[i] : stub;
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], argv);
	die("execute the emulator");
}

static int connect_emulator(const char *stub)
{
	enum { TRIES = 6000 };
	static const struct timespec pause = {.tv_nsec = 10000000};
	const struct sockaddr_un at = address(stub);

	for (int i = 0; i < TRIES; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			die("socket");
		if (!connect(fd, (const struct sockaddr *)&at, sizeof at))
			return fd;
		close(fd);
		nanosleep(&pause, NULL);
	}
	die(stub);
}

int main(int argc, char **argv)
{
	static struct relay r = {.acks = true};
	char stub[256];

	if (argc < 4)
		return fprintf(stderr, "usage: lying_stub SEED SOCKET COMMAND...\n"), 2;
	r.rng.state = strtoull(argv[1], NULL, 10);
	r.text_only = !below(&r, 3);
	r.spared = !r.text_only && below(&r, 2) ? 1U << below(&r, 9) : 0;
	r.one_in = 1U << below(&r, 10);
	snprintf(stub, sizeof stub, "%s.stub", argv[2]);
	if (rsp_parser_init(&r.client.parser, MAX_PAYLOAD) || rsp_parser_init(&r.server.parser, MAX_PAYLOAD))
		die("memory");
	signal(SIGPIPE, SIG_IGN);
	start_emulator(stub, argv + 3);
	r.server.fd = connect_emulator(stub);
	r.client.fd = accept_client(argv[2]);
	serve(&r);
}
