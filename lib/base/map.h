/*
 * A hash map from 64-bit keys to 64-bit values (open addressing). An all-zero map is empty. Iterate by walking
 * at[0..cap) for slots with `used`. The order is a function of the history of insertions alone, so output is
 * reproducible. There is no removal.
 */
#ifndef LIB_BASE_MAP_H
#define LIB_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key, value;
	bool used;
};

struct map {
	struct map_slot *at;
	size_t len, cap;
};

/* The value's place, or NULL. Valid until the next map_put(). */
uint64_t *map_get(const struct map *m, uint64_t key);

/* The value's place, made with value 0 if there was none; NULL when out of memory. Valid until the next map_put(). */
uint64_t *map_put(struct map *m, uint64_t key);

/* Keeps its room, unless it has far more than it needed. */
void map_clear(struct map *m);
void map_deinit(struct map *m);

/* A good 64-bit mix (the finaliser of splitmix64), for other tables' hashes. */
static inline uint64_t hash_u64(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

#endif
