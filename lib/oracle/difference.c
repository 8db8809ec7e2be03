#include "lib/oracle/difference.h"

#include "lib/state/state.h"

static const struct eval_reg *find_reg(const struct eval *e, uint32_t reg)
{
	for (size_t i = 0; i < e->num_regs; i++) {
		if (e->regs[i].reg == reg)
			return &e->regs[i];
	}
	return NULL;
}

/* A register that a model does not write keeps its value. */
static void compare_words(uint64_t right, uint64_t right_mask, uint64_t wrong, uint64_t wrong_mask,
			  struct difference *ret)
{
	uint64_t differ = right ^ wrong;

	ret->visible |= (differ & ~right_mask & ~wrong_mask) != 0;
	ret->masked |= (right_mask & (differ | ~wrong_mask)) != 0;
	ret->weaker |= (wrong_mask & ~right_mask) != 0;
}

static void compare_reg(const struct difference_sides *s, uint32_t reg, struct difference *ret)
{
	const struct reg_desc *desc = &s->isa->regs[reg];
	const struct eval_reg *right = find_reg(s->right, reg), *wrong = find_reg(s->wrong, reg);

	if (!right && !wrong)
		return;
	for (unsigned i = 0; i < reg_words(desc); i++) {
		uint64_t old = s->before[desc->word + i];
		compare_words(right ? right->value[i] : old, right && right->mask ? right->mask[i] : 0,
			      wrong ? wrong->value[i] : old, wrong && wrong->mask ? wrong->mask[i] : 0, ret);
	}
}

/* A byte of memory after the stores of e. */
static void byte_after(const struct difference_sides *s, const struct eval *e, uint64_t address, uint8_t *value,
		       uint8_t *mask)
{
	*value = s->byte_before(s->ctx, address);
	*mask = 0;
	for (size_t i = 0; i < e->num_stores; i++) {
		const struct eval_store *store = &e->stores[i];
		if (address - store->address >= store->len)
			continue;
		*value = store->data[address - store->address];
		*mask = store->masked ? store->mask[address - store->address] : 0;
	}
}

static void compare_stores(const struct difference_sides *s, const struct eval *of, struct difference *ret)
{
	for (size_t i = 0; i < of->num_stores; i++) {
		for (unsigned k = 0; k < of->stores[i].len; k++) {
			uint64_t address = of->stores[i].address + k;
			uint8_t right, right_mask, wrong, wrong_mask;

			byte_after(s, s->right, address, &right, &right_mask);
			byte_after(s, s->wrong, address, &wrong, &wrong_mask);
			compare_words(right, right_mask, wrong, wrong_mask, ret);
		}
	}
}

static const struct eval_bound *find_bound(const struct eval *e, const struct eval_bound *like)
{
	for (size_t i = 0; i < e->num_bounds; i++)
		if (e->bounds[i].reg == like->reg && e->bounds[i].first == like->first)
			return &e->bounds[i];
	return NULL;
}

static bool is_open(const struct eval *e, const struct eval_bound *b)
{
	const struct eval_reg *r = find_reg(e, b->reg);

	return r && r->mask && r->mask[b->first / 64] >> b->first % 64 & 1;
}

/* A mutant that leaves the bits open without a bound is weaker; one with another bound says something else. */
static void compare_bounds(const struct difference_sides *s, struct difference *ret)
{
	for (size_t i = 0; i < s->right->num_bounds; i++) {
		const struct eval_bound *right = &s->right->bounds[i];
		const struct eval_bound *wrong = find_bound(s->wrong, right);
		ret->weaker |= !wrong && is_open(s->wrong, right);
		ret->visible |= wrong && (wrong->bound.shift != right->bound.shift || wrong->arg[0] != right->arg[0] ||
					  wrong->arg[1] != right->arg[1]);
	}
}

static void compare_hidden(const struct difference_sides *s, uint32_t reg, struct difference *ret)
{
	struct difference here = {0};

	compare_reg(s, reg, &here);
	ret->hidden |= here.visible || here.weaker;
	ret->masked |= here.masked;
}

void difference_add(const struct difference_sides *s, struct difference *ret)
{
	for (uint32_t reg = 0; reg < s->isa->num_regs; reg++)
		if (!s->is_shown || s->is_shown(s->ctx, reg))
			compare_reg(s, reg, ret);
		else
			compare_hidden(s, reg, ret);
	compare_bounds(s, ret);
	compare_stores(s, s->right, ret);
	compare_stores(s, s->wrong, ret);
}
