#include "lib/target/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h> /* values are those of x86-64 and AArch64 alike (asm-generic/mman-common.h) */

#include "lib/sys/sys.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* A call under way. */
struct call {
	struct kernel *k;
	struct state *regs;
	const struct sysno *row;
	uint64_t arg[6];
	int64_t result;
	struct kernel_result *ended;
};

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + SPACE_PAGE - 1) & -(uint64_t)SPACE_PAGE;
}

static bool is_range(uint64_t start, uint64_t len)
{
	return start % SPACE_PAGE == 0 && len <= SPACE_END && start <= SPACE_END - len;
}

static struct error *fail(struct call *c, int errnum)
{
	c->result = -errnum;
	return NULL;
}

/* Files in memory are the only ones, and never closed: their descriptors are their numbers behind this. */
enum { FIRST_FD = 1000 };

static unsigned file_of(const struct call *c, uint64_t fd)
{
	uint64_t file = (uint32_t)fd - (uint64_t)FIRST_FD;

	return file <= UINT32_MAX && space_has_file(c->k->space, (unsigned)file) ? (unsigned)file : 0;
}

/* What became of a mapping at start. Want of host memory is the guest's: it gets ENOMEM. */
static struct error *mapped(struct call *c, uint64_t start, struct error *err)
{
	if (error_is(err, ERROR_OS)) {
		error_destroy(err);
		return fail(c, ENOMEM);
	}
	if (!err)
		c->result = (int64_t)start;
	return err;
}

static struct error *map(struct call *c, uint64_t start, uint64_t len, int prot)
{
	return mapped(c, start, space_map(c->k->space, start, len, prot));
}

/* Where a map goes that need not be at hint: there if it is free, else as high as possible. */
static bool place(const struct kernel *k, uint64_t hint, uint64_t len, uint64_t *ret)
{
	hint = round_up(hint);
	if (hint && is_range(hint, len) && space_is_free(k->space, hint, len)) {
		*ret = hint;
		return true;
	}
	return space_find_free(k->space, k->map_top, len, ret);
}

/* mmap(addr, length, prot, flags, fd, offset) */
static struct error *call_mmap(struct call *c)
{
	uint64_t at = c->arg[0], len = round_up(c->arg[1]), prot = c->arg[2], flags = c->arg[3];
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	unsigned file = flags & MAP_ANONYMOUS ? 0 : file_of(c, c->arg[4]);
	if (!(flags & MAP_ANONYMOUS) && !file)
		return fail(c, EBADF);
	if (file && c->arg[5] % SPACE_PAGE)
		return fail(c, EINVAL);
	if (!c->arg[1] || prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC) || (fixed && at % SPACE_PAGE))
		return fail(c, EINVAL);
	if (len < c->arg[1] || !is_range(fixed ? at : 0, len))
		return fail(c, ENOMEM);
	if (flags & MAP_FIXED_NOREPLACE && !space_is_free(c->k->space, at, len))
		return fail(c, EEXIST);
	if (!fixed && !place(c->k, at, len, &at))
		return fail(c, ENOMEM);
	if (!file)
		return map(c, at, len, (int)prot);
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	return mapped(c, at, space_map_file(c->k->space, at, len, (int)prot, file, c->arg[5], shared));
}

static struct error *call_munmap(struct call *c)
{
	uint64_t len = round_up(c->arg[1]);

	if (!len || len < c->arg[1] || !is_range(c->arg[0], len))
		return fail(c, EINVAL);
	return space_unmap(c->k->space, c->arg[0], len);
}

static struct error *call_mprotect(struct call *c)
{
	uint64_t start = c->arg[0], len = round_up(c->arg[1]), prot = c->arg[2];

	/* In the kernel's order (mm/mprotect.c, do_mprotect_pkey()). */
	if (start % SPACE_PAGE)
		return fail(c, EINVAL);
	if (!c->arg[1])
		return NULL;
	if (len < c->arg[1] || !is_range(start, len))
		return fail(c, ENOMEM);
	if (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
		return fail(c, EINVAL);
	/* At a gap it stops, and what is before it stays changed. */
	uint64_t mapped = space_mapped(c->k->space, start, len);
	if (mapped < len)
		c->result = -ENOMEM;
	return mapped ? space_protect(c->k->space, start, mapped, (int)prot) : NULL;
}

/* Grows the map in place; false if something is in the way. */
static bool grow(struct call *c, uint64_t start, uint64_t len, uint64_t wanted, struct error **ret_err)
{
	if (!is_range(start, wanted) || !space_is_free(c->k->space, start + len, wanted - len))
		return false;
	*ret_err = mapped(c, start, space_map_next(c->k->space, start + len, wanted - len, start + len));
	return true;
}

/* Moves the map to a place for its new size. */
static struct error *move(struct call *c, uint64_t start, uint64_t len, uint64_t wanted, uint64_t to)
{
	struct space *s = c->k->space;
	struct error *err = space_unmap(s, to, wanted);

