/*
 * The memory audit: all that the model knows of the guest's memory against what the guest has. What differs was changed
 * by nothing that was seen: a store to a place that was not looked at, or a call that did more than is known of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lockstep/internal.h"

/* Runs that are shorter are audited at their end unasked. */
enum { AUDIT_UNASKED = 1000000 };

enum {
	BLOCK_PAGES = 64,  /* read at once */
	RECORDED_MAX = 64, /* differences of one audit that become findings, or occurrences of them; all are counted */
};

bool audit_is_due(const struct lockstep *ls, uint64_t number)
{
	uint64_t interval = ls->options->audit_interval;

	return interval && ls->judge.judging && number - ls->judge.run->audit.at >= interval;
}

static void name_form(struct finding *f)
{
	f->insn = (struct insn){.pc = f->insn.pc, .status = LIFT_UNDECODABLE};
	snprintf(f->insn.form, sizeof f->insn.form, "(memory audit)");
	snprintf(f->insn.mnemonic, sizeof f->insn.mnemonic, "(memory audit)");
	snprintf(f->insn.text, sizeof f->insn.text, "(memory audit)");
}

static char *explain(const struct lockstep *ls, const struct finding *f)
{
	struct strbuf text = {0};

	if (ls->judge.run->audit.audits)
		strbuf_printf(&text, "unchanged by anything seen since instruction %llu, when an audit found it alike",
			      (unsigned long long)f->since - 1);
	else
		strbuf_append(&text, "what the model knows; no audit has looked at it before");
	return strbuf_take(&text);
}

/* Makes a difference of len bytes a finding, or one more of it. */
static struct error *record(struct lockstep *ls, uint64_t address, const uint8_t *known, const uint8_t *unknown,
			    const uint8_t *seen, size_t len)
{
	struct finding f = {.kind = LOCATION_MEMORY, .address = address, .width = (uint16_t)(8 * len)};

	memcpy(f.expected, known, len);
	memcpy(f.observed, seen, len);
	memcpy(f.mask, unknown, len);
	f.insn.pc = state_get(&ls->judge.now, ls->target->isa->pc);
	name_form(&f);
	f.first_instruction = ls->judge.run->instructions;
	f.since = ls->judge.run->audit.at + 1;
	f.event = replay_position(ls->replay);
	f.severity = SEVERITY_MODEL;
	timeline_add_finding(&ls->judge.run->timeline, ls->judge.run->instructions);
	f.formula = explain(ls, &f);
	return f.formula ? findings_record(&ls->judge.run->findings, ls->target->isa, &f) : &error_no_memory;
}

/* Compares len bytes that the guest has at address. What differs is taken over. */
static struct error *compare(struct lockstep *ls, uint64_t address, const uint8_t *seen, size_t len,
			     struct run_audit *audit, size_t *recorded)
{
	enum { UNIT = 32 }; /* bytes of one difference at most */
	uint8_t known[UNIT], unknown[UNIT];
	struct error *err = NULL;

	for (size_t at = 0; at < len && !err; at += UNIT) {
		uint64_t differ = 0;
		if (memory_read(ls->judge.model.memory, address + at, known, unknown, UNIT) &&
		    !memcmp(known, seen + at, UNIT)) {
			audit->bytes += UNIT;
			continue;
		}
		for (size_t i = 0; i < UNIT; i++) {
			audit->bytes += !unknown[i];
			differ += !unknown[i] && known[i] != seen[at + i];
		}
		audit->differing += differ;
		if (differ && (*recorded)++ < RECORDED_MAX)
			err = record(ls, address + at, known, unknown, seen + at, UNIT);
		if (differ && !err)
			err = memory_write(ls->judge.model.memory, address + at, seen + at, NULL, UNIT);
	}
	return err;
}

/* Pages that are known and cannot be read are none of ours: the guest may have taken its own right away. */
static struct error *audit_run(struct lockstep *ls, uint64_t start, size_t num, uint8_t *buf, struct run_audit *audit,
			       size_t *recorded)
{
	size_t len = num * MEMORY_PAGE, done = 0;
	struct error *err = NULL;

	while (done < len && !err) {
		size_t got = 0;
		err = target_read_memory(ls->target, start + done, buf, len - done, &got);
		got -= got % MEMORY_PAGE;
		if (!err)
			err = compare(ls, start + done, buf, got, audit, recorded);
		done += got;
		if (done < len && !err) {
			audit->unreadable++;
			done += MEMORY_PAGE;
		}
	}
	return err;
}

struct error *audit_pages(struct lockstep *ls, const uint64_t *pages, size_t num, struct run_audit *audit)
{
	uint8_t *buf = num ? malloc(BLOCK_PAGES * MEMORY_PAGE) : NULL;
	size_t recorded = 0;
	struct error *err = buf || !num ? NULL : &error_no_memory;

	for (size_t i = 0, n; i < num && !err; i += n) {
		for (n = 1; n < BLOCK_PAGES && i + n < num; n++)
			if (pages[i + n] != pages[i] + n * MEMORY_PAGE)
				break;
		err = audit_run(ls, pages[i], n, buf, audit, &recorded);
	}
	free(buf);
	return err;
}

struct error *audit_now(struct lockstep *ls)
{
	memory_addresses pages = {0};
	struct error *err = memory_list(ls->judge.model.memory, &pages);

	if (!err)
		err = audit_pages(ls, pages.at, pages.len, &ls->judge.run->audit);
	if (!err) {
		ls->judge.run->audit.audits++;
		ls->judge.run->audit.at = ls->judge.run->instructions;
	}
	vec_deinit(&pages);
	return err;
}

struct error *audit_end(struct lockstep *ls)
{
	const struct run *run = ls->judge.run;
	bool wanted = ls->options->audit_interval || run->instructions < AUDIT_UNASKED;
	bool done = run->audit.audits && run->audit.at == run->instructions;

	return wanted && ls->judge.judging && !done ? audit_now(ls) : NULL;
}
