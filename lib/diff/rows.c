#include "lib/diff/rows.h"

enum { MAX_ROWS = 1 << 14 }; /* instructions that are known at a time: some 64 MiB */

struct error *rows_init(struct rows *rows, struct lift_cache *cache)
{
	*rows = (struct rows){.cache = cache};
	/* Counts start from 1. */
	return vec_push(&rows->at, (struct effects){0}) ? NULL : &error_no_memory;
}

static void clear(struct rows *rows)
{
	while (rows->at.len > 1)
		effects_deinit(&rows->at.at[--rows->at.len]);
}

void rows_deinit(struct rows *rows)
{
	clear(rows);
	vec_deinit(&rows->at);
}

void rows_trim(struct rows *rows)
{
	if (rows->at.len < MAX_ROWS && lift_cache_stats(rows->cache).entries < MAX_ROWS)
		return;
	clear(rows);
	lift_cache_empty(rows->cache);
}

static struct error *add(struct rows *rows, struct lifted *lifted)
{
	const struct transfer *t;
	struct insn insn;
	struct effects e;
	struct error *err = lift_again(rows->cache, lifted->insn.pc, lifted->insn.bytes, lifted->insn.len, &insn, &t);

	if (!err)
		err = effects_collect(t, &e);
	if (err)
		return err;
	if (!vec_push(&rows->at, e)) {
		effects_deinit(&e);
		return &error_no_memory;
	}
	lifted->count = rows->at.len - 1;
	return NULL;
}

struct error *rows_get(struct rows *rows, uint64_t pc, const uint8_t *bytes, size_t len, struct lifted **ret,
		       const struct effects **ret_effects)
{
	struct lifted *lifted = NULL;
	struct error *err = lift_cache_get(rows->cache, pc, bytes, len, &lifted);

	if (!err && lifted->prog && !lifted->count)
		err = add(rows, lifted);
	if (err)
		return err;
	*ret = lifted;
	*ret_effects = lifted->prog && lifted->insn.len == len ? &rows->at.at[lifted->count] : NULL;
	return NULL;
}
