/* Conversions of vectors between floating point and integers, and between formats (SDM vol. 2, CVTDQ2PD and on). */
#include "arch/x86_64/mmx.h"
#include "arch/x86_64/sse_fp.h"

/* The vector length by the encoding: the wider one of the operands may be either. */
static unsigned vector_length(const struct x86_ctx *c)
{
	return c->raw.vex && c->raw.vex_l ? 2 * SIMD_BLOCK : SIMD_BLOCK;
}

/* The source, `bits` wide: legacy instructions want a whole vector in memory aligned (SDM vol. 1, 4.1.1). */
static expr_id source(struct x86_ctx *c, unsigned bits)
{
	if (c->op[1].kind == X86_OPERAND_MEM && !c->raw.vex && bits == SIMD_BLOCK)
		x86_require_sse_alignment(c);
	return simd_read(c, 1, bits);
}

/* Writes the lanes; what is above them in the destination is cleared. */
static void finish(struct x86_ctx *c, expr_id result)
{
	if (!result)
		return;
	x86_write(c, 0, expr_fit(c->pool, expr_fp_value(c->pool, result), c->op[0].width));
	simd_raise(c, expr_fp_flags(c->pool, result));
}

/* From signed integers of 32 bits: CVTDQ2PD takes half as many. */
static void build_from_ints(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned length = vector_length(c);
	struct fp_spec s = sse_spec(f);
	expr_id a = source(c, f->param & DOUBLE ? length / 2 : length);

	s.is_signed = true;
	s.integer = 32;
	finish(c, simd_fp(c, EXPR_ITOF, &s, a, EXPR_NONE, EXPR_NONE));
}

static void build_to_ints(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = sse_to_int_spec(f, 32);

	finish(c, simd_fp(c, EXPR_FTOI, &s, source(c, vector_length(c)), EXPR_NONE, EXPR_NONE));
}

/* CVTPS2PD: the lower half of the source; CVTPD2PS fills the lower half of the destination. */
static void build_convert(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned length = vector_length(c);
	struct fp_spec s = sse_spec(f);

	s.from = s.format;
	s.format = s.from == FP_F64 ? FP_F32 : FP_F64;
	finish(c, simd_fp(c, EXPR_FCVT, &s, source(c, s.from == FP_F64 ? length : length / 2), EXPR_NONE, EXPR_NONE));
}

/* ---- MMX registers: two integers (SDM vol. 1, 10.4.4 and 11.4.1.6) ---- */

/*
 * Whether the x87's state has become that of MMX when an exception is raised, no manual says (SDM vol. 2, CVTPI2PS; APM
 * vol. 5, CVTPI2PS): AMD's processors have done it (family 1Ah).
 */
static void raise_beside_mmx(struct x86_ctx *c, expr_id flags)
{
	struct expr_pool *p = c->pool;

	simd_raise(c, flags);
	for (size_t i = 0; i < c->t->regs.len; i++) {
		struct transfer_reg *reg = &c->t->regs.at[i];
		bool x87 = (reg->reg >= X86_st0 && reg->reg <= X86_st7) || reg->reg == X86_fstat ||
			   reg->reg == X86_ftag;
		for (size_t k = 0; k < c->t->faults.len && x87; k++) {
			if (!c->t->faults.at[k].last)
				continue;
			expr_id open = expr_undef(p, expr_width(p, reg->value));
			reg->value = expr_ite(p, c->t->faults.at[k].cond, open, reg->value);
			reg->on_fault = true;
		}
	}
}

/*
 * CVTPI2PS leaves the upper half of the destination alone. From memory, CVTPI2PD leaves the x87 alone (SDM vol. 2), and
 * on AMD's processors CVTPI2PS does.
 */
static void build_from_mmx(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	struct fp_spec s = sse_spec(f);
	bool single = !(f->param & DOUBLE);

	s.is_signed = true;
	s.integer = 32;
	if (single && c->op[1].kind == X86_OPERAND_MEM && !x86_by_amd(c, VENDOR_CVTPI2PS_MEMORY))
		x86_mmx_enter(c);
	expr_id result = simd_fp(c, EXPR_ITOF, &s, x86_read(c, 1), EXPR_NONE, EXPR_NONE);
	x86_write(c, 0, simd_insert(c, x86_read(c, 0), 0, expr_fp_value(p, result)));
	raise_beside_mmx(c, expr_fp_flags(p, result));
}

