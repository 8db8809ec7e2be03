#include "lib/batch/report.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "lib/base/file.h"
#include "lib/evlog/json.h"
#include "lib/run/verdict.h"

enum { REPORT_MAX = 256 << 20 }; /* bytes */

/* ---- The schema: members that a batch has a use for; the others are left alone ---- */

static struct error *read_flag(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	(void)arg;
	if (!json_is_boolean(json))
		return place_error(at, "expected true or false");
	*(bool *)ret = json_is_true(json);
	return NULL;
}

static const struct json_type flag_type = {NULL, read_flag, NULL};
static const struct json_list texts = {sizeof(char *), &json_text, NULL};

/* clang-format off */
#define FINDING(member, type, optional) {#member, &(type), offsetof(struct batch_finding, member), NULL, optional}
static const struct json_field finding_fields[] = {
	FINDING(form, json_text, false), FINDING(location, json_text, false), FINDING(pc, json_text, false),
	FINDING(text, json_text, false), FINDING(bytes, json_text, false), FINDING(severity, json_text, false),
	FINDING(key, json_text, false), FINDING(baseline, json_text, true), FINDING(symbol, json_text, true), FINDING(count, json_count, false),
	FINDING(first_instruction, json_count, false), FINDING(counts, flag_type, false),
};

#define UNMODELLED(member, type) {#member, &(type), offsetof(struct batch_unmodelled, member), NULL, false}
static const struct json_field unmodelled_fields[] = {
	UNMODELLED(mnemonic, json_text), UNMODELLED(first_pc, json_text), UNMODELLED(count, json_count),
};

#define ENTRY(member) {#member, &json_text, offsetof(struct batch_entry, member), NULL, false}
static const struct json_field entry_fields[] = {
	ENTRY(arch), ENTRY(form), ENTRY(place), ENTRY(cause), ENTRY(state),
};

static struct error *read_members(const struct place *at, const json_t *json, const void *arg, void *ret);

static const struct json_type members_type = {NULL, read_members, NULL};
static const struct json_object finding_object = {finding_fields, sizeof finding_fields / sizeof *finding_fields};
static const struct json_object unmodelled_object = {unmodelled_fields,
						     sizeof unmodelled_fields / sizeof *unmodelled_fields};
static const struct json_object entry_object = {entry_fields, sizeof entry_fields / sizeof *entry_fields};
static const struct json_list entries_list = {sizeof(struct batch_entry), &members_type, &entry_object};
static const struct json_list findings_list = {sizeof(struct batch_finding), &members_type, &finding_object};
static const struct json_list unmodelled_list = {sizeof(struct batch_unmodelled), &members_type, &unmodelled_object};

#define REPORT(member, type, arg, optional) {#member, &(type), offsetof(struct batch_report, member), arg, optional}
static const struct json_field report_fields[] = {
	REPORT(verdict, json_text, NULL, false), REPORT(target, json_text, NULL, false),
	REPORT(arch, json_text, NULL, false), REPORT(program, json_text, NULL, false),
	REPORT(error, json_text, NULL, true), REPORT(instructions, json_count, NULL, false),
	REPORT(checked, json_count, NULL, false), REPORT(unseen, json_count, NULL, false),
	REPORT(reasons, json_vec, &texts, false),
	REPORT(findings, json_vec, &findings_list, false), REPORT(unmodelled, json_vec, &unmodelled_list, false),
};
static const struct json_object report_object = {report_fields, sizeof report_fields / sizeof *report_fields};
/* clang-format on */

/* As json_read_object(), but for members that the table does not have, and with null for what is left out. */
static struct error *read_members(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	const struct json_object *object = arg;
	struct error *err = NULL;

	if (!json_is_object(json))
		return place_error(at, "expected an object");
	for (size_t i = 0; i < object->num_fields && !err; i++) {
		const struct json_field *f = &object->fields[i];
		struct place inner = {.up = at, .name = f->name};
		const json_t *member = json_object_get(json, f->name);
		if (f->optional && (!member || json_is_null(member)))
			continue;
		err = member ? f->type->read(&inner, member, f->arg, (char *)ret + f->offset)
			     : place_error(&inner, "missing");
	}
	return err;
}

/* ---- Freeing ---- */

static void finding_free(struct batch_finding *f)
{
	char *const owned[] = {f->form,     f->location, f->pc,     f->text,    f->bytes,
			       f->severity, f->key,      f->symbol, f->baseline};

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
}

void batch_entry_deinit(struct batch_entry *e)
{
	char *const owned[] = {e->arch, e->form, e->place, e->cause, e->state};

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
}

void batch_report_deinit(struct batch_report *report)
{
	char *const owned[] = {report->verdict, report->target, report->arch, report->program, report->error};

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	for (size_t i = 0; i < report->findings.len; i++)
		finding_free(&report->findings.at[i]);
	for (size_t i = 0; i < report->unmodelled.len; i++) {
		free(report->unmodelled.at[i].mnemonic);
		free(report->unmodelled.at[i].first_pc);
	}
	for (size_t i = 0; i < report->entries.len; i++)
		batch_entry_deinit(&report->entries.at[i]);
	batch_strings_deinit(&report->reasons);
	vec_deinit(&report->entries);
	vec_deinit(&report->findings);
	vec_deinit(&report->unmodelled);
}

