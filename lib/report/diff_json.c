#include <jansson.h>

#include "lib/report/diff.h"
#include "lib/report/document.h"
#include "lib/report/report.h"
#include "lib/report/values.h"

static json_t *number(uint64_t n)
{
	return json_integer(value_int(n));
}

static json_t *trace(const struct trace_reader *r)
{
	const struct trace_header *h = trace_reader_header(r);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "path", value_foreign(trace_reader_path(r)),
			 "emulator", value_foreign(h->emulator), "recorder", value_foreign(h->recorder), "program",
			 value_optional(h->program.path), "log", value_optional(h->log.path), "steps",
			 number(trace_reader_steps(r)), "cut", value_optional(trace_reader_cut(r)), "memory",
			 (int)!h->no_memory);
}

/* ---- Findings ---- */

static const char *kind_name(enum diff_kind kind)
{
	static const char *const names[] = {
		[DIFF_VALUE] = "value", [DIFF_PLACE] = "place", [DIFF_CODE] = "code", [DIFF_LOADED] = "loaded"};

	return names[kind];
}

static json_t *symbol(const struct diff_report *r, uint64_t address)
{
	struct strbuf text = {0};
	json_t *name = NULL;

	if (r->symbol)
		r->symbol(r->symbol_ctx, address, &text);
	if (text.len > 3) { /* " <name+0x10>" */
		text.at[text.len - 1] = '\0';
		name = value_foreign(text.at + 2);
	}
	strbuf_deinit(&text);
	return name ? name : json_null();
}

static json_t *finding(const struct diff_report *r, const struct diff_list *list, size_t index)
{
	const struct isa *isa = trace_reader_header(r->a)->isa;
	const struct finding *f = &list->findings.list.at[index];
	const struct diff_other *o = &list->other.at[index];
	bool memory = f->kind == LOCATION_MEMORY;

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
		" s:o, s:o}",
		"form", f->insn.form, "mnemonic", f->insn.mnemonic, "text", f->insn.text,          /**/
		"symbol", symbol(r, f->insn.pc),                                                   /**/
		"bytes", value_bytes(&f->insn), "kind", kind_name(o->kind),                        /**/
		"location", value_name(finding_location, f, isa),                                  /**/
		"place", value_name(finding_place, f, isa),                                        /**/
		"cause", value_name(finding_cause, f, isa), "width", (int)f->width,                /**/
		"a", value_wide(f->expected, f->width), "b", value_wide(f->observed, f->width),    /**/
		"mask", value_wide(f->mask, f->width), "inputs", value_inputs(f),                  /**/
		"count", number(f->count), "tid", number(o->tid),                                  /**/
		"pc_a", value_hex(f->insn.pc), "pc_b", value_hex(o->pc),                           /**/
		"instruction_a", number(f->first_instruction), "instruction_b", number(o->number), /**/
		"event_a", number(f->event), "event_b", number(o->event),                          /**/
		"address_a", memory ? value_hex(f->address) : json_null(),                         /**/
		"address_b", memory ? value_hex(o->address) : json_null());
}

static json_t *class_of(const struct diff_report *r, enum diff_class class)
{
	const struct diff_list *list = &r->result->list[class];
	json_t *findings = json_array();

	for (size_t i = 0; i < list->findings.list.len; i++)
		json_array_append_new(findings, finding(r, list, i));
	return json_pack("{s:s, s:o, s:o, s:o}", "class", diff_class_name(class), "total", number(list->total),
			 "unlisted", number(list->unlisted), "findings", findings);
}

static json_t *classes(const struct diff_report *r)
{
	json_t *list = json_array();

	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++)
		json_array_append_new(list, class_of(r, (enum diff_class)c));
	return list;
}

/* ---- The rest ---- */

static json_t *path(const struct diff_path *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "tid", number(p->tid), "after",
			 p->insn.status == LIFT_TRUNCATED ? json_null() : json_string(p->insn.text), "from_a",
			 value_hex(p->from_a), "from_b", value_hex(p->from_b), "to_a", value_hex(p->to_a), "to_b",
			 value_hex(p->to_b), "instruction_a", number(p->number_a), "instruction_b", number(p->number_b),
			 "steps_a", number(p->steps_a), "steps_b", number(p->steps_b), "by_event", (int)p->by_event,
			 "count", number(p->count));
}

static json_t *paths(const struct diff_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->paths.len; i++)
		json_array_append_new(list, path(&r->paths.at[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "total", number(r->num_paths), "unlisted",
			 number(r->paths_unlisted), "steps_a", number(r->path_steps_a), "steps_b",
			 number(r->path_steps_b), "list", list);
}

static json_t *endings(const struct diff_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->endings.len; i++) {
		const struct diff_ending *e = &r->endings.at[i];
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tid_a", number(e->tid_a),
						      "tid_b", number(e->tid_b), "instruction_a", number(e->number_a),
						      "instruction_b", number(e->number_b), "left_a", number(e->left_a),
						      "left_b", number(e->left_b), "why", value_optional(e->why)));
	}
	return list;
}

static json_t *lost(const struct diff_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->lost.len; i++) {
		const struct diff_lost *l = &r->lost.at[i];
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tid_a",
						      number(l->tid_a), "tid_b", number(l->tid_b), "pc_a",
						      value_hex(l->pc_a), "pc_b", value_hex(l->pc_b), "instruction_a",
						      number(l->number_a), "instruction_b", number(l->number_b),
						      "event_a", number(l->event_a), "event_b", number(l->event_b),
						      "left_a", number(l->left_a), "left_b", number(l->left_b)));
	}
	return list;
}

static json_t *start(const struct diff_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->result->start.len; i++)
		json_array_append_new(list,
				      json_string(trace_reader_header(r->a)->isa->regs[r->result->start.at[i]].name));
	return list;
}

void diff_report_json(struct strbuf *out, const struct diff_report *report)
{
	const struct diff_result *r = report->result;
	json_t *document =
		json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
			  "format", "validate-diff", "version", 1, "verdict", diff_verdict_name(diff_verdict(r)),
			  "arch", trace_reader_header(report->a)->isa->name, "a", trace(report->a), "b",
			  trace(report->b), "threads", number(r->threads), "compared", number(r->compared), "repeats",
			  number(r->repeats), "events", number(r->events), "start", start(report), "classes",
			  classes(report), "consequences", number(r->consequences), "paths", paths(r), "endings",
			  endings(r), "lost", lost(r), "interrupted", (int)r->interrupted);

	document_print(out, document);
	json_decref(document);
}
