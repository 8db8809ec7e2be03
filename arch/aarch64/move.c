/* Wide immediates, addresses of the program, and selection by a condition. */
#include "arch/aarch64/aarch64.h"

enum wide { WIDE_ZERO, WIDE_NOT, WIDE_KEEP };

/* MOVZ, MOVN, MOVK */
static void build_wide(struct a64_ctx *c)
{
	unsigned low = a64_field(c, 'h') * 16;
	uint64_t value = (uint64_t)a64_field(c, 'i') << low;

	if (low >= c->width) {
		a64_undefined(c);
		return;
	}
	if (c->row->param == WIDE_KEEP) {
		expr_id kept = expr_and(c->pool, a64_read(c, 'd'), a64_const(c, c->width, ~(UINT64_C(0xffff) << low)));
		a64_write(c, 'd', expr_or(c->pool, kept, a64_const(c, c->width, value)));
	} else {
		a64_write(c, 'd', a64_const(c, c->width, c->row->param == WIDE_NOT ? ~value : value));
	}
}

/* ADR; ADRP, param 12: of pages. The immediate's two low bits stand apart. */
static void build_adr(struct a64_ctx *c)
{
	unsigned scale = c->row->param;
	uint64_t offset = (uint64_t)a64_signed_field(c, 'i') << 2 | a64_field(c, 'l');

	a64_write(c, 'd', a64_const(c, 64, (c->pc >> scale << scale) + (offset << scale)));
}

enum select { SELECT_PLAIN, SELECT_INCREMENT, SELECT_INVERT, SELECT_NEGATE };

/* CSEL, CSINC, CSINV, CSNEG */
static void build_select(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id otherwise = a64_read(c, 'm');

	switch (c->row->param) {
	case SELECT_INCREMENT: otherwise = expr_add(p, otherwise, a64_const(c, c->width, 1)); break;
	case SELECT_INVERT: otherwise = expr_not(p, otherwise); break;
	case SELECT_NEGATE: otherwise = expr_neg(p, otherwise); break;
	default: break;
	}
	a64_write(c, 'd', expr_ite(p, a64_condition_holds(c, a64_field(c, 'c')), a64_read(c, 'n'), otherwise));
}

/* clang-format off */
static const struct a64_row a64_move[] = {
	/* encoding                                build         param             nzcv    name */
	{"s 00 100101 hh iiiiiiiiiiiiiiii ddddd",  build_wide,   WIDE_NOT,         "----", "movn"},
	{"s 10 100101 hh iiiiiiiiiiiiiiii ddddd",  build_wide,   WIDE_ZERO,        "----", "movz"},
	{"s 11 100101 hh iiiiiiiiiiiiiiii ddddd",  build_wide,   WIDE_KEEP,        "----", "movk"},
	{"0 ll 10000 iiiiiiiiiiiiiiiiiii ddddd",   build_adr,    0,                "----", "adr"},
	{"1 ll 10000 iiiiiiiiiiiiiiiiiii ddddd",   build_adr,    12,               "----", "adrp"},
	{"s 00 11010100 mmmmm cccc 00 nnnnn ddddd", build_select, SELECT_PLAIN,     "----", "csel"},
	{"s 00 11010100 mmmmm cccc 01 nnnnn ddddd", build_select, SELECT_INCREMENT, "----", "csinc"},
	{"s 10 11010100 mmmmm cccc 00 nnnnn ddddd", build_select, SELECT_INVERT,    "----", "csinv"},
	{"s 10 11010100 mmmmm cccc 01 nnnnn ddddd", build_select, SELECT_NEGATE,    "----", "csneg"},
};
/* clang-format on */

A64_TABLE(a64_move);
