#include "lib/run/closer.h"

#include <stdlib.h>

#include "lib/base/strbuf.h"

static bool is_wanted(const struct finding *f, const struct run_stretch *stretch)
{
	return f->closer == CLOSER_WANTED && f->stretch == stretch->number;
}

/* It stays, with the outcome of the closer look; nobody can be asked about an instruction that may not be the one. */
static struct error *settle(struct finding *f, enum closer outcome, const char *why)
{
	struct strbuf text = {0};

	f->closer = outcome;
	if (outcome == CLOSER_GONE && f->severity < SEVERITY_MODEL)
		f->severity = SEVERITY_MODEL;
	strbuf_printf(&text, "%s%s%s", f->opinion, *f->opinion ? "; " : "", why);
	free(f->opinion);
	f->opinion = strbuf_take(&text);
	return f->opinion ? NULL : &error_no_memory;
}

enum { BLOCK_MAX = 512 }; /* instructions of a translation block: TCG_MAX_INSNS */

/* What was found closer may be what the other comes from: in the same block, or a store that is loaded later. */
static bool may_come_from(const struct finding *f, const struct finding *closer)
{
	if (closer->first_instruction > f->until)
		return false;
	return !f->block || closer->first_instruction + BLOCK_MAX >= f->first_instruction;
}

/* The closer look has found it too, or what it may come from. */
static bool is_explained(const struct finding *f, struct run *closer, const struct isa *isa)
{
	if (findings_find(&closer->findings, isa, f))
		return true;
	for (size_t i = 0; i < closer->findings.list.len; i++)
		if (may_come_from(f, &closer->findings.list.at[i]))
			return true;
	return false;
}

static bool is_hidden(const struct finding *f, const struct isa *isa, const uint64_t *hidden)
{
	const struct reg_desc *reg = &isa->regs[f->reg];

	if (f->kind != LOCATION_REG)
		return false;
	for (unsigned w = 0; w < reg_words(reg); w++)
		if ((f->expected[w] ^ f->observed[w]) & ~f->mask[w] & ~hidden[reg->word + w])
			return false;
	return true;
}

/* What is found closer counts as often as what it replaces, and as wrong in as much. */
static void pass_count(struct run *closer, const struct finding *f, const struct isa *isa)
{
	struct finding *same = findings_find(&closer->findings, isa, f);

	if (!same)
		return;
	same->flags |= f->flags;
	if (same->count < f->count)
		same->count = f->count;
}

static void remove_explained(struct run *run, const struct run_stretch *stretch, struct run *closer,
			     const struct isa *isa)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->findings.list.len; i++) {
		struct finding *f = &run->findings.list.at[i];
		if (!is_wanted(f, stretch) || !is_explained(f, closer, isa)) {
			run->findings.list.at[kept++] = *f;
			continue;
		}
		pass_count(closer, f, isa);
		finding_deinit(f);
	}
	run->findings.list.len = kept;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return (x->first_instruction > y->first_instruction) - (x->first_instruction < y->first_instruction);
}

struct error *closer_merge(struct run *run, const struct run_stretch *stretch, struct run *closer, const char *gone,
			   const struct isa *isa, const uint64_t *hidden)
{
	struct error *err = NULL;

	remove_explained(run, stretch, closer, isa);
	for (size_t i = 0; i < run->findings.list.len && !err; i++) {
		struct finding *f = &run->findings.list.at[i];
		if (!is_wanted(f, stretch))
			continue;
		err = is_hidden(f, isa, hidden)
			      ? settle(f, CLOSER_SKIPPED,
				       "looked at closer, the stores before it are right, and this register is not shown")
			      : settle(f, CLOSER_GONE, gone);
	}
	for (size_t i = 0; i < closer->findings.list.len && !err; i++) {
		struct finding f = closer->findings.list.at[i];
		if (findings_find(&run->findings, isa, &f))
			continue;
		closer->findings.list.at[i] = (struct finding){.count = 0};
		f.closer = f.closer == CLOSER_NO_NEED ? CLOSER_FOUND : f.closer;
		f.stretch = stretch->number;
		if (!vec_push(&run->findings.list, f)) {
			finding_deinit(&f);
			err = &error_no_memory;
		}
	}
	qsort(run->findings.list.at, run->findings.list.len, sizeof *run->findings.list.at, compare_findings);
	return err;
}

struct error *closer_skip(struct run *run, const struct run_stretch *stretch, const char *why)
{
	struct strbuf text = {0};
	struct error *err = NULL;

	strbuf_printf(&text, "not looked at closer, so that another instruction may be the one: %s", why);
	if (!text.at)
		return &error_no_memory;
	for (size_t i = 0; i < run->findings.list.len && !err; i++)
		if (is_wanted(&run->findings.list.at[i], stretch))
			err = settle(&run->findings.list.at[i], CLOSER_SKIPPED, text.at);
	strbuf_deinit(&text);
	return err;
}
