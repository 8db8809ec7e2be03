/* Long payloads bypass the JSON parser. */
#include <stdlib.h>
#include <string.h>

#include "lib/evlog/json.h"

enum { LIFT_MIN = 4096 }; /* bytes: what is worth it */

/* The closing quote of the string that starts behind at, or end. */
static const char *string_end(const char *at, const char *end, bool *ret_escapes)
{
	const char *start = at;

	*ret_escapes = false;
	for (;;) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		size_t backslashes = 0;
		if (!quote)
			return end;
		while (quote - backslashes > start && quote[-1 - (ptrdiff_t)backslashes] == '\\')
			backslashes++;
		*ret_escapes = *ret_escapes || backslashes;
		if (backslashes % 2 == 0)
			return quote;
		at = quote + 1;
	}
}

static bool is_payload(const char *text, const char *quote)
{
	static const char key[] = "\"data\": ";

	return quote - text >= (ptrdiff_t)sizeof key - 1 && !memcmp(quote - (sizeof key - 1), key, sizeof key - 1);
}

static bool is_value(char c)
{
	return c == '[' || c == '{' || c == ',' || c == ':';
}

struct error *json_check_values(const char *path, uint64_t line, const char *text, size_t len, size_t max)
{
	const char *end = text + len;
	size_t values = 0;
	bool escapes;

	for (const char *at = text; at < end && values <= max; at++) {
		values += is_value(*at);
		if (*at == '"')
			at = string_end(at + 1, end, &escapes);
	}
	return values > max ? error_input(path, line, "more than %zu JSON values", max) : NULL;
}

bool json_lift(const char *text, size_t len, struct json_lift *lift, size_t *ret_values)
{
	const char *end = text + len, *kept = text;

	lift->strings.len = 0;
	strbuf_clear(&lift->text);
	*ret_values = 0;
	for (const char *at = text; at < end; at++) {
		bool escapes;
		*ret_values += is_value(*at);
		if (*at != '"')
			continue;
		const char *start = at + 1;
		at = string_end(start, end, &escapes);
		if (at - start < LIFT_MIN || escapes || at == end || !is_payload(text, start - 1))
			continue;
		strbuf_append_bytes(&lift->text, kept, (size_t)(start - kept));
		strbuf_printf(&lift->text, "@%zu", lift->strings.len);
		kept = at;
		if (!vec_push(&lift->strings, ((struct json_lifted){start, (size_t)(at - start), false})))
			return false;
	}
	strbuf_append_bytes(&lift->text, kept, (size_t)(end - kept));
	return !strbuf_failed(&lift->text);
}

void json_lift_deinit(struct json_lift *lift)
{
	vec_deinit(&lift->strings);
	strbuf_deinit(&lift->text);
}

struct json_lifted *json_find_lifted(const struct place *at, const char *text)
{
	char *end;
	unsigned long i = strtoul(text + 1, &end, 10);

	while (at->up)
		at = at->up;
	if (!at->lift || *end || i >= at->lift->strings.len || at->lift->strings.at[i].used)
		return NULL;
	at->lift->strings.at[i].used = true;
	return &at->lift->strings.at[i];
}
