/* SSE moves: whole registers, parts of them, lanes, and sign masks (SDM vol. 2). */
#include "arch/x86_64/x86_64.h"

/* Parameters of build_move: bits that are moved, and whether memory must be aligned to 16 bytes. */
enum {
	MOVE_BITS = 0xff,
	MOVE_ALIGNED = 0x100,
};

/*
 * Copies the low bits of the source. A register destination is zero-extended to all of its 128 bits; memory gets just
 * the bits. MOVD and MOVQ from and to general registers have their size in the operand.
 */
static void build_move(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned bits = f->param & MOVE_BITS;
	unsigned to = c->op[0].width;

	for (unsigned i = 0; i < 2; i++)
		if (c->op[i].kind == X86_OPERAND_MEM && f->param & MOVE_ALIGNED)
			x86_require_alignment(c, x86_address(c), 16);
	expr_id value = x86_read(c, 1);
	if (value == EXPR_NONE)
		return;
	x86_write(c, 0, expr_fit(p, expr_fit(p, value, bits), to));
}

/* MOVSS, MOVSD: between registers the upper bits of the destination stay; from memory they are cleared. */
static void build_move_scalar(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id low = x86_read(c, 1);

	if (low == EXPR_NONE)
		return;
	low = expr_fit(p, low, f->param);
	if (c->op[0].kind == X86_OPERAND_MEM)
		x86_write(c, 0, low);
	else if (c->op[1].kind == X86_OPERAND_MEM)
		x86_write(c, 0, expr_zext(p, low, 128));
	else
		x86_write(c, 0, expr_concat(p, expr_extract(p, x86_read(c, 0), f->param, 128 - f->param), low));
}

/* Which halves: from is that of a register source, to that of a register destination; the other half stays. */
enum {
	HALF_FROM_HIGH = 1,
	HALF_TO_HIGH = 2,
};

static expr_id half(struct x86_ctx *c, expr_id value, bool high)
{
	return expr_extract(c->pool, value, high ? 64 : 0, 64);
}

/* MOVLPS, MOVHPS, MOVLPD, MOVHPD, MOVLHPS, MOVHLPS */
static void build_move_half(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id source = x86_read(c, 1);

	if (c->op[1].kind == X86_OPERAND_REG)
		source = half(c, source, f->param & HALF_FROM_HIGH);
	if (c->op[0].kind == X86_OPERAND_MEM) {
		x86_write(c, 0, source);
		return;
	}
	expr_id old = x86_read(c, 0);
	if (f->param & HALF_TO_HIGH)
		x86_write(c, 0, expr_concat(p, source, half(c, old, false)));
	else
		x86_write(c, 0, expr_concat(p, half(c, old, true), source));
}

/* MOVMSKPS, MOVMSKPD, PMOVMSKB: param is the lane width. */
static void build_move_mask(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id mask = expr_lanes(c->pool, EXPR_VMSB, f->param, x86_read(c, 1), EXPR_NONE, EXPR_NONE);

	x86_write(c, 0, expr_fit(c->pool, mask, c->op[0].width));
}

/* clang-format off */
static const struct x86_form x86_sse_move[] = {
	/* id              build            param                oszapcd    props map */
	{X86_INS_MOVD,     build_move,      32,                  "-------", 0, 0},
	{X86_INS_MOVQ,     build_move,      64,                  "-------", 0, 0},
	{X86_INS_MOVDQA,   build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVAPS,   build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVAPD,   build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVNTDQ,  build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVNTPS,  build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVNTPD,  build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVNTDQA, build_move,      128 | MOVE_ALIGNED,  "-------", 0, 0},
	{X86_INS_MOVDQU,   build_move,      128,                 "-------", 0, 0},
	{X86_INS_MOVUPS,   build_move,      128,                 "-------", 0, 0},
	{X86_INS_MOVUPD,   build_move,      128,                 "-------", 0, 0},
	{X86_INS_LDDQU,    build_move,      128,                 "-------", 0, 0},
	{X86_INS_MOVSS,    build_move_scalar, 32,                "-------", 0, X86_MAP_0F},
	{X86_INS_MOVSD,    build_move_scalar, 64,                "-------", 0, X86_MAP_0F},
	{X86_INS_MOVLPS,   build_move_half, 0,                   "-------", 0, 0},
	{X86_INS_MOVLPD,   build_move_half, 0,                   "-------", 0, 0},
	{X86_INS_MOVHPS,   build_move_half, HALF_FROM_HIGH | HALF_TO_HIGH, "-------", 0, 0},
	{X86_INS_MOVHPD,   build_move_half, HALF_FROM_HIGH | HALF_TO_HIGH, "-------", 0, 0},
	{X86_INS_MOVHLPS,  build_move_half, HALF_FROM_HIGH,      "-------", 0, 0},
	{X86_INS_MOVLHPS,  build_move_half, HALF_TO_HIGH,        "-------", 0, 0},
	{X86_INS_MOVMSKPS, build_move_mask, 32,                  "-------", 0, 0},
	{X86_INS_MOVMSKPD, build_move_mask, 64,                  "-------", 0, 0},
	{X86_INS_PMOVMSKB, build_move_mask, 8,                   "-------", 0, 0},
};
/* clang-format on */

X86_TABLE(x86_sse_move);
