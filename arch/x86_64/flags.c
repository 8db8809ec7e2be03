/* The flags register. */
#include "arch/x86_64/x86_64.h"

expr_id x86_flag(struct x86_ctx *c, uint32_t flag)
{
	return expr_reg(c->pool, 1, flag);
}

void x86_set_flag(struct x86_ctx *c, uint32_t flag, expr_id value)
{
	transfer_set_reg(c->t, flag, value);
}

void x86_set_flag_if(struct x86_ctx *c, expr_id cond, uint32_t flag, expr_id value)
{
	x86_set_flag(c, flag, expr_ite(c->pool, cond, value, x86_flag(c, flag)));
}

expr_id x86_parity(struct x86_ctx *c, expr_id result)
{
	struct expr_pool *p = c->pool;
	expr_id ones = expr_unary(p, EXPR_POPCNT, expr_extract(p, result, 0, 8));

	return expr_not(p, expr_bit(p, ones, 0));
}

void x86_set_szp(struct x86_ctx *c, expr_id result)
{
	x86_set_flag(c, X86_sf, expr_msb(c->pool, result));
	x86_set_flag(c, X86_zf, expr_is_zero(c->pool, result));
	x86_set_flag(c, X86_pf, x86_parity(c, result));
}

/* The carry into bit 4, of an addition as of a subtraction. */
static expr_id adjust(struct x86_ctx *c, expr_id a, expr_id b, expr_id result)
{
	struct expr_pool *p = c->pool;

	return expr_bit(p, expr_xor(p, expr_xor(p, a, b), result), 4);
}

void x86_set_add_ao(struct x86_ctx *c, expr_id a, expr_id b, expr_id result)
{
	struct expr_pool *p = c->pool;
	expr_id overflow = expr_and(p, expr_xor(p, a, result), expr_xor(p, b, result));

	x86_set_flag(c, X86_of, expr_msb(p, overflow));
	x86_set_flag(c, X86_af, adjust(c, a, b, result));
}

/* Out of the top: both were set, or one was and the sum is not. */
expr_id x86_add_carry(struct x86_ctx *c, expr_id a, expr_id b, expr_id result)
{
	struct expr_pool *p = c->pool;
	expr_id one = expr_and(p, expr_or(p, a, b), expr_not(p, result));

	return expr_msb(p, expr_or(p, expr_and(p, a, b), one));
}

void x86_set_sub_ao(struct x86_ctx *c, expr_id a, expr_id b, expr_id result)
{
	struct expr_pool *p = c->pool;
	expr_id overflow = expr_and(p, expr_xor(p, a, b), expr_xor(p, a, result));

	x86_set_flag(c, X86_of, expr_msb(p, overflow));
	x86_set_flag(c, X86_af, adjust(c, a, b, result));
}

expr_id x86_sub_borrow(struct x86_ctx *c, expr_id a, expr_id b, expr_id result)
{
	struct expr_pool *p = c->pool;
	expr_id a_clear = expr_not(p, a);
	expr_id one = expr_and(p, expr_or(p, a_clear, b), result);

	return expr_msb(p, expr_or(p, expr_and(p, a_clear, b), one));
}

void x86_set_compare(struct x86_ctx *c, expr_id a, expr_id b)
{
	expr_id result = expr_sub(c->pool, a, b);

	x86_set_szp(c, result);
	x86_set_sub_ao(c, a, b, result);
	x86_set_flag(c, X86_cf, expr_ult(c->pool, a, b));
}

expr_id x86_condition(struct x86_ctx *c, unsigned cc)
{
	struct expr_pool *p = c->pool;
	expr_id less = expr_xor(p, x86_flag(c, X86_sf), x86_flag(c, X86_of));
	expr_id holds;

	switch (cc >> 1 & 7) {
	case 0: holds = x86_flag(c, X86_of); break;
	case 1: holds = x86_flag(c, X86_cf); break;
	case 2: holds = x86_flag(c, X86_zf); break;
	case 3: holds = expr_or(p, x86_flag(c, X86_cf), x86_flag(c, X86_zf)); break;
	case 4: holds = x86_flag(c, X86_sf); break;
	case 5: holds = x86_flag(c, X86_pf); break;
	case 6: holds = less; break;
	default: holds = expr_or(p, less, x86_flag(c, X86_zf)); break;
	}
	return cc & 1 ? expr_not(p, holds) : holds;
}

expr_id x86_rflags(struct x86_ctx *c)
{
	/* From bit 0 up: a register, or a constant bit. */
	enum { ZERO = X86_NUM_REGS, ONE };
	static const uint32_t bits[] = {X86_cf, ONE,    X86_pf, ZERO,   X86_af,  ZERO,     X86_zf,
					X86_sf, X86_tf, X86_if, X86_df, X86_of,  X86_iopl, X86_nt,
					ZERO,   ZERO,   ZERO,   X86_ac, X86_vif, X86_vip,  X86_id};
	struct expr_pool *p = c->pool;
	expr_id image = x86_flag(c, bits[0]);

	for (size_t i = 1; i < sizeof bits / sizeof *bits; i++) {
		expr_id bit = bits[i] >= ZERO ? x86_const(c, 1, bits[i] == ONE)
					      : expr_reg(p, bits[i] == X86_iopl ? 2 : 1, bits[i]);
		image = expr_concat(p, bit, image);
	}
	return expr_zext(p, image, 64);
}
