#include "lib/state/memory.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/state/views.h"

/*
 * A page's known bytes are a bitmap of 64-bit words, so 64 bytes on a 64-byte boundary, a "line", have one word. Bytes
 * that are not known are zero. Pages of which nothing is known any more are freed; their place stays. Shared views of
 * one page of an object have one place.
 */
enum { LINE = 64, LINES = MEMORY_PAGE / LINE, PAGE_SHIFT = 12 };

struct page {
	uint64_t known[LINES];
	uint32_t num_known;
	uint8_t bytes[MEMORY_PAGE];
};

/* Page lookups that were made last, by the low bits of the page's number. */
enum { CACHE_SIZE = 64 };

struct cached {
	uint64_t number;
	struct page *page; /* NULL: the entry is free */
};

/* What a range within one page was before. Of bytes that were all unknown nothing is kept, so len can be a whole page.
 */
enum { UNDO_BYTES = 16 };

struct undo {
	uint64_t address;
	uint16_t len;
	uint16_t known; /* a bit for each byte; 0: all of len were unknown */
	uint8_t bytes[UNDO_BYTES];
};

struct place {
	struct page *page; /* NULL: nothing is known of it */
	size_t views;      /* page numbers that have this place */
};

struct memory {
	struct map places; /* page number -> index into at */
	VEC(struct place) at;
	size_t num_pages;
	struct views views;   /* of objects */
	bool followed;        /* an object has both shared and private views */
	struct cached *cache; /* apart, because reading changes it */
	bool journal_on;
	VEC(struct undo) journal;
	size_t journal_first;  /* entries before this are discarded already */
	uint64_t journal_base; /* the mark that journal.at[0] stands for */
};

struct error *memory_create(struct memory **ret)
{
	struct memory *m = calloc(1, sizeof *m);
	struct cached *cache = calloc(CACHE_SIZE, sizeof *cache);

	if (!m || !cache) {
		free(m);
		free(cache);
		return &error_no_memory;
	}
	m->cache = cache;
	*ret = m;
	return NULL;
}

static void free_pages(struct memory *m)
{
	for (size_t i = 0; i < m->at.len; i++)
		free(m->at.at[i].page);
	m->at.len = 0;
	map_clear(&m->places);
	m->num_pages = 0;
	memset(m->cache, 0, CACHE_SIZE * sizeof *m->cache);
}

void memory_destroy(struct memory *m)
{
	if (!m)
		return;
	free_pages(m);
	map_deinit(&m->places);
	vec_deinit(&m->at);
	vec_deinit(&m->journal);
	views_deinit(&m->views);
	free(m->cache);
	free(m);
}

/* ---- Pages ---- */

enum { NO_PLACE = -1 }; /* of a page that had one before it was mapped anew */

static const uint64_t *own_place(const struct memory *m, uint64_t number)
{
	const uint64_t *place = map_get(&m->places, number);

	return place && *place != (uint64_t)NO_PLACE ? place : NULL;
}

/* The place that another shared view of the same page of an object has, or NULL. */
static const uint64_t *sibling_place(const struct memory *m, uint64_t number)
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
		const uint64_t *place = own_place(m, part.first);
		if (place)
			return place;
	}
	return NULL;
}

static const uint64_t *find_place(const struct memory *m, uint64_t number)
{
	const uint64_t *place = own_place(m, number);

	return place ? place : sibling_place(m, number);
}

static struct page *look_up(const struct memory *m, uint64_t number, struct cached *cached)
{
	const uint64_t *place = find_place(m, number);

	if (!place || !m->at.at[*place].page)
		return NULL;
	*cached = (struct cached){number, m->at.at[*place].page};
	return cached->page;
}

static inline struct page *find_page(const struct memory *m, uint64_t number)
{
	struct cached *cached = &m->cache[number % CACHE_SIZE];

	if (cached->number == number && cached->page)
		return cached->page;
	return look_up(m, number, cached);
}

