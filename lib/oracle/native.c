/*
 * The host's CPU as an oracle, by one of two processes: a traced one, which sees whatever an instruction does, and for
 * what is known to be harmless one that is not traced (the runner), which is much faster. How a case is run depends on
 * what the host was found to be (host.h).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/oracle/canary.h"
#include "lib/oracle/native_parts.h"

static void native_initial_state(const struct oracle *o, struct state *ret)
{
	sets_read_initial(&((const struct native *)o)->sets, ret);
}

/* ---- Canaries ---- */

static struct error *run_canary(void *ctx, const struct oracle_case *c, struct canary_way way,
				struct oracle_outcome *ret, bool *ret_done)
{
	struct native *n = ctx;
	struct error *err = oracle_outcome_reserve(ret, c);

	n->fresh = way.fresh;
	*ret_done = false;
	if (!err && way.runner && native_suits_runner(n, c)) {
		err = native_run_untraced(n, c, GUARD_NONE, ret, ret_done);
	} else if (!err && !way.runner) {
		err = native_trace(n, c, GUARD_NONE, ret);
		*ret_done = !err;
	}
	n->fresh = false;
	if (!error_is(err, ERROR_TARGET) && !error_is(err, ERROR_TIMEOUT))
		return err;
	/* That the process does not survive it tells enough. */
	error_destroy(err);
	return NULL;
}

/* ---- Cases ---- */

static uint64_t pc_of(const struct native *n, const struct oracle_outcome *out)
{
	return state_get(&out->after, n->base.isa->pc);
}

static bool is_wild(const struct native *n, const struct oracle_case *c)
{
	uint64_t sp = state_get(c->before, n->base.isa->sp);

	return (uint64_t)((int64_t)(sp << 16) >> 16) != sp;
}

/* What this host lacks for the case, and only the runner can do; HOST_BASICS: nothing. */
static enum host_trait lacks_for_tracing(const struct native *n, const struct oracle_case *c)
{
	if (n->host.lacks[HOST_WILD_STACK] && is_wild(n, c))
		return HOST_WILD_STACK;
	if (n->host.lacks[HOST_NT] && n->has_nt && state_get(c->before, n->nt))
		return HOST_NT;
	return HOST_BASICS;
}

enum host_trait native_lacks(const struct native *n, const struct oracle_case *c)
{
	enum host_trait need = host_need(n->base.isa, c->bytes, c->len);

	if (n->host.lacks[need])
		return need;
	return n->host.lacks[HOST_ALIGNMENT] && n->has_ac && state_get(c->before, n->ac) ? HOST_ALIGNMENT : HOST_BASICS;
}

static struct error *leave_open(struct native *n, enum host_trait trait, struct oracle_outcome *ret)
{
	n->host.left_open[trait]++;
	oracle_outcome_leave_open(ret, host_reason(trait));
	return NULL;
}

/* By the runner where it may or must be, else traced. */
static struct error *run_once(struct native *n, const struct oracle_case *c, enum guard guard,
			      struct oracle_outcome *ret)
{
	enum host_trait lacking = lacks_for_tracing(n, c);
	bool done = false;
	struct error *err = oracle_outcome_reserve(ret, c);

	if (!err && (c->way != ORACLE_TRACED || lacking) && native_suits_runner(n, c))
		err = native_run_untraced(n, c, guard, ret, &done);
	if (err || done)
		return err;
	if (lacking) {
		oracle_outcome_leave_open(ret, host_reason(lacking));
		return NULL;
	}
	return native_trace(n, c, guard, ret);
}

static bool may_lose(const struct native *n, const struct oracle_case *c)
{
	return host_may_lose(&n->host, n->base.isa, c->bytes, c->len);
}

/* A fault in the first of what may be several rounds of an instruction that comes back to itself. */
static bool faulted_at_once(const struct native *n, const struct oracle_case *c, const struct oracle_outcome *out)
{
	const struct isa *isa = n->base.isa;

	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if ((isa->regs[r].class == REG_GENERAL || isa->regs[r].class == REG_FLAG) &&
		    state_get(&out->after, r) != state_get(c->before, r))
			return false;
	}
	return pc_of(n, out) == c->pc;
}

/* Neither a step whose trap may have been lost, nor a fault that may be of the kernel's resuming. */
static bool is_certain(const struct native *n, const struct oracle_case *c, const struct oracle_outcome *out)
{
	bool lost = may_lose(n, c);

	switch (out->end) {
	case ORACLE_STEPPED:
		return !lost || (n->guard == GUARD_INT3 && c->stop == c->pc + c->len && pc_of(n, out) == c->stop);
	case ORACLE_SIGNAL:
		if (n->host.lacks[HOST_WILD_STACK] && is_wild(n, c) && out->signal == SIGSEGV && out->code == SI_KERNEL)
			return false;
		return !lost || faulted_at_once(n, c, out);
	case ORACLE_SYSCALL: return !lost || pc_of(n, out) == c->pc + c->len;
	default: return true;
	}
}

