/* Differences by class, grouped by instruction form and location. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diff/internal.h"

bool list_wanted(const struct diff *d, enum diff_class class)
{
	return d->options->consequences || (class != DIFF_CONSEQUENCE && class != DIFF_ADDRESSES);
}

/* ---- Inputs ---- */

/* The value in A; and that in B where it is another one. */
static struct error *add_register(const struct diff *d, struct finding *f, uint32_t reg)
{
	const struct reg_desc *desc = &d->isa->regs[reg];
	const uint64_t *a = d->side[A].before->value + desc->word, *b = d->side[B].before->value + desc->word;
	struct error *err = finding_add_input(f, strdup(desc->name), desc->width, a);
	struct strbuf name = {0};

	if (err || !memcmp(a, b, reg_words(desc) * sizeof *a))
		return err;
	strbuf_printf(&name, "%s in B", desc->name);
	return finding_add_input(f, strbuf_take(&name), desc->width, b);
}

static struct error *add_load(struct finding *f, const struct trace_access *load, const char *where)
{
	struct strbuf name = {0};
	uint64_t value[EXPR_MAX_WORDS] = {0};

	strbuf_printf(&name, "mem%u[0x%llx]%s", 8u * load->len, (unsigned long long)load->address, where);
	memcpy(value, load->data, load->len);
	return finding_add_input(f, strbuf_take(&name), 8u * load->len, value);
}

static struct error *add_loads(const struct diff *d, struct finding *f)
{
	struct error *err = NULL;

	for (size_t n = 0; !err; n++) {
		const struct trace_access *a = access_at(&d->side[A], false, n), *b = access_at(&d->side[B], false, n);
		if (!a)
			break;
		err = add_load(f, a, "");
		bool same = b && a->address == b->address && a->len == b->len && !memcmp(a->data, b->data, a->len);
		if (!err && b && !same)
			err = add_load(f, b, " in B");
	}
	return err;
}

static struct error *add_inputs(const struct diff *d, struct finding *f, const struct effects *effects)
{
	struct error *err = NULL;

	for (size_t i = 0; effects && i < effects->reads.len && !err; i++)
		err = add_register(d, f, effects->reads.at[i]);
	return err ? err : add_loads(d, f);
}

/* ---- The list ---- */

/* More bytes than one instruction's are a block, which begins with it. */
static void name_instruction(const struct diff *d, const struct lifted *lifted, struct finding *f)
{
	f->insn = lifted->insn;
	if (d->sequence || d->side[A].len > lifted->insn.len)
		snprintf(f->insn.form, sizeof f->insn.form, "block from %.*s", (int)sizeof f->insn.form - 12,
			 lifted->insn.form);
}

static struct error *add_group(struct diff *d, struct diff_list *list, struct finding *f,
			       const struct diff_other *other, const struct effects *effects)
{
	f->severity = SEVERITY_INFO;
	f->first_instruction = f->since = d->side[A].number;
	f->event = d->side[A].next_event;
	struct error *err = vec_reserve(&list->other, list->other.len + 1) ? NULL : &error_no_memory;
	if (!err)
		err = add_inputs(d, f, effects);
	if (err) {
		finding_deinit(f);
		return err;
	}
	err = findings_record(&list->findings, d->isa, f);
	if (!err)
		list->other.at[list->other.len++] = *other;
	return err;
}

struct error *list_add(struct diff *d, enum diff_class class, enum diff_kind kind, struct finding *f,
		       uint64_t address_b, const struct lifted *lifted, const struct effects *effects)
{
	struct diff_list *list = &d->result->list[class];
	const struct diff_other other = {
		.kind = kind,
		.tid = d->side[A].tid,
		.pc = d->side[B].pc,
		.number = d->side[B].number,
		.event = d->side[B].next_event,
		.address = address_b,
	};

	list->total++;
	if (!list_wanted(d, class)) {
		list->unlisted++;
		return NULL;
	}
	name_instruction(d, lifted, f);
	if (findings_count(&list->findings, d->isa, f))
		return NULL;
	if (list->findings.list.len >= d->options->max_findings) {
		list->unlisted++;
		return NULL;
	}
	return add_group(d, list, f, &other, effects);
}
