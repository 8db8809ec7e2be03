/* x87 comparisons (SDM vol. 1, 8.3.6). */
#include "arch/x86_64/x87.h"

/* The parameter of a row. */
enum { QUIET = 1, POPS = 2, POPS_TWICE = 4, ZERO = 8 };

/* What st(0) is compared with. *ret_denormal: 1 bit, or EXPR_NONE. */
static expr_id other(struct x87 *x, const struct x86_form *f, expr_id *ret_denormal)
{
	const struct x86_raw *raw = &x->c->raw;

	*ret_denormal = EXPR_NONE;
	if (f->param & ZERO)
		return x87_number(x, 0, 0);
	if (!raw->is_mem)
		return x87_read(x, f->param & POPS_TWICE ? 1 : x87_i(x->c));
	return raw->opcode == 0xda || raw->opcode == 0xde ? x87_load_integer(x) : x87_load_operand(x, ret_denormal);
}

/* The relation of st(0) and the other (enum fp_relation); an empty register is unordered. */
static expr_id compare(struct x87 *x, const struct x86_form *f)
{
	struct expr_pool *p = x->p;
	const struct fp_spec spec = {.format = FP_F80, .rules = FP_X87, .quiet = f->param & QUIET};
	expr_id denormal, a = x87_read(x, 0), b = other(x, f, &denormal);
	expr_id r = x87_fp(x, EXPR_FORDER, &spec, a, b);

	x87_raise(x, expr_fp_flags(p, r));
	if (denormal)
		x87_raise_if(x, expr_and(p, denormal, expr_not(p, x87_is_special(x, a))), FP_DENORMAL);
	return expr_ite(p, x87_stack_fault(x), x86_const(x->c, 4, FP_UNORDERED), expr_fp_value(p, r));
}

static expr_id is(struct x87 *x, expr_id relation, unsigned set)
{
	return expr_not(x->p, expr_is_zero(x->p, expr_and(x->p, relation, x86_const(x->c, 4, set))));
}

static void pop(struct x87 *x, const struct x86_form *f)
{
	if (f->param & (POPS | POPS_TWICE))
		x87_pop(x);
	if (f->param & POPS_TWICE)
		x87_pop(x);
}

/* Where an exception is not masked Intel's manual has codes and flags stay as they were (SDM vol. 2, FCOM, FCOMI),
 * AMD's does not say so, and its processors set them. */
static expr_id if_done(struct x87 *x, expr_id code)
{
	return expr_ite(x->p, x87_stopped(x), expr_undef(x->p, 1), code);
}

/* FCOM: C3, C2 and C0 as COMISD sets ZF, PF and CF. */
static void build_codes(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	expr_id relation = compare(&x, f);

	pop(&x, f);
	x87_set_codes(&x, if_done(&x, is(&x, relation, FP_EQUAL | FP_UNORDERED)),
		      if_done(&x, is(&x, relation, FP_UNORDERED)), x86_const(c, 1, 0),
		      if_done(&x, is(&x, relation, FP_LESS | FP_UNORDERED)));
	x87_commit(&x);
}

/* FCOMI. What becomes of OF, SF and AF, SDM vol. 2, FCOMI, and APM vol. 5, FCOMI, tell in different ways. */
static void build_flags(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	expr_id relation = compare(&x, f), c1 = x86_const(c, 1, 0);

	pop(&x, f);
	x86_set_flag(c, X86_zf, if_done(&x, is(&x, relation, FP_EQUAL | FP_UNORDERED)));
	x86_set_flag(c, X86_pf, if_done(&x, is(&x, relation, FP_UNORDERED)));
	x86_set_flag(c, X86_cf, if_done(&x, is(&x, relation, FP_LESS | FP_UNORDERED)));
	if (x86_by_amd(c, VENDOR_FCOMI_C1))
		c1 = expr_bit(c->pool, x.fsw, X87_C1);
	x87_set_codes(&x, EXPR_NONE, EXPR_NONE, c1, EXPR_NONE);
	x87_commit(&x);
}

