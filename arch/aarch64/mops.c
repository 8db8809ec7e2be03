/*
 * FEAT_MOPS: memory copy and memory set (Arm ARM C6.2, CPYP and SETP and their kin).
 *
 * A prologue, a main part and an epilogue do the work together. How much of it the prologue and the main part do is
 * IMPLEMENTATION DEFINED; what is left the registers say, and the epilogue does it. So the transfer of a prologue makes
 * the registers ready and copies nothing, those of the others copy or set one piece; what more a step did the
 * registers behind it tell (insn.rest, insn.may_leave).
 *
 * The registers are those of option A, as QEMU has it: a size that counts up to 0 from below, with the addresses behind
 * the end, or, of a copy that runs backward, down to 0 from above. Option B sets the carry, and of registers in its
 * manner nothing is predicted.
 */
#include "arch/aarch64/aarch64.h"

enum {
	MOPS_SET = 1,
	MOPS_FORWARD = 2, /* CPYF*: whatever overlaps */
	MOPS_TAGS = 4,    /* SETG*: sets allocation tags as well, of 16 bytes each */
	MOPS_PROLOGUE = 8,
	MOPS_MAIN = 16,
	MOPS_EPILOGUE = 32,
};

/* The word of the main part to which a prologue belongs. */
static uint32_t main_part(const struct a64_ctx *c)
{
	return c->word | (c->row->param & MOPS_SET ? UINT32_C(1) << 14 : UINT32_C(1) << 22);
}

/*
 * Registers that are the same, or 31: CONSTRAINED UNPREDICTABLE, UNDEFINED or nothing (Arm ARM K1.2). The data of a
 * set may be XZR.
 */
static bool registers_clash(const struct a64_ctx *c)
{
	unsigned d = a64_field(c, 'd'), s = a64_field(c, 'S'), n = a64_field(c, 'n');

	return d == n || d == s || s == n || d == 31 || n == 31 || (s == 31 && !(c->row->param & MOPS_SET));
}

static expr_id is_negative(struct a64_ctx *c, expr_id a)
{
	return expr_msb(c->pool, a);
}

/* Tags are those of whole granules: neither address nor size may end within one, if there is something to do. */
static void require_granules(struct a64_ctx *c, expr_id address, expr_id size)
{
	struct expr_pool *p = c->pool;
	expr_id low = expr_extract(p, expr_or(p, address, size), 0, 4);
	expr_id works = expr_not(p, expr_is_zero(p, size));

	if (c->row->param & MOPS_TAGS)
		transfer_add_fault(c->t, expr_and(p, works, expr_not(p, expr_is_zero(p, low))), FAULT_ALIGNMENT);
}

/* The least that is copied or set: with tags a granule, else a byte. */
static unsigned piece_bytes(const struct a64_ctx *c)
{
	return c->row->param & MOPS_TAGS ? 16 : 1;
}

/* ---- Prologues ---- */

static expr_id saturate(struct a64_ctx *c, expr_id size)
{
	struct expr_pool *p = c->pool;
	bool both_ways = !(c->row->param & (MOPS_SET | MOPS_FORWARD));
	uint64_t most = both_ways ? UINT64_MAX >> 9 : UINT64_MAX >> 1;

	if (c->row->param & MOPS_TAGS)
		most &= ~UINT64_C(15);
	expr_id above = both_ways ? expr_not(p, expr_is_zero(p, expr_extract(p, size, 55, 9))) : is_negative(c, size);
	return expr_ite(p, above, a64_const(c, 64, most), size);
}

/*
 * A copy runs backward where the end of what is read would be overwritten first. Where nothing overlaps, the direction
 * is up to the implementation: forward, as QEMU has it. Tags of addresses do not count.
 */
static expr_id runs_backward(struct a64_ctx *c, expr_id to, expr_id from, expr_id size)
{
	struct expr_pool *p = c->pool;
	expr_id to56 = expr_zext(p, expr_extract(p, to, 0, 56), 64);
	expr_id from56 = expr_zext(p, expr_extract(p, from, 0, 56), 64);

	if (c->row->param & (MOPS_SET | MOPS_FORWARD))
		return a64_const(c, 1, 0);
	return expr_and(p, expr_ult(p, from56, to56), expr_ult(p, to56, expr_add(p, from56, size)));
}

static void build_prologue(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id size = saturate(c, a64_read(c, 'n')), to = a64_read(c, 'd'), from = a64_read(c, 'S');
	expr_id backward = runs_backward(c, to, from, size);

	require_granules(c, to, size);
	a64_write(c, 'd', expr_ite(p, backward, to, expr_add(p, to, size)));
	if (!(c->row->param & MOPS_SET))
		a64_write(c, 'S', expr_ite(p, backward, from, expr_add(p, from, size)));
	a64_write(c, 'n', expr_ite(p, backward, size, expr_neg(p, size)));
	c->rest = main_part(c);
	c->may_leave = true;
}

/* ---- Main parts and epilogues ---- */

/* There is something to be copied or set, and where it is from the addresses. */
struct piece {
	expr_id runs, backward, offset, left;
};

