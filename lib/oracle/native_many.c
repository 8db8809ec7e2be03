/* Several cases of one instruction at once, in the runner. */
#include <string.h>

#include "lib/oracle/native_parts.h"

_Static_assert((int)ORACLE_MAX_MANY <= (int)RUNNER_MAX_MANY, "the runner has room for them");
_Static_assert((int)ORACLE_MANY_STOP == (int)RUNNER_STOP_LEN, "what stands behind the instruction");

/* A whole page. */
static bool is_page(const struct oracle_range *r)
{
	return r->len == MEMORY_PAGE && r->address % MEMORY_PAGE == 0;
}

/* Whole pages, not too many of them writable, and not those of the code that is put in behind the instruction. */
static bool has_pages(const struct oracle_case *c)
{
	size_t writable = 0;

	for (size_t i = 0; i < c->num_ranges; i++) {
		const struct oracle_range *r = &c->ranges[i];
		uint64_t last = c->stop + RUNNER_STOP_LEN - 1;
		if (!is_page(r))
			return false;
		if (r->writable && (c->stop - r->address < MEMORY_PAGE || last - r->address < MEMORY_PAGE))
			return false;
		writable += r->writable;
	}
	return writable <= RUNNER_MANY_PAGES;
}

static bool are_alike(const struct oracle_case *a, const struct oracle_case *b)
{
	if (a->way != b->way || a->pc != b->pc || a->stop != b->stop || a->len != b->len ||
	    memcmp(a->bytes, b->bytes, a->len) != 0 || a->num_ranges != b->num_ranges)
		return false;
	for (size_t i = 0; i < a->num_ranges; i++) {
		const struct oracle_range *r = &a->ranges[i], *o = &b->ranges[i];
		if (r->address != o->address || r->len != o->len || r->writable != o->writable ||
		    (!r->writable && memcmp(r->data, o->data, r->len) != 0))
			return false;
	}
	return true;
}

/* So many, from the first on, may run together on this host. */
static size_t count_suited(struct native *n, const struct oracle_case *cases, size_t num)
{
	size_t count = 0;

	if (n->force.bits || cases->way != ORACLE_STRAIGHT || cases->stop != cases->pc + cases->len ||
	    !has_pages(cases))
		return 0;
	while (count < num && are_alike(cases, &cases[count]) && !native_lacks(n, &cases[count]) &&
	       native_suits_runner(n, &cases[count]))
		count++;
	return count;
}

/* The jump behind the instruction; false: there is no room. */
static bool put_stop(struct native *n, const struct oracle_case *c)
{
	uint8_t stop[RUNNER_STOP_LEN];

	runner_many_stop(stop);
	for (size_t i = 0; i < sizeof stop; i++) {
		uint8_t *byte = pages_at(&n->run, c->stop + i);
		if (!byte)
			return false;
		*byte = stop[i];
	}
	return true;
}

static void begin(struct native *n, const struct oracle_case *c)
{
	uint64_t pages[RUNNER_MANY_PAGES];

	n->many_pages = 0;
	for (size_t i = 0; i < c->num_ranges; i++) {
		if (c->ranges[i].writable)
			pages[n->many_pages++] = c->ranges[i].address;
	}
	runner_many_begin(&n->runner, pages, n->many_pages);
}

static void put_case(struct native *n, const struct oracle_case *c, size_t index)
{
	size_t page = index * n->many_pages;

	sets_load(&n->sets, c->before);
	runner_many_put(&n->runner, index, n->sets.at[SET_GENERAL].wanted, n->sets.at[SET_XSAVE].wanted);
	for (size_t i = 0; i < c->num_ranges; i++) {
		if (c->ranges[i].writable)
			memcpy(runner_many_page(&n->runner, page++), c->ranges[i].data, MEMORY_PAGE);
	}
}

struct error *native_run_many(struct oracle *o, const struct oracle_case *cases, size_t num, size_t *ret_done)
{
	struct native *n = (struct native *)o;
	size_t suited = count_suited(n, cases, num);

	*ret_done = 0;
	if (!suited)
		return NULL;
	n->run.touch = true;
	n->sets_known = false;
	struct error *err = pages_map(&n->run, cases, NULL);
	if (!err) {
		native_fill(n, &n->run, cases, GUARD_NONE);
		if (!put_stop(n, cases))
			return NULL;
		begin(n, cases);
		for (size_t i = 0; i < suited; i++)
			put_case(n, &cases[i], i);
		err = runner_many(&n->runner, suited, ret_done);
	}
	pages_entered(&n->run);
	if (!err)
		return NULL;
	/* As native_run_untraced(): the next one begins anew. */
	runner_stop(&n->runner);
	*ret_done = 0;
	if (error_is(err, ERROR_TIMEOUT))
		return err;
	error_destroy(err);
	return NULL;
}

struct error *native_many_outcome(struct oracle *o, const struct oracle_case *c, size_t index,
				  struct oracle_outcome *ret)
{
	struct native *n = (struct native *)o;
	struct set *general = &n->sets.at[SET_GENERAL];
	size_t page = index * n->many_pages;

	n->sets_known = false;
	memcpy(general->actual, general->initial, general->len);
	runner_many_get(&n->runner, index, c->stop, general->actual, n->sets.at[SET_XSAVE].actual);
	sets_read(&n->sets, c->before, &ret->after);
	for (size_t i = 0; i < c->num_ranges; i++)
		memcpy(ret->memory.at[i].data,
		       c->ranges[i].writable ? runner_many_page(&n->runner, page++) : c->ranges[i].data, MEMORY_PAGE);
	ret->end = ORACLE_STEPPED;
	ret->signal = ret->code = 0;
	ret->address = 0;
	ret->reason = NULL;
	return NULL;
}
