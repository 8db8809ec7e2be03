#include "lib/batch/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/batch/report.h"
#include "lib/run/findings.h"

enum { STATUS_DIVERGENT = 1, STATUS_INCOMPLETE = 4, STATUS_TARGET = 5 };

uint64_t batch_worse(uint64_t a, uint64_t b)
{
	/* From the worst down; one that is not named is the worst of all. */
	static const uint64_t order[] = {70, STATUS_TARGET, 2, 3, STATUS_DIVERGENT, 4, 0};
	size_t rank_a = 0, rank_b = 0;

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		rank_a = order[i] == a ? i + 1 : rank_a;
		rank_b = order[i] == b ? i + 1 : rank_b;
	}
	return rank_a <= rank_b ? a : b;
}

/* ---- Groups ---- */

static void known_deinit(struct batch_known *k)
{
	free(k->arch);
	free(k->form);
	free(k->place);
	free(k->cause);
}

static void group_deinit(struct batch_group *g)
{
	char *const owned[] = {g->arch, g->form, g->location, g->key, g->severity, g->pc, g->symbol, g->bytes, g->text};

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	vec_deinit(&g->rows);
	vec_deinit(&g->emulators);
}

/* The place of a text in a list, where it is added if need be. */
static struct error *find_text(batch_strings *list, const char *text, size_t *ret)
{
	size_t i = 0;

	while (i < list->len && strcmp(list->at[i], text) != 0)
		i++;
	if (i == list->len) {
		char *copy = strdup(text);
		if (!copy || !vec_push(list, copy)) {
			free(copy);
			return &error_no_memory;
		}
	}
	*ret = i;
	return NULL;
}

/* Takes a text of a report. */
static char *take(char **text)
{
	char *taken = *text;

	*text = NULL;
	return taken;
}

static struct error *add_group(struct batch_summary *s, const char *arch, struct batch_finding *f)
{
	struct batch_group g = {
		.arch = strdup(arch),
		.form = take(&f->form),
		.location = take(&f->location),
		.key = take(&f->key),
		.severity = take(&f->severity),
		.pc = take(&f->pc),
		.symbol = take(&f->symbol),
		.bytes = take(&f->bytes),
		.text = take(&f->text),
		.instruction = f->first_instruction,
	};

	if (g.arch && vec_push(&s->groups, g))
		return NULL;
	group_deinit(&g);
	return &error_no_memory;
}

static size_t find_group(const struct batch_summary *s, const char *key)
{
	size_t i = 0;

	while (i < s->groups.len && strcmp(s->groups.at[i].key, key) != 0)
		i++;
	return i;
}

static bool has(const size_t *list, size_t len, size_t value)
{
	for (size_t i = 0; i < len; i++)
		if (list[i] == value)
			return true;
	return false;
}

/* Of severities that a report has been checked for. */
static bool is_surer(const char *severity, const char *other)
{
	enum severity a, b;

	return severity_by_name(severity, &a) && severity_by_name(other, &b) && a < b;
}

static struct error *add_finding(struct batch_summary *s, size_t row, size_t emulator, const char *arch,
				 struct batch_finding *f)
{
	size_t i = find_group(s, f->key);
	bool known = f->baseline && !strcmp(f->baseline, "known");
	struct error *err = i == s->groups.len ? add_group(s, arch, f) : NULL;

	if (err)
		return err;
	struct batch_group *g = &s->groups.at[i];
	if (f->severity && is_surer(f->severity, g->severity)) {
		free(g->severity);
		g->severity = take(&f->severity);
	}
	g->known = known && (g->known || !g->rows.len);
	g->counts |= f->counts;
	g->count += f->count;
	if (!has(g->rows.at, g->rows.len, row) && !vec_push(&g->rows, row))
		return &error_no_memory;
	if (!has(g->emulators.at, g->emulators.len, emulator) && !vec_push(&g->emulators, emulator))
		return &error_no_memory;
	return NULL;
}

/* ---- What is not modelled ---- */

