/*
 * What a run found, for people and for programs: one view of a run (struct report), and a writer a format, each in the
 * file of its name. Writers build text; report_write() puts it where it belongs.
 */
/* clang-format off */
/*
 * The JSON report (format "validate-report", version 1) is one object; report.schema.json has its types, and
 * testdata/tests/exit-status.sh holds reports of each verdict against it:
 *
 *   format, version        "validate-report", 1
 *   verdict                "clean", "incomplete", "divergent", "lost-sync" or "error"
 *   reasons                what keeps the run from being clean, besides findings that count, a loss of sync and an error:
 *                          names of gaps (lib/run/verdict.h), in the order there; empty if it is whole
 *   fail_on                the severity that findings have to have at least to count
 *   target, arch, program  identity of the emulator, name of the ISA, path of the guest program
 *   sandbox                what the emulator that was started is locked in by, else (unicorn, a trace) validate itself;
 *                          null: nothing (--remote); {on, seccomp, seccomp_missing, landlock, landlock_missing, refused}.
 *                          on: false with --sandbox off; seccomp: allowed is what a "guest" needs, or what the emulator's
 *                          "start" needs, too, or what validate needs of its "own", or all ("none"); landlock: the version,
 *                          or 0; *_missing: null, or why it is not more; refused: the emulator tried what it must not,
 *                          which ended the run, and error names it
 *   cpu_vendor             "Intel" or "AMD", by what the guest's CPU says of itself or by --vendor; null: not known
 *   instructions, passed_over, checked, grouped, unseen
 *                          executed; of these, before judging began (--from); judged in all that the target shows; of
 *                          checked, in sequences that no stop may break, of which the end was judged; not or only partly
 *                          judged, because an input was not known or a result is not shown
 *   either                 of those checked: what some CPUs do and others not, where nobody knows which the guest's is
 *   blocks, in_blocks      translation blocks of more than one instruction that were judged as such (--granularity block),
 *                          and the instructions in them
 *   lane                   null where the guest cannot run freely (no log lane): all was stepped; or {granularity, logged,
 *                          stepped: {code, signal, undetermined, map}, stands, compared_bytes, differing_bytes, unreadable_pages,
 *                          left_bytes}: "insn" or "block"; instructions seen in the emulator's log, and those that were
 *                          stepped through its stub, by the reason (code may change; the event log has a signal; it stores
 *                          what only the emulator decides; nobody knows what is mapped); how often it stood, and what
 *                          memory that was stored to was compared there; bytes of mappings that were too large to be read
 *                          before the guest ran
 *   lane_refused           null, or why the guest was stepped though the log would have done (--lane auto)
 *   unmodelled             [{mnemonic, count, first_pc}]: executed without a transfer, their results adopted
 *   outside                null, or {name, cpu}: some of those are of extensions that stay outside of the model; a CPU
 *                          model of QEMU's that has none of them
 *   partly_seen            [{mnemonic, reason, register, count, first_pc}]: what unseen counts; register: one that the
 *                          target does not show, or null
 *   findings               [{pc, symbol, bytes, mnemonic, form, text, key, place, cause, location, width, expected,
 *                          observed, mask, severity, counts, opinion, formula, inputs: [{name, width, value}], count,
 *                          first_instruction, since, event, baseline}]; since: the first instruction that it may have
 *                          been, less than first_instruction for what is looked at now and then; key: arch, form, place
 *                          and cause as one text, which tells findings apart and is the same in every run (baseline.h);
 *                          baseline: "new", "known", or null without a baseline
 *   baseline               null, or {file, new, known, stale, not_exercised, entries: [{arch, form, place, cause, note,
 *                          link, state}]}: findings that are new; entries by state: "known" (seen), "stale" (not seen,
 *                          though instructions of the form were judged), "not exercised"
 *   coverage               [{family, form, encoding, status, fully, partly, not, first_pc}]: executions of each form and
 *                          encoding, by how far they were judged: in all that the architecture defines; but for what the
 *                          target does not show or nobody knew; not at all. status: "modelled", "unmodelled" or
 *                          "undecodable"; family: the table that models it, or what kind it is
 *   timeline               {instructions_per_stretch, nanoseconds, events, findings, pc, events_kept_each, system_calls,
 *                          slowest}: four lists with a number or address for each stretch of the run (pc: where it was
 *                          in it), and system calls and signals as {index, name, pc, instruction, at, nanoseconds}: every
 *                          events_kept_each-th in order, and those that took longest
 *   memory_audit           {audits, bytes, differing_bytes, unreadable_pages}: comparisons of all that the model knows of
 *                          memory with what the guest has; pages: known, and not to be read
 *   events                 {total, emulated, executed, passed, skipped, unlogged, delivered, calls: [{name, emulated,
 *                          executed, passed}], unplaced}; skipped: events of the log that the guest did not ask for;
 *                          unlogged: calls of the guest, on its own memory only, that the log does not have; delivered:
 *                          signals; unplaced, if there are any: addresses that it read in /proc and that are not as they
 *                          are in this run
 *   lost_sync              null, or {event, pc, expected, observed, likely_cause}; likely_cause: null, or the last
 *                          instruction before that did otherwise than predicted, or else of which not all was judged
 *                          {mnemonic, pc, symbol, instruction, reason}
 *   error                  null, or why the run ended early
 *   guest                  {exit_status, exit_signal}: null where it did not end so
 *   interrupted, unreached, limited
 *                          the user stopped it; it never came to where judging was to begin (nothing was judged); it
 *                          ended at a limit that was asked for
 *   cut                    null, or what is missing at the end of the trace that was judged
 *   seconds, instructions_per_second
 *
 * Addresses and values are strings, "0x" and hexadecimal digits; bytes of instructions are hexadecimal without it. mask
 * has 1 bits where a value was not compared. Counts and times are numbers.
 */
