/* Traces that were cut off, damaged or made to do harm. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/testing/assert.h"
#include "lib/testing/random_trace.h"
#include "lib/testing/scratch.h"
#include "lib/trace/format.h"

static char trace_path[SCRATCH_PATH_LEN];
static trace_bytes small; /* a trace of SMALL_STEPS steps in SMALL_CHUNKS chunks */

enum { SMALL_STEPS = 30, SMALL_CHUNKS = 3 };

static void read_file(const char *path, trace_bytes *ret)
{
	uint8_t buf[4096];
	size_t n;
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	ret->len = 0;
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		ck_assert(put_bytes(ret, buf, n));
	fclose(f);
}

static void write_small(void)
{
	const struct isa *isa = isa_by_name("aarch64");
	char recorder[] = "by hand", emulator[] = "none";
	struct trace_header h = {.isa = isa, .recorder = recorder, .emulator = emulator};
	const struct trace_end end = {.limit = RUN_LIMIT_UNTIL};
	struct random_trace t;
	struct trace_writer *w;

	random_trace_init(&t, isa, 4);
	ck_no_error(trace_writer_create(trace_path, &h, &t.before, &w));
	for (int i = 0; i < SMALL_STEPS; i++) {
		random_trace_next(&t);
		t.step.running = false;
		t.step.tid = (uint64_t)(i / (SMALL_STEPS / SMALL_CHUNKS));
		ck_no_error(trace_writer_step(w, &t.step));
	}
	ck_no_error(trace_writer_finish(w, &end));
	trace_writer_destroy(w);
	random_trace_deinit(&t);
}

static void setup(void)
{
	scratch_setup();
	scratch_path("t.vtrace", trace_path);
	write_small();
	read_file(trace_path, &small);
}

static void teardown(void)
{
	vec_deinit(&small);
	scratch_teardown();
}

/* Reads all of the trace at trace_path. *ret_whole: it says that nothing is missing. */
static struct error *read_trace(uint64_t *ret_steps, bool *ret_whole)
{
	struct trace_reader *r;
	struct trace_cursor *c;
	struct trace_step step;
	bool end = false;
	struct error *err = trace_reader_open(trace_path, &r);

	*ret_steps = 0;
	*ret_whole = false;
	if (err)
		return err;
	*ret_whole = !trace_reader_cut(r) && trace_reader_end(r);
	if (!*ret_whole)
		ck_contains(trace_reader_cut(r), "offset 0x");
	err = trace_cursor_create(r, &c);
	while (!err && !end) {
		err = trace_cursor_next(c, &step, &end);
		*ret_steps += !err && !end;
	}
	trace_cursor_destroy(c);
	trace_reader_destroy(r);
	return err;
}

START_TEST(a_trace_cut_at_any_byte_loses_its_last_chunk_only)
{
	struct trace_reader *r;
	size_t num;
	uint64_t ends[SMALL_CHUNKS];

	ck_no_error(trace_reader_open(trace_path, &r));
	const struct trace_chunk_info *chunks = trace_reader_chunks(r, &num);
	ck_assert_uint_eq(num, SMALL_CHUNKS);
	uint64_t first = chunks[0].offset;
	for (size_t i = 0; i < num; i++)
		ends[i] = chunks[i].offset + chunks[i].stored;
	trace_reader_destroy(r);

	for (size_t len = 0; len < small.len; len++) {
		uint64_t steps, expected = 0;
		bool whole;
		for (size_t i = 0; i < SMALL_CHUNKS; i++)
			expected += len >= ends[i] ? SMALL_STEPS / SMALL_CHUNKS : 0;
		put_file(trace_path, small.at, len);
		if (len < first) {
			ck_error(read_trace(&steps, &whole), ERROR_INPUT, "offset 0x");
			continue;
		}
		ck_no_error(read_trace(&steps, &whole));
		ck_assert(!whole);
		ck_assert_uint_eq(steps, expected);
	}
}
END_TEST

