/*
 * Calls that the guest makes itself: those that change its own address space (mapping.c, heap.c) or thread, in which
 * the emulator has to take part; and how it is made to make them, and others of our own.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h> /* MAP_ and MREMAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

/* ---- Running the instruction ---- */

/* Takes what the target shows, and keeps what it hides as it was. */
struct error *replay_read_visible(struct replay *r, struct state *regs)
{
	struct state seen;
	struct error *err = state_init(&seen, r->isa);

	if (err)
		return err;
	err = target_read_regs(r->target, &seen);
	for (uint32_t i = 0; i < r->isa->num_words && !err; i++) {
		uint64_t hidden = r->target->hidden[i];
		regs->value[i] = (regs->value[i] & hidden) | (seen.value[i] & ~hidden);
		regs->unknown[i] = (regs->unknown[i] & hidden) | (seen.unknown[i] & ~hidden);
	}
	state_deinit(&seen);
	return err;
}

/*
 * The target stands at what the model took for a system call. It runs to a breakpoint: what else is there, for whatever
 * reason, would run on from there.
 */
static struct error *check_insn(struct replay *r, uint64_t pc)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t got = 0;
	struct error *err = target_read_memory(r->target, pc, bytes, r->isa->sys.insn_len, &got);

	if (err || (got == r->isa->sys.insn_len && r->isa->sys.entry(bytes, got) == ISA_ENTRY_CALL))
		return err;
	return error_create(ERROR_TARGET, "the target has no system call at pc 0x%llx any more",
			    (unsigned long long)pc);
}

static struct error *run_behind(struct replay *r, const struct replay_call *call)
{
	struct stop stop;
	struct error *err = check_insn(r, call->pc);

	if (!err)
		err = target_run_to(r->target, call->next_pc, &stop);

	if (!err && stop.kind != STOP_STEPPED)
		err = error_create(ERROR_TARGET, "the target did not come back from the call at pc 0x%llx",
				   (unsigned long long)call->pc);
	return err;
}

static struct error *write_args(struct replay *r, const struct state *regs, const uint64_t arg[6])
{
	struct state patched;
	struct error *err = state_init(&patched, r->isa);

	if (err)
		return err;
	state_copy(&patched, regs);
	for (unsigned i = 0; i < 6; i++)
		state_set(&patched, r->isa->sys.arg[i], arg[i]);
	err = target_write_regs(r->target, &patched, r->isa->sys.arg, 6);
	state_deinit(&patched);
	return err;
}

/* Gives the argument registers back what they held before the call; where one of them holds the result, that stays. */
static struct error *restore_args(struct replay *r, const struct replay_call *call)
{
	uint32_t regs[6];
	size_t n = 0;

	for (unsigned i = 0; i < 6; i++)
		if (r->isa->sys.arg[i] != r->isa->sys.result)
			regs[n++] = r->isa->sys.arg[i];
	return target_write_regs(r->target, call->before, regs, n);
}

/*
 * What the call's instruction itself leaves in the registers that it destroys (x86-64: RCX and R11; Intel SDM vol. 2B,
 * SYSCALL), as the model has it: QEMU's user mode, which has no kernel to enter, leaves them alone.
 */
static struct error *give_destroyed(struct replay *r, struct replay_call *call)
{
	const struct isa *isa = r->isa;
	uint64_t value[ISA_MAX_CLOBBERED] = {0};
	uint32_t wrong[ISA_MAX_CLOBBERED];
	size_t num = 0;

	for (uint32_t i = 0; i < isa->sys.num_clobbered && i < ISA_MAX_CLOBBERED; i++)
		value[i] = state_get(call->after, isa->sys.clobbered[i]);
	struct error *err = replay_read_visible(r, call->after);
	for (uint32_t i = 0; i < isa->sys.num_clobbered && i < ISA_MAX_CLOBBERED && !err; i++) {
		uint32_t reg = isa->sys.clobbered[i];
		if (state_get(call->after, reg) == value[i])
			continue;
		state_set(call->after, reg, value[i]);
		wrong[num++] = reg;
	}
	return err || !num ? err : target_write_regs(r->target, call->after, wrong, num);
}

