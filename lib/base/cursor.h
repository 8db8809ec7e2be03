/*
 * Reads bytes that nobody vouches for: every read is checked against the end, numbers are little-endian at any
 * alignment, and errors (ERROR_INPUT) name what is being read and the offset in it. After an error the cursor stands
 * where it stood.
 *
 * A cursor borrows its bytes and its name, and needs no deinit.
 */
#ifndef LIB_BASE_CURSOR_H
#define LIB_BASE_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct cursor {
	const uint8_t *bytes;
	size_t len;
	size_t at;
	uint64_t origin;  /* the offset of bytes[0] for messages: what a part stands at in its whole */
	const char *name; /* a path, or "auxv": for messages, and the error's path */
};

void cursor_init(struct cursor *c, const char *name, const void *bytes, size_t len);

static inline size_t cursor_left(const struct cursor *c)
{
	return c->len - c->at;
}

struct error *cursor_u8(struct cursor *c, uint8_t *ret);
struct error *cursor_u16(struct cursor *c, uint16_t *ret);
struct error *cursor_u32(struct cursor *c, uint32_t *ret);
struct error *cursor_u64(struct cursor *c, uint64_t *ret);

/* The next len bytes, in place. */
struct error *cursor_bytes(struct cursor *c, size_t len, const uint8_t **ret);

/* The text up to and with the next NUL, in place; without one before the end it is an error. */
struct error *cursor_cstring(struct cursor *c, const char **ret);

struct error *cursor_skip(struct cursor *c, uint64_t len);

/* Stands at the offset (0 is the cursor's own start; len is allowed and has nothing left). */
struct error *cursor_seek(struct cursor *c, uint64_t offset);

/* The next len bytes as a cursor of their own, which keeps the offsets of the whole. */
struct error *cursor_part(struct cursor *c, size_t len, struct cursor *ret);

/* An error at the cursor's place: "NAME: offset 0x1c: MESSAGE". */
struct error *cursor_error(const struct cursor *c, const char *format, ...)
	__attribute__((returns_nonnull, format(printf, 2, 3)));

#endif
