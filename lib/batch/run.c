#include "lib/batch/run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/batch/report.h"

enum { TICK_MS = 200 };

/* Exit statuses of a run that has no report to tell more, as cmd/validate/exit.h numbers them. */
enum { STATUS_USAGE = 2, STATUS_TARGET = 5, STATUS_INTERNAL = 70, STATUS_INTERRUPTED = 130 };

struct batch {
	const struct batch_plan *plan;
	const struct batch_options *options;
	char **keys; /* of the plan's rows; "" for those of other shards */
	struct batch_results *results;
	struct pool *pool;
	struct batch_progress progress;
	uint64_t start;
	size_t next; /* row to be looked at */
};

/* ---- What came of a row ---- */

/* For members of records that are not written to. */
static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* The outcome of a command that ended without having been judged. */
static const char *outcome_of(const struct pool_result *result, uint64_t *ret_status)
{
	*ret_status = STATUS_TARGET;
	switch (result->end) {
	case POOL_TIMEOUT: return "timeout";
	case POOL_MEMORY: return "memory";
	case POOL_SIGNALED:
	case POOL_STOPPED: return "crashed";
	case POOL_EXITED: break;
	}
	*ret_status = (uint64_t)result->status;
	if (result->status == STATUS_USAGE)
		return "unusable";
	if (result->status == STATUS_TARGET)
		return "failed";
	*ret_status = STATUS_INTERNAL;
	return "internal";
}

static void copy_words(struct strbuf *message, const struct pool_result *result)
{
	static const char prefix[] = "validate: ";
	const char *words = result->words;

	strbuf_append(message, strncmp(words, prefix, sizeof prefix - 1) ? words : words + sizeof prefix - 1);
}

static void describe_end(struct strbuf *message, const struct batch *b, const struct pool_result *result)
{
	const struct pool_limits *limits = &b->options->limits;

	if (result->end == POOL_TIMEOUT)
		strbuf_printf(message, "not done after %.1f s", (double)limits->timeout_ms / 1e3);
	else if (result->end == POOL_MEMORY)
		strbuf_printf(message, "took more than %llu MiB", (unsigned long long)limits->memory >> 20);
	else if (result->end == POOL_SIGNALED)
		strbuf_printf(message, "killed by signal %d (%s)", result->status, strsignal(result->status));
	if (message->len && *result->words)
		strbuf_append(message, ": ");
	copy_words(message, result);
}

/* An orderly end with a report is what the report says; any other end is its own outcome, with the report, if there is
 * one, for what was found until then. */
static void set_outcome(struct batch *b, const struct pool_result *result, const struct batch_report *report,
			struct error *report_err, struct batch_record *record, struct strbuf *message)
{
	record->outcome = borrow(outcome_of(result, &record->status));
	if (result->end == POOL_EXITED && report) {
		record->outcome = report->verdict;
		record->status = (uint64_t)result->status;
		strbuf_append(message, report->error ? report->error : "");
		return;
	}
	if (result->end == POOL_EXITED && result->status < STATUS_USAGE && report_err) {
		record->outcome = borrow("internal");
		record->status = STATUS_INTERNAL;
		strbuf_append(message, report_err->message);
		return;
	}
	describe_end(message, b, result);
}

static void show_ended(struct batch *b, const struct batch_record *record, size_t findings)
{
	struct batch_progress *p = &b->progress;

	p->done++;
	p->divergent += !strcmp(record->outcome, "divergent");
	p->failed += record->status >= STATUS_TARGET;
	p->record = record;
	p->findings = findings;
	b->options->progress(b->options->progress_ctx, p);
	p->record = NULL;
}

/* What a killed row was just writing. */
static void remove_half(const char *path)
{
	struct strbuf half = {0};

	strbuf_printf(&half, "%s.part", path);
	if (!strbuf_failed(&half))
		unlink(half.at);
	strbuf_deinit(&half);
}

/* name: of the report within the folder. */
static struct error *record_report(struct batch *b, size_t index, const struct pool_result *result, char *name)
{
	const struct batch_row *row = &b->plan->rows.at[index];
	struct strbuf message = {0};
	struct batch_report report = {0};
	struct error *report_err = batch_report_read(b->options->folder, name, &report);
	struct batch_record record = {
		.index = index,
		.row = row->id,
		.job = row->job->name,
		.emulator = row->variant,
		.key = b->keys[index],
		.milliseconds = result->nanoseconds / CLOCK_MS,
		.memory = result->memory,
		.timeout_ms = b->options->limits.timeout_ms,
		.memory_limit = b->options->limits.memory,
		.report = report_err ? borrow("") : name,
	};

	set_outcome(b, result, report_err ? NULL : &report, report_err, &record, &message);
	record.message = borrow(strbuf_text(&message));
	struct error *err = strbuf_failed(&message) ? &error_no_memory : batch_results_add(b->results, &record);
	if (!err)
		show_ended(b, &record, report.findings.len);
	batch_report_deinit(&report);
	error_destroy(report_err);
	strbuf_deinit(&message);
	return err;
}

static struct error *record_row(struct batch *b, size_t index, const struct pool_result *result)
{
	char *name = batch_report_name(b->plan->rows.at[index].id);
	char *path = name ? file_join(b->options->folder, name) : NULL;
	struct error *err = &error_no_memory;

