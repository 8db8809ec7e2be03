#include "lib/oracle/vector_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The dictionary of `xz -9` is 64 MiB, the largest that the format allows 4 GiB. */
enum { BLOCK = 65536, MAX_VALUE = 255, MEMORY_LIMIT = 256 << 20 };

static const char vector_magic[8] = "A64VEC1";
static const uint8_t xz_magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};

struct vector_reader {
	char *name;
	int fd;
	bool owns_fd, at_end;
	uint64_t offset; /* of the next byte that is handed out */
	uint32_t num_cases, next_case;

	uint8_t raw[BLOCK]; /* as read from the file */
	size_t raw_len;

	bool compressed;
	lzma_stream xz; /* reads raw */
	uint8_t plain[BLOCK];

	const uint8_t *at; /* bytes not handed out yet: in plain, or in raw */
	size_t left;

	struct vector_change changes[VECTOR_MAX_CHANGES];
	uint8_t values[VECTOR_MAX_CHANGES][MAX_VALUE];
};

__attribute__((returns_nonnull, format(printf, 2, 3))) static struct error *malformed(const struct vector_reader *r,
										      const char *format, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	return error_input(r->name, 0, "offset 0x%" PRIx64 ": %s", r->offset, message);
}

/* ---- Bytes ---- */

/* Reads more of the file behind the raw bytes that are there; at_end if there is nothing more. */
static struct error *read_more(struct vector_reader *r)
{
	ssize_t n;

