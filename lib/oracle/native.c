/*
 * The host's CPU as an oracle, by one of two processes: a traced one, which sees whatever an instruction does, and for
 * what is known to be harmless one that is not traced (the runner), which is much faster.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/oracle/kind.h"
#include "lib/oracle/pages.h"
#include "lib/oracle/runner.h"
#include "lib/state/memory.h"

/* A register set of the kernel. */
struct set {
	int nt;
	size_t len;
	uint8_t *initial; /* as the process starts */
	uint8_t *wanted;  /* before the step */
	uint8_t *actual;  /* after it */
};

enum { SET_GENERAL, SET_XSAVE, SET_FP, NUM_SETS };

struct native {
	struct oracle base;
	struct tracee tracee;
	struct runner runner;
	bool no_runner; /* this machine cannot have one */
	/* Flags with which the CPU marks single steps and instructions that faulted half-way, if it has such. */
	bool has_step_flag, has_resume_flag;
	uint32_t step_flag, resume_flag;
	bool has_tags; /* of x87 */
	uint32_t tags;
	bool sets_known; /* `actual` is what the tracee has */
	bool stale;      /* the tracee has something of the last case that cannot be undone */
	int pool_fd;
	uint8_t *pool; /* the tracee's page, those of cases, the runner's */
	struct pages traced, run;
	struct set sets[NUM_SETS]; /* len 0: the ISA has no register in it */
};

/* Pages of the pool. */
enum { POOL_RUNNER = ORACLE_MAX_PAGES + 1, POOL_LEN = (POOL_RUNNER + RUNNER_PAGES) * MEMORY_PAGE };

static const int set_numbers[NUM_SETS] = {NT_PRSTATUS, NT_X86_XSTATE, NT_PRFPREG};

/* XSAVE, standard format (SDM vol. 1, 13.4): the legacy area up to the bytes that software may use, the header's bit
 * map. */
enum { XSAVE_TAGS = 4, XSAVE_LEGACY = 416, XSAVE_BV = 512, XSAVE_EXTENDED = 576, XSAVE_X87_SSE_AVX = 7 };

static int set_of(const struct reg_desc *reg)
{
	switch (reg->native_set) {
	case NATIVE_GENERAL: return SET_GENERAL;
	case NATIVE_XSAVE: return SET_XSAVE;
	case NATIVE_FP: return SET_FP;
	default: return -1;
	}
}

static unsigned low_bit(const struct reg_desc *reg)
{
	return reg->native_offset * 8u + reg->native_low;
}

/* ---- Registers ---- */

/* The tag word of the x87 (two bits a register, 3: empty), of which XSAVE has one bit a register (SDM vol.
 * 1, 10.5.1.1). */
static void put_tags(struct native *n, const struct state *before)
{
	uint64_t tags = state_get(before, n->tags);
	uint8_t used = 0;

	for (unsigned i = 0; i < 8; i++)
		used |= (uint8_t)((tags >> 2 * i & 3) != 3) << i;
	n->sets[SET_XSAVE].wanted[XSAVE_TAGS] = used;
}

static void load_sets(struct native *n, const struct state *before)
{
	const struct isa *isa = n->base.isa;

	for (int i = 0; i < NUM_SETS; i++)
		memcpy(n->sets[i].wanted, n->sets[i].initial, n->sets[i].len);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		int set = set_of(reg);
		if (set >= 0 && reg->class != REG_SYSTEM)
			bits_put(n->sets[set].wanted, n->sets[set].len, low_bit(reg), reg->width,
				 &before->value[reg->word]);
	}
	if (n->has_tags && state_known(before, n->tags))
		put_tags(n, before);
}

/* The contents differ, apart from XSAVE's header and what software keeps there. */
static bool differs(int index, const struct set *set)
{
	if (index != SET_XSAVE)
		return memcmp(set->wanted, set->actual, set->len) != 0;
	return memcmp(set->wanted, set->actual, XSAVE_LEGACY) != 0 ||
	       memcmp(set->wanted + XSAVE_EXTENDED, set->actual + XSAVE_EXTENDED, set->len - XSAVE_EXTENDED) != 0;
}

