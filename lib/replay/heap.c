/* The heap: brk(). */
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

enum { HEAP_PROBE = 1 << 20, HEAP_ROOM = 256 << 20 }; /* bytes */

/*
 * Where the guest's heap starts, whose own break is at start: as far into a page as in the logged run, because what
 * lies behind the break in its page stays. Some targets leave no room behind it (QEMU 11.1, behind position-independent
 * AArch64 programs): a mapping then stands for the heap.
 */
static struct error *choose_heap(struct replay *r, struct replay_call *call, uint64_t start)
{
	uint64_t within = r->heap_log % MEMORY_PAGE, heap = start + ((within - start) & (MEMORY_PAGE - 1));
	uint64_t arg[6] = {heap + HEAP_PROBE};
	int64_t result = 0;
	struct error *err = guest_call(r, call, "brk", arg, &result);

	r->heap_target = heap;
	if (!err && (uint64_t)result == heap + HEAP_PROBE) {
		arg[0] = heap;
		err = guest_call(r, call, "brk", arg, &result);
	} else if (!err) {
		const uint64_t map[6] = {
			0,          HEAP_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			UINT64_MAX, 0};
		err = guest_call(r, call, "mmap", map, &result);
		r->heap_ours = !err && !sys_failed(result);
	}
	if (r->heap_ours)
		r->heap_target = (uint64_t)result + within;
	return err ? err : replay_stand_behind(r, call, r->heap_target);
}

/* The call is skipped: the break could not be moved in the logged run either, or is a mapping's. */
static struct error *emulate_brk(struct replay *r, struct replay_call *call, uint64_t logged)
{
	struct error *err = replay_emulate(r, call);
	uint64_t result = r->heap_target + (logged - r->heap_log);

	if (r->heap_ours && logged - r->heap_log > HEAP_ROOM - MEMORY_PAGE)
		return error_create(ERROR_UNSUPPORTED,
				    "the heap is larger than %d MiB, and the target has no room for it",
				    HEAP_ROOM >> 20);
	call->guest.result = (int64_t)result;
	return err ? err : replay_set_result(r, call, result);
}

/* What is given back of a mapping is zeros when the program asks for it again. */
static struct error *clear_heap(struct replay *r, uint64_t start, uint64_t end)
{
	static const uint8_t zeros[MEMORY_PAGE];
	struct error *err = NULL;

	for (uint64_t at = start; !err && at < end; at += sizeof zeros)
		err = replay_poke(r, NULL, at, zeros, sizeof zeros);
	return err;
}

/* The bytes behind the break in its page. */
struct tail {
	uint64_t address;
	size_t len;
	uint8_t bytes[MEMORY_PAGE];
};

static struct error *read_tail(struct replay *r, struct tail *ret)
{
	size_t got = 0;

	ret->address = r->heap_end;
	ret->len = (size_t)(replay_round(r->heap_end) - r->heap_end);
	struct error *err = target_read_memory(r->target, ret->address, ret->bytes, ret->len, &got);
	if (got != ret->len)
		ret->len = 0; /* nothing is there yet */
	return err;
}

/* The kernel leaves them as they were when the break moves up (mm/mmap.c, brk()); QEMU clears them. */
static struct error *keep_tail(struct replay *r, const struct tail *before, uint64_t result)
{
	struct tail now;
	bool up = before->len && result > r->heap_end;
	struct error *err = up ? read_tail(r, &now) : NULL;

	if (err || !up || !memcmp(before->bytes, now.bytes, before->len))
		return err;
	return target_write_memory(r->target, before->address, before->bytes, before->len);
}

/* The guest makes the call. */
static struct error *move_break(struct replay *r, struct replay_call *call)
{
	struct tail tail = {0};
	struct error *err = r->heap_known ? read_tail(r, &tail) : NULL;

	if (!err)
		err = replay_run(r, call, call->guest.arg);
	return err ? err : keep_tail(r, &tail, (uint64_t)call->guest.result);
}

enum { HEAP_RIGHTS = PROT_READ | PROT_WRITE };

