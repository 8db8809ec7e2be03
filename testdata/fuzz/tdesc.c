/*
 * Target descriptions. An input is one or more documents with a zero byte between: target.xml, then what it may
 * include, each by its name, a newline and its text.  fuzz-runs: 20000
 */
#include <stdlib.h>
#include <string.h>

#include "lib/rsp/tdesc.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct documents {
	const char *at;
	size_t len;
};

static struct error *give(const char *text, size_t len, char **ret, size_t *ret_len)
{
	*ret = malloc(len + 1);
	if (!*ret)
		return &error_no_memory;
	memcpy(*ret, text, len);
	(*ret)[len] = '\0';
	*ret_len = len;
	return NULL;
}

static struct error *fetch(void *ctx, const char *annex, char **ret, size_t *ret_len)
{
	const struct documents *documents = ctx;
	const char *at = documents->at, *end = at + documents->len;
	size_t len = strlen(annex);

	if (!strcmp(annex, "target.xml"))
		return give(at, strnlen(at, documents->len), ret, ret_len);
	while (at && at < end) {
		const char *next = memchr(at, '\0', (size_t)(end - at));
		size_t left = (size_t)((next ? next : end) - at);
		if (left > len && !memcmp(at, annex, len) && at[len] == '\n')
			return give(at + len + 1, left - len - 1, ret, ret_len);
		at = next ? next + 1 : NULL;
	}
	return error_create(ERROR_TARGET, "no such document");
}

/* What the readers of `g` rely on. */
static void check(const struct tdesc *t)
{
	uint32_t end = 0;

	if (!t->regs.len)
		abort();
	for (size_t i = 0; i < t->regs.len; i++) {
		const struct tdesc_reg *reg = &t->regs.at[i];
		if (!reg->name[0] || !reg->bits || reg->offset != end || (i && reg[-1].number >= reg->number))
			abort();
		end += (reg->bits + 7) / 8;
	}
	if (end != t->size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct tdesc t;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	copy[size] = '\0';
	struct documents documents = {copy, size};
	struct error *err = tdesc_read(fetch, &documents, &t);
	if (!err) {
		check(&t);
		tdesc_deinit(&t);
	}
	fuzz_refused(err);
	free(copy);
	return 0;
}
