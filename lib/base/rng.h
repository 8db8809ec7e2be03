/*
 * Seeded random numbers (splitmix64): the same seed gives the same numbers everywhere. Not for secrets.
 */
#ifndef LIB_BASE_RNG_H
#define LIB_BASE_RNG_H

#include "lib/base/map.h"

struct rng {
	uint64_t state; /* the seed, to begin with */
};

static inline uint64_t rng_next(struct rng *r)
{
	r->state += 0x9e3779b97f4a7c15;
	return hash_u64(r->state);
}

/* Below n, which is not 0. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

#endif
