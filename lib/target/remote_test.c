/*
 * The program with --remote, where a man in the middle between it and QEMU turns hostile: after so many replies the
 * stub stalls, closes, lies, floods. Each is a clear error within the deadline, status 5, and no memory without end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/strbuf.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

enum act {
	NOTHING,
	STALL,   /* not a byte from here on */
	CLOSE,   /* the connection ends */
	HALF,    /* half of the packet, and the connection ends */
	DAMAGE,  /* this packet's checksum is wrong, and that of all others */
	REPLACE, /* text as a packet in its place */
	FLOOD,   /* text again and again */
	OPEN,    /* the same in a packet that does not end */
};

/* Stops behind which the program is stepped, and no longer asked what its CPU is. */
enum { RUNNING = 34 };

/*
 * What happens to the nth reply of QEMU, counted from its start, or from its stops-th stop reply. At the start: 0
 * qSupported, 1 ?, 2 vCont?, 3 qqemu.sstepbits, 4 qAttached, 5 the description. Behind a stop reply comes the one to
 * `g`.
 */
#define TEN(text) text text text text text text text text text text
#define LONG_NAME TEN(TEN("n")) TEN(TEN("n")) TEN(TEN("n"))

static const struct mischief {
	unsigned stops, nth;
	enum act act;
	const char *text;
	const char *message;
} mischiefs[] = {
	{0, 0, NOTHING, NULL, "verdict      clean"},
	{0, 0, CLOSE, NULL, "the GDB stub closed the connection"},
	{0, 0, HALF, NULL, "the GDB stub closed the connection"},
	{0, 0, DAMAGE, NULL, "the GDB stub sent a damaged packet"},
	{0, 0, STALL, NULL, "the GDB stub does not answer within 20.0 s"},
	{0, 0, FLOOD, "junk", "the GDB stub sends bytes that are no packets"},
	{0, 0, FLOOD, "-", "the GDB stub rejects a packet"},
	{0, 0, FLOOD, "$x#00", "the GDB stub sent a damaged packet"},
	{0, 0, REPLACE, "PacketSize=0", "the GDB stub takes packets of 0 bytes only"},
	{0, 0, REPLACE, "PacketSize=-1;qXfer:features:read+", "the GDB stub says PacketSize=-1;"},
	{0, 0, REPLACE, "PacketSize=fffffffffffffffff;qXfer:features:read+", "verdict      clean"},
	{0, 0, REPLACE, "PacketSize=40000;qXfer:features:read+", "verdict      clean"},
	{0, 0, REPLACE, "PacketSize=1000", "the GDB stub has no target description"},
	{0, 1, REPLACE, "W00", "already ended"},
	{0, 5, REPLACE, "l<target>", "target description target.xml:1: "},
	{0, 5, REPLACE, "l<target><xi:include href=\"" LONG_NAME "\"/></target>",
	 "no name of a document that can be asked"},
	{0, 5, REPLACE, "m", "the GDB stub answered \"m\""},
	{0, 5, FLOOD, "+$mx#e5", "the GDB stub sends, and reads nothing"},
	{RUNNING, 0, CLOSE, NULL, "the GDB stub closed the connection"},
	{RUNNING, 0, HALF, NULL, "the GDB stub closed the connection"},
	{RUNNING, 0, DAMAGE, NULL, "the GDB stub sent a damaged packet"},
	{RUNNING, 0, STALL, NULL, "the GDB stub does not answer within 20.0 s"},
	{RUNNING, 0, REPLACE, "", "the GDB stub answered \"\""},
	{RUNNING, 0, REPLACE, "00", "the GDB stub answered \"00\""},
	{RUNNING, 0, REPLACE, "E01", "the GDB stub answered \"E01\""},
	{RUNNING, 0, REPLACE, "T0ethread:01;", "signal 14 reached the guest from outside"},
	{RUNNING, 0, REPLACE, "W00", "the guest ended"},
	{RUNNING, 1, REPLACE, "00", "the GDB stub answered \"00\""},
	{RUNNING, 1, REPLACE, "E01", "the GDB stub answered \"E01\""},
	{RUNNING, 1, REPLACE, "zz", "the GDB stub answered \"zz\""},
	{RUNNING, 1, OPEN, "00000000", "the GDB stub sent a packet of more than 1048576 bytes"},
	{RUNNING, 0, FLOOD, "%Stop:T05;#d4", "the GDB stub does not answer within 20.0 s"},
	{RUNNING, 0, FLOOD, "$O41#b4", "the GDB stub"},
	{RUNNING, 0, FLOOD, "0123456789abcdef", "the GDB stub sends bytes that are no packets"},
};
enum { NUM_MISCHIEFS = sizeof mischiefs / sizeof mischiefs[0] };

