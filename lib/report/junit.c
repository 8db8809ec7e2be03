/*
 * JUnit's XML, as CI systems read it: a test case a finding and a judged instruction form, and one for the run.
 *
 * What is known by the baseline, what is less sure than the run was told to fail on, and what has no model, counts as
 * skipped: neither failed, nor shown to be right.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/report.h"

struct counts {
	size_t tests, failures, errors, skipped;
};

/* Test cases are written first, to be counted. */
struct junit {
	const struct report *report;
	struct strbuf cases;
	struct counts counts;
};

static void attribute(struct strbuf *out, const char *name, const char *value)
{
	strbuf_printf(out, " %s=\"", name);
	escape_markup(out, value, false);
	strbuf_append_char(out, '"');
}

static void start_case(struct junit *j, const char *family, const char *name)
{
	struct strbuf class = {0};

	strbuf_printf(&class, "%s.%s", j->report->isa->name, family);
	strbuf_append(&j->cases, "    <testcase");
	attribute(&j->cases, "classname", strbuf_text(&class));
	attribute(&j->cases, "name", name);
	j->counts.tests++;
	strbuf_deinit(&class);
}

static void end_case(struct junit *j, const char *element, const char *type, const char *message, const char *text)
{
	strbuf_printf(&j->cases, ">\n      <%s", element);
	attribute(&j->cases, "message", message);
	if (type)
		attribute(&j->cases, "type", type);
	strbuf_append(&j->cases, ">");
	escape_markup(&j->cases, text, true);
	strbuf_printf(&j->cases, "</%s>\n    </testcase>\n", element);
}

/* ---- Findings ---- */

static void add_known(struct junit *j, const struct baseline_entry *e)
{
	struct strbuf message = {0};

	strbuf_printf(&message, "known%s%s", *e->note ? ": " : "", e->note);
	end_case(j, "skipped", NULL, strbuf_text(&message), e->link);
	j->counts.skipped++;
	strbuf_deinit(&message);
}

static void add_uncounted(struct junit *j, size_t index, const char *text)
{
	struct strbuf message = {0};

	report_why_not_counted(&message, j->report, index);
	end_case(j, "skipped", NULL, strbuf_text(&message), text);
	j->counts.skipped++;
	strbuf_deinit(&message);
}

static void add_finding(struct junit *j, size_t index)
{
	const struct finding *f = &j->report->run->findings.list.at[index];
	struct strbuf title = {0}, summary = {0}, text = {0};

	report_title(&title, j->report, index);
	report_summary(&summary, j->report, index);
	report_finding_text(&text, j->report, index);
	start_case(j, f->insn.family ? f->insn.family : "other", strbuf_text(&title));
	if (report_is_known(j->report, index)) {
		add_known(j, j->report->baseline->entry.at[index]);
	} else if (!report_counts(j->report, index)) {
		add_uncounted(j, index, strbuf_text(&text));
	} else {
		end_case(j, "failure", severity_name(f->severity), strbuf_text(&summary), strbuf_text(&text));
		j->counts.failures++;
	}
	strbuf_deinit(&title);
	strbuf_deinit(&summary);
	strbuf_deinit(&text);
}

/* ---- Forms ---- */

static bool has_finding(const struct run *run, const char *form)
{
	for (size_t i = 0; i < run->findings.list.len; i++)
		if (!strcmp(run->findings.list.at[i].insn.form, form))
			return true;
	return false;
}

/* The executions of all encodings of a form; none for one that was counted by an encoding before it. */
static uint64_t sum_judged(const struct coverage *c, size_t index, enum judged judged)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->forms.len; i++) {
		if (strcmp(c->forms.at[i].form, c->forms.at[index].form) != 0)
			continue;
		if (i < index && coverage_executed(&c->forms.at[i]))
			return 0;
		sum += c->forms.at[i].count[judged];
	}
	return sum;
}

static void add_form(struct junit *j, size_t index)
{
	const struct run *run = j->report->run;
	const struct coverage_form *f = &run->coverage.forms.at[index];
	uint64_t fully = sum_judged(&run->coverage, index, JUDGED_FULLY);
	uint64_t rest = sum_judged(&run->coverage, index, JUDGED_PARTLY) +
			sum_judged(&run->coverage, index, JUDGED_NOT);

	if (!(fully || rest) || has_finding(run, f->form))
		return;
	start_case(j, f->family ? f->family : "other", *f->form ? f->form : "(undecodable)");
	if (fully) {
		strbuf_append(&j->cases, "/>\n");
		return;
	}
	end_case(j, "skipped", NULL, f->status == LIFT_DONE ? "never judged in full" : "not modelled", "");
	j->counts.skipped++;
}

/* ---- The run ---- */

static void add_run(struct junit *j)
{
	struct strbuf why = {0};
	bool failed = report_failure(&why, j->report), lost = j->report->run->lost_expected;

	start_case(j, "run", "the run is followed to its end");
	if (!failed) {
		strbuf_append(&j->cases, "/>\n");
	} else {
		end_case(j, lost ? "failure" : "error", lost ? "lost-sync" : "error", strbuf_text(&why), "");
		*(lost ? &j->counts.failures : &j->counts.errors) += 1;
	}
	strbuf_deinit(&why);
}

static void property(struct strbuf *out, const char *name, const char *value)
{
	strbuf_append(out, "      <property");
	attribute(out, "name", name);
	attribute(out, "value", value);
	strbuf_append(out, "/>\n");
}

static void print(struct strbuf *out, const struct report *report)
{
	struct junit j = {.report = report};

	add_run(&j);
	for (size_t i = 0; i < report->run->findings.list.len; i++)
		add_finding(&j, i);
	for (size_t i = 0; i < report->run->coverage.forms.len; i++)
		add_form(&j, i);
	strbuf_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
	attribute(out, "name", report->program);
	strbuf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
		      j.counts.tests, j.counts.failures, j.counts.errors, j.counts.skipped,
		      (double)report->run->nanoseconds / 1e9);
	strbuf_append(out, "    <properties>\n");
	property(out, "target", report->target);
	property(out, "arch", report->isa->name);
	property(out, "verdict", verdict_name(run_verdict(report->run)));
	strbuf_append(out, "    </properties>\n");
	strbuf_append(out, strbuf_text(&j.cases));
	strbuf_append(out, "  </testsuite>\n</testsuites>\n");
	out->failed |= strbuf_failed(&j.cases);
	strbuf_deinit(&j.cases);
}

const struct report_format report_junit = {.name = "junit", .print = print};
