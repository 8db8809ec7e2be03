#include <signal.h>
#include <string.h>

#include "lib/oracle/oracle.h"
#include "lib/state/memory.h"

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

static struct error *run_until_mapped(struct oracle *o, const struct insn *insn, const struct state *before,
				      struct touched *t, struct oracle_outcome *ret)
{
	struct oracle_case c = {
		.pc = insn->pc, .bytes = insn->bytes, .len = insn->len, .before = before, .ranges = t->at};
	struct error *err = add_code(t, insn);

	for (bool again = true; !err && again;) {
		again = false;
		c.num_ranges = t->len;
		err = oracle_run(o, &c, ret);
		if (!err && ret->end == ORACLE_SIGNAL && ret->signal == SIGSEGV && ret->code == SEGV_MAPERR)
			err = add_page(t, ret->address, &again);
	}
	return err;
}

struct error *oracle_adjudicate(struct oracle *o, const struct insn *insn, const struct state *before,
				const struct oracle_pages *pages, struct oracle_outcome *ret)
{
	struct touched t = {.pages = pages};
	struct error *err = run_until_mapped(o, insn, before, &t, ret);

	for (size_t i = 0; i < t.len; i++)
		free((void *)(uintptr_t)t.at[i].data);
	return err;
}
