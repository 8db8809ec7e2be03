/* What the formats share. */
#include "lib/report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/document.h"
#include "lib/sys/signal.h"

struct error *report_write(const struct report_format *format, const struct report *report, const char *path)
{
	struct strbuf text = {0};

	format->print(&text, report);
	struct error *err = document_write(&text, format->name, path);
	strbuf_deinit(&text);
	return err;
}

bool report_is_known(const struct report *report, size_t finding)
{
	return report->baseline && report->baseline->entry.at[finding];
}

bool report_counts(const struct report *report, size_t finding)
{
	return finding_counts(&report->run->findings.list.at[finding], report->run->fail_on);
}

void report_tally(const struct report *report, struct report_tally *ret)
{
	*ret = (struct report_tally){.all = report->run->findings.list.len};
	for (size_t i = 0; i < ret->all; i++) {
		bool counts = report_counts(report, i), fresh = !report_is_known(report, i);
		ret->counted += counts;
		ret->fresh += fresh;
		ret->failing += counts && fresh;
	}
}

enum verdict report_news(const struct report *report)
{
	struct report_tally t;

	report_tally(report, &t);
	return run_verdict_with(report->run, t.failing, t.fresh - t.failing);
}

void report_why_not_counted(struct strbuf *out, const struct report *report, size_t finding)
{
	strbuf_printf(out, "%s: less sure than --fail-on %s",
		      severity_name(report->run->findings.list.at[finding].severity),
		      severity_name(report->run->fail_on));
}

static const char *call_name(const struct report *report, uint64_t number)
{
	for (uint32_t i = 0; i < report->isa->sys.num_rows; i++)
		if (report->isa->sys.table[i].number == number)
			return report->isa->sys.table[i].name;
	return "?";
}

void report_event_name(const struct report *report, const struct timeline_event *event, char ret[REPORT_EVENT_NAME_LEN])
{
	char buffer[SIGNAL_NAME_LEN];

	snprintf(ret, REPORT_EVENT_NAME_LEN, "%s",
		 event->signal ? signal_name(event->signal, buffer) : call_name(report, event->number));
}

void report_symbol(struct strbuf *out, const struct report *report, uint64_t address)
{
	struct strbuf text = {0};

	if (report->symbol)
		report->symbol(report->symbol_ctx, address, &text);
	if (text.len > 3) /* " <name>" */
		strbuf_append_bytes(out, text.at + 2, text.len - 3);
	strbuf_deinit(&text);
}

void report_value(struct strbuf *out, const uint64_t *value, unsigned width)
{
	strbuf_append(out, "0x");
	for (unsigned digit = (width + 3) / 4; digit-- > 0;)
		strbuf_printf(out, "%x", (unsigned)(value[digit / 16] >> digit % 16 * 4 & 15));
}

void report_count(struct strbuf *out, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		strbuf_append_char(out, digits[i]);
		if ((len - 1 - i) % 3 == 0 && i != len - 1)
			strbuf_append_char(out, ',');
	}
}

void report_seen(struct strbuf *out, const struct finding *f, const uint64_t *value)
{
	char buffer[SIGNAL_NAME_LEN];

	if (f->kind != LOCATION_FAULT)
		report_value(out, value, f->width);
	else
		strbuf_append(out, value[0] ? signal_name((int)value[0], buffer) : "no fault");
	if (f->kind == LOCATION_FAULT && value == f->expected && f->insn.rule)
		strbuf_printf(out, " (%s)", f->insn.rule);
}

void report_title(struct strbuf *out, const struct report *report, size_t finding)
{
	const struct finding *f = &report->run->findings.list.at[finding];

	strbuf_printf(out, "%s: ", f->insn.form);
	finding_location(out, f, report->isa);
}

void report_summary(struct strbuf *out, const struct report *report, size_t finding)
{
	const struct finding *f = &report->run->findings.list.at[finding];

	strbuf_append(out, "expected ");
	report_seen(out, f, f->expected);
	strbuf_append(out, ", observed ");
	report_seen(out, f, f->observed);
	strbuf_printf(out, " at 0x%" PRIx64, f->insn.pc);
	if (report->symbol)
		report->symbol(report->symbol_ctx, f->insn.pc, out);
}

