#include <stdlib.h>
#include <string.h>

#include "lib/expr/builder.h"
#include "lib/expr/masks.h"

/* ---- The order of events ---- */

static void plan_deinit(struct plan *plan)
{
	vec_deinit(&plan->faults);
	vec_deinit(&plan->guards);
	vec_deinit(&plan->addresses);
	vec_deinit(&plan->values);
	vec_deinit(&plan->regs);
	vec_deinit(&plan->bounds);
	roots_deinit(&plan->roots);
}

static struct masked plan_one(struct plan *plan, const struct builder *b, expr_id id, bool hide)
{
	struct masked m = {.value = id, .mask = builder_mask(b, id)};

	if (m.mask && hide)
		m.value = expr_and(b->pool, id, expr_not(b->pool, m.mask));
	roots_add(&plan->roots, m.value);
	roots_add(&plan->roots, m.mask);
	return m;
}

#define PLAN(list, id, hide) \
	do { \
		if (!vec_push(&plan->list, plan_one(plan, b, (id), (hide)))) \
			plan->failed = true; \
	} while (0)

static bool make_plan(struct plan *plan, const struct builder *b)
{
	const struct transfer *t = b->t;

	for (size_t i = 0; i < t->faults.len; i++)
		PLAN(faults, t->faults.at[i].cond, false);
	for (size_t i = 0; i < t->loads.len; i++)
		roots_add(&plan->roots, t->loads.at[i]);
	for (size_t i = 0; i < t->stores.len; i++) {
		PLAN(guards, t->stores.at[i].guard, false);
		PLAN(addresses, t->stores.at[i].address, false);
		PLAN(values, t->stores.at[i].value, true);
	}
	for (size_t i = 0; i < t->regs.len; i++)
		PLAN(regs, t->regs.at[i].value, true);
	for (size_t i = 0; i < t->bounds.len; i++) {
		PLAN(bounds, t->bounds.at[i].arg[0], false);
		PLAN(bounds, t->bounds.at[i].arg[1], false);
		PLAN(bounds, t->bounds.at[i].when, false);
	}
	/* The checks of the loads' addresses. */
	for (expr_id id = 1; id < b->num_masks; id++)
		if (node(b->pool, id)->op == EXPR_LOAD)
			roots_add(&plan->roots, builder_mask(b, node(b->pool, id)->arg[0]));
	return !plan->failed && !plan->roots.failed && !b->pool->failed;
}

void builder_store(struct builder *b)
{
	size_t i = b->stores_done;
	struct masked guard = b->plan->guards.at[i], address = b->plan->addresses.at[i], value = b->plan->values.at[i];
	struct code c = {.op = CODE_STORE, .n = (uint8_t)(expr_width(b->pool, value.value) / 8)};

	b->in_store = true;
	builder_check(b, guard.mask);
	builder_check(b, address.mask);
	if (guard.value)
		c.imm = builder_emit(b, guard.value);
	c.a = builder_emit(b, address.value);
	c.b = builder_emit(b, value.value);
	if (value.mask)
		c.imm |= (uint64_t)builder_emit(b, value.mask) << 16;
	builder_put(b, c);
	b->in_store = false;
	b->stores_done++;
}

static void emit_fault(struct builder *b, struct masked cond, enum fault_kind kind)
{
	builder_check(b, cond.mask);
	builder_put(b, (struct code){.op = CODE_FAULT, .a = builder_emit(b, cond.value), .n = (uint8_t)kind});
}

static void emit_output(struct builder *b, uint32_t reg, struct masked value)
{
	struct prog_output o = {.reg = reg, .width = (uint16_t)expr_width(b->pool, value.value)};

	if (!builder_has_reg(b, reg, o.width))
		return;
	o.value = builder_emit(b, value.value);
	o.mask = value.mask ? builder_emit(b, value.mask) : 0;
	if (!vec_push(&b->outputs, o))
		builder_fail(b, &error_no_memory);
}

static uint16_t emit_optional(struct builder *b, expr_id id)
{
	return id ? builder_emit(b, id) : 0;
}

static void emit_bound(struct builder *b, const struct transfer_bound *t, const struct masked planned[3])
{
	struct prog_bound bound = {.reg = t->reg, .first = t->first, .bound = t->bound};

	for (unsigned i = 0; i < 2; i++) {
		bound.arg[i] = emit_optional(b, planned[i].value);
		bound.arg_mask[i] = emit_optional(b, planned[i].mask);
	}
	bound.when = emit_optional(b, planned[2].value);
	bound.when_mask = emit_optional(b, planned[2].mask);
	if (!vec_push(&b->bounds, bound))
		builder_fail(b, &error_no_memory);
}

