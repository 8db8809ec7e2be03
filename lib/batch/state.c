/* The state file as text. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/evlog/json.h"

enum { STATE_MAX = 256 << 20 }; /* bytes */

const char *const batch_outcomes[BATCH_NUM_OUTCOMES] = {
	"clean",  "incomplete", "divergent", "lost-sync", "error",    "unusable",
	"failed", "crashed",    "timeout",   "memory",    "internal", "missing",
};

#define FORMAT "validate-batch-state"
enum { VERSION = 1 };

static const struct json_list texts = {sizeof(char *), &json_text, NULL};

/* clang-format off */
#define HEADER(member, type, arg) {#member, &(type), offsetof(struct batch_header, member), arg, false}
static const struct json_field header_fields[] = {
	HEADER(plan, json_text, NULL), HEADER(shard, json_count, NULL), HEADER(shards, json_count, NULL),
	HEADER(emulators, json_count, NULL), HEADER(rows, json_vec, &texts),
};

#define RECORD(member, type) {#member, &(type), offsetof(struct batch_record, member), NULL, false}
static const struct json_field record_fields[] = {
	RECORD(index, json_count), RECORD(row, json_text), RECORD(job, json_text), RECORD(emulator, json_count),
	RECORD(key, json_text), RECORD(outcome, json_text), RECORD(status, json_count),
	RECORD(milliseconds, json_count), RECORD(memory, json_count), RECORD(timeout_ms, json_count),
	RECORD(memory_limit, json_count), RECORD(report, json_text), RECORD(message, json_text),
};
/* clang-format on */

static const struct json_object header_object = {header_fields, sizeof header_fields / sizeof *header_fields};
static const struct json_object record_object = {record_fields, sizeof record_fields / sizeof *record_fields};

/* ---- Freeing ---- */

void batch_record_deinit(struct batch_record *record)
{
	char *const owned[] = {record->row, record->job, record->key, record->outcome, record->report, record->message};

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
}

void batch_state_deinit(struct batch_state *state)
{
	free(state->header.plan);
	batch_strings_deinit(&state->header.rows);
	for (size_t i = 0; i < state->records.len; i++)
		batch_record_deinit(&state->records.at[i]);
	vec_deinit(&state->records);
}

/* ---- Writing ---- */

void batch_print_header(struct strbuf *out, const struct batch_header *header)
{
	struct strbuf members = {0};

	json_write_object(&members, &header_object, header);
	/* Without the brace that ends it. */
	strbuf_printf(out, "{\"format\": \"" FORMAT "\", \"version\": %d, %.*s, \"results\": [\n", VERSION,
		      members.len ? (int)members.len - 2 : 0, strbuf_text(&members) + (members.len != 0));
	out->failed |= strbuf_failed(&members);
	strbuf_deinit(&members);
}

void batch_print_record(struct strbuf *out, const struct batch_record *record, bool first)
{
	strbuf_append(out, first ? "" : ",");
	json_write_object(out, &record_object, record);
	strbuf_append(out, "\n");
}

const char batch_state_end[] = "]}\n";

struct error *batch_state_write(const char *folder, const struct batch_state *state)
{
	char *path = file_join(folder, BATCH_STATE_NAME);
	struct strbuf text = {0};

	batch_print_header(&text, &state->header);
	for (size_t i = 0; i < state->records.len; i++)
		batch_print_record(&text, &state->records.at[i], i == 0);
	strbuf_append(&text, batch_state_end);
	struct error *err = path && !strbuf_failed(&text) ? file_write(path, text.at, text.len) : &error_no_memory;
	strbuf_deinit(&text);
	free(path);
	return err;
}

/* ---- Reading ---- */

/* A state's text, of which lines are taken. */
struct reader {
	const char *path;
	const char *at, *end;
	uint64_t line;
	bool may_be_cut; /* it is still being written, or was not finished */
};

/* The next line in *ret_len bytes at the result; NULL at the end. A line without a newline is cut off: there is none.
 */
static const char *next_line(struct reader *r, size_t *ret_len)
{
	const char *newline = r->at < r->end ? memchr(r->at, '\n', (size_t)(r->end - r->at)) : NULL;
	const char *line = r->at;

	if (!newline)
		return NULL;
	r->line++;
	r->at = newline + 1;
	*ret_len = (size_t)(newline - line);
	return line;
}

static struct error *parse(const struct reader *r, const char *text, size_t len, const char *end, json_t **ret)
{
	struct strbuf copy = {0};
	json_error_t error;
	struct error *err = json_check_values(r->path, r->line, text, len, JSON_VALUES_MAX);

	if (err)
		return err;
	strbuf_append_bytes(&copy, text, len);
	strbuf_append(&copy, end);
	json_t *json = strbuf_failed(&copy) ? NULL : json_loadb(copy.at, copy.len, JSON_REJECT_DUPLICATES, &error);
	bool failed = strbuf_failed(&copy);
	strbuf_deinit(&copy);
	if (json) {
		*ret = json;
		return NULL;
	}
	if (failed || json_error_code(&error) == json_error_out_of_memory)
		return &error_no_memory;
	return error_input(r->path, r->line, "column %d: not JSON", error.column);
}

static struct error *check_format(const struct place *at, json_t *json)
{
	const char *format = json_string_value(json_object_get(json, "format"));

