/* The report as one page that needs nothing else: its frame, and what the run was. */
#include "lib/report/html.h"

#include <inttypes.h>

#include "lib/base/escape.h"
#include "lib/report/families.h"

void html_text(struct strbuf *out, const char *text)
{
	escape_markup(out, text, false);
}

void html_element(struct strbuf *out, const char *name, const char *class, const char *text)
{
	strbuf_printf(out, class ? "<%s class=\"%s\">" : "<%s>", name, class);
	html_text(out, text);
	strbuf_printf(out, "</%s>", name);
}

void html_number(struct strbuf *out, uint64_t n)
{
	strbuf_append(out, "<td class=\"n\">");
	report_count(out, n);
	strbuf_append(out, "</td>");
}

void html_duration(struct strbuf *out, uint64_t nanoseconds)
{
	static const struct {
		uint64_t from;
		double unit;
		const char *name;
	} units[] = {{10000000000, 1e9, "s"}, {1000000, 1e6, "ms"}, {0, 1e3, "\xc2\xb5s"}};
	unsigned i = 0;

	while (nanoseconds < units[i].from)
		i++;
	double value = (double)nanoseconds / units[i].unit;
	strbuf_printf(out, "%.*f\xc2\xa0%s", value < 10 ? 2 : value < 100 ? 1 : 0, value, units[i].name);
}

void html_address(struct strbuf *out, const struct report *report, uint64_t address)
{
	struct strbuf symbol = {0};

	strbuf_printf(out, "<code>0x%" PRIx64 "</code>", address);
	report_symbol(&symbol, report, address);
	if (symbol.len) {
		strbuf_append_char(out, ' ');
		html_element(out, "code", "symbol", symbol.at);
	}
	strbuf_deinit(&symbol);
}

/* ---- The run ---- */

static const char *headline(const struct run *run)
{
	static const char *const lines[] = {
		[VERDICT_CLEAN] = "Nothing found, and everything was judged.",
		[VERDICT_INCOMPLETE] = "Nothing found that counts, but not everything was judged, or is settled.",
		[VERDICT_LOST_SYNC] = "The guest does not follow the event log any more.",
		[VERDICT_ERROR] = "The run ended early.",
		[VERDICT_DIVERGENT] = "The emulator did something else than the architecture.",
	};

	return lines[run_verdict(run)];
}

static void fact(struct strbuf *out, uint64_t n, const char *what)
{
	strbuf_append(out, "<div><b>");
	report_count(out, n);
	strbuf_append(out, "</b> ");
	html_text(out, what);
	strbuf_append(out, "</div>\n");
}

static void print_facts(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;
	struct report_tally t;

	report_tally(report, &t);
	strbuf_append(out, "<div class=\"facts\">\n");
	fact(out, t.all, t.all == 1 ? "finding" : "findings");
	if (t.counted < t.all)
		fact(out, t.counted, "of them counted");
	if (report->baseline) {
		fact(out, t.fresh, "of them new");
		fact(out, report->baseline->num[BASELINE_STALE], "stale");
	}
	fact(out, run->instructions, "instructions");
	fact(out, run->checked, "fully judged");
	fact(out, run->events.total, run->events.total == 1 ? "system call" : "system calls");
	if (run->nanoseconds)
		fact(out, (uint64_t)((double)run->instructions * 1e9 / (double)run->nanoseconds), "a second");
	strbuf_append(out, "</div>\n");
}

/* What keeps it from being clean. */
static void print_gaps(struct strbuf *out, const struct run *run)
{
	for (enum gap gap = 0; gap < NUM_GAPS; gap++) {
		if (!run_has_gap(run, gap))
			continue;
		strbuf_append(out, "<p class=\"note\">Incomplete: ");
		html_text(out, gap_text(gap));
		strbuf_append(out, ".</p>\n");
	}
}

static void print_notes(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;
	struct strbuf why = {0}, cause = {0}, end = {0};

	if (report_failure(&why, report))
		html_element(out, "p", "failure", strbuf_text(&why));
	strbuf_deinit(&why);
	report_likely_cause(&cause, report);
	if (cause.len) {
		strbuf_append(out, "<p class=\"note\">The likely cause: ");
		html_text(out, cause.at);
		strbuf_append(out, ".</p>\n");
	}
	strbuf_deinit(&cause);
	report_guest_end(&end, run);
	if (end.len) {
		strbuf_append(out, "<p class=\"note\">The guest ");
		html_text(out, end.at);
		strbuf_append(out, ".</p>\n");
	}
	strbuf_deinit(&end);
	print_gaps(out, run);
}

/* How the steps were seen, and what could be compared of memory. */
static void print_lane(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;
	const struct run_lane *lane = &run->lane;

	if (lane->can_flow) {
		strbuf_append(out, "</dd><dt>instructions seen</dt><dd>");
		report_lane(out, run);
		strbuf_append(out, "</dd><dt>memory stored to</dt><dd>");
		report_count(out, lane->stands.bytes);
		strbuf_append(out, " bytes compared: ");
		report_audit(out, &lane->stands);
	}
	if (lane->left) {
		strbuf_append(out, "</dd><dt>memory not known</dt><dd>");
		report_count(out, lane->left);
		strbuf_append(out, " bytes of large mappings");
	}
	if (report->lane_refused) {
		strbuf_append(out, "</dd><dt>instructions seen</dt><dd>all through the stub: ");
		html_text(out, report->lane_refused);
	}
	if (lane->blocks) {
		strbuf_append(out, "</dd><dt>blocks</dt><dd>");
		report_blocks(out, run);
	}
}

