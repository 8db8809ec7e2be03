/* The summary for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/batch/summary.h"

enum { MANY_ROWS = 40, SHOWN_WORDS = 160 };

/* 12345678 as "12,345,678". */
static const char *grouped(uint64_t n, char ret[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n), to = 0;

	for (int i = 0; i < len; i++) {
		ret[to++] = digits[i];
		if ((len - 1 - i) % 3 == 0 && i != len - 1)
			ret[to++] = ',';
	}
	ret[to] = '\0';
	return ret;
}

/* Text of reports and of emulators; of a long one the end. */
static void append_safe(struct strbuf *out, const char *text, size_t max)
{
	size_t len = strlen(text), from = len > max ? len - max : 0;

	if (from)
		strbuf_append(out, "...");
	while (from && ((unsigned char)text[from] & 0xc0) == 0x80)
		from++; /* not from within a character */
	escape_line(out, text + from);
}

/* ---- Totals ---- */

static const char *outcome_of(const struct batch_row_result *r)
{
	return r->record ? r->record->outcome : "missing";
}

static void append_totals(struct strbuf *out, const struct batch_summary *s)
{
	uint64_t rows = 0, instructions = 0, checked = 0;
	const char *comma = "";
	char number[2][32];

	for (size_t i = 0; i < s->rows.len; i++) {
		rows += s->rows.at[i].wanted;
		instructions += s->rows.at[i].instructions;
		checked += s->rows.at[i].checked;
	}
	strbuf_printf(out, "rows         %" PRIu64 ": ", rows);
	for (size_t k = 0; k < BATCH_NUM_OUTCOMES; k++) {
		uint64_t n = 0;
		for (size_t i = 0; i < s->rows.len; i++)
			n += s->rows.at[i].wanted && !strcmp(outcome_of(&s->rows.at[i]), batch_outcomes[k]);
		if (n)
			strbuf_printf(out, "%s%" PRIu64 " %s", comma, n, batch_outcomes[k]);
		comma = n ? ", " : comma;
	}
	strbuf_printf(out, "\ninstructions %s: %s checked\n", grouped(instructions, number[0]),
		      grouped(checked, number[1]));
	for (size_t i = 0; i < s->emulators.len; i++) {
		strbuf_append(out, i ? "             " : "targets      ");
		append_safe(out, s->emulators.at[i], SHOWN_WORDS);
		strbuf_append_char(out, '\n');
	}
}

/* ---- The table ---- */

/* Why a row is not clean, where no message tells more. */
static void append_reasons(struct strbuf *out, const struct batch_row_result *r)
{
	const char *separator = "  ";

	for (size_t i = 0; i < r->reasons.len && !*r->record->message; i++) {
		strbuf_append(out, separator);
		append_safe(out, r->reasons.at[i], SHOWN_WORDS);
		separator = ", ";
	}
}

static void append_row(struct strbuf *out, const struct batch_row_result *r, int width)
{
	char number[32];

	strbuf_printf(out, "%-*s  %-10s", width, r->row, outcome_of(r));
	if (r->target)
		strbuf_printf(out, "  %8" PRIu64 "  %14s", r->findings, grouped(r->instructions, number));
	else
		strbuf_printf(out, "  %8s  %14s", "-", "-");
	if (r->record) {
		strbuf_printf(out, "  %8.1f  %6" PRIu64, (double)r->record->milliseconds / 1e3,
			      r->record->memory >> 20);
		strbuf_append(out, *r->record->message ? "  " : "");
		append_safe(out, r->record->message, SHOWN_WORDS);
		append_reasons(out, r);
	}
	strbuf_append_char(out, '\n');
}

static bool is_dull(const struct batch_row_result *r)
{
	return r->record && (!strcmp(r->record->outcome, "clean") || !strcmp(r->record->outcome, "incomplete")) &&
	       r->record->status == 0 && !r->findings;
}

static void append_table(struct strbuf *out, const struct batch_summary *s, bool verbose)
{
	size_t width = 3, left_out = 0;
	bool all = verbose || s->rows.len <= MANY_ROWS;

	for (size_t i = 0; i < s->rows.len; i++)
		if (strlen(s->rows.at[i].row) > width)
			width = strlen(s->rows.at[i].row);
	strbuf_printf(out, "\n%-*s  %-10s  %8s  %14s  %8s  %6s\n", (int)width, "row", "outcome", "findings",
		      "instructions", "seconds", "MiB");
	for (size_t i = 0; i < s->rows.len; i++) {
		const struct batch_row_result *r = &s->rows.at[i];
		if (!r->wanted)
			continue;
		if (all || !is_dull(r))
			append_row(out, r, (int)width);
		else
			left_out++;
	}
	if (left_out)
		strbuf_printf(out, "and %zu row%s without findings; -v shows all\n", left_out, plural(left_out));
}

/* ---- Findings ---- */

