/* Cryptographic extensions: the logic of SHA-3 has a model, what is particular to one algorithm only a name. */
#include "arch/aarch64/simd.h"

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

/* clang-format off */
static const struct a64_row a64_simd_crypto[] = {
	/* SHA-3 */
	{"11001110 000 mmmmm 0 aaaaa nnnnn ddddd",  build_eor3,           0, "----", "eor3"},
	{"11001110 001 mmmmm 0 aaaaa nnnnn ddddd",  build_bcax,           0, "----", "bcax"},
	{"11001110 011 mmmmm 100011 nnnnn ddddd",   build_rax1,           0, "----", "rax1"},
	{"11001110 100 mmmmm iiiiii nnnnn ddddd",   build_xar,            0, "----", "xar"},

	/* AES */
	{"01001110 00 10100 00100 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "aese"},
	{"01001110 00 10100 00101 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "aesd"},
	{"01001110 00 10100 00110 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "aesmc"},
	{"01001110 00 10100 00111 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "aesimc"},

	/* SHA-1, SHA-2 */
	{"01011110 000 mmmmm 0 000 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha1c"},
	{"01011110 000 mmmmm 0 001 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha1p"},
	{"01011110 000 mmmmm 0 010 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha1m"},
	{"01011110 000 mmmmm 0 011 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha1su0"},
	{"01011110 000 mmmmm 0 100 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha256h"},
	{"01011110 000 mmmmm 0 101 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha256h2"},
	{"01011110 000 mmmmm 0 110 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sha256su1"},
	{"01011110 00 10100 00000 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "sha1h"},
	{"01011110 00 10100 00001 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "sha1su1"},
	{"01011110 00 10100 00010 10 nnnnn ddddd",  a64_build_unmodelled, 0, "----", "sha256su0"},
	{"11001110 011 mmmmm 100000 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sha512h"},
	{"11001110 011 mmmmm 100001 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sha512h2"},
	{"11001110 011 mmmmm 100010 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sha512su1"},
	{"11001110 110 00000 100000 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sha512su0"},

	/* SM3, SM4 */
	{"11001110 010 mmmmm 0 aaaaa nnnnn ddddd",  a64_build_unmodelled, 0, "----", "sm3ss1"},
	{"11001110 010 mmmmm 10 ii 00 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sm3tt1a"},
	{"11001110 010 mmmmm 10 ii 01 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sm3tt1b"},
	{"11001110 010 mmmmm 10 ii 10 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sm3tt2a"},
	{"11001110 010 mmmmm 10 ii 11 nnnnn ddddd", a64_build_unmodelled, 0, "----", "sm3tt2b"},
	{"11001110 011 mmmmm 110000 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sm3partw1"},
	{"11001110 011 mmmmm 110001 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sm3partw2"},
	{"11001110 011 mmmmm 110010 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sm4ekey"},
	{"11001110 110 00000 100001 nnnnn ddddd",   a64_build_unmodelled, 0, "----", "sm4e"},
};
/* clang-format on */

A64_TABLE(a64_simd_crypto);
