/* Steps into the columns of a chunk. Private to lib/trace. */
#ifndef LIB_TRACE_ENCODE_H
#define LIB_TRACE_ENCODE_H

#include "lib/base/map.h"
#include "lib/trace/format.h"
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

/* A step, with what it changes. */
struct encoder_step {
	uint64_t pc, next_pc; /* next_pc: after the step, as far as it is seen */
	const uint8_t *bytes;
	uint16_t len;
	bool running;
	int signal;

	const uint16_t *changed; /* words, in ascending order or that of trace_step.changed; not the PC's */
	const uint64_t *values;  /* their values after the step */
	size_t num_changed;
	const uint64_t *unseen; /* what is not seen from now on, in words; NULL: as before */

	const struct trace_access *accesses;
	size_t num_accesses;
	const uint8_t *event; /* its record in COLUMN_EVENTS; NULL: none */
	size_t event_len;
};

struct encoder {
	size_t num_words;
	uint16_t pc;     /* word */
	uint64_t *words; /* the state as it was last seen */
	trace_bytes columns[NUM_COLUMNS];
	uint32_t steps; /* in the chunk */

	struct values values;
	VEC(struct encoded_entry) entries;
	trace_bytes code;
	struct map entry_of; /* by PC: the latest, + 1 */
	VEC(struct encoded_shape) shapes;
	trace_bytes shape_bytes, shape;
	struct map shape_of; /* by hash: the latest, + 1 */
	uint32_t last_entry; /* + 1; 0: none */
	VEC(uint64_t) views; /* what was not seen, num_words words each */
	struct map view_of;  /* by hash: the latest, + 1 */
};

/* words: num_words of them, before the first step; pc is the PC's. */
struct error *encoder_init(struct encoder *e, const uint64_t *words, size_t num_words, uint16_t pc);
void encoder_deinit(struct encoder *e);

/* Begins a chunk at pc. start: its COLUMN_START as far as it is known by now. */
struct error *encoder_begin(struct encoder *e, uint64_t pc, const uint8_t *start, size_t len);

/* Adds a step at the current PC. */
struct error *encoder_step(struct encoder *e, const struct encoder_step *step);

/* The chunk as a whole, in ret, whose old contents go. */
struct error *encoder_end(struct encoder *e, trace_bytes *ret);

#endif
