/* Addresses, their alignment, and accesses: for all families that reach memory. */
#include "arch/aarch64/aarch64.h"

/* Linux has SP checked: an access through a stack pointer that is no multiple of 16 faults (Arm ARM D1.8.2). */
expr_id a64_base(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned n = a64_field(c, 'n');
	expr_id base = a64_xsp(c, n, 64);

	if (n == 31) {
		expr_id low = expr_and(p, base, a64_const(c, 64, 15));
		transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, low)), FAULT_ALIGNMENT);
	}
	return base;
}

expr_id a64_offset(struct a64_ctx *c, expr_id base, int64_t offset)
{
	return expr_add(c->pool, base, a64_const(c, 64, (uint64_t)offset));
}

void a64_write_back(struct a64_ctx *c, expr_id address)
{
	a64_set_xsp(c, a64_field(c, 'n'), address);
}

void a64_require_atomic(struct a64_ctx *c, expr_id address, unsigned bytes)
{
	struct expr_pool *p = c->pool;
	expr_id crosses = expr_ult(p, a64_const(c, 4, 16 - bytes), expr_extract(p, address, 0, 4));
	expr_id checked = expr_not(p, expr_reg(p, 1, A64_naa));

	if (bytes > 1)
		transfer_add_fault(c->t, expr_and(p, crosses, checked), FAULT_ALIGNMENT);
}

expr_id a64_without_tag(struct a64_ctx *c, expr_id address)
{
	struct expr_pool *p = c->pool;
	expr_id ignored = expr_and(p, expr_reg(p, 1, A64_tbi0), expr_not(p, expr_bit(p, address, 55)));

	return expr_ite(p, ignored, expr_zext(p, expr_extract(p, address, 0, 56), 64), address);
}

expr_id a64_load(struct a64_ctx *c, expr_id address, unsigned width)
{
	return transfer_load(c->t, width, a64_without_tag(c, address));
}

void a64_store(struct a64_ctx *c, expr_id address, expr_id value)
{
	a64_store_if(c, EXPR_NONE, address, value);
}

void a64_store_if(struct a64_ctx *c, expr_id guard, expr_id address, expr_id value)
{
	transfer_add_store(c->t, guard, a64_without_tag(c, address), value);
}
