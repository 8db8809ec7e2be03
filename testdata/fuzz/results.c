/*
 * Results of batches as `batch merge` and `batch --resume` take them. An input is the states of two folders with a zero
 * byte between; without one both have the same. What comes of them can be read again, and nothing is written elsewhere.
 * fuzz-runs: 1500
 */
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/batch/merge.h"
#include "lib/batch/summary.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LEN = 128 };

static char root[LEN] = "/tmp/validate_results.XXXXXX";

/* A path in the folder of this run. */
static const char *at(char ret[LEN], const char *name)
{
	snprintf(ret, LEN, "%s/%s", root, name);
	return ret;
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	char path[LEN];
	struct error *err = file_write(at(path, name), data, size);

	if (err)
		abort();
}

static void make_folder(const char *name)
{
	char path[LEN];

	if (mkdir(at(path, name), 0700))
		abort();
}

/* The reports are a name's only: a row that has one finds none. */
static void sum_up(const struct batch_state *state, const char *folder)
{
	struct batch_summary summary;
	struct strbuf text = {0};
	struct error *err = batch_summary_make(state, folder, &summary);

	if (!err) {
		batch_summary_text(&text, &summary, true);
		err = batch_summary_json(&text, &summary);
		batch_summary_deinit(&summary);
	}
	strbuf_deinit(&text);
	fuzz_refused(err);
}

static void merge(void)
{
	char a[LEN], b[LEN], out[LEN];
	char *folders[] = {a, b};
	struct batch_state state;

	at(a, "a");
	at(b, "b");
	struct error *err = batch_merge(at(out, "out"), folders, 2, true);
	if (!err) {
		err = batch_state_read(out, &state);
		if (err || !state.complete)
			abort();
		sum_up(&state, out);
		batch_state_deinit(&state);
	}
	fuzz_refused(err);
}

/* ---- Going on ---- */

/* A plan of the state's rows, and the keys of their first records. */
static struct error *make_plan(const struct batch_state *state, struct batch_plan *plan, const char **keys)
{
	unsigned emulators = (unsigned)plan->settings->num_emulators;

	for (size_t i = 0; i < state->header.rows.len; i++) {
		struct batch_row row = {.id = strdup(state->header.rows.at[i]),
					.variant = emulators > 1 ? 1 + (unsigned)i % emulators : 0};
		keys[i] = "";
		if (!row.id || !vec_push(&plan->rows, row))
			return &error_no_memory;
	}
	for (size_t i = state->records.len; i-- > 0;)
		keys[state->records.at[i].index] = state->records.at[i].key;
	return NULL;
}

static void finish(struct batch_results *r, const char *folder, const struct batch_plan *plan, const char *const *keys)
{
	char none[] = "", clean[] = "clean";
	struct batch_state after;
	struct error *err = NULL;

	for (size_t i = 0; i < plan->rows.len && !err; i++) {
		const struct batch_record record = {.index = i,
						    .row = plan->rows.at[i].id,
						    .job = none,
						    .emulator = plan->rows.at[i].variant,
						    .key = (char *)(uintptr_t)keys[i],
						    .outcome = clean,
						    .report = none,
						    .message = none};
		if (!batch_results_have(r, i))
			err = batch_results_add(r, &record);
	}
	if (err || batch_results_finish(r) || batch_state_read(folder, &after))
		abort();
	if (!after.complete || after.records.len != plan->rows.len)
		abort();
	batch_state_deinit(&after);
}

static void resume(const char *name, enum batch_reuse reuse)
{
	char folder[LEN];
	struct batch_settings settings = {.num_emulators = 0};
	struct batch_plan plan = {.settings = &settings};
	struct batch_state state;
	struct batch_results *r;
	struct error *err = batch_state_read(at(folder, name), &state);

	if (err) {
		fuzz_refused(err);
		return;
	}
	settings.num_emulators = state.header.emulators;
	const char **keys = calloc(state.header.rows.len + 1, sizeof *keys);
	if (!keys || make_plan(&state, &plan, keys))
		abort();
	err = batch_results_open(folder, &plan, keys, 1, 1, reuse, 1000, 0, &r);
	if (!err) {
		finish(r, folder, &plan, keys);
		batch_results_close(r);
	}
	fuzz_refused(err);
	free(keys);
	batch_plan_deinit(&plan);
	batch_state_deinit(&state);
}

static void clean_up(void)
{
	static const char *const files[] = {"a/batch.json",
					    "a/batch.json.part",
					    "b/batch.json",
					    "b/batch.json.part",
					    "out/batch.json",
					    "a/rows",
					    "b/rows",
					    "out/rows",
					    "a",
					    "b",
					    "out",
					    ""};
	char path[LEN];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		remove(at(path, files[i]));
	if (!access(root, F_OK)) {
		fprintf(stderr, "%s: a file that nobody expected\n", root);
		abort();
	}
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t first = zero ? (size_t)(zero - data) : size;

	if (!mkdtemp(root))
		abort();
	make_folder("a");
	make_folder("b");
	put("a/batch.json", data, first);
	put("b/batch.json.part", zero ? zero + 1 : data, zero ? size - first - 1 : size);
	merge();
	resume("a", BATCH_RETRY);
	resume("b", BATCH_RESUME);
	clean_up();
	return 0;
}
