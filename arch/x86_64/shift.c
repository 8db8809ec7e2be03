/*
 * Shifts and rotates.
 *
 * The count is taken modulo 32 (64 for 64-bit operands). A count of 0 changes no flag; OF is defined for a count of 1
 * alone, AF never; CF is undefined where everything was shifted out of an 8- or 16-bit operand, but by AMD's manual
 * (SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). A 32-bit register is zero-extended even by a count of 0.
 */
#include "arch/x86_64/x86_64.h"

/* The operand that holds the count, masked; 8 bits. */
static expr_id masked_count(struct x86_ctx *c, unsigned i)
{
	uint64_t mask = c->op[0].width == 64 ? 63 : 31;

	c->op[i].width = 8;
	return expr_and(c->pool, x86_read(c, i), x86_const(c, 8, mask));
}

static expr_id is_nonzero(struct x86_ctx *c, expr_id count)
{
	return expr_ne(c->pool, count, x86_const(c, 8, 0));
}

/* OF: unchanged by a count of 0, `value` for 1, else undefined. */
static void set_shift_of(struct x86_ctx *c, expr_id count, expr_id value)
{
	struct expr_pool *p = c->pool;
	expr_id one = expr_eq(p, count, x86_const(c, 8, 1));

	x86_set_flag_if(c, is_nonzero(c, count), X86_of, expr_ite(p, one, value, expr_undef(p, 1)));
}

/* SF, ZF, PF of the result and an undefined AF, unless the count is 0. */
static void set_shift_szap(struct x86_ctx *c, expr_id count, expr_id result)
{
	expr_id nonzero = is_nonzero(c, count);

	x86_set_flag_if(c, nonzero, X86_sf, expr_msb(c->pool, result));
	x86_set_flag_if(c, nonzero, X86_zf, expr_is_zero(c->pool, result));
	x86_set_flag_if(c, nonzero, X86_pf, x86_parity(c, result));
	x86_set_flag_if(c, nonzero, X86_af, expr_undef(c->pool, 1));
}

/* CF, undefined for counts of `limit` or more. */
static void set_shift_cf(struct x86_ctx *c, expr_id count, unsigned limit, expr_id value)
{
	struct expr_pool *p = c->pool;
	uint64_t largest = c->op[0].width == 64 ? 63 : 31;

	if (limit <= largest)
		value = expr_ite(p, expr_ult(p, count, x86_const(c, 8, limit)), value, expr_undef(p, 1));
	x86_set_flag_if(c, is_nonzero(c, count), X86_cf, value);
}

/* ... of SHL and SHR: a count of the width or more. */
static void set_shifted_cf(struct x86_ctx *c, expr_id count, expr_id out)
{
	bool wide = c->op[0].width >= 32;

	set_shift_cf(c, count, !wide && x86_by_amd(c, VENDOR_SHIFT_CF) ? UINT16_MAX : c->op[0].width, out);
}

/* The last bit that leaves a at the top; 0 for counts above the width. */
static expr_id last_out_left(struct x86_ctx *c, expr_id a, expr_id count)
{
	struct expr_pool *p = c->pool;

	return expr_msb(p, expr_shl(p, expr_zext(p, a, expr_width(p, a) + 1), count));
}

/* The last bit that leaves a at the bottom, `shift` being the operator. */
static expr_id last_out_right(struct x86_ctx *c, enum expr_op shift, expr_id a, expr_id count)
{
	struct expr_pool *p = c->pool;
	expr_id room = expr_concat(p, a, x86_const(c, 1, 0));

	return expr_bit(p, expr_binary(p, shift, room, count), 0);
}

static void build_shl(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id a = x86_read(c, 0), count = masked_count(c, 1);
	expr_id result = expr_shl(p, a, count), out = last_out_left(c, a, count);

	(void)f;
	set_shift_szap(c, count, result);
	set_shifted_cf(c, count, out);
	set_shift_of(c, count, expr_xor(p, expr_msb(p, result), out));
	x86_write(c, 0, result);
}

static void build_shr(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id a = x86_read(c, 0), count = masked_count(c, 1);
	expr_id result = expr_lshr(p, a, count);

	(void)f;
	set_shift_szap(c, count, result);
	set_shifted_cf(c, count, last_out_right(c, EXPR_LSHR, a, count));
	set_shift_of(c, count, expr_msb(p, a));
	x86_write(c, 0, result);
}

/* CF is defined for every count: beyond the width, the sign leaves. */
static void build_sar(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id a = x86_read(c, 0), count = masked_count(c, 1);
	expr_id result = expr_ashr(c->pool, a, count);

	(void)f;
	set_shift_szap(c, count, result);
	set_shift_cf(c, count, UINT16_MAX, last_out_right(c, EXPR_ASHR, a, count));
	set_shift_of(c, count, x86_const(c, 1, 0));
	x86_write(c, 0, result);
}

static void build_rol(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id count = masked_count(c, 1);
	expr_id result = expr_rol(p, x86_read(c, 0), count);
	expr_id carry = expr_bit(p, result, 0);

	(void)f;
	x86_set_flag_if(c, is_nonzero(c, count), X86_cf, carry);
	set_shift_of(c, count, expr_xor(p, expr_msb(p, result), carry));
	x86_write(c, 0, result);
}

/* OF of a rotation to the right by 1: the two top bits of the result differ. */
static expr_id top_bits_differ(struct x86_ctx *c, expr_id result)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, result);

	return width < 2 ? EXPR_NONE : expr_xor(p, expr_msb(p, result), expr_bit(p, result, width - 2));
}

