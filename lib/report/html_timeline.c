/* The run over its length, on the page: time, events and findings a stretch; and its slowest parts. */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/report/html.h"

/* Units of the drawing, which is stretched to the page's width; the height is in pixels. */
enum { STRETCH_WIDTH = 4, BARS = 72, LANE = 14, GAP = 4, HEIGHT = BARS + 2 * (LANE + GAP) };

static uint64_t slowest_of(const struct timeline *t)
{
	uint64_t most = 1;

	for (size_t i = 0; i < timeline_length(t); i++)
		most = t->stretch[i].nanoseconds > most ? t->stretch[i].nanoseconds : most;
	return most;
}

/* Counts of anything grow by magnitudes: one finding is to be seen beside a thousand. */
static unsigned mark_height(uint64_t n)
{
	unsigned height = LANE / 2;

	for (; n > 1 && height < LANE; n /= 4)
		height++;
	return height;
}

static void print_mark(struct strbuf *out, const char *class, size_t stretch, unsigned bottom, uint64_t n)
{
	if (n)
		strbuf_printf(out, "<rect class=\"%s\" x=\"%zu\" y=\"%u\" width=\"%d\" height=\"%u\"/>", class,
			      stretch * STRETCH_WIDTH, bottom - mark_height(n), STRETCH_WIDTH, mark_height(n));
}

static void print_plural(struct strbuf *out, uint64_t n, const char *what)
{
	if (!n)
		return;
	strbuf_append(out, ", ");
	report_count(out, n);
	strbuf_printf(out, " %s%s", what, plural(n));
}

/* What the pointer shows. */
static void print_tip(struct strbuf *out, const struct report *report, size_t i)
{
	const struct timeline *t = &report->run->timeline;
	const struct timeline_stretch *s = &t->stretch[i];
	uint64_t last = (i + 1) * t->per_stretch;
	struct strbuf symbol = {0};

	strbuf_append(out, "<title>instructions ");
	report_count(out, i * t->per_stretch + 1);
	strbuf_append(out, " to ");
	report_count(out, last < t->instructions ? last : t->instructions);
	strbuf_append(out, ": ");
	html_duration(out, s->nanoseconds);
	print_plural(out, s->events, "system call");
	print_plural(out, s->findings, "finding");
	report_symbol(&symbol, report, s->pc);
	if (symbol.len) {
		strbuf_append(out, ", near ");
		html_text(out, symbol.at);
	}
	strbuf_deinit(&symbol);
	strbuf_append(out, "</title>");
}

static void print_stretch(struct strbuf *out, const struct report *report, size_t i, uint64_t most)
{
	const struct timeline_stretch *s = &report->run->timeline.stretch[i];
	double height = (double)s->nanoseconds * BARS / (double)most;

	strbuf_append(out, "<g>");
	print_tip(out, report, i);
	strbuf_printf(out, "<rect class=\"room\" x=\"%zu\" y=\"0\" width=\"%d\" height=\"%d\"/>", i * STRETCH_WIDTH,
		      STRETCH_WIDTH, HEIGHT);
	strbuf_printf(out, "<rect class=\"time\" x=\"%zu\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>",
		      i * STRETCH_WIDTH, BARS - height, STRETCH_WIDTH, height);
	print_mark(out, "event", i, BARS + GAP + LANE, s->events);
	print_mark(out, "found", i, HEIGHT, s->findings);
	strbuf_append(out, "</g>\n");
}

/* What the bars' height stands for; an imported trace has no times. */
static void print_scale(struct strbuf *out, const struct report *report, uint64_t most)
{
	const struct timeline *t = &report->run->timeline;

	if (!t->nanoseconds)
		return;
	strbuf_append(out, "<span><b class=\"time\"></b>");
	strbuf_append(out, report->run->recorded_time ? "time of the recorded run for each " : "time for each ");
	if (t->per_stretch > 1)
		report_count(out, t->per_stretch);
	strbuf_append(out, t->per_stretch > 1 ? " instructions, at most " : "instruction, at most ");
	html_duration(out, most);
	strbuf_append(out, "</span>");
}

