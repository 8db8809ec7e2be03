/*
 * Memory tags (FEAT_MTE) of a program that has not asked for any: Linux gives it the tag 0 alone (GCR_EL1.Exclude is
 * all ones), and its memory has no tags (no PROT_MTE), so that those that are stored are lost and 0 is loaded
 * (Documentation/arch/arm64/memory-tagging-extension.rst). Accesses to tags fault like those to memory.
 */
#include "arch/aarch64/aarch64.h"

/* What is stored (param), beside the tags. */
enum {
	TAG_PAIR = 1, /* of two granules */
	TAG_ZERO = 2, /* zeros */
	TAG_PRE = 4,
	TAG_POST = 8,
	TAG_SUBTRACT = 16,
	TAG_FLAGS = 32,
};

enum { GRANULE = 16 /* bytes */ };

/* AddressWithAllocationTag() with tag 0: bits 59:56. */
static expr_id untagged(struct a64_ctx *c, expr_id address)
{
	return expr_and(c->pool, address, a64_const(c, 64, ~(UINT64_C(15) << 56)));
}

/* IRG: of the tags that are not excluded, of which there is none. */
static void build_irg(struct a64_ctx *c)
{
	a64_set_xsp(c, a64_field(c, 'd'), untagged(c, a64_xsp(c, a64_field(c, 'n'), 64)));
}

/* ADDG, SUBG */
static void build_add(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id base = a64_xsp(c, a64_field(c, 'n'), 64), offset = a64_const(c, 64, a64_field(c, 'i') * GRANULE);
	expr_id sum = c->row->param & TAG_SUBTRACT ? expr_sub(p, base, offset) : expr_add(p, base, offset);

	a64_set_xsp(c, a64_field(c, 'd'), untagged(c, sum));
}

/* GMI: a mask with the tag's bit. */
static void build_gmi(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id tag = expr_extract(p, a64_xsp(c, a64_field(c, 'n'), 64), 56, 4);
	expr_id bit = expr_shl(p, a64_const(c, 64, 1), expr_zext(p, tag, 64));

	a64_write(c, 'd', expr_or(p, a64_read(c, 'm'), bit));
}

/* A pointer as a signed number, without its upper byte. */
static expr_id number(struct a64_ctx *c, char letter)
{
	return expr_sext(c->pool, a64_xsp(c, a64_field(c, letter), 56), 64);
}

/* SUBP, SUBPS */
static void build_subtract(struct a64_ctx *c)
{
	expr_id a = number(c, 'n'), b = expr_not(c->pool, number(c, 'm')), one = a64_const(c, 1, 1);
	expr_id difference = a64_add_with_carry(c, a, b, one);

	if (c->row->param & TAG_FLAGS)
		a64_set_add_flags(c, a, b, one, difference);
	a64_write(c, 'd', difference);
}

/* ---- In memory ---- */

static void require_aligned(struct a64_ctx *c, expr_id address)
{
	expr_id low = expr_extract(c->pool, address, 0, 4);

	transfer_add_fault(c->t, expr_not(c->pool, expr_is_zero(c->pool, low)), FAULT_ALIGNMENT);
}

/* The address of an access by base and offset, with the base written as the addressing mode says. */
static expr_id address_by_mode(struct a64_ctx *c, int64_t offset)
{
	expr_id base = a64_base(c), sum = a64_offset(c, base, offset);

	if (c->row->param & (TAG_PRE | TAG_POST))
		a64_write_back(c, sum);
	return c->row->param & TAG_POST ? base : sum;
}

/* LDG */
static void build_load(struct a64_ctx *c)
{
	expr_id address = a64_offset(c, a64_base(c), a64_signed_field(c, 'i') * GRANULE);
	expr_id granule = expr_and(c->pool, address, a64_const(c, 64, -(uint64_t)GRANULE));

	a64_load(c, granule, 8 * GRANULE);
	a64_write(c, 't', untagged(c, a64_read(c, 't')));
}

