/*
 * Two traces compared. An input is the size of the first (4 bytes, little-endian), and both. What comes of it is to be
 * a report, in JSON too; a trace that can be read is the same as itself. fuzz-runs: 800
 */
#include <endian.h>
#include <jansson.h>
#include <string.h>

#include "lib/report/diff.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

enum { HEAD = 4, WINDOW = 64, FINDINGS = 50 };

/* Bytes of the first trace. */
static size_t size_of_first(const uint8_t *data, size_t size)
{
	uint32_t first;

	memcpy(&first, data, sizeof first);
	first = le32toh(first);
	return first < size - HEAD ? first : size - HEAD;
}

static void check_json(const struct diff_report *report)
{
	struct strbuf text = {0};
	json_error_t error;

	diff_report_json(&text, report);
	json_t *json = strbuf_failed(&text) ? NULL : json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		abort();
	json_decref(json);
	strbuf_deinit(&text);
}

static void check_text(const struct diff_report *report)
{
	struct strbuf text = {0};

	diff_report_text(&text, report);
	if (strbuf_failed(&text))
		abort();
	strbuf_deinit(&text);
}

static void compare(const struct trace_reader *a, const struct trace_reader *b)
{
	const struct diff_options options = {.max_findings = FINDINGS,
					     .window = WINDOW,
					     .consequences = true,
					     .force = true};
	struct diff_result result;
	struct error *err = diff_run(a, b, &options, &result);

	if (!err) {
		const struct diff_report report = {.result = &result, .a = a, .b = b};
		check_json(&report);
		check_text(&report);
		if (a == b && diff_verdict(&result) != DIFF_SAME)
			abort();
		diff_result_deinit(&result);
	}
	fuzz_refused(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[2][FUZZ_PATH_LEN];
	struct trace_reader *a = NULL, *b = NULL;

	if (size < HEAD)
		return 0;
	size_t first = size_of_first(data, size);
	int fd[2] = {fuzz_file(data + HEAD, first, path[0]),
		     fuzz_file(data + HEAD + first, size - HEAD - first, path[1])};
	struct error *err = trace_reader_open(path[0], &a);
	if (!err)
		err = trace_reader_open(path[1], &b);
	if (!err) {
		compare(a, b);
		compare(b, b);
	}
	fuzz_refused(err);
	trace_reader_destroy(a);
	trace_reader_destroy(b);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* Of one of the two. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size < HEAD || max_size <= size)
		return LLVMFuzzerMutate(data, size, max_size);
	size_t first = size_of_first(data, size), second = size - HEAD - first, room = max_size - size;
	if (seed % 2)
		return HEAD + first + fuzz_mutate_trace(data + HEAD + first, second, second + room, seed / 2);
	uint8_t *behind = malloc(second + 1);
	if (!behind)
		abort();
	memcpy(behind, data + HEAD + first, second);
	first = fuzz_mutate_trace(data + HEAD, first, first + room, seed / 2);
	memcpy(data + HEAD + first, behind, second);
	free(behind);
	uint32_t head = htole32((uint32_t)first);
	memcpy(data, &head, sizeof head);
	return HEAD + first + second;
}
