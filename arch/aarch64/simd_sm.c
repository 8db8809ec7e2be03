/* SM3 and SM4, the Chinese standards for a hash and a block cipher; words are lanes of 32 bits. */
#include "arch/aarch64/simd.h"
#include "arch/galois.h"
#include "arch/sha.h"

/* ---- SM3 ---- */

/* The permutations P0 and P1: the word and two rotations of it. */
static expr_id permuted(struct expr_pool *p, expr_id x, unsigned r1, unsigned r2)
{
	return sha_parity(p, x, sha_rol(p, x, r1), sha_rol(p, x, r2));
}

static void build_sm3ss1(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n[SIMD_WORDS], m[SIMD_WORDS], a[SIMD_WORDS];

	asimd_read_words(c, 'n', n);
	asimd_read_words(c, 'm', m);
	asimd_read_words(c, 'a', a);
	expr_id sum = expr_add(p, expr_add(p, sha_rol(p, n[3], 12), m[3]), a[3]);
	a64_set_v(c, a64_field(c, 'd'), expr_concat(p, sha_rol(p, sum, 7), a64_const(c, 96, 0)));
}

/* Param: of the later rounds. */
enum { SM3_LATER = 1 };

/* The word that the immediate chooses. */
static expr_id chosen(struct a64_ctx *c)
{
	return expr_extract(c->pool, asimd_read(c, 'm', 128), 32 * a64_field(c, 'i'), 32);
}

/* The words of Rd moved down by one, the second highest rotated on its way, and a new highest one. */
static void finish_round(struct a64_ctx *c, const expr_id d[SIMD_WORDS], unsigned left, expr_id highest)
{
	const expr_id result[SIMD_WORDS] = {d[1], sha_rol(c->pool, d[2], left), d[3], highest};

	asimd_finish_words(c, result);
}

/* SM3TT1A, SM3TT1B */
static void build_sm3tt1(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n[SIMD_WORDS], d[SIMD_WORDS];

	asimd_read_words(c, 'n', n);
	asimd_read_words(c, 'd', d);
	expr_id mixed = c->row->param & SM3_LATER ? sha_majority(p, d[3], d[2], d[1]) : sha_parity(p, d[3], d[2], d[1]);
	expr_id ss2 = expr_xor(p, n[3], sha_rol(p, d[3], 12));
	expr_id tt1 = expr_add(p, expr_add(p, mixed, d[0]), expr_add(p, ss2, chosen(c)));
	finish_round(c, d, 9, tt1);
}

/* SM3TT2A, SM3TT2B */
static void build_sm3tt2(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n[SIMD_WORDS], d[SIMD_WORDS];

	asimd_read_words(c, 'n', n);
	asimd_read_words(c, 'd', d);
	expr_id mixed = c->row->param & SM3_LATER ? sha_choose(p, d[3], d[2], d[1]) : sha_parity(p, d[3], d[2], d[1]);
	expr_id tt2 = expr_add(p, expr_add(p, mixed, d[0]), expr_add(p, n[3], chosen(c)));
	finish_round(c, d, 19, permuted(p, tt2, 9, 17));
}

static void build_sm3partw1(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n[SIMD_WORDS], m[SIMD_WORDS], d[SIMD_WORDS];

	asimd_read_words(c, 'n', n);
	asimd_read_words(c, 'm', m);
	asimd_read_words(c, 'd', d);
	for (unsigned i = 0; i < SIMD_WORDS; i++) {
		expr_id before = i < 3 ? m[i + 1] : d[0];
		d[i] = permuted(p, sha_parity(p, d[i], n[i], sha_rol(p, before, 15)), 15, 23);
	}
	asimd_finish_words(c, d);
}

static void build_sm3partw2(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n[SIMD_WORDS], m[SIMD_WORDS], d[SIMD_WORDS], tmp = EXPR_NONE;

	asimd_read_words(c, 'n', n);
	asimd_read_words(c, 'm', m);
	asimd_read_words(c, 'd', d);
	for (unsigned i = SIMD_WORDS; i-- > 0;) {
		tmp = expr_xor(p, n[i], sha_rol(p, m[i], 7));
		d[i] = expr_xor(p, d[i], tmp);
	}
	d[3] = expr_xor(p, d[3], permuted(p, sha_rol(p, tmp, 15), 15, 23));
	asimd_finish_words(c, d);
}

