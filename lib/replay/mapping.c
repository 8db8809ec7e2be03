/*
 * Calls that map and unmap, made by the guest with patched arguments: what they took from the outside (a file) comes
 * from the log, addresses are those of this run. Mappings of files, and shared ones, become mappings of stand-ins
 * (objects.c). Lengths are those of whole pages, as for the kernel.
 *
 * Targets that emulate a kernel of their own lack some of these calls, or do them in part (QEMU 7.2: madvise(), and
 * mremap() with MREMAP_DONTUNMAP). Such a call is put together from those that all have.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h> /* PROT_, MAP_ and MADV_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { DROPPABLE = 8 /* MAP_DROPPABLE, a type of mapping (Linux 6.11) */ };

/* What is mapped around an address; what the guest did not map itself (its images, heap and stack) is memory of its
 * own. */
static struct view view_around(const struct replay *r, uint64_t address)
{
	const struct view *v = views_at(&r->views, address >> PAGE_SHIFT), own = {.prot = PROT_READ | PROT_WRITE};
	struct view part = own;

	if (v)
		view_cut(v, address >> PAGE_SHIFT, 1, &part);
	return part;
}

/* The arguments that map what v says at address; fixed: there and nowhere else. All memory of the guest's own is mapped
 * with the same flags, so that the kernel makes one of what lies side by side, as mremap() needs. */
static void map_args(const struct replay *r, const struct view *v, uint64_t address, uint64_t len, bool fixed,
		     uint64_t ret[6])
{
	ret[0] = address;
	ret[1] = len;
	ret[2] = replay_readable((uint64_t)v->prot);
	ret[3] = (uint64_t)((v->object && !v->private ? MAP_SHARED : MAP_PRIVATE) | (fixed ? MAP_FIXED : 0) |
			    (v->object ? 0 : MAP_ANONYMOUS | MAP_NORESERVE));
	ret[4] = v->object ? (uint64_t)replay_object_fd(r, v->object) : UINT64_MAX;
	ret[5] = v->object ? v->at << PAGE_SHIFT : 0;
}

/* Maps what v says in place of what is at address. */
static struct error *map_over(struct replay *r, struct replay_call *call, const struct view *v, uint64_t address,
			      uint64_t len)
{
	uint64_t arg[6];
	int64_t result = 0;

	map_args(r, v, address, len, true, arg);
	struct error *err = guest_call(r, call, "mmap", arg, &result);
	if (err || result == (int64_t)address)
		return err;
	return error_create(ERROR_TARGET, "the target cannot map at 0x%llx: %s", (unsigned long long)address,
			    sys_failed(result) ? strerror((int)-result) : "it maps elsewhere");
}

/* ---- mmap ---- */

/* Programs map too much and cut off what lies before and behind an aligned part: loaders by a segment's alignment (64
 * KiB and 2 MiB are usual), malloc() by that of an arena. */
enum { LEAST_ALIGN = 1 << 16, LARGEST_ALIGN = 1 << 26 };

/* The largest alignment of what may be cut out of len bytes. */
static uint64_t cut_align(uint64_t len)
{
	uint64_t align = LEAST_ALIGN;

	while (align < LARGEST_ALIGN && align * 2 <= len)
		align *= 2;
	return align;
}

/*
 * Where a mapping of len bytes has room at the logged one's distance from a multiple of align: what a program cuts
 * off, and so which calls it makes, depends on it. The guest tries with a larger one.
 */
static struct error *find_room(struct replay *r, const struct replay_call *call, uint64_t logged, uint64_t len,
			       uint64_t align, uint64_t *ret)
{
	uint64_t arg[6] = {0, len + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, UINT64_MAX, 0};
	int64_t result = 0;
	struct error *err = guest_call(r, call, "mmap", arg, &result);

	*ret = 0;
	if (err || sys_failed(result))
		return err;
	*ret = (uint64_t)result + ((logged - (uint64_t)result) & (align - 1));
	arg[0] = (uint64_t)result;
	return guest_call(r, call, "munmap", arg, &result);
}

/* Maps; where the guest leaves the choice, at the logged address if that is free, else as far from what the program may
 * align to. */
