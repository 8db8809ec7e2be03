/* Opening a trace: its header, and where its chunks are. */
#include "lib/trace/reader.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/search.h"

/* ---- Access ---- */

const char *trace_reader_path(const struct trace_reader *r)
{
	return r->path;
}

const struct trace_header *trace_reader_header(const struct trace_reader *r)
{
	return &r->header;
}

const struct trace_chunk_info *trace_reader_chunks(const struct trace_reader *r, size_t *ret_len)
{
	*ret_len = r->index.chunks.len;
	return r->index.chunks.at;
}

const struct trace_module *trace_reader_modules(const struct trace_reader *r, size_t *ret_len)
{
	*ret_len = r->modules.len;
	return r->modules.at;
}

const struct trace_end *trace_reader_end(const struct trace_reader *r)
{
	return r->have_end ? &r->end : NULL;
}

const char *trace_reader_cut(const struct trace_reader *r)
{
	return r->cut;
}

uint64_t trace_reader_steps(const struct trace_reader *r)
{
	return r->steps;
}

uint64_t trace_reader_bytes(const struct trace_reader *r)
{
	return r->len;
}

/* ---- The header ---- */

/* A record outside of chunks; c reads its contents, which stay in raw. */
static struct error *read_plain(const struct trace_reader *r, uint64_t offset, enum record_type type, trace_bytes *raw,
				struct cursor *c)
{
	struct record record = {0};
	trace_bytes stored = {0};
	struct error *err = record_read(r->fd, r->path, offset, r->len, RECORD_RAW_MAX, &record, &stored, raw);

	vec_deinit(&stored);
	if (!err && record.type != type)
		err = error_input(r->path, 0, "offset 0x%llx: a record of another kind ('%c') than should be here",
				  (unsigned long long)offset, (int)record.type);
	if (!err)
		cursor_init(c, r->path, raw->at, raw->len);
	return err;
}

static struct error *check_prefix(const struct trace_reader *r)
{
	uint8_t prefix[TRACE_PREFIX_LEN];
	uint32_t words[2];
	size_t got = 0;
	struct error *err = file_read_at(r->fd, r->path, 0, prefix, sizeof prefix, &got);

	if (err)
		return err;
	if (got < sizeof prefix || memcmp(prefix, TRACE_MAGIC, strlen(TRACE_MAGIC)) != 0)
		return error_input(
			r->path, 0,
			"offset 0x0: this is not a trace of validate: name one that validate trace or validate import wrote");
	memcpy(words, prefix + 8, sizeof words);
	if (le32toh(words[0]) != TRACE_VERSION || words[1])
		return error_input(r->path, 0,
				   "offset 0x8: a trace of version %u, this validate reads version %d: record it again",
				   le32toh(words[0]), TRACE_VERSION);
	return NULL;
}

/* err is what came of reading a record's contents, whose checksum is right. Nothing may be left of them. */
static struct error *finish_record(const struct cursor *c, struct error *err, uint64_t offset)
{
	char place[96];

	if (!err && cursor_left(c))
		err = cursor_error(c, "%zu bytes too many", cursor_left(c));
	snprintf(place, sizeof place, "in what the record at 0x%llx of the file holds: copy or record the trace again",
		 (unsigned long long)offset);
	return error_remedy(err, place);
}

static struct error *get_header(struct trace_reader *r, struct cursor *c)
{
	struct error *err = header_get(c, &r->header, &r->layout);

	return !err && r->layout.words.len > LAYOUT_MAX_WORDS ? cursor_error(c, "too many registers") : err;
}

static struct error *read_header(struct trace_reader *r, uint64_t *ret_next)
{
	trace_bytes raw = {0};
	struct cursor c;
	uint8_t header[RECORD_HEADER_LEN];
	struct record record;
	size_t got = 0;
	struct error *err = check_prefix(r);

	if (!err)
		err = read_plain(r, TRACE_PREFIX_LEN, RECORD_HEADER, &raw, &c);
	if (!err)
		err = finish_record(&c, get_header(r, &c), TRACE_PREFIX_LEN);
	vec_deinit(&raw);
	if (!err)
		err = file_read_at(r->fd, r->path, TRACE_PREFIX_LEN, header, sizeof header, &got);
	if (err)
		return err;
	if (got < sizeof header || !record_parse(header, &record))
		return error_input(r->path, 0, "changes while it is read: wait for whoever writes it");
	*ret_next = TRACE_PREFIX_LEN + RECORD_HEADER_LEN + record.stored;
	return NULL;
}

