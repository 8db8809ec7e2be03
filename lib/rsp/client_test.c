#include "lib/rsp/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/testing/assert.h"
#include "lib/testing/stub.h"

/* Long enough for a busy machine where the stub answers, short where it does not. */
enum { PATIENT_MS = 60000, HASTY_MS = 150 };

static struct stub *stub;
static struct rsp_client *client;

static void begin(const struct stub_line *script, unsigned timeout_ms)
{
	int fd;

	stub = stub_start(script, &fd);
	ck_no_error(rsp_client_adopt(fd, timeout_ms, &client));
}

/* Closes the connection; what the client sent must be this. NULL: anything. */
static void end(const char *sent)
{
	size_t len;

	rsp_client_destroy(client);
	const char *seen = stub_stop(stub, &len);
	if (sent)
		ck_assert_str_eq(seen, sent);
	stub_free(stub);
}

static void check_reply(const char *request, const char *expected)
{
	struct rsp_reply reply;

	ck_no_error(rsp_request(client, &reply, "%s", request));
	ck_assert_uint_eq(reply.len, strlen(expected));
	ck_assert_str_eq(reply.text, expected);
}

START_TEST(acks_go_with_the_next_request)
{
	static const struct stub_line script[] = {{"$a#61", STUB_REPLY, "one"},
						  {"+$b#62", STUB_REPLY, "two"},
						  {"+", STUB_CLOSE, NULL},
						  {0}};

	begin(script, PATIENT_MS);
	check_reply("a", "one");
	check_reply("b", "two");
	ck_no_error(rsp_flush(client));
	end("$a#61+$b#62+");
}
END_TEST

START_TEST(handshake_without_acks)
{
	static const struct stub_line script[] = {{"$qSupported", STUB_REPLY,
						   "PacketSize=1000;QStartNoAckMode+;multiprocess+;x=y"},
						  {"+$QStartNoAckMode#b0", STUB_REPLY, "OK"},
						  {"+$g#67", STUB_SEND, "$00#60"},
						  {"$g#67", STUB_SEND, "$01#61"},
						  {0}};

	begin(script, PATIENT_MS);
	ck_assert(!rsp_supports(client, "multiprocess"));
	ck_no_error(rsp_handshake(client));
	ck_assert(!rsp_acks(client));
	ck_assert(rsp_supports(client, "multiprocess"));
	ck_assert(!rsp_supports(client, "multi"));
	ck_assert(!rsp_supports(client, "x"));
	ck_assert_uint_eq(rsp_packet_size(client), 0x1000);
	check_reply("g", "00");
	check_reply("g", "01");
	end(NULL);
}
END_TEST

/* As a stub that offers what it does not have: its empty answer wants an ack like any other. */
START_TEST(handshake_refused)
{
	static const struct stub_line script[] = {{"$qSupported", STUB_REPLY, "PacketSize=400;QStartNoAckMode+"},
						  {"+$QStartNoAckMode#b0", STUB_REPLY, ""},
						  {"+$g#67", STUB_REPLY, "00"},
						  {0}};

	begin(script, PATIENT_MS);
	ck_no_error(rsp_handshake(client));
	ck_assert(rsp_acks(client));
	check_reply("g", "00");
	end(NULL);
}
END_TEST

START_TEST(handshake_of_an_old_stub)
{
	static const struct stub_line script[] = {{"$qSupported", STUB_REPLY, ""}, {0}};

	begin(script, PATIENT_MS);
	ck_no_error(rsp_handshake(client));
	ck_assert_uint_gt(rsp_packet_size(client), 100);
	ck_assert(!rsp_supports(client, "qXfer:features:read"));
	end(NULL);
}
END_TEST

START_TEST(handshake_with_an_absurd_packet_size)
{
	static const struct stub_line small[] = {{"$qSupported", STUB_REPLY, "PacketSize=8"}, {0}};
	static const struct stub_line negative[] = {{"$qSupported", STUB_REPLY, "PacketSize=-1;x+"}, {0}};
	static const struct stub_line large[] = {{"$qSupported", STUB_REPLY, "PacketSize=ffffffffffffffffff"}, {0}};

	begin(small, PATIENT_MS);
	ck_error(rsp_handshake(client), ERROR_PROTOCOL, "packets of 8 bytes");
	end(NULL);
	begin(negative, PATIENT_MS);
	ck_error(rsp_handshake(client), ERROR_PROTOCOL, "says PacketSize=-1;");
	end(NULL);
	begin(large, PATIENT_MS);
	ck_no_error(rsp_handshake(client));
	ck_assert_uint_le(rsp_packet_size(client), 1 << 20);
	end(NULL);
}
END_TEST

