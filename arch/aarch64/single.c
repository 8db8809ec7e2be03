/* Loads and stores of one register, general or vector: all addressing modes. Pairs are in pair.c. */
#include "arch/aarch64/aarch64.h"

/* What is loaded or stored (param). */
enum {
	LS_LOG = 7, /* base-2 logarithm of the bytes */
	LS_LOAD = 8,
	LS_SIGNED = 16,   /* sign-extended to 64 bits */
	LS_SIGNED_W = 32, /* to 32 bits */
	LS_VECTOR = 64,
	LS_ORDERED = 128, /* acquire or release: its alignment matters */
};

static void load(struct a64_ctx *c, expr_id address, unsigned width)
{
	struct expr_pool *p = c->pool;
	unsigned t = a64_field(c, 't');
	expr_id value = a64_load(c, address, width);

	if (c->row->param & LS_VECTOR)
		a64_set_v(c, t, value);
	else if (c->row->param & LS_SIGNED)
		a64_set_x(c, t, expr_sext(p, value, 64));
	else if (c->row->param & LS_SIGNED_W)
		a64_set_x(c, t, expr_sext(p, value, 32));
	else
		a64_set_x(c, t, value);
}

static void access(struct a64_ctx *c, expr_id address, expr_id stored)
{
	unsigned bytes = 1u << (c->row->param & LS_LOG);

	if (c->row->param & LS_ORDERED)
		a64_require_atomic(c, address, bytes);
	if (c->row->param & LS_LOAD)
		load(c, address, 8 * bytes);
	else
		a64_store(c, address, stored);
}

/* What a store stores. */
static expr_id stored(struct a64_ctx *c)
{
	unsigned width = 8u << (c->row->param & LS_LOG), t = a64_field(c, 't');

	return c->row->param & LS_VECTOR ? a64_v(c, t, width) : a64_x(c, t, width);
}

static void access_at(struct a64_ctx *c, expr_id address)
{
	access(c, address, stored(c));
}

/*
 * With write-back. That the base is also what is loaded or stored is CONSTRAINED UNPREDICTABLE: a load leaves the base
 * UNKNOWN, or without the write-back; a store stores what it was, or something UNKNOWN (Arm ARM K1.2.13, K1.2.14).
 */
static void access_and_write_back(struct a64_ctx *c, expr_id address, expr_id base_after)
{
	unsigned n = a64_field(c, 'n');
	bool overlap = !(c->row->param & LS_VECTOR) && n != 31 && n == a64_field(c, 't');

	access(c, address, overlap ? expr_undef(c->pool, 8u << (c->row->param & LS_LOG)) : stored(c));
	if (overlap && c->row->param & LS_LOAD)
		base_after = expr_undef(c->pool, 64);
	a64_write_back(c, base_after);
}

static void build_scaled(struct a64_ctx *c)
{
	access_at(c, a64_offset(c, a64_base(c), (int64_t)a64_field(c, 'i') << (c->row->param & LS_LOG)));
}

/* Also the unprivileged ones: at EL0 they are like the others. */
static void build_unscaled(struct a64_ctx *c)
{
	access_at(c, a64_offset(c, a64_base(c), a64_signed_field(c, 'i')));
}

static void build_pre(struct a64_ctx *c)
{
	expr_id address = a64_offset(c, a64_base(c), a64_signed_field(c, 'i'));

	access_and_write_back(c, address, address);
}

static void build_post(struct a64_ctx *c)
{
	expr_id base = a64_base(c);

	access_and_write_back(c, base, a64_offset(c, base, a64_signed_field(c, 'i')));
}

static void build_register(struct a64_ctx *c)
{
	unsigned option = a64_field(c, 'o'), shift = a64_field(c, 'h') ? c->row->param & LS_LOG : 0;

	if (!(option & 2)) {
		a64_undefined(c);
		return;
	}
	expr_id base = a64_base(c), offset = a64_extend_reg(c, a64_field(c, 'm'), option, shift, 64);
	access_at(c, expr_add(c->pool, base, offset));
}

static void build_literal(struct a64_ctx *c)
{
	access_at(c, a64_const(c, 64, c->pc + ((uint64_t)a64_signed_field(c, 'i') << 2)));
}

/* LDAR, STLR, LDLAR, STLLR, LDAPR: no offset. */
static void build_plain(struct a64_ctx *c)
{
	access_at(c, a64_base(c));
}

