#include "lib/target/native.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/testing/assert.h"

/* testdata/guests/recorded.c tells what each of its modes does. */
static char guest[256];

static struct native *start(const char *mode)
{
	char *argv[] = {guest, (char *)(uintptr_t)mode, NULL}, *env[] = {NULL};
	struct native_options options = {guest, argv, env, NULL};
	struct native *n;

	ck_no_error(native_spawn(&options, &n));
	return n;
}

static struct native_stop go_on(struct native *n, int signal)
{
	struct native_stop stop;

	ck_no_error(native_resume(n, signal, &stop));
	return stop;
}

static void expect_call(struct native *n, uint64_t number)
{
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_ENTRY);
	ck_assert_uint_eq(native_number(n), number);
}

static int64_t result(struct native *n)
{
	return (int64_t)native_reg(n, native_isa()->sys.result);
}

static uint64_t arg(struct native *n, int i)
{
	return native_reg(n, native_isa()->sys.arg[i]);
}

START_TEST(the_program_stands_at_its_first_instruction)
{
	struct native *n = start("auxv");
	uint64_t sp = native_reg(n, native_isa()->sp), words[4];

	/* argc, argv */
	ck_no_error(native_read(n, sp, words, sizeof words));
	ck_assert_uint_eq(words[0], 2);
	char text[256];
	ck_no_error(native_read(n, words[1], text, strlen(guest) + 1));
	ck_assert_str_eq(text, guest);
	ck_assert_uint_eq(words[3], 0);

	/* It exits with 1 if it sees the vDSO. */
	expect_call(n, SYS_write);
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	expect_call(n, SYS_exit_group);
	ck_assert_uint_eq(arg(n, 0), 0);
	struct native_stop stop = go_on(n, 0);
	ck_assert_int_eq(stop.kind, NATIVE_EXITED);
	ck_assert_int_eq(stop.status, 0);
	native_destroy(n);
}
END_TEST

START_TEST(addresses_are_the_same_in_every_run)
{
	struct native *a = start("auxv"), *b = start("auxv");

	ck_assert_uint_eq(native_reg(a, native_isa()->sp), native_reg(b, native_isa()->sp));
	native_destroy(a);
	native_destroy(b);
}
END_TEST

START_TEST(a_call_has_its_arguments_and_its_result)
{
	struct native *n = start("path");
	char text[16];

	expect_call(n, SYS_open);
	ck_no_error(native_read(n, arg(n, 0), text, sizeof text));
	ck_bytes(text, "/nonexistent/\xff\xfe", sizeof text);
	uint64_t pc = native_reg(n, native_isa()->pc);
	uint8_t insn[2];
	ck_no_error(native_read(n, pc - 2, insn, 2));
	ck_bytes(insn, native_isa()->sys.insn, 2);
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	ck_assert_int_eq(result(n), -ENOENT);
	expect_call(n, SYS_open);
	ck_assert_uint_eq(arg(n, 0), 8);
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	ck_assert_int_eq(result(n), -EFAULT);
	native_destroy(n);
}
END_TEST

START_TEST(a_denied_call_fails_and_has_no_effect)
{
	struct native *n = start("killed");

	expect_call(n, SYS_getpid);
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	ck_assert_int_eq(result(n), native_pid(n));
	expect_call(n, SYS_kill);
	ck_no_error(native_deny(n, EPERM));
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	ck_assert_int_eq(result(n), -EPERM);
	/* It lives. */
	expect_call(n, SYS_write);
	native_destroy(n);
}
END_TEST

START_TEST(a_signal_that_kills)
{
	struct native *n = start("fault");
	struct native_stop stop = go_on(n, 0);

	ck_assert_int_eq(stop.kind, NATIVE_SIGNAL);
	ck_assert_int_eq(stop.signal, SIGSEGV);
	stop = go_on(n, stop.signal);
	ck_assert_int_eq(stop.kind, NATIVE_KILLED);
	ck_assert_int_eq(stop.signal, SIGSEGV);
	native_destroy(n);
}
END_TEST

/* Up to the delivery of the signal that it sends itself. */
static void run_to_signal(struct native *n)
{
	static const uint64_t calls[] = {SYS_rt_sigaction, SYS_getpid, SYS_kill};

	for (int i = 0; i < 3; i++) {
		expect_call(n, calls[i]);
		ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	}
	struct native_stop stop = go_on(n, 0);
	ck_assert_int_eq(stop.kind, NATIVE_SIGNAL);
	ck_assert_int_eq(stop.signal, SIGUSR1);
}

