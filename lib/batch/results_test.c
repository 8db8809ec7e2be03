/* The folder of results: what is kept, what is merged, and states that were cut off or damaged. */
#include "lib/batch/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/rng.h"
#include "lib/batch/merge.h"
#include "lib/batch/summary.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

enum { NUM_JOBS = 6 };

static const char manifest[] = "{\"format\": \"validate-manifest\", \"version\": 1}\n"
			       "{\"name\": \"a\", \"log\": \"a.json\"}\n{\"name\": \"b\", \"log\": \"b.json\"}\n"
			       "{\"name\": \"c\", \"log\": \"c.json\"}\n{\"name\": \"d\", \"log\": \"d.json\"}\n"
			       "{\"name\": \"e\", \"log\": \"e.json\"}\n{\"name\": \"f\", \"log\": \"f.json\"}\n";

static struct batch_jobs jobs;
static struct batch_settings settings;
static struct batch_plan plan;
static const char *keys[2 * NUM_JOBS];

static void setup(void)
{
	char path[SCRATCH_PATH_LEN];

	scratch_setup();
	scratch_path("manifest.json", path);
	put_file(path, manifest, strlen(manifest));
	jobs = (struct batch_jobs){0};
	settings = (struct batch_settings){0};
	ck_no_error(batch_jobs_read(&jobs, path));
	ck_no_error(batch_plan_init(&plan, &jobs, &settings));
	for (size_t i = 0; i < plan.rows.len; i++)
		keys[i] = "key";
}

static void teardown(void)
{
	batch_plan_deinit(&plan);
	batch_jobs_deinit(&jobs);
	scratch_teardown();
}

/* The same jobs on two emulators. */
static void compare_emulators(void)
{
	static const char *const emulators[] = {"old", "new"};

	batch_plan_deinit(&plan);
	settings.emulators = emulators;
	settings.num_emulators = 2;
	ck_no_error(batch_plan_init(&plan, &jobs, &settings));
	for (size_t i = 0; i < plan.rows.len; i++)
		keys[i] = "key";
}

static struct error *open_shard(const char *name, enum batch_reuse reuse, uint64_t shard, uint64_t shards,
				struct batch_results **ret)
{
	char path[SCRATCH_PATH_LEN];

	scratch_path(name, path);
	return batch_results_open(path, &plan, keys, shard, shards, reuse, 1000, 0, ret);
}

static struct error *open_results(const char *name, enum batch_reuse reuse, struct batch_results **ret)
{
	return open_shard(name, reuse, 1, 1, ret);
}

static struct batch_record record_of(size_t row, const char *outcome, uint64_t status)
{
	return (struct batch_record){
		.index = row,
		.row = plan.rows.at[row].id,
		.job = plan.rows.at[row].job->name,
		.emulator = plan.rows.at[row].variant,
		.key = (char *)(uintptr_t) "key",
		.outcome = (char *)(uintptr_t)outcome,
		.status = status,
		.milliseconds = 10 + row,
		.memory = 1 << 20,
		.timeout_ms = 1000,
		.report = (char *)(uintptr_t) "",
		.message = (char *)(uintptr_t) "",
	};
}

static void add(struct batch_results *r, size_t row, const char *outcome, uint64_t status)
{
	struct batch_record record = record_of(row, outcome, status);

	ck_no_error(batch_results_add(r, &record));
}

