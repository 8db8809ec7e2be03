#include "lib/rsp/packet.h"

#include <stdio.h>

#include "lib/testing/assert.h"

enum { MAX_PAYLOAD = 64 };

/* What a stream is parsed to, as text: one line an event. */
static void describe(const struct rsp_event *event, struct strbuf *to)
{
	static const char *const names[] = {
		[RSP_PACKET] = "packet",     [RSP_NOTIFICATION] = "notification", [RSP_ACK] = "ack",
		[RSP_NACK] = "nack",         [RSP_INTERRUPT] = "interrupt",       [RSP_DAMAGED] = "damaged",
		[RSP_TOO_LONG] = "too long",
	};

	strbuf_append(to, names[event->kind]);
	if (event->kind == RSP_PACKET || event->kind == RSP_NOTIFICATION) {
		strbuf_append_char(to, ' ');
		strbuf_append_bytes(to, event->payload, event->len);
		ck_assert_uint_eq(event->payload[event->len], 0);
	}
	strbuf_append_char(to, '\n');
}

static void feed(struct rsp_parser *p, const char *bytes, size_t len, struct strbuf *to)
{
	while (len) {
		struct rsp_event event;
		size_t taken = rsp_parser_feed(p, (const uint8_t *)bytes, len, &event);

		ck_assert_uint_gt(taken, 0);
		ck_assert_uint_le(taken, len);
		if (event.kind == RSP_NOTHING)
			ck_assert_uint_eq(taken, len);
		else
			describe(&event, to);
		bytes += taken;
		len -= taken;
	}
}

/* Parses the stream whole, at every split into two reads, and byte by byte. */
static void check_stream(const char *stream, const char *expected)
{
	size_t len = strlen(stream);

	for (size_t split = 0; split <= len; split++) {
		struct rsp_parser p;
		struct strbuf seen = {0};

		ck_no_error(rsp_parser_init(&p, MAX_PAYLOAD));
		feed(&p, stream, split, &seen);
		feed(&p, stream + split, len - split, &seen);
		ck_assert_msg(!strcmp(strbuf_text(&seen), expected), "split at %zu: \"%s\", expected \"%s\"", split,
			      strbuf_text(&seen), expected);
		strbuf_clear(&seen);
		for (size_t i = 0; i < len; i++)
			feed(&p, stream + i, 1, &seen);
		ck_assert_str_eq(strbuf_text(&seen), expected);
		strbuf_deinit(&seen);
		rsp_parser_deinit(&p);
	}
}

static const struct {
	const char *stream, *events;
} streams[] = {
	{"$OK#9a", "packet OK\n"},
	{"$#00", "packet \n"},
	{"+$OK#9a", "ack\npacket OK\n"},
	{"$OK#9A", "packet OK\n"},
	/* several packets in one read, acks between them */
	{"+$T05thread:p01.1a24;#9d+$g#67$#00-", "ack\npacket T05thread:p01.1a24;\nack\npacket g\npacket \nnack\n"},
	{"$a#61$b#62$c#63", "packet a\npacket b\npacket c\n"},
	{"%Stop:T05#99$OK#9a", "notification Stop:T05\npacket OK\n"},
	{"\x03$OK#9a", "interrupt\npacket OK\n"},
	/* escapes: } and the byte XOR 0x20 */
	{"$}\x03#80", "packet #\n"},
	{"$a}]b#9d", "packet a}b\n"},
	{"$}\n}\x04#08", "packet *$\n"},
	/* run lengths: "0* " is four zeros, "0*\"" six */
	{"$0* #7a", "packet 0000\n"},
	{"$x0*\"y#6d", "packet x000000y\n"},
	{"$0* 1*!#f6", "packet 000011111\n"},
	/* a stub that starts over */
	{"$abc$OK#9a", "packet OK\n"},
	/* junk between packets */
	{"hello$OK#9a\r\n$OK#9a", "packet OK\npacket OK\n"},
	/* damage */
	{"$OK#9b$OK#9a", "damaged\npacket OK\n"},
	{"$OK#zz$OK#9a", "damaged\npacket OK\n"},
	{"$* #4a$OK#9a", "damaged\npacket OK\n"},
	{"$0*\x1f#79$OK#9a", "damaged\npacket OK\n"},
};

