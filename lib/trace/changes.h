/* What steps change, in the words of a trace. Private to lib/trace. */
#ifndef LIB_TRACE_CHANGES_H
#define LIB_TRACE_CHANGES_H

#include "lib/trace/format.h"
#include "lib/trace/layout.h"

struct changes {
	struct layout layout;
	uint64_t *hidden; /* of the trace, in words */
	uint64_t number;  /* of the last step, in the trace */

	/* The state as it was last seen. */
	uint64_t *words, *unseen; /* layout.words.len; unseen in words */
	uint64_t *unknown;        /* of the last state: isa->num_words, to notice a change */
	uint64_t *seen_at;        /* by word, while it is not seen: number of the step behind which it last was */

	/* Of the last step: words that it changes, the PC's aside, and their new values. */
	uint16_t *changed;
	uint64_t *values;
	size_t num_changed;
	bool seen_changes; /* so does `unseen` */
};

/* start: the registers before the first step. */
struct error *changes_init(struct changes *c, const struct trace_header *header, const struct state *start);
void changes_deinit(struct changes *c);

/* Compares the state behind the step with that before, and takes it: all of it, or what step->changed names. */
void changes_step(struct changes *c, const struct trace_step *step, const struct state *after);

/* What a chunk begins with besides registers. */
struct chunk_start {
	uint64_t pc;
	const struct state *carried;
	enum repeat_step repeat;
	const struct trace_observed *observed;
	size_t num_observed;
};

/* Makes the PC that of the chunk's first step, and appends COLUMN_START without its end, which is the PC of the chunk's
 * last state. */
bool changes_put_start(struct changes *c, const struct chunk_start *start, trace_bytes *out);

#endif