/* A report with a finding for each letter of forms, if there are any; that of p does not count. */
static void add_report(struct batch_results *r, const char *folder, size_t row, const char *target, const char *forms)
{
	struct batch_record record = record_of(row, *forms ? "divergent" : "clean", *forms ? 1 : 0);
	char *name = batch_report_name(plan.rows.at[row].id), path[SCRATCH_PATH_LEN], full[2 * SCRATCH_PATH_LEN];
	struct strbuf text = {0};

	scratch_path(folder, path);
	snprintf(full, sizeof full, "%s/%s", path, name);
	strbuf_printf(&text,
		      "{\"format\": \"validate-report\", \"version\": 1, \"verdict\": \"%s\", \"target\": \"%s\", "
		      "\"arch\": \"x86_64\", \"program\": \"p\", \"instructions\": 100, \"checked\": 99, "
		      "\"unseen\": 0, \"error\": null, \"lost_sync\": null, \"interrupted\": false, "
		      "\"unreached\": false, \"reasons\": [\"unmodelled\"], "
		      "\"unmodelled\": [{\"mnemonic\": \"fsin\", \"count\": 2, \"first_pc\": \"0x1\"}], "
		      "\"findings\": [",
		      record.outcome, target);
	for (const char *form = forms; *form; form++)
		strbuf_printf(&text,
			      "%s{\"form\": \"%c r64\", \"location\": \"rax\", \"key\": \"x86_64 | %c | general\", "
			      "\"pc\": \"0x%zx\", \"text\": \"%c rax\", \"bytes\": \"90\", \"severity\": \"%s\", "
			      "\"counts\": %s, \"symbol\": null, \"count\": 3, \"first_instruction\": 7, "
			      "\"mnemonic\": \"m\"}",
			      form > forms ? ", " : "", *form, *form, 0x1000 + row, *form,
			      *form == 'p' ? "possible" : "model", *form == 'p' ? "false" : "true");
	strbuf_append(&text, "]}");
	ck_no_error(file_write(full, text.at, text.len));
	record.report = name;
	ck_no_error(batch_results_add(r, &record));
	strbuf_deinit(&text);
	free(name);
}

/* A report without findings, of a strict run against a baseline with one entry. */
static void add_strict(struct batch_results *r, size_t row, unsigned unseen, const char *entry)
{
	bool strict = unseen || !strcmp(entry, "stale");
	struct batch_record record = record_of(row, unseen ? "incomplete" : "clean", strict ? 4 : 0);
	char *name = batch_report_name(plan.rows.at[row].id), path[SCRATCH_PATH_LEN], full[2 * SCRATCH_PATH_LEN];
	struct strbuf text = {0};

	scratch_path("r", path);
	snprintf(full, sizeof full, "%s/%s", path, name);
	strbuf_printf(
		&text,
		"{\"format\": \"validate-report\", \"version\": 1, \"verdict\": \"%s\", \"target\": \"t\", "
		"\"arch\": \"x86_64\", \"program\": \"p\", \"instructions\": 100, \"checked\": 99, "
		"\"unseen\": %u, \"error\": null, \"lost_sync\": null, \"interrupted\": false, "
		"\"unreached\": false, \"reasons\": [%s], \"unmodelled\": [], \"findings\": [], \"baseline\": {\"entries\": "
		"[{\"arch\": \"x86_64\", \"form\": \"a\", \"place\": \"b\", \"cause\": \"c\", \"note\": \"\", "
		"\"state\": \"%s\"}]}}",
		record.outcome, unseen, unseen ? "\"unseen\"" : "", entry);
	ck_no_error(file_write(full, text.at, text.len));
	record.report = name;
	ck_no_error(batch_results_add(r, &record));
	strbuf_deinit(&text);
	free(name);
}

static struct batch_state read_state(const char *name)
{
	struct batch_state state;
	char path[SCRATCH_PATH_LEN];

	scratch_path(name, path);
	ck_no_error(batch_state_read(path, &state));
	return state;
}

static void summarise(const char *name, const struct batch_state *state, struct batch_summary *ret)
{
	char path[SCRATCH_PATH_LEN];

	scratch_path(name, path);
	ck_no_error(batch_summary_make(state, path, ret));
}

/* ---- Going on ---- */

START_TEST(a_finished_batch_is_read)
{
	struct batch_results *r;

	ck_no_error(open_results("r", BATCH_FRESH, &r));
	for (size_t i = NUM_JOBS; i-- > 0;)
		add(r, i, "clean", 0);
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	struct batch_state state = read_state("r");
	ck_assert(state.complete);
	ck_assert_uint_eq(state.records.len, NUM_JOBS);
	ck_assert_uint_eq(state.header.rows.len, NUM_JOBS);
	ck_assert_str_eq(state.header.plan, plan.digest);
	ck_assert_str_eq(state.records.at[0].row, "f");
	ck_assert_uint_eq(state.records.at[0].milliseconds, 15);
	batch_state_deinit(&state);
}
END_TEST

