/* The two ways to run a case once: a step of a traced process, and the runner. */
#include <string.h>

#include "lib/oracle/native_parts.h"

/* ---- Registers of the traced process ---- */

/* Vector and float sets are large: they are written only where they are not as the last case left them. */
static struct error *store_sets(struct native *n)
{
	for (int i = SET_GENERAL; i < NUM_SETS; i++) {
		struct set *set = &n->sets.at[i];
		if (!set->len || (i != SET_GENERAL && n->sets_known && !sets_differ(&n->sets, i)))
			continue;
		if (i == SET_XSAVE)
			sets_use_all(set->wanted);
		struct error *err = tracee_set(&n->tracee, set->nt, set->wanted, set->len);
		if (err)
			return err;
	}
	n->sets_known = true;
	return NULL;
}

static struct error *fetch_sets(struct native *n)
{
	for (int i = 0; i < NUM_SETS; i++) {
		struct set *set = &n->sets.at[i];
		size_t len = set->len;
		struct error *err = len ? tracee_get(&n->tracee, set->nt, set->actual, &len) : NULL;
		if (err)
			return err;
	}
	return NULL;
}

/* The instruction changed what cannot be set back. */
static bool is_stale(const struct native *n, const struct oracle_outcome *out, const struct state *before)
{
	const struct isa *isa = n->base.isa;

	if (out->end != ORACLE_STEPPED)
		return out->end == ORACLE_SYSCALL;
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if (isa->regs[r].class == REG_SYSTEM && state_known(&out->after, r) &&
		    state_get(&out->after, r) != state_get(before, r))
			return true;
	}
	return false;
}

/* ---- The bytes that run ---- */

void native_fill(struct native *n, struct pages *p, const struct oracle_case *c, enum guard guard)
{
	uint8_t forced[ISA_MAX_INSN_LEN];
	struct patch *patch = &n->patch;
	bool other = force_insn(&n->force, n->base.isa, c, forced);

	pages_fill(p, c);
	n->guard = guard;
	for (size_t i = 0; i <= c->len; i++) {
		uint8_t *byte = pages_at(p, c->pc + i);
		if (!byte)
			continue;
		patch->was[i] = *byte;
		if (i == c->len && *byte == ORACLE_STOP && c->stop == c->pc + i)
			n->guard = GUARD_INT3;
		else if (i == c->len && guard)
			*byte = (uint8_t)guard;
		else if (i < c->len && other)
			*byte = forced[i];
		patch->is[i] = *byte;
	}
}

/* What the instruction left of memory. A patched byte that it did not write is the case's again. */
static void read_pages(struct native *n, struct pages *p, const struct oracle_case *c, struct oracle_outcome *ret)
{
	for (size_t i = 0; i <= c->len; i++) {
		uint8_t *byte = pages_at(p, c->pc + i);
		if (byte && *byte == n->patch.is[i])
			*byte = n->patch.was[i];
	}
	pages_read(p, c, ret);
	pages_entered(p);
}

/* ---- How it ended ---- */

/* INT1 of x86-64, behind prefixes. */
static bool is_int1(const struct native *n, const struct oracle_case *c)
{
	return host_need(n->base.isa, c->bytes, c->len) == HOST_INT1;
}

/*
 * The trap of a single step. Virtual machines sometimes lose the bit that tells it from other debug traps, of which
 * only INT1 moves the PC. Where a transaction that aborts goes on there is none; there may be no code either.
 */
static bool is_step(const struct native *n, const struct oracle_case *c, const siginfo_t *info)
{
	uint64_t pc = sets_pc(&n->sets);

	if (info->si_signo == SIGSEGV && pc != c->pc && (uint64_t)(uintptr_t)info->si_addr == pc)
		return true;
	if (info->si_signo != SIGTRAP)
		return false;
	return info->si_code == TRAP_TRACE || (info->si_code == TRAP_BRKPT && !is_int1(n, c) && pc != c->pc);
}

/* The step's trap was lost, and what stands behind the instruction has run. An INT3 is reported behind it. */
static bool is_at_guard(struct native *n, const struct oracle_case *c, const siginfo_t *info)
{
	uint64_t pc = sets_pc(&n->sets), behind = c->pc + c->len;

	if (n->guard == GUARD_INT3 && info->si_signo == SIGTRAP && info->si_code == SI_KERNEL && pc == behind + 1) {
		sets_put_pc(&n->sets, behind);
		return true;
	}
	return n->guard == GUARD_HLT && info->si_signo == SIGSEGV && info->si_code == SI_KERNEL && pc == behind;
}

static bool is_done(struct native *n, const struct oracle_case *c, const siginfo_t *info)
{
	return is_at_guard(n, c, info) || is_step(n, c, info);
}

