/* Findings on the page: the differing bits drawn, and how the model got to its value. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/html.h"

/* ---- Bits ---- */

static bool bit(const uint64_t *value, unsigned i)
{
	return value[i / 64] >> i % 64 & 1;
}

static bool differs(const struct finding *f, unsigned i)
{
	return bit(f->expected, i) != bit(f->observed, i) && !bit(f->mask, i);
}

/* Whether any of the bits from low up differs. */
static bool any_differs(const struct finding *f, unsigned low, unsigned num)
{
	for (unsigned i = low; i < low + num && i < f->width; i++)
		if (differs(f, i))
			return true;
	return false;
}

/* Those that differ are marked, those that were not compared are dots. */
static void print_bits(struct strbuf *out, const struct finding *f, const uint64_t *value, unsigned low, unsigned num)
{
	strbuf_append(out, "<span>");
	for (unsigned i = low + num; i-- > low;) {
		char c = bit(f->mask, i) ? '.' : (char)('0' + bit(value, i));
		if (differs(f, i))
			strbuf_printf(out, "<i>%c</i>", c);
		else
			strbuf_append_char(out, c);
	}
	strbuf_append(out, "</span>");
}

/* A block: the number of its highest bit, the expected bits, the observed ones. */
static void print_byte(struct strbuf *out, const struct finding *f, unsigned low)
{
	unsigned num = f->width - low < 8 ? f->width - low : 8;

	strbuf_printf(out, "<div><b>%u</b>", low + num - 1);
	print_bits(out, f, f->expected, low, num);
	print_bits(out, f, f->observed, low, num);
	strbuf_append(out, "</div>");
}

/* Words of 64 bits, highest first; those without a difference are left out and said to be. */
static void print_grid(struct strbuf *out, const struct finding *f)
{
	unsigned words = (f->width + 63u) / 64;

	for (unsigned w = words; w-- > 0;) {
		unsigned low = 64 * w, num = f->width - low < 64 ? f->width - low : 64;
		if (!any_differs(f, low, num))
			continue;
		strbuf_append(
			out, "<div class=\"bits\"><div class=\"rows\"><b></b><span>expected</span><span>observed</span>"
			     "</div>");
		for (unsigned at = (num + 7) / 8; at-- > 0;)
			print_byte(out, f, low + 8 * at);
		strbuf_append(out, "</div>\n");
	}
	unsigned equal = 0;
	for (unsigned w = 0; w < words; w++)
		equal += !any_differs(f, 64 * w, 64);
	if (equal)
		strbuf_printf(out, "<p class=\"note\">%u of %u words of 64 bits are equal and not drawn.</p>\n", equal,
			      words);
}

static void print_value(struct strbuf *out, const struct finding *f, const char *title, const uint64_t *value)
{
	struct strbuf text = {0};

	report_seen(&text, f, value);
	html_element(out, "dt", NULL, title);
	strbuf_append(out, "<dd><code>");
	html_text(out, strbuf_text(&text));
	strbuf_append(out, "</code></dd>");
	strbuf_deinit(&text);
}

/* ---- One finding ---- */

static void print_bounds(struct strbuf *out, const struct finding *f)
{
	struct strbuf text = {0};

	finding_bounds(&text, f);
	if (text.len) {
		html_element(out, "dt", NULL, "bound");
		strbuf_append(out, "<dd><code>");
		html_text(out, text.at);
		strbuf_append(out, "</code></dd>");
	}
	strbuf_deinit(&text);
}

static void print_inputs(struct strbuf *out, const struct finding *f)
{
	for (size_t i = 0; i < f->inputs.len; i++) {
		const struct finding_input *input = &f->inputs.at[i];
		struct strbuf value = {0};
		report_value(&value, input->value, input->width);
		html_element(out, "dt", NULL, input->name);
		strbuf_append(out, "<dd><code>");
		html_text(out, strbuf_text(&value));
		strbuf_append(out, "</code></dd>");
		strbuf_deinit(&value);
	}
}

static void print_known(struct strbuf *out, const struct baseline_entry *e)
{
	strbuf_append(out, "<p class=\"known\">Known");
	if (*e->note) {
		strbuf_append(out, ": ");
		html_text(out, e->note);
	}
	if (*e->link) { /* as text: a page that leads nowhere by itself cannot be made to lead anywhere */
		strbuf_append(out, " <code>");
		html_text(out, e->link);
		strbuf_append(out, "</code>");
	}
	strbuf_append(out, "</p>\n");
}

