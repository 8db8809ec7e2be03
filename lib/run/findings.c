#include "lib/run/findings.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sys/signal.h"

/* Registers that are one location: which general or vector register an instruction writes is its operand's choice, and
 * flags are fields of one register. */
static bool same_register(const struct isa *isa, uint32_t a, uint32_t b)
{
	enum reg_class class = isa->regs[a].class;

	if (a == b)
		return true;
	if (class == REG_GENERAL || class == REG_VECTOR)
		return class == isa->regs[b].class;
	const char *name = isa->regs[a].gdb_name, *other = isa->regs[b].gdb_name;
	return name && other && !strcmp(name, other);
}

static bool is_register(const struct finding *f)
{
	return f->kind == LOCATION_REG || f->kind == LOCATION_FLAGS;
}

static bool same_location(const struct isa *isa, const struct finding *a, const struct finding *b)
{
	return is_register(a) && is_register(b) ? same_register(isa, a->reg, b->reg) : a->kind == b->kind;
}

/* At the same location. */
static bool same_cause(const struct finding *a, const struct finding *b)
{
	if (a->kind == LOCATION_FAULT)
		return a->expected[0] == b->expected[0] && a->observed[0] == b->observed[0];
	if (a->faulted != b->faulted || a->changed_unseen != b->changed_unseen)
		return false;
	return (a->flags && b->flags) || a->unwritten == b->unwritten;
}

struct finding *findings_find(struct findings *f, const struct isa *isa, const struct finding *like)
{
	for (size_t i = 0; i < f->list.len; i++) {
		struct finding *g = &f->list.at[i];
		if (!strcmp(g->insn.form, like->insn.form) && same_location(isa, g, like) && same_cause(g, like))
			return g;
	}
	return NULL;
}

struct error *findings_add(struct findings *f, struct finding *finding, struct finding **ret)
{
	finding->count = 1;
	if (!vec_push(&f->list, *finding)) {
		finding_deinit(finding);
		return &error_no_memory;
	}
	*ret = &f->list.at[f->list.len - 1];
	return NULL;
}

bool findings_count(struct findings *f, const struct isa *isa, const struct finding *again)
{
	struct finding *group = findings_find(f, isa, again);

	if (!group)
		return false;
	group->count++;
	group->flags |= again->flags;
	return true;
}

struct error *findings_record(struct findings *f, const struct isa *isa, struct finding *finding)
{
	struct finding *added;

	if (findings_count(f, isa, finding)) {
		finding_deinit(finding);
		return NULL;
	}
	if (!finding->formula)
		finding->formula = strdup("");
	if (!finding->opinion)
		finding->opinion = strdup("");
	if (finding->formula && finding->opinion)
		return findings_add(f, finding, &added);
	finding_deinit(finding);
	return &error_no_memory;
}

struct error *finding_add_input(struct finding *finding, char *name, unsigned width, const uint64_t *value)
{
	struct finding_input input = {.name = name, .width = (uint16_t)width};

	if (!name)
		return &error_no_memory;
	memcpy(input.value, value, (width + 63) / 64 * sizeof *value);
	if (vec_push(&finding->inputs, input))
		return NULL;
	free(name);
	return &error_no_memory;
}

void finding_deinit(struct finding *finding)
{
	for (size_t i = 0; i < finding->inputs.len; i++)
		free(finding->inputs.at[i].name);
	vec_deinit(&finding->inputs);
	free(finding->formula);
	free(finding->opinion);
	free(finding->block);
}

void findings_deinit(struct findings *f)
{
	for (size_t i = 0; i < f->list.len; i++)
		finding_deinit(&f->list.at[i]);
	vec_deinit(&f->list);
}

/* "de+pe": the fields of a status or control register that bits are of; false: it has none. */
static bool append_fields(struct strbuf *out, uint32_t reg, uint64_t bits, const struct isa *isa)
{
	const char *plus = "";
	bool any = false;

	for (uint32_t i = 0; i < isa->num_fields; i++) {
		const struct isa_field *field = &isa->fields[i];
		uint64_t ones = (UINT64_C(1) << field->width) - 1;
		if (field->reg != reg)
			continue;
		any = true;
		if (!(bits >> field->low & ones))
			continue;
		strbuf_printf(out, "%s%s", plus, field->name);
		plus = "+";
	}
	return any;
}

/* "cf+of": the fields of the flags register that bits are of. */
static void append_flags(struct strbuf *out, const struct finding *f, uint64_t bits, const struct isa *isa)
{
	const char *plus = "";

	if (append_fields(out, f->reg, bits, isa))
		return;

	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		bool field = reg->gdb_name && !strcmp(reg->gdb_name, isa->regs[f->reg].gdb_name) && reg->width < 32;
		uint64_t ones = (UINT64_C(1) << (reg->width & 31)) - 1;
		if (!field || !(bits >> reg->gdb_low & ones))
			continue;
		strbuf_printf(out, "%s%s", plus, reg->name);
		plus = "+";
	}
}

