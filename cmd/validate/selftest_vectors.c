/* The self-test by cases with expected results, from a file or from unicorn. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/validate/selftest.h"
#include "lib/base/rng.h"
#include "lib/oracle/vectors.h"
#include "lib/target/unicorn_vectors.h"

/* A row of the report: a mnemonic, or a family of them. */
struct row {
	char name[sizeof((struct insn *)0)->mnemonic];
	uint64_t count[VECTORS_NUM_VERDICTS];
	unsigned shown[VECTORS_NUM_VERDICTS];
};

typedef VEC(struct row) rows_by_name;

struct session {
	const struct selftest_options *options;
	struct selftest_counts *counts;
	struct vector_reader *reader;
	struct vectors *vectors;
	rows_by_name mnemonics, families;
	unsigned shown;
	uint64_t made, ended; /* cases of unicorn's, and those of them that did not end in an exception */
};

/* How many cases are shown, in all and of each mnemonic, by the number of -v. */
static const struct {
	unsigned all, each;
	bool unmodelled;
} limits[] = {{10, 1, false}, {100, 3, true}, {UINT32_MAX, UINT32_MAX, true}};

enum { NUM_LIMITS = sizeof limits / sizeof *limits };

/* Words that no row of the decoder has are one row of the report. */
static const char *name_of(const struct insn *insn)
{
	return insn->status == LIFT_UNDECODABLE ? "(unknown)" : insn->mnemonic;
}

static const char *family_of(const struct insn *insn)
{
	return insn->status == LIFT_UNDECODABLE || !insn->family ? "(unknown)" : insn->family;
}

static struct row *find_row(rows_by_name *rows, const char *name)
{
	for (size_t i = 0; i < rows->len; i++)
		if (!strcmp(rows->at[i].name, name))
			return &rows->at[i];
	struct row new = {0};
	snprintf(new.name, sizeof new.name, "%s", name);
	return vec_push(rows, new) ? &rows->at[rows->len - 1] : NULL;
}

static bool is_shown(const struct session *s, const struct row *m, enum vectors_verdict verdict)
{
	unsigned level = s->options->verbose < NUM_LIMITS ? s->options->verbose : NUM_LIMITS - 1;

	if (verdict == VECTORS_PASSED || (verdict == VECTORS_UNMODELLED && !limits[level].unmodelled))
		return false;
	return s->shown < limits[level].all && m->shown[verdict] < limits[level].each;
}

static struct error *show(struct session *s, struct row *m, enum vectors_verdict verdict)
{
	struct strbuf text = {0};
	struct error *err = vectors_describe(s->vectors, &text);

	if (!err)
		printf("%s %s", verdict == VECTORS_FAILED ? "FAILED" : "not modelled", strbuf_text(&text));
	strbuf_deinit(&text);
	m->shown[verdict]++;
	s->shown++;
	return err;
}

static void count(struct selftest_counts *counts, enum vectors_verdict verdict)
{
	counts->passed += verdict == VECTORS_PASSED;
	counts->failed += verdict == VECTORS_FAILED;
	counts->unmodelled += verdict == VECTORS_UNMODELLED;
}

static struct error *run_case(struct session *s, const struct vector_case *c)
{
	const struct insn *insn;
	enum vectors_verdict verdict;
	struct error *err = vectors_run(s->vectors, c, &verdict, &insn);

	if (err)
		return err;
	struct row *m = find_row(&s->mnemonics, name_of(insn)), *family = find_row(&s->families, family_of(insn));
	if (!m || !family)
		return &error_no_memory;
	m->count[verdict]++;
	family->count[verdict]++;
	count(s->counts, verdict);
	return is_shown(s, m, verdict) ? show(s, m, verdict) : NULL;
}

static struct error *run_cases(struct session *s)
{
	struct vector_case c;
	bool found = true;
	struct error *err = NULL;