static void build_to_mmx(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = sse_to_int_spec(f, 32);
	expr_id result = simd_fp(c, EXPR_FTOI, &s, source(c, 2 * sse_lane(f)), EXPR_NONE, EXPR_NONE);

	if (!result)
		return;
	x86_write(c, 0, expr_fp_value(c->pool, result));
	raise_beside_mmx(c, expr_fp_flags(c->pool, result));
}

/* ---- Half precision (SDM vol. 1, 14.4) ---- */

/* Denormals of half precision are never flushed, and never raise the flag. */
static void build_from_half(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = {.format = FP_F32, .from = FP_F16, .rules = FP_SSE};
	expr_id a = source(c, vector_length(c) / 2);

	(void)f;
	finish(c, simd_fp(c, EXPR_FCVT, &s, a, EXPR_NONE, EXPR_NONE));
}

/* Tiny results are never flushed. The immediate has the rounding, or says that MXCSR does. */
static void build_to_half(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_spec s = {.format = FP_F16,
				  .from = FP_F32,
				  .rules = FP_SSE,
				  .rounding = sse_rounding_imm(simd_imm(c))};

	(void)f;
	finish(c, simd_fp(c, EXPR_FCVT, &s, simd_read(c, 1, vector_length(c)), EXPR_NONE, EXPR_NONE));
}

/* clang-format off */
static const struct x86_form x86_sse_convert[] = {
	/*       name         encoding       VEX    operands   CPUID: legacy, VEX, 256 bits */
	SIMD_ROW("cvtdq2ps",  "NP 0F 5B /r", "WIG", "Vps Wps", SSE2, AVX, AVX, build_from_ints, SINGLE),
	SIMD_ROW("cvtdq2pd",  "F3 0F E6 /r", "WIG", "Vpd Wh",  SSE2, AVX, AVX, build_from_ints, DOUBLE),
	SIMD_ROW("cvtps2dq",  "66 0F 5B /r", "WIG", "Vps Wps", SSE2, AVX, AVX, build_to_ints,   SINGLE),
	SIMD_ROW("cvtpd2dq",  "F2 0F E6 /r", "WIG", "Vh Wpd",  SSE2, AVX, AVX, build_to_ints,   DOUBLE),
	SIMD_ROW("cvttps2dq", "F3 0F 5B /r", "WIG", "Vps Wps", SSE2, AVX, AVX, build_to_ints,   SINGLE | TRUNCATE),
	SIMD_ROW("cvttpd2dq", "66 0F E6 /r", "WIG", "Vh Wpd",  SSE2, AVX, AVX, build_to_ints,   DOUBLE | TRUNCATE),
	SIMD_ROW("cvtps2pd",  "NP 0F 5A /r", "WIG", "Vpd Wh",  SSE2, AVX, AVX, build_convert,   SINGLE),
	SIMD_ROW("cvtpd2ps",  "66 0F 5A /r", "WIG", "Vh Wpd",  SSE2, AVX, AVX, build_convert,   DOUBLE),
	SSE_ROW("cvtpi2ps",  "NP 0F 2A /r", "Vdq Qq", SSE,  build_from_mmx, SINGLE),
	SSE_ROW("cvtpi2pd",  "66 0F 2A /r", "Vdq Qq", SSE2, build_from_mmx, DOUBLE),
	SSE_ROW("cvttps2pi", "NP 0F 2C /r", "Pq Wq",  SSE,  build_to_mmx,   SINGLE | TRUNCATE),
	SSE_ROW("cvttpd2pi", "66 0F 2C /r", "Pq Wpd", SSE2, build_to_mmx,   DOUBLE | TRUNCATE),
	SSE_ROW("cvtps2pi",  "NP 0F 2D /r", "Pq Wq",  SSE,  build_to_mmx,   SINGLE),
	SSE_ROW("cvtpd2pi",  "66 0F 2D /r", "Pq Wpd", SSE2, build_to_mmx,   DOUBLE),
	AVX_ROW("vcvtph2ps", "66 0F 38 13 /r", "W0", "Vx Wh",    F16C, F16C, build_from_half, 0),
	AVX_ROW("vcvtps2ph", "66 0F 3A 1D /r", "W0", "Wh Vx Ib", F16C, F16C, build_to_half,   0),
};
/* clang-format on */

X86_TABLE(x86_sse_convert);
