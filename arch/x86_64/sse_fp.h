/* What the families of SSE's floating point share: the parameters of their rows. */
#ifndef ARCH_X86_64_SSE_FP_H
#define ARCH_X86_64_SSE_FP_H

#include "arch/x86_64/simd.h"

/* The format, all lanes or the lowest one, and what else there is to know. The operator is in the upper half. */
enum {
	SINGLE = 0,
	DOUBLE = 1,
	PACKED = 2,
	TRUNCATE = 4,
	QUIET = 8,
};
#define FP(op, flags) (EXPR_##op << 16 | (flags))

static inline bool sse_is_packed(const struct x86_form *f)
{
	return f->param & PACKED;
}

static inline unsigned sse_lane(const struct x86_form *f)
{
	return f->param & DOUBLE ? 64 : 32;
}

static inline struct fp_spec sse_spec(const struct x86_form *f)
{
	return (struct fp_spec){.format = f->param & DOUBLE ? FP_F64 : FP_F32, .rules = FP_SSE};
}

/* To signed integers, as MXCSR rounds or towards zero. */
static inline struct fp_spec sse_to_int_spec(const struct x86_form *f, unsigned width)
{
	struct fp_spec s = sse_spec(f);

	s.rounding = f->param & TRUNCATE ? FP_STATIC + FP_TO_ZERO : 0;
	s.is_signed = true;
	s.integer = (uint8_t)width;
	return s;
}

/* The rounding by an immediate: bit 2 says that MXCSR has it, else bits 0 and 1 do (SDM vol. 2, ROUNDPS, VCVTPS2PH). */
static inline uint8_t sse_rounding_imm(unsigned imm)
{
	return imm & 4 ? 0 : (uint8_t)(FP_STATIC + (imm & 3));
}

/* Writes what an operator gave: in each lane, or in the lowest one, the others being those of operand `rest`. */
static inline void sse_finish(struct x86_ctx *c, const struct x86_form *f, expr_id result, unsigned rest)
{
	if (sse_is_packed(f))
		simd_finish_fp(c, result);
	else
		simd_finish_fp_lowest(c, result, rest);
}

/*
 * All four of a name: opcode and the rest of its encoding; the first source, which unary operations on packed numbers
 * do not have; further operands.
 */
#define SSE_PACKED(name, opcode, first, more, build, param) \
	SIMD_ROW(name "ps", "NP 0F " opcode " /r", "WIG", "Vps " first "Wps" more, SSE, AVX, AVX, build, \
		 (param) | PACKED), \
		SIMD_ROW(name "pd", "66 0F " opcode " /r", "WIG", "Vpd " first "Wpd" more, SSE2, AVX, AVX, build, \
			 (param) | PACKED | DOUBLE)
#define SSE_SCALAR(name, opcode, more, build, param) \
	SIMD_ROW(name "ss", "F3 0F " opcode " /r", "LIG.WIG", "Vss Hss Wss" more, SSE, AVX, AVX, build, param), \
		SIMD_ROW(name "sd", "F2 0F " opcode " /r", "LIG.WIG", "Vsd Hsd Wsd" more, SSE2, AVX, AVX, build, \
			 (param) | DOUBLE)
#define SSE_FOUR(name, opcode, more, build, param) \
	SSE_PACKED(name, opcode, "Hx ", more, build, param), SSE_SCALAR(name, opcode, more, build, param)

#endif
