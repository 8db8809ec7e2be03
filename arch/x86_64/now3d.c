/*
 * AMD's 3DNow!, by the manual alone (APM vol. 1, 5.5.6, 5.8; vol. 5): no processor of today has it, and none was asked.
 *
 * Numbers are of single precision: there are no denormals (they are zeroes), no infinities (results saturate) and no
 * NaNs. What has an exponent of all ones is not supported: results are undefined. No exception is raised, and no
 * control register is looked at.
 */
#include "arch/x86_64/mmx.h"
#include "arch/x86_64/simd.h"

enum { LANE = 32, FRACTION = 23, NUM_LANES = 2 };

#define SIGN     UINT64_C(0x80000000)
#define EXPONENT UINT64_C(0x7f800000)
#define LARGEST  UINT64_C(0x7f7fffff)

/* The parameter of a row: an operator, and what else there is to know. */
enum {
	REVERSED = 1,   /* of subtraction: the operands are exchanged */
	SUBTRACT = 1,   /* of PFACC: the low halves of the sources are differences */
	SUBTRACT_2 = 2, /* ... the high ones */
	WORDS = 1,      /* of conversions: integers of 16 bits */
};
#define FP(op, flags) (EXPR_##op << 16 | (flags))

/* ---- Numbers ---- */

/*
 * Tiny results are told before rounding (APM vol. 5, PFMUL, note 2), and integers saturate (PF2ID): among the rules of
 * lib/fp those of Arm say so. Where they depart from 3DNow! otherwise is in operands that are not supported.
 */
static struct fp_spec spec(enum fp_round how)
{
	return (struct fp_spec){.format = FP_F32, .rules = FP_ARM, .rounding = (uint8_t)(FP_STATIC + how)};
}

/* FPCR.FZ and MXCSR.DAZ by those rules and by SSE's: denormals are zeroes. No exception is looked at. */
static expr_id control(struct x86_ctx *c, const struct fp_spec *s)
{
	return x86_const(c, FP_CONTROL_WIDTH, s->rules == FP_ARM ? 1 << 24 : 1 << 6);
}

static expr_id lane(struct x86_ctx *c, expr_id a, unsigned i)
{
	return expr_extract(c->pool, a, i * LANE, LANE);
}

static expr_id exponent(struct x86_ctx *c, expr_id a)
{
	return expr_and(c->pool, a, x86_const(c, LANE, EXPONENT));
}

static expr_id sign(struct x86_ctx *c, expr_id a)
{
	return expr_and(c->pool, a, x86_const(c, LANE, SIGN));
}

/* Zeroes, and denormals. */
static expr_id is_zero(struct x86_ctx *c, expr_id a)
{
	return expr_is_zero(c->pool, exponent(c, a));
}

static expr_id is_unsupported(struct x86_ctx *c, expr_id a)
{
	return expr_eq(c->pool, exponent(c, a), x86_const(c, LANE, EXPONENT));
}

/* A result of a and b, undefined if one of them is not supported. */
static expr_id if_supported(struct x86_ctx *c, expr_id a, expr_id b, expr_id value)
{
	expr_id wild = expr_or(c->pool, is_unsupported(c, a), is_unsupported(c, b));

	return expr_ite(c->pool, wild, expr_undef(c->pool, LANE), value);
}

/* destination = one lane above the other */
static void finish(struct x86_ctx *c, const expr_id lanes[NUM_LANES])
{
	x86_write(c, 0, expr_concat(c->pool, lanes[1], lanes[0]));
}

/* ---- Arithmetic ---- */

/* The sign of a sum or difference of two normal numbers that is exactly zero: the first's (APM vol. 5, PFADD, note 2).
 */
enum cancelled { SIGN_OF_FIRST, SIGN_UNDEFINED };

