/* x87 arithmetic (SDM vol. 1, 8.3.3 and 8.3.5). */
#include "arch/x86_64/x87.h"

/* The second operand: a register, a number or an integer in memory. *ret_denormal: 1 bit, or EXPR_NONE. */
static expr_id second_operand(struct x87 *x, unsigned reg, expr_id *ret_denormal)
{
	uint8_t opcode = x->c->raw.opcode;

	*ret_denormal = EXPR_NONE;
	if (!x->c->raw.is_mem)
		return x87_read(x, reg);
	return opcode == 0xda || opcode == 0xde ? x87_load_integer(x) : x87_load_operand(x, ret_denormal);
}

enum { REVERSED = 1 << 16 };

/*
 * D8 and memory: st(0) = st(0) op source; DC and DE: st(i) = st(i) op st(0), and DE pops. The names that end in R have
 * the operands the other way round.
 */
static void build_binary(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	bool to_i = !c->raw.is_mem && c->raw.opcode != 0xd8;
	unsigned to = to_i ? x87_i(c) : 0;
	expr_id denormal, a = x87_read(&x, to), b = second_operand(&x, to_i ? 0 : x87_i(c), &denormal);
	bool reversed = f->param & REVERSED;
	expr_id value = x87_operate(&x, f->param & 0xff, reversed ? b : a, reversed ? a : b);

	/* It goes after all that makes the result a NaN, and after division by zero (SDM vol. 1, 4.9.2). */
	if (denormal) {
		const unsigned before = 1 << FP_INVALID | 1 << FP_DIVIDE;
		expr_id other = expr_not(p, expr_is_zero(p, expr_and(p, x.flags, x86_const(c, FP_NUM_FLAGS, before))));
		other = expr_or(p, other, x87_is_special(&x, a));
		x87_raise_if(&x, expr_and(p, denormal, expr_not(p, other)), FP_DENORMAL);
	}
	x87_write(&x, to, value);
	if (!c->raw.is_mem && c->raw.opcode == 0xde)
		x87_pop(&x);
	x87_commit(&x);
}

/* st(0) = op st(0) */
static void build_unary(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	expr_id a = x87_read(&x, 0);

	x87_write(&x, 0, x87_operate(&x, f->param, a, EXPR_NONE));
	x87_commit(&x);
}

/* The sign alone, of whatever is there (SDM vol. 2, FABS, FCHS). */
static void build_sign(struct x86_ctx *c, const struct x86_form *f)
{
	enum { MAGNITUDE = 79 };
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id a = x87_read(&x, 0), flipped = expr_not(p, expr_bit(p, a, MAGNITUDE));
	expr_id sign = f->param ? flipped : x86_const(c, 1, 0);

	x87_write(&x, 0, expr_concat(p, sign, expr_extract(p, a, 0, MAGNITUDE)));
	x87_commit(&x);
}

static void build_fscale(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	expr_id a = x87_read(&x, 0), b = x87_read(&x, 1);

	(void)f;
	x87_write(&x, 0, x87_operate(&x, EXPR_FSCALE, a, b));
	x87_commit(&x);
}

/* The exponent takes the place of the number, the significand is pushed. */
static void build_fxtract(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	expr_id a = x87_read(&x, 0);
	expr_id exponent = x87_operate(&x, EXPR_FGETEXP, a, EXPR_NONE);
	expr_id significand = x87_operate(&x, EXPR_FGETSIG, a, EXPR_NONE);

	(void)f;
	x87_push(&x, significand);
	x87_write(&x, 0, exponent);
	x87_commit(&x);
}

/*
 * FPREM, FPREM1: how far a reduction goes that is not complete (C2) is the processor's choice, and with it what is left
 * (SDM vol. 2, FPREM, "Operation").
 */
static void build_fprem(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	const struct fp_spec spec = {.format = FP_F80, .rules = FP_X87, .nearest = f->param};
	expr_id a = x87_read(&x, 0), b = x87_read(&x, 1);
	expr_id r = x87_fp(&x, EXPR_FREM, &spec, a, b);
	expr_id quotient = expr_fp_quotient(p, r);

	x87_raise(&x, expr_fp_flags(p, r));
	x87_write(&x, 0, expr_fp_value(p, r));
	/* Where there is no quotient, it is not said what they are; the reduction is complete. */
	expr_id none = expr_or(p, x87_stack_fault(&x), x87_is_special(&x, expr_fp_value(p, r)));
	expr_id open = expr_concat(p, x86_const(c, 1, 0), expr_undef(p, 3));
	quotient = expr_ite(p, expr_or(p, none, x87_stopped(&x)), open, quotient);
	x87_set_codes(&x, expr_bit(p, quotient, 1), expr_bit(p, quotient, 3), expr_bit(p, quotient, 0),
		      expr_bit(p, quotient, 2));
	x87_commit(&x);
}

/* clang-format off */
/* Of numbers and integers in memory, of st(0) and st(i), and that which pops. */
#define BINARY(name, digit, st0, sti, param) \
	X87("f" name,     "D8 /" digit,  "Md",      build_binary, param), \
	X87("f" name,     "DC /" digit,  "Mq",      build_binary, param), \
	X87("fi" name,    "DA /" digit,  "Md",      build_binary, param), \
	X87("fi" name,    "DE /" digit,  "Mw",      build_binary, param), \
	X87("f" name,     "D8 " st0 "+i", "ST0 STi", build_binary, param), \
	X87("f" name,     "DC " sti "+i", "STi ST0", build_binary, param), \
	X87("f" name "p", "DE " sti "+i", "STi ST0", build_binary, param)

static const struct x86_form x86_x87_arith[] = {
	/*     name  digit st0   st(i) operator */
	BINARY("add",  "0", "C0", "C0", EXPR_FADD),
	BINARY("mul",  "1", "C8", "C8", EXPR_FMUL),
	BINARY("sub",  "4", "E0", "E8", EXPR_FSUB),
	BINARY("subr", "5", "E8", "E0", EXPR_FSUB | REVERSED),
	BINARY("div",  "6", "F0", "F8", EXPR_FDIV),
	BINARY("divr", "7", "F8", "F0", EXPR_FDIV | REVERSED),

	/*  name       encoding     operands  builder, parameter */
	X87("fsqrt",    "D9 FA",     "",       build_unary, EXPR_FSQRT),
	X87("frndint",  "D9 FC",     "",       build_unary, EXPR_FRINT),
	X87("fabs",     "D9 E1",     "",       build_sign, 0),
	X87("fchs",     "D9 E0",     "",       build_sign, 1),
	X87("fscale",   "D9 FD",     "",       build_fscale, 0),
	X87("fxtract",  "D9 F4",     "",       build_fxtract, 0),
	X87("fprem",    "D9 F8",     "",       build_fprem, 0),
	X87("fprem1",   "D9 F5",     "",       build_fprem, 1),
};
/* clang-format on */

X86_TABLE(x86_x87_arith);