START_TEST(sends_again_when_asked_to)
{
	static const struct stub_line script[] = {{"$g#67", STUB_SEND, "-"},
						  {"$g#67", STUB_SEND, "-"},
						  {"$g#67", STUB_REPLY, "ok"},
						  {0}};

	begin(script, PATIENT_MS);
	check_reply("g", "ok");
	end("$g#67$g#67$g#67");
}
END_TEST

START_TEST(gives_up_sending_again)
{
	static const struct stub_line script[] = {{"", STUB_FLOOD, "-"}};

	begin(script, PATIENT_MS);
	struct rsp_reply reply;
	ck_error(rsp_request(client, &reply, "g"), ERROR_PROTOCOL, "rejects a packet: \"$g#67\"");
	end(NULL);
}
END_TEST

START_TEST(asks_again_for_a_damaged_reply)
{
	static const struct stub_line script[] = {{"$g#67", STUB_SEND, "+$0f0#00"},
						  {"-", STUB_SEND, "$0f0#c6"},
						  {"+", STUB_CLOSE, NULL},
						  {0}};

	begin(script, PATIENT_MS);
	check_reply("g", "0f0");
	ck_no_error(rsp_flush(client));
	end("$g#67-+");
}
END_TEST

START_TEST(passes_over_what_is_no_reply)
{
	static const struct stub_line script[] = {{"$s#73", STUB_SEND, "+%Stop:T05#99$O48690a#bb\x03$T05thread:1;#d7"},
						  {0}};
	struct rsp_stop stop;

	begin(script, PATIENT_MS);
	ck_no_error(rsp_resume(client, &stop, "s"));
	ck_assert_int_eq(stop.signal, 5);
	ck_assert_int_eq(stop.thread.tid, 1);
	end(NULL);
}
END_TEST

/* The guest's end is acknowledged at once: nothing else will be sent. */
START_TEST(acknowledges_the_end)
{
	static const struct stub_line script[] = {{"$c#63", STUB_REPLY, "W07"}, {"+", STUB_CLOSE, NULL}, {0}};
	struct rsp_stop stop;

	begin(script, PATIENT_MS);
	ck_no_error(rsp_resume(client, &stop, "c"));
	ck_assert_int_eq(stop.kind, RSP_STOP_EXITED);
	ck_assert_int_eq(stop.status, 7);
	end("$c#63+");
}
END_TEST

START_TEST(reads_an_object_in_pieces)
{
	static const struct stub_line script[] = {{"$qSupported", STUB_REPLY, "PacketSize=100;qXfer:auxv:read+"},
						  {"$qXfer:auxv:read::0,fc#", STUB_REPLY, "mabc}\x03"},
						  {"$qXfer:auxv:read::4,fc#", STUB_REPLY, "mde"},
						  {"$qXfer:auxv:read::6,fc#", STUB_REPLY, "lf"},
						  {0}};
	char *object;
	size_t len;

	begin(script, PATIENT_MS);
	ck_no_error(rsp_handshake(client));
	ck_no_error(rsp_read_object(client, "auxv", "", &object, &len));
	ck_assert_uint_eq(len, 7);
	ck_assert_str_eq(object, "abc#def");
	free(object);
	end(NULL);
}
END_TEST

