/* The readers of manifests, of the states of batches, and of reports that a batch sums up: an input is tried as each.
 * fuzz-runs: 5000 */
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/batch/report.h"
#include "lib/batch/summary.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

enum { FOLDER_LEN = 64 };

static void try_manifest(const char *path)
{
	struct batch_jobs jobs = {0};
	struct batch_settings settings = {0};
	struct batch_plan plan;
	struct error *err = batch_jobs_read(&jobs, path);

	if (!err)
		err = batch_plan_init(&plan, &jobs, &settings);
	if (!err) {
		for (size_t i = 0; i < plan.rows.len; i++)
			if (strchr(plan.rows.at[i].id, '/') || plan.rows.at[i].id[0] == '.')
				abort();
		batch_plan_deinit(&plan);
	}
	fuzz_refused(err);
	batch_jobs_deinit(&jobs);
}

/* The state in a folder where each row's report is missing. */
static void try_state(const char *folder)
{
	struct batch_state state;
	struct batch_summary summary;
	struct strbuf text = {0};
	struct error *err = batch_state_read(folder, &state);

	if (err) {
		fuzz_refused(err);
		return;
	}
	for (size_t i = 0; i < state.records.len; i++)
		if (strchr(state.records.at[i].row, '/'))
			abort();
	err = batch_summary_make(&state, folder, &summary);
	if (!err) {
		batch_summary_text(&text, &summary, true);
		err = batch_summary_json(&text, &summary);
		batch_summary_deinit(&summary);
	}
	fuzz_refused(err);
	strbuf_deinit(&text);
	batch_state_deinit(&state);
}

static void try_report(const char *folder)
{
	struct batch_report report = {0};

	fuzz_refused(batch_report_read(folder, BATCH_STATE_NAME, &report));
	batch_report_deinit(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[FOLDER_LEN] = "/tmp/validate_fuzz.XXXXXX", path[FOLDER_LEN + 16];

	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof path, "%s/" BATCH_STATE_NAME, folder);
	if (file_write(path, data, size))
		abort();
	try_manifest(path);
	try_report(folder);
	try_state(folder);
	unlink(path);
	rmdir(folder);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return seed % 4 ? fuzz_mutate_json(data, size, max_size, seed) : LLVMFuzzerMutate(data, size, max_size);
}
