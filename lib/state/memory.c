/* The pages of a memory, what changes and reads them, and the journal. */
#include "lib/state/memory_private.h"

#include <stdlib.h>
#include <string.h>

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

const uint64_t *memory_own_place(const struct memory *m, uint64_t number)
{
	const uint64_t *place = map_get(&m->places, number);

	return place && *place != (uint64_t)NO_PLACE ? place : NULL;
}

static const uint64_t *find_place(const struct memory *m, uint64_t number)
{
	const uint64_t *place = memory_own_place(m, number);

	return place ? place : memory_sibling_place(m, number);
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
	const uint64_t *known = memory_own_place(m, number);
	if (known)
		return &m->at.at[*known];

	const uint64_t *sibling = memory_sibling_place(m, number);
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

static inline size_t page_part(uint64_t address, size_t len)
{
	size_t room = MEMORY_PAGE - address % MEMORY_PAGE;

	return len < room ? len : room;
}

/* ---- The journal ---- */

static bool remember_bytes(struct memory *m, const struct page *page, uint64_t address, size_t n)
{
	size_t offset = address % MEMORY_PAGE;
	struct undo undo = {.address = address, .len = (uint16_t)n, .known = page_known_bits(page, offset, n)};

	page_copy(undo.bytes, page->bytes + offset, n);
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

void memory_watch(struct memory *m, const struct memory_watcher *watcher)
{
	m->watcher = watcher ? *watcher : (struct memory_watcher){0};
}

static void tell_lost(const struct memory *m, uint64_t first, uint64_t last)
{
	if (m->watcher.lost)
		m->watcher.lost(m->watcher.ctx, first, last);
}

static void page_forget(struct memory *m, struct page *page, uint64_t address, size_t len)
{
	size_t offset = address % MEMORY_PAGE;

	for (size_t n; len; offset += n, len -= n) {
		n = page_line_part(offset, len);
		page_set_unknown(page, offset, n);
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
	if (!err) {
		page_forget(m, page, from, len);
		tell_lost(m, from, from + (len - 1));
	}
	return err;
}

/* [first, last] does not wrap. Walks the range or the pages held, whichever is less. */
struct error *memory_forget_pages(struct memory *m, uint64_t first, uint64_t last)
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

static struct error *forget_range(struct memory *m, uint64_t first, uint64_t last)
{
	struct error *err = memory_forget_pages(m, first, last);

	/* Of what was never known, too: it has been changed. */
	tell_lost(m, first, last);
	return err || !m->views.list.len ? err : memory_spread(m, first, last, ALL_VIEWS);
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

struct error *memory_forget_all(struct memory *m)
{
	tell_lost(m, 0, UINT64_MAX);
	return memory_forget_pages(m, 0, UINT64_MAX);
}

static bool all_known(const uint8_t *unknown, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (unknown[i])
			return false;
	return true;
}

struct error *memory_write(struct memory *m, uint64_t address, const void *bytes, const uint8_t *unknown, size_t len)
{
	const uint8_t *from = bytes;

	for (size_t n; len; address += n, from += n, len -= n) {
		struct page *page;

		n = page_part(address, len);
		struct error *err = m->followed ? memory_spread(m, address, address + n - 1, PRIVATE_VIEWS) : NULL;
		if (!err)
			err = page_to_change(m, address, n, &page);
		if (err)
			return err;
		if (unknown) {
			page_write_masked(page, address % MEMORY_PAGE, from, unknown, n);
			if (m->watcher.lost && !all_known(unknown, n))
				tell_lost(m, address, address + n - 1);
			unknown += n;
		} else {
			page_write(page, address % MEMORY_PAGE, from, n);
		}
	}
	return NULL;
}

/* ---- Taking changes back ---- */

static struct error *undo(struct memory *m, const struct undo *u)
{
	uint64_t number = u->address >> PAGE_SHIFT;
	struct page *page = find_page(m, number);

	if (!u->known || u->known != (1u << u->len) - 1)
		tell_lost(m, u->address, u->address + u->len - 1);
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

bool memory_read(const struct memory *m, uint64_t address, void *ret, uint8_t *unknown, size_t len)
{
	uint8_t *to = ret;
	bool known = true;

	for (size_t n; len; address += n, to += n, unknown += n, len -= n) {
		const struct page *page = find_page(m, address >> PAGE_SHIFT);

		n = page_line_part(address % MEMORY_PAGE, len);
		if (page) {
			known &= page_read_line(page, address % MEMORY_PAGE, to, unknown, n);
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

struct error *memory_list(const struct memory *m, memory_addresses *ret)
{
	size_t kept = 0;

	ret->len = 0;
	for (size_t i = 0; i < m->places.cap; i++) {
		const struct map_slot *slot = &m->places.at[i];
		if (!slot->used || slot->value == (uint64_t)NO_PLACE || !m->at.at[slot->value].page)
			continue;
		if (!vec_push(ret, slot->key << PAGE_SHIFT) || !memory_list_siblings(m, slot->key, ret))
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
