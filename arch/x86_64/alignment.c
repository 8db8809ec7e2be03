/*
 * #AC: what programs access at privilege level 3 is checked for alignment while EFLAGS.AC is 1, CR0.AM being set by
 * Linux (SDM vol. 3, 6.15, "Interrupt 17", table 6-7; APM vol. 2, 8.2.18).
 */
#include <stdlib.h>

#include "arch/x86_64/x86_64.h"

static bool has_size(unsigned bits)
{
	return bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

/*
 * Words, doublewords and quadwords are to be multiples of their size. Whether wider accesses are checked, and far
 * pointers, descriptor tables and images of states as a whole or by their parts, is up to the processor; and what a
 * kernel emulates is up to that.
 */
static bool is_settled(const struct x86_ctx *c)
{
	const struct transfer *t = c->t;
	bool vectors = c->num_ops > 0;

	for (unsigned i = 0; i < c->num_ops; i++)
		vectors &= c->op[i].kind == X86_OPERAND_REG &&
			   (c->op[i].bank == X86_BANK_VECTOR || c->op[i].bank == X86_BANK_MMX);
	if (vectors) /* MASKMOVDQU, MASKMOVQ: memory at rDI */
		return false;
	for (unsigned i = 0; i < c->num_ops; i++)
		if (c->op[i].kind == X86_OPERAND_MEM &&
		    (c->raw.row->encoding.fields[i].size.type == X86_TYPE_P || !has_size(c->op[i].width)))
			return false;
	for (size_t i = 0; i < t->loads.len; i++)
		if (!has_size(expr_width(c->pool, t->loads.at[i])))
			return false;
	for (size_t i = 0; i < t->stores.len; i++)
		if (!has_size(expr_width(c->pool, t->stores.at[i].value)))
			return false;
	return !c->emulated && !c->own_accesses;
}

/* Of images of a state that are not aligned the fault may be #AC rather than #GP (SDM vol. 3, 6.15). */
static bool has_image(const struct x86_ctx *c)
{
	enum { LARGEST_VECTOR = 512 };

	for (unsigned i = 0; i < c->num_ops; i++)
		if (c->op[i].kind == X86_OPERAND_MEM && (c->op[i].width > LARGEST_VECTOR || !c->op[i].width))
			return true;
	return false;
}

/* Of addresses that are not canonical the fault is another one (SDM vol. 3, 6.9). */
static expr_id is_misaligned(struct x86_ctx *c, expr_id address, unsigned bytes)
{
	enum { CANONICAL = 48 };
	struct expr_pool *p = c->pool;
	expr_id low = expr_and(p, address, x86_const(c, 64, bytes - 1));
	expr_id canonical = expr_eq(p, expr_sext(p, expr_extract(p, address, 0, CANONICAL), 64), address);

	return expr_and(p, canonical, expr_ne(p, low, x86_const(c, 64, 0)));
}

/*
 * Of accesses at several places the first alone faults for sure: its page may be missing before the next one is looked
 * at. *at: that place's condition, EXPR_NONE at first. Where there is a guard (EXPR_NONE: none) the access takes place
 * if that holds; processors may check one that does not (FST, of an exception that is not masked).
 */
static void check(struct x86_ctx *c, expr_id *at, expr_id guard, expr_id address, unsigned bits)
{
	struct expr_pool *p = c->pool;
	bool settled = is_settled(c);
	expr_id cond = is_misaligned(c, address, settled ? bits / 8 : 64);

	if (settled && bits == 8)
		return;
	if (!settled || (*at && *at != cond)) {
		x86_open(c, cond, ENV_SYSTEM);
		return;
	}
	*at = cond;
	transfer_add_fault(c->t, guard ? expr_and(p, cond, guard) : cond, FAULT_ALIGNMENT);
	if (guard)
		x86_open(c, cond, ENV_SYSTEM);
}

/* The number of the first fault, below `end`, which depends on what was loaded: those come behind the checks. */
static size_t first_behind_loads(const struct x86_ctx *c, size_t end, bool *loaded)
{
	size_t at = 0;

	for (size_t id = 1; id < expr_pool_size(c->pool); id++) {
		const struct expr *n = expr_get(c->pool, (expr_id)id);
		loaded[id] = n->op == EXPR_LOAD;
		for (unsigned i = 0; i < sizeof n->arg / sizeof *n->arg && !loaded[id]; i++)
			loaded[id] = n->arg[i] && loaded[n->arg[i]];
	}
	while (at < end && !loaded[c->t->faults.at[at].cond])
		at++;
	return at;
}

/* Moves the faults from `first` on to where they belong. */
static void put_in_order(struct x86_ctx *c, size_t first)
{
	struct transfer *t = c->t;
	bool *loaded = calloc(expr_pool_size(c->pool) + 1, sizeof *loaded);

	if (!loaded) {
		x86_unmodelled(c);
		return;
	}
	for (size_t to = has_image(c) ? 0 : first_behind_loads(c, first, loaded); first < t->faults.len;
	     first++, to++) {
		struct transfer_fault moved = t->faults.at[first];
		for (size_t i = first; i > to; i--)
			t->faults.at[i] = t->faults.at[i - 1];
		t->faults.at[to] = moved;
	}
	free(loaded);
}

void x86_check_alignment(struct x86_ctx *c)
{
	struct transfer *t = c->t;
	size_t first = t->faults.len;
	expr_id at = EXPR_NONE;

	for (size_t i = 0; i < t->loads.len; i++) {
		const struct expr *load = expr_get(c->pool, t->loads.at[i]);
		check(c, &at, EXPR_NONE, load->arg[0], expr_width(c->pool, t->loads.at[i]));
	}
	for (size_t i = 0; i < t->stores.len; i++) {
		const struct transfer_store s = t->stores.at[i];
		check(c, &at, s.guard, s.address, expr_width(c->pool, s.value));
	}
	if (t->faults.len > first)
		put_in_order(c, first);
}
