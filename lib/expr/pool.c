#include "lib/expr/pool.h"

#include <assert.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/expr/bv.h"

enum { FIRST_TABLE = 256 };

/* Slot 0 stands for EXPR_NONE, so that its width reads as 0. */
static void put_none(struct expr_pool *pool)
{
	pool->nodes.at[0] = (struct expr){0};
	pool->nodes.len = 1;
}

struct error *expr_pool_create(bool simplify, struct expr_pool **ret)
{
	struct expr_pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return &error_no_memory;
	pool->simplify = simplify;
	pool->table_cap = FIRST_TABLE;
	pool->table = calloc(pool->table_cap, sizeof *pool->table);
	if (!pool->table || !vec_reserve(&pool->nodes, FIRST_TABLE / 2)) {
		expr_pool_destroy(pool);
		return &error_no_memory;
	}
	put_none(pool);
	*ret = pool;
	return NULL;
}

void expr_pool_destroy(struct expr_pool *pool)
{
	if (!pool)
		return;
	vec_deinit(&pool->nodes);
	vec_deinit(&pool->words);
	free(pool->table);
	free(pool);
}

void expr_pool_reset(struct expr_pool *pool)
{
	put_none(pool);
	pool->words.len = 0;
	pool->num_undefs = 0;
	pool->failed = false;
	memset(pool->table, 0, pool->table_cap * sizeof *pool->table);
}

struct error *expr_pool_error(const struct expr_pool *pool)
{
	return pool->failed ? &error_no_memory : NULL;
}

const struct expr *expr_get(const struct expr_pool *pool, expr_id id)
{
	assert(id && id < pool->nodes.len);
	return node(pool, id);
}

size_t expr_pool_size(const struct expr_pool *pool)
{
	return pool->nodes.len;
}

unsigned expr_width(const struct expr_pool *pool, expr_id id)
{
	assert(id < pool->nodes.len);
	return node(pool, id)->width;
}

/* Of ids, never of addresses, so that the order of everything is reproducible. words: those of a wide constant. */
static uint64_t hash_node(const struct expr *n, const uint64_t *words)
{
	uint64_t h = hash_u64((uint64_t)n->op << 32 | (uint64_t)n->width << 16 | n->lane);

	if (words) {
		for (unsigned i = 0; i < bv_words(n->width); i++)
			h = hash_u64(h ^ words[i]);
		return h;
	}
	h = hash_u64(h ^ n->value ^ ((uint64_t)n->attr << 32 | n->arg[0]));
	if (n->arg[1])
		h = hash_u64(h ^ ((uint64_t)n->arg[1] << 32 | (n->arg[2] ^ n->arg[3] << 16)));
	return h;
}

static bool is_wide_const(const struct expr *n)
{
	return n->op == EXPR_CONST && n->width > 64;
}

static bool same_node(const struct expr_pool *pool, const struct expr *have, const struct expr *n,
		      const uint64_t *words)
{
	if (have->op != n->op || have->width != n->width || have->lane != n->lane)
		return false;
	if (words)
		return !memcmp(node_words(pool, have), words, bv_words(n->width) * sizeof *words);
	return have->attr == n->attr && have->value == n->value && have->arg[0] == n->arg[0] &&
	       have->arg[1] == n->arg[1] && have->arg[2] == n->arg[2] && have->arg[3] == n->arg[3];
}

static bool grow_table(struct expr_pool *pool)
{
	size_t cap = 2 * pool->table_cap;
	uint32_t *table = calloc(cap, sizeof *table);

	if (!table)
		return false;
	for (expr_id id = 1; id < pool->nodes.len; id++) {
		const struct expr *n = node(pool, id);
		size_t i = hash_node(n, is_wide_const(n) ? node_words(pool, n) : NULL) & (cap - 1);

		while (table[i])
			i = (i + 1) & (cap - 1);
		table[i] = id;
	}
	free(pool->table);
	pool->table = table;
	pool->table_cap = cap;
	return true;
}

/* words may lie inside the pool's own vector, which may move. */
static bool add_words(struct expr_pool *pool, const uint64_t *words, unsigned num, uint32_t *ret)
{
	uint64_t copy[EXPR_MAX_WORDS];

	memcpy(copy, words, num * sizeof *copy);
	if (!vec_reserve(&pool->words, pool->words.len + num))
		return false;
	memcpy(pool->words.at + pool->words.len, copy, num * sizeof *copy);
	*ret = (uint32_t)pool->words.len;
	pool->words.len += num;
	return true;
}

static expr_id fail(struct expr_pool *pool)
{
	pool->failed = true;
	return EXPR_NONE;
}

expr_id pool_intern(struct expr_pool *pool, const struct expr *n, const uint64_t *words)
{
	if (4 * (pool->nodes.len + 1) > 3 * pool->table_cap && !grow_table(pool))
		return fail(pool);

	size_t i = hash_node(n, words) & (pool->table_cap - 1);
	for (; pool->table[i]; i = (i + 1) & (pool->table_cap - 1))
		if (same_node(pool, node(pool, pool->table[i]), n, words))
			return pool->table[i];

	struct expr fresh = *n;
	if (words && !add_words(pool, words, bv_words(n->width), &fresh.attr))
		return fail(pool);
	if (pool->nodes.len >= UINT32_MAX / 2 || !vec_push(&pool->nodes, fresh))
		return fail(pool);
	pool->table[i] = (uint32_t)pool->nodes.len - 1;
	return pool->table[i];
}
