/*
 * The framing of packets: whatever comes, all of it is taken, and what comes in pieces means the same as in one. Stop
 * replies are parsed from the payloads. fuzz-runs: 20000
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rsp/packet.h"
#include "lib/rsp/stop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_PAYLOAD = 256 };

static void expect(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void add(struct strbuf *events, const struct rsp_event *event)
{
	struct rsp_stop stop;

	if (event->kind == RSP_NOTHING)
		return;
	strbuf_printf(events, "%d:", (int)event->kind);
	if (event->kind != RSP_PACKET && event->kind != RSP_NOTIFICATION)
		return;
	expect(event->len <= MAX_PAYLOAD, "a payload above the limit");
	expect(event->payload[event->len] == '\0', "no NUL behind the payload");
	strbuf_append_bytes(events, event->payload, event->len);
	if (rsp_parse_stop((const char *)event->payload, event->len, &stop))
		strbuf_printf(events, "(%d %d)", (int)stop.kind, stop.signal);
}

/* The events of a stream that comes in pieces of len bytes, or up to where it is of no more use. */
static void parse(const uint8_t *data, size_t size, size_t piece, struct strbuf *events)
{
	struct rsp_parser parser;
	struct rsp_event event = {0};

	if (rsp_parser_init(&parser, MAX_PAYLOAD))
		abort();
	for (size_t at = 0; at < size && event.kind != RSP_TOO_LONG;) {
		size_t len = size - at < piece ? size - at : piece;
		size_t taken = rsp_parser_feed(&parser, data + at, len, &event);
		expect(taken > 0 && taken <= len, "no byte was taken, or too many");
		expect(event.kind != RSP_NOTHING || taken == len, "nothing complete, but bytes are left");
		add(events, &event);
		at += taken;
	}
	rsp_parser_deinit(&parser);
}

/* What is framed is read back. */
static void round_trip(const uint8_t *data, size_t size)
{
	struct strbuf packet = {0};
	struct rsp_parser parser;
	struct rsp_event event;

	rsp_encode(&packet, data, size);
	if (strbuf_failed(&packet) || rsp_parser_init(&parser, size + 1))
		abort();
	size_t taken = rsp_parser_feed(&parser, (const uint8_t *)packet.at, packet.len, &event);
	expect(taken == packet.len && event.kind == RSP_PACKET, "what was encoded is no packet");
	expect(event.len == size && (!size || !memcmp(event.payload, data, size)),
	       "what was encoded comes back otherwise");
	rsp_parser_deinit(&parser);
	strbuf_deinit(&packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 2, 7};
	struct strbuf whole = {0}, parts = {0};

	parse(data, size, size, &whole);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		strbuf_clear(&parts);
		parse(data, size, pieces[i], &parts);
		expect(parts.len == whole.len && !memcmp(strbuf_text(&parts), strbuf_text(&whole), whole.len),
		       "a stream means something else in pieces");
	}
	round_trip(data, size);
	strbuf_deinit(&whole);
	strbuf_deinit(&parts);
	return 0;
}
