/* AES-NI and PCLMULQDQ (SDM vol. 2; FIPS 197 for the names of the steps). */
#include "arch/x86_64/simd.h"

/* Steps of a round. */
enum {
	INVERSE = 1,
	MIX = 2,
};

/* ---- AES ---- */

static uint8_t rotated(uint8_t x, unsigned n)
{
	return (uint8_t)(x << n | x >> (8 - n));
}

/*
 * The S-box: the inverse in GF(2^8), and an affine map of it (FIPS 197, 5.1.1). All elements but 0 are powers of 3,
 * so that p and q, being its powers n and -n, run through all pairs of inverses.
 */
static void make_sbox(uint8_t ret[256], bool inverse)
{
	uint8_t p = 1, q = 1;

	ret[inverse ? 0x63 : 0] = inverse ? 0 : 0x63;
	do {
		p = (uint8_t)(p ^ p << 1 ^ (p & 0x80 ? 0x1b : 0));
		q = (uint8_t)(q ^ q << 1);
		q = (uint8_t)(q ^ q << 2);
		q = (uint8_t)(q ^ q << 4);
		q ^= q & 0x80 ? 0x09 : 0;
		uint8_t s = q ^ rotated(q, 1) ^ rotated(q, 2) ^ rotated(q, 3) ^ rotated(q, 4) ^ 0x63;
		ret[inverse ? s : p] = inverse ? p : s;
	} while (p != 1);
}

static expr_id sub_bytes(struct x86_ctx *c, expr_id a, bool inverse)
{
	uint8_t sbox[256];

	make_sbox(sbox, inverse);
	return simd_lookup(c, sbox, a);
}

/* The state is four columns of four bytes. Row r moves by r columns. */
static expr_id shift_rows(struct x86_ctx *c, expr_id a, bool inverse)
{
	uint8_t index[16];

	for (unsigned i = 0; i < 16; i++)
		index[i] = (uint8_t)(i * (inverse ? 13 : 5) % 16);
	return simd_permute(c, SIMD_BLOCK, 8, a, index);
}

/* Each column moved up by rows. */
static expr_id turn_columns(struct x86_ctx *c, expr_id a, unsigned rows)
{
	uint8_t index[16];

	for (unsigned i = 0; i < 16; i++)
		index[i] = (uint8_t)(i / 4 * 4 + (i + rows) % 4);
	return simd_permute(c, SIMD_BLOCK, 8, a, index);
}

/* Each byte times x. */
static expr_id times_x(struct x86_ctx *c, expr_id a)
{
	expr_id carry = expr_and(c->pool, simd_shift(c, EXPR_VASHR, 8, a, 7), simd_splat(c, SIMD_BLOCK, 8, 0x1b));

	return expr_xor(c->pool, simd_lanes(c, EXPR_VADD, 8, a, a), carry);
}

/*
 * The columns times 2 + 1x + 1x^2 + 3x^3. The inverse is 14 + 9x + 13x^2 + 11x^3, the product of that polynomial and
 * 5 + 4x^2.
 */
static expr_id mix_columns(struct x86_ctx *c, expr_id a, bool inverse)
{
	struct expr_pool *p = c->pool;

	if (inverse) {
		expr_id pairs = expr_xor(p, a, turn_columns(c, a, 2));
		a = expr_xor(p, a, times_x(c, times_x(c, pairs)));
	}
	expr_id next = turn_columns(c, a, 1), sum = expr_xor(p, a, next);
	return expr_xor(p, expr_xor(p, times_x(c, sum), next), turn_columns(c, sum, 2));
}

/* AESENC, AESENCLAST, AESDEC, AESDECLAST */
static expr_id one_round(struct x86_ctx *c, const struct x86_form *f, expr_id state, expr_id key)
{
	bool inverse = f->param & INVERSE;

	state = sub_bytes(c, shift_rows(c, state, inverse), inverse);
	if (f->param & MIX)
		state = mix_columns(c, state, inverse);
	return expr_xor(c->pool, state, key);
}

static void build_round(struct x86_ctx *c, const struct x86_form *f)
{
	simd_by_block(c, f, one_round);
}

static void build_aesimc(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, mix_columns(c, simd_source(c, 1), true));
}

/* AESKEYGENASSIST: the S-box of the odd lanes of 32 bits; rotated, and with the immediate, in the odd lanes. */
static void build_aeskeygenassist(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t index[16] = {4, 5, 6, 7, 5, 6, 7, 4, 12, 13, 14, 15, 13, 14, 15, 12};
	expr_id bytes = simd_permute(c, SIMD_BLOCK, 8, sub_bytes(c, simd_source(c, 1), false), index);
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
