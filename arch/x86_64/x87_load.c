/* x87 data transfer: loads, stores, constants, exchanges, conditional moves (SDM vol. 1, 8.3.3 and 8.3.4). */
#include "arch/x86_64/x87.h"

/* ---- Loads ---- */

/* FLD: numbers of 80 bits are loaded as they are, whatever they are. */
static void build_fld(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	unsigned len = x87_memory_len(c);

	(void)f;
	x.loads = true;
	if (!c->raw.is_mem)
		x87_push(&x, x87_read(&x, x87_i(c)));
	else if (len == 10)
		x87_push(&x, x87_load(&x));
	else
		x87_push(&x, x87_load_number(&x));
	x87_commit(&x);
}

static void build_fild(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);

	(void)f;
	x87_push(&x, x87_load_integer(&x));
	x87_commit(&x);
}

/*
 * The number is the sum of the first 18 digits, the sign is that of the last byte. Digits above 9 make the result
 * undefined (SDM vol. 2, FBLD).
 */
static void build_fbld(struct x86_ctx *c, const struct x86_form *f)
{
	enum { DIGITS = 18, SIGN = 79 };
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id packed = x87_load(&x), sum = x86_const(c, 64, 0), bad = x86_const(c, 1, 0);

	(void)f;
	for (unsigned i = DIGITS; i-- > 0;) {
		expr_id digit = expr_extract(p, packed, 4 * i, 4);
		bad = expr_or(p, bad, expr_ult(p, x86_const(c, 4, 9), digit));
		sum = expr_add(p, expr_mul(p, sum, x86_const(c, 64, 10)), expr_zext(p, digit, 64));
	}
	expr_id number = x87_from_integer(&x, sum);
	number = expr_concat(p, expr_bit(p, packed, SIGN), expr_extract(p, number, 0, SIGN));
	x87_push(&x, expr_ite(p, bad, expr_undef(p, 80), number));
	x87_commit(&x);
}

/*
 * Constants: kept with more bits than a number has, and rounded as the control word tells, but not by its precision
 * (SDM vol. 2, FLD1). By rounding: to nearest, down, up, towards zero.
 */
struct constant {
	uint16_t exponent;
	uint64_t significand[4];
};

#define ROUNDED(exponent, low, n) \
	{ \
		exponent, \
		{ \
			(low) + (n), low, (low) + 1, low \
		} \
	}
#define EXACTLY(exponent, value) \
	{ \
		exponent, \
		{ \
			value, value, value, value \
		} \
	}

/* D9 E8 - D9 EE */
static const struct constant constants[7] = {
	EXACTLY(0x3fff, 0x8000000000000000),    /* 1 */
	ROUNDED(0x4000, 0xd49a784bcd1b8afe, 0), /* log2(10) */
	ROUNDED(0x3fff, 0xb8aa3b295c17f0bb, 1), /* log2(e) */
	ROUNDED(0x4000, 0xc90fdaa22168c234, 1), /* pi */
	ROUNDED(0x3ffd, 0x9a209a84fbcff798, 1), /* log10(2) */
	ROUNDED(0x3ffe, 0xb17217f7d1cf79ab, 1), /* ln(2) */
	EXACTLY(0, 0),
};

static void build_constant(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	const struct constant *k = &constants[c->raw.modrm & 7];
	expr_id rounding = expr_extract(p, x.fcw, X87_RC, 2), value = x87_number(&x, k->exponent, k->significand[0]);

	(void)f;
	for (unsigned i = 1; i < 4; i++)
		value = expr_ite(p, expr_eq(p, rounding, x86_const(c, 2, i)),
				 x87_number(&x, k->exponent, k->significand[i]), value);
	x87_push(&x, value);
	x87_commit(&x);
}

/* ---- Stores ---- */

enum { POPS = 1, TRUNCATES = 2 };

/* C1 tells of the rounding of a result that is inexact; of what it is else, neither SDM vol. 2, FST and FIST, nor APM
 * vol. 5 says anything. */
static void open_c1(struct x87 *x)
{
	struct expr_pool *p = x->p;
	expr_id flags = x->flags ? x->flags : x86_const(x->c, FP_NUM_FLAGS, 0);
	expr_id up = expr_ite(p, expr_bit(p, flags, FP_INEXACT), expr_bit(p, flags, FP_ROUNDED_UP), expr_undef(p, 1));

	/* Where nothing is stored it is not rounded. */
	up = x->stores ? expr_ite(p, x87_stopped(x), expr_undef(p, 1), up) : up;
	x87_set_codes(x, EXPR_NONE, EXPR_NONE, up, EXPR_NONE);
}

static void finish_store(struct x87 *x, const struct x86_form *f)
{
	open_c1(x);
	if (f->param & POPS)
		x87_pop(x);
	x87_commit(x);
}

