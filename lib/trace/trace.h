/*
 * Recorded traces: what was seen of a run, instruction by instruction, in a file that can be judged, shown and compared
 * without the emulator. validate-trace.5 describes the format.
 *
 * A trace holds what was OBSERVED: registers as the target showed them, memory as far as it is known, instruction
 * bytes, events. A bit that was not seen is unknown, whatever a model thinks of it. Steps stand in chunks, each of
 * which can be read alone; a reader's and a writer's memory is that of one chunk (and of a writer, 1 MiB of steps on
 * their way to it), and some 50 bytes for each chunk of the file.
 *
 * Does not judge, and knows nothing of targets.
 */
#ifndef LIB_TRACE_TRACE_H
#define LIB_TRACE_TRACE_H

#include "lib/evlog/evlog.h"
#include "lib/state/state.h"

enum {
	TRACE_VERSION = 1,
	TRACE_MAX_BYTES = 1024,   /* of instructions in one step */
	TRACE_MAX_ACCESSES = 256, /* of memory in one step */
	TRACE_MAX_OBSERVED = 32,  /* instructions that told of the CPU */
};

/* Where a trace comes from. */
struct trace_header {
	const struct isa *isa;
	char *recorder;            /* "validate 0.1" */
	char *emulator;            /* name and version, as the target tells it */
	struct evlog_file program; /* path NULL: not known */
	struct evlog_file log;     /* the event log that was replayed; path NULL: none; it has no build id */
	uint64_t *hidden;          /* isa->num_words: 1 bits were never shown by the target; the owner frees it */
	bool *on_request;          /* isa->num_regs: registers that it shows now and then; NULL: none; as hidden */
	bool stops_reset;          /* each of its stops sets the registers of isa->reset to 0 */
	bool no_memory;            /* nothing was seen of memory: steps have no accesses, whatever they did */
};

void trace_header_deinit(struct trace_header *h);

/* A load, with the bytes before the instruction, or a store, with those after it. */
struct trace_access {
	uint64_t address;
	uint64_t known; /* bit i: data[i] was seen */
	uint8_t len;    /* 1-64 */
	bool store;
	uint8_t data[64]; /* 0 where not known */
};

/* Bytes that an event wrote to the guest's memory. */
struct trace_write {
	uint64_t address, len;
	const uint8_t *data; /* the first data_len bytes */
	uint64_t data_len;   /* up to len; a writer cuts what is large */
};

enum trace_policy {
	TRACE_EMULATED, /* the registers and memory after the call were written to the target */
	TRACE_EXECUTED, /* the target made the call itself, with arguments that fit it */
	TRACE_PASSED,   /* ... as the guest asked */
};

/* A system call of the guest, or a signal that was delivered to its handler. */
struct trace_event {
	bool delivery;     /* of a signal: the step is no instruction */
	uint64_t number;   /* of the call, of the signal */
	uint64_t index;    /* of its event in the log; of an unlogged call: of the next one */
	uint64_t position; /* of the log's next event afterwards */
	uint64_t skipped;  /* events of the log that were passed over to find it */
	enum trace_policy policy;
	uint64_t at;          /* nanoseconds after the run's start */
	uint64_t nanoseconds; /* that it took */
	bool unlogged;        /* the log does not have it */
	bool finished;        /* it ended the guest */
	int status;           /* finished: with this exit status */
	const struct trace_write *writes;
	size_t num_writes;
};

/*
 * One step of a thread: one instruction, or one iteration of a repeated one. Pointers belong to whoever made it; those
 * of a reader are valid until its next call.
 */
struct trace_step {
	uint64_t number; /* in the run, from 1 */
	uint64_t tid;
	uint64_t pc;
	const uint8_t *bytes; /* of the instruction */
	uint16_t len;         /* 0: they are not known */
	uint32_t entry;       /* of a reader: number of this pc with these bytes in the chunk, from 0 */

	/*
	 * Registers as they were seen around the step. A writer looks at `before` only where a chunk begins, and takes
	 * from it what a model carries in bits that the target does not show.
	 */
	const struct state *before, *after;

	const struct trace_access *accesses; /* in the order of the instruction's own */
	size_t num_accesses;
	const struct trace_event *event; /* NULL: none */
	int signal;                      /* that stopped the guest at this instruction; 0: none */
	bool running;                    /* the target did not stop behind it: nothing of `after` was seen */

	/* For writers: registers outside of these, and the PC, have not changed since the last step, nor has what is
	 * unknown. NULL: any may have. */
	const uint32_t *changed;
	size_t num_changed;

	/* Of a reader: the words of the states in which `before` and `after` differ, the PC's aside. NULL: any may. */
	const uint16_t *words;
	size_t num_words;
};

/* An ELF image in the guest's memory. */
struct trace_module {
	char *path;
	uint64_t start, end, entry;
};
typedef VEC(struct trace_module) trace_modules;

void trace_modules_deinit(trace_modules *modules);

/* Which limit of the options ended a run. */
enum run_limit {
	RUN_UNLIMITED,
	RUN_LIMIT_INSTRUCTIONS, /* so many were executed, or judged */
	RUN_LIMIT_UNTIL,        /* the guest came to a place */
	RUN_LIMIT_FINDINGS,     /* so many were found */
};