void html_timeline(struct strbuf *out, const struct report *report)
{
	const struct timeline *t = &report->run->timeline;
	size_t len = timeline_length(t);
	uint64_t most = slowest_of(t);

	if (!len)
		return;
	strbuf_append(out, "<section><h2>Timeline</h2>\n<figure class=\"timeline\">\n");
	strbuf_printf(out,
		      "<svg viewBox=\"0 0 %zu %d\" height=\"%d\" preserveAspectRatio=\"none\" role=\"img\" "
		      "aria-label=\"time, system calls and findings over the run\">\n",
		      len * STRETCH_WIDTH, HEIGHT, HEIGHT);
	for (size_t i = 0; i < len; i++)
		print_stretch(out, report, i, most);
	strbuf_append(out, "</svg>\n<div class=\"axis\"><span>instruction 1</span><span>");
	report_count(out, t->instructions);
	strbuf_append(out, "</span></div>\n<figcaption>");
	print_scale(out, report, most);
	strbuf_append(out,
		      "<span><b class=\"event\"></b>system calls</span><span><b class=\"found\"></b>findings</span>"
		      "</figcaption>\n</figure></section>\n");
}

/* ---- The slowest parts ---- */

enum { SLOWEST = 8 };

/* Stretches that take a part of the run's time far above their share. */
static size_t find_slowest(const struct timeline *t, size_t ret[SLOWEST])
{
	size_t len = timeline_length(t), num = 0;

	for (size_t i = 0; i < len; i++) {
		size_t at = num < SLOWEST ? num : SLOWEST;
		while (at > 0 && t->stretch[ret[at - 1]].nanoseconds < t->stretch[i].nanoseconds)
			at--;
		if (at == SLOWEST)
			continue;
		for (size_t k = num < SLOWEST ? num : SLOWEST - 1; k > at; k--)
			ret[k] = ret[k - 1];
		ret[at] = i;
		num += num < SLOWEST;
	}
	return num;
}

static void print_time(struct strbuf *out, uint64_t nanoseconds, uint64_t total)
{
	strbuf_append(out, "<td class=\"n\">");
	html_duration(out, nanoseconds);
	strbuf_printf(out, "</td><td class=\"n share\">%.1f\xc2\xa0%%</td>",
		      total ? 100.0 * (double)nanoseconds / (double)total : 0.0);
}

static void print_stretches(struct strbuf *out, const struct report *report)
{
	const struct timeline *t = &report->run->timeline;
	size_t slow[SLOWEST], num = find_slowest(t, slow);

	strbuf_append(out, "<table><thead><tr><th class=\"n\">from instruction</th><th class=\"n\">time</th>"
			   "<th class=\"n share\">of all</th><th>near</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < num; i++) {
		strbuf_append(out, "<tr>");
		html_number(out, slow[i] * t->per_stretch + 1);
		print_time(out, t->stretch[slow[i]].nanoseconds, t->nanoseconds);
		strbuf_append(out, "<td class=\"near\">");
		if (t->stretch[slow[i]].pc)
			html_address(out, report, t->stretch[slow[i]].pc);
		strbuf_append(out, "</td></tr>\n");
	}
	strbuf_append(out, "</tbody></table>\n");
}

static void print_calls(struct strbuf *out, const struct report *report)
{
	const struct timeline *t = &report->run->timeline;

	if (!t->num_slowest)
		return;
	strbuf_append(out,
		      "<table><thead><tr><th>system call</th><th class=\"n\">event</th><th class=\"n\">time</th>"
		      "<th class=\"n share\">of all</th><th class=\"n\">at instruction</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < t->num_slowest && i < SLOWEST; i++) {
		const struct timeline_event *e = &t->slowest[i];
		char name[REPORT_EVENT_NAME_LEN];
		report_event_name(report, e, name);
		strbuf_append(out, "<tr><td><code>");
		html_text(out, name);
		strbuf_append(out, "</code></td>");
		html_number(out, e->index);
		print_time(out, e->nanoseconds, t->nanoseconds);
		html_number(out, e->instruction);
		strbuf_append(out, "</tr>\n");
	}
	strbuf_append(out, "</tbody></table>\n");
}

void html_slowest(struct strbuf *out, const struct report *report)
{
	if (!timeline_length(&report->run->timeline))
		return;
	strbuf_append(out, "<section><h2>Slowest parts</h2>\n");
	if (report->run->timeline.nanoseconds) {
		print_stretches(out, report);
		print_calls(out, report);
	} else {
		strbuf_append(out, "<p>The trace tells of no times.</p>\n");
	}
	strbuf_append(out, "</section>\n");
}
