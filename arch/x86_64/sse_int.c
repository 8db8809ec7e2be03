/* Vector integers: what works on each lane by itself, logic, shifts, tests (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* destination = a op b */
static void build_lanes(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c);

	x86_write(c, 0, simd_lanes(c, simd_operator(f), simd_lane(f), simd_a(c), b));
}

/* destination = op source */
static void build_lanes_unary(struct x86_ctx *c, const struct x86_form *f)
{
	x86_write(c, 0, simd_lanes(c, simd_operator(f), simd_lane(f), simd_source(c, 1), EXPR_NONE));
}

static void build_logic(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c);

	x86_write(c, 0, expr_binary(c->pool, simd_operator(f), simd_a(c), b));
}

/* PANDN: the first source is inverted. */
static void build_andn(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c);

	(void)f;
	x86_write(c, 0, expr_and(c->pool, expr_not(c->pool, simd_a(c)), b));
}

/* The count of a shift of all lanes: an immediate, or the low half of a register or of 128 bits of memory. */
static expr_id shift_count(struct x86_ctx *c)
{
	unsigned i = simd_first(c) + 1;

	if (c->op[i].kind == X86_OPERAND_IMM)
		return x86_const(c, 8, simd_imm(c));
	if (c->op[i].kind == X86_OPERAND_MEM && !c->raw.vex)
		x86_require_sse_alignment(c);
	return expr_extract(c->pool, simd_read(c, i, SIMD_BLOCK), 0, 64);
}

static void build_lane_shift(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id count = shift_count(c);

	x86_write(c, 0,
		  simd_lanes(c, simd_operator(f), simd_lane(f), simd_read(c, simd_first(c), simd_width(c)), count));
}

/* PTEST: all bits; VTESTPS, VTESTPD: the top bits of lanes of `param` bits. No destination, so no source of its own. */
static void build_test(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id b = simd_source(c, 1), a = simd_source(c, 0);
	expr_id both = expr_and(p, b, a), rest = expr_and(p, b, expr_not(p, a));

	if (f->param) {
		both = simd_lanes(c, EXPR_VMSB, f->param, both, EXPR_NONE);
		rest = simd_lanes(c, EXPR_VMSB, f->param, rest, EXPR_NONE);
	}
	x86_set_flag(c, X86_zf, expr_is_zero(p, both));
	x86_set_flag(c, X86_cf, expr_is_zero(p, rest));
}

/* PSIGN: a, 0 or -a, as b is positive, 0 or negative. */
static void build_sign(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned lane = f->param, width = simd_width(c);
	expr_id b = simd_b(c), a = simd_a(c), zero = expr_const(p, width, 0);
	expr_id negative = simd_lanes(c, EXPR_VGTS, lane, zero, b);
	expr_id value = simd_lanes(c, EXPR_VSUB, lane, expr_xor(p, a, negative), negative);

	x86_write(c, 0, expr_and(p, value, expr_not(p, simd_lanes(c, EXPR_VEQ, lane, b, zero))));
}