/* ---- The other records ---- */

static struct error *read_modules(struct trace_reader *r)
{
	trace_bytes raw = {0};
	struct cursor c;
	struct error *err = NULL;

	if (!r->index.modules)
		return NULL;
	err = read_plain(r, r->index.modules, RECORD_MODULES, &raw, &c);
	if (!err)
		err = finish_record(&c, modules_get(&c, &r->modules), r->index.modules);
	vec_deinit(&raw);
	return err;
}

static struct error *read_end(struct trace_reader *r)
{
	trace_bytes raw = {0};
	struct cursor c;
	struct error *err = NULL;

	if (!r->index.end)
		return NULL;
	err = read_plain(r, r->index.end, RECORD_END, &raw, &c);
	if (!err) {
		err = end_get(&c, &r->end);
		r->have_end = !err;
		err = finish_record(&c, err, r->index.end);
	}
	vec_deinit(&raw);
	return err;
}

/* ---- The index ---- */

/* Where the footer says that the index is. */
static struct error *read_footer(const struct trace_reader *r, uint64_t *ret_index)
{
	uint8_t footer[TRACE_FOOTER_LEN] = {0}, check[RECORD_CHECK_LEN];
	uint64_t longs[2];
	size_t got = 0;
	struct error *err = NULL;
	uint64_t offset = r->len < sizeof footer ? 0 : r->len - sizeof footer;

	err = file_read_at(r->fd, r->path, offset, footer, sizeof footer, &got);
	if (err)
		return err;
	memcpy(longs, footer, sizeof longs);
	record_check(footer, 16, check);
	if (got < sizeof footer || memcmp(footer + 24, TRACE_FOOTER_MAGIC, 8) != 0)
		return error_input(r->path, 0, "offset 0x%llx: the file is cut off: it has no footer",
				   (unsigned long long)r->len);
	if (memcmp(footer + 16, check, sizeof check) != 0 || le64toh(longs[1]) != r->len)
		return error_input(r->path, 0, "offset 0x%llx: the footer is damaged", (unsigned long long)offset);
	*ret_index = le64toh(longs[0]);
	return NULL;
}

/* Chunks follow one another, and their steps too. */
static struct error *check_index(const struct trace_reader *r)
{
	uint64_t offset = TRACE_PREFIX_LEN, steps = 0;

	for (size_t i = 0; i < r->index.chunks.len; i++) {
		const struct trace_chunk_info *k = &r->index.chunks.at[i];
		if (k->offset < offset || k->offset > r->len || !k->steps || k->first != steps + 1)
			return error_input(r->path, 0, "offset 0x%llx: the index does not fit the file at chunk %zu",
					   (unsigned long long)k->offset, i);
		offset = k->offset + k->stored;
		steps += k->steps;
	}
	return NULL;
}

static struct error *read_index(struct trace_reader *r, uint64_t offset)
{
	trace_bytes raw = {0};
	struct cursor c;
	struct error *err = read_plain(r, offset, RECORD_INDEX, &raw, &c);

	if (!err)
		err = finish_record(&c, index_get(&c, &r->index), offset);
	vec_deinit(&raw);
	return err ? err : check_index(r);
}

static void forget_index(struct trace_reader *r)
{
	vec_deinit(&r->index.chunks);
	trace_modules_deinit(&r->modules);
	trace_end_deinit(&r->end);
	r->index = (struct trace_index){.modules = 0};
	r->have_end = false;
}

/* Adds a record that was found by walking. */
static struct error *take_record(struct trace_reader *r, uint64_t offset, const struct record *record)
{
	struct trace_chunk_info info = {
		.offset = offset,
		.tid = record->tid,
		.first = record->first,
		.first_event = record->first_event,
		.steps = record->steps,
		.stored = RECORD_HEADER_LEN + record->stored,
		.raw = record->raw,
	};

	if (record->type == RECORD_MODULES)
		r->index.modules = offset;
	if (record->type == RECORD_END)
		r->index.end = offset;
	return record->type != RECORD_CHUNK || vec_push(&r->index.chunks, info) ? NULL : &error_no_memory;
}

/* Bytes between a footer and the end of the file: nobody wrote the file like that, and what they hide is not known. The
 * index is the record at offset. */
