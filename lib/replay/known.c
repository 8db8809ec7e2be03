/*
 * The guest's memory made known in large pieces, so that nothing has to be asked of a target that runs; see guest_map.h
 * for what need not be.
 */
#include <string.h>
#include <sys/mman.h> /* PROT_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

enum {
	PIECE = 1 << 16,     /* bytes that are asked for at once */
	RUN_MAX = 64 << 20,  /* of one range: of more, most will never be looked at */
	PAGES_MAX = 1 << 16, /* that the memory holds, from which on nothing is made known in advance */
};

const struct guest_map *replay_map(const struct replay *r)
{
	return &r->map;
}

bool replay_is_beyond(const struct replay *r, uint64_t address)
{
	for (size_t i = 0; i < r->target->unbacked.len; i++)
		if (address - r->target->unbacked.at[i].start < r->target->unbacked.at[i].len)
			return true;
	return false;
}

/* ---- At the start ---- */

/* Below the first stack pointer nothing was stored yet. */
static struct error *note_stack(struct replay *r)
{
	uint64_t end = r->stack_pointer & -(uint64_t)MEMORY_PAGE;
	struct guest_map_range range;

	if (!guest_map_at(&r->map, r->stack_pointer, &range) || end <= range.start)
		return NULL;
	return guest_map_clear(&r->map, range.start, end - range.start);
}

struct error *replay_start_map(struct replay *r)
{
	target_mappings list = {0};
	struct error *err = target_map(r->target, &list, &r->map.known);

	for (size_t i = 0; i < list.len && !err; i++)
		err = guest_map_set(&r->map, list.at[i].start, list.at[i].len, list.at[i].prot, GUEST_MAP_OTHER);
	vec_deinit(&list);
	return err ? err : note_stack(r);
}

struct error *replay_note_zeros(struct replay *r, uint64_t start, uint64_t end)
{
	uint64_t from = replay_round(start), to = replay_round(end);

	return from < to ? guest_map_clear(&r->map, from, to - from) : NULL;
}

struct error *replay_object_changed(struct replay *r, uint64_t object, uint64_t offset, uint64_t len)
{
	uint64_t first = offset >> PAGE_SHIFT, last = len > UINT64_MAX - offset ? UINT64_MAX : offset + len - 1;
	struct error *err = NULL;

	for (size_t i = 0; len && i < r->views.list.len && !err; i++) {
		struct view part;
		if (r->views.list.at[i].object == object &&
		    view_shows(&r->views.list.at[i], first, (last >> PAGE_SHIFT) - first + 1, &part))
			err = guest_map_changed(&r->map, part.first << PAGE_SHIFT, part.num << PAGE_SHIFT);
	}
	return err;
}

/* ---- Asking ---- */

/* To be asked for: mapped, readable, not fresh, and not known. The second page of ours is nobody's (helper.c). */
static bool is_wanted(const struct replay *r, const struct memory *memory, uint64_t page)
{
	return !guest_map_is_fresh(&r->map, page) && !memory_page(memory, page << PAGE_SHIFT) &&
	       !(r->helper && page == (r->helper >> PAGE_SHIFT) + 1);
}

/* Asks for pages [first, end) of one mapping; what the target refuses stays unknown. */
static struct error *ask_pages(struct replay *r, struct memory *memory, uint64_t first, uint64_t end,
			       struct replay_known *ret)
{
	uint8_t bytes[PIECE];
	struct error *err = NULL;

	for (uint64_t at = first; at < end && !err;) {
		uint64_t num = 0;
		size_t got = 0;
		while (num < PIECE / MEMORY_PAGE && at + num < end && is_wanted(r, memory, at + num))
			num++;
		if (!num) {
			at++;
			continue;
		}
		err = target_read_memory(r->target, at << PAGE_SHIFT, bytes, num * MEMORY_PAGE, &got);
		if (!err)
			err = memory_fill(memory, at << PAGE_SHIFT, bytes, got / MEMORY_PAGE * MEMORY_PAGE);
		ret->read += got;
		/* What stops it is passed over. */
		at += got / MEMORY_PAGE + (got < num * MEMORY_PAGE);
	}
	return err;
}

static struct error *ask_run(struct replay *r, struct memory *memory, const struct page_run *run,
			     struct replay_known *ret)
{
	const struct views *ranges = &r->map.ranges;
	struct error *err = NULL;

	for (size_t i = views_find(ranges, run->first); i < ranges->list.len && !err; i++) {
		struct view part;
		if (!view_cut(&ranges->list.at[i], run->first, run->num, &part))
			break;
		uint64_t most = memory_pages(memory) < PAGES_MAX ? RUN_MAX / MEMORY_PAGE : 0;
		uint64_t num = part.num < most ? part.num : most;
		if (!(part.prot & PROT_READ))
			continue;
		ret->left += (part.num - num) << PAGE_SHIFT;
		err = ask_pages(r, memory, part.first, part.first + num, ret);
	}
	return err;
}

struct error *replay_know(struct replay *r, struct memory *memory, struct replay_known *ret)
{
	const struct memory_watcher watcher = {.ctx = &r->map, .lost = guest_map_lost};
	struct page_runs *asked = &r->map.asked;
	struct error *err = NULL;

	*ret = (struct replay_known){0};
	if (!r->map.known)
		return NULL;
	if (!r->memory)
		memory_watch(memory, &watcher);
	r->memory = memory;
	if (r->map.no_memory)
		return &error_no_memory;
	page_runs_order(asked);
	for (size_t i = 0; i < asked->list.len && !err; i++)
		err = ask_run(r, memory, &asked->list.at[i], ret);
	asked->list.len = 0;
	return err;
}

struct error *replay_know_fresh(struct replay *r, struct memory *memory, uint64_t address, size_t len)
{
	static const uint8_t zeros[MEMORY_PAGE];
	uint64_t first = address >> PAGE_SHIFT, last = (address + len - 1) >> PAGE_SHIFT;
	struct error *err = NULL;

	for (uint64_t page = first; len && page <= last && !err; page++) {
		if (!guest_map_is_fresh(&r->map, page))
			continue;
		err = memory_fill(memory, page << PAGE_SHIFT, zeros, sizeof zeros);
		if (!err)
			err = guest_map_take(&r->map, page);
	}
	return err;
}