/* All addressing modes of the ordinary kind, of general (V 0) and vector registers. */
#define MODES(size, v, opc, param, name) \
	{size " 111 " v " 01 " opc " iiiiiiiiiiii nnnnn ttttt", build_scaled, param, "----", name " imm"}, \
		{size " 111 " v " 00 " opc " 0 iiiiiiiii 01 nnnnn ttttt", build_post, param, "----", name " post"}, \
		{size " 111 " v " 00 " opc " 0 iiiiiiiii 11 nnnnn ttttt", build_pre, param, "----", name " pre"}, \
	{ \
		size " 111 " v " 00 " opc " 1 mmmmm ooo h 10 nnnnn ttttt", build_register, param, "----", \
			name " register" \
	}
#define UNSCALED(size, v, opc, param, name) \
	{ \
		size " 111 " v " 00 " opc " 0 iiiiiiiii 00 nnnnn ttttt", build_unscaled, param, "----", name \
	}
#define UNPRIVILEGED(size, opc, param, name) \
	{ \
		size " 111 0 00 " opc " 0 iiiiiiiii 10 nnnnn ttttt", build_unscaled, param, "----", name \
	}
#define RELEASE(size, opc, param, name) \
	{ \
		size " 011001 " opc " 0 iiiiiiiii 00 nnnnn ttttt", build_unscaled, LS_ORDERED | (param), "----", name \
	}
#define GENERAL(size, opc, param, stem, suffix) \
	MODES(size, "0", opc, param, stem "r" suffix), UNSCALED(size, "0", opc, param, stem "ur" suffix), \
		UNPRIVILEGED(size, opc, param, stem "tr" suffix)
#define VECTOR(size, opc, param, size_name) \
	MODES(size, "1", opc "0", LS_VECTOR | (param), "str " size_name), \
		UNSCALED(size, "1", opc "0", LS_VECTOR | (param), "stur " size_name), \
		MODES(size, "1", opc "1", LS_VECTOR | LS_LOAD | (param), "ldr " size_name), \
		UNSCALED(size, "1", opc "1", LS_VECTOR | LS_LOAD | (param), "ldur " size_name)
/* The bits o2 L o1 Rs o0 Rt2: Rs and Rt2 should be ones, and do not matter. */
#define PLAIN(size, l, o0, param, name) \
	{ \
		size " 001000 1 " l " 0 xxxxx " o0 " xxxxx nnnnn ttttt", build_plain, LS_ORDERED | (param), "----", \
			name \
	}
#define ORDERED(size, log, suffix) \
	PLAIN(size, "0", "0", log, "stllr" suffix), PLAIN(size, "0", "1", log, "stlr" suffix), \
		PLAIN(size, "1", "0", LS_LOAD | (log), "ldlar" suffix), \
		PLAIN(size, "1", "1", LS_LOAD | (log), "ldar" suffix), \
	{ \
		size " 111 0 00 101 11111 1 100 00 nnnnn ttttt", build_plain, LS_ORDERED | LS_LOAD | (log), "----", \
			"ldapr" suffix \
	}