static struct error *map_alike(struct replay *r, struct replay_call *call, uint64_t arg[6])
{
	uint64_t logged = call->event ? (uint64_t)call->event->result : 0;
	bool anywhere = call->event && !(arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
			call->guest.arg[0] == call->event->arg[0];
	uint64_t align = cut_align(arg[1]);
	int64_t unmapped;

	if (anywhere)
		arg[0] = logged; /* a hint: equal addresses need no translation */
	struct error *err = replay_run(r, call, arg);
	uint64_t result = (uint64_t)call->guest.result;
	if (err || !anywhere || sys_failed(call->guest.result) || !((result ^ logged) & (align - 1)))
		return err;
	err = guest_call(r, call, "munmap", (const uint64_t[6]){result, arg[1]}, &unmapped);
	if (!err)
		err = find_room(r, call, logged, arg[1], align, &arg[0]);
	if (!err)
		err = replay_put_back(r, call);
	return err ? err : replay_run(r, call, arg);
}

/* The object of a file's mapping. /dev/zero gives memory as MAP_ANONYMOUS does (drivers/char/mem.c, mmap_zero()). */
static struct error *find_backing(struct replay *r, struct replay_call *call, uint64_t len, bool shared, struct view *v)
{
	const struct evlog_backing *b = call->event ? call->event->backing : NULL;
	bool writable = shared && v->prot & PROT_WRITE;

	if (!b)
		return error_create(ERROR_INPUT, "the log does not say which file is mapped: record it again");
	if (!b->id && b->data && !b->data_len)
		return shared ? replay_make_object(r, call, 0, (v->at << PAGE_SHIFT) + len, &v->object) : NULL;
	if (!b->id && writable)
		return error_create(ERROR_UNSUPPORTED,
				    "the log does not say which shared mappings show the same file, "
				    "%s: record it again",
				    b->file.path);
	return replay_find_object(r, call, b, len, &v->object);
}

/* Bytes of a huge page, if the mapping is made of such: they are made of others here. */
static uint64_t page_size(uint64_t flags)
{
	enum { SHIFT = 26, MASK = 0x3f, DEFAULT = 21 }; /* MAP_HUGE_SHIFT, MAP_HUGE_MASK; a default of 2 MiB */
	uint64_t log2 = flags >> SHIFT & MASK;

	return flags & MAP_HUGETLB ? UINT64_C(1) << (log2 ? log2 : DEFAULT) : MEMORY_PAGE;
}

/* What the call maps, and whether an object had to be looked for. */
static struct error *wanted(struct replay *r, struct replay_call *call, uint64_t len, struct view *ret)
{
	const uint64_t *arg = call->guest.arg;
	uint64_t type = arg[3] & MAP_TYPE;
	bool shared = type != MAP_PRIVATE && type != DROPPABLE, anonymous = arg[3] & MAP_ANONYMOUS;
	struct error *err = NULL;

