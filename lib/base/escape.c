#include "lib/base/escape.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* The bytes of the well-formed character at the start (Unicode, table 3-7), 0 if there is none. */
static size_t character_len(const char *text)
{
	/* By the first byte: how many follow, and what the second one may be. */
	static const struct {
		uint8_t first, last, following, low, high;
	} rows[] = {
		{0x20, 0x7e, 0, 0, 0},       {0x09, 0x0a, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf},
		{0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f},
		{0xee, 0xee, 2, 0x80, 0xbf}, {0xef, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
		{0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
	};
	const uint8_t *at = (const uint8_t *)text;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (*at < rows[i].first || *at > rows[i].last)
			continue;
		size_t len = 1;
		while (len <= rows[i].following && at[len] >= (len == 1 ? rows[i].low : 0x80) &&
		       at[len] <= (len == 1 ? rows[i].high : 0xbf))
			len++;
		return len == rows[i].following + 1u ? len : 0;
	}
	return 0;
}

/* Of the well-formed character of len bytes. */
static uint32_t code_point(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	uint32_t code = len == 1 ? at[0] : at[0] & 0x7fu >> len;

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (at[i] & 0x3f);
	return code;
}

/*
 * Nothing that is seen: controls; what XML 1.0 does not have; and of the Unicode Character Database those of the
 * category Format that order text (Bidi_Control, UAX #9), join, hide or tag it, and the line and paragraph separators.
 */
static bool is_hidden(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x80, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},     {0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

/*
 * Runners of CI services obey what they find in a log: "##[command]" (GitHub Actions, the older form), "##vso[command]"
 * (Azure Pipelines) wherever it is in a line, "##teamcity[command]" (TeamCity).
 */
static bool begins_command(const char *text)
{
	return text[0] == '#' && text[1] == '#';
}

/* The next character, or what stands for it; moves text behind it. */
static const char *next(const char **text, size_t *ret_len)
{
	const char *at = *text;
	size_t len = character_len(at);

	*text += len ? len : 1;
	*ret_len = len;
	if (len && !is_hidden(code_point(at, len)) && !begins_command(at))
		return at;
	*ret_len = sizeof replacement - 1;
	return replacement;
}

void escape_lines(struct strbuf *out, const char *text)
{
	while (*text) {
		size_t len;
		const char *c = next(&text, &len);
		strbuf_append_bytes(out, c, len);
	}
}

/* One character of ASCII, by a table that names those which are written otherwise. */
struct named {
	char c;
	const char *text;
};

static const char *find_name(const struct named *names, char c)
{
	for (; names->c; names++)
		if (names->c == c)
			return names->text;
	return NULL;
}

static void escape_named(struct strbuf *out, const char *text, const struct named *names)
{
	while (*text) {
		size_t len;
		const char *c = next(&text, &len), *name = find_name(names, *c);
		if (name)
			strbuf_append(out, name);
		else
			strbuf_append_bytes(out, c, len);
	}
}

void escape_line(struct strbuf *out, const char *text)
{
	static const struct named names[] = {{'\n', replacement}, {'\t', replacement}, {0}};
	size_t blanks = strspn(text, " ");

	/* "::command::" of GitHub Actions begins a line, which the text may do, behind no more than blanks. */
	if (!strncmp(text + blanks, "::", 2)) {
		strbuf_append_bytes(out, text, blanks);
		strbuf_append(out, replacement);
		text += blanks + 1;
	}
	escape_named(out, text, names);
}

void escape_markup(struct strbuf *out, const char *text, bool lines)
{
	static const struct named names[] = {
		{'\n', replacement}, {'\t', replacement}, {'&', "&amp;"},  {'<', "&lt;"},
		{'>', "&gt;"},       {'"', "&quot;"},     {'\'', "&#39;"}, {0},
	};

	escape_named(out, text, lines ? names + 2 : names);
}

void escape_github(struct strbuf *out, const char *text, bool property)
{
	static const struct named message[] = {{'%', "%25"}, {'\n', "%0A"}, {'\r', "%0D"}, {0}};
	static const struct named value[] = {
		{'%', "%25"}, {'\n', "%0A"}, {'\r', "%0D"}, {':', "%3A"}, {',', "%2C"}, {0},
	};

	escape_named(out, text, property ? value : message);
}

void escape_uri(struct strbuf *out, const char *path)
{
	for (const char *c = path; *c; c++) {
		if (isascii((unsigned char)*c) && (isalnum((unsigned char)*c) || strchr("/-._~", *c)))
			strbuf_append_char(out, *c);
		else
			strbuf_printf(out, "%%%02X", (unsigned)(uint8_t)*c);
	}
}
