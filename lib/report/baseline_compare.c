/* Runs and reports against a baseline. */
#include <stdlib.h>
#include <string.h>

#include "lib/report/baseline.h"
#include "lib/report/document.h"

const char *baseline_state_name(enum baseline_state state)
{
	static const char *const names[] = {
		[BASELINE_KNOWN] = "known",
		[BASELINE_STALE] = "stale",
		[BASELINE_NOT_EXERCISED] = "not exercised",
	};

	return names[state];
}

/* ---- A run ---- */

/* What tells a finding, in one text each. */
struct finding_key {
	struct strbuf place, cause;
	const char *key[BASELINE_NUM_KEYS];
};

static struct error *make_key(const struct finding *f, const struct isa *isa, struct finding_key *ret)
{
	*ret = (struct finding_key){0};
	finding_place(&ret->place, f, isa);
	finding_cause(&ret->cause, f, isa);
	ret->key[BASELINE_ARCH] = isa->name;
	ret->key[BASELINE_FORM] = f->insn.form;
	ret->key[BASELINE_PLACE] = strbuf_text(&ret->place);
	ret->key[BASELINE_CAUSE] = strbuf_text(&ret->cause);
	return strbuf_failed(&ret->place) || strbuf_failed(&ret->cause) ? &error_no_memory : NULL;
}

static void free_key(struct finding_key *k)
{
	strbuf_deinit(&k->place);
	strbuf_deinit(&k->cause);
}

/* Whether the finding is one that the entry is for: some part of its cause is in both. */
static bool is_of(const struct baseline_entry *e, const char *const key[BASELINE_NUM_KEYS])
{
	struct baseline one = {.entries = {.at = (struct baseline_entry *)(uintptr_t)e, .len = 1}};

	return baseline_find(&one, key) != NULL;
}

static bool was_judged(const struct run *run, const char *form)
{
	for (size_t i = 0; i < run->coverage.forms.len; i++) {
		const struct coverage_form *f = &run->coverage.forms.at[i];
		if (coverage_executed(f) > f->count[JUDGED_NOT] && !strcmp(f->form, form))
			return true;
	}
	return false;
}

static struct error *match_findings(const struct isa *isa, const struct run *run, struct baseline_verdict *v)
{
	for (size_t i = 0; i < run->findings.list.len; i++) {
		struct finding_key k;
		struct error *err = make_key(&run->findings.list.at[i], isa, &k);
		bool known = !err && baseline_covers(v->baseline, k.key);
		const struct baseline_entry *entry = known ? baseline_find(v->baseline, k.key) : NULL;
		for (size_t j = 0; !err && j < v->state.len; j++)
			if (is_of(&v->baseline->entries.at[j], k.key))
				v->state.at[j] = BASELINE_KNOWN;
		free_key(&k);
		if (err)
			return err;
		if (!vec_push(&v->entry, entry))
			return &error_no_memory;
		v->num_new += !known;
	}
	return NULL;
}

struct error *baseline_compare(const struct baseline *b, const struct isa *isa, const struct run *run,
			       struct baseline_verdict *ret)
{
	struct baseline_verdict v = {.baseline = b};
	struct error *err = NULL;

	for (size_t i = 0; i < b->entries.len && !err; i++) {
		const struct baseline_entry *e = &b->entries.at[i];
		bool judged = !strcmp(e->key[BASELINE_ARCH], isa->name) && was_judged(run, e->key[BASELINE_FORM]);
		if (!vec_push(&v.state, judged ? BASELINE_STALE : BASELINE_NOT_EXERCISED))
			err = &error_no_memory;
	}
	if (!err)
		err = match_findings(isa, run, &v);
	if (err) {
		baseline_verdict_deinit(&v);
		return err;
	}
	for (size_t i = 0; i < v.state.len; i++)
		v.num[v.state.at[i]]++;
	*ret = v;
	return NULL;
}

void baseline_verdict_deinit(struct baseline_verdict *v)
{
	vec_deinit(&v->entry);
	vec_deinit(&v->state);
}

/* ---- Reports ---- */