static struct error *check_behind_footer(const struct trace_reader *r, uint64_t offset, const struct record *index)
{
	uint8_t footer[TRACE_FOOTER_LEN];
	uint64_t end = offset + RECORD_HEADER_LEN + index->stored + sizeof footer;
	size_t got = 0;
	struct error *err = file_read_at(r->fd, r->path, end - sizeof footer, footer, sizeof footer, &got);

	if (err || got < sizeof footer || memcmp(footer + 24, TRACE_FOOTER_MAGIC, 8) != 0 || end >= r->len)
		return err;
	return error_input(r->path, 0, "offset 0x%llx: %llu bytes behind the end of the trace: copy or record it again",
			   (unsigned long long)end, (unsigned long long)(r->len - end));
}

/* Finds the records by their lengths, up to where none stands. The last chunk has to be sound: what was written when a
 * machine went down may be there in part. */
static struct error *walk(struct trace_reader *r, uint64_t offset)
{
	uint8_t header[RECORD_HEADER_LEN];
	struct record record;
	uint64_t steps = 0;
	struct error *err = NULL;

	while (!err) {
		size_t got = 0;
		err = file_read_at(r->fd, r->path, offset, header, sizeof header, &got);
		if (err || got < sizeof header || !record_parse(header, &record) ||
		    record.stored > r->len - offset - RECORD_HEADER_LEN)
			break;
		if (record.type == RECORD_INDEX)
			return check_behind_footer(r, offset, &record);
		if (record.type == RECORD_CHUNK && (!record.steps || record.first != steps + 1))
			break;
		steps += record.type == RECORD_CHUNK ? record.steps : 0;
		err = take_record(r, offset, &record);
		offset += RECORD_HEADER_LEN + record.stored;
	}
	return err;
}

static void drop_unsound_tail(struct trace_reader *r)
{
	trace_bytes stored = {0}, raw = {0};

	while (r->index.chunks.len) {
		struct record record;
		const struct trace_chunk_info *last = &r->index.chunks.at[r->index.chunks.len - 1];
		struct error *err = record_read(r->fd, r->path, last->offset, r->len, RECORD_RAW_MAX, &record, &stored,
						&raw);
		if (!err)
			break;
		error_destroy(err);
		r->index.chunks.len--;
	}
	vec_deinit(&stored);
	vec_deinit(&raw);
}

/* Notes what is wrong with the end. Takes why. */
static struct error *note_cut(struct trace_reader *r, struct error *why)
{
	if (error_is(why, ERROR_NO_MEMORY) || error_is(why, ERROR_OS))
		return why;
	r->cut = strdup(why->message);
	error_destroy(why);
	return r->cut ? NULL : &error_no_memory;
}

/* Without an index: what the walk finds. What cannot be read of the images is left out. */
static struct error *rebuild_index(struct trace_reader *r, uint64_t offset)
{
	forget_index(r);
	struct error *err = walk(r, offset);
	if (err)
		return err;
	drop_unsound_tail(r);
	err = read_modules(r);
	error_destroy(err);
	err = read_end(r);
	error_destroy(err);
	return NULL;
}

/* ---- Opening ---- */

static struct error *open_file(struct trace_reader *r, const char *path)
{
	struct stat st;

	r->path = strdup(path);
	if (!r->path)
		return &error_no_memory;
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0)
		return error_os(errno, "open the trace", path);
	if (fstat(r->fd, &st) < 0)
		return error_os(errno, "stat", path);
	if (!S_ISREG(st.st_mode))
		return error_input(path, 0, "is not a regular file: a trace is read in no fixed order");
	r->len = (uint64_t)st.st_size;
	return NULL;
}

/* A finished trace tells how it ended, and has all of the steps that it speaks of. */
static struct error *check_whole(const struct trace_reader *r, uint64_t index)
{
	uint8_t header[RECORD_HEADER_LEN];
	struct record record;
	uint64_t steps = 0;
	size_t got = 0;
	struct error *err = file_read_at(r->fd, r->path, index, header, sizeof header, &got);

	if (err)
		return err;
	if (got < sizeof header || !record_parse(header, &record) ||
	    r->len - index != RECORD_HEADER_LEN + record.stored + TRACE_FOOTER_LEN)
		return error_input(r->path, 0,
				   "offset 0x%llx: bytes behind the end of the trace: copy or record it again",
				   (unsigned long long)index);

