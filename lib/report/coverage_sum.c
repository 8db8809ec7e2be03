#include "lib/report/coverage_sum.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/document.h"
#include "lib/report/families.h"
#include "lib/report/report.h"
#include "lib/report/values.h"

void coverage_sum_deinit(struct coverage_sum *s)
{
	for (size_t i = 0; i < s->archs.len; i++)
		coverage_deinit(&s->archs.at[i].coverage);
	for (size_t i = 0; i < s->names.len; i++)
		free(s->names.at[i]);
	vec_deinit(&s->archs);
	vec_deinit(&s->names);
}

/* ---- In ---- */

static struct error *find_arch(struct coverage_sum *s, const struct isa *isa, struct coverage_arch **ret)
{
	for (size_t i = 0; i < s->archs.len; i++) {
		*ret = &s->archs.at[i];
		if (s->archs.at[i].isa == isa)
			return NULL;
	}
	if (!vec_push(&s->archs, (struct coverage_arch){.isa = isa}))
		return &error_no_memory;
	*ret = &s->archs.at[s->archs.len - 1];
	return NULL;
}

/* A copy that lives as long as the sum. */
static struct error *keep_name(struct coverage_sum *s, const char *name, const char **ret)
{
	for (size_t i = 0; i < s->names.len; i++) {
		*ret = s->names.at[i];
		if (!strcmp(*ret, name))
			return NULL;
	}
	char *copy = strdup(name);
	if (!copy || !vec_push(&s->names, copy)) {
		free(copy);
		return &error_no_memory;
	}
	*ret = copy;
	return NULL;
}

/* A text that fits the array. */
static struct error *read_text(const struct document *d, const struct document_element *e, const char *name, char *ret,
			       size_t size)
{
	const char *text;
	struct error *err = document_text(d, e, name, &text);

	if (err)
		return err;
	if (strlen(text) >= size)
		return document_error(d, e, name, "is too long");
	memcpy(ret, text, strlen(text) + 1);
	return NULL;
}

static struct error *read_status(const struct document *d, const struct document_element *e, enum lift_status *ret)
{
	static const enum lift_status all[] = {LIFT_DONE, LIFT_UNMODELLED, LIFT_UNDECODABLE};
	const char *text;
	struct error *err = document_text(d, e, "status", &text);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		*ret = all[i];
		if (!strcmp(text, coverage_status_name(all[i])))
			return NULL;
	}
	return document_error(d, e, "status", "is none that this validate knows");
}

static struct error *read_form(struct coverage_sum *s, const struct document *d, const struct document_element *e,
			       struct coverage_form *ret)
{
	const char *family;
	struct error *err = document_text(d, e, "family", &family);

	if (!err)
		err = keep_name(s, family, &ret->family);
	if (!err)
		err = read_text(d, e, "form", ret->form, sizeof ret->form);
	if (!err)
		err = read_text(d, e, "encoding", ret->encoding, sizeof ret->encoding);
	if (!err)
		err = read_status(d, e, &ret->status);
	for (unsigned k = 0; k < NUM_JUDGED && !err; k++)
		err = document_count(d, e, judged_name(k), &ret->count[k]);
	return err;
}

static struct error *add_forms(struct coverage_sum *s, const struct document *d, struct coverage *into)
{
	const json_t *list = NULL;
	struct error *err = document_list(d, "coverage", &list);

	for (size_t i = 0; !err && i < json_array_size(list); i++) {
		struct coverage_form form = {0};
		struct document_element e;
		err = document_element(d, "coverage", list, i, &e);
		if (!err)
			err = read_form(s, d, &e, &form);
		struct coverage one = {.forms = {.at = &form, .len = 1}};
		if (!err)
			err = coverage_merge(into, &one);
	}
	return err;
}

struct error *coverage_sum_add(struct coverage_sum *s, const char *path)
{
	struct document d;
	const struct isa *isa;
	struct coverage_arch *into;
	struct error *err = document_read_report(path, &d, &isa);

	if (err)
		return err;
	err = find_arch(s, isa, &into);
	if (!err)
		err = add_forms(s, &d, &into->coverage);
	document_deinit(&d);
	if (err)
		return err;
	into->reports++;
	s->reports++;
	return NULL;
}

/* ---- Text ---- */

static void append_column(struct strbuf *out, uint64_t n, int width)
{
	struct strbuf text = {0};

	report_count(&text, n);
	strbuf_printf(out, " %*s", width, strbuf_text(&text));
	out->failed |= strbuf_failed(&text);
	strbuf_deinit(&text);
}

/* Of a report, at the start of a row. */
static void append_name(struct strbuf *out, const char *name, int width)
{
	struct strbuf line = {0};

	escape_line(&line, name);
	strbuf_printf(out, "   %-*s", width, strbuf_text(&line));
	out->failed |= strbuf_failed(&line);
	strbuf_deinit(&line);
}

static void append_family(struct strbuf *out, const struct family *f)
{
	append_name(out, f->name, 20);
	strbuf_printf(out, " %9zu", f->encodings);
	for (unsigned k = 0; k < NUM_JUDGED; k++)
		strbuf_printf(out, " %6zu", f->forms[k]);
	for (unsigned k = 0; k < NUM_JUDGED; k++)
		append_column(out, f->executed[k], 14);
	strbuf_append_char(out, '\n');
}

