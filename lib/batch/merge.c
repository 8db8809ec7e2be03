#include "lib/batch/merge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"

enum { REPORT_MAX = 256 << 20 }; /* bytes */

/* A row's record, and which folder it is of; NULL: none has come yet. */
struct chosen {
	const struct batch_record *record;
	size_t folder;
};

struct merge {
	const char *out;
	char *const *folders;
	struct batch_state *states;
	size_t num;
	bool replace;
	struct chosen *rows; /* of the plan */
};

static struct error *check_same(const struct merge *m, size_t i)
{
	const struct batch_header *a = &m->states[0].header, *b = &m->states[i].header;
	bool same = !strcmp(a->plan, b->plan) && a->emulators == b->emulators && a->rows.len == b->rows.len;

	for (size_t k = 0; k < a->rows.len && same; k++)
		same = !strcmp(a->rows.at[k], b->rows.at[k]);
	if (same)
		return NULL;
	return error_input(m->folders[i], 0,
			   "is of another batch than %s: merge the shards of one manifest with one set of options",
			   m->folders[0]);
}

static struct error *read_states(struct merge *m)
{
	struct error *err = NULL;

	for (size_t i = 0; i < m->num && !err; i++) {
		err = batch_state_read(m->folders[i], &m->states[i]);
		if (!err)
			err = check_same(m, i);
	}
	return err;
}

/* ---- Which record counts ---- */

/* Judged before not judged, else by what they say: any order of the folders gives the same. */
static bool is_better(const struct batch_record *a, const struct batch_record *b)
{
	struct strbuf text_a = {0}, text_b = {0};
	bool judged_a = batch_is_judged(a), judged_b = batch_is_judged(b);

	if (judged_a != judged_b)
		return judged_a;
	batch_print_record(&text_a, a, true);
	batch_print_record(&text_b, b, true);
	bool better = strcmp(strbuf_text(&text_a), strbuf_text(&text_b)) < 0;
	strbuf_deinit(&text_a);
	strbuf_deinit(&text_b);
	return better;
}

static void choose(struct merge *m)
{
	for (size_t i = 0; i < m->num; i++) {
		for (size_t k = 0; k < m->states[i].records.len; k++) {
			const struct batch_record *record = &m->states[i].records.at[k];
			struct chosen *c = &m->rows[record->index];
			if (!c->record || is_better(record, c->record))
				*c = (struct chosen){record, i};
		}
	}
}

/* ---- The new folder ---- */

static struct error *copy_report(const struct merge *m, const struct chosen *c)
{
	const char *folder = m->folders[c->folder], *name = c->record->report;
	char *from = file_join(folder, name), *to = file_join(m->out, name);
	struct strbuf text = {0};
	struct error *err = from && to ? file_read_named(folder, name, REPORT_MAX, &text) : &error_no_memory;

	if (err)
		err = batch_report_remedy(err, from);
	else
		err = file_write(to, strbuf_text(&text), text.len);
	strbuf_deinit(&text);
	free(from);
	free(to);
	return err;
}

static struct error *make_folder(const char *out, bool replace)
{
	char *state = file_join(out, BATCH_STATE_NAME);
	struct error *err = state ? NULL : &error_no_memory;

	if (!err && !replace && !access(state, F_OK))
		err = error_create(ERROR_USAGE, "%s has the results of a batch: give another folder", out);
	else if (!err)
		err = batch_make_folders(out);
	free(state);
	return err;
}

/* All that is to be copied can be, before anything is. */
static struct error *check_reports(const struct merge *m)
{
	struct error *err = NULL;

	for (size_t i = 0; i < m->states[0].header.rows.len && !err; i++) {
		const struct chosen *c = &m->rows[i];
		if (!c->record || !*c->record->report)
			continue;
		char *path = file_join(m->folders[c->folder], c->record->report);
		err = path ? file_check_named(m->folders[c->folder], c->record->report) : &error_no_memory;
		if (err)
			err = batch_report_remedy(err, path);
		free(path);
	}
	return err;
}

/* Records first, so that the state comes last: it is there when all is. */
static struct error *write_all(struct merge *m)
{
	const struct batch_header *h = &m->states[0].header;
	struct batch_state state = {.header = *h};
	struct error *err = check_reports(m);

	if (!err)
		err = make_folder(m->out, m->replace);
	state.header.shard = state.header.shards = 1;
	for (size_t i = 0; i < h->rows.len && !err; i++) {
		const struct chosen *c = &m->rows[i];
		if (c->record && *c->record->report)
			err = copy_report(m, c);
		if (!err && c->record && !vec_push(&state.records, *c->record))
			err = &error_no_memory;
	}
	if (!err)
		err = batch_state_write(m->out, &state);
	vec_deinit(&state.records); /* what they own is the shards' */
	return err;
}

struct error *batch_merge(const char *out, char *const *folders, size_t num, bool replace)
{
	struct merge m = {.out = out, .folders = folders, .num = num, .replace = replace};

	m.states = calloc(num + 1, sizeof *m.states);
	struct error *err = m.states ? read_states(&m) : &error_no_memory;
	if (!err && !(m.rows = calloc(m.states[0].header.rows.len + 1, sizeof *m.rows)))
		err = &error_no_memory;
	if (!err) {
		choose(&m);
		err = write_all(&m);
	}
	for (size_t i = 0; m.states && i < num; i++)
		batch_state_deinit(&m.states[i]);
	free(m.states);
	free(m.rows);
	return err;
}