	if (!err && wanted > len)
		err = mapped(c, to, space_map_next(s, to + len, wanted - len, start + len));
	if (err || c->result == -ENOMEM)
		return err;
	err = space_move(s, start, len < wanted ? len : wanted, to);
	if (!err && wanted < len)
		err = space_unmap(s, start + wanted, len - wanted);
	c->result = (int64_t)to;
	return err;
}

/* mremap(old, old_size, new_size, flags, new) */
static struct error *call_mremap(struct call *c)
{
	uint64_t start = c->arg[0], len = round_up(c->arg[1]), wanted = round_up(c->arg[2]), to = c->arg[4];
	bool may_move = c->arg[3] & MREMAP_MAYMOVE, fixed = c->arg[3] & MREMAP_FIXED;
	struct error *err = NULL;

	if (c->arg[3] & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED) || !len)
		return error_create(ERROR_UNSUPPORTED, "mremap with flags 0x%llx and old size 0x%llx",
				    (unsigned long long)c->arg[3], (unsigned long long)c->arg[1]);
	if (!wanted || wanted < c->arg[2] || len < c->arg[1] || !is_range(start, len) ||
	    (fixed && (!may_move || !is_range(to, wanted) || (to < start + len && start < to + wanted))))
		return fail(c, EINVAL);
	if (space_mapped(c->k->space, start, len) < len)
		return fail(c, EFAULT);
	if (fixed)
		return move(c, start, len, wanted, to);
	c->result = (int64_t)start;
	if (wanted < len)
		return space_unmap(c->k->space, start + wanted, len - wanted);
	if (wanted == len || grow(c, start, len, wanted, &err))
		return err;
	if (!may_move || !space_find_free(c->k->space, c->k->map_top, wanted, &to))
		return fail(c, ENOMEM);
	return move(c, start, len, wanted, to);
}

/* brk(addr): the new end, or the old one if it cannot be. */
static struct error *call_brk(struct call *c)
{
	struct kernel *k = c->k;
	uint64_t wanted = c->arg[0], old = round_up(k->brk), end = round_up(wanted);
	struct error *err = NULL;

	c->result = (int64_t)k->brk;
	if (wanted < k->heap || end < wanted || end > SPACE_END)
		return NULL;
	if (end > old) {
		if (!space_is_free(k->space, old, end - old))
			return NULL;
		err = map(c, old, end - old, PROT_READ | PROT_WRITE);
		if (!err && c->result == -ENOMEM) {
			c->result = (int64_t)k->brk;
			return NULL;
		}
	} else if (end < old) {
		err = space_unmap(k->space, end, old - end);
	}
	if (!err)
		c->result = (int64_t)(k->brk = wanted);
	return err;
}

/* What is given back is dropped. Other advice changes nothing. */
static struct error *call_madvise(struct call *c)
{
	uint64_t start = c->arg[0], len = round_up(c->arg[1]);

	if (len < c->arg[1] || !is_range(start, len))
		return fail(c, EINVAL);
	if (!len)
		return NULL;
	/* Gaps are passed over, and then complained of. */
	if (space_mapped(c->k->space, start, len) < len)
		c->result = -ENOMEM;
	return c->arg[2] == MADV_DONTNEED ? space_drop(c->k->space, start, len) : NULL;
}

/* memfd_create(name, flags) */
static struct error *call_memfd_create(struct call *c)
{
	unsigned file = 0;
	struct error *err = space_create_file(c->k->space, &file);

	if (!error_is(err, ERROR_OS)) {
		c->result = (int64_t)file + FIRST_FD;
		return err;
	}
	error_destroy(err);
	return fail(c, ENFILE);
}

/* ftruncate(fd, length) */
static struct error *call_ftruncate(struct call *c)
{
	unsigned file = file_of(c, c->arg[0]);

	if (!file)
		return fail(c, EBADF);
	if ((int64_t)c->arg[1] < 0)
		return fail(c, EINVAL);
	struct error *err = space_resize_file(c->k->space, file, c->arg[1]);
	if (!error_is(err, ERROR_OS))
		return err;
	error_destroy(err);
	return fail(c, EFBIG);
}

