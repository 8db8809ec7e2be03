/*
 * Products of vectors, scalars and elements: of lanes as wide as the result's, long ones, doubling ones, dot products,
 * products of matrices, and those of polynomials over {0, 1}.
 */
#include "arch/aarch64/simd.h"

/* ---- MUL, MLA, MLS and SQDMULH, SQRDMULH, SQRDMLAH, SQRDMLSH ---- */

static void build_multiply(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id product = asimd_binary(c, EXPR_VMUL, s.lane, asimd_read(c, 'n', s.width), asimd_second(c, &s));
	asimd_finish(c, s.lane, product);
}

/* Signed lanes to lanes twice as wide. */
static expr_id widen_signed(struct a64_ctx *c, unsigned lane, expr_id a)
{
	return asimd_unary(c, EXPR_VWIDENS, lane, a);
}

/*
 * (d << lane) + 2 n m + (1 << (lane - 1)), of which the upper half is the result. Half of that fits lanes twice as
 * wide, and is shifted by one bit less.
 */
static void build_high(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	unsigned wide = 2 * s.lane;
	expr_id n = widen_signed(c, s.lane, asimd_read(c, 'n', s.width));
	expr_id sum = asimd_binary(c, EXPR_VMUL, wide, n, widen_signed(c, s.lane, asimd_second(c, &s)));
	if (asimd_is(c, SIMD_ADD | SIMD_SUB)) {
		expr_id d = widen_signed(c, s.lane, asimd_read(c, 'd', s.width));
		d = asimd_shift(c, EXPR_VSHL, wide, d, s.lane - 1);
		sum = asimd_binary(c, asimd_is(c, SIMD_ADD) ? EXPR_VADD : EXPR_VSUB, wide, d, sum);
	}
	if (asimd_is(c, SIMD_ROUND)) {
		expr_id half = asimd_splat_const(c, wide, 2 * s.width, UINT64_C(1) << (s.lane - 2));
		sum = asimd_binary(c, EXPR_VADD, wide, sum, half);
	}
	expr_id high = asimd_shift(c, EXPR_VASHR, wide, sum, s.lane - 1);
	a64_set_v(c, a64_field(c, 'd'), asimd_narrow(c, wide, high));
}

/* ---- Long ---- */

/* SMULL, UMULL, SMLAL .. */
static void build_long(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_widen(c, s.lane, asimd_half(c, &s, 'n'));
	expr_id m = asimd_widen(c, s.lane, asimd_second_half(c, &s));
	asimd_finish(c, 2 * s.lane, asimd_binary(c, EXPR_VMUL, 2 * s.lane, n, m));
}

/* SQDMULL, SQDMLAL, SQDMLSL: the doubling saturates, and so does the sum. */
static void build_doubling(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	unsigned wide = 2 * s.lane;
	expr_id n = widen_signed(c, s.lane, asimd_half(c, &s, 'n'));
	expr_id m = widen_signed(c, s.lane, asimd_second_half(c, &s));
	expr_id product = asimd_binary(c, EXPR_VMUL, wide, n, m);
	expr_id result = asimd_binary(c, EXPR_VADDSS, wide, product, product);
	asimd_saturated(c, result, asimd_binary(c, EXPR_VADD, wide, product, product));
	if (asimd_is(c, SIMD_ADD | SIMD_SUB)) {
		bool add = asimd_is(c, SIMD_ADD);
		expr_id d = asimd_read(c, 'd', expr_width(c->pool, result));
		expr_id exact = asimd_binary(c, add ? EXPR_VADD : EXPR_VSUB, wide, d, result);
		result = asimd_binary(c, add ? EXPR_VADDSS : EXPR_VSUBSS, wide, d, result);
		asimd_saturated(c, result, exact);
	}
	a64_set_v(c, a64_field(c, 'd'), result);
}

/* ---- Sums of products ---- */