static expr_id cancelled_sign(struct x86_ctx *c, expr_id a, expr_id b, enum expr_op op, enum cancelled how,
			      expr_id value)
{
	struct expr_pool *p = c->pool;
	expr_id opposite = op == EXPR_FSUB ? b : expr_xor(p, b, x86_const(c, LANE, SIGN));
	expr_id cancels = expr_and(p, expr_eq(p, a, opposite), expr_not(p, is_zero(c, a)));
	expr_id zero = how == SIGN_OF_FIRST ? sign(c, a) : expr_concat(p, expr_undef(p, 1), x86_const(c, LANE - 1, 0));

	return expr_ite(p, cancels, zero, value);
}

/* One lane of a sum, difference or product: overflow gives the largest number. */
static expr_id compute(struct x86_ctx *c, enum expr_op op, enum cancelled how, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	const struct fp_spec s = spec(FP_NEAREST);
	expr_id value = expr_fp_value(p, expr_fp(p, op, &s, control(c, &s), a, b, EXPR_NONE));
	expr_id largest = expr_or(p, sign(c, value), x86_const(c, LANE, LARGEST));

	value = expr_ite(p, is_unsupported(c, value), largest, value);
	if (op != EXPR_FMUL)
		value = cancelled_sign(c, a, b, op, how, value);
	return if_supported(c, a, b, value);
}

static void build_arithmetic(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), a = simd_a(c), lanes[NUM_LANES];
	bool reversed = f->param & REVERSED;

	for (unsigned i = 0; i < NUM_LANES; i++)
		lanes[i] = compute(c, simd_operator(f), SIGN_OF_FIRST, lane(c, reversed ? b : a, i),
				   lane(c, reversed ? a : b, i));
	finish(c, lanes);
}

/* PFACC, PFNACC, PFPNACC: of the halves of the first source, and of those of the second. */
static void build_accumulate(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), a = simd_a(c);
	const expr_id lanes[NUM_LANES] = {
		compute(c, f->param & SUBTRACT ? EXPR_FSUB : EXPR_FADD, SIGN_UNDEFINED, lane(c, a, 0), lane(c, a, 1)),
		compute(c, f->param & SUBTRACT_2 ? EXPR_FSUB : EXPR_FADD, SIGN_UNDEFINED, lane(c, b, 0), lane(c, b, 1)),
	};

	finish(c, lanes);
}

/* PFMIN, PFMAX: zeroes, whatever their sign, are the positive one. */
static void build_extreme(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	const struct fp_spec s = {.format = FP_F32, .rules = FP_SSE};
	expr_id b = simd_b(c), a = simd_a(c), zero = x86_const(c, LANE, 0), lanes[NUM_LANES];

	for (unsigned i = 0; i < NUM_LANES; i++) {
		expr_id x = lane(c, a, i), y = lane(c, b, i);
		expr_id found = expr_fp(p, simd_operator(f), &s, control(c, &s), expr_ite(p, is_zero(c, x), zero, x),
					expr_ite(p, is_zero(c, y), zero, y), EXPR_NONE);
		lanes[i] = if_supported(c, x, y, expr_fp_value(p, found));
	}
	finish(c, lanes);
}

/* PFCMPEQ, PFCMPGE, PFCMPGT: param is the set of relations. */
static void build_compare(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	const struct fp_spec s = {.format = FP_F32, .rules = FP_SSE, .relations = (uint8_t)f->param};
	expr_id b = simd_b(c), a = simd_a(c), lanes[NUM_LANES];

	for (unsigned i = 0; i < NUM_LANES; i++) {
		expr_id x = lane(c, a, i), y = lane(c, b, i);
		expr_id holds = expr_fp(p, EXPR_FCMP, &s, control(c, &s), x, y, EXPR_NONE);
		lanes[i] = if_supported(c, x, y, expr_fp_value(p, holds));
	}
	finish(c, lanes);
}

/* ---- Conversions ---- */

