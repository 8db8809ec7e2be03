/* The self-test of the self-test: models made wrong on purpose. */
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>

#include "cmd/validate/selftest.h"
#include "lib/oracle/walk_mutants.h"

struct session {
	const struct selftest_options *options;
	struct walk *walk;
	regex_t only;
	uint64_t count[MUTANT_SURVIVED + 1];
	struct strbuf text;
};

static bool is_chosen(void *ctx, const struct walk_form *form)
{
	const struct session *s = ctx;

	return regexec(&s->only, form->name, 0, NULL, 0) == 0;
}

static void show(const struct session *s, uint64_t seed, const struct mutant *m)
{
	struct strbuf hex = {0};

	strbuf_append_hex(&hex, m->insn.bytes, m->insn.len);
	printf("mutant %" PRIu64 ": %s (%s): %s: ", seed, m->insn.form, strbuf_text(&hex), m->change);
	strbuf_deinit(&hex);
	switch (m->verdict) {
	case MUTANT_KILLED: printf("killed by case %u\n", m->cases); break;
	case MUTANT_EQUIVALENT: printf("equivalent: no difference in %u states\n", m->states); break;
	case MUTANT_UNDEFINED: printf("only undefined bits: no other difference in %u states\n", m->states); break;
	case MUTANT_SURVIVED:
		printf("SURVIVED %u cases; differs in %u of %u states\n", m->cases, m->differ, m->states);
		break;
	}
	if (m->verdict == MUTANT_KILLED && s->options->verbose)
		printf("%s", strbuf_text(&s->text));
}

static struct error *run(struct session *s)
{
	struct error *err = NULL;

	for (uint64_t i = 0; i < s->options->mutants && !err; i++) {
		uint64_t seed = s->options->mutate.value + i;
		struct mutant mutant;

		strbuf_clear(&s->text);
		err = walk_mutant(s->walk, seed, (unsigned)s->options->cases, is_chosen, s, &s->text, &mutant);
		if (err)
			return err;
		s->count[mutant.verdict]++;
		show(s, seed, &mutant);
		fflush(stdout);
	}
	return err;
}

struct error *selftest_mutants(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct session s = {.options = options};
	struct oracle *oracle = NULL;
	struct error *err = selftest_only(options, &s.only);

	if (err)
		return err;
	err = selftest_oracle(isa, options, &oracle);
	if (!err)
		err = walk_create(isa, oracle, options->seed, options->vendor, &s.walk);
	if (!err) {
		err = run(&s);
		printf("mutants: %" PRIu64 " killed, %" PRIu64 " equivalent or only undefined bits, %" PRIu64
		       " survived\n",
		       s.count[MUTANT_KILLED], s.count[MUTANT_EQUIVALENT] + s.count[MUTANT_UNDEFINED],
		       s.count[MUTANT_SURVIVED]);
	}
	selftest_show_gaps(oracle, s.walk ? walk_selftest(s.walk) : NULL);
	counts->passed += s.count[MUTANT_KILLED] + s.count[MUTANT_EQUIVALENT] + s.count[MUTANT_UNDEFINED];
	counts->failed += s.count[MUTANT_SURVIVED];
	regfree(&s.only);
	walk_destroy(s.walk);
	oracle_destroy(oracle);
	strbuf_deinit(&s.text);
	return err;
}
