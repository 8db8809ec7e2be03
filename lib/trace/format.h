/*
 * The file: records, and the columns of a chunk. validate-trace.5 says the same for others. Numbers are little-endian;
 * a "number" in a column is LEB128, a signed one zigzag first. Private to lib/trace.
 */
#ifndef LIB_TRACE_FORMAT_H
#define LIB_TRACE_FORMAT_H

#include <sys/types.h>

#include "lib/base/cursor.h"
#include "lib/trace/trace.h"

/* The first 16 bytes: this, the version (4 bytes), 0 (4 bytes). */
#define TRACE_MAGIC        "VALTRACE"
#define TRACE_FOOTER_MAGIC "VALTREND"

enum record_type {
	RECORD_HEADER = 'H',  /* once, first */
	RECORD_CHUNK = 'C',   /* steps */
	RECORD_MODULES = 'M', /* all images from here on */
	RECORD_END = 'E',     /* how the run ended; then */
	RECORD_INDEX = 'I',   /* where the chunks are; then the footer */
};

enum {
	TRACE_PREFIX_LEN = 16,
	RECORD_HEADER_LEN = 48,
	RECORD_CHECK_LEN = 8,
	TRACE_FOOTER_LEN = 32,
	RECORD_RAW_MAX = 64 << 20, /* bytes of a record when decompressed */
	CHUNK_STEPS = 32768,       /* of a full chunk of this writer */
	CHUNK_STEPS_MAX = 1 << 20, /* that a reader takes */
	CHUNK_ITEMS = 8 << 20,     /* bytes of what a chunk of this writer is made from, more than it has itself */
	EVENT_DATA_MAX = 64 << 10, /* bytes that a writer stores of what one event wrote */
	COMPRESSION_LEVEL = 3,
	EXIT_STATUS_MAX = 255, /* what the kernel tells of a process's end, as are */
	SIGNAL_MAX = 127,
};

/* What stands before a record's payload, which is one zstd frame. */
struct record {
	enum record_type type;
	uint32_t stored, raw; /* bytes of the payload, and when decompressed */
	uint32_t steps;       /* chunks only, as are the next three */
	uint64_t first, first_event, tid;
};

typedef VEC(uint8_t) trace_bytes;

/* Compresses raw and appends the record to out. */
struct error *record_append(trace_bytes *out, struct record *record, const void *raw, size_t len);

/* The header of a record from its RECORD_HEADER_LEN bytes; false if they are none. */
bool record_parse(const uint8_t *bytes, struct record *ret);

/*
 * Reads the record at offset: checks and decompresses it into raw, whose old contents go. file_len bounds it, and most
 * what it has when it is decompressed. stored is scratch. The reason of ERROR_INPUT names path and offset.
 */
struct error *record_read(int fd, const char *path, uint64_t offset, uint64_t file_len, uint32_t most,
			  struct record *ret, trace_bytes *stored, trace_bytes *raw);

/* Eight bytes that change with any change of the bytes. */
void record_check(const void *bytes, size_t len, uint8_t ret[RECORD_CHECK_LEN]);

/* Reads len bytes at offset; *ret_len is less at the file's end alone. */
struct error *file_read_at(int fd, const char *path, uint64_t offset, void *ret, size_t len, size_t *ret_len);

/* ---- Columns ---- */

enum column {
	COLUMN_START,      /* what the chunk starts from */
	COLUMN_ENTRIES,    /* for each step: which instruction */
	COLUMN_CODE,       /* instructions, each once */
	COLUMN_SHAPES,     /* for each step: which shape */
	COLUMN_SHAPE_DEFS, /* shapes, each once */
	COLUMN_SEEN,       /* what is not seen, where that changes */
	COLUMN_EVENTS,
	COLUMN_ADDRESS_CODES,
	COLUMN_ADDRESS_DATA,
	COLUMN_LOAD_CODES,
	COLUMN_LOAD_DATA,
	COLUMN_WORD_CODES,
	COLUMN_WORD_DATA,
	COLUMN_STORE_CODES,
	COLUMN_STORE_DATA,
	NUM_COLUMNS,
};

