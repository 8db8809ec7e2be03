/* Cryptographic extensions: SHA-3, AES, SHA-1, SHA-2; SM3 and SM4 are in simd_sm.c. */
#include "arch/aarch64/simd.h"
#include "arch/aes.h"
#include "arch/sha.h"

/* ---- SHA-3 ---- */

static expr_id rotate(struct a64_ctx *c, expr_id value, unsigned left)
{
	expr_id high = asimd_shift(c, EXPR_VSHL, 64, value, left);

	return expr_or(c->pool, high, asimd_shift(c, EXPR_VLSHR, 64, value, 64 - left));
}

/* EOR3 */
static void build_eor3(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n = asimd_read(c, 'n', 128), m = asimd_read(c, 'm', 128), a = asimd_read(c, 'a', 128);

	a64_set_v(c, a64_field(c, 'd'), expr_xor(p, n, expr_xor(p, m, a)));
}

/* BCAX */
static void build_bcax(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id n = asimd_read(c, 'n', 128), m = asimd_read(c, 'm', 128), a = asimd_read(c, 'a', 128);

	a64_set_v(c, a64_field(c, 'd'), expr_xor(p, n, expr_and(p, m, expr_not(p, a))));
}

/* RAX1 */
static void build_rax1(struct a64_ctx *c)
{
	expr_id n = asimd_read(c, 'n', 128), m = asimd_read(c, 'm', 128);

	a64_set_v(c, a64_field(c, 'd'), expr_xor(c->pool, n, rotate(c, m, 1)));
}

/* XAR: rotated to the right. */
static void build_xar(struct a64_ctx *c)
{
	expr_id both = expr_xor(c->pool, asimd_read(c, 'n', 128), asimd_read(c, 'm', 128));
	unsigned right = a64_field(c, 'i');

	a64_set_v(c, a64_field(c, 'd'), right ? rotate(c, both, 64 - right) : both);
}

/* ---- AES ---- */

enum { AES_INVERSE = 1 };

/* AESE, AESD */
static void build_aes_round(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	bool inverse = c->row->param & AES_INVERSE;
	expr_id state = expr_xor(p, asimd_read(c, 'd', 128), asimd_read(c, 'n', 128));

	a64_set_v(c, a64_field(c, 'd'), aes_sub_bytes(p, aes_shift_rows(p, state, inverse), inverse));
}

/* AESMC, AESIMC */
static void build_aes_mix(struct a64_ctx *c)
{
	bool inverse = c->row->param & AES_INVERSE;

	a64_set_v(c, a64_field(c, 'd'), aes_mix_columns(c->pool, asimd_read(c, 'n', 128), inverse));
}

/* Elem[] */
static expr_id elem(struct a64_ctx *c, expr_id vector, unsigned i, unsigned size)
{
	return expr_extract(c->pool, vector, i * size, size);
}

/* ---- SHA-1 ---- */

enum { SHA_CHOOSE, SHA_PARITY, SHA_MAJORITY };

static expr_id sha1_function(struct a64_ctx *c, expr_id b, expr_id d, expr_id e)
{
	switch (c->row->param) {
	case SHA_CHOOSE: return sha_choose(c->pool, b, d, e);
	case SHA_PARITY: return sha_parity(c->pool, b, d, e);
	default: return sha_majority(c->pool, b, d, e);
	}
}

/* SHA1C, SHA1P, SHA1M: four rounds; X has the first four words of the state, Y the fifth. */
static void build_sha1_hash(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id x[SIMD_WORDS], y = asimd_read(c, 'n', 32), w = asimd_read(c, 'm', 128);

	asimd_read_words(c, 'd', x);
	for (unsigned e = 0; e < SIMD_WORDS; e++) {
		expr_id t = expr_add(p, sha_rol(p, x[0], 5), sha1_function(c, x[1], x[2], x[3]));
		expr_id sum = expr_add(p, expr_add(p, y, t), elem(c, w, e, 32));
		y = x[3];
		x[3] = x[2];
		x[2] = sha_rol(p, x[1], 30);
		x[1] = x[0];
		x[0] = sum;
	}
	asimd_finish_words(c, x);
}

static void build_sha1h(struct a64_ctx *c)
{
	a64_set_v(c, a64_field(c, 'd'), sha_rol(c->pool, asimd_read(c, 'n', 32), 30));
}