/* Of a trace that was finished, each record is read before any step is told of. */
START_TEST(a_damaged_record_is_an_error)
{
	struct trace_reader *r;

	for (size_t at = TRACE_PREFIX_LEN; at + TRACE_FOOTER_LEN < small.len;) {
		struct record record;
		uint64_t steps;
		bool whole;
		ck_assert(record_parse(small.at + at, &record));
		size_t middle = at + RECORD_HEADER_LEN + record.stored / 2;
		small.at[middle] ^= 0xff;
		put_file(trace_path, small.at, small.len);
		small.at[middle] ^= 0xff;
		if (record.type == RECORD_CHUNK)
			ck_error(read_trace(&steps, &whole), ERROR_INPUT, "checksum");
		else
			ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "checksum");
		at += RECORD_HEADER_LEN + record.stored;
	}
}
END_TEST

/* Whatever bit flips: an error that names the file and a place in it, or a trace that says what it lacks. */
START_TEST(a_flipped_bit_is_noticed)
{
	for (size_t at = 0; at < small.len; at++) {
		uint64_t steps;
		bool whole;
		uint8_t bit = (uint8_t)(1u << (at + (size_t)_i) % 8);
		small.at[at] ^= bit;
		put_file(trace_path, small.at, small.len);
		small.at[at] ^= bit;
		struct error *err = read_trace(&steps, &whole);
		if (!err) {
			ck_assert_msg(!whole, "bit %u of byte %zu flipped, and nobody noticed", bit, at);
			continue;
		}
		ck_assert_int_eq(err->code, ERROR_INPUT);
		ck_contains(err->message, trace_path);
		ck_contains(err->message, "offset 0x");
		error_destroy(err);
	}
}
END_TEST

/* A file of the small trace's header and one chunk with these contents, and a right checksum. */
static void put_chunk(const trace_bytes *raw, uint32_t steps)
{
	struct record record, header;
	trace_bytes file = {0};

	ck_assert(record_parse(small.at + TRACE_PREFIX_LEN, &header));
	record = (struct record){.type = RECORD_CHUNK, .steps = steps, .first = 1};
	ck_assert(put_bytes(&file, small.at, TRACE_PREFIX_LEN + RECORD_HEADER_LEN + header.stored));
	ck_no_error(record_append(&file, &record, raw->at, raw->len));
	put_file(trace_path, file.at, file.len);
	vec_deinit(&file);
}

/* The contents of the small trace's first chunk. */
static void first_chunk(trace_bytes *ret, uint32_t *ret_steps)
{
	struct trace_reader *r;
	struct record record;
	trace_bytes stored = {0};
	FILE *f = fopen(trace_path, "r");
	size_t num;

	ck_assert_ptr_nonnull(f);
	ck_no_error(trace_reader_open(trace_path, &r));
	uint64_t offset = trace_reader_chunks(r, &num)->offset;
	ck_no_error(record_read(fileno(f), trace_path, offset, small.len, RECORD_RAW_MAX, &record, &stored, ret));
	*ret_steps = record.steps;
	fclose(f);
	vec_deinit(&stored);
	trace_reader_destroy(r);
}

/* Behind the checksum: columns that somebody made. Errors name the chunk; nothing crashes or grows. */
START_TEST(columns_may_hold_anything)
{
	struct rng rng = {(uint64_t)_i};
	trace_bytes raw = {0}, bad = {0};
	uint32_t steps, refused = 0;

	first_chunk(&raw, &steps);
	for (int i = 0; i < 1500; i++) {
		uint64_t got;
		bool whole;
		bad.len = 0;
		ck_assert(put_bytes(&bad, raw.at, raw.len));
		for (uint32_t n = 1 + rng_below(&rng, 3); n; n--)
			bad.at[rng_below(&rng, (uint32_t)raw.len)] = (uint8_t)rng_next(&rng);
		put_chunk(&bad, rng_below(&rng, 4) ? steps : rng_below(&rng, 2 * steps));
		struct error *err = read_trace(&got, &whole);
		ck_assert_uint_le(got, 2 * steps);
		if (!err)
			continue;
		refused++;
		ck_assert_int_eq(err->code, ERROR_INPUT);
		ck_contains(err->message, trace_path);
		ck_contains(err->message, "offset 0x");
		error_destroy(err);
	}
	ck_assert_uint_gt(refused, 0);
	vec_deinit(&raw);
	vec_deinit(&bad);
}
END_TEST