/*
 * D9 D8+i, which no manual lists: it pops, and there is no stack fault. What becomes of st(i) is open: AMD's processors
 * leave it alone.
 */
static void build_fstpnce(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	unsigned i = x87_i(c);

	x.st[i] = expr_undef(c->pool, 80);
	x.tag[i] = expr_undef(c->pool, 2);
	finish_store(&x, f);
}

/* The value of st(0) in the format of the memory operand, and the indefinite. Storing a denormal number is none of a
 * denormal operand (SDM vol. 2, FST, "Floating-Point Exceptions"). */
static void store_number(struct x87 *x)
{
	struct expr_pool *p = x->p;
	expr_id value = x87_read(x, 0), other = x87_indefinite(x);

	if (x87_memory_len(x->c) < 10) {
		enum fp_format to = x87_memory_len(x->c) == 4 ? FP_F32 : FP_F64;
		const struct fp_spec spec = {.format = (uint8_t)to, .from = FP_F80, .rules = FP_X87};
		expr_id r = x87_fp(x, EXPR_FCVT, &spec, value, EXPR_NONE);
		value = expr_fp_value(p, r);
		x87_raise(x,
			  expr_and(p, expr_fp_flags(p, r), x86_const(x->c, FP_NUM_FLAGS, 0xff & ~(1u << FP_DENORMAL))));
		other = x86_const(x->c, fp_width(to), to == FP_F32 ? 0xffc00000 : 0xfff8000000000000);
	}
	x87_store(x, value, other);
}

static void build_fst(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);

	if (c->raw.is_mem)
		store_number(&x);
	else
		x87_write(&x, x87_i(c), x87_read(&x, 0));
	finish_store(&x, f);
}

/* st(0) as an integer; what does not fit is invalid and the most negative one. */
static expr_id to_integer(struct x87 *x, unsigned width, bool truncate)
{
	const struct fp_spec spec = {.format = FP_F80,
				     .rules = FP_X87,
				     .rounding = truncate ? FP_STATIC + FP_TO_ZERO : 0,
				     .is_signed = true,
				     .integer = (uint8_t)width};
	expr_id r = x87_fp(x, EXPR_FTOI, &spec, x87_read(x, 0), EXPR_NONE);

	x87_raise(x, expr_fp_flags(x->p, r));
	return expr_fp_value(x->p, r);
}

static void build_fist(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	unsigned width = 8 * x87_memory_len(c);
	expr_id value = to_integer(&x, width, f->param & TRUNCATES);

	x87_store(&x, value, x86_const(c, width, UINT64_C(1) << (width - 1)));
	finish_store(&x, f);
}

/* The digits of a number below 10^18, the lowest ones first. */
static expr_id decimal(struct x86_ctx *c, expr_id number)
{
	struct expr_pool *p = c->pool;
	expr_id ten = x86_const(c, 64, 10), all = EXPR_NONE;

	for (unsigned i = 0; i < 18; i++) {
		expr_id digit = expr_extract(p, expr_binary(p, EXPR_UREM, number, ten), 0, 4);
		all = i ? expr_concat(p, digit, all) : digit;
		number = expr_binary(p, EXPR_UDIV, number, ten);
	}
	return all;
}

/* More than 18 digits are invalid, and the packed BCD indefinite; a zero keeps its sign (SDM vol. 2, FBSTP). */
static void build_fbstp(struct x86_ctx *c, const struct x86_form *f)
{
	const uint64_t limit = UINT64_C(1000000000000000000), indefinite[2] = {0xc000000000000000, 0xffff};
	struct x87 x = x87_begin(c);
	struct expr_pool *p = c->pool;
	expr_id value = to_integer(&x, 64, false), other = expr_const_wide(p, 80, indefinite);
	expr_id magnitude = expr_ite(p, expr_msb(p, value), expr_neg(p, value), value);
	expr_id large = expr_ule(p, x86_const(c, 64, limit), magnitude);
	expr_id sign = expr_concat(p, expr_bit(p, x87_value(&x, 0), 79), x86_const(c, 7, 0));

	x.flags = expr_ite(p, large, x86_const(c, FP_NUM_FLAGS, 1 << FP_INVALID), x.flags);
	x87_store(&x, expr_ite(p, large, other, expr_concat(p, sign, decimal(c, magnitude))), other);
	finish_store(&x, f);
}

/* ---- Between registers ---- */

/* An empty register counts as the indefinite (SDM vol. 2, FXCH). */
static void build_fxch(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	unsigned i = x87_i(c);
	expr_id a = x87_read(&x, 0), b = x87_read(&x, i), indefinite = x87_indefinite(&x);

	(void)f;
	x87_put(&x, 0, expr_ite(x.p, x87_is_empty(&x, i), indefinite, b));
	x87_put(&x, i, expr_ite(x.p, x87_is_empty(&x, 0), indefinite, a));
	x87_commit(&x);
}

