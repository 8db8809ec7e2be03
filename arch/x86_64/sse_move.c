/* Vector moves: whole registers, parts of them, lanes, and sign masks (SDM vol. 2). */
#include "arch/x86_64/mmx.h"
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

/*
 * MASKMOVDQU, MASKMOVQ (param: bits): the bytes of ModRM.reg whose mask in ModRM.rm is negative go to RDI, by whatever
 * address size. Where MASKMOVQ faults at its store, AMD's processors (family 1Ah) have begun to use the x87's registers
 * as MMX registers by then; SDM vol. 3, 12.2, and APM vol. 5, MASKMOVQ, name no order.
 */
static void build_masked_store(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	bool mmx = f->param == 64;
	expr_id value = mmx ? x86_mmx_read(c, c->raw.reg & 7) : expr_reg(p, SIMD_BLOCK, X86_xmm0 + c->raw.reg);
	expr_id mask = mmx ? x86_mmx_read(c, c->raw.rm & 7) : expr_reg(p, SIMD_BLOCK, X86_xmm0 + c->raw.rm);
	expr_id offset = expr_zext(p, x86_gpr(c, X86_rdi, c->raw.addrsize ? 32 : 64), 64);
	expr_id address = x86_linear(c, offset);

	c->floats_first = mmx;
	for (unsigned i = 0; i < f->param / 8; i++)
		transfer_add_store(c->t, expr_bit(p, mask, 8 * i + 7), expr_add(p, address, x86_const(c, 64, i)),
				   expr_extract(p, value, 8 * i, 8));
}

