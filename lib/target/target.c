#include "lib/target/target.h"

void target_destroy(struct target *t)
{
	if (!t)
		return;
	vec_deinit(&t->unbacked);
	t->ops->destroy(t);
}

static struct error *explain(struct target *t, struct error *err)
{
	return err && t->ops->explain ? t->ops->explain(t, err) : err;
}

struct error *target_read_regs(struct target *t, struct state *ret)
{
	return explain(t, t->ops->read_regs(t, ret));
}

struct error *target_write_regs(struct target *t, const struct state *from, const uint32_t *regs, size_t num_regs)
{
	return num_regs ? explain(t, t->ops->write_regs(t, from, regs, num_regs)) : NULL;
}

struct error *target_set_unbacked(struct target *t, const struct target_range *ranges, size_t num)
{
	if (num && !vec_reserve(&t->unbacked, num))
		return &error_no_memory;
	for (size_t i = 0; i < num; i++)
		t->unbacked.at[i] = ranges[i];
	t->unbacked.len = num;
	return NULL;
}

/* How many of len bytes from address on come before anything that is not backed. */
static size_t backed(const struct target *t, uint64_t address, size_t len)
{
	for (size_t i = 0; i < t->unbacked.len; i++) {
		const struct target_range *r = &t->unbacked.at[i];

		if (address - r->start < r->len)
			return 0;
		if (r->len && r->start - address < len)
			len = (size_t)(r->start - address);
	}
	return len;
}

struct error *target_read_memory(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	*ret_len = 0;
	len = backed(t, address, len);
	return len ? explain(t, t->ops->read_memory(t, address, ret, len, ret_len)) : NULL;
}

struct error *target_write_memory(struct target *t, uint64_t address, const void *data, size_t len)
{
	size_t there = backed(t, address, len);

	if (there < len)
		return error_fault(address + there);
	return len ? explain(t, t->ops->write_memory(t, address, data, len)) : NULL;
}

struct error *target_has_own(struct target *t, uint64_t address, uint64_t len, bool *ret)
{
	*ret = false;
	return t->ops->has_own ? t->ops->has_own(t, address, len, ret) : NULL;
}

struct error *target_map(struct target *t, target_mappings *ret, bool *ret_known)
{
	*ret_known = t->ops->map;
	return t->ops->map ? explain(t, t->ops->map(t, ret)) : NULL;
}

struct error *target_step(struct target *t, int signal, struct stop *ret)
{
	return explain(t, t->ops->step(t, signal, ret));
}

struct error *target_try_overruns(struct target *t)
{
	return t->overruns && t->ops->try_overruns ? explain(t, t->ops->try_overruns(t)) : NULL;
}

struct error *target_run_to(struct target *t, uint64_t address, struct stop *ret)
{
	return explain(t, t->ops->run_to(t, address, ret));
}

struct error *target_set_break(struct target *t, uint64_t address, bool on)
{
	if (!t->ops->set_break)
		return error_create(ERROR_UNSUPPORTED, "%s has no breakpoints", t->identity);
	return explain(t, t->ops->set_break(t, address, on));
}

struct error *target_resume(struct target *t, int signal, struct stop *ret)
{
	if (!t->ops->resume)
		return error_create(ERROR_UNSUPPORTED, "%s has no breakpoints", t->identity);
	return explain(t, t->ops->resume(t, signal, ret));
}

static bool is_possible(const struct target *t, const struct target_plan *plan)
{
	if (plan->num_reads > OBSERVED_MAX_READS || plan->num_regs > TARGET_MAX_REGS)
		return false;
	for (unsigned i = 0; i < plan->num_reads; i++)
		if (!plan->read[i].len || plan->read[i].len > sizeof(((struct observed *)0)->memory[0]))
			return false;
	for (unsigned i = 0; i < plan->num_regs; i++)
		if (plan->reg[i] >= t->isa->num_regs)
			return false;
	return true;
}

struct error *target_submit(struct target *t, const struct target_plan *plans, size_t num_plans)
{
	if (num_plans > t->max_ahead)
		return error_create(ERROR_BUG, "%zu steps submitted at once, the target takes %zu", num_plans,
				    t->max_ahead);
	for (size_t i = 0; i < num_plans; i++)
		if (!is_possible(t, &plans[i]))
			return error_create(ERROR_BUG, "submitted step %zu: a read that cannot be", i);
	return num_plans ? explain(t, t->ops->submit(t, plans, num_plans)) : NULL;
}

struct error *target_collect(struct target *t, struct state *regs, struct observed *ret)
{
	return explain(t, t->ops->collect(t, regs, ret));
}

struct error *target_flow(struct target *t, bool on)
{
	if (t->ops->flow)
		return explain(t, t->ops->flow(t, on));
	return on ? error_create(ERROR_UNSUPPORTED, "%s is stepped, it does not flow", t->identity) : NULL;
}

struct error *target_interrupt(struct target *t)
{
	return t->ops->interrupt && t->running ? explain(t, t->ops->interrupt(t)) : NULL;
}
