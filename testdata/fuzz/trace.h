/* Mutations of traces that most readers would not refuse: behind the checksums, of what a record holds. */
#ifndef TESTDATA_FUZZ_TRACE_H
#define TESTDATA_FUZZ_TRACE_H

#include <string.h>

#include "lib/trace/format.h"
#include "testdata/fuzz/file.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

/* The offset of one of the trace's records; 0: it has none. */
static inline size_t fuzz_choose_record(const uint8_t *data, size_t size, unsigned seed)
{
	enum { MAX_RECORDS = 64 };
	size_t offsets[MAX_RECORDS], num = 0, at = TRACE_PREFIX_LEN;
	struct record record;

	while (num < MAX_RECORDS && at < size && size - at > RECORD_HEADER_LEN && record_parse(data + at, &record)) {
		offsets[num++] = at;
		at += RECORD_HEADER_LEN + (size_t)record.stored;
	}
	return num ? offsets[seed % num] : 0;
}

/* The trace with another record in place of the one at offset, in out; false if that one cannot be read. */
static inline bool fuzz_change_record(const uint8_t *data, size_t size, size_t offset, trace_bytes *out)
{
	enum { MORE = 64 };
	char path[FUZZ_PATH_LEN];
	struct record record;
	trace_bytes stored = {0}, raw = {0};
	int fd = fuzz_file(data, size, path);
	struct error *err = record_read(fd, path, offset, size, &record, &stored, &raw);
	bool read = !err && raw.len && raw.len < 1 << 20;

	error_destroy(err);
	close(fd);
	if (read) {
		size_t next = offset + RECORD_HEADER_LEN + record.stored;
		if (!vec_reserve(&raw, raw.len + MORE))
			abort();
		raw.len = LLVMFuzzerMutate(raw.at, raw.len, raw.len + MORE);
		if (!put_bytes(out, data, offset) || record_append(out, &record, raw.at, raw.len) ||
		    !put_bytes(out, data + next, size - next))
			abort();
	}
	vec_deinit(&stored);
	vec_deinit(&raw);
	return read;
}

/* Mutates the trace in place; the result is its new size. */
static inline size_t fuzz_mutate_trace(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	trace_bytes out = {0};
	size_t offset = seed % 4 ? fuzz_choose_record(data, size, seed / 4) : 0, len = 0;

	if (offset && fuzz_change_record(data, size, offset, &out) && out.len <= max_size) {
		len = out.len;
		memcpy(data, out.at, len);
	}
	vec_deinit(&out);
	return len ? len : LLVMFuzzerMutate(data, size, max_size);
}

#endif