/* Products of bytes, in 16 bits each. Of mixed signs they are signed; those of unsigned bytes need all 16. */
static expr_id multiply_bytes(struct a64_ctx *c, expr_id n, expr_id m)
{
	bool first = asimd_is(c, SIMD_MIXED) ? asimd_is(c, SIMD_SWAP) : asimd_is(c, SIMD_SIGNED);
	bool second = asimd_is(c, SIMD_MIXED) ? !asimd_is(c, SIMD_SWAP) : asimd_is(c, SIMD_SIGNED);

	n = asimd_unary(c, first ? EXPR_VWIDENS : EXPR_VWIDENU, 8, n);
	m = asimd_unary(c, second ? EXPR_VWIDENS : EXPR_VWIDENU, 8, m);
	return asimd_binary(c, EXPR_VMUL, 16, n, m);
}

/* Sums of neighbours of 16 bits, in 32 bits each. */
static expr_id add_neighbours(struct a64_ctx *c, expr_id products)
{
	enum expr_op shift = asimd_is(c, SIMD_SIGNED | SIMD_MIXED) ? EXPR_VASHR : EXPR_VLSHR;
	expr_id odd = asimd_shift(c, shift, 32, products, 16);
	expr_id even = asimd_shift(c, shift, 32, asimd_shift(c, EXPR_VSHL, 32, products, 16), 16);

	return asimd_binary(c, EXPR_VADD, 32, even, odd);
}

/* Sums of neighbours of 32 bits, modulo 2^32: half as many lanes. */
static expr_id add_neighbours_32(struct a64_ctx *c, expr_id sums)
{
	expr_id both = asimd_binary(c, EXPR_VADD, 64, sums, asimd_shift(c, EXPR_VLSHR, 64, sums, 32));

	return asimd_unary(c, EXPR_VNARROW, 64, both);
}

/* SDOT, UDOT, USDOT, SUDOT: four bytes by four bytes are added to each lane of 32 bits. */
static void build_dot(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id products = multiply_bytes(c, asimd_read(c, 'n', s.width), asimd_second(c, &s));
	asimd_finish(c, s.lane, add_neighbours_32(c, add_neighbours(c, products)));
}

/* SMMLA, UMMLA, USMMLA: rows of eight bytes; lane 2 i + j is row i of Rn by row j of Rm. */
static void build_matrix(struct a64_ctx *c)
{
	static const uint8_t rows_n[] = {0, 0, 1, 1}, rows_m[] = {0, 1, 0, 1};
	expr_id n = asimd_permute(c, asimd_read(c, 'n', 128), 64, 256, rows_n);
	expr_id m = asimd_permute(c, asimd_read(c, 'm', 128), 64, 256, rows_m);
	expr_id sums = add_neighbours_32(c, add_neighbours(c, multiply_bytes(c, n, m)));

	asimd_finish(c, 32, add_neighbours_32(c, sums));
}

/* ---- Polynomials ---- */

/* In each lane, the bits whose numbers leave this remainder. */
static expr_id every_nth_bit(struct a64_ctx *c, unsigned lane, expr_id a, unsigned step, unsigned remainder)
{
	unsigned width = expr_width(c->pool, a);
	uint64_t words[EXPR_MAX_WORDS] = {0};

	for (unsigned i = 0; i < width; i++)
		words[i / 64] |= (uint64_t)(i % lane % step == remainder) << i % 64;
	return expr_and(c->pool, a, expr_const_wide(c->pool, width, words));
}

/*
 * Products without carries, modulo 2^lane. Where numbers have but every step-th bit, those of their product are sums
 * that do not reach the next one's place, and whose lowest bits are the product without carries. That is so if a number
 * has less than 2^step of such bits.
 */
static expr_id multiply_polynomials(struct a64_ctx *c, unsigned lane, unsigned step, expr_id n, expr_id m)
{
	struct expr_pool *p = c->pool;
	expr_id product = a64_const(c, expr_width(p, n), 0);

	for (unsigned k = 0; k < step; k++) {
		expr_id sum = a64_const(c, expr_width(p, n), 0);
		for (unsigned i = 0; i < step; i++) {
			expr_id x = every_nth_bit(c, lane, n, step, i);
			expr_id y = every_nth_bit(c, lane, m, step, (k + step - i) % step);
			sum = expr_xor(p, sum, lane > 64 ? expr_mul(p, x, y) : asimd_binary(c, EXPR_VMUL, lane, x, y));
		}
		product = expr_or(p, product, every_nth_bit(c, lane, sum, step, k));
	}
	return product;
}

/* Of numbers of 8 and of 64 bits. */
enum { STEP_8 = 3, STEP_64 = 5 };