/* Is there memory behind the break, as QEMU 7.2 leaves it there? Whole pages. */
static struct error *find_rest(struct replay *r, uint64_t start, uint64_t end, bool *ret)
{
	uint8_t byte;
	size_t got = 0;
	struct error *err = start < end ? target_read_memory(r->target, end - 1, &byte, 1, &got) : NULL;

	*ret = got != 0;
	return err;
}

/* The map, where the break has moved between these two: what is new is zeros. */
static struct error *map_break(struct replay *r, uint64_t from, uint64_t to)
{
	uint64_t start = replay_round(to), end = replay_round(from);
	bool stays = r->heap_ours;

	if (!r->map.known || start == end)
		return NULL;
	if (start > end)
		return from ? guest_map_set(&r->map, end, start - end, HEAP_RIGHTS, GUEST_MAP_FRESH) : NULL;
	struct error *err = stays ? NULL : find_rest(r, start, end, &stays);
	if (err || !stays)
		return err ? err : guest_map_unset(&r->map, start, end - start);
	return r->heap_ours ? guest_map_clear(&r->map, start, end - start) : NULL;
}

/* The break is at result now: pages behind it are gone, and new ones are zeros, whatever the target had left there. */
static struct error *note_break(struct replay *r, struct replay_call *call, uint64_t result)
{
	uint64_t end = replay_round(r->heap_end), start = replay_round(result);
	struct error *err = NULL;

	if (start != end)
		err = start < end ? memory_forget(call->memory, start, end - start)
				  : memory_forget(call->memory, end, start - end);
	if (!err && start < end && r->heap_ours)
		err = clear_heap(r, start, end);
	if (!err)
		err = map_break(r, r->heap_end, result);
	r->heap_end = result;
	return err;
}

/* Where the heap starts, with what was tried there. */
static struct error *map_start(struct replay *r)
{
	uint64_t page = r->heap_target & -(uint64_t)MEMORY_PAGE, start = replay_round(r->heap_target);
	uint64_t end = r->heap_ours ? page + HEAP_ROOM : replay_round(r->heap_target + HEAP_PROBE);
	bool stays = r->heap_ours;
	struct error *err = r->map.known && !stays ? find_rest(r, start, end, &stays) : NULL;

	if (err)
		return err;
	return guest_map_add(&r->map, page, (stays ? end : start) - page, HEAP_RIGHTS, GUEST_MAP_FRESH);
}

/* The first one tells where the heap starts in each run. */
static struct error *start_heap(struct replay *r, struct replay_call *call)
{
	struct error *err = move_break(r, call);

	r->heap_log = (uint64_t)call->event->result;
	if (!err)
		err = choose_heap(r, call, (uint64_t)call->guest.result);
	r->heap_known = !err;
	r->heap_end = r->heap_target;
	return err ? err : map_start(r);
}

/* A call that the log does not have. */
static struct error *move_own_break(struct replay *r, struct replay_call *call)
{
	if (r->heap_ours)
		return error_create(
			ERROR_UNSUPPORTED,
			"the guest moves its break where the log does not, and the target has no room for it");
	struct error *err = move_break(r, call);
	return err ? err : note_break(r, call, (uint64_t)call->guest.result);
}

/* brk(addr) */
struct error *replay_brk(struct replay *r, struct replay_call *call)
{
	if (!call->event)
		return move_own_break(r, call);
	if (!r->heap_known)
		return start_heap(r, call);
	uint64_t logged = (uint64_t)call->event->result;
	bool refused = call->event->arg[0] > logged;
	struct error *err = refused || r->heap_ours ? emulate_brk(r, call, logged) : move_break(r, call);

	if (err || refused)
		return err;
	uint64_t result = (uint64_t)call->guest.result;
	if (logged - r->heap_log != result - r->heap_target)
		return error_create(ERROR_TARGET, "the target moves its break by %lld bytes, the log by %lld",
				    (long long)(result - r->heap_target), (long long)(logged - r->heap_log));
	if (logged <= r->heap_log)
		return NULL;
	err = regions_pair(&r->regions, r->heap_log, r->heap_target, logged - r->heap_log);
	return err ? err : note_break(r, call, result);
}
