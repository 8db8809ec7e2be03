/* The entries of a baseline, and their file. */
#include "lib/report/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/search.h"
#include "lib/report/document.h"

static const char *const key_names[BASELINE_NUM_KEYS] = {"arch", "form", "place", "cause"};

static const char format[] = "validate-baseline";
enum { VERSION = 1 };

void baseline_key(struct strbuf *out, const char *arch, const char *form, const char *place, const char *cause)
{
	strbuf_printf(out, "%s | %s | %s | %s", arch, form, place, cause);
}

void baseline_finding_key(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	strbuf_printf(out, "%s | %s | ", isa->name, finding->insn.form);
	finding_place(out, finding, isa);
	strbuf_append(out, " | ");
	finding_cause(out, finding, isa);
}

/* ---- Entries ---- */

static void entry_deinit(struct baseline_entry *e)
{
	for (unsigned i = 0; i < BASELINE_NUM_KEYS; i++)
		free(e->key[i]);
	free(e->note);
	free(e->link);
}

void baseline_deinit(struct baseline *b)
{
	for (size_t i = 0; i < b->entries.len; i++)
		entry_deinit(&b->entries.at[i]);
	vec_deinit(&b->entries);
}

static int compare_keys(const struct baseline_entry *e, const char *const key[BASELINE_NUM_KEYS])
{
	int order = 0;

	for (unsigned i = 0; i < BASELINE_NUM_KEYS && !order; i++)
		order = strcmp(e->key[i], key[i]);
	return order;
}

/* The first entry that is not below the key. */
static size_t lower_bound(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS])
{
	size_t found;

	SEARCH_FIRST(found, b->entries.len, i, compare_keys(&b->entries.at[i], key) < 0);
	return found;
}

/* *ret_added is false if there is an equal one. */
static struct error *insert(struct baseline *b, const char *const key[BASELINE_NUM_KEYS], const char *note,
			    const char *link, bool *ret_added)
{
	size_t at = lower_bound(b, key);
	struct baseline_entry e = {.note = strdup(note ? note : ""), .link = strdup(link ? link : "")};
	bool ok = e.note && e.link;

	*ret_added = at == b->entries.len || compare_keys(&b->entries.at[at], key) != 0;
	for (unsigned i = 0; i < BASELINE_NUM_KEYS; i++) {
		e.key[i] = strdup(key[i]);
		ok = ok && e.key[i];
	}
	if (!ok || !*ret_added || !vec_reserve(&b->entries, b->entries.len + 1)) {
		entry_deinit(&e);
		return ok && !*ret_added ? NULL : &error_no_memory;
	}
	memmove(b->entries.at + at + 1, b->entries.at + at, (b->entries.len++ - at) * sizeof e);
	b->entries.at[at] = e;
	return NULL;
}

void baseline_remove(struct baseline *b, size_t index)
{
	entry_deinit(&b->entries.at[index]);
	memmove(b->entries.at + index, b->entries.at + index + 1, (--b->entries.len - index) * sizeof *b->entries.at);
}

/* ---- Causes of several parts ---- */

/* Whether the part of len characters is one of those that '+' joins. */
static bool has_part(const char *cause, const char *part, size_t len)
{
	for (const char *at = cause;; at++) {
		size_t n = strcspn(at, "+");
		if (n == len && !memcmp(at, part, len))
			return true;
		at += n;
		if (!*at)
			return false;
	}
}

/* The first entry with the part, which is one of the key's cause. */
static const struct baseline_entry *find_part(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS],
					      const char *part, size_t len)
{
	const char *first[BASELINE_NUM_KEYS] = {key[BASELINE_ARCH], key[BASELINE_FORM], key[BASELINE_PLACE], ""};

	for (size_t i = lower_bound(b, first); i < b->entries.len; i++) {
		const struct baseline_entry *e = &b->entries.at[i];
		for (unsigned k = 0; k < BASELINE_CAUSE; k++)
			if (strcmp(e->key[k], key[k]) != 0)
				return NULL;
		if (has_part(e->key[BASELINE_CAUSE], part, len))
			return e;
	}
	return NULL;
}

