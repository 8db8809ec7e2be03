/* The report for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/families.h"
#include "lib/report/report.h"

/* A text that is not ours, between two that are. */
static void append_named(struct strbuf *out, const char *before, const char *name, const char *behind)
{
	strbuf_append(out, before);
	escape_line(out, name);
	strbuf_append(out, behind);
}

static void append_symbol(struct strbuf *out, const struct report *report, uint64_t address)
{
	if (report->symbol)
		report->symbol(report->symbol_ctx, address, out);
}

/* ---- Findings ---- */

enum { ROW_BITS = 128 }; /* of a wide value, in a line: with its range it fits a terminal of 80 columns */

static uint64_t differing(const struct finding *f, unsigned word)
{
	return (f->expected[word] ^ f->observed[word]) & ~f->mask[word];
}

/* A caret under every digit that differs, of bits high to low. */
static void append_marks(struct strbuf *out, const struct finding *f, unsigned low, unsigned high)
{
	for (unsigned digit = (high + 4u) / 4; digit-- > low / 4;)
		strbuf_append_char(out, differing(f, digit / 16) >> digit % 16 * 4 & 15 ? '^' : ' ');
	while (out->len && out->at[out->len - 1] == ' ')
		out->at[--out->len] = '\0';
}

static void append_row(struct strbuf *out, const struct finding *f, const char *const titles[2], unsigned low,
		       unsigned high, int label)
{
	const uint64_t *const value[2] = {f->expected, f->observed};
	char bits[16] = "";

	if (label)
		snprintf(bits, sizeof bits, "%u:%u", high, low);
	for (unsigned i = 0; i < 2; i++) {
		strbuf_printf(out, "   %-9s %-*s", titles[i], label, i ? "" : bits);
		strbuf_append(out, label ? " 0x" : "0x");
		for (unsigned digit = (high + 4u) / 4; digit-- > low / 4;)
			strbuf_append_char(out, "0123456789abcdef"[value[i][digit / 16] >> digit % 16 * 4 & 15]);
		strbuf_append_char(out, '\n');
	}
	strbuf_printf(out, "%*s", 15 + label + (label != 0), "");
	append_marks(out, f, low, high);
	strbuf_append_char(out, '\n');
}

void report_values(struct strbuf *out, const struct finding *f, const char *first, const char *second)
{
	const char *const titles[2] = {first, second};
	bool wide = f->width > ROW_BITS, equal = false;

	for (unsigned rows = (f->width + ROW_BITS - 1u) / ROW_BITS; rows-- > 0;) {
		unsigned low = rows * ROW_BITS, high = low + ROW_BITS < f->width ? low + ROW_BITS - 1 : f->width - 1u;
		bool same = !differing(f, low / 64) && (high / 64 == low / 64 || !differing(f, high / 64));
		if (wide && same)
			equal = true;
		else
			append_row(out, f, titles, low, high, wide ? 8 : 0);
	}
	strbuf_append(out, "   differs   in ");
	report_differing(out, f);
	strbuf_append(out, equal ? "; the other rows do not differ\n" : "\n");
}

static unsigned count_differing(const struct finding *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EXPR_MAX_WORDS && i < (f->width + 63u) / 64; i++)
		n += (unsigned)__builtin_popcountll((f->expected[i] ^ f->observed[i]) & ~f->mask[i]);
	return n;
}

void report_differing(struct strbuf *out, const struct finding *f)
{
	const char *comma = "";

	strbuf_append(out, f->width == 1 ? "its only bit, " : count_differing(f) == 1 ? "bit " : "bits ");
	for (int bit = f->width - 1; bit >= 0; bit--) {
		int low = bit;
#define DIFFERS(b) (((f->expected[(b) / 64] ^ f->observed[(b) / 64]) & ~f->mask[(b) / 64]) >> (b) % 64 & 1)
		if (!DIFFERS(bit))
			continue;
		while (low > 0 && DIFFERS(low - 1))
			low--;
#undef DIFFERS
		if (low == bit)
			strbuf_printf(out, "%s%d", comma, bit);
		else
			strbuf_printf(out, "%s%d:%d", comma, bit, low);
		comma = ", ";
		bit = low;
	}
}

