#include "testdata/fuzz/mutate_trace.h"

#include <endian.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/trace/format.h"
#include "testdata/fuzz/file.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

enum { MORE = 64, MAX_PARTS = 64, MAX_RAW = 1 << 20 };

/* A record, decompressed. */
struct part {
	struct record record;
	trace_bytes raw;
};

struct parts {
	struct part at[MAX_PARTS];
	size_t len;
	struct rng rng;
	bool keep_numbers; /* those of chunks are the mutation */
};

static uint32_t below(struct parts *p, size_t n)
{
	return rng_below(&p->rng, (uint32_t)n);
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- Taking a trace apart ---- */

/* All records but the index; false: one cannot be read. */
static bool take_apart(struct parts *p, const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	trace_bytes stored = {0};
	struct record record;
	size_t offset = TRACE_PREFIX_LEN;
	int fd = fuzz_file(data, size, path);
	bool ok = size > TRACE_PREFIX_LEN;

	while (ok && p->len < MAX_PARTS && offset < size && size - offset > RECORD_HEADER_LEN &&
	       record_parse(data + offset, &record) && record.type != RECORD_INDEX) {
		struct part *part = &p->at[p->len];
		struct error *err = record_read(fd, path, offset, size, MAX_RAW, &part->record, &stored, &part->raw);
		ok = !err;
		p->len++;
		error_destroy(err);
		offset += RECORD_HEADER_LEN + (size_t)record.stored;
	}
	vec_deinit(&stored);
	close(fd);
	return ok && p->len;
}

static void parts_deinit(struct parts *p)
{
	for (size_t i = 0; i < p->len; i++)
		vec_deinit(&p->at[i].raw);
}

/* ---- Putting it together again ---- */

static void put_footer(trace_bytes *out, uint64_t index)
{
	uint8_t check[RECORD_CHECK_LEN];
	size_t at = out->len;

	must(put_u64(out, index) && put_u64(out, at + TRACE_FOOTER_LEN));
	record_check(out->at + at, out->len - at, check);
	must(put_bytes(out, check, sizeof check) && put_bytes(out, TRACE_FOOTER_MAGIC, 8));
}

static void put_index(trace_bytes *out, const struct trace_index *index)
{
	struct record record = {.type = RECORD_INDEX};
	trace_bytes raw = {0};
	uint64_t at = out->len;

	must(index_put(&raw, index) && !record_append(out, &record, raw.at, raw.len));
	vec_deinit(&raw);
	put_footer(out, at);
}

/* The steps of the file, which the record of the end tells behind 32 bytes of other things. */
static void set_steps(struct part *end, uint64_t steps)
{
	enum { STEPS_AT = 32 };

	steps = htole64(steps);
	if (end->raw.len >= STEPS_AT + sizeof steps)
		memcpy(end->raw.at + STEPS_AT, &steps, sizeof steps);
}

static void put_together(struct parts *p, const uint8_t *prefix, trace_bytes *out)
{
	struct trace_index index = {.modules = 0};
	uint64_t steps = 0;

	must(put_bytes(out, prefix, TRACE_PREFIX_LEN));
	for (size_t i = 0; i < p->len; i++) {
		struct part *part = &p->at[i];
		struct record *r = &part->record;
		struct trace_chunk_info info = {.offset = out->len};

		if (r->type == RECORD_CHUNK && !p->keep_numbers)
			r->first = steps + 1;
		steps += r->type == RECORD_CHUNK ? r->steps : 0;
		if (r->type == RECORD_END && !p->keep_numbers)
			set_steps(part, steps);
		must(!record_append(out, r, part->raw.at, part->raw.len));
		info.stored = (uint32_t)(out->len - info.offset);
		info.raw = (uint32_t)part->raw.len;
		info.tid = r->tid;
		info.first = r->first;
		info.first_event = r->first_event;
		info.steps = r->steps;
		if (r->type == RECORD_MODULES)
			index.modules = info.offset;
		else if (r->type == RECORD_END)
			index.end = info.offset;
		else if (r->type == RECORD_CHUNK)
			must(vec_push(&index.chunks, info));
	}
	put_index(out, &index);
	vec_deinit(&index.chunks);
}

/* ---- Bytes ---- */

/* What is longer than the rest of the bytes is not put. */
static void overwrite(struct parts *p, trace_bytes *bytes, const void *with, size_t len)
{
	if (len <= bytes->len)
		memcpy(bytes->at + below(p, bytes->len - len + 1), with, len);
}

static void put_extreme(struct parts *p, trace_bytes *bytes)
{
	static const uint64_t extremes[] = {0,         1,          0x40,       0xff,           0x100,      0x101,
					    0xffff,    0x100000,   0x7fffffff, 1u << 31,       UINT32_MAX, 1ULL << 47,
					    INT64_MAX, 1ULL << 63, UINT64_MAX, 0x7fffffffffff, 0x401000};
	uint64_t x = extremes[below(p, sizeof extremes / sizeof *extremes)];
	trace_bytes number = {0};

	must(below(p, 2) ? put_number(&number, x) : put_u64(&number, x));
	overwrite(p, bytes, number.at, below(p, 2) && number.len == 8 ? 4 : number.len);
	vec_deinit(&number);
}

static void change_bytes(struct parts *p, trace_bytes *bytes)
{
	must(vec_reserve(bytes, bytes->len + MORE));
	if (below(p, 4) || !bytes->len)
		bytes->len = LLVMFuzzerMutate(bytes->at, bytes->len, bytes->len + MORE);
	else
		put_extreme(p, bytes);
}

/* ---- Chunks ---- */

/* One of those that readers know, mostly. */
static void change_code(struct parts *p, trace_bytes *codes)
{
	static const uint8_t known[] = {0,  1,  2,  3,  4,  5,  8,  9,  10, 11, 12, 13, 14,
					15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 6,  25, 255};

	if (codes->len)
		codes->at[below(p, codes->len)] = known[below(p, sizeof known)];
}

static void change_column(struct parts *p, enum column column, trace_bytes *bytes)
{
	bool codes = column == COLUMN_ADDRESS_CODES || column == COLUMN_LOAD_CODES || column == COLUMN_WORD_CODES ||
		     column == COLUMN_STORE_CODES;

	if (codes && below(p, 4))
		change_code(p, bytes);
	else
		change_bytes(p, bytes);
}

/* The columns are of raw; false: it has none. */
static bool split_columns(const trace_bytes *raw, trace_bytes columns[NUM_COLUMNS])
{
	struct column_reader c = {raw->at, raw->at + raw->len, false};
	uint64_t lens[NUM_COLUMNS];

	for (int i = 0; i < NUM_COLUMNS; i++)
		lens[i] = get_number(&c);
	for (int i = 0; i < NUM_COLUMNS; i++) {
		const uint8_t *bytes = get_bytes(&c, lens[i]);
		if (c.failed)
			return false;
		must(put_bytes(&columns[i], bytes, (size_t)lens[i]));
	}
	return true;
}

static void join_columns(trace_bytes *raw, const trace_bytes columns[NUM_COLUMNS])
{
	raw->len = 0;
	for (int i = 0; i < NUM_COLUMNS; i++)
		must(put_number(raw, columns[i].len));
	for (int i = 0; i < NUM_COLUMNS; i++)
		must(put_bytes(raw, columns[i].at, columns[i].len));
}

static void change_chunk(struct parts *p, struct part *part)
{
	trace_bytes columns[NUM_COLUMNS] = {{0}};

	if (split_columns(&part->raw, columns)) {
		for (uint32_t i = 1 + below(p, 2); i; i--) {
			enum column column = below(p, NUM_COLUMNS);
			change_column(p, column, &columns[column]);
		}
		join_columns(&part->raw, columns);
	} else {
		change_bytes(p, &part->raw);
	}
	for (int i = 0; i < NUM_COLUMNS; i++)
		vec_deinit(&columns[i]);
}

/* ---- Records ---- */

static void change_fields(struct parts *p, struct record *r)
{
	uint64_t x = UINT64_C(1) << below(p, 64);

	switch (below(p, 4)) {
	case 0: r->steps = below(p, 2) ? r->steps + 1 - below(p, 3) : (uint32_t)x; break;
	case 1:
		r->first = x;
		p->keep_numbers = true;
		break;
	case 2: r->first_event = x; break;
	default: r->tid = x;
	}
}

static void double_record(struct parts *p, const struct part *part)
{
	struct part copy = {.record = part->record};

	if (p->len == MAX_PARTS)
		return;
	must(put_bytes(&copy.raw, part->raw.at, part->raw.len));
	p->at[p->len++] = copy;
}

static void exchange(struct parts *p, struct part *a)
{
	struct part *b = &p->at[below(p, p->len)], copy = *a;

	*a = *b;
	*b = copy;
}

static void change(struct parts *p)
{
	/* Chunks more often than the few others. */
	struct part *part = &p->at[below(p, p->len)];

	for (int i = 0; i < 2 && part->record.type != RECORD_CHUNK; i++)
		part = &p->at[below(p, p->len)];
	switch (below(p, 16)) {
	case 0: change_fields(p, &part->record); break;
	case 1: double_record(p, part); break;
	case 2: exchange(p, part); break;
	default:
		if (part->record.type == RECORD_CHUNK)
			change_chunk(p, part);
		else
			change_bytes(p, &part->raw);
	}
}

size_t fuzz_mutate_trace(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct parts p = {.rng = {seed}};
	trace_bytes out = {0};
	size_t len = 0;

	if (below(&p, 16) && take_apart(&p, data, size)) {
		change(&p);
		put_together(&p, data, &out);
		len = out.len <= max_size ? out.len : 0;
		if (len)
			memcpy(data, out.at, len);
	}
	parts_deinit(&p);
	vec_deinit(&out);
	return len ? len : LLVMFuzzerMutate(data, size, max_size);
}