/* Counts the parts that entries cover, and those that none does. */
static const struct baseline_entry *cover(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS],
					  bool *ret_all)
{
	const struct baseline_entry *first = NULL;

	*ret_all = true;
	for (const char *at = key[BASELINE_CAUSE];; at++) {
		size_t n = strcspn(at, "+");
		const struct baseline_entry *e = find_part(b, key, at, n);
		if (!e)
			*ret_all = false;
		else if (!first || e < first)
			first = e;
		at += n;
		if (!*at)
			return first;
	}
}

const struct baseline_entry *baseline_find(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS])
{
	bool all;

	return cover(b, key, &all);
}

bool baseline_covers(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS])
{
	bool all;

	cover(b, key, &all);
	return all;
}

struct error *baseline_add(struct baseline *b, const char *const key[BASELINE_NUM_KEYS], const char *note,
			   const char *link, bool *ret_added)
{
	*ret_added = false;
	return baseline_covers(b, key) ? NULL : insert(b, key, note, link, ret_added);
}

/* ---- The file ---- */

/* A member for people, which need not be there: *ret is "" then, and *members counts it otherwise. */
static struct error *read_remark(const struct document *d, const struct document_element *e, const char *name,
				 const char **ret, size_t *members)
{
	*ret = "";
	if (!json_object_get(e->value, name))
		return NULL;
	++*members;
	return document_text(d, e, name, ret);
}

static struct error *read_entry(struct baseline *b, const struct document *d, const struct document_element *e)
{
	const char *key[BASELINE_NUM_KEYS], *note, *link;
	size_t members = BASELINE_NUM_KEYS;
	const struct isa *isa;
	struct error *err = NULL;
	bool added = true;

	for (unsigned i = 0; i < BASELINE_NUM_KEYS && !err; i++)
		err = document_text(d, e, key_names[i], &key[i]);
	if (!err)
		err = read_remark(d, e, "note", &note, &members);
	if (!err)
		err = read_remark(d, e, "link", &link, &members);
	if (!err)
		err = document_isa(d, e, &isa);
	if (!err && json_object_size(e->value) != members)
		return document_error(d, e, NULL, "has members besides arch, form, place, cause, note and link");
	if (!err)
		err = insert(b, key, note, link, &added);
	return err || added ? err : document_error(d, e, NULL, "is there twice");
}

struct error *baseline_read(const char *path, struct baseline *ret)
{
	struct document d;
	struct baseline b = {0};
	const json_t *list = NULL;
	struct error *err = document_read(path, format, VERSION,
					  "mend it, or make it anew with validate baseline update", &d);

	if (error_is(err, ERROR_OS) && err->errnum == ENOENT) {
		error_destroy(err);
		return error_input(path, 0, "is not there: validate baseline update --baseline %s REPORT... makes it",
				   path);
	}
	if (err)
		return err;
	err = document_list(&d, "findings", &list);
	for (size_t i = 0; !err && i < json_array_size(list); i++) {
		struct document_element e;
		err = document_element(&d, "findings", list, i, &e);
		if (!err)
			err = read_entry(&b, &d, &e);
	}
	document_deinit(&d);
	if (err)
		baseline_deinit(&b);
	else
		*ret = b;
	return err;
}

static json_t *entry_json(const struct baseline_entry *e)
{
	json_t *entry = json_object();

	for (unsigned i = 0; i < BASELINE_NUM_KEYS; i++)
		json_object_set_new(entry, key_names[i], json_string(e->key[i]));
	json_object_set_new(entry, "note", json_string(e->note));
	json_object_set_new(entry, "link", json_string(e->link));
	return entry;
}

struct error *baseline_write(const struct baseline *b, const char *path)
{
	json_t *list = json_array();
	struct strbuf text = {0};

	for (size_t i = 0; i < b->entries.len; i++)
		json_array_append_new(list, entry_json(&b->entries.at[i]));
	json_t *document = json_pack("{s:s, s:i, s:o}", "format", format, "version", VERSION, "findings", list);
	document_print(&text, document);
	json_decref(document);
	struct error *err = strbuf_failed(&text) ? &error_no_memory : file_write(path, text.at, text.len);
	strbuf_deinit(&text);
	return err;
}
