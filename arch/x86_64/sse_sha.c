/* SHA-1 and SHA-256 (SDM vol. 2; FIPS 180-4 for the names of the functions). Words are lanes of 32 bits. */
#include "arch/sha.h"
#include "arch/x86_64/simd.h"

/* The second operand, which may be misaligned in memory on AMD's processors. */
static expr_id second(struct x86_ctx *c)
{
	bool memory = c->op[1].kind == X86_OPERAND_MEM;

	return memory && x86_by_amd(c, VENDOR_SHA_ALIGNMENT) ? simd_read(c, 1, SIMD_BLOCK) : simd_source(c, 1);
}

static expr_id word(struct x86_ctx *c, expr_id a, unsigned i)
{
	return expr_extract(c->pool, a, 32 * i, 32);
}

/* The words from the lowest to the highest. */
static expr_id words(struct x86_ctx *c, expr_id w0, expr_id w1, expr_id w2, expr_id w3)
{
	return expr_concat(c->pool, expr_concat(c->pool, w3, w2), expr_concat(c->pool, w1, w0));
}

/* ---- SHA-1: A is the highest word ---- */

/* SHA1MSG1: each word and the second next, the second operand following the first. */
static void build_sha1msg1(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t second_next[4] = {6, 7, 0, 1};
	expr_id b = second(c), a = x86_read(c, 0);

	(void)f;
	x86_write(c, 0, expr_xor(c->pool, a, simd_permute_blocks(c, 32, a, b, second_next)));
}

static void build_sha1msg2(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id b = second(c), a = x86_read(c, 0), w[4];

	(void)f;
	for (unsigned i = 0; i < 4; i++) {
		expr_id with = i < 3 ? word(c, b, 2 - i) : w[0];
		w[i] = sha_ror(p, expr_xor(p, word(c, a, 3 - i), with), 31);
	}
	x86_write(c, 0, words(c, w[3], w[2], w[1], w[0]));
}

static void build_sha1nexte(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = second(c), e = sha_ror(c->pool, word(c, x86_read(c, 0), 3), 2);

	(void)f;
	x86_write(c, 0, simd_insert(c, b, 96, expr_add(c->pool, word(c, b, 3), e)));
}

/* Four rounds; the highest word of the second operand has E added already. */
static void build_sha1rnds4(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	struct expr_pool *p = c->pool;
	unsigned stage = simd_imm(c) & 3;
	expr_id w = second(c), state = x86_read(c, 0);
	expr_id va = word(c, state, 3), vb = word(c, state, 2), vc = word(c, state, 1), vd = word(c, state, 0);
	expr_id ve = x86_const(c, 32, 0);

	(void)f;
	for (unsigned i = 0; i < 4; i++) {
		expr_id mixed = stage == 0   ? sha_choose(p, vb, vc, vd)
				: stage == 2 ? sha_majority(p, vb, vc, vd)
					     : sha_parity(p, vb, vc, vd);
		expr_id sum = expr_add(p, expr_add(p, mixed, sha_ror(p, va, 27)), expr_add(p, word(c, w, 3 - i), ve));
		ve = vd;
		vd = vc;
		vc = sha_ror(p, vb, 2);
		vb = va;
		va = expr_add(p, sum, x86_const(c, 32, k[stage]));
	}
	x86_write(c, 0, words(c, vd, vc, vb, va));
}

/* ---- SHA-256: the lowest word comes first ---- */

static void build_sha256msg1(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = second(c), a = x86_read(c, 0), w[4];

	(void)f;
	for (unsigned i = 0; i < 4; i++) {
		expr_id next = i < 3 ? word(c, a, i + 1) : word(c, b, 0);
		w[i] = expr_add(c->pool, word(c, a, i), sha_sigma(c->pool, next, 7, 18, 3));
	}
	x86_write(c, 0, words(c, w[0], w[1], w[2], w[3]));
}

static void build_sha256msg2(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = second(c), a = x86_read(c, 0), w[4];

	(void)f;
	for (unsigned i = 0; i < 4; i++) {
		expr_id before = i < 2 ? word(c, b, 2 + i) : w[i - 2];
		w[i] = expr_add(c->pool, word(c, a, i), sha_sigma(c->pool, before, 17, 19, 10));
	}
	x86_write(c, 0, words(c, w[0], w[1], w[2], w[3]));
}

/* Two rounds: A, B, E and F are the second operand, C, D, G and H the first, words and constants in XMM0. */
static void build_sha256rnds2(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id abef = second(c), cdgh = x86_read(c, 0), wk = expr_reg(p, SIMD_BLOCK, X86_xmm0);
	expr_id va = word(c, abef, 3), vb = word(c, abef, 2), ve = word(c, abef, 1), vf = word(c, abef, 0);
	expr_id vc = word(c, cdgh, 3), vd = word(c, cdgh, 2), vg = word(c, cdgh, 1), vh = word(c, cdgh, 0);

	(void)f;
	for (unsigned i = 0; i < 2; i++) {
		expr_id t1 = expr_add(p, expr_add(p, sha_choose(p, ve, vf, vg), sha_big_sigma(p, ve, 6, 11, 25)),
				      expr_add(p, word(c, wk, i), vh));
		expr_id t2 = expr_add(p, sha_majority(p, va, vb, vc), sha_big_sigma(p, va, 2, 13, 22));
		vh = vg;
		vg = vf;
		vf = ve;
		ve = expr_add(p, vd, t1);
		vd = vc;
		vc = vb;
		vb = va;
		va = expr_add(p, t1, t2);
	}
	x86_write(c, 0, words(c, vf, ve, vb, va));
}

/* clang-format off */
static const struct x86_form x86_sse_sha[] = {
	/*      name  encoding  operands  CPUID */
	SSE_ROW("sha1msg1",    "NP 0F 38 C9 /r", "Vdq Wdq",      SHA, build_sha1msg1,    0),
	SSE_ROW("sha1msg2",    "NP 0F 38 CA /r", "Vdq Wdq",      SHA, build_sha1msg2,    0),
	SSE_ROW("sha1nexte",   "NP 0F 38 C8 /r", "Vdq Wdq",      SHA, build_sha1nexte,   0),
	SSE_ROW("sha1rnds4",   "NP 0F 3A CC /r", "Vdq Wdq Ib",   SHA, build_sha1rnds4,   0),
	SSE_ROW("sha256msg1",  "NP 0F 38 CC /r", "Vdq Wdq",      SHA, build_sha256msg1,  0),
	SSE_ROW("sha256msg2",  "NP 0F 38 CD /r", "Vdq Wdq",      SHA, build_sha256msg2,  0),
	SSE_ROW("sha256rnds2", "NP 0F 38 CB /r", "Vdq Wdq XMM0", SHA, build_sha256rnds2, 0),
};
/* clang-format on */

X86_TABLE(x86_sse_sha);