static void print_header(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;
	enum verdict verdict = run_verdict(run);
	bool known = verdict == VERDICT_DIVERGENT && report->baseline && report_news(report) != VERDICT_DIVERGENT;

	strbuf_printf(out, "<header class=\"%s\">\n", known ? "known" : verdict_name(verdict));
	html_element(out, "p", "kind", "validate");
	html_element(out, "h1", NULL, known ? "nothing new" : verdict_name(verdict));
	html_element(out, "p", "lead",
		     known ? "The emulator did something else than the architecture, as is known." : headline(run));
	strbuf_append(out, "\n<dl><dt>program</dt><dd><code>");
	html_text(out, report->program);
	strbuf_append(out, "</code></dd><dt>instruction set</dt><dd>");
	html_text(out, report->isa->name);
	strbuf_append(out, "</dd><dt>emulator</dt><dd>");
	html_text(out, report->target);
	if (report->sandbox) {
		strbuf_append(out, "</dd><dt>its sandbox</dt><dd>");
		sandbox_describe(out, report->sandbox);
	}
	print_lane(out, report);
	strbuf_append(out, "</dd></dl>\n");
	print_facts(out, report);
	print_notes(out, report);
	strbuf_append(out, "</header>\n");
}

/* ---- What was not judged, and what is stale ---- */

static void print_unmodelled(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;

	if (!run->unmodelled.len)
		return;
	strbuf_append(out,
		      "<section><h2>Not modelled</h2><p>Executed, and their results adopted.</p>\n"
		      "<table><thead><tr><th>instruction</th><th class=\"n\">times</th><th>first at</th></tr></thead>"
		      "<tbody>\n");
	for (size_t i = 0; i < run->unmodelled.len; i++) {
		const struct unmodelled *u = &run->unmodelled.at[i];
		strbuf_append(out, "<tr><td><code>");
		html_text(out, u->mnemonic);
		strbuf_append(out, "</code></td>");
		html_number(out, u->count);
		strbuf_append(out, "<td>");
		html_address(out, report, u->first_pc);
		strbuf_append(out, "</td></tr>\n");
	}
	strbuf_append(out, "</tbody></table>");
	if (coverage_has_outside(&run->coverage, report->isa))
		strbuf_printf(out, "<p>%s are not modelled: <code>--cpu %s</code> runs the program without them.</p>",
			      report->isa->outside->name, report->isa->outside->cpu);
	strbuf_append(out, "</section>\n");
}

static void print_partly(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;

	if (!run->partly.len)
		return;
	strbuf_append(out, "<section><h2>Judged in part</h2>\n<table><thead><tr><th>instruction</th>"
			   "<th class=\"n\">times</th><th>why</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < run->partly.len; i++) {
		const struct partly_seen *p = &run->partly.at[i];
		strbuf_append(out, "<tr><td><code>");
		html_text(out, p->mnemonic);
		strbuf_append(out, "</code></td>");
		html_number(out, p->count);
		strbuf_append(out, "<td>");
		html_text(out, unseen_reason_name(p->reason));
		if (p->reason == UNSEEN_HIDDEN)
			strbuf_printf(out, " (<code>%s</code>)", report->isa->regs[p->reg].name);
		strbuf_append(out, "</td></tr>\n");
	}
	strbuf_append(out, "</tbody></table></section>\n");
}

static void print_stale(struct strbuf *out, const struct report *report)
{
	const struct baseline_verdict *v = report->baseline;

	if (!v || !v->num[BASELINE_STALE])
		return;
	strbuf_append(out,
		      "<section><h2>Stale in the baseline</h2><p>Judged in this run, and not seen.</p>\n"
		      "<table><thead><tr><th>instruction</th><th>place</th><th>cause</th><th>note</th></tr></thead>"
		      "<tbody>\n");
	for (size_t i = 0; i < v->state.len; i++) {
		const struct baseline_entry *e = &v->baseline->entries.at[i];
		if (v->state.at[i] != BASELINE_STALE)
			continue;
		strbuf_append(out, "<tr><td><code>");
		html_text(out, e->key[BASELINE_FORM]);
		strbuf_append(out, "</code></td>");
		html_element(out, "td", NULL, e->key[BASELINE_PLACE]);
		html_element(out, "td", NULL, e->key[BASELINE_CAUSE]);
		html_element(out, "td", NULL, e->note);
		strbuf_append(out, "</tr>\n");
	}
	strbuf_append(out, "</tbody></table></section>\n");
}

/* ---- The page ---- */

static void print(struct strbuf *out, const struct report *report)
{
	strbuf_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
			   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
			   "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
	html_text(out, verdict_name(run_verdict(report->run)));
	strbuf_append(out, " \xc2\xb7 ");
	html_text(out, report->program);
	strbuf_append(out, " \xc2\xb7 validate</title>\n<style>\n");
	strbuf_append(out, html_style);
	strbuf_append(out, "</style>\n</head>\n<body>\n");
	print_header(out, report);
	strbuf_append(out, "<main>\n");
	html_timeline(out, report);
	html_findings(out, report);
	print_stale(out, report);
	html_coverage(out, report);
	print_unmodelled(out, report);
	print_partly(out, report);
	html_slowest(out, report);
	strbuf_append(out, "</main>\n</body>\n</html>\n");
}

const struct report_format report_html = {.name = "html", .print = print};