static void build_sha1su0(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id d = asimd_read(c, 'd', 128), m = asimd_read(c, 'm', 128);
	expr_id second_next = expr_concat(p, asimd_read(c, 'n', 64), expr_extract(p, d, 64, 64));

	a64_set_v(c, a64_field(c, 'd'), sha_parity(p, second_next, d, m));
}

static void build_sha1su1(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id d[SIMD_WORDS], n[SIMD_WORDS];

	asimd_read_words(c, 'd', d);
	asimd_read_words(c, 'n', n);
	for (unsigned i = 0; i < SIMD_WORDS; i++)
		d[i] = sha_rol(p, i < 3 ? expr_xor(p, d[i], n[i + 1]) : expr_xor(p, d[i], d[0]), 1);
	asimd_finish_words(c, d);
}

/* ---- SHA-256 ---- */

/* SHA256hash(): four rounds; X has the first four words of the state, Y the others; param tells which are wanted. */
static void build_sha256_hash(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	bool part1 = c->row->param;
	expr_id x[SIMD_WORDS], y[SIMD_WORDS], w = asimd_read(c, 'm', 128);

	asimd_read_words(c, part1 ? 'd' : 'n', x);
	asimd_read_words(c, part1 ? 'n' : 'd', y);
	for (unsigned e = 0; e < SIMD_WORDS; e++) {
		expr_id t1 = expr_add(p, sha_big_sigma(p, y[0], 6, 11, 25), sha_choose(p, y[0], y[1], y[2]));
		expr_id t2 = expr_add(p, sha_big_sigma(p, x[0], 2, 13, 22), sha_majority(p, x[0], x[1], x[2]));
		expr_id t = expr_add(p, expr_add(p, y[3], t1), elem(c, w, e, 32));
		expr_id next_y = expr_add(p, t, x[3]);
		for (unsigned i = SIMD_WORDS - 1; i > 0; i--) {
			x[i] = x[i - 1];
			y[i] = y[i - 1];
		}
		x[0] = expr_add(p, t, t2);
		y[0] = next_y;
	}
	asimd_finish_words(c, part1 ? x : y);
}

static void build_sha256su0(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id d[SIMD_WORDS], after = asimd_read(c, 'n', 32);

	asimd_read_words(c, 'd', d);
	for (unsigned e = 0; e < SIMD_WORDS; e++)
		d[e] = expr_add(p, d[e], sha_sigma(p, e < 3 ? d[e + 1] : after, 7, 18, 3));
	asimd_finish_words(c, d);
}

static void build_sha256su1(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id d[SIMD_WORDS], n[SIMD_WORDS], m[SIMD_WORDS];

	asimd_read_words(c, 'd', d);
	asimd_read_words(c, 'n', n);
	asimd_read_words(c, 'm', m);
	for (unsigned e = 0; e < SIMD_WORDS; e++) {
		expr_id t0 = e < 3 ? n[e + 1] : m[0], t1 = e < 2 ? m[e + 2] : d[e - 2];
		d[e] = expr_add(p, expr_add(p, d[e], t0), sha_sigma(p, t1, 17, 19, 10));
	}
	asimd_finish_words(c, d);
}

/* ---- SHA-512: of two rounds, the first is the high word ---- */

/* Writes Rd: words added to those that it has. */
static void finish_long(struct a64_ctx *c, expr_id high, expr_id low)
{
	expr_id sum = expr_concat(c->pool, high, low);

	a64_set_v(c, a64_field(c, 'd'), asimd_binary(c, EXPR_VADD, 64, asimd_read(c, 'd', 128), sum));
}

static void build_sha512h(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id x = asimd_read(c, 'n', 128), y = asimd_read(c, 'm', 128), w = asimd_read(c, 'd', 128);
	expr_id x0 = elem(c, x, 0, 64), x1 = elem(c, x, 1, 64), y0 = elem(c, y, 0, 64), y1 = elem(c, y, 1, 64);
	expr_id high = expr_add(p, sha_big_sigma(p, y1, 14, 18, 41), sha_choose(p, y1, x0, x1));
	expr_id tmp = expr_add(p, expr_add(p, high, elem(c, w, 1, 64)), y0);

	finish_long(c, high, expr_add(p, sha_big_sigma(p, tmp, 14, 18, 41), sha_choose(p, tmp, y1, x0)));
}

