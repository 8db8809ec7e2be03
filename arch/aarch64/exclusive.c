/*
 * Load-exclusive and store-exclusive, with the local monitor (Arm ARM B2.12).
 *
 * The monitor is registers of the model. A store-exclusive to what was marked succeeds, one without a mark fails. Where
 * another address or size was marked nothing is predicted, for that may fault, too, or fail where there is no memory.
 * Memory that does not hold any more what was loaded leaves the result undefined: it may be another thread that wrote
 * it, or this one, which may or may not clear its monitor. Whatever enters the kernel clears the monitor: so do the
 * system calls of this model, signals, and a target that stops after each instruction (isa->reset).
 */
#include "arch/aarch64/aarch64.h"

enum {
	EX_LOG = 7, /* base-2 logarithm of the bytes of one register */
	EX_PAIR = 8,
};

static unsigned element(const struct a64_ctx *c)
{
	return 8u << (c->row->param & EX_LOG);
}

static unsigned access_width(const struct a64_ctx *c)
{
	return c->row->param & EX_PAIR ? 2 * element(c) : element(c);
}

static void mark(struct a64_ctx *c, expr_id address, expr_id value)
{
	transfer_set_reg(c->t, A64_monitor, a64_const(c, 1, 1));
	transfer_set_reg(c->t, A64_monitor_address, a64_without_tag(c, address));
	transfer_set_reg(c->t, A64_monitor_bytes, a64_const(c, 8, access_width(c) / 8));
	transfer_set_reg(c->t, A64_monitor_value, expr_zext(c->pool, value, 128));
}

/* CONSTRAINED UNPREDICTABLE (Arm ARM K1.2): UNDEFINED, nothing, or UNKNOWN. */
static bool loads_one_twice(const struct a64_ctx *c)
{
	return c->row->param & EX_PAIR && a64_field(c, 't') == a64_field(c, 'u');
}

/* LDXR, LDAXR, LDXP, LDAXP */
static void build_load(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id address = a64_base(c);

	if (loads_one_twice(c))
		a64_may_refuse(c);
	a64_require_atomic(c, address, access_width(c) / 8);
	expr_id value = a64_load(c, address, access_width(c));
	expr_id first = loads_one_twice(c) ? expr_undef(p, element(c)) : expr_extract(p, value, 0, element(c));
	a64_set_x(c, a64_field(c, 't'), first);
	if (c->row->param & EX_PAIR && !loads_one_twice(c))
		a64_set_x(c, a64_field(c, 'u'), expr_extract(p, value, element(c), element(c)));
	mark(c, address, value);
	c->opens = true;
}

/* Of the size and at the address that was marked. */
static expr_id is_marked_place(struct a64_ctx *c, expr_id address)
{
	struct expr_pool *p = c->pool;
	expr_id bytes = a64_const(c, 8, access_width(c) / 8);
	expr_id same_place = expr_eq(p, expr_reg(p, 64, A64_monitor_address), a64_without_tag(c, address));

	return expr_and(p, same_place, expr_eq(p, expr_reg(p, 8, A64_monitor_bytes), bytes));
}

/* The marked memory, unchanged. */
static expr_id is_marked(struct a64_ctx *c, expr_id address, expr_id before)
{
	struct expr_pool *p = c->pool;
	expr_id marked = expr_extract(p, expr_reg(p, 128, A64_monitor_value), 0, access_width(c));

	return expr_and(p, is_marked_place(c, address), expr_eq(p, marked, before));
}

/*
 * Whether a store without any mark looks whether memory is there, before it fails, is IMPLEMENTATION DEFINED (Arm ARM,
 * shared/functions: ExclusiveMonitorsPass()). As QEMU has it, it does not: what it reads then is the instruction.
 */
static expr_id load_if_marked(struct a64_ctx *c, expr_id address)
{
	expr_id here = a64_const(c, 64, c->pc & ~UINT64_C(15));

	return a64_load(c, expr_ite(c->pool, expr_reg(c->pool, 1, A64_monitor), address, here), access_width(c));
}