/* Vector and float sets are large: they are written only where they are not as the last case left them. */
static struct error *store_sets(struct native *n)
{
	for (int i = SET_GENERAL; i < NUM_SETS; i++) {
		struct set *set = &n->sets[i];
		if (!set->len || (i != SET_GENERAL && n->sets_known && !differs(i, set)))
			continue;
		if (i == SET_XSAVE)
			set->wanted[XSAVE_BV] |= XSAVE_X87_SSE_AVX;
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
		size_t len = n->sets[i].len;
		struct error *err = len ? tracee_get(&n->tracee, n->sets[i].nt, n->sets[i].actual, &len) : NULL;
		if (err)
			return err;
	}
	return NULL;
}

static void read_reg(const struct native *n, const struct state *before, uint32_t r, struct state *ret)
{
	const struct reg_desc *reg = &n->base.isa->regs[r];
	int set = set_of(reg);
	uint64_t value[8] = {0}, initial[8] = {0};

	if (set < 0 || (n->has_step_flag && r == n->step_flag) || (n->has_resume_flag && r == n->resume_flag)) {
		state_set_unknown(ret, r);
		return;
	}
	bits_get(n->sets[set].actual, n->sets[set].len, low_bit(reg), reg->width, value);
	if (reg->class == REG_SYSTEM) {
		bits_get(n->sets[set].initial, n->sets[set].len, low_bit(reg), reg->width, initial);
		if (value[0] == initial[0])
			value[0] = before->value[reg->word];
	}
	state_set_words(ret, r, value);
}

