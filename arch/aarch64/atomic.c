/* FEAT_LSE and FEAT_LSE128: one read-modify-write of memory. Acquire and release order what other threads see, and
 * nothing here. */
#include "arch/aarch64/aarch64.h"

/* What is stored (param). The lower bits are the base-2 logarithm of the bytes. */
enum {
	AT_LOG = 7,
	AT_ADD = 0 << 3,
	AT_CLR = 1 << 3,
	AT_EOR = 2 << 3,
	AT_SET = 3 << 3,
	AT_SMAX = 4 << 3,
	AT_SMIN = 5 << 3,
	AT_UMAX = 6 << 3,
	AT_UMIN = 7 << 3,
	AT_SWP = 8 << 3,
};

static expr_id combine(struct a64_ctx *c, expr_id old, expr_id operand)
{
	struct expr_pool *p = c->pool;

	switch (c->row->param & ~(uint32_t)AT_LOG) {
	case AT_ADD: return expr_add(p, old, operand);
	case AT_CLR: return expr_and(p, old, expr_not(p, operand));
	case AT_EOR: return expr_xor(p, old, operand);
	case AT_SET: return expr_or(p, old, operand);
	case AT_SMAX: return expr_ite(p, expr_slt(p, operand, old), old, operand);
	case AT_SMIN: return expr_ite(p, expr_slt(p, old, operand), old, operand);
	case AT_UMAX: return expr_ite(p, expr_ult(p, operand, old), old, operand);
	case AT_UMIN: return expr_ite(p, expr_ult(p, old, operand), old, operand);
	default: return operand;
	}
}

/* LDADD .. LDUMIN, SWP; with XZR as destination they are STADD and so on. */
static void build_atomic(struct a64_ctx *c)
{
	unsigned bytes = 1u << (c->row->param & AT_LOG);
	expr_id address = a64_base(c), operand = a64_x(c, a64_field(c, 'S'), 8 * bytes);

	a64_require_atomic(c, address, bytes);
	expr_id old = a64_load(c, address, 8 * bytes);
	a64_store(c, address, combine(c, old, operand));
	a64_set_x(c, a64_field(c, 't'), old);
}

/* Where the comparison fails the old value is stored back: the architecture lets the access count as a write anyway. */
static void build_compare(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned bytes = 1u << (c->row->param & AT_LOG);
	expr_id address = a64_base(c), expected = a64_x(c, a64_field(c, 'S'), 8 * bytes);
	expr_id wanted = a64_x(c, a64_field(c, 't'), 8 * bytes);

	a64_require_atomic(c, address, bytes);
	expr_id old = a64_load(c, address, 8 * bytes);
	a64_store(c, address, expr_ite(p, expr_eq(p, old, expected), wanted, old));
	a64_set_x(c, a64_field(c, 'S'), old);
}

static expr_id read_pair(struct a64_ctx *c, unsigned n, unsigned width)
{
	return expr_concat(c->pool, a64_x(c, n + 1, width), a64_x(c, n, width));
}

/* CASP: pairs start at an even register. */
static void build_compare_pair(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned width = 8u << (c->row->param & AT_LOG), s = a64_field(c, 'S'), t = a64_field(c, 't');

	if (s & 1 || t & 1) {
		a64_undefined(c);
		return;
	}
	expr_id address = a64_base(c), expected = read_pair(c, s, width), wanted = read_pair(c, t, width);
	a64_require_atomic(c, address, width / 4);
	expr_id old = a64_load(c, address, 2 * width);
	a64_store(c, address, expr_ite(p, expr_eq(p, old, expected), wanted, old));
	a64_set_x(c, s, expr_extract(p, old, 0, width));
	a64_set_x(c, s + 1, expr_extract(p, old, width, width));
}

/*
 * LDCLRP, LDSETP, SWPP of FEAT_LSE128: 128 bits, the low half in Rt, the high half in Rt2. That both are one register
 * is CONSTRAINED UNPREDICTABLE: UNKNOWN, UNDEFINED or nothing (Arm ARM K1.2).
 */
static void build_atomic_pair(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned t = a64_field(c, 't'), u = a64_field(c, 'u');

	if (t == 31 || u == 31) {
		a64_undefined(c);
		return;
	}
	if (t == u)
		a64_may_refuse(c);
	expr_id address = a64_base(c), operand = expr_concat(p, a64_x(c, u, 64), a64_x(c, t, 64));
	a64_require_atomic(c, address, 16);
	expr_id old = a64_load(c, address, 128);
	expr_id unknown = expr_undef(p, 128);
	a64_store(c, address, t == u ? unknown : combine(c, old, operand));
	a64_set_x(c, t, expr_extract(p, t == u ? unknown : old, 0, 64));
	if (t != u)
		a64_set_x(c, u, expr_extract(p, old, 64, 64));
}