static void append_group(struct strbuf *out, const struct batch_summary *s, size_t number)
{
	const struct batch_group *g = &s->groups.at[number];
	char count[32];

	strbuf_printf(out, "\n%zu. ", number + 1);
	append_safe(out, g->form, SHOWN_WORDS);
	strbuf_append(out, ": ");
	append_safe(out, g->location, SHOWN_WORDS);
	strbuf_printf(out, " (%s)", g->arch);
	if (g->known)
		strbuf_append(out, " [known]");
	if (!g->counts)
		strbuf_append(out, " [does not count]");
	if (g->change)
		strbuf_printf(out, " [%s]", batch_change_name(g->change));
	strbuf_printf(out, "\n   first     in %s at ", s->rows.at[g->rows.at[0]].row);
	append_safe(out, g->pc, SHOWN_WORDS);
	if (g->symbol) {
		strbuf_append(out, " <");
		append_safe(out, g->symbol, SHOWN_WORDS);
		strbuf_append_char(out, '>');
	}
	strbuf_append(out, "  ");
	append_safe(out, g->bytes, SHOWN_WORDS);
	strbuf_append(out, "  ");
	append_safe(out, g->text, SHOWN_WORDS);
	strbuf_printf(out, ", instruction %s\n", grouped(g->instruction, count));
	strbuf_printf(out, "   seen      %s time%s in %zu row%s\n   severity  ", grouped(g->count, count),
		      plural(g->count), g->rows.len, plural(g->rows.len));
	append_safe(out, g->severity, SHOWN_WORDS);
	for (size_t i = 0; i < g->emulators.len; i++) {
		strbuf_append(out, i ? "\n             " : "\n   target    ");
		append_safe(out, s->emulators.at[g->emulators.at[i]], SHOWN_WORDS);
	}
	strbuf_append_char(out, '\n');
}

static void append_unmodelled(struct strbuf *out, const struct batch_summary *s)
{
	char count[32];

	if (s->unmodelled.len)
		strbuf_append(out, "\nnot modelled (executed, their results adopted):\n");
	for (size_t i = 0; i < s->unmodelled.len; i++) {
		const struct batch_total *t = &s->unmodelled.at[i];
		strbuf_append(out, "   ");
		append_safe(out, t->mnemonic, SHOWN_WORDS);
		strbuf_printf(out, " (%s): %s time%s in %" PRIu64 " row%s\n", t->arch, grouped(t->count, count),
			      plural(t->count), t->rows, plural(t->rows));
	}
}

static void append_baseline(struct strbuf *out, const struct batch_summary *s)
{
	size_t seen = 0;

	for (size_t i = 0; i < s->known.len; i++)
		seen += s->known.at[i].seen;
	if (s->known.len)
		strbuf_printf(out, "baseline     %zu known, %zu stale, %zu not exercised\n", seen, s->stale,
			      s->known.len - seen - s->stale);
}

static void append_stale(struct strbuf *out, const struct batch_summary *s)
{
	if (s->stale)
		strbuf_append(out, "\nstale (in the baseline, judged in some row, and seen in none):\n");
	for (size_t i = 0; i < s->known.len; i++) {
		const struct batch_known *k = &s->known.at[i];
		if (!k->stale)
			continue;
		strbuf_append(out, "   ");
		append_safe(out, k->form, SHOWN_WORDS);
		strbuf_append(out, ": ");
		append_safe(out, k->place, SHOWN_WORDS);
		strbuf_append(out, ", ");
		append_safe(out, k->cause, SHOWN_WORDS);
		strbuf_append(out, " (");
		append_safe(out, k->arch, SHOWN_WORDS);
		strbuf_append(out, ")\n");
	}
}

static void append_comparison(struct strbuf *out, const struct batch_summary *s)
{
	if (s->state->header.emulators < 2)
		return;
	strbuf_printf(out,
		      "comparison   of @2 with @1: %" PRIu64 " new, %" PRIu64 " fixed, %" PRIu64 " common, %" PRIu64
		      " undecided\n",
		      s->changes[BATCH_NEW], s->changes[BATCH_FIXED], s->changes[BATCH_COMMON],
		      s->changes[BATCH_UNDECIDED]);
}

static void append_kinds(struct strbuf *out, const struct batch_summary *s)
{
	size_t counted = 0;

	for (size_t i = 0; i < s->groups.len; i++)
		counted += s->groups.at[i].counts;
	if (!s->groups.len)
		return;
	strbuf_printf(out, "findings     %zu kind%s", s->groups.len, plural(s->groups.len));
	if (counted < s->groups.len)
		strbuf_printf(out, ", %zu of which count%s", counted, counted == 1 ? "s" : "");
	strbuf_append_char(out, '\n');
}

void batch_summary_text(struct strbuf *out, const struct batch_summary *s, bool verbose)
{
	append_totals(out, s);
	append_kinds(out, s);
	append_comparison(out, s);
	append_baseline(out, s);
	append_table(out, s, verbose);
	for (size_t i = 0; i < s->groups.len; i++)
		append_group(out, s, i);
	append_unmodelled(out, s);
	append_stale(out, s);
}
