#include "lib/expr/live.h"

void roots_add(struct roots *r, expr_id id)
{
	if (id && !vec_push(&r->ids, id))
		r->failed = true;
}

static void visit(void *ctx, expr_id id)
{
	roots_add(ctx, id);
}

void roots_add_transfer(struct roots *r, const struct transfer *t)
{
	transfer_each(t, visit, r);
}

void roots_deinit(struct roots *r)
{
	vec_deinit(&r->ids);
}

uint32_t *live_uses(const struct expr_pool *pool, const struct roots *r)
{
	uint32_t *uses = r->failed ? NULL : calloc(pool->nodes.len, sizeof *uses);
	expr_id last = 0;

	if (!uses)
		return NULL;
	for (size_t i = 0; i < r->ids.len; i++) {
		uses[r->ids.at[i]]++;
		last = r->ids.at[i] > last ? r->ids.at[i] : last;
	}
	for (expr_id id = last; id > 0; id--)
		for (unsigned k = 0; uses[id] && k < op_info[node(pool, id)->op].arity; k++)
			uses[node(pool, id)->arg[k]]++;
	return uses;
}