START_TEST(a_batch_is_gone_on_with)
{
	struct batch_results *r;

	ck_no_error(open_results("r", BATCH_FRESH, &r));
	add(r, 0, "clean", 0);
	add(r, 1, "timeout", 5);
	add(r, 2, "crashed", 5);
	add(r, 3, "divergent", 1);
	batch_results_close(r);
	ck_error(open_results("r", BATCH_FRESH, &r), ERROR_USAGE, "has the results of a batch: give --resume");

	keys[3] = "other";
	ck_no_error(open_results("r", BATCH_RESUME, &r));
	ck_assert(batch_results_have(r, 0));
	ck_assert(batch_results_have(r, 1));
	ck_assert(batch_results_have(r, 2));
	ck_assert(!batch_results_have(r, 3));
	batch_results_close(r);

	ck_no_error(open_results("r", BATCH_RETRY, &r));
	ck_assert(batch_results_have(r, 0));
	ck_assert(!batch_results_have(r, 1));
	ck_assert(!batch_results_have(r, 2));
	batch_results_close(r);
}
END_TEST

START_TEST(a_higher_limit_is_a_new_chance)
{
	struct batch_results *r;
	char path[SCRATCH_PATH_LEN];

	scratch_path("r", path);
	ck_no_error(open_results("r", BATCH_FRESH, &r));
	add(r, 0, "timeout", 5);
	batch_results_close(r);
	ck_no_error(batch_results_open(path, &plan, keys, 1, 1, BATCH_RESUME, 900, 0, &r));
	ck_assert(batch_results_have(r, 0));
	batch_results_close(r);
	ck_no_error(batch_results_open(path, &plan, keys, 1, 1, BATCH_RESUME, _i ? 1001 : 0, 0, &r));
	ck_assert(!batch_results_have(r, 0));
	batch_results_close(r);
}
END_TEST

START_TEST(a_report_that_is_gone_is_made_again)
{
	struct batch_results *r;
	char path[SCRATCH_PATH_LEN];

	scratch_path("r/rows/a.json", path);
	ck_no_error(open_results("r", BATCH_FRESH, &r));
	add_report(r, "r", 0, "qemu", "");
	batch_results_close(r);
	ck_assert_int_eq(unlink(path), 0);
	ck_no_error(open_results("r", BATCH_RESUME, &r));
	ck_assert(!batch_results_have(r, 0));
	batch_results_close(r);
}
END_TEST

START_TEST(a_folder_is_of_one_batch)
{
	struct batch_results *r, *other;

	ck_no_error(open_results("r", BATCH_FRESH, &r));
	ck_error(open_results("r", BATCH_RESUME, &other), ERROR_USAGE, "another batch works in this folder");
	batch_results_close(r);
	ck_no_error(open_results("r", BATCH_RESUME, &r));
	batch_results_close(r);
}
END_TEST

/* ---- Damage ---- */

/* Cut anywhere, an unfinished state is read to its last whole record; a finished one is refused. */
START_TEST(a_state_is_cut_anywhere)
{
	struct batch_results *r;
	struct batch_state state;
	struct strbuf text = {0};
	char path[SCRATCH_PATH_LEN], part[SCRATCH_PATH_LEN], folder[SCRATCH_PATH_LEN];
	size_t ends[4], len;

	scratch_path("r", folder);
	scratch_path("r/batch.json", path);
	scratch_path("r/batch.json.part", part);
	ck_no_error(open_results("r", BATCH_FRESH, &r));
	for (size_t i = 0; i < 3; i++) {
		struct stat st;
		ck_assert_int_eq(stat(part, &st), 0);
		ends[i] = (size_t)st.st_size;
		add(r, i, "clean", 0);
	}
	ck_no_error(file_read(part, 1 << 20, &text));
	ends[3] = len = text.len;
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	for (size_t n = 0; n <= len; n++) {
		put_file(path, text.at, n);
		ck_error(batch_state_read(folder, &state), ERROR_INPUT, "batch.json");
		put_file(part, text.at, n);
		struct error *err = batch_state_read(folder, &state);
		ck_assert_msg(!err == (n >= ends[0]), "%zu of %zu bytes", n, len);
		if (!err)
			ck_assert_uint_eq(state.records.len, (n >= ends[1]) + (n >= ends[2]) + (n >= ends[3]));
		if (!err)
			batch_state_deinit(&state);
		error_destroy(err);
		unlink(part);
	}
	strbuf_deinit(&text);
}
END_TEST

