/* Operands and patterns of vector instructions. */
#include "arch/x86_64/simd.h"

#include <string.h>

#include "arch/x86_64/mmx.h"

static bool is_vector(const struct x86_operand *op)
{
	return op->kind == X86_OPERAND_REG && (op->width >= SIMD_BLOCK || x86_is_mmx(op));
}

unsigned simd_width(const struct x86_ctx *c)
{
	return is_vector(&c->op[0]) ? c->op[0].width : c->op[1].width;
}

expr_id simd_read(struct x86_ctx *c, unsigned i, unsigned bits)
{
	if (i < c->num_ops && c->op[i].kind == X86_OPERAND_MEM)
		return transfer_load(c->t, bits, x86_address(c));
	if (i < c->num_ops && c->op[i].kind == X86_OPERAND_REG && c->op[i].width >= bits)
		return expr_extract(c->pool, x86_read(c, i), 0, bits);
	x86_unmodelled(c);
	return EXPR_NONE;
}

expr_id simd_source(struct x86_ctx *c, unsigned i)
{
	if (i < c->num_ops && c->op[i].kind == X86_OPERAND_MEM && !c->raw.vex && simd_width(c) == SIMD_BLOCK)
		x86_require_sse_alignment(c);
	return simd_read(c, i, simd_width(c));
}

expr_id simd_a(struct x86_ctx *c)
{
	return simd_source(c, simd_first(c));
}

expr_id simd_b(struct x86_ctx *c)
{
	return simd_source(c, simd_first(c) + 1);
}

expr_id simd_lanes(struct x86_ctx *c, enum expr_op op, unsigned lane, expr_id a, expr_id b)
{
	return expr_lanes(c->pool, op, lane, a, b, EXPR_NONE);
}

expr_id simd_shift(struct x86_ctx *c, enum expr_op op, unsigned lane, expr_id a, unsigned count)
{
	return simd_lanes(c, op, lane, a, x86_const(c, 8, count));
}

static void put_lane(uint64_t *words, unsigned lane, unsigned i, uint64_t value)
{
	words[i * lane / 64] |= value << i * lane % 64;
}

expr_id simd_splat(struct x86_ctx *c, unsigned width, unsigned lane, uint64_t value)
{
	return expr_splat(c->pool, width, lane, value);
}

expr_id simd_lane_mask(struct x86_ctx *c, unsigned width, unsigned lane, unsigned bits)
{
	uint64_t words[EXPR_MAX_WORDS] = {0};

	for (unsigned i = 0; i < width / lane; i++)
		put_lane(words, lane, i, bits >> i % 8 & 1 ? UINT64_MAX >> (64 - lane) : 0);
	return expr_const_wide(c->pool, width, words);
}

expr_id simd_select(struct x86_ctx *c, expr_id mask, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;

	return expr_or(p, expr_and(p, a, expr_not(p, mask)), expr_and(p, b, mask));
}

expr_id simd_insert(struct x86_ctx *c, expr_id a, unsigned low, expr_id value)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, a), high = low + expr_width(p, value);

	if (a == EXPR_NONE || value == EXPR_NONE)
		return EXPR_NONE;
	if (low > 0)
		value = expr_concat(p, value, expr_extract(p, a, 0, low));
	return high < width ? expr_concat(p, expr_extract(p, a, high, width - high), value) : value;
}

expr_id simd_permute(struct x86_ctx *c, unsigned width, unsigned lane, expr_id a, const uint8_t *index)
{
	return expr_permute(c->pool, width, lane, a, index);
}

expr_id simd_permute_blocks(struct x86_ctx *c, unsigned lane, expr_id a, expr_id b, const uint8_t *index)
{
	unsigned width = expr_width(c->pool, a), n = (width < SIMD_BLOCK ? width : SIMD_BLOCK) / lane;
	uint8_t whole[EXPR_MAX_WIDTH / 8];

	for (unsigned i = 0; i < width / lane; i++) {
		unsigned block = i / n * n, from = index[i % n];
		whole[i] = (uint8_t)(from == SIMD_ZERO ? from
				     : from < n        ? block + from
						       : width / lane + block + from - n);
	}
	return simd_permute(c, width, lane, expr_concat(c->pool, b, a), whole);
}

void simd_by_block(struct x86_ctx *c, const struct x86_form *f, simd_block_fn *fn)
{
	struct expr_pool *p = c->pool;
	expr_id b = simd_b(c), a = simd_a(c), all = EXPR_NONE;

	for (unsigned low = 0; low < simd_width(c); low += SIMD_BLOCK) {
		expr_id one = fn(c, f, expr_extract(p, a, low, SIMD_BLOCK), expr_extract(p, b, low, SIMD_BLOCK));
		all = low ? expr_concat(p, one, all) : one;
	}
	x86_write(c, 0, all);
}

/* ---- Floating point ---- */

/* MXCSR: the masks (SDM vol. 1, 10.2.3); its flags are those of a result. */
enum { MXCSR_MASKS = 7, MXCSR_NUM_FLAGS = 6 };

expr_id simd_fp(struct x86_ctx *c, enum expr_op op, const struct fp_spec *s, expr_id a, expr_id b, expr_id third)
{
	return expr_fp(c->pool, op, s, expr_reg(c->pool, FP_CONTROL_WIDTH, X86_mxcsr), a, b, third);
}

expr_id simd_fp_operand(struct x86_ctx *c, unsigned i, bool packed, unsigned lane)
{
	return packed ? simd_source(c, i) : simd_read(c, i, lane);
}

void simd_raise(struct x86_ctx *c, expr_id flags)
{
	struct expr_pool *p = c->pool;
	expr_id so_far = transfer_get_reg(c->t, X86_mxcsr), mxcsr = so_far ? so_far : expr_reg(p, 32, X86_mxcsr);
	expr_id masks = expr_extract(p, expr_reg(p, 32, X86_mxcsr), MXCSR_MASKS, MXCSR_NUM_FLAGS);

	if (!flags)
		return;
	expr_id raised = expr_extract(p, flags, 0, MXCSR_NUM_FLAGS);
	for (size_t i = 0; i < c->t->faults.len; i++) /* a step before has ended the instruction */
		if (c->t->faults.at[i].last)
			raised = expr_ite(p, c->t->faults.at[i].cond, x86_const(c, MXCSR_NUM_FLAGS, 0), raised);
	expr_id unmasked = expr_and(p, raised, expr_not(p, masks));
	transfer_add_last_fault(c->t, expr_not(p, expr_is_zero(p, unmasked)), FAULT_FLOAT);
	transfer_set_reg_on_fault(c->t, X86_mxcsr, expr_or(p, mxcsr, expr_zext(p, raised, 32)));
}

void simd_finish_fp(struct x86_ctx *c, expr_id result)
{
	if (!result)
		return;
	x86_write(c, 0, expr_fp_value(c->pool, result));
	simd_raise(c, expr_fp_flags(c->pool, result));
}

void simd_finish_fp_lowest(struct x86_ctx *c, expr_id result, unsigned rest)
{
	if (!result)
		return;
	x86_write(c, 0, simd_insert(c, simd_read(c, rest, SIMD_BLOCK), 0, expr_fp_value(c->pool, result)));
	simd_raise(c, expr_fp_flags(c->pool, result));
}
