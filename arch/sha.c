#include "arch/sha.h"

expr_id sha_choose(struct expr_pool *pool, expr_id x, expr_id y, expr_id z)
{
	return expr_xor(pool, z, expr_and(pool, x, expr_xor(pool, y, z)));
}

expr_id sha_parity(struct expr_pool *pool, expr_id x, expr_id y, expr_id z)
{
	return expr_xor(pool, expr_xor(pool, x, y), z);
}

expr_id sha_majority(struct expr_pool *pool, expr_id x, expr_id y, expr_id z)
{
	return expr_or(pool, expr_and(pool, x, y), expr_and(pool, z, expr_or(pool, x, y)));
}

expr_id sha_rol(struct expr_pool *pool, expr_id x, unsigned n)
{
	return expr_rol(pool, x, expr_const(pool, 8, n));
}

expr_id sha_ror(struct expr_pool *pool, expr_id x, unsigned n)
{
	return expr_ror(pool, x, expr_const(pool, 8, n));
}

expr_id sha_sigma(struct expr_pool *pool, expr_id x, unsigned r1, unsigned r2, unsigned shift)
{
	expr_id shifted = expr_lshr(pool, x, expr_const(pool, 8, shift));

	return sha_parity(pool, sha_ror(pool, x, r1), sha_ror(pool, x, r2), shifted);
}

expr_id sha_big_sigma(struct expr_pool *pool, expr_id x, unsigned r1, unsigned r2, unsigned r3)
{
	return sha_parity(pool, sha_ror(pool, x, r1), sha_ror(pool, x, r2), sha_ror(pool, x, r3));
}
