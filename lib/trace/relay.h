/*
 * Hands items from a caller to a thread that works on them, so that whoever steps a guest does not wait for what is
 * done with its steps. Items are made in blocks of memory; a block that is full goes over as a whole. Memory is that of
 * the blocks: a caller that is faster than the thread waits for it. Private to lib/trace.
 */
#ifndef LIB_TRACE_RELAY_H
#define LIB_TRACE_RELAY_H

#include <stddef.h>

#include "lib/base/error.h"

struct relay;

/* What len bytes take in a block: all is aligned to 8 bytes. */
static inline size_t relay_room(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* Called in the thread for each item in order, until it fails. */
typedef struct error *relay_take(void *arg, unsigned kind, void *item, size_t len);

/* Starts the thread. */
struct error *relay_create(relay_take *take, void *arg, struct relay **ret);

/* A new item of len bytes, to be filled before the next call. Fails, once, with what take() failed with. */
struct error *relay_item(struct relay *r, unsigned kind, size_t len, void **ret);

/* Waits until the thread has taken all, ends it and frees r. NULL is fine. The error that has not been told yet. */
struct error *relay_finish(struct relay *r);

#endif