/* The place of a page, made if there is none; NULL when out of memory. */
static struct place *make_place(struct memory *m, uint64_t number)
{
	const uint64_t *known = own_place(m, number);
	if (known)
		return &m->at.at[*known];

	const uint64_t *sibling = sibling_place(m, number);
	size_t index = sibling ? (size_t)*sibling : m->at.len;
	uint64_t *place = vec_reserve(&m->at, m->at.len + 1) ? map_put(&m->places, number) : NULL;
	if (!place)
		return NULL;
	*place = index;
	if (index == m->at.len)
		m->at.at[m->at.len++] = (struct place){0};
	m->at.at[index].views++;
	return &m->at.at[index];
}

/* The page, made if there is none; NULL when out of memory. */
static struct page *make_page(struct memory *m, uint64_t number)
{
	struct page *page = find_page(m, number);
	if (page)
		return page;

	struct place *place = make_place(m, number);
	page = place ? calloc(1, sizeof *page) : NULL;
	if (!page)
		return NULL;
	place->page = page;
	m->num_pages++;
	return page;
}

static void drop_page(struct memory *m, uint64_t number)
{
	const uint64_t *index = find_place(m, number);
	struct place *place = &m->at.at[*index];
	struct cached *cached = &m->cache[number % CACHE_SIZE];

	if (place->views > 1 || m->views.list.len)
		memset(m->cache, 0, CACHE_SIZE * sizeof *m->cache); /* other views may be there as well */
	else if (cached->number == number)
		cached->page = NULL;
	free(place->page);
	place->page = NULL;
	m->num_pages--;
}

/* n bits from bit `low` of a word; low + n is at most 64 and n at least 1. */
static inline uint64_t line_mask(size_t low, size_t n)
{
	return UINT64_MAX >> (LINE - n) << low;
}

/* The length of the first part of [offset, offset + len) that does not leave its line. */
static inline size_t line_part(size_t offset, size_t len)
{
	size_t room = LINE - offset % LINE;

	return len < room ? len : room;
}

static inline size_t page_part(uint64_t address, size_t len)
{
	size_t room = MEMORY_PAGE - address % MEMORY_PAGE;

	return len < room ? len : room;
}

/*
 * memcpy() for the lengths of memory operands. Where the compiler sees a bound on the length it makes a `rep movs` of
 * the general one, which costs some 50 ns to start, and a call costs more than the copy.
 */
static inline void copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n > 16) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		uint64_t head, tail;

		memcpy(&head, from, 8);
		memcpy(&tail, from + n - 8, 8);
		memcpy(to, &head, 8);
		memcpy(to + n - 8, &tail, 8);
	} else if (n >= 4) {
		uint32_t head, tail;

		memcpy(&head, from, 4);
		memcpy(&tail, from + n - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + n - 4, &tail, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = from[i];
	}
}

