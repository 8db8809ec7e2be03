/* The report for programs; its schema is in report.h. */
#include <jansson.h>
#include <string.h>

#include "lib/report/document.h"
#include "lib/report/families.h"
#include "lib/report/report.h"
#include "lib/report/values.h"

/* "name+0x10", or null. */
static json_t *symbol(const struct report *report, uint64_t address)
{
	struct strbuf text = {0};

	report_symbol(&text, report, address);
	json_t *name = text.len ? value_foreign(text.at) : json_null();
	strbuf_deinit(&text);
	return name;
}

static json_t *bounds(const struct finding *f)
{
	struct strbuf text = {0};

	finding_bounds(&text, f);
	json_t *value = text.len ? json_string(text.at) : json_null();
	strbuf_deinit(&text);
	return value;
}

static json_t *finding(const struct report *report, size_t index)
{
	const struct finding *f = &report->run->findings.list.at[index];
	const char *known = report_is_known(report, index) ? "known" : "new";

	return json_pack(
		"{s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:s, s:b, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:s?, s:s?, s:s?}", /**/
		"pc", value_hex(f->insn.pc), "symbol", symbol(report, f->insn.pc), "bytes", value_bytes(&f->insn), /**/
		"mnemonic", f->insn.mnemonic, "form", f->insn.form, "text", f->insn.text,                          /**/
		"key", value_name(baseline_finding_key, f, report->isa),                                           /**/
		"place", value_name(finding_place, f, report->isa),                                                /**/
		"cause", value_name(finding_cause, f, report->isa),                                                /**/
		"location", value_name(finding_location, f, report->isa), "width", (int)f->width,                  /**/
		"expected", value_wide(f->expected, f->width), "observed", value_wide(f->observed, f->width),      /**/
		"mask", value_wide(f->mask, f->width), "severity", severity_name(f->severity),                     /**/
		"counts", (int)report_counts(report, index),                                                       /**/
		"opinion", f->opinion, "formula", f->formula, "inputs", value_inputs(f),                           /**/
		"bound", bounds(f),                                                                                /**/
		"count", value_int(f->count), "first_instruction", value_int(f->first_instruction),                /**/
		"since", value_int(f->since), "event", value_int(f->event), "baseline", report->baseline ? known : NULL,
		"closer", closer_name(f->closer), "block", f->block);
}

static json_t *findings(const struct report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->run->findings.list.len; i++)
		json_array_append_new(list, finding(report, i));
	return list;
}

static json_t *reasons(const struct run *run)
{
	json_t *list = json_array();

	for (enum gap gap = 0; gap < NUM_GAPS; gap++)
		if (run_has_gap(run, gap))
			json_array_append_new(list, json_string(gap_name(gap)));
	return list;
}

static json_t *unmodelled(const struct run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->unmodelled.len; i++) {
		const struct unmodelled *u = &run->unmodelled.at[i];
		json_array_append_new(list, json_pack("{s:s, s:I, s:o}", "mnemonic", u->mnemonic, "count",
						      value_int(u->count), "first_pc", value_hex(u->first_pc)));
	}
	return list;
}

static json_t *outside(const struct report *report)
{
	if (!coverage_has_outside(&report->run->coverage, report->isa))
		return json_null();
	return json_pack("{s:s, s:s}", "name", report->isa->outside->name, "cpu", report->isa->outside->cpu);
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
						      value_int(p->count), "first_pc", value_hex(p->first_pc)));
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
						       value_int(c->emulated), "executed", value_int(c->executed),
						       "passed", value_int(c->passed)));
	}
	json_t *events = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "total", value_int(e->total), "emulated",
				   value_int(e->emulated), "executed", value_int(e->executed), "passed",
				   value_int(e->passed), "skipped", value_int(e->skipped), "unlogged",
				   value_int(e->unlogged), "delivered", value_int(e->delivered), "calls", calls);
	if (e->unplaced)
		json_object_set_new(events, "unplaced", json_integer(value_int(e->unplaced)));
	return events;
}

static json_t *likely_cause(const struct report *report)
{
	const struct adopted *a = report_adopted(report->run);

	if (!a->instruction)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:I, s:s}", "mnemonic", a->mnemonic, "pc", value_hex(a->pc), "symbol",
			 symbol(report, a->pc), "instruction", value_int(a->instruction), "reason",
			 report_adopted_reason(a));
}

