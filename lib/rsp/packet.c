#include "lib/rsp/packet.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"

enum { STATE_IDLE, STATE_BODY, STATE_ESCAPE, STATE_REPEAT, STATE_SUM_HIGH, STATE_SUM_LOW };

enum { REPEAT_BASE = 29, REPEAT_FIRST = 32, REPEAT_LAST = 126 };

struct error *rsp_parser_init(struct rsp_parser *p, size_t max_payload)
{
	*p = (struct rsp_parser){.max_payload = max_payload};
	p->payload = malloc(max_payload + 1);
	return p->payload ? NULL : &error_no_memory;
}

void rsp_parser_deinit(struct rsp_parser *p)
{
	free(p->payload);
	p->payload = NULL;
}

static void begin(struct rsp_parser *p, bool notification)
{
	p->state = STATE_BODY;
	p->notification = notification;
	p->damaged = false;
	p->len = 0;
	p->sum = 0;
}

static void finish(struct rsp_parser *p, enum rsp_event_kind kind, struct rsp_event *ret)
{
	p->state = STATE_IDLE;
	p->junk = 0;
	*ret = (struct rsp_event){.kind = kind};
	if (kind == RSP_PACKET || kind == RSP_NOTIFICATION) {
		p->payload[p->len] = '\0';
		ret->payload = p->payload;
		ret->len = p->len;
	}
}

/* A byte outside of packets. */
static void take_idle(struct rsp_parser *p, uint8_t c, struct rsp_event *ret)
{
	switch (c) {
	case '$': begin(p, false); break;
	case '%': begin(p, true); break;
	case '+': finish(p, RSP_ACK, ret); break;
	case '-': finish(p, RSP_NACK, ret); break;
	case 0x03: finish(p, RSP_INTERRUPT, ret); break;
	default: p->junk++;
	}
}

static bool put(struct rsp_parser *p, uint8_t c, size_t times)
{
	if (times > p->max_payload - p->len)
		return false;
	memset(p->payload + p->len, c, times);
	p->len += times;
	return true;
}

/* A byte after X*: how often X comes once more. */
static bool take_repeat(struct rsp_parser *p, uint8_t c)
{
	p->state = STATE_BODY;
	if (c < REPEAT_FIRST || c > REPEAT_LAST || !p->len) {
		p->damaged = true;
		return true;
	}
	return put(p, p->payload[p->len - 1], c - REPEAT_BASE);
}

static void take_sum(struct rsp_parser *p, uint8_t c, struct rsp_event *ret)
{
	int digit = codec_hex_digit((char)c);

	if (digit < 0) {
		p->damaged = true;
		digit = 0;
	}
	if (p->state == STATE_SUM_HIGH) {
		p->wanted = (uint8_t)(digit << 4);
		p->state = STATE_SUM_LOW;
		return;
	}
	if (p->damaged || (p->wanted | digit) != p->sum)
		finish(p, RSP_DAMAGED, ret);
	else
		finish(p, p->notification ? RSP_NOTIFICATION : RSP_PACKET, ret);
}

/* A byte of a payload that is not plain; false when the payload grows too long. */
static bool take_special(struct rsp_parser *p, uint8_t c)
{
	switch (c) {
	case '#': p->state = STATE_SUM_HIGH; return true;
	case '$': begin(p, false); return true; /* the stub started over, as GDB itself assumes */
	case '}': p->state = STATE_ESCAPE; break;
	default: p->state = STATE_REPEAT;
	}
	p->sum += c;
	return true;
}

static bool is_special(uint8_t c)
{
	return c == '#' || c == '$' || c == '}' || c == '*';
}

/* The plain bytes of a payload at one go: nearly all bytes that ever arrive. */
static size_t take_plain(struct rsp_parser *p, const uint8_t *bytes, size_t len)
{
	size_t room = p->max_payload - p->len, n = 0;
	uint8_t sum = p->sum;

	if (len > room)
		len = room;
	while (n < len && !is_special(bytes[n]))
		sum += bytes[n++];
	memcpy(p->payload + p->len, bytes, n);
	p->len += n;
	p->sum = sum;
	return n;
}

static bool take_body(struct rsp_parser *p, uint8_t c)
{
	if (p->state == STATE_BODY)
		return is_special(c) ? take_special(p, c) : false;
	p->sum += c;
	if (p->state == STATE_REPEAT)
		return take_repeat(p, c);
	p->state = STATE_BODY;
	return put(p, c ^ 0x20, 1);
}

size_t rsp_parser_feed(struct rsp_parser *p, const uint8_t *bytes, size_t len, struct rsp_event *ret)
{
	size_t taken = 0;

	ret->kind = RSP_NOTHING;
	while (taken < len && ret->kind == RSP_NOTHING) {
		if (p->state == STATE_BODY)
			taken += take_plain(p, bytes + taken, len - taken);
		if (taken == len)
			break;
		uint8_t c = bytes[taken++];
		if (p->state == STATE_IDLE)
			take_idle(p, c, ret);
		else if (p->state >= STATE_SUM_HIGH)
			take_sum(p, c, ret);
		else if (!take_body(p, c))
			finish(p, RSP_TOO_LONG, ret);
	}
	return taken;
}

void rsp_encode(struct strbuf *to, const void *payload, size_t len)
{
	const uint8_t *bytes = payload;
	uint8_t sum = 0;

	strbuf_append_char(to, '$');
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];

		if (is_special(c)) {
			strbuf_append_char(to, '}');
			sum += '}';
			c ^= 0x20;
		}
		strbuf_append_char(to, (char)c);
		sum += c;
	}
	strbuf_printf(to, "#%02x", sum);
}