/* memset() likewise, for ret and unknown of a read. */
static inline void set(uint8_t *to, uint8_t byte, size_t n)
{
	if (n > 16) {
		memset(to, byte, n);
	} else if (n >= 8) {
		memset(to, byte, 8);
		memset(to + n - 8, byte, 8);
	} else if (n >= 4) {
		memset(to, byte, 4);
		memset(to + n - 4, byte, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = byte;
	}
}

static inline void set_known(struct page *page, size_t offset, size_t n)
{
	uint64_t *known = &page->known[offset / LINE];
	uint64_t added = line_mask(offset % LINE, n) & ~*known;

	if (!added)
		return;
	*known |= added;
	page->num_known += (uint32_t)__builtin_popcountll(added);
}

static void set_unknown(struct page *page, size_t offset, size_t n)
{
	uint64_t *known = &page->known[offset / LINE];
	uint64_t gone = line_mask(offset % LINE, n) & *known;

	*known &= ~gone;
	page->num_known -= (uint32_t)__builtin_popcountll(gone);
	memset(page->bytes + offset, 0, n);
}

static inline bool is_known(const struct page *page, size_t offset)
{
	return page->known[offset / LINE] >> offset % LINE & 1;
}

/* ---- The journal ---- */

/* The known bits of up to UNDO_BYTES bytes, which may lie in two lines. */
static uint16_t known_bits(const struct page *page, size_t offset, size_t n)
{
	size_t line = offset / LINE, low = offset % LINE;
	uint64_t bits = page->known[line] >> low;

	if (low + n > LINE)
		bits |= page->known[line + 1] << (LINE - low);
	return (uint16_t)(bits & line_mask(0, n));
}

static bool remember_bytes(struct memory *m, const struct page *page, uint64_t address, size_t n)
{
	size_t offset = address % MEMORY_PAGE;
	struct undo undo = {.address = address, .len = (uint16_t)n, .known = known_bits(page, offset, n)};

	copy(undo.bytes, page->bytes + offset, n);
	return vec_push(&m->journal, undo);
}

/* Remembers len bytes of one page as they are now, if a journal is kept. */
static inline struct error *remember(struct memory *m, const struct page *page, uint64_t address, size_t len)
{
	if (!m->journal_on)
		return NULL;
	if (!page->num_known) {
		struct undo undo = {.address = address, .len = (uint16_t)len};

		return vec_push(&m->journal, undo) ? NULL : &error_no_memory;
	}
	for (size_t done = 0; done < len; done += UNDO_BYTES) {
		size_t n = len - done < UNDO_BYTES ? len - done : UNDO_BYTES;

		if (!remember_bytes(m, page, address + done, n))
			return &error_no_memory;
	}
	return NULL;
}

void memory_journal_start(struct memory *m)
{
	m->journal_on = true;
}

memory_mark memory_journal_mark(const struct memory *m)
{
	return m->journal_base + m->journal.len;
}

void memory_journal_discard(struct memory *m, memory_mark mark)
{
	if (mark <= m->journal_base + m->journal_first)
		return;

	size_t first = mark >= memory_journal_mark(m) ? m->journal.len : (size_t)(mark - m->journal_base);
	/* Moving the rest down only when it is the smaller part keeps the cost per entry constant. */
	if (first <= m->journal.len / 2) {
		m->journal_first = first;
		return;
	}
	m->journal.len -= first;
	memmove(m->journal.at, m->journal.at + first, m->journal.len * sizeof *m->journal.at);
	m->journal_base += first;
	m->journal_first = 0;
}

/* ---- Changes ---- */

/* These change len bytes within a page. */
static inline void page_write(struct page *page, size_t offset, const uint8_t *bytes, size_t len)
{
	copy(page->bytes + offset, bytes, len);
	for (size_t n; len; offset += n, len -= n) {
		n = line_part(offset, len);
		set_known(page, offset, n);
	}
}

/* Where unknown has a bit, the byte becomes unknown. */
static void page_write_masked(struct page *page, size_t offset, const uint8_t *bytes, const uint8_t *unknown,
			      size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (unknown[i])
			set_unknown(page, offset + i, 1);
		else
			page_write(page, offset + i, bytes + i, 1);
	}
}