/* The four orders: plain, acquire, release, both. */
#define ATOMIC(size, opc, param, name, suffix) \
	{size " 111 0 00 0 0 1 SSSSS " opc " 00 nnnnn ttttt", build_atomic, param, "----", name suffix}, \
		{size " 111 0 00 1 0 1 SSSSS " opc " 00 nnnnn ttttt", build_atomic, param, "----", name "a" suffix}, \
		{size " 111 0 00 0 1 1 SSSSS " opc " 00 nnnnn ttttt", build_atomic, param, "----", name "l" suffix}, \
	{ \
		size " 111 0 00 1 1 1 SSSSS " opc " 00 nnnnn ttttt", build_atomic, param, "----", name "al" suffix \
	}
#define COMPARE(size, param, suffix) \
	{size " 001000 1 0 1 SSSSS 0 11111 nnnnn ttttt", build_compare, param, "----", "cas" suffix}, \
		{size " 001000 1 1 1 SSSSS 0 11111 nnnnn ttttt", build_compare, param, "----", "casa" suffix}, \
		{size " 001000 1 0 1 SSSSS 1 11111 nnnnn ttttt", build_compare, param, "----", "casl" suffix}, \
	{ \
		size " 001000 1 1 1 SSSSS 1 11111 nnnnn ttttt", build_compare, param, "----", "casal" suffix \
	}
#define SIZE(size, log, suffix) \
	ATOMIC(size, "0 000", AT_ADD | (log), "ldadd", suffix), \
		ATOMIC(size, "0 001", AT_CLR | (log), "ldclr", suffix), \
		ATOMIC(size, "0 010", AT_EOR | (log), "ldeor", suffix), \
		ATOMIC(size, "0 011", AT_SET | (log), "ldset", suffix), \
		ATOMIC(size, "0 100", AT_SMAX | (log), "ldsmax", suffix), \
		ATOMIC(size, "0 101", AT_SMIN | (log), "ldsmin", suffix), \
		ATOMIC(size, "0 110", AT_UMAX | (log), "ldumax", suffix), \
		ATOMIC(size, "0 111", AT_UMIN | (log), "ldumin", suffix), \
		ATOMIC(size, "1 000", AT_SWP | (log), "swp", suffix), COMPARE(size, log, suffix)
#define COMPARE_PAIR(size, param, suffix) \
	{size " 001000 0 0 1 SSSSS 0 11111 nnnnn ttttt", build_compare_pair, param, "----", "casp" suffix}, \
		{size " 001000 0 1 1 SSSSS 0 11111 nnnnn ttttt", build_compare_pair, param, "----", "caspa" suffix}, \
		{size " 001000 0 0 1 SSSSS 1 11111 nnnnn ttttt", build_compare_pair, param, "----", "caspl" suffix}, \
	{ \
		size " 001000 0 1 1 SSSSS 1 11111 nnnnn ttttt", build_compare_pair, param, "----", "caspal" suffix \
	}
#define ATOMIC_PAIR(opc, param, name) \
	{"00 011001 0 0 1 uuuuu " opc " 00 nnnnn ttttt", build_atomic_pair, param, "----", name}, \
		{"00 011001 1 0 1 uuuuu " opc " 00 nnnnn ttttt", build_atomic_pair, param, "----", name "a"}, \
		{"00 011001 0 1 1 uuuuu " opc " 00 nnnnn ttttt", build_atomic_pair, param, "----", name "l"}, \
	{ \
		"00 011001 1 1 1 uuuuu " opc " 00 nnnnn ttttt", build_atomic_pair, param, "----", name "al" \
	}

/* clang-format off */
static const struct a64_row a64_atomic[] = {
	SIZE("00", 0, "b"),
	SIZE("01", 1, "h"),
	SIZE("10", 2, " w"),
	SIZE("11", 3, " x"),
	COMPARE_PAIR("00", 2, " w"),
	COMPARE_PAIR("01", 3, " x"),
	ATOMIC_PAIR("0 001", AT_CLR, "ldclrp"),
	ATOMIC_PAIR("0 011", AT_SET, "ldsetp"),
	ATOMIC_PAIR("1 000", AT_SWP, "swpp"),
};
/* clang-format on */

A64_TABLE(a64_atomic);