/* clang-format off */
static const struct x86_form x86_sse_int[] = {
	/*   name     build              param */
	SIMD(PADDB,   build_lanes,       LANES(VADD, 8)),
	SIMD(PADDW,   build_lanes,       LANES(VADD, 16)),
	SIMD(PADDD,   build_lanes,       LANES(VADD, 32)),
	SIMD(PADDQ,   build_lanes,       LANES(VADD, 64)),
	SIMD(PSUBB,   build_lanes,       LANES(VSUB, 8)),
	SIMD(PSUBW,   build_lanes,       LANES(VSUB, 16)),
	SIMD(PSUBD,   build_lanes,       LANES(VSUB, 32)),
	SIMD(PSUBQ,   build_lanes,       LANES(VSUB, 64)),
	SIMD(PADDUSB, build_lanes,       LANES(VADDUS, 8)),
	SIMD(PADDUSW, build_lanes,       LANES(VADDUS, 16)),
	SIMD(PADDSB,  build_lanes,       LANES(VADDSS, 8)),
	SIMD(PADDSW,  build_lanes,       LANES(VADDSS, 16)),
	SIMD(PSUBUSB, build_lanes,       LANES(VSUBUS, 8)),
	SIMD(PSUBUSW, build_lanes,       LANES(VSUBUS, 16)),
	SIMD(PSUBSB,  build_lanes,       LANES(VSUBSS, 8)),
	SIMD(PSUBSW,  build_lanes,       LANES(VSUBSS, 16)),
	SIMD(PMULLW,  build_lanes,       LANES(VMUL, 16)),
	SIMD(PMULLD,  build_lanes,       LANES(VMUL, 32)),
	SIMD(PMULHW,  build_lanes,       LANES(VMULHS, 16)),
	SIMD(PMULHUW, build_lanes,       LANES(VMULHU, 16)),
	SIMD(PAVGB,   build_lanes,       LANES(VAVGU, 8)),
	SIMD(PAVGW,   build_lanes,       LANES(VAVGU, 16)),
	SIMD(PMINUB,  build_lanes,       LANES(VMINU, 8)),
	SIMD(PMINUW,  build_lanes,       LANES(VMINU, 16)),
	SIMD(PMINUD,  build_lanes,       LANES(VMINU, 32)),
	SIMD(PMINSB,  build_lanes,       LANES(VMINS, 8)),
	SIMD(PMINSW,  build_lanes,       LANES(VMINS, 16)),
	SIMD(PMINSD,  build_lanes,       LANES(VMINS, 32)),
	SIMD(PMAXUB,  build_lanes,       LANES(VMAXU, 8)),
	SIMD(PMAXUW,  build_lanes,       LANES(VMAXU, 16)),
	SIMD(PMAXUD,  build_lanes,       LANES(VMAXU, 32)),
	SIMD(PMAXSB,  build_lanes,       LANES(VMAXS, 8)),
	SIMD(PMAXSW,  build_lanes,       LANES(VMAXS, 16)),
	SIMD(PMAXSD,  build_lanes,       LANES(VMAXS, 32)),
	SIMD(PCMPEQB, build_lanes,       LANES(VEQ, 8)),
	SIMD(PCMPEQW, build_lanes,       LANES(VEQ, 16)),
	SIMD(PCMPEQD, build_lanes,       LANES(VEQ, 32)),
	SIMD(PCMPEQQ, build_lanes,       LANES(VEQ, 64)),
	SIMD(PCMPGTB, build_lanes,       LANES(VGTS, 8)),
	SIMD(PCMPGTW, build_lanes,       LANES(VGTS, 16)),
	SIMD(PCMPGTD, build_lanes,       LANES(VGTS, 32)),
	SIMD(PCMPGTQ, build_lanes,       LANES(VGTS, 64)),
	AVX(PSLLVD,   build_lanes,       LANES(VSHLV, 32)),
	AVX(PSLLVQ,   build_lanes,       LANES(VSHLV, 64)),
	AVX(PSRLVD,   build_lanes,       LANES(VLSHRV, 32)),
	AVX(PSRLVQ,   build_lanes,       LANES(VLSHRV, 64)),
	AVX(PSRAVD,   build_lanes,       LANES(VASHRV, 32)),
	SIMD(PABSB,   build_lanes_unary, LANES(VABS, 8)),
	SIMD(PABSW,   build_lanes_unary, LANES(VABS, 16)),
	SIMD(PABSD,   build_lanes_unary, LANES(VABS, 32)),
	SIMD(PSIGNB,  build_sign,        8),
	SIMD(PSIGNW,  build_sign,        16),
	SIMD(PSIGND,  build_sign,        32),
	SIMD(PAND,    build_logic,       LANES(AND, 0)),
	SIMD(ANDPS,   build_logic,       LANES(AND, 0)),
	SIMD(ANDPD,   build_logic,       LANES(AND, 0)),
	SIMD(POR,     build_logic,       LANES(OR, 0)),
	SIMD(ORPS,    build_logic,       LANES(OR, 0)),
	SIMD(ORPD,    build_logic,       LANES(OR, 0)),
	SIMD(PXOR,    build_logic,       LANES(XOR, 0)),
	SIMD(XORPS,   build_logic,       LANES(XOR, 0)),
	SIMD(XORPD,   build_logic,       LANES(XOR, 0)),
	SIMD(PANDN,   build_andn,        0),
	SIMD(ANDNPS,  build_andn,        0),
	SIMD(ANDNPD,  build_andn,        0),
	SIMD(PSLLW,   build_lane_shift,  LANES(VSHL, 16)),
	SIMD(PSLLD,   build_lane_shift,  LANES(VSHL, 32)),
	SIMD(PSLLQ,   build_lane_shift,  LANES(VSHL, 64)),
	SIMD(PSRLW,   build_lane_shift,  LANES(VLSHR, 16)),
	SIMD(PSRLD,   build_lane_shift,  LANES(VLSHR, 32)),
	SIMD(PSRLQ,   build_lane_shift,  LANES(VLSHR, 64)),
	SIMD(PSRAW,   build_lane_shift,  LANES(VASHR, 16)),
	SIMD(PSRAD,   build_lane_shift,  LANES(VASHR, 32)),
	SIMD_FLAGS(PTEST, build_test,    0,  "00W00W-"),
	AVX_FLAGS(TESTPS, build_test,    32, "00W00W-"),
	AVX_FLAGS(TESTPD, build_test,    64, "00W00W-"),
};
/* clang-format on */

X86_TABLE(x86_sse_int);
