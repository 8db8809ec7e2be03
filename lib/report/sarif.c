/* SARIF 2.1.0 (OASIS standard), as code scanning services read it. Section numbers are of that standard. */
#include <jansson.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/report/document.h"
#include "lib/report/report.h"
#include "lib/report/values.h"

/* ---- Rules: what kinds of findings there are ---- */

enum rule { RULE_FLAGS, RULE_VALUE, RULE_STRAY, RULE_MEMORY, RULE_FAULT, RULE_MISSING, RULE_OTHER_FAULT, NUM_RULES };

static const struct {
	const char *id, *name, *text, *more;
} rules[NUM_RULES] = {
	[RULE_FLAGS] = {"wrong-flags", "WrongFlags", "The emulator computes flags that the architecture does not.",
			"Flags that the architecture leaves undefined are not compared."},
	[RULE_VALUE] = {"wrong-value", "WrongValue",
			"The emulator computes another value for a register than the architecture.",
			"Bits that the architecture leaves undefined are not compared."},
	[RULE_STRAY] = {"stray-register", "StrayRegister",
			"The emulator changes a register that the instruction does not write.",
			"The expected value is the one before the instruction."},
	[RULE_MEMORY] = {"wrong-memory", "WrongMemory", "The emulator stores another value than the architecture.",
			 "Memory was read back behind the instruction."},
	[RULE_FAULT] = {"unexpected-fault", "UnexpectedFault", "The emulator faults where the architecture does not.",
			"An emulated CPU that lacks the instruction is right to fault."},
	[RULE_MISSING] = {"missing-fault", "MissingFault", "The emulator does not fault where the architecture does.",
			  "The instruction had results where it should have had none."},
	[RULE_OTHER_FAULT] = {"other-fault", "OtherFault", "The emulator raises another fault than the architecture.",
			      "Faults are told by the signals that they become."},
};

static const char help[] =
	"The message has the first occurrence: where it was, what differs in which bits, the instruction's inputs, and the "
	"formula of the expected value. `validate explain` prints what the model says of an instruction, and `validate "
	"--stop-on-first` with the same event log and emulator comes to the finding again. What is known goes to the "
	"baseline: `validate baseline update`.";

/* By place and cause, which baseline entries have too. */
static enum rule rule_of(const char *place, const char *cause)
{
	if (!strcmp(place, "memory"))
		return RULE_MEMORY;
	if (!strcmp(place, "fault"))
		return !strncmp(cause, "unexpected ", 11) ? RULE_FAULT
		       : !strncmp(cause, "missing ", 8)   ? RULE_MISSING
							  : RULE_OTHER_FAULT;
	if (!strcmp(cause, "stray"))
		return RULE_STRAY;
	return !strcmp(cause, "value") ? RULE_VALUE : RULE_FLAGS;
}

static json_t *rule_list(void)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < NUM_RULES; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:{s:s}, s:{s:s++}, s:{s:s}, s:{s:s}}", "id", rules[i].id,
						"name", rules[i].name, "shortDescription", "text", rules[i].text,
						"fullDescription", "text", rules[i].text, " ", rules[i].more, "help",
						"text", help, "defaultConfiguration", "level", "error"));
	return list;
}

/* ---- Text ---- */

static json_t *take(struct strbuf *text)
{
	json_t *s = strbuf_failed(text) ? NULL : value_lines(strbuf_text(text));

	strbuf_deinit(text);
	return s;
}

static json_t *message(struct strbuf *text)
{
	return json_pack("{s:o}", "text", take(text));
}

/* 3.4: an absolute path is no reference that could be resolved against another. */
static json_t *program_uri(const struct report *report)
{
	struct strbuf uri = {0};

	if (report->program[0] == '/')
		strbuf_append(&uri, "file://");
	escape_uri(&uri, report->program);
	return take(&uri);
}

/* ---- Results ---- */

/* 3.32: an instruction in the program's address space; -1 stands for an address that cannot be told. */
static json_t *address(const struct report *report, const struct insn *insn)
{
	struct strbuf symbol = {0};
	json_t *a = json_pack("{s:I, s:i, s:s}", "absoluteAddress", insn->pc <= INT64_MAX ? (json_int_t)insn->pc : -1,
			      "length", (int)insn->len, "kind", "instruction");

	report_symbol(&symbol, report, insn->pc);
	if (symbol.len)
		json_object_set_new(a, "fullyQualifiedName", take(&symbol));
	strbuf_deinit(&symbol);
	return a;
}

static json_t *locations(const struct report *report, const struct insn *insn)
{
	/* A program has no lines, but who shows results beside source code asks for one. */
	json_t *physical = json_pack("{s:{s:o}, s:{s:i}}", "artifactLocation", "uri", program_uri(report), "region",
				     "startLine", 1);

	if (insn)
		json_object_set_new(physical, "address", address(report, insn));
	return json_pack("[{s:o}]", "physicalLocation", physical);
}

