#include "lib/base/map.h"

#include <stdlib.h>
#include <string.h>

/* The key's slot, or the free slot where it belongs. cap is a power of two and at least one slot is free. */
static struct map_slot *find(struct map_slot *at, size_t cap, uint64_t key)
{
	size_t i = (size_t)hash_u64(key) & (cap - 1);

	while (at[i].used && at[i].key != key)
		i = (i + 1) & (cap - 1);
	return &at[i];
}

static bool grow(struct map *m)
{
	size_t cap = m->cap ? 2 * m->cap : 16;
	struct map_slot *at = calloc(cap, sizeof *at);

	if (!at)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->at[i].used)
			*find(at, cap, m->at[i].key) = m->at[i];
	free(m->at);
	m->at = at;
	m->cap = cap;
	return true;
}

uint64_t *map_get(const struct map *m, uint64_t key)
{
	if (!m->cap)
		return NULL;

	struct map_slot *slot = find(m->at, m->cap, key);
	return slot->used ? &slot->value : NULL;
}

uint64_t *map_put(struct map *m, uint64_t key)
{
	if (4 * (m->len + 1) > 3 * m->cap && !grow(m))
		return NULL;

	struct map_slot *slot = find(m->at, m->cap, key);
	if (!slot->used) {
		*slot = (struct map_slot){.key = key, .used = true};
		m->len++;
	}
	return &slot->value;
}

void map_clear(struct map *m)
{
	/* So that what it costs is told by what it has, not by what it had once. */
	if (m->cap > 64 && m->len < m->cap / 8)
		map_deinit(m);
	if (m->at)
		memset(m->at, 0, m->cap * sizeof *m->at);
	m->len = 0;
}

void map_deinit(struct map *m)
{
	free(m->at);
	*m = (struct map){0};
}