	for (size_t i = 0; i < r->index.chunks.len; i++)
		steps += r->index.chunks.at[i].steps;
	if (r->have_end && r->end.steps == steps)
		return NULL;
	return error_input(r->path, 0,
			   "offset 0x%llx: the index leaves out how the run ended, or steps of it: copy or record the "
			   "trace again",
			   (unsigned long long)index);
}

/* A file with a footer was finished: what does not fit in it is damage, and none of it is to be passed over. */
static struct error *find_chunks(struct trace_reader *r, uint64_t first_record)
{
	uint64_t index = 0;
	struct error *err = read_footer(r, &index);

	if (err) {
		err = note_cut(r, err);
		return err ? err : rebuild_index(r, first_record);
	}
	err = read_index(r, index);
	if (!err)
		err = read_modules(r);
	if (!err)
		err = read_end(r);
	return err ? err : check_whole(r, index);
}

struct error *trace_is(const char *path, bool *ret)
{
	char magic[sizeof TRACE_MAGIC - 1];
	struct stat st;
	size_t got = 0;

	*ret = false;
	if (!strcmp(path, "-"))
		return NULL;
	if (stat(path, &st) < 0)
		return error_os(errno, "open the trace", path);
	if (!S_ISREG(st.st_mode))
		return NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_os(errno, "open the trace", path);
	struct error *err = file_read_at(fd, path, 0, magic, sizeof magic, &got);
	close(fd);
	*ret = !err && got == sizeof magic && !memcmp(magic, TRACE_MAGIC, sizeof magic);
	return err;
}

struct error *trace_reader_open(const char *path, struct trace_reader **ret)
{
	struct trace_reader *r = calloc(1, sizeof *r);
	uint64_t first_record = 0;

	if (!r)
		return &error_no_memory;
	r->fd = -1;
	struct error *err = open_file(r, path);
	if (!err)
		err = read_header(r, &first_record);
	if (!err)
		err = find_chunks(r, first_record);
	if (err) {
		trace_reader_destroy(r);
		return err;
	}
	for (size_t i = 0; i < r->index.chunks.len; i++)
		r->steps += r->index.chunks.at[i].steps;
	*ret = r;
	return NULL;
}

void trace_reader_destroy(struct trace_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	forget_index(r);
	trace_header_deinit(&r->header);
	layout_deinit(&r->layout);
	free(r->path);
	free(r->cut);
	free(r);
}

/* ---- All steps ---- */

struct trace_cursor {
	const struct trace_reader *reader;
	struct trace_decoder *decoder;
	size_t next_chunk;
	bool open;           /* a chunk is */
	uint64_t skip_until; /* steps below this number are passed over */
};

struct error *trace_cursor_create(const struct trace_reader *r, struct trace_cursor **ret)
{
	struct trace_cursor *c = calloc(1, sizeof *c);

	if (!c)
		return &error_no_memory;
	c->reader = r;
	struct error *err = trace_decoder_create(r, &c->decoder);
	if (err) {
		free(c);
		return err;
	}
	*ret = c;
	return NULL;
}

void trace_cursor_destroy(struct trace_cursor *c)
{
	if (!c)
		return;
	trace_decoder_destroy(c->decoder);
	free(c);
}

/* The next step of whatever chunk has one. */
static struct error *next_step(struct trace_cursor *c, struct trace_step *ret, bool *ret_end)
{
	struct error *err = NULL;
	bool end = true;

	while (!err && end) {
		if (c->open)
			err = trace_decoder_next(c->decoder, ret, &end);
		c->open = c->open && !end;
		if (err || !end || c->next_chunk == c->reader->index.chunks.len)
			break;
		err = trace_decoder_open(c->decoder, c->next_chunk++);
		c->open = !err;
	}
	*ret_end = end;
	return err;
}

struct error *trace_cursor_next(struct trace_cursor *c, struct trace_step *ret, bool *ret_end)
{
	struct error *err;

	do {
		err = next_step(c, ret, ret_end);
	} while (!err && !*ret_end && ret->number < c->skip_until);
	return err;
}

struct error *trace_cursor_seek(struct trace_cursor *c, uint64_t number)
{
	const struct trace_index *index = &c->reader->index;
	const struct trace_chunk_info *chunks = index->chunks.at;

	/* The first chunk that ends behind the step. */
	SEARCH_FIRST(c->next_chunk, index->chunks.len, i, chunks[i].first + chunks[i].steps <= number);
	c->open = false;
	c->skip_until = number;
	return NULL;
}
