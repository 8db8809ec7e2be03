/* What the files of lib/batch share. */
#ifndef LIB_BATCH_INTERNAL_H
#define LIB_BATCH_INTERNAL_H

#include "lib/batch/results.h"

struct json_object;

/* A job as it stands in a manifest. */
extern const struct json_object batch_job_object;

/* What a job may be called: it becomes a part of paths. */
bool batch_is_name(const char *name, size_t len);

/* Takes what job owns, also on failure. Does not look at its name. */
struct error *batch_jobs_push(struct batch_jobs *jobs, struct batch_job *job);

void batch_job_deinit(struct batch_job *job);

/* The row's outcome is a verdict on the emulator. */
bool batch_is_judged(const struct batch_record *record);

/* Says what to do where a row's report cannot be used. Takes err, of reading the file at path, and returns it. */
struct error *batch_report_remedy(struct error *err, const char *path) __attribute__((returns_nonnull));

/* Which rows of a plan a shard has: all those of a job, every shards-th job. */
bool batch_is_in_shard(const struct batch_header *header, uint64_t row);

/* ---- The state as text ---- */

#define BATCH_STATE_NAME "batch.json"
#define BATCH_STATE_PART BATCH_STATE_NAME ".part"

/* Makes the folder for results and rows/ in it, where they are not there. The folder may be a link, rows may not: what
 * is written there stays in the folder. */
struct error *batch_make_folders(const char *folder);

/* A header's line, a record's, and the last. */
void batch_print_header(struct strbuf *out, const struct batch_header *header);
void batch_print_record(struct strbuf *out, const struct batch_record *record, bool first);
extern const char batch_state_end[];

#endif