START_TEST(a_chunk_of_any_length_is_survived)
{
	trace_bytes raw = {0};
	uint32_t steps;

	first_chunk(&raw, &steps);
	for (size_t len = 0; len < raw.len; len++) {
		uint64_t got;
		bool whole;
		const trace_bytes part = {raw.at, len, len};
		put_chunk(&part, steps);
		ck_error(read_trace(&got, &whole), ERROR_INPUT,
			 "the chunk's step 1: the columns do not fill the chunk");
	}
	vec_deinit(&raw);
}
END_TEST

static void put_prefix(const char *magic, uint32_t version)
{
	trace_bytes file = {0};

	ck_assert(put_bytes(&file, magic, 8) && put_u32(&file, version) && put_u32(&file, 0));
	ck_assert(put_bytes(&file, small.at + TRACE_PREFIX_LEN, small.len - TRACE_PREFIX_LEN));
	put_file(trace_path, file.at, file.len);
	vec_deinit(&file);
}

START_TEST(what_is_no_trace_is_refused)
{
	struct trace_reader *r;

	put_file(trace_path, "", 0);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "not a trace of validate");
	put_file(trace_path, "{\"format\": \"validate-log\", \"version\": 1,", 40);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "not a trace of validate");
	put_prefix("VALTRACE", 2);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "a trace of version 2, this validate reads version 1");
	ck_error(trace_reader_open("/", &r), ERROR_INPUT, "not a regular file");
	ck_error(trace_reader_open("/nowhere", &r), ERROR_OS, "/nowhere");
}
END_TEST

/* A record that claims to be huge makes nobody reserve memory. */
START_TEST(huge_lengths_are_refused)
{
	uint32_t huge[] = {0xffffffff, 0xffffffff};
	struct trace_reader *r;

	memcpy(small.at + TRACE_PREFIX_LEN + 4, huge, sizeof huge);
	put_file(trace_path, small.at, small.len);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "no record of a trace stands here");
	huge[1] = huge[0] = 60 << 20;
	memcpy(small.at + TRACE_PREFIX_LEN + 4, huge, sizeof huge);
	put_file(trace_path, small.at, small.len);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "the file ends within this record");
}
END_TEST

/* ---- Behind right checksums: the records besides chunks ---- */

static void put_prefix_and(trace_bytes *file, struct record *record, const trace_bytes *raw)
{
	ck_assert(put_bytes(file, small.at, TRACE_PREFIX_LEN));
	ck_no_error(record_append(file, record, raw->at, raw->len));
	put_file(trace_path, file->at, file->len);
}

/* A header whose registers are this one, `times` times. */
static const struct header_row {
	const char *arch, *name;
	uint32_t width, times, num;
	const char *message;
} headers[] = {
	{"vax", "pc", 64, 1, 1, "a trace of 'vax', which validate does not know"},
	{"", "pc", 64, 1, 1, "a trace of '', which"},
	{"aarch64\033[31m", "pc", 64, 1, 1, "a trace of 'aarch64\xef\xbf\xbd[31m', which"},
	{"aarch64", "rax", 64, 1, 1, "aarch64 has no register 'rax'"},
	{"aarch64", "pc", 32, 1, 1, "register pc stands here with another width"},
	{"aarch64", "pc", 64, 2, 2, "register pc stands here once more"},
	{"aarch64", "sp", 64, 1, 1, "the registers are without a PC"},
	{"aarch64", "pc", 64, 1, UINT32_MAX, "4294967295 registers, aarch64 has"},
	{"aarch64", "pc", 64, 1, 2, "bytes wanted, "},
	{"aarch64", "pc", 64, 2, 1, "bytes too many"},
};

static void put_header(const struct header_row *row, trace_bytes *raw)
{
	static const uint8_t no_file[4 + 8 + 32 + 4];
	bool ok = put_text(raw, row->arch) && put_text(raw, "recorder") && put_text(raw, "emulator") &&
		  put_bytes(raw, no_file, sizeof no_file) && put_bytes(raw, no_file, sizeof no_file) &&
		  put_u32(raw, 0) && put_u32(raw, row->num);

	for (uint32_t i = 0; i < row->times; i++)
		ok = ok && put_text(raw, row->name) && put_u32(raw, row->width) && put_u32(raw, 0);
	ck_assert(ok && put_u64(raw, 0));
}

