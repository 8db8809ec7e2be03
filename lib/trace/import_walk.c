#include "lib/trace/import_walk.h"

#include <string.h>

enum { MAX_ITERATIONS = 512 }; /* of a repeated instruction, between two states: what a sequence can hold */

struct error *import_walk_init(struct import_walk *w, const struct isa *isa, struct lift_cache *cache)
{
	*w = (struct import_walk){.isa = isa, .cache = cache};
	return state_init(&w->state, isa);
}

void import_walk_deinit(struct import_walk *w)
{
	state_deinit(&w->state);
	eval_deinit(&w->eval);
}

static enum mem_result no_memory(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	(void)ctx;
	(void)address;
	memset(ret, 0, len);
	memset(unknown, 0xff, len);
	return MEM_OK;
}

/* Does an output of the last evaluation contradict what was seen? */
static bool is_other(const struct import_walk *w, const struct state *after)
{
	for (size_t i = 0; i < w->eval.num_regs; i++) {
		const struct eval_reg *r = &w->eval.regs[i];
		const struct reg_desc *desc = &w->isa->regs[r->reg];
		for (unsigned k = 0; k < r->num_words; k++) {
			uint64_t open = after->unknown[desc->word + k] | (r->mask ? r->mask[k] : 0);
			if ((r->value[k] ^ after->value[desc->word + k]) & ~open)
				return true;
		}
	}
	return false;
}

/* Puts what the instruction makes of the state there; false if the model cannot tell. */
static struct error *walk_on(struct import_walk *w, const struct lifted *l, bool *ret)
{
	const struct eval_memory memory = {.load = no_memory};

	*ret = false;
	if (!l->prog)
		return NULL;
	struct error *err = prog_run(l->prog, w->state.value, w->state.unknown, &memory, &w->eval);
	if (err || w->eval.status != EVAL_DONE)
		return err;
	for (size_t i = 0; i < w->eval.num_regs; i++) {
		const struct eval_reg *r = &w->eval.regs[i];
		state_set_masked(&w->state, r->reg, r->value, r->mask);
	}
	*ret = true;
	return NULL;
}

/* The walk goes on from a register of which a model could not tell what comes of it. */
static void walk_blindly(struct import_walk *w)
{
	for (uint32_t r = 0; r < w->isa->num_regs; r++)
		state_set_unknown(&w->state, r);
}

/* Leads the walk through the block to its last instruction, if it has one. */
static struct error *walk_to_last(struct import_walk *w, const struct import_block *b, struct lifted **ret,
				  bool *ret_found)
{
	size_t at = 0;
	struct error *err = NULL;

	state_copy(&w->state, b->before);
	*ret_found = false;
	while (!err && at < b->len) {
		struct lifted *l;
		bool told;
		err = lift_cache_get(w->cache, b->pc + at, b->bytes + at, b->len - at, &l);
		if (err || !l->insn.len || l->insn.len > b->len - at)
			return err;
		at += l->insn.len;
		if (at == b->len) {
			*ret = l;
			*ret_found = true;
			break;
		}
		w->steps++;
		err = walk_on(w, l, &told);
		if (!err && !told)
			walk_blindly(w);
	}
	return err;
}

struct error *import_walk_count(struct import_walk *w, const struct import_block *block, unsigned *ret)
{
	uint32_t at = w->isa->pc;
	struct lifted *l;
	unsigned n = 0;
	bool found, told = true, there = false, left = false, other = false;

	*ret = 1;
	w->steps = 1;
	struct error *err = walk_to_last(w, block, &l, &found);
	if (err || !found || !l->insn.repeats || !l->prog)
		return err;
	/* Before it, the model may have lost track of the program counter: here it is known. */
	state_set(&w->state, at, l->insn.pc);
	while (!err && told && !there && !left && w->steps + n <= MAX_ITERATIONS) {
		err = walk_on(w, l, &told);
		if (err || !told)
			break;
		n++;
		other = is_other(w, block->after);
		told = state_known(&w->state, at);
		there = !other && state_get(block->after, at) == l->insn.pc;
		left = told && state_get(&w->state, at) != l->insn.pc;
	}
	if (there || (left && !other))
		*ret = n;
	else
		*ret = left || !n || (n == 1 && !other);
	return err;
}
