#include <stdlib.h>
#include <string.h>

#include "lib/expr/live.h"
#include "lib/expr/masks.h"
#include "lib/expr/prog.h"

/* An expression and its mask; EXPR_NONE: all determined. */
struct masked {
	expr_id value, mask;
};

/* The transfer with values whose masked bits are zero, and the masks: what a part computes. */
struct plan {
	VEC(struct masked) faults, guards, addresses, values, regs;
	struct roots roots;
	bool failed;
};

struct builder {
	const struct transfer *t;
	struct expr_pool *pool;
	const struct reg_layout *layout;
	const expr_id *masks; /* by id, below num_masks */
	size_t num_masks;
	const struct plan *plan;
	bool full;
	uint16_t *slot; /* by id: where its value is; 0: not made yet */
	VEC(struct code) code;
	VEC(struct bv_op) wide;
	VEC(struct prog_input) inputs;
	VEC(struct prog_output) outputs;
	VEC(uint64_t) consts;
	uint32_t next_slot;
	uint32_t num_loads;
	size_t stores_done;
	bool in_store;
	struct error *err; /* the first; nothing is made after it */
};

static void fail(struct builder *b, struct error *err)
{
	if (b->err)
		error_destroy(err);
	else
		b->err = err;
}

static uint16_t new_slots(struct builder *b, unsigned num)
{
	uint32_t slot = b->next_slot;

	if (slot + num > PROG_MAX_SLOTS) {
		fail(b, error_create(ERROR_UNSUPPORTED, "a transfer too large to evaluate"));
		return 0;
	}
	b->next_slot += num;
	return (uint16_t)slot;
}

static void put(struct builder *b, struct code c)
{
	if (!b->err && !vec_push(&b->code, c))
		fail(b, &error_no_memory);
}

static expr_id mask_of(const struct builder *b, expr_id id)
{
	return id < b->num_masks ? b->masks[id] : EXPR_NONE;
}

/* ---- What is there before the first instruction: constants and registers ---- */

/* Undefined and outside values are computed as zeros, and hidden by their masks. */
static void place_const(struct builder *b, expr_id id)
{
	static const uint64_t zero[EXPR_MAX_WORDS];
	const struct expr *n = node(b->pool, id);
	const uint64_t *words = n->op == EXPR_CONST ? node_words(b->pool, n) : zero;
	unsigned num = bv_words(n->width);
	size_t at = 0;

	while (at + num <= b->consts.len && memcmp(b->consts.at + at, words, num * sizeof *words))
		at++;
	if (at + num > b->consts.len) {
		at = b->consts.len;
		new_slots(b, num);
		for (unsigned i = 0; i < num; i++)
			if (!vec_push(&b->consts, words[i]))
				fail(b, &error_no_memory);
	}
	b->slot[id] = (uint16_t)(PROG_FIRST_SLOT + at);
}

/* Words of registers that are read: [first, last]. */
struct range {
	uint8_t first, last;
};

static void widen(struct range *range, unsigned first, unsigned last)
{
	range->first = first < range->first ? (uint8_t)first : range->first;
	range->last = last > range->last ? (uint8_t)last : range->last;
}

static struct range range_of(const struct builder *b, const uint32_t *uses, expr_id reg)
{
	struct range range = {.first = UINT8_MAX};
	unsigned last = bv_words(expr_width(b->pool, reg)) - 1;
	uint32_t seen = 0;

	if (!last)
		return (struct range){0};
	for (expr_id id = reg + 1; id < b->pool->nodes.len; id++) {
		const struct expr *n = node(b->pool, id);

		for (unsigned i = 0; uses[id] && i < op_info[n->op].arity; i++) {
			if (n->arg[i] != reg)
				continue;
			seen++;
			if (n->op == EXPR_EXTRACT)
				widen(&range, n->attr / 64, (n->attr + n->width - 1) / 64);
			else
				widen(&range, 0, last);
		}
	}
	if (seen != uses[reg])
		widen(&range, 0, last); /* it is an output itself */
	return range;
}

static bool check_reg(struct builder *b, uint32_t reg, unsigned width)
{
	if (reg < b->layout->num_regs && b->layout->width[reg] == width)
		return true;
	fail(b, error_create(ERROR_BUG, "register %u has no width of %u bits", reg, width));
	return false;
}

static void place_reg(struct builder *b, const uint32_t *uses, expr_id id)
{
	const struct expr *n = node(b->pool, id);
	uint32_t reg = n->attr & ~TAINT_MASK_BIT;

	if (!check_reg(b, reg, n->width))
		return;

	struct range range = range_of(b, uses, id);
	unsigned num = range.last - range.first + 1u;
	uint16_t to = new_slots(b, num);
	struct prog_input input = {
		.from = (uint16_t)(b->layout->word[reg] + range.first),
		.to = to,
		.num = (uint8_t)num,
		.mask = n->attr & TAINT_MASK_BIT,
	};
	if (!vec_push(&b->inputs, input))
		fail(b, &error_no_memory);
	/* Not below 1: slots begin at PROG_FIRST_SLOT. */
	b->slot[id] = (uint16_t)(to - range.first);
}

