/*
 * The host's CPU as an oracle. The pages of a case are pages of one shared file (the pool), mapped both here and in the
 * traced process, so that filling them and reading them back are plain copies; mappings stay from case to case where
 * the addresses do.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/oracle/kind.h"
#include "lib/oracle/tracee.h"
#include "lib/state/memory.h"

/* A page of the pool; page 0 is the tracee's. */
struct slot {
	uint64_t page; /* where the tracee has it */
	int prot;      /* as in mmap(2); 0: not mapped */
	int wanted;    /* prot in the case at hand; 0: not wanted */
};

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
	/* Flags with which the CPU marks single steps and instructions that faulted half-way, if it has such. */
	bool has_step_flag, has_resume_flag;
	uint32_t step_flag, resume_flag;
	bool has_tags; /* of x87 */
	uint32_t tags;
	bool stale; /* the process has something of the last case that cannot be undone */
	int pool_fd;
	uint8_t *pool;
	struct slot slots[ORACLE_MAX_PAGES];
	struct set sets[NUM_SETS]; /* len 0: the ISA has no register in it */
};

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

/* ---- Pages ---- */

static uint8_t *slot_data(struct native *n, size_t index)
{
	return n->pool + (index + 1) * MEMORY_PAGE;
}

static struct slot *find_slot(struct native *n, uint64_t page)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if ((n->slots[i].prot || n->slots[i].wanted) && n->slots[i].page == page)
			return &n->slots[i];
	}
	return NULL;
}

static struct slot *free_slot(struct native *n)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if (!n->slots[i].prot && !n->slots[i].wanted)
			return &n->slots[i];
	}
	return NULL;
}

static struct error *unmap_slot(struct native *n, struct slot *slot)
{
	struct error *err = tracee_unmap(&n->tracee, slot->page, MEMORY_PAGE);

	if (!err)
		slot->prot = 0;
	return err;
}

/* Makes the pages of [address, address + len) wanted: those that are mapped already, or else free ones. */
static struct error *want(struct native *n, uint64_t address, size_t len, int prot, bool mapped)
{
	uint64_t first = address & -(uint64_t)MEMORY_PAGE;

	if (len == 0)
		return NULL;
	if (address + (len - 1) < address || len > ORACLE_MAX_PAGES * MEMORY_PAGE)
		return error_create(ERROR_UNSUPPORTED, "%zu bytes at 0x%" PRIx64 " are no range of user memory", len,
				    address);
	for (uint64_t page = first; page - first <= address + (len - 1) - first; page += MEMORY_PAGE) {
		struct slot *slot = find_slot(n, page);
		if (!slot && mapped)
			continue;
		if (!slot)
			slot = free_slot(n);
		if (!slot)
			return error_create(ERROR_UNSUPPORTED, "a case of more than %d pages", ORACLE_MAX_PAGES);
		slot->page = page;
		slot->wanted |= prot;
	}
	return NULL;
}

static struct error *want_all(struct native *n, const struct oracle_case *c, bool mapped)
{
	struct error *err = want(n, c->pc, c->len, PROT_READ | PROT_EXEC, mapped);

	for (size_t i = 0; i < c->num_ranges && !err; i++)
		err = want(n, c->ranges[i].address, c->ranges[i].len,
			   PROT_READ | (c->ranges[i].writable ? PROT_WRITE : 0), mapped);
	return err;
}

static bool is_wanted(void *ctx, uint64_t page)
{
	const struct slot *slot = find_slot(ctx, page);

	return slot && slot->wanted;
}

/* Maps what the case wants and nothing else: an access to any other page must fault. */
static struct error *map_pages(struct native *n, const struct oracle_case *c)
{
	struct error *err;

	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++)
		n->slots[i].wanted = 0;
	err = want_all(n, c, true);
	for (size_t i = 0; i < ORACLE_MAX_PAGES && !err; i++) {
		if (n->slots[i].prot && n->slots[i].prot != n->slots[i].wanted)
			err = unmap_slot(n, &n->slots[i]);
	}
	if (!err)
		err = want_all(n, c, false);
	if (!err && is_wanted(n, n->tracee.stub))
		err = tracee_move_stub(&n->tracee, is_wanted, n);
	for (size_t i = 0; i < ORACLE_MAX_PAGES && !err; i++) {
		struct slot *slot = &n->slots[i];
		if (slot->prot == slot->wanted)
			continue;
		err = tracee_map(&n->tracee, slot->page, i + 1, slot->wanted);
		if (!err)
			slot->prot = slot->wanted;
	}
	return err;
}

enum copy_direction { TO_POOL, FROM_POOL };

