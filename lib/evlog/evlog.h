/*
 * The event log, run.json: what the outside world did to a program's run.
 *
 * One JSON document. First the header, an object whose last member is "events": an array with one event a line. Written
 * as the run goes and read as a stream: neither side holds more than the header and one event. The document is complete
 * only when the writer closed the array; a log that was cut off is recognised, and its last whole event is named.
 *
 * Memory is the size of the largest event: on the reader's side about four times its data. What a call wrote is told in
 * pieces of at most EVLOG_PIECE bytes, only the contents of a mapped file can be more, at most EVLOG_DATA_MAX.
 */
/* clang-format off */
/*
 * The document. HEX is a string, "0x" and hexadecimal digits: addresses, arguments, results, registers. TEXT is a string,
 * or {"base64": ...} where the bytes are not UTF-8. BYTES is a string of base64 (RFC 4648, padded). Members marked ? are
 * left out when there is nothing to tell; no others are allowed.
 *
 *   {"format": "validate-log", "version": 1,
 *   "arch": TEXT, "recorder": TEXT,
 *   "cpu"?: {"vendor": TEXT, "family": number, "model": number},     of a native run: what CPUID tells the program
 *   "program": FILE, "interpreter"?: FILE,         FILE: {"path": TEXT, "size": number, "sha256": hex, "build_id"?: TEXT}
 *   "argv": [TEXT, ...], "environment": [TEXT, ...],
 *   "auxv": [{"type": HEX, "value": HEX}, ...],    as the program sees it
 *   "mappings": [{"start": HEX, "end": HEX, "perms": "r-xp", "offset": HEX, "name": TEXT}, ...],
 *   "entry": HEX, "stack_pointer": HEX, "stack": BYTES, "cwd": TEXT,
 *   "events": [
 *   EVENT,
 *   EVENT
 *   ]}
 *
 * An EVENT, which stands on one line:
 *   {"index": number, "tid": number, "kind": "syscall" | "exit" | "signal" | "killed" | "data", "number": number, "name": TEXT,
 *    "pc": HEX, "place"?: "call" | "instruction" | "between", "args": [HEX x 6], "result": HEX,
 *    "writes": [{"address": HEX, "arg": 0-5, "path": [offset, ...], "addresses"?: 0-255, "data": BYTES,
 *                "holes": [{"offset": number, "len": number}, ...]}, ...],
 *    "strings"?: [{"arg": 0-5, "text": TEXT}, ...],
 *    "backing"?: {"file": FILE, "id"?: number, "offset": HEX, "data"?: BYTES},
 *    "files"?: [{"id": number, "size": HEX, "offset": HEX, "data": BYTES}, ...],
 *    "before"?: {"rax": HEX, ...}, "after"?: {"rax": HEX, ...}}
 *
 * backing is what a mapping made by the call shows. Its id is the file's among those that the run mapped: mappings of one
 * id show the same bytes, and what is stored to one that is shared shows in the others. A device has none. Contents that
 * are in the log have no zeros at their end: up to the file's size there are some. files is what the call did to files
 * that are or were mapped: their size behind the call, and bytes that it put there.
 *
 * place is where a signal came: at a system call, that is right behind the event before or right before the call that is
 * the next one; at an instruction, which raised it; or anywhere between two instructions, which no log tells. Logs of
 * older recorders are without it.
 *
 * result is the register's value: -2 is "0xfffffffffffffffe". arg, path and addresses of a write are those of struct
 * sys_range: how its address follows from the arguments, and which of its words are addresses.
 */
/* clang-format on */
#ifndef LIB_EVLOG_EVLOG_H
#define LIB_EVLOG_EVLOG_H

#include "lib/base/vec.h"
#include "lib/sys/sys.h"

#define EVLOG_FORMAT "validate-log"
enum { EVLOG_VERSION = 1, EVLOG_SHA256_LEN = 32, EVLOG_REGS_MAX = 128 };
/* Bytes of data that one event carries at most, all its writes together: what bounds a reader's memory. */
#define EVLOG_DATA_MAX (UINT64_C(192) << 20)
/* Where what a call wrote is cut. */
#define EVLOG_PIECE (UINT64_C(4) << 20)

/* A file's identity. */
struct evlog_file {
	char *path; /* absolute */
	uint64_t size;
	uint8_t sha256[EVLOG_SHA256_LEN];
	char *build_id; /* hexadecimal, or NULL */
};

/* The CPU that a program ran on, as CPUID leaves 0 and 1 tell it (Intel SDM vol. 2, CPUID). */
struct evlog_cpu {
	char *vendor; /* "GenuineIntel"; NULL: the run was no native one, or its CPU is not known */
	uint64_t family, model;
};

struct evlog_auxv {
	uint64_t type, value;
};

/* A mapping at the program's first instruction, as in /proc/PID/maps. */
struct evlog_mapping {
	uint64_t start, end, offset;
	char perms[5]; /* "r-xp" */
	char *name;    /* path, "[stack]", or "" */
};

struct evlog_header {
	char *arch;     /* isa->name */
	char *recorder; /* program and version, and what it recorded on */
	struct evlog_cpu cpu;
	struct evlog_file program;
	struct evlog_file interpreter; /* path NULL: none */
	VEC(char *) argv;
	VEC(char *) env;
	VEC(struct evlog_auxv) auxv;
	VEC(struct evlog_mapping) mappings;
	uint64_t entry;         /* PC of the first instruction */
	uint64_t stack_pointer; /* SP there */
	uint8_t *stack;         /* memory from stack_pointer to the stack's end */
	uint64_t stack_len;     /* bytes */
	char *cwd;
};

