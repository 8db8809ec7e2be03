/*
 * Shifts by an immediate and by a vector of amounts: inserting, rounding, saturating, accumulating, long and narrow;
 * and modified immediates, whose encodings are those of shifts by nothing.
 */
#include "arch/aarch64/simd.h"

/* ---- By an immediate ---- */

/*
 * immh:immb is (lane + amount) of a shift to the left, (2 lane - amount) of one to the right; immh's highest bit is the
 * lane's size. Without a bit it is no shift at all: modified immediates, which stand before these rows.
 */
static bool begin(struct a64_ctx *c, struct asimd *ret, unsigned *ret_imm)
{
	unsigned high = a64_field(c, 'h'), lane = 8;

	if (!high) {
		a64_undefined(c);
		return false;
	}
	while (high >>= 1)
		lane *= 2;
	*ret_imm = a64_field(c, 'h') << 3 | a64_field(c, 'b');
	return asimd_begin_sized(c, lane, ret);
}

static bool begin_left(struct a64_ctx *c, struct asimd *ret, unsigned *ret_amount)
{
	if (!begin(c, ret, ret_amount))
		return false;
	*ret_amount -= ret->lane;
	return true;
}

static bool begin_right(struct a64_ctx *c, struct asimd *ret, unsigned *ret_amount)
{
	if (!begin(c, ret, ret_amount))
		return false;
	*ret_amount = 2 * ret->lane - *ret_amount;
	return true;
}

/* SSHR, USHR, SRSHR, URSHR, SSRA .. */
static void build_right(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (begin_right(c, &s, &amount))
		asimd_finish(c, s.lane, asimd_shift_rounded(c, s.lane, asimd_read(c, 'n', s.width), amount));
}

/* SHL */
static void build_left(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (begin_left(c, &s, &amount))
		asimd_finish(c, s.lane, asimd_shift(c, EXPR_VSHL, s.lane, asimd_read(c, 'n', s.width), amount));
}

/* The destination's bits are kept where those of the value, which moved like `ones`, do not reach. */
static void insert(struct a64_ctx *c, const struct asimd *s, enum expr_op op, unsigned amount)
{
	struct expr_pool *p = c->pool;
	expr_id moved = asimd_shift(c, op, s->lane, asimd_read(c, 'n', s->width), amount);
	expr_id ones = asimd_splat_const(c, s->lane, s->width, UINT64_MAX);
	expr_id kept = expr_not(p, asimd_shift(c, op, s->lane, ones, amount));

	a64_set_v(c, a64_field(c, 'd'), expr_or(p, expr_and(p, asimd_read(c, 'd', s->width), kept), moved));
}

/* SLI */
static void build_sli(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (begin_left(c, &s, &amount))
		insert(c, &s, EXPR_VSHL, amount);
}

/* SRI */
static void build_sri(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (begin_right(c, &s, &amount))
		insert(c, &s, EXPR_VLSHR, amount);
}

/* SSHLL, USHLL */
static void build_left_long(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (!begin_left(c, &s, &amount))
		return;
	expr_id n = asimd_widen(c, s.lane, asimd_half(c, &s, 'n'));
	asimd_finish(c, 2 * s.lane, asimd_shift(c, EXPR_VSHL, 2 * s.lane, n, amount));
}

/* SHRN, RSHRN, SQSHRN, SQRSHRUN .. */
static void build_narrow(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (!begin_right(c, &s, &amount))
		return;
	expr_id n = asimd_read(c, 'n', a64_has(c, 'Q') ? 128 : 2 * s.width);
	expr_id shifted = asimd_shift_rounded(c, 2 * s.lane, n, amount);
	asimd_finish_narrow(c, asimd_narrow(c, 2 * s.lane, shifted));
}

/* ---- Saturating to the left ---- */

/* What lanes of x become that are too large, and too small. */
static expr_id extremes(struct a64_ctx *c, const struct asimd *s, expr_id x)
{
	if (!asimd_is(c, SIMD_SIGNED))
		return asimd_splat_const(c, s->lane, s->width, UINT64_MAX);
	expr_id sign = asimd_shift(c, EXPR_VASHR, s->lane, x, s->lane - 1);
	return expr_xor(c->pool, sign, asimd_splat_const(c, s->lane, s->width, (UINT64_C(1) << (s->lane - 1)) - 1));
}

