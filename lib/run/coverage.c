#include "lib/run/coverage.h"

#include <string.h>

/* Forms up to the number, which may have been seen ahead of what is counted. */
static struct error *make_room(struct coverage *c, uint32_t number)
{
	while (c->forms.len <= number)
		if (!vec_push(&c->forms, (struct coverage_form){0}))
			return &error_no_memory;
	return NULL;
}

struct error *coverage_count(struct coverage *c, uint32_t number, const struct insn *insn, enum judged judged)
{
	if (number >= c->forms.len) {
		struct error *err = make_room(c, number);
		if (err)
			return err;
	}
	struct coverage_form *f = &c->forms.at[number];
	if (!coverage_executed(f)) {
		f->status = insn->status;
		f->family = insn->family;
		f->first_pc = insn->pc;
		memcpy(f->form, insn->form, sizeof f->form);
		memcpy(f->encoding, insn->encoding, sizeof f->encoding);
	}
	f->count[judged]++;
	return NULL;
}

void coverage_demote(struct coverage *c, uint32_t number)
{
	if (number >= c->forms.len || !c->forms.at[number].count[JUDGED_FULLY])
		return;
	c->forms.at[number].count[JUDGED_FULLY]--;
	c->forms.at[number].count[JUDGED_PARTLY]++;
}

static struct coverage_form *find(struct coverage *c, const struct coverage_form *like)
{
	for (size_t i = 0; i < c->forms.len; i++) {
		struct coverage_form *f = &c->forms.at[i];
		if (f->status == like->status && !strcmp(f->form, like->form) && !strcmp(f->encoding, like->encoding))
			return f;
	}
	return NULL;
}

struct error *coverage_merge(struct coverage *into, const struct coverage *from)
{
	for (size_t i = 0; i < from->forms.len; i++) {
		const struct coverage_form *f = &from->forms.at[i];
		struct coverage_form *known = coverage_executed(f) ? find(into, f) : NULL;
		if (known) {
			for (unsigned k = 0; k < NUM_JUDGED; k++)
				known->count[k] += f->count[k];
		} else if (coverage_executed(f) && !vec_push(&into->forms, *f)) {
			return &error_no_memory;
		}
	}
	return NULL;
}

void coverage_deinit(struct coverage *c)
{
	vec_deinit(&c->forms);
}

const char *judged_name(enum judged judged)
{
	static const char *const names[] = {
		[JUDGED_FULLY] = "fully",
		[JUDGED_PARTLY] = "partly",
		[JUDGED_NOT] = "not",
	};

	return names[judged];
}