/* clang-format on */
#ifndef LIB_REPORT_REPORT_H
#define LIB_REPORT_REPORT_H

#include "lib/base/strbuf.h"
#include "lib/report/baseline.h"
#include "lib/run/verdict.h"
#include "lib/sandbox/sandbox.h"

struct report {
	const struct run *run;
	const struct isa *isa;
	const char *target;                  /* identity of the emulator */
	const struct sandbox_state *sandbox; /* of an emulator that was started; NULL: none was */
	const char *lane_refused; /* why an emulator that was started has no log to be read; NULL: it has, or none was
				     wanted */
	const char *program;      /* path of the guest */
	const char *version;      /* of validate: "0.1" */
	const struct replay_count *calls;
	size_t num_calls;
	const struct baseline_verdict *baseline; /* NULL: none was given */
	const char *baseline_path;
	/* Appends " <name+0x10>" for an address that has a symbol, the name by escape_line(); may be NULL. */
	void (*symbol)(void *ctx, uint64_t address, struct strbuf *out);
	void *symbol_ctx;
};

/* For a terminal. verbose: also the calls by policy. */
void report_text(struct strbuf *out, const struct report *report, bool verbose);

/* A way to write a report. */
struct report_format {
	const char *name; /* as an option is called: "junit" */
	void (*print)(struct strbuf *out, const struct report *report);
};

/* validate's own, JUnit's XML, SARIF 2.1.0, a page for a browser. */
extern const struct report_format report_json, report_junit, report_sarif, report_html;

/* Lines that GitHub Actions turns into annotations, for what is no known finding. */
extern const struct report_format report_github;

/* Writes to a file, which gets its name when it is complete; "-": standard output. */
struct error *report_write(const struct report_format *format, const struct report *report, const char *path);

/* ---- What the formats share ---- */

/* A finding is in the baseline; false without one. */
bool report_is_known(const struct report *report, size_t finding);

/* A finding is as sure as the run was told to fail on; less sure ones are shown, and fail nothing. */
bool report_counts(const struct report *report, size_t finding);

struct report_tally {
	size_t all;     /* findings */
	size_t counted; /* of these, that count */
	size_t fresh;   /* that the baseline does not have; all without one */
	size_t failing; /* that count and that it does not have */
};

void report_tally(const struct report *report, struct report_tally *ret);

/* The verdict on what is left of the run without the findings that the baseline has. */
enum verdict report_news(const struct report *report);

/* "possible: less sure than --fail-on model" for one that does not count. */
void report_why_not_counted(struct strbuf *out, const struct report *report, size_t finding);

/* Of a system call of the guest's ISA, or of a signal: "write", "SIGALRM", or "?". */
enum { REPORT_EVENT_NAME_LEN = 40 };
void report_event_name(const struct report *report, const struct timeline_event *event,
		       char ret[REPORT_EVENT_NAME_LEN]);

/* "blsi r32, r32: cf". */
void report_title(struct strbuf *out, const struct report *report, size_t finding);

/* "expected 0x0, observed 0x1 at 0x401000 <main+0x10>". */
void report_summary(struct strbuf *out, const struct report *report, size_t finding);

/* The finding as the text report has it, without its number. */
void report_finding_text(struct strbuf *out, const struct report *report, size_t finding);

/* Why the run was not followed to its end; false if it was, or the user or a limit ended it. */
bool report_failure(struct strbuf *out, const struct report *report);

/* How the steps of a guest that can run freely were seen: "1,234 in the emulator's log, 5 through its stub: ...". */
void report_lane(struct strbuf *out, const struct run *run);

/* Of a run by translation blocks: how many of more than one instruction there were, and what stood alone. */
void report_blocks(struct strbuf *out, const struct run *run);

/* "all alike", or how many bytes of a comparison differ, and what could not be read. */
void report_audit(struct strbuf *out, const struct run_audit *audit);

/* A value, or the fault that it stands for: "0x1", "SIGILL", "no fault"; of an expected one, by which rule. */
void report_seen(struct strbuf *out, const struct finding *f, const uint64_t *value);

/* 12345678 as "12,345,678". */
void report_count(struct strbuf *out, uint64_t n);

/*
 * The likely cause of a lost sync: "vmovdqu64 at 0x4032c5 <f+0x10>, 12 instructions before: not modelled, its results
 * were adopted"; nothing if all was judged and right. Or that it was refused: "the guest's CPU says that it has no
 * AVX2"; or that it is a finding. Or what the guest read from /proc, where not all of that could be put right.
 */
void report_likely_cause(struct strbuf *out, const struct report *report);
/* The last instruction that did otherwise than predicted, or else of which not all was judged. */
const struct adopted *report_adopted(const struct run *run);
/* Why not all of it was judged. */
const char *report_adopted_reason(const struct adopted *adopted);

/* How the guest ended, if not as a program should: "was killed by signal 11 (SIGSEGV)", "exited with status 1". */
void report_guest_end(struct strbuf *out, const struct run *run);

/* Appends "name+0x10"; nothing for an address without a symbol. */
void report_symbol(struct strbuf *out, const struct report *report, uint64_t address);

/*
 * The finding's values as lines with these titles, a caret under every digit in which they differ, and the differing
 * bits. Of a value too wide for a line, only the rows are shown that differ.
 */
void report_values(struct strbuf *out, const struct finding *f, const char *first, const char *second);

/* "bits 63:32, 31, 3": those that differ, highest first; "bit 3", "its only bit, 0". */
void report_differing(struct strbuf *out, const struct finding *f);

/* A value of width bits as "0x..." with all digits. */
void report_value(struct strbuf *out, const uint64_t *value, unsigned width);

#endif
