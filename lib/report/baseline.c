#include "lib/report/baseline.h"

void baseline_key(struct strbuf *out, const char *arch, const char *form, const char *place, const char *cause)
{
	strbuf_printf(out, "%s | %s | %s | %s", arch, form, place, cause);
}

void baseline_finding_key(struct strbuf *out, const struct finding *finding, const struct isa *isa)
{
	strbuf_printf(out, "%s | %s | ", isa->name, finding->insn.form);
	finding_place(out, finding, isa);
	strbuf_append(out, " | ");
	finding_cause(out, finding, isa);
}
