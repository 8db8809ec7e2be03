/* Vector moves: whole registers, parts of them, lanes, and sign masks (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* Parameters of build_move: bits that are moved, and whether memory must be aligned to as many. */
enum {
	MOVE_VECTOR = 0, /* as many as the register has */
	MOVE_BITS = 0xff,
	MOVE_ALIGNED = 0x100,
};

/*
 * Copies the low bits of the source. A register destination is zero-extended to all of its bits; memory gets just what
 * is moved.
 */
static void build_move(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned bits = f->param & MOVE_BITS;

	if (bits == MOVE_VECTOR)
		bits = simd_width(c);
	if (c->raw.is_mem && f->param & MOVE_ALIGNED)
		x86_require_alignment(c, bits / 8);
	expr_id value = simd_read(c, 1, bits);
	if (c->op[0].kind != X86_OPERAND_MEM)
		value = expr_fit(c->pool, value, c->op[0].width);
	x86_write(c, 0, value);
}

/* MOVNTI */
static void build_store(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, x86_read(c, 1));
}

/* MOVSS, MOVSD: between registers the upper bits are the first source's; from memory they are cleared. */
static void build_move_scalar(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned bits = f->param, first = simd_first(c);

	if (c->op[0].kind == X86_OPERAND_MEM)
		x86_write(c, 0, simd_read(c, 1, bits));
	else if (c->op[1].kind == X86_OPERAND_MEM)
		x86_write(c, 0, expr_fit(c->pool, simd_read(c, 1, bits), SIMD_BLOCK));
	else
		x86_write(c, 0, simd_insert(c, x86_read(c, first), 0, simd_read(c, first + 1, bits)));
}

/* Which halves: from is that of a register source, to that of a register destination; the other half stays. */
enum {
	HALF_FROM_HIGH = 1,
	HALF_TO_HIGH = 2,
};

static expr_id half(struct x86_ctx *c, unsigned i, bool high)
{
	if (c->op[i].kind == X86_OPERAND_MEM || !high)
		return simd_read(c, i, 64);
	return expr_extract(c->pool, simd_read(c, i, SIMD_BLOCK), 64, 64);
}

/* MOVLPS, MOVHPS, MOVLPD, MOVHPD, MOVLHPS, MOVHLPS */
static void build_move_half(struct x86_ctx *c, const struct x86_form *f)
{
	bool from_high = f->param & HALF_FROM_HIGH, to_high = f->param & HALF_TO_HIGH;
	unsigned first = simd_first(c);

	if (c->op[0].kind == X86_OPERAND_MEM)
		x86_write(c, 0, half(c, 1, from_high));
	else
		x86_write(c, 0, simd_insert(c, x86_read(c, first), to_high ? 64 : 0, half(c, first + 1, from_high)));
}

/* MOVDDUP, MOVSLDUP, MOVSHDUP: every second lane twice; param is the lane width, and which one. */
enum { DUPLICATE_ODD = 0x100 };

static void build_duplicate(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param & 0xff;
	uint8_t index[4];
	expr_id value;

	for (unsigned i = 0; i < SIMD_BLOCK / lane; i++)
		index[i] = (uint8_t)(i / 2 * 2 + (f->param & DUPLICATE_ODD ? 1 : 0));
	/* 128-bit MOVDDUP reads no more than it needs. */
	if (lane == 64 && simd_width(c) == SIMD_BLOCK)
		value = expr_fit(c->pool, simd_read(c, 1, 64), SIMD_BLOCK);
	else
		value = simd_source(c, 1);
	x86_write(c, 0, simd_permute_blocks(c, lane, value, value, index));
}

/* MOVMSKPS, MOVMSKPD, PMOVMSKB: param is the lane width. */
static void build_move_mask(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id mask = simd_lanes(c, EXPR_VMSB, f->param, x86_read(c, 1), EXPR_NONE);

	x86_write(c, 0, expr_fit(c->pool, mask, c->op[0].width));
}

/* MASKMOVDQU: the bytes of ModRM.reg whose mask in ModRM.rm is negative go to RDI, by whatever address size. */
static void build_masked_store(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id value = expr_reg(p, SIMD_BLOCK, X86_xmm0 + c->raw.reg);
	expr_id mask = expr_reg(p, SIMD_BLOCK, X86_xmm0 + c->raw.rm);
	expr_id offset = expr_zext(p, x86_gpr(c, X86_rdi, c->raw.addrsize ? 32 : 64), 64);
	expr_id address = x86_linear(c, offset);

	(void)f;
	for (unsigned i = 0; i < SIMD_BLOCK / 8; i++)
		transfer_add_store(c->t, expr_bit(p, mask, 8 * i + 7), expr_add(p, address, x86_const(c, 64, i)),
				   expr_extract(p, value, 8 * i, 8));
}

/* clang-format off */
static const struct x86_form x86_sse_move[] = {
	/*   name      build              param */
	SIMD(MOVD,     build_move,        32),
	SIMD(MOVQ,     build_move,        64),
	SIMD(MOVDQA,   build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVAPS,   build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVAPD,   build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVNTDQ,  build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVNTPS,  build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVNTPD,  build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVNTDQA, build_move,        MOVE_VECTOR | MOVE_ALIGNED),
	SIMD(MOVDQU,   build_move,        MOVE_VECTOR),
	SIMD(MOVUPS,   build_move,        MOVE_VECTOR),
	SIMD(MOVUPD,   build_move,        MOVE_VECTOR),
	SIMD(LDDQU,    build_move,        MOVE_VECTOR),
	SSE(MOVNTI,    build_store,       0),
	SIMD(MOVSS,    build_move_scalar, 32),
	AVX(MOVSD,     build_move_scalar, 64),
	{X86_INS_MOVSD, build_move_scalar, 64, "-------", 0, X86_MAP_0F},
	SIMD(MOVLPS,   build_move_half,   0),
	SIMD(MOVLPD,   build_move_half,   0),
	SIMD(MOVHPS,   build_move_half,   HALF_FROM_HIGH | HALF_TO_HIGH),
	SIMD(MOVHPD,   build_move_half,   HALF_FROM_HIGH | HALF_TO_HIGH),
	SIMD(MOVHLPS,  build_move_half,   HALF_FROM_HIGH),
	SIMD(MOVLHPS,  build_move_half,   HALF_TO_HIGH),
	SIMD(MOVDDUP,  build_duplicate,   64),
	SIMD(MOVSLDUP, build_duplicate,   32),
	SIMD(MOVSHDUP, build_duplicate,   32 | DUPLICATE_ODD),
	SIMD(MOVMSKPS, build_move_mask,   32),
	SIMD(MOVMSKPD, build_move_mask,   64),
	SIMD(PMOVMSKB, build_move_mask,   8),
	SIMD(MASKMOVDQU, build_masked_store, 0),
};
/* clang-format on */

X86_TABLE(x86_sse_move);