static void page_fill(struct page *page, size_t offset, const uint8_t *bytes, size_t len)
{
	if (!page->num_known) {
		page_write(page, offset, bytes, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
		if (!is_known(page, offset + i))
			page_write(page, offset + i, bytes + i, 1);
}

static void page_forget(struct memory *m, struct page *page, uint64_t address, size_t len)
{
	size_t offset = address % MEMORY_PAGE;

	for (size_t n; len; offset += n, len -= n) {
		n = line_part(offset, len);
		set_unknown(page, offset, n);
	}
	if (!page->num_known)
		drop_page(m, address >> PAGE_SHIFT);
}

/* The page of a change that is about to happen, remembered. */
static inline struct error *page_to_change(struct memory *m, uint64_t address, size_t len, struct page **ret)
{
	struct page *page = make_page(m, address >> PAGE_SHIFT);

	if (!page)
		return &error_no_memory;
	*ret = page;
	return remember(m, page, address, len);
}

struct error *memory_fill(struct memory *m, uint64_t address, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	for (size_t n; len; address += n, from += n, len -= n) {
		struct page *page;

		n = page_part(address, len);
		struct error *err = page_to_change(m, address, n, &page);
		if (err)
			return err;
		page_fill(page, address % MEMORY_PAGE, from, n);
	}
	return NULL;
}

/* Forgets those bytes of the page that are in [first, last]. */
static struct error *forget_in_page(struct memory *m, uint64_t number, uint64_t first, uint64_t last)
{
	struct page *page = find_page(m, number);
	if (!page)
		return NULL;

	uint64_t start = number << PAGE_SHIFT, end = start + MEMORY_PAGE - 1;
	uint64_t from = first > start ? first : start;
	size_t len = (size_t)((last < end ? last : end) - from + 1);
	struct error *err = remember(m, page, from, len);
	if (!err)
		page_forget(m, page, from, len);
	return err;
}

/* [first, last] does not wrap. Walks the range or the pages held, whichever is less. */
static struct error *forget_pages(struct memory *m, uint64_t first, uint64_t last)
{
	uint64_t from = first >> PAGE_SHIFT, to = last >> PAGE_SHIFT;
	struct error *err = NULL;

	if (to - from < m->places.cap) {
		for (uint64_t number = from; number <= to && !err; number++)
			err = forget_in_page(m, number, first, last);
		return err;
	}
	for (size_t i = 0; i < m->places.cap && !err; i++) {
		const struct map_slot *slot = &m->places.at[i];

		if (slot->used && slot->key >= from && slot->key <= to)
			err = forget_in_page(m, slot->key, first, last);
	}
	return err;
}

enum which_views { ALL_VIEWS, PRIVATE_VIEWS };

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
		err = forget_pages(m, start + skip, end - over);
	}
	return err;
}

/* Bytes [first, last] change or are forgotten: so do those of the views of the same object, as far as they are other
 * pages. */
static struct error *spread(struct memory *m, uint64_t first, uint64_t last, enum which_views which)
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

static struct error *forget_range(struct memory *m, uint64_t first, uint64_t last)
{
	struct error *err = forget_pages(m, first, last);

	return err || !m->views.list.len ? err : spread(m, first, last, ALL_VIEWS);
}

struct error *memory_forget(struct memory *m, uint64_t address, uint64_t len)
{
	if (!len)
		return NULL;

	uint64_t last = address + len - 1;
	if (last >= address)
		return forget_range(m, address, last);
	struct error *err = forget_range(m, address, UINT64_MAX);
	return err ? err : forget_range(m, 0, last);
}

struct error *memory_forget_object(struct memory *m, uint64_t object, uint64_t offset, uint64_t len)
{
	uint64_t last = len && offset + (len - 1) < offset ? UINT64_MAX : offset + (len - 1);

	return len ? forget_views(m, object, offset, last, ALL_VIEWS) : NULL;
}

struct error *memory_forget_all(struct memory *m)
{
	return forget_pages(m, 0, UINT64_MAX);
}

struct error *memory_write(struct memory *m, uint64_t address, const void *bytes, const uint8_t *unknown, size_t len)
{
	const uint8_t *from = bytes;

	for (size_t n; len; address += n, from += n, len -= n) {
		struct page *page;

		n = page_part(address, len);
		struct error *err = m->followed ? spread(m, address, address + n - 1, PRIVATE_VIEWS) : NULL;
		if (!err)
			err = page_to_change(m, address, n, &page);
		if (err)
			return err;
		if (unknown) {
			page_write_masked(page, address % MEMORY_PAGE, from, unknown, n);
			unknown += n;
		} else {
			page_write(page, address % MEMORY_PAGE, from, n);
		}
	}
	return NULL;
}

