#include "lib/oracle/mutants.h"

#include <stdio.h>

#include "lib/expr/mutate.h"

enum {
	MAX_CHANGES = 20,   /* of one model */
	PROBE_STATES = 300, /* to see that a mutant hides nothing */
	STATES_EACH = 100,  /* to see that it is equivalent, for each case that did not notice it */
};

/* A wrong model on its way. */
struct trial {
	const struct mutant_subject *subject;
	struct wrong_model wrong;
};

static struct error *compare_states(struct trial *trial, uint64_t seed, unsigned states, struct difference *ret,
				    unsigned *ret_differ)
{
	const struct mutant_subject *s = trial->subject;
	struct rng rng = {.state = seed};
	struct error *err = NULL;

	*ret_differ = 0;
	for (unsigned i = 0; i < states && !err; i++) {
		struct difference here = {0};
		err = s->compare(s->ctx, &trial->wrong, &rng, i, &here);
		*ret_differ += here.visible;
		ret->visible |= here.visible;
		ret->masked |= here.masked;
		ret->hidden |= here.hidden;
		ret->weaker |= here.weaker;
	}
	return err;
}

/* ---- Making a mutant ---- */

/* The changed model as a program; *ret_usable: it can be evaluated, and leaves no more open than the right one. */
static struct error *compile(struct trial *trial, uint64_t seed, bool *ret_usable)
{
	const struct isa *isa = trial->subject->isa;
	struct difference probe = {0};
	unsigned differ;
	struct error *err = transfer_verify(&trial->wrong.transfer, &isa->layout);

	*ret_usable = false;
	prog_destroy(trial->wrong.prog);
	trial->wrong.prog = NULL;
	if (!err)
		err = prog_compile(&trial->wrong.transfer, &isa->layout, &trial->wrong.prog);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		return NULL;
	}
	if (!err)
		err = compare_states(trial, seed, PROBE_STATES, &probe, &differ);
	*ret_usable = !err && !probe.weaker;
	return err;
}

/* The change, and the registers that it changes: for people. */
static void describe(const struct trial *trial, const char *text, struct mutant *ret)
{
	const struct transfer *right = trial->subject->right;
	size_t len = (size_t)snprintf(ret->change, sizeof ret->change, "%s;", text);

	for (size_t i = 0; i < right->regs.len && len < sizeof ret->change; i++) {
		const struct transfer_reg *reg = &right->regs.at[i];
		if (transfer_get_reg(&trial->wrong.transfer, reg->reg) != reg->value)
			len += (size_t)snprintf(ret->change + len, sizeof ret->change - len, " %s",
						trial->subject->isa->regs[reg->reg].name);
	}
}

/* The subject with a changed model; *ret_found: false if none was to be had. */
static struct error *change(struct trial *trial, struct rng *rng, struct mutant *ret, bool *ret_found)
{
	char text[MUTATION_TEXT_LEN];
	struct error *err = NULL;

	*ret_found = false;
	for (unsigned i = 0; i < MAX_CHANGES && !err && !*ret_found; i++) {
		bool changed = false;
		err = transfer_mutate(trial->subject->right, rng, &trial->wrong.transfer, text, &changed);
		if (!err && changed)
			err = compile(trial, rng_next(rng), ret_found);
	}
	if (!err && *ret_found)
		describe(trial, text, ret);
	return err;
}

/* ---- Trying it ---- */

/* Cases by the wrong model alone, until one fails. */
static struct error *run(struct trial *trial, unsigned cases, struct strbuf *text, struct mutant *ret)
{
	const struct mutant_subject *s = trial->subject;
	enum mutant_case result = MUTANT_CASE_PASSED;
	struct error *err = NULL;

	for (unsigned i = 0; i < cases && !err && result == MUTANT_CASE_PASSED; i++) {
		err = s->run(s->ctx, &trial->wrong, i, text, &result);
		ret->cases += result != MUTANT_CASE_NONE;
	}
	ret->verdict = result == MUTANT_CASE_FAILED ? MUTANT_KILLED : MUTANT_SURVIVED;
	return err;
}

static struct error *judge(struct trial *trial, uint64_t seed, struct mutant *ret)
{
	struct difference all = {0};

	ret->states = ret->cases < UINT32_MAX / STATES_EACH ? ret->cases * STATES_EACH : UINT32_MAX;
	if (ret->states < PROBE_STATES)
		ret->states = PROBE_STATES;
	struct error *err = compare_states(trial, seed, ret->states, &all, &ret->differ);

	if (!all.visible && !all.weaker)
		ret->verdict = all.hidden ? MUTANT_HIDDEN : all.masked ? MUTANT_UNDEFINED : MUTANT_EQUIVALENT;
	return err;
}

/* Invalid prefixes, UD2: all else that its model says is never looked at. */
static bool always_faults(const struct transfer *t)
{
	uint64_t cond = 0;

	for (size_t i = 0; i < t->faults.len; i++) {
		if (expr_is_const(t->pool, t->faults.at[i].cond, &cond) && cond)
			return true;
	}
	return false;
}

struct error *mutant_make(const struct mutant_subject *subject, struct rng *rng, unsigned cases, struct strbuf *text,
			  struct mutant *ret, bool *ret_found)
{
	struct trial trial = {.subject = subject};
	struct error *err = NULL;

	*ret_found = false;
	if (always_faults(subject->right))
		return NULL;
	transfer_init(&trial.wrong.transfer, subject->right->pool);
	err = change(&trial, rng, ret, ret_found);
	if (!err && *ret_found)
		err = run(&trial, cases, text, ret);
	if (!err && *ret_found && ret->verdict == MUTANT_SURVIVED)
		err = judge(&trial, rng_next(rng), ret);
	prog_destroy(trial.wrong.prog);
	transfer_deinit(&trial.wrong.transfer);
	return err;
}
