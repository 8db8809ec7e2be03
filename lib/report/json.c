/* The report for programs; its schema is in report.h. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/report/baseline.h"
#include "lib/report/report.h"

/* Takes the text; null when memory ran out. */
static json_t *take_string(struct strbuf *text)
{
	json_t *s = json_stringn(strbuf_text(text), text->len);

	strbuf_deinit(text);
	return s;
}

static json_t *hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

static json_t *wide(const uint64_t *value, unsigned width)
{
	struct strbuf text = {0};

	report_value(&text, value, width);
	return take_string(&text);
}

/* What one of the functions that name something of a finding appends. */
static json_t *name(void (*append)(struct strbuf *, const struct finding *, const struct isa *),
		    const struct finding *f, const struct isa *isa)
{
	struct strbuf text = {0};

	append(&text, f, isa);
	return take_string(&text);
}

static json_t *bytes(const struct insn *insn)
{
	struct strbuf text = {0};

	strbuf_append_hex(&text, insn->bytes, insn->len);
	return take_string(&text);
}

/* "name+0x10", or null. */
static json_t *symbol(const struct report *report, uint64_t address)
{
	struct strbuf text = {0};

	if (report->symbol)
		report->symbol(report->symbol_ctx, address, &text);
	if (text.len > 3) { /* " <name>" */
		json_t *s = json_stringn(text.at + 2, text.len - 3);
		strbuf_deinit(&text);
		return s;
	}
	strbuf_deinit(&text);
	return json_null();
}

static json_t *inputs(const struct finding *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->inputs.len; i++) {
		const struct finding_input *input = &f->inputs.at[i];
		json_array_append_new(list, json_pack("{s:s, s:i, s:o}", "name", input->name, "width",
						      (int)input->width, "value", wide(input->value, input->width)));
	}
	return list;
}

static json_t *finding(const struct report *report, const struct finding *f)
{
	return json_pack(
		"{s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:I}", /**/
		"pc", hex(f->insn.pc), "symbol", symbol(report, f->insn.pc), "bytes", bytes(&f->insn), /**/
		"mnemonic", f->insn.mnemonic, "form", f->insn.form, "text", f->insn.text,              /**/
		"key", name(baseline_finding_key, f, report->isa),                                     /**/
		"place", name(finding_place, f, report->isa),                                          /**/
		"cause", name(finding_cause, f, report->isa),                                          /**/
		"location", name(finding_location, f, report->isa), "width", (int)f->width,            /**/
		"expected", wide(f->expected, f->width), "observed", wide(f->observed, f->width),      /**/
		"mask", wide(f->mask, f->width), "severity", severity_name(f->severity),               /**/
		"opinion", f->opinion, "formula", f->formula, "inputs", inputs(f),                     /**/
		"count", (json_int_t)f->count, "first_instruction", (json_int_t)f->first_instruction,  /**/
		"event", (json_int_t)f->event);
}

static json_t *findings(const struct report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->run->findings.list.len; i++)
		json_array_append_new(list, finding(report, &report->run->findings.list.at[i]));
	return list;
}

static json_t *unmodelled(const struct run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->unmodelled.len; i++) {
		const struct unmodelled *u = &run->unmodelled.at[i];
		json_array_append_new(list, json_pack("{s:s, s:I, s:o}", "mnemonic", u->mnemonic, "count",
						      (json_int_t)u->count, "first_pc", hex(u->first_pc)));
	}
	return list;
}

static json_t *partly_seen(const struct report *report)
{
	const struct run *run = report->run;
	json_t *list = json_array();

	for (size_t i = 0; i < run->partly.len; i++) {
		const struct partly_seen *p = &run->partly.at[i];
		json_t *reg = p->reason == UNSEEN_HIDDEN ? json_string(report->isa->regs[p->reg].name) : json_null();
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:I, s:o}", "mnemonic", p->mnemonic, "reason",
						      unseen_reason_name(p->reason), "register", reg, "count",
						      (json_int_t)p->count, "first_pc", hex(p->first_pc)));
	}
	return list;
}

static json_t *events(const struct report *report)
{
	const struct replay_totals *e = &report->run->events;
	json_t *calls = json_array();

	for (size_t i = 0; i < report->num_calls; i++) {
		const struct replay_count *c = &report->calls[i];
		json_array_append_new(calls, json_pack("{s:s, s:I, s:I, s:I}", "name", c->name, "emulated",
						       (json_int_t)c->emulated, "executed", (json_int_t)c->executed,
						       "passed", (json_int_t)c->passed));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)e->total, "emulated",
			 (json_int_t)e->emulated, "executed", (json_int_t)e->executed, "passed", (json_int_t)e->passed,
			 "skipped", (json_int_t)e->skipped, "unlogged", (json_int_t)e->unlogged, "calls", calls);
}

static json_t *lost_sync(const struct run *run)
{
	if (!run->lost_expected)
		return json_null();
	return json_pack("{s:I, s:o, s:s, s:s}", "event", (json_int_t)run->lost_event, "pc", hex(run->lost_pc),
			 "expected", run->lost_expected, "observed", run->lost_observed);
}

static json_t *guest(const struct run *run)
{
	return json_pack("{s:o, s:o}", "exit_status", run->exited ? json_integer(run->exit_status) : json_null(),
			 "exit_signal", run->exit_signal ? json_integer(run->exit_signal) : json_null());
}

static json_t *build(const struct report *report)
{
	const struct run *run = report->run;
	double seconds = (double)run->nanoseconds / 1e9;

	return json_pack(
		"{s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:f, s:f}",
		"format", "validate-report", "version", 1, "verdict", verdict_name(run->verdict), "target",
		report->target, "arch", report->isa->name, "program", report->program, "instructions",
		(json_int_t)run->instructions, "checked", (json_int_t)run->checked, "unseen", (json_int_t)run->unseen,
		"unmodelled", unmodelled(run), "partly_seen", partly_seen(report), "findings", findings(report),
		"events", events(report), "lost_sync", lost_sync(run), "error",
		run->error ? json_string(run->error->message) : json_null(), "guest", guest(run), "interrupted",
		run->interrupted, "unreached", run->unreached, "limited", run->limited, "seconds", seconds,
		"instructions_per_second", seconds > 0 ? (double)run->instructions / seconds : 0.0);
}

/* Writes text to path by way of path.part, so that no half report stands under the name. */
static struct error *write_file(const char *path, const char *text)
{
	struct strbuf part = {0};
	struct error *err = NULL;

	strbuf_printf(&part, "%s.part", path);
	if (strbuf_failed(&part))
		return &error_no_memory;
	FILE *file = fopen(part.at, "we");
	if (!file) {
		err = error_os(errno, "open", part.at);
	} else {
		bool ok = fputs(text, file) != EOF && fputc('\n', file) != EOF;
		ok = fclose(file) == 0 && ok;
		if (!ok || rename(part.at, path) < 0)
			err = error_os(errno, "write", path);
	}
	strbuf_deinit(&part);
	return err;
}

struct error *report_json(const struct report *report, const char *path)
{
	json_t *document = build(report);
	char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
	struct error *err = NULL;

	json_decref(document);
	if (!text)
		return error_create(ERROR_BUG, "the report cannot be written as JSON: a name in it is not UTF-8");
	if (strcmp(path, "-"))
		err = write_file(path, text);
	else if (puts(text) == EOF || fflush(stdout) == EOF)
		err = error_os(errno, "write", "standard output");
	free(text);
	return err;
}
