/*
 * Floating-point arithmetic and comparisons of vectors, scalars and elements, lane by lane (Arm ARM C4.1.95,
 * "Advanced SIMD three same" and on; shared pseudocode FPAdd() and on).
 */
#include "arch/aarch64/simd_fp.h"

/* ---- Shared ---- */

bool asimd_fp_begin(struct a64_ctx *c, struct asimd *ret, struct fp_spec *ret_spec)
{
	bool is_vector = a64_has(c, 'Q');

	*ret_spec = (struct fp_spec){.format = FP_F16, .rules = FP_ARM};
	if (a64_has(c, 'y') && !a64_fp_type(c, ret_spec))
		return false;
	unsigned lane = fp_width(ret_spec->format), width = is_vector ? (a64_field(c, 'Q') ? 128 : 64) : lane;
	bool reserved = lane == 64 && a64_has(c, 'L') && a64_field(c, 'L');
	if (reserved || (is_vector && width == lane)) {
		a64_undefined(c);
		return false;
	}
	*ret = (struct asimd){lane, width};
	return true;
}

void asimd_fp_write(struct a64_ctx *c, const struct asimd *s, expr_id value, expr_id flags, char merged)
{
	if (s->width == s->lane && merged)
		a64_fp_set_scalar(c, value, merged);
	else
		a64_set_v(c, a64_field(c, 'd'), value);
	a64_fp_raise(c, flags);
}

void asimd_fp_finish(struct a64_ctx *c, const struct asimd *s, expr_id node, char merged)
{
	asimd_fp_write(c, s, expr_fp_value(c->pool, node), expr_fp_flags(c->pool, node), merged);
}

/* All bits of each lane but the sign. */
static expr_id magnitude_bits(struct a64_ctx *c, unsigned lane, unsigned width)
{
	return asimd_splat_const(c, lane, width, UINT64_MAX >> (65 - lane));
}

/* All bits of the lanes that are NaNs. */
static expr_id nans(struct a64_ctx *c, unsigned lane, expr_id value)
{
	static const uint64_t infinities[] = {[1] = 0x7c00, [2] = 0x7f800000, [4] = UINT64_C(0x7ff0000000000000)};
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value);
	expr_id magnitude = expr_and(p, value, magnitude_bits(c, lane, width));

	return asimd_binary(c, EXPR_VGTU, lane, magnitude, asimd_splat_const(c, lane, width, infinities[lane / 16]));
}

/* The signs of those lanes, but with FPCR.AH not those of NaNs. */
static expr_id signs(struct a64_ctx *c, unsigned lane, expr_id value, bool even, bool odd)
{
	struct expr_pool *p = c->pool;
	uint64_t words[EXPR_MAX_WORDS] = {0};
	unsigned width = expr_width(p, value);

	for (unsigned i = 0; i < width / lane; i++)
		if (i % 2 ? odd : even)
			words[((i + 1) * lane - 1) / 64] |= UINT64_C(1) << ((i + 1) * lane - 1) % 64;
	expr_id all = expr_const_wide(p, width, words),
		of_numbers = expr_and(p, all, expr_not(p, nans(c, lane, value)));
	return expr_ite(p, a64_fpcr(c, FPCR_AH), of_numbers, all);
}

expr_id asimd_fp_negate(struct a64_ctx *c, unsigned lane, expr_id value, bool even, bool odd)
{
	return expr_xor(c->pool, value, signs(c, lane, value, even, odd));
}

expr_id asimd_fp_absolute(struct a64_ctx *c, unsigned lane, expr_id value)
{
	return expr_and(c->pool, value, expr_not(c->pool, signs(c, lane, value, true, true)));
}

/* ---- Arithmetic: param is the operator ---- */

static expr_id binary(struct a64_ctx *c, const struct asimd *s, const struct fp_spec *spec)
{
	return a64_fp(c, asimd_op(c), spec, asimd_read(c, 'n', s->width), asimd_second(c, s), EXPR_NONE);
}