/* clang-format off */
static const struct x86_form x86_sse_move[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("movd",     "W0 66 0F 6E /r", "128",     "Vdq Ed",  SSE2,  AVX, AVX,  build_move, 32),
	SIMD_ROW("movq",     "W1 66 0F 6E /r", "128",     "Vdq Eq",  SSE2,  AVX, AVX,  build_move, 64),
	SIMD_ROW("movd",     "W0 66 0F 7E /r", "128",     "Ed Vdq",  SSE2,  AVX, AVX,  build_move, 32),
	SIMD_ROW("movq",     "W1 66 0F 7E /r", "128",     "Eq Vdq",  SSE2,  AVX, AVX,  build_move, 64),
	SIMD_ROW("movq",     "F3 0F 7E /r",    "128.WIG", "Vq Wq",   SSE2,  AVX, AVX,  build_move, 64),
	SIMD_ROW("movq",     "66 0F D6 /r",    "128.WIG", "Wq Vq",   SSE2,  AVX, AVX,  build_move, 64),
	SIMD_ROW("movdqa",   "66 0F 6F /r",    "WIG",     "Vx Wx",   SSE2,  AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movdqa",   "66 0F 7F /r",    "WIG",     "Wx Vx",   SSE2,  AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movdqu",   "F3 0F 6F /r",    "WIG",     "Vx Wx",   SSE2,  AVX, AVX,  build_move, MOVE_VECTOR),
	SIMD_ROW("movdqu",   "F3 0F 7F /r",    "WIG",     "Wx Vx",   SSE2,  AVX, AVX,  build_move, MOVE_VECTOR),
	SIMD_ROW("movaps",   "NP 0F 28 /r",    "WIG",     "Vps Wps", SSE,   AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movaps",   "NP 0F 29 /r",    "WIG",     "Wps Vps", SSE,   AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movapd",   "66 0F 28 /r",    "WIG",     "Vpd Wpd", SSE2,  AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movapd",   "66 0F 29 /r",    "WIG",     "Wpd Vpd", SSE2,  AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movups",   "NP 0F 10 /r",    "WIG",     "Vps Wps", SSE,   AVX, AVX,  build_move, MOVE_VECTOR),
	SIMD_ROW("movups",   "NP 0F 11 /r",    "WIG",     "Wps Vps", SSE,   AVX, AVX,  build_move, MOVE_VECTOR),
	SIMD_ROW("movupd",   "66 0F 10 /r",    "WIG",     "Vpd Wpd", SSE2,  AVX, AVX,  build_move, MOVE_VECTOR),
	SIMD_ROW("movupd",   "66 0F 11 /r",    "WIG",     "Wpd Vpd", SSE2,  AVX, AVX,  build_move, MOVE_VECTOR),
	SIMD_ROW("movntdq",  "66 0F E7 /r",    "WIG",     "Mx Vx",   SSE2,  AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movntps",  "NP 0F 2B /r",    "WIG",     "Mps Vps", SSE,   AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movntpd",  "66 0F 2B /r",    "WIG",     "Mpd Vpd", SSE2,  AVX, AVX,  build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("movntdqa", "66 0F 38 2A /r", "WIG",     "Vx Mx",   SSE41, AVX, AVX2, build_move, MOVE_VECTOR | MOVE_ALIGNED),
	SIMD_ROW("lddqu",    "F2 0F F0 /r",    "WIG",     "Vx Mx",   SSE3,  AVX, AVX,  build_move, MOVE_VECTOR),
	/* With VEX, the form between registers has a first source of its own. */
	SSE_ROW("movss", "F3 0F 10 /r", "Vss Wss", SSE, build_move_scalar, 32),
	SSE_ROW("movss", "F3 0F 11 /r", "Wss Vss", SSE, build_move_scalar, 32),
	AVX_ROW("vmovss", "F3 0F 10 /r", "LIG.WIG", "Vss Mss",     AVX, AVX, build_move_scalar, 32),
	AVX_ROW("vmovss", "F3 0F 10 /r", "LIG.WIG", "Vss Hss Uss", AVX, AVX, build_move_scalar, 32),
	AVX_ROW("vmovss", "F3 0F 11 /r", "LIG.WIG", "Mss Vss",     AVX, AVX, build_move_scalar, 32),
	AVX_ROW("vmovss", "F3 0F 11 /r", "LIG.WIG", "Uss Hss Vss", AVX, AVX, build_move_scalar, 32),
	SSE_ROW("movsd", "F2 0F 10 /r", "Vsd Wsd", SSE2, build_move_scalar, 64),
	SSE_ROW("movsd", "F2 0F 11 /r", "Wsd Vsd", SSE2, build_move_scalar, 64),
	AVX_ROW("vmovsd", "F2 0F 10 /r", "LIG.WIG", "Vsd Msd",     AVX, AVX, build_move_scalar, 64),
	AVX_ROW("vmovsd", "F2 0F 10 /r", "LIG.WIG", "Vsd Hsd Usd", AVX, AVX, build_move_scalar, 64),
	AVX_ROW("vmovsd", "F2 0F 11 /r", "LIG.WIG", "Msd Vsd",     AVX, AVX, build_move_scalar, 64),
	AVX_ROW("vmovsd", "F2 0F 11 /r", "LIG.WIG", "Usd Hsd Vsd", AVX, AVX, build_move_scalar, 64),
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("movhlps",    "NP 0F 12 /r", "128.WIG", "Vq Hq Uq", SSE,  AVX, AVX,  build_move_half,    HALF_FROM_HIGH),
	SIMD_ROW("movlps",     "NP 0F 12 /r", "128.WIG", "Vq Hq Mq", SSE,  AVX, AVX,  build_move_half,    0),
	SIMD_ROW("movlps",     "NP 0F 13 /r", "128.WIG", "Mq Vq",    SSE,  AVX, AVX,  build_move_half,    0),
	SIMD_ROW("movlpd",     "66 0F 12 /r", "128.WIG", "Vq Hq Mq", SSE2, AVX, AVX,  build_move_half,    0),
	SIMD_ROW("movlpd",     "66 0F 13 /r", "128.WIG", "Mq Vq",    SSE2, AVX, AVX,  build_move_half,    0),
	SIMD_ROW("movlhps",    "NP 0F 16 /r", "128.WIG", "Vq Hq Uq", SSE,  AVX, AVX,  build_move_half,    HALF_TO_HIGH),
	SIMD_ROW("movhps",     "NP 0F 16 /r", "128.WIG", "Vq Hq Mq", SSE,  AVX, AVX,  build_move_half,    HALF_FROM_HIGH | HALF_TO_HIGH),
	SIMD_ROW("movhps",     "NP 0F 17 /r", "128.WIG", "Mq Vq",    SSE,  AVX, AVX,  build_move_half,    HALF_FROM_HIGH | HALF_TO_HIGH),
	SIMD_ROW("movhpd",     "66 0F 16 /r", "128.WIG", "Vq Hq Mq", SSE2, AVX, AVX,  build_move_half,    HALF_FROM_HIGH | HALF_TO_HIGH),
	SIMD_ROW("movhpd",     "66 0F 17 /r", "128.WIG", "Mq Vq",    SSE2, AVX, AVX,  build_move_half,    HALF_FROM_HIGH | HALF_TO_HIGH),
	SIMD_ROW("movddup",    "F2 0F 12 /r", "128.WIG", "Vdq Wq",   SSE3, AVX, AVX,  build_duplicate,    64),
	SIMD_ROW("movsldup",   "F3 0F 12 /r", "WIG",     "Vps Wps",  SSE3, AVX, AVX,  build_duplicate,    32),
	SIMD_ROW("movshdup",   "F3 0F 16 /r", "WIG",     "Vps Wps",  SSE3, AVX, AVX,  build_duplicate,    32 | DUPLICATE_ODD),
	SIMD_ROW("movmskps",   "NP 0F 50 /r", "WIG",     "Gd Ups",   SSE,  AVX, AVX,  build_move_mask,    32),
	SIMD_ROW("movmskpd",   "66 0F 50 /r", "WIG",     "Gd Upd",   SSE2, AVX, AVX,  build_move_mask,    64),
	SIMD_ROW("pmovmskb",   "66 0F D7 /r", "WIG",     "Gd Ux",    SSE2, AVX, AVX2, build_move_mask,    8),
	SIMD_ROW("maskmovdqu", "66 0F F7 /r", "128.WIG", "Vdq Udq",  SSE2, AVX, AVX,  build_masked_store, 128),
	AVX_ROW("vmovddup", "F2 0F 12 /r", "256.WIG", "Vqq Wqq", AVX, AVX, build_duplicate, 64),

	/* MMX */
	SSE_ROW("movq", "NP REX.W 0F 6E /r", "Pq Eq", MMX, build_move, 64),
	SSE_ROW("movq", "NP REX.W 0F 7E /r", "Eq Pq", MMX, build_move, 64),
	SSE_ROW("movd", "NP W0 0F 6E /r", "Pq Ed", MMX, build_move, 32),
	SSE_ROW("movd", "NP W0 0F 7E /r", "Ed Pq", MMX, build_move, 32),
	SSE_ROW("movq", "NP 0F 6F /r", "Pq Qq", MMX, build_move, 64),
	SSE_ROW("movq", "NP 0F 7F /r", "Qq Pq", MMX, build_move, 64),
	SSE_ROW("movq2dq", "F3 0F D6 /r", "Vdq Nq", SSE2, build_move, 64),
	SSE_ROW("movdq2q", "F2 0F D6 /r", "Pq Udq", SSE2, build_move, 64),
	SSE_ROW("movntq", "NP 0F E7 /r", "Mq Pq", SSE, build_move, 64),
	SSE_ROW("pmovmskb", "NP 0F D7 /r", "Gd Nq", SSE, build_move_mask, 8),
	SSE_ROW("maskmovq", "NP 0F F7 /r", "Pq Nq", SSE, build_masked_store, 64),
};
/* clang-format on */

X86_TABLE(x86_sse_move);
