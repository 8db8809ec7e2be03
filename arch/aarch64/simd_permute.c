/* Lanes moved: within vectors, by tables, and from and to general registers. */
#include "arch/aarch64/simd.h"

/* ---- Two vectors ---- */

enum { PERMUTE_UZP, PERMUTE_TRN, PERMUTE_ZIP, PERMUTE_HOW = 3, PERMUTE_PART_2 = 4 };

/* Result lane i's lane of Rn, of which there are `num`, followed by those of Rm. */
static unsigned permuted(uint32_t param, unsigned i, unsigned num)
{
	unsigned part = param & PERMUTE_PART_2 ? 1 : 0;

	switch (param & PERMUTE_HOW) {
	case PERMUTE_UZP: return 2 * i + part;
	case PERMUTE_TRN: return i % 2 * num + i / 2 * 2 + part;
	default: return i % 2 * num + i / 2 + part * num / 2;
	}
}

/* UZP1, UZP2, TRN1, TRN2, ZIP1, ZIP2 */
static void build_permute(struct a64_ctx *c)
{
	struct asimd s;
	uint8_t index[16];

	if (!asimd_begin(c, &s))
		return;
	expr_id both = expr_concat(c->pool, asimd_read(c, 'm', s.width), asimd_read(c, 'n', s.width));
	for (unsigned i = 0; i < s.width / s.lane; i++)
		index[i] = (uint8_t)permuted(c->row->param, i, s.width / s.lane);
	a64_set_v(c, a64_field(c, 'd'), asimd_permute(c, both, s.lane, s.width, index));
}

/* EXT: bytes of both from the position on. */
static void build_extract(struct a64_ctx *c)
{
	unsigned width = a64_field(c, 'Q') ? 128 : 64, low = 8 * a64_field(c, 'i');

	if (low >= width) {
		a64_undefined(c);
		return;
	}
	expr_id both = expr_concat(c->pool, asimd_read(c, 'm', width), asimd_read(c, 'n', width));
	a64_set_v(c, a64_field(c, 'd'), expr_extract(c->pool, both, low, width));
}

/* REV16, REV32, REV64: the lanes of each part of so many bits (param's number) in reverse. */
static void build_reverse(struct a64_ctx *c)
{
	unsigned part = c->row->param & SIMD_OP;
	struct asimd s;
	uint8_t index[16];

	if (!asimd_begin(c, &s))
		return;
	for (unsigned i = 0; i < s.width / s.lane; i++)
		index[i] = (uint8_t)(i ^ (part / s.lane - 1));
	a64_set_v(c, a64_field(c, 'd'), asimd_permute(c, asimd_read(c, 'n', s.width), s.lane, s.width, index));
}

enum { TABLE_KEEP = 1 };

/* TBL, TBX: bytes of one to four registers by index; beyond them 0, or what the destination had. */
static void build_table(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned width = a64_field(c, 'Q') ? 128 : 64, num = a64_field(c, 'l') + 1, n = a64_field(c, 'n');
	expr_id table = a64_v(c, n, 128), index = asimd_read(c, 'm', width);

	for (unsigned i = 1; i < num; i++)
		table = expr_concat(p, a64_v(c, (n + i) % 32, 128), table);
	expr_id result = asimd_binary(c, EXPR_VPERM, 8, table, index);
	if (c->row->param & TABLE_KEEP) {
		expr_id beyond = asimd_binary(c, EXPR_VGTU, 8, index, asimd_splat_const(c, 8, width, 16 * num - 1));
		result = expr_or(p, result, expr_and(p, asimd_read(c, 'd', width), beyond));
	}
	a64_set_v(c, a64_field(c, 'd'), result);
}

/* ---- Elements ---- */

/* imm5: its lowest bit that is set is the size, those above are the index. False: reserved. */
static bool decode_element(struct a64_ctx *c, unsigned *ret_lane, unsigned *ret_index)
{
	unsigned imm = a64_field(c, 'i');

	for (unsigned size = 0; size < 4; size++) {
		if (imm >> size & 1) {
			*ret_lane = 8u << size;
			*ret_index = imm >> (size + 1);
			return true;
		}
	}
	a64_undefined(c);
	return false;
}