/* How the run ended. Texts are NULL where there is nothing to tell. */
struct trace_end {
	bool exited, interrupted;
	enum run_limit limit;
	int exit_status, exit_signal;
	char *lost_expected, *lost_observed; /* both or none: the guest left the log */
	uint64_t lost_event, lost_pc;
	char *error;    /* why the run ended early */
	int error_code; /* enum error_code */
	uint64_t steps; /* in the file */
	uint64_t nanoseconds;
};

void trace_end_deinit(struct trace_end *end);

/* An instruction that told of the CPU what the meaning of others depends on (isa->lifter_observe()). */
struct trace_observed {
	uint64_t pc;
	uint8_t len;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	struct state before, after; /* the owner deinits them */
};

/* ---- Writing ---- */

struct trace_writer;

/* Creates PATH.part and writes the header. start: the registers at the first step, as seen; unknown bits as usual, and
 * header->hidden besides. A PATH that is there and is no regular file is written itself. */
struct error *trace_writer_create(const char *path, const struct trace_header *header, const struct state *start,
				  struct trace_writer **ret);

/*
 * Appends a step; its PC is that of the last step's `after`. Chunks are written as they fill, by a thread of the
 * writer: what cannot be written fails a call some thousand steps later, or trace_writer_finish().
 */
struct error *trace_writer_step(struct trace_writer *w, const struct trace_step *step);

/* Tells what chunks from now on start from: how the target steps repeated instructions, and what it told of its CPU (at
 * most TRACE_MAX_OBSERVED times; further ones are dropped). States are copied. */
void trace_writer_repeat(struct trace_writer *w, enum repeat_step repeat);
struct error *trace_writer_observed(struct trace_writer *w, const struct trace_step *step);

/* The images from now on; all of them each time. */
struct error *trace_writer_modules(struct trace_writer *w, const struct trace_module *modules, size_t num_modules);

/* Writes the last chunk, the end and the index, and renames the file to its final name. end->steps is set here. */
struct error *trace_writer_finish(struct trace_writer *w, const struct trace_end *end);

/* Frees w; an unfinished trace stays as PATH.part, readable up to its last whole chunk. */
void trace_writer_destroy(struct trace_writer *w);

/* ---- Reading ---- */

struct trace_reader;

struct trace_chunk_info {
	uint64_t offset; /* in the file */
	uint64_t tid;
	uint64_t first;       /* number of its first step */
	uint64_t first_event; /* index of the log's next event there */
	uint32_t steps;
	uint32_t stored; /* bytes in the file, with the record's header */
	uint32_t raw;    /* bytes when decompressed */
};

/* Is it a trace, by its first bytes? What is no regular file is none, and is not opened. ERROR_OS. */
struct error *trace_is(const char *path, bool *ret);

/*
 * Reads the header and finds the chunks: by the index, or in a file that was cut off, which has no sound footer, by
 * walking over it. A reader does not change afterwards: threads may share it, each with a decoder of its own.
 * ERROR_INPUT names file and offset: of what is no trace, or of a record whose bytes are not as they were written.
 */
struct error *trace_reader_open(const char *path, struct trace_reader **ret);
void trace_reader_destroy(struct trace_reader *r);

const char *trace_reader_path(const struct trace_reader *r);
const struct trace_header *trace_reader_header(const struct trace_reader *r);
const struct trace_chunk_info *trace_reader_chunks(const struct trace_reader *r, size_t *ret_len);
const struct trace_module *trace_reader_modules(const struct trace_reader *r, size_t *ret_len);
/* NULL for a trace that was cut off. */
const struct trace_end *trace_reader_end(const struct trace_reader *r);
/* NULL for a whole trace; else what is wrong with its end, with file and offset: "t.vtrace: offset 0x...: ...". */
const char *trace_reader_cut(const struct trace_reader *r);
uint64_t trace_reader_steps(const struct trace_reader *r);
/* Bytes of the file. */
uint64_t trace_reader_bytes(const struct trace_reader *r);

/* Decodes one chunk at a time. Belongs to one thread; the reader outlives it. */
struct trace_decoder;

struct error *trace_decoder_create(const struct trace_reader *r, struct trace_decoder **ret);
void trace_decoder_destroy(struct trace_decoder *d);

/* Stands before the first step of the chunk. */
struct error *trace_decoder_open(struct trace_decoder *d, size_t chunk);

/* The next step of the chunk; *ret_end, and nothing in *ret, behind its last. */
struct error *trace_decoder_next(struct trace_decoder *d, struct trace_step *ret, bool *ret_end);

/*
 * What a model that judges the open chunk starts from. carried: registers before the first step, as seen, and where the
 * target does not show them as the recorder's model had them: a hint, which says nothing of the target.
 */
const struct state *trace_decoder_carried(const struct trace_decoder *d);
enum repeat_step trace_decoder_repeat(const struct trace_decoder *d);
/* The number of the step behind which the register was last seen before the chunk; 0: at the run's start, or never. */
uint64_t trace_decoder_seen_at(const struct trace_decoder *d, uint32_t reg);
const struct trace_observed *trace_decoder_observed(const struct trace_decoder *d, size_t *ret_len);

/* All steps of a trace in the order of the file. */
struct trace_cursor;

struct error *trace_cursor_create(const struct trace_reader *r, struct trace_cursor **ret);
void trace_cursor_destroy(struct trace_cursor *c);
/* As trace_decoder_next(), over all chunks. */
struct error *trace_cursor_next(struct trace_cursor *c, struct trace_step *ret, bool *ret_end);
/* The next step will be that with this number, or the end. */
struct error *trace_cursor_seek(struct trace_cursor *c, uint64_t number);

#endif