static void exchange(struct oracle_outcome *a, struct oracle_outcome *b)
{
	struct oracle_outcome held = *a;

	*a = *b;
	*b = held;
}

/*
 * Once more, on pages that the process has accessed by now, with another guard; and if the two differ, without one: it
 * may be that the instruction reads the guard, or that it never does the same twice. Then a step that ends behind the
 * instruction is one.
 */
static struct error *run_again(struct native *n, const struct oracle_case *c, struct oracle_outcome *ret)
{
	exchange(ret, &n->first);
	struct error *err = run_once(n, c, GUARD_HLT, &n->second);

	if (!err && oracle_outcome_same(&n->first, &n->second)) {
		exchange(ret, &n->second);
		return NULL;
	}
	if (!err)
		err = run_once(n, c, GUARD_NONE, ret);
	if (err || oracle_outcome_same(ret, &n->first) || oracle_outcome_same(ret, &n->second))
		return err;
	if (ret->end == ORACLE_STEPPED && pc_of(n, ret) == c->pc + c->len)
		return NULL;
	oracle_outcome_leave_open(ret, host_reason(HOST_STEPS));
	return NULL;
}

static struct error *native_run(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret)
{
	struct native *n = (struct native *)o;
	enum host_trait lacking = native_lacks(n, c);

	if (lacking)
		return leave_open(n, lacking, ret);
	struct error *err = run_once(n, c, may_lose(n, c) ? GUARD_INT3 : GUARD_NONE, ret);
	if (!err && !is_certain(n, c, ret))
		err = run_again(n, c, ret);
	if (!err && ret->end == ORACLE_OPEN)
		err = leave_open(n, lacks_for_tracing(n, c) ? lacks_for_tracing(n, c) : HOST_STEPS, ret);
	return err;
}

/* ---- Life ---- */

static void native_destroy(struct oracle *o)
{
	struct native *n = (struct native *)o;

	runner_stop(&n->runner);
	tracee_stop(&n->tracee);
	if (n->pool)
		munmap(n->pool, POOL_LEN);
	if (n->pool_fd >= 0)
		close(n->pool_fd);
	sets_deinit(&n->sets);
	oracle_outcome_deinit(&n->first);
	oracle_outcome_deinit(&n->second);
	free(n);
}

static const struct oracle_ops native_ops = {
	.name = "the host's CPU",
	.destroy = native_destroy,
	.initial_state = native_initial_state,
	.run = native_run,
	.run_many = native_run_many,
	.many_outcome = native_many_outcome,
	.run_probes = native_run_probes,
};

static struct error *create_pool(struct native *n)
{
	n->pool_fd = memfd_create("validate-pages", MFD_CLOEXEC);
	if (n->pool_fd < 0 || ftruncate(n->pool_fd, POOL_LEN) < 0)
		return error_create(ERROR_UNSUPPORTED, "no file in memory to share pages with: %s", strerror(errno));
	void *pool = mmap(NULL, POOL_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, n->pool_fd, 0);
	if (pool == MAP_FAILED)
		return error_os(errno, "mapping the oracle's pages", NULL);
	n->pool = pool;
	return NULL;
}

static struct error *qualify(struct native *n)
{
	struct state initial;
	struct error *err = state_init(&initial, n->base.isa);

	if (err)
		return err;
	native_initial_state(&n->base, &initial);
	err = canaries_try(n->base.isa, &initial, run_canary, n, &n->host);
	state_deinit(&initial);
	return err;
}

static struct error *set_up(struct native *n)
{
	struct error *err = create_pool(n);

	if (!err)
		err = sets_init(&n->sets, n->base.isa);
	if (!err)
		err = oracle_outcome_init(&n->first, n->base.isa);
	if (!err)
		err = oracle_outcome_init(&n->second, n->base.isa);
	if (!err)
		err = native_start(n);
	return err ? err : qualify(n);
}

struct error *oracle_create_forced(const struct isa *isa, unsigned force, struct oracle **ret)
{
	struct utsname host;

	if (uname(&host) < 0 || strcmp(host.machine, isa->name) != 0)
		return error_create(ERROR_UNSUPPORTED, "the host's CPU is %s, not %s", host.machine, isa->name);
	struct native *n = calloc(1, sizeof *n);
	if (!n)
		return &error_no_memory;
	n->base = (struct oracle){.ops = &native_ops, .isa = isa, .host = &n->host};
	n->force.bits = force;
	n->no_runner = force & ORACLE_FORCE_NO_RUNNER;
	n->pool_fd = -1;
	n->has_nt = isa_find_reg(isa, "nt", 2, &n->nt);
	n->has_ac = isa_find_reg(isa, "ac", 2, &n->ac);
	host_init(&n->host);
	struct error *err = set_up(n);
	if (err) {
		native_destroy(&n->base);
		return err;
	}
	*ret = &n->base;
	return NULL;
}

struct error *oracle_create_native(const struct isa *isa, struct oracle **ret)
{
	return oracle_create_forced(isa, 0, ret);
}
