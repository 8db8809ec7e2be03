/*
 * Structures of one to four elements between memory and as many registers: all lanes, one lane, or one structure to all
 * lanes. A structure's elements lie side by side in memory. Each instruction is one access, of at most 64 bytes.
 */
#include "arch/aarch64/simd.h"

enum {
	ELEMENTS = 7,      /* of a structure: 1 to 4 */
	REGISTERS_LOW = 3, /* 1 to 4, where they are more than elements: shifted by so many bits */
	LOADS = 1 << 6,
	MAX_LANES = 64,
};

static unsigned elements(const struct a64_ctx *c)
{
	return c->row->param & ELEMENTS;
}

static unsigned nth_register(const struct a64_ctx *c, unsigned i)
{
	return (a64_field(c, 't') + i) % 32;
}

/* Post-indexed forms have a field m: a register, or 31 for the number of bytes. */
static void write_back(struct a64_ctx *c, expr_id base, unsigned bytes)
{
	if (!a64_has(c, 'm'))
		return;
	unsigned m = a64_field(c, 'm');
	expr_id offset = m == 31 ? a64_const(c, 64, bytes) : a64_x(c, m, 64);
	a64_write_back(c, expr_add(c->pool, base, offset));
}

/* ---- All lanes ---- */

/*
 * Lanes of registers, one after the other, in the order of memory: lane e of register r is element r of structure e.
 * Back again with the roles of both exchanged.
 */
static expr_id transpose(struct a64_ctx *c, expr_id value, unsigned lane, unsigned rows, unsigned columns)
{
	uint8_t index[MAX_LANES];

	for (unsigned i = 0; i < rows * columns; i++)
		index[i] = (uint8_t)(i % rows * columns + i / rows);
	return asimd_permute(c, value, lane, expr_width(c->pool, value), index);
}

static void load_all(struct a64_ctx *c, expr_id base, const struct asimd *s, unsigned registers)
{
	expr_id value = a64_load(c, base, registers * s->width);

	if (elements(c) > 1)
		value = transpose(c, value, s->lane, s->width / s->lane, registers);
	for (unsigned i = 0; i < registers; i++)
		a64_set_v(c, nth_register(c, i), expr_extract(c->pool, value, i * s->width, s->width));
}

static void store_all(struct a64_ctx *c, expr_id base, const struct asimd *s, unsigned registers)
{
	expr_id value = a64_v(c, nth_register(c, 0), s->width);

	for (unsigned i = 1; i < registers; i++)
		value = expr_concat(c->pool, a64_v(c, nth_register(c, i), s->width), value);
	if (elements(c) > 1)
		value = transpose(c, value, s->lane, registers, s->width / s->lane);
	a64_store(c, base, value);
}

/* LD1 .. LD4, ST1 .. ST4 of several structures. Those of single elements have lanes of 64 bits in 64 bits, too. */
static void build_multiple(struct a64_ctx *c)
{
	struct asimd s = {8u << a64_field(c, 'z'), a64_field(c, 'Q') ? 128 : 64};
	unsigned registers = c->row->param >> REGISTERS_LOW & 7;

	if (elements(c) > 1 && s.lane == s.width) {
		a64_undefined(c);
		return;
	}
	expr_id base = a64_base(c);
	if (c->row->param & LOADS)
		load_all(c, base, &s, registers);
	else
		store_all(c, base, &s, registers);
	write_back(c, base, registers * s.width / 8);
}

/* ---- One structure ---- */

/* The lane and its index in Q:S:size, whose lowest bits are the size of larger lanes; false: undefined. */
static bool decode_lane(struct a64_ctx *c, unsigned *ret_lane, unsigned *ret_index)
{
	unsigned scale = a64_field(c, 'k'), size = a64_field(c, 'z');
	unsigned index = a64_field(c, 'Q') << 3 | a64_field(c, 'S') << 2 | size;

	if (scale == 2 && size == 1 && !a64_field(c, 'S'))
		scale = 3;
	else if (scale == 3 || (scale == 1 && size & 1) || (scale == 2 && size)) {
		a64_undefined(c);
		return false;
	}
	*ret_lane = 8u << scale;
	*ret_index = index >> scale;
	return true;
}

/* LD1 .. LD4, ST1 .. ST4 of one lane. */
static void build_single(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned lane, index, num = elements(c);

	if (!decode_lane(c, &lane, &index))
		return;
	expr_id base = a64_base(c), value = EXPR_NONE;
	if (c->row->param & LOADS)
		value = a64_load(c, base, num * lane);
	for (unsigned i = 0; i < num; i++) {
		expr_id vector = a64_v(c, nth_register(c, i), 128);
		if (c->row->param & LOADS) {
			expr_id element = expr_extract(p, value, i * lane, lane);
			a64_set_v(c, nth_register(c, i), asimd_insert(c, vector, index, element));
		} else {
			expr_id element = expr_extract(p, vector, index * lane, lane);
			value = i ? expr_concat(p, element, value) : element;
		}
	}
	if (!(c->row->param & LOADS))
		a64_store(c, base, value);
	write_back(c, base, num * lane / 8);
}

