/* The GDB target on gdbserver: a stub that is not QEMU's, over its standard input and output, with the host's CPU
 * behind it. */
#include "lib/target/gdb.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/elf/image.h"
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"

static const char program[] = "/bin/busybox";

enum { TIMEOUT_MS = 60000 };

static const struct isa *isa;

static pid_t start_server(int *ret_fd)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		dup2(fds[1], 0);
		dup2(fds[1], 1);
		if (!freopen("/dev/null", "w", stderr))
			_exit(127);
		execlp("gdbserver", "gdbserver", "--once", "-", program, "false", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

static struct target *start(pid_t *ret_pid)
{
	struct rsp_client *client;
	struct gdb_options options = {.identity = "gdbserver", .ahead = GDB_AHEAD_AUTO};
	struct target *t = NULL;
	int fd;

	*ret_pid = start_server(&fd);
	ck_no_error(rsp_client_adopt(fd, TIMEOUT_MS, &client));
	ck_no_error(target_gdb_create(isa, client, &options, &t));
	return t;
}

static void end(struct target *t, pid_t pid)
{
	target_destroy(t);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(starts_at_the_entry_and_shows_vectors)
{
	pid_t pid;
	struct target *t = start(&pid);
	struct elf_image *image;
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	ck_no_error(elf_image_open(program, &image));
	ck_assert_uint_eq(state_get(&s, isa->pc), elf_image_entry(image));
	elf_image_close(image);
	/* On the real CPU a program starts with MXCSR 0x1f80 and an empty x87 stack. */
	ck_assert_uint_eq(test_get(&s, "mxcsr"), 0x1f80);
	ck_assert_uint_eq(test_get(&s, "ftag"), 0xffff);
	state_deinit(&s);
	end(t, pid);
}
END_TEST

/* The first instructions are the ones at the PC: each step moves it, and what is read after it is what is there. */
START_TEST(steps_one_by_one)
{
	enum { STEPS = 300 };
	struct target_plan plans[8] = {0};
	struct observed seen;
	pid_t pid;
	struct target *t = start(&pid);
	struct state s, again;

	ck_no_error(state_init(&s, isa));
	ck_no_error(state_init(&again, isa));
	for (unsigned i = 0; i < STEPS; i++) {
		if (i % 8 == 0)
			ck_no_error(target_submit(t, plans, 8));
		uint64_t before = state_get(&s, isa->pc);
		ck_no_error(target_collect(t, &s, &seen));
		ck_assert_int_eq(seen.stop.kind, STOP_STEPPED);
		ck_assert_uint_ne(state_get(&s, isa->pc), before);
		if (i % 8 != 7)
			continue;
		ck_no_error(target_read_regs(t, &again));
		ck_assert_mem_eq(again.value, s.value, isa->num_words * 8);
	}
	ck_assert(!target_gdb_runs_ahead(t));
	state_deinit(&s);
	state_deinit(&again);
	end(t, pid);
}
END_TEST

START_TEST(delivers_a_signal)
{
	struct stop stop;
	pid_t pid;
	struct target *t = start(&pid);

	ck_no_error(target_step(t, 0, &stop));
	ck_assert_int_eq(stop.kind, STOP_STEPPED);
	ck_no_error(target_step(t, SIGUSR1, &stop));
	ck_assert_int_eq(stop.kind, STOP_KILLED);
	ck_assert_int_eq(stop.signal, SIGUSR1);
	end(t, pid);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdbserver");
	TCase *tests = tcase_create("gdbserver");

	isa = isa_by_name("x86_64");
	if (system("command -v gdbserver >/dev/null") || access(program, X_OK)) {
		puts("skipped: no gdbserver (Debian's package gdbserver), or no /bin/busybox");
		return TEST_SKIP;
	}
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, starts_at_the_entry_and_shows_vectors);
	tcase_add_test(tests, steps_one_by_one);
	tcase_add_test(tests, delivers_a_signal);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
