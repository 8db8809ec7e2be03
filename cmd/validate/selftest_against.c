/* The self-test against an emulator: random words of each encoding of AArch64, from random states. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/validate/emulator.h"
#include "cmd/validate/selftest.h"
#include "cmd/validate/selftest_tally.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/oracle/vectors_state.h"

/* Trials that are with the emulator, or wait for it. */
struct batch {
	struct vectors_trial trials[EMULATOR_BATCH];
	unsigned num;
};

struct session {
	const struct selftest_options *options;
	const struct isa *isa;
	struct isa_lifter *lifter;
	struct vectors *vectors;
	struct tally tally;
	struct emulator *emulator;
	uint64_t made, executed, faulted, left_out;

	/* Where the walk over the encodings is. */
	struct rng rng;
	size_t encoding;
	uint64_t at; /* cases of this encoding so far */
	uint32_t word;
};

/* The next word of the walk; false behind the last one. */
static bool next_word(struct session *s)
{
	uint32_t mask, value;

	if (s->at == s->options->cases) {
		s->encoding++;
		s->at = 0;
	}
	if (!s->isa->lifter_encoding(s->lifter, s->encoding, &mask, &value))
		return false;
	if (s->at++ % emulator_states(s->emulator) == 0)
		s->word = vectors_draw_word(&s->rng, mask, value);
	return true;
}

static struct error *judge(struct session *s, const struct vectors_trial *t)
{
	const struct insn *insn;
	enum vectors_verdict verdict;
	struct error *err = vectors_judge(s->vectors, t, &verdict, &insn);

	return err ? err : tally_add(&s->tally, s->vectors, insn, verdict);
}

/* What has no model is not executed: it could be anything. */
static struct error *fill(struct session *s, struct batch *batch)
{
	struct error *err = NULL;

	batch->num = 0;
	while (!err && batch->num < EMULATOR_BATCH && next_word(s)) {
		struct vectors_trial *t = &batch->trials[batch->num];
		const struct insn *insn;
		bool modelled;

		*t = (struct vectors_trial){.number = (uint32_t)s->made++, .word = s->word, .seed = rng_next(&s->rng)};
		err = vectors_is_modelled(s->vectors, VECTORS_CODE, t->word, &modelled, &insn);
		if (err)
			return err;
		emulator_make_state(s->emulator, t);
		if (modelled)
			batch->num++;
		else
			err = judge(s, t);
	}
	return err;
}

/* Counts and judges a trial that the emulator had. */
static struct error *take(struct session *s, const struct vectors_trial *t)
{
	s->executed++;
	s->faulted += t->end == VECTORS_FAULTED;
	s->left_out += t->end == VECTORS_LEFT_OUT;
	return t->end == VECTORS_LEFT_OUT ? NULL : judge(s, t);
}

static struct error *take_batch(struct session *s, const struct batch *batch)
{
	struct error *err = NULL;

	for (unsigned i = 0; !err && i < batch->num; i++)
		err = take(s, &batch->trials[i]);
	return err;
}

/* A batch is with the emulator while the one before it is judged. */
static struct error *run(struct session *s)
{
	struct batch *batches = calloc(2, sizeof *batches), *current = batches, *next = batches + 1;
	struct error *err = batches ? fill(s, current) : &error_no_memory;

	if (!err && current->num)
		err = emulator_submit(s->emulator, current->trials, current->num);
	while (!err && current->num) {
		err = fill(s, next);
		if (!err && next->num)
			err = emulator_submit(s->emulator, next->trials, next->num);
		if (!err)
			err = emulator_collect(s->emulator, current->trials, current->num);
		if (!err)
			err = take_batch(s, current);
		struct batch *done = current;
		current = next;
		next = done;
	}
	free(batches);
	return err;
}

/* The word and the seed that a failure names, alone. */
static struct error *run_again(struct session *s)
{
	const char *text = s->options->replay;
	struct vectors_trial t = {.word = 0};
	int end = 0;

	if (sscanf(text, "%8" SCNx32 ":%" SCNx64 "%n", &t.word, &t.seed, &end) != 2 || text[end])
		return error_create(ERROR_USAGE, "selftest: --replay: '%s' is no case (WORD:SEED)", text);
	emulator_make_state(s->emulator, &t);
	struct error *err = emulator_submit(s->emulator, &t, 1);
	if (!err)
		err = emulator_collect(s->emulator, &t, 1);
	return err ? err : take(s, &t);
}

static void report(struct session *s, uint64_t start)
{
	double seconds = (double)(clock_now() - start) / (double)CLOCK_S;

	tally_report(&s->tally);
	printf("%" PRIu64 " words executed in %.1f s, %" PRIu64 " of them ended in a fault, %" PRIu64
	       " could not be compared\n",
	       s->executed, seconds, s->faulted, s->left_out);
	printf("%s is an emulator: where the model differs from it, who is right is to be found out\n",
	       emulator_name(s->emulator));
}

struct error *selftest_against(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct session s = {.options = options,
			    .isa = isa,
			    .rng = {.state = options->seed},
			    .tally = {.counts = counts, .verbose = options->verbose}};
	if (!isa->lifter_encoding)
		return error_create(ERROR_USAGE, "selftest: --against is for --arch aarch64");
	struct error *err = isa->lifter_create(&s.lifter);
	if (!err)
		err = vectors_create(isa, &s.vectors);
	if (!err)
		err = emulator_start(isa, options, s.vectors, &s.emulator);
	if (!err) {
		uint64_t start = clock_now();
		err = options->replay ? run_again(&s) : run(&s);
		report(&s, start);
	}
	tally_deinit(&s.tally);
	emulator_end(s.emulator);
	vectors_destroy(s.vectors);
	isa->lifter_destroy(s.lifter);
	return err;
}