	*ret = (struct view){.prot = (int)arg[2], .private = !shared};
	if (!anonymous) {
		ret->at = arg[5] >> PAGE_SHIFT;
		err = find_backing(r, call, len, shared, ret);
	} else if (shared) {
		err = replay_make_object(r, call, 0, len, &ret->object);
	}
	if (!ret->object)
		ret->at = 0;
	return err || (anonymous && !shared) ? err : replay_put_back(r, call);
}

/* Part of the range was mapped in advance, where in the logged run there is nothing yet. */
static bool meets_growth(const struct replay *r, uint64_t address, uint64_t len)
{
	uint64_t first = address >> PAGE_SHIFT;
	size_t i = views_find(&r->growth, first);

	return i < r->growth.list.len && r->growth.list.at[i].first < first + (replay_round(len) >> PAGE_SHIFT);
}

enum { GROWS_TO = 8 << 20, GROWTH_GAP = 256 * MEMORY_PAGE }; /* bytes: RLIMIT_STACK's usual value; stack_guard_gap */

/*
 * A mapping that grows downwards: what it may grow to (mm/mmap.c, expand_downwards()) is mapped from the beginning.
 * Targets grow none themselves (unicorn), or without the stub's knowing (QEMU).
 */
static struct error *map_growth(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len,
				const struct view *v)
{
	uint64_t lowest = address > GROWS_TO ? address + len - GROWS_TO : GROWTH_GAP, arg[6];
	size_t i = views_find(&r->views, address >> PAGE_SHIFT);
	int64_t result = 0;
	struct error *err = NULL;

	if (i && r->views.list.at[i - 1].prot != PROT_NONE) {
		const struct view *below = &r->views.list.at[i - 1];
		uint64_t end = ((below->first + below->num) << PAGE_SHIFT) + GROWTH_GAP;
		lowest = end > lowest ? end : lowest;
	}
	while (!err && lowest < address) {
		map_args(r, v, lowest, address - lowest, false, arg);
		arg[3] |= MAP_FIXED_NOREPLACE;
		err = guest_call(r, call, "mmap", arg, &result);
		if (err || result == (int64_t)lowest)
			break;
		if (!sys_failed(result)) /* it does not know the flag */
			err = guest_call(r, call, "munmap", (const uint64_t[6]){(uint64_t)result, arg[1]}, &result);
		lowest += replay_round((address - lowest + 1) / 2);
	}
	if (err || lowest >= address)
		return err;
	err = replay_note(r, call, lowest, address - lowest, v);
	const struct view grown = {.first = lowest >> PAGE_SHIFT, .num = (address - lowest) >> PAGE_SHIFT};
	if (!err)
		err = views_map(&r->growth, &grown);
	if (!err && call->event)
		err = regions_pair(&r->regions, (uint64_t)call->event->result - (address - lowest), lowest,
				   address - lowest);
	return err;
}

/* Behind the call. */
static struct error *note_mapped(struct replay *r, struct replay_call *call, uint64_t len, const struct view *v)
{
	const struct evlog_event *ev = call->event;
	uint64_t address = (uint64_t)call->guest.result;
	struct error *err = ev ? regions_pair(&r->regions, (uint64_t)ev->result, address, len)
			       : regions_unpair_target(&r->regions, address, len);

	if (!err)
		err = replay_note(r, call, address, len, v);
	if (!err && call->guest.arg[3] & MAP_ANONYMOUS)
		err = guest_map_clear(&r->map, address, replay_round(len));
	if (!err && ev && ev->backing && !ev->backing->offset && v->object)
		err = replay_add_module(r, ev->backing->file.path, address, address + len, 0);
	if (!err && call->guest.arg[3] & MAP_GROWSDOWN && !v->object) {
		err = map_growth(r, call, address, len, v);
		if (!err)
			err = replay_stand_behind(r, call, address);
	}
	return err;
}

/* mmap(addr, length, prot, flags, fd, offset) */
struct error *replay_mmap(struct replay *r, struct replay_call *call)
{
	const uint64_t keep = MAP_FIXED | MAP_FIXED_NOREPLACE | 0x40 /* MAP_32BIT, on x86 */;
	uint64_t flags = call->guest.arg[3], big = page_size(flags), arg[6];
	uint64_t len = (call->guest.arg[1] + big - 1) & -big;
	struct view v;
	struct error *err = wanted(r, call, len, &v);

	if (err)
		return err;
	map_args(r, &v, call->guest.arg[0], len, false, arg);
	arg[3] |= flags & keep;
	if (flags & MAP_FIXED_NOREPLACE && call->event && meets_growth(r, arg[0], len))
		arg[3] = (arg[3] & ~(uint64_t)MAP_FIXED_NOREPLACE) | MAP_FIXED;
	err = map_alike(r, call, arg);
	if (!err && call->event)
		err = replay_must_succeed(call);
	return err || sys_failed(call->guest.result) ? err : note_mapped(r, call, len, &v);
}

/* ---- munmap ---- */

struct error *replay_munmap(struct replay *r, struct replay_call *call)
{
	uint64_t address = call->guest.arg[0], len = replay_round(call->guest.arg[1]);
	struct error *err = replay_run(r, call, call->guest.arg);

