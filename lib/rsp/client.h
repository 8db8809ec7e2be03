/*
 * The client's end of a GDB remote connection: requests and replies with acks, retransmission and deadlines.
 *
 * Every call ends within the time limit given at the start of the connection, whatever the stub does (but see
 * rsp_client_be_patient()). A stub that
 * stalls is ERROR_TIMEOUT, one that closes the connection ERROR_TARGET, one that says what it must not ERROR_PROTOCOL
 * with the packet quoted. After an error only rsp_client_destroy() is useful.
 *
 * A reply is acknowledged together with the next request, or by rsp_flush(): QEMU's stub sleeps until it has the ack,
 * and a
 * '+' on its own would cost it a wake-up of its own.
 */
#ifndef LIB_RSP_CLIENT_H
#define LIB_RSP_CLIENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/rsp/stop.h"
#include "lib/rsp/tdesc.h"

struct rsp_client;

/* A reply: bytes that the client owns, with a NUL behind them, valid until the next call on it. */
struct rsp_reply {
	const char *text;
	size_t len;
};

/*
 * Connects to "unix:PATH" or "HOST:PORT" ("[HOST]:PORT" where HOST has colons). timeout_ms limits this call, the
 * look-up of a host's name included, and every later one. A listener that is not there yet is ERROR_OS; trying again is
 * the caller's.
 */
struct error *rsp_client_connect(const char *address, unsigned timeout_ms, struct rsp_client **ret);

/* As above over a connected stream socket, which belongs to the client from here on, even on failure. */
struct error *rsp_client_adopt(int fd, unsigned timeout_ms, struct rsp_client **ret);

/*
 * From now on calls wait as long as it takes: the guest may be waiting for somebody, too. *interrupted, set by a signal
 * handler, makes a wait end with ERROR_INTERRUPTED; NULL: nothing does.
 */
void rsp_client_be_patient(struct rsp_client *c, const volatile sig_atomic_t *interrupted);

/* NULL is fine. */
void rsp_client_destroy(struct rsp_client *c);

/* True for a Unix socket, where one write of up to RSP_WHOLE_WRITE bytes arrives as a whole. */
bool rsp_is_unix(const struct rsp_client *c);

/* qSupported and QStartNoAckMode: what the stub can do, and the packet size. The first thing to be sent. */
struct error *rsp_handshake(struct rsp_client *c);

/* Is "NAME+" among what the stub said it supports? Before the handshake nothing is. */
bool rsp_supports(const struct rsp_client *c, const char *name);

/* The process that listened on the Unix socket (unix(7), SO_PEERCRED); 0: it is none, or not on this machine. */
pid_t rsp_peer(const struct rsp_client *c);

/* The largest payload that the stub takes, bytes. */
size_t rsp_packet_size(const struct rsp_client *c);

/* True while the stub wants its replies acknowledged. */
bool rsp_acks(const struct rsp_client *c);

/* Sends a request and waits for its reply. */
struct error *rsp_request(struct rsp_client *c, struct rsp_reply *ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with any bytes. */
struct error *rsp_request_bytes(struct rsp_client *c, const void *bytes, size_t len, struct rsp_reply *ret);

/* Sends a request that resumes the guest, and waits for the stop reply; console output on the way is dropped. */
struct error *rsp_resume(struct rsp_client *c, struct rsp_stop *ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same in parts, for who has more to wait for than this: sends the request, and looks, without waiting, whether the
 * stop reply has come. Nothing else may be asked in between.
 */
struct error *rsp_start(struct rsp_client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct error *rsp_look_for_stop(struct rsp_client *c, struct rsp_stop *ret, bool *ret_come);

/*
 * Waits until fd or the connection has something to be read, or is at its end. ret_fd: it is fd that has. The
 * connection is heard at once, fd up to some 0.1 ms later, when more has come: it is for a stream.
 */
struct error *rsp_wait_beside(struct rsp_client *c, int fd, bool *ret_fd);

/*
 * From now on every wait also watches fd, a pipe that the stub's process writes to and may wait at: as soon as there is
 * something to be read, drain is called, which takes it without waiting, and says whether the pipe may have more later.
 * fd -1: no longer.
 */
void rsp_drain_beside(struct rsp_client *c, int fd, bool (*drain)(void *ctx), void *ctx);

/* Reads a whole object by qXfer:OBJECT:read:ANNEX. *ret comes from malloc(), with a NUL behind its *ret_len bytes. */
struct error *rsp_read_object(struct rsp_client *c, const char *object, const char *annex, char **ret, size_t *ret_len);

/* Reads the target description. ERROR_TARGET if the stub has none. */
struct error *rsp_read_tdesc(struct rsp_client *c, struct tdesc *ret);

/* One send() on a Unix socket of up to this many bytes is queued as a whole or not at all (net/unix/af_unix.c). */
enum { RSP_WHOLE_WRITE = 32768 };

/*
 * Sending ahead: a unit of framed packets together with the acks of the num_replies replies to them, which the client
 * therefore does not acknowledge when they come. Units are only queued here; rsp_flush() and every wait send them, in
 * as few writes as RSP_WHOLE_WRITE allows, never parting a unit. Acks that are due go in front of the first.
 */
struct error *rsp_queue(struct rsp_client *c, const void *unit, size_t len, size_t num_replies);

/* Waits for the next packet. */
struct error *rsp_receive(struct rsp_client *c, struct rsp_reply *ret);

/* Sends what is queued as far as the socket takes it now. */
struct error *rsp_flush(struct rsp_client *c);

/* Asks the stub to end the guest, which has no answer. What is to be done with the client then is to destroy it. */
void rsp_kill(struct rsp_client *c);

/*
 * Asks the stub to let the guest go on without us, after all that it was asked before, and gives it up to a second to
 * hear that. What is to be done with the client then is to destroy it.
 */
void rsp_detach(struct rsp_client *c);

/* "Exx" or "E.text" */
bool rsp_is_error(const struct rsp_reply *reply);
/* "OK" */
bool rsp_is_ok(const struct rsp_reply *reply);

/* ERROR_PROTOCOL: WHAT: the stub answered "...", cut to a readable length. */
struct error *rsp_unexpected(const struct rsp_reply *reply, const char *what);

#endif
