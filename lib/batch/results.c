#include "lib/batch/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"

struct batch_results {
	char *folder, *path, *part; /* path: of batch.json */
	int lock;
	int fd; /* of part, to its end */
	bool *have;
	bool empty; /* of records */
};

char *batch_report_name(const char *id)
{
	struct strbuf name = {0};

	strbuf_printf(&name, "rows/%s.json", id);
	return strbuf_take(&name);
}

/* ---- What is kept of an earlier batch ---- */

bool batch_is_judged(const struct batch_record *record)
{
	static const char *const outcomes[] = {"clean", "incomplete", "divergent", "lost-sync"};

	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (!strcmp(record->outcome, outcomes[i]))
			return true;
	return false;
}

/* 0 is no limit. */
static bool is_higher(uint64_t now, uint64_t then)
{
	return now ? then && now > then : then != 0;
}

struct keeping {
	const struct batch_plan *plan;
	const char *const *keys;
	enum batch_reuse reuse;
	uint64_t timeout_ms, memory_limit;
};

static bool has_report(const char *folder, const struct batch_record *record)
{
	struct error *err = *record->report ? file_check_named(folder, record->report) : NULL;
	bool ok = !err;

	error_destroy(err);
	return ok;
}

static bool is_row(const struct keeping *k, size_t row, const struct batch_record *record)
{
	return row < k->plan->rows.len && !strcmp(k->plan->rows.at[row].id, record->row) &&
	       k->plan->rows.at[row].variant == record->emulator && !strcmp(k->keys[row], record->key);
}

/* The row of the plan that the record is still right for, most often the one it was of; the number of rows if there is
 * none. */
static size_t find_row(const struct keeping *k, const struct batch_record *record)
{
	size_t i = is_row(k, record->index, record) ? record->index : 0;

	while (i < k->plan->rows.len && !is_row(k, i, record))
		i++;
	if (k->reuse == BATCH_RETRY && !batch_is_judged(record))
		return k->plan->rows.len;
	if (!strcmp(record->outcome, "timeout") && is_higher(k->timeout_ms, record->timeout_ms))
		return k->plan->rows.len;
	if (!strcmp(record->outcome, "memory") && is_higher(k->memory_limit, record->memory_limit))
		return k->plan->rows.len;
	return i;
}

/* Leaves in old the records that are kept, with the plan's indices. */
static void keep(struct batch_results *r, const struct keeping *k, struct batch_state *old)
{
	size_t kept = 0;

	for (size_t i = 0; i < old->records.len; i++) {
		struct batch_record record = old->records.at[i];
		size_t row = find_row(k, &record);
		if (row == k->plan->rows.len || r->have[row] || !has_report(r->folder, &record)) {
			batch_record_deinit(&record);
			continue;
		}
		r->have[row] = true;
		record.index = row;
		old->records.at[kept++] = record;
	}
	old->records.len = kept;
}

/* ---- Opening ---- */

static struct error *make_folder(const char *path, int flags)
{
	struct stat st;

	if (!mkdir(path, 0777))
		return NULL;
	int errnum = errno;
	if (errnum == EEXIST && !fstatat(AT_FDCWD, path, &st, flags)) {
		if (S_ISDIR(st.st_mode))
			return NULL;
		if (S_ISLNK(st.st_mode))
			return error_input(path, 0, "is a symbolic link, which is not written through: remove it");
	}
	return error_os(errnum, "make the folder", path);
}

struct error *batch_make_folders(const char *folder)
{
	char *rows = file_join(folder, "rows");
	struct error *err = rows ? make_folder(folder, 0) : &error_no_memory;

	if (!err)
		err = make_folder(rows, AT_SYMLINK_NOFOLLOW);
	free(rows);
	return err;
}

static struct error *take_folder(struct batch_results *r)
{
	struct error *err = batch_make_folders(r->folder);

	if (err)
		return err;
	r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock < 0)
		return error_os(errno, "open", r->folder);
	if (!flock(r->lock, LOCK_EX | LOCK_NB))
		return NULL;
	if (errno == EWOULDBLOCK)
		return error_create(ERROR_USAGE, "%s: another batch works in this folder", r->folder);
	return error_os(errno, "lock", r->folder);
}

