#include "lib/rsp/stop.h"

#include <signal.h>

#include "lib/testing/assert.h"

static const struct {
	const char *text;
	bool ok;
	struct rsp_stop stop;
} stops[] = {
	/* as QEMU 7.2, 10.0 and gdbserver 13 send them */
	{"T05thread:p01.1a24;", true, {RSP_STOP_SIGNAL, true, {1, 0x1a24}, 5, 0}},
	{"T05thread:p1a50.1a50;", true, {RSP_STOP_SIGNAL, true, {0x1a50, 0x1a50}, 5, 0}},
	{"T0506:0000000000000000;07:10e6bf63e87f0000;10:f0eb400000000000;thread:pa1.a1;core:1;",
	 true,
	 {RSP_STOP_SIGNAL, true, {0xa1, 0xa1}, 5, 0}},
	{"T0bthread:2f;", true, {RSP_STOP_SIGNAL, true, {0, 0x2f}, 11, 0}},
	{"S05", true, {RSP_STOP_SIGNAL, false, {0, 0}, 5, 0}},
	/* GDB's 30 is SIGUSR1, 143 no signal of ours */
	{"S1e", true, {RSP_STOP_SIGNAL, false, {0, 0}, SIGUSR1, 0}},
	{"S8f", true, {RSP_STOP_SIGNAL, false, {0, 0}, 0, 0}},
	{"W00", true, {RSP_STOP_EXITED, false, {0, 0}, 0, 0}},
	{"W0;process:138d", true, {RSP_STOP_EXITED, false, {0x138d, 0}, 0, 0}},
	{"Xb;process:1", true, {RSP_STOP_KILLED, false, {1, 0}, 11, 0}},
	{"W2a;process:1f", true, {RSP_STOP_EXITED, false, {0x1f, 0}, 0, 42}},
	{"X0b;process:1f", true, {RSP_STOP_KILLED, false, {0x1f, 0}, 11, 0}},
	/* pairs that mean nothing to us, or nothing at all */
	{"T05;;x;thread:;thread:zz;:;watch:1234", true, {RSP_STOP_SIGNAL, false, {0, 0}, 5, 0}},
	{"", false, {0}},
	{"T", false, {0}},
	{"T5", false, {0}},
	{"T0g", false, {0}},
	{"S055", false, {0}},
	{"OK", false, {0}},
	{"E01", false, {0}},
	{"0000", false, {0}},
};

START_TEST(stop_replies)
{
	struct rsp_stop stop = {.status = 99};
	bool ok = rsp_parse_stop(stops[_i].text, strlen(stops[_i].text), &stop);

	ck_assert_msg(ok == stops[_i].ok, "%s", stops[_i].text);
	if (!ok) {
		ck_assert_int_eq(stop.status, 99);
		return;
	}
	ck_assert_int_eq(stop.kind, stops[_i].stop.kind);
	ck_assert_int_eq(stop.have_thread, stops[_i].stop.have_thread);
	ck_assert_int_eq(stop.thread.pid, stops[_i].stop.thread.pid);
	ck_assert_int_eq(stop.thread.tid, stops[_i].stop.thread.tid);
	ck_assert_int_eq(stop.signal, stops[_i].stop.signal);
	ck_assert_int_eq(stop.status, stops[_i].stop.status);
}
END_TEST

START_TEST(thread_ids)
{
	struct rsp_thread thread;

	ck_assert_uint_eq(rsp_parse_thread("p1.-1;", 6, &thread), 5);
	ck_assert_int_eq(thread.tid, -1);
	ck_assert_uint_eq(rsp_parse_thread("p7", 2, &thread), 2);
	ck_assert_int_eq(thread.pid, 7);
	ck_assert_int_eq(thread.tid, -1);
	/* text behind the length is not looked at */
	ck_assert_uint_eq(rsp_parse_thread("123", 2, &thread), 2);
	ck_assert_int_eq(thread.tid, 0x12);
	ck_assert_uint_eq(rsp_parse_thread("p.1", 3, &thread), 0);
	ck_assert_uint_eq(rsp_parse_thread("p1.", 3, &thread), 0);
	ck_assert_uint_eq(rsp_parse_thread("", 0, &thread), 0);
	/* more digits than a number has end it */
	ck_assert_uint_eq(rsp_parse_thread("ffffffffffffffffffff", 20, &thread), 15);
}
END_TEST

/* GDB's numbers are from include/gdb/signals.def, the others from this system's headers. */
static const struct {
	unsigned gdb;
	int host;
} signals[] = {
	{1, SIGHUP},   {2, SIGINT},   {3, SIGQUIT},  {4, SIGILL},   {5, SIGTRAP},   {6, SIGABRT},    {8, SIGFPE},
	{9, SIGKILL},  {10, SIGBUS},  {11, SIGSEGV}, {12, SIGSYS},  {13, SIGPIPE},  {14, SIGALRM},   {15, SIGTERM},
	{16, SIGURG},  {17, SIGSTOP}, {18, SIGTSTP}, {19, SIGCONT}, {20, SIGCHLD},  {21, SIGTTIN},   {22, SIGTTOU},
	{23, SIGIO},   {24, SIGXCPU}, {25, SIGXFSZ}, {27, SIGPROF}, {28, SIGWINCH}, {26, SIGVTALRM}, {30, SIGUSR1},
	{31, SIGUSR2}, {32, SIGPWR},  {45, 33},      {75, 63},      {77, 32},       {78, 64},
};

START_TEST(signal_numbers)
{
	ck_assert_int_eq(rsp_signal_to_linux(signals[_i].gdb), signals[_i].host);
	ck_assert_uint_eq(rsp_signal_from_linux(signals[_i].host), signals[_i].gdb);
}
END_TEST

START_TEST(every_linux_signal_but_one_has_a_number)
{
	for (int host = 1; host <= 64; host++) {
		unsigned gdb = rsp_signal_from_linux(host);

		ck_assert_int_eq(gdb != 0, host != SIGSTKFLT);
		if (gdb)
			ck_assert_int_eq(rsp_signal_to_linux(gdb), host);
	}
	ck_assert_uint_eq(rsp_signal_from_linux(0), 0);
	ck_assert_uint_eq(rsp_signal_from_linux(-1), 0);
	ck_assert_uint_eq(rsp_signal_from_linux(65), 0);
	ck_assert_int_eq(rsp_signal_to_linux(7), 0);
	ck_assert_int_eq(rsp_signal_to_linux(143), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stop");
	TCase *tests = tcase_create("stop");

	tcase_add_loop_test(tests, stop_replies, 0, sizeof stops / sizeof stops[0]);
	tcase_add_test(tests, thread_ids);
	tcase_add_loop_test(tests, signal_numbers, 0, sizeof signals / sizeof signals[0]);
	tcase_add_test(tests, every_linux_signal_but_one_has_a_number);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
