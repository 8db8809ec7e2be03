#include "lib/oracle/vectors_mutants.h"

#include <string.h>

#include "lib/oracle/vectors_parts.h"
#include "lib/oracle/vectors_state.h"

struct subject {
	struct vectors *v;
	uint32_t word;
	const struct vectors_truth *truth;
	struct rng rng; /* of the trials */
	struct vectors_trial trials[VECTORS_TRUTH_BATCH];
	unsigned num, next;
	struct eval right, wrong;
};

/* ---- Differences ---- */

static uint8_t byte_before(const void *ctx, uint64_t address)
{
	uint8_t byte, unknown;

	vectors_load((void *)(uintptr_t)ctx, address, 1, &byte, &unknown);
	return byte;
}

static bool is_shown(const void *ctx, uint32_t reg)
{
	const struct vectors *v = ctx;

	for (unsigned i = 0; i < VECTORS_NUM_REGS; i++)
		if (v->regs[i] == reg)
			return true;
	return false;
}

static bool is_predicted(const struct eval *e)
{
	return e->status == EVAL_DONE || e->status == EVAL_FAULT;
}

static void compare_predictions(const struct subject *s, struct difference *ret)
{
	const struct difference_sides sides = {.isa = s->v->isa,
					       .before = s->v->before.value,
					       .right = &s->right,
					       .wrong = &s->wrong,
					       .byte_before = byte_before,
					       .is_shown = is_shown,
					       .ctx = s->v};

	if (!is_predicted(&s->right) || !is_predicted(&s->wrong))
		ret->weaker |= is_predicted(&s->right);
	else if (s->right.status != s->wrong.status ||
		 (s->right.status == EVAL_FAULT && s->right.fault != s->wrong.fault))
		ret->visible = true;
	else if (s->right.status == EVAL_DONE)
		difference_add(&sides, ret);
}

static struct error *compare(void *ctx, const struct wrong_model *wrong, struct rng *rng, unsigned index,
			     struct difference *ret)
{
	struct subject *s = ctx;
	struct vectors *v = s->v;
	struct eval_memory memory = {.ctx = v, .load = vectors_load};

	(void)index;
	v->current.word = s->word;
	v->current.seed = rng_next(rng);
	vectors_draw_trial(&v->current);
	v->current.before.fpcr &= v->fpcr;
	vectors_set_before(v);
	struct error *err = vectors_find(v, VECTORS_CODE, s->word);
	if (!err)
		err = prog_run(v->cached->prog, v->before.value, v->before.unknown, &memory, &s->right);
	if (!err)
		err = prog_run(wrong->prog, v->before.value, v->before.unknown, &memory, &s->wrong);
	if (!err)
		compare_predictions(s, ret);
	return err;
}

/* ---- Trials ---- */

/* NULL: there are no more. */
static struct error *next_trial(struct subject *s, const struct vectors_trial **ret)
{
	struct error *err = NULL;

	if (s->next == s->num) {
		s->next = s->num = 0;
		err = s->truth->more(s->truth->ctx, s->word, &s->rng, s->trials, &s->num);
	}
	*ret = !err && s->next < s->num ? &s->trials[s->next++] : NULL;
	return err;
}

static struct error *judge(struct subject *s, const struct vectors_trial *trial, const struct prog *wrong,
			   enum vectors_verdict *ret)
{
	const struct insn *insn;

	s->v->wrong = wrong;
	struct error *err = vectors_judge(s->v, trial, ret, &insn);
	s->v->wrong = NULL;
	return err;
}

/* The same change of the model of another word; *ret: NULL if it is not to be had. The pool is lost. */
static struct error *change_likewise(struct subject *s, const struct wrong_model *wrong, const struct vectors_trial *t,
				     struct prog **ret)
{
	struct vectors *v = s->v;
	struct rng rng = wrong->rng;
	struct transfer transfer;
	char text[MUTATION_TEXT_LEN];
	struct insn insn;
	bool changed = false;
	struct error *err = vectors_lift(v, t->before.pc, t->word, &insn);

	*ret = NULL;
	transfer_init(&transfer, v->pool);
	if (!err && insn.status == LIFT_DONE)
		err = transfer_mutate(&v->transfer, &rng, &transfer, text, &changed);
	if (!err && changed && !strcmp(text, wrong->text))
		err = prog_compile(&transfer, &v->isa->layout, ret);
	transfer_deinit(&transfer);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		err = NULL;
	}
	return err;
}

static struct error *judge_wrong(struct subject *s, const struct wrong_model *wrong, const struct vectors_trial *trial,
				 enum vectors_verdict *ret)
{
	struct prog *other = NULL;

	if (trial->word == s->word)
		return judge(s, trial, wrong->prog, ret);
	struct error *err = change_likewise(s, wrong, trial, &other);
	*ret = VECTORS_UNMODELLED;
	if (!err && other)
		err = judge(s, trial, other, ret);
	prog_destroy(other);
	return err;
}

static struct error *run(void *ctx, const struct wrong_model *wrong, unsigned index, struct strbuf *text,
			 enum mutant_case *ret)
{
	struct subject *s = ctx;
	const struct vectors_trial *trial;
	enum vectors_verdict verdict = VECTORS_UNMODELLED;
	struct error *err = next_trial(s, &trial);

	(void)index;
	*ret = trial ? MUTANT_CASE_PASSED : MUTANT_CASE_NONE;
	if (err || !trial || trial->end == VECTORS_LEFT_OUT)
		return err;
	err = judge(s, trial, NULL, &verdict);
	if (err || verdict == VECTORS_FAILED)
		return err;
	err = judge_wrong(s, wrong, trial, &verdict);
	if (err || verdict != VECTORS_FAILED)
		return err;
	*ret = MUTANT_CASE_FAILED;
	return text ? vectors_describe(s->v, text) : NULL;
}

/* ---- A word ---- */

/* Is there a trial in which the right model is what the truth is? They are kept for the mutant. */
static struct error *is_usable(struct subject *s, bool *ret)
{
	struct error *err = s->truth->more(s->truth->ctx, s->word, &s->rng, s->trials, &s->num);

	*ret = false;
	for (unsigned i = 0; i < s->num && !err && !*ret; i++) {
		enum vectors_verdict verdict;
		if (s->trials[i].end == VECTORS_LEFT_OUT)
			continue;
		err = judge(s, &s->trials[i], NULL, &verdict);
		*ret = !err && verdict != VECTORS_FAILED && !vectors_fault_is_open(s->v);
	}
	return err;
}

struct error *vectors_mutant(struct vectors *v, const struct vectors_truth *truth, uint32_t word, struct rng *rng,
			     unsigned cases, struct strbuf *text, struct mutant *ret, bool *ret_found)
{
	struct subject s = {.v = v, .word = word, .truth = truth, .rng = {.state = rng_next(rng)}};
	struct mutant_subject subject = {
		.isa = v->isa, .right = &v->transfer, .ctx = &s, .compare = compare, .run = run};
	struct insn insn;
	bool usable;
	const struct insn *found;
	struct error *err = vectors_is_modelled(v, VECTORS_CODE, word, &usable, &found);

	*ret_found = false;
	if (!err && usable)
		err = is_usable(&s, &usable);
	if (err || !usable)
		return err;
	err = vectors_lift(v, VECTORS_CODE, word, &insn);
	if (err)
		return err;
	ret->insn = insn;
	err = mutant_make(&subject, rng, cases, text, ret, ret_found);
	eval_deinit(&s.right);
	eval_deinit(&s.wrong);
	return err;
}