/* Faults first, then memory in order, then registers. */
static void emit_all(struct builder *b)
{
	const struct transfer *t = b->t;

	for (size_t i = 0; i < t->faults.len && !b->err; i++)
		emit_fault(b, b->plan->faults.at[i], t->faults.at[i].kind);
	for (size_t i = 0; i < t->loads.len && !b->err; i++)
		builder_emit(b, t->loads.at[i]);
	while (b->stores_done < t->stores.len && !b->err)
		builder_store(b);
	for (size_t i = 0; i < t->regs.len && !b->err; i++)
		emit_output(b, t->regs.at[i].reg, b->plan->regs.at[i]);
	for (size_t i = 0; i < t->bounds.len && !b->err; i++)
		emit_bound(b, &t->bounds.at[i], &b->plan->bounds.at[3 * i]);
	builder_put(b, (struct code){.op = CODE_END});
}

/* ---- A part, and the program of two ---- */

static void builder_deinit(struct builder *b)
{
	vec_deinit(&b->code);
	vec_deinit(&b->wide);
	vec_deinit(&b->inputs);
	vec_deinit(&b->outputs);
	vec_deinit(&b->bounds);
	vec_deinit(&b->consts);
	free(b->slot);
	error_destroy(b->err);
}

static void build_from_plan(struct builder *b)
{
	uint32_t *uses = live_uses(b->pool, &b->plan->roots);

	b->slot = calloc(b->pool->nodes.len, sizeof *b->slot);
	if (uses && b->slot) {
		builder_place_leaves(b, uses);
		if (!b->err)
			emit_all(b);
	} else {
		builder_fail(b, &error_no_memory);
	}
	free(uses);
}

/* Makes b's lists. b is deinitialised by the caller, also on error, which stays in b. */
static void build(struct builder *b, const struct transfer *t, const struct reg_layout *layout, const expr_id *masks,
		  size_t num_masks, bool full)
{
	struct plan plan = {0};

	*b = (struct builder){
		.t = t,
		.pool = t->pool,
		.layout = layout,
		.masks = masks,
		.num_masks = num_masks,
		.plan = &plan,
		.full = full,
		.next_slot = PROG_FIRST_SLOT,
	};
	if (make_plan(&plan, b))
		build_from_plan(b);
	else
		builder_fail(b, &error_no_memory);
	b->plan = NULL;
	plan_deinit(&plan);
}

/* Masks of everything that the transfer needs, by id. */
static struct error *make_masks(const struct transfer *t, unsigned sources, expr_id **ret, size_t *ret_num)
{
	struct roots roots = {0};
	size_t num = t->pool->nodes.len;

	roots_add_transfer(&roots, t);
	uint32_t *uses = live_uses(t->pool, &roots);
	expr_id *masks = calloc(num, sizeof *masks);
	bool ok = uses && masks && taint_masks(t->pool, uses, num, sources, masks);
	free(uses);
	roots_deinit(&roots);
	if (!ok) {
		free(masks);
		return &error_no_memory;
	}
	*ret = masks;
	*ret_num = num;
	return NULL;
}

/* Can a load get undefined bits from an earlier store? The fast part does not look for them. */
static bool masks_pass_memory(const struct transfer *t, const expr_id *masks, size_t num)
{
	bool stored = false, loaded = false;

	for (size_t i = 0; i < t->stores.len; i++)
		stored |= masks[t->stores.at[i].value] != EXPR_NONE;
	for (expr_id id = 1; id < num; id++)
		loaded |= node(t->pool, id)->op == EXPR_LOAD && node(t->pool, id)->attr;
	return stored && loaded;
}

static struct error *build_masked(struct builder *b, const struct transfer *t, const struct reg_layout *layout,
				  unsigned sources)
{
	expr_id *masks;
	size_t num;
	bool full = sources & TAINT_UNKNOWN;
	struct error *err = make_masks(t, sources, &masks, &num);

	if (err)
		return err;
	if (full || !masks_pass_memory(t, masks, num))
		build(b, t, layout, masks, num, full);
	free(masks);
	err = b->err;
	b->err = NULL;
	return err;
}

/* Appends num elements to the allocation at *at, and returns where. */
static const void *append(char **at, const void *from, size_t num, size_t size)
{
	char *to = *at;

	if (num)
		memcpy(to, from, num * size);
	*at += (num * size + 7) / 8 * 8;
	return to;
}