/* The lanes of `value` where the mask has zeros, of the extremes of x where it has ones, which sets QC. */
static expr_id saturate(struct a64_ctx *c, const struct asimd *s, expr_id x, expr_id value, expr_id mask)
{
	struct expr_pool *p = c->pool;

	asimd_set_qc(c, expr_not(p, expr_is_zero(p, mask)));
	return expr_or(p, expr_and(p, value, expr_not(p, mask)), expr_and(p, extremes(c, s, x), mask));
}

/* SQSHL, UQSHL: what comes back different has lost bits. */
static void build_saturating(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (!begin_left(c, &s, &amount))
		return;
	expr_id x = asimd_read(c, 'n', s.width), shifted = asimd_shift(c, EXPR_VSHL, s.lane, x, amount);
	expr_id back = asimd_shift_right(c, s.lane, shifted, amount);
	expr_id lost = expr_not(c->pool, asimd_binary(c, EXPR_VEQ, s.lane, back, x));
	asimd_finish(c, s.lane, saturate(c, &s, x, shifted, lost));
}

/* SQSHLU: negative numbers become 0, which counts as saturated. */
static void build_to_unsigned(struct a64_ctx *c)
{
	struct asimd s;
	unsigned amount;

	if (!begin_left(c, &s, &amount))
		return;
	expr_id n = asimd_read(c, 'n', s.width), x = asimd_binary(c, EXPR_VMAXS, s.lane, n, a64_const(c, s.width, 0));
	expr_id shifted = asimd_shift(c, EXPR_VSHL, s.lane, x, amount);
	expr_id back = asimd_shift_right(c, s.lane, shifted, amount);
	expr_id lost = expr_not(c->pool, asimd_binary(c, EXPR_VEQ, s.lane, back, x));
	asimd_saturated(c, x, n);
	asimd_finish(c, s.lane, saturate(c, &s, x, shifted, lost));
}

/* ---- By a vector ---- */

/*
 * The amount is the signed low byte of each lane; negative ones shift to the right. As unsigned numbers they are too
 * large for any lane, so that a shift in the wrong direction gives 0, or for ASHR the sign, which is masked.
 */
static expr_id amounts(struct a64_ctx *c, const struct asimd *s)
{
	expr_id m = asimd_shift(c, EXPR_VSHL, s->lane, asimd_read(c, 'm', s->width), s->lane - 8);

	return asimd_shift(c, EXPR_VASHR, s->lane, m, s->lane - 8);
}

static expr_id shift_right_by(struct a64_ctx *c, const struct asimd *s, expr_id x, expr_id amount)
{
	return asimd_binary(c, asimd_is(c, SIMD_SIGNED) ? EXPR_VASHRV : EXPR_VLSHRV, s->lane, x, amount);
}

/* x to the right by -amount, rounded by the last bit that is shifted out: that at -amount - 1. Only where negative. */
static expr_id shift_right_part(struct a64_ctx *c, const struct asimd *s, expr_id x, expr_id amount, expr_id negative)
{
	struct expr_pool *p = c->pool;
	expr_id result = shift_right_by(c, s, x, asimd_unary(c, EXPR_VNEG, s->lane, amount));

	if (asimd_is(c, SIMD_ROUND)) {
		expr_id last = shift_right_by(c, s, x, expr_not(p, amount));
		last = expr_and(p, last, asimd_splat_const(c, s->lane, s->width, 1));
		result = asimd_binary(c, EXPR_VADD, s->lane, result, last);
	}
	return expr_and(p, result, negative);
}

/* SSHL, USHL, SRSHL, URSHL, SQSHL, UQSHL, SQRSHL, UQRSHL */
static void build_by_vector(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id x = asimd_read(c, 'n', s.width), amount = amounts(c, &s);
	expr_id negative = asimd_binary(c, EXPR_VGTS, s.lane, a64_const(c, s.width, 0), amount);
	expr_id left = asimd_binary(c, EXPR_VSHLV, s.lane, x, amount);
	expr_id result = expr_or(p, left, shift_right_part(c, &s, x, amount, negative));
	if (asimd_is(c, SIMD_SATURATE)) {
		expr_id fits = asimd_binary(c, EXPR_VEQ, s.lane, shift_right_by(c, &s, left, amount), x);
		result = saturate(c, &s, x, result, expr_not(p, expr_or(p, fits, negative)));
	}
	asimd_finish(c, s.lane, result);
}

/* ---- Modified immediates ---- */

