/*
 * What a GDB stub can give at best: instructions/s of bare loops of step + `g` that send, read replies and count, and
 * look at nothing else. The emulator is started through the library; its sockets are then used directly.
 *
 * usage: bench_gdb [EMULATOR [PROGRAM [SECONDS]]]
 * without arguments: the usual emulator (VALIDATE_QEMU_X86_64), $BUILD/guests/loop, 3 seconds for each loop
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum { READ_SIZE = 256, AHEAD = 64, STEP_LEN = 11, TIMEOUT_MS = 10000 };

static const char step_packet[] = "$vCont;s#b8", regs_packet[] = "$g#67";

struct stub {
	pid_t pid;
	int fd;
	char directory[32], path[48];
};

static void stop_stub(struct stub *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	unlink(s->path);
	rmdir(s->directory);
}

static bool start_stub(struct stub *s, const char *emulator, const char *program)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*s = (struct stub){.fd = -1, .directory = "/tmp/validate-bench-XXXXXX"};
	if (!mkdtemp(s->directory))
		return false;
	snprintf(s->path, sizeof s->path, "%s/gdb", s->directory);
	memcpy(address.sun_path, s->path, sizeof s->path);
	s->pid = fork();
	if (!s->pid) {
		/* QEMU says a word about being ended; a QEMU that cannot start shows by its silence. */
		if (!freopen("/dev/null", "w", stderr))
			_exit(127);
		execlp(emulator, emulator, "-g", s->path, program, "1000000000", (char *)NULL);
		_exit(127);
	}
	s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	for (int i = 0; i < 500; i++) {
		if (!connect(s->fd, (const struct sockaddr *)&address, sizeof address))
			return true;
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			return false;
		}
		poll(NULL, 0, 10);
	}
	return false;
}

/* Reads until count packets have come to their end; false when nothing comes any more. */
static bool read_packets(int fd, unsigned count)
{
	static char buffer[1 << 16];

	while (count) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		if (poll(&poll_fd, 1, TIMEOUT_MS) != 1)
			return false;
		ssize_t n = read(fd, buffer, sizeof buffer);
		if (n <= 0)
			return false;
		for (const char *at = buffer; count && (at = memchr(at, '#', (size_t)(buffer + n - at))); at++)
			count--;
	}
	return true;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
	return write(fd, bytes, len) == (ssize_t)len;
}

/* One step, then its registers; each request waits for the reply before it. The ack goes with the next request. */
static bool run_sequential(int fd, uint64_t *ret_steps)
{
	static const char step[] = "+$vCont;s#b8", regs[] = "+$g#67";

	if (!send_all(fd, step + !*ret_steps, sizeof step - 1 - !*ret_steps) || !read_packets(fd, 1))
		return false;
	if (!send_all(fd, regs, sizeof regs - 1) || !read_packets(fd, 1))
		return false;
	++*ret_steps;
	return true;
}

/*
 * AHEAD steps in one write. The stub reads 256 bytes at a time and executes all packets of a read before it resumes the
 * guest, so that a packet which resumes it must end a read; the '+' behind each read are the acks of its replies. A
 * read asks for the registers after the step before, and makes the next.
 */
static size_t build_ahead(char *to)
{
	char *at = to;

	for (unsigned i = 0; i <= AHEAD; i++) {
		bool regs = i > 0, step = i < AHEAD;

		memset(at, '+', READ_SIZE + 2);
		if (regs)
			memcpy(at, regs_packet, sizeof regs_packet - 1);
		if (step)
			memcpy(at + READ_SIZE - STEP_LEN, step_packet, STEP_LEN);
		at += READ_SIZE + (regs && step ? 2 : 1);
	}
	return (size_t)(at - to);
}

static char stream[(READ_SIZE + 2) * (AHEAD + 1)];

static bool run_ahead(int fd, uint64_t *ret_steps)
{
	static size_t len;

	if (!len)
		len = build_ahead(stream);
	if (!send_all(fd, stream, len) || !read_packets(fd, 2 * AHEAD))
		return false;
	*ret_steps += AHEAD;
	return true;
}

static bool measure(const char *what, const char *emulator, const char *program, double seconds,
		    bool (*run)(int fd, uint64_t *ret_steps))
{
	struct stub s;
	uint64_t steps = 0;
	bool ok = start_stub(&s, emulator, program);
	uint64_t start = clock_now(), end = start + (uint64_t)(seconds * (double)CLOCK_S);

	while (ok && clock_now() < end)
		ok = run(s.fd, &steps);
	double took = (double)(clock_now() - start) / (double)CLOCK_S;
	stop_stub(&s);
	if (ok)
		printf("%s: %.0f instructions/s\n", what, (double)steps / took);
	else
		fprintf(stderr, "bench_gdb: %s: %s with %s: the stub went away after %llu steps\n", what, emulator,
			program, (unsigned long long)steps);
	return ok;
}

int main(int argc, char **argv)
{
	const char *build = getenv("BUILD"), *variable = getenv("VALIDATE_QEMU_X86_64");
	const char *emulator = argc > 1 ? argv[1] : variable ? variable : "qemu-x86_64";
	double seconds = argc > 3 ? atof(argv[3]) : 3;
	char program[4096];

	snprintf(program, sizeof program, "%s/guests/loop", build ? build : "build/rel");
	if (argc > 2)
		snprintf(program, sizeof program, "%s", argv[2]);
	bool ok = measure("bare loop of step + g, sequential", emulator, program, seconds, run_sequential);
	ok &= measure("bare loop of step + g, 64 steps sent ahead", emulator, program, seconds, run_ahead);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
