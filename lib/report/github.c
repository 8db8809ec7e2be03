/* Annotations: workflow commands of GitHub Actions ("Workflow commands for GitHub Actions" in its manual). */
#include "lib/base/escape.h"
#include "lib/report/report.h"

/* ::error title=TITLE::MESSAGE */
static void annotate(struct strbuf *out, const char *command, const char *title, const char *message)
{
	strbuf_printf(out, "::%s title=", command);
	escape_github(out, title, true);
	strbuf_append(out, "::");
	escape_github(out, message, false);
	strbuf_append_char(out, '\n');
}

static void annotate_finding(struct strbuf *out, const struct report *report, size_t index)
{
	struct strbuf title = {0}, message = {0};

	report_title(&title, report, index);
	report_finding_text(&message, report, index);
	strbuf_append(&message, "   program   ");
	escape_line(&message, report->program);
	strbuf_append(&message, "\n   target    ");
	escape_line(&message, report->target);
	annotate(out, report_counts(report, index) ? "error" : "warning", strbuf_text(&title), strbuf_text(&message));
	out->failed |= strbuf_failed(&title) || strbuf_failed(&message);
	strbuf_deinit(&title);
	strbuf_deinit(&message);
}

static void annotate_stale(struct strbuf *out, const struct report *report, const struct baseline_entry *e)
{
	struct strbuf message = {0};

	strbuf_printf(&message, "%s: %s, %s is in %s, was judged, and is not seen any more: remove it",
		      e->key[BASELINE_FORM], e->key[BASELINE_PLACE], e->key[BASELINE_CAUSE], report->baseline_path);
	annotate(out, "warning", "stale in the baseline", strbuf_text(&message));
	strbuf_deinit(&message);
}

static void print(struct strbuf *out, const struct report *report)
{
	const struct baseline_verdict *v = report->baseline;
	struct strbuf why = {0};

	if (report_failure(&why, report))
		annotate(out, "error", "the run was not followed to its end", strbuf_text(&why));
	strbuf_deinit(&why);
	for (size_t i = 0; i < report->run->findings.list.len; i++)
		if (!report_is_known(report, i))
			annotate_finding(out, report, i);
	for (size_t i = 0; v && i < v->state.len; i++)
		if (v->state.at[i] == BASELINE_STALE)
			annotate_stale(out, report, &v->baseline->entries.at[i]);
}

const struct report_format report_github = {.name = "annotate", .print = print};
