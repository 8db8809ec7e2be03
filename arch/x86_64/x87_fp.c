/* Operands and operators of x87 arithmetic: all of it is done on numbers of 80 bits. */
#include "arch/x86_64/x87.h"

enum { SIGNIFICAND = 64, QUIET_BIT = 62 };

expr_id x87_mode(struct x87 *x, bool precise)
{
	enum { ALL_BITS = 3 };
	struct expr_pool *p = x->p;
	expr_id precision = precise ? expr_extract(p, x->fcw, X87_PC, 2) : x86_const(x->c, 2, ALL_BITS);
	expr_id rounding = expr_zext(p, expr_extract(p, x->fcw, X87_RC, 2), FP_MODE_FLUSH_RESULTS + 1);
	expr_id underflow = expr_not(p, expr_bit(p, x->fcw, FP_UNDERFLOW));
	expr_id overflow = expr_not(p, expr_bit(p, x->fcw, FP_OVERFLOW));
	expr_id mode = expr_concat(p, overflow, expr_concat(p, underflow, rounding));

	mode = expr_concat(p, precision, expr_zext(p, mode, FP_MODE_PRECISION));
	return expr_zext(p, mode, FP_MODE_WIDTH);
}

/* Those that precision control is for: SDM vol. 1, 8.1.5.2. */
static bool is_precise(enum expr_op op)
{
	return op == EXPR_FADD || op == EXPR_FSUB || op == EXPR_FMUL || op == EXPR_FDIV || op == EXPR_FSQRT;
}

expr_id x87_operate(struct x87 *x, enum expr_op op, expr_id a, expr_id b)
{
	const struct fp_spec spec = {.format = FP_F80, .rules = FP_X87, .exact = op == EXPR_FRINT};
	expr_id r = expr_fp(x->p, op, &spec, x87_mode(x, is_precise(op)), a, b, EXPR_NONE);

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
	expr_id r = expr_fp(x->p, EXPR_ITOF, &spec, x87_mode(x, false), integer, EXPR_NONE, EXPR_NONE);

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

	return expr_fp(x->p, EXPR_FCVT, &spec, x87_mode(x, false), a, EXPR_NONE, EXPR_NONE);
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