	if (!err && call->event)
		err = replay_must_succeed(call);
	if (err || sys_failed(call->guest.result))
		return err;
	err = call->event ? regions_unpair(&r->regions, call->event->arg[0], len)
			  : regions_unpair_target(&r->regions, address, len);
	return err ? err : replay_note(r, call, address, len, NULL);
}

/* ---- mremap ---- */

/* mremap(old, old_size, new_size, flags, new), lengths in whole pages. */
struct remap {
	uint64_t old, len, wanted, flags;
	bool fixed;
	uint64_t hint; /* where it goes: if fixed, nowhere else */
	uint64_t to;   /* where it went */
};

/* Moves what is noted of the old place to the new one, or to its new size. Behind the last mapping's end there is more
 * of the same. */
static struct error *note_remapped(struct replay *r, struct replay_call *call, const struct remap *m)
{
	uint64_t kept = m->len < m->wanted ? m->len : m->wanted, first = m->old >> PAGE_SHIFT;
	struct view next = view_around(r, m->old + m->len - 1);
	struct views parts = {0}, mapped = {0};
	struct error *err = guest_map_parts(&r->map, m->old, kept, &mapped);

	next.at++;
	for (size_t i = 0; i < r->views.list.len && !err; i++) {
		struct view part;
		if (!view_cut(&r->views.list.at[i], first, kept >> PAGE_SHIFT, &part))
			continue;
		part.first += (m->to - m->old) >> PAGE_SHIFT;
		err = views_map(&parts, &part);
	}
	if (!err && m->to != m->old)
		err = replay_note(r, call, m->old, m->len, NULL);
	else if (!err && m->wanted < m->len)
		err = replay_note(r, call, m->old + m->wanted, m->len - m->wanted, NULL);
	if (!err && m->to != m->old)
		err = replay_note(r, call, m->to, kept, NULL);
	for (size_t i = 0; i < parts.list.len && !err && m->to != m->old; i++)
		err = replay_note(r, call, parts.list.at[i].first << PAGE_SHIFT, parts.list.at[i].num << PAGE_SHIFT,
				  &parts.list.at[i]);
	if (!err && m->to != m->old)
		err = guest_map_put(&r->map, &mapped, m->to - m->old);
	if (!err && m->wanted > m->len)
		err = replay_note(r, call, m->to + m->len, m->wanted - m->len, &next);
	if (!err && m->wanted > m->len && mapped.list.len && !next.object)
		err = guest_map_set(&r->map, m->to + m->len, m->wanted - m->len,
				    mapped.list.at[mapped.list.len - 1].prot, GUEST_MAP_OTHER);
	views_deinit(&parts);
	views_deinit(&mapped);
	return err;
}

/* Maps a second view of what is at the old place. */
static struct error *duplicate(struct replay *r, struct replay_call *call, struct remap *m)
{
	struct view v = view_around(r, m->old);
	uint64_t arg[6];
	int64_t result = 0;

	if (!v.object || v.private)
		return error_create(ERROR_UNSUPPORTED,
				    "mremap: a second mapping of memory that was mapped before the program began");
	map_args(r, &v, m->hint, m->wanted, m->fixed, arg);
	struct error *err = guest_call(r, call, "mmap", arg, &result);
	call->guest.result = result;
	if (!err)
		err = replay_must_succeed(call);
	m->to = (uint64_t)result;
	if (!err)
		err = guest_map_changed(&r->map, m->old, m->wanted);
	return err ? err : replay_note(r, call, m->to, m->wanted, &v);
}

/* MREMAP_DONTUNMAP: the pages move, and the old mapping stays, with nothing in it yet. */
static struct error *move_and_keep(struct replay *r, struct replay_call *call, struct remap *m)
{
	uint64_t arg[6] = {m->hint, m->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	struct view v = view_around(r, m->old);
	int64_t place = (int64_t)m->hint, result = 0;

	if (v.object && !v.private)
		return duplicate(r, call, m);
	struct error *err = m->fixed ? NULL : guest_call(r, call, "mmap", arg, &place);
	if (err)
		return err;
	m->to = (uint64_t)place;
	if (!sys_failed(place))
		err = guest_call(r, call, "mremap",
				 (const uint64_t[6]){m->old, m->len, m->len, MREMAP_MAYMOVE | MREMAP_FIXED, m->to},
				 &result);
	call->guest.result = sys_failed(place) ? place : result;
	if (!err)
		err = replay_must_succeed(call);
	if (!err)
		err = note_remapped(r, call, m);
	if (!err)
		err = map_over(r, call, &v, m->old, m->len);
	return err ? err : replay_note(r, call, m->old, m->len, &v);
}

static struct error *remap_in_guest(struct replay *r, struct replay_call *call, struct remap *m)
{
	struct error *err = replay_run(r, call, call->guest.arg);