static const char *program, *guest;
static char log_path[SCRATCH_PATH_LEN], qemu_path[SCRATCH_PATH_LEN], proxy_path[SCRATCH_PATH_LEN];

/* ---- The man in the middle ---- */

struct proxy {
	const struct mischief *mischief;
	int listener, client, stub;
	unsigned stops, replies; /* replies: since the last of the stops that are waited for */
	struct strbuf packet;    /* the reply that is on its way */
	bool turned;             /* the nth reply came */
};

static bool send_all(int fd, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const char *)bytes + done, len - done, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool send_text(const struct proxy *p, const char *text)
{
	return send_all(p->client, text, strlen(text));
}

static bool send_packet(const struct proxy *p, const char *payload)
{
	char packet[512];
	unsigned char sum = 0;

	for (const char *c = payload; *c; c++)
		sum += (unsigned char)*c;
	snprintf(packet, sizeof packet, "+$%s#%02x", payload, sum);
	return send_text(p, packet);
}

/* A whole reply is in p->packet; false when the connection is to end. */
static bool pass_on(struct proxy *p)
{
	const struct mischief *m = p->mischief;
	size_t len = p->packet.len;

	p->stops += !strncmp(strbuf_text(&p->packet), "$T05", 4);
	if (p->stops < m->stops || p->replies++ < m->nth)
		return send_all(p->client, p->packet.at, len);
	bool first = !p->turned;
	p->turned = true;
	switch (m->act) {
	case NOTHING: break;
	case STALL: return true;
	case CLOSE: return false;
	case HALF: send_all(p->client, p->packet.at, len / 2); return false;
	case DAMAGE: p->packet.at[len - 1] = p->packet.at[len - 1] == '0' ? '1' : '0'; break;
	case REPLACE:
		if (first)
			return send_packet(p, m->text);
		break;
	case OPEN:
	case FLOOD:
		if (m->act == OPEN)
			send_text(p, "$");
		while (send_text(p, m->text))
			;
		return false;
	}
	return send_all(p->client, p->packet.at, len);
}

/* Bytes of QEMU, whose packets hold no '#' but the one at their end. */
static bool take_reply(struct proxy *p, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		strbuf_append_char(&p->packet, bytes[i]);
		size_t have = p->packet.len;
		if (have == 1 && bytes[i] != '$') {
			if (!(p->turned && p->mischief->act == STALL) && !send_all(p->client, bytes + i, 1))
				return false;
		} else if (have < 4 || p->packet.at[have - 3] != '#') {
			continue;
		} else if (!pass_on(p)) {
			return false;
		}
		strbuf_clear(&p->packet);
	}
	return true;
}

static bool transfer(struct proxy *p, bool from_stub)
{
	char bytes[4096];
	ssize_t n = recv(from_stub ? p->stub : p->client, bytes, sizeof bytes, 0);

	if (n <= 0)
		return false;
	return from_stub ? take_reply(p, bytes, (size_t)n) : send_all(p->stub, bytes, (size_t)n);
}

static void *run_proxy(void *arg)
{
	struct proxy *p = arg;
	bool open = true;

	p->client = accept(p->listener, NULL, NULL);
	while (open && p->client >= 0) {
		struct pollfd fds[2] = {{.fd = p->client, .events = POLLIN}, {.fd = p->stub, .events = POLLIN}};
		open = poll(fds, 2, -1) > 0;
		if (open && fds[1].revents)
			open = transfer(p, true);
		if (open && fds[0].revents)
			open = transfer(p, false);
	}
	close(p->client);
	close(p->stub);
	strbuf_deinit(&p->packet);
	return NULL;
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
	strcpy(address.sun_path, path);
	return address;
}

/* Waits for QEMU to listen. */
static int connect_stub(void)
{
	const struct sockaddr_un address = unix_address(qemu_path);
	deadline_t deadline = deadline_after(60 * CLOCK_S);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	while (connect(fd, (const struct sockaddr *)&address, sizeof address)) {
		ck_assert_msg(!deadline_passed(deadline), "QEMU does not listen");
		poll(NULL, 0, 10);
	}
	return fd;
}

