/*
 * Calls that the guest makes itself: those that change its own address space or thread, in which the emulator has to
 * take part. What they would take from the outside (a file's contents) comes from the log, or from a file with the
 * recorded hash.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */
#include <unistd.h>

#include "lib/replay/internal.h"

/* ---- Running the instruction ---- */

/* Takes what the target shows, and keeps what it hides as it was. */
static struct error *read_visible(struct replay *r, struct state *regs)
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

static struct error *run_behind(struct replay *r, const struct replay_call *call)
{
	struct stop stop;
	struct error *err = target_run_to(r->target, call->next_pc, &stop);

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

/* Runs the guest's call with these arguments; the guest finds its own arguments in its registers again. */
static struct error *run_patched(struct replay *r, struct replay_call *call, const uint64_t arg[6])
{
	bool patched = memcmp(arg, call->guest.arg, sizeof call->guest.arg) != 0;
	struct error *err = patched ? write_args(r, call->before, arg) : NULL;

	if (!err)
		err = run_behind(r, call);
	if (!err && patched)
		err = restore_args(r, call);
	if (!err)
		err = read_visible(r, call->after);
	if (!err)
		call->guest.result = (int64_t)state_get(call->after, r->isa->sys.result);
	return err;
}

static bool failed(int64_t result)
{
	return result < 0 && result >= -4095;
}

static struct error *must_succeed(const struct replay_call *call)
{
	if (!failed(call->guest.result))
		return NULL;
	return error_create(ERROR_TARGET, "%s succeeds in the log, but fails in the target: %s", call->desc->name,
			    strerror((int)-call->guest.result));
}

static struct error *set_result(struct replay *r, struct replay_call *call, uint64_t result)
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

	struct error *err = state_init(&s, isa);
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

/* The guest stands at its own call again, as if nothing had been made in its place. */
static struct error *put_back(struct replay *r, const struct replay_call *call)
{
	const struct isa *isa = r->isa;
	const uint32_t regs[] = {isa->pc,         isa->sys.number, isa->sys.arg[0], isa->sys.arg[1],
				 isa->sys.arg[2], isa->sys.arg[3], isa->sys.arg[4], isa->sys.arg[5]};

	return target_write_regs(r->target, call->before, regs, sizeof regs / sizeof *regs);
}

/* ---- Where handlers return to ---- */

/* struct sigaction of the kernel starts with the handler and the flags (include/uapi/asm-generic/signal.h). */
static struct error *needs_return_code(struct replay *r, const struct replay_call *call, bool *ret)
{
	enum { RESTORER = 0x04000000 }; /* SA_RESTORER */
	uint64_t action[2], at = call->guest.arg[1];
	size_t got = 0;

	*ret = false;
	if (!r->isa->frame->return_code || r->return_code || !at)
		return NULL;
	struct error *err = target_read_memory(r->target, at, action, sizeof action, &got);
	*ret = !err && got == sizeof action && action[0] > (uintptr_t)SIG_IGN && !(action[1] & RESTORER);
	return err;
}

struct error *replay_put_return_code(struct replay *r, const struct replay_call *call)
{
	const struct isa_frame *frame = r->isa->frame;
	const uint64_t map[6] = {0, frame->return_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX,
				 0};
	bool needed = false;
	int64_t address = 0, result = 0;
	struct error *err = needs_return_code(r, call, &needed);

	if (err || !needed)
		return err;
	err = guest_call(r, call, "mmap", map, &address);
	if (!err && !failed(address))
		err = replay_poke(r, call->memory, (uint64_t)address, frame->return_code, frame->return_len);
	const uint64_t protect[6] = {(uint64_t)address, frame->return_len, PROT_READ | PROT_EXEC};
	if (!err && !failed(address))
		err = guest_call(r, call, "mprotect", protect, &result);
	if (!err && (failed(address) || failed(result)))
		err = error_create(ERROR_TARGET, "the target has no room for what signal handlers return to");
	r->return_code = (uint64_t)address;
	return err ? err : put_back(r, call);
}

/* ---- File contents ---- */

/* The mapped file is the recorded one. */
static struct error *check_file(const struct evlog_file *recorded)
{
	struct evlog_file found = {0};
	struct error *err = evlog_file_identify(recorded->path, &found);

