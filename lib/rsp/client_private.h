/* What the files of the client share: client.c, object.c. */
#ifndef LIB_RSP_CLIENT_PRIVATE_H
#define LIB_RSP_CLIENT_PRIVATE_H

#include "lib/base/strbuf.h"
#include "lib/base/vec.h"
#include "lib/rsp/client.h"
#include "lib/rsp/packet.h"

struct rsp_client {
	int fd;
	bool is_unix, acks;
	uint64_t timeout_ns;
	const volatile sig_atomic_t *interrupted; /* or NULL */
	size_t packet_size;
	char *features; /* the reply to qSupported, or NULL */

	struct rsp_parser parser;
	uint8_t *in; /* IN_SIZE bytes: received and not yet parsed from in_at to in_len */
	size_t in_at, in_len;

	struct strbuf out; /* to be sent from out_at on */
	size_t out_at;
	VEC(size_t) unit_ends; /* in out */
	size_t unit_at;        /* the first that is not sent */

	struct strbuf request; /* the last one, framed, for sending again */
	unsigned tries;        /* of the request or its reply */
	size_t prepaid;        /* replies to come whose acks went out ahead */

	int drained_fd; /* watched beside the connection; -1: none */
	bool (*drain)(void *ctx);
	void *drain_ctx;
};

#endif