static void build_sha512h2(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id x0 = asimd_read(c, 'n', 64), y = asimd_read(c, 'm', 128), w = asimd_read(c, 'd', 128);
	expr_id y0 = elem(c, y, 0, 64), y1 = elem(c, y, 1, 64);
	expr_id high = expr_add(p, sha_big_sigma(p, y0, 28, 34, 39), sha_majority(p, x0, y1, y0));
	expr_id tmp = expr_add(p, high, elem(c, w, 1, 64));

	finish_long(c, high, expr_add(p, sha_big_sigma(p, tmp, 28, 34, 39), sha_majority(p, tmp, y0, y1)));
}

static void build_sha512su0(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id after = asimd_read(c, 'n', 64), w1 = elem(c, asimd_read(c, 'd', 128), 1, 64);

	finish_long(c, sha_sigma(p, after, 1, 8, 7), sha_sigma(p, w1, 1, 8, 7));
}

static void build_sha512su1(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id x = asimd_read(c, 'n', 128), y = asimd_read(c, 'm', 128);
	expr_id high = expr_add(p, sha_sigma(p, elem(c, x, 1, 64), 19, 61, 6), elem(c, y, 1, 64));
	expr_id low = expr_add(p, sha_sigma(p, elem(c, x, 0, 64), 19, 61, 6), elem(c, y, 0, 64));

	finish_long(c, high, low);
}

/* clang-format off */
static const struct a64_row a64_simd_crypto[] = {
	/* SHA-3 */
	{"11001110 000 mmmmm 0 aaaaa nnnnn ddddd",  build_eor3,        0,              "----", "eor3"},
	{"11001110 001 mmmmm 0 aaaaa nnnnn ddddd",  build_bcax,        0,              "----", "bcax"},
	{"11001110 011 mmmmm 100011 nnnnn ddddd",   build_rax1,        0,              "----", "rax1"},
	{"11001110 100 mmmmm iiiiii nnnnn ddddd",   build_xar,         0,              "----", "xar"},

	/* AES */
	{"01001110 00 10100 00100 10 nnnnn ddddd",  build_aes_round,   0,              "----", "aese"},
	{"01001110 00 10100 00101 10 nnnnn ddddd",  build_aes_round,   AES_INVERSE,    "----", "aesd"},
	{"01001110 00 10100 00110 10 nnnnn ddddd",  build_aes_mix,     0,              "----", "aesmc"},
	{"01001110 00 10100 00111 10 nnnnn ddddd",  build_aes_mix,     AES_INVERSE,    "----", "aesimc"},

	/* SHA-1, SHA-2 */
	{"01011110 000 mmmmm 0 000 00 nnnnn ddddd", build_sha1_hash,   SHA_CHOOSE,     "----", "sha1c"},
	{"01011110 000 mmmmm 0 001 00 nnnnn ddddd", build_sha1_hash,   SHA_PARITY,     "----", "sha1p"},
	{"01011110 000 mmmmm 0 010 00 nnnnn ddddd", build_sha1_hash,   SHA_MAJORITY,   "----", "sha1m"},
	{"01011110 000 mmmmm 0 011 00 nnnnn ddddd", build_sha1su0,     0,              "----", "sha1su0"},
	{"01011110 000 mmmmm 0 100 00 nnnnn ddddd", build_sha256_hash, true,           "----", "sha256h"},
	{"01011110 000 mmmmm 0 101 00 nnnnn ddddd", build_sha256_hash, false,          "----", "sha256h2"},
	{"01011110 000 mmmmm 0 110 00 nnnnn ddddd", build_sha256su1,   0,              "----", "sha256su1"},
	{"01011110 00 10100 00000 10 nnnnn ddddd",  build_sha1h,       0,              "----", "sha1h"},
	{"01011110 00 10100 00001 10 nnnnn ddddd",  build_sha1su1,     0,              "----", "sha1su1"},
	{"01011110 00 10100 00010 10 nnnnn ddddd",  build_sha256su0,   0,              "----", "sha256su0"},
	{"11001110 011 mmmmm 100000 nnnnn ddddd",   build_sha512h,     0,              "----", "sha512h"},
	{"11001110 011 mmmmm 100001 nnnnn ddddd",   build_sha512h2,    0,              "----", "sha512h2"},
	{"11001110 011 mmmmm 100010 nnnnn ddddd",   build_sha512su1,   0,              "----", "sha512su1"},
	{"11001110 110 00000 100000 nnnnn ddddd",   build_sha512su0,   0,              "----", "sha512su0"},
};
/* clang-format on */

A64_TABLE(a64_simd_crypto);