/* The eight bits as a floating-point number of so many exponent and fraction bits: VFPExpandImm(). */
static uint64_t expand_float(unsigned imm, unsigned exponent, unsigned fraction)
{
	uint64_t sign = imm >> 7, high = imm >> 6 & 1;
	uint64_t e = (high ^ 1) << (exponent - 1) | (high ? ((UINT64_C(1) << (exponent - 3)) - 1) << 2 : 0) |
		     (imm >> 4 & 3);

	return sign << (exponent + fraction) | e << fraction | (uint64_t)(imm & 15) << (fraction - 4);
}

enum {
	IMM_WORDS,  /* the byte in 32-bit lanes, shifted by field c's number of bytes */
	IMM_HALVES, /* the same in 16-bit lanes */
	IMM_ONES,   /* the same in 32-bit lanes, by one byte more, ones shifted in */
	IMM_BYTES,
	IMM_MASK, /* a byte of ones for each bit that is set */
	IMM_FLOAT_16,
	IMM_FLOAT_32,
	IMM_FLOAT_64,
	IMM_KIND = 7,
	IMM_NOT = 8, /* MVNI, BIC */
	IMM_ORR = 16,
	IMM_AND = 32,
};

static uint64_t expand_mask(unsigned imm)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value |= (imm >> i & 1 ? UINT64_C(0xff) : 0) << (8 * i);
	return value;
}

/* AdvSIMDExpandImm(): the value of a lane, and its width. */
static uint64_t expand(const struct a64_ctx *c, unsigned imm, unsigned *ret_lane)
{
	unsigned shift = a64_has(c, 'c') ? 8 * a64_field(c, 'c') : 0;

	*ret_lane = 32;
	switch (c->row->param & IMM_KIND) {
	case IMM_WORDS: return (uint64_t)imm << shift;
	case IMM_HALVES: *ret_lane = 16; return (uint64_t)imm << shift;
	case IMM_ONES: return (((uint64_t)imm + 1) << (shift + 8)) - 1;
	case IMM_BYTES: *ret_lane = 8; return imm;
	case IMM_MASK: *ret_lane = 64; return expand_mask(imm);
	case IMM_FLOAT_16: *ret_lane = 16; return expand_float(imm, 5, 10);
	case IMM_FLOAT_32: return expand_float(imm, 8, 23);
	default: *ret_lane = 64; return expand_float(imm, 11, 52);
	}
}

/* MOVI, MVNI, ORR, BIC, FMOV */
static void build_immediate(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned width = a64_field(c, 'Q') ? 128 : 64, lane;
	uint64_t value = expand(c, a64_field(c, 'i') << 5 | a64_field(c, 'j'), &lane);
	expr_id result = asimd_splat_const(c, lane, width, c->row->param & IMM_NOT ? ~value : value);

	if (c->row->param & IMM_ORR)
		result = expr_or(p, asimd_read(c, 'd', width), result);
	if (c->row->param & IMM_AND)
		result = expr_and(p, asimd_read(c, 'd', width), result);
	a64_set_v(c, a64_field(c, 'd'), result);
}

/* FMOV of a scalar: field t is the format. */
static void build_float(struct a64_ctx *c)
{
	unsigned imm = a64_field(c, 'i');

	switch (a64_field(c, 't')) {
	case 0: a64_set_v(c, a64_field(c, 'd'), a64_const(c, 32, expand_float(imm, 8, 23))); break;
	case 1: a64_set_v(c, a64_field(c, 'd'), a64_const(c, 64, expand_float(imm, 11, 52))); break;
	case 3: a64_set_v(c, a64_field(c, 'd'), a64_const(c, 16, expand_float(imm, 5, 10))); break;
	default: a64_undefined(c); break;
	}
}

