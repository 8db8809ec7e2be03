#include "lib/replay/guest_map.h"

#include <stdlib.h>
#include <sys/mman.h> /* PROT_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

enum {
	SHIFT = 12, /* of a page */
	/* Pages of what was lost at once that are noted one by one; more is asked for only where it was known. */
	ASK_MAX = 4096,
	TAKE_MAX = 64,
	ORDER_AT = 4096, /* runs, from which on a list is put in order as it grows */
};

void guest_map_deinit(struct guest_map *m)
{
	views_deinit(&m->ranges);
	map_deinit(&m->taken);
	vec_deinit(&m->asked.list);
	vec_deinit(&m->code.list);
	*m = (struct guest_map){0};
}

/* ---- Lists of pages ---- */

static int by_first(const void *a, const void *b)
{
	const struct page_run *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

void page_runs_order(struct page_runs *runs)
{
	struct page_run *at = runs->list.at;
	size_t kept = 0;

	if (runs->list.len)
		qsort(at, runs->list.len, sizeof *at, by_first);
	for (size_t i = 0; i < runs->list.len; i++) {
		uint64_t end = at[i].first + at[i].num;

		if (!kept || at[i].first > at[kept - 1].first + at[kept - 1].num)
			at[kept++] = at[i];
		else if (end > at[kept - 1].first + at[kept - 1].num)
			at[kept - 1].num = end - at[kept - 1].first;
	}
	runs->list.len = kept;
}

static bool has_pages(const struct page_run *run, uint64_t first, uint64_t num)
{
	return first - run->first < run->num && num <= run->num - (first - run->first);
}

static bool add_run(struct page_runs *runs, uint64_t first, uint64_t num)
{
	if (runs->list.len && has_pages(&runs->list.at[runs->list.len - 1], first, num))
		return true;
	if (runs->list.len >= ORDER_AT && runs->list.len == runs->list.cap)
		page_runs_order(runs);
	return vec_push(&runs->list, ((struct page_run){first, num}));
}

/* ---- Questions ---- */

static struct guest_map_range range_of(const struct view *v)
{
	return (struct guest_map_range){v->first << SHIFT, v->num << SHIFT, v->prot,
					v->object ? GUEST_MAP_FRESH : GUEST_MAP_OTHER};
}

bool guest_map_at(const struct guest_map *m, uint64_t address, struct guest_map_range *ret)
{
	const struct view *v = views_at(&m->ranges, address >> SHIFT);

	if (v)
		*ret = range_of(v);
	return v;
}

size_t guest_map_num(const struct guest_map *m)
{
	return m->ranges.list.len;
}

struct guest_map_range guest_map_get(const struct guest_map *m, size_t i)
{
	return range_of(&m->ranges.list.at[i]);
}

bool guest_map_is_fresh(const struct guest_map *m, uint64_t page)
{
	const struct view *v = m->known ? views_at(&m->ranges, page) : NULL;
	const uint64_t *taken = v && v->object ? map_get(&m->taken, page) : NULL;

	return v && v->object && (!taken || *taken != v->object);
}

struct error *guest_map_take(struct guest_map *m, uint64_t page)
{
	const struct view *v = views_at(&m->ranges, page);
	uint64_t *taken = v && v->object ? map_put(&m->taken, page) : NULL;

	if (!v || !v->object)
		return NULL;
	if (!taken)
		return &error_no_memory;
	*taken = v->object;
	return NULL;
}

/* ---- Changes ---- */

/* Code that is there may be executed: notes it for whoever looks for its places. */
static bool note_code(struct guest_map *m, uint64_t first, uint64_t num)
{
	for (size_t i = views_find(&m->ranges, first); i < m->ranges.list.len; i++) {
		struct view part;

		if (!view_cut(&m->ranges.list.at[i], first, num, &part))
			break;
		if (part.prot & PROT_EXEC && !add_run(&m->code, part.first, part.num))
			return false;
	}
	return true;
}

struct error *guest_map_set(struct guest_map *m, uint64_t start, uint64_t len, int prot, enum guest_map_kind kind)
{
	const struct view v = {.first = start >> SHIFT,
			       .num = len >> SHIFT,
			       .object = kind == GUEST_MAP_FRESH ? ++m->numbers : 0,
			       .prot = prot};
	if (!m->known)
		return NULL;
	bool ok = note_code(m, v.first, v.num);
	struct error *err = ok ? views_map(&m->ranges, &v) : &error_no_memory;

	m->generation++;
	if (!err && kind == GUEST_MAP_OTHER)
		ok = add_run(&m->asked, v.first, v.num);
	return err ? err : ok && note_code(m, v.first, v.num) ? NULL : &error_no_memory;
}

struct error *guest_map_add(struct guest_map *m, uint64_t start, uint64_t len, int prot, enum guest_map_kind kind)
{
	uint64_t at = start >> SHIFT, end = at + (len >> SHIFT);
	struct error *err = NULL;

	while (m->known && !err && at < end) {
		size_t i = views_find(&m->ranges, at);
		const struct view *v = i < m->ranges.list.len ? &m->ranges.list.at[i] : NULL;
		uint64_t next = v && v->first < end ? v->first : end;

		if (v && v->first <= at) {
			at = v->first + v->num;
			continue;
		}
		err = guest_map_set(m, at << SHIFT, (next - at) << SHIFT, prot, kind);
		at = next;
	}
	return err;
}

struct error *guest_map_unset(struct guest_map *m, uint64_t start, uint64_t len)
{
	if (!m->known)
		return NULL;
	m->generation++;
	if (!note_code(m, start >> SHIFT, len >> SHIFT))
		return &error_no_memory;
	return views_unmap(&m->ranges, start >> SHIFT, len >> SHIFT);
}

/* Calls change for each part of what is mapped in the range. */
static struct error *change_each(struct guest_map *m, uint64_t start, uint64_t len,
				 void (*change)(struct guest_map *m, struct view *v, int arg), int arg)
{
	uint64_t first = start >> SHIFT, num = len >> SHIFT;
	struct error *err = num ? views_split(&m->ranges, first, num) : NULL;

	m->generation++;
	for (size_t i = views_find(&m->ranges, first); !err && num && i < m->ranges.list.len; i++) {
		if (m->ranges.list.at[i].first >= first + num)
			break;
		change(m, &m->ranges.list.at[i], arg);
	}
	return err;
}

/* What could not be read may not be known. */
static void set_rights(struct guest_map *m, struct view *v, int prot)
{
	if (prot & PROT_READ && !(v->prot & PROT_READ) && !add_run(&m->asked, v->first, v->num))
		m->no_memory = true;
	v->prot = prot;
}

struct error *guest_map_protect(struct guest_map *m, uint64_t start, uint64_t len, int prot)
{
	bool ok = note_code(m, start >> SHIFT, len >> SHIFT);
	struct error *err = ok ? change_each(m, start, len, set_rights, prot) : &error_no_memory;

	return err || note_code(m, start >> SHIFT, len >> SHIFT) ? err : &error_no_memory;
}

struct error *guest_map_parts(const struct guest_map *m, uint64_t start, uint64_t len, struct views *ret)
{
	struct error *err = NULL;

	for (size_t i = views_find(&m->ranges, start >> SHIFT); !err && i < m->ranges.list.len; i++) {
		struct view part;
		if (!view_cut(&m->ranges.list.at[i], start >> SHIFT, len >> SHIFT, &part))
			break;
		err = views_map(ret, &part);
	}
	return err;
}

struct error *guest_map_put(struct guest_map *m, const struct views *parts, uint64_t distance)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < parts->list.len; i++) {
		const struct view *v = &parts->list.at[i];
		err = guest_map_set(m, (v->first << SHIFT) + distance, v->num << SHIFT, v->prot, GUEST_MAP_OTHER);
	}
	return err;
}

