/* The constructors of expr.h. */
#include <assert.h>
#include <string.h>

#include "lib/expr/bv.h"
#include "lib/expr/pool.h"
#include "lib/expr/rewrite.h"

/* ---- Leaves ---- */

static expr_id leaf(struct expr_pool *pool, enum expr_op op, unsigned width, uint32_t attr)
{
	assert(width && width <= EXPR_MAX_WIDTH);
	return pool_intern(pool, &(struct expr){.op = op, .width = (uint16_t)width, .attr = attr}, NULL);
}

expr_id expr_const(struct expr_pool *pool, unsigned width, uint64_t value)
{
	uint64_t words[EXPR_MAX_WORDS] = {value};

	return expr_const_wide(pool, width, words);
}

expr_id expr_const_wide(struct expr_pool *pool, unsigned width, const uint64_t *words)
{
	struct expr n = {.op = EXPR_CONST, .width = (uint16_t)width};
	uint64_t copy[EXPR_MAX_WORDS];

	assert(width && width <= EXPR_MAX_WIDTH);
	memcpy(copy, words, bv_words(width) * sizeof *copy);
	copy[bv_words(width) - 1] &= bv_top_mask(width);
	if (width > 64)
		return pool_intern(pool, &n, copy);
	n.value = copy[0];
	return pool_intern(pool, &n, NULL);
}

expr_id expr_reg(struct expr_pool *pool, unsigned width, uint32_t reg)
{
	return leaf(pool, EXPR_REG, width, reg);
}

expr_id expr_env(struct expr_pool *pool, unsigned width, uint32_t input)
{
	return leaf(pool, EXPR_ENV, width, input);
}

expr_id expr_undef(struct expr_pool *pool, unsigned width)
{
	return leaf(pool, EXPR_UNDEF, width, pool->num_undefs++);
}

expr_id expr_undef_numbered(struct expr_pool *pool, unsigned width, uint32_t number)
{
	if (number >= pool->num_undefs)
		pool->num_undefs = number + 1;
	return leaf(pool, EXPR_UNDEF, width, number);
}

expr_id expr_load(struct expr_pool *pool, unsigned width, expr_id address, uint32_t version)
{
	return expr_make(pool,
			 (struct expr){.op = EXPR_LOAD, .width = (uint16_t)width, .attr = version, .arg = {address}});
}

/* ---- Operators ---- */

/* Constants last, the others by id. */
static void order_operands(const struct expr_pool *pool, struct expr *n)
{
	bool const0 = node(pool, n->arg[0])->op == EXPR_CONST, const1 = node(pool, n->arg[1])->op == EXPR_CONST;

	if (const0 != const1 ? const0 : n->arg[0] > n->arg[1]) {
		expr_id first = n->arg[0];

		n->arg[0] = n->arg[1];
		n->arg[1] = first;
	}
}

/* The value of an operator on constants; EXPR_NONE if an operand is none, or the operator cannot be folded. */
static expr_id fold(struct expr_pool *pool, const struct expr *n)
{
	struct bv_op o = {.op = n->op, .width = n->width, .lane = n->lane, .attr = n->attr};
	const uint64_t *arg[EXPR_MAX_ARGS] = {0};
	uint64_t ret[EXPR_MAX_WORDS];

	if (!bv_can(n->op))
		return EXPR_NONE;
	for (unsigned i = 0; i < op_info[n->op].arity; i++) {
		const struct expr *operand = node(pool, n->arg[i]);

		if (operand->op != EXPR_CONST)
			return EXPR_NONE;
		arg[i] = node_words(pool, operand);
		o.arg_width[i] = operand->width;
	}
	bv_apply(&o, ret, arg);
	return expr_const_wide(pool, n->width, ret);
}

expr_id expr_make(struct expr_pool *pool, struct expr n)
{
	for (unsigned i = 0; i < op_info[n.op].arity; i++)
		if (n.arg[i] == EXPR_NONE)
			return EXPR_NONE;
	n.width = (uint16_t)op_width(pool, &n);

	const char *wrong = op_check(pool, &n);
	assert(!wrong);
	(void)wrong;
	if (op_info[n.op].traits & TRAIT_C)
		order_operands(pool, &n);
	if (pool->simplify) {
		expr_id simpler = fold(pool, &n);

		if (!simpler)
			simpler = rewrite(pool, &n);
		if (simpler || pool->failed)
			return simpler;
	}
	return pool_intern(pool, &n, NULL);
}