START_TEST(a_handler_is_entered_and_not_yet_run)
{
	struct native *n = start("handler");
	struct native_stop stop;
	uint64_t handler, number, frame;

	expect_call(n, SYS_rt_sigaction);
	ck_no_error(native_read(n, arg(n, 1), &handler, sizeof handler));
	native_destroy(n);

	n = start("handler");
	run_to_signal(n);
	uint64_t sp = native_reg(n, native_isa()->sp);
	ck_no_error(native_deliver(n, SIGUSR1, &stop));
	ck_assert_int_eq(stop.kind, NATIVE_RETURN);
	ck_assert_uint_eq(native_reg(n, native_isa()->pc), handler);
	ck_assert_uint_lt(native_reg(n, native_isa()->sp), sp);
	ck_assert_uint_eq(arg(n, 0), SIGUSR1);
	/* The frame begins with the restorer's address. */
	ck_no_error(native_read(n, native_reg(n, native_isa()->sp), &frame, sizeof frame));
	ck_no_error(native_read(n, frame, &number, sizeof number));
	ck_assert_uint_eq(number & 0xffffffffff, 0x0fb8); /* mov eax, 15 */
	expect_call(n, SYS_write);
	native_destroy(n);
}
END_TEST

START_TEST(a_signal_that_is_not_passed_on_is_lost)
{
	struct native *n = start("handler");

	run_to_signal(n);
	expect_call(n, SYS_write);
	ck_assert_uint_eq(arg(n, 2), 5); /* "done", not the handler's line */
	native_destroy(n);
}
END_TEST

/* SIGSTOP holds the program until SIGCONT, as it would without a tracer. */
START_TEST(job_control_works)
{
	struct native *n = start("many");
	pid_t pid = native_pid(n), helper;

	int stopped[2];
	char byte = 0;

	ck_assert_int_eq(pipe(stopped), 0);
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	helper = fork();
	if (helper == 0) {
		(void)!read(stopped[0], &byte, 1);
		usleep(300000);
		kill(pid, SIGCONT);
		_exit(0);
	}
	struct native_stop stop = go_on(n, 0);
	ck_assert_int_eq(stop.kind, NATIVE_SIGNAL);
	ck_assert_int_eq(stop.signal, SIGSTOP);
	uint64_t from = clock_now();
	ck_assert_int_eq(write(stopped[1], &byte, 1), 1);
	stop = go_on(n, SIGSTOP);
	ck_assert_uint_ge(clock_now() - from, 200 * CLOCK_MS);
	ck_assert_int_eq(stop.kind, NATIVE_SIGNAL);
	ck_assert_int_eq(stop.signal, SIGCONT);
	ck_assert_int_eq(waitpid(helper, NULL, 0), helper);
	native_destroy(n);
}
END_TEST

START_TEST(another_abi_is_told)
{
	struct native *n = start("int80");
	struct native_stop stop;

	expect_call(n, SYS_write);
	ck_assert_int_eq(go_on(n, 0).kind, NATIVE_RETURN);
	struct error *err = native_resume(n, 0, &stop);
	if (!err && stop.kind == NATIVE_SIGNAL && stop.signal == SIGSEGV)
		puts("not tried: a call of another ABI: this machine has no 32-bit calls");
	else
		ck_error(err, ERROR_UNSUPPORTED, "int 0x80");
	native_destroy(n);
}
END_TEST

START_TEST(memory_is_read_up_to_where_it_ends)
{
	struct native *n = start("auxv");
	/* The stack's last page ends its mapping. */
	uint64_t sp = native_reg(n, native_isa()->sp), end = (sp | 4095) + 1;
	char buffer[3 * 4096];
	size_t got;

	while (true) {
		ck_no_error(native_read_some(n, end, buffer, 4096, &got));
		if (got == 0)
			break;
		end += 4096;
	}
	ck_no_error(native_read_some(n, end - 100, buffer, sizeof buffer, &got));
	ck_assert_uint_eq(got, 100);
	struct error *err = native_read(n, end - 4096, buffer, 4097);
	ck_assert(error_is(err, ERROR_FAULT));
	ck_assert_uint_eq(err->address, end);
	error_destroy(err);

	/* The second of three ranges passes the end. */
	struct native_range ranges[3] = {{end - 8, 8}, {end - 4, 5}, {sp, 8}};
	err = native_read_ranges(n, ranges, 3, buffer);
	ck_assert(error_is(err, ERROR_FAULT));
	ck_assert_uint_eq(err->address, end);
	error_destroy(err);
	ck_no_error(native_read_ranges(n, (struct native_range[]){{sp, 8}, {0, 0}, {end - 8, 8}}, 3, buffer));
	ck_assert_uint_eq(buffer[0], 2);
	ck_error(native_read(n, 8, buffer, 1), ERROR_FAULT, "0x8");
	ck_error(native_write(n, 8, buffer, 1), ERROR_FAULT, "0x8");
	native_destroy(n);
}
END_TEST

