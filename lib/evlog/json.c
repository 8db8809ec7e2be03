#include "lib/evlog/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"

/* ---- Places ---- */

static void append_place(struct strbuf *out, const struct place *at)
{
	if (!at->up)
		return;
	append_place(out, at->up);
	if (!at->name)
		strbuf_printf(out, "[%zu]", at->index);
	else
		strbuf_printf(out, "%s%s", at->up->up ? "." : "", at->name);
}

struct error *place_error(const struct place *at, const char *format, ...)
{
	const struct place *outermost = at;
	struct strbuf text = {0};
	char *message;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	while (outermost->up)
		outermost = outermost->up;
	append_place(&text, at);
	strbuf_append(&text, text.len ? ": " : "");
	strbuf_append(&text, message ? message : "");
	struct error *err = message && !strbuf_failed(&text)
				    ? error_input(outermost->path, outermost->line, "%s", strbuf_text(&text))
				    : &error_no_memory;
	free(message);
	strbuf_deinit(&text);
	return err;
}

/* ---- Strings ---- */

/* The length of the UTF-8 character at the start of at, 0 if there is none: as jansson judges it (RFC 3629). */
static size_t utf8_len(const uint8_t *at, size_t left)
{
	static const struct {
		uint8_t first, last; /* lead bytes */
		uint8_t len;
		uint8_t low, high; /* of the second byte */
	} rows[] = {
		{0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
		{0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
		{0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (at[0] < rows[i].first || at[0] > rows[i].last)
			continue;
		if (rows[i].len > left || (rows[i].len > 1 && (at[1] < rows[i].low || at[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].len; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		}
		return rows[i].len;
	}
	return 0;
}

/* A JSON string can hold it: UTF-8, and no NUL, which readers cannot be trusted with. */
static bool is_text(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(at + i, len - i);
		if (n == 0 || at[i] == 0)
			return false;
		i += n;
	}
	return true;
}

static void write_base64(struct strbuf *out, const void *bytes, size_t len)
{
	strbuf_append_char(out, '"');
	codec_append_base64(out, bytes, len);
	strbuf_append_char(out, '"');
}

void json_write_string(struct strbuf *out, const char *bytes, size_t len)
{
	if (!is_text((const uint8_t *)bytes, len)) {
		strbuf_append(out, "{\"base64\": ");
		write_base64(out, bytes, len);
		strbuf_append_char(out, '}');
		return;
	}

	size_t done = 0;
	strbuf_append_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)bytes[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		strbuf_append_bytes(out, bytes + done, i - done);
		if (c < 0x20)
			strbuf_printf(out, "\\u%04x", c);
		else
			strbuf_append_bytes(out, (char[]){'\\', (char)c}, 2);
		done = i + 1;
	}
	strbuf_append_bytes(out, bytes + done, len - done);
	strbuf_append_char(out, '"');
}

static struct error *copy_string(const void *bytes, size_t len, char **ret, size_t *ret_len)
{
	char *text = malloc(len + 1);

	if (!text)
		return &error_no_memory;
	memcpy(text, bytes, len);
	text[len] = '\0';
	*ret = text;
	*ret_len = len;
	return NULL;
}

struct error *json_read_string(const struct place *at, const json_t *json, char **ret, size_t *ret_len)
{
	if (json_is_object(json) && json_object_size(json) == 1 && json_object_get(json, "base64")) {
		struct place inner = {.up = at, .name = "base64"};
		uint8_t *bytes;
		uint64_t len;
		struct error *err = json_read_base64(&inner, json_object_get(json, "base64"), &bytes, &len);
		if (err)
			return err;
		err = copy_string(bytes, len, ret, ret_len);
		free(bytes);
		return err;
	}
	if (!json_is_string(json))
		return place_error(at, "expected a string, or {\"base64\": ...} for bytes that are not UTF-8");
	return copy_string(json_string_value(json), json_string_length(json), ret, ret_len);
}

static void write_text(struct strbuf *out, const void *value, const void *arg)
{
	const char *const *text = value;

	(void)arg;
	json_write_string(out, *text, strlen(*text));
}

static struct error *read_text(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	char *text;
	size_t len;

	(void)arg;
	struct error *err = json_read_string(at, json, &text, &len);
	if (err)
		return err;
	if (memchr(text, '\0', len)) {
		free(text);
		return place_error(at, "a zero byte within a string");
	}
	*(char **)ret = text;
	return NULL;
}

static bool pointer_is_null(const void *value)
{
	return !*(void *const *)value;
}

const struct json_type json_text = {write_text, read_text, pointer_is_null};

/* ---- Numbers ---- */

static void write_count(struct strbuf *out, const void *value, const void *arg)
{
	char digits[20];
	size_t at = sizeof digits;

	(void)arg;
	uint64_t n = *(const uint64_t *)value;
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	strbuf_append_bytes(out, digits + at, sizeof digits - at);
}

struct error *json_read_count(const struct place *at, const json_t *json, uint64_t max, uint64_t *ret)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0 || (uint64_t)json_integer_value(json) > max)
		return place_error(at, "expected a number from 0 to %llu", (unsigned long long)max);
	*ret = (uint64_t)json_integer_value(json);
	return NULL;
}

static struct error *read_count(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	(void)arg;
	return json_read_count(at, json, INT64_MAX, ret);
}

const struct json_type json_count = {write_count, read_count, NULL};

size_t json_format_hex(char ret[JSON_HEX_LEN], uint64_t value)
{
	unsigned digits = value ? (67 - (unsigned)__builtin_clzll(value)) / 4 : 1;

	ret[0] = '"';
	ret[1] = '0';
	ret[2] = 'x';
	for (unsigned i = digits; i > 0; i--, value >>= 4)
		ret[2 + i] = "0123456789abcdef"[value & 15];
	ret[3 + digits] = '"';
	return digits + 4;
}

void json_write_hex(struct strbuf *out, uint64_t value)
{
	char text[JSON_HEX_LEN];

	strbuf_append_bytes(out, text, json_format_hex(text, value));
}

static void write_hex(struct strbuf *out, const void *value, const void *arg)
{
	(void)arg;
	json_write_hex(out, *(const uint64_t *)value);
}

struct error *json_read_hex(const struct place *at, const json_t *json, uint64_t *ret)
{
	const char *text = json_is_string(json) ? json_string_value(json) : "";
	size_t len = strlen(text);
	uint64_t value = 0;
	bool ok = len >= 3 && len <= 18 && text[0] == '0' && text[1] == 'x';

	for (size_t i = 2; ok && i < len; i++) {
		ok = codec_hex_digit(text[i]) >= 0;
		value = value << 4 | (uint64_t)(codec_hex_digit(text[i]) & 15);
	}
	if (!ok)
		return place_error(at, "expected a string of \"0x\" and 1 to 16 hexadecimal digits");
	*ret = value;
	return NULL;
}

static struct error *read_hex(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	(void)arg;
	return json_read_hex(at, json, ret);
}

const struct json_type json_hex = {write_hex, read_hex, NULL};

/* ---- Bytes ---- */

struct error *json_read_base64(const struct place *at, const json_t *json, uint8_t **ret, uint64_t *ret_len)
{
	if (!json_is_string(json))
		return place_error(at, "expected a string of base64");

	uint8_t *bytes;
	const char *text = json_string_value(json);
	size_t len = json_string_length(json);
	struct json_lifted *lifted = *text == '@' ? json_find_lifted(at, text) : NULL;
	if (lifted) {
		text = lifted->at;
		len = lifted->len;
	}
	struct error *err = codec_decode_base64(text, len, &bytes, &len);
	if (err && err->code == ERROR_INPUT) {
		error_destroy(err);
		return place_error(at, "not base64 (RFC 4648, with padding)");
	}
	if (err)
		return err;
	*ret = bytes;
	*ret_len = len;
	return NULL;
}

static void write_bytes(struct strbuf *out, const void *value, const void *arg)
{
	const struct json_bytes *bytes = arg;
	uint64_t len;

	memcpy(&len, (const char *)value + bytes->len_offset, sizeof len);
	write_base64(out, *(uint8_t *const *)value, len);
}

static struct error *read_bytes(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	const struct json_bytes *bytes = arg;
	uint64_t len = 0;
	struct error *err = json_read_base64(at, json, ret, &len);

	if (!err)
		memcpy((char *)ret + bytes->len_offset, &len, sizeof len);
	return err;
}

const struct json_type json_base64 = {write_bytes, read_bytes, pointer_is_null};

/* ---- Arrays ---- */

/* Any VEC. */
struct any_vec {
	void *at;
	size_t len, cap;
};

static struct any_vec load_vec(const void *value)
{
	struct any_vec v;

	memcpy(&v, value, sizeof v);
	return v;
}

static void write_vec(struct strbuf *out, const void *value, const void *arg)
{
	const struct json_list *list = arg;
	struct any_vec v = load_vec(value);

	strbuf_append_char(out, '[');
	for (size_t i = 0; i < v.len; i++) {
		if (i)
			strbuf_append(out, ", ");
		list->type->write(out, (const char *)v.at + i * list->size, list->arg);
	}
	strbuf_append_char(out, ']');
}

static struct error *read_vec(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	const struct json_list *list = arg;
	struct any_vec v = load_vec(ret);
	struct error *err = NULL;

	if (!json_is_array(json))
		return place_error(at, "expected an array");
	if (!vec_grow(&v.at, &v.cap, json_array_size(json), list->size))
		return &error_no_memory;
	for (size_t i = 0; !err && i < json_array_size(json); i++) {
		struct place inner = {.up = at, .index = i};
		void *element = (char *)v.at + i * list->size;
		memset(element, 0, list->size);
		v.len = i + 1;
		err = list->type->read(&inner, json_array_get(json, i), list->arg, element);
	}
	memcpy(ret, &v, sizeof v);
	return err;
}

static bool vec_is_empty(const void *value)
{
	return load_vec(value).len == 0;
}

const struct json_type json_vec = {write_vec, read_vec, vec_is_empty};

/* ---- Objects ---- */

void json_write_object(struct strbuf *out, const struct json_object *object, const void *from)
{
	const char *between = "{";

	for (size_t i = 0; i < object->num_fields; i++) {
		const struct json_field *f = &object->fields[i];
		const void *value = (const char *)from + f->offset;
		if (f->optional && f->type->empty(value))
			continue;
		strbuf_append(out, between);
		strbuf_append_char(out, '"');
		strbuf_append(out, f->name);
		strbuf_append(out, "\": ");
		f->type->write(out, value, f->arg);
		between = ", ";
	}
	strbuf_append_char(out, '}');
}

/* Quoted as JSON: a key may hold anything, and a message is one line. */
static struct error *unknown_key(const struct place *at, const char *key)
{
	struct strbuf text = {0};

	json_write_string(&text, key, strlen(key));
	struct error *err = place_error(at, "unknown member %s",
					text.len <= 64 ? strbuf_text(&text) : "with a long name");
	strbuf_deinit(&text);
	return err;
}

/* Names a member that no row has. */
static struct error *unknown_member(const struct place *at, const json_t *json, const struct json_object *object)
{
	void *iter = json_object_iter((json_t *)(uintptr_t)json);

	for (; iter; iter = json_object_iter_next((json_t *)(uintptr_t)json, iter)) {
		bool known = false;
		for (size_t i = 0; i < object->num_fields; i++)
			known = known || !strcmp(object->fields[i].name, json_object_iter_key(iter));
		if (!known)
			return unknown_key(at, json_object_iter_key(iter));
	}
	return error_create(ERROR_BUG, "no member of the object is unknown");
}

struct error *json_read_object(const struct place *at, const json_t *json, const struct json_object *object, void *ret)
{
	size_t used = 0;

	if (!json_is_object(json))
		return place_error(at, "expected an object");
	for (size_t i = 0; i < object->num_fields; i++) {
		const struct json_field *f = &object->fields[i];
		struct place inner = {.up = at, .name = f->name};
		const json_t *member = json_object_get(json, f->name);
		if (!member && f->optional)
			continue;
		if (!member)
			return place_error(&inner, "missing");
		struct error *err = f->type->read(&inner, member, f->arg, (char *)ret + f->offset);
		if (err)
			return err;
		used++;
	}
	return used == json_object_size(json) ? NULL : unknown_member(at, json, object);
}

static void write_struct(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, value);
}

static struct error *read_struct(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	return json_read_object(at, json, arg, ret);
}

const struct json_type json_struct = {write_struct, read_struct, NULL};