static void append_fault(struct strbuf *out, const char *title, const struct finding *f, const uint64_t *signal)
{
	strbuf_printf(out, "   %s  ", title);
	report_seen(out, f, signal);
	strbuf_append_char(out, '\n');
}

/* Line by line, aligned. */
static void append_lines(struct strbuf *out, const char *title, const char *text)
{
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		strbuf_printf(out, "   %s %.*s\n", title, (int)(end - line), line);
		title = "         ";
	}
}

/* A register that is looked at now and then was found changed. */
static void append_interval(struct strbuf *out, const struct finding *f)
{
	if (f->since == f->first_instruction)
		return;
	strbuf_append(out, "   between   instructions ");
	report_count(out, f->since);
	strbuf_append(out, " and ");
	report_count(out, f->first_instruction);
	strbuf_append(out, f->unwritten ? ": seen at the latter only\n" : ": an input was not seen in between\n");
}

/* New or known, where there is a baseline to tell. */
static void append_known(struct strbuf *out, const struct report *report, size_t index)
{
	const struct baseline_entry *e = report_is_known(report, index) ? report->baseline->entry.at[index] : NULL;

	if (!report->baseline)
		return;
	strbuf_append(out, e ? "   baseline  known" : "   baseline  new");
	if (e && *e->note)
		append_named(out, ": ", e->note, "");
	if (e && *e->link)
		append_named(out, " (", e->link, ")");
	strbuf_append_char(out, '\n');
}

static void append_uncounted(struct strbuf *out, const struct report *report, size_t index)
{
	if (report_counts(report, index))
		return;
	strbuf_append(out, "   counts    no, is ");
	report_why_not_counted(out, report, index);
	strbuf_append_char(out, '\n');
}

static void append_seen(struct strbuf *out, const struct finding *f)
{
	strbuf_append(out, "   seen      ");
	report_count(out, f->count);
	strbuf_printf(out, " time%s, first at instruction ", plural(f->count));
	report_count(out, f->first_instruction);
	strbuf_printf(out, ", before event %" PRIu64 "\n", f->event);
}

static void append_bounds(struct strbuf *out, const struct finding *f)
{
	struct strbuf bounds = {0};

	finding_bounds(&bounds, f);
	if (bounds.len)
		append_named(out, "   bound     ", bounds.at, "\n");
	strbuf_deinit(&bounds);
}

void report_finding_text(struct strbuf *out, const struct report *report, size_t finding)
{
	const struct finding *f = &report->run->findings.list.at[finding];

	report_title(out, report, finding);
	strbuf_printf(out, "\n   at        0x%" PRIx64, f->insn.pc);
	append_symbol(out, report, f->insn.pc);
	strbuf_append(out, "  ");
	strbuf_append_hex(out, f->insn.bytes, f->insn.len);
	strbuf_printf(out, "  %s\n", f->insn.text);
	append_interval(out, f);
	if (f->kind == LOCATION_FAULT) {
		append_fault(out, "expected", f, f->expected);
		append_fault(out, "observed", f, f->observed);
	} else {
		report_values(out, f, "expected", "observed");
	}
	append_bounds(out, f);
	for (size_t i = 0; i < f->inputs.len; i++) {
		strbuf_printf(out, "   %s  %s = ", i ? "        " : "inputs  ", f->inputs.at[i].name);
		report_value(out, f->inputs.at[i].value, f->inputs.at[i].width);
		strbuf_append_char(out, '\n');
	}
	append_lines(out, "formula  ", f->formula);
	if (f->block)
		append_lines(out, "block    ", f->block);
	strbuf_printf(out, "   severity  %s%s%s\n", severity_name(f->severity), *f->opinion ? ": " : "", f->opinion);
	append_uncounted(out, report, finding);
	append_seen(out, f);
	if (f->closer == CLOSER_FOUND)
		strbuf_append(out, "   closer    found where that part of the run was run again, step by step\n");
	append_known(out, report, finding);
}

