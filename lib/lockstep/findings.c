#include "lib/lockstep/findings.h"

#include <stdlib.h>
#include <string.h>

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

static bool same_location(const struct isa *isa, const struct finding *a, const struct finding *b)
{
	bool a_reg = a->kind == LOCATION_REG || a->kind == LOCATION_FLAGS;
	bool b_reg = b->kind == LOCATION_REG || b->kind == LOCATION_FLAGS;

	return a_reg && b_reg ? same_register(isa, a->reg, b->reg) : a->kind == b->kind;
}

struct finding *findings_find(struct findings *f, const struct isa *isa, const struct finding *like)
{
	for (size_t i = 0; i < f->list.len; i++) {
		struct finding *g = &f->list.at[i];
		if (!strcmp(g->insn.form, like->insn.form) && same_location(isa, g, like))
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

void finding_deinit(struct finding *finding)
{
	for (size_t i = 0; i < finding->inputs.len; i++)
		free(finding->inputs.at[i].name);
	vec_deinit(&finding->inputs);
	free(finding->formula);
	free(finding->opinion);
}

void findings_deinit(struct findings *f)
{
	for (size_t i = 0; i < f->list.len; i++)
		finding_deinit(&f->list.at[i]);
	vec_deinit(&f->list);
}

/* "cf+of": the fields that differ. */
static void append_flags(struct strbuf *out, const struct finding *f, const struct isa *isa)
{
	uint64_t differs = (f->expected[0] ^ f->observed[0]) & ~f->mask[0];
	const char *plus = "";

	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		bool field = reg->gdb_name && !strcmp(reg->gdb_name, isa->regs[f->reg].gdb_name) && reg->width < 32;
		uint64_t ones = (UINT64_C(1) << (reg->width & 31)) - 1;
		if (!field || !(differs >> reg->gdb_low & ones))
			continue;
		strbuf_printf(out, "%s%s", plus, reg->name);
		plus = "+";
	}
}

void finding_location(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	switch (finding->kind) {
	case LOCATION_REG: strbuf_append(out, isa->regs[finding->reg].name); break;
	case LOCATION_FLAGS: append_flags(out, finding, isa); break;
	case LOCATION_MEMORY:
		strbuf_printf(out, "mem%u[0x%llx]", finding->width, (unsigned long long)finding->address);
		break;
	case LOCATION_FAULT: strbuf_append(out, "fault"); break;
	}
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_CONFIRMED] = "confirmed",
		[SEVERITY_MODEL] = "model",
		[SEVERITY_POSSIBLE] = "possible",
		[SEVERITY_INFO] = "info",
	};

	return names[severity];
}

const char *unseen_reason_name(enum unseen_reason reason)
{
	static const char *const names[] = {
		[UNSEEN_NOTHING] = "all was compared",
		[UNSEEN_INPUT] = "an input was not known",
		[UNSEEN_MEMORY] = "memory could not be read back",
		[UNSEEN_HIDDEN] = "a result is not shown by the target",
	};

	return names[reason];
}
