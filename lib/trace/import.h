/*
 * A trace from QEMU's own log of states (qemu_log.h). A step is what lies between two states: an instruction, or a
 * block where the log says so. Memory is not in the log: the trace has none.
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

const struct isa *import_isa(const struct import *im);

/*
 * Reads the log to its end into a trace at path; once. header's isa is the log's; what its first state lacks is noted
 * as hidden. ERROR_INPUT where states do not follow from each other as the options say; *ret is then not set.
 */
struct error *import_run(struct import *im, struct trace_header *header, const struct import_options *options,
			 const char *path, struct import_counts *ret);

#endif