static bool is_const(const struct expr *n)
{
	return n->op == EXPR_CONST || n->op == EXPR_UNDEF || n->op == EXPR_ENV;
}

static void place_leaves(struct builder *b, const uint32_t *uses)
{
	for (expr_id id = 1; id < b->pool->nodes.len; id++)
		if (uses[id] && is_const(node(b->pool, id)))
			place_const(b, id);
	for (expr_id id = 1; id < b->pool->nodes.len; id++)
		if (uses[id] && node(b->pool, id)->op == EXPR_REG)
			place_reg(b, uses, id);
}

/* ---- Operators ---- */

static uint16_t emit(struct builder *b, expr_id id);
static void emit_store(struct builder *b);

/* Code for two words, by operator; 0 (a leaf's number) where there is none. */
static const uint8_t two_words[EXPR_NUM_OPS] = {
	[EXPR_NOT] = CODE_NOT2,   [EXPR_AND] = CODE_AND2,   [EXPR_OR] = CODE_OR2,     [EXPR_XOR] = CODE_XOR2,
	[EXPR_ADD] = CODE_ADD2,   [EXPR_SUB] = CODE_SUB2,   [EXPR_MUL] = CODE_MUL2,   [EXPR_UDIV] = CODE_UDIV2,
	[EXPR_UREM] = CODE_UREM2, [EXPR_SDIV] = CODE_SDIV2, [EXPR_SREM] = CODE_SREM2, [EXPR_SHL] = CODE_SHL2,
	[EXPR_LSHR] = CODE_LSHR2, [EXPR_ASHR] = CODE_ASHR2, [EXPR_EQ] = CODE_EQ2,     [EXPR_ULT] = CODE_ULT2,
	[EXPR_ITE] = CODE_ITE2,
};

/* All operands and the result in one word each, and an operator that has its own code. */
static bool is_narrow(const struct builder *b, const struct expr *n)
{
	for (unsigned i = 0; i < op_info[n->op].arity; i++)
		if (expr_width(b->pool, n->arg[i]) > 64)
			return false;
	return n->width <= 64 && !n->lane;
}

/* Can the value stand where its operand's does? */
static bool is_alias(const struct builder *b, const struct expr *n, unsigned *ret_word)
{
	unsigned from = expr_width(b->pool, n->arg[0]);

	*ret_word = 0;
	if (n->op == EXPR_ZEXT)
		return bv_words(from) == bv_words(n->width);
	if (n->op != EXPR_EXTRACT || n->attr % 64)
		return false;
	*ret_word = n->attr / 64;
	return n->width % 64 == 0 || n->attr + n->width == from;
}

static struct code narrow_code(const struct builder *b, const struct expr *n, const uint16_t *slot)
{
	struct code c = {.op = n->op, .n = (uint8_t)n->width, .a = slot[0], .b = slot[1], .imm = bv_ones(n->width)};

	switch (op_info[n->op].shape) {
	case SHAPE_COMPARE:
	case SHAPE_EXTEND: c.n = (uint8_t)expr_width(b->pool, n->arg[0]); break;
	case SHAPE_CONCAT: c.n = (uint8_t)expr_width(b->pool, n->arg[1]); break;
	case SHAPE_EXTRACT: c.n = (uint8_t)n->attr; break;
	case SHAPE_ITE: c.imm = slot[2]; break;
	default: break;
	}
	return c;
}

/* Up to 64 bits of a wider value: out of one word, or two. */
static struct code extract_code(const struct expr *n, const uint16_t *slot)
{
	unsigned shift = n->attr % 64;

	return (struct code){
		.op = shift + n->width > 64 ? CODE_EXTRACT2 : CODE_EXTRACT,
		.n = (uint8_t)shift,
		.a = (uint16_t)(slot[0] + n->attr / 64),
		.imm = bv_ones(n->width),
	};
}

