/* SSE integer arithmetic, logic and comparison on lanes of 128-bit registers (SDM vol. 2). */
#include "arch/x86_64/x86_64.h"

/* The parameter of a lane-wise operation: operator and lane width. */
#define LANES(op, lane) (EXPR_##op << 16 | (lane))

static enum expr_op operator_of(const struct x86_form *f)
{
	return f->param >> 16;
}

static unsigned lane_of(const struct x86_form *f)
{
	return f->param & 0xffff;
}

/* A 128-bit source: in memory it must be aligned to 16 bytes (SDM vol. 1, 4.1.1). MMX forms are not modelled. */
static expr_id source(struct x86_ctx *c, unsigned i)
{
	if (c->op[i].kind == X86_OPERAND_MEM && c->op[i].width == 128)
		x86_require_alignment(c, x86_address(c), 16);
	expr_id value = x86_read(c, i);
	if (expr_width(c->pool, value) == 128)
		return value;
	x86_unmodelled(c);
	return EXPR_NONE;
}

/* destination = destination op source */
static void build_lanes(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = source(c, 1);

	x86_write(c, 0, expr_lanes(c->pool, operator_of(f), lane_of(f), source(c, 0), b, EXPR_NONE));
}

/* destination = op source */
static void build_lanes_unary(struct x86_ctx *c, const struct x86_form *f)
{
	x86_write(c, 0, expr_lanes(c->pool, operator_of(f), lane_of(f), source(c, 1), EXPR_NONE, EXPR_NONE));
}

static void build_logic(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = source(c, 1);

	x86_write(c, 0, expr_binary(c->pool, operator_of(f), source(c, 0), b));
}

/* PANDN: the destination is inverted. */
static void build_andn(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = source(c, 1);

	(void)f;
	x86_write(c, 0, expr_and(c->pool, expr_not(c->pool, source(c, 0)), b));
}

/* Shifts by an immediate, or by the low 64 bits of a register or memory. */
static void build_lane_shift(struct x86_ctx *c, const struct x86_form *f)
{
	bool immediate = c->op[1].kind == X86_OPERAND_IMM;
	expr_id count = immediate ? x86_const(c, 8, c->op[1].imm & 0xff) : expr_extract(c->pool, source(c, 1), 0, 64);

	x86_write(c, 0, expr_lanes(c->pool, operator_of(f), lane_of(f), source(c, 0), count, EXPR_NONE));
}

/* PSLLDQ, PSRLDQ: the whole register by bytes; more than 15 leave nothing. */
static void build_byte_shift(struct x86_ctx *c, const struct x86_form *f)
{
	uint64_t bytes = c->op[1].imm & 0xff;
	expr_id count = x86_const(c, 16, 8 * (bytes > 15 ? 16 : bytes));

	x86_write(c, 0, expr_binary(c->pool, operator_of(f), source(c, 0), count));
}

