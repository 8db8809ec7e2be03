/* VGATHER*, VPGATHER*: lanes loaded from where the lanes of an index register point (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* Param: bits of a lane of data; 64-bit indices. */
enum { DATA = 0xff, QUADS = 0x100 };

/* The number in SIB.index that stands for no general register is a vector's. */
enum { NO_INDEX = 4 };

/* Registers, by their numbers; which of their lanes. */
struct gather {
	unsigned data, index; /* bits of a lane */
	unsigned num;         /* lanes of both */
	uint32_t to, mask, by;
};

static expr_id read_vector(struct x86_ctx *c, uint32_t number)
{
	return expr_concat(c->pool, expr_reg(c->pool, SIMD_BLOCK, X86_ymm0h + number),
			   expr_reg(c->pool, SIMD_BLOCK, X86_xmm0 + number));
}

static void write_vector(struct x86_ctx *c, uint32_t number, expr_id value)
{
	transfer_set_reg(c->t, X86_xmm0 + number, expr_extract(c->pool, value, 0, SIMD_BLOCK));
	transfer_set_reg(c->t, X86_ymm0h + number, expr_extract(c->pool, value, SIMD_BLOCK, SIMD_BLOCK));
}

/* Base + index * scale + displacement, cut to the address size. */
static expr_id offset_by(struct x86_ctx *c, expr_id index)
{
	struct expr_pool *p = c->pool;
	unsigned shift = c->raw.scale == 8 ? 3 : c->raw.scale / 2;
	expr_id base = c->raw.base == X86_NO_REG ? x86_const(c, 64, 0) : expr_reg(p, 64, X86_rax + c->raw.base);
	expr_id offset = expr_add(p, base, expr_shl(p, expr_sext(p, index, 64), x86_const(c, 8, shift)));

	offset = expr_add(p, offset, x86_const(c, 64, (uint64_t)c->raw.disp));
	return c->raw.addrsize ? expr_zext(p, expr_extract(p, offset, 0, 32), 64) : offset;
}

/* Lane i: loaded where the top bit of the mask's is set. */
static expr_id lane(struct x86_ctx *c, const struct gather *g, unsigned i)
{
	struct expr_pool *p = c->pool;
	expr_id mask = expr_bit(p, read_vector(c, g->mask), (i + 1) * g->data - 1);
	expr_id index = expr_extract(p, read_vector(c, g->by), i * g->index, g->index);
	expr_id address = x86_operand_at_if(c, mask, offset_by(c, index));
	expr_id old = expr_extract(p, read_vector(c, g->to), i * g->data, g->data);

	return expr_ite(p, mask, x86_load_if(c, mask, g->data, address), old);
}

/*
 * The mask is cleared. A fault leaves the lanes before it loaded, and their masks cleared; of those behind it, it may
 * be so.
 */
static void build_gather(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->raw.vex_l ? 2 * SIMD_BLOCK : SIMD_BLOCK;
	struct gather g = {.data = f->param & DATA,
			   .index = f->param & QUADS ? 64 : 32,
			   .to = c->raw.reg,
			   .mask = c->raw.vex_vvvv,
			   .by = c->raw.index == X86_NO_REG ? NO_INDEX : c->raw.index};
	expr_id value = EXPR_NONE;

	g.num = width / (g.data > g.index ? g.data : g.index);
	if (g.to == g.mask || g.to == g.by || g.mask == g.by) {
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
		return;
	}
	c->two_operands = g.num > 1;
	for (unsigned i = 0; i < g.num; i++)
		value = i ? expr_concat(p, lane(c, &g, i), value) : lane(c, &g, i);
	write_vector(c, g.to, expr_fit(p, value, 2 * SIMD_BLOCK));
	write_vector(c, g.mask, expr_const(p, 2 * SIMD_BLOCK, 0));
	c->piecewise = true;
}

/* clang-format off */
static const struct x86_form x86_gather[] = {
	AVX_ROW("vpgatherdd", "66 0F 38 90 /r", "W0", "Vx Mvx Hx",   AVX2, AVX2, build_gather, 32),
	AVX_ROW("vpgatherdq", "66 0F 38 90 /r", "W1", "Vx Mvx Hx",   AVX2, AVX2, build_gather, 64),
	AVX_ROW("vpgatherqd", "66 0F 38 91 /r", "W0", "Vdq Mvx Hdq", AVX2, AVX2, build_gather, 32 | QUADS),
	AVX_ROW("vpgatherqq", "66 0F 38 91 /r", "W1", "Vx Mvx Hx",   AVX2, AVX2, build_gather, 64 | QUADS),
	AVX_ROW("vgatherdps", "66 0F 38 92 /r", "W0", "Vx Mvx Hx",   AVX2, AVX2, build_gather, 32),
	AVX_ROW("vgatherdpd", "66 0F 38 92 /r", "W1", "Vx Mvx Hx",   AVX2, AVX2, build_gather, 64),
	AVX_ROW("vgatherqps", "66 0F 38 93 /r", "W0", "Vdq Mvx Hdq", AVX2, AVX2, build_gather, 32 | QUADS),
	AVX_ROW("vgatherqpd", "66 0F 38 93 /r", "W1", "Vx Mvx Hx",   AVX2, AVX2, build_gather, 64 | QUADS),
};
/* clang-format on */

X86_TABLE(x86_gather);