static void build_fcmov(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);
	expr_id a = x87_read(&x, 0), b = x87_read(&x, x87_i(c));

	x87_write(&x, 0, expr_ite(x.p, x86_condition(c, f->param), b, a));
	x87_set_codes(&x, EXPR_NONE, EXPR_NONE, expr_undef(x.p, 1), EXPR_NONE);
	x87_commit(&x);
}

/* clang-format off */
static const struct x86_form x86_x87_load[] = {
	/*  name       encoding     operands  builder, parameter */
	X87("fld",      "D9 /0",     "Md",     build_fld, 0),
	X87("fld",      "DD /0",     "Mq",     build_fld, 0),
	X87("fld",      "DB /5",     "M10",    build_fld, 0),
	X87("fld",      "D9 C0+i",   "STi",    build_fld, 0),
	X87("fild",     "DF /0",     "Mw",     build_fild, 0),
	X87("fild",     "DB /0",     "Md",     build_fild, 0),
	X87("fild",     "DF /5",     "Mq",     build_fild, 0),
	X87("fbld",     "DF /4",     "M10",    build_fbld, 0),
	X87("fld1",     "D9 E8",     "",       build_constant, 0),
	X87("fldl2t",   "D9 E9",     "",       build_constant, 0),
	X87("fldl2e",   "D9 EA",     "",       build_constant, 0),
	X87("fldpi",    "D9 EB",     "",       build_constant, 0),
	X87("fldlg2",   "D9 EC",     "",       build_constant, 0),
	X87("fldln2",   "D9 ED",     "",       build_constant, 0),
	X87("fldz",     "D9 EE",     "",       build_constant, 0),

	X87("fst",      "D9 /2",     "Md",     build_fst, 0),
	X87("fst",      "DD /2",     "Mq",     build_fst, 0),
	X87("fst",      "DD D0+i",   "STi",    build_fst, 0),
	X87("fstp",     "D9 /3",     "Md",     build_fst, POPS),
	X87("fstp",     "DD /3",     "Mq",     build_fst, POPS),
	X87("fstp",     "DB /7",     "M10",    build_fst, POPS),
	X87("fstp",     "DD D8+i",   "STi",    build_fst, POPS),
	X87("fstp",     "DF D0+i",   "STi",    build_fst, POPS),
	X87("fstp",     "DF D8+i",   "STi",    build_fst, POPS),
	X87("fstpnce",  "D9 D8+i",   "STi",    build_fstpnce, POPS),
	X87("fist",     "DF /2",     "Mw",     build_fist, 0),
	X87("fist",     "DB /2",     "Md",     build_fist, 0),
	X87("fistp",    "DF /3",     "Mw",     build_fist, POPS),
	X87("fistp",    "DB /3",     "Md",     build_fist, POPS),
	X87("fistp",    "DF /7",     "Mq",     build_fist, POPS),
	X87("fisttp",   "DF /1",     "Mw",     build_fist, POPS | TRUNCATES),
	X87("fisttp",   "DB /1",     "Md",     build_fist, POPS | TRUNCATES),
	X87("fisttp",   "DD /1",     "Mq",     build_fist, POPS | TRUNCATES),
	X87("fbstp",    "DF /6",     "M10",    build_fbstp, POPS),

	X87("fxch",     "D9 C8+i",   "STi",    build_fxch, 0),
	X87("fxch",     "DD C8+i",   "STi",    build_fxch, 0),
	X87("fxch",     "DF C8+i",   "STi",    build_fxch, 0),

	/*                                                      oszapcd               condition */
	ROW("fcmovb",   "DA C0+i", "ST0 STi", X87, "-----R-", 0, build_fcmov, 2),
	ROW("fcmove",   "DA C8+i", "ST0 STi", X87, "--R----", 0, build_fcmov, 4),
	ROW("fcmovbe",  "DA D0+i", "ST0 STi", X87, "--R--R-", 0, build_fcmov, 6),
	ROW("fcmovu",   "DA D8+i", "ST0 STi", X87, "----R--", 0, build_fcmov, 10),
	ROW("fcmovnb",  "DB C0+i", "ST0 STi", X87, "-----R-", 0, build_fcmov, 3),
	ROW("fcmovne",  "DB C8+i", "ST0 STi", X87, "--R----", 0, build_fcmov, 5),
	ROW("fcmovnbe", "DB D0+i", "ST0 STi", X87, "--R--R-", 0, build_fcmov, 7),
	ROW("fcmovnu",  "DB D8+i", "ST0 STi", X87, "----R--", 0, build_fcmov, 11),
};
/* clang-format on */

X86_TABLE(x86_x87_load);