/* The program has mapped all of the range: that is its own, whatever was there when it started. */
static bool is_mapped(const struct replay *r, uint64_t address, uint64_t len)
{
	uint64_t at = address / MEMORY_PAGE, end = at + len / MEMORY_PAGE;
	const struct view *v = NULL;

	while (at < end && (v = views_at(&r->views, at)))
		at = v->first + v->num;
	return at >= end;
}

static struct error *check_range(struct replay *r, uint64_t address, uint64_t len)
{
	bool own = false;
	struct error *err = len && !is_mapped(r, address, len) ? target_has_own(r->target, address, len, &own) : NULL;

	if (err || !own)
		return err;
	return error_create(ERROR_UNSUPPORTED,
			    "a call is about 0x%llx bytes at 0x%llx, where the emulator has memory of its own: it is "
			    "not made",
			    (unsigned long long)len, (unsigned long long)address);
}

/* What a call maps over, unmaps or protects is the guest's own, or nothing. */
static struct error *check_call(struct replay *r, enum sys_sem sem, const uint64_t arg[6])
{
	uint64_t len = replay_round(arg[1]);

	switch (sem) {
	case SYS_MMAP: return arg[3] & MAP_FIXED ? check_range(r, arg[0], len) : NULL;
	case SYS_MUNMAP:
	case SYS_MPROTECT:
	case SYS_MADVISE: return check_range(r, arg[0], len);
	case SYS_MREMAP: {
		struct error *err = check_range(r, arg[0], len);
		return err || !(arg[3] & MREMAP_FIXED) ? err : check_range(r, arg[4], replay_round(arg[2]));
	}
	default: return NULL;
	}
}

struct error *replay_run(struct replay *r, struct replay_call *call, const uint64_t arg[6])
{
	bool patched = memcmp(arg, call->guest.arg, sizeof call->guest.arg) != 0;
	struct error *err = check_call(r, call->desc->sem, arg);

	if (!err && patched)
		err = write_args(r, call->before, arg);
	if (!err)
		err = run_behind(r, call);
	if (!err && patched)
		err = restore_args(r, call);
	if (!err)
		err = give_destroyed(r, call);
	if (!err)
		call->guest.result = (int64_t)state_get(call->after, r->isa->sys.result);
	return err;
}

struct error *replay_must_succeed(const struct replay_call *call)
{
	if (!sys_failed(call->guest.result))
		return NULL;
	return error_create(ERROR_TARGET, "%s succeeds in the log, but fails in the target: %s", call->desc->name,
			    strerror((int)-call->guest.result));
}

struct error *replay_set_result(struct replay *r, struct replay_call *call, uint64_t result)
{
	state_set(call->after, r->isa->sys.result, result);
	return target_write_regs(r->target, call->after, &r->isa->sys.result, 1);
}

struct error *guest_call(struct replay *r, const struct replay_call *call, const char *name, const uint64_t arg[6],
			 int64_t *ret)
{
	const struct isa *isa = r->isa;
	const uint32_t regs[] = {isa->pc,         isa->sys.number, isa->sys.result, isa->sys.arg[0], isa->sys.arg[1],
				 isa->sys.arg[2], isa->sys.arg[3], isa->sys.arg[4], isa->sys.arg[5]};
	const struct sysno *row = NULL;
	struct state s;

	for (uint32_t i = 0; i < isa->sys.num_rows && !row; i++)
		if (!strcmp(isa->sys.table[i].name, name))
			row = &isa->sys.table[i];
	if (!row)
		return error_create(ERROR_BUG, "%s has no system call %s", isa->name, name);

	struct error *err = check_call(r, sys_meaning(row), arg);
	if (!err)
		err = state_init(&s, isa);
	if (err)
		return err;
	state_copy(&s, call->before);
	state_set(&s, isa->sys.number, row->number);
	for (unsigned i = 0; i < 6; i++)
		state_set(&s, isa->sys.arg[i], arg[i]);
	err = target_write_regs(r->target, &s, regs, sizeof regs / sizeof *regs);
	if (!err)
		err = run_behind(r, call);
	if (!err)
		err = target_read_regs(r->target, &s);
	if (!err)
		*ret = (int64_t)state_get(&s, isa->sys.result);
	state_deinit(&s);
	return err;
}