/* What is known need not be explained again, and must not bury what is new. */
static void append_brief(struct strbuf *out, const struct report *report, size_t finding)
{
	report_title(out, report, finding);
	strbuf_append_char(out, '\n');
	append_uncounted(out, report, finding);
	append_seen(out, &report->run->findings.list.at[finding]);
	append_known(out, report, finding);
}

/* ---- The rest ---- */

static void append_unmodelled(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;

	if (!run->unmodelled.len)
		return;
	strbuf_append(out, "\nnot modelled (executed, their results adopted):\n");
	for (size_t i = 0; i < run->unmodelled.len; i++) {
		const struct unmodelled *u = &run->unmodelled.at[i];
		strbuf_printf(out, "   %-16s ", u->mnemonic);
		report_count(out, u->count);
		strbuf_printf(out, " time%s, first at 0x%" PRIx64, plural(u->count), u->first_pc);
		append_symbol(out, report, u->first_pc);
		strbuf_append_char(out, '\n');
	}
	if (coverage_has_outside(&run->coverage, report->isa))
		strbuf_printf(out, "   %s are not modelled: --cpu %s runs the program without them\n",
			      report->isa->outside->name, report->isa->outside->cpu);
}

static void append_partly_seen(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;

	if (!run->partly.len)
		return;
	strbuf_append(out, "\nnot or partly seen:\n");
	for (size_t i = 0; i < run->partly.len; i++) {
		const struct partly_seen *p = &run->partly.at[i];
		strbuf_printf(out, "   %-16s ", p->mnemonic);
		report_count(out, p->count);
		strbuf_printf(out, " time%s, first at 0x%" PRIx64, plural(p->count), p->first_pc);
		append_symbol(out, report, p->first_pc);
		strbuf_printf(out, ": %s", unseen_reason_name(p->reason));
		if (p->reason == UNSEEN_HIDDEN)
			strbuf_printf(out, " (%s)", report->isa->regs[p->reg].name);
		strbuf_append_char(out, '\n');
	}
}

static void append_events(struct strbuf *out, const struct report *report, bool verbose)
{
	const struct replay_totals *e = &report->run->events;

	strbuf_append(out, "events       ");
	report_count(out, e->total);
	strbuf_printf(out,
		      ": %" PRIu64 " emulated, %" PRIu64 " executed, %" PRIu64 " passed; %" PRIu64
		      " of the log skipped",
		      e->emulated, e->executed, e->passed, e->skipped);
	if (e->unlogged)
		strbuf_printf(out, ", %" PRIu64 " not in the log", e->unlogged);
	if (e->unplaced)
		strbuf_printf(out, "; %" PRIu64 " address%s read from /proc not as in this run", e->unplaced,
			      e->unplaced == 1 ? "" : "es");
	if (e->delivered)
		strbuf_printf(out, "; %" PRIu64 " signal%s delivered", e->delivered, plural(e->delivered));
	strbuf_append_char(out, '\n');
	for (size_t i = 0; verbose && i < report->num_calls; i++) {
		const struct replay_count *c = &report->calls[i];
		strbuf_printf(out, "   %-20s %8" PRIu64 " emulated %8" PRIu64 " executed %8" PRIu64 " passed\n",
			      c->name, c->emulated, c->executed, c->passed);
	}
}

static void append_audit(struct strbuf *out, const struct run *run, bool verbose)
{
	const struct run_audit *a = &run->audit;

	if (!a->audits || (!verbose && a->audits == 1 && !a->differing))
		return;
	strbuf_append(out, "memory       ");
	report_count(out, a->bytes);
	strbuf_append(out, " bytes that the model knows compared with the guest's, in ");
	report_count(out, a->audits);
	strbuf_printf(out, " audit%s: ", plural(a->audits));
	report_audit(out, a);
	strbuf_append_char(out, '\n');
}

