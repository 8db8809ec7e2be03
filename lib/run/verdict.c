#include "lib/run/verdict.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_CLEAN] = "clean",         [VERDICT_INCOMPLETE] = "incomplete",
		[VERDICT_DIVERGENT] = "divergent", [VERDICT_LOST_SYNC] = "lost-sync",
		[VERDICT_ERROR] = "error",
	};

	return names[verdict];
}

/* ---- Gaps ---- */

static const struct {
	const char *name, *text;
} gaps[NUM_GAPS] = {
	[GAP_NOTHING_JUDGED] = {"nothing-judged", "no instruction was judged"},
	[GAP_START_NOT_REACHED] = {"start-not-reached", "the run never came to where judging was to begin"},
	[GAP_INTERRUPTED] = {"interrupted", "the user interrupted the run"},
	[GAP_MAX_INSTRUCTIONS] = {"max-instructions", "the run was ended by --max-instructions"},
	[GAP_UNTIL] = {"until", "the run was ended by --until"},
	[GAP_MAX_FINDINGS] = {"max-findings", "the run was ended by --stop-on-first or --max-findings"},
	[GAP_TIMEOUT] = {"timeout", "the run was ended by --timeout"},
	[GAP_CUT] = {"trace-cut", "the trace that was judged is not whole"},
	[GAP_UNMODELLED] = {"unmodelled", "there is no model of some instructions"},
	[GAP_UNSEEN] = {"unseen", "some instructions were not or only partly seen"},
	[GAP_FINDINGS] = {"findings", "there are findings that do not count, being less sure than --fail-on asks for"},
};

const char *gap_name(enum gap gap)
{
	return gaps[gap].name;
}

const char *gap_text(enum gap gap)
{
	return gaps[gap].text;
}

static bool judged_any(const struct run *run)
{
	for (size_t i = 0; i < run->coverage.forms.len; i++) {
		const struct coverage_form *f = &run->coverage.forms.at[i];
		if (coverage_executed(f) > f->count[JUDGED_NOT])
			return true;
	}
	return run->checked || run->findings.list.len;
}

bool run_has_gap(const struct run *run, enum gap gap)
{
	switch (gap) {
	case GAP_NOTHING_JUDGED: return !judged_any(run);
	case GAP_START_NOT_REACHED: return run->unreached;
	case GAP_INTERRUPTED: return run->interrupted;
	case GAP_MAX_INSTRUCTIONS: return run->limit == RUN_LIMIT_INSTRUCTIONS;
	case GAP_UNTIL: return run->limit == RUN_LIMIT_UNTIL;
	case GAP_MAX_FINDINGS: return run->limit == RUN_LIMIT_FINDINGS;
	case GAP_TIMEOUT: return run->timed_out;
	case GAP_CUT: return run->cut;
	case GAP_UNMODELLED: return run->unmodelled.len;
	case GAP_UNSEEN: return run->unseen;
	case GAP_FINDINGS: return findings_counted(&run->findings, run->fail_on) < run->findings.list.len;
	case NUM_GAPS: break;
	}
	return false;
}

/* ---- The verdict ---- */

enum verdict run_verdict_with(const struct run *run, size_t counted, size_t others)
{
	bool whole = !others;

	if (counted)
		return VERDICT_DIVERGENT;
	if (run->error)
		return error_is(run->error, ERROR_LOST_SYNC) ? VERDICT_LOST_SYNC : VERDICT_ERROR;
	for (enum gap gap = 0; gap < NUM_GAPS; gap++)
		whole = whole && (gap == GAP_FINDINGS || !run_has_gap(run, gap));
	return whole ? VERDICT_CLEAN : VERDICT_INCOMPLETE;
}

enum verdict run_verdict(const struct run *run)
{
	size_t counted = findings_counted(&run->findings, run->fail_on);

	return run_verdict_with(run, counted, run->findings.list.len - counted);
}
