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
	if (c->op[i].kind == X86_OPERAND_MEM && !c->raw.vex && simd_width(c) == SIMD_BLOCK) {
		x86_require_sse_alignment(c);
		/* Where the address need not be aligned (MXCSR.MM) AMD's CPUs load no more of it. */
		return transfer_load(c->t, 64, x86_address(c));
	}
	return expr_extract(c->pool, simd_read(c, i, simd_block(c)), 0, 64);
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
	/*       name     encoding          VEX    operands    CPUID: legacy, VEX, 256 bits */
	SIMD_ROW("paddb",   "66 0F FC /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADD, 8)),
	SIMD_ROW("paddw",   "66 0F FD /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADD, 16)),
	SIMD_ROW("paddd",   "66 0F FE /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADD, 32)),
	SIMD_ROW("paddq",   "66 0F D4 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADD, 64)),
	SIMD_ROW("psubb",   "66 0F F8 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUB, 8)),
	SIMD_ROW("psubw",   "66 0F F9 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUB, 16)),
	SIMD_ROW("psubd",   "66 0F FA /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUB, 32)),
	SIMD_ROW("psubq",   "66 0F FB /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUB, 64)),
	SIMD_ROW("paddusb", "66 0F DC /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADDUS, 8)),
	SIMD_ROW("paddusw", "66 0F DD /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADDUS, 16)),
	SIMD_ROW("paddsb",  "66 0F EC /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADDSS, 8)),
	SIMD_ROW("paddsw",  "66 0F ED /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VADDSS, 16)),
	SIMD_ROW("psubusb", "66 0F D8 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUBUS, 8)),
	SIMD_ROW("psubusw", "66 0F D9 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUBUS, 16)),
	SIMD_ROW("psubsb",  "66 0F E8 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUBSS, 8)),
	SIMD_ROW("psubsw",  "66 0F E9 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VSUBSS, 16)),
	SIMD_ROW("pmullw",  "66 0F D5 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMUL, 16)),
	SIMD_ROW("pmulld",  "66 0F 38 40 /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMUL, 32)),
	SIMD_ROW("pmulhw",  "66 0F E5 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMULHS, 16)),
	SIMD_ROW("pmulhuw", "66 0F E4 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMULHU, 16)),
	SIMD_ROW("pavgb",   "66 0F E0 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VAVGU, 8)),
	SIMD_ROW("pavgw",   "66 0F E3 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VAVGU, 16)),
	SIMD_ROW("pminub",  "66 0F DA /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMINU, 8)),
	SIMD_ROW("pminuw",  "66 0F 38 3A /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMINU, 16)),
	SIMD_ROW("pminud",  "66 0F 38 3B /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMINU, 32)),
	SIMD_ROW("pminsb",  "66 0F 38 38 /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMINS, 8)),
	SIMD_ROW("pminsw",  "66 0F EA /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMINS, 16)),
	SIMD_ROW("pminsd",  "66 0F 38 39 /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMINS, 32)),
	SIMD_ROW("pmaxub",  "66 0F DE /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMAXU, 8)),
	SIMD_ROW("pmaxuw",  "66 0F 38 3E /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMAXU, 16)),
	SIMD_ROW("pmaxud",  "66 0F 38 3F /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMAXU, 32)),
	SIMD_ROW("pmaxsb",  "66 0F 38 3C /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMAXS, 8)),
	SIMD_ROW("pmaxsw",  "66 0F EE /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VMAXS, 16)),
	SIMD_ROW("pmaxsd",  "66 0F 38 3D /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VMAXS, 32)),
	SIMD_ROW("pcmpeqb", "66 0F 74 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VEQ, 8)),
	SIMD_ROW("pcmpeqw", "66 0F 75 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VEQ, 16)),
	SIMD_ROW("pcmpeqd", "66 0F 76 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VEQ, 32)),
	SIMD_ROW("pcmpeqq", "66 0F 38 29 /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_lanes, LANES(VEQ, 64)),
	SIMD_ROW("pcmpgtb", "66 0F 64 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VGTS, 8)),
	SIMD_ROW("pcmpgtw", "66 0F 65 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VGTS, 16)),
	SIMD_ROW("pcmpgtd", "66 0F 66 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_lanes, LANES(VGTS, 32)),
	SIMD_ROW("pcmpgtq", "66 0F 38 37 /r", "WIG", "Vx Hx Wx", SSE42, AVX, AVX2, build_lanes, LANES(VGTS, 64)),
	AVX_ROW("vpsllvd", "66 0F 38 47 /r", "W0", "Vx Hx Wx", AVX2, AVX2, build_lanes, LANES(VSHLV, 32)),
	AVX_ROW("vpsllvq", "66 0F 38 47 /r", "W1", "Vx Hx Wx", AVX2, AVX2, build_lanes, LANES(VSHLV, 64)),
	AVX_ROW("vpsrlvd", "66 0F 38 45 /r", "W0", "Vx Hx Wx", AVX2, AVX2, build_lanes, LANES(VLSHRV, 32)),
	AVX_ROW("vpsrlvq", "66 0F 38 45 /r", "W1", "Vx Hx Wx", AVX2, AVX2, build_lanes, LANES(VLSHRV, 64)),
	AVX_ROW("vpsravd", "66 0F 38 46 /r", "W0", "Vx Hx Wx", AVX2, AVX2, build_lanes, LANES(VASHRV, 32)),
	SIMD_ROW("pabsb",  "66 0F 38 1C /r", "WIG", "Vx Wx",       SSSE3, AVX, AVX2, build_lanes_unary, LANES(VABS, 8)),
	SIMD_ROW("pabsw",  "66 0F 38 1D /r", "WIG", "Vx Wx",       SSSE3, AVX, AVX2, build_lanes_unary, LANES(VABS, 16)),
	SIMD_ROW("pabsd",  "66 0F 38 1E /r", "WIG", "Vx Wx",       SSSE3, AVX, AVX2, build_lanes_unary, LANES(VABS, 32)),
	SIMD_ROW("psignb", "66 0F 38 08 /r", "WIG", "Vx Hx Wx",    SSSE3, AVX, AVX2, build_sign,        8),
	SIMD_ROW("psignw", "66 0F 38 09 /r", "WIG", "Vx Hx Wx",    SSSE3, AVX, AVX2, build_sign,        16),
	SIMD_ROW("psignd", "66 0F 38 0A /r", "WIG", "Vx Hx Wx",    SSSE3, AVX, AVX2, build_sign,        32),
	SIMD_ROW("pand",   "66 0F DB /r",    "WIG", "Vx Hx Wx",    SSE2,  AVX, AVX2, build_logic,       LANES(AND, 0)),
	SIMD_ROW("andps",  "NP 0F 54 /r",    "WIG", "Vps Hps Wps", SSE,   AVX, AVX,  build_logic,       LANES(AND, 0)),
	SIMD_ROW("andpd",  "66 0F 54 /r",    "WIG", "Vpd Hpd Wpd", SSE2,  AVX, AVX,  build_logic,       LANES(AND, 0)),
	SIMD_ROW("por",    "66 0F EB /r",    "WIG", "Vx Hx Wx",    SSE2,  AVX, AVX2, build_logic,       LANES(OR, 0)),
	SIMD_ROW("orps",   "NP 0F 56 /r",    "WIG", "Vps Hps Wps", SSE,   AVX, AVX,  build_logic,       LANES(OR, 0)),
	SIMD_ROW("orpd",   "66 0F 56 /r",    "WIG", "Vpd Hpd Wpd", SSE2,  AVX, AVX,  build_logic,       LANES(OR, 0)),
	SIMD_ROW("pxor",   "66 0F EF /r",    "WIG", "Vx Hx Wx",    SSE2,  AVX, AVX2, build_logic,       LANES(XOR, 0)),
	SIMD_ROW("xorps",  "NP 0F 57 /r",    "WIG", "Vps Hps Wps", SSE,   AVX, AVX,  build_logic,       LANES(XOR, 0)),
	SIMD_ROW("xorpd",  "66 0F 57 /r",    "WIG", "Vpd Hpd Wpd", SSE2,  AVX, AVX,  build_logic,       LANES(XOR, 0)),
	SIMD_ROW("pandn",  "66 0F DF /r",    "WIG", "Vx Hx Wx",    SSE2,  AVX, AVX2, build_andn,        0),
	SIMD_ROW("andnps", "NP 0F 55 /r",    "WIG", "Vps Hps Wps", SSE,   AVX, AVX,  build_andn,        0),
	SIMD_ROW("andnpd", "66 0F 55 /r",    "WIG", "Vpd Hpd Wpd", SSE2,  AVX, AVX,  build_andn,        0),
	SIMD_ROW("psllw",  "66 0F F1 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VSHL, 16)),
	SIMD_ROW("psllw",  "66 0F 71 /6",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VSHL, 16)),
	SIMD_ROW("pslld",  "66 0F F2 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VSHL, 32)),
	SIMD_ROW("pslld",  "66 0F 72 /6",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VSHL, 32)),
	SIMD_ROW("psllq",  "66 0F F3 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VSHL, 64)),
	SIMD_ROW("psllq",  "66 0F 73 /6",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VSHL, 64)),
	SIMD_ROW("psrlw",  "66 0F D1 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VLSHR, 16)),
	SIMD_ROW("psrlw",  "66 0F 71 /2",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VLSHR, 16)),
	SIMD_ROW("psrld",  "66 0F D2 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VLSHR, 32)),
	SIMD_ROW("psrld",  "66 0F 72 /2",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VLSHR, 32)),
	SIMD_ROW("psrlq",  "66 0F D3 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VLSHR, 64)),
	SIMD_ROW("psrlq",  "66 0F 73 /2",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VLSHR, 64)),
	SIMD_ROW("psraw",  "66 0F E1 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VASHR, 16)),
	SIMD_ROW("psraw",  "66 0F 71 /4",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VASHR, 16)),
	SIMD_ROW("psrad",  "66 0F E2 /r",    "WIG", "Vx Hx Wdq",   SSE2,  AVX, AVX2, build_lane_shift,  LANES(VASHR, 32)),
	SIMD_ROW("psrad",  "66 0F 72 /4",    "WIG", "Hx Ux Ib",    SSE2,  AVX, AVX2, build_lane_shift,  LANES(VASHR, 32)),
	SIMD_ROW_FLAGS("ptest", "66 0F 38 17 /r", "WIG", "Vx Wx", SSE41, AVX, AVX, "00W00W-", build_test, 0),
	AVX_ROW_FLAGS("vtestps", "66 0F 38 0E /r", "W0", "Vx Wx", AVX, AVX, "00W00W-", build_test, 32),
	AVX_ROW_FLAGS("vtestpd", "66 0F 38 0F /r", "W0", "Vx Wx", AVX, AVX, "00W00W-", build_test, 64),

	/* MMX */
	SSE_ROW("paddb", "NP 0F FC /r", "Pq Qq", MMX, build_lanes, LANES(VADD, 8)),
	SSE_ROW("paddw", "NP 0F FD /r", "Pq Qq", MMX, build_lanes, LANES(VADD, 16)),
	SSE_ROW("paddd", "NP 0F FE /r", "Pq Qq", MMX, build_lanes, LANES(VADD, 32)),
	SSE_ROW("paddq", "NP 0F D4 /r", "Pq Qq", SSE2, build_lanes, LANES(VADD, 64)),
	SSE_ROW("psubb", "NP 0F F8 /r", "Pq Qq", MMX, build_lanes, LANES(VSUB, 8)),
	SSE_ROW("psubw", "NP 0F F9 /r", "Pq Qq", MMX, build_lanes, LANES(VSUB, 16)),
	SSE_ROW("psubd", "NP 0F FA /r", "Pq Qq", MMX, build_lanes, LANES(VSUB, 32)),
	SSE_ROW("psubq", "NP 0F FB /r", "Pq Qq", SSE2, build_lanes, LANES(VSUB, 64)),
	SSE_ROW("paddusb", "NP 0F DC /r", "Pq Qq", MMX, build_lanes, LANES(VADDUS, 8)),
	SSE_ROW("paddusw", "NP 0F DD /r", "Pq Qq", MMX, build_lanes, LANES(VADDUS, 16)),
	SSE_ROW("paddsb", "NP 0F EC /r", "Pq Qq", MMX, build_lanes, LANES(VADDSS, 8)),
	SSE_ROW("paddsw", "NP 0F ED /r", "Pq Qq", MMX, build_lanes, LANES(VADDSS, 16)),
	SSE_ROW("psubusb", "NP 0F D8 /r", "Pq Qq", MMX, build_lanes, LANES(VSUBUS, 8)),
	SSE_ROW("psubusw", "NP 0F D9 /r", "Pq Qq", MMX, build_lanes, LANES(VSUBUS, 16)),
	SSE_ROW("psubsb", "NP 0F E8 /r", "Pq Qq", MMX, build_lanes, LANES(VSUBSS, 8)),
	SSE_ROW("psubsw", "NP 0F E9 /r", "Pq Qq", MMX, build_lanes, LANES(VSUBSS, 16)),
	SSE_ROW("pmullw", "NP 0F D5 /r", "Pq Qq", MMX, build_lanes, LANES(VMUL, 16)),
	SSE_ROW("pmulhw", "NP 0F E5 /r", "Pq Qq", MMX, build_lanes, LANES(VMULHS, 16)),
	SSE_ROW("pmulhuw", "NP 0F E4 /r", "Pq Qq", SSE, build_lanes, LANES(VMULHU, 16)),
	SSE_ROW("pavgb", "NP 0F E0 /r", "Pq Qq", SSE, build_lanes, LANES(VAVGU, 8)),
	SSE_ROW("pavgw", "NP 0F E3 /r", "Pq Qq", SSE, build_lanes, LANES(VAVGU, 16)),
	SSE_ROW("pminub", "NP 0F DA /r", "Pq Qq", SSE, build_lanes, LANES(VMINU, 8)),
	SSE_ROW("pminsw", "NP 0F EA /r", "Pq Qq", SSE, build_lanes, LANES(VMINS, 16)),
	SSE_ROW("pmaxub", "NP 0F DE /r", "Pq Qq", SSE, build_lanes, LANES(VMAXU, 8)),
	SSE_ROW("pmaxsw", "NP 0F EE /r", "Pq Qq", SSE, build_lanes, LANES(VMAXS, 16)),
	SSE_ROW("pcmpeqb", "NP 0F 74 /r", "Pq Qq", MMX, build_lanes, LANES(VEQ, 8)),
	SSE_ROW("pcmpeqw", "NP 0F 75 /r", "Pq Qq", MMX, build_lanes, LANES(VEQ, 16)),
	SSE_ROW("pcmpeqd", "NP 0F 76 /r", "Pq Qq", MMX, build_lanes, LANES(VEQ, 32)),
	SSE_ROW("pcmpgtb", "NP 0F 64 /r", "Pq Qq", MMX, build_lanes, LANES(VGTS, 8)),
	SSE_ROW("pcmpgtw", "NP 0F 65 /r", "Pq Qq", MMX, build_lanes, LANES(VGTS, 16)),
	SSE_ROW("pcmpgtd", "NP 0F 66 /r", "Pq Qq", MMX, build_lanes, LANES(VGTS, 32)),
	SSE_ROW("pabsb", "NP 0F 38 1C /r", "Pq Qq", SSSE3, build_lanes_unary, LANES(VABS, 8)),
	SSE_ROW("pabsw", "NP 0F 38 1D /r", "Pq Qq", SSSE3, build_lanes_unary, LANES(VABS, 16)),
	SSE_ROW("pabsd", "NP 0F 38 1E /r", "Pq Qq", SSSE3, build_lanes_unary, LANES(VABS, 32)),
	SSE_ROW("psignb", "NP 0F 38 08 /r", "Pq Qq", SSSE3, build_sign, 8),
	SSE_ROW("psignw", "NP 0F 38 09 /r", "Pq Qq", SSSE3, build_sign, 16),
	SSE_ROW("psignd", "NP 0F 38 0A /r", "Pq Qq", SSSE3, build_sign, 32),
	SSE_ROW("pand", "NP 0F DB /r", "Pq Qq", MMX, build_logic, LANES(AND, 0)),
	SSE_ROW("por", "NP 0F EB /r", "Pq Qq", MMX, build_logic, LANES(OR, 0)),
	SSE_ROW("pxor", "NP 0F EF /r", "Pq Qq", MMX, build_logic, LANES(XOR, 0)),
	SSE_ROW("pandn", "NP 0F DF /r", "Pq Qq", MMX, build_andn, 0),
	SSE_ROW("psllw", "NP 0F F1 /r", "Pq Qq", MMX, build_lane_shift, LANES(VSHL, 16)),
	SSE_ROW("pslld", "NP 0F F2 /r", "Pq Qq", MMX, build_lane_shift, LANES(VSHL, 32)),
	SSE_ROW("psllq", "NP 0F F3 /r", "Pq Qq", MMX, build_lane_shift, LANES(VSHL, 64)),
	SSE_ROW("psrlw", "NP 0F D1 /r", "Pq Qq", MMX, build_lane_shift, LANES(VLSHR, 16)),
	SSE_ROW("psrld", "NP 0F D2 /r", "Pq Qq", MMX, build_lane_shift, LANES(VLSHR, 32)),
	SSE_ROW("psrlq", "NP 0F D3 /r", "Pq Qq", MMX, build_lane_shift, LANES(VLSHR, 64)),
	SSE_ROW("psraw", "NP 0F E1 /r", "Pq Qq", MMX, build_lane_shift, LANES(VASHR, 16)),
	SSE_ROW("psrad", "NP 0F E2 /r", "Pq Qq", MMX, build_lane_shift, LANES(VASHR, 32)),
	SSE_ROW("psllw", "NP 0F 71 /6", "Nq Ib", MMX, build_lane_shift, LANES(VSHL, 16)),
	SSE_ROW("pslld", "NP 0F 72 /6", "Nq Ib", MMX, build_lane_shift, LANES(VSHL, 32)),
	SSE_ROW("psllq", "NP 0F 73 /6", "Nq Ib", MMX, build_lane_shift, LANES(VSHL, 64)),
	SSE_ROW("psrlw", "NP 0F 71 /2", "Nq Ib", MMX, build_lane_shift, LANES(VLSHR, 16)),
	SSE_ROW("psrld", "NP 0F 72 /2", "Nq Ib", MMX, build_lane_shift, LANES(VLSHR, 32)),
	SSE_ROW("psrlq", "NP 0F 73 /2", "Nq Ib", MMX, build_lane_shift, LANES(VLSHR, 64)),
	SSE_ROW("psraw", "NP 0F 71 /4", "Nq Ib", MMX, build_lane_shift, LANES(VASHR, 16)),
	SSE_ROW("psrad", "NP 0F 72 /4", "Nq Ib", MMX, build_lane_shift, LANES(VASHR, 32)),
};
/* clang-format on */

X86_TABLE(x86_sse_int);
