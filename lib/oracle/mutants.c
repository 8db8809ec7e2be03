#include "lib/oracle/mutants.h"

#include <stdio.h>
#include <string.h>

#include "lib/expr/mutate.h"
#include "lib/oracle/selftest_parts.h"

enum {
	MAX_DRAWS = 1000,   /* of forms */
	MAX_CHANGES = 20,   /* of one model */
	PROBE_STATES = 300, /* to see that a mutant hides nothing */
	STATES_EACH = 100,  /* to see that it is equivalent, for each case that did not notice it */
};

/* How two models differ in a state. */
struct difference {
	bool visible; /* something that both predict, or that just the right one leaves to faults */
	bool masked;  /* something that the right model leaves open */
	bool weaker;  /* the mutant leaves open what the right model predicts */
};

/* The right model and the wrong one, and what they predict in the state at hand. */
struct trial {
	struct selftest *t;
	struct transfer right, wrong;
	struct prog *right_prog, *wrong_prog;
	struct eval right_eval; /* of the wrong one: t->eval */
	struct expectation right_prediction;
};

/* ---- Differences ---- */

static const struct eval_reg *find_reg(const struct eval *e, uint32_t reg)
{
	for (size_t i = 0; i < e->num_regs; i++) {
		if (e->regs[i].reg == reg)
			return &e->regs[i];
	}
	return NULL;
}

/* A register that a model does not write keeps its value. */
static void compare_words(uint64_t right, uint64_t right_mask, uint64_t wrong, uint64_t wrong_mask,
			  struct difference *ret)
{
	uint64_t differ = right ^ wrong;

	ret->visible |= (differ & ~right_mask & ~wrong_mask) != 0;
	ret->masked |= (right_mask & (differ | ~wrong_mask)) != 0;
	ret->weaker |= (wrong_mask & ~right_mask) != 0;
}

static void compare_reg(const struct trial *trial, uint32_t reg, struct difference *ret)
{
	const struct selftest *t = trial->t;
	const struct reg_desc *desc = &t->isa->regs[reg];
	const struct eval_reg *right = find_reg(&trial->right_eval, reg), *wrong = find_reg(&t->eval, reg);

	if (!right && !wrong)
		return;
	for (unsigned i = 0; i < reg_words(desc); i++) {
		uint64_t old = t->before.value[desc->word + i];
		compare_words(right ? right->value[i] : old, right && right->mask ? right->mask[i] : 0,
			      wrong ? wrong->value[i] : old, wrong && wrong->mask ? wrong->mask[i] : 0, ret);
	}
}

/* A byte of memory after the stores of e. */
static void byte_after(const struct guest *guest, const struct eval *e, uint64_t address, uint8_t *value, uint8_t *mask)
{
	const struct guest_page *page = guest_find((struct guest *)(uintptr_t)guest, address);

	*value = page ? page->data[address % MEMORY_PAGE] : 0;
	*mask = 0;
	for (size_t i = 0; i < e->num_stores; i++) {
		const struct eval_store *store = &e->stores[i];
		if (address - store->address >= store->len)
			continue;
		*value = store->data[address - store->address];
		*mask = store->mask[address - store->address];
	}
}

static void compare_stores(const struct trial *trial, const struct eval *of, struct difference *ret)
{
	for (size_t i = 0; i < of->num_stores; i++) {
		for (unsigned k = 0; k < of->stores[i].len; k++) {
			uint64_t address = of->stores[i].address + k;
			uint8_t right, right_mask, wrong, wrong_mask;

			byte_after(&trial->t->guest, &trial->right_eval, address, &right, &right_mask);
			byte_after(&trial->t->guest, &trial->t->eval, address, &wrong, &wrong_mask);
			compare_words(right, right_mask, wrong, wrong_mask, ret);
		}
	}
}

static const struct eval_bound *find_bound(const struct eval *e, const struct eval_bound *like)
{
	for (size_t i = 0; i < e->num_bounds; i++)
		if (e->bounds[i].reg == like->reg && e->bounds[i].first == like->first)
			return &e->bounds[i];
	return NULL;
}