	if (!err && call->event)
		err = replay_must_succeed(call);
	if (err || sys_failed(call->guest.result))
		return err;
	m->to = (uint64_t)call->guest.result;
	return note_remapped(r, call, m);
}

/* What becomes of the pairs of addresses. */
static struct error *pair_remapped(struct replay *r, struct replay_call *call, const struct remap *m, bool keeps)
{
	const struct evlog_event *ev = call->event;
	struct error *err = NULL;

	if (!ev) {
		err = keeps ? NULL : regions_unpair_target(&r->regions, m->old, m->len);
		return err ? err : regions_unpair_target(&r->regions, m->to, m->wanted);
	}
	if (!keeps)
		err = regions_unpair(&r->regions, ev->arg[0], m->len);
	return err ? err : regions_pair(&r->regions, (uint64_t)ev->result, m->to, m->wanted);
}

struct error *replay_mremap(struct replay *r, struct replay_call *call)
{
	enum { DONTUNMAP = 4 }; /* MREMAP_DONTUNMAP */
	const uint64_t *arg = call->guest.arg;
	struct remap m = {.old = arg[0], .len = replay_round(arg[1]), .wanted = replay_round(arg[2]), .flags = arg[3]};
	bool keeps = !m.len || m.flags & DONTUNMAP;
	struct error *err;

	m.fixed = m.flags & MREMAP_FIXED;
	m.hint = m.fixed || !call->event ? arg[4] : (uint64_t)call->event->result;
	if (m.flags & DONTUNMAP)
		err = move_and_keep(r, call, &m);
	else if (!m.len)
		err = duplicate(r, call, &m);
	else
		err = remap_in_guest(r, call, &m);
	if (!err && keeps)
		err = replay_stand_behind(r, call, m.to);
	return err || sys_failed(call->guest.result) ? err : pair_remapped(r, call, &m, keeps);
}

/* ---- mprotect ---- */

/* Whether memory can be read is asked anew, and what is executed from now on is what is there, whoever wrote it. */
static struct error *note_protected(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len)
{
	int prot = (int)call->guest.arg[2];
	struct error *err = replay_note_rights(r, address, len, prot);

	return err || (prot && !(prot & PROT_EXEC)) ? err : memory_forget(call->memory, address, len);
}

/* A call that fails has changed what is before the place where it could not (mm/mprotect.c, do_mprotect_pkey()). */
static struct error *protect_in_part(struct replay *r, struct replay_call *call, uint64_t len)
{
	uint64_t first = call->guest.arg[0] >> PAGE_SHIFT, end = first + (len >> PAGE_SHIFT);
	int64_t result = 0;
	struct error *err = NULL;

	for (uint64_t at = first; at < end && !err && !sys_failed(result);) {
		const struct view *v = views_at(&r->views, at);
		struct view part;
		if (!v || !view_cut(v, at, end - at, &part))
			break;
		err = guest_call(r, call, "mprotect",
				 (const uint64_t[6]){part.first << PAGE_SHIFT, part.num << PAGE_SHIFT,
						     replay_readable(call->guest.arg[2])},
				 &result);
		if (!err && !sys_failed(result))
			err = note_protected(r, call, part.first << PAGE_SHIFT, part.num << PAGE_SHIFT);
		at += part.num;
	}
	if (!err)
		err = replay_put_back(r, call);
	return err ? err : replay_skip(r, call, (uint64_t)call->event->result);
}

struct error *replay_mprotect(struct replay *r, struct replay_call *call)
{
	uint64_t address = call->guest.arg[0], len = replay_round(call->guest.arg[1]), arg[6];

