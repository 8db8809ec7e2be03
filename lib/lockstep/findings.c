#include "lib/lockstep/findings.h"

#include <stdlib.h>
#include <string.h>

static bool same_location(const struct isa *isa, const struct finding *a, const struct finding *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind != LOCATION_REG || a->reg == b->reg)
		return true;

	enum reg_class class = isa->regs[a->reg].class;
	return class == isa->regs[b->reg].class && (class == REG_GENERAL || class == REG_VECTOR);
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

void finding_location(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	switch (finding->kind) {
	case LOCATION_REG: strbuf_append(out, isa->regs[finding->reg].name); break;
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
