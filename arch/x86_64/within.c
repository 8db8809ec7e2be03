/* Results that manuals give within an error. */
#include "arch/x86_64/x86_64.h"

static void add_bound(struct x86_ctx *c, const struct x86_within *w, expr_id when)
{
	const struct transfer_bound bound = {
		.reg = w->reg, .first = (uint16_t)w->first, .bound = w->bound, .arg = {w->a, w->b}, .when = when};

	transfer_add_bound(c->t, &bound);
}

static expr_id open_result(struct x86_ctx *c, const struct x86_within *w)
{
	return expr_ite(c->pool, w->applies, expr_undef(c->pool, fp_width(w->bound.format)), w->exact);
}

expr_id x86_within(struct x86_ctx *c, const struct x86_within *w)
{
	add_bound(c, w, w->applies);
	return open_result(c, w);
}

/* FCW.RC (SDM vol. 1, 8.1.5.3). */
static expr_id rounds_to_nearest(struct x86_ctx *c)
{
	enum { RC = 10 };

	return expr_is_zero(c->pool, expr_extract(c->pool, expr_reg(c->pool, 16, X86_fctrl), RC, 2));
}

expr_id x86_within_ulp(struct x86_ctx *c, enum fp_function function, uint32_t reg, expr_id a, expr_id b,
		       expr_id applies, expr_id exact)
{
	struct expr_pool *p = c->pool;
	struct x86_within w = {.reg = reg, .a = a, .b = b, .applies = applies, .exact = exact};
	expr_id nearest = rounds_to_nearest(c);

	w.bound =
		(struct fp_bound){.format = FP_F80, .function = (uint8_t)function, .unit = FP_BOUND_ULP, .multiple = 1};
	add_bound(c, &w, expr_and(p, applies, nearest));
	w.bound.multiple = 3;
	w.bound.shift = 1;
	add_bound(c, &w, expr_and(p, applies, expr_not(p, nearest)));
	return open_result(c, &w);
}
