#include "lib/base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/vec.h"

static bool reserve(struct strbuf *s, size_t more)
{
	if (s->failed || more >= SIZE_MAX - s->len || !vec_grow((void **)&s->at, &s->cap, s->len + more + 1, 1))
		s->failed = true;
	return !s->failed;
}

void strbuf_append_bytes(struct strbuf *s, const void *bytes, size_t len)
{
	if (!reserve(s, len))
		return;
	if (len)
		memcpy(s->at + s->len, bytes, len);
	s->len += len;
	s->at[s->len] = '\0';
}

void strbuf_append(struct strbuf *s, const char *text)
{
	strbuf_append_bytes(s, text, strlen(text));
}

void strbuf_append_char(struct strbuf *s, char c)
{
	strbuf_append_bytes(s, &c, 1);
}

void strbuf_printf(struct strbuf *s, const char *format, ...)
{
	va_list ap, again;

	va_start(ap, format);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (len < 0)
		s->failed = true;
	else if (reserve(s, (size_t)len))
		s->len += (size_t)vsnprintf(s->at + s->len, (size_t)len + 1, format, again);
	va_end(again);
}

void strbuf_append_hex(struct strbuf *s, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	if (!reserve(s, 2 * len))
		return;
	for (size_t i = 0; i < len; i++) {
		s->at[s->len++] = digits[b[i] >> 4];
		s->at[s->len++] = digits[b[i] & 15];
	}
	s->at[s->len] = '\0';
}

void strbuf_clear(struct strbuf *s)
{
	s->len = 0;
	s->failed = false;
	if (s->at)
		s->at[0] = '\0';
}

const char *strbuf_text(const struct strbuf *s)
{
	return s->at ? s->at : "";
}

char *strbuf_take(struct strbuf *s)
{
	strbuf_append_bytes(s, "", 0);
	char *text = s->failed ? NULL : s->at;
	if (!text)
		free(s->at);
	*s = (struct strbuf){0};
	return text;
}

void strbuf_deinit(struct strbuf *s)
{
	free(s->at);
	*s = (struct strbuf){0};
}