/* Memory of a guest that runs freely, which can be looked at where it stands. */
static void append_stands(struct strbuf *out, const struct run *run, bool verbose)
{
	const struct run_lane *lane = &run->lane;
	const struct run_audit *a = &lane->stands;

	if (lane->can_flow && (verbose || a->differing || a->unreadable)) {
		strbuf_append(out, "stores       ");
		report_count(out, a->bytes);
		strbuf_append(out, " bytes of pages that were stored to compared with the guest's, where it stood, ");
		report_count(out, a->audits);
		strbuf_printf(out, " time%s: ", plural(a->audits));
		report_audit(out, a);
		strbuf_append_char(out, '\n');
	}
	if (lane->left) {
		strbuf_append(out, "not known    ");
		report_count(out, lane->left);
		strbuf_append(
			out, " bytes of large mappings were not read before the guest ran; what it loads of them first "
			     "counts as not seen\n");
	}
}

/* How the steps were seen. */
static void append_lane(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;

	if (run->lane.can_flow) {
		strbuf_append(out, "seen         ");
		report_lane(out, run);
		strbuf_append_char(out, '\n');
	}
	if (report->lane_refused)
		append_named(out,
			     "seen         all through the emulator's stub, not in its log: ", report->lane_refused,
			     "\n");
	if (run->lane.blocks) {
		strbuf_append(out, "blocks       ");
		report_blocks(out, run);
		strbuf_append_char(out, '\n');
	}
}

static void append_baseline(struct strbuf *out, const struct report *report)
{
	const struct baseline_verdict *v = report->baseline;

	if (!v)
		return;
	strbuf_printf(out, "baseline     %zu new; %zu known, %zu stale, %zu not exercised", v->num_new,
		      v->num[BASELINE_KNOWN], v->num[BASELINE_STALE], v->num[BASELINE_NOT_EXERCISED]);
	append_named(out, " (", report->baseline_path, ")\n");
	if (v->num[BASELINE_STALE])
		strbuf_append(out, "\nstale (in the baseline, judged in this run, and not seen):\n");
	for (size_t i = 0; i < v->state.len; i++) {
		const struct baseline_entry *e = &v->baseline->entries.at[i];
		if (v->state.at[i] != BASELINE_STALE)
			continue;
		append_named(out, "   ", e->key[BASELINE_FORM], ": ");
		append_named(out, "", e->key[BASELINE_PLACE], ", ");
		append_named(out, "", e->key[BASELINE_CAUSE], *e->note ? ": " : "");
		append_named(out, "", e->note, "\n");
	}
}

/* Why it is no more than incomplete. */
static void append_gaps(struct strbuf *out, const struct run *run)
{
	const char *title = "incomplete  ";

	for (enum gap gap = 0; gap < NUM_GAPS; gap++) {
		if (!run_has_gap(run, gap))
			continue;
		strbuf_printf(out, "%s %s%s", title, gap_text(gap), gap == GAP_CUT ? ": " : "");
		append_named(out, "", gap == GAP_CUT ? run->cut : "", "\n");
		title = "            ";
	}
}

static void append_likely_cause(struct strbuf *out, const struct report *report)
{
	struct strbuf cause = {0};

	report_likely_cause(&cause, report);
	if (cause.len)
		strbuf_printf(out, "   probably  by %s\n", cause.at);
	strbuf_deinit(&cause);
}

static void append_ending(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;
	struct strbuf end = {0};

	report_guest_end(&end, run);
	if (end.len)
		strbuf_printf(out, "guest        %s\n", end.at);
	strbuf_deinit(&end);
	append_gaps(out, run);
	if (run->lost_expected) {
		strbuf_printf(out, "lost sync    at event %" PRIu64 ", pc 0x%" PRIx64 "\n", run->lost_event,
			      run->lost_pc);
		append_named(out, "   log       ", run->lost_expected, "\n");
		append_named(out, "   guest     ", run->lost_observed, "\n");
	} else if (run->error) {
		append_named(out, "error        ", run->error->message, "\n");
	}
	append_likely_cause(out, report);
}