static void check_header_refused(const trace_bytes *raw, const char *message)
{
	struct record record = {.type = RECORD_HEADER};
	trace_bytes file = {0};
	struct trace_reader *r;

	put_prefix_and(&file, &record, raw);
	struct error *err = trace_reader_open(trace_path, &r);
	ck_assert_ptr_nonnull(err);
	ck_contains(err->message, trace_path);
	ck_contains(err->message, "in what the record at 0x10 of the file holds: copy or record the trace again");
	ck_error(err, ERROR_INPUT, message);
	vec_deinit(&file);
}

START_TEST(a_header_that_lies_is_refused_by_place)
{
	trace_bytes raw = {0};

	put_header(&headers[_i], &raw);
	check_header_refused(&raw, headers[_i].message);
	vec_deinit(&raw);
}
END_TEST

START_TEST(a_header_is_cut_anywhere)
{
	const struct header_row good = {"aarch64", "pc", 64, 1, 1, NULL};
	trace_bytes raw = {0};

	put_header(&good, &raw);
	for (size_t len = 0; len < raw.len; len++) {
		const trace_bytes part = {raw.at, len, len};
		check_header_refused(&part, "bytes wanted, ");
	}
	memset(raw.at, 0xff, 4);
	check_header_refused(&raw, "a text of 4294967295 bytes");
	memcpy(raw.at, (uint8_t[]){3, 0, 0, 0, 'a', 0, 'b'}, 7);
	check_header_refused(&raw, "a NUL within a text");
	vec_deinit(&raw);
}
END_TEST

/* An index with one chunk, and the footer that leads to it. */
static const struct index_row {
	uint64_t modules, end, num, offset, first;
	uint32_t steps;
	const char *message;
} indices[] = {
	{0, 0, UINT64_MAX, 1000, 1, 1, "bytes wanted, 0 left: in what the record at 0x"},
	{0, 0, 0, 1000, 1, 1, "44 bytes too many"},
	{0, 0, 1, 1 << 20, 1, 1, "offset 0x100000: the index does not fit the file at chunk 0"},
	{0, 0, 1, UINT64_MAX, 1, 1, "offset 0xffffffffffffffff: the index does not fit"},
	{0, 0, 1, 0, 1, 1, "offset 0x0: the index does not fit"},
	{0, 0, 1, 1000, 2, 1, "offset 0x3e8: the index does not fit"},
	{0, 0, 1, 1000, 1, 0, "offset 0x3e8: the index does not fit"},
	{UINT64_MAX, 0, 1, 100, 1, 1, "offset 0xffffffffffffffff: the file ends before this record"},
	{0, INT64_MAX, 1, 100, 1, 1, "offset 0x7fffffffffffffff: the file ends before this record"},
	{TRACE_PREFIX_LEN, 0, 1, 100, 1, 1, "offset 0x10: a record of another kind ('H')"},
};

static void put_footer(trace_bytes *file, uint64_t index)
{
	uint8_t check[RECORD_CHECK_LEN];
	size_t start = file->len;

	ck_assert(put_u64(file, index) && put_u64(file, start + TRACE_FOOTER_LEN));
	record_check(file->at + start, 16, check);
	ck_assert(put_bytes(file, check, sizeof check) && put_bytes(file, TRACE_FOOTER_MAGIC, 8));
}

/* The small trace up to its first chunk, then an index and a footer. */
static void put_index(const trace_bytes *raw)
{
	struct record header, record = {.type = RECORD_INDEX};
	trace_bytes file = {0};

	ck_assert(record_parse(small.at + TRACE_PREFIX_LEN, &header));
	ck_assert(put_bytes(&file, small.at, TRACE_PREFIX_LEN + RECORD_HEADER_LEN + header.stored));
	uint64_t offset = file.len;
	ck_no_error(record_append(&file, &record, raw->at, raw->len));
	put_footer(&file, offset);
	put_file(trace_path, file.at, file.len);
	vec_deinit(&file);
}

/* An index that leaves out how the run ended: what it names is sound. */
START_TEST(a_whole_trace_tells_its_end)
{
	trace_bytes raw = {0};
	struct trace_reader *r;

	ck_assert(put_u64(&raw, 0) && put_u64(&raw, 0) && put_u64(&raw, 0));
	put_index(&raw);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "the index leaves out how the run ended");
	vec_deinit(&raw);
}
END_TEST

static const char *const behind[] = {"x", "VTRE", "\n", "a longer text, of more bytes than a footer has, by far"};