/* The code for 65 to 128 bits, if there is one. */
static bool two_word_code(const struct builder *b, const struct expr *n, const uint16_t *slot, struct code *ret)
{
	unsigned from = expr_width(b->pool, n->arg[0]), other = expr_width(b->pool, n->arg[1]);
	unsigned width = n->width;

	*ret = (struct code){.op = two_words[n->op], .a = slot[0], .b = slot[1]};
	switch (op_info[n->op].shape) {
	case SHAPE_COMPARE: width = from; break;
	case SHAPE_COUNT:
		if (other > 64)
			return false;
		break;
	case SHAPE_CONCAT: ret->op = from <= 64 && other <= 64 ? CODE_CONCAT2 : 0; break;
	case SHAPE_EXTEND: ret->op = n->op == EXPR_ZEXT && from <= 64 ? CODE_ZEXT2 : 0; break;
	default: break;
	}
	ret->n = (uint8_t)(n->op == EXPR_CONCAT ? other : width);
	ret->imm = n->op == EXPR_ITE ? slot[2] : bv_top_mask(width);
	return ret->op && bv_words(width) == 2;
}

static struct code wide_code(struct builder *b, const struct expr *n, const uint16_t *slot)
{
	struct bv_op o = {.op = n->op, .width = n->width, .lane = n->lane, .attr = n->attr};

	for (unsigned i = 0; i < op_info[n->op].arity; i++)
		o.arg_width[i] = (uint16_t)expr_width(b->pool, n->arg[i]);
	if (!vec_push(&b->wide, o))
		fail(b, &error_no_memory);
	return (struct code){
		.op = CODE_WIDE,
		.a = slot[0],
		.b = slot[1],
		.imm = (uint64_t)slot[2] << 32 | (b->wide.len - 1),
	};
}

static uint16_t emit_operator(struct builder *b, const struct expr *n)
{
	uint16_t slot[3] = {0};
	unsigned word;
	struct code c;

	if (!bv_can(n->op)) {
		fail(b, error_create(ERROR_UNSUPPORTED, "%s cannot be evaluated", expr_op_text(n->op)));
		return 0;
	}
	for (unsigned i = 0; i < op_info[n->op].arity; i++)
		slot[i] = emit(b, n->arg[i]);
	if (is_alias(b, n, &word))
		return (uint16_t)(slot[0] + word);
	if (is_narrow(b, n))
		c = narrow_code(b, n, slot);
	else if (n->op == EXPR_EXTRACT && n->width <= 64)
		c = extract_code(n, slot);
	else if (!two_word_code(b, n, slot, &c))
		c = wide_code(b, n, slot);
	c.dst = new_slots(b, bv_words(n->width));
	put(b, c);
	return c.dst;
}

/* ---- Memory, guards and faults ---- */

/* Nothing is predicted if a bit of the mask is set. */
static void emit_check(struct builder *b, expr_id mask)
{
	if (!mask)
		return;

	uint16_t slot = emit(b, mask);
	put(b, (struct code){.op = CODE_CHECK, .a = slot, .n = (uint8_t)bv_words(expr_width(b->pool, mask))});
}

/* The stores that come before a load are made first: it sees them. */
static uint16_t emit_load(struct builder *b, const struct expr *n)
{
	uint32_t version = n->attr;
	unsigned words = bv_words(n->width);

	if (version > b->t->stores.len || (b->in_store && version > b->stores_done)) {
		fail(b, error_create(ERROR_BUG, "a load sees a store that it comes before"));
		return 0;
	}
	while (b->stores_done < version && !b->err)
		emit_store(b);
	emit_check(b, mask_of(b, n->arg[0]));

	struct code c = {.op = CODE_LOAD, .n = (uint8_t)(n->width / 8), .a = emit(b, n->arg[0]), .imm = version};
	c.dst = new_slots(b, b->full ? 2 * words : words);
	put(b, c);
	b->num_loads++;
	return c.dst;
}

/* A load's unknown bits stand behind its value. */
static uint16_t emit_load_mask(struct builder *b, const struct expr *n)
{
	struct expr load = *n;

	load.attr &= ~TAINT_MASK_BIT;
	return (uint16_t)(emit(b, pool_intern(b->pool, &load, NULL)) + bv_words(n->width));
}

static uint16_t emit(struct builder *b, expr_id id)
{
	if (b->err || b->slot[id])
		return b->slot[id];

	struct expr n = *node(b->pool, id);
	uint16_t slot;
	if (n.op != EXPR_LOAD)
		slot = emit_operator(b, &n);
	else if (n.attr & TAINT_MASK_BIT)
		slot = emit_load_mask(b, &n);
	else
		slot = emit_load(b, &n);
	b->slot[id] = slot;
	return slot;
}

/* ---- The order of events ---- */

static void plan_deinit(struct plan *plan)
{
	vec_deinit(&plan->faults);
	vec_deinit(&plan->guards);
	vec_deinit(&plan->addresses);
	vec_deinit(&plan->values);
	vec_deinit(&plan->regs);
	roots_deinit(&plan->roots);
}