/* The class of st(0), in C3, C2 and C0, and its sign in C1, of an empty register too (SDM vol. 2, FXAM). */
static void build_fxam(struct x86_ctx *c, const struct x86_form *f)
{
	enum { UNSUPPORTED = 0, A_NAN = 1, NORMAL = 4, INFINITE = 5, A_ZERO = 2, EMPTY = 3, DENORMAL = 6 };
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id a = x87_value(&x, 0), exponent = expr_extract(p, a, 64, 15), significand = expr_extract(p, a, 0, 64);
	expr_id largest = expr_eq(p, exponent, x86_const(c, 15, 0x7fff)), least = expr_is_zero(p, exponent);
	expr_id none = expr_is_zero(p, significand), integer = expr_msb(p, significand);
	expr_id infinite = expr_eq(p, significand, x86_const(c, 64, UINT64_C(1) << 63));
#define CLASS(which) x86_const(c, 3, which)
	expr_id small = expr_ite(p, none, CLASS(A_ZERO), CLASS(DENORMAL));
	expr_id large = expr_ite(p, infinite, CLASS(INFINITE), CLASS(A_NAN));
	expr_id class = expr_ite(p, largest, large, CLASS(NORMAL));

	(void)f;
	class = expr_ite(p, integer, class, CLASS(UNSUPPORTED));
	class = expr_ite(p, least, small, class);
	class = expr_ite(p, x87_is_empty(&x, 0), CLASS(EMPTY), class);
#undef CLASS
	x87_set_codes(&x, expr_bit(p, class, 1), expr_bit(p, class, 2), expr_bit(p, a, 79), expr_bit(p, class, 0));
	x87_commit(&x);
}

/* clang-format off */
static const struct x86_form x86_x87_compare[] = {
	/*  name       encoding     operands  builder, parameter */
	X87("fcom",     "D8 /2",     "Md",     build_codes, 0),
	X87("fcom",     "DC /2",     "Mq",     build_codes, 0),
	X87("fcom",     "D8 D0+i",   "STi",    build_codes, 0),
	X87("fcom",     "DC D0+i",   "STi",    build_codes, 0),
	X87("fcomp",    "D8 /3",     "Md",     build_codes, POPS),
	X87("fcomp",    "DC /3",     "Mq",     build_codes, POPS),
	X87("fcomp",    "D8 D8+i",   "STi",    build_codes, POPS),
	X87("fcomp",    "DC D8+i",   "STi",    build_codes, POPS),
	X87("fcomp",    "DE D0+i",   "STi",    build_codes, POPS),
	X87("fcompp",   "DE D9",     "",       build_codes, POPS_TWICE),
	X87("fucom",    "DD E0+i",   "STi",    build_codes, QUIET),
	X87("fucomp",   "DD E8+i",   "STi",    build_codes, QUIET | POPS),
	X87("fucompp",  "DA E9",     "",       build_codes, QUIET | POPS_TWICE),
	X87("ficom",    "DA /2",     "Md",     build_codes, 0),
	X87("ficom",    "DE /2",     "Mw",     build_codes, 0),
	X87("ficomp",   "DA /3",     "Md",     build_codes, POPS),
	X87("ficomp",   "DE /3",     "Mw",     build_codes, POPS),
	X87("ftst",     "D9 E4",     "",       build_codes, ZERO),
	X87("fxam",     "D9 E5",     "",       build_fxam, 0),

	ROW("fcomi",    "DB F0+i", "ST0 STi", X87, "UUWUWW-", 0, build_flags, 0),
	ROW("fcomip",   "DF F0+i", "ST0 STi", X87, "UUWUWW-", 0, build_flags, POPS),
	ROW("fucomi",   "DB E8+i", "ST0 STi", X87, "UUWUWW-", 0, build_flags, QUIET),
	ROW("fucomip",  "DF E8+i", "ST0 STi", X87, "UUWUWW-", 0, build_flags, QUIET | POPS),
};
/* clang-format on */

X86_TABLE(x86_x87_compare);
