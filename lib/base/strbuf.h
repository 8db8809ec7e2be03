/*
 * A string that is built piece by piece. An all-zero buffer is empty. Running out of memory is remembered instead of
 * returned by every call: ask strbuf_failed() or strbuf_take() at the end.
 */
#ifndef LIB_BASE_STRBUF_H
#define LIB_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *at; /* NUL-terminated once anything was appended */
	size_t len, cap;
	bool failed;
};

void strbuf_append(struct strbuf *s, const char *text);
void strbuf_append_bytes(struct strbuf *s, const void *bytes, size_t len);
void strbuf_append_char(struct strbuf *s, char c);
void strbuf_printf(struct strbuf *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lower-case hexadecimal, two digits a byte, in memory order. */
void strbuf_append_hex(struct strbuf *s, const void *bytes, size_t len);

/* What a noun takes behind a number: "s", but for 1 "". */
static inline const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* Empties the buffer and keeps its memory. */
void strbuf_clear(struct strbuf *s);

/* The text so far; "" when nothing was appended. Valid until the next change. */
const char *strbuf_text(const struct strbuf *s);

/* Gives the text to the caller, who frees it, and empties the buffer; NULL when memory ran out on the way. */
char *strbuf_take(struct strbuf *s);

void strbuf_deinit(struct strbuf *s);

static inline bool strbuf_failed(const struct strbuf *s)
{
	return s->failed;
}

#endif