/* Shapes: what changed in a step, without the values. */
enum shape_flags {
	SHAPE_EVENT = 1,   /* the step is a system call: its record stands in COLUMN_EVENTS */
	SHAPE_SIGNAL = 2,  /* a signal stopped the guest: its number stands in COLUMN_EVENTS */
	SHAPE_SEEN = 4,    /* what is not seen changes */
	SHAPE_RUNNING = 8, /* the target did not stop behind the step */
	SHAPE_ALL = 15,
};

enum access_seen { ACCESS_SEEN, ACCESS_UNSEEN, ACCESS_PARTLY }; /* PARTLY: a mask stands in COLUMN_SEEN */
enum { ACCESS_STORE = 0x80 };

enum header_flags { HEADER_STOPS_RESET = 1, HEADER_NO_MEMORY = 2 };
enum register_flags { REGISTER_ON_REQUEST = 1 };
enum event_flags { EVENT_UNLOGGED = 1, EVENT_FINISHED = 2, EVENT_DELIVERY = 4, EVENT_ALL = 7 };

static inline uint64_t zigzag(uint64_t x)
{
	return x << 1 ^ -(x >> 63);
}

static inline uint64_t unzigzag(uint64_t x)
{
	return x >> 1 ^ -(x & 1);
}

/* ---- Writing bytes. False: out of memory ---- */

bool put_bytes(trace_bytes *out, const void *bytes, size_t len);

static inline bool put_u8(trace_bytes *out, uint8_t x)
{
	return vec_push(out, x);
}

bool put_u32(trace_bytes *out, uint32_t x);
bool put_u64(trace_bytes *out, uint64_t x);
bool put_words(trace_bytes *out, const uint64_t *words, size_t n);
bool put_number_slow(trace_bytes *out, uint64_t x);

static inline bool put_number(trace_bytes *out, uint64_t x)
{
	return x < 0x80 ? put_u8(out, (uint8_t)x) : put_number_slow(out, x);
}

/* NULL is as "". */
bool put_text(trace_bytes *out, const char *text);

/*
 * ---- Reading a column ----
 *
 * As a cursor, but inline, and an overrun is remembered and gives zeros: steps are read by the million, and looked at
 * once each for whether one of their reads failed.
 */
struct column_reader {
	const uint8_t *at, *end;
	bool failed;
};

static inline uint8_t get_u8(struct column_reader *c)
{
	if (c->at < c->end)
		return *c->at++;
	c->failed = true;
	return 0;
}

uint64_t get_number_slow(struct column_reader *c, uint8_t first);

static inline uint64_t get_number(struct column_reader *c)
{
	uint8_t first = get_u8(c);

	return first < 0x80 ? first : get_number_slow(c, first);
}

/* NULL if there are fewer. */
const uint8_t *get_bytes(struct column_reader *c, uint64_t len);
uint64_t get_u64(struct column_reader *c);
/* len is 0 to 8. */
uint64_t get_word(struct column_reader *c, unsigned len);

/* ---- Contents of the other records ---- */

struct layout;

bool header_put(trace_bytes *out, const struct trace_header *h, const struct layout *layout);
/* Also makes the layout. name is of the file, for messages. */
struct error *header_get(struct cursor *c, struct trace_header *ret, struct layout *ret_layout);

bool end_put(trace_bytes *out, const struct trace_end *end);
struct error *end_get(struct cursor *c, struct trace_end *ret);

bool modules_put(trace_bytes *out, const struct trace_module *modules, size_t num_modules);
struct error *modules_get(struct cursor *c, trace_modules *ret);

/* An event's record in COLUMN_EVENTS. */
bool event_put(trace_bytes *out, const struct trace_event *ev);

/* The index: chunks, and offsets of the last record of modules and of the end; 0: none. */
struct trace_index {
	VEC(struct trace_chunk_info) chunks;
	uint64_t modules, end;
};

bool index_put(trace_bytes *out, const struct trace_index *index);
struct error *index_get(struct cursor *c, struct trace_index *ret);

#endif
