/* GFNI: arithmetic in the Galois field of 256 elements (SDM vol. 2, GF2P8AFFINEQB, GF2P8AFFINEINVQB, GF2P8MULB). */
#include "arch/galois.h"
#include "arch/x86_64/simd.h"

/* In each byte: all ones if bit `bit` of it is set. */
static expr_id spread_bit(struct x86_ctx *c, expr_id a, unsigned bit)
{
	return simd_shift(c, EXPR_VASHR, 8, simd_shift(c, EXPR_VSHL, 8, a, 7 - bit), 7);
}

static expr_id multiply(struct x86_ctx *c, const struct x86_form *f, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	expr_id product = expr_const(p, SIMD_BLOCK, 0);

	(void)f;
	for (unsigned i = 0; i < 8; i++) {
		product = expr_xor(p, product, expr_and(p, a, spread_bit(c, b, i)));
		a = galois_times_x(p, GALOIS_AES, a);
	}
	return product;
}

static void build_mul(struct x86_ctx *c, const struct x86_form *f)
{
	simd_by_block(c, f, multiply);
}

/* The parity of each byte, in its lowest bit. */
static expr_id parities(struct x86_ctx *c, expr_id a)
{
	for (unsigned shift = 4; shift > 0; shift /= 2)
		a = expr_xor(c->pool, a, simd_shift(c, EXPR_VLSHR, 8, a, shift));
	return expr_and(c->pool, a, simd_splat(c, SIMD_BLOCK, 8, 1));
}

/* Byte `byte` of each 64-bit lane in all bytes of the lane. */
static expr_id spread_byte(struct x86_ctx *c, expr_id a, unsigned byte)
{
	uint8_t index[SIMD_BLOCK / 8];

	for (unsigned i = 0; i < sizeof index; i++)
		index[i] = (uint8_t)(i / 8 * 8 + byte);
	return simd_permute(c, SIMD_BLOCK, 8, a, index);
}

/* A x + b in each byte x, by the matrix in its 64-bit lane, whose last byte makes up bit 0; param: of its inverse. */
static expr_id affine(struct x86_ctx *c, const struct x86_form *f, expr_id x, expr_id matrix)
{
	struct expr_pool *p = c->pool;
	expr_id sum = simd_splat(c, SIMD_BLOCK, 8, simd_imm(c));
	uint8_t inverses[256];

	if (f->param) {
		galois_inverses(GALOIS_AES, inverses);
		x = galois_lookup(p, inverses, x);
	}
	for (unsigned i = 0; i < 8; i++) {
		expr_id bit = parities(c, expr_and(p, x, spread_byte(c, matrix, 7 - i)));
		sum = expr_xor(p, sum, simd_shift(c, EXPR_VSHL, 8, bit, i));
	}
	return sum;
}

static void build_affine(struct x86_ctx *c, const struct x86_form *f)
{
	simd_by_block(c, f, affine);
}

/* clang-format off */
static const struct x86_form x86_sse_gfni[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("gf2p8mulb",        "66 0F 38 CF /r", "W0", "Vx Hx Wx",    GFNI, GFNI, GFNI, build_mul,    0),
	SIMD_ROW("gf2p8affineqb",    "66 0F 3A CE /r", "W1", "Vx Hx Wx Ib", GFNI, GFNI, GFNI, build_affine, false),
	SIMD_ROW("gf2p8affineinvqb", "66 0F 3A CF /r", "W1", "Vx Hx Wx Ib", GFNI, GFNI, GFNI, build_affine, true),
};
/* clang-format on */

X86_TABLE(x86_sse_gfni);