	do {
		n = read(r->fd, r->raw + r->raw_len, sizeof r->raw - r->raw_len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_os(errno, "cannot read", r->name);
	r->raw_len += (size_t)n;
	r->at_end = n == 0;
	return NULL;
}

static struct error *read_raw(struct vector_reader *r)
{
	r->raw_len = 0;
	return read_more(r);
}

static struct error *xz_error(const struct vector_reader *r, lzma_ret status)
{
	switch (status) {
	case LZMA_MEM_ERROR: return &error_no_memory;
	case LZMA_MEMLIMIT_ERROR: return malformed(r, "the xz data need too much memory to decompress");
	case LZMA_OPTIONS_ERROR: return malformed(r, "the xz data use an unknown option");
	case LZMA_BUF_ERROR: return malformed(r, "the xz data end too early");
	default: return malformed(r, "the xz data are corrupt");
	}
}

static struct error *decompress(struct vector_reader *r)
{
	lzma_ret status = LZMA_OK;

	r->xz.next_out = r->plain;
	r->xz.avail_out = sizeof r->plain;
	while (status == LZMA_OK && r->xz.avail_out == sizeof r->plain) {
		if (!r->xz.avail_in && !r->at_end) {
			struct error *err = read_raw(r);
			if (err)
				return err;
			r->xz.next_in = r->raw;
			r->xz.avail_in = r->raw_len;
		}
		status = lzma_code(&r->xz, r->at_end ? LZMA_FINISH : LZMA_RUN);
	}
	if (status != LZMA_OK && status != LZMA_STREAM_END)
		return xz_error(r, status);
	r->at = r->plain;
	r->left = sizeof r->plain - r->xz.avail_out;
	return NULL;
}

/* Gets the next bytes; none are left afterwards if the file ends. */
static struct error *refill(struct vector_reader *r)
{
	if (r->compressed)
		return decompress(r);
	struct error *err = read_raw(r);
	if (err)
		return err;
	r->at = r->raw;
	r->left = r->raw_len;
	return NULL;
}

/* len bytes; what: what they are part of. */
static struct error *take(struct vector_reader *r, void *to, size_t len, const char *what)
{
	for (size_t done = 0, n; done < len; done += n) {
		if (!r->left) {
			struct error *err = refill(r);
			if (err)
				return err;
		}
		if (!r->left)
			return malformed(r, "the file ends within %s", what);
		n = len - done < r->left ? len - done : r->left;
		memcpy((uint8_t *)to + done, r->at, n);
		r->at += n;
		r->left -= n;
		r->offset += n;
	}
	return NULL;
}

static struct error *take_number(struct vector_reader *r, unsigned len, const char *what, uint64_t *ret)
{
	uint8_t bytes[8];
	struct error *err = take(r, bytes, len, what);

	if (err)
		return err;
	*ret = 0;
	for (unsigned i = 0; i < len; i++)
		*ret |= (uint64_t)bytes[i] << (8 * i);
	return NULL;
}

/* ---- Header ---- */

/* Looks at the first bytes, which a pipe may hand out in pieces, and chooses how to read on. */
static struct error *detect(struct vector_reader *r)
{
	struct error *err = NULL;

	while (!err && r->raw_len < sizeof xz_magic && !r->at_end)
		err = read_more(r);
	if (err)
		return err;
	r->at = r->raw;
	r->left = r->raw_len;
	if (r->raw_len < sizeof xz_magic || memcmp(r->raw, xz_magic, sizeof xz_magic))
		return NULL;
	lzma_ret status = lzma_stream_decoder(&r->xz, MEMORY_LIMIT, LZMA_CONCATENATED);
	if (status != LZMA_OK)
		return xz_error(r, status);
	r->compressed = true;
	r->xz.next_in = r->raw;
	r->xz.avail_in = r->raw_len;
	r->left = 0;
	return NULL;
}

static struct error *read_header(struct vector_reader *r)
{
	char magic[sizeof vector_magic];
	uint64_t num;
	struct error *err = detect(r);

	if (!err)
		err = take(r, magic, sizeof magic, "its header");
	if (err)
		return err;
	if (memcmp(magic, vector_magic, sizeof magic)) {
		r->offset = 0;
		return malformed(r, "not a file of vectors, which starts with \"%s\"", vector_magic);
	}
	err = take_number(r, 4, "its header", &num);
	if (!err)
		r->num_cases = (uint32_t)num;
	return err;
}

static struct error *open_file(struct vector_reader *r, const char *path)
{
	bool is_file = path && strcmp(path, "-") != 0;

	r->name = strdup(is_file ? path : "standard input");
	if (!r->name)
		return &error_no_memory;
	r->fd = is_file ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	r->owns_fd = is_file && r->fd >= 0;
	return r->fd < 0 ? error_os(errno, "cannot open", path) : NULL;
}

struct error *vector_reader_open(const char *path, struct vector_reader **ret)
{
	struct vector_reader *r = calloc(1, sizeof *r);

	if (!r)
		return &error_no_memory;
	r->xz = (lzma_stream)LZMA_STREAM_INIT;
	struct error *err = open_file(r, path);
	if (!err)
		err = read_header(r);
	if (err) {
		vector_reader_close(r);
		return err;
	}
	*ret = r;
	return NULL;
}

void vector_reader_close(struct vector_reader *r)
{
	if (!r)
		return;
	lzma_end(&r->xz);
	if (r->owns_fd)
		close(r->fd);
	free(r->name);
	free(r);
}

uint32_t vector_reader_num_cases(const struct vector_reader *r)
{
	return r->num_cases;
}

/* ---- Cases ---- */

/* Bytes of a value of the kind; 0: there is no such kind. The length of memory is its own. */
static unsigned value_len(const struct vector_change *c)
{
	if (c->kind <= VECTOR_SP || c->kind == VECTOR_PC)
		return 8;
	if (c->kind < VECTOR_NZCV)
		return 16;
	if (c->kind == VECTOR_UNKNOWN)
		return c->input ? 0 : 4;
	return c->kind < VECTOR_NUM_KINDS ? 4 : 0;
}

static struct error *read_range(struct vector_reader *r, struct vector_change *c)
{
	uint8_t range[2];
	struct error *err = take(r, range, sizeof range, "a case");

	if (err)
		return err;
	c->offset = range[0];
	c->len = range[1];
	if (c->offset + c->len > VECTOR_WINDOW)
		return malformed(r, "%u bytes at offset %u reach beyond the window of %d bytes", c->len, c->offset,
				 VECTOR_WINDOW);
	return NULL;
}

static struct error *read_change(struct vector_reader *r, unsigned index)
{
	struct vector_change *c = &r->changes[index];
	uint64_t kind;
	struct error *err = take_number(r, 1, "a case", &kind);

	if (err)
		return err;
	*c = (struct vector_change){.kind = kind & 127, .input = kind >> 7, .bytes = r->values[index]};
	if (c->kind == VECTOR_MEMORY) {
		err = read_range(r, c);
		if (err)
			return err;
	} else {
		c->len = (uint8_t)value_len(c);
		if (!c->len) {
			r->offset--;
			return malformed(r, "case %" PRIu32 " has a change of the unknown kind %u", r->next_case,
					 (unsigned)kind);
		}
	}
	return take(r, r->values[index], c->len, "a case");
}

static struct error *read_case(struct vector_reader *r, struct vector_case *ret)
{
	uint64_t word = 0, seed = 0, num = 0;
	struct error *err = take_number(r, 4, "a case", &word);

	if (!err)
		err = take_number(r, 8, "a case", &seed);
	if (!err)
		err = take_number(r, 1, "a case", &num);
	for (unsigned i = 0; i < num && !err; i++)
		err = read_change(r, i);
	if (err)
		return err;
	*ret = (struct vector_case){.number = r->next_case++,
				    .word = (uint32_t)word,
				    .seed = seed,
				    .num_changes = (unsigned)num,
				    .changes = r->changes};
	return NULL;
}

/* The file has to end where the header says. */
static struct error *check_end(struct vector_reader *r)
{
	struct error *err = r->left ? NULL : refill(r);

	if (err || !r->left)
		return err;
	return malformed(r, "the file goes on after its %" PRIu32 " cases", r->num_cases);
}

struct error *vector_reader_next(struct vector_reader *r, struct vector_case *ret, bool *ret_found)
{
	bool found = r->next_case < r->num_cases;
	struct error *err = found ? read_case(r, ret) : check_end(r);

	if (!err)
		*ret_found = found;
	return err;
}