START_TEST(every_stream_at_every_split)
{
	check_stream(streams[_i].stream, streams[_i].events);
}
END_TEST

START_TEST(payloads_are_bounded)
{
	struct rsp_parser p;
	struct strbuf seen = {0};
	char stream[MAX_PAYLOAD + 32];

	/* exactly the limit, and one more */
	for (unsigned extra = 0; extra < 2; extra++) {
		int n = snprintf(stream, sizeof stream, "$%0*d#", (int)(MAX_PAYLOAD + extra), 0);

		snprintf(stream + n, sizeof stream - (size_t)n, "%02x$OK#9a", (MAX_PAYLOAD + extra) * '0' & 255);
		ck_no_error(rsp_parser_init(&p, MAX_PAYLOAD));
		strbuf_clear(&seen);
		feed(&p, stream, strlen(stream), &seen);
		if (extra)
			ck_assert_str_eq(strbuf_text(&seen), "too long\npacket OK\n");
		else
			ck_contains(strbuf_text(&seen), "packet 0000");
		rsp_parser_deinit(&p);
	}
	/* a few bytes of run lengths */
	ck_no_error(rsp_parser_init(&p, MAX_PAYLOAD));
	strbuf_clear(&seen);
	feed(&p, "$0*~0*~0*~", 10, &seen);
	ck_assert_str_eq(strbuf_text(&seen), "too long\n");
	rsp_parser_deinit(&p);
	strbuf_deinit(&seen);
}
END_TEST

START_TEST(junk_is_counted)
{
	struct rsp_parser p;
	struct rsp_event event;

	ck_no_error(rsp_parser_init(&p, MAX_PAYLOAD));
	rsp_parser_feed(&p, (const uint8_t *)"hello", 5, &event);
	ck_assert_int_eq(event.kind, RSP_NOTHING);
	ck_assert_uint_eq(p.junk, 5);
	rsp_parser_feed(&p, (const uint8_t *)"$#00", 4, &event);
	ck_assert_uint_eq(p.junk, 0);
	rsp_parser_deinit(&p);
}
END_TEST

static const struct {
	const char *payload, *packet;
} encodings[] = {
	{"", "$#00"}, {"g", "$g#67"}, {"vCont;s", "$vCont;s#b8"}, {"a#b", "$a}\003b#43"}, {"$}*", "$}\004}]}\n#e2"},
};

START_TEST(encodes)
{
	struct strbuf packet = {0};

	rsp_encode(&packet, encodings[_i].payload, strlen(encodings[_i].payload));
	ck_assert_str_eq(strbuf_text(&packet), encodings[_i].packet);
	strbuf_deinit(&packet);
}
END_TEST

START_TEST(all_bytes_come_back)
{
	struct strbuf packet = {0};
	struct rsp_parser p;
	struct rsp_event event;
	uint8_t bytes[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	rsp_encode(&packet, bytes, sizeof bytes);
	ck_no_error(rsp_parser_init(&p, sizeof bytes));
	ck_assert_uint_eq(rsp_parser_feed(&p, (const uint8_t *)packet.at, packet.len, &event), packet.len);
	ck_assert_int_eq(event.kind, RSP_PACKET);
	ck_assert_uint_eq(event.len, sizeof bytes);
	ck_bytes(event.payload, bytes, sizeof bytes);
	rsp_parser_deinit(&p);
	strbuf_deinit(&packet);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet");
	TCase *tests = tcase_create("packet");

	tcase_add_loop_test(tests, every_stream_at_every_split, 0, sizeof streams / sizeof streams[0]);
	tcase_add_test(tests, payloads_are_bounded);
	tcase_add_test(tests, junk_is_counted);
	tcase_add_loop_test(tests, encodes, 0, sizeof encodings / sizeof encodings[0]);
	tcase_add_test(tests, all_bytes_come_back);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