/* clang-format off */
static const struct a64_row a64_single[] = {
	GENERAL("00", "00", 0,                         "st", "b"),
	GENERAL("00", "01", LS_LOAD | 0,               "ld", "b"),
	GENERAL("00", "10", LS_LOAD | LS_SIGNED | 0,   "ld", "sb x"),
	GENERAL("00", "11", LS_LOAD | LS_SIGNED_W | 0, "ld", "sb w"),
	GENERAL("01", "00", 1,                         "st", "h"),
	GENERAL("01", "01", LS_LOAD | 1,               "ld", "h"),
	GENERAL("01", "10", LS_LOAD | LS_SIGNED | 1,   "ld", "sh x"),
	GENERAL("01", "11", LS_LOAD | LS_SIGNED_W | 1, "ld", "sh w"),
	GENERAL("10", "00", 2,                         "st", " w"),
	GENERAL("10", "01", LS_LOAD | 2,               "ld", " w"),
	GENERAL("10", "10", LS_LOAD | LS_SIGNED | 2,   "ld", "sw"),
	GENERAL("11", "00", 3,                         "st", " x"),
	GENERAL("11", "01", LS_LOAD | 3,               "ld", " x"),

	VECTOR("00", "0", 0, "b"),
	VECTOR("01", "0", 1, "h"),
	VECTOR("10", "0", 2, "s"),
	VECTOR("11", "0", 3, "d"),
	VECTOR("00", "1", 4, "q"),

	{"11 111 0 01 10 xxxxxxxxxxxx xxxxx xxxxx",        a64_build_nop, 0, "----", "prfm imm"},
	{"11 111 0 00 10 0 xxxxxxxxx 00 xxxxx xxxxx",      a64_build_nop, 0, "----", "prfum"},
	{"11 111 0 00 10 1 xxxxx x1x x 10 xxxxx xxxxx",    a64_build_nop, 0, "----", "prfm register"},
	{"11 011 0 00 xxxxxxxxxxxxxxxxxxx xxxxx",          a64_build_nop, 0, "----", "prfm literal"},

	{"00 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", build_literal, LS_LOAD | 2,             "----", "ldr literal w"},
	{"01 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", build_literal, LS_LOAD | 3,             "----", "ldr literal x"},
	{"10 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", build_literal, LS_LOAD | LS_SIGNED | 2, "----", "ldrsw literal"},
	{"00 011 1 00 iiiiiiiiiiiiiiiiiii ttttt", build_literal, LS_LOAD | LS_VECTOR | 2, "----", "ldr literal s"},
	{"01 011 1 00 iiiiiiiiiiiiiiiiiii ttttt", build_literal, LS_LOAD | LS_VECTOR | 3, "----", "ldr literal d"},
	{"10 011 1 00 iiiiiiiiiiiiiiiiiii ttttt", build_literal, LS_LOAD | LS_VECTOR | 4, "----", "ldr literal q"},

	ORDERED("00", 0, "b"),
	ORDERED("01", 1, "h"),
	ORDERED("10", 2, " w"),
	ORDERED("11", 3, " x"),

	RELEASE("00", "00", 0,                         "stlurb"),
	RELEASE("00", "01", LS_LOAD | 0,               "ldapurb"),
	RELEASE("00", "10", LS_LOAD | LS_SIGNED | 0,   "ldapursb x"),
	RELEASE("00", "11", LS_LOAD | LS_SIGNED_W | 0, "ldapursb w"),
	RELEASE("01", "00", 1,                         "stlurh"),
	RELEASE("01", "01", LS_LOAD | 1,               "ldapurh"),
	RELEASE("01", "10", LS_LOAD | LS_SIGNED | 1,   "ldapursh x"),
	RELEASE("01", "11", LS_LOAD | LS_SIGNED_W | 1, "ldapursh w"),
	RELEASE("10", "00", 2,                         "stlur w"),
	RELEASE("10", "01", LS_LOAD | 2,               "ldapur w"),
	RELEASE("10", "10", LS_LOAD | LS_SIGNED | 2,   "ldapursw"),
	RELEASE("11", "00", 3,                         "stlur x"),
	RELEASE("11", "01", LS_LOAD | 3,               "ldapur x"),

	{"11 111 0 00 x x 1 xxxxxxxxx x 1 xxxxx xxxxx",    a64_build_unmodelled, 0, "----", "ldraa"},

	/* Memory tags. */
	{"11 011 0 01 00 1 000000000 00 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stzgm"},
	{"11 011 0 01 01 1 xxxxxxxxx 00 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "ldg"},
	{"11 011 0 01 10 1 000000000 00 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stgm"},
	{"11 011 0 01 11 1 000000000 00 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "ldgm"},
	{"11 011 0 01 00 1 xxxxxxxxx 01 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stg"},
	{"11 011 0 01 00 1 xxxxxxxxx 1x xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stg"},
	{"11 011 0 01 01 1 xxxxxxxxx 01 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stzg"},
	{"11 011 0 01 01 1 xxxxxxxxx 1x xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stzg"},
	{"11 011 0 01 10 1 xxxxxxxxx 01 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "st2g"},
	{"11 011 0 01 10 1 xxxxxxxxx 1x xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "st2g"},
	{"11 011 0 01 11 1 xxxxxxxxx 01 xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stz2g"},
	{"11 011 0 01 11 1 xxxxxxxxx 1x xxxxx xxxxx",          a64_build_unmodelled, 0, "----", "stz2g"},
};
/* clang-format on */

A64_TABLE(a64_single);