enum evlog_kind {
	EVLOG_SYSCALL, /* a system call that returned */
	EVLOG_EXIT,    /* the process ended by a call that did not return: number says which, arg[0] is the status */
	EVLOG_SIGNAL,  /* a signal was delivered: number is the signal */
	EVLOG_KILLED,  /* the process was killed by a signal: number is the signal */
	EVLOG_DATA, /* more of what the call before wrote: that event and all such but the last hold EVLOG_PIECE bytes
		     */
};

/* Where a signal came. */
enum evlog_place {
	EVLOG_NO_PLACE,       /* no signal, or nobody knows */
	EVLOG_AT_CALL,        /* right behind the event before, or right before the call that is the next one */
	EVLOG_AT_INSTRUCTION, /* which raised it */
	EVLOG_BETWEEN,        /* two instructions, which the log cannot tell */
};

/* Bytes that the kernel wrote. */
struct evlog_write {
	struct sys_range range; /* address, length and how it was found */
	uint8_t *data;          /* range.len bytes */
	sys_holes holes;        /* bytes within data that the kernel left alone */
};

/* A string that the kernel read: a path or a name. Identifies the event besides the arguments. */
struct evlog_string {
	uint8_t arg;
	char *text; /* bytes up to the NUL, not necessarily UTF-8 */
	size_t len;
};

/* A register's value; unused bytes of the name are zero. */
struct evlog_reg {
	char name[16];
	uint64_t value;
};
typedef VEC(struct evlog_reg) evlog_regs;

/* The file behind a mapping made by this event. */
struct evlog_backing {
	struct evlog_file file;
	uint64_t id;     /* of the file, among those that the run mapped; 0: none */
	uint64_t offset; /* bytes into the file */
	uint8_t *data;   /* contents as mapped, without zeros at their end, when the log carries them; else NULL */
	uint64_t data_len;
};

/* What a call did to a file that is or was mapped. */
struct evlog_change {
	uint64_t id;     /* as in struct evlog_backing */
	uint64_t size;   /* of the file behind the call */
	uint64_t offset; /* where data is in it, and was put by the call */
	uint8_t *data;
	uint64_t data_len;
};

struct evlog_event {
	uint64_t index; /* 0, 1, 2, ... */
	uint64_t tid;
	enum evlog_kind kind;
	uint64_t number;
	char *name;  /* of the call or signal */
	uint64_t pc; /* of the instruction that made the call; of a signal, where the program stood */
	enum evlog_place place;
	uint64_t arg[6];
	int64_t result;
	VEC(struct evlog_write) writes;
	VEC(struct evlog_string) strings;
	struct evlog_backing *backing; /* NULL: none */
	VEC(struct evlog_change) changes;
	/* General registers when the kernel took over, and those that had another value when it gave control back. Of a
	 * call, only those that pc, number, arg and result do not tell. */
	evlog_regs before, after;
};

const char *evlog_kind_name(enum evlog_kind kind);

/* Bytes that the event's writes carry. */
uint64_t evlog_event_bytes(const struct evlog_event *ev);

/* The value of the first entry of the type in the auxiliary vector; false if there is none. */
bool evlog_header_auxv(const struct evlog_header *h, uint64_t type, uint64_t *ret);
void evlog_header_deinit(struct evlog_header *h);
void evlog_event_deinit(struct evlog_event *ev);

/* ---- Writing ---- */

struct evlog_writer;

/* Creates PATH.part and writes the header. The file gets its final name when the log is finished. A PATH that is there
 * and is no regular file, such as /dev/null or a FIFO, is written itself. */
struct error *evlog_writer_create(const char *path, const struct evlog_header *header, struct evlog_writer **ret);
/* ERROR_UNSUPPORTED, and the log as it was, for an event of more than EVLOG_DATA_MAX. */
struct error *evlog_writer_add(struct evlog_writer *w, const struct evlog_event *ev);
/* Hands everything added so far to the kernel. */
struct error *evlog_writer_flush(struct evlog_writer *w);
/* Bytes of the document so far. */
uint64_t evlog_writer_bytes(const struct evlog_writer *w);
/* The file that is being written: PATH.part. */
const char *evlog_writer_path(const struct evlog_writer *w);
/* Closes the document and renames it to its final name. */
struct error *evlog_writer_finish(struct evlog_writer *w);
/* Frees w; an unfinished log stays as PATH.part. */
void evlog_writer_destroy(struct evlog_writer *w);

/* ---- Reading ---- */

struct evlog_reader;

/* Reads and checks the header. */
struct error *evlog_reader_open(const char *path, struct evlog_reader **ret);
const struct evlog_header *evlog_reader_header(const struct evlog_reader *r);
/* The next event in *ret, which the caller deinits; *ret_end is true, and nothing in *ret, after the last. A log that
 * was cut off is ERROR_INPUT at that point, and the message names the last whole event. */
struct error *evlog_reader_next(struct evlog_reader *r, struct evlog_event *ret, bool *ret_end);
void evlog_reader_destroy(struct evlog_reader *r);

/* ---- Files ---- */

/* Size, sha256 and, for an ELF file, build id of the file at path. */
struct error *evlog_file_identify(const char *path, struct evlog_file *ret);
void evlog_file_deinit(struct evlog_file *f);

#endif
