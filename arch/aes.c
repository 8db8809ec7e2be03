#include "arch/aes.h"

#include "arch/galois.h"

enum { STATE = 128, STATE_BYTES = STATE / 8 };

/* The S-box: the inverse in GF(2^8), and an affine map of it (FIPS 197, 5.1.1). */
static void make_sbox(uint8_t ret[256], bool inverse)
{
	uint8_t inverses[256];

	galois_inverses(GALOIS_AES, inverses);
	for (unsigned x = 0; x < 256; x++) {
		uint8_t s = galois_affine(inverses[x], 0x1f, 0x63);
		ret[inverse ? s : x] = (uint8_t)(inverse ? x : s);
	}
}

expr_id aes_sub_bytes(struct expr_pool *pool, expr_id state, bool inverse)
{
	uint8_t sbox[256];

	make_sbox(sbox, inverse);
	return galois_lookup(pool, sbox, state);
}

/* Row r moves by r columns. */
expr_id aes_shift_rows(struct expr_pool *pool, expr_id state, bool inverse)
{
	uint8_t index[STATE_BYTES];

	for (unsigned i = 0; i < STATE_BYTES; i++)
		index[i] = (uint8_t)(i * (inverse ? 13 : 5) % STATE_BYTES);
	return expr_permute(pool, STATE, 8, state, index);
}

/* Each column moved up by rows. */
static expr_id turn_columns(struct expr_pool *pool, expr_id state, unsigned rows)
{
	uint8_t index[STATE_BYTES];

	for (unsigned i = 0; i < STATE_BYTES; i++)
		index[i] = (uint8_t)(i / 4 * 4 + (i + rows) % 4);
	return expr_permute(pool, STATE, 8, state, index);
}

static expr_id times_x(struct expr_pool *pool, expr_id a)
{
	return galois_times_x(pool, GALOIS_AES, a);
}

/*
 * The columns times 2 + 1x + 1x^2 + 3x^3. The inverse is 14 + 9x + 13x^2 + 11x^3, the product of that polynomial and
 * 5 + 4x^2.
 */
expr_id aes_mix_columns(struct expr_pool *pool, expr_id state, bool inverse)
{
	if (inverse) {
		expr_id pairs = expr_xor(pool, state, turn_columns(pool, state, 2));
		state = expr_xor(pool, state, times_x(pool, times_x(pool, pairs)));
	}
	expr_id next = turn_columns(pool, state, 1), sum = expr_xor(pool, state, next);
	return expr_xor(pool, expr_xor(pool, times_x(pool, sum), next), turn_columns(pool, sum, 2));
}
