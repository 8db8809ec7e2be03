#include "lib/expr/eval.h"
#include "lib/expr/live.h"

struct checker {
	const struct transfer *t;
	const struct expr_pool *pool;
	const struct reg_layout *layout;
};

static struct error *bug(const char *what, unsigned long number)
{
	return error_create(ERROR_BUG, "%s (%lu)", what, number);
}

static bool has_width(const struct checker *c, uint32_t reg, unsigned width)
{
	return !c->layout || (reg < c->layout->num_regs && c->layout->width[reg] == width);
}

static struct error *check_node(const struct checker *c, expr_id id)
{
	const struct expr *n = node(c->pool, id);

	for (unsigned i = 0; i < EXPR_MAX_ARGS; i++)
		if (n->arg[i] >= id)
			return bug("an operand that is made after its user", id);

	const char *wrong = op_check(c->pool, n);
	if (wrong)
		return bug(wrong, id);
	if (n->op == EXPR_REG && !has_width(c, n->attr, n->width))
		return bug("a register is read with another width", n->attr);
	if (n->op == EXPR_LOAD && n->attr > c->t->stores.len)
		return bug("a load sees stores that do not exist", id);
	return NULL;
}

static bool is_id(const struct checker *c, expr_id id)
{
	return id && id < c->pool->nodes.len;
}

static struct error *check_regs(const struct checker *c)
{
	const struct transfer *t = c->t;

	for (size_t i = 0; i < t->regs.len; i++) {
		const struct transfer_reg *r = &t->regs.at[i];

		if (!is_id(c, r->value))
			return bug("a register gets no value", r->reg);
		if (!has_width(c, r->reg, expr_width(c->pool, r->value)))
			return bug("a register is written with another width", r->reg);
		for (size_t k = 0; k < i; k++)
			if (t->regs.at[k].reg == r->reg)
				return bug("a register is written twice", r->reg);
	}
	return NULL;
}

static bool is_condition(const struct checker *c, expr_id id)
{
	return is_id(c, id) && expr_width(c->pool, id) == 1;
}

static struct error *check_events(const struct checker *c)
{
	const struct transfer *t = c->t;

	for (size_t i = 0; i < t->faults.len; i++) {
		enum fault_kind kind = t->faults.at[i].kind;

		if (!is_condition(c, t->faults.at[i].cond))
			return bug("a fault's condition is not of one bit", i);
		if (kind <= FAULT_NONE || kind >= FAULT_PAGE)
			return bug("a fault of a kind that transfers cannot have", i);
	}
	for (size_t i = 0; i < t->stores.len; i++) {
		const struct transfer_store *s = &t->stores.at[i];

		if (s->guard && !is_condition(c, s->guard))
			return bug("a store's guard is not of one bit", i);
		if (!is_id(c, s->address) || expr_width(c->pool, s->address) != 64)
			return bug("a store's address is not of 64 bits", i);
		if (!is_id(c, s->value) || expr_width(c->pool, s->value) % 8)
			return bug("a store's value is not of whole bytes", i);
	}
	for (size_t i = 0; i < t->loads.len; i++)
		if (!is_id(c, t->loads.at[i]) || node(c->pool, t->loads.at[i])->op != EXPR_LOAD)
			return bug("what is listed as a load is none", i);
	return NULL;
}

static bool has_operands(const struct checker *c, const struct transfer_bound *b)
{
	unsigned num = fp_function_operands(b->bound.function), width = fp_width(b->bound.format);

	for (unsigned i = 0; i < 2; i++)
		if (i < num ? !is_id(c, b->arg[i]) || expr_width(c->pool, b->arg[i]) != width : b->arg[i] != EXPR_NONE)
			return false;
	return true;
}

static struct error *check_bounds(const struct checker *c)
{
	const struct transfer *t = c->t;

	for (size_t i = 0; i < t->bounds.len; i++) {
		const struct transfer_bound *b = &t->bounds.at[i];
		unsigned width = expr_width(c->pool, transfer_get_reg(t, b->reg));

		if (b->bound.function >= FP_NUM_FUNCTIONS || b->bound.format >= FP_NUM_FORMATS)
			return bug("a bound of an unknown function or format", i);
		if (b->first + fp_width(b->bound.format) > width)
			return bug("a bound is on bits that are not written", b->reg);
		if (!has_operands(c, b))
			return bug("a bound's operands are not those of its function", i);
		if (b->when && !is_condition(c, b->when))
			return bug("a bound's condition is not of one bit", i);
	}
	return NULL;
}

/* No load in store `index` may see that store or a later one. */
static struct error *check_order(const struct checker *c, size_t index)
{
	const struct transfer_store *s = &c->t->stores.at[index];
	struct error *err = NULL;
	struct roots roots = {0};

	roots_add(&roots, s->guard);
	roots_add(&roots, s->address);
	roots_add(&roots, s->value);
	uint32_t *uses = live_uses(c->pool, &roots);
	if (!uses)
		err = &error_no_memory;
	for (expr_id id = 1; !err && id < c->pool->nodes.len; id++)
		if (uses[id] && node(c->pool, id)->op == EXPR_LOAD && node(c->pool, id)->attr > index)
			err = bug("a store depends on a load that comes after it", index);
	free(uses);
	roots_deinit(&roots);
	return err;
}

static struct error *check_nodes(const struct checker *c)
{
	struct error *err = NULL;
	struct roots roots = {0};

	roots_add_transfer(&roots, c->t);
	uint32_t *uses = live_uses(c->pool, &roots);
	if (!uses)
		err = &error_no_memory;
	for (expr_id id = 1; !err && id < c->pool->nodes.len; id++)
		if (uses[id])
			err = check_node(c, id);
	free(uses);
	roots_deinit(&roots);
	return err;
}

struct error *transfer_verify(const struct transfer *t, const struct reg_layout *layout)
{
	struct checker c = {.t = t, .pool = t->pool, .layout = layout};
	struct error *err = expr_pool_error(t->pool);

	if (!err)
		err = check_regs(&c);
	if (!err)
		err = check_events(&c);
	if (!err)
		err = check_bounds(&c);
	if (!err)
		err = check_nodes(&c);
	for (size_t i = 0; !err && i < t->stores.len; i++)
		err = check_order(&c, i);
	return err;
}