static struct error *add_unmodelled(struct batch_summary *s, const char *arch, struct batch_unmodelled *u)
{
	for (size_t i = 0; i < s->unmodelled.len; i++) {
		struct batch_total *t = &s->unmodelled.at[i];
		if (strcmp(t->mnemonic, u->mnemonic) != 0 || strcmp(t->arch, arch) != 0)
			continue;
		t->count += u->count;
		t->rows++;
		return NULL;
	}
	struct batch_total t = {.arch = strdup(arch), .mnemonic = take(&u->mnemonic), .count = u->count, .rows = 1};
	if (t.arch && vec_push(&s->unmodelled, t))
		return NULL;
	free(t.arch);
	free(t.mnemonic);
	return &error_no_memory;
}

/* ---- The baseline ---- */

static bool is_entry(const struct batch_known *k, const struct batch_entry *e)
{
	return !strcmp(k->form, e->form) && !strcmp(k->place, e->place) && !strcmp(k->cause, e->cause) &&
	       !strcmp(k->arch, e->arch);
}

static struct error *add_entry(struct batch_summary *s, struct batch_entry *e)
{
	size_t i = 0;

	while (i < s->known.len && !is_entry(&s->known.at[i], e))
		i++;
	if (i == s->known.len) {
		struct batch_known k = {take(&e->arch), take(&e->form), take(&e->place), take(&e->cause), false, false};
		if (!vec_push(&s->known, k)) {
			known_deinit(&k);
			return &error_no_memory;
		}
	}
	s->known.at[i].seen |= !strcmp(e->state, "known");
	s->known.at[i].stale |= !strcmp(e->state, "stale");
	return NULL;
}

/* What one row does not see another may. */
static void count_stale(struct batch_summary *s)
{
	for (size_t i = 0; i < s->known.len; i++) {
		s->known.at[i].stale &= !s->known.at[i].seen;
		s->stale += s->known.at[i].stale;
	}
}

/* ---- Rows ---- */

static struct error *add_report(struct batch_summary *s, size_t row, struct batch_report *report)
{
	struct batch_row_result *r = &s->rows.at[row];
	size_t emulator;
	struct error *err = find_text(&s->emulators, report->target, &emulator);

	for (size_t i = 0; i < report->findings.len && !err; i++)
		err = add_finding(s, row, emulator, report->arch, &report->findings.at[i]);
	for (size_t i = 0; i < report->unmodelled.len && !err; i++)
		err = add_unmodelled(s, report->arch, &report->unmodelled.at[i]);
	for (size_t i = 0; i < report->entries.len && !err; i++)
		err = add_entry(s, &report->entries.at[i]);
	r->arch = take(&report->arch);
	r->target = take(&report->target);
	r->instructions = report->instructions;
	r->checked = report->checked;
	r->unseen = report->unseen;
	r->findings = report->findings.len;
	for (size_t i = 0; i < report->findings.len; i++)
		r->counted += report->findings.at[i].counts;
	r->reasons = report->reasons;
	report->reasons = (batch_strings){0};
	r->complete = report->complete && strcmp(r->record->outcome, report->verdict) == 0;
	r->whole = r->complete && !r->reasons.len;
	return err;
}

struct error *batch_report_remedy(struct error *err, const char *path)
{
	if (!error_is(err, ERROR_OS) || err->errnum != ENOENT)
		return error_remedy(err, "remove it, and the batch with --resume does its row again");
	error_destroy(err);
	return error_input(path, 0, "is not there: the batch with --resume does its row again");
}

static struct error *read_report(struct batch_summary *s, size_t row, const char *folder)
{
	const struct batch_record *record = s->rows.at[row].record;
	struct batch_report report = {0};

	if (!record || !*record->report)
		return NULL;
	char *path = file_join(folder, record->report);
	struct error *err = path ? batch_report_read(folder, record->report, &report) : &error_no_memory;
	if (err)
		err = batch_report_remedy(err, path);
	free(path);
	if (!err)
		err = add_report(s, row, &report);
	batch_report_deinit(&report);
	return err;
}

bool batch_is_in_shard(const struct batch_header *h, uint64_t row)
{
	/* The rows of a job stay together: they are compared. */
	return row / (h->emulators ? h->emulators : 1) % h->shards == h->shard - 1;
}

/* A place in *ret_at for each row of the plan, with its record. The first record of several counts. */
static struct error *list_rows(struct batch_summary *s)
{
	const struct batch_state *state = s->state;
	size_t len = state->header.rows.len;
	const struct batch_record **records = calloc(len + 1, sizeof(void *));
	struct error *err = NULL;

