/*
 * Steps from QEMU's own log of states (qemu_log.h), as a trace has them: what lies between two states, an instruction,
 * or a block where the log says so. They go to whoever takes them, as they are read. Memory is not in the log: steps
 * have no accesses.
 */
#ifndef LIB_TRACE_IMPORT_H
#define LIB_TRACE_IMPORT_H

#include "lib/trace/qemu_log.h"
#include "lib/trace/trace.h"

struct import_options {
	/*
	 * The guest's code where the log has no listing of it: up to len bytes at address; returns how many are known.
	 * NULL: only listings are.
	 */
	size_t (*code)(void *ctx, uint64_t address, uint8_t *ret, size_t len);
	void *ctx;
	bool blocks; /* states without a listing are those of blocks, not of single instructions */
};

/* Takes the steps. */
struct import_sink {
	/* All of the step is valid for the call. *ret_enough, which is false before: no more are to come. */
	struct error *(*step)(void *ctx, const struct trace_step *step, bool *ret_enough);
	void *ctx;
};

struct import_counts {
	uint64_t states, steps;
	uint64_t blocks;  /* of more than one step */
	uint64_t unknown; /* of the steps: their code is not known, and they cannot be judged */
	/* ... a repeated instruction was executed, the log does not tell how often: they cannot be judged */
	uint64_t uncounted;
	uint64_t ignored; /* lines of the log */
	bool cut;         /* the log ends within a state */
};

struct import;

/*
 * Opens the log, "-" being standard input, and reads up to the first state, which tells the instruction set.
 * ERROR_INPUT names the file and the line.
 */
struct error *import_open(const char *path, struct import **ret);
/* NULL is fine. */
void import_close(struct import *im);

/* For messages: the path, or "standard input". */
const char *import_name(const struct import *im);

/*
 * What the log tells of the header of a trace: isa, hidden (what its first state lacks; the header's owner frees it),
 * no_memory. Before import_run().
 */
struct error *import_describe(const struct import *im, struct trace_header *ret);

/*
 * Reads the log to its end, or until the sink has enough; once. ERROR_INPUT, behind the steps that the sink got, where
 * the log is none or states do not follow from each other as the options say; ERROR_INTERRUPTED if a signal that is
 * handled came while it waited for a pipe.
 */
struct error *import_run(struct import *im, const struct import_options *options, const struct import_sink *sink);

/* What was read so far. */
struct import_counts import_counted(const struct import *im);

/* All of it into a trace at path. The header is import_describe()'s, with what else is known. */
struct error *import_to_trace(struct import *im, const struct trace_header *header,
			      const struct import_options *options, const char *path);

#endif
