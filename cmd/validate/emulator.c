#include "cmd/validate/emulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/oracle/vectors_state.h"
#include "lib/target/qemu_vectors.h"
#include "lib/target/unicorn_vectors.h"

enum { TIMEOUT_MS = 60000 };

_Static_assert((int)EMULATOR_BATCH == (int)QEMU_VECTORS_BATCH, "trials at once");

struct emulator_kind {
	const char *name;
	unsigned states;
	void (*make_state)(struct vectors_trial *trial);
	struct error *(*start)(struct emulator *e, const struct selftest_options *o, const char *path,
			       struct vectors *vectors);
	struct error *(*submit)(struct emulator *e, struct vectors_trial *trials, unsigned num);
	struct error *(*collect)(struct emulator *e, struct vectors_trial *trials, unsigned num);
};

struct emulator {
	const struct isa *isa;
	const struct emulator_kind *kind;
	struct unicorn_vectors *unicorn; /* NULL: it is another one */
	struct qemu_vectors *qemu;
};

/* The states of files. */
static void make_unicorn_state(struct vectors_trial *trial)
{
	vectors_make_state(trial->word, trial->seed, &trial->before);
}

static struct error *start_unicorn(struct emulator *e, const struct selftest_options *o, const char *path,
				   struct vectors *vectors)
{
	(void)o, (void)path, (void)vectors;
	return unicorn_vectors_create(&e->unicorn);
}

static struct error *submit_unicorn(struct emulator *e, struct vectors_trial *trials, unsigned num)
{
	struct error *err = NULL;

	for (unsigned i = 0; !err && i < num; i++)
		err = unicorn_vectors_run(e->unicorn, &trials[i]);
	return err;
}

static struct error *collect_unicorn(struct emulator *e, struct vectors_trial *trials, unsigned num)
{
	(void)e, (void)trials, (void)num;
	return NULL;
}

static struct error *start_qemu(struct emulator *e, const struct selftest_options *o, const char *path,
				struct vectors *vectors)
{
	const struct qemu_vectors_options options = {.emulator = path, .cpu = o->cpu, .timeout_ms = TIMEOUT_MS};
	struct strbuf identity = {0};
	struct error *err = qemu_vectors_create(e->isa, &options, &e->qemu);

	if (err)
		return err;
	escape_line(&identity, qemu_vectors_identity(e->qemu));
	printf("against      %s\n", strbuf_text(&identity));
	strbuf_deinit(&identity);
	return qemu_vectors_tell(e->qemu, vectors);
}

static struct error *submit_qemu(struct emulator *e, struct vectors_trial *trials, unsigned num)
{
	return qemu_vectors_submit(e->qemu, trials, num);
}

static struct error *collect_qemu(struct emulator *e, struct vectors_trial *trials, unsigned num)
{
	return qemu_vectors_collect(e->qemu, trials, num);
}

static const struct emulator_kind kinds[] = {
	{"unicorn", 1, make_unicorn_state, start_unicorn, submit_unicorn, collect_unicorn},
	{"qemu", 4, vectors_draw_trial, start_qemu, submit_qemu, collect_qemu},
};

/* "unicorn", "qemu", "qemu:PATH"; *ret_path: NULL, or the rest. */
static struct error *choose(const char *text, const struct emulator_kind **ret, const char **ret_path)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct emulator_kind *a = &kinds[i];
		if (strlen(a->name) != len || strncmp(a->name, text, len) != 0 || (colon && a->start == start_unicorn))
			continue;
		*ret = a;
		*ret_path = colon ? colon + 1 : NULL;
		return NULL;
	}
	return error_create(ERROR_USAGE, "selftest: --against: unicorn, qemu or qemu:PATH, not '%s'", text);
}

struct error *emulator_start(const struct isa *isa, const struct selftest_options *options, struct vectors *vectors,
			     struct emulator **ret)
{
	const struct emulator_kind *kind;
	const char *path;
	struct error *err = choose(options->against, &kind, &path);

	if (err)
		return err;
	struct emulator *e = calloc(1, sizeof *e);
	if (!e)
		return &error_no_memory;
	*e = (struct emulator){.isa = isa, .kind = kind};
	err = kind->start(e, options, path, vectors);
	if (err)
		emulator_end(e);
	else
		*ret = e;
	return err;
}

void emulator_end(struct emulator *e)
{
	if (!e)
		return;
	unicorn_vectors_destroy(e->unicorn);
	qemu_vectors_destroy(e->qemu);
	free(e);
}

const char *emulator_name(const struct emulator *e)
{
	return e->kind->name;
}

unsigned emulator_states(const struct emulator *e)
{
	return e->kind->states;
}

void emulator_make_state(const struct emulator *e, struct vectors_trial *trial)
{
	e->kind->make_state(trial);
}

struct error *emulator_submit(struct emulator *e, struct vectors_trial *trials, unsigned num)
{
	return e->kind->submit(e, trials, num);
}

struct error *emulator_collect(struct emulator *e, struct vectors_trial *trials, unsigned num)
{
	return e->kind->collect(e, trials, num);
}