static struct masked plan_one(struct plan *plan, const struct builder *b, expr_id id, bool hide)
{
	struct masked m = {.value = id, .mask = mask_of(b, id)};

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
	/* The checks of the loads' addresses. */
	for (expr_id id = 1; id < b->num_masks; id++)
		if (node(b->pool, id)->op == EXPR_LOAD)
			roots_add(&plan->roots, mask_of(b, node(b->pool, id)->arg[0]));
	return !plan->failed && !plan->roots.failed && !b->pool->failed;
}

static void emit_store(struct builder *b)
{
	size_t i = b->stores_done;
	struct masked guard = b->plan->guards.at[i], address = b->plan->addresses.at[i], value = b->plan->values.at[i];
	struct code c = {.op = CODE_STORE, .n = (uint8_t)(expr_width(b->pool, value.value) / 8)};

	b->in_store = true;
	emit_check(b, guard.mask);
	emit_check(b, address.mask);
	if (guard.value)
		c.imm = emit(b, guard.value);
	c.a = emit(b, address.value);
	c.b = emit(b, value.value);
	if (value.mask)
		c.imm |= (uint64_t)emit(b, value.mask) << 16;
	put(b, c);
	b->in_store = false;
	b->stores_done++;
}

static void emit_fault(struct builder *b, struct masked cond, enum fault_kind kind)
{
	emit_check(b, cond.mask);
	put(b, (struct code){.op = CODE_FAULT, .a = emit(b, cond.value), .n = (uint8_t)kind});
}

static void emit_output(struct builder *b, uint32_t reg, struct masked value)
{
	struct prog_output o = {.reg = reg, .width = (uint16_t)expr_width(b->pool, value.value)};

	if (!check_reg(b, reg, o.width))
		return;
	o.value = emit(b, value.value);
	o.mask = value.mask ? emit(b, value.mask) : 0;
	if (!vec_push(&b->outputs, o))
		fail(b, &error_no_memory);
}

/* Faults first, then memory in order, then registers. */
static void emit_all(struct builder *b)
{
	const struct transfer *t = b->t;

	for (size_t i = 0; i < t->faults.len && !b->err; i++)
		emit_fault(b, b->plan->faults.at[i], t->faults.at[i].kind);
	for (size_t i = 0; i < t->loads.len && !b->err; i++)
		emit(b, t->loads.at[i]);
	while (b->stores_done < t->stores.len && !b->err)
		emit_store(b);
	for (size_t i = 0; i < t->regs.len && !b->err; i++)
		emit_output(b, t->regs.at[i].reg, b->plan->regs.at[i]);
	put(b, (struct code){.op = CODE_END});
}

/* ---- A part, and the program of two ---- */

static void builder_deinit(struct builder *b)
{
	vec_deinit(&b->code);
	vec_deinit(&b->wide);
	vec_deinit(&b->inputs);
	vec_deinit(&b->outputs);
	vec_deinit(&b->consts);
	free(b->slot);
	error_destroy(b->err);
}

static void build_from_plan(struct builder *b)
{
	uint32_t *uses = live_uses(b->pool, &b->plan->roots);

	b->slot = calloc(b->pool->nodes.len, sizeof *b->slot);
	if (uses && b->slot) {
		place_leaves(b, uses);
		if (!b->err)
			emit_all(b);
	} else {
		fail(b, &error_no_memory);
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
		fail(b, &error_no_memory);
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
	       (b->outputs.len * sizeof *b->outputs.at + 7) / 8 * 8;
}

static void pack(struct prog_part *part, const struct builder *b, char **at)
{
	*part = (struct prog_part){
		.code = append(at, b->code.at, b->code.len, sizeof *b->code.at),
		.wide = append(at, b->wide.at, b->wide.len, sizeof *b->wide.at),
		.inputs = append(at, b->inputs.at, b->inputs.len, sizeof *b->inputs.at),
		.outputs = append(at, b->outputs.at, b->outputs.len, sizeof *b->outputs.at),
		.consts = append(at, b->consts.at, b->consts.len, sizeof *b->consts.at),
		.num_code = (uint32_t)b->code.len,
		.num_wide = (uint32_t)b->wide.len,
		.num_inputs = (uint32_t)b->inputs.len,
		.num_outputs = (uint32_t)b->outputs.len,
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

struct error *prog_compile(const struct transfer *t, const struct reg_layout *layout, struct prog **ret)
{
	struct builder fast = {0}, full = {0};
	struct error *err = expr_pool_error(t->pool);

	if (!err)
		err = build_masked(&fast, t, layout, TAINT_UNDEF | TAINT_ENV);
	if (!err)
		err = build_masked(&full, t, layout, TAINT_UNDEF | TAINT_ENV | TAINT_UNKNOWN);
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

bool prog_uses_env(const struct prog *prog)
{
	return prog->uses_env;
}

bool prog_uses_undef(const struct prog *prog)
{
	return prog->uses_undef;
}
