/*
 * The file that a trace is written to: takes parcels, finds what changed, encodes it in chunks, writes these and at the
 * end the index and the footer. Belongs to one thread at a time. Private to lib/trace.
 */
#ifndef LIB_TRACE_STORE_H
#define LIB_TRACE_STORE_H

#include "lib/base/file.h"
#include "lib/trace/changes.h"
#include "lib/trace/encode.h"
#include "lib/trace/parcel.h"

struct store {
	struct file_output file;
	struct changes changes;
	struct state state; /* behind the last step */
	struct encoder encoder;
	VEC(struct trace_observed) observed;
	bool open; /* a chunk is */
	struct trace_chunk_info chunk;
	struct trace_index index;
	trace_bytes raw, out;
	struct trace_access accesses[TRACE_MAX_ACCESSES];
};

/* Creates the file and writes the header. s is to be deinited even if it fails. */
struct error *store_open(struct store *s, const char *path, const struct trace_header *header,
			 const struct state *start);

/* A relay_take: arg is the store, kind an enum parcel_kind. */
struct error *store_take(void *arg, unsigned kind, void *item, size_t len);

/* Writes the rest, and gives the file its name. */
struct error *store_finish(struct store *s, const struct trace_end *end);

/* An unfinished file stays as PATH.part. */
void store_deinit(struct store *s);

#endif
