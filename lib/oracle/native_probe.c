/* What the host's CPU makes of bytes as an instruction: many in one turn of the runner. */
#include <string.h>

#include "lib/oracle/native_parts.h"

/* Processes that may be lost to the probes of one call. */
enum { MAX_LOST = 64 };

/* Those that point to data, some of them as far apart as an image of the x87's state is long. */
static const struct {
	const char *name;
	int16_t offset; /* from the middle of the page of data */
} pointers[] = {{"rbx", -1024}, {"rsp", 1024}, {"rbp", -512}, {"rsi", -1536}, {"rdi", 0}};

static struct error *set_registers(const struct native *n, struct state *ret)
{
	const struct isa *isa = n->base.isa;
	uint32_t reg;

	sets_read_initial(&n->sets, ret);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if (isa->regs[r].class == REG_GENERAL)
			state_set(ret, r, 0);
	}
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		if (!isa_find_reg(isa, pointers[i].name, 3, &reg))
			return error_create(ERROR_BUG, "no register %s", pointers[i].name);
		state_set(ret, reg, runner_probe_data() + (uint64_t)pointers[i].offset);
	}
	if (!isa_find_reg(isa, "rcx", 3, &reg))
		return error_create(ERROR_BUG, "no register rcx");
	state_set(ret, reg, 1);
	return NULL;
}

static void put_probe(const struct oracle_probe *p, struct runner_probe *ret)
{
	*ret = (struct runner_probe){.pc = runner_probe_end() - p->len};
	memcpy(ret->bytes + sizeof ret->bytes - p->len, p->bytes, p->len);
}

/*
 * A page fault at the page's end is of the fetch: of more of the instruction, or of the next one where the trap of the
 * single step was lost.
 */
static void get_probe(const struct runner_probe *done, struct oracle_probe *ret)
{
	bool at_end = done->signal == SIGSEGV && done->address == runner_probe_end();

	ret->moved = 0;
	ret->signal = done->signal;
	ret->code = done->code;
	if (done->signal == SIGILL)
		ret->end = ORACLE_PROBE_REFUSED;
	else if (at_end && done->after == done->pc)
		ret->end = ORACLE_PROBE_LONGER;
	else if (done->signal == SIGTRAP || done->signal == SIGSYS || at_end)
		ret->end = ORACLE_PROBE_DONE;
	else
		ret->end = ORACLE_PROBE_FAULT;
	if (ret->end == ORACLE_PROBE_DONE)
		ret->moved = (int64_t)(done->after - done->pc);
}

/* Up to RUNNER_MAX_PROBES of them; *ret: so many are done with; of the last, the process may have died. */
static struct error *run_some(struct native *n, struct oracle_probe *probes, size_t num, size_t *ret)
{
	struct runner_probe list[RUNNER_MAX_PROBES];
	const struct set *general = &n->sets.at[SET_GENERAL], *xsave = &n->sets.at[SET_XSAVE];
	size_t done = 0;

	if (!native_have_runner(n))
		return error_create(ERROR_UNSUPPORTED, "%s", host_reason(HOST_RUNNER));
	for (size_t i = 0; i < num; i++)
		put_probe(&probes[i], &list[i]);
	struct error *err = runner_probe(&n->runner, general->wanted, xsave->wanted, xsave->len, list, num, &done);
	if (err)
		return err;
	for (size_t i = 0; i < done; i++)
		get_probe(&list[i], &probes[i]);
	if (done < num) {
		runner_stop(&n->runner);
		probes[done++].end = ORACLE_PROBE_OPEN;
	}
	*ret = done;
	return NULL;
}

struct error *native_run_probes(struct oracle *o, struct oracle_probe *probes, size_t num)
{
	struct native *n = (struct native *)o;
	struct state before;
	unsigned lost = 0;
	struct error *err = state_init(&before, o->isa);

	if (!err)
		err = set_registers(n, &before);
	if (!err)
		sets_load(&n->sets, &before);
	n->sets_known = false;
	for (size_t at = 0; at < num && !err;) {
		size_t some = num - at < RUNNER_MAX_PROBES ? num - at : RUNNER_MAX_PROBES, done;
		err = run_some(n, probes + at, some, &done);
		if (err)
			break;
		at += done;
		lost += probes[at - 1].end == ORACLE_PROBE_OPEN;
		if (lost > MAX_LOST)
			err = error_create(ERROR_TARGET, "more than %d probes end the oracle's process", MAX_LOST);
	}
	state_deinit(&before);
	return err;
}
