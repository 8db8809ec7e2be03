/* Cases of one instruction that are run at once (oracle_run_many()): those that are predicted to end well. */
#include <string.h>

#include "lib/oracle/selftest_parts.h"

struct error *selftest_held_init(struct selftest *t)
{
	struct error *err = NULL;

	for (size_t i = 0; i < SELFTEST_HELD && !err; i++)
		err = state_init(&t->held[i].before, t->isa);
	return err;
}

void selftest_held_deinit(struct selftest *t)
{
	for (size_t i = 0; i < SELFTEST_HELD; i++) {
		state_deinit(&t->held[i].before);
		eval_deinit(&t->held[i].eval);
	}
}

/* ---- Which may wait ---- */

/* Loads from behind the instruction, where other bytes will stand. */
static bool reads_stop(const struct selftest *t)
{
	for (size_t i = 0; i < t->eval.num_loads; i++) {
		const struct eval_load *load = &t->eval.loads[i];
		if (load->address + load->len - t->stop < (uint64_t)ORACLE_MANY_STOP + load->len)
			return true;
	}
	return false;
}

/* Pages that are not written are the code's alone. */
static bool may_wait(const struct selftest *t)
{
	const struct expectation *p = &t->predicted;

	if (t->way != ORACLE_STRAIGHT || t->eval.status != EVAL_DONE || p->fault != FAULT_NONE || p->wild ||
	    t->guest.len > SELFTEST_HELD_PAGES || reads_stop(t))
		return false;
	for (size_t i = 0; i < t->guest.len; i++) {
		const struct guest_page *page = &t->guest.pages[i];
		if (!page->writable && t->insn.pc + t->insn.len - page->address > (uint64_t)MEMORY_PAGE + t->insn.len)
			return false;
	}
	return true;
}

/* With those that wait: the pages are in the same places. */
static bool is_of_their_kind(const struct selftest *t)
{
	const struct selftest_held *first = &t->held[0];

	if (t->num_held == 0)
		return true;
	if (first->num_pages != t->guest.len)
		return false;
	for (size_t i = 0; i < t->guest.len; i++) {
		if (first->pages[i].address != t->guest.pages[i].address ||
		    first->pages[i].writable != t->guest.pages[i].writable)
			return false;
	}
	return true;
}

/* ---- Waiting ---- */

static void exchange(struct selftest *t, struct selftest_held *h)
{
	struct state before = t->before;
	struct eval eval = t->eval;

	t->before = h->before;
	h->before = before;
	t->eval = h->eval;
	h->eval = eval;
}

static void hold(struct selftest *t, struct selftest_held *h)
{
	exchange(t, h);
	h->predicted = t->predicted;
	h->seed = t->seed;
	h->index = t->index;
	h->turn = t->turn;
	h->num_pages = t->guest.len;
	memcpy(h->pages, t->guest.pages, h->num_pages * sizeof *h->pages);
}

/* It is the case at hand again. */
static void release(struct selftest *t, struct selftest_held *h)
{
	exchange(t, h);
	t->predicted = h->predicted;
	t->seed = h->seed;
	t->index = h->index;
	t->turn = h->turn;
	t->guest.len = h->num_pages;
	memcpy(t->guest.pages, h->pages, h->num_pages * sizeof *h->pages);
}

/* ---- Running ---- */

static void describe(const struct selftest *t, struct oracle_case *ret, struct oracle_range (*ranges)[GUEST_MAX_PAGES])
{
	for (size_t i = 0; i < t->num_held; i++) {
		const struct selftest_held *h = &t->held[i];
		ret[i] = selftest_case(t, t->way, ranges[i]);
		ret[i].before = &h->before;
		ret[i].num_ranges = h->num_pages;
		for (size_t k = 0; k < h->num_pages; k++)
			ranges[i][k] = (struct oracle_range){h->pages[k].address, MEMORY_PAGE, h->pages[k].data,
							     h->pages[k].writable};
	}
}

/* One that came to its end with the others is judged by what it left, any other is run by itself. */
static struct error *finish(struct selftest *t, const struct oracle_case *c, size_t index, bool done,
			    struct strbuf *failures, struct selftest_result *ret)
{
	struct error *err = done ? oracle_many_outcome(t->oracle, c, index, &t->out) : NULL;

	if (err)
		return err;
	release(t, &t->held[index]);
	return done ? selftest_judge(t, failures, ret) : selftest_run(t, failures, ret);
}

struct error *selftest_run_held(struct selftest *t, struct strbuf *failures, struct selftest_result *ret)
{
	struct oracle_range ranges[ORACLE_MAX_MANY][GUEST_MAX_PAGES];
	struct oracle_case cases[ORACLE_MAX_MANY];
	size_t done = 0;

	describe(t, cases, ranges);
	struct error *err = oracle_run_many(t->oracle, cases, t->num_held, &done);
	for (size_t i = 0; i < t->num_held && !err; i++)
		err = finish(t, &cases[i], i, i < done, failures, ret);
	t->num_held = 0;
	return err;
}

/* Those that wait, while the case at hand steps aside. */
static struct error *run_others(struct selftest *t, struct strbuf *failures, struct selftest_result *ret)
{
	struct selftest_held *aside = &t->held[SELFTEST_HELD - 1];

	hold(t, aside);
	struct error *err = selftest_run_held(t, failures, ret);
	release(t, aside);
	return err;
}

struct error *selftest_run_or_hold(struct selftest *t, struct strbuf *failures, struct selftest_result *ret)
{
	struct error *err = NULL;

	if (!may_wait(t))
		return selftest_run(t, failures, ret);
	if (!is_of_their_kind(t))
		err = run_others(t, failures, ret);
	if (err)
		return err;
	hold(t, &t->held[t->num_held++]);
	return t->num_held == ORACLE_MAX_MANY ? selftest_run_held(t, failures, ret) : NULL;
}
