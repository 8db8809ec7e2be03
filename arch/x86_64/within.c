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

/* In parts of a unit in the last place. */
enum { ULP_SHIFT = 7, ULP = 1 << ULP_SHIFT, HALF_ULP = ULP / 2, ULP_OF_TWO = 173 /* 1.35 */ };

/* The second one where the rounding is not to nearest. */
static void add_bounds(struct x86_ctx *c, struct x86_within *w, unsigned parts, expr_id when)
{
	struct expr_pool *p = c->pool;
	expr_id nearest = rounds_to_nearest(c);

	w->bound.multiple = (uint8_t)parts;
	add_bound(c, w, expr_and(p, when, nearest));
	w->bound.multiple = (uint8_t)(parts + HALF_ULP);
	add_bound(c, w, expr_and(p, when, expr_not(p, nearest)));
}

/* b is 1, or the function not one of those that keep to less if it is. */
static expr_id is_plain(struct x86_ctx *c, enum fp_function function, expr_id b)
{
	static const uint64_t one[2] = {UINT64_C(1) << 63, 0x3fff};

	if (function != FP_FUNCTION_FYL2X && function != FP_FUNCTION_FYL2XP1)
		return x86_const(c, 1, 1);
	return expr_eq(c->pool, b, expr_const_wide(c->pool, fp_width(FP_F80), one));
}

expr_id x86_within_ulp(struct x86_ctx *c, enum fp_function function, uint32_t reg, expr_id a, expr_id b,
		       expr_id applies, expr_id exact)
{
	struct expr_pool *p = c->pool;
	struct x86_within w = {.reg = reg, .a = a, .b = b, .applies = applies, .exact = exact};
	expr_id plain = is_plain(c, function, b);

	w.bound = (struct fp_bound){.format = FP_F80,
				    .function = (uint8_t)function,
				    .unit = FP_BOUND_ULP,
				    .shift = ULP_SHIFT};
	add_bounds(c, &w, ULP, expr_and(p, applies, plain));
	add_bounds(c, &w, ULP_OF_TWO, expr_and(p, applies, expr_not(p, plain)));
	return open_result(c, &w);
}