/* ---- Reading ---- */

static bool is_gap(const char *name)
{
	for (enum gap gap = 0; gap < NUM_GAPS; gap++)
		if (!strcmp(gap_name(gap), name))
			return true;
	return false;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* "0x" and hexadecimal digits; or, without a prefix, such alone. */
static bool is_hex(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return !strncmp(text, prefix, len) && text[len] && !text[len + strspn(text + len, "0123456789abcdef")];
}

/* What the summary of a batch hands on. */
static struct error *check_finding(const struct place *at, const struct batch_finding *f)
{
	enum severity severity;

	if (!is_hex(f->pc, "0x"))
		return place_error(at, "pc: expected \"0x\" and hexadecimal digits");
	if (!is_hex(f->bytes, "") || strlen(f->bytes) % 2)
		return place_error(at, "bytes: expected hexadecimal digits, two a byte");
	if (!severity_by_name(f->severity, &severity))
		return place_error(at, "severity: is none that validate gives");
	return NULL;
}

static struct error *check_findings(const struct place *at, const struct batch_report *report)
{
	struct place list = {.up = at, .name = "findings"};
	struct error *err = NULL;

	for (size_t i = 0; i < report->findings.len && !err; i++) {
		struct place inner = {.up = &list, .index = i};
		err = check_finding(&inner, &report->findings.at[i]);
	}
	return err;
}

static struct error *check_report(const struct place *at, const struct batch_report *report)
{
	static const char *const verdicts[] = {"clean", "incomplete", "divergent", "lost-sync", "error", NULL};

	if (!is_one_of(report->verdict, verdicts))
		return place_error(at, "verdict: is none that validate gives");
	if (!isa_by_name(report->arch))
		return place_error(at, "arch: is no instruction set that validate knows");
	for (size_t i = 0; i < report->reasons.len; i++)
		if (!is_gap(report->reasons.at[i]))
			return place_error(at, "reasons: one is none that validate gives");
	return check_findings(at, report);
}

static bool ended(const json_t *json)
{
	static const char *const obstacles[] = {"lost_sync", "error"}, *const flags[] = {"interrupted", "unreached"};

	for (size_t i = 0; i < 2; i++)
		if (!json_is_null(json_object_get(json, obstacles[i])) || json_is_true(json_object_get(json, flags[i])))
			return false;
	return true;
}

/* The baseline's entries; there may be no baseline. */
static struct error *read_entries(const struct place *at, const json_t *json, struct batch_report *ret)
{
	const struct place baseline = {.up = at, .name = "baseline"}, list = {.up = &baseline, .name = "entries"};
	const json_t *known = json_object_get(json, "baseline");

	if (!known || json_is_null(known))
		return NULL;
	const json_t *entries = json_object_get(known, "entries");
	return entries ? json_vec.read(&list, entries, &entries_list, &ret->entries) : place_error(&list, "missing");
}

static struct error *read_report(const struct place *at, const json_t *json, struct batch_report *ret)
{
	const char *format = json_string_value(json_object_get(json, "format"));

	if (!format || strcmp(format, "validate-report") != 0 ||
	    json_integer_value(json_object_get(json, "version")) != 1)
		return place_error(at, "not a report of this version of validate");
	struct error *err = read_members(at, json, &report_object, ret);
	if (!err)
		err = read_entries(at, json, ret);
	if (!err)
		err = check_report(at, ret);
	ret->complete = !err && ended(json);
	return err;
}

static struct error *read_named(const char *folder, const char *name, const char *path, struct batch_report *ret)
{
	struct batch_report report = {0};
	struct place at = {.path = path};
	struct strbuf text = {0};
	json_error_t error;
	struct error *err = file_read_named(folder, name, REPORT_MAX, &text);
	if (!err)
		err = json_check_values(path, 0, strbuf_text(&text), text.len, JSON_VALUES_MAX);
	json_t *json = err ? NULL : json_loadb(strbuf_text(&text), text.len, JSON_REJECT_DUPLICATES, &error);

	strbuf_deinit(&text);
	if (err)
		return err;
	if (!json)
		return json_error_code(&error) == json_error_out_of_memory
			       ? &error_no_memory
			       : error_input(path, error.line > 0 ? (uint64_t)error.line : 0, "not JSON");
	err = read_report(&at, json, &report);
	json_decref(json);
	if (err)
		batch_report_deinit(&report);
	else
		*ret = report;
	return err;
}

struct error *batch_report_read(const char *folder, const char *name, struct batch_report *ret)
{
	char *path = file_join(folder, name);
	struct error *err = path ? read_named(folder, name, path, ret) : &error_no_memory;

	free(path);
	return err;
}
