/* Addition, subtraction and logic: with an immediate, a shifted, an extended register, and with carry. */
#include "arch/aarch64/aarch64.h"

/* What a row of these families computes (param). */
enum {
	ALU_AND,
	ALU_ORR,
	ALU_EOR,
	ALU_ADD,
	ALU_SUB,
	ALU_WHAT = 7,
	ALU_SET = 8,     /* sets the flags */
	ALU_INVERT = 16, /* the second operand is inverted */
};

static expr_id logic(struct a64_ctx *c, expr_id a, expr_id b)
{
	switch (c->row->param & ALU_WHAT) {
	case ALU_AND: return expr_and(c->pool, a, b);
	case ALU_ORR: return expr_or(c->pool, a, b);
	default: return expr_xor(c->pool, a, b);
	}
}

static void set_logic_flags(struct a64_ctx *c, expr_id result)
{
	if (c->row->param & ALU_SET)
		a64_set_nz(c, result);
}

/* a + b + carry, or for subtractions a + ~b + carry. */
static expr_id add(struct a64_ctx *c, expr_id a, expr_id b, expr_id carry)
{
	struct expr_pool *p = c->pool;
	bool subtract = (c->row->param & ALU_WHAT) == ALU_SUB;
	expr_id second = subtract ? expr_not(p, b) : b;
	uint64_t in;
	expr_id result = subtract && expr_is_const(p, carry, &in) ? expr_sub(p, a, b)
								  : a64_add_with_carry(c, a, second, carry);

	if (c->row->param & ALU_SET)
		a64_set_add_flags(c, a, second, carry, result);
	return result;
}

/* The carry in of an addition or subtraction without carry. */
static expr_id no_carry(struct a64_ctx *c)
{
	return a64_const(c, 1, (c->row->param & ALU_WHAT) == ALU_SUB);
}

/* The forms that set flags write XZR where the others write SP. */
static void write_sum(struct a64_ctx *c, expr_id result)
{
	if (c->row->param & ALU_SET)
		a64_write(c, 'd', result);
	else
		a64_set_xsp(c, a64_field(c, 'd'), result);
}

static void build_add_immediate(struct a64_ctx *c)
{
	expr_id a = a64_xsp(c, a64_field(c, 'n'), c->width);
	expr_id b = a64_const(c, c->width, (uint64_t)a64_field(c, 'i') << (a64_field(c, 'h') ? 12 : 0));

	write_sum(c, add(c, a, b, no_carry(c)));
}

static void build_logic_immediate(struct a64_ctx *c)
{
	uint64_t wmask, tmask;

	if ((c->width == 32 && a64_field(c, 'N')) ||
	    !a64_decode_bit_masks(a64_field(c, 'N'), a64_field(c, 'e'), a64_field(c, 'r'), true, &wmask, &tmask)) {
		a64_undefined(c);
		return;
	}
	expr_id result = logic(c, a64_read(c, 'n'), a64_const(c, c->width, wmask));

	set_logic_flags(c, result);
	write_sum(c, result);
}

/* Rm shifted; shifts by the width or more are reserved. */
static bool shifted(struct a64_ctx *c, expr_id *ret)
{
	unsigned amount = a64_field(c, 'i');

	if (amount >= c->width) {
		a64_undefined(c);
		return false;
	}
	*ret = a64_shift(c, a64_read(c, 'm'), a64_field(c, 'h'), amount);
	return true;
}

static void build_add_shifted(struct a64_ctx *c)
{
	expr_id b;

	if (a64_field(c, 'h') == 3)
		a64_undefined(c);
	else if (shifted(c, &b))
		a64_write(c, 'd', add(c, a64_read(c, 'n'), b, no_carry(c)));
}

static void build_logic_shifted(struct a64_ctx *c)
{
	expr_id b;

	if (!shifted(c, &b))
		return;
	if (c->row->param & ALU_INVERT)
		b = expr_not(c->pool, b);
	expr_id result = logic(c, a64_read(c, 'n'), b);
	set_logic_flags(c, result);
	a64_write(c, 'd', result);
}

static void build_add_extended(struct a64_ctx *c)
{
	unsigned shift = a64_field(c, 'i');

	if (shift > 4) {
		a64_undefined(c);
		return;
	}
	expr_id a = a64_xsp(c, a64_field(c, 'n'), c->width);
	expr_id b = a64_extend_reg(c, a64_field(c, 'm'), a64_field(c, 'o'), shift, c->width);
	write_sum(c, add(c, a, b, no_carry(c)));
}

static void build_add_carry(struct a64_ctx *c)
{
	a64_write(c, 'd', add(c, a64_read(c, 'n'), a64_read(c, 'm'), a64_flag(c, A64_cf)));
}