/* Copies between bytes and the pages of a range, all of which are mapped. */
static void copy_range(struct native *n, uint64_t address, uint8_t *bytes, size_t len, enum copy_direction direction)
{
	while (len > 0) {
		size_t offset = address % MEMORY_PAGE;
		size_t part = len < MEMORY_PAGE - offset ? len : MEMORY_PAGE - offset;
		uint8_t *data = slot_data(n, (size_t)(find_slot(n, address - offset) - n->slots)) + offset;
		if (direction == TO_POOL)
			memcpy(data, bytes, part);
		else
			memcpy(bytes, data, part);
		address += part;
		bytes += part;
		len -= part;
	}
}

static void put_range(struct native *n, uint64_t address, const uint8_t *bytes, size_t len)
{
	/* TO_POOL only reads the bytes. */
	copy_range(n, address, (uint8_t *)(uintptr_t)bytes, len, TO_POOL);
}

static void fill_pages(struct native *n, const struct oracle_case *c)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if (n->slots[i].wanted)
			memset(slot_data(n, i), 0, MEMORY_PAGE);
	}
	for (size_t i = 0; i < c->num_ranges; i++)
		put_range(n, c->ranges[i].address, c->ranges[i].data, c->ranges[i].len);
	put_range(n, c->pc, c->bytes, c->len);
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

static struct error *load_sets(struct native *n, const struct state *before)
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
	return tracee_set(&n->tracee, NT_PRSTATUS, n->sets[SET_GENERAL].wanted, n->sets[SET_GENERAL].len);
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
	for (int i = SET_XSAVE; i < NUM_SETS; i++) {
		struct set *set = &n->sets[i];
		if (!set->len || !differs(i, set))
			continue;
		if (i == SET_XSAVE)
			set->wanted[XSAVE_BV] |= XSAVE_X87_SSE_AVX;
		struct error *err = tracee_set(&n->tracee, set->nt, set->wanted, set->len);
		if (err)
			return err;
	}
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

/* ---- Cases ---- */

static struct error *start(struct native *n)
{
	struct error *err = tracee_start(&n->tracee, n->base.isa, n->pool_fd);

	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++)
		n->slots[i] = (struct slot){0};
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
	return err;
}

static void report_end(enum tracee_stop stop, const siginfo_t *info, struct oracle_outcome *ret)
{
	static const enum oracle_end ends[] = {
		[TRACEE_STEPPED] = ORACLE_STEPPED, [TRACEE_SIGNAL] = ORACLE_SIGNAL, [TRACEE_SYSCALL] = ORACLE_SYSCALL};

	ret->end = ends[stop];
	ret->signal = stop == TRACEE_SIGNAL ? info->si_signo : 0;
	ret->code = stop == TRACEE_SIGNAL ? info->si_code : 0;
	ret->address = stop == TRACEE_SIGNAL ? (uint64_t)(uintptr_t)info->si_addr : 0;
}

static struct error *execute(struct native *n, const struct oracle_case *c, struct oracle_outcome *ret)
{
	const struct isa *isa = n->base.isa;
	enum tracee_stop stop;
	siginfo_t info;
	struct error *err = map_pages(n, c);

	if (err)
		return err;
	fill_pages(n, c);
	err = load_sets(n, c->before);
	if (!err)
		err = store_sets(n);
	if (!err)
		err = tracee_step(&n->tracee, false, &stop, &info);
	if (!err)
		err = fetch_sets(n);
	if (err)
		return err;
	report_end(stop, &info, ret);
	for (uint32_t r = 0; r < isa->num_regs; r++)
		read_reg(n, c->before, r, &ret->after);
	/* At the entry the kernel has already put "no such call" where the result will be. */
	if (stop == TRACEE_SYSCALL)
		state_set(&ret->after, isa->sys.result, state_get(c->before, isa->sys.result));
	for (size_t i = 0; i < c->num_ranges; i++)
		copy_range(n, c->ranges[i].address, ret->memory.at[i].data, c->ranges[i].len, FROM_POOL);
	n->stale = is_stale(n, ret, c->before);
	return NULL;
}

static struct error *native_run(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret)
{
	struct native *n = (struct native *)o;
	struct error *err = oracle_outcome_reserve(ret, c);

	if (n->stale)
		tracee_stop(&n->tracee);
	if (!err && !n->tracee.pid)
		err = start(n);
	if (!err)
		err = execute(n, c, ret);
	/* Whatever went wrong half-way: the next case starts from a process that is as it should be. */
	if (err)
		n->stale = true;
	return err;
}

static void native_destroy(struct oracle *o)
{
	struct native *n = (struct native *)o;

	tracee_stop(&n->tracee);
	if (n->pool)
		munmap(n->pool, (ORACLE_MAX_PAGES + 1) * MEMORY_PAGE);
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
	size_t len = (ORACLE_MAX_PAGES + 1) * MEMORY_PAGE;

	n->pool_fd = memfd_create("validate-pages", MFD_CLOEXEC);
	if (n->pool_fd < 0 || ftruncate(n->pool_fd, (off_t)len) < 0)
		return error_create(ERROR_UNSUPPORTED, "no file in memory to share pages with: %s", strerror(errno));
	void *pool = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, n->pool_fd, 0);
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
