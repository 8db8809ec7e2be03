/*
 * Vectors and scalars of lanes as wide as the result's: arithmetic, comparisons, logic, minima and maxima, of two
 * registers, with zero, and of one register alone.
 */
#include "arch/aarch64/simd.h"

static expr_id zero(struct a64_ctx *c, const struct asimd *s)
{
	return a64_const(c, s->width, 0);
}

/* One operator on Rn and Rm (or zero), which SIMD_SWAP exchanges. */
static void build_binary(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'n', s.width), b = asimd_second(c, &s);
	bool swap = asimd_is(c, SIMD_SWAP);
	asimd_finish(c, s.lane, asimd_binary(c, asimd_op(c), s.lane, swap ? b : a, swap ? a : b));
}

static void build_unary(struct a64_ctx *c)
{
	struct asimd s;

	if (asimd_begin(c, &s))
		asimd_finish(c, s.lane, asimd_unary(c, asimd_op(c), s.lane, asimd_read(c, 'n', s.width)));
}

/* CMTST */
static void build_test_bits(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id both = expr_and(c->pool, asimd_read(c, 'n', s.width), asimd_read(c, 'm', s.width));
	asimd_finish(c, s.lane, asimd_binary(c, EXPR_VEQ, s.lane, both, zero(c, &s)));
}

/* ---- Logic ---- */

enum logic { LOGIC_AND, LOGIC_BIC, LOGIC_ORR, LOGIC_ORN, LOGIC_EOR, LOGIC_BSL, LOGIC_BIT, LOGIC_BIF, LOGIC_NOT };

/* Bits of a where the mask has ones, of b where it has zeros. */
static expr_id select_bits(struct expr_pool *p, expr_id mask, expr_id a, expr_id b)
{
	return expr_xor(p, b, expr_and(p, mask, expr_xor(p, a, b)));
}

static expr_id logic(struct a64_ctx *c, expr_id d, expr_id n, expr_id m)
{
	struct expr_pool *p = c->pool;

	switch (c->row->param & SIMD_OP) {
	case LOGIC_AND: return expr_and(p, n, m);
	case LOGIC_BIC: return expr_and(p, n, expr_not(p, m));
	case LOGIC_ORR: return expr_or(p, n, m);
	case LOGIC_ORN: return expr_or(p, n, expr_not(p, m));
	case LOGIC_EOR: return expr_xor(p, n, m);
	case LOGIC_BSL: return select_bits(p, d, n, m);
	case LOGIC_BIT: return select_bits(p, m, n, d);
	case LOGIC_BIF: return select_bits(p, m, d, n);
	default: return expr_not(p, n);
	}
}

static void build_logic(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_read(c, 'n', s.width), m = asimd_second(c, &s);
	bool merges = (c->row->param & SIMD_OP) >= LOGIC_BSL && (c->row->param & SIMD_OP) <= LOGIC_BIF;
	asimd_finish(c, s.lane, logic(c, merges ? asimd_read(c, 'd', s.width) : zero(c, &s), n, m));
}

/* RBIT: the bits of each byte in reverse; those of the whole vector are, and then its bytes again. */
static void build_reverse_bits(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id reversed = expr_unary(c->pool, EXPR_BITREV, asimd_read(c, 'n', s.width));
	asimd_finish(c, s.lane, expr_unary(c->pool, EXPR_BSWAP, reversed));
}

/* ---- Halving, absolute differences, counts ---- */

enum halving { HALVING_ADD, HALVING_ROUND, HALVING_SUB };

/*
 * (a + b) / 2, (a + b + 1) / 2 and (a - b) / 2 without a wider sum: a + b is 2 (a & b) + (a ^ b), or 2 (a | b) - (a ^
 * b), and a - b is (a ^ b) - 2 (~a & b).
 */
static void build_halving(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'n', s.width), b = asimd_read(c, 'm', s.width), result;
	expr_id half = asimd_shift_right(c, s.lane, expr_xor(p, a, b), 1);
	switch (c->row->param & SIMD_OP) {
	case HALVING_ADD: result = asimd_binary(c, EXPR_VADD, s.lane, expr_and(p, a, b), half); break;
	case HALVING_ROUND: result = asimd_binary(c, EXPR_VSUB, s.lane, expr_or(p, a, b), half); break;
	default: result = asimd_binary(c, EXPR_VSUB, s.lane, half, expr_and(p, expr_not(p, a), b)); break;
	}
	asimd_finish(c, s.lane, result);
}

