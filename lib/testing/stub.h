/*
 * A scripted GDB stub at the other end of a socket pair, in a thread: waits for what the client must send, then sends
 * what the script says, byte for byte.
 */
#ifndef LIB_TESTING_STUB_H
#define LIB_TESTING_STUB_H

#include <stddef.h>

enum stub_act {
	STUB_SEND,  /* text as it is */
	STUB_REPLY, /* text framed as a packet, behind a '+' */
	STUB_CLOSE, /* closes the connection */
	STUB_FLOOD, /* sends text again and again until the connection ends */
};

/* A line of the script. Behind the last, with expect NULL, the stub stalls: takes everything and says nothing. */
struct stub_line {
	const char *expect; /* waits until this has come; "": for nothing */
	enum stub_act act;
	const char *text;
};

struct stub;

/* The client's end of the connection is *ret_fd. A client that does not send what is expected is hung up on after a
 * minute.
 */
struct stub *stub_start(const struct stub_line *script, int *ret_fd);

/* Ends the thread, to be called once the client has closed its end; gives all that the client sent, until stub_free().
 */
const char *stub_stop(struct stub *s, size_t *ret_len);
void stub_free(struct stub *s);

#endif