/* The status register is a data register too: UNDEFINED, nothing, or something UNKNOWN is stored (Arm ARM K1.2). */
static bool status_is_data(const struct a64_ctx *c)
{
	unsigned s = a64_field(c, 'S');

	return s == a64_field(c, 't') || (c->row->param & EX_PAIR && s == a64_field(c, 'u'));
}

/* It is the base: the address is UNKNOWN as well. */
static bool status_is_base(const struct a64_ctx *c)
{
	unsigned s = a64_field(c, 'S'), n = a64_field(c, 'n');

	return s == n && n != 31;
}

/* STXR, STLXR, STXP, STLXP: the status is 0 for success. */
static void build_store(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id address = a64_base(c), value = a64_x(c, a64_field(c, 't'), element(c));

	if (status_is_base(c))
		a64_leave_open(c, a64_const(c, 1, 1));
	if (status_is_data(c))
		a64_may_refuse(c);
	if (c->row->param & EX_PAIR)
		value = expr_concat(p, a64_x(c, a64_field(c, 'u'), element(c)), value);
	a64_require_atomic(c, address, access_width(c) / 8);
	if (status_is_data(c))
		value = expr_undef(p, access_width(c));
	expr_id before = load_if_marked(c, address), monitor = expr_reg(p, 1, A64_monitor);
	a64_leave_open(c, expr_and(p, monitor, expr_not(p, is_marked_place(c, address))));
	expr_id stores = expr_or(p, is_marked(c, address, before), expr_undef(p, 1));
	expr_id fails = expr_not(p, expr_and(p, monitor, stores));

	a64_store_if(c, monitor, address, expr_ite(p, stores, value, before));
	a64_set_x(c, a64_field(c, 'S'), expr_zext(p, fails, 32));
	transfer_set_reg(c->t, A64_monitor, a64_const(c, 1, 0));
	c->closes = true;
}

/* Bits o2 L o1 Rs o0 Rt2; those that are not used should be ones. */
#define SINGLE(size, log, suffix) \
	{size " 001000 0 0 0 SSSSS 0 !!!!! nnnnn ttttt", build_store, log, "----", "stxr" suffix}, \
		{size " 001000 0 0 0 SSSSS 1 !!!!! nnnnn ttttt", build_store, log, "----", "stlxr" suffix}, \
		{size " 001000 0 1 0 !!!!! 0 !!!!! nnnnn ttttt", build_load, log, "----", "ldxr" suffix}, \
	{ \
		size " 001000 0 1 0 !!!!! 1 !!!!! nnnnn ttttt", build_load, log, "----", "ldaxr" suffix \
	}
#define PAIR(size, log, suffix) \
	{size " 001000 0 0 1 SSSSS 0 uuuuu nnnnn ttttt", build_store, EX_PAIR | (log), "----", "stxp" suffix}, \
		{size " 001000 0 0 1 SSSSS 1 uuuuu nnnnn ttttt", build_store, EX_PAIR | (log), "----", \
		 "stlxp" suffix}, \
		{size " 001000 0 1 1 !!!!! 0 uuuuu nnnnn ttttt", build_load, EX_PAIR | (log), "----", "ldxp" suffix}, \
	{ \
		size " 001000 0 1 1 !!!!! 1 uuuuu nnnnn ttttt", build_load, EX_PAIR | (log), "----", "ldaxp" suffix \
	}

/* clang-format off */
static const struct a64_row a64_exclusive[] = {
	SINGLE("00", 0, "b"),
	SINGLE("01", 1, "h"),
	SINGLE("10", 2, " w"),
	SINGLE("11", 3, " x"),
	PAIR("10", 2, " w"),
	PAIR("11", 3, " x"),
};
/* clang-format on */

A64_TABLE(a64_exclusive);