/* STG, ST2G, STZG, STZ2G: memory stays what it is where it is not cleared, but it has to be there. */
static void build_store(struct a64_ctx *c)
{
	expr_id address = address_by_mode(c, a64_signed_field(c, 'i') * GRANULE);
	unsigned bits = c->row->param & TAG_PAIR ? 2 * 8 * GRANULE : 8 * GRANULE;

	require_aligned(c, address);
	a64_store(c, address, c->row->param & TAG_ZERO ? a64_const(c, bits, 0) : a64_load(c, address, bits));
}

/* STGP */
static void build_store_pair(struct a64_ctx *c)
{
	expr_id low = a64_x(c, a64_field(c, 't'), 64), high = a64_x(c, a64_field(c, 'u'), 64);
	expr_id address = address_by_mode(c, a64_signed_field(c, 'i') * GRANULE);

	require_aligned(c, address);
	a64_store(c, address, expr_concat(c->pool, high, low));
}

#define STORE(opc, param, name) \
	{"11 011 0 01 " opc " 1 iiiiiiiii 01 nnnnn xxxxx", build_store, (param) | TAG_POST, "----", name " post"}, \
		{"11 011 0 01 " opc " 1 iiiiiiiii 10 nnnnn xxxxx", build_store, param, "----", name}, \
	{ \
		"11 011 0 01 " opc " 1 iiiiiiiii 11 nnnnn xxxxx", build_store, (param) | TAG_PRE, "----", name " pre" \
	}

/* clang-format off */
static const struct a64_row a64_tag[] = {
	/* encoding                                   build             param             nzcv    name */
	{"1 0 0 100011 0 iiiiii ?? xxxx nnnnn ddddd", build_add,        0,                "----", "addg"},
	{"1 1 0 100011 0 iiiiii ?? xxxx nnnnn ddddd", build_add,        TAG_SUBTRACT,     "----", "subg"},
	{"1 0 0 11010110 mmmmm 000000 nnnnn ddddd",   build_subtract,   0,                "----", "subp"},
	{"1 0 1 11010110 mmmmm 000000 nnnnn ddddd",   build_subtract,   TAG_FLAGS,        "WWWW", "subps"},
	{"1 0 0 11010110 xxxxx 000100 nnnnn ddddd",   build_irg,        0,                "----", "irg"},
	{"1 0 0 11010110 mmmmm 000101 nnnnn ddddd",   build_gmi,        0,                "----", "gmi"},
	STORE("00", 0,                   "stg"),
	STORE("01", TAG_ZERO,            "stzg"),
	STORE("10", TAG_PAIR,            "st2g"),
	STORE("11", TAG_PAIR | TAG_ZERO, "stz2g"),
	{"11 011 0 01 01 1 iiiiiiiii 00 nnnnn ttttt", build_load,       0,                "----", "ldg"},
	{"01 101 0 001 0 iiiiiii uuuuu nnnnn ttttt",  build_store_pair, TAG_POST,         "----", "stgp post"},
	{"01 101 0 010 0 iiiiiii uuuuu nnnnn ttttt",  build_store_pair, 0,                "----", "stgp"},
	{"01 101 0 011 0 iiiiiii uuuuu nnnnn ttttt",  build_store_pair, TAG_PRE,          "----", "stgp pre"},
	/* For kernels. */
	{"11 011 0 01 00 1 000000000 00 xxxxx xxxxx", a64_build_fault,  FAULT_UNDEFINED,  "----", "stzgm"},
	{"11 011 0 01 10 1 000000000 00 xxxxx xxxxx", a64_build_fault,  FAULT_UNDEFINED,  "----", "stgm"},
	{"11 011 0 01 11 1 000000000 00 xxxxx xxxxx", a64_build_fault,  FAULT_UNDEFINED,  "----", "ldgm"},
};
/* clang-format on */

A64_TABLE(a64_tag);