static struct piece next_piece(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id size = a64_read(c, 'n'), bytes = a64_const(c, 64, piece_bytes(c));
	struct piece piece = {.backward = expr_not(p, is_negative(c, size))};

	piece.runs = expr_not(p, expr_is_zero(p, size));
	piece.offset = expr_ite(p, piece.backward, expr_sub(p, size, bytes), size);
	piece.left = expr_ite(p, piece.backward, expr_sub(p, size, bytes), expr_add(p, size, bytes));
	return piece;
}

/*
 * What is copied. It is read a number of bytes at a time that is up to the implementation: where more is to be copied
 * than lies between source and destination, it may have been overwritten before.
 */
static expr_id copied(struct a64_ctx *c, const struct piece *piece)
{
	struct expr_pool *p = c->pool;
	expr_id to = a64_read(c, 'd'), from = a64_read(c, 'S'), size = a64_read(c, 'n');
	expr_id here = a64_const(c, 64, c->pc & ~UINT64_C(63)); /* with nothing to do it must not fault */
	expr_id address = expr_ite(p, piece->runs, expr_add(p, from, piece->offset), here);
	expr_id byte = a64_load(c, address, 8);
	expr_id ahead = expr_ite(p, piece->backward, expr_sub(p, from, to), expr_sub(p, to, from));
	expr_id count = expr_ite(p, piece->backward, size, expr_neg(p, size));
	expr_id spoilt = expr_and(p, expr_ult(p, ahead, count), expr_not(p, expr_is_zero(p, ahead)));

	return expr_ite(p, spoilt, expr_undef(p, 8), byte);
}

/* The low byte of the data register, as often as fits. */
static expr_id set_to(struct a64_ctx *c)
{
	expr_id value = a64_x(c, a64_field(c, 'S'), 8);

	for (unsigned bytes = 1; bytes < piece_bytes(c); bytes *= 2)
		value = expr_concat(c->pool, value, value);
	return value;
}

/*
 * What an implementation's prologue and main part would not have left, its parts may refuse: another option, another
 * direction, and for an epilogue more than some bytes, which for QEMU are a page.
 */
static void refuse_others(struct a64_ctx *c, const struct piece *piece)
{
	enum { EPILOGUE_MAX = 4095 };
	struct expr_pool *p = c->pool;
	expr_id size = a64_read(c, 'n'), count = expr_ite(p, piece->backward, size, expr_neg(p, size));

	a64_leave_open(c, expr_reg(p, 1, A64_cf));
	if (c->row->param & (MOPS_SET | MOPS_FORWARD))
		a64_leave_open(c, expr_and(p, piece->backward, piece->runs));
	if (c->row->param & MOPS_EPILOGUE)
		a64_leave_open(c, expr_ult(p, a64_const(c, 64, EPILOGUE_MAX), count));
}

static void build_part(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct piece piece = next_piece(c);
	expr_id size = a64_read(c, 'n'), again = expr_not(p, expr_is_zero(p, piece.left));

	refuse_others(c, &piece);
	require_granules(c, a64_read(c, 'd'), size);
	expr_id value = c->row->param & MOPS_SET ? set_to(c) : copied(c, &piece);
	a64_store_if(c, piece.runs, expr_add(p, a64_read(c, 'd'), piece.offset), value);
	a64_write(c, 'n', expr_ite(p, piece.runs, piece.left, size));
	a64_goto(c, expr_ite(p, expr_and(p, piece.runs, again), a64_const(c, 64, c->pc), a64_const(c, 64, c->pc + 4)));
	c->rest = c->word;
	c->may_leave = c->row->param & MOPS_MAIN;
}

/* All of them. */
static void build_mops(struct a64_ctx *c)
{
	if (registers_clash(c)) {
		a64_may_refuse(c);
		return;
	}
	if (c->row->param & MOPS_PROLOGUE)
		build_prologue(c);
	else
		build_part(c);
}

/* The last field of a copy, and of a set, holds hints and what an access is privileged as: both do nothing at EL0. */
#define COPY(kind, param, name) \
	{"00 011 " kind " 01 00 0 SSSSS xxxx 01 nnnnn ddddd", build_mops, MOPS_PROLOGUE | (param), "0000", name "p"}, \
		{"00 011 " kind " 01 01 0 SSSSS xxxx 01 nnnnn ddddd", build_mops, MOPS_MAIN | (param), "--R-", \
		 name "m"}, \
	{ \
		"00 011 " kind " 01 10 0 SSSSS xxxx 01 nnnnn ddddd", build_mops, MOPS_EPILOGUE | (param), "--R-", \
			name "e" \
	}
#define SET(kind, param, name) \
	{"00 011 " kind " 01 11 0 SSSSS 00 xx 01 nnnnn ddddd", build_mops, MOPS_SET | MOPS_PROLOGUE | (param), "0000", \
	 name "p"}, \
		{"00 011 " kind " 01 11 0 SSSSS 01 xx 01 nnnnn ddddd", build_mops, MOPS_SET | MOPS_MAIN | (param), \
		 "--R-", name "m"}, \
	{ \
		"00 011 " kind " 01 11 0 SSSSS 10 xx 01 nnnnn ddddd", build_mops, MOPS_SET | MOPS_EPILOGUE | (param), \
			"--R-", name "e" \
	}

static const struct a64_row a64_mops[] = {
	COPY("0", MOPS_FORWARD, "cpyf"),
	COPY("1", 0, "cpy"),
	SET("0", 0, "set"),
	SET("1", MOPS_TAGS, "setg"),
};

A64_TABLE(a64_mops);
