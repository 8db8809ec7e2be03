#include "lib/oracle/guest.h"

#include <string.h>

static const uint64_t user_start = 0x10000, user_end = 0x7fffffffe000;

bool guest_mappable(uint64_t address, size_t len)
{
	return address >= user_start && address < user_end && len <= user_end - address;
}

struct guest_page *guest_find(struct guest *g, uint64_t address)
{
	uint64_t page = address & -(uint64_t)MEMORY_PAGE;

	for (size_t i = 0; i < g->len; i++) {
		if (g->pages[i].address == page)
			return &g->pages[i];
	}
	return NULL;
}

struct guest_page *guest_add(struct guest *g, uint64_t address, bool writable)
{
	uint64_t page = address & -(uint64_t)MEMORY_PAGE;

	if (g->len == GUEST_MAX_PAGES || !guest_mappable(page, MEMORY_PAGE))
		return NULL;
	struct guest_page *added = &g->pages[g->len++];
	added->address = page;
	added->writable = writable;
	return added;
}

bool guest_covers(struct guest *g, uint64_t address, size_t len, bool writable)
{
	for (size_t i = 0; i < len; i++) {
		const struct guest_page *page = guest_find(g, address + i);
		if (!page || (writable && !page->writable))
			return false;
	}
	return true;
}

void guest_write(struct guest *g, uint64_t address, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct guest_page *page = guest_find(g, address + i);
		if (page)
			page->data[(address + i) % MEMORY_PAGE] = ((const uint8_t *)bytes)[i];
	}
}

bool guest_is_suspect(const struct guest *g, uint64_t address, size_t len)
{
	return g->suspect == GUEST_NO_ADDRESS ? !guest_mappable(address, len) : g->suspect - address < len;
}

static enum mem_result miss(struct guest *g, uint64_t address, unsigned len, uint8_t *ret)
{
	if (g->lenient) {
		g->suspect_misses += guest_is_suspect(g, address, len);
		/* Known, so that a fault that depends on it does not end the search. */
		memset(ret, 0, len);
		return MEM_OK;
	}
	g->missed = true;
	g->miss_address = address;
	g->miss_len = len;
	return MEM_FAULT;
}

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct guest *g = ctx;

	(void)unknown; /* there is nothing but known bytes */
	for (unsigned i = 0; i < len; i++) {
		const struct guest_page *page = guest_find(g, address + i);
		if (!page)
			return miss(g, address, len, ret);
		ret[i] = page->data[(address + i) % MEMORY_PAGE];
	}
	g->hits++;
	return MEM_OK;
}

struct eval_memory guest_memory(struct guest *g)
{
	g->hits = 0;
	g->missed = false;
	return (struct eval_memory){.ctx = g, .load = load};
}

size_t guest_ranges(const struct guest *g, struct oracle_range ret[GUEST_MAX_PAGES])
{
	for (size_t i = 0; i < g->len; i++) {
		const struct guest_page *page = &g->pages[i];
		ret[i] = (struct oracle_range){page->address, MEMORY_PAGE, page->data, page->writable};
	}
	return g->len;
}