/* ---- SM4 ---- */

/* The S-box: an affine map, the inverse in GF(2^8), and the same map again. */
static expr_id sub_bytes(struct a64_ctx *c, expr_id word)
{
	uint8_t inverses[256], sbox[256];

	galois_inverses(GALOIS_SM4, inverses);
	for (unsigned x = 0; x < 256; x++)
		sbox[x] = galois_affine(inverses[galois_affine((uint8_t)x, 0xcb, 0xd3)], 0xcb, 0xd3);
	return galois_lookup(c->pool, sbox, word);
}

/* A round, of which `linear` is the linear transformation: a new highest word, the others moved down. */
static void sm4_round(struct a64_ctx *c, expr_id x[SIMD_WORDS], expr_id key,
		      expr_id (*linear)(struct expr_pool *, expr_id))
{
	struct expr_pool *p = c->pool;
	expr_id mixed = sub_bytes(c, expr_xor(p, sha_parity(p, x[1], x[2], x[3]), key));
	expr_id highest = expr_xor(p, x[0], linear(p, mixed));

	for (unsigned i = 0; i < SIMD_WORDS - 1; i++)
		x[i] = x[i + 1];
	x[3] = highest;
}

static expr_id linear_of_data(struct expr_pool *p, expr_id a)
{
	expr_id outer = sha_parity(p, a, sha_rol(p, a, 2), sha_rol(p, a, 10));

	return sha_parity(p, outer, sha_rol(p, a, 18), sha_rol(p, a, 24));
}

static expr_id linear_of_key(struct expr_pool *p, expr_id a)
{
	return sha_parity(p, a, sha_rol(p, a, 13), sha_rol(p, a, 23));
}

static void build_sm4e(struct a64_ctx *c)
{
	expr_id x[SIMD_WORDS], keys[SIMD_WORDS];

	asimd_read_words(c, 'd', x);
	asimd_read_words(c, 'n', keys);
	for (unsigned i = 0; i < SIMD_WORDS; i++)
		sm4_round(c, x, keys[i], linear_of_data);
	asimd_finish_words(c, x);
}

static void build_sm4ekey(struct a64_ctx *c)
{
	expr_id x[SIMD_WORDS], constants[SIMD_WORDS];

	asimd_read_words(c, 'n', x);
	asimd_read_words(c, 'm', constants);
	for (unsigned i = 0; i < SIMD_WORDS; i++)
		sm4_round(c, x, constants[i], linear_of_key);
	asimd_finish_words(c, x);
}

/* clang-format off */
static const struct a64_row a64_simd_sm[] = {
	{"11001110 010 mmmmm 0 aaaaa nnnnn ddddd",  build_sm3ss1,    0,         "----", "sm3ss1"},
	{"11001110 010 mmmmm 10 ii 00 nnnnn ddddd", build_sm3tt1,    0,         "----", "sm3tt1a"},
	{"11001110 010 mmmmm 10 ii 01 nnnnn ddddd", build_sm3tt1,    SM3_LATER, "----", "sm3tt1b"},
	{"11001110 010 mmmmm 10 ii 10 nnnnn ddddd", build_sm3tt2,    0,         "----", "sm3tt2a"},
	{"11001110 010 mmmmm 10 ii 11 nnnnn ddddd", build_sm3tt2,    SM3_LATER, "----", "sm3tt2b"},
	{"11001110 011 mmmmm 110000 nnnnn ddddd",   build_sm3partw1, 0,         "----", "sm3partw1"},
	{"11001110 011 mmmmm 110001 nnnnn ddddd",   build_sm3partw2, 0,         "----", "sm3partw2"},
	{"11001110 011 mmmmm 110010 nnnnn ddddd",   build_sm4ekey,   0,         "----", "sm4ekey"},
	{"11001110 110 00000 100001 nnnnn ddddd",   build_sm4e,      0,         "----", "sm4e"},
};
/* clang-format on */

A64_TABLE(a64_simd_sm);
