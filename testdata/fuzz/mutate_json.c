#include "testdata/fuzz/mutate_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/rng.h"
#include "lib/base/vec.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

enum { MAX_DEPTH = 64, MORE = 64 };

/* A value, from its first byte to behind its last. It is a member of an object if that begins before it, at its key. */
struct value {
	size_t whole, at, end;
	uint8_t kind; /* its first byte; '0': a number, a: true, false or null */
};

typedef VEC(struct value) values;

struct document {
	const uint8_t *text;
	size_t len;
	values values;
	struct rng rng;
};

static void *allocated(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- Finding the values ---- */

/* `at` itself, if it does not end. */
static size_t skip_string(const uint8_t *text, size_t len, size_t at)
{
	size_t end = at + 1;

	for (; end < len && text[end] != '"'; end++)
		end += text[end] == '\\';
	return end < len ? end + 1 : at;
}

static size_t skip_word(const uint8_t *text, size_t len, size_t at)
{
	while (at < len && text[at] && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", text[at]))
		at++;
	return at;
}

static bool is_key(const uint8_t *text, size_t len, size_t at)
{
	while (at < len && text[at] == ' ')
		at++;
	return at < len && text[at] == ':';
}

/* All values of the document; false: it is not JSON, as far as that is looked at. */
static bool scan(struct document *d)
{
	size_t open[MAX_DEPTH], depth = 0, key = SIZE_MAX, at = 0;

	while (at < d->len) {
		uint8_t c = d->text[at];
		struct value v = {key < at ? key : at, at, at + 1, c};

		if (strchr(" \n\t,:", c) && c) {
			at++;
			continue;
		}
		if (c == '"') {
			v.end = skip_string(d->text, d->len, at);
		} else if (c == ']' || c == '}') {
			if (!depth)
				return false;
			d->values.at[open[--depth]].end = ++at;
			continue;
		} else if (c != '[' && c != '{') {
			v.end = skip_word(d->text, d->len, at);
			v.kind = c == '-' || (c >= '0' && c <= '9') ? '0' : 'a';
		} else if (depth == MAX_DEPTH) {
			return false;
		} else {
			open[depth++] = d->values.len;
		}
		if (v.end == at)
			return false;
		at = v.end;
		if (c == '"' && is_key(d->text, d->len, at)) {
			key = v.at;
			continue;
		}
		key = SIZE_MAX;
		if (!vec_push(&d->values, v))
			abort();
	}
	return !depth && d->values.len;
}

static uint32_t below(struct document *d, size_t n)
{
	return rng_below(&d->rng, (uint32_t)n);
}

/* ---- New contents ---- */

static uint64_t change_number(struct document *d, uint64_t x)
{
	static const uint64_t extremes[] = {0,
					    1,
					    7,
					    0xff,
					    0xfff,
					    0x1000,
					    0xffff,
					    0x7fffffff,
					    0x80000000,
					    0xffffffff,
					    0x7ffffffff000,
					    0x7fffffffffff,
					    1ULL << 47,
					    INT64_MAX,
					    1ULL << 63,
					    -UINT64_C(4096),
					    UINT64_MAX,
					    0x401000};
	static const uint64_t steps[] = {1, 2, 8, 16, 0x1000, 0x200000};

	switch (below(d, 5)) {
	case 0: return x + steps[below(d, sizeof steps / sizeof *steps)];
	case 1: return x - steps[below(d, sizeof steps / sizeof *steps)];
	case 2: return x ^ UINT64_C(1) << below(d, 64);
	case 3: return below(d, 400); /* of system calls, descriptors, signals */
	default: return extremes[below(d, sizeof extremes / sizeof *extremes)];
	}
}

/* As the contents of a string. */
static void put_escaped(struct strbuf *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] < ' ' || bytes[i] >= 0x7f || bytes[i] == '"' || bytes[i] == '\\')
			strbuf_printf(out, "\\u%04x", bytes[i]);
		else
			strbuf_append_bytes(out, &bytes[i], 1);
}