/* Whether more follows as it is, with a footer of its own behind it, or before the last one. */
START_TEST(bytes_behind_the_footer_are_refused)
{
	const char *more = behind[_i];
	struct trace_reader *r;
	trace_bytes file = {0};
	uint64_t index;

	ck_assert(put_bytes(&file, small.at, small.len) && put_bytes(&file, (const uint8_t *)more, strlen(more)));
	put_file(trace_path, file.at, file.len);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "bytes behind the end of the trace");
	ck_assert(put_bytes(&file, small.at + small.len - TRACE_FOOTER_LEN, TRACE_FOOTER_LEN));
	put_file(trace_path, file.at, file.len);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "bytes behind the end of the trace");
	file.len -= TRACE_FOOTER_LEN;
	memcpy(&index, small.at + small.len - TRACE_FOOTER_LEN, sizeof index);
	put_footer(&file, le64toh(index));
	put_file(trace_path, file.at, file.len);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, "bytes behind the end of the trace");
	vec_deinit(&file);
}
END_TEST

START_TEST(an_index_that_lies_is_not_believed)
{
	const struct index_row *row = &indices[_i];
	trace_bytes raw = {0};
	struct trace_reader *r;

	ck_assert(put_u64(&raw, row->modules) && put_u64(&raw, row->end) && put_u64(&raw, row->num) &&
		  put_u64(&raw, row->offset) && put_u64(&raw, 7) && put_u64(&raw, row->first) && put_u64(&raw, 0) &&
		  put_u32(&raw, row->steps) && put_u32(&raw, 100) && put_u32(&raw, UINT32_MAX));
	put_index(&raw);
	ck_error(trace_reader_open(trace_path, &r), ERROR_INPUT, row->message);
	vec_deinit(&raw);
}
END_TEST

static const struct end_row {
	uint32_t status, signal, code;
} ends[] = {{256, 0, 0}, {UINT32_MAX, 0, 0}, {0, 128, 0}, {0, UINT32_MAX, 0}, {0, 0, ERROR_BUG + 1}};

START_TEST(an_end_that_cannot_be_is_left_out)
{
	static const uint8_t rest[4 * 8 + 3 * 4];
	const struct end_row *row = &ends[_i];
	struct record header, record = {.type = RECORD_END};
	trace_bytes raw = {0}, file = {0};
	struct trace_reader *r;

	ck_assert(put_u32(&raw, 1) && put_u32(&raw, row->status) && put_u32(&raw, row->signal) &&
		  put_u32(&raw, row->code) && put_bytes(&raw, rest, sizeof rest));
	ck_assert(record_parse(small.at + TRACE_PREFIX_LEN, &header));
	ck_assert(put_bytes(&file, small.at, TRACE_PREFIX_LEN + RECORD_HEADER_LEN + header.stored));
	ck_no_error(record_append(&file, &record, raw.at, raw.len));
	put_file(trace_path, file.at, file.len);
	ck_no_error(trace_reader_open(trace_path, &r));
	ck_assert_ptr_null(trace_reader_end(r));
	trace_reader_destroy(r);
	vec_deinit(&raw);
	vec_deinit(&file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("damage");
	TCase *tcase = tcase_create("damage");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_trace_cut_at_any_byte_loses_its_last_chunk_only);
	tcase_add_test(tcase, a_damaged_record_is_an_error);
	tcase_add_loop_test(tcase, a_flipped_bit_is_noticed, 0, 2);
	tcase_add_loop_test(tcase, columns_may_hold_anything, 0, 2);
	tcase_add_test(tcase, a_chunk_of_any_length_is_survived);
	tcase_add_test(tcase, what_is_no_trace_is_refused);
	tcase_add_test(tcase, huge_lengths_are_refused);
	tcase_add_loop_test(tcase, a_header_that_lies_is_refused_by_place, 0, sizeof headers / sizeof *headers);
	tcase_add_test(tcase, a_header_is_cut_anywhere);
	tcase_add_test(tcase, a_whole_trace_tells_its_end);
	tcase_add_loop_test(tcase, bytes_behind_the_footer_are_refused, 0, sizeof behind / sizeof *behind);
	tcase_add_loop_test(tcase, an_index_that_lies_is_not_believed, 0, sizeof indices / sizeof *indices);
	tcase_add_loop_test(tcase, an_end_that_cannot_be_is_left_out, 0, sizeof ends / sizeof *ends);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
