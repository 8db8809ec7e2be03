/*
 * The results of a batch: a folder with a JSON report for each row, and the state file batch.json, which has a record
 * for each row that is done.
 *
 *   batch.json        the state when all rows are done
 *   batch.json.part   the state until then: a record is added when its row is done. Cut off anywhere, it is readable to
 *                     its last whole line, and a batch goes on from it
 *   rows/ID.json      the report of a row, as validate run writes it
 */
/* clang-format off */
/*
 * The state (state.schema.json), one JSON document, a line for its header and a line for each record, in the order in which rows ended:
 *
 *   {"format": "validate-batch-state", "version": 1, "plan": SHA-256, "shard": number, "shards": number,
 *    "emulators": number, "rows": [ID, ...], "results": [      rows: all of the plan, also those of other shards
 *   RECORD
 *   ,RECORD
 *   ]}
 *
 *   RECORD: {"index": number, "row": ID, "job": TEXT, "emulator": number, "key": SHA-256, "outcome": OUTCOME,
 *            "status": number, "milliseconds": number, "memory": bytes, "timeout_ms": number, "memory_limit": bytes,
 *            "report": path | "", "message": TEXT}
 *
 *   OUTCOME: "clean", "incomplete", "divergent", "lost-sync", "error": the report's verdict; "unusable": the row's input
 *   or options are; "failed": the target could not be started; "crashed", "timeout", "memory": how it was ended;
 *   "internal": validate failed. status: what the row counts as, an exit status of validate.
 */
/* clang-format on */
#ifndef LIB_BATCH_RESULTS_H
#define LIB_BATCH_RESULTS_H

#include "lib/base/strbuf.h"
#include "lib/batch/plan.h"

struct batch_record {
	uint64_t index; /* of the row in the plan */
	char *row, *job;
	uint64_t emulator; /* variant of the row */
	char *key;
	char *outcome;
	uint64_t status;
	uint64_t milliseconds, memory; /* what it took; memory in bytes */
	uint64_t timeout_ms, memory_limit;
	char *report;  /* relative to the folder; "": there is none */
	char *message; /* why it ended so; "": that goes without saying */
};

struct batch_header {
	char *plan;
	uint64_t shard, shards; /* shard is from 1 */
	uint64_t emulators;
	batch_strings rows;
};

/* A state as it is read. */
struct batch_state {
	struct batch_header header;
	VEC(struct batch_record) records; /* their rows and indices agree with the header's */
	bool complete;
};

/* Reads batch.json of a folder, or batch.json.part if that is there. ERROR_INPUT with file and place for a state that
 * cannot be used, ERROR_OS with ENOENT if there is none. */
struct error *batch_state_read(const char *folder, struct batch_state *ret);
void batch_state_deinit(struct batch_state *state);
void batch_record_deinit(struct batch_record *record);

/* ---- Writing ---- */

struct batch_results;

enum batch_reuse {
	BATCH_FRESH,  /* the folder is to have no results yet */
	BATCH_RESUME, /* records of rows that ended are kept */
	BATCH_RETRY,  /* and of those only the ones that were judged */
};

/*
 * Opens the folder, which is made if need be, and takes it for itself: ERROR_USAGE if another batch works in it. What
 * is kept of an earlier batch are records whose row and key are those of `keys`, which has a key for each row of the
 * plan ("" for those of other shards); a row that ended at a limit is not kept if the limit now is higher.
 */
struct error *batch_results_open(const char *folder, const struct batch_plan *plan, const char *const *keys,
				 uint64_t shard, uint64_t shards, enum batch_reuse reuse, uint64_t timeout_ms,
				 uint64_t memory_limit, struct batch_results **ret);

/* Whether the row's record was kept. */
bool batch_results_have(const struct batch_results *r, size_t row);

/* Adds a record, which stays the caller's, and hands it to the kernel. */
struct error *batch_results_add(struct batch_results *r, const struct batch_record *record);

/* Ends the document and gives it its name. */
struct error *batch_results_finish(struct batch_results *r);

/* Lets the folder go; unfinished results stay as batch.json.part. NULL is fine. */
void batch_results_close(struct batch_results *r);

/* Writes a whole state at once, in the order of its records. */
struct error *batch_state_write(const char *folder, const struct batch_state *state);

/* All outcomes, in the order in which they are counted; the last is that of a row without a record. */
enum { BATCH_NUM_OUTCOMES = 12 };
extern const char *const batch_outcomes[BATCH_NUM_OUTCOMES];

/* "rows/ID.json"; the caller frees it, NULL when out of memory. */
char *batch_report_name(const char *id);

#endif