static struct error *read_old(struct batch_results *r, const struct keeping *k, struct batch_state *ret)
{
	if (access(r->part, F_OK) && access(r->path, F_OK))
		return NULL;
	if (k->reuse == BATCH_FRESH)
		return error_create(ERROR_USAGE,
				    "%s has the results of a batch: give --resume to go on with it, or another folder",
				    r->folder);
	struct error *err = batch_state_read(r->folder, ret);
	if (!err)
		keep(r, k, ret);
	return err;
}

/* The state so far under the name PATH.part, and no longer one under the final name. */
static struct error *write_start(struct batch_results *r, const struct batch_header *header,
				 const struct batch_state *old)
{
	struct strbuf text = {0};

	batch_print_header(&text, header);
	for (size_t i = 0; i < old->records.len; i++)
		batch_print_record(&text, &old->records.at[i], i == 0);
	r->empty = !old->records.len;
	struct error *err = strbuf_failed(&text) ? &error_no_memory : file_write(r->part, text.at, text.len);
	strbuf_deinit(&text);
	if (!err && unlink(r->path) && errno != ENOENT)
		err = error_os(errno, "remove", r->path);
	if (err)
		return err;
	r->fd = open(r->part, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	return r->fd < 0 ? error_os(errno, "open", r->part) : NULL;
}

static struct error *make_header(const struct batch_plan *plan, uint64_t shard, uint64_t shards,
				 struct batch_header *ret)
{
	*ret = (struct batch_header){
		.plan = (char *)(uintptr_t)plan->digest,
		.shard = shard,
		.shards = shards,
		.emulators = plan->settings->num_emulators > 1 ? plan->settings->num_emulators : 0,
	};
	for (size_t i = 0; i < plan->rows.len; i++)
		if (!vec_push(&ret->rows, plan->rows.at[i].id))
			return &error_no_memory;
	return NULL;
}

static struct error *open_folder(struct batch_results *r, const struct keeping *k, uint64_t shard, uint64_t shards)
{
	struct batch_state old = {0};
	struct batch_header header;
	struct error *err = take_folder(r);

	if (!err)
		err = read_old(r, k, &old);
	if (err)
		return err;
	err = make_header(k->plan, shard, shards, &header);
	if (!err)
		err = write_start(r, &header, &old);
	vec_deinit(&header.rows); /* whose texts are the plan's */
	batch_state_deinit(&old);
	return err;
}

struct error *batch_results_open(const char *folder, const struct batch_plan *plan, const char *const *keys,
				 uint64_t shard, uint64_t shards, enum batch_reuse reuse, uint64_t timeout_ms,
				 uint64_t memory_limit, struct batch_results **ret)
{
	struct keeping k = {plan, keys, reuse, timeout_ms, memory_limit};
	struct batch_results *r = calloc(1, sizeof *r);

	if (!r)
		return &error_no_memory;
	r->lock = r->fd = -1;
	r->folder = strdup(folder);
	r->path = file_join(folder, BATCH_STATE_NAME);
	r->part = file_join(folder, BATCH_STATE_PART);
	r->have = calloc(plan->rows.len + 1, sizeof *r->have);
	bool ok = r->folder && r->path && r->part && r->have;
	struct error *err = ok ? open_folder(r, &k, shard, shards) : &error_no_memory;
	if (err)
		batch_results_close(r);
	else
		*ret = r;
	return err;
}

/* ---- Adding ---- */

bool batch_results_have(const struct batch_results *r, size_t row)
{
	return r->have[row];
}

static struct error *append(struct batch_results *r, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(r->fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "write", r->part);
		text += n;
		len -= (size_t)n;
	}
	return NULL;
}

struct error *batch_results_add(struct batch_results *r, const struct batch_record *record)
{
	struct strbuf text = {0};

	batch_print_record(&text, record, r->empty);
	struct error *err = strbuf_failed(&text) ? &error_no_memory : append(r, text.at, text.len);
	strbuf_deinit(&text);
	if (!err) {
		r->empty = false;
		r->have[record->index] = true;
	}
	return err;
}

struct error *batch_results_finish(struct batch_results *r)
{
	struct error *err = append(r, batch_state_end, strlen(batch_state_end));

	if (!err && rename(r->part, r->path))
		err = error_os(errno, "write", r->path);
	return err;
}

void batch_results_close(struct batch_results *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	if (r->lock >= 0)
		close(r->lock);
	free(r->folder);
	free(r->path);
	free(r->part);
	free(r->have);
	free(r);
}