static void make_fresh(struct guest_map *m, struct view *v, int arg)
{
	(void)arg;
	v->object = ++m->numbers;
}

struct error *guest_map_clear(struct guest_map *m, uint64_t start, uint64_t len)
{
	struct error *err = change_each(m, start, len, make_fresh, 0);

	return err || note_code(m, start >> SHIFT, len >> SHIFT) ? err : &error_no_memory;
}

static void make_other(struct guest_map *m, struct view *v, int arg)
{
	(void)m;
	(void)arg;
	v->object = 0;
}

struct error *guest_map_changed(struct guest_map *m, uint64_t start, uint64_t len)
{
	struct error *err = change_each(m, start, len, make_other, 0);

	if (!err && m->known && !add_run(&m->asked, start >> SHIFT, len >> SHIFT))
		err = &error_no_memory;
	return err || note_code(m, start >> SHIFT, len >> SHIFT) ? err : &error_no_memory;
}

/* ---- What is lost ---- */

/* Pages [first, last] are fresh no longer. */
static struct error *stale(struct guest_map *m, uint64_t first, uint64_t last)
{
	struct error *err = NULL;

	for (size_t i = views_find(&m->ranges, first); !err && i < m->ranges.list.len; i++) {
		const struct view v = m->ranges.list.at[i];
		uint64_t from = v.first > first ? v.first : first, end = v.first + v.num;

		if (v.first > last)
			break;
		if (!v.object)
			continue;
		end = end - 1 > last ? last + 1 : end;
		if (end - from > TAKE_MAX) {
			err = change_each(m, from << SHIFT, (end - from) << SHIFT, make_other, 0);
			i = views_find(&m->ranges, end - 1);
			continue;
		}
		for (uint64_t page = from; !err && page < end; page++)
			err = guest_map_take(m, page);
	}
	return err;
}

void guest_map_lost(void *ctx, uint64_t first, uint64_t last)
{
	struct guest_map *m = ctx;
	uint64_t from = first >> SHIFT, to = last >> SHIFT;

	if (!m->known)
		return;
	struct error *err = stale(m, from, to);
	bool ok = to - from >= ASK_MAX || add_run(&m->asked, from, to - from + 1);

	m->no_memory |= err || !ok;
	error_destroy(err);
}