static json_t *lost_sync(const struct report *report)
{
	const struct run *run = report->run;

	if (!run->lost_expected)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "event", value_int(run->lost_event), "pc",
			 value_hex(run->lost_pc), "expected", value_foreign(run->lost_expected), "observed",
			 value_foreign(run->lost_observed), "likely_cause", likely_cause(report));
}

static json_t *guest(const struct run *run)
{
	return json_pack("{s:o, s:o}", "exit_status", run->exited ? json_integer(run->exit_status) : json_null(),
			 "exit_signal", run->exit_signal ? json_integer(run->exit_signal) : json_null());
}

/* ---- Baseline ---- */

static json_t *baseline_entry(const struct baseline_entry *e, enum baseline_state state)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "arch", e->key[BASELINE_ARCH], "form",
			 e->key[BASELINE_FORM], "place", e->key[BASELINE_PLACE], "cause", e->key[BASELINE_CAUSE],
			 "note", e->note, "link", e->link, "state", baseline_state_name(state));
}

static json_t *baseline(const struct report *report)
{
	const struct baseline_verdict *v = report->baseline;
	json_t *entries = v ? json_array() : NULL;

	if (!v)
		return json_null();
	for (size_t i = 0; i < v->state.len; i++)
		json_array_append_new(entries, baseline_entry(&v->baseline->entries.at[i], v->state.at[i]));
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o}", "file", value_foreign(report->baseline_path), "new",
			 value_int(v->num_new), "known", value_int(v->num[BASELINE_KNOWN]), "stale",
			 value_int(v->num[BASELINE_STALE]), "not_exercised", value_int(v->num[BASELINE_NOT_EXERCISED]),
			 "entries", entries);
}

/* ---- Coverage and timeline ---- */

static json_t *coverage(const struct run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->coverage.forms.len; i++) {
		const struct coverage_form *f = &run->coverage.forms.at[i];
		if (!coverage_executed(f))
			continue;
		json_t *form = coverage_form_json(f);
		json_object_set_new(form, "first_pc", value_hex(f->first_pc));
		json_array_append_new(list, form);
	}
	return list;
}

static json_t *system_calls(const struct report *report, const struct timeline_event *events, size_t num)
{
	json_t *list = json_array();

	for (size_t i = 0; i < num; i++) {
		const struct timeline_event *e = &events[i];
		char name[REPORT_EVENT_NAME_LEN];
		report_event_name(report, e, name);
		json_array_append_new(list,
				      json_pack("{s:I, s:s, s:o, s:I, s:I, s:I}", "index", value_int(e->index), "name",
						name, "pc", value_hex(e->pc), "instruction", value_int(e->instruction),
						"at", value_int(e->at), "nanoseconds", value_int(e->nanoseconds)));
	}
	return list;
}

static json_t *timeline(const struct report *report)
{
	const struct timeline *t = &report->run->timeline;
	json_t *nanoseconds = json_array(), *events = json_array(), *findings = json_array(), *pc = json_array();

	for (size_t i = 0; i < timeline_length(t); i++) {
		json_array_append_new(nanoseconds, json_integer(value_int(t->stretch[i].nanoseconds)));
		json_array_append_new(events, json_integer(value_int(t->stretch[i].events)));
		json_array_append_new(findings, json_integer(value_int(t->stretch[i].findings)));
		json_array_append_new(pc, value_hex(t->stretch[i].pc));
	}
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "instructions_per_stretch",
			 value_int(t->per_stretch), "nanoseconds", nanoseconds, "events", events, "findings", findings,
			 "pc", pc, "events_kept_each", value_int(t->event_stride), "system_calls",
			 system_calls(report, t->event, t->num_events), "slowest",
			 system_calls(report, t->slowest, t->num_slowest));
}

static json_t *memory_audit(const struct run *run)
{
	const struct run_audit *a = &run->audit;

	return json_pack("{s:I, s:I, s:I, s:I}", "audits", value_int(a->audits), "bytes", value_int(a->bytes),
			 "differing_bytes", value_int(a->differing), "unreadable_pages", value_int(a->unreadable));
}

