/* The summary for programs; its schema is in summary.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/batch/summary.h"
#include "lib/report/values.h"

static json_t *number(uint64_t n)
{
	return json_integer(value_int(n));
}

static json_t *totals(const struct batch_summary *s)
{
	json_t *outcomes = json_object();
	uint64_t rows = 0, judged = 0, instructions = 0;

	for (size_t i = 0; i < s->rows.len; i++) {
		const struct batch_row_result *r = &s->rows.at[i];
		const char *outcome = r->record ? r->record->outcome : "missing";
		if (!r->wanted)
			continue;
		rows++;
		judged += r->complete;
		instructions += r->instructions;
		json_object_set_new(outcomes, outcome,
				    json_integer(json_integer_value(json_object_get(outcomes, outcome)) + 1));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "rows", number(rows), "missing", number(s->missing),
			 "judged", number(judged), "findings", number(s->groups.len), "instructions",
			 number(instructions), "outcomes", outcomes);
}

/* null where there is no report. */
static json_t *reported(const struct batch_row_result *r, uint64_t n)
{
	return r->target ? number(n) : json_null();
}

static json_t *reasons(const struct batch_row_result *r)
{
	json_t *list = r->target ? json_array() : json_null();

	for (size_t i = 0; i < r->reasons.len; i++)
		json_array_append_new(list, json_string(r->reasons.at[i]));
	return list;
}

static json_t *row(const struct batch_row_result *r)
{
	static const struct batch_record none = {.outcome = (char *)(uintptr_t) "missing", .status = 5};
	const struct batch_record *record = r->record ? r->record : &none;
	const char *report = record->report && *record->report ? record->report : NULL;

	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:f, s:o, s:o, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /**/
			 "row", r->row, "job", value_optional(record->job),                                         /**/
			 "emulator", number(record->emulator), "outcome", record->outcome,                          /**/
			 "status", number(record->status),                                                          /**/
			 "seconds", (double)record->milliseconds / 1e3, "memory", number(record->memory),           /**/
			 "message", value_foreign(record->message ? record->message : ""),                          /**/
			 "report", report, "arch", r->arch, "target", value_optional(r->target),                    /**/
			 "instructions", reported(r, r->instructions),                                              /**/
			 "checked", reported(r, r->checked), "unseen", reported(r, r->unseen),                      /**/
			 "findings", reported(r, r->findings), "counted", reported(r, r->counted),                  /**/
			 "reasons", reasons(r));
}

static json_t *rows(const struct batch_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->rows.len; i++)
		if (s->rows.at[i].wanted)
			json_array_append_new(list, row(&s->rows.at[i]));
	return list;
}

static json_t *group(const struct batch_summary *s, const struct batch_group *g)
{
	json_t *in = json_array(), *emulators = json_array();

	for (size_t i = 0; i < g->rows.len; i++)
		json_array_append_new(in, json_string(s->rows.at[g->rows.at[i]].row));
	for (size_t i = 0; i < g->emulators.len; i++)
		json_array_append_new(emulators, value_foreign(s->emulators.at[g->emulators.at[i]]));
	json_t *first = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "row", s->rows.at[g->rows.at[0]].row, "pc",
				  value_foreign(g->pc), "symbol", value_optional(g->symbol), "bytes",
				  value_foreign(g->bytes), "text", value_foreign(g->text), "instruction",
				  number(g->instruction));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:s?}", "arch", g->arch, "form",
			 value_foreign(g->form), "location", value_foreign(g->location), "key", value_foreign(g->key),
			 "severity", value_foreign(g->severity), "count", number(g->count), "rows", in, "emulators",
			 emulators, "first", first, "known", (int)g->known, "counts", (int)g->counts, "change",
			 batch_change_name(g->change));
}

static json_t *findings(const struct batch_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->groups.len; i++)
		json_array_append_new(list, group(s, &s->groups.at[i]));
	return list;
}

static json_t *unmodelled(const struct batch_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->unmodelled.len; i++) {
		const struct batch_total *t = &s->unmodelled.at[i];
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "arch", t->arch, "mnemonic",
						      value_foreign(t->mnemonic), "count", number(t->count), "rows",
						      number(t->rows)));
	}
	return list;
}

static json_t *stale(const struct batch_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->known.len; i++) {
		const struct batch_known *k = &s->known.at[i];
		if (k->stale)
			json_array_append_new(list,
					      json_pack("{s:o, s:o, s:o, s:o}", "arch", value_foreign(k->arch), "form",
							value_foreign(k->form), "place", value_foreign(k->place),
							"cause", value_foreign(k->cause)));
	}
	return list;
}

/* What the reports of a variant's rows call their target: the first of them; NULL if none tells. */
static const char *called(const struct batch_summary *s, size_t variant)
{
	for (size_t i = variant; i < s->rows.len; i += 2)
		if (s->rows.at[i].target)
			return s->rows.at[i].target;
	return NULL;
}

static json_t *comparison(const struct batch_summary *s)
{
	json_t *counts = json_object();

	if (s->state->header.emulators < 2) {
		json_decref(counts);
		return json_null();
	}
	for (enum batch_change c = BATCH_NEW; c < BATCH_NUM_CHANGES; c++)
		json_object_set_new(counts, batch_change_name(c), number(s->changes[c]));
	return json_pack("{s:o, s:o, s:o}", "old", value_optional(called(s, 0)), "new", value_optional(called(s, 1)),
			 "counts", counts);
}

static json_t *emulators(const struct batch_summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->emulators.len; i++)
		json_array_append_new(list, value_foreign(s->emulators.at[i]));
	return list;
}

struct error *batch_summary_json(struct strbuf *out, const struct batch_summary *s)
{
	json_t *document = json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format", "validate-batch",
				     "version", 1, "status", number(s->status), "totals", totals(s), "emulators",
				     emulators(s), "rows", rows(s), "findings", findings(s), "unmodelled",
				     unmodelled(s), "stale", stale(s), "comparison", comparison(s));
	char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;

	json_decref(document);
	if (!text)
		return &error_no_memory;
	strbuf_append(out, text);
	strbuf_append_char(out, '\n');
	free(text);
	return strbuf_failed(out) ? &error_no_memory : NULL;
}
