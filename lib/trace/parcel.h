/*
 * What a writer hands to the thread that stores it: flat copies of steps and states, and as few bytes as is easily had,
 * since each of their cache lines goes from one core to another. Private to lib/trace.
 */
#ifndef LIB_TRACE_PARCEL_H
#define LIB_TRACE_PARCEL_H

#include "lib/trace/relay.h"
#include "lib/trace/trace.h"

enum parcel_kind {
	PARCEL_CHUNK,    /* the open chunk ends, and one begins */
	PARCEL_STEP,     /* of the open chunk */
	PARCEL_OBSERVED, /* for chunks from now on */
	PARCEL_MODULES,  /* the contents of their record */
};

struct parcel_chunk {
	struct trace_chunk_info info; /* what is known of it when it begins */
	uint64_t pc;
	enum repeat_step repeat;
	struct state carried; /* before its first step */
};

/* The state behind a step is that before with other values in some registers and the PC, or another one altogether. */
struct parcel_step {
	struct trace_step step; /* without before, after, event */
	struct state after;     /* if step.changed is NULL */
	const uint64_t *words;  /* else: those of step.changed, one register's after the other's, and the PC's */
	const uint8_t *event;   /* its record in COLUMN_EVENTS; NULL: none */
	size_t event_len;
};

/* Each puts one item on the relay. *ret_len: its bytes. */
struct error *parcel_put_chunk(struct relay *r, const struct parcel_chunk *chunk);
struct error *parcel_put_step(struct relay *r, const struct trace_step *step, const uint8_t *event, size_t event_len,
			      size_t *ret_len);
struct error *parcel_put_observed(struct relay *r, const struct trace_step *step);
struct error *parcel_put_bytes(struct relay *r, enum parcel_kind kind, const void *bytes, size_t len);

/* And back, in the thread. What is returned points into the item; a step's accesses are put into accesses, which has
 * room for TRACE_MAX_ACCESSES. */
void parcel_get_chunk(const struct isa *isa, void *item, struct parcel_chunk *ret);
void parcel_get_step(const struct isa *isa, void *item, struct trace_access *accesses, struct parcel_step *ret);
void parcel_get_observed(const struct isa *isa, void *item, struct trace_observed *ret);

#endif