static void report_end(enum oracle_end end, const siginfo_t *info, struct oracle_outcome *ret)
{
	bool signal = end == ORACLE_SIGNAL;

	ret->end = end;
	ret->signal = signal ? info->si_signo : 0;
	ret->code = signal ? info->si_code : 0;
	ret->address = signal ? (uint64_t)(uintptr_t)info->si_addr : 0;
	ret->reason = NULL;
}

/* Registers and memory; the end is known. */
static void read_outcome(struct native *n, struct pages *p, const struct oracle_case *c, struct oracle_outcome *ret)
{
	uint32_t result = n->base.isa->sys.result;

	sets_read(&n->sets, c->before, &ret->after);
	/* At the entry the kernel has already put "no such call" there, and INT 80 takes 32 bits of the number. */
	if (ret->end == ORACLE_SYSCALL)
		state_set(&ret->after, result, state_get(c->before, result));
	read_pages(n, p, c, ret);
}

/* ---- The traced process ---- */

static struct error *map_in_tracee(void *process, uint64_t address, size_t index, int prot, uint8_t *data)
{
	return tracee_map(process, address, index, prot, data);
}

static struct error *unmap_in_tracee(void *process, uint64_t address)
{
	return tracee_unmap(process, address, MEMORY_PAGE);
}

static struct error *move_stub(void *process, struct pages *p)
{
	struct tracee *t = process;

	return pages_wanted(p, t->stub) ? tracee_move_stub(t, pages_wanted, p) : NULL;
}

static const struct pages_ops tracee_pages = {map_in_tracee, unmap_in_tracee};

struct error *native_start(struct native *n)
{
	struct error *err = tracee_start(&n->tracee, n->base.isa, n->pool_fd);

	pages_init(&n->traced, &tracee_pages, &n->tracee, n->pool);
	n->stale = false;
	for (int i = 0; i < NUM_SETS && !err; i++) {
		struct set *set = &n->sets.at[i];
		if (set->len)
			err = tracee_get(&n->tracee, set->nt, set->initial, &set->len);
		if (!err && i == SET_GENERAL)
			memcpy(set->initial, n->tracee.general, set->len);
		if (!err && set->len)
			memcpy(set->actual, set->initial, set->len);
	}
	n->sets_known = true;
	return err;
}

/* As tracee_step(), on a host as it is forced to be. */
static struct error *step(struct native *n, const struct oracle_case *c, enum tracee_stop *ret, siginfo_t *ret_info)
{
	if (force_refuses(&n->force, state_get(c->before, n->base.isa->sp))) {
		*ret_info = (siginfo_t){.si_signo = SIGSEGV, .si_code = SI_KERNEL};
		*ret = TRACEE_SIGNAL;
		return NULL;
	}
	struct error *err = tracee_step(&n->tracee, false, ret, ret_info);
	if (!err && *ret == TRACEE_STEPPED && force_loses(&n->force, c, pages_fresh(&n->traced)))
		err = tracee_step(&n->tracee, false, ret, ret_info);
	return err;
}

static struct error *run_traced(struct native *n, const struct oracle_case *c, enum guard guard,
				struct oracle_outcome *ret)
{
	static const enum oracle_end ends[] = {
		[TRACEE_STEPPED] = ORACLE_STEPPED, [TRACEE_SIGNAL] = ORACLE_SIGNAL, [TRACEE_SYSCALL] = ORACLE_SYSCALL};
	enum tracee_stop stop;
	siginfo_t info;

	n->traced.touch = !n->fresh;
	struct error *err = pages_map(&n->traced, c, move_stub);
	if (err)
		return err;
	native_fill(n, &n->traced, c, guard);
	sets_load(&n->sets, c->before);
	if (n->has_nt && n->force.bits & ORACLE_FORCE_NO_NT)
		sets_put_wanted(&n->sets, n->nt, 0);
	err = store_sets(n);
	if (!err)
		err = step(n, c, &stop, &info);
	if (!err)
		err = fetch_sets(n);
	if (err)
		return err;
	report_end(stop == TRACEE_SIGNAL && is_done(n, c, &info) ? ORACLE_STEPPED : ends[stop], &info, ret);
	read_outcome(n, &n->traced, c, ret);
	n->stale = is_stale(n, ret, c->before);
	return NULL;
}

struct error *native_trace(struct native *n, const struct oracle_case *c, enum guard guard, struct oracle_outcome *ret)
{
	struct error *err = NULL;

	if (n->stale)
		tracee_stop(&n->tracee);
	if (!n->tracee.pid)
		err = native_start(n);
	if (!err)
		err = run_traced(n, c, guard, ret);
	/* Whatever went wrong half-way: the next case starts from a process that is as it should be. */
	if (err)
		n->stale = true;
	return err;
}

/* ---- The runner ---- */

static const struct pages_ops runner_pages = {runner_map, runner_unmap};