expr_id expr_unary(struct expr_pool *pool, enum expr_op op, expr_id a)
{
	return expr_make(pool, (struct expr){.op = op, .arg = {a}});
}

expr_id expr_binary(struct expr_pool *pool, enum expr_op op, expr_id a, expr_id b)
{
	return expr_make(pool, (struct expr){.op = op, .arg = {a, b}});
}

expr_id expr_ite(struct expr_pool *pool, expr_id cond, expr_id then, expr_id otherwise)
{
	return expr_make(pool, (struct expr){.op = EXPR_ITE, .arg = {cond, then, otherwise}});
}

expr_id expr_lanes(struct expr_pool *pool, enum expr_op op, unsigned lane, expr_id a, expr_id b, expr_id c)
{
	return expr_make(pool, (struct expr){.op = op, .lane = (uint16_t)lane, .arg = {a, b, c}});
}

expr_id expr_concat(struct expr_pool *pool, expr_id high, expr_id low)
{
	return expr_binary(pool, EXPR_CONCAT, high, low);
}

expr_id expr_extract(struct expr_pool *pool, expr_id a, unsigned low, unsigned width)
{
	return expr_make(pool, (struct expr){.op = EXPR_EXTRACT, .width = (uint16_t)width, .attr = low, .arg = {a}});
}

expr_id expr_zext(struct expr_pool *pool, expr_id a, unsigned width)
{
	return expr_make(pool, (struct expr){.op = EXPR_ZEXT, .width = (uint16_t)width, .arg = {a}});
}

expr_id expr_sext(struct expr_pool *pool, expr_id a, unsigned width)
{
	return expr_make(pool, (struct expr){.op = EXPR_SEXT, .width = (uint16_t)width, .arg = {a}});
}

expr_id expr_ne(struct expr_pool *pool, expr_id a, expr_id b)
{
	return expr_not(pool, expr_eq(pool, a, b));
}

expr_id expr_is_zero(struct expr_pool *pool, expr_id a)
{
	return a ? expr_eq(pool, a, expr_const(pool, expr_width(pool, a), 0)) : EXPR_NONE;
}

expr_id expr_bit(struct expr_pool *pool, expr_id a, unsigned index)
{
	return expr_extract(pool, a, index, 1);
}

expr_id expr_msb(struct expr_pool *pool, expr_id a)
{
	return a ? expr_extract(pool, a, expr_width(pool, a) - 1, 1) : EXPR_NONE;
}

expr_id expr_fit(struct expr_pool *pool, expr_id a, unsigned width)
{
	if (!a || width == expr_width(pool, a))
		return a;
	return width < expr_width(pool, a) ? expr_extract(pool, a, 0, width) : expr_zext(pool, a, width);
}

static void put_lane(uint64_t *words, unsigned lane, unsigned i, uint64_t value)
{
	words[i * lane / 64] |= value << i * lane % 64;
}

expr_id expr_splat(struct expr_pool *pool, unsigned width, unsigned lane, uint64_t value)
{
	uint64_t words[EXPR_MAX_WORDS] = {0};

	for (unsigned i = 0; i < width / lane; i++)
		put_lane(words, lane, i, value & UINT64_MAX >> (64 - lane));
	return expr_const_wide(pool, width, words);
}

expr_id expr_permute(struct expr_pool *pool, unsigned width, unsigned lane, expr_id a, const uint8_t *index)
{
	uint64_t words[EXPR_MAX_WORDS] = {0};

	for (unsigned i = 0; i < width / lane; i++)
		put_lane(words, lane, i, index[i]);
	return expr_lanes(pool, EXPR_VPERM, lane, a, expr_const_wide(pool, width, words), EXPR_NONE);
}

/* ---- Questions ---- */

bool expr_is_const(const struct expr_pool *pool, expr_id id, uint64_t *ret)
{
	const struct expr *n = node(pool, id);

	if (!id || n->op != EXPR_CONST || n->width > 64)
		return false;
	if (ret)
		*ret = n->value;
	return true;
}

bool expr_const_words(const struct expr_pool *pool, expr_id id, uint64_t *ret)
{
	const struct expr *n = node(pool, id);

	if (!id || n->op != EXPR_CONST)
		return false;
	memcpy(ret, node_words(pool, n), bv_words(n->width) * sizeof *ret);
	return true;
}