static json_t *lane(const struct run *run)
{
	const struct run_lane *l = &run->lane;
	const struct run_audit *a = &l->stands;
	json_t *stepped = l->can_flow ? json_object() : NULL;

	if (!l->can_flow)
		return json_null();
	for (enum stepped_reason i = 0; i < NUM_STEPPED; i++)
		json_object_set_new(stepped, stepped_reason_name(i), json_integer(value_int(l->stepped[i])));
	return json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I}", "granularity", l->blocks ? "block" : "insn",
			 "logged", value_int(l->logged), "stepped", stepped, "stands", value_int(a->audits),
			 "compared_bytes", value_int(a->bytes), "differing_bytes", value_int(a->differing),
			 "unreadable_pages", value_int(a->unreadable), "left_bytes", value_int(l->left));
}

static json_t *reason(int errnum)
{
	return errnum ? json_string(strerror(errnum)) : json_null();
}

/* report.h has the names. */
static json_t *sandbox(const struct report *report)
{
	static const char *const filters[] = {
		[SANDBOX_NO_FILTER] = "none",
		[SANDBOX_FIXED] = "start",
		[SANDBOX_ASKS] = "guest",
		[SANDBOX_OWN] = "own",
	};
	const struct sandbox_state *s = report->sandbox;

	if (!s)
		return json_null();
	return json_pack("{s:b, s:s, s:o, s:i, s:o, s:b}", "on", (int)s->on, "seccomp", filters[s->filter],
			 "seccomp_missing", reason(s->filter_errnum), "landlock", s->landlock, "landlock_missing",
			 reason(s->landlock_errnum), "refused", (int)error_is(report->run->error, ERROR_SANDBOX));
}

static json_t *build(const struct report *report)
{
	const struct run *run = report->run;
	double seconds = (double)run->nanoseconds / 1e9;
	const struct {
		const char *name;
		json_t *value;
	} members[] = {
		{"format", json_string("validate-report")},
		{"version", json_integer(1)},
		{"verdict", json_string(verdict_name(run_verdict(run)))},
		{"reasons", reasons(run)},
		{"fail_on", json_string(severity_name(run->fail_on))},
		{"target", value_foreign(report->target)},
		{"sandbox", sandbox(report)},
		{"arch", json_string(report->isa->name)},
		{"cpu_vendor", run->vendor ? json_string(cpu_vendor_name(run->vendor)) : json_null()},
		{"program", value_foreign(report->program)},
		{"instructions", json_integer(value_int(run->instructions))},
		{"passed_over", json_integer(value_int(run->passed_over))},
		{"checked", json_integer(value_int(run->checked))},
		{"grouped", json_integer(value_int(run->grouped))},
		{"within_bound", json_integer(value_int(run->within_bound))},
		{"either", json_integer(value_int(run->either))},
		{"unseen", json_integer(value_int(run->unseen))},
		{"blocks", json_integer(value_int(run->blocks))},
		{"in_blocks", json_integer(value_int(run->in_blocks))},
		{"lane", lane(run)},
		{"lane_refused", report->lane_refused ? value_foreign(report->lane_refused) : json_null()},
		{"unmodelled", unmodelled(run)},
		{"outside", outside(report)},
		{"partly_seen", partly_seen(report)},
		{"findings", findings(report)},
		{"memory_audit", memory_audit(run)},
		{"events", events(report)},
		{"lost_sync", lost_sync(report)},
		{"error", run->error ? value_foreign(run->error->message) : json_null()},
		{"guest", guest(run)},
		{"interrupted", json_boolean(run->interrupted)},
		{"unreached", json_boolean(run->unreached)},
		{"limited", json_boolean(run->limit)},
		{"cut", run->cut ? value_foreign(run->cut) : json_null()},
		{"seconds", json_real(seconds)},
		{"instructions_per_second", json_real(seconds > 0 ? (double)run->instructions / seconds : 0.0)},
		{"baseline", baseline(report)},
		{"coverage", coverage(run)},
		{"timeline", timeline(report)},
	};
	json_t *document = json_object();
	bool ok = document != NULL;

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		ok = json_object_set_new(document, members[i].name, members[i].value) == 0 && ok;
	if (ok)
		return document;
	json_decref(document);
	return NULL;
}

static void print(struct strbuf *out, const struct report *report)
{
	json_t *document = build(report);

	document_print(out, document);
	json_decref(document);
}

const struct report_format report_json = {.name = "report", .print = print};
