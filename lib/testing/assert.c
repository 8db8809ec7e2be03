#include "lib/testing/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"

static const char *const code_names[] = {
	[ERROR_NO_MEMORY] = "ERROR_NO_MEMORY",
	[ERROR_OS] = "ERROR_OS",
	[ERROR_USAGE] = "ERROR_USAGE",
	[ERROR_INPUT] = "ERROR_INPUT",
	[ERROR_PROTOCOL] = "ERROR_PROTOCOL",
	[ERROR_TARGET] = "ERROR_TARGET",
	[ERROR_TIMEOUT] = "ERROR_TIMEOUT",
	[ERROR_FAULT] = "ERROR_FAULT",
	[ERROR_LOST_SYNC] = "ERROR_LOST_SYNC",
	[ERROR_UNSUPPORTED] = "ERROR_UNSUPPORTED",
	[ERROR_INTERRUPTED] = "ERROR_INTERRUPTED",
	[ERROR_BUG] = "ERROR_BUG",
};

bool assert_no_error(struct error *err, char ret[ASSERT_TEXT_LEN])
{
	if (!err)
		return true;
	snprintf(ret, ASSERT_TEXT_LEN, "%s \"%s\"", code_names[err->code], err->message);
	error_destroy(err);
	return false;
}

bool assert_error(struct error *err, enum error_code code, const char *part, char ret[ASSERT_TEXT_LEN])
{
	if (!err) {
		snprintf(ret, ASSERT_TEXT_LEN, "succeeds, expected %s \"..%s..\"", code_names[code], part);
		return false;
	}

	bool ok = err->code == code && strstr(err->message, part);
	snprintf(ret, ASSERT_TEXT_LEN, "%s \"%s\", expected %s \"..%s..\"", code_names[err->code], err->message,
		 code_names[code], part);
	error_destroy(err);
	return ok;
}

bool assert_bytes(const void *actual, const void *expected, size_t len, char ret[ASSERT_TEXT_LEN])
{
	const uint8_t *a = actual, *e = expected;
	size_t at = 0;

	while (at < len && a[at] == e[at])
		at++;
	if (at == len)
		return true;

	size_t from = at > 8 ? at - 8 : 0, n = len - from < 32 ? len - from : 32;
	struct strbuf text = {0};
	strbuf_printf(&text, "differ at byte %zu of %zu; from byte %zu: ", at, len, from);
	strbuf_append_hex(&text, a + from, n);
	strbuf_append(&text, ", expected ");
	strbuf_append_hex(&text, e + from, n);
	snprintf(ret, ASSERT_TEXT_LEN, "%s", strbuf_text(&text));
	strbuf_deinit(&text);
	return false;
}

/* The word at index, without the bits above width. */
static uint64_t word(const uint64_t *words, unsigned width, unsigned index)
{
	unsigned bits = width - 64 * index;

	return bits < 64 ? words[index] & ((UINT64_C(1) << bits) - 1) : words[index];
}

static void print_bits(struct strbuf *text, const uint64_t *words, unsigned width)
{
	strbuf_append(text, "0x");
	for (unsigned i = (width + 63) / 64; i-- > 0;)
		strbuf_printf(text, "%016llx%s", (unsigned long long)word(words, width, i), i ? "_" : "");
}

bool assert_bits(const uint64_t *actual, const uint64_t *expected, unsigned width, char ret[ASSERT_TEXT_LEN])
{
	bool same = true;

	for (unsigned i = 0; i < (width + 63) / 64; i++)
		same = same && word(actual, width, i) == word(expected, width, i);
	if (same)
		return true;

	struct strbuf text = {0};
	print_bits(&text, actual, width);
	strbuf_append(&text, ", expected ");
	print_bits(&text, expected, width);
	snprintf(ret, ASSERT_TEXT_LEN, "%s (%u bits)", strbuf_text(&text), width);
	strbuf_deinit(&text);
	return false;
}

int test_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_ENV);
	bool ok = srunner_ntests_failed(runner) == 0 && srunner_ntests_run(runner) > 0;
	srunner_free(runner);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
