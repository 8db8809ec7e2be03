#include "lib/diff/model.h"

#include <string.h>

#include "lib/base/search.h"

enum { MAX_ROWS = 1 << 14 }; /* instructions that are known at a time: some 64 MiB */

struct error *model_init(struct model *m, const struct isa *isa)
{
	*m = (struct model){.cache = NULL};
	/* Counts start from 1. */
	if (!vec_push(&m->rows, (struct effects){0}))
		return &error_no_memory;
	return lift_cache_create(isa, 0, &m->cache);
}

static void clear_rows(struct model *m)
{
	while (m->rows.len > 1)
		effects_deinit(&m->rows.at[--m->rows.len]);
}

void model_deinit(struct model *m)
{
	clear_rows(m);
	vec_deinit(&m->rows);
	lift_cache_destroy(m->cache);
	eval_deinit(&m->eval[0]);
	eval_deinit(&m->eval[1]);
}

void model_trim(struct model *m)
{
	if (m->rows.len < MAX_ROWS && lift_cache_stats(m->cache).entries < MAX_ROWS)
		return;
	clear_rows(m);
	lift_cache_empty(m->cache);
}

static struct error *add_row(struct model *m, struct lifted *lifted)
{
	const struct transfer *t;
	struct insn insn;
	struct effects e;
	struct error *err = lift_again(m->cache, lifted->insn.pc, lifted->insn.bytes, lifted->insn.len, &insn, &t);

	if (!err)
		err = effects_collect(t, &e);
	if (err)
		return err;
	if (!vec_push(&m->rows, e)) {
		effects_deinit(&e);
		return &error_no_memory;
	}
	lifted->count = m->rows.len - 1;
	return NULL;
}

struct error *model_get(struct model *m, uint64_t pc, const uint8_t *bytes, size_t len, struct lifted **ret,
			const struct effects **ret_effects)
{
	struct lifted *lifted = NULL;
	struct error *err = lift_cache_get(m->cache, pc, bytes, len, &lifted);

	if (!err && lifted->prog && !lifted->count)
		err = add_row(m, lifted);
	if (err)
		return err;
	*ret = lifted;
	*ret_effects = lifted->prog && lifted->insn.len == len ? &m->rows.at[lifted->count] : NULL;
	return NULL;
}

/* ---- Predictions ---- */

struct loads {
	const struct trace_access *at;
	size_t len;
};

static bool find_byte(const struct loads *l, uint64_t address, uint8_t *ret)
{
	for (size_t i = 0; i < l->len; i++) {
		uint64_t offset = address - l->at[i].address;
		if (l->at[i].store || offset >= l->at[i].len || !(l->at[i].known >> offset & 1))
			continue;
		*ret = l->at[i].data[offset];
		return true;
	}
	return false;
}

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	for (unsigned i = 0; i < len; i++) {
		ret[i] = 0;
		if (!find_byte(ctx, address + i, &ret[i]))
			unknown[i] = 0xff;
	}
	return MEM_OK;
}

struct error *model_predict(struct model *m, unsigned side, const struct lifted *lifted, const struct state *before,
			    const struct trace_access *accesses, size_t num_accesses, bool *ret)
{
	struct loads loads = {accesses, num_accesses};
	const struct eval_memory memory = {&loads, load};
	struct error *err = prog_run(lifted->prog, before->value, before->unknown, &memory, &m->eval[side]);

	if (!err)
		*ret = m->eval[side].status == EVAL_DONE;
	return err;
}

const struct eval_reg *model_register(const struct model *m, unsigned side, uint32_t reg)
{
	const struct eval *e = &m->eval[side];

	for (size_t i = 0; i < e->num_regs; i++)
		if (e->regs[i].reg == reg)
			return &e->regs[i];
	return NULL;
}

const struct eval_store *model_store(const struct model *m, unsigned side, const struct trace_access *like)
{
	const struct eval *e = &m->eval[side];

	for (size_t i = 0; i < e->num_stores; i++)
		if (e->stores[i].address == like->address && e->stores[i].len == like->len)
			return &e->stores[i];
	return NULL;
}

bool model_has(const uint32_t *list, size_t len, uint32_t reg)
{
	size_t found;

	SEARCH_FIRST(found, len, i, list[i] < reg);
	return found < len && list[found] == reg;
}
