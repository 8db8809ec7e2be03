/* Judging QEMU's own log of states while it is read, from a file or from a QEMU that is still running. */
#ifndef LIB_LOCKSTEP_JUDGE_LOG_H
#define LIB_LOCKSTEP_JUDGE_LOG_H

#include "lib/lockstep/judge_trace.h"
#include "lib/trace/import.h"

/*
 * Judges the log's steps as judge_trace() does those of the trace that import_to_trace() makes of it; header is that
 * trace's. Of the options, jobs and memory are not used: steps come one after the other, and none is held. Where chunks
 * of a trace start anew, the model carries on what the log does not show, which can let it judge more.
 *
 * Where the log cannot be read on, *ret has what was judged up to there, and the reason as its error; ret->cut tells
 * that it ends within a state.
 */
struct error *judge_log(struct import *im, const struct import_options *import, const struct trace_header *header,
			const struct judge_trace_options *options, struct run *ret, trace_calls *ret_calls);

#endif
