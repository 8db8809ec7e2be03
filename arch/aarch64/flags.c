/* The condition flags. */
#include "arch/aarch64/aarch64.h"

expr_id a64_flag(struct a64_ctx *c, uint32_t flag)
{
	return expr_reg(c->pool, 1, flag);
}

void a64_set_flag(struct a64_ctx *c, uint32_t flag, expr_id value)
{
	transfer_set_reg(c->t, flag, value);
}

void a64_set_nz(struct a64_ctx *c, expr_id result)
{
	a64_set_flag(c, A64_nf, expr_msb(c->pool, result));
	a64_set_flag(c, A64_zf, expr_is_zero(c->pool, result));
}

expr_id a64_add_with_carry(struct a64_ctx *c, expr_id a, expr_id b, expr_id carry)
{
	struct expr_pool *p = c->pool;

	return expr_add(p, expr_add(p, a, b), expr_zext(p, carry, expr_width(p, a)));
}

/* The carry out of the highest bit. A constant carry in, that of additions and subtractions, makes it a comparison. */
static expr_id carry_out(struct a64_ctx *c, expr_id a, expr_id b, expr_id carry, expr_id result)
{
	struct expr_pool *p = c->pool;
	uint64_t in;

	if (expr_is_const(p, carry, &in))
		return in ? expr_ule(p, expr_not(p, b), a) : expr_ult(p, result, a);
	expr_id both = expr_and(p, a, b), either = expr_or(p, a, b);
	return expr_msb(p, expr_or(p, both, expr_and(p, either, expr_not(p, result))));
}

void a64_set_add_flags(struct a64_ctx *c, expr_id a, expr_id b, expr_id carry, expr_id result)
{
	struct expr_pool *p = c->pool;
	expr_id overflow = expr_and(p, expr_xor(p, a, result), expr_xor(p, b, result));

	a64_set_nz(c, result);
	a64_set_flag(c, A64_cf, carry_out(c, a, b, carry, result));
	a64_set_flag(c, A64_vf, expr_msb(p, overflow));
}

void a64_set_nzcv(struct a64_ctx *c, expr_id bits)
{
	for (unsigned i = 0; i < A64_NUM_FLAGS; i++)
		a64_set_flag(c, a64_flag_regs[i], expr_bit(c->pool, bits, 3 - i));
}

/* By condition >> 1: the flags that it reads, nzcv from bit 0 up. */
static const uint8_t condition_reads[8] = {2, 4, 1, 8, 6, 9, 11, 0};

expr_id a64_condition_holds(struct a64_ctx *c, unsigned cond)
{
	struct expr_pool *p = c->pool;
	expr_id n = a64_flag(c, A64_nf), z = a64_flag(c, A64_zf), carry = a64_flag(c, A64_cf), v = a64_flag(c, A64_vf);
	expr_id holds = EXPR_NONE;

	c->condition |= condition_reads[cond >> 1 & 7];
	switch (cond >> 1 & 7) {
	case 0: holds = z; break;                                             /* EQ, NE */
	case 1: holds = carry; break;                                         /* CS, CC */
	case 2: holds = n; break;                                             /* MI, PL */
	case 3: holds = v; break;                                             /* VS, VC */
	case 4: holds = expr_and(p, carry, expr_not(p, z)); break;            /* HI, LS */
	case 5: holds = expr_eq(p, n, v); break;                              /* GE, LT */
	case 6: holds = expr_and(p, expr_eq(p, n, v), expr_not(p, z)); break; /* GT, LE */
	default: return a64_const(c, 1, 1);                                   /* AL, NV */
	}
	return cond & 1 ? expr_not(p, holds) : holds;
}
