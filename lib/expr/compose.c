#include "lib/expr/forward.h"
#include "lib/expr/live.h"

struct composer {
	struct transfer *t;
	const struct transfer *next;
	struct expr_pool *pool;
	expr_id *map;         /* of next's expressions: over the state before t */
	const uint32_t *uses; /* of t's expressions by t */
	uint32_t num_stores;  /* of t */
};

/* A register of next is what t left in it, if it did. */
static expr_id map_reg(const struct composer *c, expr_id id, const struct expr *n)
{
	expr_id value = transfer_get_reg(c->t, n->attr);

	return value ? value : id;
}

/*
 * Undefined values of next are others than those of t, though next may be a transfer that t already contains. A second
 * reading of an outside value gives another one, too; as it may not equal the first, it becomes an undefined value.
 */
static expr_id map_leaf(const struct composer *c, expr_id id, const struct expr *n)
{
	switch (n->op) {
	case EXPR_REG: return map_reg(c, id, n);
	case EXPR_UNDEF: return expr_undef(c->pool, n->width);
	case EXPR_ENV: return c->uses[id] ? expr_undef(c->pool, n->width) : id;
	default: return id;
	}
}

static expr_id map_operator(const struct composer *c, expr_id id, struct expr n)
{
	bool same = true;

	for (unsigned i = 0; i < op_info[n.op].arity; i++) {
		same &= c->map[n.arg[i]] == n.arg[i];
		n.arg[i] = c->map[n.arg[i]];
	}
	if (n.op == EXPR_LOAD && !n.attr && n.arg[0])
		return forward_load(c->t, c->num_stores, n.width, n.arg[0]);
	if (n.op == EXPR_LOAD && c->num_stores) {
		n.attr += c->num_stores;
		same = false;
	}
	return same ? id : expr_make(c->pool, n);
}

static bool map_all(struct composer *c, const uint32_t *uses, size_t num)
{
	for (expr_id id = 1; id < num; id++) {
		struct expr n = *node(c->pool, id);

		if (!uses[id])
			continue;
		c->map[id] = op_info[n.op].shape == SHAPE_LEAF ? map_leaf(c, id, &n) : map_operator(c, id, n);
	}
	return !c->pool->failed;
}

static void append_bounds(struct composer *c)
{
	struct transfer *t = c->t;
	const struct transfer *next = c->next;
	size_t kept = 0;

	for (size_t i = 0; i < t->bounds.len; i++)
		if (!transfer_get_reg(next, t->bounds.at[i].reg))
			t->bounds.at[kept++] = t->bounds.at[i];
	t->bounds.len = kept;
	for (size_t i = 0; i < next->bounds.len; i++) {
		struct transfer_bound b = next->bounds.at[i];

		b.arg[0] = c->map[b.arg[0]];
		b.arg[1] = c->map[b.arg[1]];
		b.when = c->map[b.when];
		transfer_add_bound(t, &b);
	}
}

static void append(struct composer *c)
{
	const struct transfer *next = c->next;

	for (size_t i = 0; i < next->faults.len; i++)
		transfer_add_fault(c->t, c->map[next->faults.at[i].cond], next->faults.at[i].kind);
	for (size_t i = 0; i < next->loads.len; i++)
		if (node(c->pool, c->map[next->loads.at[i]])->op == EXPR_LOAD &&
		    !vec_push(&c->t->loads, c->map[next->loads.at[i]]))
			c->pool->failed = true;
	/* Not by transfer_add_store(): a store whose guard turns out to be 0 still counts for the versions. */
	for (size_t i = 0; i < next->stores.len; i++) {
		struct transfer_store s = next->stores.at[i];

		s = (struct transfer_store){c->map[s.guard], c->map[s.address], c->map[s.value]};
		if (!vec_push(&c->t->stores, s))
			c->pool->failed = true;
	}
	append_bounds(c);
	for (size_t i = 0; i < next->regs.len; i++)
		transfer_set_reg(c->t, next->regs.at[i].reg, c->map[next->regs.at[i].value]);
	c->t->kind = next->kind;
}

static uint32_t *uses_of(const struct transfer *t)
{
	struct roots roots = {0};

	roots_add_transfer(&roots, t);
	uint32_t *uses = live_uses(t->pool, &roots);
	roots_deinit(&roots);
	return uses;
}

struct error *transfer_compose(struct transfer *t, const struct transfer *next)
{
	size_t num = t->pool->nodes.len;
	uint32_t *uses = uses_of(t), *next_uses = uses_of(next);
	struct composer c = {
		.t = t,
		.next = next,
		.pool = t->pool,
		.map = calloc(num, sizeof *c.map),
		.uses = uses,
		.num_stores = (uint32_t)t->stores.len,
	};

	if (!uses || !next_uses || !c.map)
		t->pool->failed = true;
	else if (map_all(&c, next_uses, num))
		append(&c);
	free(uses);
	free(next_uses);
	free(c.map);
	return expr_pool_error(t->pool);
}