/* Stubs that misbehave on a resume (an `s` packet): the error, and the words in it. */
static const struct {
	struct stub_line script[3];
	enum error_code code;
	const char *message;
} misbehaviours[] = {
	{{{"$s#73", STUB_CLOSE, NULL}}, ERROR_TARGET, "closed the connection"},
	{{{"$s#73", STUB_SEND, "+$T05thr"}, {"", STUB_CLOSE, NULL}}, ERROR_TARGET, "closed the connection"},
	{{{"$s#73", STUB_SEND, "+"}}, ERROR_TIMEOUT, "does not answer within"},
	{{{"$s#73", STUB_SEND, "+$T05thread:1;#"}}, ERROR_TIMEOUT, "does not answer"},
	{{{"$s#73", STUB_SEND, "no packet at all"}}, ERROR_TIMEOUT, "does not answer"},
	{{{"$s#73", STUB_FLOOD, "this is no packet either "}}, ERROR_PROTOCOL, "no packets"},
	{{{"$s#73", STUB_FLOOD, "+"}}, ERROR_TIMEOUT, "does not answer"},
	{{{"$s#73", STUB_FLOOD, "%Stop:T05#99"}}, ERROR_TIMEOUT, "does not answer"},
	{{{"$s#73", STUB_FLOOD, "$O48690a#bb"}}, ERROR_TIMEOUT, "does not answer"},
	{{{"$s#73", STUB_FLOOD, "$x#00"}}, ERROR_PROTOCOL, "damaged packet"},
	{{{"$s#73", STUB_SEND, "+$"}, {"", STUB_FLOOD, "0000000000000000"}}, ERROR_PROTOCOL, "packet of more than"},
	{{{"$s#73", STUB_SEND, "+$"}, {"", STUB_FLOOD, "0*~"}}, ERROR_PROTOCOL, "packet of more than"},
	{{{"$s#73", STUB_REPLY, ""}}, ERROR_PROTOCOL, "answered \"\""},
	{{{"$s#73", STUB_REPLY, "OK"}}, ERROR_PROTOCOL, "answered \"OK\""},
	{{{"$s#73", STUB_REPLY, "E01"}}, ERROR_PROTOCOL, "answered \"E01\""},
	{{{"$s#73", STUB_REPLY, "T0"}}, ERROR_PROTOCOL, "answered \"T0\""},
	{{{"$s#73", STUB_REPLY, "a\tpacket of which there is so much that nobody would want to see all of it"}},
	 ERROR_PROTOCOL,
	 "answered \"a.packet of which there is so much that nobody would want to...\""},
};

START_TEST(misbehaviour_is_an_error_in_time)
{
	struct rsp_stop stop;
	bool waits = misbehaviours[_i].code == ERROR_TIMEOUT;
	uint64_t before = clock_now();

	begin(misbehaviours[_i].script, waits ? HASTY_MS : PATIENT_MS);
	ck_error(rsp_resume(client, &stop, "s"), misbehaviours[_i].code, misbehaviours[_i].message);
	ck_assert_uint_lt(clock_now() - before, 10 * CLOCK_S);
	end(NULL);
}
END_TEST

static const struct {
	struct stub_line script[3];
	enum error_code code;
	const char *message;
} bad_objects[] = {
	{{{"$qXfer", STUB_REPLY, ""}}, ERROR_TARGET, "no object features"},
	{{{"$qXfer", STUB_REPLY, "m"}}, ERROR_PROTOCOL, "features: the GDB stub answered \"m\""},
	{{{"$qXfer", STUB_REPLY, "E00"}}, ERROR_PROTOCOL, "answered \"E00\""},
	{{{"$qXfer", STUB_FLOOD, "$mxxxx#4d"}}, ERROR_PROTOCOL, "sends, and reads nothing"},
};

START_TEST(bad_objects_are_errors)
{
	char *object;
	size_t len;

	begin(bad_objects[_i].script, PATIENT_MS);
	ck_error(rsp_read_object(client, "features", "target.xml", &object, &len), bad_objects[_i].code,
		 bad_objects[_i].message);
	end(NULL);
}
END_TEST

/* A stub that answers nothing before it has everything, and answers more than the sockets hold. */
START_TEST(queued_units_do_not_deadlock)
{
	enum { UNITS = 400, UNIT_LEN = 2000, REPLY_LEN = 3000 };
	int fds[2];
	char unit[UNIT_LEN], reply[REPLY_LEN + 5];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_no_error(rsp_client_adopt(fds[0], PATIENT_MS, &client));
	memset(unit, '+', sizeof unit);
	memset(reply, '0', sizeof reply);
	reply[0] = '$';
	snprintf(reply + 1 + REPLY_LEN, 4, "#%02x", (unsigned)('0' * REPLY_LEN) & 255);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(fds[0]);
		for (unsigned i = 0; i < UNITS; i++)
			for (size_t done = 0; done < UNIT_LEN;) {
				ssize_t n = read(fds[1], unit, UNIT_LEN - done);

				if (n <= 0 || (!done && write(fds[1], reply, REPLY_LEN + 4) != REPLY_LEN + 4))
					_exit(1);
				done += (size_t)n;
			}
		_exit(0);
	}
	close(fds[1]);
	for (unsigned i = 0; i < UNITS; i++)
		ck_no_error(rsp_queue(client, unit, sizeof unit, 1));
	ck_no_error(rsp_flush(client));
	for (unsigned i = 0; i < UNITS; i++) {
		struct rsp_reply got;

		ck_no_error(rsp_receive(client, &got));
		ck_assert_uint_eq(got.len, REPLY_LEN);
	}
	rsp_client_destroy(client);
}
END_TEST

