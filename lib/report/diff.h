/* What a comparison of two traces found, for people and for programs. */
/* clang-format off */
/*
 * The JSON report (format "validate-diff", version 1) is one object; diff.schema.json has its types, and
 * testdata/tests/diff.sh holds reports against it:
 *
 *   format, version        "validate-diff", 1
 *   verdict                "same", "different" or "lost"
 *   arch                   name of the ISA
 *   a, b                   {path, emulator, recorder, program, log, steps, cut, memory}: the traces; log: null or the path of
 *                          the event log; cut: null, or what is wrong with the file's end; memory: it has any
 *   threads, compared, repeats, events
 *                          threads; pairs of steps; of these, repeated instructions and blocks that the traces have in
 *                          different numbers of steps, and system calls
 *   start                  [register]: those that differed before the first instruction
 *   classes                [{class, total, unlisted, findings: [...]}]: an element for each of "independent", "origin
 *                          unknown", "undefined", "outside", "consequence" and "addresses" (validate.1 tells what they
 *                          are). total: differences; unlisted: of them, those that no finding counts
 *     findings             [{form, mnemonic, text, symbol, bytes, kind, location, place, cause, width, a, b, mask, inputs:
 *                          [{name, width, value}], count, tid, pc_a, pc_b, instruction_a, instruction_b, event_a, event_b, address_a,
 *                          address_b}]; kind: "value", "place", "code" or "loaded"; addresses: of memory, else null; symbol: of
 *                          pc_a, or null
 *   consequences           pairs of steps in which a result differed because an input did
 *   paths                  {total, unlisted, steps_a, steps_b, list: [{tid, after, from_a, from_b, to_a, to_b,
 *                          instruction_a, instruction_b, steps_a, steps_b, by_event, count}]}; after: the text of the
 *                          instruction behind which they part, or null
 *   endings                [{tid_a, tid_b, instruction_a, instruction_b, left_a, left_b, why}]
 *   lost                   [{tid_a, tid_b, pc_a, pc_b, instruction_a, instruction_b, event_a, event_b, left_a, left_b}]
 *   interrupted            the user stopped it
 *
 * Addresses and values are strings, "0x" and hexadecimal digits; bytes of instructions are hexadecimal without it.
 */
/* clang-format on */
#ifndef LIB_REPORT_DIFF_H
#define LIB_REPORT_DIFF_H

#include "lib/base/strbuf.h"
#include "lib/diff/diff.h"

struct diff_report {
	const struct diff_result *result;
	const struct trace_reader *a, *b;
	/* Appends " <name+0x10>" for an address of A that has a symbol; may be NULL. */
	void (*symbol)(void *ctx, uint64_t address, struct strbuf *out);
	void *symbol_ctx;
};

/* "same", "different", "lost". */
const char *diff_verdict_name(enum diff_verdict verdict);

void diff_report_text(struct strbuf *out, const struct diff_report *report);
void diff_report_json(struct strbuf *out, const struct diff_report *report);

#endif