static int listen_at(const char *path)
{
	const struct sockaddr_un address = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* ---- The program ---- */

/* Starts a program whose output, both streams, goes to the pipe, or nowhere. */
static pid_t start(const char *const *argv, int out)
{
	static const char *const environment[] = {NULL};
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(out >= 0 ? out : null, 1);
	dup2(out >= 0 ? out : null, 2);
	if (!strchr(argv[0], '/'))
		execvp(argv[0], (char **)(uintptr_t)argv);
	execve(argv[0], (char **)(uintptr_t)argv, (char **)(uintptr_t)environment);
	_exit(127);
}

/* All that the program says; *ret_rss in KiB. */
static int run_program(const char *const *argv, struct strbuf *said, long *ret_rss)
{
	struct rusage usage;
	char bytes[4096];
	int fds[2], status;
	ssize_t n;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid_t pid = start(argv, fds[1]);
	close(fds[1]);
	while ((n = read(fds[0], bytes, sizeof bytes)) > 0)
		strbuf_append_bytes(said, bytes, (size_t)n);
	close(fds[0]);
	ck_assert_int_eq(wait4(pid, &status, 0, &usage), pid);
	*ret_rss = usage.ru_maxrss;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void setup(void)
{
	scratch_setup();
	scratch_path("run.json", log_path);
	scratch_path("qemu", qemu_path);
	scratch_path("proxy", proxy_path);
}

START_TEST(a_hostile_stub_is_an_error)
{
	enum { MAX_SECONDS = 40, MAX_RSS = 200 << 10 };
	const struct mischief *m = &mischiefs[_i];
	const char *const record[] = {program, "record", "-q", "-o", log_path, "--", guest, NULL};
	const char *const qemu[] = {"qemu-x86_64", "-cpu", "qemu64", "-g", qemu_path, guest, NULL};
	struct proxy p = {.mischief = m};
	struct strbuf remote = {0}, said = {0};
	pthread_t thread;
	long rss;

	ck_assert_int_eq(run_program(record, &said, &rss), 0);
	strbuf_clear(&said);
	pid_t qemu_pid = start(qemu, -1);
	p.stub = connect_stub();
	p.listener = listen_at(proxy_path);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_proxy, &p), 0);
	strbuf_printf(&remote, "unix:%s", proxy_path);
	const char *const run[] = {program, "run", "--log", log_path, "--remote", strbuf_text(&remote), NULL};
	uint64_t start_time = clock_now();
	int status = run_program(run, &said, &rss);
	uint64_t took = clock_now() - start_time;
	pthread_join(thread, NULL);
	close(p.listener);
	kill(qemu_pid, SIGKILL);
	waitpid(qemu_pid, NULL, 0);

	bool clean = strstr(m->message, "clean");
	ck_assert_msg(strstr(strbuf_text(&said), m->message), "expected \"%s\", said: %s", m->message,
		      strbuf_text(&said));
	ck_assert_msg(status == (clean ? 0 : 5), "status %d: %s", status, strbuf_text(&said));
	ck_assert_msg(took < MAX_SECONDS * CLOCK_S, "took %.1f s", (double)took / (double)CLOCK_S);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_msg(rss < MAX_RSS, "%ld KiB of memory", rss);
#endif
	strbuf_deinit(&remote);
	strbuf_deinit(&said);
}
END_TEST

int main(void)
{
	static char guest_path[PATH_MAX];
	Suite *suite = suite_create("remote");
	TCase *tests = tcase_create("remote");

	program = getenv("VALIDATE");
	snprintf(guest_path, sizeof guest_path, "%s/guests/hello", getenv("BUILD") ? getenv("BUILD") : "build/rel");
	guest = guest_path;
	if (!program || access(program, X_OK) || access(guest, X_OK) || system("command -v qemu-x86_64 >/dev/null")) {
		puts("skipped: no program (VALIDATE, BUILD), or no qemu-x86_64 (Debian's package qemu-user)");
		return TEST_SKIP;
	}
	tcase_add_checked_fixture(tests, setup, scratch_teardown);
	tcase_set_timeout(tests, 90);
	tcase_add_loop_test(tests, a_hostile_stub_is_an_error, 0, NUM_MISCHIEFS);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
