/* Multiplication and division. */
#include "arch/aarch64/aarch64.h"

enum {
	MUL_SIGNED = 1,
	MUL_SUBTRACT = 2,
};

static expr_id extended(struct a64_ctx *c, expr_id value, unsigned width)
{
	return c->row->param & MUL_SIGNED ? expr_sext(c->pool, value, width) : expr_zext(c->pool, value, width);
}

static void accumulate(struct a64_ctx *c, expr_id product)
{
	expr_id addend = a64_read(c, 'a');
	bool subtract = c->row->param & MUL_SUBTRACT;

	a64_write(c, 'd', subtract ? expr_sub(c->pool, addend, product) : expr_add(c->pool, addend, product));
}

/* MADD, MSUB */
static void build_multiply(struct a64_ctx *c)
{
	accumulate(c, expr_mul(c->pool, a64_read(c, 'n'), a64_read(c, 'm')));
}

/* SMADDL, UMSUBL and their kin: 32 bits by 32 to 64. */
static void build_multiply_long(struct a64_ctx *c)
{
	expr_id a = extended(c, a64_x(c, a64_field(c, 'n'), 32), 64);
	expr_id b = extended(c, a64_x(c, a64_field(c, 'm'), 32), 64);

	accumulate(c, expr_mul(c->pool, a, b));
}

/* SMULH, UMULH */
static void build_multiply_high(struct a64_ctx *c)
{
	expr_id a = extended(c, a64_read(c, 'n'), 128), b = extended(c, a64_read(c, 'm'), 128);

	a64_write(c, 'd', expr_extract(c->pool, expr_mul(c->pool, a, b), 64, 64));
}

/* UDIV, SDIV: division by zero gives zero. */
static void build_divide(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id a = a64_read(c, 'n'), b = a64_read(c, 'm');
	expr_id quotient = expr_binary(p, c->row->param & MUL_SIGNED ? EXPR_SDIV : EXPR_UDIV, a, b);

	a64_write(c, 'd', expr_ite(p, expr_is_zero(p, b), a64_const(c, c->width, 0), quotient));
}

/* clang-format off */
static const struct a64_row a64_muldiv[] = {
	/* encoding                                    build                param                      nzcv    name */
	{"s 00 11011 000 mmmmm 0 aaaaa nnnnn ddddd",   build_multiply,      0,                         "----", "madd"},
	{"s 00 11011 000 mmmmm 1 aaaaa nnnnn ddddd",   build_multiply,      MUL_SUBTRACT,              "----", "msub"},
	{"1 00 11011 001 mmmmm 0 aaaaa nnnnn ddddd",   build_multiply_long, MUL_SIGNED,                "----", "smaddl"},
	{"1 00 11011 001 mmmmm 1 aaaaa nnnnn ddddd",   build_multiply_long, MUL_SIGNED | MUL_SUBTRACT, "----", "smsubl"},
	{"1 00 11011 101 mmmmm 0 aaaaa nnnnn ddddd",   build_multiply_long, 0,                         "----", "umaddl"},
	{"1 00 11011 101 mmmmm 1 aaaaa nnnnn ddddd",   build_multiply_long, MUL_SUBTRACT,              "----", "umsubl"},
	{"1 00 11011 010 mmmmm 0 xxxxx nnnnn ddddd",   build_multiply_high, MUL_SIGNED,                "----", "smulh"},
	{"1 00 11011 110 mmmmm 0 xxxxx nnnnn ddddd",   build_multiply_high, 0,                         "----", "umulh"},
	{"s 00 11010110 mmmmm 000010 nnnnn ddddd",     build_divide,        0,                         "----", "udiv"},
	{"s 00 11010110 mmmmm 000011 nnnnn ddddd",     build_divide,        MUL_SIGNED,                "----", "sdiv"},
};
/* clang-format on */

A64_TABLE(a64_muldiv);
