/* Records: framing, compression and check. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/base/codec.h"
#include "lib/trace/format.h"

/* ---- Bytes ---- */

bool put_bytes(trace_bytes *out, const void *bytes, size_t len)
{
	if (!vec_reserve(out, out->len + len))
		return false;
	if (len)
		memcpy(out->at + out->len, bytes, len);
	out->len += len;
	return true;
}

bool put_u32(trace_bytes *out, uint32_t x)
{
	x = htole32(x);
	return put_bytes(out, &x, sizeof x);
}

bool put_u64(trace_bytes *out, uint64_t x)
{
	x = htole64(x);
	return put_bytes(out, &x, sizeof x);
}

bool put_number_slow(trace_bytes *out, uint64_t x)
{
	bool ok = true;

	for (; x >= 0x80 && ok; x >>= 7)
		ok = put_u8(out, (uint8_t)(x | 0x80));
	return ok && put_u8(out, (uint8_t)x);
}

bool put_words(trace_bytes *out, const uint64_t *words, size_t n)
{
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++)
		ok = put_u64(out, words[i]);
	return ok;
}

bool put_text(trace_bytes *out, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	return put_u32(out, (uint32_t)len) && put_bytes(out, text, len);
}

uint64_t get_number_slow(struct column_reader *c, uint8_t first)
{
	uint64_t x = first & 0x7f;
	uint8_t byte = 0x80;

	for (unsigned shift = 7; byte & 0x80 && shift < 64; shift += 7) {
		byte = get_u8(c);
		x |= (uint64_t)(byte & 0x7f) << shift;
	}
	c->failed |= byte >> 7;
	return x;
}

const uint8_t *get_bytes(struct column_reader *c, uint64_t len)
{
	const uint8_t *bytes = c->at;

	if (len > (uint64_t)(c->end - c->at)) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	return bytes;
}

uint64_t get_word(struct column_reader *c, unsigned len)
{
	const uint8_t *bytes = get_bytes(c, len);
	uint64_t x = 0;

	if (bytes && len)
		memcpy(&x, bytes, len);
	return le64toh(x);
}

uint64_t get_u64(struct column_reader *c)
{
	return get_word(c, 8);
}

/* ---- Records ---- */

void record_check(const void *bytes, size_t len, uint8_t ret[RECORD_CHECK_LEN])
{
	uint8_t digest[SHA256_LEN];

	codec_sha256(bytes, len, digest);
	memcpy(ret, digest, RECORD_CHECK_LEN);
}

static void format_header(const struct record *r, uint8_t *ret)
{
	uint32_t words[] = {htole32(r->stored), htole32(r->raw), htole32(r->steps)};
	uint64_t longs[] = {htole64(r->first), htole64(r->first_event), htole64(r->tid)};

	memset(ret, 0, RECORD_HEADER_LEN);
	memcpy(ret, "VTR", 3);
	ret[3] = (uint8_t)r->type;
	memcpy(ret + 4, words, sizeof words);
	memcpy(ret + 16, longs, sizeof longs);
}

bool record_parse(const uint8_t *bytes, struct record *ret)
{
	uint32_t words[3];
	uint64_t longs[3];

	if (memcmp(bytes, "VTR", 3) != 0 || !bytes[3] || !strchr("HCMEI", bytes[3]))
		return false;
	memcpy(words, bytes + 4, sizeof words);
	memcpy(longs, bytes + 16, sizeof longs);
	*ret = (struct record){
		.type = (enum record_type)bytes[3],
		.stored = le32toh(words[0]),
		.raw = le32toh(words[1]),
		.steps = le32toh(words[2]),
		.first = le64toh(longs[0]),
		.first_event = le64toh(longs[1]),
		.tid = le64toh(longs[2]),
	};
	return ret->raw <= RECORD_RAW_MAX && ret->stored <= ZSTD_compressBound(ret->raw);
}