static size_t part_size(const struct builder *b)
{
	return b->code.len * sizeof *b->code.at + b->consts.len * sizeof *b->consts.at +
	       (b->wide.len * sizeof *b->wide.at + 7) / 8 * 8 + (b->inputs.len * sizeof *b->inputs.at + 7) / 8 * 8 +
	       (b->outputs.len * sizeof *b->outputs.at + 7) / 8 * 8 +
	       (b->bounds.len * sizeof *b->bounds.at + 7) / 8 * 8;
}

static void pack(struct prog_part *part, const struct builder *b, char **at)
{
	*part = (struct prog_part){
		.code = append(at, b->code.at, b->code.len, sizeof *b->code.at),
		.wide = append(at, b->wide.at, b->wide.len, sizeof *b->wide.at),
		.inputs = append(at, b->inputs.at, b->inputs.len, sizeof *b->inputs.at),
		.outputs = append(at, b->outputs.at, b->outputs.len, sizeof *b->outputs.at),
		.bounds = append(at, b->bounds.at, b->bounds.len, sizeof *b->bounds.at),
		.consts = append(at, b->consts.at, b->consts.len, sizeof *b->consts.at),
		.num_code = (uint32_t)b->code.len,
		.num_wide = (uint32_t)b->wide.len,
		.num_inputs = (uint32_t)b->inputs.len,
		.num_outputs = (uint32_t)b->outputs.len,
		.num_bounds = (uint32_t)b->bounds.len,
		.num_consts = (uint32_t)b->consts.len,
		.num_slots = b->next_slot,
		.num_loads = b->num_loads,
	};
}

static void find_sources(const struct transfer *t, struct prog *prog)
{
	struct roots roots = {0};
	roots_add_transfer(&roots, t);
	uint32_t *uses = live_uses(t->pool, &roots);

	/* Without memory to find out, say yes. */
	prog->uses_env = prog->uses_undef = !uses;
	for (expr_id id = 1; uses && id < t->pool->nodes.len; id++) {
		prog->uses_env |= uses[id] && node(t->pool, id)->op == EXPR_ENV;
		prog->uses_undef |= uses[id] && node(t->pool, id)->op == EXPR_UNDEF;
	}
	free(uses);
	roots_deinit(&roots);
}

static struct error *pack_both(const struct transfer *t, const struct builder *fast, const struct builder *full,
			       struct prog **ret)
{
	size_t size = sizeof(struct prog) + part_size(fast) + part_size(full);
	struct prog *prog = calloc(1, size);
	char *at = (char *)(prog + 1);

	if (!prog)
		return &error_no_memory;
	prog->size = size;
	prog->num_stores = (uint32_t)t->stores.len;
	pack(&prog->fast, fast, &at);
	pack(&prog->full, full, &at);
	find_sources(t, prog);
	*ret = prog;
	return NULL;
}

/* Without it, states with unknown bits are EVAL_UNKNOWN: that is allowed where the fast part can do the others. */
static struct error *build_full(struct builder *b, const struct transfer *t, const struct reg_layout *layout,
				bool optional)
{
	struct error *err = build_masked(b, t, layout, TAINT_UNDEF | TAINT_ENV | TAINT_UNKNOWN);

	if (!optional || !error_is(err, ERROR_UNSUPPORTED))
		return err;
	error_destroy(err);
	builder_deinit(b);
	*b = (struct builder){0};
	return NULL;
}

struct error *prog_compile(const struct transfer *t, const struct reg_layout *layout, struct prog **ret)
{
	struct builder fast = {0}, full = {0};
	struct error *err = expr_pool_error(t->pool);

	if (!err)
		err = build_masked(&fast, t, layout, TAINT_UNDEF | TAINT_ENV);
	if (!err)
		err = build_full(&full, t, layout, fast.code.len);
	if (!err)
		err = pack_both(t, &fast, &full, ret);
	builder_deinit(&fast);
	builder_deinit(&full);
	return err;
}

void prog_destroy(struct prog *prog)
{
	free(prog);
}

size_t prog_size(const struct prog *prog)
{
	return prog->size;
}

static bool part_writes(const struct prog_part *part, uint32_t reg)
{
	for (uint32_t i = 0; i < part->num_outputs; i++)
		if (part->outputs[i].reg == reg)
			return true;
	return false;
}

bool prog_writes(const struct prog *prog, uint32_t reg)
{
	return part_writes(&prog->fast, reg) || part_writes(&prog->full, reg);
}

bool prog_uses_env(const struct prog *prog)
{
	return prog->uses_env;
}

bool prog_uses_undef(const struct prog *prog)
{
	return prog->uses_undef;
}
