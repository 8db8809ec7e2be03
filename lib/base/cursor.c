#include "lib/base/cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cursor_init(struct cursor *c, const char *name, const void *bytes, size_t len)
{
	*c = (struct cursor){.bytes = bytes, .len = len, .name = name};
}

struct error *cursor_error(const struct cursor *c, const char *format, ...)
{
	uint64_t offset = c->origin + c->at;
	char message[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);

	struct error *err = error_input(c->name, 0, "offset 0x%llx: %s", (unsigned long long)offset, message);
	if (err->code == ERROR_INPUT)
		err->place = offset;
	return err;
}

static struct error *take(struct cursor *c, uint64_t len, const uint8_t **ret)
{
	if (len > cursor_left(c))
		return cursor_error(c, "%llu bytes wanted, %zu left", (unsigned long long)len, cursor_left(c));
	*ret = c->bytes + c->at;
	c->at += (size_t)len;
	return NULL;
}

static uint64_t little_endian(const uint8_t *bytes, unsigned len)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < len; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

#define NUMBER(type, name) \
	struct error *name(struct cursor *c, type *ret) \
	{ \
		const uint8_t *bytes = c->bytes + c->at; \
		struct error *err = take(c, sizeof *ret, &bytes); \
		if (!err) \
			*ret = (type)little_endian(bytes, sizeof *ret); \
		return err; \
	}
NUMBER(uint8_t, cursor_u8)
NUMBER(uint16_t, cursor_u16)
NUMBER(uint32_t, cursor_u32)
NUMBER(uint64_t, cursor_u64)
#undef NUMBER

struct error *cursor_bytes(struct cursor *c, size_t len, const uint8_t **ret)
{
	return take(c, len, ret);
}

struct error *cursor_cstring(struct cursor *c, const char **ret)
{
	const uint8_t *start = c->bytes + c->at;
	const uint8_t *nul = cursor_left(c) ? memchr(start, '\0', cursor_left(c)) : NULL;

	if (!nul)
		return cursor_error(c, "a text has no end");
	*ret = (const char *)start;
	c->at += (size_t)(nul - start) + 1;
	return NULL;
}

struct error *cursor_skip(struct cursor *c, uint64_t len)
{
	const uint8_t *skipped;

	return take(c, len, &skipped);
}

struct error *cursor_seek(struct cursor *c, uint64_t offset)
{
	if (offset > c->len)
		return cursor_error(c, "points to 0x%llx, behind the end (0x%llx)",
				    (unsigned long long)(c->origin + offset), (unsigned long long)(c->origin + c->len));
	c->at = (size_t)offset;
	return NULL;
}

struct error *cursor_part(struct cursor *c, size_t len, struct cursor *ret)
{
	struct cursor part = {.len = len, .origin = c->origin + c->at, .name = c->name};
	struct error *err = take(c, len, &part.bytes);

	if (!err)
		*ret = part;
	return err;
}
