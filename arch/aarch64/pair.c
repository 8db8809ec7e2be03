/* Loads and stores of pairs: one access of twice the size. */
#include "arch/aarch64/aarch64.h"

enum {
	PAIR_LOG = 7, /* base-2 logarithm of the bytes of one register */
	PAIR_LOAD = 8,
	PAIR_SIGNED = 16, /* LDPSW */
	PAIR_VECTOR = 32,
	PAIR_WRITE_BACK = 64,
};

static unsigned element(const struct a64_ctx *c)
{
	return 8u << (c->row->param & PAIR_LOG);
}

/* Is the element the base of an access with write-back? */
static bool overlaps(struct a64_ctx *c, char letter)
{
	unsigned n = a64_field(c, 'n');

	return c->row->param & PAIR_WRITE_BACK && !(c->row->param & PAIR_VECTOR) && n != 31 &&
	       n == a64_field(c, letter);
}

static expr_id read_element(struct a64_ctx *c, char letter)
{
	unsigned n = a64_field(c, letter);

	if (overlaps(c, letter))
		return expr_undef(c->pool, element(c));
	return c->row->param & PAIR_VECTOR ? a64_v(c, n, element(c)) : a64_x(c, n, element(c));
}

static void write_element(struct a64_ctx *c, char letter, expr_id value)
{
	unsigned n = a64_field(c, letter);

	if (c->row->param & PAIR_VECTOR)
		a64_set_v(c, n, value);
	else
		a64_set_x(c, n, c->row->param & PAIR_SIGNED ? expr_sext(c->pool, value, 64) : value);
}

/*
 * CONSTRAINED UNPREDICTABLE (Arm ARM K1.2): both loaded into one register, which is UNKNOWN then; and, with write-back,
 * the base loaded or stored: a load leaves it UNKNOWN, or without the write-back, a store stores what it was, or
 * something UNKNOWN.
 */
static void access(struct a64_ctx *c, expr_id address)
{
	struct expr_pool *p = c->pool;
	unsigned width = element(c);

	if (!(c->row->param & PAIR_LOAD)) {
		a64_store(c, address, expr_concat(p, read_element(c, 'u'), read_element(c, 't')));
		return;
	}
	expr_id pair = a64_load(c, address, 2 * width);
	bool same = a64_field(c, 't') == a64_field(c, 'u');
	write_element(c, 't', same ? expr_undef(p, width) : expr_extract(p, pair, 0, width));
	if (!same)
		write_element(c, 'u', expr_extract(p, pair, width, width));
}

static void write_back(struct a64_ctx *c, expr_id address)
{
	bool loaded = c->row->param & PAIR_LOAD && (overlaps(c, 't') || overlaps(c, 'u'));

	a64_write_back(c, loaded ? expr_undef(c->pool, 64) : address);
}

static expr_id with_offset(struct a64_ctx *c, expr_id base)
{
	return a64_offset(c, base, a64_signed_field(c, 'i') * (int64_t)(element(c) / 8));
}

static void build_offset(struct a64_ctx *c)
{
	access(c, with_offset(c, a64_base(c)));
}

static void build_pre(struct a64_ctx *c)
{
	expr_id address = with_offset(c, a64_base(c));

	access(c, address);
	write_back(c, address);
}

static void build_post(struct a64_ctx *c)
{
	expr_id base = a64_base(c);

	access(c, base);
	write_back(c, with_offset(c, base));
}

#define MODES(opc, v, l, param, stem, suffix) \
	{opc " 101 " v " 001 " l " iiiiiii uuuuu nnnnn ttttt", build_post, PAIR_WRITE_BACK | (param), "----", \
	 stem "p" suffix " post"}, \
		{opc " 101 " v " 010 " l " iiiiiii uuuuu nnnnn ttttt", build_offset, param, "----", \
		 stem "p" suffix " offset"}, \
	{ \
		opc " 101 " v " 011 " l " iiiiiii uuuuu nnnnn ttttt", build_pre, PAIR_WRITE_BACK | (param), "----", \
			stem "p" suffix " pre" \
	}
#define NON_TEMPORAL(opc, v, l, param, stem, suffix) \
	{ \
		opc " 101 " v " 000 " l " iiiiiii uuuuu nnnnn ttttt", build_offset, param, "----", stem "np" suffix \
	}
#define PAIRS(opc, v, param, suffix) \
	MODES(opc, v, "0", param, "st", suffix), NON_TEMPORAL(opc, v, "0", param, "st", suffix), \
		MODES(opc, v, "1", PAIR_LOAD | (param), "ld", suffix), \
		NON_TEMPORAL(opc, v, "1", PAIR_LOAD | (param), "ld", suffix)

/* clang-format off */
static const struct a64_row a64_pair[] = {
	PAIRS("00", "0", 2, " w"),
	PAIRS("10", "0", 3, " x"),
	MODES("01", "0", "1", PAIR_LOAD | PAIR_SIGNED | 2, "ld", "sw"),
	PAIRS("00", "1", PAIR_VECTOR | 2, " s"),
	PAIRS("01", "1", PAIR_VECTOR | 3, " d"),
	PAIRS("10", "1", PAIR_VECTOR | 4, " q"),
	/* STGP, of the memory tagging extension. */
};
/* clang-format on */

A64_TABLE(a64_pair);
