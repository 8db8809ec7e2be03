#include "lib/record/tracee.h"

#include <stdio.h>

void tracee_destroy(struct tracee *t)
{
	if (t)
		t->ops->destroy(t);
}

struct error *tracee_go(struct tracee *t, int signal)
{
	return t->ops->go(t, signal);
}

struct error *tracee_wait(struct tracee *t, struct native_stop *ret)
{
	return t->ops->wait(t, ret);
}

struct error *tracee_resume(struct tracee *t, int signal, struct native_stop *ret)
{
	struct error *err = tracee_go(t, signal);

	return err ? err : tracee_wait(t, ret);
}

struct error *tracee_deliver(struct tracee *t, int signal, uint64_t handler, struct native_stop *ret)
{
	return t->ops->deliver(t, signal, handler, ret);
}

struct error *tracee_hold(struct tracee *t, int signal, bool *ret)
{
	*ret = false;
	return t->ops->hold ? t->ops->hold(t, signal, ret) : NULL;
}

struct error *tracee_deny(struct tracee *t, int errnum)
{
	return t->ops->deny(t, errnum);
}

struct error *tracee_answer(struct tracee *t, int64_t result)
{
	return t->ops->answer ? t->ops->answer(t, result) : NULL;
}

struct error *tracee_make_gate_call(struct tracee *t, int64_t *ret, bool *ret_made)
{
	return t->ops->make_gate_call(t, ret, ret_made);
}

uint64_t tracee_number(const struct tracee *t)
{
	return t->ops->number(t);
}

uint64_t tracee_reg(const struct tracee *t, uint32_t reg)
{
	return t->ops->reg(t, reg);
}

struct error *tracee_read(struct tracee *t, uint64_t address, void *ret, size_t len)
{
	size_t got = 0;
	struct error *err = tracee_read_some(t, address, ret, len, &got);

	return err || got == len ? err : error_fault(address + got);
}

struct error *tracee_read_some(struct tracee *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	return t->ops->read_some(t, address, ret, len, ret_len);
}

struct error *tracee_read_ranges(struct tracee *t, const struct native_range *ranges, size_t num, void *ret)
{
	return t->ops->read_ranges(t, ranges, num, ret);
}

struct error *tracee_mappings(struct tracee *t, struct evlog_header *h)
{
	return t->ops->mappings(t, h);
}

void tracee_proc_path(const struct tracee *t, const char *name, char ret[NATIVE_PROC_LEN])
{
	snprintf(ret, NATIVE_PROC_LEN, "/proc/%d/%s", (int)t->pid, name);
}
