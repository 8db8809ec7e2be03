#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/diff.h"
#include "lib/report/report.h"

const char *diff_verdict_name(enum diff_verdict verdict)
{
	static const char *const names[] = {[DIFF_SAME] = "same", [DIFF_DIFFERENT] = "different", [DIFF_LOST] = "lost"};

	return names[verdict];
}

/* "1,234 steps" */
static void append_number(struct strbuf *out, uint64_t n, const char *what)
{
	report_count(out, n);
	strbuf_printf(out, " %s%s", what, plural(n));
}

/* ---- Findings ---- */

/* Two lines for values of A and B, and what differs. */
static void append_values(struct strbuf *out, const struct finding *f)
{
	if (f->kind != LOCATION_FAULT) {
		report_values(out, f, "A", "B");
		return;
	}
	strbuf_append(out, "   A         ");
	report_seen(out, f, f->expected);
	strbuf_append(out, "\n   B         ");
	report_seen(out, f, f->observed);
	strbuf_append_char(out, '\n');
}

static void append_symbol(struct strbuf *out, const struct diff_report *r, uint64_t address)
{
	if (r->symbol)
		r->symbol(r->symbol_ctx, address, out);
}

static void append_place(struct strbuf *out, const char *which, uint64_t number, uint64_t event, uint64_t pc)
{
	strbuf_printf(out, "%s instruction ", which);
	report_count(out, number);
	strbuf_printf(out, ", before event %" PRIu64 ", pc 0x%" PRIx64, event, pc);
}

static const char *note_of(const struct finding *f, const struct diff_other *o)
{
	switch (o->kind) {
	case DIFF_PLACE: return ", address of the store (0: none)";
	case DIFF_CODE: return ", the instruction's bytes";
	case DIFF_LOADED: return ", read";
	case DIFF_VALUE: break;
	}
	return f->unwritten ? ", which the instruction does not write" : "";
}

static void append_finding(struct strbuf *out, const struct diff_report *r, const struct diff_list *list, size_t i)
{
	const struct finding *f = &list->findings.list.at[i];
	const struct diff_other *o = &list->other.at[i];

	strbuf_printf(out, "\n%zu. %s: ", i + 1, f->insn.form);
	finding_location(out, f, trace_reader_header(r->a)->isa);
	strbuf_printf(out, "%s\n   at        0x%" PRIx64, note_of(f, o), f->insn.pc);
	append_symbol(out, r, f->insn.pc);
	strbuf_append(out, "  ");
	strbuf_append_hex(out, f->insn.bytes, f->insn.len);
	strbuf_printf(out, "  %s\n", f->insn.text);
	append_values(out, f);
	for (size_t k = 0; k < f->inputs.len; k++) {
		strbuf_printf(out, "   %s  %s = ", k ? "        " : "inputs  ", f->inputs.at[k].name);
		report_value(out, f->inputs.at[k].value, f->inputs.at[k].width);
		strbuf_append_char(out, '\n');
	}
	strbuf_append(out, "   seen      ");
	append_number(out, f->count, "time");
	append_place(out, ", first at A's", f->first_instruction, f->event, f->insn.pc);
	append_place(out, "\n             and B's", o->number, o->event, o->pc);
	strbuf_append_char(out, '\n');
}

/* A group in a line: what is no bug. */
static void append_line(struct strbuf *out, const struct diff_report *r, const struct diff_list *list, size_t i)
{
	const struct finding *f = &list->findings.list.at[i];

	strbuf_printf(out, "   %s: ", f->insn.form);
	finding_place(out, f, trace_reader_header(r->a)->isa);
	if (f->flags) {
		strbuf_append_char(out, ' ');
		finding_cause(out, f, trace_reader_header(r->a)->isa);
	}
	strbuf_append(out, ": ");
	append_number(out, f->count, "time");
	append_place(out, ", first at A's", f->first_instruction, f->event, f->insn.pc);
	strbuf_append(out, ", B's ");
	report_count(out, list->other.at[i].number);
	strbuf_append_char(out, '\n');
}

struct class_text {
	const char *title;
	bool whole; /* each finding with its values */
};

