/*
 * What the rows of a batch say together: one table, findings grouped over all of them, and, with two emulators, what
 * changed between them. It depends on the rows' records and reports alone, not on which shard or when they were done.
 */
/* clang-format off */
/*
 * The JSON summary (format "validate-batch", version 1) is one object; summary.schema.json has its types, and
 * testdata/tests/batch.sh holds summaries and states against their schemas:
 *
 *   format, version   "validate-batch", 1
 *   status            the exit status that the whole batch counts as
 *   totals            {rows, missing, judged, findings, instructions, outcomes: {OUTCOME: number, ...}}
 *   emulators         [TEXT, ...]: what reports call their targets, each once
 *   rows              [{row, job, emulator, outcome, status, seconds, memory, message, report, arch, target, instructions,
 *                     checked, unseen, findings, counted, reasons}], in the order of the plan. outcome: that of a record (results.h), or
 *                     "missing". emulator: 1 or 2 if there are two, else 0. report and the members from arch on are null
 *                     for a row without a report
 *   findings          [{arch, form, location, key, severity, count, rows: [ROW, ...], emulators: [TEXT, ...],
 *                     first: {row, pc, symbol, bytes, text, instruction}, known, counts, change}]: groups, in the order of first
 *                     occurrence; key: as in a report; severity: the surest; known: the baseline has it; counts: it is as
 *                     sure, in some row, as that was told to fail on; change: null, or "new", "fixed", "common" or "undecided"
 *   unmodelled        [{arch, mnemonic, count, rows: number}]
 *   stale             [{arch, form, place, cause}]: entries of the baseline that no row saw, though some judged
 *                     instructions of their form
 *   comparison        null, or {old, new, counts: {new, fixed, common, undecided}}: what the first and the second emulator
 *                     are called. A finding of one emulator is undecided if a row that shows it has no counterpart that
 *                     came to its end on the other
 */
/* clang-format on */
#ifndef LIB_BATCH_SUMMARY_H
#define LIB_BATCH_SUMMARY_H

#include "lib/batch/results.h"

enum batch_change { BATCH_NO_CHANGE, BATCH_NEW, BATCH_FIXED, BATCH_COMMON, BATCH_UNDECIDED, BATCH_NUM_CHANGES };

/* A row of the plan with what its report says; texts are owned. */
struct batch_row_result {
	const struct batch_record *record; /* NULL: there is none */
	const char *row;
	bool wanted;         /* it is one of the state's shard */
	char *arch, *target; /* NULL: there is no report */
	uint64_t instructions, checked, unseen, findings;
	uint64_t counted;      /* of the findings */
	batch_strings reasons; /* of the report */
	bool complete;         /* it came to its end: what it does not show is not there */
	bool whole;            /* ... and there is no reason why it is not clean but findings that count */
};

/* Findings of one key. */
struct batch_group {
	char *arch, *form, *location, *key, *severity;
	uint64_t count;
	VEC(size_t) rows;                 /* indices, ascending */
	VEC(size_t) emulators;            /* indices */
	char *pc, *symbol, *bytes, *text; /* of the first; symbol may be NULL */
	uint64_t instruction;
	bool known;  /* to the baseline, in every row */
	bool counts; /* in some row: it is as sure as that was told to fail on */
	enum batch_change change;
};

struct batch_total {
	char *arch, *mnemonic;
	uint64_t count, rows;
};

/* An entry of the baseline over all rows. */
struct batch_known {
	char *arch, *form, *place, *cause;
	bool seen, stale; /* in some row */
};

struct batch_summary {
	const struct batch_state *state;   /* borrowed */
	VEC(struct batch_row_result) rows; /* all of the plan, in its order */
	VEC(struct batch_group) groups;
	VEC(struct batch_total) unmodelled;
	VEC(struct batch_known) known;
	size_t stale; /* of them: no row saw it, though some judged its form */
	batch_strings emulators;
	size_t missing; /* rows */
	uint64_t status;
	uint64_t changes[BATCH_NUM_CHANGES];
	size_t news; /* groups that count and that the second emulator alone shows */
};

/* Sums up the records of a state and the reports in its folder. A row is missing if it is of the state's shard and has
 * no record. */
struct error *batch_summary_make(const struct batch_state *state, const char *folder, struct batch_summary *ret);
void batch_summary_deinit(struct batch_summary *summary);

/* Of two exit statuses the one that a batch with both has. */
uint64_t batch_worse(uint64_t a, uint64_t b);

/* For a terminal. verbose: all findings of long lists. */
void batch_summary_text(struct strbuf *out, const struct batch_summary *summary, bool verbose);

/* Appends the JSON document. */
struct error *batch_summary_json(struct strbuf *out, const struct batch_summary *summary);

/* "new", ...; NULL for no change. */
const char *batch_change_name(enum batch_change change);

#endif