static void print_title(struct strbuf *out, const struct report *report, size_t index)
{
	const struct finding *f = &report->run->findings.list.at[index];
	struct strbuf location = {0};

	finding_location(&location, f, report->isa);
	strbuf_printf(out, "<h3><span class=\"number\">%zu</span> <code>", index + 1);
	html_text(out, f->insn.form);
	strbuf_append(out, "</code> <span class=\"place\">");
	html_text(out, strbuf_text(&location));
	strbuf_append(out, "</span>");
	if (report->baseline)
		html_element(out, "span", report_is_known(report, index) ? "badge old" : "badge new",
			     report_is_known(report, index) ? "known" : "new");
	html_element(out, "span", "badge", severity_name(f->severity));
	if (!report_counts(report, index))
		html_element(out, "span", "badge old", "does not count");
	strbuf_append(out, "</h3>\n");
	strbuf_deinit(&location);
}

static void print_seen(struct strbuf *out, const struct report *report, const struct finding *f)
{
	struct strbuf key = {0};

	strbuf_append(out, "<p class=\"seen\">");
	if (*f->opinion) {
		html_text(out, f->opinion);
		strbuf_append(out, ". ");
	}
	strbuf_append(out, "Seen ");
	report_count(out, f->count);
	strbuf_append(out, f->count == 1 ? " time, at instruction " : " times, first at instruction ");
	report_count(out, f->first_instruction);
	if (f->since != f->first_instruction) {
		strbuf_append(out, " or one before it, from ");
		report_count(out, f->since);
		strbuf_append(out, " on");
	}
	strbuf_printf(out, ", before event %" PRIu64 ".<br/>", f->event);
	baseline_finding_key(&key, f, report->isa);
	html_element(out, "code", NULL, strbuf_text(&key));
	strbuf_append(out, "</p>\n");
	strbuf_deinit(&key);
}

static void print_finding(struct strbuf *out, const struct report *report, size_t index)
{
	const struct finding *f = &report->run->findings.list.at[index];

	strbuf_printf(out, "<article id=\"f%zu\">\n", index + 1);
	print_title(out, report, index);
	strbuf_append(out, "<p class=\"insn\"><code class=\"text\">");
	html_text(out, f->insn.text);
	strbuf_append(out, "</code> at ");
	html_address(out, report, f->insn.pc);
	strbuf_append(out, " <code class=\"bytes\">");
	strbuf_append_hex(out, f->insn.bytes, f->insn.len);
	strbuf_append(out, "</code></p>\n");
	if (report_is_known(report, index))
		print_known(out, report->baseline->entry.at[index]);
	if (f->kind != LOCATION_FAULT)
		print_grid(out, f);
	strbuf_append(out, "<dl class=\"values\">");
	if (f->width > 1) { /* a single bit is drawn already */
		print_value(out, f, "expected", f->expected);
		print_value(out, f, "observed", f->observed);
	}
	print_bounds(out, f);
	print_inputs(out, f);
	strbuf_append(out, "</dl>\n");
	if (*f->formula) {
		strbuf_append(out, "<pre class=\"formula\">");
		escape_markup(out, f->formula, true);
		strbuf_append(out, "</pre>");
	}
	print_seen(out, report, f);
	strbuf_append(out, "</article>\n");
}

static void print_index_row(struct strbuf *out, const struct report *report, size_t index)
{
	const struct finding *f = &report->run->findings.list.at[index];
	struct strbuf location = {0};

	finding_location(&location, f, report->isa);
	strbuf_printf(out, "<tr><td><a href=\"#f%zu\"><code>", index + 1);
	html_text(out, f->insn.form);
	strbuf_append(out, "</code></a></td><td>");
	html_text(out, strbuf_text(&location));
	strbuf_append(out, "</td><td>");
	if (report->baseline)
		strbuf_append(out, report_is_known(report, index) ? "known" : "new");
	else
		html_text(out, severity_name(f->severity));
	strbuf_append(out, "</td>");
	html_number(out, f->count);
	strbuf_append(out, "</tr>\n");
	strbuf_deinit(&location);
}

/* Many findings are looked at one after the other: which ones there are, at a glance. */
static void print_index(struct strbuf *out, const struct report *report, size_t num)
{
	enum { FEW = 8 };

	if (num <= FEW)
		return;
	strbuf_append(out, "<table class=\"index\"><thead><tr><th>instruction</th><th>where</th><th></th>"
			   "<th class=\"n\">times</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < num; i++)
		print_index_row(out, report, i);
	strbuf_append(out, "</tbody></table>\n");
}

void html_findings(struct strbuf *out, const struct report *report)
{
	size_t num = report->run->findings.list.len;

	if (!num)
		return;
	strbuf_append(out, "<section><h2>Findings</h2>\n");
	print_index(out, report, num);
	for (size_t i = 0; i < num; i++)
		print_finding(out, report, i);
	strbuf_append(out, "</section>\n");
}