/* SABD, UABD, SABA, UABA */
static void build_difference(struct a64_ctx *c)
{
	bool is_signed = asimd_is(c, SIMD_SIGNED);
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'n', s.width), b = asimd_read(c, 'm', s.width);
	expr_id max = asimd_binary(c, is_signed ? EXPR_VMAXS : EXPR_VMAXU, s.lane, a, b);
	expr_id min = asimd_binary(c, is_signed ? EXPR_VMINS : EXPR_VMINU, s.lane, a, b);
	asimd_finish(c, s.lane, asimd_binary(c, EXPR_VSUB, s.lane, max, min));
}

/* CLS: neighbours that differ; the highest bit, which has none, does not count. */
static void build_count_signs(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'n', s.width);
	expr_id differ = expr_xor(c->pool, a, asimd_shift(c, EXPR_VASHR, s.lane, a, 1));
	expr_id count = asimd_unary(c, EXPR_VCLZ, s.lane, differ);
	asimd_finish(c, s.lane, asimd_binary(c, EXPR_VSUB, s.lane, count, asimd_splat_const(c, s.lane, s.width, 1)));
}

/* ---- Saturating ---- */

static bool is_addition(enum expr_op op)
{
	return op == EXPR_VADDSS || op == EXPR_VADDUS;
}

/* SQADD, UQADD, SQSUB, UQSUB: what wraps around is another value. */
static void build_saturating(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'n', s.width), b = asimd_read(c, 'm', s.width);
	expr_id result = asimd_binary(c, asimd_op(c), s.lane, a, b);
	asimd_saturated(c, result, asimd_binary(c, is_addition(asimd_op(c)) ? EXPR_VADD : EXPR_VSUB, s.lane, a, b));
	asimd_finish(c, s.lane, result);
}

/* SQNEG; SQABS, the larger of the number and its negation. */
static void build_negate(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'n', s.width), result = asimd_binary(c, EXPR_VSUBSS, s.lane, zero(c, &s), a);
	if (asimd_op(c) == EXPR_VABS)
		result = asimd_binary(c, EXPR_VMAXS, s.lane, a, result);
	asimd_saturated(c, result, asimd_unary(c, asimd_op(c), s.lane, a));
	asimd_finish(c, s.lane, result);
}

/*
 * SUQADD: an unsigned number is added to a signed one, which is made unsigned by a bias. USQADD: a signed number is
 * added to an unsigned one: its positive part is added, its negative part subtracted.
 */
static void build_mixed(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id a = asimd_read(c, 'd', s.width), b = asimd_read(c, 'n', s.width), result;
	if (asimd_is(c, SIMD_SIGNED)) {
		expr_id bias = asimd_splat_const(c, s.lane, s.width, UINT64_C(1) << (s.lane - 1));
		result = expr_xor(p, asimd_binary(c, EXPR_VADDUS, s.lane, expr_xor(p, a, bias), b), bias);
	} else {
		expr_id added = asimd_binary(c, EXPR_VMAXS, s.lane, b, zero(c, &s));
		expr_id taken = asimd_unary(c, EXPR_VNEG, s.lane, asimd_binary(c, EXPR_VMINS, s.lane, b, zero(c, &s)));
		result = asimd_binary(c, EXPR_VSUBUS, s.lane, asimd_binary(c, EXPR_VADDUS, s.lane, a, added), taken);
	}
	asimd_saturated(c, result, asimd_binary(c, EXPR_VADD, s.lane, a, b));
	asimd_finish(c, s.lane, result);
}

/* Comparisons, as operators of build_binary(). */
enum {
	COMPARE_EQ = EXPR_VEQ,
	COMPARE_GT = EXPR_VGTS,
	COMPARE_HI = EXPR_VGTU,
	COMPARE_GE = EXPR_VGTS | SIMD_SWAP | SIMD_INVERT,
	COMPARE_HS = EXPR_VGTU | SIMD_SWAP | SIMD_INVERT,
	COMPARE_LE = EXPR_VGTS | SIMD_INVERT,
	COMPARE_LT = EXPR_VGTS | SIMD_SWAP,
};