static json_t *result(enum rule rule, const char *level, struct strbuf *text, struct strbuf *key, json_t *at)
{
	return json_pack("{s:s, s:i, s:s, s:o, s:o, s:{s:o}}", "ruleId", rules[rule].id, "ruleIndex", (int)rule,
			 "level", level, "message", message(text), "locations", at, "partialFingerprints",
			 "validateFinding/v1", take(key));
}

/* 3.27.10: what counts is an error, the rest a warning, but for what is not wrong. */
static const char *level_of(const struct report *report, size_t index)
{
	if (report->run->findings.list.at[index].severity == SEVERITY_INFO)
		return "note";
	return report_counts(report, index) ? "error" : "warning";
}

/* 3.27.24, 3.27.23: what is known is unchanged, and not to be shown as an alert. */
static void set_baseline(json_t *result, const struct baseline_entry *e)
{
	struct strbuf why = {0};

	json_object_set_new(result, "baselineState", json_string(e ? "unchanged" : "new"));
	if (!e)
		return;
	strbuf_printf(&why, "%s%s%s", e->note, *e->note && *e->link ? " " : "", e->link);
	json_object_set_new(result, "suppressions",
			    json_pack("[{s:s, s:o}]", "kind", "external", "justification", take(&why)));
}

static json_t *finding(const struct report *report, size_t index)
{
	const struct finding *f = &report->run->findings.list.at[index];
	struct strbuf place = {0}, cause = {0}, key = {0}, text = {0};

	finding_place(&place, f, report->isa);
	finding_cause(&cause, f, report->isa);
	baseline_finding_key(&key, f, report->isa);
	report_finding_text(&text, report, index);
	json_t *r = result(rule_of(strbuf_text(&place), strbuf_text(&cause)), level_of(report, index), &text, &key,
			   locations(report, &f->insn));
	strbuf_deinit(&place);
	strbuf_deinit(&cause);
	json_object_set_new(r, "occurrenceCount", json_integer(value_int(f->count)));
	if (report->baseline)
		set_baseline(r, report->baseline->entry.at[index]);
	return r;
}

/* An entry of the baseline that is not seen any more. */
static json_t *absent(const struct report *report, const struct baseline_entry *e)
{
	struct strbuf key = {0}, text = {0};

	baseline_key(&key, e->key[BASELINE_ARCH], e->key[BASELINE_FORM], e->key[BASELINE_PLACE],
		     e->key[BASELINE_CAUSE]);
	strbuf_printf(&text, "%s: %s, %s is not seen any more", e->key[BASELINE_FORM], e->key[BASELINE_PLACE],
		      e->key[BASELINE_CAUSE]);
	json_t *r = result(rule_of(e->key[BASELINE_PLACE], e->key[BASELINE_CAUSE]), "none", &text, &key,
			   locations(report, NULL));
	json_object_set_new(r, "baselineState", json_string("absent"));
	return r;
}

static json_t *results(const struct report *report)
{
	const struct baseline_verdict *v = report->baseline;
	json_t *list = json_array();

	for (size_t i = 0; i < report->run->findings.list.len; i++)
		json_array_append_new(list, finding(report, i));
	for (size_t i = 0; v && i < v->state.len; i++)
		if (v->state.at[i] == BASELINE_STALE)
			json_array_append_new(list, absent(report, &v->baseline->entries.at[i]));
	return list;
}

/* ---- The run ---- */

/* 3.20: whether the run came to its end, and why not. */
static json_t *invocation(const struct report *report)
{
	struct strbuf why = {0};
	bool failed = report_failure(&why, report);
	json_t *i = json_pack("{s:b}", "executionSuccessful", !failed);

	if (failed)
		json_object_set_new(i, "toolExecutionNotifications",
				    json_pack("[{s:s, s:o}]", "level", "error", "message", message(&why)));
	strbuf_deinit(&why);
	return i;
}

/* Runs of several programs are told apart by what stands before the last slash (3.17.3). */
static json_t *automation_id(const struct report *report)
{
	struct strbuf id = {0};

	strbuf_printf(&id, "validate/%s/%s/", report->isa->name, report->program);
	return take(&id);
}

static void print(struct strbuf *out, const struct report *report)
{
	struct strbuf target = {0};

	strbuf_append(&target, report->target);
	json_t *run = json_pack("{s:{s:{s:s, s:s, s:o}}, s:{s:o}, s:[o], s:o, s:s, s:{s:o, s:s}}", "tool", "driver",
				"name", "validate", "version", report->version, "rules", rule_list(),
				"automationDetails", "id", automation_id(report), "invocations", invocation(report),
				"results", results(report), "columnKind", "utf16CodeUnits", "properties", "target",
				take(&target), "arch", report->isa->name);
	json_t *document = json_pack("{s:s, s:s, s:[o]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json",
				     "version", "2.1.0", "runs", run);
	document_print(out, document);
	json_decref(document);
}

const struct report_format report_sarif = {.name = "sarif", .print = print};
