#include "lib/oracle/pages.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/state/memory.h"

void pages_init(struct pages *p, const struct pages_ops *ops, void *process, uint8_t *pool)
{
	*p = (struct pages){.ops = ops, .process = process, .pool = pool, .touch = true};
}

static uint8_t *slot_data(const struct pages *p, size_t index)
{
	return p->pool + (index + 1) * MEMORY_PAGE;
}

static struct slot *find_slot(struct pages *p, uint64_t page)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if ((p->slots[i].prot || p->slots[i].wanted) && p->slots[i].page == page)
			return &p->slots[i];
	}
	return NULL;
}

static struct slot *free_slot(struct pages *p)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if (!p->slots[i].prot && !p->slots[i].wanted)
			return &p->slots[i];
	}
	return NULL;
}

/* Makes the pages of [address, address + len) wanted: those that are mapped already, or else free ones. */
static struct error *want(struct pages *p, uint64_t address, size_t len, int prot, bool mapped)
{
	uint64_t first = address & -(uint64_t)MEMORY_PAGE;

	if (len == 0)
		return NULL;
	if (address + (len - 1) < address || len > ORACLE_MAX_PAGES * MEMORY_PAGE)
		return error_create(ERROR_UNSUPPORTED, "%zu bytes at 0x%" PRIx64 " are no range of user memory", len,
				    address);
	for (uint64_t page = first; page - first <= address + (len - 1) - first; page += MEMORY_PAGE) {
		struct slot *slot = find_slot(p, page);
		if (!slot && mapped)
			continue;
		if (!slot)
			slot = free_slot(p);
		if (!slot)
			return error_create(ERROR_UNSUPPORTED, "a case of more than %d pages", ORACLE_MAX_PAGES);
		slot->page = page;
		slot->wanted |= prot;
	}
	return NULL;
}

static struct error *want_all(struct pages *p, const struct oracle_case *c, bool mapped)
{
	struct error *err = want(p, c->pc, c->len, PROT_READ | PROT_EXEC, mapped);

	if (!err && c->stop)
		err = want(p, c->stop, 1, PROT_READ | PROT_EXEC, mapped);

	for (size_t i = 0; i < c->num_ranges && !err; i++)
		err = want(p, c->ranges[i].address, c->ranges[i].len,
			   PROT_READ | (c->ranges[i].writable ? PROT_WRITE : 0), mapped);
	return err;
}

bool pages_wanted(void *ctx, uint64_t page)
{
	const struct slot *slot = find_slot(ctx, page);

	return slot && slot->wanted;
}

static struct error *unmap_unwanted(struct pages *p)
{
	struct error *err = NULL;

	for (size_t i = 0; i < ORACLE_MAX_PAGES && !err; i++) {
		struct slot *slot = &p->slots[i];
		if (!slot->prot || slot->prot == slot->wanted)
			continue;
		err = p->ops->unmap(p->process, slot->page);
		if (!err)
			slot->prot = 0;
	}
	return err;
}

static struct error *map_wanted(struct pages *p)
{
	struct error *err = NULL;

	for (size_t i = 0; i < ORACLE_MAX_PAGES && !err; i++) {
		struct slot *slot = &p->slots[i];
		if (slot->prot == slot->wanted)
			continue;
		err = p->ops->map(p->process, slot->page, i + 1, slot->wanted, p->touch ? slot_data(p, i) : NULL);
		if (err)
			break;
		slot->prot = slot->wanted;
		slot->fresh = !p->touch;
	}
	return err;
}

struct error *pages_map(struct pages *p, const struct oracle_case *c,
			struct error *(*make_way)(void *process, struct pages *p))
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++)
		p->slots[i].wanted = 0;
	struct error *err = want_all(p, c, true);
	if (!err)
		err = unmap_unwanted(p);
	if (!err)
		err = want_all(p, c, false);
	if (!err && make_way)
		err = make_way(p->process, p);
	return err ? err : map_wanted(p);
}

enum copy_direction { TO_POOL, FROM_POOL };

/* Copies between bytes and the pages of a range, all of which are mapped. */
static void copy_range(struct pages *p, uint64_t address, uint8_t *bytes, size_t len, enum copy_direction direction)
{
	while (len > 0) {
		size_t offset = address % MEMORY_PAGE;
		size_t part = len < MEMORY_PAGE - offset ? len : MEMORY_PAGE - offset;
		uint8_t *data = slot_data(p, (size_t)(find_slot(p, address - offset) - p->slots)) + offset;
		if (direction == TO_POOL)
			memcpy(data, bytes, part);
		else
			memcpy(bytes, data, part);
		address += part;
		bytes += part;
		len -= part;
	}
}

static void put_range(struct pages *p, uint64_t address, const uint8_t *bytes, size_t len)
{
	/* TO_POOL only reads the bytes. */
	copy_range(p, address, (uint8_t *)(uintptr_t)bytes, len, TO_POOL);
}

/* One range gives the whole page. */
static bool is_covered(const struct oracle_case *c, uint64_t page)
{
	for (size_t i = 0; i < c->num_ranges; i++) {
		const struct oracle_range *range = &c->ranges[i];
		if (range->len >= MEMORY_PAGE && page - range->address <= range->len - MEMORY_PAGE)
			return true;
	}
	return false;
}

void pages_fill(struct pages *p, const struct oracle_case *c)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if (p->slots[i].wanted && !is_covered(c, p->slots[i].page))
			memset(slot_data(p, i), 0, MEMORY_PAGE);
	}
	for (size_t i = 0; i < c->num_ranges; i++)
		put_range(p, c->ranges[i].address, c->ranges[i].data, c->ranges[i].len);
	put_range(p, c->pc, c->bytes, c->len);
}

void pages_read(struct pages *p, const struct oracle_case *c, struct oracle_outcome *ret)
{
	for (size_t i = 0; i < c->num_ranges; i++)
		copy_range(p, c->ranges[i].address, ret->memory.at[i].data, c->ranges[i].len, FROM_POOL);
}

uint8_t *pages_at(struct pages *p, uint64_t address)
{
	const struct slot *slot = find_slot(p, address & -(uint64_t)MEMORY_PAGE);

	return slot && slot->wanted ? slot_data(p, (size_t)(slot - p->slots)) + address % MEMORY_PAGE : NULL;
}

bool pages_fresh(const struct pages *p)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++) {
		if (p->slots[i].wanted && p->slots[i].fresh)
			return true;
	}
	return false;
}

void pages_entered(struct pages *p)
{
	for (size_t i = 0; i < ORACLE_MAX_PAGES; i++)
		p->slots[i].fresh &= !p->slots[i].wanted;
}