START_TEST(many_ranges_are_read_in_order)
{
	enum { NUM = 300 };
	struct native *n = start("auxv");
	uint64_t sp = native_reg(n, native_isa()->sp);
	struct native_range ranges[NUM];
	uint8_t whole[NUM], pieces[NUM];

	for (size_t i = 0; i < NUM; i++)
		ranges[i] = (struct native_range){sp + NUM - 1 - i, 1};
	ck_no_error(native_read(n, sp, whole, sizeof whole));
	ck_no_error(native_read_ranges(n, ranges, NUM, pieces));
	for (size_t i = 0; i < NUM; i++)
		ck_assert_uint_eq(pieces[i], whole[NUM - 1 - i]);
	native_destroy(n);
}
END_TEST

START_TEST(code_can_be_written)
{
	struct native *n = start("auxv");
	uint64_t pc = native_reg(n, native_isa()->pc);
	uint8_t bytes[4];

	ck_no_error(native_write(n, pc, "\x0f\x0b\x0f\x0b", 4));
	ck_no_error(native_read(n, pc, bytes, 4));
	ck_bytes(bytes, "\x0f\x0b\x0f\x0b", 4);
	struct native_stop stop = go_on(n, 0);
	ck_assert_int_eq(stop.kind, NATIVE_SIGNAL);
	ck_assert_int_eq(stop.signal, SIGILL);
	native_destroy(n);
}
END_TEST

START_TEST(what_cannot_be_executed_is_told)
{
	char *argv[] = {guest, NULL};
	struct native_options options = {"/nonexistent", argv, argv + 1, NULL};
	struct native *n;

	ck_error(native_spawn(&options, &n), ERROR_OS, "execute /nonexistent: No such file");
	options.path = "/etc";
	ck_error(native_spawn(&options, &n), ERROR_OS, "execute /etc: Permission denied");
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(a_destroyed_program_is_gone)
{
	struct native *n = start("sleep");
	pid_t pid = native_pid(n);

	expect_call(n, SYS_nanosleep);
	native_destroy(n);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(a_killed_program_is_noticed)
{
	struct native *n = start("sleep");

	expect_call(n, SYS_nanosleep);
	ck_assert_int_eq(kill(native_pid(n), SIGKILL), 0);
	struct native_stop stop = go_on(n, 0);
	ck_assert_int_eq(stop.kind, NATIVE_KILLED);
	ck_assert_int_eq(stop.signal, SIGKILL);
	native_destroy(n);
}
END_TEST

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = signal;
}

START_TEST(a_wait_can_be_interrupted)
{
	char *argv[] = {guest, (char[]){"sleep"}, NULL}, *env[] = {NULL};
	struct native_options options = {guest, argv, env, &interrupted};
	struct sigaction action = {.sa_handler = interrupt};
	struct native *n;
	struct native_stop stop;

	ck_no_error(native_spawn(&options, &n));
	expect_call(n, SYS_nanosleep);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq((int)ualarm(50000, 50000), 0);
	ck_error(native_resume(n, 0, &stop), ERROR_INTERRUPTED, "interrupted");
	ualarm(0, 0);
	native_destroy(n);
}
END_TEST

int main(void)
{
	const char *build = getenv("BUILD");

	snprintf(guest, sizeof guest, "%s/guests/recorded", build ? build : "build/rel");
	if (!native_isa() || access(guest, X_OK) != 0) {
		printf("%s cannot be executed here: make guests\n", guest);
		return TEST_SKIP;
	}

	Suite *suite = suite_create("native");
	TCase *tcase = tcase_create("native");
	tcase_add_test(tcase, the_program_stands_at_its_first_instruction);
	tcase_add_test(tcase, addresses_are_the_same_in_every_run);
	tcase_add_test(tcase, a_call_has_its_arguments_and_its_result);
	tcase_add_test(tcase, a_denied_call_fails_and_has_no_effect);
	tcase_add_test(tcase, a_signal_that_kills);
	tcase_add_test(tcase, a_handler_is_entered_and_not_yet_run);
	tcase_add_test(tcase, a_signal_that_is_not_passed_on_is_lost);
	tcase_add_test(tcase, job_control_works);
	tcase_add_test(tcase, another_abi_is_told);
	tcase_add_test(tcase, memory_is_read_up_to_where_it_ends);
	tcase_add_test(tcase, many_ranges_are_read_in_order);
	tcase_add_test(tcase, code_can_be_written);
	tcase_add_test(tcase, what_cannot_be_executed_is_told);
	tcase_add_test(tcase, a_destroyed_program_is_gone);
	tcase_add_test(tcase, a_killed_program_is_noticed);
	tcase_add_test(tcase, a_wait_can_be_interrupted);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
