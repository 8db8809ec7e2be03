/* What a run found, for people and for programs. */
/* clang-format off */
/*
 * The JSON report (format "validate-report", version 1) is one object; report.schema.json has its types, and
 * testdata/tests/exit-status.sh holds reports of each verdict against it:
 *
 *   format, version        "validate-report", 1
 *   verdict                "clean", "incomplete", "divergent", "lost-sync" or "error"
 *   target, arch, program  identity of the emulator, name of the ISA, path of the guest program
 *   instructions, checked, unseen
 *                          executed; judged in all that the target shows; not or only partly judged, because an input
 *                          was not known or a result is not shown
 *   unmodelled             [{mnemonic, count, first_pc}]: executed without a transfer, their results adopted
 *   partly_seen            [{mnemonic, reason, register, count, first_pc}]: what unseen counts; register: one that the
 *                          target does not show, or null
 *   findings               [{pc, symbol, bytes, mnemonic, form, text, key, place, cause, location, width, expected,
 *                          observed, mask, severity, opinion, formula, inputs: [{name, width, value}], count,
 *                          first_instruction, event}]; key: arch, form, place and cause as one text, which tells
 *                          findings apart and is the same in every run (baseline.h)
 *   events                 {total, emulated, executed, passed, skipped, unlogged, calls: [{name, emulated, executed,
 *                          passed}]}; skipped: events of the log that the guest did not ask for; unlogged: calls of
 *                          the guest, on its own memory only, that the log does not have
 *   lost_sync              null, or {event, pc, expected, observed}
 *   error                  null, or why the run ended early
 *   guest                  {exit_status, exit_signal}: null where it did not end so
 *   interrupted, unreached, limited
 *                          the user stopped it; it never came to where judging was to begin (nothing was judged); it
 *                          ended at a limit that was asked for
 *   seconds, instructions_per_second
 *
 * Addresses and values are strings, "0x" and hexadecimal digits; bytes of instructions are hexadecimal without it. mask
 * has 1 bits where a value was not compared. Counts and times are numbers.
 */
/* clang-format on */
#ifndef LIB_REPORT_REPORT_H
#define LIB_REPORT_REPORT_H

#include "lib/base/strbuf.h"
#include "lib/lockstep/lockstep.h"

struct report {
	const struct run *run;
	const struct isa *isa;
	const char *target;  /* identity of the emulator */
	const char *program; /* path of the guest */
	const struct replay_count *calls;
	size_t num_calls;
	/* Appends " <name+0x10>" for an address that has a symbol; may be NULL. */
	void (*symbol)(void *ctx, uint64_t address, struct strbuf *out);
	void *symbol_ctx;
};

/* For a terminal. verbose: also the calls by policy. */
void report_text(struct strbuf *out, const struct report *report, bool verbose);

/* Writes the JSON report to a file, which gets its name when it is complete; "-": standard output. */
struct error *report_json(const struct report *report, const char *path);

/* A value of width bits as "0x..." with all digits. */
void report_value(struct strbuf *out, const uint64_t *value, unsigned width);

#endif