static uint8_t *mutated(const uint8_t *bytes, size_t *len)
{
	uint8_t *copy = allocated(malloc(*len + MORE));

	if (*len)
		memcpy(copy, bytes, *len);
	*len = LLVMFuzzerMutate(copy, *len, *len + MORE);
	return copy;
}

static void put_string(struct document *d, struct strbuf *out, const struct value *v)
{
	const uint8_t *text = d->text + v->at + 1;
	size_t len = v->end - v->at - 2, decoded_len;
	uint8_t *decoded = NULL, *changed;

	strbuf_append(out, "\"");
	if (len > 2 && len < 19 && !memcmp(text, "0x", 2)) {
		strbuf_printf(out, "0x%llx",
			      (unsigned long long)change_number(d, strtoull((const char *)text, NULL, 16)));
	} else if (len >= 8 && len % 4 == 0 && below(d, 8)) {
		struct error *err = codec_decode_base64((const char *)text, len, &decoded, &decoded_len);
		if (!err) {
			changed = mutated(decoded, &decoded_len);
			codec_append_base64(out, changed, decoded_len);
			free(changed);
			free(decoded);
		}
		error_destroy(err);
	} else {
		changed = mutated(text, &len);
		put_escaped(out, changed, len);
		free(changed);
	}
	strbuf_append(out, "\"");
}

static void put_changed(struct document *d, struct strbuf *out, const struct value *v)
{
	static const char *const words[] = {"true", "false", "null", "[]", "{}", "\"\"", "0", "-1", "1e300"};

	if (!below(d, 24) || v->kind == 'a') {
		strbuf_append(out, words[below(d, sizeof words / sizeof *words)]);
	} else if (v->kind == '0') {
		long long x = (long long)change_number(d, strtoull((const char *)d->text + v->at, NULL, 10));
		strbuf_printf(out, "%lld", x < 0 && below(d, 8) ? x & INT64_MAX : x);
	} else if (v->kind == '"') {
		put_string(d, out, v);
	} else {
		strbuf_append_bytes(out, d->text + v->at, v->end - v->at);
	}
}

/* ---- Changes of the document ---- */

static void put_range(const struct document *d, struct strbuf *out, size_t from, size_t to)
{
	strbuf_append_bytes(out, d->text + from, to - from);
}

/* With the comma that is too many then. */
static void delete_element(struct document *d, struct strbuf *out, const struct value *v)
{
	size_t from = v->whole, to = v->end, before = v->whole;

	while (to < d->len && strchr(" \n", d->text[to]))
		to++;
	while (before && strchr(" \n", d->text[before - 1]))
		before--;
	if (to < d->len && d->text[to] == ',')
		to++;
	else if (before && d->text[before - 1] == ',')
		from = before - 1;
	put_range(d, out, 0, from);
	put_range(d, out, to, d->len);
}

static void double_element(struct document *d, struct strbuf *out, const struct value *v)
{
	put_range(d, out, 0, v->end);
	strbuf_append(out, ",");
	if (v->whole && d->text[v->whole - 1] == '\n')
		strbuf_append(out, "\n");
	put_range(d, out, v->whole, d->len);
}

/* Another value of the same kind, or v itself. */
static const struct value *choose_other(struct document *d, const struct value *v)
{
	for (int i = 0; i < 16; i++) {
		const struct value *other = &d->values.at[below(d, d->values.len)];
		if (other->kind == v->kind)
			return other;
	}
	return v;
}

static void copy_value(struct document *d, struct strbuf *out, const struct value *v)
{
	const struct value *other = choose_other(d, v);

	put_range(d, out, 0, v->at);
	put_range(d, out, other->at, other->end);
	put_range(d, out, v->end, d->len);
}