static void build_binary(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (asimd_fp_begin(c, &s, &spec))
		asimd_fp_finish(c, &s, binary(c, &s, &spec), 'n');
}

/* FABD */
static void build_difference(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	expr_id r = binary(c, &s, &spec), value = asimd_fp_absolute(c, s.lane, expr_fp_value(c->pool, r));
	asimd_fp_write(c, &s, value, expr_fp_flags(c->pool, r), 'n');
}

/*
 * FAMAX, FAMIN (FEAT_FAMINMAX): the magnitudes of numbers; NaNs keep their signs. Of FPCR only DN counts: FPAbsMax()
 * and FPAbsMin() neither flush nor heed AH.
 */
static void build_extreme(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct fp_spec spec;
	struct asimd s;
	expr_id operands[2];

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	for (unsigned i = 0; i < 2; i++) {
		expr_id value = asimd_read(c, i ? 'm' : 'n', s.width), nan = nans(c, s.lane, value);
		expr_id magnitude = magnitude_bits(c, s.lane, s.width);
		operands[i] = expr_and(p, value, expr_or(p, magnitude, nan));
	}
	expr_id fpcr = expr_reg(p, FP_CONTROL_WIDTH, A64_fpcr);
	expr_id dn = expr_and(p, fpcr, a64_const(c, FP_CONTROL_WIDTH, UINT32_C(1) << FPCR_DN));
	asimd_fp_finish(c, &s, expr_fp(p, asimd_op(c), &spec, dn, operands[0], operands[1], EXPR_NONE), 0);
}

/*
 * FSCALE (FEAT_FP8): by powers of two, whose exponents are signed integers. Integers that a number of the format does
 * not hold are rounded: they are far beyond the exponents that matter.
 */
static void build_scale(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	const struct fp_spec to_number = {.format = spec.format,
					  .rules = FP_ARM,
					  .is_signed = true,
					  .integer = (uint8_t)s.lane};
	expr_id power = expr_fp_value(p, expr_fp(p, EXPR_ITOF, &to_number, a64_const(c, FP_CONTROL_WIDTH, 0),
						 asimd_read(c, 'm', s.width), EXPR_NONE, EXPR_NONE));
	asimd_fp_finish(c, &s, a64_fp(c, EXPR_FSCALE, &spec, asimd_read(c, 'n', s.width), power, EXPR_NONE), 0);
}

/* FMLA, FMLS: FPMulAdd(), with Rn negated by FPNeg(). */
static void build_multiply_add(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	if (asimd_is(c, SIMD_SUB))
		spec.negate[0] = spec.negate[1] = FP_NEGATE_PRODUCT;
	expr_id n = asimd_read(c, 'n', s.width), m = asimd_second(c, &s), d = asimd_read(c, 'd', s.width);
	asimd_fp_finish(c, &s, a64_fp(c, EXPR_FMA, &spec, n, m, d), 'd');
}

static void build_root(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (asimd_fp_begin(c, &s, &spec))
		asimd_fp_finish(c, &s, a64_fp(c, EXPR_FSQRT, &spec, asimd_read(c, 'n', s.width), EXPR_NONE, EXPR_NONE),
				'd');
}

/* ---- Comparisons: param has the relations that make a lane all ones ---- */

enum {
	COMPARE_EQ = FP_EQUAL,
	COMPARE_GE = FP_GREATER | FP_EQUAL,
	COMPARE_GT = FP_GREATER,
	COMPARE_LE = FP_LESS | FP_EQUAL,
	COMPARE_LT = FP_LESS,
	COMPARE_ABS = 1 << 8, /* of magnitudes */
};

/* FPCompareEQ() alone takes quiet NaNs without complaint. */
static expr_id compare(struct a64_ctx *c, struct fp_spec spec, expr_id a, expr_id b)
{
	spec.relations = (uint8_t)c->row->param;
	spec.quiet = spec.relations == COMPARE_EQ;
	return a64_fp(c, EXPR_FCMP, &spec, a, b, EXPR_NONE);
}

