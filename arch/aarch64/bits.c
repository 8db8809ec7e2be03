/* Bit fields, extraction, variable shifts, counts and orders of bits, CRC32. */
#include "arch/aarch64/aarch64.h"

enum field { FIELD_SIGNED, FIELD_INSERT, FIELD_UNSIGNED };

/*
 * SBFM, BFM, UBFM: bits S:R of the source at bit 0, or, if S is less than R, bits S:0 at bit width - R. Below the field
 * comes zero, above it zero or the field's sign; BFM keeps what is there.
 */
static void build_bit_field(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned r = a64_field(c, 'r'), s = a64_field(c, 'e'), width = c->width;

	if (a64_field(c, 'N') != (width == 64) || r >= width || s >= width) {
		a64_undefined(c);
		return;
	}
	unsigned from = s >= r ? r : 0, to = s >= r ? 0 : width - r, len = s - from + 1;
	expr_id field = expr_extract(p, a64_read(c, 'n'), from, len), result;
	if (c->row->param == FIELD_INSERT) {
		uint64_t mask = (len == 64 ? UINT64_MAX : (UINT64_C(1) << len) - 1) << to;
		expr_id kept = expr_and(p, a64_read(c, 'd'), a64_const(c, width, ~mask));
		result = expr_or(p, kept, a64_shift(c, expr_zext(p, field, width), 0, to));
	} else {
		expr_id wide = c->row->param == FIELD_SIGNED ? expr_sext(p, field, width) : expr_zext(p, field, width);
		result = a64_shift(c, wide, 0, to);
	}
	a64_write(c, 'd', result);
}

/* EXTR: `width` bits of Rn:Rm from the given one up. */
static void build_extract(struct a64_ctx *c)
{
	unsigned low = a64_field(c, 'i');

	if (a64_field(c, 'N') != (c->width == 64) || low >= c->width) {
		a64_undefined(c);
		return;
	}
	expr_id pair = expr_concat(c->pool, a64_read(c, 'n'), a64_read(c, 'm'));
	a64_write(c, 'd', expr_extract(c->pool, pair, low, c->width));
}

/* LSLV, LSRV, ASRV, RORV: by the count modulo the width. */
static void build_shift(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id count = expr_and(p, a64_read(c, 'm'), a64_const(c, c->width, c->width - 1));

	a64_write(c, 'd', expr_binary(p, c->row->param, a64_read(c, 'n'), count));
}

/* RBIT, CLZ: param is the operator. */
static void build_unary(struct a64_ctx *c)
{
	a64_write(c, 'd', expr_unary(c->pool, c->row->param, a64_read(c, 'n')));
}

/* CLS: how many bits below the sign are like it. */
static void build_count_sign(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id value = a64_read(c, 'n');
	expr_id changes = expr_xor(p, expr_extract(p, value, 1, c->width - 1), expr_extract(p, value, 0, c->width - 1));

	a64_write(c, 'd', expr_zext(p, expr_unary(p, EXPR_CLZ, changes), c->width));
}

/* REV16, REV32, REV: the bytes of each container of param bits turned around. */
static void build_reverse(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned container = c->row->param;
	expr_id value = a64_read(c, 'n'), result = EXPR_NONE;

	for (unsigned low = 0; low < c->width; low += container) {
		expr_id part = expr_unary(p, EXPR_BSWAP, expr_extract(p, value, low, container));
		result = low ? expr_concat(p, part, result) : part;
	}
	a64_write(c, 'd', result);
}

/* REV of 32 bits. */
static void build_reverse_w(struct a64_ctx *c)
{
	c->width = 32;
	build_reverse(c);
}

/* CRC32B .. CRC32CX: a step for each bit of Rm, the lowest first; the polynomial, param, is written in reverse. */
static void build_crc32(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned width = 8u << (c->word >> 10 & 3);
	expr_id crc = a64_x(c, a64_field(c, 'n'), 32), data = a64_x(c, a64_field(c, 'm'), width);
	expr_id polynomial = a64_const(c, 32, c->row->param), zero = a64_const(c, 32, 0);

	for (unsigned i = 0; i < width; i++) {
		expr_id out = expr_xor(p, expr_bit(p, crc, 0), expr_bit(p, data, i));
		expr_id shifted = expr_lshr(p, crc, a64_const(c, 8, 1));
		crc = expr_xor(p, shifted, expr_ite(p, out, polynomial, zero));
	}
	a64_write(c, 'd', crc);
}

/* ABS, SMAX, UMAX, SMIN, UMIN: with CTZ and CNT those of FEAT_CSSC. */
static void build_absolute(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id value = a64_read(c, 'n');

	a64_write(c, 'd', expr_ite(p, expr_msb(p, value), expr_neg(p, value), value));
}

enum {
	IS_SIGNED = 1,
	IS_MIN = 2,
	PICK_UMAX = 0,
	PICK_SMAX = IS_SIGNED,
	PICK_UMIN = IS_MIN,
	PICK_SMIN = IS_SIGNED | IS_MIN
};

static void build_extremum(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	bool is_signed = c->row->param & IS_SIGNED;
	int64_t immediate = !a64_has(c, 'i') ? 0 : is_signed ? a64_signed_field(c, 'i') : (int64_t)a64_field(c, 'i');
	expr_id a = a64_read(c, 'n');
	expr_id b = a64_has(c, 'm') ? a64_read(c, 'm') : a64_const(c, c->width, (uint64_t)immediate);
	expr_id less = is_signed ? expr_slt(p, a, b) : expr_ult(p, a, b);

	if (!(c->row->param & IS_MIN))
		less = expr_not(p, less);
	a64_write(c, 'd', expr_ite(p, less, a, b));
}