/* clang-format off */
static const struct a64_row a64_simd_shift[] = {
	/* Modified immediates: before the shifts, whose field h is not 0 */
	{"0 Q 0 0111100000 iii 0cc0 0 1 jjjjj ddddd", build_immediate, IMM_WORDS,                      "----", "movi 32"},
	{"0 Q 1 0111100000 iii 0cc0 0 1 jjjjj ddddd", build_immediate, IMM_WORDS | IMM_NOT,            "----", "mvni 32"},
	{"0 Q 0 0111100000 iii 0cc1 0 1 jjjjj ddddd", build_immediate, IMM_WORDS | IMM_ORR,            "----", "orr imm 32"},
	{"0 Q 1 0111100000 iii 0cc1 0 1 jjjjj ddddd", build_immediate, IMM_WORDS | IMM_NOT | IMM_AND,  "----", "bic imm 32"},
	{"0 Q 0 0111100000 iii 10c0 0 1 jjjjj ddddd", build_immediate, IMM_HALVES,                     "----", "movi 16"},
	{"0 Q 1 0111100000 iii 10c0 0 1 jjjjj ddddd", build_immediate, IMM_HALVES | IMM_NOT,           "----", "mvni 16"},
	{"0 Q 0 0111100000 iii 10c1 0 1 jjjjj ddddd", build_immediate, IMM_HALVES | IMM_ORR,           "----", "orr imm 16"},
	{"0 Q 1 0111100000 iii 10c1 0 1 jjjjj ddddd", build_immediate, IMM_HALVES | IMM_NOT | IMM_AND, "----", "bic imm 16"},
	{"0 Q 0 0111100000 iii 110c 0 1 jjjjj ddddd", build_immediate, IMM_ONES,                       "----", "movi ones"},
	{"0 Q 1 0111100000 iii 110c 0 1 jjjjj ddddd", build_immediate, IMM_ONES | IMM_NOT,             "----", "mvni ones"},
	{"0 Q 0 0111100000 iii 1110 0 1 jjjjj ddddd", build_immediate, IMM_BYTES,                      "----", "movi 8"},
	{"0 Q 1 0111100000 iii 1110 0 1 jjjjj ddddd", build_immediate, IMM_MASK,                       "----", "movi 64"},
	{"0 Q 0 0111100000 iii 1111 0 1 jjjjj ddddd", build_immediate, IMM_FLOAT_32,                   "----", "fmov vector imm 32"},
	{"0 0 1 0111100000 iii 1111 0 1 jjjjj ddddd", NULL,            0,                              "----", "fmov vector imm 64"},
	{"0 Q 1 0111100000 iii 1111 0 1 jjjjj ddddd", build_immediate, IMM_FLOAT_64,                   "----", "fmov vector imm 64"},
	{"0 Q 0 0111100000 iii 1111 1 1 jjjjj ddddd", build_immediate, IMM_FLOAT_16,                   "----", "fmov vector imm 16"},
	{"000 11110 tt 1 iiiiiiii 100 00000 ddddd",   build_float,     0,                              "----", "fmov scalar imm"},

	/* By an immediate */
	{"0 Q 0 011110 hhhh bbb 00000 1 nnnnn ddddd", build_right,       SIMD_SIGNED | SIMD_ALL,            "----", "sshr imm"},
	{"0 Q 0 011110 hhhh bbb 00010 1 nnnnn ddddd", build_right,       SIMD_SIGNED | SIMD_ADD | SIMD_ALL, "----", "ssra imm"},
	{"0 Q 0 011110 hhhh bbb 00100 1 nnnnn ddddd", build_right,       SIMD_SR | SIMD_ALL,                "----", "srshr imm"},
	{"0 Q 0 011110 hhhh bbb 00110 1 nnnnn ddddd", build_right,       SIMD_SR | SIMD_ADD | SIMD_ALL,     "----", "srsra imm"},
	{"0 Q 1 011110 hhhh bbb 00000 1 nnnnn ddddd", build_right,       SIMD_ALL,                          "----", "ushr imm"},
	{"0 Q 1 011110 hhhh bbb 00010 1 nnnnn ddddd", build_right,       SIMD_ADD | SIMD_ALL,               "----", "usra imm"},
	{"0 Q 1 011110 hhhh bbb 00100 1 nnnnn ddddd", build_right,       SIMD_ROUND | SIMD_ALL,             "----", "urshr imm"},
	{"0 Q 1 011110 hhhh bbb 00110 1 nnnnn ddddd", build_right,       SIMD_ROUND | SIMD_ADD | SIMD_ALL,  "----", "ursra imm"},
	{"0 Q 1 011110 hhhh bbb 01000 1 nnnnn ddddd", build_sri,         SIMD_ALL,                          "----", "sri imm"},
	{"0 Q 0 011110 hhhh bbb 01010 1 nnnnn ddddd", build_left,        SIMD_ALL,                          "----", "shl imm"},
	{"0 Q 1 011110 hhhh bbb 01010 1 nnnnn ddddd", build_sli,         SIMD_ALL,                          "----", "sli imm"},
	{"0 Q 0 011110 hhhh bbb 01110 1 nnnnn ddddd", build_saturating,  SIMD_SIGNED | SIMD_ALL,            "----", "sqshl imm"},
	{"0 Q 1 011110 hhhh bbb 01110 1 nnnnn ddddd", build_saturating,  SIMD_ALL,                          "----", "uqshl imm"},
	{"0 Q 1 011110 hhhh bbb 01100 1 nnnnn ddddd", build_to_unsigned, SIMD_ALL,                          "----", "sqshlu imm"},
	{"0 Q 0 011110 hhhh bbb 10100 1 nnnnn ddddd", build_left_long,   SIMD_SIGNED | SIMD_BHS,            "----", "sshll imm"},
	{"0 Q 1 011110 hhhh bbb 10100 1 nnnnn ddddd", build_left_long,   SIMD_BHS,                          "----", "ushll imm"},
	{"0 Q 0 011110 hhhh bbb 10000 1 nnnnn ddddd", build_narrow,      SIMD_BHS,                          "----", "shrn imm"},
	{"0 Q 0 011110 hhhh bbb 10001 1 nnnnn ddddd", build_narrow,      SIMD_ROUND | SIMD_BHS,             "----", "rshrn imm"},
	{"0 Q 1 011110 hhhh bbb 10000 1 nnnnn ddddd", build_narrow,      SIMD_SQU | SIMD_BHS,               "----", "sqshrun imm"},
	{"0 Q 1 011110 hhhh bbb 10001 1 nnnnn ddddd", build_narrow,      SIMD_SQRU | SIMD_BHS,              "----", "sqrshrun imm"},
	{"0 Q 0 011110 hhhh bbb 10010 1 nnnnn ddddd", build_narrow,      SIMD_SQ | SIMD_BHS,                "----", "sqshrn imm"},
	{"0 Q 0 011110 hhhh bbb 10011 1 nnnnn ddddd", build_narrow,      SIMD_SQR | SIMD_BHS,               "----", "sqrshrn imm"},
	{"0 Q 1 011110 hhhh bbb 10010 1 nnnnn ddddd", build_narrow,      SIMD_UQ | SIMD_BHS,                "----", "uqshrn imm"},
	{"0 Q 1 011110 hhhh bbb 10011 1 nnnnn ddddd", build_narrow,      SIMD_UQR | SIMD_BHS,               "----", "uqrshrn imm"},

	/* By a vector */
	{"0 Q 0 01110 zz 1 mmmmm 01000 1 nnnnn ddddd", build_by_vector, SIMD_SIGNED | SIMD_ALL, "----", "sshl vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01000 1 nnnnn ddddd", build_by_vector, SIMD_ALL,               "----", "ushl vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01001 1 nnnnn ddddd", build_by_vector, SIMD_SQ | SIMD_ALL,     "----", "sqshl vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01001 1 nnnnn ddddd", build_by_vector, SIMD_UQ | SIMD_ALL,     "----", "uqshl vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01010 1 nnnnn ddddd", build_by_vector, SIMD_SR | SIMD_ALL,     "----", "srshl vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01010 1 nnnnn ddddd", build_by_vector, SIMD_ROUND | SIMD_ALL,  "----", "urshl vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01011 1 nnnnn ddddd", build_by_vector, SIMD_SQR | SIMD_ALL,    "----", "sqrshl vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01011 1 nnnnn ddddd", build_by_vector, SIMD_UQR | SIMD_ALL,    "----", "uqrshl vector"},

	/* Scalars */
	{"01 0 111110 hhhh bbb 00000 1 nnnnn ddddd",  build_right,       SIMD_SIGNED | SIMD_D,            "----", "sshr scalar imm"},
	{"01 0 111110 hhhh bbb 00010 1 nnnnn ddddd",  build_right,       SIMD_SIGNED | SIMD_ADD | SIMD_D, "----", "ssra scalar imm"},
	{"01 0 111110 hhhh bbb 00100 1 nnnnn ddddd",  build_right,       SIMD_SR | SIMD_D,                "----", "srshr scalar imm"},
	{"01 0 111110 hhhh bbb 00110 1 nnnnn ddddd",  build_right,       SIMD_SR | SIMD_ADD | SIMD_D,     "----", "srsra scalar imm"},
	{"01 1 111110 hhhh bbb 00000 1 nnnnn ddddd",  build_right,       SIMD_D,                          "----", "ushr scalar imm"},
	{"01 1 111110 hhhh bbb 00010 1 nnnnn ddddd",  build_right,       SIMD_ADD | SIMD_D,               "----", "usra scalar imm"},
	{"01 1 111110 hhhh bbb 00100 1 nnnnn ddddd",  build_right,       SIMD_ROUND | SIMD_D,             "----", "urshr scalar imm"},
	{"01 1 111110 hhhh bbb 00110 1 nnnnn ddddd",  build_right,       SIMD_ROUND | SIMD_ADD | SIMD_D,  "----", "ursra scalar imm"},
	{"01 1 111110 hhhh bbb 01000 1 nnnnn ddddd",  build_sri,         SIMD_D,                          "----", "sri scalar imm"},
	{"01 0 111110 hhhh bbb 01010 1 nnnnn ddddd",  build_left,        SIMD_D,                          "----", "shl scalar imm"},
	{"01 1 111110 hhhh bbb 01010 1 nnnnn ddddd",  build_sli,         SIMD_D,                          "----", "sli scalar imm"},
	{"01 0 111110 hhhh bbb 01110 1 nnnnn ddddd",  build_saturating,  SIMD_SIGNED | SIMD_ALL,          "----", "sqshl scalar imm"},
	{"01 1 111110 hhhh bbb 01110 1 nnnnn ddddd",  build_saturating,  SIMD_ALL,                        "----", "uqshl scalar imm"},
	{"01 1 111110 hhhh bbb 01100 1 nnnnn ddddd",  build_to_unsigned, SIMD_ALL,                        "----", "sqshlu scalar imm"},
	{"01 1 111110 hhhh bbb 10000 1 nnnnn ddddd",  build_narrow,      SIMD_SQU | SIMD_BHS,             "----", "sqshrun scalar imm"},
	{"01 1 111110 hhhh bbb 10001 1 nnnnn ddddd",  build_narrow,      SIMD_SQRU | SIMD_BHS,            "----", "sqrshrun scalar imm"},
	{"01 0 111110 hhhh bbb 10010 1 nnnnn ddddd",  build_narrow,      SIMD_SQ | SIMD_BHS,              "----", "sqshrn scalar imm"},
	{"01 0 111110 hhhh bbb 10011 1 nnnnn ddddd",  build_narrow,      SIMD_SQR | SIMD_BHS,             "----", "sqrshrn scalar imm"},
	{"01 1 111110 hhhh bbb 10010 1 nnnnn ddddd",  build_narrow,      SIMD_UQ | SIMD_BHS,              "----", "uqshrn scalar imm"},
	{"01 1 111110 hhhh bbb 10011 1 nnnnn ddddd",  build_narrow,      SIMD_UQR | SIMD_BHS,             "----", "uqrshrn scalar imm"},
	{"01 0 11110 zz 1 mmmmm 01000 1 nnnnn ddddd", build_by_vector,   SIMD_SIGNED | SIMD_D,            "----", "sshl scalar"},
	{"01 1 11110 zz 1 mmmmm 01000 1 nnnnn ddddd", build_by_vector,   SIMD_D,                          "----", "ushl scalar"},
	{"01 0 11110 zz 1 mmmmm 01001 1 nnnnn ddddd", build_by_vector,   SIMD_SQ | SIMD_ALL,              "----", "sqshl scalar"},
	{"01 1 11110 zz 1 mmmmm 01001 1 nnnnn ddddd", build_by_vector,   SIMD_UQ | SIMD_ALL,              "----", "uqshl scalar"},
	{"01 0 11110 zz 1 mmmmm 01010 1 nnnnn ddddd", build_by_vector,   SIMD_SR | SIMD_D,                "----", "srshl scalar"},
	{"01 1 11110 zz 1 mmmmm 01010 1 nnnnn ddddd", build_by_vector,   SIMD_ROUND | SIMD_D,             "----", "urshl scalar"},
	{"01 0 11110 zz 1 mmmmm 01011 1 nnnnn ddddd", build_by_vector,   SIMD_SQR | SIMD_ALL,             "----", "sqrshl scalar"},
	{"01 1 11110 zz 1 mmmmm 01011 1 nnnnn ddddd", build_by_vector,   SIMD_UQR | SIMD_ALL,             "----", "uqrshl scalar"},
};
/* clang-format on */

A64_TABLE(a64_simd_shift);