/* Lanes by imm5, of the sizes that the row has. */
static bool begin_element(struct a64_ctx *c, struct asimd *ret, unsigned *ret_index)
{
	unsigned lane;

	return decode_element(c, &lane, ret_index) && asimd_begin_sized(c, lane, ret);
}

static expr_id read_element(struct a64_ctx *c, unsigned lane, unsigned index)
{
	return expr_extract(c->pool, asimd_read(c, 'n', 128), index * lane, lane);
}

/* DUP of an element, to all lanes or to a scalar. */
static void build_dup_element(struct a64_ctx *c)
{
	struct asimd s;
	unsigned index;

	if (begin_element(c, &s, &index))
		a64_set_v(c, a64_field(c, 'd'), asimd_splat(c, read_element(c, s.lane, index), s.width));
}

/* DUP of a general register */
static void build_dup_general(struct a64_ctx *c)
{
	struct asimd s;
	unsigned index;

	if (begin_element(c, &s, &index))
		a64_set_v(c, a64_field(c, 'd'), asimd_splat(c, a64_x(c, a64_field(c, 'n'), s.lane), s.width));
}

static void insert(struct a64_ctx *c, unsigned index, expr_id value)
{
	a64_set_v(c, a64_field(c, 'd'), asimd_insert(c, asimd_read(c, 'd', 128), index, value));
}

static void build_insert_general(struct a64_ctx *c)
{
	unsigned lane, index;

	if (decode_element(c, &lane, &index))
		insert(c, index, a64_x(c, a64_field(c, 'n'), lane));
}

/* INS from an element: imm4's bits above the size are its index. */
static void build_insert_element(struct a64_ctx *c)
{
	unsigned lane, index;

	if (decode_element(c, &lane, &index))
		insert(c, index, read_element(c, lane, a64_field(c, 'j') / (lane / 8)));
}

/* SMOV, UMOV: Q chooses the general register's width, which is that of the largest element. UMOV of 64 bits has those
 * alone. */
static void build_move_general(struct a64_ctx *c)
{
	bool is_signed = asimd_is(c, SIMD_SIGNED);
	unsigned width = a64_field(c, 'Q') ? 64 : 32, lane, index;

	if (!decode_element(c, &lane, &index))
		return;
	bool fits = is_signed ? lane < width : lane == 64 || width == 32;
	if (!fits || lane > width) {
		a64_undefined(c);
		return;
	}
	expr_id value = read_element(c, lane, index);
	value = is_signed ? expr_sext(c->pool, value, width) : value;
	a64_set_x(c, a64_field(c, 'd'), value);
}

/*
 * LUTI2, LUTI4 (FEAT_LUT): each lane of the result is one of Rn, for 16 halves of Rn and the register behind it, by an
 * index of two or four bits (the parameter) from a segment of Rm. An index lies in one byte.
 */
static void build_lookup(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned bits = c->row->param & SIMD_OP, lane = asimd_is(c, SIMD_H) ? 16 : 8, lanes = 128 / lane;
	unsigned first = a64_field(c, 'i') * lanes * bits, n = a64_field(c, 'n');
	uint8_t bytes[16];
	uint64_t shifts[EXPR_MAX_WORDS] = {0};

	for (unsigned i = 0; i < lanes; i++) {
		bytes[i] = (uint8_t)((first + i * bits) / 8);
		shifts[i / 8] |= (uint64_t)(i * bits % 8) << i % 8 * 8;
	}
	expr_id index = asimd_permute(c, asimd_read(c, 'm', 128), 8, 8 * lanes, bytes);
	index = asimd_binary(c, EXPR_VLSHRV, 8, index, expr_const_wide(p, 8 * lanes, shifts));
	index = expr_and(p, index, asimd_splat_const(c, 8, 8 * lanes, (1u << bits) - 1));
	if (lane == 16)
		index = asimd_unary(c, EXPR_VWIDENU, 8, index);
	expr_id table = a64_v(c, n, 128);
	if (lane << bits > 128)
		table = expr_concat(p, a64_v(c, (n + 1) % 32, 128), table);
	a64_set_v(c, a64_field(c, 'd'), asimd_binary(c, EXPR_VPERM, lane, table, index));
}

