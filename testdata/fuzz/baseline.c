/* The readers of baselines and of reports: an input is tried as either, and a report for its coverage, too.
 * fuzz-runs: 8000 */
#include <jansson.h>

#include "lib/report/baseline.h"
#include "lib/report/coverage_sum.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

static void check_found(const struct baseline *b)
{
	for (size_t i = 0; i < b->entries.len; i++)
		if (!baseline_covers(b, (const char *const *)b->entries.at[i].key))
			abort();
}

/* Twice: the second time is merged with the first. */
static void sum_coverage(const char *path)
{
	struct coverage_sum sum = {0};
	struct strbuf text = {0}, json = {0};
	json_error_t error;
	struct error *err = coverage_sum_add(&sum, path);

	if (!err)
		err = coverage_sum_add(&sum, path);
	if (!err)
		err = coverage_sum_text(&text, &sum);
	if (!err)
		err = coverage_sum_json(&json, &sum);
	json_t *read = err ? NULL : json_loadb(strbuf_text(&json), json.len, JSON_REJECT_DUPLICATES, &error);
	if (!err && !read)
		abort();
	fuzz_refused(err);
	json_decref(read);
	strbuf_deinit(&text);
	strbuf_deinit(&json);
	coverage_sum_deinit(&sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	char *reports[] = {path};
	struct baseline b = {0}, updated = {0};
	struct baseline_update update = {.prune = true};
	int fd = fuzz_file(data, size, path);
	struct error *err = baseline_read(path, &b);

	if (!err)
		check_found(&b);
	fuzz_refused(err);
	fuzz_refused(baseline_update(&updated, reports, 1, &update));
	check_found(&updated);
	sum_coverage(path);
	baseline_deinit(&b);
	baseline_deinit(&updated);
	close(fd);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return seed % 4 ? fuzz_mutate_json(data, size, max_size, seed) : LLVMFuzzerMutate(data, size, max_size);
}
