#include "lib/testing/regs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/expr/marks.h"
#include "lib/testing/assert.h"

uint32_t test_reg(const struct isa *isa, const char *name)
{
	uint32_t reg = 0;

	ck_assert_msg(isa_find_reg(isa, name, strlen(name), &reg), "no register %s", name);
	return reg;
}

uint64_t test_get(const struct state *s, const char *name)
{
	uint32_t reg = test_reg(s->isa, name);

	ck_assert_msg(state_known(s, reg), "%s is not known", name);
	return state_get(s, reg);
}

void test_reads(const struct transfer *t, bool *ret)
{
	bool *marks = calloc(expr_pool_size(t->pool), sizeof *marks);

	ck_assert_ptr_nonnull(marks);
	marks_add_transfer(marks, t);
	marks_spread(marks, t->pool);
	for (expr_id id = 1; id < expr_pool_size(t->pool); id++) {
		const struct expr *e = expr_get(t->pool, id);
		if (marks[id] && e->op == EXPR_REG)
			ret[e->attr] = true;
	}
	free(marks);
}
