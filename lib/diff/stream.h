/*
 * One thread's steps of a trace, one after the other, and a look at what lies ahead. Private to lib/diff.
 *
 * A second decoder runs ahead; what it saw stays in a ring, so that it never goes back: all looking ahead costs no more
 * than one reading of the trace.
 */
#ifndef LIB_DIFF_STREAM_H
#define LIB_DIFF_STREAM_H

#include "lib/trace/trace.h"

/* What is remembered of a step ahead. */
struct stream_ahead {
	uint64_t pc, sp; /* sp 0: not known */
	uint64_t event;  /* index of the log's next event */
	uint64_t bytes;  /* hash of the instruction's */
};

/* A place in the thread. */
struct stream_place {
	struct trace_decoder *decoder;
	size_t chunk;   /* of the thread; num_chunks: behind the last */
	uint64_t index; /* of the next step that the decoder gives, in the thread */
	uint64_t event; /* index of the log's next event */
};

struct stream {
	const struct trace_reader *reader;
	const size_t *chunks; /* of the thread, borrowed */
	size_t num_chunks;
	uint64_t tid;
	uint64_t len; /* steps of the thread */

	struct stream_place here, scout;
	uint64_t here_chunk_index; /* index of the first step of here's chunk */
	struct stream_ahead *ring;
	uint64_t
		window; /* size of the ring, which holds what the scout saw last: a step at its index modulo the size */

	struct trace_step step; /* the current one, unless at_end; valid until the next stream_next() */
	uint64_t index;         /* of it in the thread */
	uint64_t event;         /* index of the log's next event before it */
	bool at_end;
};

/* Stands at the first step. chunks: indices of the thread's chunks in the reader, which the caller keeps. */
struct error *stream_init(struct stream *s, const struct trace_reader *reader, const size_t *chunks, size_t num_chunks,
			  uint64_t window);
void stream_deinit(struct stream *s);

struct error *stream_next(struct stream *s);

/* The step `distance` ahead of the current one (0: that itself). *ret_end, and nothing in *ret, if there is none.
 * distance is less than the window. */
struct error *stream_look(struct stream *s, uint64_t distance, struct stream_ahead *ret, bool *ret_end);

/* Steps behind the current one. */
static inline uint64_t stream_left(const struct stream *s)
{
	return s->at_end ? 0 : s->len - s->index - 1;
}

#endif
