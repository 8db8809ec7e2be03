/* Judging the steps of one chunk of a trace's file. Private to lib/lockstep. */
#ifndef LIB_LOCKSTEP_TRACED_CHUNK_H
#define LIB_LOCKSTEP_TRACED_CHUNK_H

#include "lib/lockstep/traced.h"

/* One thread's; stays where it is. */
struct traced_chunk {
	struct traced steps;
	const struct trace_reader *reader;
	struct trace_decoder *decoder;
};

/* options are those of all; steps.range is for the owner to set. */
struct error *traced_chunk_init(struct traced_chunk *c, const struct trace_reader *reader,
				const struct lockstep_options *options);
void traced_chunk_deinit(struct traced_chunk *c);

/*
 * Judges a chunk; what it comes to is added to run, whose count of instructions is that before the chunk. An error may
 * leave run with what was judged up to there.
 */
struct error *traced_chunk_judge(struct traced_chunk *c, size_t chunk, struct run *run);

#endif