/* ---- Mappings ---- */

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
		return forget_pages(m, address, address + (num << PAGE_SHIFT) - 1);
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

static struct error *undo(struct memory *m, const struct undo *u)
{
	uint64_t number = u->address >> PAGE_SHIFT;
	struct page *page = find_page(m, number);

	if (!u->known) {
		if (page)
			page_forget(m, page, u->address, u->len);
		return NULL;
	}
	if (!page)
		page = make_page(m, number);
	if (!page)
		return &error_no_memory;

	uint8_t unknown[UNDO_BYTES];
	for (size_t i = 0; i < UNDO_BYTES; i++)
		unknown[i] = !(u->known >> i & 1);
	page_write_masked(page, u->address % MEMORY_PAGE, u->bytes, unknown, u->len);
	return NULL;
}

struct error *memory_journal_rollback(struct memory *m, memory_mark mark)
{
	if (mark < m->journal_base + m->journal_first || mark > memory_journal_mark(m))
		return error_create(ERROR_BUG, "memory journal: the mark to roll back to is not in the journal");

	size_t len = (size_t)(mark - m->journal_base);
	while (m->journal.len > len) {
		struct error *err = undo(m, &m->journal.at[m->journal.len - 1]);
		if (err)
			return err;
		m->journal.len--;
	}
	return NULL;
}

/* ---- Questions ---- */

/* The part of a read that lies in one line. */
static inline bool read_line(const struct page *page, size_t offset, uint8_t *ret, uint8_t *unknown, size_t n)
{
	uint64_t mask = line_mask(offset % LINE, n);

	copy(ret, page->bytes + offset, n);
	set(unknown, 0, n);
	if ((page->known[offset / LINE] & mask) == mask)
		return true;
	for (size_t i = 0; i < n; i++)
		unknown[i] = is_known(page, offset + i) ? 0 : 0xff;
	return false;
}

bool memory_read(const struct memory *m, uint64_t address, void *ret, uint8_t *unknown, size_t len)
{
	uint8_t *to = ret;
	bool known = true;

	for (size_t n; len; address += n, to += n, unknown += n, len -= n) {
		const struct page *page = find_page(m, address >> PAGE_SHIFT);

		n = line_part(address % MEMORY_PAGE, len);
		if (page) {
			known &= read_line(page, address % MEMORY_PAGE, to, unknown, n);
			continue;
		}
		memset(to, 0, n);
		memset(unknown, 0xff, n);
		known = false;
	}
	return known;
}

const uint8_t *memory_page(const struct memory *m, uint64_t address)
{
	const struct page *page = find_page(m, address >> PAGE_SHIFT);

	return page && page->num_known == MEMORY_PAGE ? page->bytes : NULL;
}

size_t memory_pages(const struct memory *m)
{
	return m->num_pages;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The pages that show the same as this one. */
static bool list_siblings(const struct memory *m, uint64_t number, memory_addresses *ret)
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

struct error *memory_list(const struct memory *m, memory_addresses *ret)
{
	size_t kept = 0;

	ret->len = 0;
	for (size_t i = 0; i < m->places.cap; i++) {
		const struct map_slot *slot = &m->places.at[i];
		if (!slot->used || slot->value == (uint64_t)NO_PLACE || !m->at.at[slot->value].page)
			continue;
		if (!vec_push(ret, slot->key << PAGE_SHIFT) || !list_siblings(m, slot->key, ret))
			return &error_no_memory;
	}
	if (ret->len)
		qsort(ret->at, ret->len, sizeof *ret->at, by_number);
	for (size_t i = 0; i < ret->len; i++)
		if (!kept || ret->at[i] != ret->at[kept - 1])
			ret->at[kept++] = ret->at[i];
	ret->len = kept;
	return NULL;
}
