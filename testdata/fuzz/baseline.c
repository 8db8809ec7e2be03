/* The readers of baselines and of reports: an input is tried as either. fuzz-runs: 10000 */
#include "lib/report/baseline.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_found(const struct baseline *b)
{
	for (size_t i = 0; i < b->entries.len; i++)
		if (!baseline_covers(b, (const char *const *)b->entries.at[i].key))
			abort();
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
	baseline_deinit(&b);
	baseline_deinit(&updated);
	close(fd);
	return 0;
}