/* clang-format off */
static const struct x86_form x86_sse_int[] = {
	/* id               build              param                 oszapcd    props map */
	{X86_INS_PADDB,     build_lanes,       LANES(VADD, 8),       "-------", 0, 0},
	{X86_INS_PADDW,     build_lanes,       LANES(VADD, 16),      "-------", 0, 0},
	{X86_INS_PADDD,     build_lanes,       LANES(VADD, 32),      "-------", 0, 0},
	{X86_INS_PADDQ,     build_lanes,       LANES(VADD, 64),      "-------", 0, 0},
	{X86_INS_PSUBB,     build_lanes,       LANES(VSUB, 8),       "-------", 0, 0},
	{X86_INS_PSUBW,     build_lanes,       LANES(VSUB, 16),      "-------", 0, 0},
	{X86_INS_PSUBD,     build_lanes,       LANES(VSUB, 32),      "-------", 0, 0},
	{X86_INS_PSUBQ,     build_lanes,       LANES(VSUB, 64),      "-------", 0, 0},
	{X86_INS_PADDUSB,   build_lanes,       LANES(VADDUS, 8),     "-------", 0, 0},
	{X86_INS_PADDUSW,   build_lanes,       LANES(VADDUS, 16),    "-------", 0, 0},
	{X86_INS_PADDSB,    build_lanes,       LANES(VADDSS, 8),     "-------", 0, 0},
	{X86_INS_PADDSW,    build_lanes,       LANES(VADDSS, 16),    "-------", 0, 0},
	{X86_INS_PSUBUSB,   build_lanes,       LANES(VSUBUS, 8),     "-------", 0, 0},
	{X86_INS_PSUBUSW,   build_lanes,       LANES(VSUBUS, 16),    "-------", 0, 0},
	{X86_INS_PSUBSB,    build_lanes,       LANES(VSUBSS, 8),     "-------", 0, 0},
	{X86_INS_PSUBSW,    build_lanes,       LANES(VSUBSS, 16),    "-------", 0, 0},
	{X86_INS_PMULLW,    build_lanes,       LANES(VMUL, 16),      "-------", 0, 0},
	{X86_INS_PMULLD,    build_lanes,       LANES(VMUL, 32),      "-------", 0, 0},
	{X86_INS_PMULHW,    build_lanes,       LANES(VMULHS, 16),    "-------", 0, 0},
	{X86_INS_PMULHUW,   build_lanes,       LANES(VMULHU, 16),    "-------", 0, 0},
	{X86_INS_PAVGB,     build_lanes,       LANES(VAVGU, 8),      "-------", 0, 0},
	{X86_INS_PAVGW,     build_lanes,       LANES(VAVGU, 16),     "-------", 0, 0},
	{X86_INS_PMINUB,    build_lanes,       LANES(VMINU, 8),      "-------", 0, 0},
	{X86_INS_PMINUW,    build_lanes,       LANES(VMINU, 16),     "-------", 0, 0},
	{X86_INS_PMINUD,    build_lanes,       LANES(VMINU, 32),     "-------", 0, 0},
	{X86_INS_PMINSB,    build_lanes,       LANES(VMINS, 8),      "-------", 0, 0},
	{X86_INS_PMINSW,    build_lanes,       LANES(VMINS, 16),     "-------", 0, 0},
	{X86_INS_PMINSD,    build_lanes,       LANES(VMINS, 32),     "-------", 0, 0},
	{X86_INS_PMAXUB,    build_lanes,       LANES(VMAXU, 8),      "-------", 0, 0},
	{X86_INS_PMAXUW,    build_lanes,       LANES(VMAXU, 16),     "-------", 0, 0},
	{X86_INS_PMAXUD,    build_lanes,       LANES(VMAXU, 32),     "-------", 0, 0},
	{X86_INS_PMAXSB,    build_lanes,       LANES(VMAXS, 8),      "-------", 0, 0},
	{X86_INS_PMAXSW,    build_lanes,       LANES(VMAXS, 16),     "-------", 0, 0},
	{X86_INS_PMAXSD,    build_lanes,       LANES(VMAXS, 32),     "-------", 0, 0},
	{X86_INS_PCMPEQB,   build_lanes,       LANES(VEQ, 8),        "-------", 0, 0},
	{X86_INS_PCMPEQW,   build_lanes,       LANES(VEQ, 16),       "-------", 0, 0},
	{X86_INS_PCMPEQD,   build_lanes,       LANES(VEQ, 32),       "-------", 0, 0},
	{X86_INS_PCMPEQQ,   build_lanes,       LANES(VEQ, 64),       "-------", 0, 0},
	{X86_INS_PCMPGTB,   build_lanes,       LANES(VGTS, 8),       "-------", 0, 0},
	{X86_INS_PCMPGTW,   build_lanes,       LANES(VGTS, 16),      "-------", 0, 0},
	{X86_INS_PCMPGTD,   build_lanes,       LANES(VGTS, 32),      "-------", 0, 0},
	{X86_INS_PCMPGTQ,   build_lanes,       LANES(VGTS, 64),      "-------", 0, 0},
	{X86_INS_PABSB,     build_lanes_unary, LANES(VABS, 8),       "-------", 0, 0},
	{X86_INS_PABSW,     build_lanes_unary, LANES(VABS, 16),      "-------", 0, 0},
	{X86_INS_PABSD,     build_lanes_unary, LANES(VABS, 32),      "-------", 0, 0},
	{X86_INS_PAND,      build_logic,       LANES(AND, 0),        "-------", 0, 0},
	{X86_INS_ANDPS,     build_logic,       LANES(AND, 0),        "-------", 0, 0},
	{X86_INS_ANDPD,     build_logic,       LANES(AND, 0),        "-------", 0, 0},
	{X86_INS_POR,       build_logic,       LANES(OR, 0),         "-------", 0, 0},
	{X86_INS_ORPS,      build_logic,       LANES(OR, 0),         "-------", 0, 0},
	{X86_INS_ORPD,      build_logic,       LANES(OR, 0),         "-------", 0, 0},
	{X86_INS_PXOR,      build_logic,       LANES(XOR, 0),        "-------", 0, 0},
	{X86_INS_XORPS,     build_logic,       LANES(XOR, 0),        "-------", 0, 0},
	{X86_INS_XORPD,     build_logic,       LANES(XOR, 0),        "-------", 0, 0},
	{X86_INS_PANDN,     build_andn,        0,                    "-------", 0, 0},
	{X86_INS_ANDNPS,    build_andn,        0,                    "-------", 0, 0},
	{X86_INS_ANDNPD,    build_andn,        0,                    "-------", 0, 0},
	{X86_INS_PSLLW,     build_lane_shift,  LANES(VSHL, 16),      "-------", 0, 0},
	{X86_INS_PSLLD,     build_lane_shift,  LANES(VSHL, 32),      "-------", 0, 0},
	{X86_INS_PSLLQ,     build_lane_shift,  LANES(VSHL, 64),      "-------", 0, 0},
	{X86_INS_PSRLW,     build_lane_shift,  LANES(VLSHR, 16),     "-------", 0, 0},
	{X86_INS_PSRLD,     build_lane_shift,  LANES(VLSHR, 32),     "-------", 0, 0},
	{X86_INS_PSRLQ,     build_lane_shift,  LANES(VLSHR, 64),     "-------", 0, 0},
	{X86_INS_PSRAW,     build_lane_shift,  LANES(VASHR, 16),     "-------", 0, 0},
	{X86_INS_PSRAD,     build_lane_shift,  LANES(VASHR, 32),     "-------", 0, 0},
	{X86_INS_PSLLDQ,    build_byte_shift,  LANES(SHL, 0),        "-------", 0, 0},
	{X86_INS_PSRLDQ,    build_byte_shift,  LANES(LSHR, 0),       "-------", 0, 0},
};
/* clang-format on */

X86_TABLE(x86_sse_int);