START_TEST(a_state_is_damaged_anywhere)
{
	struct batch_results *r;
	struct batch_state state;
	struct strbuf text = {0};
	struct rng rng = {3};
	char path[SCRATCH_PATH_LEN], folder[SCRATCH_PATH_LEN];

	scratch_path("r", folder);
	scratch_path("r/batch.json", path);
	ck_no_error(open_results("r", BATCH_FRESH, &r));
	add(r, 0, "clean", 0);
	add(r, 1, "divergent", 1);
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	ck_no_error(file_read(path, 1 << 20, &text));
	for (size_t n = 0; n < text.len; n++) {
		char bit = (char)(1u << rng_below(&rng, 8));
		text.at[n] ^= bit;
		put_file(path, text.at, text.len);
		struct error *err = batch_state_read(folder, &state);
		if (!err)
			batch_state_deinit(&state);
		error_destroy(err);
		text.at[n] ^= bit;
	}
	strbuf_deinit(&text);
}
END_TEST

#define STATE_HEADER(members) "{\"format\": \"validate-batch-state\", \"version\": 1, " members ", \"results\": [\n"
#define GOOD_HEADER           STATE_HEADER("\"plan\": \"p\", \"shard\": 1, \"shards\": 1, \"emulators\": 0, \"rows\": [\"a\"]")
#define STATE_RECORD(row, status, report) \
	"{\"index\": 0, \"row\": \"" row \
	"\", \"job\": \"a\", \"emulator\": 0, \"key\": \"k\", \"outcome\": \"clean\", " \
	"\"status\": " status ", \"milliseconds\": 1, \"memory\": 1, \"timeout_ms\": 0, \"memory_limit\": 0, " \
	"\"report\": \"" report "\", \"message\": \"\"}\n"

static const struct {
	const char *text, *message;
} hostile[] = {
	{"", "batch.json:1: is cut off in its first line"},
	{"[]\n", "not JSON"},
	{"{\"format\": \"validate-log\", \"x\": [\n", "not the state of a batch"},
	{"{\"format\": \"validate-batch-state\", \"version\": 9, \"x\": [\n", "of another version"},
	{STATE_HEADER("\"plan\": \"p\", \"shard\": 2, \"shards\": 1, \"emulators\": 0, \"rows\": []"),
	 "shard: expected"},
	{STATE_HEADER("\"plan\": \"p\", \"shard\": 0, \"shards\": 0, \"emulators\": 0, \"rows\": []"),
	 "shard: expected"},
	{STATE_HEADER("\"plan\": \"p\", \"shard\": 1, \"shards\": 1, \"emulators\": 9, \"rows\": []"), "more rows or"},
	{STATE_HEADER("\"plan\": \"p\", \"shard\": 1, \"shards\": -1, \"emulators\": 0, \"rows\": []"),
	 "shards: expected"},
	{STATE_HEADER("\"plan\": \"p\", \"shard\": 1, \"shards\": 1, \"emulators\": 0, \"rows\": [\"../a\"]"),
	 "rows: expected names of jobs"},
	{STATE_HEADER("\"plan\": \"p\", \"shard\": 1, \"shards\": 1, \"emulators\": 0, \"rows\": [\"a@/b\"]"),
	 "rows: expected names of jobs"},
	{GOOD_HEADER, "is cut off: run the batch again"},
	{GOOD_HEADER "]}\nmore\n", "text behind the end"},
	{GOOD_HEADER "{\n]}\n", "batch.json:2: column"},
	{GOOD_HEADER "{}\n]}\n", "batch.json:2: index: missing"},
	{GOOD_HEADER STATE_RECORD("b", "0", "") "]}\n", "batch.json:2: is of a row that the header does not have"},
	{GOOD_HEADER STATE_RECORD("a", "1000", "") "]}\n", "status: expected a number from 0 to 255"},
	{GOOD_HEADER
	 "{\"index\": 0, \"row\": \"a\", \"job\": \"a\", \"emulator\": 0, \"key\": \"k\", \"outcome\": \"\\u001b\", "
	 "\"status\": 0, \"milliseconds\": 1, \"memory\": 1, \"timeout_ms\": 0, \"memory_limit\": 0, "
	 "\"report\": \"\", \"message\": \"\"}\n]}\n",
	 "outcome: is none"},
	{GOOD_HEADER STATE_RECORD("a", "0", "/etc/passwd") "]}\n", "report: expected \"rows/ROW.json\""},
};