/* clang-format off */
static const struct a64_row a64_alu[] = {
	/* encoding                                      build                  param                           nzcv    name */
	{"s 0 0 100010 h iiiiiiiiiiii nnnnn ddddd",      build_add_immediate,   ALU_ADD,                        "----", "add imm"},
	{"s 0 1 100010 h iiiiiiiiiiii nnnnn ddddd",      build_add_immediate,   ALU_ADD | ALU_SET,              "WWWW", "adds imm"},
	{"s 1 0 100010 h iiiiiiiiiiii nnnnn ddddd",      build_add_immediate,   ALU_SUB,                        "----", "sub imm"},
	{"s 1 1 100010 h iiiiiiiiiiii nnnnn ddddd",      build_add_immediate,   ALU_SUB | ALU_SET,              "WWWW", "subs imm"},
	{"s 00 100100 N rrrrrr eeeeee nnnnn ddddd",      build_logic_immediate, ALU_AND,                        "----", "and imm"},
	{"s 01 100100 N rrrrrr eeeeee nnnnn ddddd",      build_logic_immediate, ALU_ORR,                        "----", "orr imm"},
	{"s 10 100100 N rrrrrr eeeeee nnnnn ddddd",      build_logic_immediate, ALU_EOR,                        "----", "eor imm"},
	{"s 11 100100 N rrrrrr eeeeee nnnnn ddddd",      build_logic_immediate, ALU_AND | ALU_SET,              "WW00", "ands imm"},

	{"s 00 01010 hh 0 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_AND,                        "----", "and shifted"},
	{"s 00 01010 hh 1 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_AND | ALU_INVERT,           "----", "bic shifted"},
	{"s 01 01010 hh 0 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_ORR,                        "----", "orr shifted"},
	{"s 01 01010 hh 1 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_ORR | ALU_INVERT,           "----", "orn shifted"},
	{"s 10 01010 hh 0 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_EOR,                        "----", "eor shifted"},
	{"s 10 01010 hh 1 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_EOR | ALU_INVERT,           "----", "eon shifted"},
	{"s 11 01010 hh 0 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_AND | ALU_SET,              "WW00", "ands shifted"},
	{"s 11 01010 hh 1 mmmmm iiiiii nnnnn ddddd",     build_logic_shifted,   ALU_AND | ALU_SET | ALU_INVERT, "WW00", "bics shifted"},

	{"s 0 0 01011 hh 0 mmmmm iiiiii nnnnn ddddd",    build_add_shifted,     ALU_ADD,                        "----", "add shifted"},
	{"s 0 1 01011 hh 0 mmmmm iiiiii nnnnn ddddd",    build_add_shifted,     ALU_ADD | ALU_SET,              "WWWW", "adds shifted"},
	{"s 1 0 01011 hh 0 mmmmm iiiiii nnnnn ddddd",    build_add_shifted,     ALU_SUB,                        "----", "sub shifted"},
	{"s 1 1 01011 hh 0 mmmmm iiiiii nnnnn ddddd",    build_add_shifted,     ALU_SUB | ALU_SET,              "WWWW", "subs shifted"},
	{"s 0 0 01011 001 mmmmm ooo iii nnnnn ddddd",    build_add_extended,    ALU_ADD,                        "----", "add extended"},
	{"s 0 1 01011 001 mmmmm ooo iii nnnnn ddddd",    build_add_extended,    ALU_ADD | ALU_SET,              "WWWW", "adds extended"},
	{"s 1 0 01011 001 mmmmm ooo iii nnnnn ddddd",    build_add_extended,    ALU_SUB,                        "----", "sub extended"},
	{"s 1 1 01011 001 mmmmm ooo iii nnnnn ddddd",    build_add_extended,    ALU_SUB | ALU_SET,              "WWWW", "subs extended"},

	{"s 0 0 11010000 mmmmm 000000 nnnnn ddddd",      build_add_carry,       ALU_ADD,                        "--R-", "adc"},
	{"s 0 1 11010000 mmmmm 000000 nnnnn ddddd",      build_add_carry,       ALU_ADD | ALU_SET,              "WWMW", "adcs"},
	{"s 1 0 11010000 mmmmm 000000 nnnnn ddddd",      build_add_carry,       ALU_SUB,                        "--R-", "sbc"},
	{"s 1 1 11010000 mmmmm 000000 nnnnn ddddd",      build_add_carry,       ALU_SUB | ALU_SET,              "WWMW", "sbcs"},
};
/* clang-format on */

A64_TABLE(a64_alu);
