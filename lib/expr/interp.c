#include "lib/expr/interp.h"

#include <string.h>

#include "lib/expr/eval.h"
#include "lib/expr/live.h"

struct value {
	uint64_t words[EXPR_MAX_WORDS];
};

static struct error *apply(const struct expr_pool *pool, const struct expr *n, struct value *values, uint64_t *ret)
{
	struct bv_op o = {.op = n->op, .width = n->width, .lane = n->lane, .attr = n->attr};
	const uint64_t *arg[EXPR_MAX_ARGS];

	if (!bv_can(n->op))
		return error_create(ERROR_UNSUPPORTED, "%s cannot be evaluated", expr_op_text(n->op));
	for (unsigned i = 0; i < EXPR_MAX_ARGS; i++) {
		o.arg_width[i] = (uint16_t)expr_width(pool, n->arg[i]);
		arg[i] = values[n->arg[i]].words;
	}
	bv_apply(&o, ret, arg);
	return NULL;
}

static struct error *step(const struct expr_pool *pool, expr_id id, interp_leaf *leaf, void *ctx, struct value *values)
{
	const struct expr *n = node(pool, id);
	uint64_t *ret = values[id].words;

	if (n->op == EXPR_CONST) {
		memcpy(ret, node_words(pool, n), bv_words(n->width) * sizeof *ret);
		return NULL;
	}
	if (op_info[n->op].shape == SHAPE_LEAF || n->op == EXPR_LOAD)
		return leaf(ctx, n, values[n->arg[0]].words[0], ret);
	return apply(pool, n, values, ret);
}

struct error *interp(const struct expr_pool *pool, expr_id id, interp_leaf *leaf, void *ctx, uint64_t *ret)
{
	struct roots roots = {0};
	struct error *err = NULL;

	roots_add(&roots, id);
	uint32_t *uses = live_uses(pool, &roots);
	struct value *values = calloc((size_t)id + 1, sizeof *values);
	if (!uses || !values)
		err = &error_no_memory;
	for (expr_id i = 1; !err && i <= id; i++)
		if (uses[i])
			err = step(pool, i, leaf, ctx, values);
	if (!err)
		memcpy(ret, values[id].words, bv_words(expr_width(pool, id)) * sizeof *ret);
	free(uses);
	free(values);
	roots_deinit(&roots);
	return err;
}

struct surroundings {
	const uint64_t *state;
	const struct reg_layout *layout;
	const struct eval_memory *memory;
};

static struct error *load(const struct surroundings *s, const struct expr *n, uint64_t address, uint64_t *ret)
{
	uint8_t data[64] = {0}, unknown[64] = {0};

	if (!s->memory || n->attr)
		return error_create(ERROR_UNSUPPORTED, "a load from memory that is not there");
	if (s->memory->load(s->memory->ctx, address, n->width / 8, data, unknown) != MEM_OK)
		return error_fault(address);
	memcpy(ret, data, bv_words(n->width) * sizeof *ret);
	return NULL;
}

static struct error *leaf_value(void *ctx, const struct expr *n, uint64_t address, uint64_t *ret)
{
	const struct surroundings *s = ctx;

	if (n->op == EXPR_LOAD)
		return load(s, n, address, ret);
	if (n->op != EXPR_REG || !s->state || n->attr >= s->layout->num_regs)
		return error_create(ERROR_UNSUPPORTED, "%s has no value", expr_op_text(n->op));
	memcpy(ret, s->state + s->layout->word[n->attr], bv_words(n->width) * sizeof *ret);
	return NULL;
}

struct error *expr_evaluate(const struct expr_pool *pool, expr_id id, const uint64_t *state,
			    const struct reg_layout *layout, const struct eval_memory *memory, uint64_t *ret)
{
	struct surroundings s = {.state = state, .layout = layout, .memory = memory};

	return interp(pool, id, leaf_value, &s, ret);
}