START_TEST(hostile_states_are_refused)
{
	struct batch_state state;
	char path[SCRATCH_PATH_LEN];

	scratch_path("batch.json", path);
	put_file(path, hostile[_i].text, strlen(hostile[_i].text));
	ck_error(batch_state_read(scratch_folder(), &state), ERROR_INPUT, hostile[_i].message);
}
END_TEST

/* ---- Merging ---- */

/* What a batch with all rows shows, done in one or more shards and merged in either order. */
static char *merged(const char *name, unsigned shards, bool backwards)
{
	char folders[3][SCRATCH_PATH_LEN], out[SCRATCH_PATH_LEN], label[32], *list[3];
	static const char *const forms[NUM_JOBS] = {"", "x", "yx", "", "z", ""};
	struct batch_results *r[3];
	struct strbuf text = {0};
	struct batch_summary summary;

	for (unsigned i = 0; i < shards; i++) {
		snprintf(label, sizeof label, "%s-%u", name, i);
		scratch_path(label, folders[i]);
		list[backwards ? shards - 1 - i : i] = folders[i];
		ck_no_error(open_shard(label, BATCH_FRESH, i + 1, shards, &r[i]));
	}
	for (size_t row = 0; row < NUM_JOBS; row++) {
		snprintf(label, sizeof label, "%s-%u", name, (unsigned)row % shards);
		add_report(r[row % shards], label, row, "qemu", forms[row]);
	}
	for (unsigned i = 0; i < shards; i++) {
		ck_no_error(batch_results_finish(r[i]));
		batch_results_close(r[i]);
	}
	scratch_path(name, out);
	ck_no_error(batch_merge(out, list, shards, false));
	struct batch_state state = read_state(name);
	summarise(name, &state, &summary);
	ck_no_error(batch_summary_json(&text, &summary));
	batch_summary_text(&text, &summary, true);
	ck_assert_uint_eq(summary.status, 1);
	ck_assert_uint_eq(summary.groups.len, 3);
	ck_assert_str_eq(summary.groups.at[0].form, "x r64");
	ck_assert_uint_eq(summary.groups.at[0].count, 6);
	ck_assert_uint_eq(summary.groups.at[0].rows.len, 2);
	ck_assert_str_eq(summary.groups.at[0].pc, "0x1001");
	ck_assert_uint_eq(summary.unmodelled.len, 1);
	ck_assert_uint_eq(summary.unmodelled.at[0].count, 12);
	batch_summary_deinit(&summary);
	batch_state_deinit(&state);
	return strbuf_take(&text);
}

START_TEST(sharding_does_not_matter)
{
	char *whole = merged("one", 1, false);

	for (unsigned shards = 2; shards <= 3; shards++) {
		char name[32];
		for (int backwards = 0; backwards < 2; backwards++) {
			snprintf(name, sizeof name, "%u%d", shards, backwards);
			char *text = merged(name, shards, backwards);
			ck_assert_str_eq(text, whole);
			free(text);
		}
	}
	free(whole);
}
END_TEST