	while (!err && found) {
		err = vector_reader_next(s->reader, &c, &found);
		if (!err && found)
			err = run_case(s, &c);
	}
	return err;
}

/* Words of one encoding, from random states. */
static struct error *run_encoding(struct session *s, struct unicorn_vectors *u, struct rng *rng, uint32_t mask,
				  uint32_t value)
{
	struct error *err = NULL;

	for (uint64_t i = 0; !err && i < s->options->cases; i++) {
		uint32_t word = value | ((uint32_t)rng_next(rng) & ~mask);
		struct vector_case c;
		bool ended;

		err = unicorn_vectors_run(u, word, rng_next(rng), &c, &ended);
		if (err)
			return err;
		c.number = (uint32_t)s->made++;
		if (!ended)
			continue;
		s->ended++;
		err = run_case(s, &c);
	}
	return err;
}

static struct error *run_against(struct session *s, const struct isa *isa, const struct isa_lifter *lifter)
{
	struct rng rng = {.state = s->options->seed};
	struct unicorn_vectors *u;
	uint32_t mask, value;
	struct error *err = unicorn_vectors_create(&u);

	if (err)
		return err;
	for (size_t i = 0; !err && isa->lifter_encoding(lifter, i, &mask, &value); i++)
		err = run_encoding(s, u, &rng, mask, value);
	unicorn_vectors_destroy(u);
	return err;
}

static int by_failures(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	uint64_t xs = x->count[VECTORS_FAILED], ys = y->count[VECTORS_FAILED];

	return xs != ys ? (xs < ys ? 1 : -1) : strcmp(x->name, y->name);
}

static void report_rows(const char *title, rows_by_name *rows)
{
	qsort(rows->at, rows->len, sizeof *rows->at, by_failures);
	printf("%-20s %10s %10s %14s\n", title, "passed", "failed", "not modelled");
	for (size_t i = 0; i < rows->len; i++) {
		const struct row *r = &rows->at[i];
		printf("%-20s %10" PRIu64 " %10" PRIu64 " %14" PRIu64 "\n", r->name, r->count[VECTORS_PASSED],
		       r->count[VECTORS_FAILED], r->count[VECTORS_UNMODELLED]);
	}
}

static void report(struct session *s)
{
	if (!s->mnemonics.len)
		return;
	report_rows("mnemonic", &s->mnemonics);
	putchar('\n');
	report_rows("family", &s->families);
	putchar('\n');
}

struct error *selftest_against(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct session s = {.options = options, .counts = counts};
	struct isa_lifter *lifter;

	if (strcmp(options->against, "unicorn") != 0)
		return error_create(ERROR_USAGE, "selftest: --against: unicorn is the only choice, not '%s'",
				    options->against);
	if (!isa->lifter_encoding)
		return error_create(ERROR_USAGE, "selftest: --against is for --arch aarch64");
	struct error *err = isa->lifter_create(&lifter);
	if (err)
		return err;
	err = vectors_create(isa, &s.vectors);
	if (!err)
		err = run_against(&s, isa, lifter);
	report(&s);
	printf("%" PRIu64 " words executed, %" PRIu64 " of them ended in an exception and were not compared\n", s.made,
	       s.made - s.ended);
	puts("unicorn is an emulator: where the model differs from it, who is right is to be found out");
	vec_deinit(&s.mnemonics);
	vec_deinit(&s.families);
	vectors_destroy(s.vectors);
	isa->lifter_destroy(lifter);
	return err;
}

struct error *selftest_vectors(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct session s = {.options = options, .counts = counts};
	struct error *err = vectors_create(isa, &s.vectors);

	if (!err)
		err = vector_reader_open(options->vectors, &s.reader);
	if (!err) {
		err = run_cases(&s);
		report(&s);
	}
	vec_deinit(&s.mnemonics);
	vec_deinit(&s.families);
	vector_reader_close(s.reader);
	vectors_destroy(s.vectors);
	return err;
}