static bool is_open(const struct eval *e, const struct eval_bound *b)
{
	const struct eval_reg *r = find_reg(e, b->reg);

	return r && r->mask && r->mask[b->first / 64] >> b->first % 64 & 1;
}

/* A mutant that leaves the bits open without a bound is weaker; one with another bound says something else. */
static void compare_bounds(const struct trial *trial, struct difference *ret)
{
	for (size_t i = 0; i < trial->right_eval.num_bounds; i++) {
		const struct eval_bound *right = &trial->right_eval.bounds[i];
		const struct eval_bound *wrong = find_bound(&trial->t->eval, right);
		ret->weaker |= !wrong && is_open(&trial->t->eval, right);
		ret->visible |= wrong && (wrong->bound.shift != right->bound.shift || wrong->arg[0] != right->arg[0] ||
					  wrong->arg[1] != right->arg[1]);
	}
}

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

static void compare(const struct trial *trial, struct difference *ret)
{
	const struct selftest *t = trial->t;
	const struct expectation right = as_seen(&trial->right_prediction), wrong = as_seen(&t->predicted);

	if (!is_predicted(&trial->right_eval) || !is_predicted(&t->eval)) {
		ret->weaker |= is_predicted(&trial->right_eval);
		return;
	}
	if (right.fault != wrong.fault || right.address != wrong.address) {
		ret->visible = true;
		return;
	}
	if (right.fault != FAULT_NONE)
		return;
	for (uint32_t reg = 0; reg < t->isa->num_regs; reg++)
		compare_reg(trial, reg, ret);
	compare_bounds(trial, ret);
	compare_stores(trial, &trial->right_eval, ret);
	compare_stores(trial, &t->eval, ret);
}

/* ---- States ---- */

static void use(struct trial *trial, bool wrong)
{
	struct selftest *t = trial->t;

	t->prog = wrong ? trial->wrong_prog : trial->right_prog;
	t->transfer = wrong ? trial->wrong : trial->right;
	t->mutated = wrong;
}

static void exchange_evals(struct trial *trial)
{
	struct eval e = trial->t->eval;

	trial->t->eval = trial->right_eval;
	trial->right_eval = e;
}

/* Makes a state by the right model, and has both predict it. */
static struct error *compare_state(struct trial *trial, struct rng *rng, unsigned index, struct difference *ret)
{
	struct selftest *t = trial->t;

	use(trial, false);
	struct error *err = selftest_prepare(t, rng, index);
	if (err)
		return err;
	trial->right_prediction = t->predicted;
	exchange_evals(trial);
	use(trial, true);
	err = selftest_predict(t);
	if (!err)
		compare(trial, ret);
	return err;
}

static struct error *compare_states(struct trial *trial, uint64_t seed, unsigned states, struct difference *ret,
				    unsigned *ret_differ)
{
	struct rng rng = {.state = seed};
	struct error *err = NULL;

	*ret_differ = 0;
	for (unsigned i = 0; i < states && !err; i++) {
		struct difference here = {0};
		err = compare_state(trial, &rng, i, &here);
		*ret_differ += here.visible;
		ret->visible |= here.visible;
		ret->masked |= here.masked;
		ret->weaker |= here.weaker;
	}
	return err;
}

/* ---- Making a mutant ---- */

static void trial_deinit(struct trial *trial)
{
	if (trial->right_prog)
		use(trial, false);
	prog_destroy(trial->wrong_prog);
	transfer_deinit(&trial->wrong);
	eval_deinit(&trial->right_eval);
}

/* The changed model as a program; *ret_usable: it can be evaluated, and leaves no more open than the right one. */
static struct error *compile(struct trial *trial, uint64_t seed, bool *ret_usable)
{
	const struct isa *isa = trial->t->isa;
	struct difference probe = {0};
	unsigned differ;
	struct error *err = transfer_verify(&trial->wrong, &isa->layout);