struct error *replay_put_back(struct replay *r, const struct replay_call *call)
{
	const struct isa *isa = r->isa;
	const uint32_t regs[] = {isa->pc,         isa->sys.number, isa->sys.arg[0], isa->sys.arg[1],
				 isa->sys.arg[2], isa->sys.arg[3], isa->sys.arg[4], isa->sys.arg[5]};

	return target_write_regs(r->target, call->before, regs, sizeof regs / sizeof *regs);
}

struct error *replay_stand_behind(struct replay *r, struct replay_call *call, uint64_t result)
{
	const struct isa *isa = r->isa;
	struct error *err = target_write_regs(r->target, call->after, isa->sys.arg, 6);

	if (!err)
		err = target_write_regs(r->target, call->after, &isa->sys.number, 1);
	return err ? err : replay_skip(r, call, result);
}

/* ---- Calls with patched arguments ---- */

/* Its result, a thread id, is the logged run's. */
static struct error *execute_set_tid_address(struct replay *r, struct replay_call *call)
{
	struct error *err = replay_run(r, call, call->guest.arg);

	return err ? err : replay_set_result(r, call, (uint64_t)call->event->result);
}

static struct error *execute_exit(struct replay *r, struct replay_call *call)
{
	struct stop stop;
	struct error *err = check_insn(r, call->pc);

	if (!err)
		err = target_step(r->target, 0, &stop);

	if (err)
		return err;
	if (stop.kind != STOP_EXITED)
		return error_create(ERROR_TARGET, "the guest did not end at %s", call->desc->name);
	if (stop.status != (int)(call->event->arg[0] & 0xff)) {
		struct strbuf observed = {0};
		strbuf_printf(&observed, "status %d", stop.status);
		return replay_lose(r, call->pc, "ends with ", &observed);
	}
	call->finished = true;
	return NULL;
}

/* ---- Anything else ---- */

/* Memory that the kernel wrote is no longer what the model knows. */
static struct error *forget_written(struct replay *r, struct replay_call *call)
{
	struct sys_memory memory = replay_memory(r);
	sys_ranges ranges = {0};
	struct error *err = sys_written(&call->guest, &memory, &ranges);

	for (size_t i = 0; i < ranges.len && !err; i++)
		err = memory_forget(call->memory, ranges.at[i].address, ranges.at[i].len);
	vec_deinit(&ranges);
	return err;
}

static struct error *execute_plain(struct replay *r, struct replay_call *call)
{
	struct error *err = replay_run(r, call, call->guest.arg);

	if (!err)
		err = replay_must_succeed(call);
	return err ? err : forget_written(r, call);
}

static const struct {
	enum sys_sem sem;
	struct error *(*execute)(struct replay *r, struct replay_call *call);
} executors[] = {
	{SYS_MMAP, replay_mmap},
	{SYS_MUNMAP, replay_munmap},
	{SYS_MREMAP, replay_mremap},
	{SYS_MPROTECT, replay_mprotect},
	{SYS_MADVISE, replay_madvise},
	{SYS_BRK, replay_brk},
	{SYS_SET_TID_ADDRESS, execute_set_tid_address},
	{SYS_EXIT, execute_exit},
	{SYS_EXIT_GROUP, execute_exit},
};

struct error *replay_execute(struct replay *r, struct replay_call *call)
{
	for (size_t i = 0; i < sizeof executors / sizeof *executors; i++)
		if (executors[i].sem == call->desc->sem)
			return executors[i].execute(r, call);
	return execute_plain(r, call);
}

struct error *replay_pass(struct replay *r, struct replay_call *call)
{
	struct error *err = replay_run(r, call, call->guest.arg);

	return err ? err : forget_written(r, call);
}