/* clang-format off */
static const struct a64_row a64_simd_same[] = {
	/* Three registers */
	{"0 Q 0 01110 zz 1 mmmmm 00000 1 nnnnn ddddd", build_halving,    HALVING_ADD | SIMD_SIGNED | SIMD_BHS,   "----", "shadd vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00000 1 nnnnn ddddd", build_halving,    HALVING_ADD | SIMD_BHS,                 "----", "uhadd vector"},
	{"0 Q 0 01110 zz 1 mmmmm 00010 1 nnnnn ddddd", build_halving,    HALVING_ROUND | SIMD_SIGNED | SIMD_BHS, "----", "srhadd vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00010 1 nnnnn ddddd", build_halving,    HALVING_ROUND | SIMD_BHS,               "----", "urhadd vector"},
	{"0 Q 0 01110 zz 1 mmmmm 00100 1 nnnnn ddddd", build_halving,    HALVING_SUB | SIMD_SIGNED | SIMD_BHS,   "----", "shsub vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00100 1 nnnnn ddddd", build_halving,    HALVING_SUB | SIMD_BHS,                 "----", "uhsub vector"},
	{"0 Q 0 01110 zz 1 mmmmm 00001 1 nnnnn ddddd", build_saturating, EXPR_VADDSS | SIMD_ALL,                 "----", "sqadd vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00001 1 nnnnn ddddd", build_saturating, EXPR_VADDUS | SIMD_ALL,                 "----", "uqadd vector"},
	{"0 Q 0 01110 zz 1 mmmmm 00101 1 nnnnn ddddd", build_saturating, EXPR_VSUBSS | SIMD_ALL,                 "----", "sqsub vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00101 1 nnnnn ddddd", build_saturating, EXPR_VSUBUS | SIMD_ALL,                 "----", "uqsub vector"},
	{"0 Q 0 01110 00 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_AND | SIMD_B,                     "----", "and vector"},
	{"0 Q 0 01110 01 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_BIC | SIMD_B,                     "----", "bic vector"},
	{"0 Q 0 01110 10 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_ORR | SIMD_B,                     "----", "orr vector"},
	{"0 Q 0 01110 11 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_ORN | SIMD_B,                     "----", "orn vector"},
	{"0 Q 1 01110 00 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_EOR | SIMD_B,                     "----", "eor vector"},
	{"0 Q 1 01110 01 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_BSL | SIMD_B,                     "----", "bsl vector"},
	{"0 Q 1 01110 10 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_BIT | SIMD_B,                     "----", "bit vector"},
	{"0 Q 1 01110 11 1 mmmmm 00011 1 nnnnn ddddd", build_logic,      LOGIC_BIF | SIMD_B,                     "----", "bif vector"},
	{"0 Q 0 01110 zz 1 mmmmm 00110 1 nnnnn ddddd", build_binary,     COMPARE_GT | SIMD_ALL,                  "----", "cmgt vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00110 1 nnnnn ddddd", build_binary,     COMPARE_HI | SIMD_ALL,                  "----", "cmhi vector"},
	{"0 Q 0 01110 zz 1 mmmmm 00111 1 nnnnn ddddd", build_binary,     COMPARE_GE | SIMD_ALL,                  "----", "cmge vector"},
	{"0 Q 1 01110 zz 1 mmmmm 00111 1 nnnnn ddddd", build_binary,     COMPARE_HS | SIMD_ALL,                  "----", "cmhs vector"},
	{"0 Q 1 01110 zz 1 mmmmm 10001 1 nnnnn ddddd", build_binary,     COMPARE_EQ | SIMD_ALL,                  "----", "cmeq vector"},
	{"0 Q 0 01110 zz 1 mmmmm 10001 1 nnnnn ddddd", build_test_bits,  SIMD_INVERT | SIMD_ALL,                 "----", "cmtst vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01100 1 nnnnn ddddd", build_binary,     EXPR_VMAXS | SIMD_BHS,                  "----", "smax vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01100 1 nnnnn ddddd", build_binary,     EXPR_VMAXU | SIMD_BHS,                  "----", "umax vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01101 1 nnnnn ddddd", build_binary,     EXPR_VMINS | SIMD_BHS,                  "----", "smin vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01101 1 nnnnn ddddd", build_binary,     EXPR_VMINU | SIMD_BHS,                  "----", "umin vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01110 1 nnnnn ddddd", build_difference, SIMD_SIGNED | SIMD_BHS,                 "----", "sabd vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01110 1 nnnnn ddddd", build_difference, SIMD_BHS,                               "----", "uabd vector"},
	{"0 Q 0 01110 zz 1 mmmmm 01111 1 nnnnn ddddd", build_difference, SIMD_SIGNED | SIMD_ADD | SIMD_BHS,      "----", "saba vector"},
	{"0 Q 1 01110 zz 1 mmmmm 01111 1 nnnnn ddddd", build_difference, SIMD_ADD | SIMD_BHS,                    "----", "uaba vector"},
	{"0 Q 0 01110 zz 1 mmmmm 10000 1 nnnnn ddddd", build_binary,     EXPR_VADD | SIMD_ALL,                   "----", "add vector"},
	{"0 Q 1 01110 zz 1 mmmmm 10000 1 nnnnn ddddd", build_binary,     EXPR_VSUB | SIMD_ALL,                   "----", "sub vector"},

	/* One register */
	{"0 Q 0 01110 zz 10000 00011 10 nnnnn ddddd", build_mixed,        SIMD_SIGNED | SIMD_ALL, "----", "suqadd vector"},
	{"0 Q 1 01110 zz 10000 00011 10 nnnnn ddddd", build_mixed,        SIMD_ALL,               "----", "usqadd vector"},
	{"0 Q 0 01110 zz 10000 00111 10 nnnnn ddddd", build_negate,       EXPR_VABS | SIMD_ALL,   "----", "sqabs vector"},
	{"0 Q 1 01110 zz 10000 00111 10 nnnnn ddddd", build_negate,       EXPR_VNEG | SIMD_ALL,   "----", "sqneg vector"},
	{"0 Q 0 01110 zz 10000 00100 10 nnnnn ddddd", build_count_signs,  SIMD_BHS,               "----", "cls vector"},
	{"0 Q 1 01110 zz 10000 00100 10 nnnnn ddddd", build_unary,        EXPR_VCLZ | SIMD_BHS,   "----", "clz vector"},
	{"0 Q 0 01110 zz 10000 00101 10 nnnnn ddddd", build_unary,        EXPR_VPOPCNT | SIMD_B,  "----", "cnt vector"},
	{"0 Q 1 01110 00 10000 00101 10 nnnnn ddddd", build_logic,        LOGIC_NOT | SIMD_B,     "----", "not vector"},
	{"0 Q 1 01110 01 10000 00101 10 nnnnn ddddd", build_reverse_bits, SIMD_B,                 "----", "rbit vector"},
	{"0 Q 0 01110 zz 10000 01000 10 nnnnn ddddd", build_binary,       COMPARE_GT | SIMD_ALL,  "----", "cmgt zero"},
	{"0 Q 1 01110 zz 10000 01000 10 nnnnn ddddd", build_binary,       COMPARE_GE | SIMD_ALL,  "----", "cmge zero"},
	{"0 Q 0 01110 zz 10000 01001 10 nnnnn ddddd", build_binary,       COMPARE_EQ | SIMD_ALL,  "----", "cmeq zero"},
	{"0 Q 1 01110 zz 10000 01001 10 nnnnn ddddd", build_binary,       COMPARE_LE | SIMD_ALL,  "----", "cmle zero"},
	{"0 Q 0 01110 zz 10000 01010 10 nnnnn ddddd", build_binary,       COMPARE_LT | SIMD_ALL,  "----", "cmlt zero"},
	{"0 Q 0 01110 zz 10000 01011 10 nnnnn ddddd", build_unary,        EXPR_VABS | SIMD_ALL,   "----", "abs vector"},
	{"0 Q 1 01110 zz 10000 01011 10 nnnnn ddddd", build_unary,        EXPR_VNEG | SIMD_ALL,   "----", "neg vector"},

	/* Scalars */
	{"01 0 11110 zz 1 mmmmm 00001 1 nnnnn ddddd", build_saturating, EXPR_VADDSS | SIMD_ALL, "----", "sqadd scalar"},
	{"01 1 11110 zz 1 mmmmm 00001 1 nnnnn ddddd", build_saturating, EXPR_VADDUS | SIMD_ALL, "----", "uqadd scalar"},
	{"01 0 11110 zz 1 mmmmm 00101 1 nnnnn ddddd", build_saturating, EXPR_VSUBSS | SIMD_ALL, "----", "sqsub scalar"},
	{"01 1 11110 zz 1 mmmmm 00101 1 nnnnn ddddd", build_saturating, EXPR_VSUBUS | SIMD_ALL, "----", "uqsub scalar"},
	{"01 0 11110 zz 1 mmmmm 00110 1 nnnnn ddddd", build_binary,     COMPARE_GT | SIMD_D,    "----", "cmgt scalar"},
	{"01 1 11110 zz 1 mmmmm 00110 1 nnnnn ddddd", build_binary,     COMPARE_HI | SIMD_D,    "----", "cmhi scalar"},
	{"01 0 11110 zz 1 mmmmm 00111 1 nnnnn ddddd", build_binary,     COMPARE_GE | SIMD_D,    "----", "cmge scalar"},
	{"01 1 11110 zz 1 mmmmm 00111 1 nnnnn ddddd", build_binary,     COMPARE_HS | SIMD_D,    "----", "cmhs scalar"},
	{"01 1 11110 zz 1 mmmmm 10001 1 nnnnn ddddd", build_binary,     COMPARE_EQ | SIMD_D,    "----", "cmeq scalar"},
	{"01 0 11110 zz 1 mmmmm 10001 1 nnnnn ddddd", build_test_bits,  SIMD_INVERT | SIMD_D,   "----", "cmtst scalar"},
	{"01 0 11110 zz 1 mmmmm 10000 1 nnnnn ddddd", build_binary,     EXPR_VADD | SIMD_D,     "----", "add scalar"},
	{"01 1 11110 zz 1 mmmmm 10000 1 nnnnn ddddd", build_binary,     EXPR_VSUB | SIMD_D,     "----", "sub scalar"},
	{"01 0 11110 zz 10000 00011 10 nnnnn ddddd",  build_mixed,      SIMD_SIGNED | SIMD_ALL, "----", "suqadd scalar"},
	{"01 1 11110 zz 10000 00011 10 nnnnn ddddd",  build_mixed,      SIMD_ALL,               "----", "usqadd scalar"},
	{"01 0 11110 zz 10000 00111 10 nnnnn ddddd",  build_negate,     EXPR_VABS | SIMD_ALL,   "----", "sqabs scalar"},
	{"01 1 11110 zz 10000 00111 10 nnnnn ddddd",  build_negate,     EXPR_VNEG | SIMD_ALL,   "----", "sqneg scalar"},
	{"01 0 11110 zz 10000 01000 10 nnnnn ddddd",  build_binary,     COMPARE_GT | SIMD_D,    "----", "cmgt zero scalar"},
	{"01 1 11110 zz 10000 01000 10 nnnnn ddddd",  build_binary,     COMPARE_GE | SIMD_D,    "----", "cmge zero scalar"},
	{"01 0 11110 zz 10000 01001 10 nnnnn ddddd",  build_binary,     COMPARE_EQ | SIMD_D,    "----", "cmeq zero scalar"},
	{"01 1 11110 zz 10000 01001 10 nnnnn ddddd",  build_binary,     COMPARE_LE | SIMD_D,    "----", "cmle zero scalar"},
	{"01 0 11110 zz 10000 01010 10 nnnnn ddddd",  build_binary,     COMPARE_LT | SIMD_D,    "----", "cmlt zero scalar"},
	{"01 0 11110 zz 10000 01011 10 nnnnn ddddd",  build_unary,      EXPR_VABS | SIMD_D,     "----", "abs scalar"},
	{"01 1 11110 zz 10000 01011 10 nnnnn ddddd",  build_unary,      EXPR_VNEG | SIMD_D,     "----", "neg scalar"},
};
/* clang-format on */

A64_TABLE(a64_simd_same);
