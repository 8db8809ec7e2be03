#include "lib/expr/rewrite.h"

expr_id rewrite(struct expr_pool *pool, const struct expr *n)
{
	(void)pool;
	(void)n;
	return EXPR_NONE;
}