START_TEST(missing_rows_are_told)
{
	struct batch_results *r;
	struct batch_summary summary;
	struct strbuf text = {0};
	char folder[SCRATCH_PATH_LEN], out[SCRATCH_PATH_LEN], *list[1] = {folder};

	scratch_path("half", folder);
	scratch_path("out", out);
	ck_no_error(open_shard("half", BATCH_FRESH, 2, 2, &r));
	add(r, 1, "clean", 0);
	batch_results_close(r); /* killed */
	ck_no_error(batch_merge(out, list, 1, false));
	struct batch_state state = read_state("out");
	summarise("out", &state, &summary);
	ck_assert_uint_eq(summary.missing, NUM_JOBS - 1);
	ck_assert_uint_eq(summary.status, 5);
	batch_summary_text(&text, &summary, false);
	ck_contains(text.at, "rows         6: 1 clean, 5 missing");
	strbuf_deinit(&text);
	batch_summary_deinit(&summary);
	batch_state_deinit(&state);
	ck_error(batch_merge(out, list, 1, false), ERROR_USAGE, "out has the results of a batch");
	ck_no_error(batch_merge(out, list, 1, true));
}
END_TEST

START_TEST(different_batches_are_not_merged)
{
	struct batch_results *r;
	char a[SCRATCH_PATH_LEN], b[SCRATCH_PATH_LEN], out[SCRATCH_PATH_LEN], *list[2] = {a, b};
	static const char damaged[] = GOOD_HEADER "{}\n]}\n";

	scratch_path("a", a);
	scratch_path("b", b);
	scratch_path("out", out);
	ck_no_error(open_results("a", BATCH_FRESH, &r));
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	compare_emulators();
	ck_no_error(open_results("b", BATCH_FRESH, &r));
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	ck_error(batch_merge(out, list, 2, false), ERROR_INPUT, "b: is of another batch than");
	list[1] = out;
	ck_error(batch_merge(out, list, 2, false), ERROR_OS, "No such file");
	scratch_path("b/batch.json", b);
	put_file(b, damaged, sizeof damaged - 1);
	scratch_path("b", b);
	list[1] = b;
	ck_error(batch_merge(out, list, 2, false), ERROR_INPUT, "batch.json:2: index: missing: run the batch again");
	ck_assert_int_ne(access(out, F_OK), 0);
}
END_TEST

/* ---- Two emulators ---- */

START_TEST(emulators_are_compared)
{
	struct batch_results *r;
	struct batch_summary summary;
	/* Rows of jobs a to d on the old and the new one; e's new run crashed. */
	static const char *const forms[10] = {"", "n", "f", "", "c", "c", "", "c", "u", NULL};
	static const enum batch_change expected[] = {BATCH_NEW, BATCH_FIXED, BATCH_COMMON, BATCH_UNDECIDED};

	compare_emulators();
	ck_no_error(open_results("r", BATCH_FRESH, &r));
	for (size_t i = 0; i < 10; i++) {
		if (forms[i])
			add_report(r, "r", i, i % 2 ? "new" : "old", forms[i]);
		else
			add(r, i, "crashed", 5);
	}
	batch_results_close(r);
	struct batch_state state = read_state("r");
	summarise("r", &state, &summary);
	ck_assert_uint_eq(summary.groups.len, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(summary.groups.at[i].change, expected[i]);
		ck_assert_uint_eq(summary.changes[expected[i]], 1);
	}
	ck_assert_uint_eq(summary.groups.at[2].emulators.len, 2);
	ck_assert_uint_eq(summary.status, 5);
	batch_summary_deinit(&summary);
	batch_state_deinit(&state);
}
END_TEST