/* clang-format off */
static const struct a64_row a64_simd_permute[] = {
	/* Two vectors */
	{"0 Q 001110 zz 0 mmmmm 0 001 10 nnnnn ddddd",  build_permute, PERMUTE_UZP | SIMD_ALL,                  "----", "uzp1"},
	{"0 Q 001110 zz 0 mmmmm 0 101 10 nnnnn ddddd",  build_permute, PERMUTE_PART_2 | PERMUTE_UZP | SIMD_ALL, "----", "uzp2"},
	{"0 Q 001110 zz 0 mmmmm 0 010 10 nnnnn ddddd",  build_permute, PERMUTE_TRN | SIMD_ALL,                  "----", "trn1"},
	{"0 Q 001110 zz 0 mmmmm 0 110 10 nnnnn ddddd",  build_permute, PERMUTE_PART_2 | PERMUTE_TRN | SIMD_ALL, "----", "trn2"},
	{"0 Q 001110 zz 0 mmmmm 0 011 10 nnnnn ddddd",  build_permute, PERMUTE_ZIP | SIMD_ALL,                  "----", "zip1"},
	{"0 Q 001110 zz 0 mmmmm 0 111 10 nnnnn ddddd",  build_permute, PERMUTE_PART_2 | PERMUTE_ZIP | SIMD_ALL, "----", "zip2"},
	{"0 Q 101110 00 0 mmmmm 0 iiii 0 nnnnn ddddd",  build_extract, 0,                                       "----", "ext"},
	{"0 Q 001110 00 0 mmmmm 0 ll 0 00 nnnnn ddddd", build_table,   0,                                       "----", "tbl"},
	{"0 Q 001110 00 0 mmmmm 0 ll 1 00 nnnnn ddddd", build_table,   TABLE_KEEP,                              "----", "tbx"},
	{"0 1 001110 10 0 mmmmm 0 ii 1 00 nnnnn ddddd", build_lookup,  2 | SIMD_B,                              "----", "luti2 b"},
	{"0 1 001110 11 0 mmmmm 0 iii 00 nnnnn ddddd",  build_lookup,  2 | SIMD_H,                              "----", "luti2 h"},
	{"0 1 001110 01 0 mmmmm 0 i 10 00 nnnnn ddddd", build_lookup,  4 | SIMD_B,                              "----", "luti4 b"},
	{"0 1 001110 01 0 mmmmm 0 ii 1 00 nnnnn ddddd", build_lookup,  4 | SIMD_H,                              "----", "luti4 h"},

	/* One vector */
	{"0 Q 0 01110 zz 10000 00000 10 nnnnn ddddd", build_reverse, 64 | SIMD_BHS, "----", "rev64 vector"},
	{"0 Q 1 01110 zz 10000 00000 10 nnnnn ddddd", build_reverse, 32 | SIMD_BH,  "----", "rev32 vector"},
	{"0 Q 0 01110 zz 10000 00001 10 nnnnn ddddd", build_reverse, 16 | SIMD_B,   "----", "rev16 vector"},

	/* Elements */
	{"0 Q 0 01110000 iiiii 0 0000 1 nnnnn ddddd", build_dup_element,    SIMD_ALL,    "----", "dup element"},
	{"0 Q 0 01110000 iiiii 0 0001 1 nnnnn ddddd", build_dup_general,    SIMD_ALL,    "----", "dup general"},
	{"01 0 11110000 iiiii 0 0000 1 nnnnn ddddd",  build_dup_element,    SIMD_ALL,    "----", "dup scalar"},
	{"0 1 0 01110000 iiiii 0 0011 1 nnnnn ddddd", build_insert_general, 0,           "----", "ins general"},
	{"0 1 1 01110000 iiiii 0 jjjj 1 nnnnn ddddd", build_insert_element, 0,           "----", "ins element"},
	{"0 Q 0 01110000 iiiii 0 0101 1 nnnnn ddddd", build_move_general,   SIMD_SIGNED, "----", "smov"},
	{"0 Q 0 01110000 iiiii 0 0111 1 nnnnn ddddd", build_move_general,   0,           "----", "umov"},
};
/* clang-format on */

A64_TABLE(a64_simd_permute);
