/* Fields of the word, registers, and the shared functions of the manual's pseudocode on operands. */
#include "arch/aarch64/aarch64.h"

#include <assert.h>

/* ---- Fields ---- */

static const struct a64_field *find_field(const struct a64_ctx *c, char letter)
{
	for (unsigned i = 0; i < c->encoding->num_fields; i++)
		if (c->encoding->fields[i].letter == letter)
			return &c->encoding->fields[i];
	return NULL;
}

bool a64_has(const struct a64_ctx *c, char letter)
{
	return find_field(c, letter) != NULL;
}

uint32_t a64_field(const struct a64_ctx *c, char letter)
{
	const struct a64_field *f = find_field(c, letter);

	assert(f);
	return f ? c->word >> f->low & (uint32_t)((UINT64_C(1) << f->width) - 1) : 0;
}

int64_t a64_signed_field(const struct a64_ctx *c, char letter)
{
	const struct a64_field *f = find_field(c, letter);
	uint64_t value = a64_field(c, letter), sign = f ? UINT64_C(1) << (f->width - 1) : 0;

	return (int64_t)((value ^ sign) - sign);
}

/* ---- Registers ---- */

static void name_reg(struct a64_ctx *c, uint32_t reg)
{
	for (unsigned i = 0; i < c->num_named; i++)
		if (c->named[i] == reg)
			return;
	if (c->num_named < ISA_MAX_NAMED)
		c->named[c->num_named++] = (uint16_t)reg;
}

static expr_id read_reg(struct a64_ctx *c, uint32_t reg, unsigned reg_width, unsigned width)
{
	name_reg(c, reg);
	return expr_fit(c->pool, expr_reg(c->pool, reg_width, reg), width);
}

static void write_reg(struct a64_ctx *c, uint32_t reg, unsigned reg_width, expr_id value)
{
	name_reg(c, reg);
	transfer_set_reg(c->t, reg, expr_zext(c->pool, value, reg_width));
}

void a64_leave_open(struct a64_ctx *c, expr_id cond)
{
	transfer_add_fault(c->t, expr_and(c->pool, cond, expr_undef(c->pool, 1)), FAULT_UNDEFINED);
}

void a64_may_refuse(struct a64_ctx *c)
{
	c->may_fault |= 1u << FAULT_UNDEFINED;
}

expr_id a64_const(struct a64_ctx *c, unsigned width, uint64_t value)
{
	return expr_const(c->pool, width, value);
}

expr_id a64_x(struct a64_ctx *c, unsigned n, unsigned width)
{
	return n == 31 ? a64_const(c, width, 0) : read_reg(c, A64_x0 + n, 64, width);
}

expr_id a64_xsp(struct a64_ctx *c, unsigned n, unsigned width)
{
	return read_reg(c, n == 31 ? (uint32_t)A64_sp : A64_x0 + n, 64, width);
}

void a64_set_x(struct a64_ctx *c, unsigned n, expr_id value)
{
	if (n != 31)
		write_reg(c, A64_x0 + n, 64, value);
}

void a64_set_xsp(struct a64_ctx *c, unsigned n, expr_id value)
{
	write_reg(c, n == 31 ? (uint32_t)A64_sp : A64_x0 + n, 64, value);
}

expr_id a64_read(struct a64_ctx *c, char letter)
{
	return a64_x(c, a64_field(c, letter), c->width);
}

void a64_write(struct a64_ctx *c, char letter, expr_id value)
{
	a64_set_x(c, a64_field(c, letter), value);
}

expr_id a64_v(struct a64_ctx *c, unsigned n, unsigned width)
{
	return read_reg(c, A64_v0 + n, 128, width);
}

void a64_set_v(struct a64_ctx *c, unsigned n, expr_id value)
{
	write_reg(c, A64_v0 + n, 128, value);
}

/* ---- Operands ---- */

expr_id a64_shift(struct a64_ctx *c, expr_id value, unsigned type, unsigned amount)
{
	static const enum expr_op ops[] = {EXPR_SHL, EXPR_LSHR, EXPR_ASHR, EXPR_ROR};

	return amount ? expr_binary(c->pool, ops[type & 3], value, a64_const(c, 8, amount)) : value;
}

expr_id a64_extend_reg(struct a64_ctx *c, unsigned n, unsigned option, unsigned shift, unsigned width)
{
	unsigned len = 8u << (option & 3);
	expr_id value = a64_x(c, n, len < width ? len : width);

	value = option & 4 ? expr_sext(c->pool, value, width) : expr_zext(c->pool, value, width);
	return a64_shift(c, value, 0, shift);
}

/* `value`'s low size bits over and over in 64. */
static uint64_t replicate(uint64_t value, unsigned size)
{
	for (; size < 64; size *= 2)
		value |= value << size;
	return value;
}

static uint64_t ones(unsigned n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static uint64_t rotate_right(uint64_t value, unsigned by, unsigned size)
{
	return by ? (value >> by | value << (size - by)) & ones(size) : value;
}

bool a64_decode_bit_masks(unsigned n, unsigned imms, unsigned immr, bool immediate, uint64_t *ret_wmask,
			  uint64_t *ret_tmask)
{
	unsigned marks = n << 6 | (~imms & 0x3f), len = 6;

	while (len > 0 && !(marks >> len & 1))
		len--;
	if (len < 1)
		return false;
	unsigned size = 1u << len, levels = size - 1;
	if (immediate && (imms & levels) == levels)
		return false;
	unsigned s = imms & levels, r = immr & levels, diff = (s - r) & levels;
	*ret_wmask = replicate(rotate_right(ones(s + 1), r, size), size);
	*ret_tmask = replicate(ones(diff + 1), size);
	return true;
}

void a64_goto(struct a64_ctx *c, expr_id target)
{
	transfer_set_reg(c->t, A64_pc, target);
}
