/*
 * Sending ahead to QEMU's stub: requests for many steps in one write, without waiting for any reply.
 *
 * In user mode the stub reads requests 256 bytes at a time (gdbstub.c, gdb_handlesig(): read(fd, buf, sizeof buf)),
 * and executes all packets of one read before it resumes the guest: a request behind `vCont;s` in the same read would
 * be answered before the step. After each reply it reads single bytes until it has its '+' (put_packet_binary()).
 * Between packets it passes over any number of '+'. So the stream is made of units:
 *
 *     256 bytes: requests, padding of '+', and at the very end the packet that resumes the guest, if there is one
 *     a '+' for each reply to these requests
 *
 * Pure: text in, units out.
 */
#ifndef LIB_RSP_AHEAD_H
#define LIB_RSP_AHEAD_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/vec.h"

enum { RSP_READ_SIZE = 256 };

struct rsp_unit {
	size_t end; /* in the stream's text; a unit starts where the one before it ends */
	size_t num_replies;
};

struct rsp_ahead {
	struct strbuf text;
	VEC(struct rsp_unit) units; /* complete ones */
	size_t start;               /* of the unit that is being filled */
	size_t num_requests;        /* in it */
};

/* Adds a framed packet of at most RSP_READ_SIZE bytes that does not resume the guest. */
struct error *rsp_ahead_request(struct rsp_ahead *a, const char *packet, size_t len);

/* Adds a framed packet that resumes the guest. */
struct error *rsp_ahead_resume(struct rsp_ahead *a, const char *packet, size_t len);

/* Completes the last unit. */
struct error *rsp_ahead_finish(struct rsp_ahead *a);

/* Empties the stream and keeps its memory. */
void rsp_ahead_clear(struct rsp_ahead *a);
void rsp_ahead_deinit(struct rsp_ahead *a);

#endif