static const struct class_text class_texts[DIFF_NUM_CLASSES] = {
	[DIFF_INDEPENDENT] = {"independent differences (equal inputs, different results)", true},
	[DIFF_ORIGIN_UNKNOWN] = {"differences of unknown origin (no instruction that was seen made them)", true},
	[DIFF_UNDEFINED] = {"undefined by the architecture, no bugs", false},
	[DIFF_OUTSIDE] = {"from outside: time, identity of the CPU, the initial stack, what the kernel destroys",
			  false},
	[DIFF_CONSEQUENCE] = {"consequences (the inputs differed already)", false},
	[DIFF_ADDRESSES] = {"what other addresses make of it (as the model says)", false},
};

static void append_list(struct strbuf *out, const struct diff_report *r, enum diff_class class)
{
	const struct diff_list *list = &r->result->list[class];

	if (!list->findings.list.len)
		return;
	strbuf_printf(out, "\n%s:\n", class_texts[class].title);
	for (size_t i = 0; i < list->findings.list.len; i++) {
		if (class_texts[class].whole)
			append_finding(out, r, list, i);
		else
			append_line(out, r, list, i);
	}
	if (list->unlisted) {
		strbuf_append(out, "   and ");
		append_number(out, list->unlisted, "further difference");
		strbuf_append(out, " of forms that --max-findings leaves out\n");
	}
}

/* ---- Paths, endings, where alignment was lost ---- */

static void append_path(struct strbuf *out, const struct diff_report *report, const struct diff_path *p)
{
	strbuf_append(out, "   A executed ");
	append_number(out, p->steps_a, "instruction");
	strbuf_printf(out, " from 0x%" PRIx64, p->from_a);
	append_symbol(out, report, p->from_a);
	strbuf_append(out, ", B ");
	report_count(out, p->steps_b);
	strbuf_printf(out, " from 0x%" PRIx64 ", to 0x%" PRIx64, p->from_b, p->to_a);
	append_symbol(out, report, p->to_a);
	if (p->to_a != p->to_b)
		strbuf_printf(out, " (B: 0x%" PRIx64 ")", p->to_b);
	strbuf_append(out, p->by_event ? ", a system call" : "");
	strbuf_append(out, "\n      at A's instruction ");
	report_count(out, p->number_a);
	strbuf_append(out, ", B's ");
	report_count(out, p->number_b);
	if (p->insn.status != LIFT_TRUNCATED) {
		strbuf_printf(out, ", behind 0x%" PRIx64, p->insn.pc);
		append_symbol(out, report, p->insn.pc);
		strbuf_printf(out, "  %s", p->insn.text);
	}
	if (p->count > 1) {
		strbuf_append(out, "; ");
		append_number(out, p->count, "time");
	}
	strbuf_append_char(out, '\n');
}

static void append_paths(struct strbuf *out, const struct diff_report *report)
{
	const struct diff_result *r = report->result;

	if (!r->num_paths)
		return;
	strbuf_append(out, "\ndifferent paths:\n");
	for (size_t i = 0; i < r->paths.len; i++)
		append_path(out, report, &r->paths.at[i]);
	if (r->paths_unlisted) {
		strbuf_append(out, "   and ");
		append_number(out, r->paths_unlisted, "further path");
		strbuf_append_char(out, '\n');
	}
}

static void append_ending(struct strbuf *out, const struct diff_ending *e)
{
	strbuf_append(out, "ending       ");
	if (!e->number_a && !e->number_b) {
		strbuf_printf(out, "thread %" PRIu64 " is in %s alone: ", e->left_a ? e->tid_a : e->tid_b,
			      e->left_a ? "A" : "B");
		append_number(out, e->left_a ? e->left_a : e->left_b, "step");
	} else if (e->left_a || e->left_b) {
		strbuf_printf(out, "%s ends, %s goes on for ", e->left_a ? "B" : "A", e->left_a ? "A" : "B");
		append_number(out, e->left_a ? e->left_a : e->left_b, "step");
		strbuf_append(out, " behind A's instruction ");
		report_count(out, e->number_a);
		strbuf_append(out, ", B's ");
		report_count(out, e->number_b);
	} else {
		strbuf_append(out, "the traces end differently");
	}
	if (e->why) {
		strbuf_append(out, ": ");
		escape_line(out, e->why);
	}
	strbuf_append_char(out, '\n');
}

