/*
 * Pointer authentication (Arm ARM D8.10). What code a pointer gets depends on keys, which no target shows, so it is
 * taken over from the target; the hints among these instructions do nothing where the feature is missing, which is one
 * of the outcomes that this allows.
 */
#include "arch/aarch64/aarch64.h"

/* Bits 63:56 and 54:36: VA_BITS of arm64 Linux is 36 at least. */
static const uint64_t code_bits = 0xff7ffff000000000;

expr_id a64_with_code(struct a64_ctx *c, expr_id pointer)
{
	struct expr_pool *p = c->pool;
	expr_id kept = expr_and(p, pointer, a64_const(c, 64, ~code_bits));
	expr_id code = expr_and(p, expr_env(p, 64, ENV_POINTER_CODE), a64_const(c, 64, code_bits));

	return expr_or(p, kept, code);
}

/* PACIA, AUTIA, XPACI and their kin on register d. */
static void build_register(struct a64_ctx *c)
{
	a64_write(c, 'd', a64_with_code(c, a64_read(c, 'd')));
}

/* The hints: PACIASP, AUTIA1716 and their kin; param is the register. */
static void build_hint(struct a64_ctx *c)
{
	a64_set_x(c, c->row->param, a64_with_code(c, a64_x(c, c->row->param, 64)));
}

/* PACGA: a code of 32 bits. */
static void build_generic(struct a64_ctx *c)
{
	expr_id code = expr_env(c->pool, 32, ENV_POINTER_CODE);

	a64_write(c, 'd', expr_concat(c->pool, code, a64_const(c, 32, 0)));
}

/* clang-format off */
static const struct a64_row a64_pauth[] = {
	/* encoding                                  build           param nzcv    name */
	{"1101010100 0 00 011 0010 0000 111 11111",  build_hint,     30,   "----", "xpaclri"},
	{"1101010100 0 00 011 0010 0001 000 11111",  build_hint,     17,   "----", "pacia1716"},
	{"1101010100 0 00 011 0010 0001 010 11111",  build_hint,     17,   "----", "pacib1716"},
	{"1101010100 0 00 011 0010 0001 100 11111",  build_hint,     17,   "----", "autia1716"},
	{"1101010100 0 00 011 0010 0001 110 11111",  build_hint,     17,   "----", "autib1716"},
	{"1101010100 0 00 011 0010 0011 000 11111",  build_hint,     30,   "----", "paciaz"},
	{"1101010100 0 00 011 0010 0011 001 11111",  build_hint,     30,   "----", "paciasp"},
	{"1101010100 0 00 011 0010 0011 010 11111",  build_hint,     30,   "----", "pacibz"},
	{"1101010100 0 00 011 0010 0011 011 11111",  build_hint,     30,   "----", "pacibsp"},
	{"1101010100 0 00 011 0010 0011 100 11111",  build_hint,     30,   "----", "autiaz"},
	{"1101010100 0 00 011 0010 0011 101 11111",  build_hint,     30,   "----", "autiasp"},
	{"1101010100 0 00 011 0010 0011 110 11111",  build_hint,     30,   "----", "autibz"},
	{"1101010100 0 00 011 0010 0011 111 11111",  build_hint,     30,   "----", "autibsp"},
	{"1 1 0 11010110 00001 0 0 0 000 nnnnn ddddd", build_register, 0,  "----", "pacia"},
	{"1 1 0 11010110 00001 0 0 0 001 nnnnn ddddd", build_register, 0,  "----", "pacib"},
	{"1 1 0 11010110 00001 0 0 0 010 nnnnn ddddd", build_register, 0,  "----", "pacda"},
	{"1 1 0 11010110 00001 0 0 0 011 nnnnn ddddd", build_register, 0,  "----", "pacdb"},
	{"1 1 0 11010110 00001 0 0 0 100 nnnnn ddddd", build_register, 0,  "----", "autia"},
	{"1 1 0 11010110 00001 0 0 0 101 nnnnn ddddd", build_register, 0,  "----", "autib"},
	{"1 1 0 11010110 00001 0 0 0 110 nnnnn ddddd", build_register, 0,  "----", "autda"},
	{"1 1 0 11010110 00001 0 0 0 111 nnnnn ddddd", build_register, 0,  "----", "autdb"},
	{"1 1 0 11010110 00001 0 0 1 000 11111 ddddd", build_register, 0,  "----", "paciza"},
	{"1 1 0 11010110 00001 0 0 1 001 11111 ddddd", build_register, 0,  "----", "pacizb"},
	{"1 1 0 11010110 00001 0 0 1 010 11111 ddddd", build_register, 0,  "----", "pacdza"},
	{"1 1 0 11010110 00001 0 0 1 011 11111 ddddd", build_register, 0,  "----", "pacdzb"},
	{"1 1 0 11010110 00001 0 0 1 100 11111 ddddd", build_register, 0,  "----", "autiza"},
	{"1 1 0 11010110 00001 0 0 1 101 11111 ddddd", build_register, 0,  "----", "autizb"},
	{"1 1 0 11010110 00001 0 0 1 110 11111 ddddd", build_register, 0,  "----", "autdza"},
	{"1 1 0 11010110 00001 0 0 1 111 11111 ddddd", build_register, 0,  "----", "autdzb"},
	{"1 1 0 11010110 00001 0 1 0 000 11111 ddddd", build_register, 0,  "----", "xpaci"},
	{"1 1 0 11010110 00001 0 1 0 001 11111 ddddd", build_register, 0,  "----", "xpacd"},
	{"1 0 0 11010110 mmmmm 001100 nnnnn ddddd",  build_generic,  0,    "----", "pacga"},
};
/* clang-format on */

A64_TABLE(a64_pauth);
