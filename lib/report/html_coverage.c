/* What the run exercised, on the page: a row a family, and its forms when they are asked for. */
#include <string.h>

#include "lib/report/families.h"
#include "lib/report/html.h"

/* "<1 %" is not 0 %. */
static double share(uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0.0;

	return part && percent < 1 ? 1 : percent;
}

static uint64_t sum_of(const uint64_t count[NUM_JUDGED])
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < NUM_JUDGED; k++)
		sum += count[k];
	return sum;
}

static void print_bar(struct strbuf *out, const uint64_t count[NUM_JUDGED])
{
	uint64_t sum = sum_of(count);

	strbuf_append(out, "<span class=\"bar\">");
	for (unsigned k = 0; k < NUM_JUDGED; k++)
		if (count[k])
			strbuf_printf(out, "<span class=\"%s\" style=\"width:%.1f%%\"></span>", judged_name(k),
				      share(count[k], sum));
	strbuf_append(out, "</span>");
}

static void print_form(struct strbuf *out, const struct coverage_form *f)
{
	strbuf_append(out, "<tr><td><code>");
	html_text(out, *f->form ? f->form : "(undecodable)");
	strbuf_append(out, "</code></td><td><code>");
	html_text(out, f->encoding);
	strbuf_append(out, "</code></td>");
	for (unsigned k = 0; k < NUM_JUDGED; k++)
		html_number(out, f->count[k]);
	strbuf_append(out, "</tr>\n");
}

static void print_forms(struct strbuf *out, const struct coverage *c, const char *family)
{
	strbuf_append(out,
		      "<div class=\"wide\"><table><thead><tr><th>form</th><th>encoding</th><th class=\"n\">fully</th>"
		      "<th class=\"n\">partly</th><th class=\"n\">not</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < c->forms.len; i++)
		if (coverage_executed(&c->forms.at[i]) && !strcmp(family_name(&c->forms.at[i]), family))
			print_form(out, &c->forms.at[i]);
	strbuf_append(out, "</tbody></table></div>");
}

static void print_family(struct strbuf *out, const struct family *f)
{
	size_t forms = 0;

	for (unsigned k = 0; k < NUM_JUDGED; k++)
		forms += f->forms[k];
	html_element(out, "span", "family", f->name);
	print_bar(out, f->executed);
	strbuf_append(out, "<span class=\"n\">");
	report_count(out, sum_of(f->executed));
	strbuf_printf(out, "</span><span class=\"n forms\">%zu of %zu forms fully</span>", f->forms[JUDGED_FULLY],
		      forms);
}

void html_coverage(struct strbuf *out, const struct report *report)
{
	const struct coverage *c = &report->run->coverage;
	struct families families;
	struct error *err = families_count(c, &families);

	if (err) { /* out of memory alone */
		error_destroy(err);
		out->failed = true;
		return;
	}
	if (families.list.len)
		strbuf_append(
			out,
			"<section><h2>Coverage</h2>\n<p class=\"legend\"><span><b class=\"fully\"></b>fully judged</span>"
			"<span><b class=\"partly\"></b>in part</span><span><b class=\"not\"></b>not at all</span>"
			"</p>\n<div class=\"families\">\n");
	for (size_t i = 0; i < families.list.len; i++) {
		strbuf_append(out, "<details><summary>");
		print_family(out, &families.list.at[i]);
		strbuf_append(out, "</summary>\n");
		print_forms(out, c, families.list.at[i].name);
		strbuf_append(out, "</details>\n");
	}
	if (families.list.len) {
		strbuf_append(out, "<div class=\"total\">");
		print_family(out, &families.total);
		strbuf_append(out, "</div>\n</div></section>\n");
	}
	families_deinit(&families);
}