/* LD1R .. LD4R */
static void build_replicate(struct a64_ctx *c)
{
	unsigned lane = 8u << a64_field(c, 'z'), width = a64_field(c, 'Q') ? 128 : 64, num = elements(c);
	expr_id base = a64_base(c), value = a64_load(c, base, num * lane);

	for (unsigned i = 0; i < num; i++) {
		expr_id element = expr_extract(c->pool, value, i * lane, lane);
		a64_set_v(c, nth_register(c, i), asimd_splat(c, element, width));
	}
	write_back(c, base, num * lane / 8);
}

/* clang-format off */
static const struct a64_row a64_simd_memory[] = {
	/* All lanes */
	{"0 Q 001100 0 1 0 00000 0111 zz nnnnn ttttt",  build_multiple,  LOADS | 1 << REGISTERS_LOW | 1, "----", "ld1 multiple 1"},
	{"0 Q 001100 1 1 0 mmmmm 0111 zz nnnnn ttttt",  build_multiple,  LOADS | 1 << REGISTERS_LOW | 1, "----", "ld1 multiple 1 post"},
	{"0 Q 001100 0 1 0 00000 1010 zz nnnnn ttttt",  build_multiple,  LOADS | 2 << REGISTERS_LOW | 1, "----", "ld1 multiple 2"},
	{"0 Q 001100 1 1 0 mmmmm 1010 zz nnnnn ttttt",  build_multiple,  LOADS | 2 << REGISTERS_LOW | 1, "----", "ld1 multiple 2 post"},
	{"0 Q 001100 0 1 0 00000 0110 zz nnnnn ttttt",  build_multiple,  LOADS | 3 << REGISTERS_LOW | 1, "----", "ld1 multiple 3"},
	{"0 Q 001100 1 1 0 mmmmm 0110 zz nnnnn ttttt",  build_multiple,  LOADS | 3 << REGISTERS_LOW | 1, "----", "ld1 multiple 3 post"},
	{"0 Q 001100 0 1 0 00000 0010 zz nnnnn ttttt",  build_multiple,  LOADS | 4 << REGISTERS_LOW | 1, "----", "ld1 multiple 4"},
	{"0 Q 001100 1 1 0 mmmmm 0010 zz nnnnn ttttt",  build_multiple,  LOADS | 4 << REGISTERS_LOW | 1, "----", "ld1 multiple 4 post"},
	{"0 Q 001100 0 1 0 00000 1000 zz nnnnn ttttt",  build_multiple,  LOADS | 2 << REGISTERS_LOW | 2, "----", "ld2 multiple"},
	{"0 Q 001100 1 1 0 mmmmm 1000 zz nnnnn ttttt",  build_multiple,  LOADS | 2 << REGISTERS_LOW | 2, "----", "ld2 multiple post"},
	{"0 Q 001100 0 1 0 00000 0100 zz nnnnn ttttt",  build_multiple,  LOADS | 3 << REGISTERS_LOW | 3, "----", "ld3 multiple"},
	{"0 Q 001100 1 1 0 mmmmm 0100 zz nnnnn ttttt",  build_multiple,  LOADS | 3 << REGISTERS_LOW | 3, "----", "ld3 multiple post"},
	{"0 Q 001100 0 1 0 00000 0000 zz nnnnn ttttt",  build_multiple,  LOADS | 4 << REGISTERS_LOW | 4, "----", "ld4 multiple"},
	{"0 Q 001100 1 1 0 mmmmm 0000 zz nnnnn ttttt",  build_multiple,  LOADS | 4 << REGISTERS_LOW | 4, "----", "ld4 multiple post"},
	{"0 Q 001100 0 0 0 00000 0111 zz nnnnn ttttt",  build_multiple,  1 << REGISTERS_LOW | 1,         "----", "st1 multiple 1"},
	{"0 Q 001100 1 0 0 mmmmm 0111 zz nnnnn ttttt",  build_multiple,  1 << REGISTERS_LOW | 1,         "----", "st1 multiple 1 post"},
	{"0 Q 001100 0 0 0 00000 1010 zz nnnnn ttttt",  build_multiple,  2 << REGISTERS_LOW | 1,         "----", "st1 multiple 2"},
	{"0 Q 001100 1 0 0 mmmmm 1010 zz nnnnn ttttt",  build_multiple,  2 << REGISTERS_LOW | 1,         "----", "st1 multiple 2 post"},
	{"0 Q 001100 0 0 0 00000 0110 zz nnnnn ttttt",  build_multiple,  3 << REGISTERS_LOW | 1,         "----", "st1 multiple 3"},
	{"0 Q 001100 1 0 0 mmmmm 0110 zz nnnnn ttttt",  build_multiple,  3 << REGISTERS_LOW | 1,         "----", "st1 multiple 3 post"},
	{"0 Q 001100 0 0 0 00000 0010 zz nnnnn ttttt",  build_multiple,  4 << REGISTERS_LOW | 1,         "----", "st1 multiple 4"},
	{"0 Q 001100 1 0 0 mmmmm 0010 zz nnnnn ttttt",  build_multiple,  4 << REGISTERS_LOW | 1,         "----", "st1 multiple 4 post"},
	{"0 Q 001100 0 0 0 00000 1000 zz nnnnn ttttt",  build_multiple,  2 << REGISTERS_LOW | 2,         "----", "st2 multiple"},
	{"0 Q 001100 1 0 0 mmmmm 1000 zz nnnnn ttttt",  build_multiple,  2 << REGISTERS_LOW | 2,         "----", "st2 multiple post"},
	{"0 Q 001100 0 0 0 00000 0100 zz nnnnn ttttt",  build_multiple,  3 << REGISTERS_LOW | 3,         "----", "st3 multiple"},
	{"0 Q 001100 1 0 0 mmmmm 0100 zz nnnnn ttttt",  build_multiple,  3 << REGISTERS_LOW | 3,         "----", "st3 multiple post"},
	{"0 Q 001100 0 0 0 00000 0000 zz nnnnn ttttt",  build_multiple,  4 << REGISTERS_LOW | 4,         "----", "st4 multiple"},
	{"0 Q 001100 1 0 0 mmmmm 0000 zz nnnnn ttttt",  build_multiple,  4 << REGISTERS_LOW | 4,         "----", "st4 multiple post"},

	/* One structure to all lanes */
	{"0 Q 001101 0 1 0 00000 110 0 zz nnnnn ttttt", build_replicate, 1,                              "----", "ld1r"},
	{"0 Q 001101 1 1 0 mmmmm 110 0 zz nnnnn ttttt", build_replicate, 1,                              "----", "ld1r post"},
	{"0 Q 001101 0 1 1 00000 110 0 zz nnnnn ttttt", build_replicate, 2,                              "----", "ld2r"},
	{"0 Q 001101 1 1 1 mmmmm 110 0 zz nnnnn ttttt", build_replicate, 2,                              "----", "ld2r post"},
	{"0 Q 001101 0 1 0 00000 111 0 zz nnnnn ttttt", build_replicate, 3,                              "----", "ld3r"},
	{"0 Q 001101 1 1 0 mmmmm 111 0 zz nnnnn ttttt", build_replicate, 3,                              "----", "ld3r post"},
	{"0 Q 001101 0 1 1 00000 111 0 zz nnnnn ttttt", build_replicate, 4,                              "----", "ld4r"},
	{"0 Q 001101 1 1 1 mmmmm 111 0 zz nnnnn ttttt", build_replicate, 4,                              "----", "ld4r post"},

	/* One lane */
	{"0 Q 001101 0 1 0 00000 kk0 S zz nnnnn ttttt", build_single,    LOADS | 1,                      "----", "ld1 single"},
	{"0 Q 001101 1 1 0 mmmmm kk0 S zz nnnnn ttttt", build_single,    LOADS | 1,                      "----", "ld1 single post"},
	{"0 Q 001101 0 1 1 00000 kk0 S zz nnnnn ttttt", build_single,    LOADS | 2,                      "----", "ld2 single"},
	{"0 Q 001101 1 1 1 mmmmm kk0 S zz nnnnn ttttt", build_single,    LOADS | 2,                      "----", "ld2 single post"},
	{"0 Q 001101 0 1 0 00000 kk1 S zz nnnnn ttttt", build_single,    LOADS | 3,                      "----", "ld3 single"},
	{"0 Q 001101 1 1 0 mmmmm kk1 S zz nnnnn ttttt", build_single,    LOADS | 3,                      "----", "ld3 single post"},
	{"0 Q 001101 0 1 1 00000 kk1 S zz nnnnn ttttt", build_single,    LOADS | 4,                      "----", "ld4 single"},
	{"0 Q 001101 1 1 1 mmmmm kk1 S zz nnnnn ttttt", build_single,    LOADS | 4,                      "----", "ld4 single post"},
	{"0 Q 001101 0 0 0 00000 kk0 S zz nnnnn ttttt", build_single,    1,                              "----", "st1 single"},
	{"0 Q 001101 1 0 0 mmmmm kk0 S zz nnnnn ttttt", build_single,    1,                              "----", "st1 single post"},
	{"0 Q 001101 0 0 1 00000 kk0 S zz nnnnn ttttt", build_single,    2,                              "----", "st2 single"},
	{"0 Q 001101 1 0 1 mmmmm kk0 S zz nnnnn ttttt", build_single,    2,                              "----", "st2 single post"},
	{"0 Q 001101 0 0 0 00000 kk1 S zz nnnnn ttttt", build_single,    3,                              "----", "st3 single"},
	{"0 Q 001101 1 0 0 mmmmm kk1 S zz nnnnn ttttt", build_single,    3,                              "----", "st3 single post"},
	{"0 Q 001101 0 0 1 00000 kk1 S zz nnnnn ttttt", build_single,    4,                              "----", "st4 single"},
	{"0 Q 001101 1 0 1 mmmmm kk1 S zz nnnnn ttttt", build_single,    4,                              "----", "st4 single post"},
};
/* clang-format on */

A64_TABLE(a64_simd_memory);
