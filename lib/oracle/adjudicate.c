#include <signal.h>
#include <string.h>

#include "lib/oracle/kind.h"
#include "lib/state/memory.h"

enum { MAX_RUNS = 3 };

/* The pages that the instruction was found to touch, as ranges of a case. */
struct touched {
	const struct oracle_pages *pages;
	struct oracle_range at[ORACLE_MAX_PAGES];
	size_t len;
};

static bool has_page(const struct touched *t, uint64_t page)
{
	for (size_t i = 0; i < t->len; i++) {
		if (t->at[i].address == page)
			return true;
	}
	return false;
}

/* Asks the guest for the page around address; *ret tells whether there is a new one. */
static struct error *add_page(struct touched *t, uint64_t address, bool *ret)
{
	uint64_t page = address & -(uint64_t)MEMORY_PAGE;
	bool writable = true;

	*ret = false;
	if (has_page(t, page) || t->len == ORACLE_MAX_PAGES)
		return NULL;
	uint8_t *data = malloc(MEMORY_PAGE);
	if (!data)
		return &error_no_memory;
	struct error *err = t->pages->read(t->pages->ctx, page, data, &writable);
	if (err) {
		free(data);
		if (!error_is(err, ERROR_FAULT))
			return err;
		error_destroy(err);
		return NULL;
	}
	t->at[t->len++] = (struct oracle_range){page, MEMORY_PAGE, data, writable};
	*ret = true;
	return NULL;
}

/* The pages of the instruction itself, which it may read or write as data. */
static struct error *add_code(struct touched *t, const struct insn *insn)
{
	bool added;
	struct error *err = add_page(t, insn->pc, &added);

	return err ? err : add_page(t, insn->pc + insn->len - 1, &added);
}

/*
 * A single step of what is done piece by piece ends in front of a piece that would fault, the trap being taken in place
 * of the fault (SDM vol. 2, VPGATHERDD): from there on it faults at once.
 */
static struct error *run_on(struct oracle *o, struct oracle_case c, struct oracle_outcome *ret)
{
	struct state half;
	struct error *err = state_init(&half, o->isa);

	if (err)
		return err;
	state_copy(&half, &ret->after);
	c.before = &half;
	err = oracle_run(o, &c, ret);
	state_deinit(&half);
	return err;
}

static struct error *run_until_mapped(struct oracle *o, struct oracle_case *c, bool piecewise, struct touched *t,
				      struct oracle_outcome *ret)
{
	struct error *err = NULL;

	for (bool again = true; !err && again;) {
		again = false;
		c->num_ranges = t->len;
		err = oracle_run(o, c, ret);
		if (!err && piecewise && ret->end == ORACLE_STEPPED && state_get(&ret->after, o->isa->pc) == c->pc)
			err = run_on(o, *c, ret);
		if (!err && ret->end == ORACLE_SIGNAL && ret->signal == SIGSEGV && ret->code == SEGV_MAPERR)
			err = add_page(t, ret->address, &again);
	}
	return err;
}

/* What a lost trap or a page that was not there yet would change; values may, those of RDRAND for one. */
static bool end_alike(const struct isa *isa, const struct oracle_outcome *a, const struct oracle_outcome *b)
{
	return a->end == b->end && a->signal == b->signal && a->code == b->code && a->address == b->address &&
	       state_get(&a->after, isa->pc) == state_get(&b->after, isa->pc);
}

/* On this one's word a finding may be called confirmed: twice it must say the same. */
static struct error *run_until_sure(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret)
{
	struct oracle_outcome before;
	struct error *err = oracle_outcome_init(&before, o->isa);
	bool sure = ret->end == ORACLE_OPEN;

	for (unsigned i = 1; i < MAX_RUNS && !err && !sure; i++) {
		struct oracle_outcome swapped = before;
		before = *ret;
		*ret = swapped;
		err = oracle_run(o, c, ret);
		sure = !err && end_alike(o->isa, &before, ret);
	}
	if (!err && !sure)
		oracle_outcome_leave_open(ret, "it does not end alike twice");
	oracle_outcome_deinit(&before);
	return err;
}

struct error *oracle_adjudicate(struct oracle *o, const struct insn *insn, const struct state *before,
				const struct oracle_pages *pages, struct oracle_outcome *ret)
{
	struct touched t = {.pages = pages};
	struct oracle_case c = {
		.pc = insn->pc, .bytes = insn->bytes, .len = insn->len, .before = before, .ranges = t.at};
	struct error *err = add_code(&t, insn);

	if (!err)
		err = run_until_mapped(o, &c, insn->piecewise, &t, ret);
	if (!err)
		err = run_until_sure(o, &c, ret);

	for (size_t i = 0; i < t.len; i++)
		free((void *)(uintptr_t)t.at[i].data);
	return err;
}
