/* Conditional comparison and the instructions of FEAT_FlagM and FEAT_FlagM2 (Arm ARM C6.2). */
#include "arch/aarch64/aarch64.h"

/* CCMP, param 1: subtracts, and CCMN: the flags of the comparison if the condition holds, else those given. */
static void build_compare_if(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id cond = a64_condition_holds(c, a64_field(c, 'c'));
	expr_id a = a64_read(c, 'n');
	expr_id b = a64_has(c, 'm') ? a64_read(c, 'm') : a64_const(c, c->width, a64_field(c, 'i'));
	expr_id carry = a64_const(c, 1, c->row->param);

	if (c->row->param)
		b = expr_not(p, b);
	a64_set_add_flags(c, a, b, carry, a64_add_with_carry(c, a, b, carry));
	for (unsigned i = 0; i < A64_NUM_FLAGS; i++) {
		expr_id given = a64_const(c, 1, a64_field(c, 'f') >> (3 - i) & 1);
		expr_id compared = transfer_get_reg(c->t, a64_flag_regs[i]);
		a64_set_flag(c, a64_flag_regs[i], expr_ite(p, cond, compared, given));
	}
}

/* SETF8, SETF16; param is the width. */
static void build_setf(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id value = a64_x(c, a64_field(c, 'n'), 32);
	expr_id sign = expr_bit(p, value, c->row->param - 1);

	a64_set_nz(c, expr_extract(p, value, 0, c->row->param));
	a64_set_flag(c, A64_vf, expr_xor(p, expr_bit(p, value, c->row->param), sign));
}

/* RMIF: the low bits of Xn, rotated, to the flags that the mask selects. */
static void build_rmif(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id rotated = a64_shift(c, a64_x(c, a64_field(c, 'n'), 64), 3, a64_field(c, 'i'));

	for (unsigned i = 0; i < A64_NUM_FLAGS; i++)
		if (a64_field(c, 'f') >> (3 - i) & 1)
			a64_set_flag(c, a64_flag_regs[i], expr_bit(p, rotated, 3 - i));
}

static void build_cfinv(struct a64_ctx *c)
{
	a64_set_flag(c, A64_cf, expr_not(c->pool, a64_flag(c, A64_cf)));
}

/* From Arm's encoding of a floating-point comparison to the other one. */
static void build_axflag(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id z = a64_flag(c, A64_zf), carry = a64_flag(c, A64_cf), v = a64_flag(c, A64_vf);

	a64_set_flag(c, A64_zf, expr_or(p, z, v));
	a64_set_flag(c, A64_cf, expr_and(p, carry, expr_not(p, v)));
	a64_set_flag(c, A64_vf, a64_const(c, 1, 0));
}

static void build_xaflag(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id z = a64_flag(c, A64_zf), carry = a64_flag(c, A64_cf);

	a64_set_flag(c, A64_nf, expr_and(p, expr_not(p, carry), expr_not(p, z)));
	a64_set_flag(c, A64_zf, expr_and(p, z, carry));
	a64_set_flag(c, A64_cf, expr_or(p, carry, z));
	a64_set_flag(c, A64_vf, expr_and(p, expr_not(p, carry), z));
}

/* clang-format off */
static const struct a64_row a64_flagops[] = {
	/* encoding                                      build             param nzcv    name */
	{"s 0 1 11010010 mmmmm cccc 00 nnnnn 0 ffff",    build_compare_if, 0,    "WWWW", "ccmn reg"},
	{"s 1 1 11010010 mmmmm cccc 00 nnnnn 0 ffff",    build_compare_if, 1,    "WWWW", "ccmp reg"},
	{"s 0 1 11010010 iiiii cccc 10 nnnnn 0 ffff",    build_compare_if, 0,    "WWWW", "ccmn imm"},
	{"s 1 1 11010010 iiiii cccc 10 nnnnn 0 ffff",    build_compare_if, 1,    "WWWW", "ccmp imm"},
	{"1 0 1 11010000 iiiiii 00001 nnnnn 0 ffff",     build_rmif,       0,    "CCCC", "rmif"},
	{"0 0 1 11010000 000000 0 0010 nnnnn 0 1101",    build_setf,       8,    "WW-W", "setf8"},
	{"0 0 1 11010000 000000 1 0010 nnnnn 0 1101",    build_setf,       16,   "WW-W", "setf16"},
	{"1101010100 0 00 000 0100 ???? 000 11111",      build_cfinv,      0,    "--M-", "cfinv"},
	{"1101010100 0 00 000 0100 ???? 001 11111",      build_xaflag,     0,    "WMMW", "xaflag"},
	{"1101010100 0 00 000 0100 ???? 010 11111",      build_axflag,     0,    "0MMM", "axflag"},
};
/* clang-format on */

A64_TABLE(a64_flagops);
