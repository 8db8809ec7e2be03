#include "lib/expr/builder.h"

#include <string.h>

#include "lib/expr/masks.h"

void builder_fail(struct builder *b, struct error *err)
{
	if (b->err)
		error_destroy(err);
	else
		b->err = err;
}

uint16_t builder_slots(struct builder *b, unsigned num)
{
	uint32_t slot = b->next_slot;

	if (slot + num > PROG_MAX_SLOTS) {
		builder_fail(b, error_create(ERROR_UNSUPPORTED, "a transfer too large to evaluate"));
		return 0;
	}
	b->next_slot += num;
	return (uint16_t)slot;
}

void builder_put(struct builder *b, struct code c)
{
	if (!b->err && !vec_push(&b->code, c))
		builder_fail(b, &error_no_memory);
}

expr_id builder_mask(const struct builder *b, expr_id id)
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
		builder_slots(b, num);
		for (unsigned i = 0; i < num; i++)
			if (!vec_push(&b->consts, words[i]))
				builder_fail(b, &error_no_memory);
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

bool builder_has_reg(struct builder *b, uint32_t reg, unsigned width)
{
	if (reg < b->layout->num_regs && b->layout->width[reg] == width)
		return true;
	builder_fail(b, error_create(ERROR_BUG, "register %u has no width of %u bits", reg, width));
	return false;
}

static void place_reg(struct builder *b, const uint32_t *uses, expr_id id)
{
	const struct expr *n = node(b->pool, id);
	uint32_t reg = n->attr & ~TAINT_MASK_BIT;

	if (!builder_has_reg(b, reg, n->width))
		return;

	struct range range = range_of(b, uses, id);
	unsigned num = range.last - range.first + 1u;
	uint16_t to = builder_slots(b, num);
	struct prog_input input = {
		.from = (uint16_t)(b->layout->word[reg] + range.first),
		.to = to,
		.num = (uint8_t)num,
		.mask = n->attr & TAINT_MASK_BIT,
	};
	if (!vec_push(&b->inputs, input))
		builder_fail(b, &error_no_memory);
	/* Not below 1: slots begin at PROG_FIRST_SLOT. */
	b->slot[id] = (uint16_t)(to - range.first);
}

static bool is_const(const struct expr *n)
{
	return n->op == EXPR_CONST || n->op == EXPR_UNDEF || n->op == EXPR_ENV;
}

void builder_place_leaves(struct builder *b, const uint32_t *uses)
{
	for (expr_id id = 1; id < b->pool->nodes.len; id++)
		if (uses[id] && is_const(node(b->pool, id)))
			place_const(b, id);
	for (expr_id id = 1; id < b->pool->nodes.len; id++)
		if (uses[id] && node(b->pool, id)->op == EXPR_REG)
			place_reg(b, uses, id);
}

/* ---- Operators ---- */

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
		builder_fail(b, &error_no_memory);
	return (struct code){
		.op = CODE_WIDE,
		.a = slot[0],
		.b = slot[1],
		.imm = (uint64_t)slot[3] << 48 | (uint64_t)slot[2] << 32 | (b->wide.len - 1),
	};
}

static uint16_t emit_operator(struct builder *b, const struct expr *n)
{
	uint16_t slot[EXPR_MAX_ARGS] = {0};
	unsigned word;
	struct code c;

	for (unsigned i = 0; i < op_info[n->op].arity; i++)
		slot[i] = builder_emit(b, n->arg[i]);
	if (is_alias(b, n, &word))
		return (uint16_t)(slot[0] + word);
	if (is_narrow(b, n))
		c = narrow_code(b, n, slot);
	else if (n->op == EXPR_EXTRACT && n->width <= 64)
		c = extract_code(n, slot);
	else if (!two_word_code(b, n, slot, &c))
		c = wide_code(b, n, slot);
	c.dst = builder_slots(b, bv_words(n->width));
	builder_put(b, c);
	return c.dst;
}

/* ---- Memory, guards and faults ---- */

void builder_check(struct builder *b, expr_id mask)
{
	if (!mask)
		return;

	uint16_t slot = builder_emit(b, mask);
	builder_put(b, (struct code){.op = CODE_CHECK, .a = slot, .n = (uint8_t)bv_words(expr_width(b->pool, mask))});
}

/* The stores that come before a load are made first: it sees them. */
static uint16_t emit_load(struct builder *b, const struct expr *n)
{
	uint32_t version = n->attr;
	unsigned words = bv_words(n->width);

	if (version > b->t->stores.len || (b->in_store && version > b->stores_done)) {
		builder_fail(b, error_create(ERROR_BUG, "a load sees a store that it comes before"));
		return 0;
	}
	while (b->stores_done < version && !b->err)
		builder_store(b);
	builder_check(b, builder_mask(b, n->arg[0]));

	struct code c = {.op = CODE_LOAD,
			 .n = (uint8_t)(n->width / 8),
			 .a = builder_emit(b, n->arg[0]),
			 .imm = version};
	c.dst = builder_slots(b, b->full ? 2 * words : words);
	builder_put(b, c);
	b->num_loads++;
	return c.dst;
}

/* A load's unknown bits stand behind its value. */
static uint16_t emit_load_mask(struct builder *b, const struct expr *n)
{
	struct expr load = *n;

	load.attr &= ~TAINT_MASK_BIT;
	return (uint16_t)(builder_emit(b, pool_intern(b->pool, &load, NULL)) + bv_words(n->width));
}

uint16_t builder_emit(struct builder *b, expr_id id)
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