	if (call->event && sys_failed(call->event->result))
		return protect_in_part(r, call, len);
	/* Of no length it is nothing, whatever the protection (do_mprotect_pkey()); QEMU refuses one that is none. */
	if (!call->guest.arg[1] && address % MEMORY_PAGE == 0)
		return replay_skip(r, call, 0);
	memcpy(arg, call->guest.arg, sizeof arg);
	arg[2] = replay_readable(arg[2]);
	struct error *err = replay_run(r, call, arg);
	if (!err && call->event)
		err = replay_must_succeed(call);
	return err || sys_failed(call->guest.result) || !len ? err : note_protected(r, call, address, len);
}

/* ---- madvise ---- */

/* Gives back a part of a mapping: what is the guest's own becomes zero, or the file's again. */
static struct error *drop(struct replay *r, struct replay_call *call, const struct view *v)
{
	uint64_t address = v->first << PAGE_SHIFT, len = v->num << PAGE_SHIFT;

	if (v->object && !v->private)
		return NULL;
	struct error *err = map_over(r, call, v, address, len);
	if (err)
		return err;
	return v->object ? guest_map_changed(&r->map, address, len) : guest_map_clear(&r->map, address, len);
}

/* A part that the guest did not map itself: its heap is memory of its own; of the rest the target knows more. */
static struct error *drop_unnoted(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len)
{
	const uint64_t arg[6] = {address, len, MADV_DONTNEED};
	uint64_t heap = replay_round(r->heap_target), end = replay_round(r->heap_end);
	struct error *err;
	int64_t result = 0;

	if (r->heap_known && address >= heap && address < end && len <= end - address)
		err = map_over(r, call, &(struct view){.prot = PROT_READ | PROT_WRITE}, address, len);
	else
		return guest_call(r, call, "madvise", arg, &result);
	return err ? err : guest_map_set(&r->map, address, len, PROT_READ | PROT_WRITE, GUEST_MAP_FRESH);
}

/* MADV_REMOVE: a hole in what is mapped (mm/madvise.c, madvise_remove()). */
static struct error *punch(struct replay *r, struct replay_call *call, const struct view *v)
{
	if (!v->object || v->private)
		return NULL;
	return replay_clear_object(r, call, v->object, v->at << PAGE_SHIFT, v->num << PAGE_SHIFT);
}

static struct error *advise_parts(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len,
				  bool remove)
{
	uint64_t at = address >> PAGE_SHIFT, end = at + (len >> PAGE_SHIFT);
	struct error *err = memory_forget(call->memory, address, len);

	while (at < end && !err) {
		size_t i = views_find(&r->views, at);
		struct view part = {0};
		uint64_t next = i < r->views.list.len ? r->views.list.at[i].first : UINT64_MAX;
		if (next <= at) {
			view_cut(&r->views.list.at[i], at, end - at, &part);
			err = remove ? punch(r, call, &part) : drop(r, call, &part);
			at += part.num;
			continue;
		}
		next = next < end ? next : end;
		if (!remove)
			err = drop_unnoted(r, call, at << PAGE_SHIFT, (next - at) << PAGE_SHIFT);
		at = next;
	}
	return err;
}

/*
 * madvise(addr, length, advice), which few targets heed. Most advice changes nothing that the program can see. Pages
 * given back by MADV_FREE are there until memory gets scarce: here they stay.
 */
struct error *replay_madvise(struct replay *r, struct replay_call *call)
{
	enum { DONTNEED_LOCKED = 24 }; /* MADV_DONTNEED_LOCKED */
	uint64_t address = call->guest.arg[0], len = replay_round(call->guest.arg[1]), advice = call->guest.arg[2];
	int64_t result = call->event ? call->event->result : 0;
	bool drops = advice == MADV_DONTNEED || advice == DONTNEED_LOCKED, remove = advice == MADV_REMOVE;
	struct error *err = NULL;

	/* With gaps in the range it fails, and heeds the rest. */
	if ((drops || remove) && (!sys_failed(result) || result == -ENOMEM) && address % MEMORY_PAGE == 0) {
		err = advise_parts(r, call, address, len, remove);
		r->remapped = true;
		if (!err)
			err = replay_put_back(r, call);
	}
	return err ? err : replay_skip(r, call, (uint64_t)result);
}
