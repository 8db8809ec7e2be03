/*
 * A GDB stub that loses the trap behind an instruction: what a hypervisor makes of CPUID on some hosts, on any host.
 *
 * losing_stub CODE PROGRAM [ARG...] serves the program by gdbserver, on a port of its own that it prints as gdbserver
 * does. A step of an instruction that starts with CODE, in hexadecimal, is a step of two; "every:N" in place of CODE
 * loses the trap behind each Nth step.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/codec.h"
#include "lib/rsp/packet.h"

enum { MAX_PAYLOAD = 1 << 17, MAX_CODE = 15, BUFFER = 4096 };

/* One side of the connection. */
struct side {
	int fd;
	struct rsp_parser parser;
	uint8_t bytes[BUFFER];
	size_t at, len;
};

struct relay {
	struct side client, server;
	bool acks;
	uint8_t code[MAX_CODE];
	size_t code_len;
	unsigned long every, steps;
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void put(struct side *side, const void *bytes, size_t len)
{
	if (write(side->fd, bytes, len) != (ssize_t)len)
		exit(0); /* it has gone away */
}

static void send_packet(struct side *side, const void *payload, size_t len)
{
	struct strbuf text = {0};

	rsp_encode(&text, payload, len);
	put(side, text.at, text.len);
	strbuf_deinit(&text);
}

/* The next packet, which is acknowledged; the payload is valid until the next call. */
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
	} while (event.kind != RSP_PACKET);
	if (r->acks)
		put(side, "+", 1);
	return event;
}

static struct rsp_event ask(struct relay *r, const void *payload, size_t len)
{
	send_packet(&r->server, payload, len);
	return receive(r, &r->server);
}

/* The bytes at the guest's PC. */
static bool read_code(struct relay *r, uint8_t *ret, size_t len)
{
	enum { RIP = 2 * 16 * 8, DIGITS = 16 }; /* behind the general registers in gdbserver's reply to `g` */
	uint64_t pc = 0;
	char request[64];

	struct rsp_event reply = ask(r, "g", 1);
	if (reply.len < RIP + DIGITS || !codec_decode_hex((const char *)reply.payload + RIP, DIGITS, (uint8_t *)&pc))
		return false;
	snprintf(request, sizeof request, "m%llx,%zx", (unsigned long long)pc, len);
	reply = ask(r, request, strlen(request));
	return reply.len == 2 * len && codec_decode_hex((const char *)reply.payload, reply.len, ret);
}

/* The guest stands at an instruction behind which the trap is lost. In front of a system call none is: it would be
 * made.
 */
static bool loses(struct relay *r)
{
	static const uint8_t call[] = {0x0f, 0x05};
	uint8_t bytes[MAX_CODE + sizeof call];

	if (r->every && ++r->steps % r->every)
		return false;
	if (!read_code(r, bytes, sizeof bytes))
		return false;
	return r->every ? !memmem(bytes, sizeof bytes, call, sizeof call) : !memcmp(bytes, r->code, r->code_len);
}

static bool is_trap(const struct rsp_event *reply)
{
	return reply->len >= 3 && strchr("TS", reply->payload[0]) && !memcmp(reply->payload + 1, "05", 2);
}

static void serve(struct relay *r)
{
	static const char no_acks[] = "QStartNoAckMode", step[] = "vCont;s";

	for (;;) {
		struct rsp_event request = receive(r, &r->client);
		char *payload = malloc(request.len + 1);

		if (!payload)
			die("memory");
		memcpy(payload, request.payload, request.len + 1);
		bool steps = !strncmp(payload, step, strlen(step)) || !strcmp(payload, "s");
		bool lose = steps && loses(r);
		struct rsp_event reply = ask(r, payload, request.len);
		if (lose && is_trap(&reply))
			reply = ask(r, payload, request.len);
		send_packet(&r->client, reply.payload, reply.len);
		if (!strcmp(payload, no_acks) && reply.len == 2 && !memcmp(reply.payload, "OK", 2))
			r->acks = false;
		free(payload);
	}
}

/* gdbserver at the other end of a socket pair. */
static int start_server(char **program)
{
	enum { MAX_ARGS = 64 };
	static char name[] = "gdbserver", once[] = "--once", stdio[] = "-";
	char *argv[MAX_ARGS + 4] = {name, once, stdio};
	int fds[2], n = 0;

	for (; n < MAX_ARGS && program[n]; n++)
		argv[n + 3] = program[n];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		die("socketpair");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return close(fds[1]), fds[0];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(fds[1], 0);
	dup2(fds[1], 1);
	execvp(argv[0], argv);
	die(argv[0]);
}

static int accept_client(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listening < 0 || bind(listening, (struct sockaddr *)&address, len) || listen(listening, 1) ||
	    getsockname(listening, (struct sockaddr *)&address, &len))
		die("listen");
	fprintf(stderr, "Listening on port %u\n", ntohs(address.sin_port));
	int fd = accept(listening, NULL, NULL);
	if (fd < 0)
		die("accept");
	close(listening);
	return fd;
}

int main(int argc, char **argv)
{
	static struct relay r = {.acks = true};
	static const char every[] = "every:";

	if (argc < 3)
		return fprintf(stderr, "usage: losing_stub CODE|every:N PROGRAM [ARG...]\n"), 2;
	if (!strncmp(argv[1], every, strlen(every)))
		r.every = strtoul(argv[1] + strlen(every), NULL, 10);
	else
		r.code_len = strlen(argv[1]) / 2;
	if (r.code_len > MAX_CODE || (!r.every && !codec_decode_hex(argv[1], 2 * r.code_len, r.code)))
		return fprintf(stderr, "losing_stub: %s: no code\n", argv[1]), 2;
	if (rsp_parser_init(&r.client.parser, MAX_PAYLOAD) || rsp_parser_init(&r.server.parser, MAX_PAYLOAD))
		die("memory");
	signal(SIGPIPE, SIG_IGN);
	r.client.fd = accept_client();
	r.server.fd = start_server(argv + 2);
	serve(&r);
}