	if (!format || strcmp(format, FORMAT) != 0)
		return place_error(at, "not the state of a batch: its \"format\" is not \"" FORMAT "\"");
	if (json_integer_value(json_object_get(json, "version")) != VERSION)
		return place_error(at, "is of another version of the format than %d", VERSION);
	json_object_del(json, "format");
	json_object_del(json, "version");
	json_object_del(json, "results");
	return NULL;
}

/* "NAME", "NAME@1" or "NAME@2": it becomes a part of paths. */
static bool is_row_id(const char *id)
{
	size_t len = strcspn(id, "@");
	const char *variant = id + len;

	return batch_is_name(id, len) && (!*variant || !strcmp(variant, "@1") || !strcmp(variant, "@2"));
}

static struct error *check_header(const struct place *at, const struct batch_header *h)
{
	if (!h->shard || h->shard > h->shards)
		return place_error(at, "shard: expected a number from 1 to that of the shards");
	if (h->emulators > BATCH_EMULATORS_MAX || h->rows.len > (size_t)BATCH_JOBS_MAX * BATCH_EMULATORS_MAX)
		return place_error(at, "more rows or emulators than a batch can have");
	for (size_t i = 0; i < h->rows.len; i++)
		if (!is_row_id(h->rows.at[i]))
			return place_error(at, "rows: expected names of jobs, with @1 or @2 behind them");
	return NULL;
}

static struct error *read_header(struct reader *r, struct batch_header *ret)
{
	struct place at = {.path = r->path, .line = 1};
	size_t len;
	const char *line = next_line(r, &len);
	json_t *json;

	if (!line)
		return error_input(r->path, 1, "is cut off in its first line");
	struct error *err = parse(r, line, len, "]}", &json);
	if (err)
		return err;
	err = check_format(&at, json);
	if (!err)
		err = json_read_object(&at, json, &header_object, ret);
	if (!err)
		err = check_header(&at, ret);
	json_decref(json);
	return err;
}

static bool is_outcome(const char *outcome)
{
	for (size_t i = 0; i < sizeof batch_outcomes / sizeof *batch_outcomes; i++)
		if (!strcmp(outcome, batch_outcomes[i]))
			return true;
	return false;
}

/* What the record says of its row has to be what the header says; its report is where reports are. */
static struct error *check_record(const struct place *at, const struct batch_header *h,
				  const struct batch_record *record)
{
	if (record->index >= h->rows.len || strcmp(h->rows.at[record->index], record->row) != 0)
		return place_error(at, "is of a row that the header does not have");
	if (record->emulator > h->emulators)
		return place_error(at, "is of an emulator that the batch does not have");
	if (!is_outcome(record->outcome))
		return place_error(at, "outcome: is none that a row can have");
	if (record->status > UINT8_MAX)
		return place_error(at, "status: expected a number from 0 to %d", UINT8_MAX);
	char *name = batch_report_name(record->row);
	if (!name)
		return &error_no_memory;
	bool elsewhere = *record->report && strcmp(record->report, name) != 0;
	free(name);
	return elsewhere ? place_error(at, "report: expected \"rows/ROW.json\"") : NULL;
}

static struct error *read_record(struct reader *r, const char *line, size_t len, struct batch_state *ret)
{
	struct place at = {.path = r->path, .line = r->line};
	struct batch_record record = {0};
	json_t *json;
	bool comma = len && *line == ',';
	struct error *err = parse(r, line + comma, len - comma, "", &json);

	if (err)
		return err;
	err = json_read_object(&at, json, &record_object, &record);
	json_decref(json);
	if (!err)
		err = check_record(&at, &ret->header, &record);
	if (!err && !vec_push(&ret->records, record))
		err = &error_no_memory;
	if (err)
		batch_record_deinit(&record);
	return err;
}

static struct error *read_records(struct reader *r, struct batch_state *ret)
{
	struct error *err = NULL;
	const char *line;
	size_t len;

	while (!err && !ret->complete && (line = next_line(r, &len))) {
		if (len == 2 && !memcmp(line, "]}", 2))
			ret->complete = true;
		else
			err = read_record(r, line, len, ret);
	}
	if (!err && ret->complete && r->at != r->end)
		err = error_input(r->path, r->line, "text behind the end");
	if (!err && !ret->complete && !r->may_be_cut)
		err = error_input(r->path, r->line, "is cut off");
	return err;
}

static struct error *read_state(const char *folder, const char *path, bool part, struct batch_state *ret)
{
	struct strbuf text = {0};
	struct batch_state state = {.complete = false};
	struct error *err = file_read_named(folder, part ? BATCH_STATE_PART : BATCH_STATE_NAME, STATE_MAX, &text);
	struct reader r = {.path = path,
			   .at = strbuf_text(&text),
			   .end = strbuf_text(&text) + text.len,
			   .may_be_cut = part};

	if (!err)
		err = read_header(&r, &state.header);
	if (!err)
		err = read_records(&r, &state);
	if (err)
		batch_state_deinit(&state);
	else
		*ret = state;
	strbuf_deinit(&text);
	return error_remedy(err, "run the batch again, without --resume and in another folder");
}

struct error *batch_state_read(const char *folder, struct batch_state *ret)
{
	char *part = file_join(folder, BATCH_STATE_PART), *path = file_join(folder, BATCH_STATE_NAME);
	struct error *err = &error_no_memory;

	if (part && path)
		err = faccessat(AT_FDCWD, part, F_OK, AT_SYMLINK_NOFOLLOW) ? read_state(folder, path, false, ret)
									   : read_state(folder, part, true, ret);
	free(part);
	free(path);
	return err;
}
