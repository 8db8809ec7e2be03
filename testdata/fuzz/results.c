/*
 * Results of batches as `batch merge` and `batch --resume` take them. An input is the states of two folders with a zero
 * byte between; without one both have the same. Behind a further zero byte each stand the reports of both: a name, a
 * newline, a text; of a name that begins with '@', a link to a file outside. What comes of them can be read again,
 * nothing is written elsewhere, and nothing outside is copied. fuzz-runs: 1500
 */
#include <ctype.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/batch/merge.h"
#include "lib/batch/summary.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

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

/* ---- Reports ---- */

static const char secret[] = "nobody is to copy this";

/* Of the name that stands before the newline; one that is none is passed over. */
static void put_report(const char *folder, const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t len = newline ? (size_t)(newline - data) : 0;
	bool is_link = len && data[0] == '@';
	char name[LEN / 2], path[LEN], outside[LEN];

	if (len <= is_link || len >= 32)
		return;
	for (size_t i = is_link; i < len; i++)
		if (!isalnum(data[i]) && !strchr(".-_", data[i]))
			return;
	snprintf(name, sizeof name, "%s/rows/%.*s", folder, (int)(len - is_link), (const char *)data + is_link);
	at(path, name);
	if (!access(path, F_OK))
		return;
	if (!is_link)
		put(name, newline + 1, size - len - 1);
	else if (symlink(at(outside, "outside"), path))
		abort();
}

/* Those that stand one after the other with zero bytes between. */
static void put_reports(const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *zero = memchr(data, 0, size);
		size_t len = zero ? (size_t)(zero - data) : size;
		put_report("a", data, len);
		put_report("b", data, len);
		data += len + (zero != NULL);
		size -= len + (zero != NULL);
	}
}

static int check_merged(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	char text[sizeof secret] = "";
	FILE *f = kind == FTW_F ? fopen(path, "r") : NULL;

	(void)st;
	(void)ftw;
	if (kind == FTW_SL || (kind == FTW_F && !f))
		abort();
	if (f && fread(text, 1, sizeof text - 1, f) && !strcmp(text, secret)) {
		fprintf(stderr, "%s: copied from outside\n", path);
		abort();
	}
	if (f)
		fclose(f);
	return 0;
}

/* ---- Merging ---- */

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
	if (!access(out, F_OK))
		nftw(out, check_merged, 8, FTW_PHYS);
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

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int check_name(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	static const char *const known[] = {"a", "b", "out", "outside"};

	(void)st;
	(void)kind;
	for (size_t i = 0; ftw->level == 1 && i < sizeof known / sizeof *known; i++)
		if (!strcmp(path + ftw->base, known[i]))
			return 0;
	if (ftw->level != 1)
		return 0;
	fprintf(stderr, "%s: a file that nobody expected\n", path);
	abort();
}

static void clean_up(void)
{
	nftw(root, check_name, 8, FTW_PHYS);
	if (nftw(root, remove_one, 8, FTW_PHYS | FTW_DEPTH))
		abort();
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t first = zero ? (size_t)(zero - data) : size;
	const uint8_t *b = zero ? zero + 1 : data, *end = data + size;
	const uint8_t *more = zero && b < end ? memchr(b, 0, (size_t)(end - b)) : NULL;
	static const char *const folders[] = {"a", "a/rows", "b", "b/rows"};

	if (!mkdtemp(root))
		abort();
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		make_folder(folders[i]);
	put("outside", (const uint8_t *)secret, sizeof secret - 1);
	put("a/batch.json", data, first);
	put("b/batch.json.part", b, (size_t)((more ? more : end) - b));
	if (more)
		put_reports(more + 1, (size_t)(end - more - 1));
	merge();
	resume("a", BATCH_RETRY);
	resume("b", BATCH_RESUME);
	clean_up();
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_documents(data, size, max_size, seed, 2);
}