struct error *record_append(trace_bytes *out, struct record *record, const void *raw, size_t len)
{
	size_t bound = ZSTD_compressBound(len), start = out->len;

	if (len > RECORD_RAW_MAX)
		return error_create(ERROR_UNSUPPORTED, "a record of a trace with %zu bytes", len);
	if (!vec_reserve(out, start + RECORD_HEADER_LEN + bound))
		return &error_no_memory;
	uint8_t *at = out->at + start;
	size_t stored = ZSTD_compress(at + RECORD_HEADER_LEN, bound, raw, len, COMPRESSION_LEVEL);
	if (ZSTD_isError(stored))
		return error_create(ERROR_BUG, "zstd: %s", ZSTD_getErrorName(stored));
	record->stored = (uint32_t)stored;
	record->raw = (uint32_t)len;
	format_header(record, at); /* with zeros where the check comes */
	record_check(at, RECORD_HEADER_LEN + stored, at + RECORD_HEADER_LEN - RECORD_CHECK_LEN);
	out->len += RECORD_HEADER_LEN + stored;
	return NULL;
}

struct error *file_read_at(int fd, const char *path, uint64_t offset, void *ret, size_t len, size_t *ret_len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (uint8_t *)ret + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "read", path);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return NULL;
}

static struct error *damaged(const char *path, uint64_t offset, const char *what)
{
	return error_input(path, 0, "offset 0x%llx: %s: copy or record the trace again", (unsigned long long)offset,
			   what);
}

/* Reads header and payload to stored. */
static struct error *read_stored(int fd, const char *path, uint64_t offset, uint64_t file_len, uint32_t most,
				 struct record *ret, trace_bytes *stored)
{
	uint8_t header[RECORD_HEADER_LEN];
	size_t got = 0;

	if (offset > file_len || file_len - offset < RECORD_HEADER_LEN)
		return damaged(path, offset, "the file ends before this record");
	struct error *err = file_read_at(fd, path, offset, header, sizeof header, &got);
	if (err)
		return err;
	if (got < sizeof header || !record_parse(header, ret))
		return damaged(path, offset, "no record of a trace stands here");
	if (ret->raw > most)
		return damaged(path, offset, "the record is larger than the index says");
	if (ret->stored > file_len - offset - RECORD_HEADER_LEN)
		return damaged(path, offset, "the file ends within this record");
	if (!vec_reserve(stored, RECORD_HEADER_LEN + (size_t)ret->stored))
		return &error_no_memory;
	stored->len = RECORD_HEADER_LEN + ret->stored;
	err = file_read_at(fd, path, offset, stored->at, stored->len, &got);
	return err || got == stored->len ? err : damaged(path, offset, "the file ends within this record");
}

struct error *record_read(int fd, const char *path, uint64_t offset, uint64_t file_len, uint32_t most,
			  struct record *ret, trace_bytes *stored, trace_bytes *raw)
{
	uint8_t check[RECORD_CHECK_LEN], expected[RECORD_CHECK_LEN];
	struct error *err = read_stored(fd, path, offset, file_len, most, ret, stored);

	if (err)
		return err;
	uint8_t *place = stored->at + RECORD_HEADER_LEN - RECORD_CHECK_LEN;
	memcpy(expected, place, sizeof expected);
	memset(place, 0, sizeof expected);
	record_check(stored->at, stored->len, check);
	if (memcmp(check, expected, sizeof check) != 0)
		return damaged(path, offset, "the record's checksum does not fit its bytes");
	if (!vec_reserve(raw, (size_t)ret->raw + 1))
		return &error_no_memory;
	size_t len = ZSTD_decompress(raw->at, ret->raw, stored->at + RECORD_HEADER_LEN, ret->stored);
	if (ZSTD_isError(len) || len != ret->raw)
		return damaged(path, offset, "the record does not decompress to its length");
	raw->len = len;
	return NULL;
}
