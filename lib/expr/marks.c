#include "lib/expr/marks.h"

static void mark(void *ctx, expr_id id)
{
	bool *marks = ctx;

	marks[id] = true;
}

void marks_add_transfer(bool *marks, const struct transfer *t)
{
	transfer_each(t, mark, marks);
}

void marks_add_operands(bool *marks, const struct expr_pool *pool, expr_id id)
{
	const struct expr *e = expr_get(pool, id);

	for (unsigned i = 0; i < EXPR_MAX_ARGS; i++)
		marks[e->arg[i]] = true;
}

/* Operands have smaller ids than their users: one walk downwards finds all. */
void marks_spread(bool *marks, const struct expr_pool *pool)
{
	for (size_t id = expr_pool_size(pool); id-- > 1;)
		if (marks[id])
			marks_add_operands(marks, pool, (expr_id)id);
}
