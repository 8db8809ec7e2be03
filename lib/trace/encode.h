/* Steps into the columns of a chunk. Private to lib/trace. */
#ifndef LIB_TRACE_ENCODE_H
#define LIB_TRACE_ENCODE_H

#include "lib/base/map.h"
#include "lib/trace/format.h"
#include "lib/trace/layout.h"
#include "lib/trace/values.h"

/* An instruction of the chunk. */
struct encoded_entry {
	uint64_t pc;
	uint32_t at; /* of its bytes in `code` */
	uint16_t len;
	uint32_t next, shape; /* what followed last, and the last shape; + 1, 0: none */
};

struct encoded_shape {
	uint32_t at, len; /* in `shape_bytes` */
};

struct encoder {
	struct layout layout;
	uint64_t *hidden; /* of the trace, in words */
	trace_bytes columns[NUM_COLUMNS];
	uint32_t steps; /* in the chunk */

	/* The state as it was last seen. */
	uint64_t *words, *unseen; /* layout.words.len; unseen in words */
	uint64_t *unknown;        /* of the last state: isa->num_words, to notice a change */
	uint64_t *seen_at;        /* by word, while it is not seen: number of the step behind which it last was */
	uint64_t number;          /* of the step, in the trace */
	uint16_t *changed;        /* scratch: words that a step changes, and their new values */
	uint64_t *values_of;
	size_t num_changed;

	struct values values;
	VEC(struct encoded_entry) entries;
	trace_bytes code;
	struct map entry_of; /* by PC: the latest, + 1 */
	VEC(struct encoded_shape) shapes;
	trace_bytes shape_bytes, shape;
	struct map shape_of; /* by hash: the latest, + 1 */
	uint32_t last_entry; /* + 1; 0: none */
	VEC(uint64_t) views; /* what was not seen, layout.words.len words each */
	struct map view_of;  /* by hash: the latest, + 1 */
};

/* start: the registers before the first step. */
struct error *encoder_init(struct encoder *e, const struct trace_header *header, const struct state *start);
void encoder_deinit(struct encoder *e);

/* What a chunk begins with besides registers. */
struct encoder_start {
	uint64_t first;              /* number of its first step */
	const struct state *carried; /* may be NULL */
	enum repeat_step repeat;
	const struct trace_observed *observed;
	size_t num_observed;
};

/* Begins a chunk at pc. */
struct error *encoder_begin(struct encoder *e, uint64_t pc, const struct encoder_start *start);

/* Adds a step at the current PC. */
struct error *encoder_step(struct encoder *e, const struct trace_step *step);

/* Bytes of columns so far. */
size_t encoder_size(const struct encoder *e);

/* The PC after the last step, and whether that was seen. */
bool encoder_pc(const struct encoder *e, uint64_t *ret);

/* The chunk as a whole, in ret, whose old contents go. */
struct error *encoder_end(struct encoder *e, trace_bytes *ret);

#endif
