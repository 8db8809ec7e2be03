#include "lib/lift/effects.h"

#include <stdlib.h>

#include "lib/expr/marks.h"

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool collect_leaves(const struct expr_pool *pool, const bool *marks, struct effects *e)
{
	bool ok = true;

	for (expr_id id = 1; id < expr_pool_size(pool); id++) {
		const struct expr *n = expr_get(pool, id);

		if (!marks[id])
			continue;
		if (n->op == EXPR_REG)
			ok &= vec_push(&e->reads, n->attr);
		else if (n->op == EXPR_LOAD)
			ok &= vec_push(&e->loads, id);
		else if (n->op == EXPR_ENV)
			ok &= vec_push(&e->env, id);
	}
	if (e->reads.len)
		qsort(e->reads.at, e->reads.len, sizeof *e->reads.at, compare_ids);
	return ok;
}

static bool has_undef(const struct expr_pool *pool, expr_id value, bool *marks)
{
	bool found = false;

	for (size_t id = 0; id < expr_pool_size(pool); id++)
		marks[id] = id == value;
	marks_spread(marks, pool);
	for (expr_id id = 1; id < expr_pool_size(pool); id++)
		found |= marks[id] && expr_get(pool, id)->op == EXPR_UNDEF;
	return found;
}

static bool collect_writes(const struct transfer *t, bool *marks, struct effects *e)
{
	bool ok = true;

	for (size_t i = 0; i < t->regs.len; i++) {
		ok &= vec_push(&e->writes, t->regs.at[i].reg);
		if (has_undef(t->pool, t->regs.at[i].value, marks))
			ok &= vec_push(&e->undefined, t->regs.at[i].reg);
	}
	if (e->writes.len)
		qsort(e->writes.at, e->writes.len, sizeof *e->writes.at, compare_ids);
	if (e->undefined.len)
		qsort(e->undefined.at, e->undefined.len, sizeof *e->undefined.at, compare_ids);
	return ok;
}

struct error *effects_collect(const struct transfer *t, struct effects *ret)
{
	struct effects e = {0};
	bool *marks = calloc(expr_pool_size(t->pool) + 1, sizeof *marks);
	if (!marks)
		return &error_no_memory;

	marks_add_transfer(marks, t);
	marks_spread(marks, t->pool);
	bool ok = collect_leaves(t->pool, marks, &e) && collect_writes(t, marks, &e);
	free(marks);
	if (!ok) {
		effects_deinit(&e);
		return &error_no_memory;
	}
	*ret = e;
	return NULL;
}

void effects_deinit(struct effects *e)
{
	vec_deinit(&e->reads);
	vec_deinit(&e->writes);
	vec_deinit(&e->undefined);
	vec_deinit(&e->loads);
	vec_deinit(&e->env);
}
