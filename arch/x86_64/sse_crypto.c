/* AES-NI and PCLMULQDQ (SDM vol. 2; FIPS 197 for the names of the steps). */
#include "arch/aes.h"
#include "arch/x86_64/simd.h"

/* Steps of a round. */
enum {
	INVERSE = 1,
	MIX = 2,
};

/* ---- AES ---- */

/* AESENC, AESENCLAST, AESDEC, AESDECLAST */
static expr_id one_round(struct x86_ctx *c, const struct x86_form *f, expr_id state, expr_id key)
{
	bool inverse = f->param & INVERSE;

	state = aes_sub_bytes(c->pool, aes_shift_rows(c->pool, state, inverse), inverse);
	if (f->param & MIX)
		state = aes_mix_columns(c->pool, state, inverse);
	return expr_xor(c->pool, state, key);
}

static void build_round(struct x86_ctx *c, const struct x86_form *f)
{
	simd_by_block(c, f, one_round);
}

static void build_aesimc(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, aes_mix_columns(c->pool, simd_source(c, 1), true));
}

/* AESKEYGENASSIST: the S-box of the odd lanes of 32 bits; rotated, and with the immediate, in the odd lanes. */
static void build_aeskeygenassist(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t index[16] = {4, 5, 6, 7, 5, 6, 7, 4, 12, 13, 14, 15, 13, 14, 15, 12};
	expr_id bytes = simd_permute(c, SIMD_BLOCK, 8, aes_sub_bytes(c->pool, simd_source(c, 1), false), index);
	expr_id constant = simd_splat(c, SIMD_BLOCK, 64, (uint64_t)simd_imm(c) << 32);

	(void)f;
	x86_write(c, 0, expr_xor(c->pool, bytes, constant));
}

/* ---- PCLMULQDQ ---- */

static expr_id every_fourth_bit(struct x86_ctx *c, expr_id a, unsigned first)
{
	return expr_and(c->pool, a, simd_splat(c, SIMD_BLOCK, 64, UINT64_C(0x1111111111111111) << first));
}

/*
 * The low half of products without carries, in each lane of 64 bits. Of numbers that have every fourth bit only, the
 * product has sums of at most 15 in those places, but for the last, whose carry is lost anyway: their low bits are
 * what the product without carries has there.
 */
static expr_id carryless_low(struct x86_ctx *c, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	expr_id product = expr_const(p, SIMD_BLOCK, 0);

	for (unsigned k = 0; k < 4; k++) {
		expr_id sum = expr_const(p, SIMD_BLOCK, 0);
		for (unsigned i = 0; i < 4; i++) {
			expr_id x = every_fourth_bit(c, a, i), y = every_fourth_bit(c, b, (k - i) % 4);
			sum = expr_xor(p, sum, simd_lanes(c, EXPR_VMUL, 64, x, y));
		}
		product = expr_or(p, product, every_fourth_bit(c, sum, k));
	}
	return product;
}

/* A half of an operand in the low lane, its mirror image in the high one: the low half of the product of mirror images
 * is the mirror image of the high half, moved by one bit. */
static expr_id with_mirror(struct x86_ctx *c, expr_id a, bool high)
{
	expr_id half = expr_extract(c->pool, a, high ? 64 : 0, 64);

	return expr_concat(c->pool, expr_unary(c->pool, EXPR_BITREV, half), half);
}

static expr_id carryless(struct x86_ctx *c, const struct x86_form *f, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	expr_id product = carryless_low(c, with_mirror(c, a, simd_imm(c) & 1), with_mirror(c, b, simd_imm(c) & 0x10));
	expr_id high = expr_unary(p, EXPR_BITREV, expr_extract(p, product, 64, 64));

	(void)f;
	return expr_concat(p, expr_lshr(p, high, x86_const(c, 8, 1)), expr_extract(p, product, 0, 64));
}

static void build_pclmulqdq(struct x86_ctx *c, const struct x86_form *f)
{
	simd_by_block(c, f, carryless);
}

/* clang-format off */
static const struct x86_form x86_sse_crypto[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("aesenc",          "66 0F 38 DC /r", "WIG",     "Vx Hx Wx",       AES,       AES,       VAES,      build_round,           MIX),
	SIMD_ROW("aesenclast",      "66 0F 38 DD /r", "WIG",     "Vx Hx Wx",       AES,       AES,       VAES,      build_round,           0),
	SIMD_ROW("aesdec",          "66 0F 38 DE /r", "WIG",     "Vx Hx Wx",       AES,       AES,       VAES,      build_round,           INVERSE | MIX),
	SIMD_ROW("aesdeclast",      "66 0F 38 DF /r", "WIG",     "Vx Hx Wx",       AES,       AES,       VAES,      build_round,           INVERSE),
	SIMD_ROW("aesimc",          "66 0F 38 DB /r", "128.WIG", "Vdq Wdq",        AES,       AES,       AES,       build_aesimc,          0),
	SIMD_ROW("aeskeygenassist", "66 0F 3A DF /r", "128.WIG", "Vdq Wdq Ib",     AES,       AES,       AES,       build_aeskeygenassist, 0),
	SIMD_ROW("pclmulqdq",       "66 0F 3A 44 /r", "WIG",     "Vx Hx Wx Ib",    PCLMULQDQ, PCLMULQDQ, VPCLMULQDQ, build_pclmulqdq,       0),
};
/* clang-format on */

X86_TABLE(x86_sse_crypto);