static void append_instructions(struct strbuf *out, const struct run *run)
{
	double seconds = (double)run->nanoseconds / 1e9;

	strbuf_append(out, "instructions ");
	report_count(out, run->instructions);
	strbuf_append(out, ": ");
	report_count(out, run->checked);
	strbuf_append(out, " checked");
	if (run->passed_over) {
		strbuf_append(out, ", ");
		report_count(out, run->passed_over);
		strbuf_append(out, " before --from");
	}
	if (run->grouped) {
		strbuf_append(out, " (");
		report_count(out, run->grouped);
		strbuf_append(out, " instructions judged as a group)");
	}
	if (run->within_bound) {
		strbuf_append(out, " (");
		report_count(out, run->within_bound);
		strbuf_append(out, " within bound)");
	}
	if (run->either) {
		strbuf_append(out, " (");
		report_count(out, run->either);
		strbuf_append(out, " as CPUs of one maker or of the other: --vendor tells which)");
	}
	if (run->unseen) {
		strbuf_append(out, ", ");
		report_count(out, run->unseen);
		strbuf_append(out, " not or partly seen");
	}
	strbuf_printf(out, "; %.1f s", seconds);
	if (seconds > 0) {
		strbuf_append(out, ", ");
		report_count(out, (uint64_t)((double)run->instructions / seconds));
		strbuf_append(out, " a second");
	}
	strbuf_append_char(out, '\n');
}

/* "divergent: 5 findings, 2 of which do not count, 1 new". */
static void append_verdict(struct strbuf *out, const struct report *report)
{
	struct report_tally t;

	report_tally(report, &t);
	strbuf_printf(out, "verdict      %s", verdict_name(run_verdict(report->run)));
	if (t.all)
		strbuf_printf(out, ": %zu finding%s", t.all, plural(t.all));
	if (t.all && !t.counted)
		strbuf_append(out, t.all == 1 ? ", which does not count" : ", which do not count");
	else if (t.counted < t.all)
		strbuf_printf(out, ", %zu of which do%s not count", t.all - t.counted,
			      t.all - t.counted == 1 ? "es" : "");
	if (t.all && report->baseline && !t.fresh)
		strbuf_append(out, ", none new");
	else if (t.all && report->baseline)
		strbuf_printf(out, ", %zu new", t.fresh);
	if (t.fresh > t.failing && t.counted && report->baseline)
		strbuf_printf(out, ", %zu of these count%s", t.failing, t.failing == 1 ? "s" : "");
	strbuf_append_char(out, '\n');
}

/* Of validate itself only what is missing is news. */
static void append_sandbox(struct strbuf *out, const struct report *report, bool verbose)
{
	const struct sandbox_state *s = report->sandbox;

	if (!s || (s->filter == SANDBOX_OWN && s->landlock && !verbose))
		return;
	strbuf_append(out, "sandbox      ");
	sandbox_describe(out, report->sandbox);
	strbuf_append_char(out, '\n');
}

void report_text(struct strbuf *out, const struct report *report, bool verbose)
{
	const struct run *run = report->run;

	append_verdict(out, report);
	append_named(out, "program      ", report->program, " (");
	strbuf_printf(out, "%s)\n", report->isa->name);
	append_named(out, "target       ", report->target, "\n");
	append_sandbox(out, report, verbose);
	append_instructions(out, run);
	append_lane(out, report);
	append_events(out, report, verbose);
	append_audit(out, run, verbose);
	append_stands(out, run, verbose);
	append_ending(out, report);
	append_baseline(out, report);
	append_unmodelled(out, report);
	append_partly_seen(out, report);
	for (size_t i = 0; i < run->findings.list.len; i++) {
		strbuf_printf(out, "\n%zu. ", i + 1);
		if (report_is_known(report, i) && !verbose)
			append_brief(out, report, i);
		else
			report_finding_text(out, report, i);
	}
}