/* One write of up to RSP_WHOLE_WRITE bytes must never be read in part: what sending ahead rests on. */
START_TEST(the_kernel_does_not_part_a_write)
{
	enum { WRITES = 2000, BLOCK = 256 };
	static char bytes[RSP_WHOLE_WRITE];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(fds[0]);
		for (unsigned i = 0; i < WRITES; i++)
			if (write(fds[1], bytes, sizeof bytes) != sizeof bytes)
				_exit(1);
		_exit(0);
	}
	close(fds[1]);
	for (size_t done = 0; done < WRITES * sizeof bytes; done += BLOCK)
		ck_assert_int_eq(read(fds[0], bytes, BLOCK), BLOCK);
	close(fds[0]);
}
END_TEST

START_TEST(connects)
{
	char directory[] = "/tmp/validate-test-XXXXXX", address[64];
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(name.sun_path, sizeof name.sun_path, "%s/s", directory);
	snprintf(address, sizeof address, "unix:%s/s", directory);
	ck_error(rsp_client_connect(address, PATIENT_MS, &client), ERROR_OS, "No such file");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
	ck_error(rsp_client_connect(address, PATIENT_MS, &client), ERROR_OS, "refused");
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_no_error(rsp_client_connect(address, PATIENT_MS, &client));
	ck_assert(rsp_is_unix(client));
	rsp_client_destroy(client);
	close(fd);
	unlink(name.sun_path);
	rmdir(directory);
}
END_TEST

static const struct {
	const char *address;
	enum error_code code;
	const char *message;
} addresses[] = {
	{"nowhere", ERROR_USAGE, "no address of a GDB stub: \"nowhere\""},
	{"host:", ERROR_USAGE, "HOST:PORT or unix:PATH"},
	{":", ERROR_USAGE, "HOST:PORT"},
	{"127.0.0.1:1", ERROR_OS, "127.0.0.1:1"},
	{"[::1]:1", ERROR_OS, "[::1]:1"},
	{"127.0.0.1:no-such-port", ERROR_TARGET, "no-such-port"},
};

START_TEST(unusable_addresses)
{
	ck_error(rsp_client_connect(addresses[_i].address, PATIENT_MS, &client), addresses[_i].code,
		 addresses[_i].message);
}
END_TEST

/* Whether a name server says so at once or nobody answers: the deadline holds. */
START_TEST(looks_a_name_up_in_time)
{
	uint64_t start = clock_now();
	struct error *err = rsp_client_connect("no-such-host.invalid:1", HASTY_MS, &client);

	ck_assert_msg(error_is(err, ERROR_TARGET) || error_is(err, ERROR_TIMEOUT), "%s", err ? err->message : "found");
	ck_contains(err->message, "no-such-host.invalid:1");
	ck_assert_uint_lt(clock_now() - start, 60 * CLOCK_S);
	error_destroy(err);
}
END_TEST

