/* The self-test against an emulator: random words of each encoding of AArch64, from random states. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/validate/selftest.h"
#include "cmd/validate/selftest_tally.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/oracle/vectors_state.h"
#include "lib/target/qemu_vectors.h"
#include "lib/target/unicorn_vectors.h"

enum { BATCH = QEMU_VECTORS_BATCH, TIMEOUT_MS = 60000 };

/* Trials that are with the emulator, or wait for it. */
struct batch {
	struct vectors_trial trials[BATCH];
	unsigned num;
};

struct session;

/* An emulator. */
struct against {
	const char *name;
	unsigned states; /* of each word: a translation is dearer than an execution */
	void (*make_state)(uint32_t word, uint64_t seed, struct vectors_state *ret);
	struct error *(*start)(struct session *s, const char *path);
	struct error *(*submit)(struct session *s, struct batch *batch);
	struct error *(*collect)(struct session *s, struct batch *batch);
};

struct session {
	const struct selftest_options *options;
	const struct isa *isa;
	struct isa_lifter *lifter;
	struct vectors *vectors;
	struct tally tally;
	const struct against *against;
	struct unicorn_vectors *unicorn; /* NULL: another one is asked */
	struct qemu_vectors *qemu;
	uint64_t made, executed, faulted, left_out;

	/* Where the walk over the encodings is. */
	struct rng rng;
	size_t encoding;
	uint64_t at; /* cases of this encoding so far */
	uint32_t word;
};

/* ---- The emulators ---- */

static struct error *start_unicorn(struct session *s, const char *path)
{
	(void)path;
	return unicorn_vectors_create(&s->unicorn);
}

static struct error *submit_unicorn(struct session *s, struct batch *batch)
{
	struct error *err = NULL;

	for (unsigned i = 0; !err && i < batch->num; i++)
		err = unicorn_vectors_run(s->unicorn, &batch->trials[i]);
	return err;
}

static struct error *collect_unicorn(struct session *s, struct batch *batch)
{
	(void)s, (void)batch;
	return NULL;
}

static struct error *start_qemu(struct session *s, const char *path)
{
	const struct qemu_vectors_options options = {.emulator = path,
						     .cpu = s->options->cpu,
						     .timeout_ms = TIMEOUT_MS};
	struct error *err = qemu_vectors_create(s->isa, &options, &s->qemu);

	if (err)
		return err;
	printf("against      %s\n", qemu_vectors_identity(s->qemu));
	return qemu_vectors_tell(s->qemu, s->vectors);
}

static struct error *submit_qemu(struct session *s, struct batch *batch)
{
	return qemu_vectors_submit(s->qemu, batch->trials, batch->num);
}

static struct error *collect_qemu(struct session *s, struct batch *batch)
{
	return qemu_vectors_collect(s->qemu, batch->trials, batch->num);
}

static const struct against emulators[] = {
	{"unicorn", 1, vectors_make_state, start_unicorn, submit_unicorn, collect_unicorn},
	{"qemu", 4, vectors_draw_state, start_qemu, submit_qemu, collect_qemu},
};

/* "unicorn", "qemu", "qemu:PATH"; *ret_path: NULL, or the rest. */
static struct error *choose(const char *text, const struct against **ret, const char **ret_path)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	for (size_t i = 0; i < sizeof emulators / sizeof *emulators; i++) {
		const struct against *a = &emulators[i];
		if (strlen(a->name) != len || strncmp(a->name, text, len) != 0 || (colon && a->start == start_unicorn))
			continue;
		*ret = a;
		*ret_path = colon ? colon + 1 : NULL;
		return NULL;
	}
	return error_create(ERROR_USAGE, "selftest: --against: unicorn, qemu or qemu:PATH, not '%s'", text);
}

/* ---- Words and states ---- */

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
	if (s->at++ % s->against->states == 0)
		s->word = value | ((uint32_t)rng_next(&s->rng) & ~mask);
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
	while (!err && batch->num < BATCH && next_word(s)) {
		struct vectors_trial *t = &batch->trials[batch->num];
		const struct insn *insn;
		bool modelled;

		*t = (struct vectors_trial){.number = (uint32_t)s->made++, .word = s->word, .seed = rng_next(&s->rng)};
		err = vectors_is_modelled(s->vectors, VECTORS_CODE, t->word, &modelled, &insn);
		if (err)
			return err;
		s->against->make_state(t->word, t->seed, &t->before);
		if (modelled)
			batch->num++;
		else
			err = judge(s, t);
	}
	return err;
}

static struct error *judge_batch(struct session *s, const struct batch *batch)
{
	struct error *err = NULL;

	for (unsigned i = 0; !err && i < batch->num; i++) {
		const struct vectors_trial *t = &batch->trials[i];
		s->executed++;
		s->faulted += t->end == VECTORS_FAULTED;
		s->left_out += t->end == VECTORS_LEFT_OUT;
		if (t->end != VECTORS_LEFT_OUT)
			err = judge(s, t);
	}
	return err;
}

/* A batch is with the emulator while the one before it is judged. */
static struct error *run(struct session *s)
{
	struct batch *batches = calloc(2, sizeof *batches), *current = batches, *next = batches + 1;
	struct error *err = batches ? fill(s, current) : &error_no_memory;

	if (!err && current->num)
		err = s->against->submit(s, current);
	while (!err && current->num) {
		err = fill(s, next);
		if (!err && next->num)
			err = s->against->submit(s, next);
		if (!err)
			err = s->against->collect(s, current);
		if (!err)
			err = judge_batch(s, current);
		struct batch *done = current;
		current = next;
		next = done;
	}
	free(batches);
	return err;
}

static void report(struct session *s, uint64_t start)
{
	double seconds = (double)(clock_now() - start) / (double)CLOCK_S;

	tally_report(&s->tally);
	printf("%" PRIu64 " words executed in %.1f s, %" PRIu64 " of them ended in a fault, %" PRIu64
	       " could not be compared\n",
	       s->executed, seconds, s->faulted, s->left_out);
	printf("%s is an emulator: where the model differs from it, who is right is to be found out\n",
	       s->against->name);
}

struct error *selftest_against(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct session s = {.options = options,
			    .isa = isa,
			    .rng = {.state = options->seed},
			    .tally = {.counts = counts, .verbose = options->verbose}};
	const char *path;
	struct error *err = choose(options->against, &s.against, &path);

	if (err)
		return err;
	if (!isa->lifter_encoding)
		return error_create(ERROR_USAGE, "selftest: --against is for --arch aarch64");
	err = isa->lifter_create(&s.lifter);
	if (!err)
		err = vectors_create(isa, &s.vectors);
	if (!err)
		err = s.against->start(&s, path);
	if (!err) {
		uint64_t start = clock_now();
		err = run(&s);
		report(&s, start);
	}
	tally_deinit(&s.tally);
	unicorn_vectors_destroy(s.unicorn);
	qemu_vectors_destroy(s.qemu);
	vectors_destroy(s.vectors);
	isa->lifter_destroy(s.lifter);
	return err;
}
