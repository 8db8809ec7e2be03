/*
 * The reader of traces. Most mutations are made behind the checksums: of a record's contents, which are then compressed
 * again. fuzz-runs: 6000
 */
#include <string.h>

#include "lib/trace/format.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

/* Every chunk, as threads that share them out read it. */
static struct error *read_chunks(const struct trace_reader *r)
{
	struct trace_decoder *d;
	struct trace_step step;
	size_t num;
	struct error *err = trace_decoder_create(r, &d);

	if (err)
		return err;
	trace_reader_chunks(r, &num);
	for (size_t i = 0; !err && i < num; i++) {
		bool end = false;
		err = trace_decoder_open(d, i);
		while (!err && !end)
			err = trace_decoder_next(d, &step, &end);
	}
	trace_decoder_destroy(d);
	return err;
}

static struct error *read_steps(const struct trace_reader *r)
{
	struct trace_cursor *c;
	struct trace_step step;
	bool end = false;
	struct error *err = trace_cursor_create(r, &c);

	if (err)
		return err;
	err = trace_cursor_seek(c, trace_reader_steps(r) / 2);
	while (!err && !end)
		err = trace_cursor_next(c, &step, &end);
	trace_cursor_destroy(c);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct trace_reader *r = NULL;
	int fd = fuzz_file(data, size, path);
	struct error *err = trace_reader_open(path, &r);

	if (!err) {
		fuzz_refused(read_chunks(r));
		err = read_steps(r);
	}
	fuzz_refused(err);
	trace_reader_destroy(r);
	close(fd);
	return 0;
}

/* The offset of one of the file's records; 0: it has none. */
static size_t choose_record(const uint8_t *data, size_t size, unsigned seed)
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

/* The file with another one in place of the record at offset, in out; false if that one cannot be read. */
static bool change_record(const uint8_t *data, size_t size, size_t offset, trace_bytes *out)
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

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	trace_bytes out = {0};
	size_t offset = seed % 4 ? choose_record(data, size, seed / 4) : 0, len = 0;

	if (offset && change_record(data, size, offset, &out) && out.len <= max_size) {
		len = out.len;
		memcpy(data, out.at, len);
	}
	vec_deinit(&out);
	return len ? len : LLVMFuzzerMutate(data, size, max_size);
}
