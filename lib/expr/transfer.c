#include "lib/expr/transfer.h"

#include "lib/expr/forward.h"
#include "lib/expr/pool.h"

void transfer_init(struct transfer *t, struct expr_pool *pool)
{
	*t = (struct transfer){.pool = pool};
}

void transfer_deinit(struct transfer *t)
{
	vec_deinit(&t->regs);
	vec_deinit(&t->stores);
	vec_deinit(&t->faults);
	vec_deinit(&t->bounds);
	vec_deinit(&t->loads);
}

void transfer_reset(struct transfer *t, struct expr_pool *pool)
{
	t->pool = pool;
	t->kind = TRANSFER_PLAIN;
	t->regs.len = 0;
	t->stores.len = 0;
	t->faults.len = 0;
	t->bounds.len = 0;
	t->loads.len = 0;
}

void transfer_set_reg(struct transfer *t, uint32_t reg, expr_id value)
{
	for (size_t i = 0; i < t->regs.len; i++) {
		if (t->regs.at[i].reg == reg) {
			t->regs.at[i].value = value;
			return;
		}
	}
	if (!vec_push(&t->regs, ((struct transfer_reg){.reg = reg, .value = value})))
		t->pool->failed = true;
}

expr_id transfer_get_reg(const struct transfer *t, uint32_t reg)
{
	for (size_t i = 0; i < t->regs.len; i++)
		if (t->regs.at[i].reg == reg)
			return t->regs.at[i].value;
	return EXPR_NONE;
}

void transfer_add_store(struct transfer *t, expr_id guard, expr_id address, expr_id value)
{
	struct transfer_store store = {.guard = guard, .address = address, .value = value};
	uint64_t holds;

	if (expr_is_const(t->pool, guard, &holds)) {
		if (!holds)
			return;
		store.guard = EXPR_NONE;
	}
	if (!vec_push(&t->stores, store))
		t->pool->failed = true;
}

void transfer_add_fault(struct transfer *t, expr_id cond, enum fault_kind kind)
{
	uint64_t holds;

	if (!cond || (expr_is_const(t->pool, cond, &holds) && !holds))
		return;
	if (!vec_push(&t->faults, ((struct transfer_fault){.cond = cond, .kind = kind})))
		t->pool->failed = true;
}

void transfer_add_bound(struct transfer *t, const struct transfer_bound *bound)
{
	struct transfer_bound b = *bound;
	uint64_t holds;

	if (expr_is_const(t->pool, b.when, &holds)) {
		if (!holds)
			return;
		b.when = EXPR_NONE;
	}
	if (!vec_push(&t->bounds, b))
		t->pool->failed = true;
}

/* An address as base + offset, as far as that shows. */
struct place {
	expr_id base;
	uint64_t offset;
};

static struct place split_address(const struct expr_pool *pool, expr_id address)
{
	const struct expr *n = node(pool, address);
	struct place p = {.base = address};

	if (n->op == EXPR_ADD && expr_is_const(pool, n->arg[1], &p.offset))
		p.base = n->arg[0];
	else if (expr_is_const(pool, address, &p.offset))
		p.base = EXPR_NONE;
	return p;
}

/* Where a load of `bytes` lies in an earlier store. */
enum overlap { OVERLAP_NONE, OVERLAP_INSIDE, OVERLAP_UNCLEAR };

static enum overlap find_overlap(const struct transfer *t, const struct transfer_store *store, struct place load,
				 unsigned bytes, unsigned *ret)
{
	struct place at = split_address(t->pool, store->address);
	unsigned stored = expr_width(t->pool, store->value) / 8;
	uint64_t after = load.offset - at.offset, before = at.offset - load.offset;

	if (at.base != load.base)
		return OVERLAP_UNCLEAR;
	if (after >= stored && before >= bytes)
		return OVERLAP_NONE;
	if (store->guard || after >= stored || stored - after < bytes)
		return OVERLAP_UNCLEAR;
	*ret = (unsigned)after;
	return OVERLAP_INSIDE;
}

expr_id forward_load(const struct transfer *t, size_t version, unsigned width, expr_id address)
{
	for (struct place load = split_address(t->pool, address); version > 0; version--) {
		const struct transfer_store *store = &t->stores.at[version - 1];
		unsigned from = 0;
		enum overlap overlap = find_overlap(t, store, load, width / 8, &from);

		if (overlap == OVERLAP_INSIDE)
			return expr_extract(t->pool, store->value, 8 * from, width);
		if (overlap == OVERLAP_UNCLEAR)
			break;
	}
	return expr_load(t->pool, width, address, (uint32_t)version);
}

expr_id transfer_load(struct transfer *t, unsigned width, expr_id address)
{
	expr_id id = address ? forward_load(t, t->stores.len, width, address) : EXPR_NONE;

	if (id && node(t->pool, id)->op == EXPR_LOAD && !vec_push(&t->loads, id))
		t->pool->failed = true;
	return id;
}

static void visit_unless_none(expr_id id, void (*visit)(void *ctx, expr_id id), void *ctx)
{
	if (id != EXPR_NONE)
		visit(ctx, id);
}

void transfer_each(const struct transfer *t, void (*visit)(void *ctx, expr_id id), void *ctx)
{
	for (size_t i = 0; i < t->faults.len; i++)
		visit_unless_none(t->faults.at[i].cond, visit, ctx);
	for (size_t i = 0; i < t->loads.len; i++)
		visit_unless_none(t->loads.at[i], visit, ctx);
	for (size_t i = 0; i < t->stores.len; i++) {
		visit_unless_none(t->stores.at[i].guard, visit, ctx);
		visit_unless_none(t->stores.at[i].address, visit, ctx);
		visit_unless_none(t->stores.at[i].value, visit, ctx);
	}
	for (size_t i = 0; i < t->regs.len; i++)
		visit_unless_none(t->regs.at[i].value, visit, ctx);
	for (size_t i = 0; i < t->bounds.len; i++) {
		visit_unless_none(t->bounds.at[i].arg[0], visit, ctx);
		visit_unless_none(t->bounds.at[i].arg[1], visit, ctx);
		visit_unless_none(t->bounds.at[i].when, visit, ctx);
	}
}
