#include "lib/oracle/walk_mutants.h"

#include <string.h>

#include "lib/oracle/selftest_parts.h"

enum { MAX_DRAWS = 1000 /* of forms */ };

/* The self-test's instruction, its right model, and what that predicts in the state at hand. */
struct subject {
	struct selftest *t;
	struct transfer right;
	struct prog *right_prog;
	struct eval right_eval; /* of the wrong one: t->eval */
	struct expectation right_prediction;
	struct rng states; /* of the cases */
};

/* ---- Differences ---- */

static bool is_predicted(const struct eval *e)
{
	return e->status == EVAL_DONE || e->status == EVAL_FAULT;
}

/* Addresses whose upper bits are not alike are protection faults, not page faults (SDM vol. 1, 3.3.7.1). */
static struct expectation as_seen(const struct expectation *p)
{
	enum { UNUSED_BITS = 16 };
	bool canonical = (int64_t)(p->address << UNUSED_BITS) >> UNUSED_BITS == (int64_t)p->address;

	if (p->fault == FAULT_PAGE && !canonical)
		return (struct expectation){.fault = FAULT_PROTECTION};
	return *p;
}

static uint8_t byte_before(const void *ctx, uint64_t address)
{
	const struct guest_page *page = guest_find((struct guest *)(uintptr_t)ctx, address);

	return page ? page->data[address % MEMORY_PAGE] : 0;
}

static void compare_predictions(const struct subject *s, struct difference *ret)
{
	const struct selftest *t = s->t;
	const struct expectation right = as_seen(&s->right_prediction), wrong = as_seen(&t->predicted);
	const struct difference_sides sides = {.isa = t->isa,
					       .before = t->before.value,
					       .right = &s->right_eval,
					       .wrong = &t->eval,
					       .byte_before = byte_before,
					       .ctx = &t->guest};

	if (!is_predicted(&s->right_eval) || !is_predicted(&t->eval))
		ret->weaker |= is_predicted(&s->right_eval);
	else if (right.fault != wrong.fault || right.address != wrong.address)
		ret->visible = true;
	else if (right.fault == FAULT_NONE)
		difference_add(&sides, ret);
}

/* ---- States ---- */

/* wrong: NULL for the right one. */
static void use(struct subject *s, const struct wrong_model *wrong)
{
	struct selftest *t = s->t;

	t->prog = wrong ? wrong->prog : s->right_prog;
	t->transfer = wrong ? wrong->transfer : s->right;
	t->mutated = wrong != NULL;
}

static void exchange_evals(struct subject *s)
{
	struct eval e = s->t->eval;

	s->t->eval = s->right_eval;
	s->right_eval = e;
}

/* Makes a state by the right model, and has both predict it. */
static struct error *compare(void *ctx, const struct wrong_model *wrong, struct rng *rng, unsigned index,
			     struct difference *ret)
{
	struct subject *s = ctx;
	struct selftest *t = s->t;
	struct error *err = selftest_prepare(t, rng, index);

	if (err)
		return err;
	s->right_prediction = t->predicted;
	exchange_evals(s);
	use(s, wrong);
	err = selftest_predict(t);
	if (!err)
		compare_predictions(s, ret);
	use(s, NULL);
	return err;
}

/* As the self-test runs them. */
static struct error *run(void *ctx, const struct wrong_model *wrong, unsigned index, struct strbuf *text,
			 enum mutant_case *ret)
{
	struct subject *s = ctx;
	struct selftest_result result = {0};

	use(s, wrong);
	struct error *err = selftest_prepare(s->t, &s->states, index);
	if (!err)
		err = selftest_run(s->t, text, &result);
	use(s, NULL);
	*ret = result.failed ? MUTANT_CASE_FAILED : MUTANT_CASE_PASSED;
	return err;
}

/* ---- An instruction ---- */

static struct error *try_insn(struct selftest *t, const uint8_t bytes[ISA_MAX_INSN_LEN], struct rng *rng,
			      unsigned cases, struct strbuf *text, struct mutant *ret, bool *ret_found)
{
	struct subject s = {.t = t};
	struct mutant_subject subject = {.isa = t->isa, .right = &s.right, .ctx = &s, .compare = compare, .run = run};
	struct error *err = selftest_take(t, bytes, ISA_MAX_INSN_LEN, rng_next(rng), &s.states);

	*ret_found = false;
	if (err || t->insn.status != LIFT_DONE)
		return err;
	s.right = t->transfer;
	s.right_prog = t->prog;
	ret->insn = t->insn;
	err = mutant_make(&subject, rng, cases, text, ret, ret_found);
	eval_deinit(&s.right_eval);
	return err;
}

static bool draw_form(const struct walk *w, struct rng *rng, bool (*is_chosen)(void *ctx, const struct walk_form *form),
		      void *ctx, size_t *ret)
{
	for (unsigned i = 0; i < MAX_DRAWS * 100; i++) {
		size_t form = rng_below(rng, (uint32_t)walk_num_forms(w));
		const struct walk_form *f = walk_form(w, form);
		if (f->status != LIFT_DONE || (is_chosen && !is_chosen(ctx, f)))
			continue;
		*ret = form;
		return true;
	}
	return false;
}

struct error *walk_mutant(struct walk *w, uint64_t seed, unsigned cases,
			  bool (*is_chosen)(void *ctx, const struct walk_form *form), void *ctx, struct strbuf *text,
			  struct mutant *ret)
{
	struct rng rng = {.state = hash_u64(seed)};
	struct error *err = NULL;
	bool found = false;
	size_t form;

	for (unsigned i = 0; i < MAX_DRAWS && !err && !found; i++) {
		struct mutant mutant = {0};
		uint8_t bytes[ISA_MAX_INSN_LEN];
		bool encoded;

		if (!draw_form(w, &rng, is_chosen, ctx, &form))
			break;
		err = walk_encode(w, form, &rng, bytes, &encoded);
		if (err || !encoded)
			continue;
		err = try_insn(walk_selftest(w), bytes, &rng, cases, text, &mutant, &found);
		if (!err && found)
			*ret = mutant;
	}
	if (!err && !found)
		err = error_create(ERROR_UNSUPPORTED, "no model can be made wrong");
	return err;
}