/* Forms that never were judged in full by any encoding; each once. */
static void append_rest(struct strbuf *out, const struct coverage *c)
{
	const char *title = "\n   never judged in full:\n";

	for (size_t i = 0; i < c->forms.len; i++) {
		const struct coverage_form *f = &c->forms.at[i];
		uint64_t sum[NUM_JUDGED] = {0};
		bool first = true;
		for (size_t j = 0; j < c->forms.len; j++) {
			if (strcmp(c->forms.at[j].form, f->form) != 0)
				continue;
			first &= j >= i;
			for (unsigned k = 0; k < NUM_JUDGED; k++)
				sum[k] += c->forms.at[j].count[k];
		}
		if (!first || sum[JUDGED_FULLY])
			continue;
		strbuf_append(out, title);
		title = "";
		append_name(out, *f->form ? f->form : "(undecodable)", 36);
		append_column(out, sum[JUDGED_PARTLY], 14);
		strbuf_append(out, " in part");
		append_column(out, sum[JUDGED_NOT], 14);
		strbuf_printf(out, " not (%s)\n", coverage_status_name(f->status));
	}
}

struct error *coverage_sum_text(struct strbuf *out, const struct coverage_sum *s)
{
	for (size_t i = 0; i < s->archs.len; i++) {
		struct families families;
		struct error *err = families_count(&s->archs.at[i].coverage, &families);
		if (err)
			return err;
		strbuf_printf(out, "%s%s, %zu report%s\n", i ? "\n" : "", s->archs.at[i].isa->name,
			      s->archs.at[i].reports, plural(s->archs.at[i].reports));
		strbuf_printf(out, "   %-20s %9s %20s %44s\n", "", "", "forms, judged", "instructions, judged");
		strbuf_printf(out, "   %-20s %9s %6s %6s %6s %14s %14s %14s\n", "family", "encodings", "fully",
			      "partly", "not", "fully", "partly", "not");
		for (size_t k = 0; k < families.list.len; k++)
			append_family(out, &families.list.at[k]);
		append_family(out, &families.total);
		append_rest(out, &s->archs.at[i].coverage);
		families_deinit(&families);
	}
	return strbuf_failed(out) ? &error_no_memory : NULL;
}

/* ---- JSON ---- */

static json_t *family_json(const struct family *f)
{
	json_t *o = json_pack("{s:o, s:I}", "family", value_foreign(f->name), "encodings", value_int(f->encodings));
	char name[32];

	for (unsigned k = 0; k < NUM_JUDGED; k++) {
		snprintf(name, sizeof name, "forms_%s", judged_name(k));
		json_object_set_new(o, name, json_integer(value_int(f->forms[k])));
	}
	for (unsigned k = 0; k < NUM_JUDGED; k++) {
		snprintf(name, sizeof name, "executed_%s", judged_name(k));
		json_object_set_new(o, name, json_integer(value_int(f->executed[k])));
	}
	return o;
}

json_t *coverage_form_json(const struct coverage_form *f)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:s}", "family", value_foreign(f->family ? f->family : ""), "form",
			      value_foreign(f->form), "encoding", value_foreign(f->encoding), "status",
			      coverage_status_name(f->status));

	for (unsigned k = 0; k < NUM_JUDGED; k++)
		json_object_set_new(o, judged_name(k), json_integer(value_int(f->count[k])));
	return o;
}

static struct error *arch_json(const struct coverage_arch *a, json_t **ret)
{
	struct families families;
	json_t *list = json_array(), *forms = json_array();
	struct error *err = families_count(&a->coverage, &families);

	if (err) {
		json_decref(list);
		json_decref(forms);
		return err;
	}
	for (size_t i = 0; i < families.list.len; i++)
		json_array_append_new(list, family_json(&families.list.at[i]));
	for (size_t i = 0; i < a->coverage.forms.len; i++)
		json_array_append_new(forms, coverage_form_json(&a->coverage.forms.at[i]));
	*ret = json_pack("{s:s, s:o, s:o, s:o}", "arch", a->isa->name, "total", family_json(&families.total),
			 "families", list, "forms", forms);
	families_deinit(&families);
	return NULL;
}

struct error *coverage_sum_json(struct strbuf *out, const struct coverage_sum *s)
{
	json_t *archs = json_array();
	struct error *err = NULL;

	for (size_t i = 0; i < s->archs.len && !err; i++) {
		json_t *arch = NULL;
		err = arch_json(&s->archs.at[i], &arch);
		if (!err && json_array_append_new(archs, arch) != 0)
			err = &error_no_memory;
	}
	json_t *document = json_pack("{s:s, s:i, s:I, s:o}", "format", "validate-coverage", "version", 1, "reports",
				     value_int(s->reports), "architectures", archs);
	if (!err)
		document_print(out, document);
	json_decref(document);
	return !err && strbuf_failed(out) ? &error_no_memory : err;
}
