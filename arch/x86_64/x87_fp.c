/* Operands and operators of x87 arithmetic: all of it is done on numbers of 80 bits. */
#include "arch/x86_64/x87.h"

enum { SIGNIFICAND = 64, QUIET_BIT = 62 };

expr_id x87_fp(struct x87 *x, enum expr_op op, const struct fp_spec *s, expr_id a, expr_id b)
{
	return expr_fp(x->p, op, s, expr_zext(x->p, x->fcw, FP_CONTROL_WIDTH), a, b, EXPR_NONE);
}

expr_id x87_operate(struct x87 *x, enum expr_op op, expr_id a, expr_id b)
{
	const struct fp_spec spec = {.format = FP_F80, .rules = FP_X87, .exact = op == EXPR_FRINT};
	expr_id r = x87_fp(x, op, &spec, a, b);

	x87_raise(x, expr_fp_flags(x->p, r));
	return expr_fp_value(x->p, r);
}

expr_id x87_load(struct x87 *x)
{
	x87_refuse_wrap(x->c);
	return transfer_load(x->c->t, 8 * x87_memory_len(x->c), x86_address(x->c));
}

expr_id x87_from_integer(struct x87 *x, expr_id integer)
{
	const struct fp_spec spec = {.format = FP_F80,
				     .rules = FP_X87,
				     .is_signed = true,
				     .integer = (uint8_t)expr_width(x->p, integer)};
	expr_id r = x87_fp(x, EXPR_ITOF, &spec, integer, EXPR_NONE);

	return expr_fp_value(x->p, r);
}

expr_id x87_load_integer(struct x87 *x)
{
	return x87_from_integer(x, x87_load(x));
}

static expr_id widen(struct x87 *x)
{
	expr_id a = x87_load(x);
	enum fp_format from = expr_width(x->p, a) == 32 ? FP_F32 : FP_F64;
	const struct fp_spec spec = {.format = FP_F80, .from = (uint8_t)from, .rules = FP_X87};

	return x87_fp(x, EXPR_FCVT, &spec, a, EXPR_NONE);
}

expr_id x87_load_number(struct x87 *x)
{
	expr_id r = widen(x);

	x87_raise(x, expr_fp_flags(x->p, r));
	return expr_fp_value(x->p, r);
}

/* Just a signalling NaN is invalid. */
expr_id x87_load_operand(struct x87 *x, expr_id *ret_denormal)
{
	struct expr_pool *p = x->p;
	expr_id r = widen(x), value = expr_fp_value(p, r), flags = expr_fp_flags(p, r);
	expr_id signalling = expr_shl(p, expr_zext(p, expr_bit(p, flags, FP_INVALID), SIGNIFICAND),
				      x86_const(x->c, 8, QUIET_BIT));
	expr_id quieted = expr_extract(p, value, 0, SIGNIFICAND);

	*ret_denormal = expr_bit(p, flags, FP_DENORMAL);
	return expr_concat(p, expr_extract(p, value, SIGNIFICAND, 16), expr_xor(p, quieted, signalling));
}

expr_id x87_is_special(struct x87 *x, expr_id a)
{
	struct expr_pool *p = x->p;
	expr_id exponent = expr_extract(p, a, SIGNIFICAND, 15), significand = expr_extract(p, a, 0, SIGNIFICAND);
	expr_id largest = expr_eq(p, exponent, x86_const(x->c, 15, 0x7fff));
	expr_id infinite = expr_eq(p, significand, x86_const(x->c, 64, UINT64_C(1) << 63));
	expr_id unsupported = expr_and(p, expr_not(p, expr_is_zero(p, exponent)),
				       expr_not(p, expr_msb(p, significand)));

	return expr_or(p, unsupported, expr_and(p, largest, expr_not(p, infinite)));
}