/* PI2FD, PI2FW: of the latter, the low word of each half. What does not fit is truncated. */
static void build_from_int(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = f->param & WORDS ? 16 : LANE;
	struct fp_spec s = spec(FP_TO_ZERO);
	expr_id a = simd_source(c, 1), lanes[NUM_LANES];

	s.is_signed = true;
	s.integer = (uint8_t)width;
	for (unsigned i = 0; i < NUM_LANES; i++) {
		expr_id from = expr_extract(p, a, i * LANE, width);
		lanes[i] = expr_fp_value(p, expr_fp(p, EXPR_ITOF, &s, control(c, &s), from, EXPR_NONE, EXPR_NONE));
	}
	finish(c, lanes);
}

/* PF2ID, PF2IW: truncated and saturated, to 32 bits or to 16 bits which are then sign-extended. */
static void build_to_int(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	struct fp_spec s = spec(FP_TO_ZERO);
	expr_id a = simd_source(c, 1), lanes[NUM_LANES];

	s.is_signed = true;
	s.integer = f->param & WORDS ? 16 : LANE;
	for (unsigned i = 0; i < NUM_LANES; i++) {
		expr_id x = lane(c, a, i);
		expr_id value = expr_fp_value(p, expr_fp(p, EXPR_FTOI, &s, control(c, &s), x, EXPR_NONE, EXPR_NONE));
		lanes[i] = if_supported(c, x, x, expr_sext(p, value, LANE));
	}
	finish(c, lanes);
}

/* ---- Approximations ---- */

/*
 * PFRCP and PFRSQRT are accurate to 14 and to 15 bits (APM vol. 5): their relative error is at most 2^-14 and 2^-15.
 * Of zero the result is the largest number with the operand's sign. PFRSQRT takes the root of the magnitude, and gives
 * the result the operand's sign.
 */
static const struct fp_bound bounds[] = {
	{.format = FP_F32,
	 .function = FP_FUNCTION_RCP,
	 .unit = FP_BOUND_RELATIVE,
	 .multiple = 1,
	 .shift = 14,
	 .flushes_tiny = true},
	{.format = FP_F32, .function = FP_FUNCTION_RSQRT, .unit = FP_BOUND_RELATIVE, .multiple = 1, .shift = 15},
};

enum { RECIPROCAL, ROOT };

/* Both halves, of the source's low half; param: RECIPROCAL or ROOT. Of negative roots, the sign alone is judged. */
static void build_approximation(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	bool root = f->param == ROOT;
	expr_id a = lane(c, simd_source(c, 1), 0), zero = is_zero(c, a), wild = is_unsupported(c, a);
	expr_id negative = root ? expr_msb(p, a) : x86_const(c, 1, 0);
	expr_id minus = expr_concat(p, x86_const(c, 1, 1), expr_undef(p, LANE - 1));
	expr_id largest = expr_or(p, sign(c, a), x86_const(c, LANE, LARGEST));
	struct x86_within w = {.reg = X86_st0 + c->op[0].number, .bound = bounds[f->param], .a = a};
	expr_id lanes[NUM_LANES];

	w.exact = expr_ite(p, wild, expr_undef(p, LANE), expr_ite(p, zero, largest, minus));
	w.applies = expr_not(p, expr_or(p, expr_or(p, zero, wild), negative));
	for (unsigned i = 0; i < NUM_LANES; i++) {
		w.first = i * LANE;
		lanes[i] = x86_within(c, &w);
	}
	finish(c, lanes);
}

/* ---- Integers, and the rest ---- */

/* PMULHRW: the high words of the products, rounded by bit 15. */
static void build_multiply_round(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), a = simd_a(c);
	expr_id high = simd_lanes(c, EXPR_VMULHS, 16, a, b), low = simd_lanes(c, EXPR_VMUL, 16, a, b);

	(void)f;
	x86_write(c, 0, simd_lanes(c, EXPR_VADD, 16, high, simd_shift(c, EXPR_VLSHR, 16, low, 15)));
}

static void build_average(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), a = simd_a(c);

	x86_write(c, 0, simd_lanes(c, simd_operator(f), simd_lane(f), a, b));
}

