#include "arch/galois.h"

static uint8_t times_3(unsigned a, unsigned polynomial)
{
	return (uint8_t)(a ^ a << 1 ^ (a & 0x80 ? polynomial : 0));
}

/* All elements but 0 are powers of 3, by either polynomial; the inverse of the power n is the power 255 - n. */
void galois_inverses(unsigned polynomial, uint8_t ret[256])
{
	uint8_t power[256] = {1};

	for (unsigned n = 1; n < 256; n++)
		power[n] = times_3(power[n - 1], polynomial);
	ret[0] = 0;
	for (unsigned n = 0; n < 255; n++)
		ret[power[n]] = power[255 - n];
}

uint8_t galois_affine(uint8_t x, uint8_t rotations, uint8_t constant)
{
	uint8_t sum = constant;

	for (unsigned n = 0; n < 8; n++)
		sum ^= rotations >> n & 1 ? (uint8_t)(x << n | x >> (8 - n)) : 0;
	return sum;
}

expr_id galois_lookup(struct expr_pool *pool, const uint8_t table[256], expr_id a)
{
	enum { QUARTER = EXPR_MAX_WIDTH / 8 };
	unsigned width = expr_width(pool, a);
	expr_id all = a ? expr_const(pool, width, 0) : EXPR_NONE;

	/* A quarter of the table at a time; numbers outside of it select nothing. */
	for (unsigned first = 0; a && first < 256; first += QUARTER) {
		expr_id base = expr_splat(pool, width, 8, first);
		expr_id index = expr_lanes(pool, EXPR_VSUB, 8, a, base, EXPR_NONE);
		uint64_t words[EXPR_MAX_WORDS] = {0};
		for (unsigned i = 0; i < QUARTER; i++)
			words[i / 8] |= (uint64_t)table[first + i] << i % 8 * 8;
		expr_id part = expr_const_wide(pool, EXPR_MAX_WIDTH, words);
		all = expr_or(pool, all, expr_lanes(pool, EXPR_VPERM, 8, part, index, EXPR_NONE));
	}
	return all;
}

expr_id galois_times_x(struct expr_pool *pool, unsigned polynomial, expr_id a)
{
	if (!a)
		return EXPR_NONE;
	expr_id overflow = expr_lanes(pool, EXPR_VASHR, 8, a, expr_const(pool, 8, 7), EXPR_NONE);
	expr_id each = expr_splat(pool, expr_width(pool, a), 8, polynomial & 0xff);
	expr_id reduction = expr_and(pool, overflow, each);

	return expr_xor(pool, expr_lanes(pool, EXPR_VADD, 8, a, a, EXPR_NONE), reduction);
}