/* The state in which the process starts. */
static void native_initial_state(const struct oracle *o, struct state *ret)
{
	const struct native *n = (const struct native *)o;

	for (uint32_t r = 0; r < o->isa->num_regs; r++) {
		const struct reg_desc *reg = &o->isa->regs[r];
		int set = set_of(reg);
		uint64_t value[8];
		if (set < 0) {
			state_set_unknown(ret, r);
			continue;
		}
		bits_get(n->sets[set].initial, n->sets[set].len, low_bit(reg), reg->width, value);
		state_set_words(ret, r, value);
	}
	if (n->has_step_flag)
		state_set_unknown(ret, n->step_flag);
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

/* ---- How it ended ---- */

static uint64_t pc_after(const struct native *n)
{
	const struct reg_desc *desc = &n->base.isa->regs[n->base.isa->pc];
	const struct set *set = &n->sets[SET_GENERAL];
	uint64_t pc;

	bits_get(set->actual, set->len, low_bit(desc), desc->width, &pc);
	return pc;
}

/* INT1 of x86-64, behind prefixes. */
static bool is_int1(const struct oracle_case *c)
{
	static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	for (size_t i = 0; i + 1 < c->len; i++) {
		if (!memchr(prefixes, c->bytes[i], sizeof prefixes) && (c->bytes[i] & 0xf0) != 0x40)
			return false;
	}
	return c->bytes[c->len - 1] == 0xf1;
}

/*
 * The trap of a single step. Virtual machines sometimes lose the bit that tells it from other debug traps, of which
 * only INT1 moves the PC. Where a transaction that aborts goes on there is none; there may be no code either.
 */
static bool is_step(const struct native *n, const struct oracle_case *c, const siginfo_t *info)
{
	uint64_t pc = pc_after(n);

	if (info->si_signo == SIGSEGV && pc != c->pc && (uint64_t)(uintptr_t)info->si_addr == pc)
		return true;
	if (info->si_signo != SIGTRAP)
		return false;
	return info->si_code == TRAP_TRACE || (info->si_code == TRAP_BRKPT && !is_int1(c) && pc != c->pc);
}

/* ---- The traced process ---- */

static struct error *map_in_tracee(void *process, uint64_t address, size_t index, int prot)
{
	return tracee_map(process, address, index, prot);
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

static struct error *start(struct native *n)
{
	struct error *err = tracee_start(&n->tracee, n->base.isa, n->pool_fd);

	pages_init(&n->traced, &tracee_pages, &n->tracee, n->pool);
	n->stale = false;
	for (int i = 0; i < NUM_SETS && !err; i++) {
		struct set *set = &n->sets[i];
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

static void report_end(enum oracle_end end, const siginfo_t *info, struct oracle_outcome *ret)
{
	bool signal = end == ORACLE_SIGNAL;

	ret->end = end;
	ret->signal = signal ? info->si_signo : 0;
	ret->code = signal ? info->si_code : 0;
	ret->address = signal ? (uint64_t)(uintptr_t)info->si_addr : 0;
}

static void read_regs(struct native *n, const struct oracle_case *c, struct oracle_outcome *ret)
{
	for (uint32_t r = 0; r < n->base.isa->num_regs; r++)
		read_reg(n, c->before, r, &ret->after);
}

static struct error *run_traced(struct native *n, const struct oracle_case *c, struct oracle_outcome *ret)
{
	static const enum oracle_end ends[] = {
		[TRACEE_STEPPED] = ORACLE_STEPPED, [TRACEE_SIGNAL] = ORACLE_SIGNAL, [TRACEE_SYSCALL] = ORACLE_SYSCALL};
	const struct isa *isa = n->base.isa;
	enum tracee_stop stop;
	siginfo_t info;
	struct error *err = pages_map(&n->traced, c, move_stub);

	if (err)
		return err;
	pages_fill(&n->traced, c);
	load_sets(n, c->before);
	err = store_sets(n);
	if (!err)
		err = tracee_step(&n->tracee, false, &stop, &info);
	if (!err)
		err = fetch_sets(n);
	if (err)
		return err;
	report_end(stop == TRACEE_SIGNAL && is_step(n, c, &info) ? ORACLE_STEPPED : ends[stop], &info, ret);
	read_regs(n, c, ret);
	/* At the entry the kernel has already put "no such call" where the result will be. */
	if (stop == TRACEE_SYSCALL)
		state_set(&ret->after, isa->sys.result, state_get(c->before, isa->sys.result));
	pages_read(&n->traced, c, ret);
	n->stale = is_stale(n, ret, c->before);
	return NULL;
}

static struct error *trace(struct native *n, const struct oracle_case *c, struct oracle_outcome *ret)
{
	struct error *err = NULL;

	if (n->stale)
		tracee_stop(&n->tracee);
	if (!n->tracee.pid)
		err = start(n);
	if (!err)
		err = run_traced(n, c, ret);
	/* Whatever went wrong half-way: the next case starts from a process that is as it should be. */
	if (err)
		n->stale = true;
	return err;
}

/* ---- The runner ---- */

static const struct pages_ops runner_pages = {runner_map, runner_unmap};

/* A runner, if there can be one. */
static bool have_runner(struct native *n)
{
	if (n->runner.process.pid)
		return true;
	if (n->no_runner)
		return false;
	pages_init(&n->run, &runner_pages, &n->runner, n->pool);
	struct error *err = runner_start(&n->runner, n->base.isa, n->pool_fd, POOL_RUNNER,
					 n->pool + POOL_RUNNER * MEMORY_PAGE);
	n->no_runner = err != NULL;
	error_destroy(err);
	return !err;
}

/* The case's pages leave the runner its own, and the instruction's segment bases are user addresses. */
static bool suits_runner(const struct native *n, const struct oracle_case *c)
{
	const struct isa *isa = n->base.isa;

	if (c->way == ORACLE_TRACED || runner_has(c->pc & -(uint64_t)MEMORY_PAGE))
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

/* There is an INT3 where the instruction leads to. */
static bool has_stop(struct native *n, const struct oracle_case *c)
{
	uint8_t byte;

	return c->stop && pages_byte(&n->run, c->stop, &byte) && byte == ORACLE_STOP;
}

/*
 * How the runner's instruction ended; false: it went where it was not expected to go, and nobody knows what it did
 * there. An INT3 is reported behind it, and taken back.
 */
static bool runner_end(struct native *n, const struct oracle_case *c, bool step, const siginfo_t *info,
		       enum oracle_end *ret)
{
	const struct reg_desc *desc = &n->base.isa->regs[n->base.isa->pc];
	struct set *set = &n->sets[SET_GENERAL];
	uint64_t pc = pc_after(n);

	*ret = info->si_signo == SIGSYS ? ORACLE_SYSCALL : ORACLE_SIGNAL;
	if (info->si_signo == SIGTRAP && pc == c->stop + 1 && c->stop && pc != c->pc + 1) {
		bits_put(set->actual, set->len, low_bit(desc), desc->width, &c->stop);
		*ret = ORACLE_STEPPED;
		return true;
	}
	if (step && is_step(n, c, info))
		*ret = ORACLE_STEPPED;
	return step || pc == c->pc || pc == c->pc + c->len;
}

static struct error *run_in_runner(struct native *n, const struct oracle_case *c, struct oracle_outcome *ret,
				   bool *ret_done)
{
	struct set *general = &n->sets[SET_GENERAL], *xsave = &n->sets[SET_XSAVE];
	struct error *err = pages_map(&n->run, c, NULL);
	enum oracle_end end;
	siginfo_t info;

	*ret_done = false;
	if (err)
		return err;
	pages_fill(&n->run, c);
	bool step = c->way != ORACLE_STRAIGHT || !has_stop(n, c);
	load_sets(n, c->before);
	memcpy(general->actual, general->wanted, general->len);
	memcpy(xsave->actual, xsave->wanted, xsave->len);
	n->sets_known = false;
	err = runner_run(&n->runner, general->actual, xsave->actual, xsave->len, step, &info);
	if (err)
		return err;
	*ret_done = runner_end(n, c, step, &info, &end);
	if (!*ret_done)
		return NULL;
	report_end(end, &info, ret);
	read_regs(n, c, ret);
	pages_read(&n->run, c, ret);
	return NULL;
}

/* ---- Cases ---- */

static struct error *native_run(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret)
{
	struct native *n = (struct native *)o;
	struct error *err = oracle_outcome_reserve(ret, c);
	bool done = false;

	if (!err && suits_runner(n, c) && have_runner(n)) {
		err = run_in_runner(n, c, ret, &done);
		/* Pages half mapped, say: begin anew. */
		if (err || !done)
			runner_stop(&n->runner);
		if (err && !error_is(err, ERROR_TIMEOUT)) {
			error_destroy(err);
			err = NULL;
		}
	}
	return err || done ? err : trace(n, c, ret);
}

static void native_destroy(struct oracle *o)
{
	struct native *n = (struct native *)o;

	runner_stop(&n->runner);
	tracee_stop(&n->tracee);
	if (n->pool)
		munmap(n->pool, POOL_LEN);
	if (n->pool_fd >= 0)
		close(n->pool_fd);
	for (int i = 0; i < NUM_SETS; i++)
		free(n->sets[i].initial);
	free(n);
}

static const struct oracle_ops native_ops = {
	.name = "the host's CPU",
	.destroy = native_destroy,
	.initial_state = native_initial_state,
	.run = native_run,
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

/* Room for the register sets that the ISA's table names. */
static struct error *create_sets(struct native *n)
{
	bool used[NUM_SETS] = {false};

	for (uint32_t r = 0; r < n->base.isa->num_regs; r++) {
		int set = set_of(&n->base.isa->regs[r]);
		if (set >= 0)
			used[set] = true;
	}
	for (int i = 0; i < NUM_SETS; i++) {
		struct set *set = &n->sets[i];
		set->nt = set_numbers[i];
		set->len = used[i] ? TRACEE_MAX_SET : 0;
		set->initial = calloc(3, TRACEE_MAX_SET);
		if (!set->initial)
			return &error_no_memory;
		set->wanted = set->initial + TRACEE_MAX_SET;
		set->actual = set->wanted + TRACEE_MAX_SET;
	}
	return NULL;
}

struct error *oracle_create_native(const struct isa *isa, struct oracle **ret)
{
	struct utsname host;

	if (uname(&host) < 0 || strcmp(host.machine, isa->name) != 0)
		return error_create(ERROR_UNSUPPORTED, "the host's CPU is %s, not %s", host.machine, isa->name);
	struct native *n = calloc(1, sizeof *n);
	if (!n)
		return &error_no_memory;
	n->base = (struct oracle){.ops = &native_ops, .isa = isa};
	n->pool_fd = -1;
	n->has_step_flag = isa_find_reg(isa, "tf", 2, &n->step_flag);
	n->has_resume_flag = isa_find_reg(isa, "rf", 2, &n->resume_flag);
	n->has_tags = isa_find_reg(isa, "ftag", 4, &n->tags) && isa->regs[n->tags].native_set == NATIVE_NONE;
	struct error *err = create_pool(n);
	if (!err)
		err = create_sets(n);
	if (!err)
		err = start(n);
	if (err) {
		native_destroy(&n->base);
		return err;
	}
	*ret = &n->base;
	return NULL;
}
