#include "cmd/validate/selftest_tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How many cases are shown, in all and of each mnemonic, by the number of -v. */
static const struct {
	unsigned all, each;
	bool unmodelled;
} limits[] = {{10, 1, false}, {100, 3, true}, {UINT32_MAX, UINT32_MAX, true}};

enum { NUM_LIMITS = sizeof limits / sizeof *limits };

static struct tally_row *find_row(tally_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->len; i++)
		if (!strcmp(rows->at[i].name, name))
			return &rows->at[i];
	struct tally_row new = {0};
	snprintf(new.name, sizeof new.name, "%s", name);
	return vec_push(rows, new) ? &rows->at[rows->len - 1] : NULL;
}

static bool is_shown(const struct tally *t, const struct tally_row *m, enum vectors_verdict verdict)
{
	unsigned level = t->verbose < NUM_LIMITS ? t->verbose : NUM_LIMITS - 1;

	if (verdict == VECTORS_PASSED || (verdict == VECTORS_UNMODELLED && !limits[level].unmodelled))
		return false;
	return t->shown < limits[level].all && m->shown[verdict] < limits[level].each;
}

static struct error *show(struct tally *t, struct tally_row *m, struct vectors *vectors, enum vectors_verdict verdict)
{
	struct strbuf text = {0};
	struct error *err = vectors_describe(vectors, &text);

	if (!err)
		printf("%s %s", verdict == VECTORS_FAILED ? "FAILED" : "not modelled", strbuf_text(&text));
	strbuf_deinit(&text);
	m->shown[verdict]++;
	t->shown++;
	return err;
}

struct error *tally_add(struct tally *t, struct vectors *vectors, const struct insn *insn, enum vectors_verdict verdict)
{
	struct tally_row *m = find_row(&t->mnemonics, insn->mnemonic), *family = find_row(&t->families, insn->family);

	if (!m || !family)
		return &error_no_memory;
	m->count[verdict]++;
	family->count[verdict]++;
	t->counts->passed += verdict == VECTORS_PASSED;
	t->counts->failed += verdict == VECTORS_FAILED;
	t->counts->unmodelled += verdict == VECTORS_UNMODELLED;
	return is_shown(t, m, verdict) ? show(t, m, vectors, verdict) : NULL;
}

static int by_failures(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	uint64_t xs = x->count[VECTORS_FAILED], ys = y->count[VECTORS_FAILED];

	return xs != ys ? (xs < ys ? 1 : -1) : strcmp(x->name, y->name);
}

static void report_rows(const char *title, tally_rows *rows)
{
	qsort(rows->at, rows->len, sizeof *rows->at, by_failures);
	printf("%-20s %10s %10s %14s\n", title, "passed", "failed", "not modelled");
	for (size_t i = 0; i < rows->len; i++) {
		const struct tally_row *r = &rows->at[i];
		printf("%-20s %10" PRIu64 " %10" PRIu64 " %14" PRIu64 "\n", r->name, r->count[VECTORS_PASSED],
		       r->count[VECTORS_FAILED], r->count[VECTORS_UNMODELLED]);
	}
}

void tally_report(struct tally *t)
{
	if (!t->mnemonics.len)
		return;
	report_rows("mnemonic", &t->mnemonics);
	putchar('\n');
	report_rows("family", &t->families);
	putchar('\n');
}

void tally_deinit(struct tally *t)
{
	vec_deinit(&t->mnemonics);
	vec_deinit(&t->families);
}