void report_guest_end(struct strbuf *out, const struct run *run)
{
	char name[SIGNAL_NAME_LEN];

	if (run->exit_signal)
		strbuf_printf(out, "was killed by signal %d (%s)", run->exit_signal,
			      signal_name(run->exit_signal, name));
	else if (run->exited && run->exit_status)
		strbuf_printf(out, "exited with status %d", run->exit_status);
}

/* What was seen to be wrong explains more than what was not seen. */
const struct adopted *report_adopted(const struct run *run)
{
	return run->differed.instruction ? &run->differed : &run->adopted;
}

const char *report_adopted_reason(const struct adopted *adopted)
{
	if (adopted->differed)
		return "did otherwise than predicted";
	if (adopted->lacks)
		return "the guest's CPU lacks it";
	if (adopted->trap_flag)
		return "sets the trap flag";
	return adopted->reason == UNSEEN_NOTHING ? "not modelled" : unseen_reason_name(adopted->reason);
}

static void append_adopted(struct strbuf *out, const struct report *report, const struct adopted *a)
{
	uint64_t distance = report->run->instructions - a->instruction;

	strbuf_printf(out, "%s at 0x%" PRIx64, a->mnemonic, a->pc);
	if (report->symbol)
		report->symbol(report->symbol_ctx, a->pc, out);
	strbuf_append(out, ", ");
	if (distance)
		report_count(out, distance);
	strbuf_printf(out, "%s before: ",
		      distance == 0   ? "the instruction"
		      : distance == 1 ? " instruction"
				      : " instructions");
	if (a->lacks)
		strbuf_printf(out, "the guest's CPU says that it has no %s", a->lacks);
	else if (a->trap_flag)
		strbuf_append(out, "the guest set the trap flag, whose traps a stepped target does not show");
	else if (a->differed)
		strbuf_append(out, "a finding, and the run went on with what the target has");
	else
		strbuf_printf(out, "%s, its results were adopted", report_adopted_reason(a));
}

void report_likely_cause(struct strbuf *out, const struct report *report)
{
	const struct adopted *a = report_adopted(report->run);

	if (!report->run->lost_expected)
		return;
	if (a->instruction)
		append_adopted(out, report, a);
	if (report->run->events.unplaced)
		strbuf_printf(out, "%saddresses read from /proc, which are not as in this run",
			      a->instruction ? "; or by " : "");
}

bool report_failure(struct strbuf *out, const struct report *report)
{
	const struct run *run = report->run;

	if (run->lost_expected) {
		strbuf_printf(out, "lost sync with the log at event %" PRIu64 ", pc 0x%" PRIx64 ": the log has ",
			      run->lost_event, run->lost_pc);
		escape_line(out, run->lost_expected);
		strbuf_append(out, ", the guest: ");
		escape_line(out, run->lost_observed);
	} else if (run->error) {
		escape_line(out, run->error->message);
	}
	return run->error != NULL;
}

void report_lane(struct strbuf *out, const struct run *run)
{
	const struct run_lane *lane = &run->lane;
	uint64_t stepped = 0;
	const char *before = ": ";

	for (unsigned i = 0; i < NUM_STEPPED; i++)
		stepped += lane->stepped[i];
	report_count(out, lane->logged);
	strbuf_append(out, " in the emulator's log, ");
	report_count(out, stepped);
	strbuf_append(out, " through its stub");
	for (enum stepped_reason reason = 0; reason < NUM_STEPPED; reason++) {
		if (!lane->stepped[reason])
			continue;
		strbuf_append(out, before);
		report_count(out, lane->stepped[reason]);
		strbuf_printf(out, " where %s", stepped_reason_text(reason));
		before = ", ";
	}
}

void report_blocks(struct strbuf *out, const struct run *run)
{
	uint64_t logged = run->lane.logged;

	report_count(out, run->blocks);
	strbuf_append(out, " of more than one instruction, with ");
	report_count(out, run->in_blocks);
	strbuf_append(out, " instructions; ");
	report_count(out, logged > run->in_blocks ? logged - run->in_blocks : 0);
	strbuf_append(out, " were translated alone");
}

void report_audit(struct strbuf *out, const struct run_audit *audit)
{
	if (audit->differing)
		report_count(out, audit->differing);
	strbuf_append(out, audit->differing ? " differ" : "all alike");
	if (audit->unreadable)
		strbuf_printf(out, "; %" PRIu64 " page%s not readable", audit->unreadable, plural(audit->unreadable));
}