/* clang-format off */
static const struct a64_row a64_bits[] = {
	/* encoding                                    build             param           nzcv    name */
	{"s 00 100110 N rrrrrr eeeeee nnnnn ddddd",    build_bit_field,  FIELD_SIGNED,   "----", "sbfm"},
	{"s 01 100110 N rrrrrr eeeeee nnnnn ddddd",    build_bit_field,  FIELD_INSERT,   "----", "bfm"},
	{"s 10 100110 N rrrrrr eeeeee nnnnn ddddd",    build_bit_field,  FIELD_UNSIGNED, "----", "ubfm"},
	{"s 00 100111 N 0 mmmmm iiiiii nnnnn ddddd",   build_extract,    0,              "----", "extr"},
	{"s 00 11010110 mmmmm 001000 nnnnn ddddd",     build_shift,      EXPR_SHL,       "----", "lslv"},
	{"s 00 11010110 mmmmm 001001 nnnnn ddddd",     build_shift,      EXPR_LSHR,      "----", "lsrv"},
	{"s 00 11010110 mmmmm 001010 nnnnn ddddd",     build_shift,      EXPR_ASHR,      "----", "asrv"},
	{"s 00 11010110 mmmmm 001011 nnnnn ddddd",     build_shift,      EXPR_ROR,       "----", "rorv"},
	{"s 10 11010110 00000 000000 nnnnn ddddd",     build_unary,      EXPR_BITREV,    "----", "rbit"},
	{"s 10 11010110 00000 000001 nnnnn ddddd",     build_reverse,    16,             "----", "rev16"},
	{"0 10 11010110 00000 000010 nnnnn ddddd",     build_reverse_w,  32,             "----", "rev w"},
	{"1 10 11010110 00000 000010 nnnnn ddddd",     build_reverse,    32,             "----", "rev32"},
	{"1 10 11010110 00000 000011 nnnnn ddddd",     build_reverse,    64,             "----", "rev x"},
	{"s 10 11010110 00000 000100 nnnnn ddddd",     build_unary,      EXPR_CLZ,       "----", "clz"},
	{"s 10 11010110 00000 000101 nnnnn ddddd",     build_count_sign, 0,              "----", "cls"},
	{"s 10 11010110 00000 000110 nnnnn ddddd",     build_unary,      EXPR_CTZ,       "----", "ctz"},
	{"s 10 11010110 00000 000111 nnnnn ddddd",     build_unary,      EXPR_POPCNT,    "----", "cnt"},
	{"s 10 11010110 00000 001000 nnnnn ddddd",     build_absolute,   0,              "----", "abs"},
	{"0 00 11010110 mmmmm 010 0 00 nnnnn ddddd",   build_crc32,      0xedb88320,     "----", "crc32b"},
	{"0 00 11010110 mmmmm 010 0 01 nnnnn ddddd",   build_crc32,      0xedb88320,     "----", "crc32h"},
	{"0 00 11010110 mmmmm 010 0 10 nnnnn ddddd",   build_crc32,      0xedb88320,     "----", "crc32w"},
	{"1 00 11010110 mmmmm 010 0 11 nnnnn ddddd",   build_crc32,      0xedb88320,     "----", "crc32x"},
	{"0 00 11010110 mmmmm 010 1 00 nnnnn ddddd",   build_crc32,      0x82f63b78,     "----", "crc32cb"},
	{"0 00 11010110 mmmmm 010 1 01 nnnnn ddddd",   build_crc32,      0x82f63b78,     "----", "crc32ch"},
	{"0 00 11010110 mmmmm 010 1 10 nnnnn ddddd",   build_crc32,      0x82f63b78,     "----", "crc32cw"},
	{"1 00 11010110 mmmmm 010 1 11 nnnnn ddddd",   build_crc32,      0x82f63b78,     "----", "crc32cx"},
	{"s 00 11010110 mmmmm 0110 00 nnnnn ddddd",     build_extremum,   PICK_SMAX,      "----", "smax reg"},
	{"s 00 11010110 mmmmm 0110 01 nnnnn ddddd",     build_extremum,   PICK_UMAX,      "----", "umax reg"},
	{"s 00 11010110 mmmmm 0110 10 nnnnn ddddd",     build_extremum,   PICK_SMIN,      "----", "smin reg"},
	{"s 00 11010110 mmmmm 0110 11 nnnnn ddddd",     build_extremum,   PICK_UMIN,      "----", "umin reg"},
	{"s 00 100011 1 0000 iiiiiiii nnnnn ddddd",     build_extremum,   PICK_SMAX,      "----", "smax imm"},
	{"s 00 100011 1 0001 iiiiiiii nnnnn ddddd",     build_extremum,   PICK_UMAX,      "----", "umax imm"},
	{"s 00 100011 1 0010 iiiiiiii nnnnn ddddd",     build_extremum,   PICK_SMIN,      "----", "smin imm"},
	{"s 00 100011 1 0011 iiiiiiii nnnnn ddddd",     build_extremum,   PICK_UMIN,      "----", "umin imm"},
};
/* clang-format on */

A64_TABLE(a64_bits);