	if (path) {
		remove_half(path);
		err = record_report(b, index, result, name);
	}
	free(path);
	free(name);
	return err;
}

/* ---- Rows in turn ---- */

static bool is_ours(const struct batch *b, size_t row)
{
	const struct batch_header header = {
		.shard = b->options->shard,
		.shards = b->options->shards,
		.emulators = b->plan->settings->num_emulators,
	};

	return batch_is_in_shard(&header, row);
}

/* What an earlier run of the row left must not pass for the new one's. */
static struct error *remove_report(const char *path)
{
	return unlink(path) && errno != ENOENT ? error_os(errno, "remove", path) : NULL;
}

static struct error *start_row(struct batch *b, size_t index)
{
	const struct batch_row *row = &b->plan->rows.at[index];
	char *name = batch_report_name(row->id), *path = name ? file_join(b->options->folder, name) : NULL;
	batch_strings words = {0};
	struct error *err = path ? remove_report(path) : &error_no_memory;

	if (!err)
		err = batch_row_command(b->plan, row, b->options->validate, path, &words);
	if (!err)
		err = pool_start(b->pool, (const char *const *)words.at, index);
	batch_strings_deinit(&words);
	free(path);
	free(name);
	return err;
}

static struct error *start_rows(struct batch *b)
{
	struct error *err = NULL;

	for (; !err && b->next < b->plan->rows.len && pool_has_room(b->pool); b->next++)
		if (is_ours(b, b->next) && !batch_results_have(b->results, b->next))
			err = start_row(b, b->next);
	return err;
}

/* The rows that are left are taken to last as long as those that are done, side by side. */
static void update_progress(struct batch *b)
{
	struct batch_progress *p = &b->progress;

	p->running = pool_running(b->pool);
	p->nanoseconds = clock_now() - b->start;
	p->left = p->done ? (uint64_t)((double)p->nanoseconds / (double)p->done * (double)(p->rows - p->kept - p->done))
			  : 0;
}

static struct error *stop(const struct batch *b)
{
	return error_create(ERROR_INTERRUPTED, "interrupted: %zu of %zu rows are done; --resume goes on",
			    b->progress.kept + b->progress.done, b->progress.rows);
}

/*
 * Whether the row ended because all of us are to end. Whoever ends a batch from outside may signal all its processes,
 * in any order: a row that failed waits a moment for our own signal.
 */
static bool is_stopped(const struct batch *b, const struct pool_result *result)
{
	enum { MOMENT_MS = 50 };

	if (result->end == POOL_STOPPED || (result->end == POOL_EXITED && result->status == STATUS_INTERRUPTED))
		return true;
	if (result->end == POOL_SIGNALED || (result->end == POOL_EXITED && result->status >= STATUS_TARGET))
		poll(NULL, 0, MOMENT_MS);
	return *b->options->interrupted;
}

static struct error *do_rows(struct batch *b)
{
	struct pool_result result;
	struct error *err = NULL;
	uint64_t row;
	bool have;

	while (!err) {
		if (*b->options->interrupted)
			return stop(b);
		err = start_rows(b);
		if (err || !pool_running(b->pool))
			return err;
		err = pool_wait(b->pool, TICK_MS, &have, &row, &result);
		if (err)
			return err;
		update_progress(b);
		if (have && is_stopped(b, &result))
			return stop(b);
		if (have)
			err = record_row(b, row, &result);
		else
			b->options->progress(b->options->progress_ctx, &b->progress);
	}
	return err;
}

/* ---- The whole ---- */

static struct error *make_keys(struct batch *b)
{
	size_t len = b->plan->rows.len;
	struct error *err = NULL;

	b->keys = calloc(len + 1, sizeof *b->keys);
	if (!b->keys)
		return &error_no_memory;
	for (size_t i = 0; i < len && !err; i++) {
		b->keys[i] = calloc(1, BATCH_DIGEST_LEN + 1);
		if (!b->keys[i])
			err = &error_no_memory;
		else if (is_ours(b, i))
			err = batch_row_key(b->plan, &b->plan->rows.at[i], b->options->validate, b->keys[i]);
	}
	return err;
}

static void count_rows(struct batch *b)
{
	for (size_t i = 0; i < b->plan->rows.len; i++) {
		b->progress.rows += is_ours(b, i);
		b->progress.kept += is_ours(b, i) && batch_results_have(b->results, i);
	}
}

struct error *batch_run(const struct batch_plan *plan, const struct batch_options *options)
{
	struct batch b = {.plan = plan, .options = options, .start = clock_now()};
	struct error *err = make_keys(&b);

	if (!err)
		err = batch_results_open(options->folder, plan, (const char *const *)b.keys, options->shard,
					 options->shards, options->reuse, options->limits.timeout_ms,
					 options->limits.memory, &b.results);
	if (!err)
		err = pool_create(options->workers, &options->limits, &b.pool);
	if (!err) {
		count_rows(&b);
		err = do_rows(&b);
	}
	pool_destroy(b.pool);
	if (!err)
		err = batch_results_finish(b.results);
	batch_results_close(b.results);
	for (size_t i = 0; b.keys && i < plan->rows.len; i++)
		free(b.keys[i]);
	free(b.keys);
	return err;
}