/* fallocate(fd, mode, offset, len), for holes. */
static struct error *call_fallocate(struct call *c)
{
	unsigned file = file_of(c, c->arg[0]);

	if (!file)
		return fail(c, EBADF);
	if (c->arg[1] != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return fail(c, EOPNOTSUPP);
	if ((int64_t)c->arg[2] < 0 || (int64_t)c->arg[3] <= 0)
		return fail(c, EINVAL);
	return space_clear_file(c->k->space, file, c->arg[2], c->arg[3]);
}

/* arch_prctl(code, addr): x86 (asm/prctl.h). */
static struct error *call_arch_prctl(struct call *c)
{
	static const struct {
		uint64_t code;
		const char *reg;
		bool set;
	} requests[] = {
		{0x1001, "gs_base", true},
		{0x1002, "fs_base", true},
		{0x1003, "fs_base", false},
		{0x1004, "gs_base", false},
	};
	uint32_t reg;

	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		if (requests[i].code != c->arg[0] ||
		    !isa_find_reg(c->k->isa, requests[i].reg, strlen(requests[i].reg), &reg))
			continue;
		if (requests[i].set && c->arg[1] >= SPACE_END + SPACE_PAGE)
			return fail(c, EPERM);
		if (requests[i].set) {
			state_set(c->regs, reg, c->arg[1]);
			return NULL;
		}
		uint64_t value = state_get(c->regs, reg);
		struct error *err = space_write(c->k->space, c->arg[1], &value, sizeof value);
		bool fault = error_is(err, ERROR_FAULT);
		if (fault)
			error_destroy(err);
		return fault ? fail(c, EFAULT) : err;
	}
	return error_create(ERROR_UNSUPPORTED, "arch_prctl 0x%llx", (unsigned long long)c->arg[0]);
}

static struct error *call_exit(struct call *c)
{
	*c->ended = (struct kernel_result){.exited = true, .status = (int)(c->arg[0] & 0xff)};
	return NULL;
}

/* One thread, of a process that is alone: its number is the one of the first process. */
static struct error *call_set_tid_address(struct call *c)
{
	c->result = 1;
	return NULL;
}

static struct error *call_nothing(struct call *c)
{
	(void)c;
	return NULL;
}

static const struct {
	enum sys_sem sem;
	struct error *(*perform)(struct call *c);
} calls[] = {
	{SYS_MMAP, call_mmap},
	{SYS_MUNMAP, call_munmap},
	{SYS_MPROTECT, call_mprotect},
	{SYS_MREMAP, call_mremap},
	{SYS_BRK, call_brk},
	{SYS_MADVISE, call_madvise},
	{SYS_MEMFD_CREATE, call_memfd_create},
	{SYS_FTRUNCATE, call_ftruncate},
	{SYS_FALLOCATE, call_fallocate},
	{SYS_ARCH_PRCTL, call_arch_prctl},
	{SYS_SET_TID_ADDRESS, call_set_tid_address},
	{SYS_SCHED_YIELD, call_nothing},
	{SYS_EXIT, call_exit},
	{SYS_EXIT_GROUP, call_exit},
};

static struct error *perform(struct call *c, uint64_t number)
{
	enum sys_sem sem = sys_meaning(c->row);

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (calls[i].sem == sem)
			return calls[i].perform(c);
	return error_create(ERROR_UNSUPPORTED,
			    "this target has no kernel: system call %s (%llu) can only come from the log",
			    c->row ? c->row->name : "?", (unsigned long long)number);
}

struct error *kernel_call(struct kernel *k, struct state *regs, struct kernel_result *ret)
{
	struct kernel_result ended = {0};
	uint64_t number = sys_number(state_get(regs, k->isa->sys.number));
	struct sys_call made = {.row = sys_lookup(k->isa, number), .number = number};
	struct call c = {.k = k, .regs = regs, .row = made.row, .ended = &ended};

	for (unsigned i = 0; i < 6; i++)
		made.arg[i] = state_get(regs, k->isa->sys.arg[i]);
	for (unsigned i = 0; i < 6; i++)
		c.arg[i] = sys_arg(&made, i);
	struct error *err = perform(&c, number);
	if (err)
		return err;
	state_set(regs, k->isa->sys.result, (uint64_t)c.result);
	*ret = ended;
	return NULL;
}