static void exchange(struct document *d, struct strbuf *out, const struct value *v)
{
	const struct value *other = choose_other(d, v);
	const struct value *a = v->at < other->at ? v : other, *b = a == v ? other : v;

	if (b->at < a->end) {
		put_range(d, out, 0, d->len);
		return;
	}
	put_range(d, out, 0, a->at);
	put_range(d, out, b->at, b->end);
	put_range(d, out, a->end, b->at);
	put_range(d, out, a->at, a->end);
	put_range(d, out, b->end, d->len);
}

static void change(struct document *d, struct strbuf *out)
{
	const struct value *v = &d->values.at[below(d, d->values.len)];

	switch (below(d, 16)) {
	case 0: delete_element(d, out, v); break;
	case 1: double_element(d, out, v); break;
	case 2: exchange(d, out, v); break;
	case 3:
	case 4: copy_value(d, out, v); break;
	default:
		put_range(d, out, 0, v->at);
		put_changed(d, out, v);
		put_range(d, out, v->end, d->len);
	}
}

/* Takes over what came of it, if it fits; 0 if not. */
static size_t take(uint8_t *data, size_t max_size, struct strbuf *text)
{
	size_t len = text->len;

	if (strbuf_failed(text))
		abort();
	if (len <= max_size && len)
		memcpy(data, text->at, len);
	strbuf_deinit(text);
	return len <= max_size ? len : 0;
}

static size_t change_once(uint8_t *data, size_t size, size_t max_size, struct rng *rng)
{
	struct document d = {.text = data, .len = size, .rng = *rng};
	struct strbuf out = {0};
	bool scanned = scan(&d);

	if (scanned)
		change(&d, &out);
	*rng = d.rng;
	vec_deinit(&d.values);
	size_t len = take(data, max_size, &out);
	return scanned ? len : 0;
}

size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct rng rng = {seed};
	size_t len = size;

	if (rng_below(&rng, 32))
		for (uint32_t i = 1 + rng_below(&rng, 3); i && len; i--)
			len = change_once(data, len, max_size, &rng);
	else
		len = 0;
	return len ? len : LLVMFuzzerMutate(data, size, max_size);
}

/* ---- Logs ---- */

static size_t renumber(uint8_t *data, size_t size, size_t max_size)
{
	static const char head[] = "\n{\"index\": ";
	struct strbuf out = {0};
	size_t at = 0;

	for (unsigned index = 0;; index++) {
		const uint8_t *found = memmem(data + at, size - at, head, sizeof head - 1);
		size_t to = found ? (size_t)(found - data) + sizeof head - 1 : size;
		strbuf_append_bytes(&out, data + at, to - at);
		if (!found)
			break;
		strbuf_printf(&out, "%u", index);
		for (at = to; at < size && data[at] >= '0' && data[at] <= '9';)
			at++;
	}
	size_t len = take(data, max_size, &out);
	return len ? len : size;
}

size_t fuzz_mutate_log(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t len = fuzz_mutate_json(data, size, max_size, seed);

	return seed % 32 ? renumber(data, len, max_size) : len;
}

/* ---- Several documents ---- */

size_t fuzz_mutate_documents(uint8_t *data, size_t size, size_t max_size, unsigned seed, size_t plain)
{
	struct rng rng = {seed};
	size_t from = 0, end = size, number = 0;

	for (size_t i = 0, n = 1; i < size; i++)
		if (!data[i] && !rng_below(&rng, (uint32_t)++n))
			from = i + 1;
	for (size_t i = 0; i < from; i++)
		number += !data[i];
	const uint8_t *zero = from < size ? memchr(data + from, 0, size - from) : NULL;
	end = zero ? (size_t)(zero - data) : size;
	const uint8_t *newline = from < end ? memchr(data + from, '\n', end - from) : NULL;
	if (number >= plain && newline)
		from = (size_t)(newline - data) + 1;

	size_t behind = size - end, room = max_size - behind - from;
	uint8_t *tail = allocated(malloc(behind + 1));
	memcpy(tail, data + end, behind);
	size_t len = fuzz_mutate_json(data + from, end - from, room, (unsigned)rng_next(&rng));
	memcpy(data + from + len, tail, behind);
	free(tail);
	return from + len + behind;
}
