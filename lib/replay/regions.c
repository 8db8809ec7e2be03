#include "lib/replay/regions.h"

#include <string.h>

#include "lib/base/search.h"

/* Index of the first region that ends behind address. */
static size_t lower_bound(const struct regions *r, uint64_t address)
{
	const struct region *list = r->list.at;
	size_t found;

	SEARCH_FIRST(found, r->list.len, i, list[i].log + (list[i].len - 1) < address);
	return found;
}

static struct error *insert(struct regions *r, size_t at, struct region region)
{
	if (!vec_push(&r->list, region))
		return &error_no_memory;
	memmove(&r->list.at[at + 1], &r->list.at[at], (r->list.len - 1 - at) * sizeof region);
	r->list.at[at] = region;
	return NULL;
}

struct error *regions_unpair(struct regions *r, uint64_t log, uint64_t len)
{
	if (!len)
		return NULL;

	uint64_t last = log + (len - 1);
	size_t i = lower_bound(r, log);
	while (i < r->list.len && r->list.at[i].log <= last) {
		struct region g = r->list.at[i];
		uint64_t g_last = g.log + (g.len - 1);
		memmove(&r->list.at[i], &r->list.at[i + 1], (r->list.len - i - 1) * sizeof g);
		r->list.len--;
		if (g.log < log) {
			struct error *err = insert(r, i++, (struct region){g.log, g.target, log - g.log});
			if (err)
				return err;
		}
		if (g_last > last) {
			uint64_t cut = last + 1 - g.log;
			return insert(r, i, (struct region){last + 1, g.target + cut, g_last - last});
		}
	}
	return NULL;
}

struct error *regions_unpair_target(struct regions *r, uint64_t target, uint64_t len)
{
	if (!len)
		return NULL;

	uint64_t last = target + (len - 1);
	for (size_t i = 0; i < r->list.len;) {
		struct region g = r->list.at[i];
		uint64_t g_last = g.target + (g.len - 1);
		if (g.target > last || g_last < target) {
			i++;
			continue;
		}
		uint64_t from = g.target > target ? g.target : target, to = g_last < last ? g_last : last;
		struct error *err = regions_unpair(r, g.log + (from - g.target), to - from + 1);
		if (err)
			return err;
		/* What is left of it before the range stays where it was; what is left behind it follows. */
		i += (from > g.target) + (to < g_last);
	}
	return NULL;
}

struct error *regions_pair(struct regions *r, uint64_t log, uint64_t target, uint64_t len)
{
	if (!len)
		return NULL;

	struct error *err = regions_unpair(r, log, len);
	return err ? err : insert(r, lower_bound(r, log), (struct region){log, target, len});
}

bool regions_to_target(const struct regions *r, uint64_t log, uint64_t *ret)
{
	size_t i = lower_bound(r, log);

	if (i == r->list.len || r->list.at[i].log > log)
		return false;
	*ret = r->list.at[i].target + (log - r->list.at[i].log);
	return true;
}

void regions_deinit(struct regions *r)
{
	vec_deinit(&r->list);
}