/* What both show is no news; what only the new one shows is, if it counts. */
START_TEST(only_new_findings_count)
{
	static const char *const forms[] = {"x", "xn", "xp"};
	struct batch_results *r;
	struct batch_summary summary;

	compare_emulators();
	ck_no_error(open_results("r", BATCH_FRESH, &r));
	for (size_t i = 0; i < plan.rows.len; i++)
		add_report(r, "r", i, i % 2 ? "new" : "old", i % 2 ? forms[_i] : "x");
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	struct batch_state state = read_state("r");
	summarise("r", &state, &summary);
	ck_assert_uint_eq(summary.changes[BATCH_NEW], _i != 0);
	ck_assert_uint_eq(summary.status, _i == 1);
	ck_assert_uint_eq(summary.rows.at[1].findings, _i ? 2 : 1);
	ck_assert_uint_eq(summary.rows.at[1].counted, _i == 1 ? 2 : 1);
	batch_summary_deinit(&summary);
	batch_state_deinit(&state);
}
END_TEST

/* Of the first row and of all others: whether something was unseen, and what they say of the entry. */
static const struct {
	unsigned unseen;
	const char *first, *others;
	uint64_t status;
	size_t stale;
} baselines[] = {
	{0, "stale", "stale", 4, 1}, {0, "stale", "not exercised", 4, 1}, {0, "stale", "known", 0, 0},
	{1, "stale", "known", 4, 0}, {0, "known", "not exercised", 0, 0}, {0, "not exercised", "not exercised", 0, 0},
	{1, "known", "known", 4, 0},
};

START_TEST(what_one_row_does_not_see_another_may)
{
	struct batch_results *r;
	struct batch_summary summary;

	ck_no_error(open_results("r", BATCH_FRESH, &r));
	for (size_t i = 0; i < plan.rows.len; i++)
		add_strict(r, i, i ? 0 : baselines[_i].unseen, i ? baselines[_i].others : baselines[_i].first);
	ck_no_error(batch_results_finish(r));
	batch_results_close(r);
	struct batch_state state = read_state("r");
	summarise("r", &state, &summary);
	ck_assert_uint_eq(summary.status, baselines[_i].status);
	ck_assert_uint_eq(summary.stale, baselines[_i].stale);
	ck_assert_uint_eq(summary.known.len, 1);
	batch_summary_deinit(&summary);
	batch_state_deinit(&state);
}
END_TEST

static const struct {
	uint64_t a, b, worse;
} statuses[] = {
	{0, 0, 0}, {0, 4, 4}, {4, 1, 1}, {1, 3, 3}, {3, 2, 2}, {2, 5, 5}, {5, 70, 70}, {70, 99, 99}, {1, 5, 5},
};

START_TEST(the_worst_counts)
{
	ck_assert_uint_eq(batch_worse(statuses[_i].a, statuses[_i].b), statuses[_i].worse);
	ck_assert_uint_eq(batch_worse(statuses[_i].b, statuses[_i].a), statuses[_i].worse);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("results");
	TCase *tcase = tcase_create("results"), *status = tcase_create("status");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_finished_batch_is_read);
	tcase_add_test(tcase, a_batch_is_gone_on_with);
	tcase_add_loop_test(tcase, a_higher_limit_is_a_new_chance, 0, 2);
	tcase_add_test(tcase, a_report_that_is_gone_is_made_again);
	tcase_add_test(tcase, a_folder_is_of_one_batch);
	tcase_add_test(tcase, a_state_is_cut_anywhere);
	tcase_add_test(tcase, a_state_is_damaged_anywhere);
	tcase_add_loop_test(tcase, hostile_states_are_refused, 0, sizeof hostile / sizeof *hostile);
	tcase_add_test(tcase, sharding_does_not_matter);
	tcase_add_test(tcase, missing_rows_are_told);
	tcase_add_test(tcase, different_batches_are_not_merged);
	tcase_add_test(tcase, emulators_are_compared);
	tcase_add_loop_test(tcase, only_new_findings_count, 0, 3);
	tcase_add_loop_test(tcase, what_one_row_does_not_see_another_may, 0, sizeof baselines / sizeof *baselines);
	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(status, the_worst_counts, 0, sizeof statuses / sizeof *statuses);
	suite_add_tcase(suite, status);
	return test_main(suite);
}