/* NaNs keep their signs in FPAbs(), or do not: they compare alike. Above a scalar Rm is kept. */
static void build_compare(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (!asimd_fp_begin(c, &s, &spec))
		return;
	expr_id a = asimd_read(c, 'n', s.width), b = asimd_read(c, 'm', s.width);
	if (c->row->param & COMPARE_ABS) {
		expr_id magnitude = magnitude_bits(c, s.lane, s.width);
		a = expr_and(c->pool, a, magnitude);
		b = expr_and(c->pool, b, magnitude);
	}
	asimd_fp_finish(c, &s, compare(c, spec, a, b), 'm');
}

/* With +0: nothing is kept above a scalar. */
static void build_compare_zero(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (asimd_fp_begin(c, &s, &spec))
		asimd_fp_finish(c, &s, compare(c, spec, asimd_read(c, 'n', s.width), a64_const(c, s.width, 0)), 0);
}

/* clang-format off */
static const struct a64_row a64_simd_fp[] = {
	/* Three registers */
	{"0 Q 0 01110 0 y 1 mmmmm 11010 1 nnnnn ddddd", build_binary,       EXPR_FADD,                "----", "fadd vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 010 1 nnnnn ddddd", build_binary,       EXPR_FADD,                "----", "fadd vector h"},
	{"0 Q 0 01110 1 y 1 mmmmm 11010 1 nnnnn ddddd", build_binary,       EXPR_FSUB,                "----", "fsub vector"},
	{"0 Q 0 01110 1 10 mmmmm 00 010 1 nnnnn ddddd", build_binary,       EXPR_FSUB,                "----", "fsub vector h"},
	{"0 Q 1 01110 0 y 1 mmmmm 11011 1 nnnnn ddddd", build_binary,       EXPR_FMUL,                "----", "fmul vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 011 1 nnnnn ddddd", build_binary,       EXPR_FMUL,                "----", "fmul vector h"},
	{"0 Q 0 01110 0 y 1 mmmmm 11011 1 nnnnn ddddd", build_binary,       EXPR_FMULX,               "----", "fmulx vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 011 1 nnnnn ddddd", build_binary,       EXPR_FMULX,               "----", "fmulx vector h"},
	{"0 Q 1 01110 0 y 1 mmmmm 11111 1 nnnnn ddddd", build_binary,       EXPR_FDIV,                "----", "fdiv vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 111 1 nnnnn ddddd", build_binary,       EXPR_FDIV,                "----", "fdiv vector h"},
	{"0 Q 0 01110 0 y 1 mmmmm 11110 1 nnnnn ddddd", build_binary,       EXPR_FMAX,                "----", "fmax vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 110 1 nnnnn ddddd", build_binary,       EXPR_FMAX,                "----", "fmax vector h"},
	{"0 Q 0 01110 1 y 1 mmmmm 11110 1 nnnnn ddddd", build_binary,       EXPR_FMIN,                "----", "fmin vector"},
	{"0 Q 0 01110 1 10 mmmmm 00 110 1 nnnnn ddddd", build_binary,       EXPR_FMIN,                "----", "fmin vector h"},
	{"0 Q 0 01110 0 y 1 mmmmm 11000 1 nnnnn ddddd", build_binary,       EXPR_FMAXNUM,             "----", "fmaxnm vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 000 1 nnnnn ddddd", build_binary,       EXPR_FMAXNUM,             "----", "fmaxnm vector h"},
	{"0 Q 0 01110 1 y 1 mmmmm 11000 1 nnnnn ddddd", build_binary,       EXPR_FMINNUM,             "----", "fminnm vector"},
	{"0 Q 0 01110 1 10 mmmmm 00 000 1 nnnnn ddddd", build_binary,       EXPR_FMINNUM,             "----", "fminnm vector h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11010 1 nnnnn ddddd", build_difference,   EXPR_FSUB,                "----", "fabd vector"},
	{"0 Q 1 01110 1 10 mmmmm 00 010 1 nnnnn ddddd", build_difference,   EXPR_FSUB,                "----", "fabd vector h"},
	{"0 Q 0 01110 1 y 1 mmmmm 11011 1 nnnnn ddddd", build_extreme,      EXPR_FMAX,                "----", "famax"},
	{"0 Q 0 01110 1 10 mmmmm 00 011 1 nnnnn ddddd", build_extreme,      EXPR_FMAX,                "----", "famax h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11011 1 nnnnn ddddd", build_extreme,      EXPR_FMIN,                "----", "famin"},
	{"0 Q 1 01110 1 10 mmmmm 00 011 1 nnnnn ddddd", build_extreme,      EXPR_FMIN,                "----", "famin h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11111 1 nnnnn ddddd", build_scale,        0,                        "----", "fscale"},
	{"0 Q 1 01110 1 10 mmmmm 00 111 1 nnnnn ddddd", build_scale,        0,                        "----", "fscale h"},
	{"0 Q 0 01110 0 y 1 mmmmm 11001 1 nnnnn ddddd", build_multiply_add, 0,                        "----", "fmla vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 001 1 nnnnn ddddd", build_multiply_add, 0,                        "----", "fmla vector h"},
	{"0 Q 0 01110 1 y 1 mmmmm 11001 1 nnnnn ddddd", build_multiply_add, SIMD_SUB,                 "----", "fmls vector"},
	{"0 Q 0 01110 1 10 mmmmm 00 001 1 nnnnn ddddd", build_multiply_add, SIMD_SUB,                 "----", "fmls vector h"},
	{"0 Q 0 01110 0 y 1 mmmmm 11100 1 nnnnn ddddd", build_compare,      COMPARE_EQ,               "----", "fcmeq vector"},
	{"0 Q 0 01110 0 10 mmmmm 00 100 1 nnnnn ddddd", build_compare,      COMPARE_EQ,               "----", "fcmeq vector h"},
	{"0 Q 1 01110 0 y 1 mmmmm 11100 1 nnnnn ddddd", build_compare,      COMPARE_GE,               "----", "fcmge vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 100 1 nnnnn ddddd", build_compare,      COMPARE_GE,               "----", "fcmge vector h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11100 1 nnnnn ddddd", build_compare,      COMPARE_GT,               "----", "fcmgt vector"},
	{"0 Q 1 01110 1 10 mmmmm 00 100 1 nnnnn ddddd", build_compare,      COMPARE_GT,               "----", "fcmgt vector h"},
	{"0 Q 1 01110 0 y 1 mmmmm 11101 1 nnnnn ddddd", build_compare,      COMPARE_GE | COMPARE_ABS, "----", "facge vector"},
	{"0 Q 1 01110 0 10 mmmmm 00 101 1 nnnnn ddddd", build_compare,      COMPARE_GE | COMPARE_ABS, "----", "facge vector h"},
	{"0 Q 1 01110 1 y 1 mmmmm 11101 1 nnnnn ddddd", build_compare,      COMPARE_GT | COMPARE_ABS, "----", "facgt vector"},
	{"0 Q 1 01110 1 10 mmmmm 00 101 1 nnnnn ddddd", build_compare,      COMPARE_GT | COMPARE_ABS, "----", "facgt vector h"},

	/* One register */
	{"0 Q 1 01110 1 y 10000 11111 10 nnnnn ddddd", build_root,         0,          "----", "fsqrt vector"},
	{"0 Q 1 01110 1 1 11100 11111 10 nnnnn ddddd", build_root,         0,          "----", "fsqrt vector h"},
	{"0 Q 0 01110 1 y 10000 01100 10 nnnnn ddddd", build_compare_zero, COMPARE_GT, "----", "fcmgt zero"},
	{"0 Q 0 01110 1 1 11100 01100 10 nnnnn ddddd", build_compare_zero, COMPARE_GT, "----", "fcmgt zero h"},
	{"0 Q 1 01110 1 y 10000 01100 10 nnnnn ddddd", build_compare_zero, COMPARE_GE, "----", "fcmge zero"},
	{"0 Q 1 01110 1 1 11100 01100 10 nnnnn ddddd", build_compare_zero, COMPARE_GE, "----", "fcmge zero h"},
	{"0 Q 0 01110 1 y 10000 01101 10 nnnnn ddddd", build_compare_zero, COMPARE_EQ, "----", "fcmeq zero"},
	{"0 Q 0 01110 1 1 11100 01101 10 nnnnn ddddd", build_compare_zero, COMPARE_EQ, "----", "fcmeq zero h"},
	{"0 Q 1 01110 1 y 10000 01101 10 nnnnn ddddd", build_compare_zero, COMPARE_LE, "----", "fcmle zero"},
	{"0 Q 1 01110 1 1 11100 01101 10 nnnnn ddddd", build_compare_zero, COMPARE_LE, "----", "fcmle zero h"},
	{"0 Q 0 01110 1 y 10000 01110 10 nnnnn ddddd", build_compare_zero, COMPARE_LT, "----", "fcmlt zero"},
	{"0 Q 0 01110 1 1 11100 01110 10 nnnnn ddddd", build_compare_zero, COMPARE_LT, "----", "fcmlt zero h"},

	/* By an element */
	{"0 Q 0 01111 1 y L M mmmm 1001 H 0 nnnnn ddddd", build_binary,       EXPR_FMUL,  "----", "fmul element"},
	{"0 Q 0 01111 00 L M mmmm 1001 H 0 nnnnn ddddd",  build_binary,       EXPR_FMUL,  "----", "fmul element h"},
	{"0 Q 1 01111 1 y L M mmmm 1001 H 0 nnnnn ddddd", build_binary,       EXPR_FMULX, "----", "fmulx element"},
	{"0 Q 1 01111 00 L M mmmm 1001 H 0 nnnnn ddddd",  build_binary,       EXPR_FMULX, "----", "fmulx element h"},
	{"0 Q 0 01111 1 y L M mmmm 0001 H 0 nnnnn ddddd", build_multiply_add, 0,          "----", "fmla element"},
	{"0 Q 0 01111 00 L M mmmm 0001 H 0 nnnnn ddddd",  build_multiply_add, 0,          "----", "fmla element h"},
	{"0 Q 0 01111 1 y L M mmmm 0101 H 0 nnnnn ddddd", build_multiply_add, SIMD_SUB,   "----", "fmls element"},
	{"0 Q 0 01111 00 L M mmmm 0101 H 0 nnnnn ddddd",  build_multiply_add, SIMD_SUB,   "----", "fmls element h"},

	/* Scalars */
	{"01 0 11110 0 y 1 mmmmm 11011 1 nnnnn ddddd",   build_binary,       EXPR_FMULX,               "----", "fmulx scalar"},
	{"01 0 11110 0 10 mmmmm 00 011 1 nnnnn ddddd",   build_binary,       EXPR_FMULX,               "----", "fmulx scalar h"},
	{"01 1 11110 1 y 1 mmmmm 11010 1 nnnnn ddddd",   build_difference,   EXPR_FSUB,                "----", "fabd scalar"},
	{"01 1 11110 1 10 mmmmm 00 010 1 nnnnn ddddd",   build_difference,   EXPR_FSUB,                "----", "fabd scalar h"},
	{"01 0 11110 0 y 1 mmmmm 11100 1 nnnnn ddddd",   build_compare,      COMPARE_EQ,               "----", "fcmeq scalar"},
	{"01 0 11110 0 10 mmmmm 00 100 1 nnnnn ddddd",   build_compare,      COMPARE_EQ,               "----", "fcmeq scalar h"},
	{"01 1 11110 0 y 1 mmmmm 11100 1 nnnnn ddddd",   build_compare,      COMPARE_GE,               "----", "fcmge scalar"},
	{"01 1 11110 0 10 mmmmm 00 100 1 nnnnn ddddd",   build_compare,      COMPARE_GE,               "----", "fcmge scalar h"},
	{"01 1 11110 1 y 1 mmmmm 11100 1 nnnnn ddddd",   build_compare,      COMPARE_GT,               "----", "fcmgt scalar"},
	{"01 1 11110 1 10 mmmmm 00 100 1 nnnnn ddddd",   build_compare,      COMPARE_GT,               "----", "fcmgt scalar h"},
	{"01 1 11110 0 y 1 mmmmm 11101 1 nnnnn ddddd",   build_compare,      COMPARE_GE | COMPARE_ABS, "----", "facge scalar"},
	{"01 1 11110 0 10 mmmmm 00 101 1 nnnnn ddddd",   build_compare,      COMPARE_GE | COMPARE_ABS, "----", "facge scalar h"},
	{"01 1 11110 1 y 1 mmmmm 11101 1 nnnnn ddddd",   build_compare,      COMPARE_GT | COMPARE_ABS, "----", "facgt scalar"},
	{"01 1 11110 1 10 mmmmm 00 101 1 nnnnn ddddd",   build_compare,      COMPARE_GT | COMPARE_ABS, "----", "facgt scalar h"},
	{"01 0 11110 1 y 10000 01100 10 nnnnn ddddd",    build_compare_zero, COMPARE_GT,               "----", "fcmgt zero scalar"},
	{"01 0 11110 1 1 11100 01100 10 nnnnn ddddd",    build_compare_zero, COMPARE_GT,               "----", "fcmgt zero scalar h"},
	{"01 1 11110 1 y 10000 01100 10 nnnnn ddddd",    build_compare_zero, COMPARE_GE,               "----", "fcmge zero scalar"},
	{"01 1 11110 1 1 11100 01100 10 nnnnn ddddd",    build_compare_zero, COMPARE_GE,               "----", "fcmge zero scalar h"},
	{"01 0 11110 1 y 10000 01101 10 nnnnn ddddd",    build_compare_zero, COMPARE_EQ,               "----", "fcmeq zero scalar"},
	{"01 0 11110 1 1 11100 01101 10 nnnnn ddddd",    build_compare_zero, COMPARE_EQ,               "----", "fcmeq zero scalar h"},
	{"01 1 11110 1 y 10000 01101 10 nnnnn ddddd",    build_compare_zero, COMPARE_LE,               "----", "fcmle zero scalar"},
	{"01 1 11110 1 1 11100 01101 10 nnnnn ddddd",    build_compare_zero, COMPARE_LE,               "----", "fcmle zero scalar h"},
	{"01 0 11110 1 y 10000 01110 10 nnnnn ddddd",    build_compare_zero, COMPARE_LT,               "----", "fcmlt zero scalar"},
	{"01 0 11110 1 1 11100 01110 10 nnnnn ddddd",    build_compare_zero, COMPARE_LT,               "----", "fcmlt zero scalar h"},
	{"01 0 11111 1 y L M mmmm 1001 H 0 nnnnn ddddd", build_binary,       EXPR_FMUL,                "----", "fmul scalar element"},
	{"01 0 11111 00 L M mmmm 1001 H 0 nnnnn ddddd",  build_binary,       EXPR_FMUL,                "----", "fmul scalar element h"},
	{"01 1 11111 1 y L M mmmm 1001 H 0 nnnnn ddddd", build_binary,       EXPR_FMULX,               "----", "fmulx scalar element"},
	{"01 1 11111 00 L M mmmm 1001 H 0 nnnnn ddddd",  build_binary,       EXPR_FMULX,               "----", "fmulx scalar element h"},
	{"01 0 11111 1 y L M mmmm 0001 H 0 nnnnn ddddd", build_multiply_add, 0,                        "----", "fmla scalar element"},
	{"01 0 11111 00 L M mmmm 0001 H 0 nnnnn ddddd",  build_multiply_add, 0,                        "----", "fmla scalar element h"},
	{"01 0 11111 1 y L M mmmm 0101 H 0 nnnnn ddddd", build_multiply_add, SIMD_SUB,                 "----", "fmls scalar element"},
	{"01 0 11111 00 L M mmmm 0101 H 0 nnnnn ddddd",  build_multiply_add, SIMD_SUB,                 "----", "fmls scalar element h"},
};
/* clang-format on */

A64_TABLE(a64_simd_fp);
