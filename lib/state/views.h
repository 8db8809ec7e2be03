/*
 * What pages of an address space show: which object (a file, memory that is shared), from which page of it on, and
 * whether stores go to the object or to a copy of their own. A list of ranges that do not overlap; what is mapped later
 * replaces what was there.
 *
 * All numbers are of pages. Knows no contents and no kernel: its users say what an object is.
 */
#ifndef LIB_STATE_VIEWS_H
#define LIB_STATE_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"

struct view {
	uint64_t first, num; /* pages of the address space */
	uint64_t object;     /* 0: none, memory of its own */
	uint64_t at;         /* the page of the object that the first one shows */
	bool private;        /* pages that were stored to are copies */
	int prot;            /* PROT_*, for users that need them */
};

struct views {
	VEC(struct view) list; /* ascending */
};

/* Maps v, in place of what was there. v may be an element of the list. num 0 changes nothing. */
struct error *views_map(struct views *views, const struct view *v);
/* Unmaps a range. */
struct error *views_unmap(struct views *views, uint64_t first, uint64_t num);
/* Makes the borders of a range borders between views, so that those within it can be changed one by one. */
struct error *views_split(struct views *views, uint64_t first, uint64_t num);

/* Index of the first view that ends behind the page. */
size_t views_find(const struct views *views, uint64_t page);
/* The view around the page, or NULL; valid until the next change. */
const struct view *views_at(const struct views *views, uint64_t page);
/* The part of a view that lies in a range; false if there is none. */
bool view_cut(const struct view *v, uint64_t first, uint64_t num, struct view *ret);
/* The pages of v that show pages [at, at + num) of its object; false if there are none. */
bool view_shows(const struct view *v, uint64_t at, uint64_t num, struct view *ret);

void views_deinit(struct views *views);

#endif