static void build_swap(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id a = simd_source(c, 1);
	const expr_id lanes[NUM_LANES] = {lane(c, a, 1), lane(c, a, 0)};

	(void)f;
	finish(c, lanes);
}

/* EMMS, but what the registers hold is undefined. */
static void build_femms(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_mmx_leave(c);
	for (unsigned i = 0; i < 8; i++)
		transfer_set_reg(c->t, X86_st0 + i, expr_undef(c->pool, 80));
}

/* clang-format off */
static const struct x86_form x86_now3d[] = {
	SSE_ROW("femms",   "0F 0E",       "",      NOW3D,     build_femms,          0),
	SSE_ROW("pi2fw",   "0F 0F /r 0C", "Pq Qq", NOW3D_EXT, build_from_int,       WORDS),
	SSE_ROW("pi2fd",   "0F 0F /r 0D", "Pq Qq", NOW3D,     build_from_int,       0),
	SSE_ROW("pf2iw",   "0F 0F /r 1C", "Pq Qq", NOW3D_EXT, build_to_int,         WORDS),
	SSE_ROW("pf2id",   "0F 0F /r 1D", "Pq Qq", NOW3D,     build_to_int,         0),
	SSE_ROW("pfnacc",  "0F 0F /r 8A", "Pq Qq", NOW3D_EXT, build_accumulate,     SUBTRACT | SUBTRACT_2),
	SSE_ROW("pfpnacc", "0F 0F /r 8E", "Pq Qq", NOW3D_EXT, build_accumulate,     SUBTRACT),
	SSE_ROW("pfcmpge", "0F 0F /r 90", "Pq Qq", NOW3D,     build_compare,        FP_GREATER | FP_EQUAL),
	SSE_ROW("pfmin",   "0F 0F /r 94", "Pq Qq", NOW3D,     build_extreme,        FP(FMIN, 0)),
	SSE_ROW("pfrcp",   "0F 0F /r 96", "Pq Qq", NOW3D,     build_approximation,  RECIPROCAL),
	SSE_ROW("pfrsqrt", "0F 0F /r 97", "Pq Qq", NOW3D,     build_approximation,  ROOT),
	SSE_ROW("pfsub",   "0F 0F /r 9A", "Pq Qq", NOW3D,     build_arithmetic,     FP(FSUB, 0)),
	SSE_ROW("pfadd",   "0F 0F /r 9E", "Pq Qq", NOW3D,     build_arithmetic,     FP(FADD, 0)),
	SSE_ROW("pfcmpgt", "0F 0F /r A0", "Pq Qq", NOW3D,     build_compare,        FP_GREATER),
	SSE_ROW("pfmax",   "0F 0F /r A4", "Pq Qq", NOW3D,     build_extreme,        FP(FMAX, 0)),
	SSE_ROW("pfsubr",  "0F 0F /r AA", "Pq Qq", NOW3D,     build_arithmetic,     FP(FSUB, REVERSED)),
	SSE_ROW("pfacc",   "0F 0F /r AE", "Pq Qq", NOW3D,     build_accumulate,     0),
	SSE_ROW("pfcmpeq", "0F 0F /r B0", "Pq Qq", NOW3D,     build_compare,        FP_EQUAL),
	SSE_ROW("pfmul",   "0F 0F /r B4", "Pq Qq", NOW3D,     build_arithmetic,     FP(FMUL, 0)),
	SSE_ROW("pmulhrw", "0F 0F /r B7", "Pq Qq", NOW3D,     build_multiply_round, 0),
	SSE_ROW("pswapd",  "0F 0F /r BB", "Pq Qq", NOW3D_EXT, build_swap,           0),
	SSE_ROW("pavgusb", "0F 0F /r BF", "Pq Qq", NOW3D,     build_average,        LANES(VAVGU, 8)),
};
/* clang-format on */

X86_TABLE(x86_now3d);