void finding_location(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	switch (finding->kind) {
	case LOCATION_REG: strbuf_append(out, isa->regs[finding->reg].name); break;
	case LOCATION_FLAGS:
		append_flags(out, finding, (finding->expected[0] ^ finding->observed[0]) & ~finding->mask[0], isa);
		break;
	case LOCATION_MEMORY:
		strbuf_printf(out, "mem%u[0x%llx]", finding->width, (unsigned long long)finding->address);
		break;
	case LOCATION_FAULT: strbuf_append(out, "fault"); break;
	}
}

static const char *register_place(const struct finding *f, const struct isa *isa)
{
	const struct reg_desc *reg = &isa->regs[f->reg];

	if (f->flags && reg->gdb_name)
		return reg->gdb_name;
	switch (reg->class) {
	case REG_GENERAL: return "general register";
	case REG_VECTOR: return "vector register";
	default: return reg->name;
	}
}

void finding_place(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	switch (finding->kind) {
	case LOCATION_REG:
	case LOCATION_FLAGS: strbuf_append(out, register_place(finding, isa)); break;
	case LOCATION_MEMORY: strbuf_append(out, "memory"); break;
	case LOCATION_FAULT: strbuf_append(out, "fault"); break;
	}
}

static void append_fault_cause(struct strbuf *out, const struct finding *f)
{
	char buffer[SIGNAL_NAME_LEN], other[SIGNAL_NAME_LEN];
	const char *expected = signal_name((int)f->expected[0], buffer);
	const char *observed = signal_name((int)f->observed[0], other);

	if (!f->expected[0])
		strbuf_printf(out, "unexpected %s", observed);
	else if (!f->observed[0])
		strbuf_printf(out, "missing %s", expected);
	else
		strbuf_printf(out, "%s, expected %s", observed, expected);
}

void finding_cause(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	if (finding->kind == LOCATION_FAULT)
		append_fault_cause(out, finding);
	else if (finding->faulted)
		strbuf_append(out, "changed by an instruction that faulted");
	else if (finding->changed_unseen)
		strbuf_append(out, "changed unseen");
	else if (finding->flags)
		append_flags(out, finding, finding->flags, isa);
	else
		strbuf_append(out, finding->unwritten ? "stray" : "value");
}

size_t findings_counted(const struct findings *f, enum severity fail_on)
{
	size_t n = 0;

	for (size_t i = 0; i < f->list.len; i++)
		n += finding_counts(&f->list.at[i], fail_on);
	return n;
}

const char *closer_name(enum closer closer)
{
	static const char *const names[] = {
		[CLOSER_NO_NEED] = NULL, [CLOSER_WANTED] = NULL,       [CLOSER_FOUND] = "found",
		[CLOSER_GONE] = "gone",  [CLOSER_SKIPPED] = "skipped",
	};

	return names[closer];
}

static const char *const severity_names[] = {
	[SEVERITY_CONFIRMED] = "confirmed", [SEVERITY_RECORDED] = "recorded", [SEVERITY_MODEL] = "model",
	[SEVERITY_VENDOR] = "vendor",       [SEVERITY_POSSIBLE] = "possible", [SEVERITY_INFO] = "info",
};

const char *severity_name(enum severity severity)
{
	return severity_names[severity];
}

bool severity_by_name(const char *name, enum severity *ret)
{
	for (unsigned i = 0; i < sizeof severity_names / sizeof *severity_names; i++) {
		if (strcmp(severity_names[i], name) != 0)
			continue;
		*ret = (enum severity)i;
		return true;
	}
	return false;
}

static bool is_broken(const struct finding *f, const struct eval_bound *b)
{
	for (unsigned i = b->first; i < b->first + fp_width(b->bound.format); i++)
		if (((f->expected[i / 64] ^ f->observed[i / 64]) & ~f->mask[i / 64]) >> i % 64 & 1)
			return true;
	return false;
}

void finding_bounds(struct strbuf *out, const struct finding *finding)
{
	const char *between = "";

	for (unsigned i = 0; i < finding->num_bounds; i++) {
		const struct eval_bound *b = &finding->bounds[i];
		if (!is_broken(finding, b))
			continue;
		strbuf_printf(out, "%sbits %u:%u within ", between, b->first + fp_width(b->bound.format) - 1, b->first);
		eval_bound_print(out, b);
		between = "; ";
	}
}

const char *unseen_reason_name(enum unseen_reason reason)
{
	static const char *const names[] = {
		[UNSEEN_NOTHING] = "all was compared",
		[UNSEEN_INPUT] = "an input was not known",
		[UNSEEN_MEMORY] = "memory could not be read back",
		[UNSEEN_HIDDEN] = "a result is not shown by the target",
		[UNSEEN_OPEN] = "CPUs may differ in a result",
	};

	return names[reason];
}