/* PMUL */
static void build_polynomial(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_read(c, 'n', s.width), m = asimd_read(c, 'm', s.width);
	asimd_finish(c, s.lane, multiply_polynomials(c, s.lane, STEP_8, n, m));
}

/* PMULL of bytes */
static void build_polynomial_long(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_widen(c, s.lane, asimd_half(c, &s, 'n')), m = asimd_widen(c, s.lane, asimd_half(c, &s, 'm'));
	asimd_finish(c, 2 * s.lane, multiply_polynomials(c, 2 * s.lane, STEP_8, n, m));
}

/* PMULL of 64 bits by 64 */
static void build_polynomial_128(struct a64_ctx *c)
{
	const struct asimd s = {64, 64};
	expr_id n = expr_zext(c->pool, asimd_half(c, &s, 'n'), 128),
		m = expr_zext(c->pool, asimd_half(c, &s, 'm'), 128);

	a64_set_v(c, a64_field(c, 'd'), multiply_polynomials(c, 128, STEP_64, n, m));
}

/* clang-format off */
static const struct a64_row a64_simd_multiply[] = {
	/* Lanes as wide as the result's */
	{"0 Q 0 01110 zz 1 mmmmm 10011 1 nnnnn ddddd",   build_multiply, SIMD_BHS,                      "----", "mul vector"},
	{"0 Q 0 01111 zz L M mmmm 1000 H 0 nnnnn ddddd", build_multiply, SIMD_HS,                       "----", "mul element"},
	{"0 Q 0 01110 zz 1 mmmmm 10010 1 nnnnn ddddd",   build_multiply, SIMD_ADD | SIMD_BHS,           "----", "mla vector"},
	{"0 Q 1 01111 zz L M mmmm 0000 H 0 nnnnn ddddd", build_multiply, SIMD_ADD | SIMD_HS,            "----", "mla element"},
	{"0 Q 1 01110 zz 1 mmmmm 10010 1 nnnnn ddddd",   build_multiply, SIMD_SUB | SIMD_BHS,           "----", "mls vector"},
	{"0 Q 1 01111 zz L M mmmm 0100 H 0 nnnnn ddddd", build_multiply, SIMD_SUB | SIMD_HS,            "----", "mls element"},
	{"0 Q 0 01110 zz 1 mmmmm 10110 1 nnnnn ddddd",   build_high,     SIMD_SQ | SIMD_HS,             "----", "sqdmulh vector"},
	{"0 Q 0 01111 zz L M mmmm 1100 H 0 nnnnn ddddd", build_high,     SIMD_SQ | SIMD_HS,             "----", "sqdmulh element"},
	{"0 Q 1 01110 zz 1 mmmmm 10110 1 nnnnn ddddd",   build_high,     SIMD_SQR | SIMD_HS,            "----", "sqrdmulh vector"},
	{"0 Q 0 01111 zz L M mmmm 1101 H 0 nnnnn ddddd", build_high,     SIMD_SQR | SIMD_HS,            "----", "sqrdmulh element"},
	{"0 Q 1 01110 zz 0 mmmmm 1 0000 1 nnnnn ddddd",  build_high,     SIMD_SQR | SIMD_ADD | SIMD_HS, "----", "sqrdmlah vector"},
	{"0 Q 1 01111 zz L M mmmm 1101 H 0 nnnnn ddddd", build_high,     SIMD_SQR | SIMD_ADD | SIMD_HS, "----", "sqrdmlah element"},
	{"0 Q 1 01110 zz 0 mmmmm 1 0001 1 nnnnn ddddd",  build_high,     SIMD_SQR | SIMD_SUB | SIMD_HS, "----", "sqrdmlsh vector"},
	{"0 Q 1 01111 zz L M mmmm 1111 H 0 nnnnn ddddd", build_high,     SIMD_SQR | SIMD_SUB | SIMD_HS, "----", "sqrdmlsh element"},

	/* Long */
	{"0 Q 0 01110 zz 1 mmmmm 1100 00 nnnnn ddddd",   build_long,     SIMD_SIGNED | SIMD_BHS,            "----", "smull vector"},
	{"0 Q 0 01111 zz L M mmmm 1010 H 0 nnnnn ddddd", build_long,     SIMD_SIGNED | SIMD_HS,             "----", "smull element"},
	{"0 Q 1 01110 zz 1 mmmmm 1100 00 nnnnn ddddd",   build_long,     SIMD_BHS,                          "----", "umull vector"},
	{"0 Q 1 01111 zz L M mmmm 1010 H 0 nnnnn ddddd", build_long,     SIMD_HS,                           "----", "umull element"},
	{"0 Q 0 01110 zz 1 mmmmm 1000 00 nnnnn ddddd",   build_long,     SIMD_SIGNED | SIMD_ADD | SIMD_BHS, "----", "smlal vector"},
	{"0 Q 0 01111 zz L M mmmm 0010 H 0 nnnnn ddddd", build_long,     SIMD_SIGNED | SIMD_ADD | SIMD_HS,  "----", "smlal element"},
	{"0 Q 1 01110 zz 1 mmmmm 1000 00 nnnnn ddddd",   build_long,     SIMD_ADD | SIMD_BHS,               "----", "umlal vector"},
	{"0 Q 1 01111 zz L M mmmm 0010 H 0 nnnnn ddddd", build_long,     SIMD_ADD | SIMD_HS,                "----", "umlal element"},
	{"0 Q 0 01110 zz 1 mmmmm 1010 00 nnnnn ddddd",   build_long,     SIMD_SIGNED | SIMD_SUB | SIMD_BHS, "----", "smlsl vector"},
	{"0 Q 0 01111 zz L M mmmm 0110 H 0 nnnnn ddddd", build_long,     SIMD_SIGNED | SIMD_SUB | SIMD_HS,  "----", "smlsl element"},
	{"0 Q 1 01110 zz 1 mmmmm 1010 00 nnnnn ddddd",   build_long,     SIMD_SUB | SIMD_BHS,               "----", "umlsl vector"},
	{"0 Q 1 01111 zz L M mmmm 0110 H 0 nnnnn ddddd", build_long,     SIMD_SUB | SIMD_HS,                "----", "umlsl element"},
	{"0 Q 0 01110 zz 1 mmmmm 1101 00 nnnnn ddddd",   build_doubling, SIMD_HS,                           "----", "sqdmull vector"},
	{"0 Q 0 01111 zz L M mmmm 1011 H 0 nnnnn ddddd", build_doubling, SIMD_HS,                           "----", "sqdmull element"},
	{"0 Q 0 01110 zz 1 mmmmm 1001 00 nnnnn ddddd",   build_doubling, SIMD_ADD | SIMD_HS,                "----", "sqdmlal vector"},
	{"0 Q 0 01111 zz L M mmmm 0011 H 0 nnnnn ddddd", build_doubling, SIMD_ADD | SIMD_HS,                "----", "sqdmlal element"},
	{"0 Q 0 01110 zz 1 mmmmm 1011 00 nnnnn ddddd",   build_doubling, SIMD_SUB | SIMD_HS,                "----", "sqdmlsl vector"},
	{"0 Q 0 01111 zz L M mmmm 0111 H 0 nnnnn ddddd", build_doubling, SIMD_SUB | SIMD_HS,                "----", "sqdmlsl element"},

	/* Sums of products of bytes */
	{"0 Q 0 01110 zz 0 mmmmm 1 0010 1 nnnnn ddddd",  build_dot,    SIMD_SIGNED | SIMD_ADD | SIMD_S, "----", "sdot vector"},
	{"0 Q 0 01111 zz L M mmmm 1110 H 0 nnnnn ddddd", build_dot,    SIMD_SIGNED | SIMD_ADD | SIMD_S, "----", "sdot element"},
	{"0 Q 1 01110 zz 0 mmmmm 1 0010 1 nnnnn ddddd",  build_dot,    SIMD_ADD | SIMD_S,               "----", "udot vector"},
	{"0 Q 1 01111 zz L M mmmm 1110 H 0 nnnnn ddddd", build_dot,    SIMD_ADD | SIMD_S,               "----", "udot element"},
	{"0 Q 0 01110 zz 0 mmmmm 1 0011 1 nnnnn ddddd",  build_dot,    SIMD_MIXED | SIMD_ADD | SIMD_S,  "----", "usdot vector"},
	{"0 Q 0 01111 10 L M mmmm 1111 H 0 nnnnn ddddd", build_dot,    SIMD_MIXED | SIMD_ADD | SIMD_S,  "----", "usdot element"},
	{"0 Q 0 01111 00 L M mmmm 1111 H 0 nnnnn ddddd", build_dot,    SIMD_SU | SIMD_ADD | SIMD_S,     "----", "sudot element"},
	{"0 1 0 01110 10 0 mmmmm 1 0100 1 nnnnn ddddd",  build_matrix, SIMD_SIGNED | SIMD_ADD,          "----", "smmla"},
	{"0 1 1 01110 10 0 mmmmm 1 0100 1 nnnnn ddddd",  build_matrix, SIMD_ADD,                        "----", "ummla"},
	{"0 1 0 01110 10 0 mmmmm 1 0101 1 nnnnn ddddd",  build_matrix, SIMD_MIXED | SIMD_ADD,           "----", "usmmla"},

	/* Polynomials */
	{"0 Q 1 01110 zz 1 mmmmm 10011 1 nnnnn ddddd", build_polynomial,      SIMD_B, "----", "pmul vector"},
	{"0 Q 0 01110 00 1 mmmmm 1110 00 nnnnn ddddd", build_polynomial_long, SIMD_B, "----", "pmull bytes"},
	{"0 Q 0 01110 11 1 mmmmm 1110 00 nnnnn ddddd", build_polynomial_128,  0,      "----", "pmull doublewords"},

	/* Scalars */
	{"01 0 11110 zz 1 mmmmm 10110 1 nnnnn ddddd",   build_high,     SIMD_SQ | SIMD_HS,             "----", "sqdmulh scalar"},
	{"01 0 11111 zz L M mmmm 1100 H 0 nnnnn ddddd", build_high,     SIMD_SQ | SIMD_HS,             "----", "sqdmulh scalar element"},
	{"01 1 11110 zz 1 mmmmm 10110 1 nnnnn ddddd",   build_high,     SIMD_SQR | SIMD_HS,            "----", "sqrdmulh scalar"},
	{"01 0 11111 zz L M mmmm 1101 H 0 nnnnn ddddd", build_high,     SIMD_SQR | SIMD_HS,            "----", "sqrdmulh scalar element"},
	{"01 1 11110 zz 0 mmmmm 1 0000 1 nnnnn ddddd",  build_high,     SIMD_SQR | SIMD_ADD | SIMD_HS, "----", "sqrdmlah scalar"},
	{"01 1 11111 zz L M mmmm 1101 H 0 nnnnn ddddd", build_high,     SIMD_SQR | SIMD_ADD | SIMD_HS, "----", "sqrdmlah scalar element"},
	{"01 1 11110 zz 0 mmmmm 1 0001 1 nnnnn ddddd",  build_high,     SIMD_SQR | SIMD_SUB | SIMD_HS, "----", "sqrdmlsh scalar"},
	{"01 1 11111 zz L M mmmm 1111 H 0 nnnnn ddddd", build_high,     SIMD_SQR | SIMD_SUB | SIMD_HS, "----", "sqrdmlsh scalar element"},
	{"01 0 11110 zz 1 mmmmm 1101 00 nnnnn ddddd",   build_doubling, SIMD_HS,                       "----", "sqdmull scalar"},
	{"01 0 11111 zz L M mmmm 1011 H 0 nnnnn ddddd", build_doubling, SIMD_HS,                       "----", "sqdmull scalar element"},
	{"01 0 11110 zz 1 mmmmm 1001 00 nnnnn ddddd",   build_doubling, SIMD_ADD | SIMD_HS,            "----", "sqdmlal scalar"},
	{"01 0 11111 zz L M mmmm 0011 H 0 nnnnn ddddd", build_doubling, SIMD_ADD | SIMD_HS,            "----", "sqdmlal scalar element"},
	{"01 0 11110 zz 1 mmmmm 1011 00 nnnnn ddddd",   build_doubling, SIMD_SUB | SIMD_HS,            "----", "sqdmlsl scalar"},
	{"01 0 11111 zz L M mmmm 0111 H 0 nnnnn ddddd", build_doubling, SIMD_SUB | SIMD_HS,            "----", "sqdmlsl scalar element"},
};
/* clang-format on */

A64_TABLE(a64_simd_multiply);
