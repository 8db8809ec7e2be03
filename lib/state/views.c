#include "lib/state/views.h"

#include <string.h>

#include "lib/base/search.h"

static uint64_t end_of(const struct view *v)
{
	return v->first + v->num;
}

size_t views_find(const struct views *views, uint64_t page)
{
	size_t found;

	SEARCH_FIRST(found, views->list.len, i, end_of(&views->list.at[i]) <= page);
	return found;
}

const struct view *views_at(const struct views *views, uint64_t page)
{
	size_t i = views_find(views, page);

	return i < views->list.len && views->list.at[i].first <= page ? &views->list.at[i] : NULL;
}

bool view_cut(const struct view *v, uint64_t first, uint64_t num, struct view *ret)
{
	uint64_t from = v->first > first ? v->first : first;
	uint64_t to = end_of(v) < first + num ? end_of(v) : first + num;

	if (from >= to)
		return false;
	*ret = *v;
	ret->first = from;
	ret->num = to - from;
	ret->at += from - v->first;
	return true;
}

bool view_shows(const struct view *v, uint64_t at, uint64_t num, struct view *ret)
{
	uint64_t from = v->at > at ? v->at : at;
	uint64_t to = v->at + v->num < at + num ? v->at + v->num : at + num;

	return from < to && view_cut(v, v->first + (from - v->at), to - from, ret);
}

static struct error *insert(struct views *views, size_t i, const struct view *v)
{
	if (!vec_reserve(&views->list, views->list.len + 1))
		return &error_no_memory;
	memmove(views->list.at + i + 1, views->list.at + i, (views->list.len - i) * sizeof *v);
	views->list.at[i] = *v;
	views->list.len++;
	return NULL;
}

/* Makes the page the first of a view, if it lies in one. */
static struct error *split(struct views *views, uint64_t page)
{
	size_t i = views_find(views, page);

	if (i == views->list.len || views->list.at[i].first >= page)
		return NULL;
	struct view whole = views->list.at[i], high;
	view_cut(&whole, page, end_of(&whole) - page, &high);
	struct error *err = insert(views, i + 1, &high);
	if (!err)
		views->list.at[i].num = page - whole.first;
	return err;
}

struct error *views_split(struct views *views, uint64_t first, uint64_t num)
{
	struct error *err = split(views, first);

	return err ? err : split(views, first + num);
}

struct error *views_unmap(struct views *views, uint64_t first, uint64_t num)
{
	struct error *err = num ? views_split(views, first, num) : NULL;

	if (err || !num)
		return err;
	size_t from = views_find(views, first), to = from;
	while (to < views->list.len && views->list.at[to].first < first + num)
		to++;
	if (to > from)
		memmove(views->list.at + from, views->list.at + to, (views->list.len - to) * sizeof *views->list.at);
	views->list.len -= to - from;
	return NULL;
}

struct error *views_map(struct views *views, const struct view *v)
{
	struct view copy = *v;
	struct error *err = views_unmap(views, copy.first, copy.num);

	return err || !copy.num ? err : insert(views, views_find(views, copy.first), &copy);
}

void views_deinit(struct views *views)
{
	vec_deinit(&views->list);
}
