/* Mappings of a memory: pages that show the same object. */
#include "lib/state/memory_private.h"

#include <stdlib.h>
#include <string.h>

const uint64_t *memory_sibling_place(const struct memory *m, uint64_t number)
{
	const struct view *v = m->views.list.len ? views_at(&m->views, number) : NULL;
	struct view part;

	if (!v || v->private)
		return NULL;
	uint64_t at = v->at + (number - v->first);
	for (size_t i = 0; i < m->views.list.len; i++) {
		const struct view *other = &m->views.list.at[i];
		if (other == v || other->private || other->object != v->object || !view_shows(other, at, 1, &part))
			continue;
		const uint64_t *place = memory_own_place(m, part.first);
		if (place)
			return place;
	}
	return NULL;
}

/* Forgets what other views show of bytes [first, last] of an object. */
static struct error *forget_views(struct memory *m, uint64_t object, uint64_t first, uint64_t last,
				  enum which_views which)
{
	uint64_t at = first >> PAGE_SHIFT, num = (last >> PAGE_SHIFT) - at + 1;
	struct error *err = NULL;

	for (size_t i = 0; i < m->views.list.len && !err; i++) {
		const struct view *v = &m->views.list.at[i];
		struct view part;
		if (v->object != object || (which == PRIVATE_VIEWS && !v->private) || !view_shows(v, at, num, &part))
			continue;
		uint64_t start = part.first << PAGE_SHIFT, end = start + (part.num << PAGE_SHIFT) - 1;
		uint64_t skip = part.at == at ? first % MEMORY_PAGE : 0;
		uint64_t over = part.at + part.num == at + num ? MEMORY_PAGE - 1 - last % MEMORY_PAGE : 0;
		err = memory_forget_pages(m, start + skip, end - over);
	}
	return err;
}

struct error *memory_spread(struct memory *m, uint64_t first, uint64_t last, enum which_views which)
{
	uint64_t from = first >> PAGE_SHIFT, num = (last >> PAGE_SHIFT) - from + 1;
	struct error *err = NULL;

	for (size_t i = views_find(&m->views, from); i < m->views.list.len && !err; i++) {
		const struct view v = m->views.list.at[i];
		struct view part;
		if (v.first >= from + num)
			break;
		if (v.private || !view_cut(&v, from, num, &part))
			continue;
		uint64_t start = part.at << PAGE_SHIFT, end = start + (part.num << PAGE_SHIFT) - 1;
		uint64_t skip = part.first == from ? first % MEMORY_PAGE : 0;
		uint64_t over = part.first + part.num == from + num ? MEMORY_PAGE - 1 - last % MEMORY_PAGE : 0;
		err = forget_views(m, v.object, start + skip, end - over, which);
	}
	return err;
}

struct error *memory_forget_object(struct memory *m, uint64_t object, uint64_t offset, uint64_t len)
{
	uint64_t last = len && offset + (len - 1) < offset ? UINT64_MAX : offset + (len - 1);

	return len ? forget_views(m, object, offset, last, ALL_VIEWS) : NULL;
}

/* The page is another from now on. */
static void detach(struct memory *m, uint64_t number)
{
	uint64_t *index = map_get(&m->places, number);
	struct cached *cached = &m->cache[number % CACHE_SIZE];

	if (cached->number == number)
		cached->page = NULL;
	if (!index || *index == (uint64_t)NO_PLACE)
		return;
	struct place *place = &m->at.at[*index];
	*index = (uint64_t)NO_PLACE;
	if (--place->views || !place->page)
		return;
	memset(m->cache, 0, CACHE_SIZE * sizeof *m->cache);
	free(place->page);
	place->page = NULL;
	m->num_pages--;
}

static void detach_range(struct memory *m, uint64_t first, uint64_t num)
{
	if (num <= m->places.cap) {
		for (uint64_t i = 0; i < num; i++)
			detach(m, first + i);
		return;
	}
	for (size_t i = 0; i < m->places.cap; i++)
		if (m->places.at[i].used && m->places.at[i].key - first < num)
			detach(m, m->places.at[i].key);
}

static bool is_followed(const struct memory *m)
{
	for (size_t i = 0; i < m->views.list.len; i++) {
		const struct view *v = &m->views.list.at[i];
		for (size_t j = 0; j < m->views.list.len && !v->private; j++)
			if (m->views.list.at[j].private && m->views.list.at[j].object == v->object)
				return true;
	}
	return false;
}

/* Does the range show anything of an object? */
static bool has_views(const struct memory *m, uint64_t first, uint64_t num)
{
	size_t i = views_find(&m->views, first);

	return i < m->views.list.len && m->views.list.at[i].first < first + num;
}

struct error *memory_map(struct memory *m, uint64_t address, uint64_t len, const struct memory_view *view)
{
	uint64_t first = address >> PAGE_SHIFT, num = (len >> PAGE_SHIFT) + (len % MEMORY_PAGE != 0);

	if (!num)
		return NULL;
	memory_journal_discard(m, memory_journal_mark(m));
	if (!view && !has_views(m, first, num))
		return memory_forget_pages(m, address, address + (num << PAGE_SHIFT) - 1);
	detach_range(m, first, num);
	struct view v = {.first = first, .num = num};
	if (view) {
		v.object = view->object;
		v.at = view->offset >> PAGE_SHIFT;
		v.private = view->private;
	}
	struct error *err = view ? views_map(&m->views, &v) : views_unmap(&m->views, first, num);
	m->followed = is_followed(m);
	return err;
}

bool memory_list_siblings(const struct memory *m, uint64_t number, memory_addresses *ret)
{
	const struct view *v = views_at(&m->views, number);
	struct view part;

	if (!v || v->private)
		return true;
	uint64_t at = v->at + (number - v->first);
	for (size_t i = 0; i < m->views.list.len; i++) {
		const struct view *other = &m->views.list.at[i];
		bool same = other != v && !other->private && other->object == v->object &&
			    view_shows(other, at, 1, &part);
		if (same && !vec_push(ret, part.first << PAGE_SHIFT))
			return false;
	}
	return true;
}