	if (!records)
		return &error_no_memory;
	for (size_t i = state->records.len; i-- > 0;)
		records[state->records.at[i].index] = &state->records.at[i];
	for (size_t i = 0; i < len && !err; i++) {
		struct batch_row_result r = {.record = records[i], .row = state->header.rows.at[i]};
		bool ours = batch_is_in_shard(&state->header, i);
		r.wanted = ours;
		s->missing += ours && !r.record;
		if (!vec_push(&s->rows, r))
			err = &error_no_memory;
	}
	free(records);
	return err;
}

/* ---- Two emulators ---- */

/* The same job's row on the other emulator. */
static size_t counterpart(size_t row)
{
	return row ^ 1;
}

/* Whether the other emulator would have shown what every row of the group shows. */
static bool is_decided(const struct batch_summary *s, const struct batch_group *g)
{
	for (size_t i = 0; i < g->rows.len; i++) {
		size_t other = counterpart(g->rows.at[i]);
		if (other >= s->rows.len || !s->rows.at[other].complete)
			return false;
	}
	return true;
}

static enum batch_change change_of(const struct batch_summary *s, const struct batch_group *g)
{
	bool seen[2] = {false, false};

	for (size_t i = 0; i < g->rows.len; i++)
		seen[g->rows.at[i] % 2] = true;
	if (seen[0] && seen[1])
		return BATCH_COMMON;
	if (!is_decided(s, g))
		return BATCH_UNDECIDED;
	return seen[1] ? BATCH_NEW : BATCH_FIXED;
}

static void compare(struct batch_summary *s)
{
	for (size_t i = 0; i < s->groups.len; i++) {
		s->groups.at[i].change = change_of(s, &s->groups.at[i]);
		s->changes[s->groups.at[i].change]++;
		s->news += s->groups.at[i].change == BATCH_NEW && s->groups.at[i].counts;
	}
}

const char *batch_change_name(enum batch_change change)
{
	static const char *const names[BATCH_NUM_CHANGES] = {NULL, "new", "fixed", "common", "undecided"};

	return names[change];
}

/* ---- The whole ---- */

/* With two emulators what both show is no news: divergence counts if the second shows something new. */
static uint64_t status_of(const struct batch_summary *s)
{
	bool compared = s->state->header.emulators > 1;
	uint64_t status = s->missing ? STATUS_TARGET : compared && s->news ? STATUS_DIVERGENT : 0;

	for (size_t i = 0; i < s->rows.len; i++) {
		const struct batch_row_result *r = &s->rows.at[i];
		bool news = r->record && !(compared && r->record->status == STATUS_DIVERGENT);
		/* --strict, and the baseline alone was why: that is for all rows together to say. */
		bool stale = news && r->record->status == STATUS_INCOMPLETE && r->whole;
		if (news && !(stale && !s->stale))
			status = batch_worse(status, r->record->status);
	}
	return status;
}

struct error *batch_summary_make(const struct batch_state *state, const char *folder, struct batch_summary *ret)
{
	struct batch_summary s = {.state = state};
	struct error *err = list_rows(&s);

	for (size_t i = 0; i < s.rows.len && !err; i++)
		err = read_report(&s, i, folder);
	if (err) {
		batch_summary_deinit(&s);
		return err;
	}
	if (state->header.emulators > 1)
		compare(&s);
	count_stale(&s);
	s.status = status_of(&s);
	*ret = s;
	return NULL;
}

void batch_summary_deinit(struct batch_summary *s)
{
	for (size_t i = 0; i < s->rows.len; i++) {
		free(s->rows.at[i].arch);
		free(s->rows.at[i].target);
		batch_strings_deinit(&s->rows.at[i].reasons);
	}
	for (size_t i = 0; i < s->groups.len; i++)
		group_deinit(&s->groups.at[i]);
	for (size_t i = 0; i < s->unmodelled.len; i++) {
		free(s->unmodelled.at[i].arch);
		free(s->unmodelled.at[i].mnemonic);
	}
	for (size_t i = 0; i < s->known.len; i++)
		known_deinit(&s->known.at[i]);
	vec_deinit(&s->known);
	vec_deinit(&s->rows);
	vec_deinit(&s->groups);
	vec_deinit(&s->unmodelled);
	batch_strings_deinit(&s->emulators);
}