static void append_lost(struct strbuf *out, const struct diff_lost *l)
{
	strbuf_append(out, "lost         the paths part for good");
	append_place(out, ": A's", l->number_a, l->event_a, l->pc_a);
	append_place(out, "; B's", l->number_b, l->event_b, l->pc_b);
	strbuf_append(out, "; not compared: ");
	append_number(out, l->left_a, "step");
	strbuf_append(out, " of A, ");
	report_count(out, l->left_b);
	strbuf_append(out, " of B\n");
}

/* ---- The head ---- */

static void append_trace(struct strbuf *out, const char *which, const struct trace_reader *r)
{
	strbuf_printf(out, "%-13s", which);
	escape_line(out, trace_reader_path(r));
	strbuf_append(out, ": ");
	escape_line(out, trace_reader_header(r)->emulator);
	strbuf_append(out, ", ");
	append_number(out, trace_reader_steps(r), "step");
	if (trace_reader_cut(r)) {
		strbuf_append(out, "\nnot whole    ");
		escape_line(out, trace_reader_cut(r));
	}
	strbuf_append_char(out, '\n');
	if (trace_reader_header(r)->no_memory)
		strbuf_printf(out, "memory       not compared: %s has nothing of it\n", which);
}

static void append_counts(struct strbuf *out, const struct diff_result *r)
{
	strbuf_append(out, "compared     ");
	append_number(out, r->compared, "instruction");
	strbuf_append(out, ", ");
	append_number(out, r->events, "system call");
	if (r->repeats) {
		strbuf_append(out, "; ");
		report_count(out, r->repeats);
		strbuf_append(out, " in steps of different size");
	}
	strbuf_append(out, "\ndifferences  ");
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++) {
		strbuf_append(out, c ? ", " : "");
		report_count(out, r->list[c].total);
		strbuf_printf(out, " %s", diff_class_name((enum diff_class)c));
	}
	strbuf_append_char(out, '\n');
	if (r->num_paths) {
		strbuf_append(out, "paths        ");
		append_number(out, r->num_paths, "difference");
		strbuf_append(out, ": ");
		append_number(out, r->path_steps_a, "step");
		strbuf_append(out, " of A, ");
		report_count(out, r->path_steps_b);
		strbuf_append(out, " of B\n");
	}
}

static void append_start(struct strbuf *out, const struct diff_report *r)
{
	const char *separator = "";

	if (!r->result->start.len)
		return;
	strbuf_append(out, "start        registers differ before the first instruction: ");
	for (size_t i = 0; i < r->result->start.len; i++) {
		strbuf_printf(out, "%s%s", separator,
			      trace_reader_header(r->a)->isa->regs[r->result->start.at[i]].name);
		separator = ", ";
	}
	strbuf_append_char(out, '\n');
}

void diff_report_text(struct strbuf *out, const struct diff_report *report)
{
	const struct diff_result *r = report->result;
	const struct trace_header *h = trace_reader_header(report->a);

	strbuf_printf(out, "verdict      %s\nprogram      ", diff_verdict_name(diff_verdict(r)));
	escape_line(out, h->program.path ? h->program.path : "not known");
	strbuf_printf(out, " (%s)\n", h->isa->name);
	append_trace(out, "A", report->a);
	append_trace(out, "B", report->b);
	append_counts(out, r);
	if (r->interrupted)
		strbuf_append(out, "interrupted: the traces were not compared to their ends\n");
	append_start(out, report);
	for (size_t i = 0; i < r->lost.len; i++)
		append_lost(out, &r->lost.at[i]);
	for (size_t i = 0; i < r->endings.len; i++)
		append_ending(out, &r->endings.at[i]);
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++)
		append_list(out, report, (enum diff_class)c);
	append_paths(out, report);
}
