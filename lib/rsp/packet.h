/*
 * Framing of the GDB remote serial protocol: bytes in, packets out, and back. Pure: no I/O, no clock.
 *
 * "Overview" and "Notification Packets" in the GDB manual, appendix E: $payload#cs, %payload#cs, acks + and -, the
 * interrupt byte 0x03; in a payload } escapes (the next byte is XORed with 0x20), and X*n repeats X n - 29 times more.
 */
#ifndef LIB_RSP_PACKET_H
#define LIB_RSP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"

enum rsp_event_kind {
	RSP_NOTHING,      /* all bytes were taken, and nothing is complete yet */
	RSP_PACKET,       /* payload */
	RSP_NOTIFICATION, /* payload */
	RSP_ACK,
	RSP_NACK,
	RSP_INTERRUPT,
	RSP_DAMAGED,  /* a packet with a wrong checksum or a malformed one; it should be asked for again */
	RSP_TOO_LONG, /* a payload above the limit: the stream is of no more use */
};

struct rsp_event {
	enum rsp_event_kind kind;
	const uint8_t *payload; /* decoded, with a NUL behind it; valid until the next call */
	size_t len;
};

struct rsp_parser {
	uint8_t *payload; /* max_payload + 1 bytes, owned */
	size_t len, max_payload;
	uint64_t junk; /* bytes outside of packets that mean nothing, since the last event */
	uint8_t state, sum, wanted;
	bool notification, damaged;
};

/* Payloads of up to max_payload bytes after decoding; memory does not grow later. */
struct error *rsp_parser_init(struct rsp_parser *p, size_t max_payload);
void rsp_parser_deinit(struct rsp_parser *p);

/* Takes bytes until one event is complete, or all of them; returns how many were taken. */
size_t rsp_parser_feed(struct rsp_parser *p, const uint8_t *bytes, size_t len, struct rsp_event *ret);

/* Appends a complete packet with these contents, escaped where needed. */
void rsp_encode(struct strbuf *to, const void *payload, size_t len);

#endif
