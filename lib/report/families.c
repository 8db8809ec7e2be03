#include "lib/report/families.h"

#include <stdlib.h>
#include <string.h>

const char *family_name(const struct coverage_form *form)
{
	return form->family && *form->family ? form->family : "undecodable";
}

static bool is_outside(const struct coverage_form *form, const struct isa_outside *outside)
{
	for (const char *const *family = outside->families; form->family && *family; family++)
		if (!strcmp(form->family, *family))
			return coverage_executed(form) > 0;
	return false;
}

bool coverage_has_outside(const struct coverage *c, const struct isa *isa)
{
	for (size_t i = 0; i < c->forms.len && isa->outside; i++)
		if (is_outside(&c->forms.at[i], isa->outside))
			return true;
	return false;
}

const char *coverage_status_name(enum lift_status status)
{
	return status == LIFT_DONE ? "modelled" : status == LIFT_UNMODELLED ? "unmodelled" : "undecodable";
}

enum judged coverage_best(const uint64_t count[NUM_JUDGED])
{
	for (unsigned k = 0; k < NUM_JUDGED; k++)
		if (count[k])
			return (enum judged)k;
	return JUDGED_NOT;
}

static struct family *find_family(struct families *f, const char *name)
{
	for (size_t i = 0; i < f->list.len; i++)
		if (!strcmp(f->list.at[i].name, name))
			return &f->list.at[i];
	return vec_push(&f->list, (struct family){.name = name}) ? &f->list.at[f->list.len - 1] : NULL;
}

/* By family, then form: encodings of one form are neighbours. */
static int compare_forms(const void *a, const void *b)
{
	const struct coverage_form *x = *(const struct coverage_form *const *)a;
	const struct coverage_form *y = *(const struct coverage_form *const *)b;
	int order = strcmp(family_name(x), family_name(y));

	return order ? order : strcmp(x->form, y->form);
}

static int compare_families(const void *a, const void *b)
{
	const struct family *x = a, *y = b;
	uint64_t n = 0, m = 0;

	for (unsigned k = 0; k < NUM_JUDGED; k++) {
		n += x->executed[k];
		m += y->executed[k];
	}
	return n != m ? (n < m ? 1 : -1) : strcmp(x->name, y->name);
}

/* One form, whose encodings are num neighbours. */
static void count_form(struct family *f, const struct coverage_form *const *form, size_t num)
{
	uint64_t sum[NUM_JUDGED] = {0};

	for (size_t i = 0; i < num; i++)
		for (unsigned k = 0; k < NUM_JUDGED; k++)
			sum[k] += form[i]->count[k];
	for (unsigned k = 0; k < NUM_JUDGED; k++)
		f->executed[k] += sum[k];
	f->forms[coverage_best(sum)]++;
	f->encodings += num;
}

static struct error *count_sorted(struct families *f, const struct coverage_form *const *forms, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		struct family *family = find_family(f, family_name(forms[i]));
		if (!family)
			return &error_no_memory;
		for (n = 1; i + n < len && !compare_forms(&forms[i], &forms[i + n]); n++)
			;
		count_form(family, forms + i, n);
		count_form(&f->total, forms + i, n);
	}
	if (f->list.len)
		qsort(f->list.at, f->list.len, sizeof *f->list.at, compare_families);
	return NULL;
}

struct error *families_count(const struct coverage *c, struct families *ret)
{
	struct families f = {.total.name = "total"};
	const struct coverage_form **forms = calloc(c->forms.len + 1, sizeof(const struct coverage_form *));
	size_t len = 0;

	if (!forms)
		return &error_no_memory;
	for (size_t i = 0; i < c->forms.len; i++)
		if (coverage_executed(&c->forms.at[i]))
			forms[len++] = &c->forms.at[i];
	if (len)
		qsort(forms, len, sizeof(const struct coverage_form *), compare_forms);
	struct error *err = count_sorted(&f, forms, len);
	free(forms);
	if (err)
		families_deinit(&f);
	else
		*ret = f;
	return err;
}

void families_deinit(struct families *f)
{
	vec_deinit(&f->list);
}