	if (!err && (found.size != recorded->size || memcmp(found.sha256, recorded->sha256, sizeof found.sha256)))
		err = error_input(
			recorded->path, 0,
			"has changed since the log was recorded, which maps it: record again, or with --embed-files");
	evlog_file_deinit(&found);
	return err;
}

/* Copies bytes [offset, offset + len) of the file, as far as it goes, to the guest. */
static struct error *copy_file(struct replay *r, struct replay_call *call, const struct evlog_backing *b,
			       uint64_t address, uint64_t len)
{
	static const size_t chunk = 1 << 16;
	struct error *err = check_file(&b->file);

	if (err)
		return err;
	int fd = open(b->file.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_os(errno, "open", b->file.path);
	uint8_t *buf = malloc(chunk);
	if (!buf)
		err = &error_no_memory;
	for (uint64_t at = 0; at < len && !err; at += chunk) {
		size_t want = len - at < chunk ? len - at : chunk;
		ssize_t got = pread(fd, buf, want, (off_t)(b->offset + at));
		if (got < 0)
			err = error_os(errno, "read", b->file.path);
		else if (got == 0)
			break;
		else
			err = replay_poke(r, call->memory, address + at, buf, (size_t)got);
	}
	free(buf);
	close(fd);
	return err;
}

static struct error *copy_backing(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len)
{
	const struct evlog_backing *b = call->event->backing;

	if (!b)
		return error_create(ERROR_INPUT, "the log does not say which file is mapped: record it again");
	if (b->data)
		return replay_poke(r, call->memory, address, b->data, b->data_len < len ? b->data_len : len);
	return copy_file(r, call, b, address, len);
}

/* ---- Calls with patched arguments ---- */

/* The largest alignment that a loader gives segments of its own accord, by cutting off what it mapped too much. */
enum { LOADER_ALIGN = 1 << 16 };

/*
 * Where a mapping of len bytes has room at the logged one's distance from a multiple of LOADER_ALIGN: what a loader
 * cuts off, and so which calls it makes, depends on it. The guest tries with a larger one.
 */
static struct error *find_room(struct replay *r, const struct replay_call *call, uint64_t logged, uint64_t len,
			       uint64_t *ret)
{
	uint64_t arg[6] = {0, len + LOADER_ALIGN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	int64_t result = 0;
	struct error *err = guest_call(r, call, "mmap", arg, &result);

	*ret = 0;
	if (err || failed(result))
		return err;
	*ret = (uint64_t)result + ((logged - (uint64_t)result) & (LOADER_ALIGN - 1));
	arg[0] = (uint64_t)result;
	return guest_call(r, call, "munmap", arg, &result);
}

/* Maps; at the logged address if it is free, else as far from a loader's alignment. */
static struct error *map_alike(struct replay *r, struct replay_call *call, uint64_t arg[6])
{
	uint64_t logged = (uint64_t)call->event->result;
	bool anywhere = !arg[0];
	int64_t unmapped;

	if (anywhere)
		arg[0] = logged; /* a hint: equal addresses need no translation */
	struct error *err = run_patched(r, call, arg);
	uint64_t result = (uint64_t)call->guest.result;
	if (err || !anywhere || failed(call->guest.result) || !((result ^ logged) & (LOADER_ALIGN - 1)))
		return err;
	err = guest_call(r, call, "munmap", (const uint64_t[6]){result, arg[1]}, &unmapped);
	if (!err)
		err = find_room(r, call, logged, arg[1], &arg[0]);
	if (!err)
		err = put_back(r, call);
	return err ? err : run_patched(r, call, arg);
}

/* mmap(addr, length, prot, flags, fd, offset). A file's mapping becomes an anonymous one, filled and then protected. */
static struct error *execute_mmap(struct replay *r, struct replay_call *call)
{
	uint64_t arg[6], len = call->guest.arg[1], prot = call->guest.arg[2];
	uint64_t logged = (uint64_t)call->event->result;
	bool file = !(call->guest.arg[3] & MAP_ANONYMOUS);

	memcpy(arg, call->guest.arg, sizeof arg);
	if (file) {
		arg[2] = PROT_READ | PROT_WRITE;
		arg[3] = (arg[3] & ~(uint64_t)MAP_TYPE) | MAP_PRIVATE | MAP_ANONYMOUS;
		arg[4] = UINT64_MAX;
		arg[5] = 0;
	}

	struct error *err = map_alike(r, call, arg);
	if (!err)
		err = must_succeed(call);
	uint64_t address = (uint64_t)call->guest.result;
	if (!err)
		err = regions_pair(&r->regions, logged, address, len);
	if (!err)
		err = memory_forget(call->memory, address, len);
	if (!err && file)
		err = copy_backing(r, call, address, len);
	if (!err && file && !call->event->backing->offset)
		err = replay_add_module(r, call->event->backing->file.path, address, address + len, 0);
	if (!err && file && prot != (PROT_READ | PROT_WRITE)) {
		const uint64_t protect[6] = {address, len, prot};
		int64_t result = 0;
		err = guest_call(r, call, "mprotect", protect, &result);
		if (!err && failed(result))
			err = error_create(ERROR_TARGET, "mprotect fails in the target: %s", strerror((int)-result));
		if (!err) /* back to the state behind the guest's own call */
			err = target_write_regs(r->target, call->after, r->isa->sys.arg, 6);
		if (!err)
			err = target_write_regs(r->target, call->after, &r->isa->sys.number, 1);
		if (!err)
			err = set_result(r, call, address);
	}
	return err;
}

static struct error *execute_munmap(struct replay *r, struct replay_call *call)
{
	struct error *err = run_patched(r, call, call->guest.arg);

	if (!err)
		err = must_succeed(call);
	if (!err)
		err = regions_unpair(&r->regions, call->event->arg[0], call->event->arg[1]);
	return err ? err : memory_forget(call->memory, call->guest.arg[0], call->guest.arg[1]);
}

/* mremap(old, old_size, new_size, flags, new) */
static struct error *execute_mremap(struct replay *r, struct replay_call *call)
{
	const struct evlog_event *ev = call->event;
	struct error *err = run_patched(r, call, call->guest.arg);

	if (!err)
		err = must_succeed(call);
	if (!err)
		err = regions_unpair(&r->regions, ev->arg[0], ev->arg[1]);
	if (!err)
		err = regions_pair(&r->regions, (uint64_t)ev->result, (uint64_t)call->guest.result, ev->arg[2]);
	if (!err)
		err = memory_forget(call->memory, call->guest.arg[0], call->guest.arg[1]);
	return err ? err : memory_forget(call->memory, (uint64_t)call->guest.result, call->guest.arg[2]);
}

enum { HEAP_PROBE = 1 << 20, HEAP_ROOM = 256 << 20 }; /* bytes */

/*
 * Where the guest's heap starts, whose own break is at start. Some targets leave no room behind it (QEMU 11.1, behind
 * position-independent AArch64 programs): a mapping then stands for the heap.
 */
static struct error *choose_heap(struct replay *r, struct replay_call *call, uint64_t start)
{
	uint64_t arg[6] = {start + HEAP_PROBE};
	int64_t result = 0;
	struct error *err = guest_call(r, call, "brk", arg, &result);

	r->heap_target = start;
	if (!err && (uint64_t)result == start + HEAP_PROBE) {
		arg[0] = start;
		err = guest_call(r, call, "brk", arg, &result);
	} else if (!err) {
		const uint64_t map[6] = {
			0,          HEAP_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			UINT64_MAX, 0};
		err = guest_call(r, call, "mmap", map, &result);
		r->heap_ours = !err && !failed(result);
	}
	if (r->heap_ours)
		r->heap_target = (uint64_t)result;
	if (!err) /* back to the state behind the guest's own call */
		err = target_write_regs(r->target, call->after, r->isa->sys.arg, 6);
	if (!err)
		err = target_write_regs(r->target, call->after, &r->isa->sys.number, 1);
	return err ? err : set_result(r, call, r->heap_target);
}

/* The call is skipped: the break could not be moved in the logged run either, or is a mapping's. */
static struct error *emulate_brk(struct replay *r, struct replay_call *call, uint64_t logged)
{
	struct error *err = replay_emulate(r, call);
	uint64_t result = r->heap_target + (logged - r->heap_log);

	if (r->heap_ours && logged - r->heap_log > HEAP_ROOM)
		return error_create(ERROR_UNSUPPORTED,
				    "the heap is larger than %d MiB, and the target has no room for it",
				    HEAP_ROOM >> 20);
	call->guest.result = (int64_t)result;
	return err ? err : set_result(r, call, result);
}

/* What is given back of a mapping is zeros when the program asks for it again. */
static struct error *clear_heap(struct replay *r, uint64_t start, uint64_t end)
{
	static const uint8_t zeros[4096];
	struct error *err = NULL;

	for (uint64_t at = start; !err && at < end; at += sizeof zeros)
		err = replay_poke(r, NULL, at, zeros, end - at < sizeof zeros ? end - at : sizeof zeros);
	return err;
}

/* brk(addr). The first one tells where the heap starts in each run. */
static struct error *execute_brk(struct replay *r, struct replay_call *call)
{
	uint64_t logged = (uint64_t)call->event->result, asked = call->event->arg[0];
	bool refused = r->heap_known && asked > logged;
	struct error *err = refused || r->heap_ours ? emulate_brk(r, call, logged)
						    : run_patched(r, call, call->guest.arg);

	if (!err && !r->heap_known)
		err = choose_heap(r, call, (uint64_t)call->guest.result);
	if (err || refused)
		return err;
	if (!r->heap_known) {
		r->heap_known = true;
		r->heap_log = logged;
		r->heap_end = r->heap_target;
		return NULL;
	}
	uint64_t result = (uint64_t)call->guest.result;
	if (logged - r->heap_log != result - r->heap_target)
		return error_create(ERROR_TARGET, "the target moves its break by %lld bytes, the log by %lld",
				    (long long)(result - r->heap_target), (long long)(logged - r->heap_log));
	if (logged <= r->heap_log)
		return NULL;
	err = regions_pair(&r->regions, r->heap_log, r->heap_target, logged - r->heap_log);
	if (!err && result < r->heap_end)
		err = memory_forget(call->memory, result, r->heap_end - result);
	if (!err && r->heap_ours)
		err = clear_heap(r, result, r->heap_end);
	r->heap_end = result;
	return err;
}

/* madvise may drop contents (MADV_DONTNEED). */
static struct error *execute_madvise(struct replay *r, struct replay_call *call)
{
	struct error *err = run_patched(r, call, call->guest.arg);

	return err ? err : memory_forget(call->memory, call->guest.arg[0], call->guest.arg[1]);
}

/* Its result, a thread id, is the logged run's. */
static struct error *execute_set_tid_address(struct replay *r, struct replay_call *call)
{
	struct error *err = run_patched(r, call, call->guest.arg);

	return err ? err : set_result(r, call, (uint64_t)call->event->result);
}

static struct error *execute_exit(struct replay *r, struct replay_call *call)
{
	struct stop stop;
	struct error *err = target_step(r->target, 0, &stop);

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

/* ---- Calls that the log does not have ---- */

/* Other memory is there now, or none; it corresponds to nothing in the log. */
static struct error *forget_range(struct replay *r, const struct replay_call *call, uint64_t address, uint64_t len)
{
	struct error *err = regions_unpair_target(&r->regions, address, len);

	return err ? err : memory_forget(call->memory, address, len);
}

struct error *replay_unlogged(struct replay *r, struct replay_call *call)
{
	const uint64_t *arg = call->guest.arg;

	if (call->desc->sem == SYS_BRK && r->heap_ours)
		return error_create(
			ERROR_UNSUPPORTED,
			"the guest moves its break where the log does not, and the target has no room for it");
	struct error *err = run_patched(r, call, arg);

	if (err || failed(call->guest.result))
		return err;
	uint64_t result = (uint64_t)call->guest.result;
	switch (call->desc->sem) {
	case SYS_MMAP: err = forget_range(r, call, result, arg[1]); break;
	case SYS_MUNMAP: err = forget_range(r, call, arg[0], arg[1]); break;
	case SYS_MREMAP:
		err = forget_range(r, call, arg[0], arg[1]);
		if (!err)
			err = forget_range(r, call, result, arg[2]);
		break;
	case SYS_BRK:
		if (result < r->heap_end)
			err = memory_forget(call->memory, result, r->heap_end - result);
		r->heap_end = result;
		break;
	case SYS_MADVISE: return memory_forget(call->memory, arg[0], arg[1]);
	default: break;
	}
	return err;
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
	struct error *err = run_patched(r, call, call->guest.arg);

	if (!err)
		err = must_succeed(call);
	return err ? err : forget_written(r, call);
}

static const struct {
	enum sys_sem sem;
	struct error *(*execute)(struct replay *r, struct replay_call *call);
} executors[] = {
	{SYS_MMAP, execute_mmap}, {SYS_MUNMAP, execute_munmap},   {SYS_MREMAP, execute_mremap},
	{SYS_BRK, execute_brk},   {SYS_MADVISE, execute_madvise}, {SYS_SET_TID_ADDRESS, execute_set_tid_address},
	{SYS_EXIT, execute_exit}, {SYS_EXIT_GROUP, execute_exit},
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
	struct error *err = run_patched(r, call, call->guest.arg);

	return err ? err : forget_written(r, call);
}