/* "W00" comes in two parts, behind console output, and is looked for without waiting. */
START_TEST(a_stop_is_looked_for)
{
	static const char text[] = "+$O41#b4$W00#b7";
	int fds[2], beside[2];
	struct rsp_stop stop;
	bool come = true, other = true;
	char sent[64] = {0};

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(pipe(beside), 0);
	ck_no_error(rsp_client_adopt(fds[0], PATIENT_MS, &client));
	ck_no_error(rsp_start(client, "vCont;%c", 'c'));
	ck_no_error(rsp_look_for_stop(client, &stop, &come));
	ck_assert(!come);
	ck_assert_int_eq(write(beside[1], "x", 1), 1);
	ck_no_error(rsp_wait_beside(client, beside[0], &other));
	ck_assert(other);
	ck_assert_int_eq(write(fds[1], text, sizeof text - 4), sizeof text - 4);
	ck_no_error(rsp_wait_beside(client, beside[0], &other));
	ck_assert(!other);
	ck_no_error(rsp_look_for_stop(client, &stop, &come));
	ck_assert(!come);
	ck_assert_int_eq(write(fds[1], text + sizeof text - 4, 3), 3);
	ck_no_error(rsp_wait_beside(client, -1, &other));
	ck_assert(!other);
	ck_no_error(rsp_look_for_stop(client, &stop, &come));
	ck_assert(come);
	ck_assert_int_eq(stop.kind, RSP_STOP_EXITED);
	ck_assert_int_gt(read(fds[1], sent, sizeof sent - 1), 0);
	ck_assert_str_eq(sent, "$vCont;c#a8++");
	close(fds[1]);
	ck_error(rsp_look_for_stop(client, &stop, &come), ERROR_TARGET, "closed the connection");
	rsp_client_destroy(client);
	close(beside[0]);
	close(beside[1]);
}
END_TEST

START_TEST(a_wait_beside_is_given_up)
{
	int fds[2];
	bool other;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_no_error(rsp_client_adopt(fds[0], HASTY_MS, &client));
	ck_error(rsp_wait_beside(client, -1, &other), ERROR_TIMEOUT, "does not answer");
	rsp_client_destroy(client);
	close(fds[1]);
}
END_TEST

struct drained {
	int fd;
	unsigned calls, bytes;
};

static bool drain(void *ctx)
{
	struct drained *d = ctx;
	char bytes[4];
	ssize_t n = read(d->fd, bytes, sizeof bytes);

	d->calls++;
	d->bytes += n > 0 ? (unsigned)n : 0;
	return n > 0;
}

/* Of a stub that never answers. At the end of the pipe nothing more is asked. */
START_TEST(a_pipe_is_drained_while_a_reply_is_waited_for)
{
	int fds[2], beside[2];
	struct drained d = {0};
	struct rsp_reply reply;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(pipe(beside), 0);
	ck_assert_int_eq(write(beside[1], "0123456789", 10), 10);
	close(beside[1]);
	d.fd = beside[0];
	ck_no_error(rsp_client_adopt(fds[0], HASTY_MS, &client));
	rsp_drain_beside(client, beside[0], drain, &d);
	ck_error(rsp_request(client, &reply, "g"), ERROR_TIMEOUT, "does not answer");
	ck_assert_uint_eq(d.bytes, 10);
	ck_assert_uint_eq(d.calls, 4);
	rsp_client_destroy(client);
	close(fds[1]);
	close(beside[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client");
	TCase *tests = tcase_create("client");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, acks_go_with_the_next_request);
	tcase_add_test(tests, handshake_without_acks);
	tcase_add_test(tests, handshake_refused);
	tcase_add_test(tests, handshake_of_an_old_stub);
	tcase_add_test(tests, handshake_with_an_absurd_packet_size);
	tcase_add_test(tests, sends_again_when_asked_to);
	tcase_add_test(tests, gives_up_sending_again);
	tcase_add_test(tests, asks_again_for_a_damaged_reply);
	tcase_add_test(tests, passes_over_what_is_no_reply);
	tcase_add_test(tests, acknowledges_the_end);
	tcase_add_test(tests, reads_an_object_in_pieces);
	tcase_add_loop_test(tests, misbehaviour_is_an_error_in_time, 0, sizeof misbehaviours / sizeof misbehaviours[0]);
	tcase_add_loop_test(tests, bad_objects_are_errors, 0, sizeof bad_objects / sizeof bad_objects[0]);
	tcase_add_test(tests, queued_units_do_not_deadlock);
	tcase_add_test(tests, the_kernel_does_not_part_a_write);
	tcase_add_test(tests, a_stop_is_looked_for);
	tcase_add_test(tests, a_wait_beside_is_given_up);
	tcase_add_test(tests, a_pipe_is_drained_while_a_reply_is_waited_for);
	tcase_add_test(tests, connects);
	tcase_add_test(tests, looks_a_name_up_in_time);
	tcase_add_loop_test(tests, unusable_addresses, 0, sizeof addresses / sizeof addresses[0]);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