/* What the reports say of the entries that were there before. */
struct tally {
	struct baseline *baseline;
	const struct baseline_update *update;
	bool *seen, *judged; /* of each entry */
	size_t num;
	struct baseline found; /* what they add */
};

static struct error *tally_finding(struct tally *t, const struct document *d, const struct document_element *e,
				   const char *arch)
{
	const char *key[BASELINE_NUM_KEYS] = {arch};
	bool added;
	struct error *err = document_text(d, e, "form", &key[BASELINE_FORM]);

	if (!err)
		err = document_text(d, e, "place", &key[BASELINE_PLACE]);
	if (!err)
		err = document_text(d, e, "cause", &key[BASELINE_CAUSE]);
	if (err)
		return err;
	for (size_t i = 0; i < t->num; i++)
		t->seen[i] |= is_of(&t->baseline->entries.at[i], key);
	if (baseline_covers(t->baseline, key))
		return NULL;
	return baseline_add(&t->found, key, t->update->note, t->update->link, &added);
}

static struct error *tally_form(struct tally *t, const struct document *d, const struct document_element *e,
				const char *arch)
{
	const char *form;
	uint64_t fully = 0, partly = 0;
	struct error *err = document_text(d, e, "form", &form);

	if (!err)
		err = document_count(d, e, judged_name(JUDGED_FULLY), &fully);
	if (!err)
		err = document_count(d, e, judged_name(JUDGED_PARTLY), &partly);
	for (size_t i = 0; !err && i < t->num && (fully || partly); i++) {
		const struct baseline_entry *entry = &t->baseline->entries.at[i];
		t->judged[i] |= !strcmp(entry->key[BASELINE_ARCH], arch) && !strcmp(entry->key[BASELINE_FORM], form);
	}
	return err;
}

static struct error *tally_list(struct tally *t, const struct document *d, const char *name, const char *arch,
				struct error *(*each)(struct tally *, const struct document *,
						      const struct document_element *, const char *))
{
	const json_t *list;
	struct error *err = document_list(d, name, &list);

	for (size_t i = 0; !err && i < json_array_size(list); i++) {
		struct document_element e;
		err = document_element(d, name, list, i, &e);
		if (!err)
			err = each(t, d, &e, arch);
	}
	return err;
}

static struct error *tally_report(struct tally *t, const char *path)
{
	struct document d;
	const struct isa *isa;
	struct error *err = document_read_report(path, &d, &isa);

	if (err)
		return err;
	err = tally_list(t, &d, "coverage", isa->name, tally_form);
	if (!err)
		err = tally_list(t, &d, "findings", isa->name, tally_finding);
	document_deinit(&d);
	return err;
}

static struct error *apply(struct tally *t, struct baseline_update *update)
{
	for (size_t i = t->num; i-- > 0;) {
		if (!update->prune || t->seen[i] || !t->judged[i])
			continue;
		baseline_remove(t->baseline, i);
		update->removed++;
	}
	update->kept = t->baseline->entries.len;
	for (size_t i = 0; i < t->found.entries.len; i++) {
		const struct baseline_entry *e = &t->found.entries.at[i];
		const char *key[BASELINE_NUM_KEYS];
		bool added;
		for (unsigned k = 0; k < BASELINE_NUM_KEYS; k++)
			key[k] = e->key[k];
		struct error *err = baseline_add(t->baseline, key, e->note, e->link, &added);
		if (err)
			return err;
		update->added += added;
	}
	return NULL;
}

struct error *baseline_update(struct baseline *b, char *const *reports, size_t num, struct baseline_update *update)
{
	struct tally t = {.baseline = b, .update = update, .num = b->entries.len};
	struct error *err = NULL;

	t.seen = calloc(t.num + 1, sizeof *t.seen);
	t.judged = calloc(t.num + 1, sizeof *t.judged);
	if (!t.seen || !t.judged)
		err = &error_no_memory;
	for (size_t i = 0; i < num && !err; i++)
		err = tally_report(&t, reports[i]);
	if (!err)
		err = apply(&t, update);
	free(t.seen);
	free(t.judged);
	baseline_deinit(&t.found);
	return err;
}