	*ret_usable = false;
	prog_destroy(trial->wrong_prog);
	trial->wrong_prog = NULL;
	if (!err)
		err = prog_compile(&trial->wrong, &isa->layout, &trial->wrong_prog);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		return NULL;
	}
	if (!err)
		err = compare_states(trial, seed, PROBE_STATES, &probe, &differ);
	use(trial, false);
	*ret_usable = !err && !probe.weaker;
	return err;
}

/* The change, and the registers that it changes: for people. */
static void describe(const struct trial *trial, const char *text, struct mutant *ret)
{
	size_t len = (size_t)snprintf(ret->change, sizeof ret->change, "%s;", text);

	for (size_t i = 0; i < trial->right.regs.len && len < sizeof ret->change; i++) {
		const struct transfer_reg *reg = &trial->right.regs.at[i];
		if (transfer_get_reg(&trial->wrong, reg->reg) != reg->value)
			len += (size_t)snprintf(ret->change + len, sizeof ret->change - len, " %s",
						trial->t->isa->regs[reg->reg].name);
	}
}

/* The instruction at hand with a changed model; *ret_found: false if none was to be had. */
static struct error *change(struct trial *trial, struct rng *rng, struct mutant *ret, bool *ret_found)
{
	char text[MUTATION_TEXT_LEN];
	struct error *err = NULL;

	*ret_found = false;
	transfer_init(&trial->wrong, trial->t->pool);
	for (unsigned i = 0; i < MAX_CHANGES && !err && !*ret_found; i++) {
		bool changed = false;
		err = transfer_mutate(&trial->right, rng, &trial->wrong, text, &changed);
		if (!err && changed)
			err = compile(trial, rng_next(rng), ret_found);
	}
	if (!err && *ret_found)
		describe(trial, text, ret);
	return err;
}

/* ---- Trying it ---- */

/* Cases by the wrong model alone, as the self-test runs them: until one fails. */
static struct error *run(struct trial *trial, struct rng *rng, unsigned cases, struct strbuf *text, struct mutant *ret)
{
	struct selftest_result result = {0};
	struct error *err = NULL;

	use(trial, true);
	for (unsigned i = 0; i < cases && !err && result.failed == 0; i++) {
		err = selftest_prepare(trial->t, rng, i);
		if (!err)
			err = selftest_run(trial->t, text, &result);
		ret->cases = i + 1;
	}
	ret->verdict = result.failed ? MUTANT_KILLED : MUTANT_SURVIVED;
	return err;
}

static struct error *judge(struct trial *trial, uint64_t seed, struct mutant *ret)
{
	struct difference all = {0};

	ret->states = ret->cases < UINT32_MAX / STATES_EACH ? ret->cases * STATES_EACH : UINT32_MAX;
	struct error *err = compare_states(trial, seed, ret->states, &all, &ret->differ);

	if (!all.visible && !all.weaker)
		ret->verdict = all.masked ? MUTANT_UNDEFINED : MUTANT_EQUIVALENT;
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

static struct error *try_insn(struct selftest *t, const uint8_t bytes[ISA_MAX_INSN_LEN], struct rng *rng,
			      unsigned cases, struct strbuf *text, struct mutant *ret, bool *ret_found)
{
	struct trial trial = {.t = t};
	struct rng states;
	struct error *err = selftest_take(t, bytes, ISA_MAX_INSN_LEN, rng_next(rng), &states);

	*ret_found = false;
	if (err || t->insn.status != LIFT_DONE || always_faults(&t->transfer))
		return err;
	trial.right = t->transfer;
	trial.right_prog = t->prog;
	err = change(&trial, rng, ret, ret_found);
	if (!err && *ret_found) {
		ret->insn = t->insn;
		err = run(&trial, &states, cases, text, ret);
	}
	if (!err && *ret_found && ret->verdict == MUTANT_SURVIVED)
		err = judge(&trial, rng_next(rng), ret);
	trial_deinit(&trial);
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

struct error *mutant_try(struct walk *w, uint64_t seed, unsigned cases,
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