/* A runner, if there can be one. It loads segment bases itself. */
bool native_have_runner(struct native *n)
{
	if (n->runner.process.pid)
		return true;
	if (n->no_runner || n->host.lacks[HOST_RUNNER] || n->host.lacks[HOST_FSGSBASE])
		return false;
	pages_init(&n->run, &runner_pages, &n->runner, n->pool);
	struct error *err = runner_start(&n->runner, n->base.isa, n->pool_fd, POOL_RUNNER,
					 n->pool + POOL_RUNNER * MEMORY_PAGE);
	n->no_runner = err != NULL;
	error_destroy(err);
	return !err;
}

/* Of the case, pages and segment bases: these are user addresses. */
static bool fits_runner(const struct native *n, const struct oracle_case *c)
{
	const struct isa *isa = n->base.isa;

	if (runner_has(c->pc & -(uint64_t)MEMORY_PAGE))
		return false;
	for (size_t i = 0; i < c->num_ranges; i++) {
		for (uint64_t at = 0; at < c->ranges[i].len; at += MEMORY_PAGE) {
			if (runner_has((c->ranges[i].address + at) & -(uint64_t)MEMORY_PAGE))
				return false;
		}
	}
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if (isa->regs[r].class == REG_SEGMENT && state_get(c->before, r) >> 47)
			return false;
	}
	return true;
}

bool native_suits_runner(struct native *n, const struct oracle_case *c)
{
	return fits_runner(n, c) && native_have_runner(n);
}

/* There is an INT3 where the instruction leads to. */
static bool has_stop(struct native *n, const struct oracle_case *c)
{
	const uint8_t *byte = c->stop ? pages_at(&n->run, c->stop) : NULL;

	return byte && *byte == ORACLE_STOP;
}

/*
 * How the runner's instruction ended; false: it went where it was not expected to go, and nobody knows what it did
 * there. An INT3 is reported behind it, and taken back.
 */
static bool runner_end(struct native *n, const struct oracle_case *c, bool stepped, const siginfo_t *info,
		       enum oracle_end *ret)
{
	uint64_t pc = sets_pc(&n->sets);

	*ret = info->si_signo == SIGSYS ? ORACLE_SYSCALL : ORACLE_SIGNAL;
	if (info->si_signo == SIGTRAP && pc == c->stop + 1 && c->stop && pc != c->pc + 1) {
		sets_put_pc(&n->sets, c->stop);
		*ret = ORACLE_STEPPED;
		return true;
	}
	if (stepped && is_done(n, c, info))
		*ret = ORACLE_STEPPED;
	return stepped || pc == c->pc || pc == c->pc + c->len;
}

/* As runner_run(), on a host as it is forced to be. */
static struct error *turn(struct native *n, const struct oracle_case *c, bool stepped, siginfo_t *ret_info)
{
	struct set *general = &n->sets.at[SET_GENERAL], *xsave = &n->sets.at[SET_XSAVE];

	memcpy(general->actual, general->wanted, general->len);
	memcpy(xsave->actual, xsave->wanted, xsave->len);
	n->sets_known = false;
	struct error *err = runner_run(&n->runner, general->actual, xsave->actual, xsave->len, stepped, ret_info);
	if (!err && stepped && is_step(n, c, ret_info) && force_loses(&n->force, c, pages_fresh(&n->run)))
		err = runner_run(&n->runner, general->actual, xsave->actual, xsave->len, stepped, ret_info);
	return err;
}

static struct error *run_in_runner(struct native *n, const struct oracle_case *c, enum guard guard,
				   struct oracle_outcome *ret, bool *ret_done)
{
	enum oracle_end end;
	siginfo_t info;

	*ret_done = false;
	n->run.touch = !n->fresh;
	struct error *err = pages_map(&n->run, c, NULL);
	if (err)
		return err;
	bool straight = c->way == ORACLE_STRAIGHT;
	native_fill(n, &n->run, c, straight ? GUARD_NONE : guard);
	bool stepped = !straight || !has_stop(n, c);
	sets_load(&n->sets, c->before);
	err = turn(n, c, stepped, &info);
	if (err)
		return err;
	*ret_done = runner_end(n, c, stepped, &info, &end);
	if (!*ret_done)
		return NULL;
	report_end(end, &info, ret);
	read_outcome(n, &n->run, c, ret);
	return NULL;
}

struct error *native_run_untraced(struct native *n, const struct oracle_case *c, enum guard guard,
				  struct oracle_outcome *ret, bool *ret_done)
{
	struct error *err = run_in_runner(n, c, guard, ret, ret_done);

	/* Pages half mapped, say: begin anew. */
	if (err || !*ret_done)
		runner_stop(&n->runner);
	if (err && !error_is(err, ERROR_TIMEOUT)) {
		error_destroy(err);
		err = NULL;
	}
	return err;
}