static void build_ror(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id count = masked_count(c, 1);
	expr_id result = expr_ror(p, x86_read(c, 0), count);

	(void)f;
	x86_set_flag_if(c, is_nonzero(c, count), X86_cf, expr_msb(p, result));
	set_shift_of(c, count, top_bits_differ(c, result));
	x86_write(c, 0, result);
}

/* RCL and RCR rotate CF and the operand as one value of width + 1 bits, hence by the count modulo width + 1. */
static void build_rotate_carry(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	expr_id count = masked_count(c, 1);
	expr_id rotated = expr_binary(p, f->param, expr_concat(p, x86_flag(c, X86_cf), x86_read(c, 0)), count);
	expr_id result = expr_extract(p, rotated, 0, width), carry = expr_msb(p, rotated);
	expr_id overflow = f->param == EXPR_ROL ? expr_xor(p, expr_msb(p, result), carry) : top_bits_differ(c, result);

	x86_set_flag(c, X86_cf, carry);
	set_shift_of(c, count, overflow);
	x86_write(c, 0, result);
}

/* Flags and result of SHLD and SHRD; all is undefined where a 16-bit operand is shifted by more than 16. */
static void finish_double_shift(struct x86_ctx *c, expr_id count, expr_id result, expr_id out)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;

	if (width == 16) {
		expr_id defined = expr_ule(p, count, x86_const(c, 8, 16));
		result = expr_ite(p, defined, result, expr_undef(p, 16));
	}
	set_shift_szap(c, count, result);
	set_shift_cf(c, count, width + 1, out);
	set_shift_of(c, count, expr_xor(p, expr_msb(p, x86_read(c, 0)), expr_msb(p, result)));
	x86_write(c, 0, result);
}

static void build_shld(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	expr_id a = x86_read(c, 0), count = masked_count(c, 2);
	expr_id shifted = expr_shl(p, expr_concat(p, a, x86_read(c, 1)), count);

	(void)f;
	finish_double_shift(c, count, expr_extract(p, shifted, width, width), last_out_left(c, a, count));
}

static void build_shrd(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id a = x86_read(c, 0), count = masked_count(c, 2);
	expr_id shifted = expr_lshr(p, expr_concat(p, x86_read(c, 1), a), count);

	(void)f;
	finish_double_shift(c, count, expr_extract(p, shifted, 0, c->op[0].width),
			    last_out_right(c, EXPR_LSHR, a, count));
}

/* RORX, SARX, SHLX, SHRX: no flags, the count modulo the width; param is the operator. */
static void build_shift_x(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned width = c->op[0].width;

	c->op[2].width = (uint16_t)width;
	expr_id count = expr_and(c->pool, x86_read(c, 2), x86_const(c, width, width - 1));
	x86_write(c, 0, expr_binary(c->pool, f->param, x86_read(c, 1), count));
}

/* clang-format off */
#define SHIFT(name, digit, build, param, flags) \
	ROW(name, "C0 " digit, "Eb Ib", BASE, flags, 0, build, param), \
	ROW(name, "C1 " digit, "Ev Ib", BASE, flags, 0, build, param), \
	ROW(name, "D0 " digit, "Eb 1",  BASE, flags, 0, build, param), \
	ROW(name, "D1 " digit, "Ev 1",  BASE, flags, 0, build, param), \
	ROW(name, "D2 " digit, "Eb CL", BASE, flags, 0, build, param), \
	ROW(name, "D3 " digit, "Ev CL", BASE, flags, 0, build, param)

static const struct x86_form x86_shift[] = {
	/*    name   digit build               param      oszapcd */
	SHIFT("rol", "/0", build_rol,          0,        "C----C-"),
	SHIFT("ror", "/1", build_ror,          0,        "C----C-"),
	SHIFT("rcl", "/2", build_rotate_carry, EXPR_ROL, "C----M-"),
	SHIFT("rcr", "/3", build_rotate_carry, EXPR_ROR, "C----M-"),
	SHIFT("shl", "/4", build_shl,          0,        "CCCCCC-"),
	SHIFT("shr", "/5", build_shr,          0,        "CCCCCC-"),
	SHIFT("sal", "/6", build_shl,          0,        "CCCCCC-"),
	SHIFT("sar", "/7", build_sar,          0,        "CCCCCC-"),
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("shld", "0F A4 /r",             "Ev Gv Ib", BASE, "CCCCCC-", 0, build_shld,    0),
	ROW("shld", "0F A5 /r",             "Ev Gv CL", BASE, "CCCCCC-", 0, build_shld,    0),
	ROW("shrd", "0F AC /r",             "Ev Gv Ib", BASE, "CCCCCC-", 0, build_shrd,    0),
	ROW("shrd", "0F AD /r",             "Ev Gv CL", BASE, "CCCCCC-", 0, build_shrd,    0),
	ROW("rorx", "VEX.LZ.F2.0F3A F0 /r", "Gy Ey Ib", BMI2, "-------", 0, build_shift_x, EXPR_ROR),
	ROW("sarx", "VEX.LZ.F3.0F38 F7 /r", "Gy Ey By", BMI2, "-------", 0, build_shift_x, EXPR_ASHR),
	ROW("shlx", "VEX.LZ.66.0F38 F7 /r", "Gy Ey By", BMI2, "-------", 0, build_shift_x, EXPR_SHL),
	ROW("shrx", "VEX.LZ.F2.0F38 F7 /r", "Gy Ey By", BMI2, "-------", 0, build_shift_x, EXPR_LSHR),
};
/* clang-format on */

X86_TABLE(x86_shift);
