/* The self-test of the self-test: models made wrong on purpose. */
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>

#include "cmd/validate/emulator.h"
#include "cmd/validate/selftest.h"
#include "lib/base/map.h"
#include "lib/oracle/vectors_mutants.h"
#include "lib/oracle/vectors_state.h"
#include "lib/oracle/walk_mutants.h"

_Static_assert((int)VECTORS_TRUTH_BATCH == (int)EMULATOR_BATCH, "trials at once");

struct session {
	const struct selftest_options *options;
	regex_t only;
	uint64_t count[MUTANT_SURVIVED + 1];
	struct strbuf text;
	/* Makes and tries the mutant of a seed. */
	struct error *(*try)(struct session *s, uint64_t seed, struct mutant *ret);

	struct walk *walk; /* by the CPU; else by an emulator: */
	const struct isa *isa;
	struct isa_lifter *lifter;
	uint32_t num_encodings;
	struct vectors *vectors;
	struct emulator *emulator;
};

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
	case MUTANT_HIDDEN: printf("only what no case shows: no other difference in %u states\n", m->states); break;
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
		err = s->try(s, seed, &mutant);
		if (err)
			return err;
		s->count[mutant.verdict]++;
		show(s, seed, &mutant);
		fflush(stdout);
	}
	return err;
}

static struct error *run_and_sum(struct session *s, struct selftest_counts *counts)
{
	struct error *err = run(s);

	uint64_t alike = s->count[MUTANT_EQUIVALENT] + s->count[MUTANT_UNDEFINED];

	printf("mutants: %" PRIu64 " killed, %" PRIu64 " equivalent or only undefined bits, ", s->count[MUTANT_KILLED],
	       alike);
	if (s->count[MUTANT_HIDDEN])
		printf("%" PRIu64 " only what no case shows, ", s->count[MUTANT_HIDDEN]);
	printf("%" PRIu64 " survived\n", s->count[MUTANT_SURVIVED]);
	counts->passed += s->count[MUTANT_KILLED] + alike + s->count[MUTANT_HIDDEN];
	counts->failed += s->count[MUTANT_SURVIVED];
	return err;
}

/* ---- By this machine's CPU ---- */

static bool is_chosen(void *ctx, const struct walk_form *form)
{
	const struct session *s = ctx;

	return regexec(&s->only, form->name, 0, NULL, 0) == 0;
}

static struct error *try_form(struct session *s, uint64_t seed, struct mutant *ret)
{
	return walk_mutant(s->walk, seed, (unsigned)s->options->cases, is_chosen, s, &s->text, ret);
}

static struct error *run_forms(struct session *s, const struct isa *isa, struct selftest_counts *counts)
{
	struct oracle *oracle = NULL;
	struct error *err = selftest_oracle(isa, s->options, &oracle);

	s->try = try_form;
	if (!err)
		err = walk_create(isa, oracle, s->options->seed, s->options->vendor, &s->walk);
	if (!err)
		err = run_and_sum(s, counts);
	selftest_show_gaps(oracle, s->walk ? walk_selftest(s->walk) : NULL);
	walk_destroy(s->walk);
	oracle_destroy(oracle);
	return err;
}

/* ---- By an emulator ---- */

static struct error *more_trials(void *ctx, uint32_t word, struct rng *rng, struct vectors_trial *ret,
				 unsigned *ret_num)
{
	struct session *s = ctx;

	for (unsigned i = 0; i < VECTORS_TRUTH_BATCH; i++) {
		ret[i] = (struct vectors_trial){.number = i, .word = word, .seed = rng_next(rng)};
		emulator_make_state(s->emulator, &ret[i]);
	}
	struct error *err = emulator_submit(s->emulator, ret, VECTORS_TRUTH_BATCH);
	if (!err)
		err = emulator_collect(s->emulator, ret, VECTORS_TRUTH_BATCH);
	*ret_num = err ? 0 : VECTORS_TRUTH_BATCH;
	return err;
}

/* A word of a random encoding that has a model and is chosen. */
static struct error *draw_word(struct session *s, struct rng *rng, uint32_t *ret, bool *ret_found)
{
	uint32_t mask, value;
	bool modelled;
	const struct insn *insn;

	s->isa->lifter_encoding(s->lifter, rng_below(rng, s->num_encodings), &mask, &value);
	*ret = vectors_draw_word(rng, mask, value);
	struct error *err = vectors_is_modelled(s->vectors, VECTORS_CODE, *ret, &modelled, &insn);
	*ret_found = !err && modelled && regexec(&s->only, insn->form, 0, NULL, 0) == 0;
	return err;
}

static struct error *try_word(struct session *s, uint64_t seed, struct mutant *ret)
{
	enum { MAX_DRAWS = 100000 };
	const struct vectors_truth truth = {.ctx = s, .more = more_trials};
	struct rng rng = {.state = hash_u64(seed)};
	struct error *err = NULL;
	bool found = false;

	for (unsigned i = 0; i < MAX_DRAWS && !err && !found; i++) {
		struct mutant mutant = {0};
		uint32_t word;
		err = draw_word(s, &rng, &word, &found);
		if (err || !found)
			continue;
		err = vectors_mutant(s->vectors, &truth, word, &rng, (unsigned)s->options->cases, &s->text, &mutant,
				     &found);
		*ret = mutant;
	}
	return err || found ? err : error_create(ERROR_UNSUPPORTED, "no model can be made wrong");
}

static struct error *run_words(struct session *s, const struct isa *isa, struct selftest_counts *counts)
{
	uint32_t mask, value;
	struct error *err = isa->lifter_create(&s->lifter);

	s->isa = isa;
	s->try = try_word;
	if (!err)
		err = vectors_create(isa, &s->vectors);
	if (!err)
		err = emulator_start(isa, s->options, s->vectors, &s->emulator);
	while (!err && isa->lifter_encoding(s->lifter, s->num_encodings, &mask, &value))
		s->num_encodings++;
	if (!err)
		err = run_and_sum(s, counts);
	emulator_end(s->emulator);
	vectors_destroy(s->vectors);
	if (s->lifter)
		isa->lifter_destroy(s->lifter);
	return err;
}

struct error *selftest_mutants(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct session s = {.options = options};
	struct error *err = selftest_only(options, &s.only);

	if (err)
		return err;
	err = options->against ? run_words(&s, isa, counts) : run_forms(&s, isa, counts);
	regfree(&s.only);
	strbuf_deinit(&s.text);
	return err;
}
